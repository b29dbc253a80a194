//! Who may be voted for, whose votes count, and when a replica stands (S4, S14, S32).

use crate::{
    planted::{Plant, Planted},
    types::{EntryId, Nanos, NodeId, Term},
};

/// S4: one vote a term. Whoever has none yet in it, or gave it to this candidate before, may give it.
pub(crate) fn has_vote_for(vote: Option<NodeId>, candidate: NodeId, planted: &mut Planted) -> bool {
    vote.is_none_or(|given| given == candidate) || planted.bites(Plant::VotesTwice)
}

/// S4: whoever steps down keeps the vote that it gave in the term.
pub(crate) fn keeps_vote(vote: Option<NodeId>, planted: &mut Planted) -> bool {
    vote.is_none() || !planted.bites(Plant::StepDownClearsVote)
}

/// S14: a log that ends at `theirs` is at least as new as one that ends at `own`: by term, then by
/// length.
pub(crate) fn is_current(theirs: EntryId, own: EntryId, planted: &mut Planted) -> bool {
    let is_current = (theirs.term, theirs.index) >= (own.term, own.index);
    let is_longer = (theirs.index, theirs.term) >= (own.index, own.term);
    if is_longer != is_current && planted.bites(Plant::ElectsByLength) {
        return is_longer;
    }
    is_current || planted.bites(Plant::VotesForOldLogs)
}

/// S32: whoever hears no leader asks before it raises its term.
pub(crate) fn asks_before_it_votes(planted: &mut Planted) -> bool {
    !planted.bites(Plant::NoPreVote)
}

/// S4: to be asked whether one would vote changes nothing, and least of all the vote that was given.
pub(crate) fn only_answers(vote: Option<NodeId>, planted: &mut Planted) -> bool {
    vote.is_none() || !planted.bites(Plant::PreVoteClearsVote)
}

/// S32: whoever heard a leader within the shortest election timeout does not help to replace it.
pub(crate) fn keeps_its_leader(
    silence: Option<Nanos>,
    election_min: Nanos,
    planted: &mut Planted,
) -> bool {
    silence.is_some_and(|silence| silence < election_min) && !planted.bites(Plant::NoStickiness)
}

/// Whether a vote of term `told` counts for who stands in term `own`: a vote is of one term (S4, B14).
pub(crate) fn is_of_term(told: Term, own: Term, planted: &mut Planted) -> bool {
    told == own || (told < own && planted.bites(Plant::StaleVotesCount))
}

/// Whether one more grant counts: each voter's once, however often it arrives (D4).
pub(crate) fn counts_grant(is_counted: bool, planted: &mut Planted) -> bool {
    !is_counted || planted.bites(Plant::VotesCountByArrival)
}

/// Whether `votes` of `voters` elect where `quorum` must: an election quorum meets every write quorum and
/// every other election quorum (S4, S14).
pub(crate) fn wins(votes: usize, quorum: usize, voters: usize, planted: &mut Planted) -> bool {
    votes >= quorum
        || (votes + 1 >= quorum && planted.bites(Plant::ElectsOneShort))
        || (2 * votes > voters && planted.bites(Plant::MajorityElects))
}

/// How long a replica waits before it stands, at least `min` and `spread` longer at most: drawn anew each
/// time, so that two who stood against each other do not do so for ever (Ongaro 3.4).
pub(crate) fn patience(min: Nanos, spread: Nanos, dice: u64, planted: &mut Planted) -> Nanos {
    let drawn = dice % (spread + 1);
    if drawn > 0 && planted.bites(Plant::SamePatience) { min } else { min + drawn }
}

/// Whoever stood and won nothing stands again.
pub(crate) fn stands_again(planted: &mut Planted) -> bool {
    !planted.bites(Plant::CampaignNeverRetried)
}

/// Whoever leads an older term is told that it is over, for it asks nobody: without that a replica that
/// raised its term, and did not win, hears its leader no more and is heard by nobody (B7).
pub(crate) fn tells_over(planted: &mut Planted) -> bool {
    !planted.bites(Plant::OverUntold)
}
