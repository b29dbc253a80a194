//! Shapes of partitions, as lists of directed pairs (who is not heard, by whom), in order and each
//! once. Pure; what they do is cut by the one who asked.

use super::Endpoint;

/// Directions to cut: from, to.
pub type Pairs = Vec<(Endpoint, Endpoint)>;

/// Two sides that cannot reach each other, both ways. Endpoints in neither side reach both.
pub fn split(a: &[Endpoint], b: &[Endpoint]) -> Pairs {
    let mut pairs = one_way(a, b);
    pairs.extend(one_way(b, a));
    ordered(pairs)
}

/// The first are not heard by the second; the other way frames pass.
pub fn one_way(from: &[Endpoint], to: &[Endpoint]) -> Pairs {
    let each = |from: &Endpoint| {
        let from = *from;
        to.iter().filter(move |to| **to != from).map(move |to| (from, *to))
    };
    ordered(from.iter().flat_map(each).collect())
}

/// One endpoint cut off from all others, both ways.
pub fn isolate(alone: Endpoint, all: &[Endpoint]) -> Pairs {
    split(&[alone], all)
}

/// Two sides that meet only in the middle: it reaches both, and may be listed in either.
pub fn bridge(a: &[Endpoint], b: &[Endpoint], middle: Endpoint) -> Pairs {
    let mut pairs = split(a, b);
    pairs.retain(|(from, to)| *from != middle && *to != middle);
    pairs
}

/// Every node hears a majority (itself included), and no two hear the same one: each hears the window
/// of a majority's length around its own place on the ring (Jepsen, `majorities-ring-perfect`).
pub fn majorities_ring(nodes: &[Endpoint]) -> Pairs {
    let count = nodes.len();
    let majority = count / 2 + 1;
    let mut pairs = Vec::new();
    for (place, to) in nodes.iter().enumerate() {
        for step in 0..count {
            let from = nodes[(place + count - majority / 2 + step) % count];
            if step >= majority {
                pairs.push((from, *to));
            }
        }
    }
    ordered(pairs)
}

fn ordered(mut pairs: Pairs) -> Pairs {
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_split_cuts_across_both_ways_and_nothing_else() {
        assert_eq!(split(&[1, 2], &[3]), [(1, 3), (2, 3), (3, 1), (3, 2)]);
    }

    #[test]
    fn one_way_cuts_one_way() {
        assert_eq!(
            one_way(&[2, 1], &[3, 1]),
            [(1, 3), (2, 1), (2, 3)],
            "nobody is cut from itself"
        );
    }

    #[test]
    fn the_isolated_neither_hears_nor_is_heard() {
        assert_eq!(isolate(2, &[1, 2, 3]), [(1, 2), (2, 1), (2, 3), (3, 2)]);
    }

    #[test]
    fn a_bridge_reaches_both_sides() {
        let pairs = bridge(&[1, 2, 3], &[3, 4, 5], 3);
        assert_eq!(pairs, split(&[1, 2], &[4, 5]));
        assert_eq!(pairs.len(), 8);
    }

    #[test]
    fn on_the_ring_everyone_hears_a_majority_and_no_two_the_same() {
        for count in 3..=9u32 {
            let nodes: Vec<Endpoint> = (11..11 + count).collect();
            let cut: BTreeSet<_> = majorities_ring(&nodes).into_iter().collect();
            let heard = |to: Endpoint| -> Vec<Endpoint> {
                nodes.iter().copied().filter(|from| !cut.contains(&(*from, to))).collect()
            };
            let mut seen = BTreeSet::new();
            for node in &nodes {
                let majority = heard(*node);
                assert_eq!(majority.len() as u32, count / 2 + 1, "{count} nodes: {node} hears");
                assert!(majority.contains(node), "{count} nodes: {node} hears itself");
                assert!(seen.insert(majority), "{count} nodes: two hear the same majority");
            }
        }
    }
}
