//! What a person wrote: the cluster, the load, what may go wrong, what is expected, and why. Ranges
//! stay ranges and names stay names; no dice are thrown here (`draw` does) and nothing is looked
//! up.
//!
//! Every key has a default but `why` and `phases.trouble`; unknown keys are refused.

pub use crate::cluster::{Cluster, OneOf};
use crate::{
    units::{Count, Micros, Millis, Ppm, Range, Rate, Size},
    written::{Menu, Scripted},
};
use serde::{Deserialize, Serialize};

/// What a person wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name: of the catalogue, or the path as given. Not in the file.
    #[serde(skip)]
    pub name: String,
    /// What this is good for, in one sentence.
    pub why: String,
    /// Suites that it belongs to.
    #[serde(default)]
    pub suites: Vec<String>,
    /// Who there is.
    #[serde(default)]
    pub cluster: Cluster,
    /// What clients do.
    #[serde(default)]
    pub workload: Workload,
    /// The network when nothing is wrong.
    #[serde(default)]
    pub network: Network,
    /// Disks when nothing is wrong.
    #[serde(default)]
    pub disk: Disk,
    /// Timers.
    #[serde(default)]
    pub timing: Timing,
    /// How much nodes and clients do at once.
    #[serde(default)]
    pub limits: Limits,
    /// How long it all lasts.
    pub phases: Phases,
    /// Faults by script.
    #[serde(default, rename = "fault")]
    pub faults: Vec<Scripted>,
    /// Faults at random.
    #[serde(default)]
    pub menu: Option<Menu>,
    /// What must come of it.
    #[serde(default)]
    pub expect: Expect,
}

/// What clients do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Workload {
    /// Clients, spread over regions in turn.
    pub clients: Range<Count>,
    /// Regions in which clients stand; none named: all.
    pub clients_in: Vec<String>,
    /// Produce calls of all clients together.
    pub produce: Range<Rate>,
    /// Fetch calls of all clients together.
    pub fetch: Range<Rate>,
    /// Weights of acknowledgement levels.
    pub acks: Acks,
    /// Weights of read levels.
    pub reads: Reads,
    /// Messages in a produce call.
    pub messages: Range<Count>,
    /// Bytes of a message's payload.
    pub bytes: Range<Count>,
    /// Calls that go to the first partition whatever is drawn for them; at all of them the others idle.
    pub skew: Range<Ppm>,
    /// Fetches that read again, from any offset before where their client stands.
    pub reread: Range<Ppm>,
}

impl Default for Workload {
    fn default() -> Workload {
        Workload {
            clients: Range::one(6),
            clients_in: Vec::new(),
            produce: Range::one(40_000),
            fetch: Range::one(10_000),
            acks: Acks::default(),
            reads: Reads::default(),
            messages: Range::one(1),
            bytes: Range::one(128),
            skew: Range::one(0),
            reread: Range::one(0),
        }
    }
}

/// Weights of acknowledgement levels. A table that names some gives the others no weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Acks {
    /// No acknowledgement.
    #[serde(default = "no_weight")]
    pub none: Range<Count>,
    /// The leader's disk.
    #[serde(default = "no_weight")]
    pub leader: Range<Count>,
    /// A write quorum.
    #[serde(default = "no_weight")]
    pub quorum: Range<Count>,
    /// A write quorum in two regions at least.
    #[serde(default = "no_weight")]
    pub region_quorum: Range<Count>,
}

impl Acks {
    /// The levels' names, weakest first.
    pub const NAMES: [&'static str; 4] = ["none", "leader", "quorum", "region_quorum"];

    /// The weights, weakest level first.
    pub fn weights(&self) -> [Range<Count>; 4] {
        [self.none, self.leader, self.quorum, self.region_quorum]
    }
}

impl Default for Acks {
    fn default() -> Acks {
        Acks {
            none: no_weight(),
            leader: no_weight(),
            quorum: Range::one(1),
            region_quorum: no_weight(),
        }
    }
}

/// Weights of read levels. A table that names some gives the others no weight.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reads {
    /// Any replica.
    #[serde(default = "no_weight")]
    pub eventual: Range<Count>,
    /// Read-index at the leader.
    #[serde(default = "no_weight")]
    pub linearizable: Range<Count>,
}

impl Reads {
    /// The weights, weakest level first.
    pub fn weights(&self) -> [Range<Count>; 2] {
        [self.eventual, self.linearizable]
    }
}

impl Default for Reads {
    fn default() -> Reads {
        Reads { eventual: Range::one(1), linearizable: Range::one(1) }
    }
}

