//! Every law that a client can see, over histories of a log that are made while they are judged: so
//! the memory that is measured is the judge's own. `cargo bench -p zeroloss-checkers --bench laws`.
//!
//! Clients are always busy: each has a call under way, half of them produce one message anywhere, half
//! poll up to twenty records of one partition, which is enough to keep up. Calls take effect when
//! they return. A planted history is the same but for one thing at nine tenths of it. Every law is
//! measured alone, and all of them together; the making of the history is measured as well, as a
//! bench without judges.

mod measure;

use checkers::{
    Acks, Ask, Batch, Bench, CATALOGUE, Call, Contract, Event, Law, Mark, Outcome, Polled, Record,
    Reply, Stamp,
};
use measure::Case;

const PARTITIONS: u64 = 8;
const RECORDS_MAX: u64 = 20;

/// What is wrong with a history, and the law that must see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Plant {
    /// A message is acknowledged and shown to nobody.
    Hole,
    /// A poll shows what nobody sent.
    Stranger,
    /// A poll shows a record again.
    Repeat,
    /// A poll shows two messages in each other's places.
    Swap,
}

impl Plant {
    const ALL: [Plant; 4] = [Plant::Hole, Plant::Stranger, Plant::Repeat, Plant::Swap];

    fn name(self) -> &'static str {
        match self {
            Plant::Hole => "hole",
            Plant::Stranger => "stranger",
            Plant::Repeat => "repeat",
            Plant::Swap => "swap",
        }
    }

    fn seen_by(self) -> &'static str {
        match self {
            Plant::Hole => "poll_skip",
            Plant::Stranger => "phantom",
            Plant::Repeat => "nonmonotonic_poll",
            Plant::Swap => "offset_agreement",
        }
    }
}

fn main() {
    let laws = || CATALOGUE.iter().filter(|law| law.is_for_clients() && law.name != "porcupine");
    let mut cases = vec![case("all", laws().collect(), 1_000, 10, None)];
    for calls in [10_000, 100_000, 1_000_000] {
        for clients in [10, 30, 100] {
            cases.push(case("nobody", Vec::new(), calls, clients, None));
            cases.push(case("all", laws().collect(), calls, clients, None));
            for plant in Plant::ALL {
                cases.push(case("all", laws().collect(), calls, clients, Some(plant)));
            }
            for law in laws() {
                cases.push(case(law.name, vec![law], calls, clients, None));
                let planted = Plant::ALL.into_iter().filter(|plant| plant.seen_by() == law.name);
                cases.extend(
                    planted.map(|plant| case(law.name, vec![law], calls, clients, Some(plant))),
                );
            }
        }
    }
    measure::run(&cases);
}

fn case(
    name: &str,
    laws: Vec<&'static Law>,
    calls: u64,
    clients: usize,
    plant: Option<Plant>,
) -> Case {
    let state = plant.map_or("clean", Plant::name);
    let judge = move |(): &()| judge(&laws, clients, calls, plant);
    measure::case(format!("{name}/{clients}/{calls}/{state}"), || (), judge)
}

/// One log, as clients know it, and calls against it.
struct World {
    bench: Bench,
    now: Stamp,
    dice: u64,
    logs: Vec<Vec<u64>>,
    /// By client: the next offset to poll in its partition.
    positions: Vec<u64>,
    open: Vec<Option<Call>>,
    calls: u64,
    /// What is still to go wrong.
    plant: Option<Plant>,
    hole: Option<(usize, u64)>,
}

impl World {
    /// What goes wrong with the records of one poll.
    fn spoil(&mut self, records: &mut Vec<Record>) {
        match self.plant {
            None | Some(Plant::Hole) => return,
            Some(Plant::Stranger) => records[0].message = u64::MAX >> 2,
            Some(Plant::Repeat) => {
                let first = records[0];
                records.push(first);
            }
            Some(Plant::Swap) => {
                let (first, second) = (records[0].message, records[1].message);
                (records[0].message, records[1].message) = (second, first);
            }
        }
        self.plant = None;
    }

