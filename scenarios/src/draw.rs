//! Scenario and seed to plan: the only planning dice in the house. Each purpose throws its own
//! ([`Stream`] by name), so that one more draw in one place never moves another: a fault added to a
//! menu leaves topology and workload of every seed as they were.

use crate::{
    BLAST_RADIUS, CHECKERS, PORCUPINE,
    carry::spans,
    faults::region_number,
    layout::Layout,
    place::{Shape, place},
    plan::{Disk, Expectation, Limits, Network, Phases, Plan, Timing, Workload},
    random::Stream,
    scenario::{Acks, Scenario},
    units::{Count, Range},
};
use clamp::{Drawn, clamp_load};
use faults::World;

pub(crate) mod clamp;
mod faults;

/// Decides one seed's world.
///
/// # Panics
/// When the scenario was never checked (`parse` does): a plan that contradicts itself is our bug.
pub fn draw(scenario: &Scenario, seed: u64) -> Plan {
    let mut shape = shape(scenario, seed);
    let phases = phases(scenario, seed);
    shape.placement.late_ms = late(scenario, seed, &shape, phases.trouble_ms);
    let mut workload = workload(scenario, seed, &shape);
    let mut drawn = Drawn {
        network: network(scenario, seed),
        disk: disk(scenario, seed),
        timing: timing(scenario, seed),
        spans: spans(&shape.nodes, &shape.placement),
        calls_per_ks: workload.produce_per_ks + workload.fetch_per_ks,
    };
    let calls_give_way = Stream::derive(seed, "draw/load").hits(CALLS_GIVE_WAY_PPM);
    let mut clamped = clamp_load(&mut workload, &scenario.workload, calls_give_way);
    drawn.calls_per_ks = workload.produce_per_ks + workload.fetch_per_ks;
    clamped.append(&mut drawn.clamp(scenario));
    let Drawn { network, disk, timing, .. } = drawn;
    let world = World { seed, shape: &shape, clients: workload.clients.len() as u32 };
    let mut plan = Plan {
        scenario: scenario.name.clone(),
        seed,
        regions: scenario.cluster.regions.clone(),
        nodes: shape.nodes.clone(),
        placement: shape.placement.clone(),
        network,
        disk,
        timing,
        limits: limits(scenario, seed),
        workload,
        timeline: world.timeline(scenario, phases.trouble_ms),
        phases,
        plants: Vec::new(),
        clamped,
        checkers: checkers(scenario),
        why: scenario.why.clone(),
        expect: Expectation::default(),
    };
    plan.expect = expectation(scenario, &plan);
    plan.timeline.sort_by_key(|planned| planned.at_ms);
    if let Err(why) = plan.check() {
        panic!("scenario `{}` drew a bad plan from seed {seed}: {why}", plan.scenario);
    }
    plan
}

/// Seeds in which a load that is too much gives way in calls, so that large calls are not cut.
const CALLS_GIVE_WAY_PPM: u32 = 250_000;

/// Calls that a level is offered at least before a run must have promised it: that so many calls
/// all ask for something else has a chance of e^-30.
const CALLS_OFFERED_MIN: u64 = 30;

/// What must come of this plan. Levels that the scenario does not name are owed where a run cannot
/// miss them by the luck of its calls.
fn expectation(scenario: &Scenario, plan: &Plan) -> Expectation {
    let workload = &plan.workload;
    let calls = workload.produce_per_ks * plan.phases.trouble_ms / 1_000_000;
    let all: u64 = workload.acks.iter().map(|weight| u64::from(*weight)).sum();
    let is_owed = |(name, weight): &(&str, u32)| match &scenario.expect.acks {
        Some(named) => named.iter().any(|level| level == name),
        None => calls * u64::from(*weight) >= CALLS_OFFERED_MIN * all.max(1),
    };
    let levels = Acks::NAMES.into_iter().zip(workload.acks).filter(is_owed);
    Expectation {
        verdict: scenario.expect.verdict,
        by: scenario.expect.by.clone(),
        acks: levels.map(|(name, _)| name.to_owned()).collect(),
    }
}

