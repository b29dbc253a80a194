//! The catalogue's door: every scenario over a few seeds meets what it expects, and what was once
//! found stays found.

mod common;

use common::{assert_holds, drawn, run, shortened};

/// Too long for a test: the case study, four simulated hours of it.
const LONG: [&str; 1] = ["datacenter_outage"];

#[test]
fn every_scenario_holds() {
    for entry in scenarios::catalogue() {
        if LONG.contains(&entry.name) {
            continue;
        }
        for seed in 1..=2 {
            let mut plan = drawn(entry.name, seed);
            if entry.name == "nine_nodes" {
                plan = shortened(plan, 20_000);
            }
            assert_holds(&run(&plan));
        }
    }
}

/// Scenario, seed, and what it once showed.
const REGRESSIONS: [(&str, u64, &str); 10] = [
    ("swarm", 62, "judged with an entry still under way after the drain"),
    ("swarm", 104, "judged with an entry still under way after the drain"),
    ("old_term", 2, "an acknowledgement was attributed to the wrong message"),
    ("slow_disk", 1, "a flush that began on a slow disk outlived the fault by minutes"),
    (
        "lossy_links",
        1,
        "what was lost was never sent again, as no answer was about the newest round",
    ),
    ("leader_crash", 1, "a restarted follower was never told the commit index"),
    (
        "unflushed_term",
        1,
        "the answer to a heartbeat claimed entries under a term that was not durable",
    ),
    ("doubled_requests", 3, "refused for certain for its second copy, and read for its first"),
    ("late_partitions", 1, "a node never opened again after a failed flush of its registry"),
    ("lost_arrivals", 1, "what a follower lost with its power has to be sent again"),
];

#[test]
fn what_was_once_found_does_not_come_back() {
    for (scenario, seed, why) in REGRESSIONS {
        let ended = run(&drawn(scenario, seed));
        let holds = std::panic::catch_unwind(|| assert_holds(&ended));
        assert!(holds.is_ok(), "{scenario} seed {seed} is back: {why}");
    }
}

/// A run that reads nothing, or never acknowledges, proves nothing, however green it is.
#[test]
fn the_baseline_acknowledges_and_reads_all_that_it_is_asked() {
    let ended = run(&drawn("smoke", 1));
    let counts = &ended.run.counts;
    assert!(counts.attempted > 500, "{counts:?}");
    assert_eq!((counts.acknowledged, counts.read), (counts.attempted, counts.attempted));
    assert_eq!((counts.lost, counts.unknown), (0, 0));
}

/// A fault that changed nothing is counted as 0: not a pause of the dead, not a clock that nobody
/// reads, not a cut before a door that nobody opens.
#[test]
fn what_strikes_the_dead_is_no_hit() {
    let ended = run(&drawn("faults_on_the_dead", 1));
    let hits = |kind: &str| common::hits(&ended, kind);
    assert_eq!(hits("crash"), 1, "{:?}", ended.run.faults);
    for kind in ["pause", "clock_offset", "clock_drift"] {
        assert_eq!(hits(kind), 0, "{kind}: {:?}", ended.run.faults);
    }
    assert_eq!(hits("clock_jump"), 1, "its clock is wrong when it starts again");
    assert_eq!((hits("isolate"), hits("cut")), (0, 0), "{:?}", ended.run.faults);
}

/// Late acknowledgements once counted as lost: heal ran out of time while calls were open.
#[test]
fn heal_ends_with_no_call_open() {
    for seed in 1..=20 {
        let ended = run(&drawn("swarm", seed));
        let marks = &ended.run.history.marks;
        let draining = marks.iter().find(|(_, mark)| *mark == checkers::Mark::Draining);
        let (draining, _) = draining.expect("it was drained");
        let open = ended.run.history.calls.iter().filter(|call| {
            call.called.ordinal < draining.ordinal
                && call.returned.is_none_or(|returned| returned.ordinal > draining.ordinal)
        });
        assert_eq!(open.count(), 0, "seed {seed}");
        assert_holds(&ended);
    }
}
