//! Every law that a client can see, over histories of a log that are made while they are judged: so
//! the memory that is measured is the judge's own. `cargo bench -p zeroloss-checkers --bench laws`.
//!
//! Clients are always busy: each has a call under way, half of them produce one message, half poll
//! up to ten records. Calls take effect when they return. The planted history is the same but for
//! one message near its end, which is shown to nobody and acknowledged all the same, or for one
//! poll that shows what nobody sent.

mod measure;

use checkers::{
    Acks, Ask, Batch, Bench, CATALOGUE, Call, Contract, Event, Mark, Outcome, Polled, Record,
    Reply, Stamp, checkers,
};
use measure::Case;

const PARTITIONS: u64 = 8;
const RECORDS_MAX: u64 = 10;

/// One log, as clients know it, and calls against it.
struct World {
    bench: Bench,
    now: Stamp,
    dice: u64,
    logs: Vec<Vec<u64>>,
    /// By client and partition: the next offset to poll.
    positions: Vec<Vec<u64>>,
    open: Vec<Option<Call>>,
    calls: u64,
    /// Whether something is wrong near the end.
    is_planted: bool,
    hole: Option<(usize, u64)>,
}

impl World {
    fn new(bench: Bench, clients: usize, is_planted: bool) -> World {
        World {
            bench,
            now: Stamp::default(),
            dice: 0x9e37_79b9_7f4a_7c15,
            logs: vec![Vec::new(); PARTITIONS as usize],
            positions: vec![vec![0; PARTITIONS as usize]; clients],
            open: vec![None; clients],
            calls: 0,
            is_planted,
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
            Ask::Produce {
                partition,
                messages: vec![self.calls],
                acks: Acks::Quorum,
                producer: None,
            }
        };
        let call = Call {
            id: self.calls,
            client: client as u32,
            ask,
            called: self.tick(),
            returned: None,
            outcome: Outcome::Unknown(String::new()),
        };
        self.calls += 1;
        self.bench.observe(call.called, Event::Called(&call));
        self.open[client] = Some(call);
    }

    fn answer(&mut self, client: usize, mut call: Call, calls: u64) {
        let reply = match &call.ask {
            Ask::Produce { partition, messages, .. } => {
                let log = &mut self.logs[*partition as usize - 1];
                let first = log.len() as u64;
                log.extend(messages);
                let is_time = self.is_planted && self.calls >= calls - calls / 10;
                if is_time && self.hole.is_none() {
                    self.hole = Some((*partition as usize - 1, first));
                }
                Reply::Produced { first: Some(first) }
            }
            _ => Reply::Polled(self.poll(client)),
        };
        call.outcome = Outcome::Ok(reply);
        let at = self.tick();
        call.returned = Some(at);
        self.bench.observe(at, Event::Returned(&call));
    }

    fn poll(&mut self, client: usize) -> Polled {
        let mut polled = Polled::default();
        let mut left = RECORDS_MAX;
        let start = self.draw(PARTITIONS);
        for turn in 0..PARTITIONS {
            let place = ((start + turn) % PARTITIONS) as usize;
            let from = self.positions[client][place];
            let end = (self.logs[place].len() as u64).min(from + left);
            let shown = (from..end).filter(|offset| self.hole != Some((place, *offset)));
            let records: Vec<Record> = shown
                .map(|offset| Record { offset, message: self.logs[place][offset as usize] })
                .collect();
            left -= end - from;
            self.positions[client][place] = end;
            if !records.is_empty() {
                polled.batches.push(Batch { partition: place as u32 + 1, records });
            }
        }
        polled
    }
}

/// Judges one history by these laws and says what they made of it.
fn judge(laws: &[&str], clients: usize, calls: u64, is_planted: bool) -> String {
    let names: Vec<String> = laws.iter().map(|law| (*law).to_owned()).collect();
    let judges = checkers(&names).expect("known laws");
    let mut world = World::new(Bench::under(Contract::kafka(), judges), clients, is_planted);
    world.run(calls);
    let judgements = world.bench.finish();
    let violated = judgements.iter().filter(|judgement| judgement.verdict.word() == "violated");
    let violated: Vec<&str> = violated.map(|judgement| judgement.name.as_str()).collect();
    match violated[..] {
        [] => judgements[0].verdict.word().to_owned(),
        _ => format!("violated ({})", violated.join(", ")),
    }
}
