//! A system that is not ours, under the same plans and judges: a queue that keeps each partition on one
//! node, in one file. It has no witness, so the laws of clients judge alone.
//!
//! ```text
//! cargo run --release -p zeroloss-sim --example toy_queue          # its bug is found, and replays
//! cargo run --release -p zeroloss-sim --example toy_queue sound    # without it seeds 1..200 hold
//! ```
//! The bug is the classic one: a message is acknowledged and shown when it is written, and not when it
//! is flushed.

use checkers::{Ask, Bench, Outcome, Record, Reply, Verdict};
use sim::{Options, Simulated, subject::*};
use std::{collections::BTreeMap, io::Write, sync::Arc};

const PLAN: &str = r#"
why = "A queue on three nodes under crashes, pauses, power losses and cuts."
cluster = { layout = "1/1/1", voters = "1/0/0", partitions = 3, write_quorum = 1, election_quorum = 1 }
workload = { produce = "200/s", fetch = "40/s" }
phases = { trouble = "10s" }
expect = { checkers = ["zero_loss", "offset_agreement", "linearizable_log", "liveness"] }
menu = { rate = "60/min", faults = [
  { weight = 2, for = ["200ms", "2s"], do.power_loss.who = "any node" },
  { weight = 1, for = ["200ms", "2s"], do.crash.who = "any node" },
  { weight = 1, for = ["200ms", "2s"], do.pause.who = "any node" },
  { weight = 1, for = ["200ms", "2s"], do.isolate.who = "any node" },
] }
"#;
/// The one file of a node: records of three words, a partition, a message and a checksum over both.
const LOG: FileId = FileId(1);
const RECORD: usize = 24;
const PRODUCE: u64 = 0;
const FETCH: u64 = 1;

/// The system: whether it has its bug, and the node of each partition.
#[derive(Debug)]
struct Toy(bool, Vec<u32>);

impl Subject for Toy {
    fn open(&self, _: u32, host: &mut dyn Host) -> Result<Box<dyn Process>, Stop> {
        let mut server = Server { is_hasty: self.0, ..Server::default() };
        for bytes in host.read(LOG).concat().chunks_exact(RECORD) {
            let record = words(bytes);
            // What power took ends the log.
            if record[2] != content(&bytes[..16]) {
                break;
            }
            server.log.entry(record[0]).or_default().push(record[1]);
            server.length += RECORD as u64;
        }
        host.write(LOG, server.length, &[]);
        host.truncate(LOG, server.length);
        server.flush(host);
        Ok(Box::new(server))
    }

    fn caller(&self, _: u32, endpoint: Endpoint) -> Box<dyn Caller> {
        Box::new(Client { endpoint, homes: self.1.clone(), ..Client::default() })
    }
}

/// A node: messages of each partition, how many of them are durable, and who waits for a flush.
#[derive(Debug, Default)]
struct Server {
    is_hasty: bool,
    is_open: bool,
    length: u64,
    log: BTreeMap<u64, Vec<u64>>,
    durable: BTreeMap<u64, usize>,
    waiting: Vec<(Endpoint, Frame)>,
    flushing: Option<(usize, BTreeMap<u64, usize>)>,
}

impl Server {
    fn flush(&mut self, host: &mut dyn Host) {
        if self.flushing.is_none() {
            let ends = self.log.iter().map(|(partition, log)| (*partition, log.len()));
            self.flushing = Some((self.waiting.len(), ends.collect()));
            host.flush(0, &[LOG], true);
        }
    }

    fn serve(&mut self, host: &mut dyn Host, asked: &[u64]) {
        let [to, what, call, partition, rest @ ..] = asked else { return };
        let (to, log) = (*to as Endpoint, self.log.entry(*partition).or_default());
        if *what == FETCH {
            let durable = self.durable.get(partition).copied().unwrap_or(0);
            let end = if self.is_hasty { log.len() } else { durable };
            let shown = &log[end.min(rest[0] as usize)..end];
            let head = [*call, end as u64, (end - shown.len()) as u64];
            return host.send(to, frame(&[&head, shown].concat()));
        }
        let acknowledged = frame(&[*call, log.len() as u64]);
        for message in rest {
            let record = [*partition, *message].map(u64::to_le_bytes).concat();
            let checksum = content(&record).to_le_bytes();
            host.write(LOG, self.length, &[[&record[..], &checksum].concat().into()]);
            log.push(*message);
            self.length += RECORD as u64;
        }
        match self.is_hasty {
            true => host.send(to, acknowledged),
            false => self.waiting.push((to, acknowledged)),
        }
        self.flush(host);
    }
}

impl Process for Server {
    fn turn(&mut self, host: &mut dyn Host, inputs: &mut Vec<Input>) -> Result<(), Stop> {
        for input in inputs.drain(..) {
            match input {
                Input::Frame(asked) if self.is_open => self.serve(host, &words(&asked.head)),
                // Nothing is served before what was found is durable.
                Input::Frame(_) | Input::Timer => {}
                Input::Flushed { is_ok: false, .. } => return Err(Stop("the disk lies".into())),
                Input::Flushed { .. } => {
                    let (served, ends) = self.flushing.take().expect("one flush at a time");
                    (self.is_open, self.durable) = (true, ends);
                    self.waiting.drain(..served).for_each(|(to, frame)| host.send(to, frame));
                    if !self.waiting.is_empty() {
                        self.flush(host);
                    }
                }
            }
        }
        Ok(())
    }
}

