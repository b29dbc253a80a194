use super::*;
use crate::{
    history::{Ask, Outcome, ReadLevel, Record, Reply},
    testing::{World, entry, evidence, holds, unknown},
};

/// n1 leads term 1 of partition 1 and has acknowledged entry 1 (m7) at `leader`; the others lack it.
fn acknowledged() -> World {
    let mut world = World::of("leader_acks");
    lead(&mut world, 1, 1);
    world.durable(1, entry(1, 1));
    let (node, group, acks, entry) = (1, 1, Acks::Leader, entry(1, 1));
    world.fact(Fact::Acked { node, group, acks, entry, offset: 0, message: 7 });
    world
}

fn see(world: &mut World, node: Node, role: Role, term: u64) {
    let seen = ReplicaView { node, group: 1, role, term, commit: 0, last: 0, flushed: 0 };
    world.tell(Event::Seen(&seen));
}

fn lead(world: &mut World, node: Node, term: u64) {
    see(world, node, Role::Leader, term);
}

fn commit(world: &mut World) {
    let entries = vec![entry(1, 1)];
    world.fact(Fact::Committed { node: 1, group: 1, entries, message: Some((0, 7)) });
}

fn drain(world: &mut World, records: Vec<Record>) {
    world.tell(Event::Mark(&Mark::Draining));
    let called = Stamp { ordinal: world.now.ordinal + 1, ..world.now };
    let call = Call {
        id: 1,
        client: 9,
        ask: Ask::Fetch { partition: 1, from: 0, level: ReadLevel::Linearizable },
        called,
        numbered: None,
        returned: Some(called),
        outcome: Outcome::Ok(Reply::Fetched { records, end: 1 }),
    };
    world.tell(Event::Returned(&call));
    world.tell(Event::Mark(&Mark::Drained { partition: 1, end: 1 }));
}

#[test]
fn what_stays_and_is_read_holds() {
    let mut world = acknowledged();
    commit(&mut world);
    drain(&mut world, vec![Record::new(0, 7)]);
    assert_eq!(holds(&world.verdict()), 1);
}

#[test]
fn a_newer_leader_who_lacked_it_may_overrule_it_and_that_is_told() {
    let mut world = acknowledged();
    lead(&mut world, 2, 2);
    see(&mut world, 1, Role::Follower, 2);
    world.cut(1, 0);
    let judgement = world.bench.finish().remove(0);
    assert_eq!(holds(&judgement.verdict), 1);
    assert!(judgement.permitted[0].contains("under term 2 > 1, whose leader n2"), "{judgement:?}");
}

#[test]
fn a_cut_that_no_newer_leader_asked_for_is_a_violation() {
    let mut world = acknowledged();
    world.cut(1, 0);
    let evidence = evidence(world.verdict());
    assert!(evidence.summary.starts_with("vanished: m7 at offset 0"), "{evidence:?}");
}

#[test]
fn a_newer_leader_who_had_the_entry_explains_nothing() {
    let mut world = acknowledged();
    world.durable(2, entry(1, 1));
    lead(&mut world, 2, 2);
    see(&mut world, 1, Role::Follower, 2);
    world.cut(1, 0);
    assert_eq!(evidence(world.verdict()).message, Some(7));
}

#[test]
fn a_newer_leader_of_whom_the_node_never_heard_explains_nothing() {
    let mut world = acknowledged();
    lead(&mut world, 2, 2);
    world.cut(1, 0);
    assert_eq!(evidence(world.verdict()).node, Some(1));
}

#[test]
fn what_stands_and_is_committed_must_be_read() {
    let mut world = acknowledged();
    commit(&mut world);
    drain(&mut world, Vec::new());
    assert!(evidence(world.verdict()).summary.starts_with("unread: m7"));
}

#[test]
fn what_was_not_yet_committed_when_the_drain_began_need_not_be_read() {
    let mut world = acknowledged();
    drain(&mut world, Vec::new());
    assert_eq!(holds(&world.verdict()), 1);
}

#[test]
fn another_copy_that_is_cut_breaks_no_promise() {
    let mut world = acknowledged();
    world.durable(2, entry(1, 1));
    world.cut(2, 0);
    assert_eq!(holds(&world.verdict()), 1);
}

#[test]
fn without_an_acknowledgement_at_leader_it_is_vacuous() {
    let mut world = World::of("leader_acks");
    world.acked(1, entry(1, 1), 0, 7);
    assert!(unknown(world.verdict()).starts_with("vacuous"));
}
