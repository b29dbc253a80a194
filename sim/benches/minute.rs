//! One run of the yardstick, for whoever counts instructions: `nine_nodes`, seed 1, a minute of trouble,
//! every checker. Says how much work it was, so that two builds can be compared per simulated second.
//!
//! ```text
//! cargo bench -p zeroloss-sim --bench minute -- [SECONDS] [PARTITIONS]
//! valgrind --tool=callgrind target/release/deps/minute-* 60
//! ```
//! The last column is what a run of the same plan must have in common, whoever makes it faster: its
//! trace hash, or at least what was acknowledged and read.

#[expect(dead_code, reason = "one run has no rounds to report")]
mod wall;

use checkers::Bench;
use sim::Options;
use std::io::Write;
use wall::Stopwatch;

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|word| word.parse::<u64>().ok());
    let (seconds, partitions) = (numbers.next().unwrap_or(60), numbers.next().unwrap_or(12));
    let entry = scenarios::catalogue().iter().find(|entry| entry.name == "nine_nodes");
    let text = entry.expect("it is in the catalogue").text;
    let text = text
        .replace("trouble = \"10m\"", &format!("trouble = \"{seconds}s\""))
        .replace("partitions = 12", &format!("partitions = {partitions}"));
    let scenario = scenarios::parse("nine_nodes", "nine_nodes", &text).expect("it is sound");
    let plan = scenarios::draw(&scenario, 1);
    let judges = checkers::checkers(&plan.checkers).expect("checkers that there are");
    let watch = Stopwatch::start();
    let run = sim::run(&plan, Bench::new(judges), &Options::default()).run;
    let (wall, simulated) = (watch.seconds(), run.sim_ns as f64 / 1e9);
    let holding = run.judgements.iter().filter(|judged| judged.verdict.word() == "holds").count();
    let told = format!(
        "{simulated:.3} s simulated in {wall:.3} s, {} events, {} acknowledged, {} read, {} lost, \
         {holding} of {} judges hold, trace {}\n",
        run.events,
        run.counts.acknowledged,
        run.counts.read,
        run.counts.lost,
        run.judgements.len(),
        &run.trace_hash[..16]
    );
    std::io::stdout().write_all(told.as_bytes()).expect("stdout takes a line");
}
