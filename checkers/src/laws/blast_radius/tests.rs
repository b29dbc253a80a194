//! Partition 1 stands on n1 to n3, and faults strike there and elsewhere.

use super::*;
use crate::{
    Configuration, Reply, Voter,
    testing::{World, evidence, holds, unknown},
};

const MS: u64 = 1_000_000;
const BOUND_MS: u64 = 1_000;

struct Run {
    world: World,
    calls: u64,
}

fn run() -> Run {
    let mut world = World::of("blast_radius");
    world.configure(&[(1, 1), (2, 1), (3, 2)], 2);
    let voters = (4..=6).map(|node| Voter { node, region: 3 }).collect();
    let (group, incarnation, write_quorum, election_quorum) = (2, 1, 2, 2);
    let other = Configuration { group, incarnation, voters, write_quorum, election_quorum };
    world.fact(Fact::Configured(other));
    Run { world, calls: 0 }
}

fn ok() -> Outcome {
    Outcome::Ok(Reply::Produced { first: Some(0) })
}

fn lost() -> Outcome {
    Outcome::Unknown("timeout".to_owned())
}

impl Run {
    fn strike(&mut self, fault: u32, nodes: &[Node], clients: &[u32]) {
        let (what, nodes, clients) = ("crash".to_owned(), nodes.to_vec(), clients.to_vec());
        self.world.fact(Fact::Struck { fault, what, nodes, clients });
    }

    fn lift(&mut self, fault: u32) {
        self.world.fact(Fact::Lifted { fault });
    }

    /// A client asks partition 1 and has its answer so many milliseconds later.
    fn ask(&mut self, client: u32, takes_ms: u64, outcome: Outcome) {
        let called = Stamp { ordinal: self.world.now.ordinal + 1, ..self.world.now };
        let id = self.calls;
        let ask = Ask::produce(1, vec![id], Acks::Quorum);
        let (numbered, returned) = (None, None);
        let mut call = Call { id, client, ask, called, numbered, returned, outcome: lost() };
        self.world.tell(Event::Called(call.asked()));
        self.world.now.at_ns += takes_ms * MS;
        (call.returned, call.outcome) = (Some(self.world.now), outcome);
        self.world.tell(Event::Returned(&call));
        self.calls += 1;
    }

    fn healed(mut self) -> Verdict {
        let bound_ns = BOUND_MS * MS;
        self.world.tell(Event::Mark(&Mark::Healed { owed: vec![], bound_ns }));
        self.world.verdict()
    }
}

#[test]
fn a_bystander_that_answers_holds() {
    let mut run = run();
    run.strike(0, &[4, 5], &[]);
    run.ask(1, 900, ok());
    run.ask(1, 400, lost());
    run.ask(1, 400, ok());
    run.lift(0);
    run.ask(1, 5_000, lost()); // no fault lasts: liveness may ask, this does not
    assert_eq!(holds(&run.healed()), 2);
}

#[test]
fn a_bystander_that_falls_silent_is_a_violation() {
    let mut run = run();
    run.strike(7, &[4, 5], &[]);
    run.ask(1, 10, ok());
    run.ask(1, 600, lost());
    run.ask(2, 600, lost());
    run.ask(2, 10, ok());
    let evidence = evidence(run.healed());
    assert!(evidence.summary.starts_with("bystander_stopped: partition 1"), "{evidence:?}");
    assert_eq!((evidence.partition, evidence.lines.len()), (Some(1), 3));
    assert_eq!(evidence.lines[0].text, "fault: crash");
    assert!(evidence.lines[1].text.ends_with("first of 3 produce calls"), "{evidence:?}");
}

#[test]
fn a_silence_that_outlasts_its_fault_is_still_a_violation() {
    let mut run = run();
    run.strike(0, &[4], &[]);
    run.ask(1, 600, lost());
    run.lift(0);
    run.ask(1, 600, lost());
    assert!(evidence(run.healed()).summary.contains("more than 1000 ms"));
}

#[test]
fn whoever_is_touched_is_no_bystander() {
    let mut touched = run();
    touched.strike(0, &[3, 4], &[]);
    touched.ask(1, 5_000, lost());
    assert!(unknown(touched.healed()).starts_with("vacuous"));
    let mut later = run();
    later.strike(0, &[4], &[]);
    later.ask(1, 800, lost());
    later.strike(1, &[1], &[]);
    later.ask(1, 5_000, lost());
    later.lift(1);
    later.ask(1, 900, ok());
    assert_eq!(holds(&later.healed()), 1);
}

#[test]
fn a_client_that_is_cut_off_excuses_itself() {
    let mut run = run();
    run.strike(0, &[4], &[]);
    run.ask(1, 800, lost());
    run.strike(1, &[], &[1]);
    run.ask(1, 5_000, lost());
    run.ask(2, 100, ok());
    assert_eq!(holds(&run.healed()), 1);
}

#[test]
fn a_load_that_stops_proves_no_silence() {
    let mut run = run();
    run.strike(0, &[4], &[]);
    run.ask(1, 10, ok());
    run.ask(1, 800, lost());
    run.world.now.at_ns += 60_000 * MS;
    assert_eq!(holds(&run.healed()), 1);
}

#[test]
fn without_a_question_or_a_bound_there_is_no_answer() {
    let mut quiet = run();
    quiet.strike(0, &[4], &[]);
    assert!(unknown(quiet.healed()).starts_with("vacuous"));
    let mut asked = run();
    asked.strike(0, &[4], &[]);
    asked.ask(1, 10, ok());
    assert!(unknown(asked.world.verdict()).contains("never healed"));
}
