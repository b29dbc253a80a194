//! Judges. Each is a pure fold over what happened: no async, no clock, no dice, no files.

mod checker;
mod facts;
mod history;
mod run;
mod truth;
mod verdict;

pub use checker::{Bench, Checker, Event, Judgement};
pub use facts::{Claim, Configuration, EntryId, Fact, Group, Node, Role, Snapshot, Voter};
pub use history::{
    Acks, Ask, Call, History, Mark, MessageId, Offset, Outcome, Partition, ReadLevel, Record,
    Reply, Sequence, Stamp,
};
pub use run::{Counts, Ending, Recovery, Run, Series};
pub use truth::{DiskTruth, DurableLog};
pub use verdict::{Coverage, Evidence, Line, Verdict};
