//! Drawing throws named dice, and a plan that was edited by hand is asked whether it makes sense.

use proptest::prelude::*;
use scenarios::{
    Fault, PLANTED, Plan, Planned, Scenario, Target, catalogue, draw,
    faults::{
        ClockDrift, ClockJump, Crash, CutClient, OneWay, Partition, Reorder, RestartStorm,
        SlowDisk, Tail,
    },
    find, parse,
};
use std::collections::BTreeSet;

fn scenario(text: &str) -> Scenario {
    parse("x.toml", "x", text).unwrap_or_else(|why| panic!("{why}"))
}

const BUSY: &str = r#"
why = "A test."
workload.clients = [4, 8]
phases.trouble = "60s"
[cluster]
partitions = [1, 4]
layout = ["2/2/1", "3/1/1"]
"#;

#[test]
fn one_more_fault_moves_no_other_dice() {
    let script = "[[fault]]\nat = [\"1s\", \"50s\"]\ndo.crash.who = \"any node\"\n";
    let menu = "[menu]\nrate = \"30/min\"\nfaults = [{ weight = 1, for = [\"1s\", \"2s\"], \
                do.pause.who = \"any node\" }]\n";
    let kind = |plan: &Plan, kind: &str| -> Vec<Planned> {
        let timeline = plan.timeline.iter();
        timeline.filter(|planned| planned.fault.kind() == kind).cloned().collect()
    };
    let one = scenario(&format!("{BUSY}{script}"));
    let two = scenario(&format!("{BUSY}{script}{}", script.replace("crash", "isolate")));
    let all = scenario(&format!("{BUSY}{script}{menu}"));
    let quiet = scenario(BUSY);
    for seed in 1..100 {
        let [quiet, one, two, all] = [&quiet, &one, &two, &all].map(|of| draw(of, seed));
        for plan in [&one, &two, &all] {
            let silenced = Plan { timeline: Vec::new(), ..(*plan).clone() };
            assert_eq!(silenced, quiet, "a fault moved the world of seed {seed}");
            assert_eq!(kind(plan, "crash"), one.timeline, "a fault moved another, seed {seed}");
        }
        assert_eq!(two.timeline.len(), 2);
        assert!(!kind(&all, "pause").is_empty());
    }
}

#[test]
fn a_menu_serves_at_its_rate_and_by_its_weights() {
    let text = format!(
        "{BUSY}[menu]\nrate = \"30/min\"\nfaults = [\n\
         {{ weight = 3, do.clock_jump = {{ who = \"any node\", by = [\"-1s\", \"1s\"] }} }},\n\
         {{ weight = 1, for = \"1ms\", do.pause.who = \"any node\" }}]\n"
    );
    let served: Vec<Planned> =
        (1..=200).flat_map(|seed| draw(&scenario(&text), seed).timeline).collect();
    let jumps = served.iter().filter(|planned| planned.fault.kind() == "clock_jump").count();
    // 30 a minute over 200 minutes, of which three in four jump.
    assert!((5_950..=6_050).contains(&served.len()), "{} were served", served.len());
    assert!((4_350..=4_650).contains(&jumps), "{jumps} jumped");
}

#[test]
fn a_menu_switches_kinds_off_for_whole_seeds() {
    let text = format!(
        "{BUSY}[menu]\nrate = \"60/min\"\noff = \"30%\"\nfaults = [\n\
         {{ weight = 1, for = \"1ms\", do.crash.who = \"any node\" }},\n\
         {{ weight = 1, for = \"1ms\", do.pause.who = \"any node\" }}]\n"
    );
    let mut seen = [0; 3];
    for seed in 1..=1_000 {
        let plan = draw(&scenario(&text), seed);
        let kinds: BTreeSet<&str> = plan.timeline.iter().map(|p| p.fault.kind()).collect();
        seen[kinds.len()] += 1;
    }
    // 9 %, 42 % and 49 % of seeds.
    let [none, one, both] = seen;
    assert!((50..=130).contains(&none) && (350..=490).contains(&one), "{seen:?}");
    assert!((420..=560).contains(&both), "{seen:?}");
}

