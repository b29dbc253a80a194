//! Calls in calm windows, and calls outside of them.

use super::*;
use crate::{
    Reply,
    testing::{World, evidence, holds, unknown},
};

const MS: u64 = 1_000_000;

/// One group on three voters, one client, and nothing wrong with either.
struct Run {
    world: World,
    calls: u64,
}

fn service(owed: Owed, latency_ms: Option<u64>) -> Service {
    Service { owed, latency_ns: latency_ms.map(|ms| ms * MS) }
}

impl Run {
    fn under(owed: Owed, latency_ms: Option<u64>) -> Run {
        let mut world = World::of("availability");
        let (produce, fetch) = (service(owed, latency_ms), service(Owed::All, None));
        world.fact(Fact::Due(Dues { settle_ns: 100 * MS, produce, fetch, ..Dues::default() }));
        let mut run = Run { world, calls: 0 };
        run.calm();
        run.seen(1, Role::Leader, 1);
        run
    }

    fn settled() -> Run {
        let mut run = Run::under(Owed::All, None);
        run.wait(200);
        run
    }

    fn calm(&mut self) {
        self.world.fact(Fact::Calm { groups: vec![1], clients: vec![1] });
    }

    fn trouble(&mut self, groups: &[u32], clients: &[u32]) {
        let (groups, clients) = (groups.to_vec(), clients.to_vec());
        self.world.fact(Fact::Troubled { groups, clients, what: "a cut".into() });
    }

    fn seen(&mut self, node: Node, role: Role, term: u64) {
        let seen = ReplicaView { node, group: 1, role, term, commit: 0, last: 0, flushed: 0 };
        self.world.tell(Event::Seen(&seen));
    }

    fn wait(&mut self, ms: u64) {
        self.world.now.at_ns += ms * MS;
    }

    fn begin(&mut self, acks: Acks) -> Call {
        self.calls += 1;
        let ask = Ask::produce(1, vec![self.calls], acks);
        let outcome = Outcome::Unknown("no answer in time".into());
        let called = Stamp { ordinal: self.world.now.ordinal + 1, at_ns: self.world.now.at_ns };
        let (id, numbered, returned) = (self.calls, None, None);
        let call = Call { id, client: 1, ask, called, numbered, returned, outcome };
        self.world.tell(Event::Called(call.asked()));
        call
    }

    fn end(&mut self, mut call: Call, is_ok: bool) {
        if is_ok {
            call.outcome = Outcome::Ok(Reply::Produced { first: Some(0) });
        }
        call.returned = Some(self.world.now);
        self.world.tell(Event::Returned(&call));
    }

    fn call(&mut self, acks: Acks, is_ok: bool) {
        let call = self.begin(acks);
        self.wait(10);
        self.end(call, is_ok);
    }

    fn verdict(self) -> Verdict {
        self.world.verdict()
    }
}

#[test]
fn calls_that_end_well_while_nothing_is_wrong_hold() {
    let mut run = Run::settled();
    run.call(Acks::Quorum, true);
    run.call(Acks::Leader, true);
    run.call(Acks::None, true);
    assert_eq!(holds(&run.verdict()), 2, "`none` promises nothing");
}

#[test]
fn one_call_that_fails_for_no_reason_is_a_violation() {
    let mut run = Run::settled();
    (0..100).for_each(|_| run.call(Acks::Quorum, true));
    run.call(Acks::Quorum, false);
    let evidence = evidence(run.verdict());
    assert!(evidence.summary.contains("1 of 101 such calls failed, and 0 may"), "{evidence:#?}");
    assert_eq!((evidence.partition, evidence.lines.len()), (Some(1), 3));
}

#[test]
fn where_the_network_may_cost_a_call_half_of_them_failing_is_still_a_violation() {
    let failing = |every: u64| {
        let mut run = Run::under(Owed::Most, None);
        run.wait(200);
        (1..=100).for_each(|call| run.call(Acks::Quorum, call % every != 0));
        run.verdict()
    };
    assert_eq!(holds(&failing(25)), 100);
    assert!(evidence(failing(2)).summary.contains("50 of 100"));
}

#[test]
fn trouble_of_the_group_or_of_the_client_excuses_whatever_it_overlaps() {
    let troubles: [(&[u32], &[u32]); 2] = [(&[1], &[]), (&[], &[1])];
    for (groups, clients) in troubles {
        let mut run = Run::settled();
        let call = run.begin(Acks::Quorum);
        run.trouble(groups, clients);
        run.end(call, false);
        run.call(Acks::Quorum, false);
        let call = run.begin(Acks::Quorum);
        run.calm();
        run.wait(200);
        run.end(call, false);
        assert!(unknown(run.verdict()).starts_with("vacuous"), "{groups:?} {clients:?}");
    }
    let mut run = Run::settled();
    run.trouble(&[2], &[2]);
    run.call(Acks::Quorum, false);
    evidence(run.verdict());
}

#[test]
fn a_group_has_time_to_settle_after_trouble_and_after_a_change_of_leader() {
    let mut run = Run::settled();
    run.trouble(&[1], &[]);
    run.calm();
    run.call(Acks::Quorum, false);
    run.wait(200);
    run.seen(2, Role::Candidate, 2);
    run.call(Acks::Quorum, false);
    run.seen(2, Role::Leader, 2);
    run.call(Acks::Quorum, false);
    assert!(unknown(run.verdict()).starts_with("vacuous"));
}

#[test]
fn what_the_old_leader_alone_had_acknowledged_excuses_one_call() {
    let mut run = Run::settled();
    run.call(Acks::Leader, true);
    run.seen(2, Role::Leader, 2);
    run.wait(200);
    run.call(Acks::Quorum, false);
    run.call(Acks::Quorum, true);
    run.call(Acks::Quorum, false);
    assert!(evidence(run.verdict()).summary.contains("1 of 3 such calls"));
}

#[test]
fn latency_counts_only_where_the_plan_knows_it() {
    let slow = |latency_ms| {
        let mut run = Run::under(Owed::All, latency_ms);
        run.wait(200);
        run.call(Acks::Quorum, true);
        run.verdict()
    };
    assert_eq!(holds(&slow(None)), 1);
    assert_eq!(holds(&slow(Some(20))), 1);
    assert!(evidence(slow(Some(5))).summary.contains("more than 5 ms"));
}

#[test]
fn a_load_beyond_what_the_plan_carries_owes_nothing() {
    let mut run = Run::under(Owed::Nothing("too much is asked".into()), None);
    run.wait(200);
    run.call(Acks::Quorum, false);
    assert!(unknown(run.verdict()).starts_with("vacuous"));
    assert!(unknown(World::of("availability").verdict()).starts_with("vacuous"));
}
