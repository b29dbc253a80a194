//! Debts that are paid, and debts that are not.

use super::*;
use crate::{
    facts::{ReplicaView, Role},
    testing::{World, evidence, holds, judge, unknown},
};

const HEALED: &str = "-- healed owed=p1,p2 within=1.000 @5.000\n";

fn after_heal(lines: &str) -> Verdict {
    judge("liveness", &format!("{HEALED}{lines}-- ended @9.000"))
}

#[test]
fn an_acknowledgement_in_time_pays() {
    let verdict = after_heal(
        "c1 produce p1 m1 @5.100..5.200 ok offset=0\n\
         c1 produce p2 m2 region_quorum @5.300..5.400 ok offset=0\n",
    );
    assert_eq!(holds(&verdict), 2);
}

#[test]
fn silence_is_a_violation_of_the_partition_that_is_silent() {
    let evidence = evidence(after_heal(
        "c1 produce p1 m1 @5.100..5.200 ok offset=0\n\
         c1 produce p2 m2 @5.300..5.900 unknown (timeout)\n",
    ));
    assert_eq!((evidence.partition, evidence.count), (Some(2), 1));
    assert!(evidence.lines[1].text.contains("first of 1 produce calls"));
}

#[test]
fn neither_late_nor_older_nor_unacknowledged_calls_pay() {
    for call in [
        "c1 produce p2 m2 @5.300..5.400 refused (full)\nc2 produce p2 m3 @6.500..6.600 ok offset=0\n",
        "c1 produce p2 m2 @4.900..5.400 ok offset=0\nc2 produce p2 m3 @5.400..5.500 unknown\n",
        "c1 produce p2 m2 none @5.300..5.400 ok\nc2 produce p2 m3 @5.400..5.500 unknown\n",
    ] {
        let paid = "c1 produce p1 m1 @5.100..5.200 ok offset=0\n";
        let evidence = evidence(after_heal(&format!("{paid}{call}")));
        assert_eq!(evidence.partition, Some(2), "{call}");
    }
}

#[test]
fn nobody_owes_an_answer_to_a_question_not_asked_in_time() {
    let paid = "c1 produce p1 m1 @5.100..5.200 ok offset=0\n";
    let why = unknown(after_heal(&format!("{paid}c1 produce p2 m2 @5.900..7.000 unknown\n")));
    assert!(why.contains("nobody produced to partition 2"), "{why}");
}

#[test]
fn a_run_that_ended_early_or_never_healed_has_no_answer() {
    let why = unknown(judge("liveness", &format!("{HEALED}c1 produce p1 m1 @5.1..5.2 unknown")));
    assert!(why.contains("ended before partition 1"), "{why}");
    assert_eq!(unknown(judge("liveness", "-- ended @9.000")), "the run never healed");
    let why = unknown(judge("liveness", "-- healed owed= within=1.000 @5.000"));
    assert!(why.starts_with("vacuous"), "{why}");
}

/// What a leader alone has flushed proves nothing of the others.
#[test]
fn acknowledgements_of_a_leader_alone_pay_nothing() {
    let verdict = after_heal(
        "c1 produce p1 m1 @5.100..5.200 ok offset=0\n\
         c1 produce p2 m2 leader @5.300..5.400 ok offset=0\n\
         c1 produce p2 m3 @5.410..6.900 unknown (timeout)\n",
    );
    assert_eq!(evidence(verdict).partition, Some(2));
    let why = unknown(after_heal(
        "c1 produce p1 m1 @5.100..5.200 ok offset=0\n\
         c1 produce p2 m2 leader @5.300..5.400 ok offset=0\n",
    ));
    assert!(why.contains("nobody produced to partition 2"), "{why}");
}

#[test]
fn a_drain_that_serves_no_read_for_the_bound_is_a_violation() {
    let paid = "c1 produce p1 m1 @5.100..5.200 ok offset=0\n\
                c1 produce p2 m2 @5.100..5.200 ok offset=0\n\
                -- draining @6.000\n\
                c9 fetch p1 from=0 @6.000..6.100 ok [0:m1] end=1\n\
                -- drained p1 end=1 @6.100\n";
    let evidence = evidence(after_heal(paid));
    assert_eq!(evidence.partition, Some(2));
    assert!(evidence.summary.contains("served no read of the drain for 3000 ms"), "{evidence:#?}");
    let served = "c9 fetch p2 from=0 @6.000..8.500 ok [0:m2] end=2\n";
    assert_eq!(holds(&after_heal(&format!("{paid}{served}"))), 2, "it was under way");
}

