//! Cuts, rates and latencies.

use crate::{
    AT_MS, END_MS, FOR_MS, Litmus, calm, commits, common::*, records, strike, while_it_lasts,
    window,
};
use checkers::{Ask, Outcome, ReadLevel};
use scenarios::{
    Fault, Target,
    faults::{CutClient, Duplicate, Isolate, Loss, OneWay, Partition, Reorder, Ring, Tail},
};
use std::collections::BTreeSet;

/// Everyone but these.
fn others(nodes: &[u32]) -> Vec<u32> {
    (1..=5).filter(|node| !nodes.contains(node)).collect()
}

/// A new leader came, only because of the fault, and calls waited for it.
fn assert_new_leader(litmus: &Litmus) {
    assert_eq!(elections(&litmus.bare, 1), 0);
    assert!(elections(&litmus.struck, 1) > 0, "nobody was elected");
    assert!(gap_ns(&litmus.bare, 1) < SECOND, "{}", gap_ns(&litmus.bare, 1));
    assert!(gap_ns(&litmus.struck, 1) >= SECOND, "{}", gap_ns(&litmus.struck, 1));
}

#[test]
fn a_partition_lets_the_majority_elect_and_the_minority_stand_still() {
    let leader = first_leader(&run(&calm()), 1);
    let second = others(&[leader])[0];
    let minority = vec![leader, second];
    let fault = Fault::Partition(Partition { a: minority.clone(), b: others(&minority) });
    let litmus = strike(&calm(), fault);
    assert_new_leader(&litmus);
    // Frames under way when the cut begins vanish too.
    for node in minority {
        assert_eq!(commits(&litmus.seen, node, 1, while_it_lasts(&litmus.struck)), 0, "n{node}");
        assert!(commits(&litmus.bare_seen, node, 1, while_it_lasts(&litmus.bare)) > 20);
    }
}

#[test]
fn nodes_on_neither_side_of_a_partition_reach_both() {
    let leader = first_leader(&run(&calm()), 1);
    let cut = &others(&[leader])[..2];
    let litmus = strike(&calm(), Fault::Partition(Partition { a: vec![leader], b: cut.to_vec() }));
    assert_eq!(elections(&litmus.struck, 1), 0, "the leader still has a quorum");
    let lasting = while_it_lasts(&litmus.struck);
    for node in others(&[leader]) {
        let commits = commits(&litmus.seen, node, 1, lasting.clone());
        assert_eq!(commits == 0, cut.contains(&node), "n{node} went on by {commits}");
    }
}

#[test]
fn one_way_silences_one_direction_only() {
    let leader = first_leader(&run(&calm()), 1);
    // Far away, so that something is always under way.
    let follower = *others(&[leader]).last().expect("five nodes");
    let deaf = strike(&calm(), Fault::OneWay(OneWay { from: vec![leader], to: vec![follower] }));
    assert_eq!(commits(&deaf.seen, follower, 1, while_it_lasts(&deaf.struck)), 0);
    let dumb = strike(&calm(), Fault::OneWay(OneWay { from: vec![follower], to: vec![leader] }));
    // It hears until the leader, which has no answer, stops sending more.
    assert!(commits(&dumb.seen, follower, 1, while_it_lasts(&dumb.struck)) > 0, "it is deaf too");
    for (litmus, from, to) in [(deaf, leader, follower), (dumb, follower, leader)] {
        let lines = lines(&litmus.struck);
        // Frames under way when the cut begins are lost at their arrival.
        let delivered = |from, to| {
            let lasting = while_it_lasts(&litmus.struck);
            records(&lines, "Deliver", lasting).filter(|line| line.who == (from, to)).count()
        };
        assert_eq!(delivered(from, to), 0);
        assert!(delivered(to, from) > 0, "the other way frames pass");
    }
}

/// Who was heard by a node while the fault lasted.
fn heard(ended: &sim::Simulated, to: u32) -> BTreeSet<u32> {
    let lines = lines(ended);
    let delivered = records(&lines, "Deliver", while_it_lasts(ended));
    delivered.filter(|line| line.who.1 == to && line.who.0 <= 5).map(|line| line.who.0).collect()
}