#[test]
fn the_end_of_one_fault_never_lifts_another() {
    let text = format!(
        "{BUSY}[menu]\nrate = \"2/s\"\nfaults = [\n\
         {{ weight = 1, for = [\"1s\", \"9s\"], do.crash.who = \"any node\" }},\n\
         {{ weight = 1, for = [\"1s\", \"9s\"], do.loss.rate = [\"1%\", \"2%\"] }}]\n"
    );
    let mut overlaps = 0;
    for seed in 1..=50 {
        let timeline = draw(&scenario(&text), seed).timeline;
        for (i, early) in timeline.iter().enumerate() {
            let lasts = |late: &&Planned| early.end_ms().is_none_or(|end| late.at_ms <= end);
            for late in timeline[i + 1..].iter().filter(lasts) {
                overlaps += 1;
                let same = early.fault.kind() == late.fault.kind()
                    && early.fault.target() == late.fault.target();
                assert!(!same, "{early} overlaps {late}");
            }
        }
    }
    assert!(overlaps > 1_000, "faults must overlap otherwise, {overlaps} did");
}

#[test]
fn what_would_outlast_trouble_is_lifted_by_heal() {
    let text = format!("{BUSY}[[fault]]\nat = \"55s\"\nfor = \"5s\"\ndo.crash.who = \"n1\"\n");
    let plan = draw(&scenario(&text), 1);
    assert_eq!(plan.timeline[0].for_ms, None);
    assert_eq!(plan.timeline[0].to_string(), "55.000 s until heal: crash n1");
    let text = text.replace("5s\"\ndo", "4999ms\"\ndo");
    let plan = draw(&scenario(&text), 1);
    assert_eq!(plan.timeline[0].to_string(), "55.000 s for 4.999 s: crash n1");
}

#[test]
fn repetition_ends_with_trouble_or_when_told() {
    let every = format!(
        "{BUSY}[[fault]]\nat = \"10s\"\nevery = \"20s\"\nfor = \"1s\"\ndo.crash.who = \"n1\"\n"
    );
    let times = |text: &str| -> Vec<u64> {
        draw(&scenario(text), 1).timeline.iter().map(|planned| planned.at_ms).collect()
    };
    assert_eq!(times(&every), [10_000, 30_000, 50_000]);
    assert_eq!(times(&every.replace("for =", "times = 2\nfor =")), [10_000, 30_000]);
}

/// A sound plan, spoilt.
fn spoilt(spoil: impl Fn(&mut Plan)) -> String {
    let text = "why = \"A test.\"\nphases.trouble = \"20s\"\n\
                [[fault]]\nat = \"1s\"\nevery = \"9s\"\nfor = \"1s\"\ndo.crash.who = \"n1\"\n";
    let mut plan = draw(&scenario(text), 1);
    assert_eq!(plan.check(), Ok(()));
    spoil(&mut plan);
    plan.check().expect_err("a spoilt plan passed")
}

fn spoilt_by(fault: Fault) -> String {
    spoilt(|plan| {
        plan.timeline = vec![Planned { at_ms: 0, for_ms: None, when: None, fault: fault.clone() }]
    })
}

