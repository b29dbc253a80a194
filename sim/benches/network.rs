//! How many frames a second of wall time go through the network plug-in, on one core: the plug-in
//! alone, then with the whole world around it, once unjudged and once with every checker.
//!
//! `cargo bench -p zeroloss-sim --bench network`. The world is `nine_nodes` with 30 seconds of
//! trouble. Each figure is the median of several rounds, with the slowest and the fastest. The seed
//! is fixed, so every round does the same work; only the wall clock differs. A frame carries all
//! messages of one turn for one peer: one, or many.

mod wall;

use checkers::Bench;
use scenarios::Plan;
use sim::{
    Options, Simulated,
    network::{Network, Route},
};
use std::hint::black_box;
use wall::{Stopwatch, report};

const ROUNDS: usize = 7;
const ROUTED: u64 = 4_000_000;
const TROUBLE_MS: u64 = 30_000;

fn main() {
    let plan = plan();
    report("network alone", "frames/s", ROUNDS, || alone(&plan));

    // Only a run that keeps its trace can tell how many frames it delivered: it counts, unmeasured.
    let counted = run(&plan, false, true);
    let delivered = counted.trace.iter().filter(|record| record.contains("] Deliver ")).count();
    assert!(delivered > 0, "a run that delivers nothing measures nothing");
    for (name, judged) in [("world, unjudged", false), ("world, every checker", true)] {
        report(name, "frames/s", ROUNDS, || {
            let watch = Stopwatch::start();
            let ended = run(&plan, judged, false);
            let seconds = watch.seconds();
            assert_eq!(ended.run.trace_hash, counted.run.trace_hash, "the same work every time");
            delivered as f64 / seconds
        });
    }
}

fn plan() -> Plan {
    let mut plan = scenarios::draw(&scenarios::load("nine_nodes").expect("it is there"), 1);
    plan.phases.trouble_ms = TROUBLE_MS;
    plan.timeline.retain(|planned| planned.at_ms < TROUBLE_MS);
    plan
}

fn run(plan: &Plan, judged: bool, keep_trace: bool) -> Simulated {
    let judges = if judged { plan.checkers.as_slice() } else { &[] };
    let judges = checkers::checkers(judges).expect("a plan names checkers that there are");
    sim::run(plan, Bench::new(judges), &Options { keep_trace, ..Options::default() })
}

/// Frames of an append with one 256-byte message, from each node to each, in turn.
fn alone(plan: &Plan) -> f64 {
    let nodes = plan.nodes.len() as u64;
    let mut network = Network::new(&plan.network, &plan.nodes, &plan.workload.clients, plan.seed);
    let watch = Stopwatch::start();
    let mut delivered = 0;
    for frame in 0..ROUTED {
        let from = frame % nodes;
        let to = (from + 1 + frame / nodes % (nodes - 1)) % nodes;
        let route = network.route(frame * 100_000, from as u32 + 1, to as u32 + 1, 430);
        delivered += u64::from(matches!(black_box(route), Route::Deliver { .. }));
    }
    let seconds = watch.seconds();
    assert!(
        delivered > ROUTED / 2,
        "a network that delivers {delivered} of {ROUTED} is no network"
    );
    ROUTED as f64 / seconds
}
