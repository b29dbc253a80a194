//! Which nodes of a graph reach one another: its strongly connected components (Tarjan 1972).
//!
//! With a stack of its own, because a history may be one long chain.

use super::graph::{Edges, Graph, Node};

impl Graph {
    /// The component of each node over edges of these kinds: nodes that reach one another have the
    /// same number. Numbers fall along the edges.
    pub(crate) fn components(&self, kinds: Edges) -> Components {
        const NEW: u32 = u32::MAX;
        let len = self.len();
        let mut of = vec![NEW; len];
        // The order of discovery, lowered to the earliest node that is reached.
        let mut low = vec![NEW; len];
        let (mut path, mut open): (Vec<(Node, u32, u32)>, Vec<Node>) = (Vec::new(), Vec::new());
        let (mut found, mut count) = (0, 0);
        for root in 0..len as Node {
            if low[root as usize] != NEW {
                continue;
            }
            path.push((root, self.firsts[root as usize], found));
            low[root as usize] = found;
            found += 1;
            open.push(root);
            while let Some((node, next, index)) = path.last_mut() {
                let (node, index) = (*node, *index);
                if *next == self.firsts[node as usize + 1] {
                    path.pop();
                    if low[node as usize] == index {
                        while let Some(member) = open.pop() {
                            of[member as usize] = count;
                            if member == node {
                                break;
                            }
                        }
                        count += 1;
                    }
                    if let Some((parent, ..)) = path.last() {
                        low[*parent as usize] = low[*parent as usize].min(low[node as usize]);
                    }
                    continue;
                }
                let (to, edge) = (self.targets[*next as usize], self.edges[*next as usize]);
                *next += 1;
                if !kinds.has(edge) || of[to as usize] != NEW {
                    continue;
                }
                if low[to as usize] == NEW {
                    path.push((to, self.firsts[to as usize], found));
                    low[to as usize] = found;
                    found += 1;
                    open.push(to);
                } else {
                    low[node as usize] = low[node as usize].min(low[to as usize]);
                }
            }
        }
        Components { of, count }
    }
}

/// Nodes that reach one another, by number.
#[derive(Debug)]
pub(crate) struct Components {
    /// The component of each node.
    pub(crate) of: Vec<u32>,
    /// How many there are.
    pub(crate) count: u32,
}

impl Components {
    /// The members of every component that has more than one, each in rising order.
    pub(crate) fn large(&self) -> Vec<Vec<Node>> {
        let mut sizes = vec![0u32; self.count as usize];
        self.of.iter().for_each(|component| sizes[*component as usize] += 1);
        let mut groups: Vec<Vec<Node>> = Vec::new();
        let mut place = vec![u32::MAX; self.count as usize];
        for (node, component) in (0..).zip(&self.of) {
            let component = *component as usize;
            if sizes[component] > 1 {
                if place[component] == u32::MAX {
                    place[component] = groups.len() as u32;
                    groups.push(Vec::with_capacity(sizes[component] as usize));
                }
                groups[place[component] as usize].push(node);
            }
        }
        groups
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::graph::Edge;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn components_are_those_of_mutual_reach(
            links in prop::collection::vec((0u32..12, 0u32..12), 0..40),
        ) {
            let links: Vec<_> = links.into_iter().map(|(from, to)| (from, to, Edge::Ww)).collect();
            let graph = Graph::new(12, 12, &links);
            let at = |from: u32, to: u32| (from * 12 + to) as usize;
            let mut reach = [false; 144];
            for node in 0..12 {
                reach[at(node, node)] = true;
            }
            for (from, to, _) in &links {
                reach[at(*from, *to)] = true;
            }
            for middle in 0..12 {
                for from in 0..12 {
                    for to in 0..12 {
                        reach[at(from, to)] |= reach[at(from, middle)] && reach[at(middle, to)];
                    }
                }
            }
            let components = graph.components(Edges::ALL);
            let component = |node: u32| components.of[node as usize];
            for from in 0..12 {
                for to in 0..12 {
                    let is_same = component(from) == component(to);
                    prop_assert_eq!(is_same, reach[at(from, to)] && reach[at(to, from)]);
                    prop_assert!(!reach[at(from, to)] || component(from) >= component(to));
                }
            }
        }
    }
}
