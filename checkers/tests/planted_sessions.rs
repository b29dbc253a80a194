//! A small system with sessions, groups and transactions gives one wrong answer of each kind; the
//! law that is named for it must find it, under its right name, and must be silent without it.
//!
//! `ZEROLOSS_CASES` is how many clean histories are judged; each plant is tried with more seeds
//! then.

#[path = "planted_sessions/world.rs"]
mod world;

use checkers::{Bench, History, Judgement, Verdict, checkers};
use std::collections::BTreeMap;
use world::Plant;

const LAWS: [&str; 9] = [
    "read_your_writes",
    "monotonic_reads",
    "monotonic_writes",
    "writes_follow_reads",
    "causal_order",
    "bounded_staleness",
    "group_fencing",
    "committed_offsets",
    "torn_transactions",
];

/// An acknowledgement names an offset where a marker stands: whoever goes past it seems to skip it.
const FALSE_PLACE: &[&str] =
    &["monotonic_writes", "writes_follow_reads", "committed_offsets", "torn_transactions"];
/// One reader is shown what transactions still hide from all others, who then seem to miss it.
const SHOWN_EARLY: &[&str] =
    &["read_your_writes", "monotonic_reads", "causal_order", "bounded_staleness"];

/// A wrong answer, the law and the rule that it breaks, and laws that it may break as well.
const PLANTS: [(Plant, &str, &str, &[&str]); 19] = [
    (Plant::ReadYourWrites, "read_your_writes", "read_your_writes", &["causal_order"]),
    (Plant::MonotonicReads, "monotonic_reads", "monotonic_reads", &["causal_order"]),
    (Plant::MonotonicWrites, "monotonic_writes", "monotonic_writes", FALSE_PLACE),
    (Plant::WritesFollowReads, "writes_follow_reads", "writes_follow_reads", FALSE_PLACE),
    (Plant::CausalReverse, "causal_order", "causal_reverse", &[]),
    (
        Plant::BoundedStaleness,
        "bounded_staleness",
        "bounded_staleness",
        &["read_your_writes", "monotonic_reads"],
    ),
    (Plant::ZombieCommit, "group_fencing", "zombie_commit", &["committed_offsets"]),
    (Plant::DoubleAssignment, "group_fencing", "double_assignment", &[]),
    (Plant::GenerationWentBack, "group_fencing", "generation_went_back", &[]),
    (Plant::CommittedRegression, "committed_offsets", "committed_regression", &[]),
    (Plant::CommitAhead, "committed_offsets", "commit_ahead", &[]),
    (Plant::StaleCommittedRead, "committed_offsets", "stale_committed_read", &[]),
    (Plant::PhantomCommittedOffset, "committed_offsets", "phantom_committed_offset", &[]),
    (Plant::SkippedAfterRebalance, "committed_offsets", "skipped_after_rebalance", &[]),
    (Plant::ExcessRewind, "committed_offsets", "excess_rewind", &[]),
    (Plant::FracturedRead, "torn_transactions", "fractured_read", &[]),
    (Plant::LsoPassed, "torn_transactions", "lso_passed", SHOWN_EARLY),
    (Plant::AbortedRead, "torn_transactions", "aborted_read", &[]),
    (Plant::DoubleProcessing, "torn_transactions", "double_processing", &[]),
];

fn judge(history: &History) -> Vec<Judgement> {
    let names: Vec<String> = LAWS.iter().map(|name| (*name).to_owned()).collect();
    let judges = checkers(&names).expect("the laws of sessions");
    Bench::under(world::contract(), judges).judge(history)
}

fn cases() -> u64 {
    let cases = std::env::var("ZEROLOSS_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

#[test]
fn a_system_that_keeps_its_promises_breaks_no_law_and_covers_each() {
    let mut covered = BTreeMap::new();
    for seed in 0..cases() {
        let calls = [40, 200, 800][seed as usize % 3];
        let (history, _) = world::history(seed, calls, None);
        for Judgement { name, verdict, .. } in judge(&history) {
            match verdict {
                Verdict::Holds(_) => *covered.entry(name).or_insert(0) += 1,
                Verdict::Violated(evidence) => panic!("seed {seed}: {name}: {evidence:#?}"),
                Verdict::Unknown(why) => assert!(why.starts_with("vacuous"), "{name}: {why}"),
            }
        }
    }
    for law in LAWS {
        assert!(covered.get(law).is_some_and(|count| *count > cases() / 3), "{law}: {covered:?}");
    }
}

#[test]
fn every_wrong_answer_is_found_by_the_law_named_for_it() {
    let mut failures = Vec::new();
    for (plant, law, rule, companions) in PLANTS {
        let mut tried = 0;
        for seed in 0..6 + cases() / 300 {
            for calls in [600, 1800] {
                let (history, was_planted) = world::history(seed, calls, Some(plant));
                if !was_planted {
                    continue;
                }
                tried += 1;
                for Judgement { name, verdict, .. } in judge(&history) {
                    let said = match &verdict {
                        Verdict::Violated(evidence) => evidence.summary.as_str(),
                        Verdict::Holds(_) | Verdict::Unknown(_) => "",
                    };
                    let is_right = match name == law {
                        true => said.split(':').next() == Some(rule),
                        false => said.is_empty() || companions.contains(&name.as_str()),
                    };
                    if !is_right {
                        failures.push(format!("{plant:?} seed {seed} {calls}: {name}: `{said}`"));
                    }
                }
            }
        }
        if tried < 6 {
            failures.push(format!("{plant:?} could only be planted {tried} times"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
