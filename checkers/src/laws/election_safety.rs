//! **election_safety**: in each group each term has at most one leader, for ever and across restarts;
//! it was elected by a quorum; each node gives one vote in a term, for ever; and no term ever
//! decreases on a disk or in a living process (Ongaro 3.4 and 3.8; S4, S5; messaging.md 2.B).
//!
//! A second leader is seen even if nobody follows it, because nodes say so of themselves. Votes are
//! looked at where they bind: on the disk of who gave them, and in the frames that carry them. Both
//! go into one book, so a vote that was claimed for one candidate and is durable for another is a
//! double vote whichever came first. Whether a claimed vote was durable *in time* is the question of
//! `claim_witness`.
//!
//! Without a known configuration nobody can say how many votes elect, and only that part is left out.

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{Claim, Fact, FactKind, Group, Node, ReplicaView, Role},
    history::Stamp,
    truth::DiskTruth,
    verdict::{Evidence, Line, Verdict},
};
use std::collections::BTreeMap;

/// One vote, as it was first seen.
#[derive(Clone, Copy, Debug)]
struct Vote {
    voter: Node,
    candidate: Node,
    at: Stamp,
    /// Seen on the voter's disk; else in a frame.
    is_durable: bool,
}

/// What one replica is bound by.
#[derive(Clone, Copy, Debug, Default)]
struct Bond {
    /// Term, vote and time of the last that was told of its disk.
    durable: (u64, Option<Node>, Stamp),
    /// The term that its process was last seen in; 0 when it has just begun.
    alive: u64,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct ElectionSafety {
    leaders: BTreeMap<(Group, u64), (Node, Stamp)>,
    /// The last leader seen in each group: nearly every look at a replica repeats it.
    latest: Vec<(u64, Node)>,
    /// Elections are rare, and each has few voters.
    votes: BTreeMap<(Group, u64), Vec<Vote>>,
    votes_count: u64,
    /// By node, then group.
    bonds: Vec<Vec<Bond>>,
    breach: Breach,
}

impl Checker for ElectionSafety {
    fn name(&self) -> &'static str {
        "election_safety"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Replicas]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Claimed, FactKind::DurableVote, FactKind::Stopped]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Seen(replica) => {
                self.judge_process(at, replica);
                if replica.role == Role::Leader {
                    self.judge_leader(at, replica, &shared.disks);
                }
            }
            Event::Fact(Fact::Claimed {
                node,
                group,
                claim: Claim::Vote { term, candidate },
                ..
            }) => {
                let vote = Vote { voter: *node, candidate: *candidate, at, is_durable: false };
                self.judge_vote(*group, *term, vote);
            }
            Event::Fact(Fact::DurableVote { node, group, term, vote }) => {
                self.judge_disk(at, (*node, *group), (*term, *vote));
                if let Some(candidate) = *vote {
                    let vote = Vote { voter: *node, candidate, at, is_durable: true };
                    self.judge_vote(*group, *term, vote);
                }
            }
            Event::Fact(Fact::Stopped { node }) => {
                seat(&mut self.bonds, *node).iter_mut().for_each(|bond| bond.alive = 0);
            }
            Event::Fact(_)
            | Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let covered = self.leaders.len() as u64 + self.votes_count;
        self.breach.verdict_or(|| {
            Verdict::holds_if_covered(covered, "no leader and no vote was ever seen")
        })
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl ElectionSafety {
    fn judge_leader(&mut self, at: Stamp, replica: &ReplicaView, truth: &DiskTruth) {
        let ReplicaView { node, group, term, .. } = *replica;
        let latest = seat(&mut self.latest, group);
        if *latest == (term, node) {
            return;
        }
        *latest = (term, node);
        let (first, since) = *self.leaders.entry((group, term)).or_insert((node, at));
        if first != node {
            self.breach.add(|| Evidence {
                summary: format!(
                    "two_leaders: term {term} of partition {group} has two leaders, n{first} and \
                     n{node}"
                ),
                lines: vec![
                    line(since, format!("n{first}: leads partition {group} in term {term}")),
                    line(at, format!("n{node}: leads partition {group} in term {term}")),
                ],
                node: Some(node),
                partition: Some(group),
                ..Evidence::default()
            });
        }
        let Some(configuration) = truth.configuration(group) else { return };
        let known = self.votes.get(&(group, term)).map_or(&[][..], |votes| votes);
        let is_voter = |node: Node| configuration.voters.iter().any(|voter| voter.node == node);
        let gave = |vote: &&Vote| vote.candidate == node && is_voter(vote.voter);
        let count = known.iter().filter(gave).count();
        let wanted = configuration.election_quorum;
        if count < wanted as usize {
            let mut lines: Vec<Line> =
                known.iter().take(10).map(|vote| vote_line(group, term, vote)).collect();
            lines.push(line(at, format!("n{node}: leads partition {group} in term {term}")));
            self.breach.add(|| Evidence {
                summary: format!(
                    "unelected_leader: n{node} leads partition {group} in term {term} with {count} \
                     votes, and {wanted} elect"
                ),
                lines,
                node: Some(node),
                partition: Some(group),
                ..Evidence::default()
            });
        }
    }

    /// One vote for each term, wherever it shows.
    fn judge_vote(&mut self, group: Group, term: u64, vote: Vote) {
        let votes = self.votes.entry((group, term)).or_default();
        let Some(first) = votes.iter().find(|known| known.voter == vote.voter) else {
            votes.push(vote);
            self.votes_count += 1;
            return;
        };
        if first.candidate == vote.candidate {
            return;
        }
        let (voter, first) = (vote.voter, *first);
        self.breach.add(|| Evidence {
            summary: format!(
                "double_vote: n{voter} gave its vote of term {term} in partition {group} to n{} and \
                 to n{} (S4)",
                first.candidate, vote.candidate
            ),
            lines: vec![vote_line(group, term, &first), vote_line(group, term, &vote)],
            node: Some(voter),
            partition: Some(group),
            ..Evidence::default()
        });
    }

    /// What a disk once knew of terms and votes it never forgets.
    fn judge_disk(
        &mut self,
        at: Stamp,
        (node, group): (Node, Group),
        (term, vote): (u64, Option<Node>),
    ) {
        let bond = seat(seat(&mut self.bonds, node), group);
        let (old, old_vote, since) = std::mem::replace(&mut bond.durable, (term, vote, at));
        let (rule, what) = match (term.cmp(&old), old_vote, vote) {
            (std::cmp::Ordering::Less, _, _) => {
                ("term_regression", format!("its term fell from {old} to {term}"))
            }
            (std::cmp::Ordering::Equal, Some(candidate), None) => {
                ("vote_forgotten", format!("its vote of term {term} for n{candidate} is gone"))
            }
            // A vote that changes is a double vote.
            (std::cmp::Ordering::Equal | std::cmp::Ordering::Greater, _, _) => return,
        };
        let told = |term: u64, vote: Option<Node>| match vote {
            Some(candidate) => format!("n{node}: disk: term {term}, vote for n{candidate}"),
            None => format!("n{node}: disk: term {term}, no vote"),
        };
        self.breach.add(|| Evidence {
            summary: format!("{rule}: on the disk of n{node} in partition {group} {what} (S4)"),
            lines: vec![line(since, told(old, old_vote)), line(at, told(term, vote))],
            node: Some(node),
            partition: Some(group),
            ..Evidence::default()
        });
    }

    fn judge_process(&mut self, at: Stamp, replica: &ReplicaView) {
        let ReplicaView { node, group, term, .. } = *replica;
        let bond = seat(seat(&mut self.bonds, node), group);
        let before = std::mem::replace(&mut bond.alive, term);
        if term < before {
            self.breach.add(|| Evidence {
                summary: format!(
                    "term_regression: n{node} went from term {before} of partition {group} back to \
                     {term} while its process lived (S4)"
                ),
                lines: vec![line(at, format!("n{node}: is in term {term}, was in {before}"))],
                node: Some(node),
                partition: Some(group),
                ..Evidence::default()
            });
        }
    }
}

fn vote_line(group: Group, term: u64, vote: &Vote) -> Line {
    let Vote { voter, candidate, at, is_durable } = *vote;
    let place = if is_durable { "disk" } else { "sent" };
    line(
        at,
        format!("n{voter}: {place}: vote of term {term} in partition {group} for n{candidate}"),
    )
}

#[cfg(test)]
mod tests;