    fn new(bench: Bench, clients: usize, plant: Option<Plant>) -> World {
        World {
            bench,
            now: Stamp::default(),
            dice: 0x9e37_79b9_7f4a_7c15,
            logs: vec![Vec::new(); PARTITIONS as usize],
            positions: vec![0; clients],
            open: vec![None; clients],
            calls: 0,
            plant,
            hole: None,
        }
    }

    fn draw(&mut self, below: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 16) % below
    }

    fn tick(&mut self) -> Stamp {
        self.now.ordinal += 1;
        self.now.at_ns += 1_000;
        self.now
    }

    fn run(&mut self, calls: u64) {
        while self.calls < calls || self.open.iter().any(Option::is_some) {
            let client = self.draw(self.open.len() as u64) as usize;
            match self.open[client].take() {
                Some(call) => self.answer(client, call, calls),
                None if self.calls < calls => self.ask(client),
                None => {}
            }
        }
        let at = self.tick();
        self.bench.observe(at, Event::Mark(&Mark::Ended));
    }

    fn ask(&mut self, client: usize) {
        let ask = if self.draw(2) == 0 {
            Ask::Poll
        } else {
            let partition = self.draw(PARTITIONS) as u32 + 1;
            Ask::produce(partition, vec![self.calls], Acks::Quorum)
        };
        let call = Call {
            id: self.calls,
            client: client as u32,
            ask,
            called: self.tick(),
            numbered: None,
            returned: None,
            outcome: Outcome::Unknown(String::new()),
        };
        self.calls += 1;
        self.bench.observe(call.called, Event::Called(call.asked()));
        self.open[client] = Some(call);
    }

    fn answer(&mut self, client: usize, mut call: Call, calls: u64) {
        let is_time = self.calls >= calls - calls / 10;
        let reply = if let Ask::Produce { partition, messages, .. } = &call.ask {
            let log = &mut self.logs[*partition as usize - 1];
            let first = log.len() as u64;
            log.extend(messages);
            if is_time && self.plant == Some(Plant::Hole) {
                self.plant = None;
                self.hole = Some((*partition as usize - 1, first));
            }
            Reply::Produced { first: Some(first) }
        } else {
            Reply::Polled(Box::new(self.poll(client, is_time)))
        };
        call.outcome = Outcome::Ok(reply);
        let at = self.tick();
        call.returned = Some(at);
        self.bench.observe(at, Event::Returned(&call));
    }

    fn poll(&mut self, client: usize, is_time: bool) -> Polled {
        let mut polled = Polled::default();
        let place = client % PARTITIONS as usize;
        let from = self.positions[client];
        let end = (self.logs[place].len() as u64).min(from + RECORDS_MAX);
        let shown = (from..end).filter(|offset| self.hole != Some((place, *offset)));
        let mut records: Vec<Record> =
            shown.map(|offset| Record::new(offset, self.logs[place][offset as usize])).collect();
        if is_time && records.len() > 1 {
            self.spoil(&mut records);
        }
        self.positions[client] = end;
        if !records.is_empty() {
            polled.batches.push(Batch { partition: place as u32 + 1, records });
        }
        polled
    }
}

/// Judges one history by these laws and says what they made of it.
fn judge(laws: &[&'static Law], clients: usize, calls: u64, plant: Option<Plant>) -> String {
    let judges = laws.iter().map(|law| law.judge()).collect();
    let mut world = World::new(Bench::under(Contract::kafka(), judges), clients, plant);
    world.run(calls);
    let judgements = world.bench.finish();
    let violated = judgements.iter().filter(|judgement| judgement.verdict.word() == "violated");
    let violated: Vec<&str> = violated.map(|judgement| judgement.name.as_str()).collect();
    match plant {
        None => assert_eq!(violated, Vec::<&str>::new(), "a clean history"),
        Some(plant) => assert!(violated.contains(&plant.seen_by()), "{plant:?}: {violated:?}"),
    }
    let is_vacuous = judgements.iter().all(|judgement| judgement.verdict.word() == "unknown");
    match (violated.is_empty(), is_vacuous) {
        (false, _) => "violated".to_owned(),
        (true, true) => "unknown".to_owned(),
        (true, false) => "holds".to_owned(),
    }
}
