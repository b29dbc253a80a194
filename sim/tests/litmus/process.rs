//! Processes that die, come back, or stand still.

use crate::{
    AT_MS, END_MS, FOR_MS, Litmus, calm, commits, common::*, records, strike, while_it_lasts,
    window,
};
use scenarios::{
    Fault, Target,
    faults::{Crash, Pause, PowerLoss, RestartStorm},
};

/// How often a node's process began after trouble began.
fn starts(litmus: &Litmus, node: u32) -> usize {
    let lines = lines(&litmus.struck);
    records(&lines, "Start", window(&litmus.struck, 0..60_000))
        .filter(|line| line.who.0 == node)
        .count()
}

/// What a node did while the fault lasted, without its first nanosecond.
fn deeds(litmus: &Litmus, node: u32) -> Vec<Line> {
    let lasting = while_it_lasts(&litmus.struck);
    let lasting = lasting.start + 1..lasting.end;
    let is_deed = |line: &&Line| {
        line.who.0 == node && ["Turn", "Send", "Write", "Flush"].contains(&line.kind.as_str())
    };
    let lines = lines(&litmus.struck).into_iter();
    lines.filter(|line| lasting.contains(&line.at_ns)).filter(|line| is_deed(&line)).collect()
}

/// When someone else first led partition 1 after the fault began.
fn replaced_ns(litmus: &Litmus) -> u64 {
    let at = while_it_lasts(&litmus.struck).start;
    let leaders = &litmus.struck.run.series.leaders[&1];
    let new = leaders.iter().find(|(since, node)| *since > at && *node != 0);
    new.expect("someone was elected").0 - at
}

#[test]
fn a_crashed_leader_is_dead_silent_and_comes_back() {
    let litmus = strike(&calm(), Fault::Crash(Crash { target: leader() }));
    let dead = first_leader(&litmus.bare, 1);
    assert_eq!(elections(&litmus.bare, 1), 0);
    assert!(elections(&litmus.struck, 1) > 0);
    assert_eq!(deeds(&litmus, dead), [], "the dead send nothing");
    assert_eq!(starts(&litmus, dead), 1, "it starts again when the fault ends");
    assert_eq!(hits(&litmus.struck, "crash"), 1);
}

/// No one is told that a peer died: a successor waits for its own election timeout, which began with
/// the last heartbeat.
#[test]
fn nobody_hears_of_a_death_before_the_silence_is_long_enough() {
    let litmus = strike(&calm(), Fault::Crash(Crash { target: leader() }));
    let timing = &litmus.struck.effective.timing;
    let least = (timing.election_min_ms - timing.heartbeat_ms) * 1_000_000;
    let took = replaced_ns(&litmus);
    assert!(took >= least, "replaced after {took}, before {least}: someone told");
    let gap = gap_ns(&litmus.struck, 1);
    assert!(gap >= least && gap_ns(&litmus.bare, 1) < least, "{gap}");
}

#[test]
fn a_paused_leader_stands_still_and_wakes_up_deposed() {
    let litmus = strike(&calm(), Fault::Pause(Pause { target: leader() }));
    let node = first_leader(&litmus.bare, 1);
    assert_eq!(deeds(&litmus, node), [], "it stands still");
    assert_eq!(starts(&litmus, node), 0, "it is the same process afterwards");
    assert!(elections(&litmus.struck, 1) > elections(&litmus.bare, 1));
    let deposed =
        |ended: &sim::Simulated| ended.run.marks["deposed"] + ended.run.marks["quorum_lost"];
    assert!(deposed(&litmus.struck) > deposed(&litmus.bare), "{:?}", litmus.struck.run.marks);
    // Its clock went on meanwhile.
    let lines = lines(&litmus.struck);
    let end = while_it_lasts(&litmus.struck).end;
    let mut turns = records(&lines, "Turn", end..u64::MAX).filter(|line| line.who.0 == node);
    let first = turns.next().expect("it wakes");
    assert!(first.what[0] >= end, "its clock shows {}, the world {end}", first.what[0]);
    assert!(first.who.1 > 5, "what piled up is handed over at once: {}", first.who.1);
}

#[test]
fn a_restart_storm_kills_again_and_again() {
    let target = Target::Follower { partition: 1, rank: 0 };
    let litmus =
        strike(&calm(), Fault::RestartStorm(RestartStorm { target, up_ms: 300, down_ms: 200 }));
    let node = match litmus.struck.effective.timeline[0].fault.target() {
        Some(Target::Node(node)) => *node,
        other => panic!("{other:?}"),
    };
    let blows = FOR_MS / 500;
    let kills = hits(&litmus.struck, "restart_storm");
    assert!((blows..=blows + 1).contains(&kills), "{kills} blows in {FOR_MS} ms");
    assert_eq!(starts(&litmus, node) as u64, kills, "each blow is followed by a start");
    assert!(notes(&litmus.struck, "lifted: ").count() == 1);
}

#[test]
fn the_loss_of_a_region_takes_every_node_of_it_and_the_others_go_on() {
    let region = Target::Region(0);
    let lost = calm().nodes.iter().filter(|region| **region == 0).count();
    for fault in [
        Fault::Crash(Crash { target: region.clone() }),
        Fault::PowerLoss(PowerLoss { target: region.clone() }),
    ] {
        let mut plan = calm();
        // So slow that something is always unsynced.
        plan.disk.flush_us = 20_000;
        let kind = fault.kind();
        let litmus = strike(&plan, fault);
        assert!(plan.nodes[first_leader(&litmus.bare, 1) as usize - 1] == 0, "it leads from there");
        assert!(elections(&litmus.struck, 1) > elections(&litmus.bare, 1));
        let lasting = while_it_lasts(&litmus.struck);
        for (node, region) in (1..).zip(&plan.nodes) {
            let dead = deeds(&litmus, node).is_empty();
            assert_eq!(dead, *region == 0, "n{node}");
            let commits = commits(&litmus.seen, node, 1, lasting.start + 1..lasting.end);
            assert_eq!(commits == 0, *region == 0, "n{node} went on by {commits}");
        }
        assert!(hits(&litmus.struck, kind) as usize >= lost);
        let recovered = litmus.struck.run.recovery.iter().filter(|r| r.rto_ns.is_some());
        assert_eq!(recovered.count(), plan.placement.partitions.len(), "in time, without it");
        assert!(calls_in(&litmus.struck, AT_MS + 2_500, END_MS).count() > 5);
    }
}
