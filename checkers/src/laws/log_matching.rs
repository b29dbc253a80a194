//! **log_matching**: two durable logs that hold an entry with the same index and term hold the same
//! log up to there; one leader writes one entry at an index, for ever; and terms never fall along a
//! log (Ongaro 3.5 and 3.6.1; S8, S9; messaging.md 2.0 LM).
//!
//! Each entry is judged when it becomes durable, against one other disk that holds an entry of the
//! same index and term. That is enough, by induction over the events: all disks that hold one already
//! agree with each other there; a log only ever grows at its end, so two logs that agree at an index
//! and at the index before it agree all the way down. The hash is chained and says so by itself,
//! unless a system chains it wrongly: therefore the entry before is compared, too.
//!
//! Entries that were removed bind as well: a leader neither overwrites nor deletes its own.

use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    facts::{EntryId, Fact, FactKind, Group, Node},
    history::Stamp,
    truth::DiskTruth,
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct LogMatching {
    /// Entries that left a disk, by group, index and term: hash, whose disk, when.
    removed: BTreeMap<(Group, u64, u64), (u64, Node, Stamp)>,
    compared: u64,
    breach: Breach,
}

impl Checker for LogMatching {
    fn name(&self) -> &'static str {
        "log_matching"
    }

    fn topics(&self) -> &'static [Topic] {
        &[]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Durable, FactKind::DurableCut]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Fact(Fact::Durable { node, group, entry }) => {
                self.judge(at, (*node, *group), *entry, &shared.disks);
            }
            Event::Fact(Fact::DurableCut { node, group, .. }) => {
                for EntryId { index, term, hash } in shared.disks.removed() {
                    self.removed.entry((*group, index, term)).or_insert((hash, *node, at));
                }
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
        let compared = self.compared;
        self.breach
            .verdict_or(|| Verdict::holds_if_covered(compared, "no entry was durable on two disks"))
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl LogMatching {
    fn judge(
        &mut self,
        at: Stamp,
        (node, group): (Node, Group),
        entry: EntryId,
        truth: &DiskTruth,
    ) {
        let EntryId { index, term, .. } = entry;
        let before = |node: Node| truth.log(node, group).get(index - 1);
        let own_before = before(node);
        if let Some(own) = own_before.filter(|own| own.term > term) {
            self.add(at, (node, group), vec![], || {
                format!(
                    "falling_term: n{node} holds an entry of term {term} at index {index} of \
                     partition {group}, right after one of term {}",
                    own.term
                )
            });
        }
        if let Some((hash, other, since)) = self.removed.get(&(group, index, term)).copied()
            && hash != entry.hash
        {
            let lines = vec![(since, other, Some(EntryId { index, term, hash }))];
            self.add(at, (node, group), lines, || {
                format!(
                    "rewritten_entry: index {index} of partition {group} in term {term} is another \
                     entry on n{node} than the one that n{other} held and removed"
                )
            });
        }
        let holds = |other: &Node| {
            let held = truth.log(*other, group).get(index);
            *other != node && held.is_some_and(|held| held.term == term)
        };
        let Some(other) = (1..=truth.node_max(group)).find(holds) else { return };
        self.compared += 1;
        let theirs = truth.log(other, group).get(index);
        if theirs != Some(entry) {
            let lines = vec![(at, other, theirs), (at, node, Some(entry))];
            self.add(at, (node, group), lines, || {
                format!(
                    "log_mismatch: n{node} and n{other} hold different entries at index {index} of \
                     partition {group}, both of term {term}"
                )
            });
        } else if own_before != before(other) {
            let lines = vec![
                (at, other, before(other)),
                (at, node, own_before),
                (at, other, theirs),
                (at, node, Some(entry)),
            ];
            self.add(at, (node, group), lines, || {
                format!(
                    "log_mismatch: n{node} and n{other} hold the same entry at index {index} of \
                     partition {group}, and different ones right before it"
                )
            });
        }
    }

    fn add(
        &mut self,
        at: Stamp,
        (node, group): (Node, Group),
        held: Vec<(Stamp, Node, Option<EntryId>)>,
        summary: impl FnOnce() -> String,
    ) {
        let told = |(when, node, entry): (Stamp, Node, Option<EntryId>)| {
            let what = match entry {
                Some(EntryId { index, term, hash }) => {
                    format!("index {index} is term {term} hash {hash:016x}")
                }
                None => "nothing in its place".to_owned(),
            };
            line(when, format!("n{node}: disk: {what}"))
        };
        self.breach.add(|| {
            let mut lines: Vec<_> = held.into_iter().map(told).collect();
            if lines.len() < 2 {
                lines.push(line(at, format!("n{node}: disk: it became durable now")));
            }
            Evidence {
                summary: summary(),
                lines,
                node: Some(node),
                partition: Some(group),
                ..Evidence::default()
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, entry, evidence, holds, unknown};

    fn world(logs: &[(Node, &[EntryId])]) -> World {
        let mut world = World::of("log_matching");
        for (node, log) in logs {
            log.iter().for_each(|entry| world.durable(*node, *entry));
        }
        world
    }

    fn forged(index: u64, term: u64) -> EntryId {
        EntryId { hash: 666, ..entry(index, term) }
    }

    #[test]
    fn logs_that_part_in_different_terms_match() {
        let mut world = world(&[
            (1, &[entry(1, 1), entry(2, 1), entry(3, 3)]),
            (2, &[entry(1, 1), entry(2, 2)]),
            (3, &[entry(1, 1)]),
        ]);
        world.cut(2, 1);
        world.durable(2, entry(2, 1));
        world.durable(2, entry(3, 3));
        assert_eq!(holds(&world.verdict()), 4);
    }

    #[test]
    fn one_index_and_term_with_two_entries_is_a_violation() {
        let world = world(&[(1, &[entry(1, 1)]), (3, &[forged(1, 1)])]);
        assert!(world.bench.is_breached());
        let evidence = evidence(world.verdict());
        assert!(evidence.summary.starts_with("log_mismatch: n3 and n1"), "{evidence:?}");
        assert_eq!((evidence.node, evidence.partition), (Some(3), Some(1)));
        assert_eq!(evidence.lines[1].text, "n3: disk: index 1 is term 1 hash 000000000000029a");
    }

    /// A chain that does not chain: the same hash over two different logs.
    #[test]
    fn the_same_entry_over_different_logs_is_a_violation() {
        let world = world(&[
            (1, &[entry(1, 1), entry(2, 1), entry(3, 3)]),
            (2, &[entry(1, 1), entry(2, 2), entry(3, 3)]),
        ]);
        let evidence = evidence(world.verdict());
        assert!(evidence.summary.contains("different ones right before it"), "{evidence:?}");
        assert_eq!(evidence.lines.len(), 4);
    }

    #[test]
    fn a_removed_entry_still_binds_its_leader() {
        let mut world = world(&[(1, &[entry(1, 1), entry(2, 1)])]);
        world.cut(1, 1);
        world.durable(2, entry(1, 1));
        world.durable(2, forged(2, 1));
        let evidence = evidence(world.verdict());
        assert!(evidence.summary.starts_with("rewritten_entry: index 2"), "{evidence:?}");
        assert!(evidence.lines[0].text.starts_with("n1: disk: index 2 is term 1"), "{evidence:?}");
    }

    #[test]
    fn a_term_that_falls_along_a_log_is_a_violation() {
        let world = world(&[(1, &[entry(1, 2), entry(2, 1)])]);
        assert!(evidence(world.verdict()).summary.starts_with("falling_term: n1"));
    }

    #[test]
    fn a_lone_log_proves_nothing() {
        let world = world(&[(1, &[entry(1, 1), entry(2, 1)]), (2, &[entry(1, 2)])]);
        assert!(unknown(world.verdict()).starts_with("vacuous"));
    }
}
