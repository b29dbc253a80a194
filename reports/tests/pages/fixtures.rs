//! Runs that never ran: one of each kind that a page must tell, filled by arithmetic, never by dice.

use checkers::{
    Acks, Ask, Call, Counts, Coverage, Drain, Ending, Evidence, History, Judgement, Line, Outcome,
    Overlap, Recovery, Reply, Run, Series, Stamp, Verdict,
};
use reports::{Origin, Replay, Report, RunReport, compose};
use scenarios::{
    Disk, Fault, Network, Phases, Placement, Plan, Planned, Target, Timing, Workload,
    faults::{Crash, OneWay},
};
use std::collections::BTreeMap;

pub(crate) const SECOND: u64 = 1_000_000_000;
const CHECKERS: [&str; 6] =
    ["claim_witness", "ack_witness", "zero_loss", "offset_agreement", "convergence", "liveness"];

/// A string that attacks whatever page shows it.
pub(crate) const HOSTILE: &str =
    "</script><img src=x onerror=alert(1)>\"'&amp;\u{1b}[31m\u{0}\u{8}\u{ffff}]]>{{ 7*7 }}";

pub(crate) fn plan(scenario: &str, seed: u64) -> Plan {
    Plan {
        scenario: scenario.to_owned(),
        seed,
        regions: vec!["eu".to_owned(), "us".to_owned(), "ap".to_owned()],
        nodes: vec![0, 0, 1, 1, 2],
        clamped: Vec::new(),
        placement: Placement {
            late_ms: Vec::new(),
            layout: "2/2/1".to_owned(),
            metadata: vec![1, 3, 5],
            partitions: vec![vec![1, 2, 3, 4, 5], vec![3, 4, 1, 2, 5]],
            write_quorum: 3,
            election_quorum: 3,
        },
        network: Network {
            latency_us: vec![
                vec![500, 30_000, 40_000],
                vec![30_000, 500, 40_000],
                vec![40_000, 40_000, 500],
            ],
            jitter_percent: 10,
            loss_ppm: 0,
            duplicate_ppm: 0,
            reorder_ppm: 0,
            tail_ppm: 100,
            tail_us: 200_000,
        },
        disk: Disk {
            flush_us: 800,
            flush_jitter_us: 200,
            bytes_per_us: 500,
            tail_ppm: 100,
            tail_us: 20_000,
        },
        timing: Timing {
            heartbeat_ms: 100,
            election_min_ms: 500,
            election_max_ms: 1_000,
            attempt_ms: 1_000,
            call_ms: 10_000,
            timer_jitter_us: 500,
        },
        limits: scenarios::Limits::default(),
        workload: Workload {
            clients: vec![0, 1, 1, 2],
            produce_per_ks: 70_000,
            fetch_per_ks: 5_000,
            acks: [0, 1, 4, 2],
            reads: [1, 1],
            messages_per_call: 1,
            message_bytes: 256,
            skew_ppm: 0,
            reread_ppm: 0,
        },
        phases: Phases {
            boot_ms_max: 10_000,
            trouble_ms: 30_000,
            heal_ms_max: 60_000,
            drain_ms_max: 60_000,
        },
        timeline: vec![
            Planned {
                at_ms: 8_000,
                for_ms: Some(4_000),
                when: None,
                fault: Fault::Crash(Crash { target: Target::Leader(1) }),
            },
            Planned {
                at_ms: 15_000,
                for_ms: Some(6_000),
                when: None,
                fault: Fault::OneWay(OneWay { from: vec![1, 2], to: vec![3] }),
            },
        ],
        plants: Vec::new(),
        checkers: CHECKERS.map(str::to_owned).to_vec(),
        why: "Leaders die, and what they acknowledged is still there.".to_owned(),
        expect: scenarios::Expectation::default(),
    }
}

pub(crate) fn holds(coverage: u64) -> Verdict {
    Verdict::Holds(Coverage::new(coverage).expect("a coverage above zero"))
}

fn history() -> History {
    let calls = (0..600)
        .map(|id| Call {
            id,
            client: 1 + (id % 4) as u32,
            ask: Ask::produce(1, vec![id], Acks::Quorum),
            numbered: None,
            called: Stamp { ordinal: id * 10, at_ns: id * SECOND / 15 },
            returned: Some(Stamp { ordinal: id * 10 + 5, at_ns: id * SECOND / 15 + 40_000_000 }),
            outcome: Outcome::Ok(Reply::Produced { first: Some(id) }),
        })
        .collect();
    History { calls, marks: Vec::new(), notes: Vec::new() }
}

