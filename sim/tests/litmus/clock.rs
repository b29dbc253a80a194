//! Clocks that are off, run fast or slow, or jump.

use crate::{AT_MS, FOR_MS, Litmus, calm, common::*, records, strike, while_it_lasts, window};
use checkers::{Call, EntryId, Fact};
use scenarios::{
    Fault,
    faults::{ClockDrift, ClockJump, ClockOffset},
};
use sim::Simulated;
use sim::clock::EPOCH_NS;
use std::{collections::BTreeMap, ops::Range};

/// A node's clocks at the turns that it had in a window: world, monotonic, and wall since the epoch.
fn clocks(ended: &Simulated, node: u32, window: Range<u64>) -> Vec<(u64, u64, i64)> {
    let lines = lines(ended);
    records(&lines, "Turn", window)
        .filter(|line| line.who.0 == node)
        .map(|line| (line.at_ns, line.what[0], line.what[1] as i64 - EPOCH_NS as i64))
        .collect()
}

/// By how much the wall clock was off at every turn of a window; it must be the same at all of them.
fn off_ms(ended: &Simulated, node: u32, window: Range<u64>) -> i64 {
    let clocks = clocks(ended, node, window);
    let mut off: Vec<i64> = clocks.iter().map(|(world, _, wall)| wall - *world as i64).collect();
    off.dedup();
    assert_eq!(off.len(), 1, "{off:?}");
    off[0] / 1_000_000
}

/// Entries of partition 1 by index, as the disks told them first, and when.
fn entries(seen: &Seen) -> BTreeMap<u64, (u64, EntryId)> {
    let mut entries = BTreeMap::new();
    for (at, fact) in &seen.facts {
        if let Fact::Durable { group: 1, entry, .. } = fact {
            entries.entry(entry.index).or_insert((*at, *entry));
        }
    }
    entries
}

/// Entries carry the leader's wall clock, so from the strike on they have other bytes, and before it
/// the same; nothing else in the run is different.
fn assert_stamped_otherwise(litmus: &Litmus) {
    // Notes about the fault take ordinals of their own.
    let told = |ended: &Simulated| -> Vec<_> {
        let calls = ended.run.history.calls.iter();
        let told = |call: &Call| {
            (call.ask.clone(), call.called.at_ns, took_ns(call), call.outcome.clone())
        };
        calls.map(told).collect()
    };
    assert!(told(&litmus.bare) == told(&litmus.struck), "a wall clock feeds only stamps");
    let at = while_it_lasts(&litmus.struck).start;
    let (bare, struck) = (entries(&litmus.bare_seen), entries(&litmus.seen));
    assert_eq!(bare.len(), struck.len());
    let (mut same, mut other) = (0, 0);
    for ((_, one), (since, two)) in bare.values().zip(struck.values()) {
        assert_eq!((one.index, one.term), (two.index, two.term));
        if *since < at {
            assert_eq!(one, two, "before the strike");
            same += 1;
        } else if one.hash != two.hash {
            other += 1;
        }
    }
    assert!(same > 10 && other > 50, "{same} are as they were, {other} are not");
}

#[test]
fn an_offset_puts_the_wall_clock_off_until_it_is_lifted() {
    let litmus = strike(&calm(), Fault::ClockOffset(ClockOffset { target: leader(), ms: -90_000 }));
    let node = first_leader(&litmus.bare, 1);
    let lasting = while_it_lasts(&litmus.struck);
    assert_eq!(off_ms(&litmus.bare, node, lasting.clone()), 0);
    assert_eq!(off_ms(&litmus.struck, node, lasting.start + 1..lasting.end), -90_000);
    assert_eq!(off_ms(&litmus.struck, node, lasting.end + 1..u64::MAX), 0);
    assert_stamped_otherwise(&litmus);
}

