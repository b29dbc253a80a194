//! One run from outside: its history, its numbers, and how it ended. Filled by the simulation, told
//! by the reports, judged by nobody but the checkers.

use crate::{history::History, verdict::Judgement};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Every phase came to its end.
    Finished,
    /// Some law was broken for certain and the run was stopped there.
    Breached {
        /// World time.
        at_ns: u64,
    },
    /// Somebody ended it before its plan did (Ctrl-C). What it says until then holds; what it does not
    /// say is not known.
    Interrupted {
        /// World time.
        at_ns: u64,
    },
    /// A phase did not end in its time: whether that breaks a promise, the laws say.
    Stuck {
        /// World time.
        at_ns: u64,
        /// What was waited for.
        waiting: String,
    },
    /// A node panicked or failed one of its own assertions: a violation.
    Panicked {
        /// World time.
        at_ns: u64,
        /// Which node.
        node: u32,
        /// Source file and line.
        place: String,
        /// The panic's message.
        message: String,
    },
}

/// How long one partition was without acknowledgements after a fault, and what was lost by it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The fault, as the plan prints it.
    pub fault: String,
    /// Which partition.
    pub partition: u32,
    /// When the fault began.
    pub at_ns: u64,
    /// From the start of the fault to the first later acknowledgement at the scenario's level.
    pub rto_ns: Option<u64>,
    /// Acknowledged before the fault, never read after it; none if the partition was not drained.
    pub rpo_messages: Option<u64>,
    /// From the end of the fault until every replica that it touched had caught up with what was
    /// committed by then; none if it touched no replica of the partition, or they never did.
    #[serde(default)]
    pub catch_up_ns: Option<u64>,
}

/// How much of what was acknowledged was read to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Drain {
    /// Nothing: what was not read is not lost, it was not looked for.
    #[default]
    None,
    /// Some partitions: what is lost in the others is not known.
    Partly,
    /// Every partition that anything was sent to.
    Fully,
}

impl Drain {
    /// Of two together.
    #[must_use]
    pub fn and(self, other: Drain) -> Drain {
        if self == other { self } else { Drain::Partly }
    }
}

/// Acknowledgements, and those of them that overlapped a fault: the call's interval meets one of a
/// fault that touches a replica of its partition, or its client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// Produce calls that were acknowledged above `none`.
    pub acknowledged: u64,
    /// Of those: while a fault was at work.
    pub under_fault: u64,
}

/// The messages of a run, counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Messages that clients tried to produce.
    pub attempted: u64,
    /// Messages whose produce call returned Ok at a level above `none`.
    pub acknowledged: u64,
    /// Distinct messages read by the drain.
    pub read: u64,
    /// Acknowledged at `quorum` or above, and not read by the drain, or gone from every log before one.
    pub lost: u64,
    /// Of the lost: those below every read message of their partition.
    pub lost_head: u64,
    /// Of the lost: those between read messages.
    pub lost_middle: u64,
    /// Of the lost: those above every read message of their partition.
    pub lost_tail: u64,
    /// Of the lost: those of partitions that were not drained, whose entry no log holds any more.
    #[serde(default)]
    pub lost_gone: u64,
    /// Acknowledged at `leader`, or sent at `none`, and not read: permitted, counted apart.
    pub allowed_lost: u64,
    /// Read although the call's outcome was unknown.
    pub recovered: u64,
    /// Read although nobody sent it, or although its call was refused for certain.
    pub phantom: u64,
    /// Read at more than one offset.
    pub duplicated: u64,
    /// Read out of the order of their producer.
    pub reordered: u64,
    /// Read with another content than they were sent with; none where no read could be compared.
    #[serde(default)]
    pub corrupted: Option<u64>,
    /// Messages whose produce call ended Unknown.
    pub unknown: u64,
    /// Acknowledged at `quorum` or above at an offset at which another message was acknowledged or
    /// read: known at once, without a drain.
    #[serde(default)]
    pub displaced: u64,
    /// How much was drained: whether the counts of what was read say anything.
    #[serde(default)]
    pub drain: Drain,
}

impl Counts {
    /// A count of what was read or missed, if it was measured: what was found was found, and nothing
    /// is only known to be missing where all was looked for.
    pub fn measured(&self, count: u64) -> Option<u64> {
        (count > 0 || self.drain == Drain::Fully).then_some(count)
    }
}

/// Numbers over time, for plots. `seconds[i]` covers world time `[i, i + 1) * bucket_ns`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Width of a bucket in nanoseconds.
    pub bucket_ns: u64,
    /// Acknowledgement level to messages acknowledged, for each bucket.
    pub acknowledged: BTreeMap<String, Vec<u64>>,
    /// Acknowledgement level to (median, p99) latency in microseconds, for each bucket; 0 without
    /// a sample.
    pub latency_us: BTreeMap<String, Vec<(u64, u64)>>,
    /// Node to entries it is behind the furthest commit, summed over its groups, for each bucket. A
    /// node that is down lags by all that it misses.
    pub lag: BTreeMap<u32, Vec<u64>>,
    /// Partition to who led it from when on: (world time in ns, node or 0 for nobody).
    pub leaders: BTreeMap<u32, Vec<(u64, u32)>>,
    /// Faults: what, from, to (world time in ns).
    pub faults: Vec<(String, u64, u64)>,
}

/// A run, complete.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// What clients saw.
    pub history: History,
    /// How it ended.
    pub ending: Ending,
    /// What the judges said.
    pub judgements: Vec<Judgement>,
    /// Messages, counted.
    pub counts: Counts,
    /// Numbers over time.
    pub series: Series,
    /// Recovery of each partition from each fault that took replicas away.
    pub recovery: Vec<Recovery>,
    /// Kind of fault of the plan to how often it changed what happened (a lost frame, a delayed
    /// flush), each time once; 0 for one that struck and changed nothing.
    pub faults: BTreeMap<String, u64>,
    /// Accidents of the base world, which no fault brought: frames that its network loses by itself.
    #[serde(default)]
    pub accidents: BTreeMap<String, u64>,
    /// How many acknowledgements a fault was at work in.
    #[serde(default)]
    pub overlap: Overlap,
    /// Faults that were refused at injection, and why.
    pub refused_faults: Vec<String>,
    /// Coverage marks: name to hits.
    pub marks: BTreeMap<String, u64>,
    /// Planted bugs that were switched on: name to how often each did what honest code would not have done.
    #[serde(default)]
    pub plants: BTreeMap<String, u64>,
    /// 256-bit hash over everything that happened, as hex.
    pub trace_hash: String,
    /// World time at the end.
    pub sim_ns: u64,
    /// Events the world processed.
    pub events: u64,
}