#[test]
fn a_plan_that_contradicts_itself_is_refused() {
    let said = [
        spoilt(|plan| plan.nodes.clear()),
        spoilt(|plan| plan.nodes[1] = 9),
        spoilt(|plan| plan.placement.metadata.clear()),
        spoilt(|plan| plan.placement.partitions.clear()),
        spoilt(|plan| plan.placement.partitions[1] = vec![1, 2, 2]),
        spoilt(|plan| plan.placement.partitions[1][0] = 0),
        spoilt(|plan| plan.placement.write_quorum = 6),
        spoilt(|plan| plan.placement.write_quorum = 2),
        spoilt(|plan| (plan.placement.write_quorum, plan.placement.election_quorum) = (4, 2)),
        spoilt(|plan| plan.network.latency_us[2].clear()),
        spoilt(|plan| plan.network.loss_ppm = 1_000_001),
        spoilt(|plan| plan.disk.bytes_per_us = 0),
        spoilt(|plan| plan.disk.flush_us = u64::MAX),
        spoilt(|plan| plan.network.latency_us[0][1] = u64::MAX),
        spoilt(|plan| plan.network.jitter_percent = 101),
        spoilt(|plan| plan.workload.message_bytes = u32::MAX),
        spoilt(|plan| plan.timing.call_ms = u64::MAX),
        spoilt(|plan| plan.workload.clients.clear()),
        spoilt(|plan| plan.workload.clients[0] = 3),
        spoilt(|plan| plan.workload.acks = [0; 4]),
        spoilt(|plan| plan.workload.reads = [0; 2]),
        spoilt(|plan| plan.workload.messages_per_call = 0),
        spoilt(|plan| (plan.workload.produce_per_ks, plan.workload.fetch_per_ks) = (0, 0)),
        spoilt(|plan| plan.timing.heartbeat_ms = 900),
        spoilt(|plan| plan.timing.call_ms = 1),
        spoilt(|plan| plan.phases.heal_ms_max = u64::MAX),
        spoilt(|plan| plan.phases.trouble_ms = 10_500),
        spoilt(|plan| plan.phases.trouble_ms = 9_000),
        spoilt(|plan| plan.timeline[0].for_ms = Some(u64::MAX)),
        spoilt(|plan| plan.timeline.reverse()),
        spoilt(|plan| plan.plants.push("ack_before_flsh".to_owned())),
        spoilt(|plan| plan.plants = PLANTED[..2].iter().map(|bug| bug.name.to_owned()).collect()),
        spoilt(|plan| plan.checkers.clear()),
        spoilt(|plan| plan.checkers.push("zero_los".to_owned())),
        spoilt_by(Fault::Partition(Partition { a: vec![1], b: vec![] })),
        spoilt_by(Fault::OneWay(OneWay { from: vec![1, 2], to: vec![3, 2] })),
        spoilt_by(Fault::CutClient(CutClient { client: 0 })),
        spoilt_by(Fault::Reorder(Reorder { ppm: u32::MAX })),
        spoilt_by(Fault::Crash(Crash { target: Target::Node(6) })),
        spoilt_by(Fault::Crash(Crash { target: Target::Leader(5) })),
        spoilt_by(Fault::Crash(Crash { target: Target::Follower { partition: 1, rank: 4 } })),
        spoilt_by(Fault::Crash(Crash { target: Target::Region(3) })),
        spoilt_by(Fault::SlowDisk(SlowDisk { target: Target::All, factor: 0 })),
        spoilt_by(Fault::ClockDrift(ClockDrift { target: Target::All, ppm: 200_001 })),
        spoilt_by(Fault::RestartStorm(RestartStorm { target: Target::All, up_ms: 0, down_ms: 0 })),
        spoilt_by(Fault::ClockJump(ClockJump { target: Target::All, ms: i64::MIN })),
        spoilt_by(Fault::Tail(Tail { ppm: 1, us: u64::MAX })),
        spoilt_by(Fault::SlowDisk(SlowDisk { target: Target::All, factor: u32::MAX })),
    ];
    assert_eq!(said.join("\n"), SAID.trim());
}

