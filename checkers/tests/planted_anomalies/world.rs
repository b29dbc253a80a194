//! A true log, and clients that send to it and poll it: histories as an honest Kafka would write
//! them, with batches, transactions, assignments, calls that fail and calls that no one can say of.

use checkers::{
    Acks, Ask, Batch, Call, Contract, History, MessageId, Offset, Outcome, Partition, Polled,
    Record, Reply, Stamp, Step, StepReply,
};

/// How large a history is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) calls: usize,
    pub(super) clients: u32,
    pub(super) partitions: Partition,
}

/// A source of numbers.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`.
    pub(super) fn draw(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 33) as usize % end.max(1)
    }
}

/// Where one client is between its call and its return.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Called(usize),
    Done(usize),
}

struct World {
    size: Size,
    contract: Contract,
    /// Whether transactions that no one hears of may have come to nothing. They hold readers back for
    /// all that anyone knows, and then much can be neither claimed nor denied.
    has_hung: bool,
    dice: Dice,
    ordinal: u64,
    next: MessageId,
    /// By partition; none where a marker of a transaction stands.
    logs: Vec<Vec<Option<MessageId>>>,
    positions: Vec<Vec<usize>>,
    phases: Vec<Phase>,
    history: History,
}

/// An honest history. In the end every client polls until there is nothing more.
pub(super) fn history(size: Size, contract: Contract, seed: u64) -> History {
    let logs = vec![Vec::new(); size.partitions as usize + 1];
    let positions = vec![vec![0; size.partitions as usize + 1]; size.clients as usize];
    let phases = vec![Phase::Idle; size.clients as usize];
    let (dice, history) = (Dice::new(seed), History::default());
    let (has_hung, ordinal, next) = (seed.is_multiple_of(3), 0, 1);
    let mut world =
        World { size, contract, has_hung, dice, ordinal, next, logs, positions, phases, history };
    for client in 0..size.clients {
        world.whole_call(client, world.assign());
    }
    while world.history.calls.len() < size.calls {
        let client = world.dice.draw(size.clients as usize);
        world.advance(client);
    }
    for client in 0..size.clients as usize {
        while world.phases[client] != Phase::Idle {
            world.advance(client);
        }
    }
    for partition in 1..=size.partitions {
        let ask = world.produce(partition, 1);
        world.whole_call(partition % size.clients, ask);
    }
    for client in 0..size.clients {
        while world.whole_call(client, Ask::Poll) {}
    }
    world.history
}

impl World {
    fn stamp(&mut self) -> Stamp {
        // Room between any two, for those who plant something there.
        self.ordinal += 10;
        Stamp { ordinal: self.ordinal, at_ns: self.ordinal * 1_000 }
    }

    fn assign(&self) -> Ask {
        Ask::Assign { partitions: (1..=self.size.partitions).collect(), is_managed: false }
    }

    fn message(&mut self) -> MessageId {
        self.next += 1;
        self.next - 1
    }

    fn produce(&mut self, partition: Partition, count: usize) -> Ask {
        let messages = (0..count).map(|_| self.message()).collect();
        Ask::produce(partition, messages, Acks::Quorum)
    }

    fn ask(&mut self) -> Ask {
        let partition =
            |world: &mut World| world.dice.draw(world.size.partitions as usize) as u32 + 1;
        match self.dice.draw(100) {
            0 => self.assign(),
            1..48 => Ask::Poll,
            48..90 => {
                let (partition, count) = (partition(self), 1 + self.dice.draw(4) / 2);
                self.produce(partition, count)
            }
            _ => {
                let mut steps = Vec::new();
                for _ in 0..2 + self.dice.draw(3) {
                    let send = Step::Send { partition: partition(self), message: self.message() };
                    steps.push(if self.dice.draw(4) == 0 { Step::Poll } else { send });
                }
                Ask::Transact { steps }
            }
        }
    }

    /// One client does its next thing: asks, has it done, or hears of it.
    fn advance(&mut self, client: usize) {
        match self.phases[client] {
            Phase::Idle => {
                let ask = self.ask();
                self.phases[client] = Phase::Called(self.call(client as u32, ask));
            }
            Phase::Called(call) => {
                self.take_effect(call, true);
                self.phases[client] = Phase::Done(call);
            }
            Phase::Done(call) => {
                // Of those that no one can say of, some never come back at all.
                let is_unknown = matches!(self.history.calls[call].outcome, Outcome::Unknown(_));
                if !(is_unknown && self.dice.draw(2) == 0) {
                    let returned = self.stamp();
                    self.history.calls[call].returned = Some(returned);
                }
                self.phases[client] = Phase::Idle;
            }
        }
    }