/// A run that the world tells of: three voters, and a heal.
struct Healed(World);

impl Healed {
    fn new(dues: Dues) -> Healed {
        let mut world = World::of("liveness");
        world.fact(Fact::Due(dues));
        world.configure(&[(1, 0), (2, 1), (3, 2)], 2);
        let owed = vec![1];
        world.tell(Event::Mark(&Mark::Healed { owed, bound_ns: 100_000_000 }));
        Healed(world)
    }

    fn seen(&mut self, node: u32, last: u64) {
        let (role, term) = (Role::Follower, 1);
        let seen = ReplicaView { node, group: 1, role, term, commit: last, last, flushed: last };
        self.0.tell(Event::Seen(&seen));
    }

    fn pay(&mut self) {
        let ask = Ask::produce(1, vec![1], crate::Acks::Quorum);
        let called = self.0.now;
        let reply = crate::Reply::Produced { first: Some(0) };
        let outcome = Outcome::Ok(reply);
        let (numbered, returned) = (None, None);
        let mut call = Call { id: 1, client: 1, ask, called, numbered, returned, outcome };
        call.called.ordinal += 1;
        self.0.tell(Event::Called(call.asked()));
        self.0.tell(Event::Returned(&call));
    }

    fn wait(&mut self, ms: u64) {
        self.0.now.at_ns += ms * 1_000_000;
    }

    fn verdict(mut self) -> Verdict {
        self.0.tell(Event::Mark(&Mark::Draining));
        self.0.tell(Event::Mark(&Mark::Drained { partition: 1, end: 1 }));
        self.0.tell(Event::Mark(&Mark::Ended));
        self.0.verdict()
    }
}

#[test]
fn a_replica_that_stays_behind_and_stands_still_is_a_violation() {
    for (last, gone) in [(4, false), (9, true)] {
        let mut run = Healed::new(Dues::default());
        (1..=2).for_each(|node| run.seen(node, 9));
        run.seen(3, last);
        run.pay();
        if gone {
            run.0.fact(Fact::Stopped { node: 3 });
        }
        run.wait(150);
        let evidence = evidence(run.verdict());
        assert_eq!((evidence.node, evidence.partition), (Some(3), Some(1)), "{evidence:#?}");
        assert!(evidence.lines.iter().any(|line| line.text.starts_with("n3: ")), "{evidence:#?}");
    }
}

#[test]
fn a_replica_that_still_moves_is_given_time_and_even_ones_hold() {
    let mut run = Healed::new(Dues::default());
    (1..=2).for_each(|node| run.seen(node, 9));
    run.pay();
    run.wait(150);
    run.seen(3, 4);
    assert_eq!(holds(&run.verdict()), 1);
    let mut run = Healed::new(Dues::default());
    (1..=3).for_each(|node| run.seen(node, 9));
    run.pay();
    run.wait(150);
    assert_eq!(holds(&run.verdict()), 1);
}

#[test]
fn the_metadata_group_owes_an_answer_to_the_knock() {
    let mut run = Healed::new(Dues::default());
    run.pay();
    run.0.fact(Fact::Knocked { group: 0 });
    run.0.fact(Fact::Opened { group: 0 });
    (1..=3).for_each(|node| run.seen(node, 9));
    assert_eq!(holds(&run.verdict()), 2);
    let mut run = Healed::new(Dues::default());
    run.pay();
    run.0.fact(Fact::Knocked { group: 0 });
    (1..=3).for_each(|node| run.seen(node, 9));
    run.wait(150);
    assert_eq!(evidence(run.verdict()).partition, Some(0));
}

#[test]
fn nobody_owes_what_the_plan_does_not_carry() {
    let unfit = Some("an election needs 10 s and has 1 s".to_owned());
    let mut run = Healed::new(Dues { unfit, ..Dues::default() });
    run.0.fact(Fact::Knocked { group: 0 });
    run.wait(150);
    assert!(unknown(run.verdict()).contains("an election needs 10 s"));
}
