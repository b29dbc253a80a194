//! **committed_stays**: what one node once held to be committed at an index, every node holds there,
//! for ever; and a node's commit index never falls while its process lives nor passes its own log's
//! end (Ongaro 3.5 and 3.6.3, state machine safety; S11-S13).
//!
//! Commit indices are the nodes' own opinions, which is the point: they act on them.

use crate::{
    breach::{Breach, line},
    by_offset::{ByOffset, seat},
    checker::{Checker, Event, Shared, Topic},
    facts::{EntryId, Fact, FactKind, Group, Node, ReplicaView},
    history::Stamp,
    verdict::{Evidence, Verdict},
};

/// What was first told of one index. Terms begin with 1, so term 0 says that nothing was.
#[derive(Clone, Copy, Debug, Default)]
struct First {
    term: u64,
    hash: u64,
    node: Node,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct CommittedStays {
    told: Vec<ByOffset<First>>,
    /// Node, then group: the commit index that this process was last seen with.
    commits: Vec<Vec<u64>>,
    compared: u64,
    breach: Breach,
}

impl Checker for CommittedStays {
    fn name(&self) -> &'static str {
        "committed_stays"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Replicas]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Committed, FactKind::Stopped]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Fact(Fact::Committed { node, group, entries, .. }) => {
                for entry in entries {
                    self.judge_entry(at, *node, *group, *entry);
                }
            }
            Event::Fact(Fact::Stopped { node }) => seat(&mut self.commits, *node).clear(),
            Event::Seen(replica) => self.judge_replica(at, replica),
            Event::Fact(_)
            | Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let compared = self.compared;
        self.breach.verdict_or(|| {
            Verdict::holds_if_covered(compared, "no entry was told to be committed twice")
        })
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl CommittedStays {
    fn judge_entry(&mut self, at: Stamp, node: Node, group: Group, entry: EntryId) {
        let told = seat(&mut self.told, group).entry(entry.index);
        if told.term == 0 {
            *told = First { term: entry.term, hash: entry.hash, node };
            return;
        }
        self.compared += 1;
        if (told.term, told.hash) == (entry.term, entry.hash) {
            return;
        }
        let told = *told;
        let EntryId { index, term, hash } = entry;
        self.breach.add(|| Evidence {
            summary: format!(
                "index {index} of partition {group} is committed twice and differs: n{} told term \
                 {}, n{node} tells term {term}",
                told.node, told.term
            ),
            lines: vec![line(
                at,
                format!(
                    "n{node}: committed: index {index} is term {term} hash {hash:016x}; before, \
                     n{} told term {} hash {:016x}",
                    told.node, told.term, told.hash
                ),
            )],
            node: Some(node),
            partition: Some(group),
            ..Evidence::default()
        });
    }

    fn judge_replica(&mut self, at: Stamp, replica: &ReplicaView) {
        let ReplicaView { node, group, commit, last, .. } = *replica;
        let before = seat(seat(&mut self.commits, node), group);
        let fell_from = (commit < *before).then_some(*before);
        *before = commit;
        let what = match fell_from {
            Some(before) => format!("its commit index fell from {before} to {commit} (S13)"),
            None if commit > last => {
                format!("its commit index {commit} is past its log's end {last} (S12)")
            }
            None => return,
        };
        self.breach.add(|| Evidence {
            summary: format!("n{node} in partition {group}: {what}"),
            lines: vec![line(at, format!("n{node}: {what}"))],
            node: Some(node),
            partition: Some(group),
            ..Evidence::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Role,
        testing::{World, entry, evidence, holds, unknown},
    };

    fn committed(world: &mut World, node: Node, entries: &[EntryId]) {
        world.fact(Fact::Committed { node, group: 1, entries: entries.to_vec(), message: None });
    }

    fn see(world: &mut World, commit: u64, last: u64) {
        let (node, group, role, term, flushed) = (2, 1, Role::Follower, 1, last);
        world.tell(Event::Seen(&ReplicaView { node, group, role, term, commit, last, flushed }));
    }

    #[test]
    fn nodes_that_agree_hold_also_after_a_restart() {
        let mut world = World::of("committed_stays");
        committed(&mut world, 1, &[entry(1, 1), entry(2, 1)]);
        committed(&mut world, 2, &[entry(1, 1)]);
        see(&mut world, 1, 2);
        world.fact(Fact::Stopped { node: 2 });
        see(&mut world, 0, 2);
        committed(&mut world, 2, &[entry(1, 1), entry(2, 1)]);
        assert_eq!(holds(&world.verdict()), 3);
    }

    #[test]
    fn another_entry_at_a_committed_index_is_a_violation() {
        let mut world = World::of("committed_stays");
        committed(&mut world, 1, &[entry(1, 1), entry(2, 1)]);
        committed(&mut world, 3, &[entry(1, 1), entry(2, 2)]);
        assert!(world.bench.is_breached());
        let evidence = evidence(world.verdict());
        assert_eq!((evidence.node, evidence.partition), (Some(3), Some(1)));
        assert!(evidence.summary.contains("n1 told term 1, n3 tells term 2"), "{evidence:?}");
    }

    #[test]
    fn a_commit_index_may_not_fall_while_the_process_lives() {
        let mut world = World::of("committed_stays");
        see(&mut world, 5, 9);
        see(&mut world, 4, 9);
        assert!(evidence(world.verdict()).summary.contains("fell from 5 to 4"));
    }

    #[test]
    fn a_commit_index_may_not_pass_the_end_of_the_log() {
        let mut world = World::of("committed_stays");
        see(&mut world, 5, 4);
        assert!(evidence(world.verdict()).summary.contains("past its log's end 4"));
    }

    #[test]
    fn an_entry_told_by_one_node_only_proves_nothing() {
        let mut world = World::of("committed_stays");
        committed(&mut world, 1, &[entry(1, 1)]);
        see(&mut world, 1, 1);
        assert!(unknown(world.verdict()).starts_with("vacuous"));
    }
}
