//! The rules that decide whether something acknowledged can be lost, as predicates: numbers go in, yes
//! or no comes out, and nothing is changed here. Each names its rule of the catalogue (S1 to S48) and
//! has inside it the planted bug that breaks it. Where a rule is kept by the shape of the code and not
//! by a question, it is cited there.

use crate::{
    broker::producers::Seen,
    planted::{Plant, Planted},
    types::{EntryId, GroupId, Index, Nanos, NodeId, Term},
};

/// S4: one vote a term. Whoever has none yet in it, or gave it to this candidate before, may give it.
pub(crate) fn has_vote_for(vote: Option<NodeId>, candidate: NodeId) -> bool {
    vote.is_none_or(|given| given == candidate)
}

/// S14: a log that ends at `theirs` is at least as new as one that ends at `own`: by term, then by
/// length.
pub(crate) fn is_current(theirs: EntryId, own: EntryId) -> bool {
    (theirs.term, theirs.index) >= (own.term, own.index)
}

/// S32: whoever hears no leader asks before it raises its term.
pub(crate) fn asks_before_it_votes(planted: &mut Planted) -> bool {
    !planted.bites(Plant::NoPreVote)
}

/// S32: whoever heard a leader within the shortest election timeout does not help to replace it.
pub(crate) fn keeps_its_leader(
    silence: Option<Nanos>,
    election_min: Nanos,
    planted: &mut Planted,
) -> bool {
    silence.is_some_and(|silence| silence < election_min) && !planted.bites(Plant::NoStickiness)
}

/// S9: what claims that block `mark` is durable leaves once it is.
pub(crate) fn may_leave(mark: u64, flushed: u64, planted: &mut Planted) -> bool {
    mark <= flushed || planted.bites(Plant::AckBeforeFlush)
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

/// S11: counting copies commits an entry of the leader's own term only. Copies of an older term can
/// still be outvoted (Raft's Figure 8, C1); they commit with the first entry of this one.
pub(crate) fn commits_by_counting(entry: Option<Term>, own: Term, planted: &mut Planted) -> bool {
    entry == Some(own) || planted.bites(Plant::CommitPreviousTerm)
}

/// S33: whether a peer that answered heartbeats of `round`, but none of a newer one, confirms that its leader
/// led when a read came, after round `after`.
///
/// Example: n1 leads term 1 and is cut off. n2 is elected and takes writes. A client that still reaches n1
/// reads there: what n2 answered before the cut says nothing about now.
pub(crate) fn confirms(round: u64, after: u64, planted: &mut Planted) -> bool {
    round > after || (round > 0 && planted.bites(Plant::ReadByOldRound))
}

/// S13: how much of a log that ends at `last` is kept after a start, when `commit` of it is known to be
/// committed: all of it. It is cut where it conflicts with a leader's, and nowhere else.
pub(crate) fn kept_at_start(last: Index, commit: Index, planted: &mut Planted) -> Index {
    let cuts = last > commit && planted.bites(Plant::TruncateToCommitOnRestart);
    if cuts { commit } else { last }
}

/// S7: after a start, nothing counts that is not proven to be durable: what must be written again is,
/// before anything rests on it.
pub(crate) fn writes_again(planted: &mut Planted) -> bool {
    !planted.bites(Plant::RegistryTrustsCache)
}

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
