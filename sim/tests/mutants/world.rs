//! Changes of what the world showed: claims, votes, logs, commits, replicas.

use crate::{
    kind::Kind,
    stream::{Stream, Told},
};
use checkers::{Acks, Claim, EntryId, Fact, Outcome, ReplicaView, Reply, Role, Sight};
use std::collections::BTreeMap;

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "claim_before_flush",
        what: "a claim leaves just before the entry is durable",
        laws: &["claim_witness"],
        change: claim_before_flush,
    },
    Kind {
        name: "claim_under_unflushed_term",
        what: "a claim speaks under a term that its node's disk does not hold yet",
        laws: &["claim_witness"],
        change: claim_under_unflushed_term,
    },
    Kind {
        name: "vote_twice",
        what: "a voter tells another candidate that it has its vote of the same term",
        laws: &["election_safety", "claim_witness"],
        change: vote_twice,
    },
    Kind {
        name: "vote_forgotten",
        what: "a vote is gone from a disk that keeps the term",
        laws: &["election_safety"],
        change: vote_forgotten,
    },
    Kind {
        name: "leader_too_many",
        what: "a second node leads a term",
        laws: &["election_safety"],
        change: leader_too_many,
    },
    Kind {
        name: "ack_one_copy_short",
        what: "an acknowledgement leaves one flushed copy too early",
        laws: &["ack_witness"],
        change: ack_one_copy_short,
    },
    Kind {
        name: "ack_unanswered",
        what: "no node gave the answer that a client was told",
        laws: &["trace_completeness"],
        change: ack_unanswered,
    },
    Kind {
        name: "ack_weaker",
        what: "a node answered at `leader` what the client was told at `quorum`",
        laws: &["trace_completeness"],
        change: ack_weaker,
    },
    Kind {
        name: "commit_one_copy_short",
        what: "a commit is told one flushed copy too early",
        laws: &["leader_completeness"],
        change: commit_one_copy_short,
    },
    Kind {
        name: "commit_of_another",
        what: "a second node holds another entry to be committed",
        laws: &["committed_stays"],
        change: commit_of_another,
    },
    Kind {
        name: "commit_falls",
        what: "a replica's commit index falls",
        laws: &["committed_stays"],
        change: commit_falls,
    },
    Kind {
        name: "entry_of_another",
        what: "a disk holds another entry of the same index and term",
        laws: &["log_matching"],
        change: entry_of_another,
    },
    Kind {
        name: "committed_cut",
        what: "a committed entry leaves a disk",
        laws: &["deletion_provenance"],
        change: committed_cut,
    },
    Kind {
        name: "leader_entry_vanishes",
        what: "an entry acknowledged at `leader` leaves its leader's disk, and nobody overruled it",
        laws: &["leader_acks"],
        change: leader_entry_vanishes,
    },
    Kind {
        name: "leader_entry_unread",
        what: "a committed entry that was acknowledged at `leader` is missing from the drain",
        laws: &["leader_acks"],
        change: leader_entry_unread,
    },
    Kind {
        name: "quorums_apart",
        what: "a group is configured so that its quorums need not meet",
        laws: &["membership_safety"],
        change: quorums_apart,
    },
    Kind {
        name: "digest_off",
        what: "one replica holds other bytes in the end",
        laws: &["convergence"],
        change: digest_off,
    },
    Kind {
        name: "replica_short",
        what: "one replica ends one entry short",
        laws: &["convergence"],
        change: replica_short,
    },
];

fn middle<T: Copy>(of: &[T]) -> Option<T> {
    of.get(of.len() / 2).copied()
}

fn claim_before_flush(stream: &mut Stream) -> Option<()> {
    // Where the newest durable entry of each log stands in the stream.
    let mut newest: BTreeMap<(u32, u32), (usize, EntryId)> = BTreeMap::new();
    let mut found = Vec::new();
    for (place, fact) in stream.facts() {
        if let Fact::Durable { node, group, entry } = fact {
            newest.insert((*node, *group), (place, *entry));
        }
        if let Fact::Claimed { node, group, claim: Claim::Append { index, hash, .. }, .. } = fact {
            let flushed = newest.get(&(*node, *group));
            let is_it = |entry: &EntryId| (entry.index, entry.hash) == (*index, *hash);
            found.extend(
                flushed.filter(|(_, entry)| is_it(entry)).map(|(flushed, _)| (place, *flushed)),
            );
        }
    }
    let (claim, flushed) = middle(&found)?;
    stream.advance(claim, flushed);
    Some(())
}

fn claim_under_unflushed_term(stream: &mut Stream) -> Option<()> {
    let claims = stream.facts().filter(|(_, fact)| {
        matches!(fact, Fact::Claimed { claim: Claim::Append { index: 1.., .. }, .. })
    });
    let places: Vec<usize> = claims.map(|(place, _)| place).collect();
    if let Fact::Claimed { claim: Claim::Append { term, .. }, .. } =
        stream.fact_mut(middle(&places)?)
    {
        *term += 1_000;
    }
    Some(())
}

