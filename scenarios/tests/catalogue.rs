//! Everything on the shelf reads, draws, shows and round-trips, over many seeds.

use scenarios::{
    BLAST_RADIUS, CHECKERS, Entry, FAULTS, Fault, Limits, PORCUPINE, Plan, Planned, SUITES,
    Scenario, Target, catalogue, draw, find, suite,
};
use std::collections::BTreeSet;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=200;

/// Scenarios that leave nothing to draw.
const FIXED: [&str; 4] = ["smoke", "datacenter_outage", "faults_on_the_dead", "reads_slow_clock"];

fn plans(name: &str) -> Vec<Plan> {
    let scenario = find(name).expect("in the catalogue").scenario();
    SEEDS.map(|seed| draw(&scenario, seed)).collect()
}

#[test]
fn every_scenario_draws_a_sound_plan_from_every_seed() {
    for entry in catalogue() {
        let scenario = entry.scenario();
        for seed in SEEDS {
            let plan = draw(&scenario, seed);
            assert_eq!(plan.check(), Ok(()), "{} seed {seed}", entry.name);
            assert_eq!(plan, draw(&scenario, seed), "{} seed {seed} drew twice", entry.name);
            assert!(plan.timeline.is_sorted_by_key(|planned| planned.at_ms));
            let end = plan.phases.trouble_ms;
            assert!(plan.timeline.iter().all(|p| p.end_ms().is_none_or(|at| at < end)));
            assert_eq!(plan.end_of_trouble_ns(), end * 1_000_000);
        }
    }
}

#[test]
fn seeds_differ_where_anything_is_left_to_draw() {
    for entry in catalogue() {
        let scenario = entry.scenario();
        let hashes: BTreeSet<String> = SEEDS.map(|seed| draw(&scenario, seed).hash()).collect();
        assert_eq!(hashes.len(), SEEDS.count(), "{}: two seeds, one hash", entry.name);
        let without_seed: BTreeSet<String> =
            SEEDS.map(|seed| Plan { seed: 0, ..draw(&scenario, seed) }.hash()).collect();
        let is_fixed = FIXED.contains(&entry.name);
        assert_eq!(without_seed.len() == 1, is_fixed, "{}: {}", entry.name, without_seed.len());
    }
}

#[test]
fn a_plan_survives_json_and_shows_in_twenty_lines() {
    for entry in catalogue() {
        for seed in SEEDS {
            let plan = draw(&entry.scenario(), seed);
            let json = serde_json::to_string(&plan).expect("plain data");
            let back: Plan = serde_json::from_str(&json).expect("its own JSON");
            assert_eq!(back, plan);
            assert_eq!(back.hash(), plan.hash());
            let shown = plan.to_string();
            assert!(shown.lines().count() <= 20, "{shown}");
            assert!(shown.lines().all(|line| line.chars().count() <= 200), "{shown}");
        }
    }
}

#[test]
fn every_scenario_survives_toml() {
    for entry in catalogue() {
        let scenario = entry.scenario();
        let text = toml::to_string(&scenario).expect("plain data");
        let mut back: Scenario = toml::from_str(&text).expect("its own TOML");
        back.name.clone_from(&scenario.name);
        assert_eq!(back, scenario, "{text}");
    }
}

#[test]
fn the_default_suite_has_every_story_but_probes_and_the_long_one() {
    let all: BTreeSet<&str> = catalogue().iter().map(|entry| entry.name).collect();
    let default: BTreeSet<&str> = suite("default").expect("a suite").into_iter().collect();
    let left: BTreeSet<&str> = all.difference(&default).copied().collect();
    let probes = suite("probes").expect("a suite").into_iter();
    assert_eq!(left, probes.chain(["datacenter_outage"]).collect());
    assert_eq!(suite("case-study"), Some(vec!["datacenter_outage"]));
    assert_eq!(suite("defalt"), None);
    assert_eq!(all.len(), catalogue().len(), "two entries of one name");
    for suite in SUITES {
        assert!(suite.seeds.first <= suite.seeds.last, "{} has no seeds", suite.name);
    }
}

