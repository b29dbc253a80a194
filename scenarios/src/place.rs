//! Where replicas stand: nodes by region, voters of each partition. Plain arithmetic, no dice; two
//! partitions with one number stand on the same nodes in every seed.

use crate::{
    layout::Layout,
    plan::{Node, Placement},
};

/// Nodes and placement together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The region of each node.
    pub(crate) nodes: Vec<u32>,
    /// Who holds what.
    pub(crate) placement: Placement,
}

impl Shape {
    /// Nodes of a region, in order.
    pub(crate) fn nodes_in(&self, region: u32) -> Vec<Node> {
        nodes_in(&self.nodes, region)
    }

    /// Regions that have nodes.
    pub(crate) fn peopled(&self) -> Vec<u32> {
        let mut regions = self.nodes.clone();
        regions.dedup();
        regions
    }
}

/// Places partitions on a layout of nodes. `voters` by region are all nodes if not said; else they
/// turn by one region from partition to partition (2/2/1, 2/1/2, 1/2/2), and inside a region each
/// takes up where the last one ended, so that load spreads evenly. Quorums are majorities if not
/// said.
pub(crate) fn place(
    layout: &Layout,
    voters: Option<&Layout>,
    partitions: u32,
    write_quorum: Option<u32>,
    election_quorum: Option<u32>,
) -> Shape {
    let nodes: Vec<u32> = (0_u32..)
        .zip(&layout.0)
        .flat_map(|(region, n)| std::iter::repeat_n(region, *n as usize))
        .collect();
    let voters = voters.unwrap_or(layout);
    let majority = voters.sum() / 2 + 1;
    let mut hand = Hand { nodes: &nodes, layout, voters, dealt: vec![0; layout.0.len()] };
    let metadata = hand.clone().deal(0);
    let partitions = (0..partitions as usize)
        .map(|p| {
            let mut group = hand.deal(p);
            // The first is preferred as leader: everyone's turn comes.
            let n = group.len();
            group.rotate_left(p % n);
            group
        })
        .collect();
    let placement = Placement {
        layout: voters.to_string(),
        metadata,
        partitions,
        late_ms: Vec::new(),
        write_quorum: write_quorum.unwrap_or(majority),
        election_quorum: election_quorum.unwrap_or(majority),
    };
    Shape { nodes, placement }
}

/// Deals voters out, region by region.
#[derive(Clone)]
struct Hand<'a> {
    nodes: &'a [u32],
    layout: &'a Layout,
    voters: &'a Layout,
    /// Voters dealt so far, by region.
    dealt: Vec<usize>,
}

impl Hand<'_> {
    /// The voters of the partition that stands at this place.
    fn deal(&mut self, p: usize) -> Vec<Node> {
        let n = self.layout.0.len();
        let turned: Vec<u32> = (0..n).map(|region| self.voters.0[(region + p) % n]).collect();
        let fits = turned.iter().zip(&self.layout.0).all(|(want, have)| want <= have);
        let want = if fits { turned } else { self.voters.0.clone() };
        let mut group = Vec::new();
        for (region, want) in (0_u32..).zip(want) {
            let here = nodes_in(self.nodes, region);
            let dealt = &mut self.dealt[region as usize];
            group.extend(here.iter().cycle().skip(*dealt).take(want as usize));
            *dealt += want as usize;
        }
        group.sort_unstable();
        group
    }
}

fn nodes_in(nodes: &[u32], region: u32) -> Vec<Node> {
    (1..).zip(nodes).filter(|(_, stands)| **stands == region).map(|(node, _)| node).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::seat_of;

    #[test]
    fn everyone_votes_where_voters_are_not_said() {
        let shape = place(&Layout(vec![2, 2, 1]), None, 3, None, None);
        assert_eq!(shape.nodes, [0, 0, 1, 1, 2]);
        assert_eq!(shape.placement.metadata, [1, 2, 3, 4, 5]);
        let leaders: Vec<Node> = shape.placement.partitions.iter().map(|group| group[0]).collect();
        assert_eq!(leaders, [1, 2, 3], "preferred leaders must spread");
        assert_eq!((shape.placement.write_quorum, shape.placement.election_quorum), (3, 3));
    }

    #[test]
    fn twelve_partitions_of_five_spread_over_nine_nodes() {
        let shape = place(&Layout(vec![3, 3, 3]), Some(&Layout(vec![2, 2, 1])), 12, None, None);
        let mut held = [0; 9];
        let mut led = [0; 9];
        for group in &shape.placement.partitions {
            let mut by_region = [0; 3];
            for node in group {
                held[seat_of(*node)] += 1;
                by_region[shape.nodes[seat_of(*node)] as usize] += 1;
            }
            led[seat_of(group[0])] += 1;
            by_region.sort_unstable();
            assert_eq!(by_region, [1, 2, 2], "{group:?}");
        }
        assert!(held.iter().all(|n| (6..=7).contains(n)), "uneven: {held:?}");
        assert!(led.iter().all(|n| *n <= 3), "leaders crowd: {led:?}");
        assert_eq!(shape.placement.layout, "2/2/1");
    }
}
