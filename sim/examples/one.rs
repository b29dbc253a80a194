//! Runs one scenario of the catalogue with one seed and prints what happened.
use checkers::Bench;
fn main() {
    let mut args = std::env::args().skip(1);
    let name = args.next().unwrap_or_else(|| "smoke".into());
    let seed: u64 = args.next().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let scenario = scenarios::load(&name).expect("a scenario");
    let plan = scenarios::draw(&scenario, seed);
    let mut err = std::io::stderr();
    use std::io::Write;
    let ended = sim::run(&plan, Bench::default(), &sim::Options::default());
    let run = &ended.run;
    writeln!(
        err,
        "{:?} sim {} ms, {} events, {} calls, hash {}",
        run.ending,
        run.sim_ns / 1_000_000,
        run.events,
        run.history.calls.len(),
        run.trace_hash
    )
    .unwrap();
    writeln!(err, "faults {:?}\nmarks {:?}", run.faults, run.marks).unwrap();
    let count = |f: fn(&checkers::Outcome) -> bool| {
        run.history.calls.iter().filter(|c| f(&c.outcome)).count()
    };
    writeln!(
        err,
        "ok {} refused {} unknown {}",
        count(|o| matches!(o, checkers::Outcome::Ok(_))),
        count(|o| matches!(o, checkers::Outcome::Refused(_))),
        count(|o| matches!(o, checkers::Outcome::Unknown(_)))
    )
    .unwrap();
    for r in &run.recovery {
        writeln!(err, "{r:?}").unwrap();
    }
    if std::env::var("NOTES").is_ok() {
        for (at, note) in &run.history.notes {
            writeln!(err, "{:.3} {note}", at.at_ns as f64 / 1e9).unwrap();
        }
    }
}
