//! What a judge sees live is what was written. Every run here is judged as it happens, then again from
//! its history file, as `zeroloss run` writes it, and from what the world showed, kept in memory and
//! taken through JSON as well: every law must say the same, to the last word of its evidence.
//!
//! `ZEROLOSS_SEEDS=200` runs so many seeds of `swarm` instead of a few.

mod common;

use checkers::{
    Bench, CATALOGUE, Counts, Drain, Judgement, Recording, Topic, court,
    formats::{
        Format,
        ours::{read_history, write_jsonl},
    },
};
use common::{bench, drawn, run_with, shortened};
use scenarios::Plan;
use sim::{Options, Simulated};

fn recorded(plan: &Plan) -> Simulated {
    run_with(plan, &Options { keep_recording: true, ..Options::default() })
}

/// The bytes of the history file of a run.
fn file(ended: &Simulated) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_jsonl(&ended.run.history, &mut bytes).expect("memory can be written");
    bytes
}

fn judged_again(ended: &Simulated, file: &[u8], mut bench: Bench) -> (Vec<Judgement>, Counts) {
    let history = read_history(&mut &file[..]).expect("what was written can be read");
    let recording = ended.recording.as_ref().expect("it was kept");
    let json = serde_json::to_vec(recording).expect("plain data");
    let recording: Recording = serde_json::from_slice(&json).expect("plain data");
    for (at, event) in recording.events(&history) {
        bench.observe(at, event);
    }
    let counts = bench.counts();
    (bench.finish(), counts)
}

/// Whether a law looks at nothing but what clients saw: then `check` must say the same of the file.
fn is_of_clients_alone(name: &str) -> bool {
    let law = CATALOGUE.iter().find(|law| law.name == name).expect("a law of the catalogue");
    let judge = law.judge();
    judge.facts().is_empty() && !judge.topics().contains(&Topic::Replicas)
}

/// What `zeroloss check` says of the file, of these laws.
fn checked(file: &[u8]) -> Vec<Judgement> {
    let request = court::Request { format: Some(Format::Jsonl), ..court::Request::default() };
    let ruling = court::hear(&mut &file[..], &request).expect("a history of ours");
    ruling.judgements
}

fn assert_judged_twice_alike(plan: &Plan) -> u64 {
    let ended = recorded(plan);
    let who = format!("{} seed {} {:?}", plan.scenario, plan.seed, plan.plants);
    let file = file(&ended);
    let (again, counts) = judged_again(&ended, &file, bench(plan));
    assert_eq!(ended.run.judgements.len(), again.len(), "{who}");
    for (live, written) in ended.run.judgements.iter().zip(&again) {
        assert_eq!(live, written, "{who}: live is not what was written");
    }
    assert_eq!(ended.run.counts, counts, "{who}");
    let checked = checked(&file);
    let mut compared = 0;
    // What is gone from every log before a drain, only the world tells.
    let is_drained = ended.run.counts.drain == Drain::Fully;
    let is_told = |name: &str| is_of_clients_alone(name) || name == "zero_loss" && is_drained;
    for live in ended.run.judgements.iter().filter(|live| is_told(&live.name)) {
        if let Some(checked) = checked.iter().find(|checked| checked.name == live.name) {
            assert_eq!(live, checked, "{who}: `check` of the file says something else");
            compared += 1;
        }
    }
    compared
}

fn seeds() -> u64 {
    std::env::var("ZEROLOSS_SEEDS").map_or(6, |seeds| seeds.parse().expect("a number of seeds"))
}

#[test]
fn the_default_suite_is_judged_live_as_its_files_are() {
    let mut compared: u64 = 0;
    for scenario in scenarios::suite("default").expect("the default suite") {
        let plan = shortened(drawn(scenario, 1), 40_000);
        compared += assert_judged_twice_alike(&plan);
    }
    assert!(compared >= 30, "`check` had only {compared} laws to compare");
}

#[test]
fn fresh_worlds_are_judged_live_as_their_files_are() {
    for seed in 1..=seeds() {
        assert_judged_twice_alike(&drawn("swarm", seed));
    }
}

/// Red runs are where words are many: the evidence must be the same, too.
#[test]
fn every_planted_bug_is_judged_live_as_its_file_is() {
    for planted in scenarios::PLANTED {
        assert_judged_twice_alike(&drawn(planted.scenario, 1).with_plant(planted.name));
    }
}

/// The comparison can fail: what makes a duplicate a violation is a number, and a file without numbers
/// is judged otherwise.
#[test]
fn a_number_that_did_not_reach_the_file_would_be_noticed() {
    let scenario = scenarios::Planted::find("no_dedup").expect("a planted bug").scenario;
    let duplicates = |plan: &Plan| {
        let ended = recorded(plan);
        let live = says(&ended.run.judgements, "zero_loss");
        (live == "violated" && ended.run.counts.duplicated > 0).then_some(ended)
    };
    let plans = (1..=20).map(|seed| drawn(scenario, seed).with_plant("no_dedup"));
    let mut ended = plans.into_iter().find_map(|plan| duplicates(&plan)).expect("it is seen live");
    let live = ended.run.judgements.clone();
    assert_eq!(says(&live, "producer_order"), "violated", "live judges know the numbers");
    ended.run.history.calls.iter_mut().for_each(|call| call.numbered = None);
    let (again, _) = judged_again(&ended, &file(&ended), bench(&ended.effective));
    for law in ["zero_loss", "producer_order"] {
        assert_ne!(says(&live, law), says(&again, law), "{law}");
    }
}

fn says(judgements: &[Judgement], law: &str) -> &'static str {
    let judgement = judgements.iter().find(|judgement| judgement.name == law);
    judgement.expect("a law of the plan").verdict.word()
}
