//! Cycles of each kind, and a search by brute force that the real one is compared with.

use super::*;
use crate::transactions::graph::Links;
use proptest::prelude::*;

const EDGES: [Edge; 5] = [Edge::Ww, Edge::Wr, Edge::Rw, Edge::Process, Edge::Realtime];

fn kinds_of(links: &[(Node, Node, Edge)]) -> Vec<(Shape, Order)> {
    let graph = Graph::new(8, 8, links);
    let cycles = search(&graph, Edges::ALL, &mut u64::MAX.clone());
    assert!(cycles.unsearched.is_empty());
    for found in &cycles.found {
        assert_eq!(found.cycle.kind(), found.kind);
        for (place, (from, edge)) in found.cycle.steps.iter().enumerate() {
            let to = found.cycle.steps[(place + 1) % found.cycle.steps.len()].0;
            assert!(links.contains(&(*from, to, *edge)), "{from} {edge:?} {to} is no edge");
        }
    }
    cycles.found.iter().map(|found| found.kind).collect()
}

#[test]
fn every_kind_has_its_name() {
    use {
        Edge::{Rw, Wr, Ww},
        Order::Data,
        Shape::*,
    };
    let ring = |edges: &[Edge]| {
        let len = edges.len() as Node;
        let links = (0..).zip(edges).map(|(from, edge)| (from, (from + 1) % len, *edge));
        kinds_of(&links.collect::<Vec<_>>())
    };
    assert_eq!(ring(&[Ww, Ww]), [(G0, Data)]);
    assert_eq!(ring(&[Ww, Wr, Ww]), [(G1c, Data)]);
    assert_eq!(ring(&[Ww, Rw]), [(GSingle, Data)]);
    assert_eq!(ring(&[Wr, Rw, Ww, Rw]), [(GNonadjacent, Data)]);
    assert_eq!(ring(&[Rw, Rw, Ww]), [(G2Item, Data)]);
    assert_eq!(ring(&[Ww, Edge::Process]), [(G0, Order::Process)]);
    assert_eq!(ring(&[Wr, Edge::Realtime]), [(G1c, Order::Realtime)]);
    assert_eq!(ring(&[Rw, Edge::Realtime]), [(GSingle, Order::Realtime)]);
    assert_eq!(ring(&[Rw, Edge::Process, Rw, Wr]), [(GNonadjacent, Order::Process)]);
    assert_eq!(ring(&[Rw, Rw, Edge::Realtime]), [(G2Item, Order::Realtime)]);
}

#[test]
fn a_cycle_is_as_short_as_it_can_be() {
    let ring = |from: Node, len: Node| {
        (0..len).map(move |place| (from + place, from + (place + 1) % len, Edge::Ww))
    };
    let mut links: Vec<_> = ring(0, 8).collect();
    links.push((5, 3, Edge::Ww));
    let graph = Graph::new(8, 8, &links);
    let cycles = search(&graph, Edges::ALL, &mut 1_000);
    assert_eq!(cycles.found[0].cycle.steps.len(), 3);
    let starved = search(&graph, Edges::ALL, &mut 2);
    assert_eq!(starved.found, []);
    assert!(starved.unsearched.contains(&(Shape::G0, Order::Data)));
}

/// Every simple cycle, and for the nonadjacent shape every short closed walk, by brute force.
fn brute(links: &[(Node, Node, Edge)]) -> Vec<(Shape, Order)> {
    let mut kinds = Vec::new();
    let mut open: Vec<Vec<(Node, Edge)>> =
        links.iter().map(|(from, _, edge)| vec![(*from, *edge)]).collect();
    let mut ends: Vec<Node> = links.iter().map(|(_, to, _)| *to).collect();
    while let (Some(steps), Some(end)) = (open.pop(), ends.pop()) {
        if end == steps[0].0 {
            kinds.push(Cycle { steps }.kind());
        } else if !steps.iter().any(|(node, _)| *node == end) {
            for (_, to, edge) in links.iter().filter(|(from, ..)| *from == end) {
                open.push([&steps[..], &[(end, *edge)]].concat());
                ends.push(*to);
            }
        }
    }
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn what_is_found_is_there_and_what_is_there_is_found_or_implied(
        links in prop::collection::vec((0u32..6, 0u32..6, 0usize..5), 0..12),
    ) {
        let mut links: Vec<_> = links
            .into_iter()
            .filter(|(from, to, _)| from != to)
            .map(|(from, to, edge)| (from, to, EDGES[edge]))
            // Processes and time go one way.
            .filter(|(from, to, edge)| *edge < Edge::Process || from < to)
            .collect();
        links.sort_unstable();
        links.dedup();
        let (found, brute) = (kinds_of(&links), brute(&links));
        for (shape, order) in &found {
            // A nonadjacent closed walk may pass a transaction twice, and then is no simple
            // cycle; it still breaks snapshot isolation, and its parts are cycles with rw.
            let is_there = match shape {
                Shape::GNonadjacent => brute.iter().any(|(shape, by)| {
                    *shape >= Shape::GSingle && by <= order
                }),
                Shape::G0 | Shape::G1c | Shape::GSingle | Shape::G2Item => {
                    brute.contains(&(*shape, *order))
                }
            };
            prop_assert!(is_there, "{shape:?} {order:?} is not in {brute:?}");
        }
        for (shape, order) in brute {
            let is_implied = found.iter().any(|(by, in_order)| {
                in_order <= &order && match by {
                    Shape::G0 => shape <= Shape::G1c,
                    Shape::G1c => shape == Shape::G1c,
                    Shape::GSingle | Shape::GNonadjacent | Shape::G2Item => shape >= *by,
                }
            });
            prop_assert!(is_implied, "{shape:?} {order:?} is not in {found:?}");
        }
    }
}

#[test]
fn a_single_rw_is_found_in_a_sea_of_others() {
    // Elle's hard case: one long G-single among many cycles that are only G2.
    let (ring, noise) = (300, 20);
    let mut links = Links::new((ring + ring * noise) as usize, u64::MAX);
    for node in 0..ring - 1 {
        links.link(node, node + 1, Edge::Ww);
    }
    links.link(ring - 1, 0, Edge::Rw);
    for node in 1..ring - 1 {
        let first = ring + node * noise;
        links.link(node, first, Edge::Ww);
        for place in 0..noise - 1 {
            let edge = if place == noise - 2 { Edge::Rw } else { Edge::Ww };
            links.link(first + place, first + place + 1, edge);
        }
        links.link(first + noise - 1, 0, Edge::Rw);
    }
    let graph = links.finish().expect("room");
    let cycles = search(&graph, Edges::ALL, &mut 10_000_000);
    assert_eq!(cycles.found.len(), 1, "{:?}", cycles.unsearched);
    assert_eq!(cycles.found[0].kind, (Shape::GSingle, Order::Data));
    assert_eq!(cycles.found[0].cycle.steps.len(), ring as usize);
}
