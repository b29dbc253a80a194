//! A small messaging system with sessions, groups and transactions that writes down its history,
//! and that can be made to give one wrong answer. It shares nothing with the judges but the
//! history.

mod members;
mod readers;
mod transactions;

use checkers::{
    Acks, Ask, Call, Contract, History, Offset, Outcome, Polled, ReadLevel, Reply, Stamp, Step,
};
use std::collections::BTreeMap;

const PARTITIONS: usize = 4;
/// Where transactions that read something send what they make of it.
const OUTPUT: usize = PARTITIONS - 1;
const BOUND_NS: u64 = 20_000_000;
const BATCH_MAX: usize = 8;
/// A group whose members poll and commit, and one whose members read and send in transactions.
const GROUPS: [u64; 2] = [1, 2];

/// One wrong answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    ReadYourWrites,
    MonotonicReads,
    MonotonicWrites,
    WritesFollowReads,
    CausalReverse,
    BoundedStaleness,
    ZombieCommit,
    DoubleAssignment,
    GenerationWentBack,
    CommittedRegression,
    CommitAhead,
    StaleCommittedRead,
    PhantomCommittedOffset,
    SkippedAfterRebalance,
    ExcessRewind,
    FracturedRead,
    LsoPassed,
    AbortedRead,
    DoubleProcessing,
}

/// What a client does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Produces and fetches, at all levels.
    Session,
    /// Polls everything, by itself.
    Consumer,
    /// Sends in transactions.
    Transactor,
    /// A member of a group, by its place in it.
    Member { group: usize, place: usize },
    /// Asks how far groups have come.
    Auditor,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    Committed,
    Aborted,
    /// Aborted, and nobody was told.
    Abandoned,
}

/// What stands at an offset: a message of a transaction or of none, or a marker.
#[derive(Clone, Copy, Debug)]
enum Slot {
    Message { id: u64, transaction: Option<usize> },
    Marker,
}

type Vector = [Offset; PARTITIONS];

#[derive(Clone, Debug, Default)]
struct Client {
    open: Option<usize>,
    /// Transactions: the number of the open one, and what its poll takes.
    transaction: Option<(usize, Polled)>,
    /// One past the highest offset: acknowledged, shown, shown or told, and known through others.
    written: Vector,
    shown: Vector,
    told: Vector,
    known: Vector,
    positions: Vector,
    is_assigned: bool,
    generation: u64,
    owned: Vec<usize>,
    committed: BTreeMap<usize, Offset>,
    has_resumed: Vector,
    /// One past the highest offsets that anyone had been shown when it asked.
    seen: Vector,
    /// The commit under way is the one that is wrong, and shall be acknowledged.
    must_succeed: bool,
    /// It was told that its transaction is committed, and its group was not.
    must_repeat: bool,
    group: Option<usize>,
    /// When it asked: the highest generation that anyone had been told of, and what had been
    /// acknowledged as committed.
    fence: u64,
    acknowledged: [Acknowledged; PARTITIONS],
    /// What had been acknowledged when it asked to join.
    floor: [Acknowledged; PARTITIONS],
}

/// The last two offsets that a member of the first group was told are committed.
#[derive(Clone, Copy, Debug, Default)]
struct Acknowledged {
    last: Option<Offset>,
    before: Option<Offset>,
}

#[derive(Clone, Debug, Default)]
struct Group {
    generation: u64,
    committed: BTreeMap<usize, Offset>,
    /// The highest that anyone was told.
    told: u64,
    acknowledged: [Acknowledged; PARTITIONS],
    /// Commits of which nobody was told what became.
    unknown: Vec<(usize, Offset)>,
}

struct World {
    dice: u64,
    now: Stamp,
    history: History,
    logs: Vec<Vec<Slot>>,
    /// By partition: when the last stable offset rose, and to what.
    stable: Vec<Vec<(u64, Offset)>>,
    transactions: Vec<Fate>,
    clients: Vec<(Part, Client)>,
    groups: [Group; 2],
    /// By message: what its sender knew.
    causes: BTreeMap<u64, Vector>,
    next_message: u64,
    /// By partition: one past the highest offset that anyone was shown.
    seen: Vector,
    plant: Option<Plant>,
    was_planted: bool,
}

pub(crate) fn contract() -> Contract {
    Contract { permits_gaps: true, permits_rebalance_skips: false, ..Contract::default() }
}