/// A client: calls that are open, with their deadlines.
#[derive(Debug, Default)]
struct Client {
    endpoint: Endpoint,
    homes: Vec<u32>,
    open: BTreeMap<u64, (u64, Ask)>,
    frames: Vec<(Endpoint, Frame)>,
    answers: Vec<(u64, Answer)>,
}

impl Caller for Client {
    fn call(&mut self, now: u64, Call { id, ask, .. }: Call<'_>) {
        let (partition, what, rest) = match ask {
            Ask::Produce { partition, messages, .. } => (*partition, PRODUCE, messages.clone()),
            Ask::Fetch { partition, from, .. } => (*partition, FETCH, vec![*from]),
            Ask::Poll
            | Ask::Transact { .. }
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => unreachable!("no plan asks for {ask:?}"),
        };
        let head = [self.endpoint.into(), what, id, partition.into()];
        let home = self.homes[partition as usize - 1];
        self.frames.push((home, frame(&[&head[..], &rest].concat())));
        self.open.insert(id, (now + 2_000_000_000, ask.clone()));
    }

    fn receive(&mut self, _: u64, answer: Frame) {
        let answer = words(&answer.head);
        let reply = match self.open.remove(&answer[0]) {
            Some((_, Ask::Produce { .. })) => Reply::Produced { first: Some(answer[1]) },
            Some(_) => {
                let shown = (answer[2]..).zip(answer[3..].iter().copied());
                let record = |(offset, message)| Record { offset, message, content: None };
                Reply::Fetched { records: shown.map(record).collect(), end: answer[1] }
            }
            None => return,
        };
        self.answers.push((answer[0], Answer::Call(Outcome::Ok(reply))));
    }

    /// Whoever has no answer may have been served: nobody will ever know.
    fn tick(&mut self, now: u64) {
        let is_late = |id: &u64| self.open[id].0 <= now;
        let late: Vec<u64> = self.open.keys().copied().filter(is_late).collect();
        for id in late {
            self.open.remove(&id);
            self.answers.push((id, Answer::Call(Outcome::Unknown("no answer".into()))));
        }
    }

    fn deadline(&self) -> u64 {
        self.open.values().map(|(deadline, _)| *deadline).min().unwrap_or(u64::MAX)
    }

    fn create(&mut self, _: u64, id: u64, _: &[u32]) {
        self.answers.push((id, Answer::Created(true)));
    }

    fn take_frames(&mut self, into: &mut Vec<(Endpoint, Frame)>) {
        into.append(&mut self.frames);
    }

    fn take_answers(&mut self, into: &mut Vec<(u64, Answer)>) {
        into.append(&mut self.answers);
    }
}

fn frame(words: &[u64]) -> Frame {
    Frame { head: words.iter().flat_map(|word| word.to_le_bytes()).collect(), bodies: Vec::new() }
}

fn words(bytes: &[u8]) -> Vec<u64> {
    let word = |bytes: &[u8]| u64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    bytes.chunks_exact(8).map(word).collect()
}

fn run(seed: u64, is_hasty: bool) -> Simulated {
    let scenario = scenarios::parse("toy_queue", "toy_queue", PLAN).expect("it is sound");
    let plan = scenarios::draw(&scenario, seed);
    let homes = plan.placement.partitions.iter().map(|voters| voters[0]).collect();
    let toy: Arc<dyn Subject> = Arc::new(Toy(is_hasty, homes));
    let judges = checkers::checkers(&plan.checkers).expect("judges that exist");
    sim::run_subject(&toy, &plan, Bench::new(judges), &Options::default())
}

/// The laws that a run breaks, in words.
fn broken(ended: &Simulated) -> Vec<String> {
    assert_eq!(ended.run.ending, checkers::Ending::Finished);
    let told = |judged: &checkers::Judgement| match &judged.verdict {
        Verdict::Violated(evidence) => Some(format!("{}: {}", judged.name, evidence.summary)),
        Verdict::Unknown(why) => panic!("{} saw nothing: {why}", judged.name),
        Verdict::Holds(_) => None,
    };
    ended.run.judgements.iter().filter_map(told).collect()
}

fn main() -> std::io::Result<()> {
    let is_hasty = std::env::args().nth(1).is_none_or(|word| word != "sound");
    for seed in 1..=200 {
        let ended = run(seed, is_hasty);
        let laws = broken(&ended);
        if !laws.is_empty() {
            assert!(is_hasty, "seed {seed} breaks {laws:?}");
            assert_eq!(ended, run(seed, is_hasty), "it replays");
            let (laws, trace) = (laws.join("\n"), ended.run.trace_hash);
            return writeln!(std::io::stdout(), "seed {seed}, trace {trace}\n{laws}");
        }
    }
    assert!(!is_hasty, "200 seeds did not find the bug");
    writeln!(std::io::stdout(), "200 seeds hold")
}