#[test]
fn every_usual_checker_applies_and_the_others_only_where_they_are_asked() {
    for Entry { name, .. } in catalogue() {
        let plan = &plans(name)[0];
        let (usual, asked) = plan.checkers.split_at(CHECKERS.len());
        assert_eq!(usual, CHECKERS, "{name}");
        let expected: &[&str] = match *name {
            "smoke" => &[PORCUPINE],
            "blast_radius" => &[BLAST_RADIUS],
            _ => &[],
        };
        assert_eq!(asked, expected, "{name}");
    }
}

#[test]
fn a_blast_radius_has_bystanders_and_outlasts_its_bound() {
    for plan in plans("blast_radius") {
        let bound_ms = 25 * plan.timing.election_max_ms;
        let voters = &plan.placement.partitions;
        let has_bystander = |planned: &Planned| {
            let Some(Target::Region(region)) = planned.fault.target() else { return false };
            let stands_there = |node: &u32| plan.nodes[*node as usize - 1] == *region;
            voters.iter().any(|voters| !voters.iter().any(stands_there))
        };
        let long = |planned: &&Planned| planned.for_ms.is_some_and(|for_ms| for_ms > bound_ms);
        assert!(plan.timeline.iter().filter(long).any(has_bystander), "{plan}");
    }
}

#[test]
fn early_ack_crashes_nobody() {
    for plan in plans("early_ack") {
        for planted in &plan.timeline {
            assert_eq!(planted.fault.kind(), "slow_disk", "claims must be seen without a crash");
        }
    }
}

#[test]
fn swarm_varies_in_kind_and_not_only_in_number() {
    let plans = plans("swarm");
    let layouts: BTreeSet<&str> = plans.iter().map(|p| p.placement.layout.as_str()).collect();
    assert_eq!(layouts.len(), 6, "{layouts:?}");
    for level in 0..4 {
        assert!(plans.iter().any(|p| p.workload.acks[level] > 0), "no seed asks level {level}");
    }
    for kind in FAULTS.iter().map(|fault| fault.kind) {
        let with = |p: &&Plan| p.timeline.iter().any(|planned| planned.fault.kind() == kind);
        let n = plans.iter().filter(with).count();
        assert!(n > 0, "no seed has {kind}");
        assert!(n < plans.len(), "every seed has {kind}");
    }
    for planned in plans.iter().flat_map(|plan| &plan.timeline) {
        let json = serde_json::to_value(&planned.fault).expect("plain data");
        assert!(json.get(planned.fault.kind()).is_some(), "{json} has another tag");
    }
}

