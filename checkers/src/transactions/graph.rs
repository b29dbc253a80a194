//! Who must come before whom: a graph over transactions, laid out flat, and its strongly connected
//! components.
//!
//! Orders such as "everything that began later" would cost an edge for every pair. So beside the
//! transactions there are *relays*: nodes that stand for the rest of a list. One edge into a relay
//! is one dependency on each member of the rest; edges out of it are free. This makes the orders of
//! real time and of processes exact with three edges for each transaction, where Elle reduces the
//! first to its frontier and still pays for every client.

/// A transaction, by its place in the history, or a relay, above them all.
pub(crate) type Node = u32;

/// Why one comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum Edge {
    /// It wrote a version, the other the next one.
    Ww = 1,
    /// It wrote what the other read.
    Wr = 2,
    /// It read what the other replaced.
    Rw = 4,
    /// The same process did the other later.
    Process = 8,
    /// It had ended when the other began.
    Realtime = 16,
    /// Out of a relay: no reason of its own.
    Free = 32,
}

/// A set of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Edges(u8);

impl Edges {
    pub(crate) const ALL: Edges = Edges(63);

    /// These, and the free ones, without which no relay is ever left.
    pub(crate) const fn of(edges: &[Edge]) -> Edges {
        let (mut set, mut place) = (Edge::Free as u8, 0);
        while place < edges.len() {
            set |= edges[place] as u8;
            place += 1;
        }
        Edges(set)
    }

    pub(crate) fn has(self, edge: Edge) -> bool {
        self.0 & edge as u8 != 0
    }

    pub(crate) fn and(self, other: Edges) -> Edges {
        Edges(self.0 | other.0)
    }

    pub(crate) fn within(self, other: Edges) -> Edges {
        Edges(self.0 & (other.0 | Edge::Free as u8))
    }

    pub(crate) fn without(self, edge: Edge) -> Edges {
        Edges(self.0 & !(edge as u8))
    }
}

/// A graph that is being made.
#[derive(Debug)]
pub(crate) struct Links {
    transactions: u32,
    nodes: u32,
    edges: Vec<(Node, Node, Edge)>,
    /// How many edges there is room for.
    edges_max: usize,
    /// Data dependencies so far: what a verdict covers.
    dependencies: u64,
}

/// What one edge takes while the graph is made and searched, and what one node takes.
const EDGE_BYTES: u64 = 12 + 5;

impl Links {
    /// Between so many transactions, in so many bytes.
    pub(crate) fn new(transactions: usize, bytes: u64) -> Links {
        let transactions = u32::try_from(transactions).expect("fewer than 4 billion transactions");
        let edges_max = usize::try_from(bytes / EDGE_BYTES).unwrap_or(usize::MAX);
        Links { transactions, nodes: transactions, edges: Vec::new(), edges_max, dependencies: 0 }
    }

    /// One before another. No transaction depends on itself.
    pub(crate) fn link(&mut self, from: Node, to: Node, edge: Edge) {
        if from != to {
            match edge {
                Edge::Ww | Edge::Wr | Edge::Rw => self.dependencies += 1,
                Edge::Process | Edge::Realtime | Edge::Free => {}
            }
            self.push(from, to, edge);
        }
    }

    /// Each of these before each of those, except itself: with an edge for each pair where that is
    /// little, else with relays.
    pub(crate) fn link_all(&mut self, from: &mut Vec<Node>, to: &mut Vec<Node>, edge: Edge) {
        for side in [&mut *from, &mut *to] {
            side.sort_unstable();
            side.dedup();
        }
        if from.len().saturating_mul(to.len()) <= 4 * (from.len() + to.len()) {
            for from in &*from {
                to.iter().for_each(|to| self.link(*from, *to, edge));
            }
            return;
        }
        let rest = self.relay(to);
        // A member must pass itself by: those behind it and those before it are two lists.
        let is_member = from.iter().any(|from| to.binary_search(from).is_ok());
        let reversed: Vec<Node> = to.iter().rev().copied().collect();
        let before = if is_member { self.relay(&reversed) } else { Node::MAX };
        let len = to.len() as u32;
        for from in &*from {
            match to.binary_search(from) {
                Ok(place) => {
                    let place = place as u32;
                    if place + 1 < len {
                        self.link(*from, rest + place + 1, edge);
                    }
                    if place > 0 {
                        self.link(*from, before + (len - place), edge);
                    }
                }
                Err(_) => self.link(*from, rest, edge),
            }
        }
    }

    /// Relays for a list: the first stands for all of it, each next one for what is left.
    pub(crate) fn relay(&mut self, members: &[Node]) -> Node {
        let first = self.nodes;
        self.nodes = u32::try_from(members.len())
            .ok()
            .and_then(|len| first.checked_add(len))
            .expect("fewer than 4 billion transactions and relays");
        for (relay, member) in (first..).zip(members) {
            self.push(relay, *member, Edge::Free);
            if relay + 1 < self.nodes {
                self.push(relay, relay + 1, Edge::Free);
            }
        }
        first
    }