/// A vote that became durable, where it stands, and another voter of the group.
fn a_vote(stream: &Stream) -> Option<(usize, u32, u32, u64, u32)> {
    let configurations = stream.configurations();
    let votes: Vec<_> = stream
        .facts()
        .filter_map(|(place, fact)| {
            let Fact::DurableVote { node, group, term, vote: Some(candidate) } = fact else {
                return None;
            };
            let voters = &configurations.get(group)?.voters;
            let other = voters.iter().find(|voter| voter.node != *candidate)?;
            Some((place, *node, *group, *term, other.node))
        })
        .collect();
    middle(&votes)
}

fn vote_twice(stream: &mut Stream) -> Option<()> {
    let (place, node, group, term, candidate) = a_vote(stream)?;
    let claim = Claim::Vote { term, candidate };
    stream.insert_fact(place + 1, Fact::Claimed { node, to: None, group, claim });
    Some(())
}

fn vote_forgotten(stream: &mut Stream) -> Option<()> {
    let (place, node, group, term, _) = a_vote(stream)?;
    stream.insert_fact(place + 1, Fact::DurableVote { node, group, term, vote: None });
    Some(())
}

fn leader_too_many(stream: &mut Stream) -> Option<()> {
    let configurations = stream.configurations();
    let leaders: Vec<(usize, ReplicaView)> =
        stream.replicas().filter(|(_, seen)| seen.role == Role::Leader).collect();
    let (place, seen) = middle(&leaders)?;
    let voters = &configurations.get(&seen.group)?.voters;
    let other = voters.iter().find(|voter| voter.node != seen.node)?;
    let other = ReplicaView { node: other.node, ..seen };
    stream.insert(place + 1, Told::Sight(Sight::Replica(other)));
    Some(())
}

/// Where something that needs a write quorum stands, and where the last copy that it needs became
/// durable: of those that were told for the first time and in time.
fn counted(
    stream: &Stream,
    of: impl Fn(&Fact) -> Option<(u32, EntryId)>,
) -> Option<(usize, usize)> {
    let configurations = stream.configurations();
    let mut highest: BTreeMap<u32, u64> = BTreeMap::new();
    let mut found = Vec::new();
    for (place, fact) in stream.facts() {
        let Some((group, entry)) = of(fact) else { continue };
        let before = highest.entry(group).or_default();
        if entry.index > *before {
            *before = entry.index;
            found.push((place, group, entry));
        }
    }
    // Counting copies takes a walk for each, so only a few of the middle are looked at.
    let skip = found.len() / 2;
    found.into_iter().skip(skip).take(64).find_map(|(place, group, entry)| {
        // So many copies meet every quorum that elects; one fewer does not. A write quorum may ask for more.
        let configuration = configurations.get(&group)?;
        let needed = configuration.voters.len() + 1 - configuration.election_quorum as usize;
        let copies = stream.copies(group, entry, place);
        Some((place, *copies.get(needed - 1)?))
    })
}

fn ack_one_copy_short(stream: &mut Stream) -> Option<()> {
    let (ack, copy) = counted(stream, |fact| {
        let Fact::Acked { group, acks, entry, .. } = fact else { return None };
        acks.is_durable().then_some((*group, *entry))
    })?;
    stream.advance(ack, copy);
    Some(())
}

fn commit_one_copy_short(stream: &mut Stream) -> Option<()> {
    let (commit, copy) = counted(stream, |fact| {
        let Fact::Committed { group, entries, .. } = fact else { return None };
        Some((*group, *entries.last()?))
    })?;
    stream.advance(commit, copy);
    Some(())
}

/// Answers of nodes to calls that ended well at a durable level, all of one call.
fn answers(stream: &Stream) -> Option<Vec<usize>> {
    let kept = middle(&stream.kept())?;
    let answers = stream.facts().filter(
        |(_, fact)| matches!(fact, Fact::Acked { message, .. } if *message == kept.message),
    );
    Some(answers.map(|(place, _)| place).collect())
}

fn ack_unanswered(stream: &mut Stream) -> Option<()> {
    let places = answers(stream)?;
    for place in places.into_iter().rev() {
        stream.told.remove(place);
    }
    Some(())
}

fn ack_weaker(stream: &mut Stream) -> Option<()> {
    for place in answers(stream)? {
        if let Fact::Acked { acks, .. } = stream.fact_mut(place) {
            *acks = Acks::Leader;
        }
    }
    Some(())
}

fn commit_of_another(stream: &mut Stream) -> Option<()> {
    let mut known: BTreeMap<u32, u64> = BTreeMap::new();
    let mut second = Vec::new();
    for (place, fact) in stream.facts() {
        let Fact::Committed { group, entries, .. } = fact else { continue };
        let Some(last) = entries.last() else { continue };
        let before = known.entry(*group).or_default();
        if last.index <= *before {
            second.push(place);
        }
        *before = (*before).max(last.index);
    }
    if let Fact::Committed { entries, .. } = stream.fact_mut(middle(&second)?) {
        entries.last_mut()?.hash ^= 1;
    }
    Some(())
}

