//! The shortest way between nodes of a graph, counted in dependencies: relays cost nothing.
//!
//! Breadth first with a queue of two ends, since edges cost one or nothing. It is made once for each
//! graph and forgets by counting up, so that a walk costs what it visits.

use super::graph::{Edge, Edges, Graph, Node};
use std::collections::VecDeque;

/// What came of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Walk {
    /// The nearest goal.
    Arrived(Node),
    /// There is no way, or none that is short enough.
    NoWay,
    /// Out of steps.
    Exhausted,
}

/// Finds ways.
#[derive(Debug)]
pub(crate) struct Walker {
    round: u32,
    seen: Vec<u32>,
    goals: Vec<u32>,
    distance: Vec<u32>,
    parent: Vec<(Node, Edge)>,
    queue: VecDeque<(Node, u32)>,
}

impl Walker {
    pub(crate) fn new(nodes: usize) -> Walker {
        Walker {
            round: 0,
            seen: vec![0; nodes],
            goals: vec![0; nodes],
            distance: vec![0; nodes],
            parent: vec![(0, Edge::Free); nodes],
            queue: VecDeque::new(),
        }
    }

    /// From a node to the nearest of the goals, over edges of these kinds and nodes that are let
    /// in, in at most so many dependencies. Every edge that is looked at takes one of `steps`.
    pub(crate) fn walk(
        &mut self,
        (graph, kinds): (&Graph, Edges),
        from: Node,
        goals: impl Iterator<Item = Node>,
        distance_max: u32,
        lets_in: impl Fn(Node) -> bool,
        steps: &mut u64,
    ) -> Walk {
        self.round += 1;
        goals.for_each(|goal| self.goals[goal as usize] = self.round);
        self.queue.clear();
        self.reach(from, 0, (from, Edge::Free));
        while let Some((node, distance)) = self.queue.pop_front() {
            if distance > self.distance[node as usize] {
                continue;
            }
            if self.goals[node as usize] == self.round {
                return Walk::Arrived(node);
            }
            for (to, edge) in graph.out(node) {
                let Some(left) = steps.checked_sub(1) else { return Walk::Exhausted };
                *steps = left;
                let distance = distance + u32::from(edge != Edge::Free);
                if kinds.has(edge) && distance <= distance_max && lets_in(to) {
                    self.reach(to, distance, (node, edge));
                }
            }
        }
        Walk::NoWay
    }

    fn reach(&mut self, node: Node, distance: u32, parent: (Node, Edge)) {
        let place = node as usize;
        if self.seen[place] == self.round && self.distance[place] <= distance {
            return;
        }
        self.seen[place] = self.round;
        self.distance[place] = distance;
        self.parent[place] = parent;
        match parent.1 {
            Edge::Free => self.queue.push_front((node, distance)),
            Edge::Ww | Edge::Wr | Edge::Rw | Edge::Process | Edge::Realtime => {
                self.queue.push_back((node, distance));
            }
        }
    }

    /// The way that the last walk took to this node: each transaction on it, and why the next one
    /// comes after it.
    pub(crate) fn way(&self, from: Node, to: Node) -> Vec<(Node, Edge)> {
        let mut way = Vec::new();
        let mut node = to;
        while node != from {
            let (before, edge) = self.parent[node as usize];
            if edge != Edge::Free {
                way.push((before, edge));
            }
            node = before;
        }
        way.reverse();
        way
    }
}
