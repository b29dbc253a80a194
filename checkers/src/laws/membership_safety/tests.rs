//! Configurations as the world would tell them, and what each of them breaks.

use super::*;
use crate::{
    Claim, Voter,
    testing::{World, evidence, holds, unknown},
};
use proptest::prelude::*;

fn world() -> World {
    World::of("membership_safety")
}

fn of(incarnation: u64, nodes: &[Node], write_quorum: u32, election_quorum: u32) -> Configuration {
    let voters = nodes.iter().map(|node| Voter { node: *node, region: 1 }).collect();
    Configuration { group: 1, incarnation, voters, write_quorum, election_quorum }
}

fn majority(nodes: &[Node]) -> Configuration {
    let quorum = nodes.len() as u32 / 2 + 1;
    of(1, nodes, quorum, quorum)
}

fn configured(world: &mut World, configuration: &Configuration) {
    world.fact(Fact::Configured(configuration.clone()));
}

fn settled(world: &mut World) {
    world.fact(Fact::Settled { group: 1 });
}

fn vote_gone(world: &mut World, node: Node) {
    world.fact(Fact::DurableVote { node, group: 1, term: 3, vote: Some(1) });
    world.fact(Fact::DurableVote { node, group: 1, term: 0, vote: None });
}

fn claim(world: &mut World, node: Node) {
    let claim = Claim::Append { term: 4, index: 0, hash: 0 };
    world.fact(Fact::Claimed { node, to: None, group: 1, claim });
}

fn summary(world: World) -> String {
    evidence(world.verdict()).summary
}

#[test]
fn one_fixed_configuration_holds_on_every_disk() {
    let mut world = world();
    configured(&mut world, &majority(&[1, 2, 3]));
    configured(&mut world, &majority(&[1, 2, 3]));
    configured(&mut world, &Configuration { group: 2, ..of(7, &[1, 2, 3, 4, 5, 6], 3, 4) });
    assert_eq!(holds(&world.verdict()), 2);
}

#[test]
fn one_voter_more_or_less_at_a_time_keeps_majorities_together() {
    let mut world = world();
    for nodes in [&[1, 2, 3][..], &[1, 2, 3, 4], &[2, 3, 4], &[2, 3, 4, 5]] {
        configured(&mut world, &majority(nodes));
        settled(&mut world);
    }
    assert_eq!(holds(&world.verdict()), 7, "four configurations and three pairs");
}

#[test]
fn quorums_that_need_not_meet_within_one_are_a_violation() {
    let mut commits = world();
    configured(&mut commits, &of(1, &[1, 2, 3, 4], 2, 2));
    let text = summary(commits);
    assert!(text.starts_with("quorums_apart: in partition 1 a quorum that commits"), "{text}");
    let mut elects = world();
    configured(&mut elects, &of(1, &[1, 2, 3, 4], 3, 2));
    assert!(summary(elects).contains("two quorums that elect in one term"));
}

/// D2, D3: two voters more at once, before the first change is settled.
#[test]
fn a_second_change_before_the_first_is_settled_is_a_violation() {
    let mut world = world();
    configured(&mut world, &majority(&[1, 2, 3, 4]));
    configured(&mut world, &majority(&[1, 2, 3, 4, 5]));
    assert!(!world.bench.is_breached());
    configured(&mut world, &majority(&[2, 3, 4]));
    let evidence = evidence(world.verdict());
    assert!(evidence.summary.contains("used at one time"), "{evidence:?}");
    assert_eq!(evidence.lines.len(), 2);
    assert!(evidence.lines[0].text.ends_with("voters n1 n2 n3 n4 n5, 3 commit, 3 elect"));
}

#[test]
fn a_change_of_two_is_a_violation_even_of_a_settled_configuration() {
    let mut world = world();
    configured(&mut world, &majority(&[1, 2, 3]));
    settled(&mut world);
    configured(&mut world, &majority(&[3, 4, 5]));
    assert!(world.bench.is_breached());
}

#[test]
fn a_voter_counts_once() {
    let mut world = world();
    configured(&mut world, &of(1, &[1, 2, 2], 2, 2));
    assert!(summary(world).starts_with("voter_twice: n2"));
}

#[test]
fn a_number_that_moves_to_another_region_is_another_node() {
    let mut world = world();
    configured(&mut world, &majority(&[1, 2, 3]));
    let mut moved = Configuration { group: 2, ..majority(&[1, 2, 3]) };
    moved.voters[2].region = 4;
    configured(&mut world, &moved);
    assert!(summary(world).starts_with("identity_reused: n3 stood in region 1"));
}

/// D11.
#[test]
fn a_wiped_voter_that_speaks_is_a_violation_and_a_silent_or_replaced_one_is_none() {
    let mut speaks = world();
    configured(&mut speaks, &majority(&[1, 2, 3]));
    claim(&mut speaks, 3);
    vote_gone(&mut speaks, 3);
    claim(&mut speaks, 2);
    assert!(!speaks.bench.is_breached(), "it is silent");
    claim(&mut speaks, 3);
    let text = summary(speaks);
    assert!(text.starts_with("identity_reused: n3 speaks as a voter of partition 1"), "{text}");
    let mut replaced = world();
    configured(&mut replaced, &majority(&[1, 2, 3]));
    vote_gone(&mut replaced, 3);
    configured(&mut replaced, &majority(&[1, 2]));
    settled(&mut replaced);
    configured(&mut replaced, &majority(&[1, 2, 3]));
    claim(&mut replaced, 3);
    holds(&replaced.verdict());
}

#[test]
fn a_life_that_ended_does_not_come_back() {
    let mut world = world();
    configured(&mut world, &of(1, &[1, 2, 3], 2, 2));
    configured(&mut world, &of(2, &[4, 5, 6], 2, 2));
    assert!(!world.bench.is_breached(), "another life has other voters");
    configured(&mut world, &of(1, &[1, 2, 3], 2, 2));
    assert!(summary(world).starts_with("life_again: partition 1"));
}

#[test]
fn without_a_configuration_it_is_vacuous() {
    let mut world = world();
    claim(&mut world, 1);
    assert!(unknown(world.verdict()).starts_with("vacuous"));
}

/// Every choice of quorums, as sets of nodes.
fn can_miss(old: (u32, u32), new: (u32, u32)) -> bool {
    let sets = |(nodes, quorum): (u32, u32)| {
        (0u32..64).filter(move |set| set & !nodes == 0 && set.count_ones() == quorum)
    };
    sets(old).any(|one| sets(new).any(|other| one & other == 0))
}

fn numbers(nodes: u32) -> Vec<Node> {
    (0..6).filter(|node| nodes >> node & 1 == 1).map(|node| node + 1).collect()
}

proptest! {
    #[test]
    fn sizes_tell_what_trying_every_quorum_tells(
        a in 1u32..64, b in 1u32..64, q in prop::array::uniform4(1u32..7),
    ) {
        let at_most = |quorum: u32, nodes: u32| (quorum - 1) % nodes.count_ones() + 1;
        let (wa, ea, wb, eb) =
            (at_most(q[0], a), at_most(q[1], a), at_most(q[2], b), at_most(q[3], b));
        let expected = can_miss((a, wa), (b, eb)) || can_miss((b, wb), (a, ea))
            || can_miss((a, ea), (b, eb));
        let (old, new) = (of(1, &numbers(a), wa, ea), of(1, &numbers(b), wb, eb));
        prop_assert_eq!(apart(&old, &new).is_some(), expected);
    }
}