fn checkers(scenario: &Scenario) -> Vec<String> {
    let mut names = match &scenario.expect.checkers {
        Some(named) => named.clone(),
        None => CHECKERS.map(str::to_owned).to_vec(),
    };
    let expect = &scenario.expect;
    for (is_asked, name) in [(expect.blast_radius, BLAST_RADIUS), (expect.porcupine, PORCUPINE)] {
        if is_asked && !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names
}

fn shape(scenario: &Scenario, seed: u64) -> Shape {
    let cluster = &scenario.cluster;
    let mut stream = Stream::derive(seed, "draw/topology");
    let layout = Layout::known(stream.choose(cluster.layout.all()));
    let voters = cluster.voters.as_deref().map(Layout::known);
    let partitions = cluster.partitions.draw_u32(&mut stream);
    let mut quorum = |written: &Option<Range<Count>>| {
        written.as_ref().map(|written| written.draw_u32(&mut stream))
    };
    let (write, election) = (quorum(&cluster.write_quorum), quorum(&cluster.election_quorum));
    let (layout, voters) = match voters {
        Some(voters) => (layout, Some(voters)),
        None => (layout.with_spare(spare(scenario, seed)), Some(layout)),
    };
    let n_voters = voters.as_ref().map_or(0, Layout::sum);
    let (write, election) = match (write, election) {
        (None, None) => flexible(scenario, seed, n_voters).unzip(),
        said => said,
    };
    place(&layout, voters.as_ref(), partitions, write, election)
}

/// Nodes beyond the voters. Dice of their own, as for everything that came later.
fn spare(scenario: &Scenario, seed: u64) -> u32 {
    scenario.cluster.spare.draw_u32(&mut Stream::derive(seed, "draw/spare"))
}

/// Any sound pair of write and election quorum of so many voters; none: majorities.
fn flexible(scenario: &Scenario, seed: u64, voters: u32) -> Option<(u32, u32)> {
    let mut stream = Stream::derive(seed, "draw/quorums");
    let share = scenario.cluster.flexible.draw_u32(&mut stream);
    if !stream.hits(share) {
        return None;
    }
    let (voters, majority) = (u64::from(voters), u64::from(voters / 2 + 1));
    let election = stream.range(majority, voters);
    let write = stream.range(voters - election + 1, voters);
    Some((write as u32, election as u32))
}

/// When the last partitions are created. Dice of their own: a scenario that has none stays as it was.
fn late(scenario: &Scenario, seed: u64, shape: &Shape, trouble_ms: u64) -> Vec<u64> {
    let mut stream = Stream::derive(seed, "draw/late");
    let most = shape.placement.partitions.len() - 1;
    let n_late = (scenario.cluster.late.draw_u32(&mut stream) as usize).min(most);
    let mut late: Vec<u64> = (0..n_late)
        .map(|_| match &scenario.cluster.late_at {
            Some(at) => at.draw_u64(&mut stream),
            None => stream.range(0, trouble_ms * 3 / 4),
        })
        .collect();
    late.sort_unstable();
    late
}

fn phases(scenario: &Scenario, seed: u64) -> Phases {
    let written = &scenario.phases;
    let mut stream = Stream::derive(seed, "draw/phases");
    Phases {
        boot_ms_max: written.boot_max.draw_u64(&mut stream),
        trouble_ms: written.trouble.draw_u64(&mut stream),
        heal_ms_max: written.heal_max.draw_u64(&mut stream),
        drain_ms_max: written.drain_max.draw_u64(&mut stream),
    }
}

fn workload(scenario: &Scenario, seed: u64, shape: &Shape) -> Workload {
    let written = &scenario.workload;
    let regions = &scenario.cluster.regions;
    let mut stream = Stream::derive(seed, "draw/workload");
    let stand: Vec<u32> = match written.clients_in.as_slice() {
        // A region without nodes may be named, but nobody is put there unasked.
        [] => (0..regions.len() as u32).filter(|region| shape.nodes.contains(region)).collect(),
        named => named.iter().map(|name| region_number(regions, name)).collect(),
    };
    let clients = written.clients.draw_u32(&mut stream) as usize;
    Workload {
        clients: stand.iter().copied().cycle().take(clients).collect(),
        produce_per_ks: written.produce.draw_u64(&mut stream),
        fetch_per_ks: written.fetch.draw_u64(&mut stream),
        acks: written.acks.weights().map(|weight| weight.draw_u32(&mut stream)),
        reads: written.reads.weights().map(|weight| weight.draw_u32(&mut stream)),
        messages_per_call: written.messages.draw_u32(&mut stream),
        message_bytes: written.bytes.draw_u32(&mut stream),
        skew_ppm: written.skew.draw_u32(&mut stream),
        reread_ppm: written.reread.draw_u32(&mut stream),
    }
}

fn limits(scenario: &Scenario, seed: u64) -> Limits {
    let written = &scenario.limits;
    let mut stream = Stream::derive(seed, "draw/limits");
    Limits {
        segment_bytes: written.segment.draw_u64(&mut stream),
        append_entries: written.append_entries.draw_u32(&mut stream),
        append_bytes: written.append.draw_u64(&mut stream),
        window: written.window.draw_u64(&mut stream),
        queue: written.queue.draw_u32(&mut stream),
    }
}

fn network(scenario: &Scenario, seed: u64) -> Network {
    let written = &scenario.network;
    let mut stream = Stream::derive(seed, "draw/network");
    Network {
        latency_us: latency(scenario, seed),
        jitter_percent: written.jitter.draw_u64(&mut stream) / 10_000,
        loss_ppm: written.loss.draw_u32(&mut stream),
        duplicate_ppm: written.duplicate.draw_u32(&mut stream),
        reorder_ppm: written.reorder.draw_u32(&mut stream),
        tail_ppm: written.tail.draw_u32(&mut stream),
        tail_us: written.tail_max.draw_u64(&mut stream),
    }
}

fn latency(scenario: &Scenario, seed: u64) -> Vec<Vec<u64>> {
    let mut stream = Stream::derive(seed, "draw/latency");
    let n = scenario.cluster.regions.len();
    match &scenario.cluster.latency {
        Some(rows) => rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.draw_u64(&mut stream)).collect())
            .collect(),
        None => usual_latencies_us(n),
    }
}

