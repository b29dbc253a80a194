//! **claim_witness**: when a frame that claims durability leaves a node, that node's disk already
//! covers the claim (S4, S9; DESIGN 5). A claim speaks under a term, and covers that, too: what is
//! claimed under a term that a power loss takes back is claimed by nobody afterwards, for the node may
//! follow the leader of an older term and cut what the leader of the newer one has counted.
//!
//! A missing flush shows here at once, without a crash at an unlucky moment. An acknowledgement to a
//! client would not show it: a remote hop hides a flush that comes late. It never asks whether the
//! claim was *useful*, only whether it was true when it was made.

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{Claim, EntryId, Fact, FactKind, Group, Node},
    history::{MessageId, Offset, Stamp},
    truth::DiskTruth,
    verdict::{Evidence, Line, Verdict},
};
use std::collections::VecDeque;

/// Recent acknowledgements of each group that are kept to name the message behind an index.
const RECENT_MAX: usize = 64;
/// Claims that a certain violation waits for its message to be acknowledged, before a run may stop.
const PATIENCE: u32 = 2_000;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct ClaimWitness {
    claims: u64,
    /// False claims about the entries of a partition: they can name a message, so they are told first.
    breach: Breach,
    /// False votes, claims under a term that is not durable, and false claims about metadata.
    others: Breach,
    /// False claims that may yet name a message: the group, the entries that they cover and their disk
    /// did not hold, and the evidence. The first that an acknowledgement names is told.
    unnamed: VecDeque<Unnamed>,
    /// The claim that is told, until its flush has ended.
    told: Option<Unflushed>,
    /// Whom the claim at hand is told.
    told_to: Option<Node>,
    is_named: bool,
    patience: u32,
    recent: Vec<VecDeque<(Stamp, EntryId, Offset, MessageId)>>,
}

/// A false claim that may yet name a message.
#[derive(Debug)]
struct Unnamed {
    group: Group,
    covers: std::ops::RangeInclusive<u64>,
    unflushed: Option<Unflushed>,
    evidence: Evidence,
}

/// A flush that ought to have ended before a claim.
#[derive(Clone, Copy, Debug)]
struct Unflushed {
    node: Node,
    group: Group,
    index: u64,
    claimed: Stamp,
}

impl Unflushed {
    /// The line that says when it ended at last, if it is this one.
    fn ends(self, at: Stamp, (node, group, index): (Node, Group, u64)) -> Option<Line> {
        let is_it = (self.node, self.group) == (node, group) && index >= self.index;
        let late_us = (at.at_ns - self.claimed.at_ns) / 1_000;
        is_it.then(|| {
            let (ms, us) = (late_us / 1_000, late_us % 1_000);
            let text = format!(
                "n{node}: disk: holds index {} at last, {ms}.{us:03} ms after it was claimed",
                self.index
            );
            line(at, text)
        })
    }
}

impl Checker for ClaimWitness {
    fn name(&self) -> &'static str {
        "claim_witness"
    }

    fn topics(&self) -> &'static [Topic] {
        &[]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Claimed, FactKind::Acked, FactKind::Durable]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let truth = &shared.disks;
        match event {
            Event::Fact(Fact::Claimed { node, to, group, claim }) => {
                self.told_to = *to;
                self.claims += 1;
                self.patience = self.patience.saturating_sub(1);
                match claim {
                    Claim::Append { term, index, hash } => {
                        self.judge_term(at, (*node, *group), *term, truth);
                        self.judge_append(at, (*node, *group), (*term, *index, *hash), truth);
                    }
                    Claim::Vote { term, candidate } => {
                        self.judge_vote(at, (*node, *group), (*term, *candidate), truth);
                    }
                }
            }
            Event::Fact(Fact::Acked { group, entry, offset, message, .. }) => {
                self.name_message(*group, (at, *entry, *offset, *message));
                let recent = seat(&mut self.recent, *group);
                if recent.len() == RECENT_MAX {
                    recent.pop_front();
                }
                recent.push_back((at, *entry, *offset, *message));
            }
            Event::Fact(Fact::Durable { node, group, entry }) => {
                self.note_flush(at, (*node, *group, entry.index));
            }
            Event::Fact(_)
            | Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Seen(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let ClaimWitness { claims, mut breach, others, .. } = *self;
        match breach.evidence_mut() {
            Some(evidence) => evidence.count += others.count(),
            None => breach = others,
        }
        breach.verdict_or(|| {
            Verdict::holds_if_covered(claims, "no frame claimed that anything is durable")
        })
    }

    fn is_breached(&self) -> bool {
        self.is_named || ((self.breach.is_some() || self.others.is_some()) && self.patience == 0)
    }
}

