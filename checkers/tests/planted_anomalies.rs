//! Kafka-style histories with one thing wrong in each: every kind is found, under its own name first,
//! and where nothing is wrong nothing is found (the 18 kinds of checkers.md 2.3, and a few more).
//!
//! `ZEROLOSS_CASES` is the number of seeds of each kind and size; the default is quick.

#[path = "planted_anomalies/plants.rs"]
mod plants;
#[path = "planted_anomalies/world.rs"]
mod world;

use checkers::{Bench, CATALOGUE, Contract, History, Judgement, ReadLevel, Verdict, checkers};
use plants::{Plant, Scene};
use world::{Size, history};

const SIZES: [Size; 3] = [
    Size { calls: 200, clients: 4, partitions: 2 },
    Size { calls: 800, clients: 6, partitions: 3 },
    Size { calls: 2000, clients: 10, partitions: 8 },
];

/// Whoever promises everything.
fn strict() -> Contract {
    Contract { permits_retries: false, ..Contract::default() }
}

/// What goes wrong, what its name is, and whether a log that promises no more than Kafka does may do
/// so as well.
const PLANTS: &[(&str, Plant, bool)] = &[
    ("lost_write", plants::lost_write, true),
    ("unseen", plants::lost_tail, true),
    ("int_poll_skip", plants::poll_skip, true),
    ("poll_skip", plants::external_skip, true),
    ("duplicate", plants::duplicate, true),
    ("aborted_read", plants::aborted_read, true),
    ("aborted_read", plants::aborted_transaction, true),
    ("precommitted_read", plants::precommitted_read, true),
    ("inconsistent_offsets", plants::inconsistent_offset, true),
    ("nonmonotonic_poll", plants::nonmonotonic_poll, true),
    ("int_nonmonotonic_poll", plants::reorder_in_poll, true),
    ("nonmonotonic_send", plants::nonmonotonic_send, true),
    ("int_nonmonotonic_send", plants::internal_nonmonotonic_send, true),
    ("ack_offset_mismatch", plants::ack_offset_mismatch, true),
    ("future_read", plants::future_read, true),
    ("realtime_order", plants::realtime_order, true),
    ("lost_for_some", plants::lost_for_some, true),
    ("lost_for_some", plants::lost_tail_for_some, false),
    ("read_then_vanish", plants::read_then_vanish, true),
    ("stale_poll", plants::stale_poll, false),
    ("offset_gap", plants::offset_gap, false),
    ("phantom", plants::phantom, true),
    ("wrong_partition", plants::wrong_partition, true),
];

fn seeds() -> u64 {
    let cases = std::env::var("ZEROLOSS_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(3)
}

/// What every judge of clients says.
fn judge(history: &History, contract: Contract) -> Vec<Judgement> {
    let laws = CATALOGUE.iter().filter(|law| law.name != "porcupine");
    let names: Vec<String> = laws.map(|law| law.name.to_owned()).collect();
    Bench::under(contract, checkers(&names).expect("every law has a judge")).judge(history)
}

/// The sentences of all that is violated, in the order of the catalogue.
fn violations(history: &History, contract: Contract) -> Vec<String> {
    let judgements = judge(history, contract).into_iter();
    let violated = judgements.filter_map(|judgement| match judgement.verdict {
        Verdict::Violated(evidence) => Some(format!("[{}] {}", judgement.name, evidence.summary)),
        Verdict::Holds(_) | Verdict::Unknown(_) => None,
    });
    violated.collect()
}

#[test]
fn honest_histories_raise_nothing() {
    for contract in [strict(), Contract::kafka()] {
        let eventual = Contract { poll: ReadLevel::Eventual, ..contract };
        for size in SIZES {
            for seed in 0..seeds() * 3 {
                let honest = history(size, contract, seed);
                for contract in [contract, eventual] {
                    let found = violations(&honest, contract);
                    assert!(found.is_empty(), "seed {seed}, {size:?}, {contract:?}: {found:#?}");
                }
            }
        }
    }
}

/// A silence that means something: on an honest history these laws hold, and say how much they saw.
#[test]
fn honest_histories_put_the_laws_to_the_test() {
    let judgements = judge(&history(SIZES[2], strict(), 1), strict());
    let held = judgements.iter().filter(|judgement| matches!(judgement.verdict, Verdict::Holds(_)));
    let held: Vec<&str> = held.map(|judgement| judgement.name.as_str()).collect();
    for name in [
        "phantom",
        "aborted_read",
        "precommitted_read",
        "offset_agreement",
        "lost_write",
        "unseen",
        "lost_for_some",
        "nonmonotonic_poll",
        "poll_skip",
        "nonmonotonic_send",
        "send_skip",
        "stale_poll",
        "linearizable_log",
    ] {
        assert!(held.contains(&name), "{name}: {judgements:#?}");
    }
}

#[test]
fn every_planted_anomaly_is_found_and_named_first() {
    let mut missed = Vec::new();
    for (name, plant, is_kafka) in PLANTS {
        let contracts = [Some(strict()), is_kafka.then(Contract::kafka)];
        for contract in contracts.into_iter().flatten() {
            for size in SIZES {
                let mut planted = 0;
                for seed in 0..seeds() * 8 {
                    if planted == seeds() {
                        break;
                    }
                    let mut scene = Scene::new(history(size, contract, seed), seed);
                    if !plant(&mut scene) {
                        continue;
                    }
                    planted += 1;
                    let found = violations(&scene.history, contract);
                    let is_first = found.first().is_some_and(|first| {
                        first
                            .split_once("] ")
                            .is_some_and(|(_, text)| text.split(':').next() == Some(name))
                    });
                    if !is_first {
                        missed.push(format!("{name}, seed {seed}, {size:?}: {found:#?}"));
                    }
                }
                assert_eq!(planted, seeds(), "{name} finds no place in {size:?}");
            }
        }
    }
    assert!(
        missed.is_empty(),
        "{} missed: {}",
        missed.len(),
        missed[..missed.len().min(12)].join("\n")
    );
}
