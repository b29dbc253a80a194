//! A small messaging system with sessions, groups and transactions that writes down its history, and
//! that can be made to give one wrong answer. It shares nothing with the judges but the history.

use checkers::{
    Acks, Ask, Batch, Call, Contract, History, Offset, Outcome, Polled, ReadLevel, Record, Reply,
    Stamp, Step, StepReply,
};
use std::collections::BTreeMap;

pub const PARTITIONS: usize = 4;
/// Where transactions that read something send what they make of it.
const OUTPUT: usize = PARTITIONS - 1;
const BOUND_NS: u64 = 20_000_000;
const BATCH_MAX: usize = 8;
/// A group whose members poll and commit, and one whose members read and send in transactions.
const GROUPS: [u64; 2] = [1, 2];

/// One wrong answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
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

pub struct World {
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
    pub was_planted: bool,
}

pub fn contract() -> Contract {
    Contract { permits_gaps: true, permits_rebalance_skips: false, ..Contract::default() }
}

/// A history of so many calls; with a plant, one wrong answer in its second half.
pub fn history(seed: u64, calls: usize, plant: Option<Plant>) -> (History, bool) {
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

    fn message(&mut self, client: &Client) -> u64 {
        self.next_message += 1;
        self.causes.insert(self.next_message, client.known);
        self.next_message
    }

    fn ask(&mut self, part: Part, client: &mut Client) -> Ask {
        let partition = self.draw(PARTITIONS as u64) as u32;
        match part {
            Part::Session if self.draw(2) == 0 => {
                let messages = (0..=self.draw(2)).map(|_| self.message(client)).collect();
                Ask::Produce { partition, messages, acks: Acks::Quorum, producer: None }
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

    fn ask_as_member(&mut self, group: usize, client: &mut Client) -> Ask {
        let is_fenced = client.generation != self.groups[group].generation;
        // One that does not know it yet may go on as before.
        if client.generation == 0 || (is_fenced && self.draw(3) > 0) {
            return Ask::Join { group: GROUPS[group] };
        }
        if group == 1 {
            let polled = self.take(client);
            let steps = vec![
                Step::Poll,
                Step::Send { partition: OUTPUT as u32, message: self.message(client) },
            ];
            client.transaction = Some((self.begin(&steps), polled));
            return Ask::Transact { steps };
        }
        let offsets: Vec<(u32, Offset)> = client
            .owned
            .iter()
            .filter(|p| {
                client.has_resumed[**p] > 0
                    && client.committed.get(p) != Some(&client.positions[**p])
            })
            .map(|p| (*p as u32, client.positions[*p]))
            .collect();
        if offsets.is_empty() || self.draw(2) == 0 {
            return Ask::Poll;
        }
        let mut offsets = offsets;
        if client.generation == self.groups[0].generation {
            let (p, offset) = &mut offsets[0];
            let place = *p as usize;
            let committed = client.acknowledged[place].last.unwrap_or(0);
            let is_plain = |slot: &Slot| matches!(slot, Slot::Message { transaction: None, .. });
            let is_known = self.logs[place].get(*offset as usize).is_some_and(is_plain)
                && *offset < self.seen[place];
            if committed > 0 && self.strikes(Plant::CommittedRegression) {
                (*offset, client.must_succeed) = (committed - 1, true);
            } else if is_known && self.strikes(Plant::CommitAhead) {
                (*offset, client.must_succeed) = (*offset + 1, true);
                client.positions[place] = *offset;
            }
        }
        for (p, offset) in &offsets {
            client.committed.insert(*p as usize, *offset);
        }
        Ask::CommitOffsets { group: GROUPS[0], generation: client.generation, offsets }
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
                Outcome::Ok(Reply::Polled(polled))
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

    fn fetch(
        &mut self,
        client: &mut Client,
        p: usize,
        from: u64,
        level: ReadLevel,
        called: Stamp,
    ) -> Reply {
        let lso = self.lso(p);
        let (written, told, known) = (client.written[p], client.told[p], client.known[p]);
        let direct = written.max(told);
        let between = |world: &mut World, low: u64| low + world.draw(lso.saturating_sub(low) + 1);
        let bounded = |world: &World, age: u64| {
            let since = called.at_ns.saturating_sub(age);
            let rises = &world.stable[p];
            let past = rises.partition_point(|(at, _)| *at <= since);
            past.checked_sub(1).map_or(0, |past| rises[past].1)
        };
        let mut end = match level {
            ReadLevel::Eventual => between(self, 0),
            ReadLevel::Bounded(bound) => {
                let low = bounded(self, bound);
                between(self, low)
            }
            ReadLevel::Session => between(self, direct.min(lso)),
            ReadLevel::Linearizable => lso,
        };
        match level {
            ReadLevel::Session if told > written && self.strikes(Plant::MonotonicReads) => {
                end = told - 1;
            }
            // Nobody can say that an open transaction hid what someone else was shown before.
            ReadLevel::Session
                if written > told
                    && written <= client.seen[p]
                    && self.strikes(Plant::ReadYourWrites) =>
            {
                end = written - 1;
            }
            ReadLevel::Linearizable
                if known > direct
                    && known <= client.seen[p]
                    && self.strikes(Plant::CausalReverse) =>
            {
                end = known - 1;
            }
            ReadLevel::Bounded(_)
                if bounded(self, 20 * BOUND_NS) > 0 && self.strikes(Plant::BoundedStaleness) =>
            {
                end = 0;
            }
            ReadLevel::Eventual
            | ReadLevel::Bounded(_)
            | ReadLevel::Session
            | ReadLevel::Linearizable => {}
        }
        let records = self.visible(p, from, end);
        let polled = Polled {
            batches: vec![Batch { partition: p as u32, records: records.clone() }],
            rebalanced: Vec::new(),
        };
        self.show(client, &polled);
        client.told[p] = client.told[p].max(end);
        Reply::Fetched { records, end }
    }

    /// One past the last offset that readers of committed data may see.
    fn lso(&self, p: usize) -> u64 {
        let is_open = |slot: &Slot| matches!(slot, Slot::Message { transaction: Some(t), .. } if self.transactions[*t] == Fate::Open);
        self.logs[p].iter().position(is_open).unwrap_or(self.logs[p].len()) as u64
    }

    /// Notes where the last stable offsets are now.
    fn rise(&mut self) {
        for p in 0..PARTITIONS {
            let lso = self.lso(p);
            self.stable[p].push((self.now.at_ns, lso));
        }
    }

    fn visible(&self, p: usize, from: u64, end: u64) -> Vec<Record> {
        let slots = (0u64..).zip(&self.logs[p]).take(end as usize).skip(from as usize);
        let seen = slots.filter_map(|(offset, slot)| match slot {
            Slot::Message { id, transaction: None } => Some(Record { offset, message: *id }),
            Slot::Message { id, transaction: Some(t) } => (self.transactions[*t]
                == Fate::Committed)
                .then_some(Record { offset, message: *id }),
            Slot::Marker => None,
        });
        seen.take(BATCH_MAX).collect()
    }

    /// What comes next of the partitions that the client owns; its positions move on.
    fn take(&mut self, client: &mut Client) -> Polled {
        let mut polled = Polled::default();
        for p in client.owned.clone() {
            let (mut from, mut end) = (client.positions[p], self.lso(p));
            let mut extra = None;
            let is_member = client.generation > 0;
            // While a commit is under way, nobody can say from where the group goes on.
            let has_floor = client.floor[p].last.is_some() && !self.is_being_committed(p);
            if client.group == Some(0) && client.has_resumed[p] == 0 && has_floor {
                let next = self.visible(p, from, end);
                let unknown = self.groups[0].unknown.iter().filter(|(place, _)| *place == p);
                let unknown: Vec<u64> = unknown.map(|(_, offset)| *offset).collect();
                let first = self.visible(p, 0, from).first().map_or(from, |first| first.offset);
                if next.len() > 2
                    && next[0].offset < self.seen[p]
                    && unknown.iter().all(|offset| *offset <= from)
                    && self.strikes(Plant::SkippedAfterRebalance)
                {
                    from = next[0].offset + 1;
                } else if first < from
                    && unknown.iter().all(|offset| *offset > first)
                    && self.strikes(Plant::ExcessRewind)
                {
                    from = 0;
                }
            }
            let slots = &self.logs[p][from as usize..];
            let of = |fate: Fate| {
                (from..).zip(slots).find_map(|(offset, slot)| match slot {
                    Slot::Message { id, transaction: Some(t) } if self.transactions[*t] == fate => {
                        Some(Record { offset, message: *id })
                    }
                    Slot::Message { .. } | Slot::Marker => None,
                })
            };
            let last = self.visible(p, from, end).last().map_or(0, |last| last.offset);
            let aborted = of(Fate::Aborted).filter(|record| record.offset < last);
            let is_last =
                self.logs[p].iter().filter(|slot| matches!(slot, Slot::Message { .. })).count() > 0;
            let passed = is_last
                && !is_member
                && from == end
                && matches!(
                    self.logs[p].get(end as usize + 1),
                    Some(Slot::Message { transaction: None, .. })
                );
            if let Some(record) = aborted
                && !is_member
                && self.strikes(Plant::AbortedRead)
            {
                extra = Some(record);
            }
            let mut records = self.visible(p, from, end);
            if passed && self.will_commit(p, end) && self.strikes(Plant::LsoPassed) {
                let Slot::Message { id, .. } = self.logs[p][end as usize + 1] else { continue };
                end += 2;
                records = vec![Record { offset: end - 1, message: id }];
            }
            if let Some(record) = extra {
                records.push(record);
                records.sort_by_key(|record| record.offset);
            }
            let torn =
                records.iter().rev().skip(1).position(|record| self.is_part(p, record.offset));
            if let Some(torn) = torn
                && !is_member
                && self.strikes(Plant::FracturedRead)
            {
                records.remove(records.len() - 2 - torn);
            }
            let Some(last) = records.last() else { continue };
            client.positions[p] = last.offset + 1;
            client.has_resumed[p] = 1;
            polled.batches.push(Batch { partition: p as u32, records });
        }
        polled
    }

    fn is_being_committed(&self, p: usize) -> bool {
        let open = self.clients.iter().filter_map(|(_, client)| client.open);
        open.into_iter().any(|call| match &self.history.calls[call].ask {
            Ask::CommitOffsets { offsets, .. } => {
                offsets.iter().any(|(place, _)| *place as usize == p)
            }
            Ask::Produce { .. }
            | Ask::Fetch { .. }
            | Ask::Poll
            | Ask::Transact { .. }
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::FetchOffsets { .. } => false,
        })
    }

    /// Whether this message belongs to a committed transaction of several messages.
    fn is_part(&self, p: usize, offset: u64) -> bool {
        let Slot::Message { transaction: Some(transaction), .. } = self.logs[p][offset as usize]
        else {
            return false;
        };
        let of = |slot: &&Slot| matches!(slot, Slot::Message { transaction: Some(t), .. } if *t == transaction);
        self.logs.iter().flatten().filter(of).count() > 1
    }

    /// Makes sure that the open transaction at this offset will be committed, if there is one.
    fn will_commit(&mut self, p: usize, offset: u64) -> bool {
        let Slot::Message { transaction: Some(number), .. } = self.logs[p][offset as usize] else {
            return false;
        };
        let is_it = |client: &&mut (Part, Client)| {
            client.1.transaction.as_ref().is_some_and(|(n, _)| *n == number)
        };
        let owner = self.clients.iter_mut().find(is_it);
        owner.is_some_and(|(part, client)| {
            client.is_assigned = *part == Part::Transactor;
            client.is_assigned
        })
    }

    fn show(&mut self, client: &mut Client, polled: &Polled) {
        for batch in &polled.batches {
            let p = batch.partition as usize;
            for record in &batch.records {
                let end = record.offset + 1;
                client.shown[p] = client.shown[p].max(end);
                self.seen[p] = self.seen[p].max(end);
                client.told[p] = client.told[p].max(end);
                client.known[p] = client.known[p].max(end);
                for (known, cause) in client.known.iter_mut().zip(&self.causes[&record.message]) {
                    *known = (*known).max(*cause);
                }
            }
        }
    }

    fn begin(&mut self, steps: &[Step]) -> usize {
        let number = self.transactions.len();
        self.transactions.push(Fate::Open);
        for step in steps {
            if let Step::Send { partition, message } = step {
                let transaction = Some(number);
                self.logs[*partition as usize].push(Slot::Message { id: *message, transaction });
            }
        }
        number
    }

    fn end(&mut self, part: Part, client: &mut Client, steps: &[Step]) -> Outcome {
        let (number, polled) = client.transaction.take().expect("a transaction is open");
        let must_commit = part == Part::Transactor && std::mem::take(&mut client.is_assigned);
        let group = match part {
            Part::Member { .. } => Some(1),
            Part::Session | Part::Consumer | Part::Transactor | Part::Auditor => None,
        };
        let is_fenced =
            group.is_some_and(|group: usize| self.groups[group].generation != client.generation);
        let luck = if must_commit { 9 } else { self.draw(10) };
        let is_committed = !is_fenced && luck > 1;
        let is_told = luck != 0 && luck != 2;
        self.transactions[number] = match (is_committed, is_told) {
            (true, _) => Fate::Committed,
            (false, true) => Fate::Aborted,
            (false, false) => Fate::Abandoned,
        };
        let mut results = Vec::new();
        for step in steps {
            results.push(match step {
                Step::Send { partition, message } => {
                    let p = *partition as usize;
                    let place = self.logs[p]
                        .iter()
                        .position(|slot| matches!(slot, Slot::Message { id, .. } if id == message));
                    let offset = place.map(|place| place as u64);
                    if is_committed && is_told {
                        let end = offset.map_or(0, |offset| offset + 1);
                        client.written[p] = client.written[p].max(end);
                        client.known[p] = client.known[p].max(end);
                    }
                    self.logs[p].push(Slot::Marker);
                    StepReply::Sent { offset }
                }
                Step::Poll => StepReply::Polled(polled.clone()),
            });
        }
        self.rise();
        if is_committed && is_told {
            self.show(client, &polled);
        }
        let mut goes_back = false;
        for batch in &polled.batches {
            let p = batch.partition as usize;
            let last = batch.records.last().expect("no batch is empty").offset;
            if is_committed && is_told && client.must_repeat {
                (client.must_repeat, self.was_planted) = (false, true);
            }
            let is_struck = self.plant == Some(Plant::DoubleProcessing) && !self.was_planted;
            if is_committed && is_told && is_struck {
                goes_back = true;
            } else if is_committed {
                self.groups[1].committed.insert(p, last + 1);
            }
        }
        client.must_repeat = goes_back;
        if group.is_some() {
            // It goes on from what its group has committed, whatever became of this.
            for p in client.owned.clone() {
                client.positions[p] = self.groups[1].committed.get(&p).copied().unwrap_or(0);
            }
            if !is_told {
                (client.generation, client.owned) = (0, Vec::new());
            }
        }
        match (is_told, is_committed) {
            (false, _) => Outcome::Unknown("timeout".to_owned()),
            (true, true) => Outcome::Ok(Reply::Transacted { results }),
            (true, false) => Outcome::Refused("aborted".to_owned()),
        }
    }

    fn join(&mut self, part: Part, client: &mut Client) -> Outcome {
        let Part::Member { group, place } = part else { unreachable!("only members join") };
        let Group { generation, .. } = self.groups[group];
        let inputs = 0..PARTITIONS - group;
        let owns = |p: &usize| (p + generation as usize) % 3 == place;
        client.owned = inputs.filter(owns).collect();
        (client.generation, client.group) = (generation, Some(group));
        client.floor = client.acknowledged;
        client.has_resumed = Vector::default();
        client.committed.clear();
        for p in 0..PARTITIONS {
            client.positions[p] = self.groups[group].committed.get(&p).copied().unwrap_or(0);
        }
        let mut told = (generation, client.owned.clone());
        let others = self.clients.iter().filter(|(other, other_client)| {
            matches!(other, Part::Member { group: g, .. } if *g == group)
                && other_client.generation == generation
                && !other_client.owned.is_empty()
        });
        let taken = others.map(|(_, client)| client.owned[0]).next();
        if let Some(taken) = taken
            && self.strikes(Plant::DoubleAssignment)
        {
            told.1.push(taken);
        }
        if client.fence == generation && self.strikes(Plant::GenerationWentBack) {
            told = (generation - 1, Vec::new());
        }
        self.groups[group].told = self.groups[group].told.max(told.0);
        let partitions = told.1.iter().map(|p| *p as u32).collect();
        Outcome::Ok(Reply::Joined { generation: told.0, partitions })
    }

    fn commit(
        &mut self,
        client: &mut Client,
        generation: u64,
        offsets: &[(u32, Offset)],
    ) -> Outcome {
        let is_fenced = generation != self.groups[0].generation;
        let is_zombie = client.fence > generation && self.strikes(Plant::ZombieCommit);
        if is_fenced && !is_zombie {
            // A wrong answer that was not given.
            self.was_planted &= !std::mem::take(&mut client.must_succeed);
            return Outcome::Refused("illegal generation".to_owned());
        }
        let is_certain = is_zombie || std::mem::take(&mut client.must_succeed);
        let luck = if is_certain { 9 } else { self.draw(10) };
        if luck != 0 {
            for (p, offset) in offsets {
                let p = *p as usize;
                self.groups[0].committed.insert(p, *offset);
            }
        }
        for (p, offset) in offsets {
            let p = *p as usize;
            if luck <= 1 {
                self.groups[0].unknown.push((p, *offset));
            } else {
                let before = self.groups[0].acknowledged[p].last;
                self.groups[0].acknowledged[p] = Acknowledged { last: Some(*offset), before };
            }
        }
        if luck <= 1 {
            client.committed.clear();
            return Outcome::Unknown("timeout".to_owned());
        }
        Outcome::Ok(Reply::OffsetsCommitted)
    }
}