/// Buckets of one second with a dip while a fault is at work.
fn series(seconds: u64, dark: (u64, u64), rate: u64) -> Series {
    let is_dark = |s: u64| s >= dark.0 && s < dark.1;
    let wave = |s: u64| (s * 7919) % 13;
    let acked = |share: u64| -> Vec<u64> {
        (0..seconds)
            .map(|s| rate * share / 10 + wave(s) - if is_dark(s) { rate * share / 20 } else { 0 })
            .collect()
    };
    let latency = |base: u64| -> Vec<(u64, u64)> {
        (0..seconds)
            .map(|s| {
                let slow = if is_dark(s) { 3 } else { 1 };
                (base * slow + wave(s) * 90, base * slow * 4 + wave(s) * 1_700)
            })
            .collect()
    };
    let lag = |node: u64| -> Vec<u64> {
        (0..seconds)
            .map(|s| match is_dark(s) && node >= 3 {
                true => (s - dark.0) * rate,
                false => wave(s + node),
            })
            .collect()
    };
    Series {
        bucket_ns: SECOND,
        acknowledged: BTreeMap::from([
            ("quorum".to_owned(), acked(6)),
            ("region_quorum".to_owned(), acked(4)),
        ]),
        latency_us: BTreeMap::from([
            ("quorum".to_owned(), latency(31_000)),
            ("region_quorum".to_owned(), latency(62_000)),
        ]),
        lag: (1..=5).map(|node| (node as u32, lag(node))).collect(),
        leaders: BTreeMap::from([
            (1, vec![(SECOND, 1), (dark.0 * SECOND, 0), (dark.0 * SECOND + SECOND, 3)]),
            (2, vec![(SECOND, 3), (dark.1 * SECOND, 4)]),
        ]),
        faults: vec![
            ("crash n1 (leader of p1)".to_owned(), dark.0 * SECOND, dark.1 * SECOND),
            ("one_way n1,n2 to n3".to_owned(), dark.1 * SECOND, (dark.1 + seconds / 10) * SECOND),
        ],
    }
}

pub(crate) fn run(seed: u64) -> Run {
    Run {
        history: history(),
        ending: Ending::Finished,
        judgements: CHECKERS
            .iter()
            .zip([8_204, 402, 402, 1_310, 10, 2])
            .map(|(name, coverage)| Judgement::new(*name, holds(coverage)))
            .collect(),
        counts: Counts {
            attempted: 600,
            acknowledged: 402,
            read: 412,
            recovered: 10,
            unknown: 14,
            drain: Drain::Fully,
            ..Counts::default()
        },
        series: series(41, (12, 16), 70),
        recovery: vec![
            Recovery {
                fault: "crash n1".to_owned(),
                partition: 1,
                at_ns: 12_341_000_000,
                rto_ns: Some(561_300_000),
                rpo_messages: Some(0),
                catch_up_ns: Some(1_200_000_000),
            },
            Recovery {
                fault: "crash n1".to_owned(),
                partition: 2,
                at_ns: 12_341_000_000,
                rto_ns: None,
                rpo_messages: None,
                catch_up_ns: None,
            },
        ],
        faults: BTreeMap::from([("crash".to_owned(), 1), ("one_way".to_owned(), 212)]),
        accidents: BTreeMap::from([("tail".to_owned(), 17)]),
        overlap: Overlap { acknowledged: 402, under_fault: 88 },
        refused_faults: Vec::new(),
        marks: BTreeMap::from([("election_won".to_owned(), 3)]),
        plants: BTreeMap::new(),
        trace_hash: format!("{seed:064x}").replace("000000", "7fa1e2"),
        sim_ns: 41_234_000_000,
        events: 91_204,
    }
}

fn report(scenario: &str, seed: u64, run: Run, plant: Option<&str>) -> RunReport {
    let plan = plan(scenario, seed);
    let suffix = plant.map(|plant| format!("+{plant}")).unwrap_or_default();
    let token = format!("z1:{scenario}{suffix}:{seed}:c3f0a1b2");
    compose(plan.clone(), plan, run, token, plant.map(str::to_owned), 31)
}

pub(crate) fn passing(seed: u64) -> RunReport {
    report("smoke", seed, run(seed), None)
}

/// An acknowledged message was overwritten; the re-run shows the same.
pub(crate) fn violated(seed: u64) -> RunReport {
    let line = |ordinal, at_ms: u64, text: &str| Line {
        ordinal,
        at_ns: at_ms * 1_000_000,
        text: text.to_owned(),
    };
    let evidence = Evidence {
        summary: "lost (overwritten): p1 m214, acknowledged to c2 at offset 214, was never read"
            .to_owned(),
        lines: vec![
            line(8_801, 12_338, "n1 (leader, term 4) appended m214 at offset 214"),
            line(8_804, 12_340, "n1 acknowledged m214 to c2"),
            line(8_812, 12_341, "fault: crash n1"),
            line(9_001, 12_902, "n3 became leader (term 5); its last offset is 213"),
            line(9_044, 13_010, "n3 appended m216 at offset 214"),
            line(
                9_910,
                15_104,
                "c3 read offset 214 at level linearizable and was shown m216, which is not the \
                 message that was acknowledged there",
            ),
        ],
        node: Some(1),
        partition: Some(1),
        offset: Some(214),
        message: Some(214),
        count: 3,
    };
    let mut run = run(seed);
    run.ending = Ending::Breached { at_ns: 15_104_000_000 };
    run.judgements[2].verdict = Verdict::Violated(Box::new(evidence.clone()));
    run.judgements[3].verdict = Verdict::Violated(Box::new(Evidence {
        summary: "p1 offset 214 is m214 for c2 and m216 for c3".to_owned(),
        lines: evidence.lines[1..2].to_vec(),
        count: 1,
        ..evidence
    }));
    run.judgements[5].verdict = Verdict::Unknown("vacuous: the run was stopped early".to_owned());
    run.counts = Counts { lost: 3, lost_middle: 2, lost_tail: 1, read: 399, ..run.counts };
    run.plants.insert("ack_before_flush".to_owned(), 417);
    report("leader_crash", seed, run, Some("ack_before_flush")).with_replay(Replay::Same)
}

