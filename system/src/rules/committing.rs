//! What is committed, and what a read may rest on (S11).

use crate::{
    planted::{Plant, Planted},
    quorum::Config,
    types::{Index, Term},
};

/// S11: counting copies commits an entry of the leader's own term only. Copies of an older term can
/// still be outvoted (Raft's Figure 8, C1); they commit with the first entry of this one.
pub(crate) fn commits_by_counting(entry: Option<Term>, own: Term, planted: &mut Planted) -> bool {
    entry == Some(own) || planted.bites(Plant::CommitPreviousTerm)
}

/// S12: how much of what its leader has committed a follower commits: as far as its log is known to equal
/// the leader's (C6).
pub(crate) fn known(commit: Index, verified: Index, last: Index, planted: &mut Planted) -> Index {
    let is_more = commit.min(last) > verified && planted.bites(Plant::CommitUnverified);
    if is_more { commit.min(last) } else { commit.min(verified) }
}

/// S11: the highest index that a write quorum has flushed, given what each voter has.
pub(crate) fn quorum(config: &Config, flushed: &[Index], planted: &mut Planted) -> Index {
    let quorum = config.quorum_index(flushed);
    if planted.is_on(Plant::WriteOneShort) {
        let fewer = Config { write_quorum: (config.write_quorum - 1).max(1), ..config.clone() };
        let short = fewer.quorum_index(flushed);
        return if short > quorum && planted.bites(Plant::WriteOneShort) { short } else { quorum };
    }
    let middle = flushed[config.write_quorum as usize - 1];
    if middle > quorum && planted.bites(Plant::QuorumUnsorted) { middle } else { quorum }
}

/// S11: how far a leader commits, of whose log a quorum has flushed everything up to `quorum` (G6).
pub(crate) fn commits(quorum: Index, last: Index, planted: &mut Planted) -> Index {
    if last > quorum && planted.bites(Plant::CommitsToLogEnd) { last } else { quorum }
}

/// J4: how much of what is committed, up to `commit`, a quorum has flushed that spans regions.
pub(crate) fn spans(regions: Index, commit: Index, planted: &mut Planted) -> Index {
    let ignores = regions < commit && planted.bites(Plant::RegionsIgnored);
    if ignores { commit } else { regions.min(commit) }
}

/// S15: a leader is ready once this is committed: the first entry of its term, for before that it does not
/// know all that is.
pub(crate) fn ready_at(first: Index, planted: &mut Planted) -> Index {
    if planted.bites(Plant::ReadyAtOnce) { 0 } else { first }
}