const SAID: &str = "
there are no nodes
n2 is in no known region
the metadata group has no voters
there are no partitions
p2 has one voter twice
n0 is none of 5 nodes
p1: write quorum 6 is not within 1 and 5 voters
p1: write quorum 2 and election quorum 3 of 5 voters need not meet: together they must be more than 5
p1: election quorum 2 of 5 voters lets two leaders win one term
latency is not 3 by 3
1000001 is more than 1,000,000 parts per million
disks write nothing
a delay of 18446744073709551615 us is longer than an hour
a delay of 18446744073709551615 us is longer than an hour
jitter is more than 100%
produce calls are beyond 1000 messages of 1048576 bytes
a timer of 18446744073709551615 ms is longer than 31 days
there are no clients
a client stands in no known region (3)
produce has no weight on any acknowledgement level
fetch has no weight on any read level
produce calls are empty
there is neither produce nor fetch
heartbeats come no sooner than elections
election or attempt timeouts fall
a phase of 18446744073709551615 ms is not within 1 ms and 31 days
timeline line 2: outlasts trouble (say null to last until heal)
timeline line 2: begins after the end of trouble
timeline line 1: outlasts trouble (say null to last until heal)
timeline is not in order of time
unknown planted bug `ack_before_flsh` (did you mean `ack_before_flush`?)
more than one bug is planted: ack_before_flush, commit_previous_term
no checker applies
unknown checker `zero_los` (did you mean `zero_loss`?)
timeline line 1: a side is empty
timeline line 1: a node is on both sides
timeline line 1: client 0 is none of 6 clients
timeline line 1: 4294967295 is more than 1,000,000 parts per million
timeline line 1: n6 is none of 5 nodes
timeline line 1: p5 is no partition
timeline line 1: p1 has no follower 4 (counted from 0)
timeline line 1: region 3 is unknown
timeline line 1: a disk cannot be 0 times slower
timeline line 1: a drift of 200001 ppm is beyond 200,000
timeline line 1: a restart storm without time, or beyond 31 days
timeline line 1: a clock cannot be -9223372036854775808 ms off
timeline line 1: a tail of 18446744073709551615 us is longer than an hour
timeline line 1: a disk cannot be 4294967295 times slower
";

#[test]
fn the_strongest_level_that_is_asked_is_the_one_that_counts() {
    let asked = |acks: &str| {
        let with = format!("workload.acks = {acks}\n[cluster]");
        let scenario = scenario(&BUSY.replace("[cluster]", &with));
        let plan = draw(&scenario, 1);
        (plan.expect.acks.join(" "), plan.strongest_acks())
    };
    assert_eq!(asked("{ leader = 3, none = 1 }"), ("none leader".to_owned(), Some("leader")));
    assert_eq!(asked("{ quorum = 1, region_quorum = 0 }"), ("quorum".to_owned(), Some("quorum")));
    let text = format!("{BUSY}[expect]\nacks = [\"quorum\"]\n");
    assert_eq!(draw(&scenario(&text), 1).expect.acks, ["quorum"]);
}

#[test]
fn what_is_expected_travels_with_the_plan_and_moves_no_token() {
    let text = format!("{BUSY}[expect]\nverdict = \"violated\"\nby = [\"zero_loss\"]\n");
    let (plain, expected) = (draw(&scenario(BUSY), 3), draw(&scenario(&text), 3));
    assert_eq!(expected.expect.verdict, scenarios::Expected::Violated);
    assert_eq!(expected.expect.by, ["zero_loss"]);
    assert!(!plain.why.is_empty(), "a plan says what it is for");
    assert_eq!(plain.hash(), expected.hash());
    let json = serde_json::to_string(&expected).expect("a plan is plain data");
    assert_eq!(serde_json::from_str::<Plan>(&json).expect("it reads back"), expected);
    let bare = Plan { why: String::new(), expect: Default::default(), ..plain.clone() };
    assert_eq!(bare.hash(), plain.hash());
    let json = serde_json::to_string(&bare).expect("a plan is plain data");
    assert!(!json.contains("expect"), "an old plan's JSON is as it was: {json}");
}

#[test]
fn a_plan_with_a_key_too_many_is_refused() {
    let plan = draw(&find("smoke").expect("in the catalogue").scenario(), 1);
    let mut json = serde_json::to_value(&plan).expect("plain data");
    json["mood"] = 1.into();
    assert!(serde_json::from_value::<Plan>(json).is_err());
}