/// A history of so many calls; with a plant, one wrong answer in its second half.
pub(crate) fn history(seed: u64, calls: usize, plant: Option<Plant>) -> (History, bool) {
    let mut world = World::new(seed);
    while world.history.calls.len() < calls {
        if world.history.calls.len() >= calls / 2 && !world.was_planted {
            world.plant = plant;
        }
        world.step();
    }
    for number in 0..world.clients.len() {
        world.end_call(number);
    }
    let ordinal = |call: &Call| call.called.ordinal;
    assert!(world.history.calls.is_sorted_by_key(ordinal), "calls are noted as they are made");
    (world.history, world.was_planted)
}

impl World {
    fn new(seed: u64) -> World {
        let mut clients = Vec::new();
        let mut add = |part, count| {
            clients.extend(std::iter::repeat_n((part, Client::default()), count));
        };
        add(Part::Session, 6);
        add(Part::Consumer, 2);
        add(Part::Transactor, 2);
        for group in 0..2 {
            for place in 0..3 {
                add(Part::Member { group, place }, 1);
            }
        }
        add(Part::Auditor, 1);
        World {
            dice: seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
            now: Stamp::default(),
            history: History::default(),
            logs: vec![Vec::new(); PARTITIONS],
            stable: vec![Vec::new(); PARTITIONS],
            transactions: Vec::new(),
            clients,
            groups: [
                Group { generation: 1, ..Group::default() },
                Group { generation: 1, ..Group::default() },
            ],
            causes: BTreeMap::new(),
            next_message: 1,
            seen: Vector::default(),
            plant: None,
            was_planted: false,
        }
    }