/// It never came to its end.
pub(crate) fn unknown(seed: u64) -> RunReport {
    let mut run = run(seed);
    run.ending = Ending::Stuck {
        at_ns: 101_000_000_000,
        waiting: "p2 to have equal replicas after heal".to_owned(),
    };
    run.judgements[4].verdict = Verdict::Unknown("vacuous: no replica was told".to_owned());
    report("split_brain", seed, run, None)
}

/// A node failed one of its own assertions.
pub(crate) fn panicked(seed: u64) -> RunReport {
    let mut run = run(seed);
    run.ending = Ending::Panicked {
        at_ns: 9_120_000_000,
        node: 4,
        place: "system/src/log.rs:214".to_owned(),
        message: "commit 88 is past the log's end 87".to_owned(),
    };
    report("power_loss", seed, run, None).with_replay(Replay::Same)
}

/// Four hours of a dark region, a point for every second.
pub(crate) fn long(seed: u64) -> RunReport {
    let mut run = run(seed);
    run.history = History::default();
    run.sim_ns = 15_000 * SECOND;
    run.series = series(15_000, (300, 14_700), 70);
    run.series.faults.truncate(1);
    run.series.faults[0].0 = "power_loss region eu".to_owned();
    run.counts = Counts {
        attempted: 1_050_114,
        acknowledged: 1_050_100,
        read: 1_050_102,
        recovered: 2,
        unknown: 14,
        drain: Drain::Fully,
        ..Counts::default()
    };
    for (judgement, coverage) in run.judgements.iter_mut().zip([4_200_400, 1_050_100]) {
        judgement.verdict = holds(coverage);
    }
    report("datacenter_outage", seed, run, None)
}

/// Every string that a stranger could have chosen attacks the page.
pub(crate) fn hostile(seed: u64) -> RunReport {
    let mut run = run(seed);
    let evidence = Evidence {
        summary: HOSTILE.to_owned(),
        lines: vec![Line { ordinal: 1, at_ns: SECOND, text: HOSTILE.to_owned() }],
        count: 1,
        ..Evidence::default()
    };
    run.judgements.push(Judgement::new(HOSTILE, Verdict::Violated(Box::new(evidence))));
    run.judgements.push(Judgement::new("doubt", Verdict::Unknown(HOSTILE.to_owned())));
    run.refused_faults.push(HOSTILE.to_owned());
    run.faults.insert(HOSTILE.to_owned(), 1);
    run.marks.insert(HOSTILE.to_owned(), 1);
    run.recovery[0].fault = HOSTILE.to_owned();
    run.series.faults[0].0 = HOSTILE.to_owned();
    let quorum = run.series.acknowledged["quorum"].clone();
    run.series.acknowledged.insert(HOSTILE.to_owned(), quorum);
    run.series.latency_us.insert(HOSTILE.to_owned(), vec![(1, 2); 41]);
    run.trace_hash = HOSTILE.to_owned();
    let mut plan = plan(HOSTILE, seed);
    plan.regions[0] = HOSTILE.to_owned();
    plan.placement.layout = HOSTILE.to_owned();
    let token = format!("z1:{HOSTILE}:{seed}:00");
    compose(plan.clone(), plan, run, token, Some(HOSTILE.to_owned()), 31)
        .with_replay(Replay::Different { first_difference: HOSTILE.to_owned() })
}

pub(crate) fn invocation(runs: Vec<RunReport>) -> Report {
    let command = "zeroloss run default --seeds 1..20".to_owned();
    let requested = runs.len() as u64;
    let origin = Origin {
        version: "0.1.0".to_owned(),
        git: "0123456789ab".to_owned(),
        build: "00112233445566ff".to_owned(),
        started: "2026-11-26T01:02:03Z".to_owned(),
        argv: ["run", "default", "--seeds", "1..20"].map(str::to_owned).to_vec(),
    };
    Report { command, runs, wall_ms: 61_400, interrupted: false, requested, origin }
}

/// One of each.
pub(crate) fn mixed() -> Report {
    let mut runs: Vec<RunReport> = (1..=20).map(passing).collect();
    runs.extend([long(1), violated(3), violated(8_812), unknown(7), panicked(2)]);
    invocation(runs)
}

/// All hold, but one checker never saw a case.
pub(crate) fn green() -> Report {
    invocation((1..=20).map(passing).chain([long(1)]).collect())
}
