//! Logs that lose entries, lawfully and not.

use super::*;
use crate::testing::{World, entry, evidence, holds, unknown};

/// Logs of partition 1, node by node.
fn world(logs: &[&[EntryId]]) -> World {
    let mut world = World::of("deletion_provenance");
    for (node, log) in (1..).zip(logs) {
        log.iter().for_each(|entry| world.durable(node, *entry));
    }
    world
}

fn committed(world: &mut World, node: Node, entry: EntryId) {
    let (entries, message) = (vec![entry], Some((entry.index, 70 + entry.index)));
    world.fact(Fact::Committed { node, group: 1, entries, message });
}

fn term(world: &mut World, node: Node, term: u64) {
    world.fact(Fact::DurableVote { node, group: 1, term, vote: None });
}

#[test]
fn what_a_newer_leader_overrules_may_leave() {
    let mut world = world(&[&[entry(1, 1), entry(2, 1), entry(3, 1)], &[entry(1, 1), entry(2, 2)]]);
    committed(&mut world, 2, entry(1, 1));
    world.acked(2, entry(2, 2), 1, 72);
    world.cut(1, 1);
    world.durable(1, entry(2, 2));
    assert_eq!(holds(&world.verdict()), 6);
}

/// The new leader's own disk may be later than the follower's.
#[test]
fn what_takes_its_place_on_the_same_disk_explains_it() {
    let mut world = world(&[&[entry(1, 1), entry(2, 1)], &[entry(1, 1)]]);
    term(&mut world, 1, 2);
    world.cut(1, 1);
    world.durable(1, entry(2, 2));
    assert_eq!(holds(&world.verdict()), 4);
}

/// Figure 8: n1 leads term 4 and sends its old entry; the newer one of n2 leaves.
#[test]
fn an_older_entry_may_take_its_place_if_its_sender_leads_a_newer_term() {
    let mut world = world(&[&[entry(1, 1), entry(2, 2)], &[entry(1, 1), entry(2, 3)]]);
    term(&mut world, 2, 4);
    world.cut(2, 1);
    world.durable(2, entry(2, 2));
    holds(&world.verdict());
}

#[test]
fn a_committed_entry_that_leaves_is_a_violation_whoever_told_it() {
    let mut world = world(&[
        &[entry(1, 1), entry(2, 1), entry(3, 1), entry(4, 1)],
        &[entry(1, 1), entry(2, 1), entry(3, 1)],
    ]);
    committed(&mut world, 2, entry(3, 1));
    term(&mut world, 1, 2);
    world.cut(1, 1);
    assert!(world.bench.is_breached());
    let evidence = evidence(world.verdict());
    assert!(
        evidence.summary.starts_with("committed_removed: entries 2 to 3 of partition 1"),
        "{evidence:?}"
    );
    assert_eq!((evidence.node, evidence.count, evidence.message), (Some(1), 2, Some(73)));
    assert_eq!(evidence.lines[1].text, "n1: disk: cut to index 1, 3 entries left it");
    assert_eq!(evidence.lines[2].text, "index 2 of term 1 still is on n2");
}

#[test]
fn an_acknowledged_entry_that_leaves_the_last_disk_is_a_violation() {
    let mut world = world(&[&[entry(1, 1), entry(2, 1)]]);
    world.acked(1, entry(2, 1), 1, 72);
    term(&mut world, 1, 2);
    world.cut(1, 0);
    let evidence = evidence(world.verdict());
    assert!(evidence.summary.starts_with("acknowledged_removed: entries 1 to 2"), "{evidence:?}");
    assert!(evidence.lines[2].text.ends_with("still is on no disk"), "{evidence:?}");
}

#[test]
fn an_acknowledgement_below_quorum_protects_nothing() {
    let mut world = world(&[&[entry(1, 1), entry(2, 1)], &[entry(1, 1), entry(2, 2)]]);
    let acks = crate::Acks::Leader;
    world.fact(Fact::Acked { node: 1, group: 1, acks, entry: entry(2, 1), offset: 1, message: 7 });
    world.cut(1, 1);
    holds(&world.verdict());
}

#[test]
fn nothing_leaves_where_no_newer_term_exists() {
    let mut world = world(&[&[entry(1, 1), entry(2, 1)], &[entry(1, 1)]]);
    world.cut(1, 1);
    assert!(world.bench.is_breached());
    assert!(evidence(world.verdict()).summary.starts_with("unasked_removal: 1 entries"));
}

#[test]
fn what_nobody_can_explain_has_no_answer() {
    let mut vanished = world(&[&[entry(1, 1), entry(2, 1)], &[entry(1, 1)]]);
    term(&mut vanished, 1, 2);
    vanished.cut(1, 1);
    let why = unknown(vanished.verdict());
    assert!(why.contains("index 2 of term 1 in partition 1 on n1: nothing was seen"), "{why}");

    let mut returned = world(&[&[entry(1, 1), entry(2, 1)], &[entry(1, 1)]]);
    term(&mut returned, 1, 2);
    returned.cut(1, 1);
    returned.durable(1, entry(2, 1));
    assert!(unknown(returned.verdict()).contains("the same entry came back"));

    let mut doubtful = world(&[&[entry(1, 1), entry(2, 1)], &[entry(1, 1), entry(2, 2)]]);
    committed(&mut doubtful, 3, entry(5, 2));
    doubtful.cut(1, 1);
    assert!(unknown(doubtful.verdict()).contains("on no disk any more"));
}

#[test]
fn without_a_durable_entry_it_is_vacuous() {
    assert!(unknown(world(&[]).verdict()).starts_with("vacuous"));
}
