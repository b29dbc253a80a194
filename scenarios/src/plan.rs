//! One seed's world, fully decided. A plan is data: print it, edit it, delete lines from it, run it
//! again. It needs nothing but itself to replay; nothing in it is a choice left open.

use crate::{
    faults::Fault,
    occasion::When,
    scenario::{Acks, Expected},
};
use serde::{Deserialize, Serialize};

pub use crate::target::Node;

/// One seed's world.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The scenario's name.
    pub scenario: String,
    /// The seed it was drawn from.
    pub seed: u64,
    /// Names of the regions; a region's number is its place here.
    pub regions: Vec<String>,
    /// The region of each node; node `i + 1` stands in `nodes[i]`.
    pub nodes: Vec<u32>,
    /// Where replicas stand.
    pub placement: Placement,
    /// One-way latency between regions and its accidents.
    pub network: Network,
    /// How long disks take.
    pub disk: Disk,
    /// Timers of the system.
    pub timing: Timing,
    /// How much nodes and clients do at once. Not in the JSON of a plan that has the usual ones.
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
    /// What clients do.
    pub workload: Workload,
    /// How long the phases last.
    pub phases: Phases,
    /// What goes wrong, in order of time.
    pub timeline: Vec<Planned>,
    /// Planted bugs that are switched on.
    pub plants: Vec<String>,
    /// Values that were moved within what was written, because network and disks would not have
    /// carried the timers: `election min 206 ms to 640 ms`. For people.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clamped: Vec<String>,
    /// Names of the checkers that apply.
    pub checkers: Vec<String>,
    /// What the scenario is good for. Outside of the hash, as it moves nothing.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    /// What must come of it. Outside of the hash, as it moves nothing.
    #[serde(default, skip_serializing_if = "Expectation::is_default")]
    pub expect: Expectation,
}

/// What must come of a run. What was seen stays what was seen; this says whether it was wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expectation {
    /// The verdict.
    pub verdict: Expected,
    /// Checkers of which each must see the violation, if one is expected.
    pub by: Vec<String>,
    /// Acknowledgement levels that must have been promised to some call, weakest first.
    pub acks: Vec<String>,
}

impl Expectation {
    fn is_default(&self) -> bool {
        *self == Expectation::default()
    }
}

/// Who holds what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Placement {
    /// Voters per region as written, such as `2/2/1`: for people.
    pub layout: String,
    /// Voters of the metadata group; every other node learns it.
    pub metadata: Vec<Node>,
    /// Voters of each partition; partition `i + 1` stands on `partitions[i]`. The first is
    /// preferred as its leader.
    pub partitions: Vec<Vec<Node>>,
    /// When the last partitions are created, in milliseconds from the begin of trouble, one for each and
    /// in order; all others stand at boot. Not in the JSON of a plan that has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub late_ms: Vec<u64>,
    /// Flushed copies that commit an entry of a partition.
    pub write_quorum: u32,
    /// Votes that elect a leader of a partition.
    pub election_quorum: u32,
}

/// The network when nothing is wrong. Rates are in parts per million of frames.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Network {
    /// One-way latency in microseconds: `latency_us[from][to]`, by region.
    pub latency_us: Vec<Vec<u64>>,
    /// Uniform jitter on top, in percent of the latency.
    pub jitter_percent: u64,
    /// Frames that are lost.
    pub loss_ppm: u32,
    /// Frames that arrive twice.
    pub duplicate_ppm: u32,
    /// Frames that may overtake others; every other frame of a link keeps its order.
    pub reorder_ppm: u32,
    /// Frames that take a long tail.
    pub tail_ppm: u32,
    /// Longest tail in microseconds.
    pub tail_us: u64,
}

/// A disk when nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Disk {
    /// A flush takes at least this, in microseconds.
    pub flush_us: u64,
    /// Uniform jitter on top, in microseconds.
    pub flush_jitter_us: u64,
    /// Bytes per microsecond that a flush writes (1 = 1 MB/s).
    pub bytes_per_us: u64,
    /// Flushes that take a long tail, in parts per million.
    pub tail_ppm: u32,
    /// Longest tail in microseconds.
    pub tail_us: u64,
}

