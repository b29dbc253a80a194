//! Judges. Each is a pure fold over what happened: no async, no clock, no dice, no files.
//!
//! A run, or a file that tells of one, becomes [`Event`]s; a [`Bench`] shows them to every judge
//! and keeps the truth of the disks that some of them share; each judge ends with a [`Verdict`]: it
//! holds and was exercised, it is violated and here is the evidence, or nobody can say and here is
//! why. Which laws there are says [`CATALOGUE`]; [`checkers`] makes judges from names. [`text`]
//! reads and prints histories as people write them.
//!
//! Read `history` and `facts` first: what clients saw, and what the world saw whatever the nodes
//! believe. Then `truth`, the disks as the facts tell them; `verdict` and `checker`, the shape of a
//! judge; `laws`, one file for each, of which `claim_witness` is the shortest way in and
//! `ack_witness` and `linearizable_log` are the heart; and `run`, which the simulation fills and
//! the reports tell.
//!
//! A history of anyone's goes through the [`court`]: [`formats`] read it, whoever wrote it; a workload
//! gives its operations their meaning; and they are judged by the laws, if they are those of a log,
//! by [`linearizability`], if they are those of an object (a monitor where there is one, else a
//! search within a budget), by [`transactions`], in the manner of Elle, or by the [`invariants`] of
//! Jepsen's smaller workloads.
//!
//! ```
//! use checkers::{Bench, Verdict, checkers, text};
//! let text = text::parse("c1 produce p1 m1 @0.1..0.2 ok offset=0\n\
//!                         c2 fetch p1 from=0 @0.3..0.4 ok [] end=0").unwrap();
//! let judges = checkers(&["linearizable_log".to_owned()]).unwrap();
//! let verdict = Bench::new(judges).judge(&text.history).remove(0).verdict;
//! assert!(matches!(verdict, Verdict::Violated(evidence) if evidence.summary.starts_with("stale_read")));
//! ```
//!
//! # Caveats
//!
//! - Retention is unknown here: a read below a log's start would look like a loss.
//! - A transaction that nobody heard of again may hold readers back for ever, and then what they did
//!   not see proves nothing.
//! - `linearizable_log` does not demand that a batch becomes visible at once.
//! - Linearizability and transactions of foreign objects are judged when the whole history is read;
//!   only logs are judged while they grow.

mod breach;
mod by_offset;
mod checker;
mod contract;
pub mod court;
mod event;
mod facts;
pub mod formats;
mod history;
mod intern;
pub mod invariants;
mod laws;
mod ledger;
pub mod linearizability;
pub mod message;
mod nearest;
mod recording;
mod run;
mod sessions;
mod streams;
pub mod text;
pub mod transactions;
mod truth;
mod verdict;

#[cfg(test)]
mod testing;

pub use checker::{Bench, Checker, Shared, Topic};
pub use contract::{Contract, Isolation};
pub use event::{Event, events};
pub use facts::{
    Ballot, Claim, Configuration, Dues, EntryId, Fact, FactKind, Group, Heard, Node, Owed,
    ReplicaView, Role, Service, Voter,
};
pub use history::{
    Acks, Ask, Asked, Batch, Call, Content, Contents, History, Mark, MessageId, Numbered, Offset,
    Outcome, Partition, Polled, ReadLevel, Record, Reply, Sequence, Stamp, Step, StepReply,
};
pub use laws::{CATALOGUE, DEFAULT, Law, ON_DEMAND, checkers};
pub use recording::{Recording, Sight};
pub use run::{Counts, Drain, Ending, Overlap, Recovery, Run, Series};
pub use truth::{DiskTruth, DurableLog};
pub use verdict::{Coverage, Evidence, Judgement, Line, Verdict};
