//! Brings the plan's faults upon the world, and lifts them. A fault is data; only a role ("whoever
//! leads p1") is looked up when it strikes, and what it was is written into the effective plan.

use crate::{
    network::{Pairs, Rates, isolate, one_way, split},
    oracle::Harm,
    world::State,
};
use scenarios::{Fault, Target};

/// What a fault needs from whoever owns the processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The process dies.
    Kill(usize),
    /// The machine loses its power.
    CutPower(usize),
    /// Nothing holds it down any more.
    Start(usize),
}

/// A fault that lasts, with its roles resolved.
#[derive(Debug)]
pub(crate) struct Active {
    pub(crate) fault: Fault,
    pub(crate) nodes: Vec<usize>,
    pairs: Pairs,
    pub(crate) since_ns: u64,
}

/// The nodes that a target means now, by place.
pub(crate) fn resolve(state: &State, target: &Target) -> Vec<usize> {
    let nodes = &state.plan.nodes;
    let place = |node: u32| node as usize - 1;
    match target {
        Target::Node(node) => vec![place(*node)],
        Target::Leader(partition) => {
            let voters = &state.plan.placement.partitions[*partition as usize - 1];
            // Where nobody leads, the preferred leader stands for it.
            vec![place(state.books.leader(*partition).unwrap_or(voters[0]))]
        }
        Target::Follower { partition, rank } => {
            let leader = state.books.leader(*partition);
            let mut followers = state.plan.placement.partitions[*partition as usize - 1].clone();
            followers.sort_unstable();
            followers.retain(|node| Some(*node) != leader);
            vec![place(followers[*rank as usize % followers.len()])]
        }
        Target::Region(region) => {
            (0..nodes.len()).filter(|place| nodes[*place] == *region).collect()
        }
        Target::All => (0..nodes.len()).collect(),
    }
}

/// The same fault with its role replaced by the nodes it was: one fault for each.
pub(crate) fn resolved(fault: &Fault, nodes: &[usize]) -> Vec<Fault> {
    let with = |target: Target| -> Fault {
        let mut fault = fault.clone();
        if let Some(own) = target_of(&mut fault) {
            *own = target;
        }
        fault
    };
    let mut copy = fault.clone();
    match target_of(&mut copy) {
        Some(Target::Leader(_) | Target::Follower { .. }) => {
            nodes.iter().map(|place| with(Target::Node(*place as u32 + 1))).collect()
        }
        Some(Target::Node(_) | Target::Region(_) | Target::All) | None => vec![copy],
    }
}

fn target_of(fault: &mut Fault) -> Option<&mut Target> {
    match fault {
        Fault::Isolate { target, .. }
        | Fault::Crash { target }
        | Fault::PowerLoss { target }
        | Fault::Pause { target }
        | Fault::RestartStorm { target, .. }
        | Fault::SlowDisk { target, .. }
        | Fault::FsyncError { target }
        | Fault::ClockOffset { target, .. }
        | Fault::ClockDrift { target, .. }
        | Fault::ClockJump { target, .. } => Some(target),
        Fault::Partition { .. }
        | Fault::OneWay { .. }
        | Fault::CutClient { .. }
        | Fault::Loss { .. }
        | Fault::Duplicate { .. }
        | Fault::Reorder { .. }
        | Fault::Tail { .. } => None,
    }
}

fn rates_of(fault: &Fault) -> Option<Rates> {
    let none = Rates::default();
    match fault {
        Fault::Loss { ppm } => Some(Rates { loss_ppm: *ppm, ..none }),
        Fault::Duplicate { ppm } => Some(Rates { duplicate_ppm: *ppm, ..none }),
        Fault::Reorder { ppm } => Some(Rates { reorder_ppm: *ppm, ..none }),
        Fault::Tail { ppm, us } => Some(Rates { tail_ppm: *ppm, tail_us: *us, ..none }),
        Fault::Partition { .. }
        | Fault::OneWay { .. }
        | Fault::Isolate { .. }
        | Fault::CutClient { .. }
        | Fault::Crash { .. }
        | Fault::PowerLoss { .. }
        | Fault::Pause { .. }
        | Fault::RestartStorm { .. }
        | Fault::SlowDisk { .. }
        | Fault::FsyncError { .. }
        | Fault::ClockOffset { .. }
        | Fault::ClockDrift { .. }
        | Fault::ClockJump { .. } => None,
    }
}

/// The links that a fault cuts, one direction each.
fn pairs_of(state: &State, fault: &Fault, nodes: &[usize]) -> Pairs {
    let n_nodes = state.plan.nodes.len() as u32;
    let n_all = n_nodes + state.plan.workload.clients.len() as u32 + 1;
    let numbers: Vec<u32> = nodes.iter().map(|place| *place as u32 + 1).collect();
    match fault {
        Fault::Partition { a, b } => split(a, b),
        Fault::OneWay { from, to } => one_way(from, to),
        Fault::Isolate { clients, .. } => {
            let all: Vec<u32> = (1..=if *clients { n_all } else { n_nodes }).collect();
            let mut pairs: Pairs =
                numbers.iter().flat_map(|number| isolate(*number, &all)).collect();
            pairs.sort_unstable();
            pairs.dedup();
            pairs
        }
        Fault::CutClient { client } => {
            let all: Vec<u32> = (1..=n_nodes).chain([n_nodes + client]).collect();
            isolate(n_nodes + client, &all)
        }
        Fault::Loss { .. }
        | Fault::Duplicate { .. }
        | Fault::Reorder { .. }
        | Fault::Tail { .. }
        | Fault::Crash { .. }
        | Fault::PowerLoss { .. }
        | Fault::Pause { .. }
        | Fault::RestartStorm { .. }
        | Fault::SlowDisk { .. }
        | Fault::FsyncError { .. }
        | Fault::ClockOffset { .. }
        | Fault::ClockDrift { .. }
        | Fault::ClockJump { .. } => Vec::new(),
    }
}

