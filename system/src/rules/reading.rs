//! What confirms and what answers a read (S33-S35).

use crate::{
    planted::{Plant, Planted},
    types::{Index, Offset},
};

/// S33: whether a peer that answered heartbeats of `round`, but none of a newer one, confirms that its leader
/// led when a read came, after round `after`.
///
/// Example: n1 leads term 1 and is cut off. n2 is elected and takes writes. A client that still reaches n1
/// reads there: what n2 answered before the cut says nothing about now.
pub(crate) fn confirms(round: u64, after: u64, planted: &mut Planted) -> bool {
    round > after || (round > 0 && planted.bites(Plant::ReadByOldRound))
}

/// S33: a read waits for a round of heartbeats that began after it came (G11).
pub(crate) fn waits_for_round(planted: &mut Planted) -> bool {
    !planted.bites(Plant::ReadWithoutRound)
}

/// S33: whether so many nodes confirm a read, the leader included, of which `needed` meet every election
/// quorum.
pub(crate) fn is_confirmed(confirming: usize, needed: usize, planted: &mut Planted) -> bool {
    confirming >= needed || (confirming + 1 >= needed && planted.bites(Plant::ReadOneShort))
}

/// Whether a peer is spared a heartbeat: an append of just before did for it, unless a read waits.
pub(crate) fn spares(is_served: bool, waits: bool, planted: &mut Planted) -> bool {
    is_served && (!waits || planted.bites(Plant::ReadsStarve))
}

/// S33, S35: whether a replica turns away a linearizable read because it does not lead.
pub(crate) fn only_leads_reads(planted: &mut Planted) -> bool {
    !planted.bites(Plant::FollowerReads)
}

/// S35: how far a log may be read: as far as it is committed here.
pub(crate) fn readable(commit: Index, last: Index, planted: &mut Planted) -> Index {
    if last > commit && planted.bites(Plant::DirtyReads) { last } else { commit }
}

/// Whether a fetch begins with the entry that holds its offset, though the entry begins before it (K4).
pub(crate) fn begins_within(base: Offset, from: Offset, planted: &mut Planted) -> bool {
    base >= from || !planted.bites(Plant::FetchSkips)
}
