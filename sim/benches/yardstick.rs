//! The yardstick for speed: `nine_nodes` (nine nodes, three regions, twelve partitions, ten
//! simulated minutes of a production-like load) on one core with every checker, as simulated time
//! per wall time.
//!
//! `cargo bench -p zeroloss-sim --bench yardstick`. A run is one thread, so one run is one core.
//! The second line tells the same work as time for an event.

mod wall;

use checkers::Bench;
use sim::Options;
use wall::{Stopwatch, report};

const ROUNDS: usize = 3;

fn main() {
    let plan = scenarios::draw(&scenarios::load("nine_nodes").expect("it is there"), 1);
    let mut event_ns = Vec::new();
    report("nine_nodes, every checker", "simulated s / wall s", ROUNDS, || {
        let judges =
            checkers::checkers(&plan.checkers).expect("a plan names checkers that there are");
        let watch = Stopwatch::start();
        let ended = sim::run(&plan, Bench::new(judges), &Options::default());
        let seconds = watch.seconds();
        event_ns.push(seconds * 1e9 / ended.run.events as f64);
        ended.run.sim_ns as f64 / 1e9 / seconds
    });
    let mut rounds = event_ns.into_iter();
    report("nine_nodes, every checker", "ns / event", ROUNDS, || rounds.next().expect("one each"));
}