/// Words that stand for others in a text: what fingers and copies do to it.
const WORDS: [&str; 14] = [
    "0",
    "1",
    "-1",
    "4294967296",
    "\"0s\"",
    "\"1ms\"",
    "\"30000h\"",
    "\"0/s\"",
    "\"1/1/1\"",
    "\"n3\"",
    "\"any follower\"",
    "\"leader of p1\"",
    "[]",
    "{}",
];

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1_000, failure_persistence: None, ..Default::default()
    })]

    /// Whatever is read draws a sound plan (draw asserts it), and whatever is not has a line.
    #[test]
    fn what_is_read_can_be_drawn(
        which in 0..100_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0..WORDS.len()), 1..4),
        dropped in prop::option::of(any::<prop::sample::Index>()),
        seed in any::<u64>(),
    ) {
        let entry = catalogue()[which % catalogue().len()];
        let mut lines: Vec<String> = entry.text.lines().map(str::to_owned).collect();
        if let Some(dropped) = dropped {
            lines.remove(dropped.index(lines.len()));
        }
        let text = lines.join("\n");
        let mut words: Vec<String> =
            text.split_inclusive([' ', '\n', ',']).map(str::to_owned).collect();
        for (at, word) in changes {
            let at = at.index(words.len());
            // A value that stands alone, without the comma or bracket that follows it.
            let value = words[at].trim_end_matches([' ', '\n', ',', ']', '}']);
            if value.starts_with('"') || value.parse::<u64>().is_ok() {
                let rest = &words[at][value.len()..];
                words[at] = format!("{}{rest}", WORDS[word]);
            }
        }
        match parse("x.toml", "x", &words.concat()) {
            Ok(scenario) => prop_assert_eq!(draw(&scenario, seed).check(), Ok(())),
            Err(refused) => prop_assert!(refused.line.is_some(), "{} has no line", refused),
        }
    }
}

#[test]
fn late_partitions_are_drawn_with_dice_of_their_own_and_never_all_of_them() {
    let written = |late: &str| {
        scenario(&format!(
            "why = \"A test.\"\nphases.trouble = \"20s\"\n[cluster]\npartitions = [1, 4]\n{late}\n"
        ))
    };
    let (none, some) = (written(""), written("late = [0, 3]"));
    let (mut late, mut without) = (0, 0);
    for seed in 1..=200 {
        let (plan, same) = (draw(&some, seed), draw(&none, seed));
        let placement = &plan.placement;
        assert!(placement.n_early() >= 1 && placement.late_ms.is_sorted(), "{placement:?}");
        assert!(placement.late_ms.iter().all(|at| *at <= 15_000), "{placement:?}");
        late += u32::from(!placement.late_ms.is_empty());
        without += u32::from(placement.late_ms.is_empty());
        let mut early = plan.clone();
        early.placement.late_ms.clear();
        assert_eq!(early, same, "one draw more moved another");
        assert!(!serde_json::to_string(&same).expect("plain data").contains("late_ms"));
    }
    assert!(late > 50 && without > 50, "{late} with, {without} without");
}

#[test]
fn a_plan_whose_partitions_all_come_late_or_too_late_is_refused() {
    let spoilt = |late_ms: &[u64]| {
        let mut plan = draw(&find("smoke").expect("a scenario").scenario(), 1);
        plan.placement.late_ms = late_ms.to_vec();
        plan.check().expect_err("it makes no sense")
    };
    assert_eq!(spoilt(&[1, 2]), "no partition of 2 stands at boot");
    assert_eq!(spoilt(&[20_000]), "a partition is created after the end of trouble");
    let mut plan = draw(&find("batches").expect("a scenario").scenario(), 1);
    plan.placement.partitions.push(plan.placement.partitions[0].clone());
    plan.placement.late_ms = vec![2, 1];
    assert_eq!(plan.check(), Err("late partitions are not in order of time".to_owned()));
}
