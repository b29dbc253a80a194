//! Faults as people write them, by script or on a menu: the verbs of [`crate::Fault`], with ranges
//! for numbers and names for targets. A kind that is missing here cannot be asked for.

use crate::{
    units::{Count, Drift, Micros, Millis, Ppm, Range, Rate, Shift},
    who::Who,
};
use serde::{Deserialize, Serialize};

/// A fault by script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// When, from the begin of trouble.
    pub at: Range<Millis>,
    /// How long; not said: until heal.
    #[serde(default, rename = "for")]
    pub lasts: Option<Range<Millis>>,
    /// Again after this, counted from begin to begin, until trouble ends.
    #[serde(default)]
    pub every: Option<Range<Millis>>,
    /// How often at most, where `every` is said.
    #[serde(default)]
    pub times: Option<Range<Count>>,
    /// What.
    #[serde(rename = "do")]
    pub what: Written,
}

/// Faults at random.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// How many, in the mean.
    pub rate: Range<Rate>,
    /// Each dish is off for a whole seed at this chance, so that seeds differ in kind.
    #[serde(default = "never")]
    pub off: Range<Ppm>,
    /// What there is.
    pub faults: Vec<Dish>,
}

fn never() -> Range<Ppm> {
    Range::one(0)
}

/// One line of a menu.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dish {
    /// How often, against the others.
    pub weight: Range<Count>,
    /// How long; not said: until heal.
    #[serde(default, rename = "for")]
    pub lasts: Option<Range<Millis>>,
    /// What.
    #[serde(rename = "do")]
    pub what: Written,
}

/// A fault as written: the verbs of [`crate::Fault`], with ranges and names.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Written {
    /// Two sides that cannot reach each other. Without `b`: everyone else; without both: any split.
    Partition {
        /// One side.
        #[serde(default)]
        a: Vec<Who>,
        /// The other.
        #[serde(default)]
        b: Vec<Who>,
    },
    /// Frames vanish one way. Without `to`: towards everyone else; without both: on any one link.
    OneWay {
        /// Who is not heard.
        #[serde(default)]
        from: Vec<Who>,
        /// Who does not hear.
        #[serde(default)]
        to: Vec<Who>,
    },
    /// Cut off from every other node.
    Isolate {
        /// Who.
        who: Who,
        /// From clients too.
        #[serde(default)]
        clients: bool,
    },
    /// A client that reaches no node.
    CutClient {
        /// Which, from 1; any if not said.
        #[serde(default)]
        client: Option<Range<Count>>,
    },
    /// Frames vanish.
    Loss {
        /// How many.
        rate: Range<Ppm>,
    },
    /// Frames arrive twice.
    Duplicate {
        /// How many.
        rate: Range<Ppm>,
    },
    /// Frames overtake others.
    Reorder {
        /// How many.
        rate: Range<Ppm>,
    },
    /// Frames take a long tail.
    Tail {
        /// How many.
        rate: Range<Ppm>,
        /// The longest.
        max: Range<Micros>,
    },
    /// The process dies.
    Crash {
        /// Whose.
        who: Who,
    },
    /// Power is cut.
    PowerLoss {
        /// Whose.
        who: Who,
    },
    /// The process stands still.
    Pause {
        /// Whose.
        who: Who,
    },
    /// Crashes again and again.
    RestartStorm {
        /// Who.
        who: Who,
        /// How long it is up each time.
        up: Range<Millis>,
        /// How long it is down each time.
        down: Range<Millis>,
    },
    /// Flushes take longer.
    SlowDisk {
        /// Whose.
        who: Who,
        /// How many times longer.
        factor: Range<Count>,
    },
    /// Flushes fail.
    FsyncError {
        /// Whose.
        who: Who,
    },
    /// The wall clock is off.
    ClockOffset {
        /// Whose.
        who: Who,
        /// By how much.
        by: Range<Shift>,
    },
    /// Both clocks run at another speed.
    ClockDrift {
        /// Whose.
        who: Who,
        /// By how much.
        by: Range<Drift>,
    },
    /// The wall clock jumps once.
    ClockJump {
        /// Whose.
        who: Who,
        /// How far.
        by: Range<Shift>,
    },
}

impl Written {
    /// The kind's name, as in [`crate::Fault::kind`].
    pub fn kind(&self) -> &'static str {
        match self {
            Written::Partition { .. } => "partition",
            Written::OneWay { .. } => "one_way",
            Written::Isolate { .. } => "isolate",
            Written::CutClient { .. } => "cut_client",
            Written::Loss { .. } => "loss",
            Written::Duplicate { .. } => "duplicate",
            Written::Reorder { .. } => "reorder",
            Written::Tail { .. } => "tail",
            Written::Crash { .. } => "crash",
            Written::PowerLoss { .. } => "power_loss",
            Written::Pause { .. } => "pause",
            Written::RestartStorm { .. } => "restart_storm",
            Written::SlowDisk { .. } => "slow_disk",
            Written::FsyncError { .. } => "fsync_error",
            Written::ClockOffset { .. } => "clock_offset",
            Written::ClockDrift { .. } => "clock_drift",
            Written::ClockJump { .. } => "clock_jump",
        }
    }
}
