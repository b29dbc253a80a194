//! How far each replica is, whether it is up or not, and how long those that a fault held back take
//! to catch up. What a node that is down misses is not nothing: it lags by all of it.

use checkers::{Node, ReplicaView};
use scenarios::seat_of;
use std::collections::BTreeMap;

/// Every replica of a run.
#[derive(Debug)]
pub(crate) struct CatchUp {
    /// The furthest entry that a replica was seen to have of what was committed, by place and group;
    /// none where it never was.
    reached: Vec<Vec<Option<u64>>>,
    /// The furthest commit of each group.
    furthest: Vec<u64>,
    open: Vec<Open>,
    /// By fault and group: how long its last replica took, and how many are still under way.
    times: BTreeMap<(usize, u32), (u64, u32)>,
}

/// A replica that has to come so far.
#[derive(Debug)]
struct Open {
    fault: usize,
    node: Node,
    group: u32,
    since_ns: u64,
    target: u64,
}

impl CatchUp {
    pub(crate) fn new(n_nodes: usize, n_groups: usize) -> CatchUp {
        CatchUp {
            reached: vec![vec![None; n_groups]; n_nodes],
            furthest: vec![0; n_groups],
            open: Vec::new(),
            times: BTreeMap::new(),
        }
    }

    /// A replica changed.
    pub(crate) fn seen(&mut self, at_ns: u64, seen: &ReplicaView) {
        let (node, group) = (seen.node, seen.group);
        let furthest = &mut self.furthest[group as usize];
        *furthest = seen.commit.max(*furthest);
        let reached = &mut self.reached[seat_of(node)][group as usize];
        // Whoever restarts knows of no commit, and still has what it had.
        let now = seen.commit.max(reached.unwrap_or(0).min(seen.last));
        *reached = Some(now);
        if self.open.is_empty() {
            return;
        }
        let times = &mut self.times;
        self.open.retain(|open| {
            let is_there = (open.node, open.group) == (node, group) && now >= open.target;
            if is_there {
                let time = times.entry((open.fault, group)).or_insert((0, 0));
                *time = (time.0.max(at_ns - open.since_ns), time.1 - 1);
            }
            !is_there
        });
    }

    /// A fault that touched these nodes is over: each of their replicas has to come as far as its
    /// group is now.
    pub(crate) fn lifted(&mut self, at_ns: u64, fault: usize, nodes: &[Node]) {
        for node in nodes {
            for (group, target) in (0..).zip(&self.furthest) {
                let Some(reached) = self.reached[seat_of(*node)][group as usize] else {
                    continue;
                };
                let time = self.times.entry((fault, group)).or_insert((0, 0));
                if reached < *target {
                    time.1 += 1;
                    let (since_ns, target) = (at_ns, *target);
                    self.open.push(Open { fault, node: *node, group, since_ns, target });
                }
            }
        }
    }

    /// How long the replicas of a group took after a fault; none if it touched none of them, or some
    /// never came so far.
    pub(crate) fn time_ns(&self, fault: usize, group: u32) -> Option<u64> {
        let (ns, under_way) = self.times.get(&(fault, group))?;
        (*under_way == 0).then_some(*ns)
    }

    /// Entries that a node is behind, over its groups.
    pub(crate) fn lag(&self, place: usize) -> u64 {
        let groups = self.reached[place].iter().zip(&self.furthest);
        groups.filter_map(|(reached, furthest)| Some(furthest.saturating_sub((*reached)?))).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use checkers::Role;

    fn seen(node: Node, commit: u64, last: u64) -> ReplicaView {
        ReplicaView { node, group: 1, role: Role::Follower, term: 1, commit, last, flushed: last }
    }

    #[test]
    fn a_node_that_is_down_lags_by_all_that_it_misses() {
        let mut world = CatchUp::new(2, 2);
        world.seen(1, &seen(1, 10, 10));
        world.seen(1, &seen(2, 10, 10));
        world.seen(2, &seen(1, 110, 110));
        assert_eq!((world.lag(0), world.lag(1)), (0, 100));
        // Back again: it knows of no commit yet, and has not forgotten what it held.
        world.lifted(5, 0, &[2]);
        world.seen(6, &seen(2, 0, 10));
        assert_eq!((world.lag(1), world.time_ns(0, 1)), (100, None));
        world.seen(25, &seen(2, 110, 120));
        assert_eq!((world.lag(1), world.time_ns(0, 1)), (0, Some(20)));
    }

    #[test]
    fn a_fault_that_held_nobody_back_takes_no_time_and_one_elsewhere_is_not_measured() {
        let mut world = CatchUp::new(2, 3);
        world.seen(1, &seen(1, 10, 10));
        world.lifted(5, 7, &[1]);
        assert_eq!((world.time_ns(7, 1), world.time_ns(7, 2)), (Some(0), None));
    }
}
