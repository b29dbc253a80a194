//! Cycles of dependencies: which kinds there are, and a short one of each.
//!
//! Everything happens within one strongly connected component. Whether a kind of cycle exists is
//! told in linear time for every shape but one: restrict the graph to what the shape may use, and
//! ask whether an edge that it needs lies within a component. For *nonadjacent*, each node is there
//! twice, just reached by rw or not. Only *exactly one rw* is a question of reach for every rw edge;
//! it is asked only where *nonadjacent* exists, and only between the two places of the edge in an
//! order that follows all other dependencies, which in a real history is a short stretch.
//!
//! A shape that is implied by one that was found in the same component is not searched. Shortest
//! cycles are looked for as long as that is cheap; existence is never given up for it. What runs
//! out of steps is told, never skipped in silence.

use super::{
    components::Components,
    graph::{Edge, Edges, Graph, Node},
    models::{Order, Shape},
    walk::{Walk, Walker},
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// How many steps a known cycle is worth to find a shorter one.
const POLISH_STEPS: u64 = 4_000_000;

/// Transactions, and why each comes before the next; the last comes before the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle {
    pub(crate) steps: Vec<(Node, Edge)>,
}

impl Cycle {
    /// What kind of cycle it is, by what it uses.
    pub(crate) fn kind(&self) -> (Shape, Order) {
        let uses = |edge: Edge| self.steps.iter().any(|(_, used)| *used == edge);
        let is_rw = |place: usize| self.steps[place % self.steps.len()].1 == Edge::Rw;
        let rw_count = (0..self.steps.len()).filter(|place| is_rw(*place)).count();
        let is_adjacent = (0..self.steps.len()).any(|place| is_rw(place) && is_rw(place + 1));
        let shape = match rw_count {
            0 if uses(Edge::Wr) => Shape::G1c,
            0 => Shape::G0,
            1 => Shape::GSingle,
            _ if is_adjacent => Shape::G2Item,
            _ => Shape::GNonadjacent,
        };
        let order = if uses(Edge::Realtime) {
            Order::Realtime
        } else if uses(Edge::Process) {
            Order::Process
        } else {
            Order::Data
        };
        (shape, order)
    }
}

/// A kind of cycle, the shortest one seen, and in how many components there was one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) kind: (Shape, Order),
    pub(crate) cycle: Cycle,
    pub(crate) count: u64,
}

/// What there is in a graph.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cycles {
    pub(crate) found: Vec<Found>,
    /// Kinds that may be there as well: their search ran out of steps.
    pub(crate) unsearched: Vec<(Shape, Order)>,
}

/// Searches the dependencies of these kinds for cycles of every shape and order.
pub(crate) fn search(graph: &Graph, kinds: Edges, steps: &mut u64) -> Cycles {
    let mut cycles = Cycles::default();
    let components = graph.components(kinds);
    let mut places = vec![u32::MAX; graph.len()];
    for members in components.large() {
        let part = graph.part(&members, &mut places);
        let mut hunt = Hunt {
            graph: &part,
            walker: Walker::new(part.len()),
            steps,
            found: Vec::new(),
            unsearched: Vec::new(),
        };
        hunt.run(kinds);
        for mut cycle in hunt.found {
            cycle.steps.iter_mut().for_each(|(node, _)| *node = members[*node as usize]);
            cycles.add(cycle);
        }
        for kind in hunt.unsearched {
            if !cycles.unsearched.contains(&kind) {
                cycles.unsearched.push(kind);
            }
        }
    }
    cycles.found.sort_by_key(|found| (found.kind.1, found.kind.0));
    cycles
}

impl Cycles {
    fn add(&mut self, cycle: Cycle) {
        let kind = cycle.kind();
        match self.found.iter_mut().find(|found| found.kind == kind) {
            Some(found) => {
                found.count += 1;
                if cycle.steps.len() < found.cycle.steps.len() {
                    found.cycle = cycle;
                }
            }
            None => self.found.push(Found { kind, cycle, count: 1 }),
        }
    }
}

/// The search within one component.
struct Hunt<'a> {
    graph: &'a Graph,
    walker: Walker,
    steps: &'a mut u64,
    found: Vec<Cycle>,
    unsearched: Vec<(Shape, Order)>,
}

/// An edge that a cycle needs, by its target: where the way back begins and where it may end.
type Needed = (Node, Node);

