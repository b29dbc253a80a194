//! **ack_witness**: from the moment an acknowledgement at `quorum` leaves a node, nobody who lacks
//! the entry can be elected (DESIGN 5; Ongaro 3.6, S1-S3, S14).
//!
//! For each voter whose durable log lacks exactly that entry, fewer than an election quorum of
//! voters have durable logs no newer than its own, where newer compares (last term, last index) as
//! elections do and the voter counts as one that votes for itself. `region_quorum` must in addition
//! survive the loss of any one region; `leader` is judged on the sender's own disk. It is asked at
//! emission, whenever a durable log shrinks, when the configuration changes, and when a log without
//! the entry overtakes it.
//!
//! Counting copies is not enough. Raft's Figure 8, five voters, election quorum 3:
//! 1. n1 leads term 2 and writes entry (index 2, term 2) to itself and n2.
//! 2. n5 is elected for term 3 by n3 and n4, and writes (2, 3) to its own disk only.
//! 3. n1 is elected for term 4 and goes on to copy its old entry (2, 2), now to n3.
//! 4. Three of five disks hold (2, 2): by count it is safe, and n1 acknowledges it.
//! 5. But n5's last entry (2, 3) is newer than (2, 2): n2, n3, n4 and n5 would elect n5, which then
//!    overwrites the acknowledged entry everywhere. The acknowledgement in step 4 was the violation.
//!
//! Why looking at the highest acknowledged entry is enough later on: the voter with the newest log
//! could be elected by all, so while every promise stands it holds every acknowledged entry, and they
//! all lie on one chain of hashes. Who lacks an entry of a chain lacks every later one; so the
//! predicate that holds for the highest holds for all below, and the lowest broken one is found by
//! halving.

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{Configuration, EntryId, Fact, FactKind, Group, Node},
    history::{Acks, MessageId, Offset, Stamp},
    truth::DiskTruth,
    verdict::{Evidence, Line, Verdict},
};

/// An entry that was acknowledged at a durable level, with the message that it is known by.
#[derive(Clone, Copy, Debug)]
struct Acked {
    entry: EntryId,
    offset: Offset,
    message: MessageId,
    at: Stamp,
    node: Node,
    acks: Acks,
}

/// The acknowledged entries of one group.
#[derive(Debug, Default)]
struct Ledger {
    /// By index; nearly always appended to.
    chain: Vec<Acked>,
    /// The highest that was acknowledged at `region_quorum`, as a place in `chain`.
    regional: Option<usize>,
    /// Whether the group's promises are already broken: later changes of disks add nothing.
    is_broken: bool,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct AckWitness {
    ledgers: Vec<Ledger>,
    evaluated: u64,
    unconfigured: Option<Group>,
    breach: Breach,
}

impl Checker for AckWitness {
    fn name(&self) -> &'static str {
        "ack_witness"
    }