impl ClaimWitness {
    fn judge_append(
        &mut self,
        at: Stamp,
        (node, group): (Node, Group),
        (term, index, hash): (u64, u64, u64),
        truth: &DiskTruth,
    ) {
        let log = truth.log(node, group);
        let held = log.get(index);
        if index == 0 || held.is_some_and(|held| held.hash == hash) {
            return;
        }
        self.wait_for_a_name();
        let to = self.told_to.map_or(String::new(), |to| format!(" to n{to}"));
        let reach = log.last().map_or(0, |last| last.index);
        let compose = || {
            let text = match held {
                Some(held) => format!(
                    "n{node}: disk: index {index} is term {} hash {:016x}, not the claimed hash \
                     {hash:016x}",
                    held.term, held.hash
                ),
                None => format!("n{node}: disk: ends at index {reach}, {} short", index - reach),
            };
            Evidence {
                summary: format!(
                    "n{node} claimed{to} under term {term} that its log of partition {group} is \
                     durable up to index {index}, and its disk did not hold that entry (S9)"
                ),
                lines: vec![line(at, text), line(at, whereabouts(truth, group, index, hash))],
                node: Some(node),
                partition: Some(group),
                ..Evidence::default()
            }
        };
        if group == 0 {
            return self.others.add(compose);
        }
        if !self.is_named {
            if self.unnamed.len() == RECENT_MAX {
                self.unnamed.pop_front();
            }
            self.unnamed.push_back(Unnamed {
                group,
                covers: reach.min(index - 1) + 1..=index,
                unflushed: Some(Unflushed { node, group, index, claimed: at }),
                evidence: compose(),
            });
        }
        self.breach.add(compose);
        if !self.is_named {
            let recent = seat(&mut self.recent, group).clone();
            recent.into_iter().for_each(|acked| self.name_message(group, acked));
        }
    }

    /// A vote's term is judged with the vote.
    fn judge_term(
        &mut self,
        at: Stamp,
        (node, group): (Node, Group),
        term: u64,
        truth: &DiskTruth,
    ) {
        let (durable, _) = truth.log(node, group).vote;
        if durable >= term {
            return;
        }
        self.wait_for_a_name();
        self.others.add(|| Evidence {
            summary: format!(
                "n{node} claimed under term {term} that its log of partition {group} is durable, \
                 and its disk did not hold that term (S4)"
            ),
            lines: vec![line(
                at,
                format!("n{node}: disk: term {durable}, {} short", term - durable),
            )],
            node: Some(node),
            partition: Some(group),
            ..Evidence::default()
        });
    }

    fn judge_vote(
        &mut self,
        at: Stamp,
        (node, group): (Node, Group),
        (term, candidate): (u64, Node),
        truth: &DiskTruth,
    ) {
        let (durable, vote) = truth.log(node, group).vote;
        if durable > term || (durable == term && vote == Some(candidate)) {
            return;
        }
        self.wait_for_a_name();
        self.others.add(|| {
            let held = match vote {
                Some(vote) => format!("term {durable} and a vote for n{vote}"),
                None => format!("term {durable} and no vote"),
            };
            Evidence {
                summary: format!(
                    "n{node} gave n{candidate} its vote of term {term} in partition {group}, and \
                     its disk did not hold that vote (S4)"
                ),
                lines: vec![line(at, format!("n{node}: disk: {held}"))],
                node: Some(node),
                partition: Some(group),
                ..Evidence::default()
            }
        });
    }