impl Active {
    /// The fault strikes. Returns what must be done to processes.
    pub(crate) fn begin(state: &mut State, fault: &Fault) -> (Active, Vec<Blow>) {
        let mut copy = fault.clone();
        let nodes = target_of(&mut copy).map(|target| resolve(state, target)).unwrap_or_default();
        let pairs = pairs_of(state, fault, &nodes);
        for (from, to) in &pairs {
            state.network.cut(*from, *to);
            state.oracle.cut(*from, *to);
        }
        if let Some(rates) = rates_of(fault) {
            state.network.add_rates(rates);
            state.oracle.raise();
        }
        let active = Active { fault: fault.clone(), nodes, pairs, since_ns: state.now_ns };
        let blows = active.touch(state, true);
        (active, blows)
    }

    /// The fault is lifted.
    pub(crate) fn end(self, state: &mut State) -> Vec<Blow> {
        for (from, to) in &self.pairs {
            state.network.mend(*from, *to);
            state.oracle.mend(*from, *to);
        }
        if let Some(rates) = rates_of(&self.fault) {
            state.network.remove_rates(rates);
            state.oracle.settle();
        }
        self.touch(state, false)
    }

    /// Does to each node what the fault does, or undoes it.
    fn touch(&self, state: &mut State, begins: bool) -> Vec<Blow> {
        let mut blows = Vec::new();
        for place in self.nodes.iter().copied() {
            match (Harm::of(&self.fault), begins) {
                (Some(harm), true) => state.oracle.harm(place as u32 + 1, harm),
                (Some(harm), false) => state.oracle.relieve(place as u32 + 1, harm),
                (None, _) => {}
            }
            let now = state.now_ns;
            let sign = if begins { 1 } else { -1 };
            let machine = &mut state.machines[place];
            let count = |held: &mut u32| if begins { *held += 1 } else { *held -= 1 };
            match &self.fault {
                Fault::Crash { .. } | Fault::PowerLoss { .. } => {
                    count(&mut machine.down);
                    let is_power = matches!(self.fault, Fault::PowerLoss { .. });
                    match (begins, is_power) {
                        (true, true) => blows.push(Blow::CutPower(place)),
                        (true, false) => blows.push(Blow::Kill(place)),
                        (false, _) => blows.push(Blow::Start(place)),
                    }
                }
                Fault::Pause { .. } => {
                    count(&mut machine.pauses);
                    state.wake_paused(place);
                }
                Fault::SlowDisk { factor, .. } => {
                    let before = machine.disk.slowness();
                    if begins {
                        machine.disk.slow(*factor);
                    } else {
                        machine.disk.unslow(*factor);
                    }
                    state.respeed(place, before);
                }
                Fault::FsyncError { .. } => count(&mut machine.failing),
                Fault::ClockOffset { ms, .. } => {
                    machine.clock.add_offset(now, sign * ms * 1_000_000);
                    machine.bend("clock_offset", begins, *ms != 0);
                }
                Fault::ClockDrift { ppm, .. } => {
                    machine.clock.add_drift(now, sign * ppm);
                    machine.bend("clock_drift", begins, *ppm != 0);
                    state.rearm(place);
                }
                Fault::ClockJump { ms, .. } if begins => {
                    machine.clock.jump(now, ms * 1_000_000);
                    machine.bend("clock_jump", true, *ms != 0);
                }
                // A jump is done; a storm is driven blow by blow.
                Fault::ClockJump { .. } | Fault::RestartStorm { .. } | Fault::Isolate { .. } => {}
                Fault::Partition { .. }
                | Fault::OneWay { .. }
                | Fault::CutClient { .. }
                | Fault::Loss { .. }
                | Fault::Duplicate { .. }
                | Fault::Reorder { .. }
                | Fault::Tail { .. } => unreachable!("this fault has no target"),
            }
        }
        blows
    }

    /// The nodes that this fault touches, by number, and the clients that it cuts off. What it does to
    /// the network as a whole touches every node.
    pub(crate) fn touched(&self, state: &State) -> (Vec<u32>, Vec<u32>) {
        let nodes = match &self.fault {
            Fault::Partition { a, b } | Fault::OneWay { from: a, to: b } => {
                let mut nodes: Vec<u32> = a.iter().chain(b).copied().collect();
                nodes.sort_unstable();
                nodes.dedup();
                nodes
            }
            Fault::CutClient { client } => return (Vec::new(), vec![*client]),
            Fault::Loss { .. }
            | Fault::Duplicate { .. }
            | Fault::Reorder { .. }
            | Fault::Tail { .. } => (1..=state.plan.nodes.len() as u32).collect(),
            Fault::Isolate { .. }
            | Fault::Crash { .. }
            | Fault::PowerLoss { .. }
            | Fault::Pause { .. }
            | Fault::RestartStorm { .. }
            | Fault::SlowDisk { .. }
            | Fault::FsyncError { .. }
            | Fault::ClockOffset { .. }
            | Fault::ClockDrift { .. }
            | Fault::ClockJump { .. } => self.nodes.iter().map(|place| *place as u32 + 1).collect(),
        };
        (nodes, Vec::new())
    }

    /// Links that this fault cuts: their losses are its hits.
    pub(crate) fn pairs(&self) -> &Pairs {
        &self.pairs
    }
}