    fn topics(&self) -> &'static [Topic] {
        &[]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Configured, FactKind::Acked, FactKind::Durable, FactKind::DurableCut]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let truth = &shared.disks;
        match event {
            Event::Fact(Fact::Acked { node, group, acks, entry, offset, message }) => {
                let (node, acks, entry) = (*node, *acks, *entry);
                let acked = Acked { entry, offset: *offset, message: *message, at, node, acks };
                self.judge_emission(*group, acked, truth);
            }
            Event::Fact(Fact::Durable { node, group, entry }) => {
                let Some(ledger) = self.ledgers.get(*group as usize) else { return };
                let Some(highest) = ledger.chain.last() else { return };
                // Only a log that lacks the entry and now looks newer can gain votes by growing.
                let is_newer =
                    (entry.term, entry.index) >= (highest.entry.term, highest.entry.index);
                if is_newer && !truth.log(*node, *group).has(highest.entry) {
                    self.judge_again(at, *group, truth);
                }
            }
            Event::Fact(Fact::DurableCut { group, .. }) => self.judge_again(at, *group, truth),
            Event::Fact(Fact::Configured(configuration)) => {
                self.judge_again(at, configuration.group, truth)
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
        let AckWitness { evaluated, unconfigured, breach, .. } = *self;
        breach.verdict_or(|| match unconfigured {
            Some(group) => Verdict::Unknown(format!(
                "an acknowledgement left in partition {group} before its configuration was known"
            )),
            None => Verdict::holds_if_covered(evaluated, "no acknowledgement left any node"),
        })
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl AckWitness {
    fn judge_emission(&mut self, group: Group, acked: Acked, truth: &DiskTruth) {
        match acked.acks {
            Acks::None => return,
            Acks::Leader => {
                self.evaluated += 1;
                if !truth.log(acked.node, group).has(acked.entry) {
                    self.breach.add(|| unkept_by_leader(group, &acked, truth));
                }
                return;
            }
            Acks::Quorum | Acks::RegionQuorum => {}
        }
        let Some(configuration) = truth.configuration(group) else {
            self.unconfigured.get_or_insert(group);
            return;
        };
        self.evaluated += 1;
        let ledger = seat(&mut self.ledgers, group);
        if let Some(flaw) = flaw(configuration, acked.entry, acked.acks, truth) {
            self.breach.add(|| unsafe_entry(configuration, &acked, acked.at, &flaw, truth));
            ledger.is_broken = true;
        }
        ledger.insert(acked);
    }

    /// Some disk changed for the worse: asks whether every promise of the group still stands.
    fn judge_again(&mut self, at: Stamp, group: Group, truth: &DiskTruth) {
        let Some(ledger) = self.ledgers.get_mut(group as usize) else { return };
        let Some(configuration) = truth.configuration(group) else { return };
        if ledger.is_broken || ledger.chain.is_empty() {
            return;
        }
        self.evaluated += 1;
        let Some((acked, flaw, count)) = ledger.first_unsafe(configuration, truth) else { return };
        self.breach.add_many(count, || unsafe_entry(configuration, &acked, at, &flaw, truth));
        ledger.is_broken = true;
    }
}

impl Ledger {
    fn insert(&mut self, acked: Acked) {
        let index = acked.entry.index;
        if self.chain.last().is_none_or(|highest| highest.entry.index < index) {
            if acked.acks == Acks::RegionQuorum {
                self.regional = Some(self.chain.len());
            }
            self.chain.push(acked);
            return;
        }
        match self.chain.binary_search_by_key(&index, |acked| acked.entry.index) {
            Ok(place) => self.repeat(place, acked.acks),
            Err(place) => {
                self.chain.insert(place, acked);
                self.find_regional();
            }
        }
    }

    /// A repeated acknowledgement, or that of another call in the same entry: the stronger counts.
    fn repeat(&mut self, place: usize, acks: Acks) {
        if acks > self.chain[place].acks {
            self.chain[place].acks = acks;
            self.find_regional();
        }
    }

    fn find_regional(&mut self) {
        self.regional = self.chain.iter().rposition(|acked| acked.acks == Acks::RegionQuorum);
    }

    /// The lowest entry whose promise no longer stands, why, and how many there are.
    fn first_unsafe(
        &self,
        configuration: &Configuration,
        truth: &DiskTruth,
    ) -> Option<(Acked, Flaw, u64)> {
        let ask = |acked: &Acked| flaw(configuration, acked.entry, acked.acks, truth);
        let regional = self.regional.map(|place| &self.chain[place]);
        if ask(self.chain.last()?).is_none() && regional.and_then(ask).is_none() {
            return None;
        }
        // The lack grows with the index. What a region's loss takes is asked of regional entries
        // only, and of each by itself where those of `quorum` still stand.
        let first = self.chain.partition_point(|acked| {
            flaw(configuration, acked.entry, Acks::RegionQuorum, truth).is_none()
        });
        let mut broken = self.chain[first..].iter().filter_map(|acked| Some((*acked, ask(acked)?)));
        let (acked, flaw) = broken.next()?;
        Some((acked, flaw, 1 + broken.count() as u64))
    }
}

/// Why a promise does not stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// This voter lacks the entry and these could elect it.
    Electable { node: Node, by: Vec<Node> },
    /// No voter outside this region holds the entry.
    OneRegion { region: u32 },
}

/// Whether the promise of this entry stands on the disks as they are, and if not, why.
pub(super) fn flaw(
    c: &Configuration,
    entry: EntryId,
    acks: Acks,
    truth: &DiskTruth,
) -> Option<Flaw> {
    let log = |node: Node| truth.log(node, c.group);
    let last = |node: Node| log(node).last().map_or((0, 0), |last| (last.term, last.index));
    for voter in &c.voters {
        if log(voter.node).has(entry) {
            continue;
        }
        let own = last(voter.node);
        let votes = || c.voters.iter().map(|voter| voter.node).filter(|node| last(*node) <= own);
        if votes().count() >= c.election_quorum as usize {
            return Some(Flaw::Electable { node: voter.node, by: votes().collect() });
        }
    }
    // After the loss of a region the same number of votes must come from fewer voters, so whoever
    // could be elected then can be elected now, which was just ruled out. What is left to ask is
    // whether a copy remains at all.
    let is_regional = acks == Acks::RegionQuorum;
    let holds_outside = |region: u32| {
        c.voters.iter().any(|voter| voter.region != region && log(voter.node).has(entry))
    };
    let regions = c.voters.iter().map(|voter| voter.region);
    let alone = regions.filter(|region| is_regional && !holds_outside(*region)).min();
    alone.map(|region| Flaw::OneRegion { region })
}

fn unsafe_entry(
    configuration: &Configuration,
    acked: &Acked,
    at: Stamp,
    flaw: &Flaw,
    truth: &DiskTruth,
) -> Evidence {
    let Acked { entry, offset, message, acks, .. } = *acked;
    let group = configuration.group;
    let why = match flaw {
        Flaw::Electable { node, by } => {
            let by: Vec<String> = by.iter().map(|node| format!("n{node}")).collect();
            format!(
                "n{node} lacks the entry and could be elected by {} ({} votes elect)",
                by.join(", "),
                configuration.election_quorum
            )
        }
        Flaw::OneRegion { region } => {
            format!("no disk outside region {region} holds the entry")
        }
    };
    let mut lines = vec![line(
        acked.at,
        format!(
            "n{}: acknowledged m{message} at offset {offset} of partition {group} at `{}` (entry \
             {}, term {})",
            acked.node,
            acks.name(),
            entry.index,
            entry.term
        ),
    )];
    lines.extend(configuration.voters.iter().map(|voter| {
        let log = truth.log(voter.node, group);
        disk_line(at, voter.node, Some(voter.region), log.last(), log.get(entry.index), entry)
    }));
    lines.extend(winning_line(at, configuration, flaw, truth));
    Evidence {
        summary: format!(
            "m{message} was acknowledged at `{}` at offset {offset} of partition {group}, and {why}",
            acks.name()
        ),
        lines,
        node: Some(match flaw {
            Flaw::Electable { node, .. } => *node,
            Flaw::OneRegion { .. } => acked.node,
        }),
        partition: Some(group),
        offset: Some(offset),
        message: Some(message),
        count: 1,
    }
}

fn unkept_by_leader(group: Group, acked: &Acked, truth: &DiskTruth) -> Evidence {
    let Acked { entry, offset, message, at, node, .. } = *acked;
    let log = truth.log(node, group);
    Evidence {
        summary: format!(
            "n{node} acknowledged m{message} at `leader` at offset {offset} of partition {group}, \
             and its own disk did not hold the entry"
        ),
        lines: vec![disk_line(at, node, None, log.last(), log.get(entry.index), entry)],
        node: Some(node),
        partition: Some(group),
        offset: Some(offset),
        message: Some(message),
        count: 1,
    }
}

/// Why who lacks the entry can win an election, in numbers.
pub(super) fn winning_line(
    at: Stamp,
    c: &Configuration,
    flaw: &Flaw,
    truth: &DiskTruth,
) -> Option<Line> {
    let Flaw::Electable { node, by } = flaw else { return None };
    let end = |node: Node| match truth.log(node, c.group).last() {
        Some(last) => format!("at index {} of term {}", last.index, last.term),
        None => "before its first entry".to_owned(),
    };
    let others = by.iter().filter(|it| *it != node);
    let others: Vec<String> = others.map(|it| format!("n{it} {}", end(*it))).collect();
    let others = match others.as_slice() {
        [] => "it needs no other's vote".to_owned(),
        [..] => format!("no log of these is newer, so each may vote for it: {}", others.join(", ")),
    };
    Some(line(
        at,
        format!(
            "n{node} can win: its log ends {}; {others}; {} of {} votes elect, its own with them",
            end(*node),
            c.election_quorum,
            c.voters.len()
        ),
    ))
}

/// What one disk holds, seen from one entry.
pub(super) fn disk_line(
    at: Stamp,
    node: Node,
    region: Option<u32>,
    last: Option<EntryId>,
    held: Option<EntryId>,
    entry: EntryId,
) -> Line {
    let place = region.map_or(String::new(), |region| format!(" (region {region})"));
    let end = match last {
        Some(last) => format!("ends at index {} term {}", last.index, last.term),
        None => "is empty".to_owned(),
    };
    let has = match held {
        Some(held) if held == entry => "holds the entry".to_owned(),
        Some(held) => format!("holds term {} hash {:016x} in its place", held.term, held.hash),
        None => "lacks the entry".to_owned(),
    };
    line(at, format!("n{node}{place}: disk: {has}, {end}"))
}

#[cfg(test)]
mod tests;