#[test]
fn on_the_ring_each_hears_its_neighbours_and_no_two_the_same() {
    let nodes = vec![4, 1, 5, 2, 3];
    let litmus = strike(&calm(), Fault::Ring(Ring { nodes: nodes.clone() }));
    let mut others = 0;
    for (place, to) in nodes.iter().enumerate() {
        let beside = BTreeSet::from([nodes[(place + 4) % 5], nodes[(place + 1) % 5]]);
        let struck = heard(&litmus.struck, *to);
        assert!(struck.is_subset(&beside), "n{to} hears {struck:?}");
        others += heard(&litmus.bare, *to).difference(&beside).count();
    }
    assert!(others > 0, "nobody hears further without it");
}

#[test]
fn a_leader_that_hears_nobody_gives_up() {
    let leader = first_leader(&run(&calm()), 1);
    let litmus =
        strike(&calm(), Fault::OneWay(OneWay { from: others(&[leader]), to: vec![leader] }));
    assert_new_leader(&litmus);
    assert_eq!(litmus.bare.run.marks["quorum_lost"], 0);
    assert!(litmus.struck.run.marks["quorum_lost"] > 0, "{:?}", litmus.struck.run.marks);
}

#[test]
fn an_isolated_leader_is_replaced() {
    let litmus = strike(&calm(), Fault::Isolate(Isolate { target: leader(), clients: false }));
    assert_new_leader(&litmus);
}

/// Eventual reads that were asked for while the fault lasted, longest first, in nanoseconds.
fn eventual_reads(ended: &sim::Simulated) -> Vec<u64> {
    let is_eventual = |ask: &Ask| matches!(ask, Ask::Fetch { level: ReadLevel::Eventual, .. });
    let calls = calls_in(ended, AT_MS, END_MS).filter(|call| is_eventual(&call.ask));
    let mut took: Vec<u64> = calls.filter_map(took_ns).collect();
    took.sort_unstable_by(|a, b| b.cmp(a));
    took
}

/// A follower that is cut off from nodes still answers stale reads; cut off from clients too, it is
/// a black hole: whoever asks it learns nothing before the time that it gives the attempt.
#[test]
fn isolation_spares_clients_or_is_a_black_hole_to_them() {
    let mut plan = calm();
    plan.workload.fetch_per_ks = 40_000;
    plan.workload.reads = [1, 0];
    let target = Target::Follower { partition: 1, rank: 0 };
    let attempt_ns = plan.timing.attempt_ms * 1_000_000;
    let open = strike(&plan, Fault::Isolate(Isolate { target: target.clone(), clients: false }));
    let reads = eventual_reads(&open.struck);
    assert!(reads.len() > 50 && reads[0] < attempt_ns / 2, "{} reads, {}", reads.len(), reads[0]);
    let shut = strike(&plan, Fault::Isolate(Isolate { target, clients: true }));
    let reads = eventual_reads(&shut.struck);
    let slow: Vec<u64> = reads.into_iter().filter(|took| *took > attempt_ns / 2).collect();
    assert!(slow.len() > 5, "nobody waited: {slow:?}");
    assert!(slow.iter().all(|took| *took >= attempt_ns), "refused, and not silent: {slow:?}");
    let cut = |litmus: &Litmus| hits(&litmus.struck, "isolate");
    assert!(cut(&shut) > cut(&open), "{} and {}", cut(&shut), cut(&open));
}

/// A client that reaches nobody gives up exactly at its own limit: no one refuses it earlier, and
/// what it sent may have happened.
#[test]
fn a_cut_client_waits_to_its_limit_and_does_not_know() {
    let mut plan = calm();
    plan.timing.call_ms = 2_000;
    let litmus = strike(&plan, Fault::CutClient(CutClient { client: 2 }));
    let early_ms = AT_MS + FOR_MS - 2_000;
    let outcomes = |ended| {
        let calls = calls_in(ended, AT_MS, early_ms).filter(|call| call.client == 2);
        calls.map(|call| (took_ns(call), call.outcome.clone())).collect::<Vec<_>>()
    };
    let (bare, struck) = (outcomes(&litmus.bare), outcomes(&litmus.struck));
    assert!(bare.len() > 2 && bare.iter().all(|(_, outcome)| matches!(outcome, Outcome::Ok(_))));
    for (took, outcome) in &struck {
        assert!(!matches!(outcome, Outcome::Ok(_)), "it was answered: {outcome:?}");
        assert!(*took >= Some(2 * SECOND), "answered after {took:?}: {outcome:?}");
    }
    let unknown = struck.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Unknown(_)));
    assert!(unknown.count() > 0, "{struck:?}");
    let spared = calls_in(&litmus.struck, AT_MS, early_ms).filter(|call| call.client != 2);
    for call in spared {
        assert!(matches!(call.outcome, Outcome::Ok(_)), "{call:?}");
    }
}

