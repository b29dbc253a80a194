//! What a leader sends, and what it believes of a peer (S10).

use crate::{
    planted::{Plant, Planted},
    types::{GroupId, Index, NodeId, Term},
};

/// S10: what a peer claims now, of which it claimed `before`, in a newer generation of its log if
/// `is_cut`: that generation says anew what is left.
pub(crate) fn matched(before: Index, now: Index, is_cut: bool, planted: &mut Planted) -> Index {
    let sinks = is_cut && now < before && !planted.bites(Plant::MatchedNeverSinks);
    if sinks { now } else { now.max(before) }
}

/// S10: how far entries have arrived at a peer, which says so. What only arrived may be gone again
/// after a power loss; so it is the last word that counts, and not the highest.
pub(crate) fn arrived(of: (GroupId, Term, NodeId), told: Index, planted: &mut Planted) -> Index {
    planted.highest(Plant::MatchedNeverSinks, of, told)
}

/// S10: a leader sends what a peer lacks, from `next` on, be it the first entry of its term or a later
/// one.
pub(crate) fn may_send(next: Index, first: Index, planted: &mut Planted) -> bool {
    let is_change = first > 1 && next > first;
    !(is_change && planted.bites(Plant::SilentAfterFirstChange))
}
