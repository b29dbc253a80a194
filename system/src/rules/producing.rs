//! What a call of a producer is, and what may be said of it (S16, S36, S37, S40).

use crate::{
    broker::producers::Seen,
    planted::{Plant, Planted},
};

/// S36: what a producer's call is; its last call had `before` messages.
pub(crate) fn seen(producer: u64, seen: Seen, before: u32, planted: &mut Planted) -> Seen {
    match seen {
        // A producer without an identity is not idempotent.
        Seen::New | Seen::Repeat(_) | Seen::OutOfOrder | Seen::Fenced if producer == 0 => Seen::New,
        Seen::Repeat(_) if planted.bites(Plant::NoDedup) => Seen::New,
        Seen::New if before > 1 && planted.bites(Plant::DedupCountsWrong) => Seen::OutOfOrder,
        Seen::New | Seen::Repeat(_) | Seen::OutOfOrder | Seen::Fenced => seen,
    }
}

/// S40: whether a refusal may say that no copy of the request was or will be taken.
pub(crate) fn may_say_not_taken(is_proven: bool, planted: &mut Planted) -> bool {
    is_proven || planted.bites(Plant::DefiniteNotLeader)
}

/// H10: whether a call's messages are stored as they were sent.
pub(crate) fn stores_as_sent(count: u32, planted: &mut Planted) -> bool {
    !(count > 1 && planted.bites(Plant::SwappedPayload))
}