    /// A call that nothing comes between. Whether it brought anything.
    fn whole_call(&mut self, client: u32, ask: Ask) -> bool {
        let call = self.call(client, ask);
        self.take_effect(call, false);
        let returned = self.stamp();
        let call = &mut self.history.calls[call];
        call.returned = Some(returned);
        match &call.outcome {
            Outcome::Ok(Reply::Polled(polled)) => !polled.batches.is_empty(),
            Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_) => true,
        }
    }

    fn call(&mut self, client: u32, ask: Ask) -> usize {
        let (called, id) = (self.stamp(), self.history.calls.len() as u64);
        let outcome = Outcome::Unknown("no answer".to_owned());
        let (numbered, returned) = (None, None);
        let call = Call { id, client, ask, called, numbered, returned, outcome };
        self.history.calls.push(call);
        id as usize
    }

    fn take_effect(&mut self, call: usize, may_fail: bool) {
        let (client, ask) = {
            let call = &self.history.calls[call];
            (call.client as usize, call.ask.clone())
        };
        let fate = if may_fail { self.dice.draw(100) } else { 99 };
        if fate < 4 {
            self.history.calls[call].outcome = Outcome::Refused("overloaded".to_owned());
            return;
        }
        let is_unheard = fate < 10;
        // Of those that no one hears of, a third never happens.
        let may_come_to_nothing = self.has_hung || !matches!(ask, Ask::Transact { .. });
        if is_unheard && may_come_to_nothing && self.dice.draw(3) == 0 {
            return;
        }
        let reply = self.reply(client, &ask);
        if !is_unheard {
            self.history.calls[call].outcome = Outcome::Ok(reply);
        }
    }

    fn reply(&mut self, client: usize, ask: &Ask) -> Reply {
        match ask {
            Ask::Produce { partition, messages, .. } => {
                let log = &mut self.logs[*partition as usize];
                let first = Some(log.len() as Offset);
                log.extend(messages.iter().copied().map(Some));
                Reply::Produced { first }
            }
            Ask::Poll => Reply::Polled(Box::new(self.poll(client))),
            Ask::Transact { steps } => {
                // Its polls come first, so that it cannot see its own messages.
                let polls: Vec<Option<Polled>> = steps
                    .iter()
                    .map(|step| matches!(step, Step::Poll).then(|| self.poll(client)))
                    .collect();
                let results = steps.iter().zip(polls).map(|(step, polled)| match (step, polled) {
                    (Step::Send { partition, message }, _) => {
                        let log = &mut self.logs[*partition as usize];
                        log.push(Some(*message));
                        StepReply::Sent { offset: Some(log.len() as Offset - 1) }
                    }
                    (Step::Poll, polled) => StepReply::Polled(polled.unwrap_or_default()),
                });
                let results = results.collect();
                if self.contract.permits_gaps {
                    self.mark(steps);
                }
                Reply::Transacted { results }
            }
            Ask::Assign { .. } => {
                if !self.contract.keeps_positions {
                    self.positions[client].fill(0);
                }
                Reply::Assigned
            }
            Ask::Fetch { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => unreachable!("nobody asks for it here"),
        }
    }

    /// The markers of a transaction take an offset in each partition that it wrote to.
    fn mark(&mut self, steps: &[Step]) {
        for (partition, log) in (0..).zip(&mut self.logs) {
            let is_here =
                |step: &Step| matches!(step, Step::Send { partition: to, .. } if *to == partition);
            if steps.iter().any(is_here) {
                log.push(None);
            }
        }
    }

    fn poll(&mut self, client: usize) -> Polled {
        let mut polled = Polled::default();
        for (partition, log) in (0..).zip(&self.logs).skip(1) {
            let position = &mut self.positions[client][partition as usize];
            let end = log.len().min(*position + 4 + self.dice.draw(12));
            let records: Vec<Record> = (*position..end)
                .filter_map(|place| Some(Record::new(place as Offset, log[place]?)))
                .collect();
            *position = end;
            if !records.is_empty() {
                polled.batches.push(Batch { partition, records });
            }
        }
        polled
    }
}
