//! What is committed, and what a read may rest on (S11).

use crate::{
    planted::{Plant, Planted},
    types::Term,
};

/// S11: counting copies commits an entry of the leader's own term only. Copies of an older term can
/// still be outvoted (Raft's Figure 8, C1); they commit with the first entry of this one.
pub(crate) fn commits_by_counting(entry: Option<Term>, own: Term, planted: &mut Planted) -> bool {
    entry == Some(own) || planted.bites(Plant::CommitPreviousTerm)
}
