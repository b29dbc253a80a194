//! What a call of a producer is, and what may be said of it (S16, S36, S37, S40).

use crate::{
    broker::producers::Seen,
    planted::{Plant, Planted},
    types::{Index, NodeId, Offset},
};

/// S36: what a producer's call is; its last call had `before` messages, and up to `commit` is committed.
pub(crate) fn seen(
    producer: u64,
    seen: Seen,
    (before, commit): (u32, Index),
    planted: &mut Planted,
) -> Seen {
    match seen {
        // A producer without an identity is not idempotent.
        Seen::New | Seen::Repeat(_) | Seen::OutOfOrder | Seen::Fenced if producer == 0 => Seen::New,
        Seen::Repeat(_) if planted.bites(Plant::NoDedup) => Seen::New,
        Seen::Repeat(call)
            if call.entry.index > commit && planted.bites(Plant::DedupForgetsUncommitted) =>
        {
            Seen::New
        }
        Seen::New if before > 1 && planted.bites(Plant::DedupCountsWrong) => Seen::OutOfOrder,
        Seen::OutOfOrder if planted.bites(Plant::LateRepeatTaken) => Seen::New,
        Seen::Fenced if planted.bites(Plant::EpochNotFenced) => Seen::New,
        Seen::New | Seen::Repeat(_) | Seen::OutOfOrder | Seen::Fenced => seen,
    }
}

/// S37: a repeat waits for the call that it repeats, as long as that is not committed (H13).
pub(crate) fn waits(is_open_repeat: bool, planted: &mut Planted) -> bool {
    !(is_open_repeat && planted.bites(Plant::RepeatAckedAtOnce))
}

/// S36: where the messages of a repeat stand: where those of the first call do. The log ends before `next`.
pub(crate) fn stands_at(first: Offset, next: Offset, planted: &mut Planted) -> Offset {
    if planted.bites(Plant::RepeatAtNewOffset) { next } else { first }
}

/// S40: what waits when leadership ends may yet come true; so nobody is told that it did not.
pub(crate) fn may_yet_come_true(is_any: bool, planted: &mut Planted) -> bool {
    !(is_any && planted.bites(Plant::DefiniteLostLeadership))
}

/// S40: whether a refusal may say that no copy of the request was or will be taken.
pub(crate) fn may_say_not_taken(is_proven: bool, planted: &mut Planted) -> bool {
    is_proven || planted.bites(Plant::DefiniteNotLeader)
}

/// H10: whether a call's messages are stored as they were sent.
pub(crate) fn stores_as_sent(count: u32, planted: &mut Planted) -> bool {
    !(count > 1 && planted.bites(Plant::SwappedPayload))
}

/// F13: whether all messages of a call are stored.
pub(crate) fn stores_all(count: u32, planted: &mut Planted) -> bool {
    !(count > 1 && planted.bites(Plant::BatchCutShort))
}

/// Whom a replica names as leader when it refuses: the one that it follows, not itself.
pub(crate) fn names(leader: NodeId, own: NodeId, planted: &mut Planted) -> NodeId {
    if leader != 0 && planted.bites(Plant::RedirectsToItself) { own } else { leader }
}
