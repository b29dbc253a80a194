//! What may be claimed to be durable, and when (S4, S7, S9, S10).

use crate::{
    host::FileId,
    planted::{Plant, Planted},
    types::Index,
};

/// S9: what claims that block `mark` is durable leaves once it is.
pub(crate) fn may_leave(mark: u64, flushed: u64, is_vote: bool, planted: &mut Planted) -> bool {
    mark <= flushed
        || planted.bites(Plant::AckBeforeFlush)
        || (is_vote && planted.bites(Plant::VoteBeforeFlush))
}

/// S4: a candidate counts its own vote, and asks for others, once that vote is durable (A8).
pub(crate) fn own_vote_waits(planted: &mut Planted) -> bool {
    !planted.bites(Plant::OwnVoteBeforeFlush)
}

/// S9: how much of a log may be claimed that equals its leader's up to `verified`, and of which `durable`
/// is flushed.
pub(crate) fn flushed(verified: Index, durable: Index, planted: &mut Planted) -> Index {
    let claims_all = verified > durable && planted.bites(Plant::BeatClaimsUnflushed);
    if claims_all { verified } else { verified.min(durable) }
}

/// S4, S9: how far an answer that leaves at once, whatever the disk does, may claim a log of which
/// `flushed` is durable: not at all under a term that a power loss could take back, for after it this
/// replica might follow a leader of an older term, which cuts what was claimed under the newer one.
///
/// Example: n3 holds e2 of term 1, flushed; it answers a heartbeat of term 3 and claims e2; the power
/// fails; it is in term 1 again, and a late append of term 2 puts x2 in the place of e2, which the
/// leader of term 3 has counted.
pub(crate) fn claimable(flushed: Index, is_term_durable: bool, planted: &mut Planted) -> Index {
    let may = flushed == 0 || is_term_durable || planted.bites(Plant::BeatClaimsUnflushedTerm);
    if may { flushed } else { 0 }
}

/// S10: how much of its own log a leader counts, of which `durable` is flushed: no more than of another's.
/// `blank` is the first entry of its term, which ends the log if it is at `last` (A9).
pub(crate) fn counts_own(
    durable: Index,
    blank: Index,
    last: Index,
    planted: &mut Planted,
) -> Index {
    if durable < last && planted.bites(Plant::OwnCountsUnflushed) {
        return last;
    }
    let is_blank = durable < blank && blank == last;
    if is_blank && planted.bites(Plant::BlankCountsUnflushed) { blank } else { durable }
}

/// What is acknowledged at `leader`: what the leader has flushed (S9, A1).
pub(crate) fn safe_at_leader(durable: Index, last: Index, planted: &mut Planted) -> Index {
    if durable < last && planted.bites(Plant::LeaderAckBeforeFlush) { last } else { durable }
}

/// S9: a cut lowers what is durable in the same step (C5).
pub(crate) fn cut_lowers_durable(durable: Index, last: Index, planted: &mut Planted) -> bool {
    durable > last && !planted.bites(Plant::CutKeepsDurable)
}

/// S9: a cut lowers what blocks under way make durable, too (C5).
pub(crate) fn cut_lowers_block(index: Index, last: Index, planted: &mut Planted) -> bool {
    index > last && !planted.bites(Plant::CutKeepsUnderWay)
}

/// S16: up to which block a flush makes all durable that has ended: what was written before it began, and
/// nothing that was written since (E11).
pub(crate) fn covered(before: u64, now: u64, planted: &mut Planted) -> u64 {
    if now > before && planted.bites(Plant::FlushCoversLater) { now } else { before }
}

/// S7: whether a node goes on after a flush: only if it ended well.
pub(crate) fn goes_on(is_ok: bool, planted: &mut Planted) -> bool {
    is_ok || planted.bites(Plant::FsyncErrorIgnored)
}

/// S24: whether the directory is flushed with a new file: before that the file is lost with the power.
pub(crate) fn flushes_directory(is_new: bool, planted: &mut Planted) -> bool {
    is_new && !planted.bites(Plant::NewFileUnflushed)
}

/// S9: every file is flushed that was written, not the newest alone.
pub(crate) fn flushes_all(files: &[FileId], planted: &mut Planted) -> bool {
    files.len() < 2 || !planted.bites(Plant::RolledFileUnflushed)
}
