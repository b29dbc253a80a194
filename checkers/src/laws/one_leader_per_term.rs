//! **one_leader_per_term**: in each group, each term has at most one leader, for ever and across
//! restarts (Ongaro 3.4, election safety; S4, S5).
//!
//! It looks at what nodes say of themselves, so it sees a second leader even if nobody follows it.

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{Group, Node, Role},
    history::Stamp,
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct OneLeaderPerTerm {
    leaders: BTreeMap<(Group, u64), (Node, Stamp)>,
    /// The last leader seen in each group: nearly every snapshot repeats it.
    latest: Vec<(u64, Node)>,
    breach: Breach,
}

impl Checker for OneLeaderPerTerm {
    fn name(&self) -> &'static str {
        "one_leader_per_term"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Replicas]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        let Event::Seen(snapshot) = event else { return };
        if snapshot.role != Role::Leader {
            return;
        }
        let (node, group, term) = (snapshot.node, snapshot.group, snapshot.term);
        let latest = seat(&mut self.latest, group);
        if *latest == (term, node) {
            return;
        }
        *latest = (term, node);
        let (first, since) = *self.leaders.entry((group, term)).or_insert((node, at));
        if first != node {
            self.breach.add(|| Evidence {
                summary: format!(
                    "term {term} of partition {group} has two leaders: n{first} and n{node}"
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
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let terms = self.leaders.len() as u64;
        self.breach.verdict_or(|| Verdict::holds_if_covered(terms, "no leader was ever seen"))
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Snapshot,
        testing::{World, evidence, holds, unknown},
    };

    fn see(world: &mut World, node: Node, group: Group, term: u64, role: Role) {
        let seen = Snapshot { node, group, role, term, commit: 0, last: 0, flushed: 0 };
        world.tell(Event::Seen(&seen));
    }

    #[test]
    fn a_new_leader_in_a_new_term_is_lawful() {
        let mut world = World::of("one_leader_per_term");
        see(&mut world, 1, 1, 1, Role::Leader);
        see(&mut world, 1, 1, 1, Role::Leader);
        see(&mut world, 2, 1, 1, Role::Candidate);
        see(&mut world, 2, 1, 2, Role::Leader);
        see(&mut world, 2, 2, 1, Role::Leader);
        assert_eq!(holds(&world.verdict()), 3);
    }

    #[test]
    fn a_second_leader_is_seen_even_long_after_the_first() {
        let mut world = World::of("one_leader_per_term");
        see(&mut world, 1, 1, 1, Role::Leader);
        see(&mut world, 2, 1, 2, Role::Leader);
        see(&mut world, 3, 1, 1, Role::Leader);
        assert!(world.bench.is_breached());
        let evidence = evidence(world.verdict());
        assert_eq!((evidence.node, evidence.partition), (Some(3), Some(1)));
        assert_eq!(evidence.lines[0].text, "n1: leads partition 1 in term 1");
    }

    #[test]
    fn without_a_leader_it_is_vacuous() {
        let mut world = World::of("one_leader_per_term");
        see(&mut world, 1, 1, 1, Role::Follower);
        assert!(unknown(world.verdict()).starts_with("vacuous"));
    }
}
