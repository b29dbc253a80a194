//! Judges a large history of sessions, to measure with: run it under `time`, once without a law and
//! once with each, `cargo run --release -p zeroloss-checkers --example session_scale -- EVENTS
//! [LAW]...`
//!
//! Three hundred sessions over sixteen partitions. Each reads on from where it stands, two messages
//! at a time, and now and then catches up; half of the calls produce. Nothing goes wrong.

#![expect(clippy::print_stdout, reason = "a command talks to a person")]

use checkers::{
    Acks, Ask, Bench, Call, Contract, Event, Outcome, ReadLevel, Record, Reply, Stamp, checkers,
};

const SESSIONS: usize = 300;
const PARTITIONS: usize = 16;

fn main() {
    let mut words = std::env::args().skip(1);
    let events: u64 = words.next().and_then(|word| word.parse().ok()).unwrap_or(1_000_000);
    let judges = checkers(&words.collect::<Vec<_>>()).expect("names of laws");
    let contract = Contract { permits_causal_reversal: false, ..Contract::default() };
    let mut bench = Bench::under(contract, judges);
    let mut logs: Vec<Vec<u64>> = vec![Vec::new(); PARTITIONS];
    let mut positions = vec![[0u64; PARTITIONS]; SESSIONS];
    let mut dice = 0x9e37_79b9_7f4a_7c15_u64;
    let mut draw = |end: usize| {
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        (dice >> 33) as usize % end
    };
    for id in 0..events / 2 {
        let (session, place) = (draw(SESSIONS), draw(PARTITIONS));
        let (partition, log) = (place as u32 + 1, &mut logs[place]);
        let (ask, reply) = if draw(2) == 0 {
            let ask = Ask::produce(partition, vec![id], Acks::Quorum);
            log.push(id);
            (ask, Reply::Produced { first: Some(log.len() as u64 - 1) })
        } else {
            let end = log.len() as u64;
            let position = &mut positions[session][place];
            if draw(50) == 0 {
                *position = end.saturating_sub(2);
            }
            let from = *position;
            *position = (from + 2).min(end);
            let offsets = from..*position;
            let records = offsets.map(|offset| Record::new(offset, log[offset as usize]));
            let level = [ReadLevel::Session, ReadLevel::Bounded(1_000_000)][draw(2)];
            let reply = Reply::Fetched { records: records.collect(), end };
            (Ask::Fetch { partition, from, level }, reply)
        };
        let stamp = |ordinal| Stamp { ordinal, at_ns: ordinal * 1_000 };
        let (called, returned) = (stamp(id * 2), stamp(id * 2 + 1));
        let (client, outcome) = (session as u32, Outcome::Ok(reply));
        let returned = Some(returned);
        let call = Call { id, client, ask, called, numbered: None, returned, outcome };
        bench.observe(called, Event::Called(call.asked()));
        bench.observe(call.returned.unwrap_or(called), Event::Returned(&call));
    }
    for judgement in bench.finish() {
        println!("{:20} {:?} {:?}", judgement.name, judgement.verdict, judgement.permitted);
    }
}
