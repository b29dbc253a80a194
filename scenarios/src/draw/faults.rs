//! What goes wrong in one seed's world, and when: by script and from the menu. Each line of a
//! script and each fault of a menu throws its own dice.

use super::region_number;
use crate::{
    fault::{Fault, Target},
    place::Shape,
    plan::{Node, Planned},
    random::Stream,
    scenario::Scenario,
    units::{Millis, Range},
    who::Who,
    written::{Dish, Menu, Scripted, Written},
};

/// Two sides of a cut.
type Sides = (Vec<Node>, Vec<Node>);

/// What faults are drawn against.
pub(super) struct World<'a> {
    pub(super) seed: u64,
    pub(super) shape: &'a Shape,
    /// How many.
    pub(super) clients: u32,
}

impl World<'_> {
    /// In no order yet.
    pub(super) fn timeline(&self, scenario: &Scenario, trouble_ms: u64) -> Vec<Planned> {
        let regions = &scenario.cluster.regions;
        let mut timeline = Vec::new();
        for (i, scripted) in scenario.faults.iter().enumerate() {
            let mut stream = Stream::derive(self.seed, &format!("draw/script/{i}"));
            self.script(scripted, regions, trouble_ms, &mut stream, &mut timeline);
        }
        if let Some(menu) = &scenario.menu {
            self.menu(menu, regions, trouble_ms, &mut timeline);
        }
        timeline
    }

    fn script(
        &self,
        scripted: &Scripted,
        regions: &[String],
        trouble_ms: u64,
        stream: &mut Stream,
        timeline: &mut Vec<Planned>,
    ) {
        let mut at_ms = scripted.at.draw_u64(stream);
        let times = match (&scripted.every, &scripted.times) {
            (None, _) => 1,
            (Some(_), None) => u32::MAX,
            (Some(_), Some(times)) => times.draw_u32(stream),
        };
        for _ in 0..times {
            if at_ms >= trouble_ms {
                break;
            }
            let fault = self.fault(&scripted.what, regions, stream);
            let lasts = scripted.lasts.as_ref();
            timeline.push(planned(at_ms, lasts, trouble_ms, fault, stream));
            at_ms += scripted.every.as_ref().map_or(0, |every| every.draw_u64(stream));
        }
    }

    /// Any combination is kept, for the system must survive them all; only a second fault of the
    /// same kind on the same target while the first one lasts is left out: it would change nothing
    /// and its end would lift the first one early.
    fn menu(&self, menu: &Menu, regions: &[String], trouble_ms: u64, timeline: &mut Vec<Planned>) {
        let dishes = self.dishes(menu);
        let weights: Vec<u32> = dishes.iter().map(|(_, weight)| *weight).collect();
        if weights.iter().all(|weight| *weight == 0) {
            return;
        }
        let mut served: Vec<Planned> = Vec::new();
        for (k, at_ms) in self.hours(menu, trouble_ms).into_iter().enumerate() {
            let mut stream = Stream::derive(self.seed, &format!("draw/menu/{k}"));
            let dish = dishes[stream.weighted(&weights)].0;
            let fault = self.fault(&dish.what, regions, &mut stream);
            let next = planned(at_ms, dish.lasts.as_ref(), trouble_ms, fault, &mut stream);
            if !served.iter().any(|earlier| covers(earlier, &next)) {
                served.push(next);
            }
        }
        timeline.append(&mut served);
    }

    /// What is on in this seed, with its weight.
    fn dishes<'m>(&self, menu: &'m Menu) -> Vec<(&'m Dish, u32)> {
        let mut stream = Stream::derive(self.seed, "draw/menu/off");
        let off = menu.off.draw_u32(&mut stream);
        menu.faults
            .iter()
            .enumerate()
            .map(|(i, dish)| {
                let mut stream = Stream::derive(self.seed, &format!("draw/menu/dish/{i}"));
                let weight = dish.weight.draw_u32(&mut stream);
                (dish, if stream.hits(off) { 0 } else { weight })
            })
            .collect()
    }

    /// When faults of the menu begin, in order: as many as the rate says, the fraction by chance.
    fn hours(&self, menu: &Menu, trouble_ms: u64) -> Vec<u64> {
        let mut stream = Stream::derive(self.seed, "draw/menu/when");
        let due = menu.rate.draw_u64(&mut stream) * trouble_ms;
        let n = due / 1_000_000 + u64::from(stream.below(1_000_000) < due % 1_000_000);
        let mut hours: Vec<u64> = (0..n).map(|_| stream.below(trouble_ms)).collect();
        hours.sort_unstable();
        hours
    }

    fn fault(&self, what: &Written, regions: &[String], stream: &mut Stream) -> Fault {
        let who = |who: &Who, stream: &mut Stream| self.target(who, regions, stream);
        match what {
            Written::Partition { a, b } => {
                let (a, b) = self.sides(a, b, regions, stream, World::any_split);
                Fault::Partition { a, b }
            }
            Written::OneWay { from, to } => {
                let (from, to) = self.sides(from, to, regions, stream, World::any_link);
                Fault::OneWay { from, to }
            }
            Written::Isolate { who: name, clients } => {
                Fault::Isolate { target: who(name, stream), clients: *clients }
            }
            Written::CutClient { client } => Fault::CutClient {
                client: match client {
                    Some(client) => client.draw_u32(stream),
                    None => 1 + stream.below(u64::from(self.clients)) as u32,
                },
            },
            Written::Loss { rate } => Fault::Loss { ppm: rate.draw_u32(stream) },
            Written::Duplicate { rate } => Fault::Duplicate { ppm: rate.draw_u32(stream) },
            Written::Reorder { rate } => Fault::Reorder { ppm: rate.draw_u32(stream) },
            Written::Tail { rate, max } => {
                Fault::Tail { ppm: rate.draw_u32(stream), us: max.draw_u64(stream) }
            }
            Written::Crash { who: name } => Fault::Crash { target: who(name, stream) },
            Written::PowerLoss { who: name } => Fault::PowerLoss { target: who(name, stream) },
            Written::Pause { who: name } => Fault::Pause { target: who(name, stream) },
            Written::RestartStorm { who: name, up, down } => Fault::RestartStorm {
                target: who(name, stream),
                up_ms: up.draw_u64(stream),
                down_ms: down.draw_u64(stream),
            },
            Written::SlowDisk { who: name, factor } => {
                Fault::SlowDisk { target: who(name, stream), factor: factor.draw_u32(stream) }
            }
            Written::FsyncError { who: name } => Fault::FsyncError { target: who(name, stream) },
            Written::ClockOffset { who: name, by } => {
                Fault::ClockOffset { target: who(name, stream), ms: by.draw(stream) }
            }
            Written::ClockDrift { who: name, by } => {
                Fault::ClockDrift { target: who(name, stream), ppm: by.draw(stream) }
            }
            Written::ClockJump { who: name, by } => {
                Fault::ClockJump { target: who(name, stream), ms: by.draw(stream) }
            }
        }
    }

    fn target(&self, who: &Who, regions: &[String], stream: &mut Stream) -> Target {
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
            Who::Region(name) => Target::Region(region_number(regions, name)),
            Who::AnyRegion => Target::Region(*stream.choose(&self.shape.peopled())),
            Who::All => Target::All,
        }
    }

    fn any_follower(&self, partition: u32, stream: &mut Stream) -> Target {
        let voters = self.shape.placement.partitions[partition as usize - 1].len() as u64;
        match voters {
            // Nobody follows a lone leader; `check` refuses to ask for it.
            0 | 1 => panic!("p{partition} has no followers"),
            _ => Target::Follower { partition, rank: stream.below(voters - 1) as u32 },
        }
    }

    fn sides(
        &self,
        a: &[Who],
        b: &[Who],
        regions: &[String],
        stream: &mut Stream,
        any: fn(&Self, &mut Stream) -> Sides,
    ) -> Sides {
        if a.is_empty() {
            return any(self, stream);
        }
        let a = self.side(a, regions, stream);
        let b = match b {
            [] => (1..=self.shape.nodes.len() as Node).filter(|node| !a.contains(node)).collect(),
            b => self.side(b, regions, stream),
        };
        (a, b)
    }

    fn side(&self, side: &[Who], regions: &[String], stream: &mut Stream) -> Vec<Node> {
        let mut nodes: Vec<Node> = Vec::new();
        for who in side {
            match self.target(who, regions, stream) {
                Target::Node(node) => nodes.push(node),
                Target::Region(region) => nodes.extend(self.shape.nodes_in(region)),
                Target::All | Target::Leader(_) | Target::Follower { .. } => {
                    panic!("`check` refuses roles as sides, they are nodes of a plan")
                }
            }
        }
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    fn any_split(&self, stream: &mut Stream) -> Sides {
        let mut nodes: Vec<Node> = (1..=self.shape.nodes.len() as Node).collect();
        stream.shuffle(&mut nodes);
        let mut b = nodes.split_off(stream.range(1, nodes.len() as u64 - 1) as usize);
        nodes.sort_unstable();
        b.sort_unstable();
        (nodes, b)
    }

    fn any_link(&self, stream: &mut Stream) -> Sides {
        let mut nodes: Vec<Node> = (1..=self.shape.nodes.len() as Node).collect();
        stream.shuffle(&mut nodes);
        (vec![nodes[0]], vec![nodes[1]])
    }
}

/// A fault that would outlast trouble ends with it: none, which is *until heal*.
fn planned(
    at_ms: u64,
    lasts: Option<&Range<Millis>>,
    trouble_ms: u64,
    fault: Fault,
    stream: &mut Stream,
) -> Planned {
    let for_ms = lasts.map(|lasts| lasts.draw_u64(stream));
    Planned { at_ms, for_ms: for_ms.filter(|for_ms| at_ms + for_ms < trouble_ms), fault }
}

/// Whether `next` begins while `earlier` does the same thing to the same target.
fn covers(earlier: &Planned, next: &Planned) -> bool {
    let lasts = earlier.for_ms.is_none_or(|for_ms| next.at_ms <= earlier.at_ms + for_ms);
    lasts && earlier.fault.is_same_hold(&next.fault)
}
