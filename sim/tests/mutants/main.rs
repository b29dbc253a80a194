//! Stream mutants: would the judges notice? Each run of the default suite holds; then its stream, exactly
//! as its judges were told it, is changed in one thing, and the law that is named for the change must
//! turn: in every run in which that law had something to judge and the stream something to change. A law
//! that nothing turns is asleep, and says why.
//!
//! `ZEROLOSS_SEEDS=3` takes so many seeds of each scenario instead of the first. The table in
//! `docs/MUTANTS.md` is compared with what is seen here, and written anew under `UPDATE_MUTANTS=1`.

mod clients;
#[path = "../common/mod.rs"]
mod common;
mod kind;
mod peace;
mod stream;
mod table;
mod world;

use checkers::{Judgement, Verdict};
use common::{drawn, run_with, shortened};
use kind::Kind;
use sim::Options;
use std::collections::{BTreeMap, BTreeSet};
use stream::Stream;

fn kinds() -> impl Iterator<Item = &'static Kind> {
    clients::KINDS.iter().chain(world::KINDS).chain(peace::KINDS)
}

/// Laws that no change of a stream can turn, and why.
const ASLEEP: &[(&str, &str)] = &[(
    scenarios::PORCUPINE,
    "a search in threads of its own, which tests of runs leave out; its laws' histories are judged in \
     `checkers/tests/histories.rs`",
)];

/// What a kind did over all runs.
#[derive(Debug, Default)]
struct Seen {
    /// Runs that it could change.
    runs: u64,
    /// By law: runs in which the law turned.
    turned: BTreeMap<String, u64>,
}

fn seeds() -> u64 {
    std::env::var("ZEROLOSS_SEEDS").map_or(1, |seeds| seeds.parse().expect("a number of seeds"))
}

/// The runs of the default suite, each with its stream.
fn streams() -> impl Iterator<Item = Stream> {
    let suite = scenarios::suite("default").expect("the default suite");
    suite.into_iter().flat_map(|scenario| {
        (1..=seeds().min(3)).map(move |seed| {
            let mut plan = drawn(scenario, seed);
            if scenario == "nine_nodes" {
                plan = shortened(plan, 20_000);
            }
            Stream::of(&run_with(&plan, &Options { keep_recording: true, ..Options::default() }))
        })
    })
}

fn holds(judgements: &[Judgement], law: &str) -> bool {
    let judgement = judgements.iter().find(|judgement| judgement.name == law);
    judgement.is_some_and(|judgement| matches!(judgement.verdict, Verdict::Holds(_)))
}

fn broken(judgements: &[Judgement]) -> BTreeSet<String> {
    let violated = |judgement: &&Judgement| matches!(judgement.verdict, Verdict::Violated(_));
    judgements.iter().filter(violated).map(|judgement| judgement.name.clone()).collect()
}

/// Tries every kind on a stream; what ought to have turned and did not is told.
fn try_all(stream: &Stream, seen: &mut BTreeMap<&'static str, Seen>, asleep: &mut Vec<String>) {
    let honest = stream.clone().judge();
    let who = format!("{} seed {}", stream.plan.scenario, stream.plan.seed);
    assert_eq!(broken(&honest), BTreeSet::new(), "{who}: the run itself does not hold");
    for kind in kinds() {
        let mut changed = stream.clone();
        if (kind.change)(&mut changed).is_none() {
            continue;
        }
        let broken = broken(&changed.judge());
        let seen = seen.entry(kind.name).or_default();
        seen.runs += 1;
        for law in kind.laws.iter().filter(|law| holds(&honest, law) && !broken.contains(**law)) {
            asleep.push(format!("{who}: {} did not turn {law}, but {broken:?}", kind.name));
        }
        for law in broken {
            *seen.turned.entry(law).or_default() += 1;
        }
    }
}

#[test]
fn every_law_turns_when_the_stream_that_it_judges_is_changed() {
    let (mut seen, mut asleep) = (BTreeMap::new(), Vec::new());
    for stream in streams() {
        try_all(&stream, &mut seen, &mut asleep);
    }
    assert!(asleep.is_empty(), "{}", asleep.join("\n"));
    assert!(kinds().count() >= 15);
    for kind in kinds() {
        let seen =
            seen.get(kind.name).unwrap_or_else(|| panic!("{}: nothing to change", kind.name));
        for law in kind.laws {
            assert!(seen.turned.contains_key(*law), "{} never turned {law}", kind.name);
        }
    }
    let known: BTreeSet<String> = scenarios::CHECKERS
        .into_iter()
        .chain([scenarios::BLAST_RADIUS, scenarios::PORCUPINE])
        .map(str::to_owned)
        .collect();
    let turned: BTreeSet<String> =
        kinds().flat_map(|kind| kind.laws).map(|law| (*law).to_owned()).collect();
    let sleeping: BTreeSet<String> = ASLEEP.iter().map(|(law, _)| (*law).to_owned()).collect();
    let idle: BTreeSet<String> = known.difference(&turned).cloned().collect();
    assert_eq!(idle, sleeping, "laws that no kind is named for, and those that may sleep");
    if seeds() == 1 {
        table::compare(&seen);
    }
}