    /// A number below `end`.
    fn draw(&mut self, end: u64) -> u64 {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 33) % end
    }

    fn tick(&mut self) -> Stamp {
        self.now.ordinal += 1;
        self.now.at_ns += 100_000 + self.draw(1_000_000);
        self.now
    }

    /// Whether this wrong answer shall be given now; it is given once.
    fn strikes(&mut self, plant: Plant) -> bool {
        let strikes = self.plant == Some(plant) && !self.was_planted;
        self.was_planted |= strikes;
        strikes
    }

    fn step(&mut self) {
        if self.draw(150) == 0 {
            let group = self.draw(2) as usize;
            self.groups[group].generation += 1;
        }
        let number = self.draw(self.clients.len() as u64) as usize;
        let (part, mut client) =
            std::mem::replace(&mut self.clients[number], (Part::Auditor, Client::default()));
        match client.open {
            None => {
                client.seen = self.seen;
                if let Part::Member { group, .. } = part {
                    client.fence = self.groups[group].told;
                }
                client.acknowledged = self.groups[0].acknowledged;
                let ask = self.ask(part, &mut client);
                let called = self.tick();
                client.open = Some(self.history.calls.len());
                self.history.calls.push(Call {
                    id: self.history.calls.len() as u64,
                    client: number as u32,
                    ask,
                    called,
                    numbered: None,
                    returned: None,
                    outcome: Outcome::Unknown("under way".to_owned()),
                });
            }
            Some(_) => {
                self.clients[number] = (part, client);
                return self.end_call(number);
            }
        }
        self.clients[number] = (part, client);
    }

    /// Answers the call that a client has under way, if it has one.
    fn end_call(&mut self, number: usize) {
        let nobody = (Part::Auditor, Client::default());
        let (part, mut client) = std::mem::replace(&mut self.clients[number], nobody);
        if let Some(call) = client.open.take() {
            let ask = self.history.calls[call].ask.clone();
            let called = self.history.calls[call].called;
            let outcome = self.answer(part, &mut client, &ask, called);
            let returned = self.tick();
            let call = &mut self.history.calls[call];
            (call.returned, call.outcome) = (Some(returned), outcome);
        }
        self.clients[number] = (part, client);
    }

    fn ask(&mut self, part: Part, client: &mut Client) -> Ask {
        let partition = self.draw(PARTITIONS as u64) as u32;
        match part {
            Part::Session if self.draw(2) == 0 => {
                let messages = (0..=self.draw(2)).map(|_| self.message(client)).collect();
                Ask::produce(partition, messages, Acks::Quorum)
            }
            Part::Session => {
                let from = self.draw(self.logs[partition as usize].len() as u64 + 1);
                let level = [
                    ReadLevel::Eventual,
                    ReadLevel::Bounded(BOUND_NS),
                    ReadLevel::Session,
                    ReadLevel::Linearizable,
                ][self.draw(4) as usize];
                Ask::Fetch { partition, from, level }
            }
            Part::Consumer if !client.is_assigned || self.draw(60) == 0 => {
                Ask::Assign { partitions: (0..PARTITIONS as u32).collect(), is_managed: false }
            }
            Part::Consumer => Ask::Poll,
            Part::Transactor => {
                let count = 2 + self.draw(2);
                let steps: Vec<Step> = (0..count)
                    .map(|_| {
                        let partition = self.draw(PARTITIONS as u64) as u32;
                        Step::Send { partition, message: self.message(client) }
                    })
                    .collect();
                client.transaction = Some((self.begin(&steps), Polled::default()));
                Ask::Transact { steps }
            }
            Part::Member { group, .. } => self.ask_as_member(group, client),
            Part::Auditor => Ask::FetchOffsets { group: GROUPS[0], partitions: vec![partition] },
        }
    }

    fn answer(&mut self, part: Part, client: &mut Client, ask: &Ask, called: Stamp) -> Outcome {
        match ask {
            Ask::Produce { partition, messages, .. } => {
                self.produce(client, *partition as usize, messages)
            }
            Ask::Fetch { partition, from, level } => {
                let reply = self.fetch(client, *partition as usize, *from, *level, called);
                Outcome::Ok(reply)
            }
            Ask::Assign { .. } => {
                (client.is_assigned, client.positions) = (true, Vector::default());
                Outcome::Ok(Reply::Assigned)
            }
            Ask::Poll => {
                if part == Part::Consumer {
                    client.owned = (0..PARTITIONS).collect();
                }
                let polled = self.take(client);
                self.show(client, &polled);
                Outcome::Ok(Reply::Polled(Box::new(polled)))
            }
            Ask::Transact { steps } => self.end(part, client, steps),
            Ask::Join { .. } => self.join(part, client),
            Ask::CommitOffsets { generation, offsets, .. } => {
                self.commit(client, *generation, offsets)
            }
            Ask::FetchOffsets { partitions, .. } => {
                let partition = partitions[0];
                let place = partition as usize;
                let mut offset = self.groups[0].committed.get(&place).copied();
                let Acknowledged { last, before } = client.acknowledged[place];
                let is_gone = before.is_some_and(|before| {
                    Some(before) != last && !self.groups[0].unknown.contains(&(place, before))
                });
                if is_gone && self.strikes(Plant::StaleCommittedRead) {
                    offset = before;
                } else if self.strikes(Plant::PhantomCommittedOffset) {
                    offset = Some(1 << 40);
                }
                Outcome::Ok(Reply::Offsets { offsets: vec![(partition, offset)] })
            }
        }
    }

    fn produce(&mut self, client: &mut Client, p: usize, messages: &[u64]) -> Outcome {
        let luck = self.draw(20);
        if luck == 0 {
            return Outcome::Refused("no leader".to_owned());
        }
        let first = self.logs[p].len() as u64;
        if luck != 1 {
            let slots = messages.iter().map(|id| Slot::Message { id: *id, transaction: None });
            self.logs[p].extend(slots);
            self.rise();
        }
        if luck <= 2 {
            return Outcome::Unknown("timeout".to_owned());
        }
        let (written, told) = (client.written[p], client.told[p]);
        let end = first + messages.len() as u64;
        (client.written[p], client.known[p]) = (end, client.known[p].max(end));
        if written > 0 && self.strikes(Plant::MonotonicWrites) {
            return Outcome::Ok(Reply::Produced { first: Some(written - 1) });
        }
        if told > written && self.strikes(Plant::WritesFollowReads) {
            return Outcome::Ok(Reply::Produced { first: Some(told - 1) });
        }
        Outcome::Ok(Reply::Produced { first: Some(first) })
    }

    fn message(&mut self, client: &Client) -> u64 {
        self.next_message += 1;
        self.causes.insert(self.next_message, client.known);
        self.next_message
    }

    /// One past the last offset that readers of committed data may see.
    fn lso(&self, p: usize) -> u64 {
        let is_open = |slot: &Slot| match slot {
            Slot::Message { transaction: Some(t), .. } => self.transactions[*t] == Fate::Open,
            Slot::Message { transaction: None, .. } | Slot::Marker => false,
        };
        self.logs[p].iter().position(is_open).unwrap_or(self.logs[p].len()) as u64
    }

    /// Notes where the last stable offsets are now.
    fn rise(&mut self) {
        for p in 0..PARTITIONS {
            let lso = self.lso(p);
            self.stable[p].push((self.now.at_ns, lso));
        }
    }
}