/// One-way latency between so many regions where nothing is said.
pub(crate) fn usual_latencies_us(n: usize) -> Vec<Vec<u64>> {
    (0..n).map(|from| (0..n).map(|to| usual_latency_us(from, to)).collect()).collect()
}

fn usual_latency_us(from: usize, to: usize) -> u64 {
    match (from.min(to), from.max(to)) {
        (low, high) if low == high => 500,
        (0, 1) => 30_000,
        (_, _) => 40_000,
    }
}

fn disk(scenario: &Scenario, seed: u64) -> Disk {
    let written = &scenario.disk;
    let mut stream = Stream::derive(seed, "draw/disk");
    Disk {
        flush_us: written.flush.draw_u64(&mut stream),
        flush_jitter_us: written.flush_jitter.draw_u64(&mut stream),
        bytes_per_us: written.mb_per_s.draw_u64(&mut stream),
        tail_ppm: written.tail.draw_u32(&mut stream),
        tail_us: written.tail_max.draw_u64(&mut stream),
    }
}

fn timing(scenario: &Scenario, seed: u64) -> Timing {
    let written = &scenario.timing;
    let mut stream = Stream::derive(seed, "draw/timing");
    Timing {
        heartbeat_ms: written.heartbeat.draw_u64(&mut stream),
        election_min_ms: written.election_min.draw_u64(&mut stream),
        election_max_ms: written.election_max.draw_u64(&mut stream),
        attempt_ms: written.attempt.draw_u64(&mut stream),
        call_ms: written.call.draw_u64(&mut stream),
        timer_jitter_us: written.timer_jitter.draw_u64(&mut stream),
    }
}
