//! What faults are drawn against: whom a written name means in one seed's world.

use crate::{
    numbers::seat_of,
    place::Shape,
    random::Stream,
    target::{Node, Target},
    who::Who,
};

/// Two sides of a cut.
type Sides = (Vec<Node>, Vec<Node>);

/// One seed's world, as far as faults are drawn against it.
pub(crate) struct Dice<'a> {
    pub(crate) shape: &'a Shape,
    /// Names of the regions.
    pub(crate) regions: &'a [String],
    /// How many clients there are.
    pub(crate) clients: u32,
}

impl Dice<'_> {
    /// Whom a name means in this world.
    pub(crate) fn target(&self, who: &Who, stream: &mut Stream) -> Target {
        let partitions = self.shape.placement.partitions.len() as u64;
        let any_partition = |stream: &mut Stream| 1 + stream.below(partitions) as u32;
        match who {
            Who::Node(node) => Target::Node(*node),
            Who::AnyNode => Target::Node(1 + stream.below(self.shape.nodes.len() as u64) as Node),
            Who::Leader(partition) => Target::Leader(*partition),
            Who::AnyLeader => Target::Leader(any_partition(stream)),
            Who::Follower { partition, rank: Some(rank) } => {
                Target::Follower { partition: *partition, rank: *rank }
            }
            Who::Follower { partition, rank: None } => self.any_follower(*partition, stream),
            Who::AnyFollower => {
                let partition = any_partition(stream);
                self.any_follower(partition, stream)
            }
            Who::Region(name) => Target::Region(region_number(self.regions, name)),
            Who::AnyRegion => Target::Region(*stream.choose(&self.shape.peopled())),
            Who::All => Target::All,
            Who::There => Target::There,
        }
    }

    fn any_follower(&self, partition: u32, stream: &mut Stream) -> Target {
        let voters = self.shape.placement.partitions[seat_of(partition)].len() as u64;
        match voters {
            // Nobody follows a lone leader; `check` refuses to ask for it.
            0 | 1 => panic!("p{partition} has no followers"),
            _ => Target::Follower { partition, rank: stream.below(voters - 1) as u32 },
        }
    }

    /// Two sides of a cut; those that nobody wrote are drawn by `any`.
    pub(super) fn sides(
        &self,
        a: &[Who],
        b: &[Who],
        stream: &mut Stream,
        any: fn(&Self, &mut Stream) -> Sides,
    ) -> Sides {
        if a.is_empty() {
            return any(self, stream);
        }
        let a = self.side(a, stream);
        let b = match b {
            [] => (1..=self.shape.nodes.len() as Node).filter(|node| !a.contains(node)).collect(),
            b => self.side(b, stream),
        };
        (a, b)
    }

    fn side(&self, side: &[Who], stream: &mut Stream) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        for who in side {
            match self.target(who, stream) {
                Target::Node(node) => nodes.push(node),
                Target::Region(region) => nodes.extend(self.shape.nodes_in(region)),
                Target::All | Target::There | Target::Leader(_) | Target::Follower { .. } => {
                    panic!("`check` refuses roles as sides, they are nodes of a plan")
                }
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    pub(super) fn any_split(&self, stream: &mut Stream) -> Sides {
        let mut nodes: Vec<Node> = (1..=self.shape.nodes.len() as Node).collect();
        stream.shuffle(&mut nodes);
        let mut b = nodes.split_off(stream.range(1, nodes.len() as u64 - 1) as usize);
        nodes.sort_unstable();
        b.sort_unstable();
        (nodes, b)
    }

    pub(super) fn any_link(&self, stream: &mut Stream) -> Sides {
        let mut nodes: Vec<Node> = (1..=self.shape.nodes.len() as Node).collect();
        stream.shuffle(&mut nodes);
        (vec![nodes[0]], vec![nodes[1]])
    }
}

/// The place of a region's name, which `check` knows to be there.
pub(crate) fn region_number(regions: &[String], name: &str) -> u32 {
    let place = regions.iter().position(|region| region == name);
    place.expect("`check` knows every region") as u32
}
