//! Each kind of trouble ends calm, and its lifting begins it.

use super::*;

/// Five nodes, two clients; the metadata group on n1 to n3, p1 on n1 to n5, p2 on n3 to n5.
fn oracle() -> Oracle {
    let group = |voters: &[u32]| {
        let majority = voters.len() as u32 / 2 + 1;
        Group { voters: voters.to_vec(), write_quorum: majority, election_quorum: majority }
    };
    let mut oracle =
        Oracle::of(5, 2, vec![group(&[1, 2, 3]), group(&[1, 2, 3, 4, 5]), group(&[3, 4, 5])]);
    let first = oracle.look(0);
    assert_eq!((first.calm_groups, first.calm_clients), (vec![0, 1, 2], vec![1, 2]));
    oracle
}

/// What a trouble ends, and what its end begins.
fn litmus(
    strike: impl Fn(&mut Oracle),
    lift: impl Fn(&mut Oracle),
    groups: &[u32],
    clients: &[u32],
) {
    let mut oracle = oracle();
    strike(&mut oracle);
    let change = oracle.look(5);
    assert_eq!((&change.troubled_groups[..], &change.troubled_clients[..]), (groups, clients));
    assert!(change.calm_groups.is_empty() && change.calm_clients.is_empty());
    for group in 0..3 {
        let expected = if groups.contains(&group) { None } else { Some(0) };
        assert_eq!(oracle.calm_since(group), expected, "p{group}");
    }
    assert_eq!(oracle.look(6), Change::default(), "what was told is not told again");
    strike(&mut oracle);
    lift(&mut oracle);
    assert_eq!(oracle.look(7), Change::default(), "it was struck twice");
    lift(&mut oracle);
    let change = oracle.look(9);
    assert_eq!((&change.calm_groups[..], &change.calm_clients[..]), (groups, clients));
    assert!(groups.iter().all(|group| oracle.calm_since(*group) == Some(9)));
}

#[test]
fn every_harm_of_a_node_troubles_the_groups_that_it_votes_in() {
    for harm in [Harm::Down, Harm::Paused, Harm::FailingDisk, Harm::SlowDisk, Harm::BentClock] {
        let strike = |oracle: &mut Oracle| oracle.harm(4, harm);
        litmus(strike, |oracle| oracle.relieve(4, harm), &[1, 2], &[]);
        let strike = |oracle: &mut Oracle| oracle.harm(1, harm);
        litmus(strike, |oracle| oracle.relieve(1, harm), &[0, 1], &[]);
    }
}

#[test]
fn a_cut_troubles_the_groups_that_have_both_ends() {
    for (from, to) in [(4, 5), (5, 4)] {
        let mend = |oracle: &mut Oracle| oracle.mend(from, to);
        litmus(|oracle| oracle.cut(from, to), mend, &[1, 2], &[]);
    }
    litmus(|oracle| oracle.cut(2, 1), |oracle| oracle.mend(2, 1), &[0, 1], &[]);
}

#[test]
fn a_cut_client_is_troubled_and_no_group_is() {
    for (from, to) in [(6, 2), (2, 6)] {
        litmus(|oracle| oracle.cut(from, to), |oracle| oracle.mend(from, to), &[], &[1]);
    }
}

#[test]
fn a_worse_network_troubles_every_group() {
    litmus(Oracle::raise, Oracle::settle, &[0, 1, 2], &[]);
}

#[test]
fn a_damaged_replica_troubles_its_group_alone() {
    let mut oracle = oracle();
    oracle.damage(3, 2);
    assert_eq!(oracle.look(5).troubled_groups, [2]);
    oracle.repair(3, 2);
    assert_eq!(oracle.look(6).calm_groups, [2]);
}

#[test]
fn a_group_owes_while_its_quorums_are_live_intact_and_reach_one_another() {
    let mut oracle = oracle();
    assert_eq!(oracle.quorum(2), [3, 4, 5]);
    oracle.harm(4, Harm::SlowDisk);
    assert_eq!(oracle.quorum(2), [3, 4, 5], "slow is not gone");
    oracle.harm(4, Harm::Down);
    assert_eq!((oracle.quorum(2), oracle.owes(2)), (vec![3, 5], true));
    oracle.cut(5, 3);
    assert_eq!((oracle.quorum(2), oracle.owes(2)), (vec![3], false), "one of two that cannot talk");
    assert_eq!(oracle.quorum(1), [1, 2, 3], "n5 is not heard by n3");
    assert!(oracle.owes(1) && oracle.owes(0));
    oracle.damage(2, 1);
    assert!(!oracle.owes(1) && oracle.owes(0), "what n2 lost of p1 is its alone");
    oracle.mend(5, 3);
    assert_eq!((oracle.quorum(1), oracle.owes(1)), (vec![1, 3, 5], true));
}

/// One that never can be met while others can: in 3/1/1 with an election quorum of four.
#[test]
fn both_quorums_count() {
    let voters = vec![1, 2, 3, 4, 5];
    let mut oracle = Oracle::of(5, 1, vec![Group { voters, write_quorum: 2, election_quorum: 4 }]);
    oracle.harm(5, Harm::Paused);
    assert!(oracle.owes(0));
    oracle.harm(4, Harm::FailingDisk);
    assert!(!oracle.owes(0), "three can write but elect nobody");
}

#[test]
#[should_panic(expected = "is taken back unasked")]
fn what_was_never_cut_cannot_be_mended() {
    oracle().mend(1, 2);
}
