use crate::{
    Acks, Fact, Verdict,
    testing::{World, entry, evidence, holds, unknown},
};

const FIVE: [(u32, u32); 5] = [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)];

fn five() -> World {
    let mut world = World::of("ack_witness");
    world.configure(&FIVE, 3);
    world
}

fn acked(world: &mut World, acks: Acks, index: u64) {
    let entry = entry(index, 1);
    world.fact(Fact::Acked { node: 1, group: 1, acks, entry, offset: index - 1, message: index });
}

#[test]
fn three_of_five_disks_keep_a_promise() {
    let mut world = five();
    for node in [1, 2, 3] {
        world.durable(node, entry(1, 1));
    }
    acked(&mut world, Acks::Quorum, 1);
    assert!(!world.bench.is_breached());
    assert_eq!(holds(&world.verdict()), 1);
}

#[test]
fn two_of_five_disks_do_not() {
    let mut world = five();
    for node in [1, 2] {
        world.durable(node, entry(1, 1));
    }
    acked(&mut world, Acks::Quorum, 1);
    assert!(world.bench.is_breached());
    let evidence = evidence(world.verdict());
    assert_eq!((evidence.node, evidence.partition), (Some(3), Some(1)));
    assert_eq!((evidence.offset, evidence.message), (Some(0), Some(1)));
    assert!(evidence.summary.contains("n3 lacks the entry and could be elected by n3, n4, n5"));
    assert_eq!(evidence.lines.len(), 7);
    assert_eq!(
        evidence.lines[6].text,
        "n3 can win: its log ends before its first entry; no log of these is newer, so each may vote \
         for it: n4 before its first entry, n5 before its first entry; 3 of 5 votes elect, its own \
         with them"
    );
    assert!(evidence.lines[1].text.contains("n1 (region 1): disk: holds the entry, ends at"));
}

/// The numbered example of the module: three copies of an old term's entry, and n5 can still win.
#[test]
fn figure_8_is_refused_although_three_copies_exist() {
    let mut world = five();
    for node in [1, 2, 3, 4, 5] {
        world.durable(node, entry(1, 1));
    }
    world.durable(1, entry(2, 2));
    world.durable(2, entry(2, 2));
    world.durable(5, entry(2, 3));
    world.durable(1, entry(3, 4));
    world.durable(3, entry(2, 2));
    world.acked(1, entry(2, 2), 0, 8);
    let evidence = evidence(world.verdict());
    assert_eq!(evidence.node, Some(5));
    assert!(evidence.summary.contains("n5 lacks the entry and could be elected by n2, n3, n4, n5"));
}

/// Votes compare the last term first: a long tail of an older term outvotes nobody.
#[test]
fn a_long_log_of_an_older_term_wins_no_votes() {
    let mut world = five();
    for node in [1, 2, 3, 4] {
        world.durable(node, entry(1, 1));
    }
    for index in 2..=6 {
        world.durable(4, entry(index, 1));
    }
    for node in [1, 2, 3] {
        world.durable(node, entry(2, 2));
    }
    world.acked(1, entry(2, 2), 0, 8);
    assert_eq!(holds(&world.verdict()), 1);
}

/// Figure 8 (e): once an entry of the leader's own term stands on a quorum, the old one is safe too.
#[test]
fn figure_8_is_safe_once_an_entry_of_the_own_term_is_on_a_quorum() {
    let mut world = five();
    for node in [1, 2, 3, 4, 5] {
        world.durable(node, entry(1, 1));
    }
    world.durable(5, entry(2, 3));
    for node in [1, 2, 3] {
        world.durable(node, entry(2, 2));
        world.durable(node, entry(3, 4));
    }
    world.acked(1, entry(2, 2), 0, 8);
    world.acked(1, entry(3, 4), 1, 9);
    assert_eq!(holds(&world.verdict()), 2);
}

#[test]
fn a_promise_broken_later_by_a_shrinking_log_names_the_lowest_lost_entry() {
    let mut world = five();
    for index in 1..=10 {
        for node in [1, 2, 3] {
            world.durable(node, entry(index, 1));
        }
        acked(&mut world, Acks::Quorum, index);
    }
    world.cut(3, 6);
    let evidence = evidence(world.verdict());
    assert_eq!(evidence.message, Some(7), "entries 1 to 6 still stand on three disks");
    assert_eq!(evidence.count, 4);
    let (first, last) = (&evidence.lines[0], evidence.lines.last().expect("lines"));
    assert!(first.text.starts_with("n1: acknowledged m7") && first.ordinal < last.ordinal);
}

/// n3 holds the acknowledged entry; only its newer tail goes. That tail was what outvoted n4.
#[test]
fn cutting_the_tail_above_an_acknowledged_entry_can_break_its_promise() {
    let mut world = five();
    for node in [1, 2, 3] {
        world.durable(node, entry(1, 1));
    }
    world.durable(1, entry(2, 3));
    world.durable(2, entry(2, 3));
    world.durable(3, entry(2, 3));
    world.durable(4, entry(1, 2));
    acked(&mut world, Acks::Quorum, 1);
    assert!(!world.bench.is_breached(), "n4 is outvoted by the three that end in term 3");
    world.cut(3, 1);
    assert_eq!(evidence(world.verdict()).node, Some(4));
}