    /// The first breach of all begins the wait for one that names its message.
    fn wait_for_a_name(&mut self) {
        if !self.breach.is_some() && !self.others.is_some() {
            self.patience = PATIENCE;
        }
    }

    /// Tells the first false claim that covers an acknowledged message, and names it.
    fn name_message(&mut self, group: Group, acked: (Stamp, EntryId, Offset, MessageId)) {
        let (at, entry, offset, message) = acked;
        let covers =
            |unnamed: &Unnamed| unnamed.group == group && unnamed.covers.contains(&entry.index);
        let Some(place) = self.unnamed.iter().position(covers) else { return };
        let Unnamed { unflushed, evidence: mut named, .. } =
            self.unnamed.remove(place).expect("it was found");
        self.unnamed.clear();
        self.is_named = true;
        self.told = unflushed;
        named.offset = Some(offset);
        named.message = Some(message);
        named.summary += &format!("; it covers m{message}, acknowledged at offset {offset}");
        named.lines.push(line(at, format!("m{message} is acknowledged to its client")));
        named.lines.sort_by_key(|line| line.ordinal);
        if let Some(evidence) = self.breach.evidence_mut() {
            named.count = evidence.count;
            *evidence = named;
        }
    }

    /// A flush ended: perhaps the one that a claim ran ahead of.
    fn note_flush(&mut self, at: Stamp, flushed: (Node, Group, u64)) {
        for unnamed in &mut self.unnamed {
            if let Some(line) = unnamed.unflushed.and_then(|open| open.ends(at, flushed)) {
                unnamed.unflushed = None;
                unnamed.evidence.lines.push(line);
            }
        }
        if let Some(line) = self.told.and_then(|open| open.ends(at, flushed)) {
            self.told = None;
            if let Some(evidence) = self.breach.evidence_mut() {
                evidence.lines.push(line);
            }
        }
    }
}