/// What a seed never draws is never tested, and what every seed draws hides whatever it disturbs.
#[test]
fn each_knob_of_swarm_is_off_in_a_share_of_the_seeds_and_on_in_another() {
    let scenario = find("swarm").expect("in the catalogue").scenario();
    let plans: Vec<Plan> = (1..=400).map(|seed| draw(&scenario, seed)).collect();
    let majority = |plan: &Plan| plan.placement.partitions[0].len() as u32 / 2 + 1;
    type Is = (&'static str, fn(&Plan, u32) -> bool);
    let knobs: [Is; 18] = [
        ("loss", |plan, _| plan.network.loss_ppm > 0),
        ("duplicates", |plan, _| plan.network.duplicate_ppm > 0),
        ("reorder", |plan, _| plan.network.reorder_ppm > 0),
        ("tails", |plan, _| plan.network.tail_ppm > 0),
        ("disk tails", |plan, _| plan.disk.tail_ppm > 0),
        ("flush jitter", |plan, _| plan.disk.flush_jitter_us > 0),
        ("spare nodes", |plan, _| plan.nodes.len() > plan.placement.metadata.len()),
        ("flexible quorums", |plan, majority| plan.placement.election_quorum != majority),
        ("late partitions", |plan, _| !plan.placement.late_ms.is_empty()),
        ("skew", |plan, _| plan.workload.skew_ppm > 0),
        ("rereads", |plan, _| plan.workload.reread_ppm > 0),
        ("single messages", |plan, _| plan.workload.messages_per_call == 1),
        ("large payloads", |plan, _| plan.workload.message_bytes > 16 << 10),
        ("short segments", |plan, _| plan.limits.segment_bytes < 64 << 10),
        ("small appends", |plan, _| plan.limits.append_entries < 8),
        ("small windows", |plan, _| plan.limits.window < 32),
        ("fast heartbeats", |plan, _| plan.timing.heartbeat_ms < 100),
        ("short attempts", |plan, _| plan.timing.attempt_ms < 400),
    ];
    for (name, is_on) in knobs {
        let on = plans.iter().filter(|plan| is_on(plan, majority(plan))).count();
        assert!((40..=360).contains(&on), "{name} in {on} of 400 seeds");
    }
}

/// They are written in scenarios, in plans and in the system: a plan that says nothing means the same.
#[test]
fn a_scenario_that_names_no_limits_has_the_usual_ones() {
    assert_eq!(plans("smoke")[0].limits, Limits::default());
}

#[test]
fn default_stories_are_short_and_light() {
    // The yardstick is as long and as heavy as its figure says; the swarm draws all that a story keeps still.
    let names = suite("default").expect("a suite");
    let is_light = |name: &&str| *name != "nine_nodes" && *name != "swarm";
    for name in names.into_iter().filter(is_light) {
        for plan in plans(name) {
            assert!((20_000..=125_000).contains(&plan.phases.trouble_ms), "{name}");
            assert!((20_000..=60_000).contains(&plan.workload.produce_per_ks), "{name}");
            assert!((4..=8).contains(&plan.workload.clients.len()), "{name}");
        }
    }
}

#[test]
fn the_outage_acknowledges_a_million_messages_in_four_dark_hours() {
    let plan = &plans("datacenter_outage")[0];
    let [dark] = plan.timeline.as_slice() else { panic!("{:?}", plan.timeline) };
    assert_eq!((dark.at_ms, dark.for_ms), (60_000, Some(4 * 3_600_000)));
    assert!(matches!(dark.fault, Fault::PowerLoss(_)));
    assert_eq!(plan.words(&dark.fault), "cut the power of region us-east");
    let dark_messages = plan.workload.produce_per_ks * dark.for_ms.unwrap() / 1_000_000;
    assert!(dark_messages >= 1_000_000, "{dark_messages} are asked in the dark");
    assert!(plan.workload.clients.iter().all(|region| *region != 0), "a client stands in the dark");
}

#[test]
fn the_yardstick_is_the_one_that_figures_are_quoted_for() {
    let plan = &plans("nine_nodes")[0];
    assert_eq!(plan.nodes, [0, 0, 0, 1, 1, 1, 2, 2, 2]);
    assert_eq!(plan.placement.partitions.len(), 12);
    assert!(plan.placement.partitions.iter().all(|voters| voters.len() == 5));
    assert_eq!((plan.placement.write_quorum, plan.placement.election_quorum), (3, 3));
    let workload = &plan.workload;
    assert_eq!((workload.produce_per_ks, workload.fetch_per_ks), (100_000, 20_000));
    assert_eq!((workload.messages_per_call, workload.message_bytes), (1, 256));
    assert_eq!(workload.acks, [0, 0, 1, 0]);
    assert_eq!(plan.network.latency_us[0], [500, 30_000, 40_000]);
    assert_eq!(plan.phases.trouble_ms, 600_000);
}

#[test]
fn a_name_that_is_not_on_the_shelf_gets_the_nearest() {
    let near = find("leader_crsh").unwrap_err();
    assert_eq!(near, "unknown scenario `leader_crsh` (did you mean `leader_crash`?)");
    let refused = scenarios::load("splitbrain").unwrap_err().to_string();
    assert_eq!(
        refused,
        "read scenario `splitbrain`: unknown scenario `splitbrain` (did you mean `split_brain`?)"
    );
    let refused = scenarios::load("no:such.toml").unwrap_err().to_string();
    assert_eq!(
        refused,
        "read scenario `no:such.toml`: expected a name or path without `:`, `+` and control \
         characters, or its runs could not be named"
    );
    let refused = scenarios::load("no/such.toml").unwrap_err().to_string();
    assert!(refused.starts_with("read scenario `no/such.toml`: No such file"), "{refused}");
}