#[test]
fn loss_makes_leaders_send_again() {
    let litmus = strike(&calm(), Fault::Loss(Loss { ppm: 300_000 }));
    assert_eq!(litmus.bare.run.marks["resent"], 0);
    assert!(litmus.struck.run.marks["resent"] > 5, "{:?}", litmus.struck.run.marks);
    let lines = lines(&litmus.struck);
    let lost = records(&lines, "Lose", window(&litmus.struck, 0..END_MS));
    let lost: Vec<_> = lost.map(|line| line.who).collect();
    assert_eq!(lost.len() as u64, hits(&litmus.struck, "loss"));
    assert!(lost.iter().all(|(from, to)| *from <= 5 && *to <= 5), "links of clients are spared");
}

#[test]
fn duplicates_are_handed_over_twice() {
    let litmus = strike(&calm(), Fault::Duplicate(Duplicate { ppm: 300_000 }));
    let surplus = |ended: &sim::Simulated| {
        let lines = lines(ended);
        let count = |kind| lines.iter().filter(|line| line.kind == kind).count() as i64;
        // What nodes and clients were handed, beyond what was sent; a few are still under way.
        count("Deliver") - count("Send")
    };
    let (bare, struck) = (surplus(&litmus.bare), surplus(&litmus.struck));
    let doubled = hits(&litmus.struck, "duplicate") as i64;
    assert!(bare <= 0 && doubled > 100, "{bare}, {doubled}");
    assert!(struck > doubled / 2, "{doubled} were doubled, {struck} more arrived than were sent");
}

#[test]
fn reordered_appends_are_rejected_and_sent_anew() {
    let mut plan = calm();
    plan.workload.produce_per_ks = 200_000;
    let litmus = strike(&plan, Fault::Reorder(Reorder { ppm: 300_000 }));
    assert_eq!(litmus.bare.run.marks["append_rejected"], 0);
    assert!(litmus.struck.run.marks["append_rejected"] > 3, "{:?}", litmus.struck.run.marks);
}

#[test]
fn a_tail_makes_calls_wait() {
    let litmus = strike(&calm(), Fault::Tail(Tail { ppm: 300_000, us: 3_000_000 }));
    let longest = |ended| {
        let calls = calls_in(ended, AT_MS, END_MS).filter(|call| is_durable_produce(call));
        calls.filter_map(took_ns).max().expect("some returned")
    };
    let (bare, struck) = (longest(&litmus.bare), longest(&litmus.struck));
    assert!(struck > 3 * bare && struck > SECOND / 2, "{bare} without, {struck} with");
}

/// A quorum of 2/2/1 spans regions, so no acknowledgement is faster than light between the nearest.
#[test]
fn latency_between_regions_is_paid_by_every_acknowledgement() {
    let fastest = |plan| {
        let ended = run(plan);
        let calls = calls_in(&ended, 0, 8_000).filter(|call| is_durable_produce(call));
        calls.filter_map(took_ns).min().expect("some returned")
    };
    let far = calm();
    let between = |a: usize, b: usize| far.network.latency_us[a][b] + far.network.latency_us[b][a];
    let nearest_ns = [between(0, 1), between(0, 2), between(1, 2)].into_iter().min();
    let nearest_ns = nearest_ns.expect("three pairs") * 1_000;
    let mut near = far.clone();
    near.network.latency_us.iter_mut().for_each(|row| row.fill(500));
    let (far, near) = (fastest(&far), fastest(&near));
    assert!(far >= nearest_ns, "{far} is faster than {nearest_ns}");
    assert!(near < 10_000_000, "{near}");
}
