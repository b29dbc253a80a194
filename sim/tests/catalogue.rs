//! The catalogue's door: every scenario over a few seeds meets what it expects, and what was once
//! found stays found.

mod common;

use common::{assert_holds, drawn, quiet, run, shortened};
use scenarios::{Fault, Plan, Planned, Target, faults::Isolate};

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
const REGRESSIONS: [(&str, u64, &str); 8] = [
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

/// Plans of `swarm` as it was drawn when they showed something, and what: it draws others today.
const KEPT: [(&str, &str, &str); 4] = [
    (
        "late_entry_62",
        include_str!("plans/late_entry_62.json"),
        "judged with an entry still under way after the drain",
    ),
    (
        "late_entry_104",
        include_str!("plans/late_entry_104.json"),
        "judged with an entry still under way after the drain",
    ),
    (
        "read_storm_552",
        include_str!("plans/read_storm_552.json"),
        "reads that were asked again began more rounds than links carried, and nothing was answered any more",
    ),
    (
        "read_storm_1365",
        include_str!("plans/read_storm_1365.json"),
        "the same, and the metadata group, which nobody read, starved on the same links",
    ),
];

#[test]
fn what_a_kept_plan_once_showed_does_not_come_back() {
    for (name, text, why) in KEPT {
        let plan: Plan = serde_json::from_str(text).expect("a plan");
        plan.check().expect("a plan that makes sense");
        let ended = run(&plan);
        let holds = std::panic::catch_unwind(|| assert_holds(&ended));
        assert!(holds.is_ok(), "{name} is back: {why}");
    }
}

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

/// Late acknowledgements once counted as lost: heal ran out of time while calls were open. Here a leader is
/// cut off with calls on their way, and whoever made them waits for longer than heal has.
#[test]
fn heal_ends_with_no_call_open() {
    let mut plan = quiet(8_000);
    (plan.timing.heartbeat_ms, plan.timing.election_min_ms) = (50, 300);
    plan.timing.election_max_ms = 400;
    (plan.timing.attempt_ms, plan.timing.call_ms) = (30_000, 45_000);
    plan.phases.heal_ms_max = 1;
    let fault = Fault::Isolate(Isolate { target: Target::Leader(1), clients: true });
    plan.timeline.push(Planned { at_ms: 6_000, for_ms: None, when: None, fault });
    let ended = run(&plan);
    assert!(common::notes(&ended, "heal took too long").count() > 0, "heal had time enough");
    let marks = &ended.run.history.marks;
    let draining = marks.iter().find(|(_, mark)| *mark == checkers::Mark::Draining);
    let (draining, _) = draining.expect("it was drained");
    let calls = ended.run.history.calls.iter();
    let returned = |call: &checkers::Call| call.returned.map_or(u64::MAX, |at| at.ordinal);
    let open = calls
        .clone()
        .filter(|call| call.called.ordinal < draining.ordinal && returned(call) > draining.ordinal);
    assert_eq!(open.count(), 0);
    let judgements = ended.run.judgements.iter();
    let lost = judgements.filter(|judgement| judgement.name == "zero_loss");
    assert!(lost.clone().count() == 1, "nobody looked for what is lost");
    assert!(lost.clone().all(|judgement| matches!(judgement.verdict, checkers::Verdict::Holds(_))));
}