/// Whose disk holds the entry.
fn whereabouts(truth: &DiskTruth, group: Group, index: u64, hash: u64) -> String {
    let holds =
        |node: &Node| truth.log(*node, group).get(index).is_some_and(|entry| entry.hash == hash);
    let holders: Vec<String> =
        (1..=truth.node_max(group)).filter(holds).map(|node| format!("n{node}")).collect();
    match holders.is_empty() {
        true => format!("index {index} of partition {group} is durable on no disk at all"),
        false => format!("index {index} of partition {group} is durable on {}", holders.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, entry, evidence, holds};

    fn claim(node: Node, index: u64, hash: u64) -> Fact {
        Fact::Claimed { node, to: None, group: 1, claim: Claim::Append { term: 1, index, hash } }
    }

    /// A disk of a node that has voted in term 1.
    fn in_term(node: Node, term: u64) -> Fact {
        Fact::DurableVote { node, group: 1, term, vote: None }
    }

    /// Every node stands in term 1, durably.
    fn world() -> World {
        let mut world = World::of("claim_witness");
        (1..=3).for_each(|node| world.fact(in_term(node, 1)));
        world
    }

    #[test]
    fn a_claim_that_the_disk_covers_holds() {
        let mut world = world();
        world.fact(claim(2, 0, 0));
        world.durable(2, entry(1, 1));
        world.fact(claim(2, 1, entry(1, 1).hash));
        assert_eq!(holds(&world.verdict()), 2);
    }

    #[test]
    fn a_claim_before_the_flush_is_a_violation_without_any_crash() {
        let mut world = world();
        world.durable(1, entry(1, 1));
        world.fact(claim(2, 1, entry(1, 1).hash));
        assert!(!world.bench.is_breached(), "it waits for the message's name");
        world.durable(2, entry(1, 1));
        world.acked(1, entry(1, 1), 40, 77);
        assert!(world.bench.is_breached());
        let evidence = evidence(world.verdict());
        assert_eq!((evidence.node, evidence.partition), (Some(2), Some(1)));
        assert_eq!((evidence.offset, evidence.message), (Some(40), Some(77)));
        assert!(evidence.lines[0].text.contains("ends at index 0, 1 short"), "{evidence:?}");
        assert!(evidence.lines[1].text.contains("durable on n1"), "{evidence:?}");
        assert!(evidence.lines[2].text.contains("holds index 1 at last"), "{evidence:?}");
        assert!(evidence.lines[3].text.contains("m77 is acknowledged"), "{evidence:?}");
    }

    #[test]
    fn an_earlier_acknowledgement_names_the_message_of_a_late_false_claim() {
        let mut world = world();
        world.acked(1, entry(1, 1), 40, 77);
        world.fact(claim(3, 1, entry(1, 1).hash));
        assert_eq!(evidence(world.verdict()).message, Some(77));
    }

    #[test]
    fn another_entry_at_the_claimed_index_does_not_cover_it() {
        let mut world = world();
        world.durable(2, entry(1, 1));
        world.fact(claim(2, 1, entry(2, 1).hash));
        assert!(evidence(world.verdict()).lines[0].text.contains("not the claimed hash"));
    }

    #[test]
    fn a_vote_must_be_durable_before_it_leaves() {
        let vote = |term, candidate| Fact::Claimed {
            node: 2,
            to: None,
            group: 1,
            claim: Claim::Vote { term, candidate },
        };
        let durable = |term, vote| Fact::DurableVote { node: 2, group: 1, term, vote };
        let mut world = World::of("claim_witness");
        world.fact(durable(3, Some(1)));
        world.fact(vote(3, 1));
        world.fact(vote(2, 3)); // it has moved on: no vote of term 2 can be given again
        assert_eq!(holds(&world.verdict()), 2);
        for unkept in [durable(2, None), durable(3, None), durable(3, Some(4))] {
            let mut world = World::of("claim_witness");
            world.fact(unkept);
            world.fact(vote(3, 1));
            assert_eq!(evidence(world.verdict()).node, Some(2));
        }
    }

    #[test]
    fn a_false_claim_that_names_a_message_is_told_before_a_false_vote() {
        let mut world = world();
        let claim = Claim::Vote { term: 2, candidate: 1 };
        world.fact(Fact::Claimed { node: 2, to: None, group: 1, claim });
        world.fact(self::claim(3, 1, entry(1, 1).hash));
        world.acked(1, entry(1, 1), 0, 8);
        let evidence = evidence(world.verdict());
        assert_eq!((evidence.node, evidence.count), (Some(3), 2));
        assert_eq!((evidence.offset, evidence.message), (Some(0), Some(8)));
    }

    #[test]
    fn a_claim_under_a_term_that_is_not_durable_is_a_violation_though_its_entry_is() {
        let mut world = World::of("claim_witness");
        world.durable(2, entry(1, 1));
        world.fact(claim(2, 1, entry(1, 1).hash));
        let evidence = evidence(world.verdict());
        assert_eq!((evidence.node, evidence.partition, evidence.count), (Some(2), Some(1), 1));
        assert!(evidence.summary.contains("its disk did not hold that term"), "{evidence:?}");
        assert!(evidence.lines[0].text.contains("term 0, 1 short"), "{evidence:?}");
    }

    #[test]
    fn a_term_that_a_power_loss_took_back_covers_nothing_any_more() {
        let mut world = world();
        world.durable(2, entry(1, 1));
        world.fact(in_term(2, 3));
        world.fact(Fact::Claimed {
            node: 2,
            to: None,
            group: 1,
            claim: Claim::Append { term: 3, index: 1, hash: entry(1, 1).hash },
        });
        world.fact(claim(2, 1, entry(1, 1).hash)); // a newer term covers an older claim
        world.fact(in_term(2, 2));
        let late = Claim::Append { term: 3, index: 0, hash: 0 };
        world.fact(Fact::Claimed { node: 2, to: None, group: 1, claim: late });
        assert_eq!(evidence(world.verdict()).count, 1);
    }

    #[test]
    fn without_a_claim_it_is_vacuous() {
        let mut world = World::of("claim_witness");
        world.durable(1, entry(1, 1));
        assert!(matches!(world.verdict(), Verdict::Unknown(why) if why.starts_with("vacuous")));
    }
}
