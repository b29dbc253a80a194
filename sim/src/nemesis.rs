//! Brings the plan's faults upon the world, and lifts them. A fault is data; only a role ("whoever
//! leads p1") is looked up when it strikes, and what it was is written into the effective plan.

use crate::{
    network::{Pairs, isolate, one_way},
    stage::theatre::Blow,
    world::World,
};
use scenarios::{Cut, Effect, Fault, NodeEffect, Target, number_at, seat_of};

/// A fault that lasts, with its roles resolved.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) fault: Fault,
    effect: Effect,
    pub(crate) nodes: Vec<usize>,
    pairs: Pairs,
}

/// The nodes that the target of a fault means now, by place.
fn resolve(world: &World, fault: usize, target: &Target) -> Vec<usize> {
    let nodes = &world.plan.nodes;
    match target {
        Target::Node(node) => vec![seat_of(*node)],
        Target::Leader(partition) => {
            let voters = &world.plan.placement.partitions[seat_of(*partition)];
            // Where nobody leads, the preferred leader stands for it.
            vec![seat_of(world.books.leader(*partition).unwrap_or(voters[0]))]
        }
        Target::Follower { partition, rank } => {
            let leader = world.books.leader(*partition);
            let mut followers = world.plan.placement.partitions[seat_of(*partition)].clone();
            followers.sort_unstable();
            followers.retain(|node| Some(*node) != leader);
            vec![seat_of(followers[*rank as usize % followers.len()])]
        }
        Target::Region(region) => {
            (0..nodes.len()).filter(|place| nodes[*place] == *region).collect()
        }
        Target::All => (0..nodes.len()).collect(),
        Target::There => vec![world.occasions.there(fault).expect("it happened somewhere")],
    }
}

/// The links that a fault cuts, one direction each, in order.
fn pairs_of(world: &World, effect: &Effect, nodes: &[usize]) -> Pairs {
    let n_nodes = world.plan.nodes.len() as u32;
    let n_all = n_nodes + world.plan.workload.clients.len() as u32 + 1;
    let mut pairs: Pairs = match effect {
        Effect::Cut(Cut::Sides(sides)) => {
            sides.iter().flat_map(|(from, to)| one_way(from, to)).collect()
        }
        Effect::Cut(Cut::Target { clients }) => {
            let all: Vec<u32> = (1..=if *clients { n_all } else { n_nodes }).collect();
            nodes.iter().flat_map(|place| isolate(number_at(*place), &all)).collect()
        }
        Effect::Cut(Cut::Client { client }) => {
            let all: Vec<u32> = (1..=n_nodes).chain([n_nodes + client]).collect();
            isolate(n_nodes + client, &all)
        }
        Effect::Rates(_) | Effect::Node(_) => Vec::new(),
    };
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

impl Active {
    /// The fault strikes. Returns what must be done to processes.
    pub(crate) fn begin(world: &mut World, place: usize, fault: &Fault) -> (Active, Vec<Blow>) {
        let effect = fault.effect();
        let nodes = fault.target().map(|target| resolve(world, place, target));
        let nodes = nodes.unwrap_or_default();
        let pairs = pairs_of(world, &effect, &nodes);
        for (from, to) in &pairs {
            world.network.cut(*from, *to);
            world.oracle.cut(*from, *to);
        }
        if let Some(rates) = effect.rates() {
            world.network.add_rates(rates);
            world.oracle.raise();
        }
        let active = Active { fault: fault.clone(), effect, nodes, pairs };
        let blows = active.touch(world, true);
        (active, blows)
    }

    /// The fault is lifted.
    pub(crate) fn end(self, world: &mut World) -> Vec<Blow> {
        for (from, to) in &self.pairs {
            world.network.mend(*from, *to);
            world.oracle.mend(*from, *to);
        }
        if let Some(rates) = self.effect.rates() {
            world.network.remove_rates(rates);
            world.oracle.settle();
        }
        self.touch(world, false)
    }

    /// Does to each node what the fault does, or undoes it.
    fn touch(&self, world: &mut World, begins: bool) -> Vec<Blow> {
        let mut blows = Vec::new();
        let Some(effect) = self.effect.of_node() else { return blows };
        for place in self.nodes.iter().copied() {
            match (self.effect.harm(), begins) {
                (Some(harm), true) => world.oracle.harm(number_at(place), harm),
                (Some(harm), false) => world.oracle.relieve(number_at(place), harm),
                (None, _) => {}
            }
            let now = world.now_ns;
            let sign = if begins { 1 } else { -1 };
            let machine = &mut world.machines[place];
            let count = |held: &mut u32| if begins { *held += 1 } else { *held -= 1 };
            match effect {
                NodeEffect::Kill => {
                    count(&mut machine.down);
                    blows.push(if begins { Blow::Kill(place) } else { Blow::Start(place) });
                }
                NodeEffect::CutPower => {
                    count(&mut machine.down);
                    blows.push(if begins { Blow::CutPower(place) } else { Blow::Start(place) });
                }
                NodeEffect::Hold => {
                    count(&mut machine.pauses);
                    world.wake_paused(place);
                }
                NodeEffect::SlowDisk { factor } => {
                    let before = machine.disk.slowness();
                    if begins {
                        machine.disk.slow(*factor);
                    } else {
                        machine.disk.unslow(*factor);
                    }
                    world.respeed(place, before);
                }
                NodeEffect::FailFlushes => count(&mut machine.failing),
                NodeEffect::WallOffset { ms } => {
                    machine.clock.add_offset(now, sign * ms * 1_000_000);
                    machine.bend(self.fault.kind(), begins, *ms != 0);
                }
                NodeEffect::Drift { ppm } => {
                    machine.clock.add_drift(now, sign * ppm);
                    machine.bend(self.fault.kind(), begins, *ppm != 0);
                    world.rearm(place);
                }
                NodeEffect::WallJump { ms } if begins => {
                    machine.clock.jump(now, ms * 1_000_000);
                    machine.bend(self.fault.kind(), true, *ms != 0);
                }
                // A jump is done; a storm is driven blow by blow.
                NodeEffect::WallJump { .. } | NodeEffect::Storm { .. } => {}
            }
        }
        blows
    }

    /// The nodes that this fault touches, by number, and the clients that it cuts off. What it does to
    /// the network as a whole touches every node.
    pub(crate) fn touched(&self, world: &World) -> (Vec<u32>, Vec<u32>) {
        let nodes = match &self.effect {
            Effect::Cut(Cut::Sides(sides)) => {
                let ends = sides.iter().flat_map(|(from, to)| from.iter().chain(to));
                let mut nodes: Vec<u32> = ends.copied().collect();
                nodes.sort_unstable();
                nodes.dedup();
                nodes
            }
            Effect::Cut(Cut::Client { client }) => return (Vec::new(), vec![*client]),
            Effect::Rates(_) => (1..=world.plan.nodes.len() as u32).collect(),
            Effect::Cut(Cut::Target { .. }) | Effect::Node(_) => {
                self.nodes.iter().map(|place| number_at(*place)).collect()
            }
        };
        (nodes, Vec::new())
    }

    /// Links that this fault cuts: their losses are its hits.
    pub(crate) fn pairs(&self) -> &Pairs {
        &self.pairs
    }
}