#[test]
fn a_jump_stays() {
    let litmus = strike(&calm(), Fault::ClockJump(ClockJump { target: leader(), ms: 3_600_000 }));
    let node = first_leader(&litmus.bare, 1);
    let lasting = while_it_lasts(&litmus.struck);
    assert_eq!(off_ms(&litmus.struck, node, 0..lasting.start), 0);
    assert_eq!(off_ms(&litmus.struck, node, lasting.start + 1..u64::MAX), 3_600_000);
    assert_stamped_otherwise(&litmus);
}

/// A leader whose clock runs fast beats more often, one whose clock is slow beats less.
#[test]
fn drift_bends_a_leaders_heartbeat() {
    let mut plan = calm();
    plan.workload.produce_per_ks = 1_000;
    plan.workload.messages_per_call = 2;
    plan.workload.fetch_per_ks = 500;
    let beats = |ended: &Simulated| {
        let (node, lines) = (first_leader(ended, 1), lines(ended));
        // Nobody who leads: the other way its answers would be counted too.
        let leads = |other: &u32| (0..=2).any(|group| first_leader(ended, group) == *other);
        let other = (1..=5).find(|other| !leads(other)).expect("three groups, five nodes");
        let sent = records(&lines, "Send", while_it_lasts(ended));
        sent.filter(|line| line.who == (node, other)).count() as i64
    };
    for ppm in [-200_000, 200_000] {
        let litmus = strike(&plan, Fault::ClockDrift(ClockDrift { target: leader(), ppm }));
        let node = first_leader(&litmus.bare, 1);
        let (bare, struck) = (beats(&litmus.bare), beats(&litmus.struck));
        let change = (struck - bare) * 1_000_000 / bare;
        assert!((change - ppm).abs() < 100_000, "{bare} beats became {struck} at {ppm} ppm");
        let rate = |window| {
            let clocks = clocks(&litmus.struck, node, window);
            let (first, last) = (clocks[0], clocks[clocks.len() - 1]);
            (last.1 - first.1) as f64 / (last.0 - first.0) as f64
        };
        let lasting = while_it_lasts(&litmus.struck);
        let expected = 1.0 + ppm as f64 / 1e6;
        assert!((rate(lasting.start + 1..lasting.end) - expected).abs() < 1e-6);
        assert!((rate(window(&litmus.struck, 0..1_900)) - 1.0).abs() < 1e-6, "not before");
        assert!((rate(lasting.end + 1..u64::MAX) - 1.0).abs() < 1e-6, "it is lifted");
    }
}

/// The timer that is armed when the rate changes is for a time on the node's own clock, too.
#[test]
fn a_change_of_drift_moves_the_timer_that_is_armed() {
    let mut plan = calm();
    // Nothing but heartbeats.
    (plan.workload.produce_per_ks, plan.workload.fetch_per_ks) = (1, 1);
    for ppm in [-200_000, 200_000] {
        let drifts =
            with(&plan, AT_MS, FOR_MS, Fault::ClockDrift(ClockDrift { target: leader(), ppm }));
        let (ended, _) = run_watched(&drifts);
        let (node, lines) = (first_leader(&ended, 1), lines(&ended));
        let leads = |other: &u32| (0..=2).any(|group| first_leader(&ended, group) == *other);
        let other = (1..=5).find(|other| !leads(other)).expect("three groups, five nodes");
        let around = window(&ended, AT_MS - 1_000..AT_MS + 2_000);
        let shown: BTreeMap<u64, u64> = clocks(&ended, node, around.clone())
            .into_iter()
            .map(|(world, monotonic, _)| (world, monotonic))
            .collect();
        let sent = records(&lines, "Send", around).filter(|line| line.who == (node, other));
        let beats: Vec<u64> = sent.map(|line| shown[&line.at_ns]).collect();
        let apart: Vec<u64> = beats.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(apart.len() > 15, "{apart:?}");
        let heartbeat_ns = plan.timing.heartbeat_ms * 1_000_000;
        let is_due = |ns: &u64| ns.abs_diff(heartbeat_ns) < 1_000;
        assert!(apart.iter().all(is_due), "at {ppm} ppm: {apart:?}");
    }
}
