//! **leader_completeness**: what a node holds to be committed, every later leader has (Ongaro 3.6.3;
//! S11, C1). Judged on the disks at the moment when a commit is first told: nobody who lacks the entry
//! could be elected.
//!
//! Counting copies proves nothing here either (Raft Figure 8, see `ack_witness`): an entry of an old
//! term may stand on a majority and still be outvoted. A leader that commits it has broken the law,
//! whether or not anyone is elected to show it.

use super::ack_witness::{Flaw, disk_line, flaw, winning_line};
use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    facts::{EntryId, Fact, FactKind, Group, Node},
    history::{Acks, MessageId, Offset, Stamp},
    truth::DiskTruth,
    verdict::{Evidence, Verdict},
};

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct LeaderCompleteness {
    /// By group, how far commits have been told.
    told: Vec<u64>,
    judged: u64,
    unconfigured: u64,
    breach: Breach,
}

impl Checker for LeaderCompleteness {
    fn name(&self) -> &'static str {
        "leader_completeness"
    }

    fn topics(&self) -> &'static [Topic] {
        &[]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Committed]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let truth = &shared.disks;
        let Event::Fact(Fact::Committed { node, group, entries, message }) = event else { return };
        let Some(last) = entries.last() else { return };
        let place = *group as usize;
        if self.told.len() <= place {
            self.told.resize(place + 1, 0);
        }
        if last.index > self.told[place] {
            self.told[place] = last.index;
            self.judge(at, (*node, *group), *last, *message, truth);
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let LeaderCompleteness { judged, unconfigured, breach, .. } = *self;
        breach.verdict_or(|| match unconfigured {
            0 => Verdict::holds_if_covered(judged, "nothing was committed"),
            n => Verdict::Unknown(format!("{n} commits of a group without a known configuration")),
        })
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl LeaderCompleteness {
    fn judge(
        &mut self,
        at: Stamp,
        (node, group): (Node, Group),
        entry: EntryId,
        message: Option<(Offset, MessageId)>,
        truth: &DiskTruth,
    ) {
        let Some(configuration) = truth.configuration(group) else {
            self.unconfigured += 1;
            return;
        };
        self.judged += 1;
        let Some(flaw) = flaw(configuration, entry, Acks::Quorum, truth) else { return };
        self.breach.add(|| {
            let what = match message {
                Some((offset, message)) => format!("m{message} at offset {offset}"),
                None => format!("index {}", entry.index),
            };
            let why = match &flaw {
                Flaw::Electable { node, by } => {
                    let by: Vec<String> = by.iter().map(|node| format!("n{node}")).collect();
                    format!("n{node}, which lacks it, could be elected by {}", by.join(", "))
                }
                Flaw::OneRegion { region } => format!("only region {region} holds it"),
            };
            let mut lines = vec![line(
                at,
                format!(
                    "n{node}: committed {what} of partition {group} (entry {} of term {})",
                    entry.index, entry.term
                ),
            )];
            lines.extend(configuration.voters.iter().map(|voter| {
                let log = truth.log(voter.node, group);
                let region = Some(voter.region);
                disk_line(at, voter.node, region, log.last(), log.get(entry.index), entry)
            }));
            lines.extend(winning_line(at, configuration, &flaw, truth));
            Evidence {
                summary: format!("n{node} holds {what} of partition {group} committed, and {why}"),
                lines,
                node: Some(node),
                partition: Some(group),
                offset: message.map(|(offset, _)| offset),
                message: message.map(|(_, message)| message),
                count: 1,
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, entry, evidence, holds, unknown};

    fn five() -> World {
        let mut world = World::of("leader_completeness");
        world.configure(&[(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)], 3);
        for node in [1, 2, 3, 4, 5] {
            world.durable(node, entry(1, 1));
        }
        world
    }

    fn commit(world: &mut World, entry: EntryId) {
        let (node, group, message) = (1, 1, Some((0, 8)));
        world.fact(Fact::Committed { node, group, entries: vec![entry], message });
    }

    #[test]
    fn an_entry_of_the_own_term_on_a_quorum_may_commit() {
        let mut world = five();
        for node in [1, 3, 5] {
            world.durable(node, entry(2, 2));
        }
        commit(&mut world, entry(2, 2));
        assert_eq!(holds(&world.verdict()), 1);
    }

    /// Figure 8: n1 to n3 hold the old entry, n5 a newer one in its place, and n5 can still win.
    #[test]
    fn an_old_entry_on_a_majority_may_not_commit() {
        let mut world = five();
        for node in [1, 2, 3] {
            world.durable(node, entry(2, 2));
        }
        world.durable(5, entry(2, 3));
        commit(&mut world, entry(2, 2));
        let evidence = evidence(world.verdict());
        assert_eq!((evidence.offset, evidence.message), (Some(0), Some(8)));
        assert!(evidence.summary.contains("n5, which lacks it, could be elected by n1, n2"));
    }

    #[test]
    fn without_a_commit_it_is_vacuous() {
        assert!(unknown(five().verdict()).contains("nothing was committed"));
    }
}
