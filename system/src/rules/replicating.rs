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

/// S9: whether a follower says that its log differs, where it does not hold the entry before (C7).
pub(crate) fn says_it_differs(planted: &mut Planted) -> bool {
    !planted.bites(Plant::AcksWhatDiffers)
}

/// Whether a leader goes back where a peer says that its log differs (L3).
pub(crate) fn goes_back(planted: &mut Planted) -> bool {
    !planted.bites(Plant::RejectsDropped)
}

/// S9, S13: an entry that the log holds already stays, and what follows it: a late message takes nothing
/// back (C10). `last` ends the log.
pub(crate) fn stays(index: Index, last: Index, commit: Index, planted: &mut Planted) -> bool {
    let is_open = commit < index && index < last;
    !(is_open && planted.bites(Plant::OldAppendCuts))
}

/// Whether a peer is sent entries again that was silent and answers now.
pub(crate) fn wakes(planted: &mut Planted) -> bool {
    !planted.bites(Plant::SilentForEver)
}

/// S9, S10: of what a peer says only what is flushed counts, up to `matched`; what has arrived, up to
/// `arrived`, does not.
pub(crate) fn counted(matched: Index, arrived: Index, planted: &mut Planted) -> Index {
    let counts_all = arrived > matched && planted.bites(Plant::ArrivedCounts);
    if counts_all { arrived } else { matched }
}

/// Whether more may be under way, of `window` entries: of those sent up to `sent` not those up to `matched`,
/// and none up to `began`, behind which sending began (L1).
pub(crate) fn has_room(
    sent: Index,
    (matched, began): (Index, Index),
    window: Index,
    planted: &mut Planted,
) -> bool {
    let has_room = sent.saturating_sub(matched.max(began)) < window;
    let leaks = has_room && sent.saturating_sub(began) >= window;
    has_room && !(leaks && planted.bites(Plant::WindowNeverOpens))
}
