//! Everything that can go wrong, one variant for each verb. A fault is data, decided before the run;
//! only a *role* (who leads now) is looked up when it strikes, and the effective plan tells what it
//! was.

use crate::plan::Node;
use serde::{Deserialize, Serialize};

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// This node.
    Node(Node),
    /// Whoever leads this partition when the fault strikes.
    Leader(u32),
    /// A voter of this partition that does not lead it: the `rank`-th by node number, from 0.
    Follower {
        /// Which partition.
        partition: u32,
        /// Which of its followers.
        rank: u32,
    },
    /// Every node of this region.
    Region(u32),
    /// Every node.
    All,
}

/// Something that goes wrong. Where `for_ms` of the plan ends it, it is lifted then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// Two sides that cannot reach each other, both ways. Nodes in neither side reach both.
    Partition {
        /// One side.
        a: Vec<Node>,
        /// The other side.
        b: Vec<Node>,
    },
    /// Frames from the first nodes to the second vanish; the other way they pass.
    OneWay {
        /// Senders that are not heard.
        from: Vec<Node>,
        /// Receivers that do not hear.
        to: Vec<Node>,
    },
    /// Cut off from every other node, and from clients if `clients` is set.
    Isolate {
        /// Who.
        target: Target,
        /// Whether clients are cut off too.
        clients: bool,
    },
    /// A client that reaches no node.
    CutClient {
        /// Which, from 1.
        client: u32,
    },
    /// Frames between nodes vanish at this rate.
    Loss {
        /// Parts per million.
        ppm: u32,
    },
    /// Frames between nodes arrive twice at this rate.
    Duplicate {
        /// Parts per million.
        ppm: u32,
    },
    /// Frames between nodes overtake others at this rate.
    Reorder {
        /// Parts per million.
        ppm: u32,
    },
    /// Frames take a long tail at this rate.
    Tail {
        /// Parts per million.
        ppm: u32,
        /// Longest tail in microseconds.
        us: u64,
    },
    /// The process dies; its page cache lives on. It starts again when the fault ends.
    Crash {
        /// Who.
        target: Target,
    },
    /// Power is cut: any subset of unsynced pages survives. It starts again when the fault ends.
    PowerLoss {
        /// Who.
        target: Target,
    },
    /// The process stands still; its clocks go on. It wakes when the fault ends.
    Pause {
        /// Who.
        target: Target,
    },
    /// Crashes again and again, `up_ms` after each start, until the fault ends.
    RestartStorm {
        /// Who.
        target: Target,
        /// How long it is up each time.
        up_ms: u64,
        /// How long it is down each time.
        down_ms: u64,
    },
    /// Flushes take this many times longer.
    SlowDisk {
        /// Whose.
        target: Target,
        /// How many times.
        factor: u32,
    },
    /// Flushes report an error; what they should have made durable stays in doubt.
    FsyncError {
        /// Whose.
        target: Target,
    },
    /// The wall clock is off by this much while the fault lasts.
    ClockOffset {
        /// Whose.
        target: Target,
        /// Milliseconds, either way.
        ms: i64,
    },
    /// Both clocks run faster or slower by this much while the fault lasts.
    ClockDrift {
        /// Whose.
        target: Target,
        /// Parts per million, either way; at most 200,000.
        ppm: i64,
    },
    /// The wall clock jumps once.
    ClockJump {
        /// Whose.
        target: Target,
        /// Milliseconds, either way.
        ms: i64,
    },
}

impl Fault {
    /// The kind's name, snake_case: used in scenarios, hit counts and pages.
    pub fn kind(&self) -> &'static str {
        match self {
            Fault::Partition { .. } => "partition",
            Fault::OneWay { .. } => "one_way",
            Fault::Isolate { .. } => "isolate",
            Fault::CutClient { .. } => "cut_client",
            Fault::Loss { .. } => "loss",
            Fault::Duplicate { .. } => "duplicate",
            Fault::Reorder { .. } => "reorder",
            Fault::Tail { .. } => "tail",
            Fault::Crash { .. } => "crash",
            Fault::PowerLoss { .. } => "power_loss",
            Fault::Pause { .. } => "pause",
            Fault::RestartStorm { .. } => "restart_storm",
            Fault::SlowDisk { .. } => "slow_disk",
            Fault::FsyncError { .. } => "fsync_error",
            Fault::ClockOffset { .. } => "clock_offset",
            Fault::ClockDrift { .. } => "clock_drift",
            Fault::ClockJump { .. } => "clock_jump",
        }
    }
}
