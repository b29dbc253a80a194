//! What confirms and what answers a read (S33-S35).

use crate::planted::{Plant, Planted};

/// S33: whether a peer that answered heartbeats of `round`, but none of a newer one, confirms that its leader
/// led when a read came, after round `after`.
///
/// Example: n1 leads term 1 and is cut off. n2 is elected and takes writes. A client that still reaches n1
/// reads there: what n2 answered before the cut says nothing about now.
pub(crate) fn confirms(round: u64, after: u64, planted: &mut Planted) -> bool {
    round > after || (round > 0 && planted.bites(Plant::ReadByOldRound))
}