    fn push(&mut self, from: Node, to: Node, edge: Edge) {
        // One past the room is kept, so that it shows.
        if self.edges.len() <= self.edges_max {
            self.edges.push((from, to, edge));
        }
    }

    /// How many data dependencies there are.
    pub(crate) fn dependencies(&self) -> u64 {
        self.dependencies
    }

    /// The graph; nothing if it did not fit into its bytes.
    pub(crate) fn finish(self) -> Option<Graph> {
        let fits = self.edges.len() <= self.edges_max;
        fits.then(|| Graph::new(self.transactions, self.nodes as usize, &self.edges))
    }
}

/// A graph, laid out flat: the edges out of each node lie side by side.
#[derive(Debug)]
pub(crate) struct Graph {
    /// Nodes from here on are relays.
    pub(crate) transactions: u32,
    pub(super) firsts: Vec<u32>,
    pub(super) targets: Vec<Node>,
    pub(super) edges: Vec<Edge>,
}

impl Graph {
    pub(crate) fn new(transactions: u32, nodes: usize, links: &[(Node, Node, Edge)]) -> Graph {
        assert!(u32::try_from(links.len()).is_ok(), "fewer than 4 billion edges");
        let mut firsts = vec![0u32; nodes + 2];
        for (from, ..) in links {
            firsts[*from as usize + 2] += 1;
        }
        for node in 1..firsts.len() {
            firsts[node] += firsts[node - 1];
        }
        let (mut targets, mut edges) = (vec![0; links.len()], vec![Edge::Free; links.len()]);
        for (from, to, edge) in links {
            let next = &mut firsts[*from as usize + 1];
            (targets[*next as usize], edges[*next as usize]) = (*to, *edge);
            *next += 1;
        }
        firsts.pop();
        Graph { transactions, firsts, targets, edges }
    }

    /// How many nodes there are, relays included.
    pub(crate) fn len(&self) -> usize {
        self.firsts.len() - 1
    }

    /// The edges out of a node.
    pub(crate) fn out(&self, node: Node) -> impl Iterator<Item = (Node, Edge)> + '_ {
        let out = self.firsts[node as usize] as usize..self.firsts[node as usize + 1] as usize;
        self.targets[out.clone()].iter().copied().zip(self.edges[out].iter().copied())
    }

    /// Every edge.
    pub(crate) fn all(&self) -> impl Iterator<Item = (Node, Node, Edge)> + '_ {
        (0..self.len() as Node)
            .flat_map(|from| self.out(from).map(move |(to, edge)| (from, to, edge)))
    }

    /// The part of the graph between these nodes, over all their edges. `places` has a place for
    /// every node and is left as it was found.
    pub(crate) fn part(&self, members: &[Node], places: &mut [u32]) -> Graph {
        for (place, member) in (0..).zip(members) {
            places[*member as usize] = place;
        }
        let mut links = Vec::new();
        for (from, member) in (0..).zip(members) {
            for (to, edge) in self.out(*member) {
                if places[to as usize] != u32::MAX {
                    links.push((from, places[to as usize], edge));
                }
            }
        }
        let transactions = members.iter().filter(|member| **member < self.transactions).count();
        members.iter().for_each(|member| places[*member as usize] = u32::MAX);
        Graph::new(transactions as u32, members.len(), &links)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Which transactions each one comes before, over any number of relays.
    fn before(graph: &Graph, from: Node) -> Vec<Node> {
        let mut open: Vec<Node> = graph.out(from).map(|(to, _)| to).collect();
        let mut found = Vec::new();
        while let Some(node) = open.pop() {
            if node < graph.transactions {
                found.push(node);
            } else {
                open.extend(graph.out(node).map(|(to, _)| to));
            }
        }
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn relays_say_what_an_edge_for_each_pair_says(
            mut from in prop::collection::vec(0u32..40, 0..40),
            mut to in prop::collection::vec(0u32..40, 0..40),
        ) {
            let mut links = Links::new(40, u64::MAX);
            links.link_all(&mut from, &mut to, Edge::Rw);
            let graph = links.finish().expect("room");
            for node in 0..40 {
                let expected: Vec<Node> = if from.contains(&node) {
                    to.iter().copied().filter(|to| *to != node).collect()
                } else {
                    Vec::new()
                };
                prop_assert_eq!(before(&graph, node), expected);
            }
        }
    }

    #[test]
    fn a_graph_that_does_not_fit_is_none() {
        let mut links = Links::new(9, 2 * EDGE_BYTES);
        (0..3).for_each(|node| links.link(node, node + 1, Edge::Ww));
        assert!(links.finish().is_none());
    }
}
