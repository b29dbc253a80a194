//! What a node makes of its disk when it starts, and what it flushes (S5, S7, S13, S23, S24).

use crate::{
    disk::HardState,
    planted::{Plant, Planted},
    types::{Index, Term},
};

/// S13: how much of a log that ends at `last` is kept after a start, when `commit` of it is known to be
/// committed: all of it, and all that is left if its end was torn. It is cut where it conflicts with a
/// leader's, and nowhere else.
pub(crate) fn kept_at_start(
    last: Index,
    commit: Index,
    is_torn: bool,
    planted: &mut Planted,
) -> Index {
    if last > commit && planted.bites(Plant::TruncateToCommitOnRestart) {
        return commit;
    }
    let cuts_more = is_torn && last > commit && planted.bites(Plant::TornTailTakesOneMore);
    if cuts_more { last - 1 } else { last }
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

/// S9: a start knows how often its log was cut, for leaders count nothing of an older log (E16).
pub(crate) fn generation(read: u64, planted: &mut Planted) -> u64 {
    if read > 0 && planted.bites(Plant::RestartForgetsCuts) { 0 } else { read }
}

/// S36: a start knows whose call came last, as far as it is committed (E13).
pub(crate) fn keeps_producers(planted: &mut Planted) -> bool {
    !planted.bites(Plant::RestartForgetsProducers)
}

/// S5: whoever starts follows, though it `led` when it stopped (B3).
pub(crate) fn opens_as_follower(led: bool, planted: &mut Planted) -> bool {
    !(led && planted.bites(Plant::ResumesLeading))
}

/// The commit index that a block remembers: what is committed, not what is appended (A10).
pub(crate) fn hint(commit: Index, last: Index, planted: &mut Planted) -> Index {
    if last > commit && planted.bites(Plant::HintAhead) { last } else { commit }
}

/// S24, S30: a group enters the registry once its own first block is durable.
pub(crate) fn may_enter(is_settled: bool, planted: &mut Planted) -> bool {
    is_settled || planted.bites(Plant::RegistersUnflushed)
}

/// Of several partitions that were created since a node last looked, it holds all that name it (E8).
pub(crate) fn holds_all(count: usize, planted: &mut Planted) -> bool {
    count < 2 || !planted.bites(Plant::HoldsFirstCreated)
}

/// S23: a start reads all segments of a log, of which the newest is `last` (E16).
pub(crate) fn reads_all(last: u32, planted: &mut Planted) -> bool {
    last == 0 || !planted.bites(Plant::LaterSegmentsIgnored)
}

/// S23: no data is deleted because metadata does not know of it (F2).
pub(crate) fn keeps(is_known: bool, planted: &mut Planted) -> bool {
    is_known || !planted.bites(Plant::OrphansDeleted)
}

/// S19: a torn end blocks nothing (F12).
pub(crate) fn opens_torn(is_torn: bool, planted: &mut Planted) -> bool {
    !(is_torn && planted.bites(Plant::TornTailBlocks))
}
