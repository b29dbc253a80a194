//! Everything that can go wrong, one variant for each verb. A fault is data, decided before the
//! run; only a *role* (who leads now) is looked up when it strikes, and the effective plan tells
//! what it was.

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

impl Fault {
    /// Who is meant, for faults that mean somebody.
    pub fn target(&self) -> Option<&Target> {
        match self {
            Fault::Isolate { target, .. }
            | Fault::Crash { target }
            | Fault::PowerLoss { target }
            | Fault::Pause { target }
            | Fault::RestartStorm { target, .. }
            | Fault::SlowDisk { target, .. }
            | Fault::FsyncError { target }
            | Fault::ClockOffset { target, .. }
            | Fault::ClockDrift { target, .. }
            | Fault::ClockJump { target, .. } => Some(target),
            Fault::Partition { .. }
            | Fault::OneWay { .. }
            | Fault::CutClient { .. }
            | Fault::Loss { .. }
            | Fault::Duplicate { .. }
            | Fault::Reorder { .. }
            | Fault::Tail { .. } => None,
        }
    }

    /// Whether both take hold of the same thing, so that the end of one would lift the other.
    pub(crate) fn is_same_hold(&self, other: &Fault) -> bool {
        self.kind() == other.kind()
            && match self {
                Fault::Partition { .. } | Fault::OneWay { .. } | Fault::CutClient { .. } => {
                    self == other
                }
                Fault::Loss { .. }
                | Fault::Duplicate { .. }
                | Fault::Reorder { .. }
                | Fault::Tail { .. } => true,
                // A jump holds nothing: two of them add up.
                Fault::ClockJump { .. } => false,
                Fault::Isolate { .. }
                | Fault::Crash { .. }
                | Fault::PowerLoss { .. }
                | Fault::Pause { .. }
                | Fault::RestartStorm { .. }
                | Fault::SlowDisk { .. }
                | Fault::FsyncError { .. }
                | Fault::ClockOffset { .. }
                | Fault::ClockDrift { .. } => self.target() == other.target(),
            }
    }
}

/// A kind of fault and what it does, for people who look for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FaultKind {
    /// Its name, as in [`Fault::kind`].
    pub kind: &'static str,
    /// What it does, in one sentence.
    pub does: &'static str,
}

/// Every kind of fault, in the order of [`Fault`].
pub const FAULTS: [FaultKind; 17] = [
    FaultKind { kind: "partition", does: "Two sides cannot reach each other, both ways." },
    FaultKind { kind: "one_way", does: "Frames vanish one way; the other way they pass." },
    FaultKind { kind: "isolate", does: "A target is cut off from every other node." },
    FaultKind { kind: "cut_client", does: "A client reaches no node." },
    FaultKind { kind: "loss", does: "Frames between nodes vanish at a rate." },
    FaultKind { kind: "duplicate", does: "Frames between nodes arrive twice at a rate." },
    FaultKind { kind: "reorder", does: "Frames between nodes overtake others at a rate." },
    FaultKind { kind: "tail", does: "Frames between nodes take a long tail at a rate." },
    FaultKind { kind: "crash", does: "A process dies; its page cache lives on." },
    FaultKind { kind: "power_loss", does: "Power is cut; any subset of unsynced pages survives." },
    FaultKind { kind: "pause", does: "A process stands still while its clocks go on." },
    FaultKind {
        kind: "restart_storm",
        does: "A process crashes again and again after each start.",
    },
    FaultKind { kind: "slow_disk", does: "Flushes take many times longer." },
    FaultKind { kind: "fsync_error", does: "Flushes fail; what they covered stays in doubt." },
    FaultKind { kind: "clock_offset", does: "The wall clock is off while the fault lasts." },
    FaultKind { kind: "clock_drift", does: "Both clocks run faster or slower." },
    FaultKind { kind: "clock_jump", does: "The wall clock jumps once." },
];
