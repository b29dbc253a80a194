//! Ends with and without the events that prove them.

use super::*;
use crate::{
    Dues, EntryId, ReadLevel, Record,
    testing::{World, evidence, holds, judge, unknown},
};

/// A world that tells calls as they are made and as they end.
struct Clients {
    world: World,
    calls: Vec<Call>,
}

fn ok() -> Outcome {
    Outcome::Ok(Reply::Produced { first: Some(0) })
}

fn refused() -> Outcome {
    Outcome::Refused("full".to_owned())
}

fn lost() -> Outcome {
    Outcome::Unknown("timeout".to_owned())
}

impl Clients {
    /// A world in which something was seen, so that what is not seen was not there.
    fn watched() -> Clients {
        let mut world = World::of("trace_completeness");
        world.fact(Fact::Due(Dues::default()));
        Clients { world, calls: Vec::new() }
    }

    fn ask(&mut self, ask: Ask) -> usize {
        let called = Stamp { ordinal: self.world.now.ordinal + 1, ..self.world.now };
        let (id, outcome) = (self.calls.len() as u64, Outcome::Unknown("pending".to_owned()));
        let (numbered, returned) = (None, None);
        let call = Call { id, client: 1, ask, called, numbered, returned, outcome };
        self.world.tell(Event::Called(call.asked()));
        self.calls.push(call);
        id as usize
    }

    fn produce(&mut self, messages: &[MessageId], acks: Acks) -> usize {
        self.ask(Ask::produce(1, messages.to_vec(), acks))
    }

    fn end(&mut self, call: usize, outcome: Outcome) {
        let call = &mut self.calls[call];
        call.outcome = outcome;
        call.returned = Some(self.world.now);
        self.world.tell(Event::Returned(call));
    }

    fn acked(&mut self, group: Group, acks: Acks, message: MessageId) {
        let entry = EntryId::default();
        self.world.fact(Fact::Acked { node: 2, group, acks, entry, offset: 0, message });
    }

    fn read(&mut self, message: MessageId) {
        let call = self.ask(Ask::Fetch { partition: 1, from: 0, level: ReadLevel::Eventual });
        let records = vec![Record::new(0, message)];
        self.end(call, Outcome::Ok(Reply::Fetched { records, end: 1 }));
    }

    fn over(&mut self) {
        self.world.tell(Event::Mark(&Mark::Healed { owed: vec![], bound_ns: 2_000_000 }));
        self.world.now.at_ns += 2_000_000;
        self.world.tell(Event::Mark(&Mark::Ended));
    }

    fn summary(self) -> String {
        evidence(self.world.verdict()).summary
    }
}

#[test]
fn every_end_that_nodes_prove_holds() {
    let mut clients = Clients::watched();
    let first = clients.produce(&[1, 2], Acks::Quorum);
    clients.acked(1, Acks::Quorum, 1);
    clients.read(2);
    clients.end(first, ok());
    let second = clients.produce(&[3], Acks::Leader);
    clients.end(second, refused());
    let third = clients.produce(&[4], Acks::Leader);
    clients.end(third, lost());
    clients.acked(1, Acks::Leader, 4); // late, and the client never knew
    clients.read(4);
    let fourth = clients.produce(&[5], Acks::None);
    clients.end(fourth, Outcome::Ok(Reply::Produced { first: None }));
    clients.over();
    assert_eq!(holds(&clients.world.verdict()), 4, "m5 has no proof and needs none");
}

#[test]
fn an_ok_that_no_node_gave_is_a_violation() {
    let mut clients = Clients::watched();
    let call = clients.produce(&[1], Acks::Quorum);
    clients.end(call, ok());
    assert!(clients.world.bench.is_breached());
    clients.acked(1, Acks::Quorum, 1); // too late
    let evidence = evidence(clients.world.verdict());
    assert!(evidence.summary.starts_with("unanswered_ok: client 1"), "{evidence:?}");
    assert_eq!((evidence.partition, evidence.message), (Some(1), Some(1)));
}

#[test]
fn an_answer_of_another_level_or_partition_is_none() {
    let mut weaker = Clients::watched();
    let call = weaker.produce(&[1], Acks::Quorum);
    weaker.acked(1, Acks::Leader, 1);
    weaker.end(call, ok());
    assert!(weaker.summary().starts_with("weaker_answer"));
    let mut astray = Clients::watched();
    let call = astray.produce(&[1], Acks::Quorum);
    astray.acked(2, Acks::Quorum, 1);
    astray.end(call, ok());
    assert!(astray.summary().contains("only n2 answered, for partition 2"));
}

#[test]
fn what_was_refused_is_neither_acknowledged_nor_read_before_or_after() {
    let acked: fn(&mut Clients) = |clients| clients.acked(1, Acks::Leader, 1);
    let read: fn(&mut Clients) = |clients| clients.read(1);
    for (seen, word) in [(acked, "acknowledged"), (read, "read")] {
        for is_before in [true, false] {
            let mut clients = Clients::watched();
            let call = clients.produce(&[1], Acks::Leader);
            if is_before {
                seen(&mut clients);
            }
            clients.end(call, refused());
            if !is_before {
                seen(&mut clients);
            }
            let when = if is_before { "before" } else { "after that" };
            let text = clients.summary();
            assert!(text.starts_with("refused_yet_done: m1"), "{text}");
            assert!(text.contains(&format!("was {word} {when}")), "{text}");
        }
    }
}

#[test]
fn a_call_ends_once() {
    let mut clients = Clients::watched();
    let call = clients.produce(&[1], Acks::Leader);
    clients.end(call, lost());
    clients.end(call, refused());
    assert!(clients.summary().starts_with("two_ends: call 0"));
}

#[test]
fn a_call_that_hangs_when_the_run_is_over_is_a_violation() {
    let mut clients = Clients::watched();
    clients.produce(&[1], Acks::Leader);
    clients.over();
    let evidence = evidence(clients.world.verdict());
    assert!(evidence.summary.starts_with("no_end: call 0"), "{evidence:?}");
    assert_eq!(evidence.lines.len(), 3);
}

#[test]
fn a_call_that_had_no_time_to_end_has_no_answer() {
    let mut stopped = Clients::watched();
    stopped.produce(&[1], Acks::Leader);
    let why = unknown(stopped.world.verdict());
    assert!(why.contains("1 calls were open") && why.contains("too early"), "{why}");
    let mut late = Clients::watched();
    late.world.tell(Event::Mark(&Mark::Healed { owed: vec![], bound_ns: 1 }));
    late.produce(&[1], Acks::Leader);
    late.world.tell(Event::Mark(&Mark::Ended));
    assert_eq!(unknown(late.world.verdict()), "1 calls were open when the run ended");
}

#[test]
fn clients_alone_prove_nothing() {
    let why = unknown(judge("trace_completeness", "c1 produce p1 m1 @0.1..0.2 ok offset=0"));
    assert_eq!(why, "vacuous: no node was watched");
    assert!(unknown(Clients::watched().world.verdict()).starts_with("vacuous"));
}