impl Hunt<'_> {
    fn run(&mut self, kinds: Edges) {
        let orders: [(Order, &[Edge]); 3] = [
            (Order::Data, &[]),
            (Order::Process, &[Edge::Process]),
            (Order::Realtime, &[Edge::Process, Edge::Realtime]),
        ];
        for (order, edges) in orders {
            if edges.last().is_some_and(|edge| !kinds.has(*edge)) {
                continue;
            }
            let only = |data: &[Edge]| Edges::of(data).and(Edges::of(edges)).within(kinds);
            self.through(Edge::Ww, only(&[Edge::Ww]), (Shape::G0, order));
            self.through(Edge::Wr, only(&[Edge::Ww, Edge::Wr]), (Shape::G1c, order));
            let all = only(&[Edge::Ww, Edge::Wr, Edge::Rw]);
            self.sparse(all, order);
            self.through(Edge::Rw, all, (Shape::G2Item, order));
        }
    }

    /// Whether a cycle that was found in this component already says as much.
    fn is_implied(&self, (shape, order): (Shape, Order)) -> bool {
        self.found.iter().map(Cycle::kind).any(|(found, by)| {
            let says = match found {
                Shape::G0 => shape <= Shape::G1c,
                Shape::G1c => shape == Shape::G1c,
                Shape::GSingle | Shape::GNonadjacent | Shape::G2Item => shape >= found,
            };
            says && by <= order
        })
    }

    /// Cycles over these kinds of edges that use one of this kind. There is one if such an edge
    /// lies within a component.
    fn through(&mut self, needed: Edge, kinds: Edges, kind: (Shape, Order)) {
        if self.is_implied(kind) {
            return;
        }
        let components = self.graph.components(kinds);
        let is_within =
            |from: Node, to: Node| components.of[from as usize] == components.of[to as usize];
        let edges = self.needed(needed, is_within);
        let (graph, edges) = ((self.graph, kinds), (&edges[..], needed));
        let answer = hunt(graph, &mut self.walker, edges, is_within, self.steps);
        self.record(answer, kind);
    }

    /// Edges of this kind, target first, in groups by it.
    fn needed(&self, kind: Edge, wants: impl Fn(Node, Node) -> bool) -> Vec<Needed> {
        let edges = self.graph.all().filter(|(from, to, edge)| *edge == kind && wants(*from, *to));
        let mut needed: Vec<Needed> = edges.map(|(from, to, _)| (to, from)).collect();
        needed.sort_unstable();
        needed.dedup();
        needed
    }

    fn record(&mut self, answer: Result<Option<Cycle>, Exhausted>, kind: (Shape, Order)) {
        match answer {
            Ok(cycle) => self.found.extend(cycle),
            Err(Exhausted) => self.unsearched.push(kind),
        }
    }

    /// Cycles in which no two rw steps are in a row, of which one with a single rw step is the
    /// stronger finding.
    fn sparse(&mut self, kinds: Edges, order: Order) {
        if self.is_implied((Shape::GSingle, order)) {
            return;
        }
        let twice = twice(self.graph, kinds);
        let doubled = twice.components(Edges::ALL);
        let is_within =
            |from: Node, to: Node| doubled.of[2 * from as usize] == doubled.of[2 * to as usize + 1];
        let needed = self.needed(Edge::Rw, is_within);
        if needed.is_empty() {
            return;
        }
        self.single(kinds.without(Edge::Rw), &needed, &doubled, order);
        if self.is_implied((Shape::GNonadjacent, order)) {
            return;
        }
        let doubles: Vec<Needed> = needed.iter().map(|(to, from)| (2 * to + 1, 2 * from)).collect();
        let lets_in =
            |from: Node, node: Node| doubled.of[from as usize] == doubled.of[node as usize];
        let (graph, mut walker) = ((&twice, Edges::ALL), Walker::new(twice.len()));
        let mut answer = hunt(graph, &mut walker, (&doubles, Edge::Rw), lets_in, self.steps);
        if let Ok(Some(cycle)) = &mut answer {
            cycle.steps.iter_mut().for_each(|(node, _)| *node /= 2);
        }
        self.record(answer, (Shape::GNonadjacent, order));
    }

    /// Cycles with exactly one rw step: from its target back to its source without another.
    fn single(&mut self, kinds: Edges, needed: &[Needed], doubled: &Components, order: Order) {
        let places = self.line_up(kinds);
        let place = |node: Node| places[node as usize];
        let mut needed: Vec<Needed> =
            needed.iter().copied().filter(|(to, from)| place(*to) <= place(*from)).collect();
        // Beyond the last of its sources no way leads back. Short stretches come first: they are
        // cheap, and a cycle that is found bounds the others.
        let mut last = vec![0; self.graph.len()];
        for (to, from) in &needed {
            last[*to as usize] = place(*from).max(last[*to as usize]);
        }
        needed.sort_by_key(|(to, from)| (last[*to as usize] - place(*to), *to, *from));
        let lets_in = |from: Node, node: Node| {
            let component = doubled.of[2 * from as usize + 1];
            let halves = &doubled.of[2 * node as usize..2 * node as usize + 2];
            place(node) <= last[from as usize] && halves.contains(&component)
        };
        let (graph, needed) = ((self.graph, kinds), (&needed[..], Edge::Rw));
        let answer = hunt(graph, &mut self.walker, needed, lets_in, self.steps);
        self.record(answer, (Shape::GSingle, order));
    }

    /// A place for each node in an order that follows every edge of these kinds; nodes that reach
    /// one another share one. Where the edges leave a choice, the earlier transaction goes first.
    fn line_up(&self, kinds: Edges) -> Vec<u32> {
        let Components { of, count } = self.graph.components(kinds);
        let mut earliest = vec![u32::MAX; count as usize];
        for (node, component) in (0..).zip(&of) {
            let time = if node < self.graph.transactions { node } else { 0 };
            let earliest = &mut earliest[*component as usize];
            *earliest = (*earliest).min(time);
        }
        let within = self.graph.all().filter(|(_, _, edge)| kinds.has(*edge));
        let across = within.map(|(from, to, _)| (of[from as usize], of[to as usize], Edge::Free));
        let across: Vec<_> = across.filter(|(from, to, _)| from != to).collect();
        let mut waiting = vec![0u32; count as usize];
        across.iter().for_each(|(_, to, _)| waiting[*to as usize] += 1);
        let graph = Graph::new(0, count as usize, &across);
        let free = (0..count).filter(|component| waiting[*component as usize] == 0);
        let mut ready: BinaryHeap<Reverse<(u32, u32)>> =
            free.map(|component| Reverse((earliest[component as usize], component))).collect();
        let (mut places, mut next) = (vec![0; count as usize], 0);
        while let Some(Reverse((_, component))) = ready.pop() {
            places[component as usize] = next;
            next += 1;
            for (to, _) in graph.out(component) {
                waiting[to as usize] -= 1;
                if waiting[to as usize] == 0 {
                    ready.push(Reverse((earliest[to as usize], to)));
                }
            }
        }
        of.iter().map(|component| places[*component as usize]).collect()
    }
}

