//! Disks that are slow, fail, or forget.

use crate::{AT_MS, END_MS, Litmus, calm, common::*, strike, while_it_lasts};
use scenarios::{
    Fault, Plan, Target,
    faults::{Crash, FsyncError, PowerLoss, SlowDisk},
};

/// Flushes take so long that something is always unsynced.
fn lagging() -> Plan {
    let mut plan = calm();
    plan.disk.flush_us = 60_000;
    plan
}

/// The last index that a node showed before the fault, and the first after its restart.
fn around(litmus: &Litmus, node: u32) -> (u64, u64) {
    let at = while_it_lasts(&litmus.struck).start;
    let own = || litmus.seen.replicas.iter().filter(|(_, s)| (s.node, s.group) == (node, 1));
    let before = own().rfind(|(since, _)| *since <= at).expect("it was up").1;
    let after = own().find(|(since, _)| *since > at).expect("it came back").1;
    assert!(before.flushed < before.last, "nothing was unsynced: {before:?}");
    assert!(after.last >= before.flushed, "flushed bytes are gone: {before:?}, {after:?}");
    (before.last, after.last)
}

#[test]
fn a_power_loss_takes_what_was_unsynced_and_a_crash_does_not() {
    let (mut shorter, mut rewritten) = (0, 0);
    // Which unsynced pages survive is thrown; over a few nodes some do not.
    for node in 1..=5 {
        let target = Target::Node(node);
        let crash = strike(&lagging(), Fault::Crash(Crash { target: target.clone() }));
        let (before, after) = around(&crash, node);
        assert_eq!(before, after, "n{node}: the page cache outlives the process");
        assert_eq!(hits(&crash.struck, "power_loss"), 0);
        rewritten += crash.struck.run.marks["rewritten"];
        let power = strike(&lagging(), Fault::PowerLoss(PowerLoss { target }));
        let (before, after) = around(&power, node);
        assert!(after <= before);
        shorter += u64::from(after < before);
    }
    assert!(shorter >= 2, "unsynced entries were gone only {shorter} times of 5");
    assert!(rewritten > 0, "what is in doubt after a crash is written again");
}

#[test]
fn a_slow_disk_makes_every_acknowledgement_wait_and_then_no_more() {
    let litmus = strike(&calm(), Fault::SlowDisk(SlowDisk { target: Target::All, factor: 300 }));
    let fastest = |ended, from_ms, to_ms| {
        let calls = calls_in(ended, from_ms, to_ms).filter(|call| is_durable_produce(call));
        calls.filter_map(took_ns).min().expect("some returned")
    };
    let flush_ns = calm().disk.flush_us * 300 * 1_000;
    assert!(fastest(&litmus.bare, AT_MS, END_MS) < flush_ns);
    assert!(fastest(&litmus.struck, AT_MS, END_MS - 1_000) >= flush_ns);
    assert!(fastest(&litmus.struck, END_MS + 1_000, END_MS + 3_000) < flush_ns, "it is lifted");
}

#[test]
fn a_failed_flush_stops_the_node_and_nothing_it_covered_is_claimed() {
    let litmus = strike(&calm(), Fault::FsyncError(FsyncError { target: leader() }));
    let node = first_leader(&litmus.bare, 1);
    let stopped = format!("n{node} stopped itself");
    assert_eq!(notes(&litmus.bare, &stopped).count(), 0);
    assert!(notes(&litmus.struck, &stopped).count() > 0);
    assert_eq!(litmus.bare.run.marks["fail_stop"], 0);
    let stops = notes(&litmus.struck, "stopped itself").count() as u64;
    assert_eq!(litmus.struck.run.marks["fail_stop"], stops, "each is counted once");
    assert!(elections(&litmus.struck, 1) > 0, "someone else leads");
    // Reports of failed flushes, not only a dead process.
    let lines = lines(&litmus.struck);
    let failed = lines.iter().filter(|line| line.kind == "Flushed" && line.what[1] == 0);
    assert!(failed.count() as u64 >= stops);
}