/// Timers of the system, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Timing {
    /// Between two heartbeats of a leader.
    pub heartbeat_ms: u64,
    /// Shortest election timeout.
    pub election_min_ms: u64,
    /// Longest election timeout.
    pub election_max_ms: u64,
    /// A client gives an attempt up after this.
    pub attempt_ms: u64,
    /// A client gives a call up after this.
    pub call_ms: u64,
    /// Timers of nodes are late by up to this, in microseconds.
    pub timer_jitter_us: u64,
}

/// What clients do. Produce calls arrive at a steady rate, whether or not earlier ones returned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// The region of each client; client `i + 1` stands in `clients[i]`.
    pub clients: Vec<u32>,
    /// Produce calls per 1,000 seconds, of all clients together.
    pub produce_per_ks: u64,
    /// Fetch calls per 1,000 seconds, of all clients together.
    pub fetch_per_ks: u64,
    /// Weights of `none`, `leader`, `quorum`, `region_quorum`.
    pub acks: [u32; 4],
    /// Weights of `eventual`, `linearizable`.
    pub reads: [u32; 2],
    /// Messages in a produce call.
    pub messages_per_call: u32,
    /// Bytes of a message's payload.
    pub message_bytes: u32,
    /// Calls that go to the first partition whatever is drawn for them, in parts per million.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub skew_ppm: u32,
    /// Fetches that read again from before where their client stands, in parts per million.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reread_ppm: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(ppm: &u32) -> bool {
    *ppm == 0
}

/// How much nodes and clients do at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// A segment of a log is closed at the first block that begins past so many bytes.
    pub segment_bytes: u64,
    /// Entries in one append.
    pub append_entries: u32,
    /// Bytes of entries in one append; one entry always fits.
    pub append_bytes: u64,
    /// Entries that may be under way to one peer.
    pub window: u64,
    /// Produce calls of a client that may wait for one partition.
    pub queue: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            segment_bytes: 16 << 20,
            append_entries: 256,
            append_bytes: 256 << 10,
            window: 2_048,
            queue: 10_000,
        }
    }
}

impl Limits {
    fn is_default(&self) -> bool {
        *self == Limits::default()
    }
}

/// How long the phases last, in milliseconds of world time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phases {
    /// The cluster must be healthy by then.
    pub boot_ms_max: u64,
    /// How long faults and load last.
    pub trouble_ms: u64,
    /// After heal: progress bound and catch-up; the run is stuck when replicas are not equal by
    /// then.
    pub heal_ms_max: u64,
    /// The drain must be complete by then.
    pub drain_ms_max: u64,
}

/// A fault at a time, counted from the begin of trouble.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Planned {
    /// When it begins.
    pub at_ms: u64,
    /// How long it lasts, for faults that last; none: until heal.
    pub for_ms: Option<u64>,
    /// At what it strikes, from `at_ms` on, instead of then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<When>,
    /// What it is.
    pub fault: Fault,
}

impl Plan {
    /// The end of trouble, where heal begins, in nanoseconds from the begin of trouble.
    pub fn end_of_trouble_ns(&self) -> u64 {
        self.phases.trouble_ms * 1_000_000
    }

    /// The strongest acknowledgement level that is asked for; recovery is counted to it. None if
    /// nothing is produced.
    pub fn strongest_acks(&self) -> Option<&'static str> {
        let asked = self.workload.acks.iter().rposition(|weight| *weight > 0)?;
        (self.workload.produce_per_ks > 0).then_some(Acks::NAMES[asked])
    }

    /// The first 16 hex digits of BLAKE3 over the plan's JSON without `why` and `expect`: its name
    /// in a token. Nothing in a plan is a map, so its JSON has one form only.
    pub fn hash(&self) -> String {
        let bare = Plan { why: String::new(), expect: Expectation::default(), ..self.clone() };
        let json = serde_json::to_vec(&bare).expect("a plan is plain data");
        blake3::hash(&json).to_hex()[..16].to_owned()
    }

    /// The same world with a planted bug switched on.
    #[must_use]
    pub fn with_plant(mut self, name: &str) -> Plan {
        self.plants.push(name.to_owned());
        self
    }
}

impl Placement {
    /// How many partitions stand at boot.
    pub fn n_early(&self) -> usize {
        self.partitions.len() - self.late_ms.len()
    }
}

impl Planned {
    /// When it ends if it begins at its time, from the begin of trouble; none: at heal.
    pub fn end_ms(&self) -> Option<u64> {
        Some(self.at_ms.saturating_add(self.for_ms?))
    }
}
