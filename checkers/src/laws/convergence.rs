//! **convergence**: after heal and drain, the encoded bytes of all committed entries are identical on
//! every replica of a group (messaging.md 2.0 CV; checkers.md 4.10).
//!
//! It compares digests of what stands on disks; it does not say who is right.

use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    facts::{Fact, FactKind, Group, Node},
    history::Stamp,
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// The final state of one replica.
#[derive(Clone, Copy, Debug)]
struct Replica {
    at: Stamp,
    last: u64,
    expected: u64,
    digest: u64,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct Convergence {
    replicas: BTreeMap<(Group, Node), Replica>,
}

impl Checker for Convergence {
    fn name(&self) -> &'static str {
        "convergence"
    }

    fn topics(&self) -> &'static [Topic] {
        &[]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Replica]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        if let Event::Fact(Fact::Replica { node, group, last, expected, digest }) = event {
            let (last, expected, digest) = (*last, *expected, *digest);
            self.replicas.insert((*group, *node), Replica { at, last, expected, digest });
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let (mut breach, mut compared) = (Breach::default(), 0);
        let mut groups: BTreeMap<Group, Vec<(Node, Replica)>> = BTreeMap::new();
        for ((group, node), replica) in self.replicas {
            groups.entry(group).or_default().push((node, replica));
        }
        for (group, replicas) in groups {
            for (node, replica) in &replicas {
                if let Some(what) = difference(replica, &replicas) {
                    breach.add(|| unlike(group, *node, &what, &replicas));
                }
            }
            if replicas.len() > 1 {
                compared += replicas.len() as u64;
            }
        }
        breach.verdict_or(|| {
            Verdict::holds_if_covered(compared, "no two replicas were compared after the drain")
        })
    }
}

/// How this replica differs from what it ought to be, or from the others.
fn difference(replica: &Replica, replicas: &[(Node, Replica)]) -> Option<String> {
    let Replica { last, expected, digest, .. } = *replica;
    if last < expected {
        return Some(format!("lacks entries {} to {expected}", last + 1));
    }
    // The digest that most replicas share is the one to differ from; of two, the first node's.
    let count = |digest| replicas.iter().filter(|(_, other)| other.digest == digest).count();
    let common = replicas.iter().rev().map(|(_, other)| other.digest).max_by_key(|d| count(*d))?;
    (digest != common).then(|| "holds other bytes than most replicas".to_owned())
}

fn unlike(group: Group, node: Node, what: &str, replicas: &[(Node, Replica)]) -> Evidence {
    let lines = replicas.iter().map(|(node, replica)| {
        let Replica { at, last, expected, digest } = *replica;
        line(at, format!("n{node}: disk: {last} of {expected} entries, digest {digest:016x}"))
    });
    Evidence {
        summary: format!("n{node} {what} of partition {group} after heal and drain"),
        lines: lines.collect(),
        node: Some(node),
        partition: Some(group),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, evidence, holds, unknown};

    fn replica(world: &mut World, node: Node, last: u64, digest: u64) {
        world.fact(Fact::Replica { node, group: 1, last, expected: 9, digest });
    }

    #[test]
    fn equal_replicas_converged() {
        let mut world = World::of("convergence");
        (1..=3).for_each(|node| replica(&mut world, node, 9, 7));
        assert_eq!(holds(&world.verdict()), 3);
    }

    #[test]
    fn a_replica_with_other_bytes_diverged() {
        let mut world = World::of("convergence");
        replica(&mut world, 1, 9, 6);
        replica(&mut world, 2, 9, 7);
        replica(&mut world, 3, 9, 7);
        let evidence = evidence(world.verdict());
        assert_eq!((evidence.node, evidence.partition, evidence.count), (Some(1), Some(1), 1));
    }

    #[test]
    fn a_replica_that_stayed_behind_is_a_violation() {
        let mut world = World::of("convergence");
        replica(&mut world, 1, 9, 7);
        replica(&mut world, 2, 4, 5);
        let evidence = evidence(world.verdict());
        assert!(evidence.summary.starts_with("n2 lacks entries 5 to 9 of partition 1"));
        assert_eq!(evidence.count, 1);
    }

    #[test]
    fn a_lone_replica_proves_nothing() {
        let mut world = World::of("convergence");
        replica(&mut world, 1, 9, 7);
        assert!(unknown(world.verdict()).starts_with("vacuous"));
        assert!(unknown(World::of("convergence").verdict()).starts_with("vacuous"));
    }
}
