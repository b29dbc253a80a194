//! What a node makes of its disk when it starts, and what it flushes (S5, S7, S13, S23, S24).

use crate::{
    disk::HardState,
    planted::{Plant, Planted},
    types::{Index, Term},
};

/// S13: how much of a log that ends at `last` is kept after a start, when `commit` of it is known to be
/// committed: all of it. It is cut where it conflicts with a leader's, and nowhere else.
pub(crate) fn kept_at_start(last: Index, commit: Index, planted: &mut Planted) -> Index {
    let cuts = last > commit && planted.bites(Plant::TruncateToCommitOnRestart);
    if cuts { commit } else { last }
}

/// S7: after a start, nothing counts that is not proven to be durable: what must be written again is,
/// before anything rests on it.
pub(crate) fn writes_again(planted: &mut Planted) -> bool {
    !planted.bites(Plant::RegistryTrustsCache)
}

/// S7: the same of a group's log (A13).
pub(crate) fn log_is_written_again(planted: &mut Planted) -> bool {
    !planted.bites(Plant::LogTrustsCache)
}

/// S4: term and vote after a start are what the disk has of them, not what the log would tell (B4).
pub(crate) fn opened(read: HardState, last: Term, planted: &mut Planted) -> HardState {
    if read.term > last && planted.bites(Plant::TermFromLog) {
        return HardState { term: last, vote: None };
    }
    let forgets = read.vote.is_some() && planted.bites(Plant::RestartClearsVote);
    HardState { vote: if forgets { None } else { read.vote }, ..read }
}
