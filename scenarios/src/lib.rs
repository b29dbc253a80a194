//! What shall happen: scenarios as people write them, plans as a seed decides them.
//!
//! ```text
//! catalogue/*.toml ─parse─▶ Scenario ─draw(seed)─▶ Plan
//! ```
//!
//! Write a [`Scenario`] in TOML: `why` first, then what differs from the defaults. [`parse`]
//! refuses what it does not know, with the line and the nearest name. [`draw`] throws all dice at
//! once, and the [`Plan`] that comes out is data: nothing in it is open but the role of a target
//! such as *leader of p1*. This room has never seen a socket.
//!
//! Read [`scenario`], [`units`] and [`written`] first, what a person may write; `fault`, what can
//! go wrong; `plan`, what a seed decides, and `show`, how it is displayed; `draw` with `random`,
//! the arrow between them, in which every purpose has dice of its own; `carry`, what a world carries,
//! to which values are clamped; `check` and `sound`, what is refused and why; `token` and
//! `catalogue`, how runs and scenarios are named; `planted`, which bugs a run may carry.
//!
//! ```
//! let scenario = scenarios::parse(
//!     "mine.toml",
//!     "mine",
//!     r#"
//!     why = "Leaders die under load that asks for a quorum."
//!     phases.trouble = "30s"
//!
//!     [cluster]
//!     layout = ["1/1/1", "2/2/1"] # one of these
//!     partitions = [1, 3]         # from 1 to 3
//!
//!     [workload]
//!     produce = "50/s"
//!     acks = { leader = 1, quorum = 3 }
//!
//!     [[fault]]
//!     at = ["2s", "5s"]
//!     for = "3s"
//!     every = ["6s", "9s"]
//!     do.crash.who = "any leader"
//!     "#,
//! )?;
//! let plan = scenarios::draw(&scenario, 7);
//! assert_eq!(plan, scenarios::draw(&scenario, 7));
//! assert!(plan.timeline.iter().all(|planned| planned.fault.kind() == "crash"));
//! # Ok::<(), scenarios::Refused>(())
//! ```
//!
//! # Caveats
//! - Rates per minute and hour are kept per 1,000 seconds, so `"1/min"` is 17 in 1,000 s.
//! - The sides of a partition are nodes, never roles: isolate a leader instead.
//! - One topic only; partitions are alike, the weights of a workload are the same for all of them.

mod carry;
mod catalogue;
mod check;
mod cluster;
mod draw;
pub mod faults;
mod layout;
mod limits;
mod names;
mod numbers;
mod occasion;
mod owed;
mod parse;
mod place;
mod plan;
mod planted;
mod problem;
mod random;
pub mod scenario;
mod show;
mod sound;
mod target;
mod token;
pub mod units;
mod who;
mod words;
pub mod written;

pub use carry::{Carried, Owed, Service};
pub use catalogue::{Entry, SUITES, Suite, catalogue, find, is_path, load, suite};
pub use draw::draw;
pub use faults::{Cut, Effect, FAULTS, Fault, FaultKind, Harm, NodeEffect, Rates};
pub use names::{hint, nearest, nearest_within};
pub use numbers::{number_at, seat_of};
pub use occasion::{Occasion, When};
pub use parse::{Refused, parse};
pub use plan::{
    Disk, Expectation, Limits, Network, Node, Phases, Placement, Plan, Planned, Timing, Workload,
};
pub use planted::{PLANTED, Planted};
pub use problem::Problem;
pub use random::Stream;
pub use scenario::{Expected, Scenario};
pub use target::Target;
pub use token::{Seeds, Token};
pub use who::Who;

/// Checkers that apply unless a scenario says otherwise, the most important first.
pub const CHECKERS: [&str; 19] = [
    "claim_witness",
    "ack_witness",
    "leader_acks",
    "zero_loss",
    "offset_agreement",
    "linearizable_log",
    "producer_order",
    "election_safety",
    "log_matching",
    "leader_completeness",
    "committed_stays",
    "deletion_provenance",
    "membership_safety",
    "trace_completeness",
    "convergence",
    "liveness",
    "availability",
    "leader_stability",
    "call_deadlines",
];

/// Whether faults stop partitions that stand elsewhere, for scenarios that ask for it: their cluster
/// must have such partitions.
pub const BLAST_RADIUS: &str = "blast_radius";

/// The second opinion on short histories, for scenarios that ask for it.
pub const PORCUPINE: &str = "porcupine";
