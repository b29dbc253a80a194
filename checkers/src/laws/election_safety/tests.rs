//! Leaders, votes and terms as nodes and disks tell them.

use super::*;
use crate::testing::{World, evidence, holds, unknown};

fn world() -> World {
    World::of("election_safety")
}

fn see(world: &mut World, node: Node, group: Group, term: u64, role: Role) {
    let seen = ReplicaView { node, group, role, term, commit: 0, last: 0, flushed: 0 };
    world.tell(Event::Seen(&seen));
}

fn claimed(world: &mut World, node: Node, term: u64, candidate: Node) {
    world.fact(Fact::Claimed { node, to: None, group: 1, claim: Claim::Vote { term, candidate } });
}

fn durable(world: &mut World, node: Node, term: u64, vote: Option<Node>) {
    world.fact(Fact::DurableVote { node, group: 1, term, vote });
}

#[test]
fn a_new_leader_in_a_new_term_is_lawful() {
    let mut world = world();
    see(&mut world, 1, 1, 1, Role::Leader);
    see(&mut world, 1, 1, 1, Role::Leader);
    see(&mut world, 2, 1, 1, Role::Candidate);
    see(&mut world, 2, 1, 2, Role::Leader);
    see(&mut world, 2, 2, 1, Role::Leader);
    assert_eq!(holds(&world.verdict()), 3);
}

#[test]
fn a_leader_by_a_quorum_of_votes_is_lawful_and_old_votes_may_be_repeated() {
    let mut world = world();
    world.configure(&[(1, 1), (2, 1), (3, 2)], 2);
    durable(&mut world, 1, 1, Some(1));
    durable(&mut world, 3, 1, Some(1));
    claimed(&mut world, 3, 1, 1);
    see(&mut world, 1, 1, 1, Role::Leader);
    durable(&mut world, 3, 2, None);
    durable(&mut world, 3, 2, Some(2));
    claimed(&mut world, 3, 1, 1); // it was under way for long
    assert_eq!(holds(&world.verdict()), 4, "one leader and three votes");
}

#[test]
fn a_second_leader_is_seen_even_long_after_the_first() {
    let mut world = world();
    see(&mut world, 1, 1, 1, Role::Leader);
    see(&mut world, 2, 1, 2, Role::Leader);
    see(&mut world, 3, 1, 1, Role::Leader);
    assert!(world.bench.is_breached());
    let evidence = evidence(world.verdict());
    assert!(evidence.summary.starts_with("two_leaders: term 1"), "{evidence:?}");
    assert_eq!((evidence.node, evidence.partition), (Some(3), Some(1)));
    assert_eq!(evidence.lines[0].text, "n1: leads partition 1 in term 1");
}

#[test]
fn a_leader_that_too_few_voted_for_is_a_violation() {
    let mut world = world();
    world.configure(&[(1, 1), (2, 1), (3, 2)], 2);
    durable(&mut world, 1, 1, Some(1));
    claimed(&mut world, 2, 1, 2);
    claimed(&mut world, 4, 1, 1); // no voter
    see(&mut world, 1, 1, 1, Role::Leader);
    let evidence = evidence(world.verdict());
    assert!(evidence.summary.contains("with 1 votes, and 2 elect"), "{evidence:?}");
    assert_eq!(evidence.lines.len(), 4);
}

#[test]
fn two_votes_of_one_term_are_a_violation_wherever_they_show() {
    let frames: fn(&mut World, Node) = |world, candidate| claimed(world, 2, 3, candidate);
    let disk: fn(&mut World, Node) = |world, candidate| durable(world, 2, 3, Some(candidate));
    for (first, second) in [(frames, frames), (frames, disk), (disk, frames), (disk, disk)] {
        let mut world = world();
        first(&mut world, 1);
        durable(&mut world, 2, 3, Some(1));
        second(&mut world, 3);
        let evidence = evidence(world.verdict());
        assert!(evidence.summary.starts_with("double_vote: n2"), "{evidence:?}");
        assert_eq!((evidence.node, evidence.lines.len()), (Some(2), 2));
    }
}

#[test]
fn a_disk_forgets_neither_its_term_nor_its_vote() {
    let mut fell = world();
    durable(&mut fell, 2, 3, Some(1));
    durable(&mut fell, 2, 2, None);
    let evidence_fell = evidence(fell.verdict());
    assert!(evidence_fell.summary.starts_with("term_regression"), "{evidence_fell:?}");
    let mut forgot = world();
    durable(&mut forgot, 2, 3, Some(1));
    durable(&mut forgot, 2, 3, None);
    assert!(evidence(forgot.verdict()).summary.starts_with("vote_forgotten"));
}

#[test]
fn a_term_may_not_fall_in_a_living_process_but_after_a_restart() {
    let mut restarted = world();
    see(&mut restarted, 1, 1, 3, Role::Leader);
    restarted.fact(Fact::Stopped { node: 1 });
    see(&mut restarted, 1, 1, 2, Role::Follower);
    assert_eq!(holds(&restarted.verdict()), 1);
    let mut alive = world();
    see(&mut alive, 1, 1, 3, Role::Leader);
    see(&mut alive, 1, 1, 2, Role::Follower);
    assert!(evidence(alive.verdict()).summary.contains("from term 3 of partition 1 back to 2"));
}

#[test]
fn without_a_leader_or_a_vote_it_is_vacuous() {
    let mut world = world();
    see(&mut world, 1, 1, 1, Role::Follower);
    durable(&mut world, 1, 1, None);
    assert!(unknown(world.verdict()).starts_with("vacuous"));
}