fn no_weight() -> Range<Count> {
    Range::one(0)
}

/// The network when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Jitter on top of latency, as a share of it.
    pub jitter: Range<Ppm>,
    /// Frames that are lost.
    pub loss: Range<Ppm>,
    /// Frames that arrive twice.
    pub duplicate: Range<Ppm>,
    /// Frames that may overtake others.
    pub reorder: Range<Ppm>,
    /// Frames that take a long tail.
    pub tail: Range<Ppm>,
    /// The longest tail.
    pub tail_max: Range<Micros>,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            jitter: Range::one(100_000),
            loss: Range::one(0),
            duplicate: Range::one(0),
            reorder: Range::one(0),
            tail: Range::one(1_000),
            tail_max: Range::one(50_000),
        }
    }
}

/// Disks when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Disk {
    /// A flush takes at least this.
    pub flush: Range<Micros>,
    /// Jitter on top of it.
    pub flush_jitter: Range<Micros>,
    /// Megabytes that a flush writes in a second.
    pub mb_per_s: Range<Count>,
    /// Flushes that take a long tail.
    pub tail: Range<Ppm>,
    /// The longest tail.
    pub tail_max: Range<Micros>,
}

impl Default for Disk {
    fn default() -> Disk {
        Disk {
            flush: Range::one(1_000),
            flush_jitter: Range::one(1_000),
            mb_per_s: Range::one(200),
            tail: Range::one(1_000),
            tail_max: Range::one(100_000),
        }
    }
}

/// Timers, as one would set them in production.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Timing {
    /// Between two heartbeats of a leader.
    pub heartbeat: Range<Millis>,
    /// Shortest election timeout.
    pub election_min: Range<Millis>,
    /// Longest election timeout.
    pub election_max: Range<Millis>,
    /// A client gives an attempt up after this.
    pub attempt: Range<Millis>,
    /// A client gives a call up after this.
    pub call: Range<Millis>,
    /// Timers of nodes are late by up to this.
    pub timer_jitter: Range<Micros>,
}

impl Default for Timing {
    fn default() -> Timing {
        Timing {
            heartbeat: Range::one(150),
            election_min: Range::one(900),
            election_max: Range::one(1_800),
            attempt: Range::one(1_000),
            call: Range::one(15_000),
            timer_jitter: Range::one(1_000),
        }
    }
}

/// How much nodes and clients do at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// A segment of a log is closed at the first block that begins past this.
    pub segment: Range<Size>,
    /// Entries in one append.
    pub append_entries: Range<Count>,
    /// Bytes of entries in one append; one entry always fits.
    pub append: Range<Size>,
    /// Entries that may be under way to one peer.
    pub window: Range<Count>,
    /// Produce calls of a client that may wait for one partition; more are refused.
    pub queue: Range<Count>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            segment: Range::one(16 << 20),
            append_entries: Range::one(256),
            append: Range::one(256 << 10),
            window: Range::one(2_048),
            queue: Range::one(10_000),
        }
    }
}

/// How long it all lasts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phases {
    /// How long faults and load last.
    pub trouble: Range<Millis>,
    /// The cluster must be healthy by then.
    #[serde(default = "boot_max")]
    pub boot_max: Range<Millis>,
    /// Replicas must be equal by then, counted from heal: 25 of the longest election timeouts, and
    /// time to catch up.
    #[serde(default = "heal_max")]
    pub heal_max: Range<Millis>,
    /// The drain must be complete by then.
    #[serde(default = "drain_max")]
    pub drain_max: Range<Millis>,
}

fn boot_max() -> Range<Millis> {
    Range::one(30_000)
}

fn heal_max() -> Range<Millis> {
    Range::one(90_000)
}

fn drain_max() -> Range<Millis> {
    Range::one(60_000)
}

/// What must come of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// Whether every checker must hold.
    pub verdict: Expected,
    /// Checkers that must see the violation, if one is expected.
    pub by: Vec<String>,
    /// Acknowledgement levels that must have been promised to some call; not said: all whose weight
    /// offers them thirty calls at least.
    pub acks: Option<Vec<String>>,
    /// Checkers that apply; not said: all of [`crate::CHECKERS`].
    pub checkers: Option<Vec<String>>,
    /// Whether partitions that no fault touches must go on, too: for clusters that have such.
    pub blast_radius: bool,
    /// Whether the second opinion of `porcupine` is asked, too: for short runs.
    pub porcupine: bool,
}

/// What must come of it, in a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// Every law holds.
    #[default]
    Holds,
    /// Some law is broken.
    Violated,
}