fn commit_falls(stream: &mut Stream) -> Option<()> {
    let seen: Vec<(usize, ReplicaView)> =
        stream.replicas().filter(|(_, seen)| seen.commit > 1).collect();
    let (place, seen) = middle(&seen)?;
    let fallen = ReplicaView { commit: seen.commit - 1, ..seen };
    stream.insert(place + 1, Told::Sight(Sight::Replica(fallen)));
    Some(())
}

fn entry_of_another(stream: &mut Stream) -> Option<()> {
    let logs = stream.logs();
    let copies = |last: &EntryId| logs.values().filter(|log| log.contains(last)).count();
    let ((node, group), last) = logs
        .iter()
        .filter_map(|(log, entries)| Some((*log, *entries.last()?)))
        .rfind(|(_, last)| copies(last) > 1)?;
    let is_it = |fact: &Fact| *fact == Fact::Durable { node, group, entry: last };
    let place = stream.facts().rfind(|(_, fact)| is_it(fact))?.0;
    // Whoever became durable last is compared with what stood there.
    let other = EntryId { hash: last.hash ^ 1, ..last };
    *stream.fact_mut(place) = Fact::Durable { node, group, entry: other };
    Some(())
}

fn committed_cut(stream: &mut Stream) -> Option<()> {
    let logs = stream.logs();
    let mut committed: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, fact) in stream.facts() {
        if let Fact::Committed { group, entries, .. } = fact {
            let last = entries.last().map_or(0, |entry| entry.index);
            let known = committed.entry(*group).or_default();
            *known = (*known).max(last);
        }
    }
    let is_committed = |((_, group), entries): &(&(u32, u32), &Vec<EntryId>)| {
        let last = entries.len() as u64;
        last > 0 && committed.get(group).is_some_and(|committed| *committed >= last)
    };
    let ((node, group), entries) = logs.iter().rfind(is_committed)?;
    let end = stream.end();
    let last = entries.len() as u64 - 1;
    stream.insert_fact(end, Fact::DurableCut { node: *node, group: *group, last });
    Some(())
}

/// Entries that were acknowledged at `leader` and still stand on the disk of whoever did: node, group,
/// entry, message.
fn promised(stream: &Stream) -> Vec<(u32, u32, EntryId, u64)> {
    let logs = stream.logs();
    let acked = stream.facts().filter_map(|(_, fact)| {
        let Fact::Acked { node, group, acks: Acks::Leader, entry, message, .. } = fact else {
            return None;
        };
        let log = logs.get(&(*node, *group))?;
        let stands = log.get(entry.index as usize - 1) == Some(entry);
        stands.then_some((*node, *group, *entry, *message))
    });
    acked.collect()
}

fn leader_entry_vanishes(stream: &mut Stream) -> Option<()> {
    // Of the newest term of its group: nobody came after it who could have overruled it.
    let mut terms: BTreeMap<u32, u64> = BTreeMap::new();
    for (_, seen) in stream.replicas() {
        let term = terms.entry(seen.group).or_default();
        *term = (*term).max(seen.term);
    }
    let is_newest =
        |(_, group, entry, _): &(u32, u32, EntryId, u64)| terms.get(group) == Some(&entry.term);
    let (node, group, entry, _) = promised(stream).into_iter().rfind(is_newest)?;
    let (end, last) = (stream.end(), entry.index - 1);
    stream.insert_fact(end, Fact::DurableCut { node, group, last });
    Some(())
}

fn leader_entry_unread(stream: &mut Stream) -> Option<()> {
    let drain = stream.drain();
    let reads = |message: u64| {
        drain.iter().any(|call| {
            let outcome = &stream.calls[*call].outcome;
            let Outcome::Ok(Reply::Fetched { records, .. }) = outcome else { return false };
            records.iter().any(|record| record.message == message)
        })
    };
    let found = promised(stream).into_iter().find(|(.., message)| reads(*message));
    let (_, group, _, message) = found?;
    stream.edit_reads(&drain, group, |records, _| {
        records.retain(|record| record.message != message);
    });
    Some(())
}

fn quorums_apart(stream: &mut Stream) -> Option<()> {
    let configurations = stream.configurations().into_values();
    let mut configuration = configurations.rev().find(|known| known.voters.len() > 2)?;
    (configuration.write_quorum, configuration.election_quorum) = (1, 1);
    let end = stream.end();
    stream.insert_fact(end, Fact::Configured(configuration));
    Some(())
}

fn replica_mut(stream: &mut Stream) -> Option<&mut Fact> {
    let replicas = stream.facts().filter(|(_, fact)| matches!(fact, Fact::Replica { .. }));
    let places: Vec<usize> = replicas.map(|(place, _)| place).collect();
    Some(stream.fact_mut(middle(&places)?))
}

fn digest_off(stream: &mut Stream) -> Option<()> {
    if let Fact::Replica { digest, .. } = replica_mut(stream)? {
        *digest ^= 1;
    }
    Some(())
}

fn replica_short(stream: &mut Stream) -> Option<()> {
    let Fact::Replica { last, .. } = replica_mut(stream)? else { return None };
    *last = last.checked_sub(1)?;
    Some(())
}