#[test]
fn a_log_that_lacks_the_entry_may_not_overtake_it() {
    let mut world = five();
    for node in [1, 2, 3] {
        world.durable(node, entry(1, 1));
    }
    acked(&mut world, Acks::Quorum, 1);
    world.durable(4, entry(1, 2));
    let evidence = evidence(world.verdict());
    assert_eq!(evidence.node, Some(4));
    assert!(evidence.lines[4].text.contains("holds term 2"), "{evidence:?}");
}

#[test]
fn a_configuration_that_drops_the_holders_breaks_the_promise() {
    let mut world = five();
    for node in [1, 2, 3] {
        world.durable(node, entry(1, 1));
    }
    acked(&mut world, Acks::Quorum, 1);
    world.configure(&[(3, 2), (4, 2), (5, 3)], 2);
    assert_eq!(evidence(world.verdict()).node, Some(4));
}

/// 3/1/1: a write quorum fits into the first region, so `quorum` holds where `region_quorum` fails.
#[test]
fn region_quorum_wants_a_copy_outside_every_region() {
    let voters = [(1, 1), (2, 1), (3, 1), (4, 2), (5, 3)];
    for (acks, is_kept) in [(Acks::Quorum, true), (Acks::RegionQuorum, false)] {
        let mut world = World::of("ack_witness");
        world.configure(&voters, 3);
        for node in [1, 2, 3] {
            world.durable(node, entry(1, 1));
        }
        acked(&mut world, acks, 1);
        let verdict = world.verdict();
        assert_eq!(matches!(verdict, Verdict::Holds(_)), is_kept, "{verdict:?}");
        if let Verdict::Violated(evidence) = verdict {
            assert!(evidence.summary.ends_with("no disk outside region 1 holds the entry"));
        }
    }
}

/// The highest entry was acknowledged at `quorum` only; the regional promise below it must be asked.
#[test]
fn a_regional_promise_below_the_highest_entry_is_watched_too() {
    let mut world = World::of("ack_witness");
    world.configure(&[(1, 1), (2, 1), (3, 1), (4, 2), (5, 3)], 3);
    for node in [1, 2, 3, 4] {
        world.durable(node, entry(1, 1));
    }
    acked(&mut world, Acks::RegionQuorum, 1);
    for node in [1, 2, 3] {
        world.durable(node, entry(2, 1));
    }
    acked(&mut world, Acks::Quorum, 2);
    world.cut(4, 0);
    let evidence = evidence(world.verdict());
    assert_eq!((evidence.message, evidence.count), (Some(1), 1));
}

#[test]
fn a_leader_acknowledgement_is_judged_on_the_leaders_disk_only() {
    let mut world = five();
    world.durable(1, entry(1, 1));
    acked(&mut world, Acks::Leader, 1);
    assert!(!world.bench.is_breached());
    acked(&mut world, Acks::Leader, 2);
    assert_eq!(evidence(world.verdict()).message, Some(2));
}

/// Two chains cannot both be safe: the one that the newest log lacks is found when it comes to lack it.
#[test]
fn logs_rewritten_without_the_entry_break_its_promise() {
    let mut world = five();
    for node in [1, 2, 3] {
        world.durable(node, entry(1, 1));
    }
    acked(&mut world, Acks::Quorum, 1);
    world.durable(4, entry(1, 1));
    world.cut(3, 0);
    assert!(!world.bench.is_breached(), "n1, n2 and n4 keep it");
    world.durable(3, entry(1, 2));
    assert!(world.bench.is_breached(), "n3 ends in term 2 and every vote is its own");
}

/// A regional promise below the highest entry is found although every promise at `quorum` stands.
#[test]
fn acknowledgements_out_of_order_are_kept_by_index() {
    let mut world = World::of("ack_witness");
    world.configure(&[(1, 1), (2, 1), (3, 1), (4, 2), (5, 3)], 3);
    for index in 1..=3 {
        for node in [1, 2, 3, 4] {
            world.durable(node, entry(index, 1));
        }
    }
    acked(&mut world, Acks::Quorum, 3);
    acked(&mut world, Acks::Quorum, 1);
    acked(&mut world, Acks::RegionQuorum, 2);
    acked(&mut world, Acks::RegionQuorum, 1);
    world.cut(4, 1);
    assert_eq!(evidence(world.verdict()).message, Some(2));
}

#[test]
fn without_a_configuration_no_one_can_say() {
    let mut world = World::of("ack_witness");
    world.durable(1, entry(1, 1));
    acked(&mut world, Acks::Quorum, 1);
    assert!(unknown(world.verdict()).contains("before its configuration was known"));
}

#[test]
fn without_an_acknowledgement_it_is_vacuous() {
    let mut world = five();
    acked(&mut world, Acks::None, 1);
    world.cut(1, 0);
    assert!(unknown(world.verdict()).starts_with("vacuous"));
}