/// Out of steps before any cycle was found.
struct Exhausted;

/// The shortest cycle that closes one of these edges of this kind, as far as the steps go.
/// `lets_in` is asked whether the way from a target, told first, may use a node.
fn hunt(
    (graph, kinds): (&Graph, Edges),
    walker: &mut Walker,
    (needed, edge): (&[Needed], Edge),
    lets_in: impl Fn(Node, Node) -> bool,
    steps: &mut u64,
) -> Result<Option<Cycle>, Exhausted> {
    let mut best: Option<Cycle> = None;
    let mut polish = POLISH_STEPS;
    for group in needed.chunk_by(|(a, _), (b, _)| a == b) {
        let first = group[0].0;
        let distance_max = match &best {
            Some(best) if best.steps.len() <= 2 => break,
            Some(best) => best.steps.len() as u32 - 2,
            None => u32::MAX,
        };
        let is_polishing = best.is_some();
        let purse = if is_polishing { &mut polish } else { &mut *steps };
        let sources = group.iter().map(|(_, from)| *from);
        let lets_in = |node: Node| lets_in(first, node);
        match walker.walk((graph, kinds), first, sources, distance_max, lets_in, purse) {
            Walk::Arrived(source) => {
                let mut steps = vec![(source, edge)];
                steps.extend(walker.way(first, source));
                best = Some(Cycle { steps });
            }
            Walk::NoWay => {}
            Walk::Exhausted if is_polishing => break,
            Walk::Exhausted => return Err(Exhausted),
        }
    }
    Ok(best)
}

/// Each node twice: at `2 n` if it was not just reached by rw, at `2 n + 1` if it was, and then no
/// rw leads on. A relay hands on how it was reached.
fn twice(graph: &Graph, kinds: Edges) -> Graph {
    let mut links = Vec::new();
    for (from, to, edge) in graph.all().filter(|(_, _, edge)| kinds.has(*edge)) {
        let (from, to) = (2 * from, 2 * to);
        match edge {
            Edge::Rw => links.push((from, to + 1, edge)),
            Edge::Free => links.extend([(from, to, edge), (from + 1, to + 1, edge)]),
            Edge::Ww | Edge::Wr | Edge::Process | Edge::Realtime => {
                links.extend([(from, to, edge), (from + 1, to, edge)]);
            }
        }
    }
    Graph::new(2 * graph.transactions, 2 * graph.len(), &links)
}

#[cfg(test)]
mod tests;
