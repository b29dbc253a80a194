//! Planted bugs: each is executed in its directed scenario, each judge named for it sees it within
//! seeds 1..20, and what the judges say names a place. `.ci/run` asks the same of the binary.

mod common;

use checkers::Verdict;
use common::{drawn, run};
use scenarios::PLANTED;
use std::collections::BTreeSet;

/// Judges that must see the bug and have not, after these seeds, and how often its site misbehaved.
fn unseen_after(
    planted: &scenarios::Planted,
    seeds: std::ops::RangeInclusive<u64>,
) -> (Vec<&'static str>, u64) {
    let (mut seen, mut hits) = (BTreeSet::new(), 0);
    for seed in seeds {
        let ended = run(&drawn(planted.scenario, seed).with_plant(planted.name));
        hits += ended.run.plants.get(planted.name).copied().unwrap_or(0);
        for judgement in &ended.run.judgements {
            if let Verdict::Violated(evidence) = &judgement.verdict {
                assert!(!evidence.summary.is_empty(), "{} of {}", judgement.name, planted.name);
                seen.insert(judgement.name.clone());
            }
        }
        if planted.checkers.iter().all(|judge| seen.contains(*judge)) {
            break;
        }
    }
    let unseen = planted.checkers.iter().filter(|judge| !seen.contains(**judge));
    (unseen.copied().collect(), hits)
}

#[test]
fn every_planted_bug_is_seen_by_each_of_its_judges() {
    for planted in PLANTED {
        let (unseen, hits) = unseen_after(planted, 1..=20);
        assert!(hits > 0, "{}: its site was never executed in {}", planted.name, planted.scenario);
        assert!(
            unseen.is_empty(),
            "{}: not seen by {unseen:?} in {}",
            planted.name,
            planted.scenario
        );
    }
}

/// Whatever cannot be switched on would be taken for a bug that survived.
#[test]
#[should_panic(expected = "the system has no planted bug `quorum`")]
fn a_bug_that_does_not_exist_is_never_run_without() {
    drop(run(&drawn("smoke", 1).with_plant("quorum")));
}

#[test]
#[should_panic(expected = "one bug at a time")]
fn of_two_bugs_none_is_dropped() {
    let plan = drawn("smoke", 1).with_plant("no_dedup").with_plant("no_pre_vote");
    drop(run(&plan));
}
