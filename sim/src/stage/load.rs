//! Clients at work: they call at a steady rate, whether or not earlier calls returned, and what comes
//! back is translated into `Ok`, `Refused` or `Unknown`. The last client is the harness's own: it
//! creates the partitions, knocks after heal, and drains.

use super::{books::Books, late::Late};
use crate::subject::{Answer, Caller, Endpoint, Frame, Subject, content, payload};
use checkers::{Acks, Ask, Content, Outcome, ReadLevel, Reply, Sequence};
use scenarios::{Plan, Stream, number_at};
use std::collections::BTreeMap;

/// The number of the call that creates the partitions: it is no part of the history.
const CREATE: u64 = u64::MAX;
/// Late partitions are created by the calls with the numbers below.
const CREATE_LATE: u64 = CREATE - 2;
/// The mark for a partition that was created while there was trouble.
const CREATED_LATE: &str = "created_late";
/// The number of the call that asks the metadata group to make progress: it creates nothing.
const KNOCK: u64 = u64::MAX - 1;
/// Bytes that a client's fetch asks for, and the drain's.
pub(crate) const FETCH_BYTES: u32 = 64 << 10;
pub(crate) const DRAIN_BYTES: u32 = 1 << 20;

/// A client at work.
#[derive(Debug)]
struct Client {
    caller: Box<dyn Caller>,
    dice: Stream,
    /// Where the load leaves its even spread: skew and rereads, apart, so that neither moves a call.
    bias: Stream,
    messages: u64,
    cursors: BTreeMap<u32, u64>,
    timer_at: u64,
}

/// Every client.
#[derive(Debug)]
pub(crate) struct Load {
    clients: Vec<Client>,
    n_nodes: usize,
    partitions: Vec<u32>,
    n_early: u32,
    pub(crate) late: Late,
    produce_ns: Option<u64>,
    fetch_ns: Option<u64>,
    acks: [u32; 4],
    reads: [u32; 2],
    messages_per_call: u32,
    message_bytes: u32,
    skew_ppm: u32,
    reread_ppm: u32,
    /// Kept only so that a turn of a client allocates nothing.
    pub(crate) frames: Vec<(Endpoint, Frame)>,
    numbers: Vec<(u64, Sequence)>,
    answers: Vec<(u64, Answer)>,
    /// Whether clients still call.
    pub(crate) is_on: bool,
    pub(crate) is_created: bool,
    create_failed: bool,
    pub(crate) knock: Knock,
}

/// What became of the knock at the metadata group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Knock {
    /// Nobody knocked yet, or the last knock failed.
    Failed,
    /// It waits for its answer.
    Waiting,
    /// A write quorum answered.
    Opened,
}

impl Load {
    pub(crate) fn new(plan: &Plan, subject: &dyn Subject) -> Load {
        let n_nodes = plan.nodes.len();
        let n_clients = plan.workload.clients.len();
        let clients = (0..=n_clients)
            .map(|place| Client {
                caller: subject.caller(number_at(place), number_at(n_nodes + place)),
                dice: Stream::derive(plan.seed, &format!("client/{}", number_at(place))),
                bias: Stream::derive(plan.seed, &format!("client/{}/bias", number_at(place))),
                messages: 0,
                cursors: BTreeMap::new(),
                timer_at: u64::MAX,
            })
            .collect();
        let every = |per_ks: u64| {
            let calls = n_clients as u64 * 1_000_000_000_000;
            (per_ks > 0 && n_clients > 0).then(|| calls / per_ks)
        };
        Load {
            clients,
            n_nodes,
            partitions: (1..=plan.placement.partitions.len() as u32).collect(),
            n_early: plan.placement.n_early() as u32,
            late: Late::new(plan),
            produce_ns: every(plan.workload.produce_per_ks),
            fetch_ns: every(plan.workload.fetch_per_ks),
            acks: plan.workload.acks,
            reads: plan.workload.reads,
            messages_per_call: plan.workload.messages_per_call,
            message_bytes: plan.workload.message_bytes,
            skew_ppm: plan.workload.skew_ppm,
            reread_ppm: plan.workload.reread_ppm,
            frames: Vec::new(),
            numbers: Vec::new(),
            answers: Vec::new(),
            is_on: false,
            is_created: false,
            create_failed: false,
            knock: Knock::Failed,
        }
    }

    /// The region of each client; the harness's own stands in the first.
    pub(crate) fn regions(&self, plan: &Plan) -> Vec<u32> {
        plan.workload.clients.iter().copied().chain([0]).collect()
    }

    pub(crate) fn client(&mut self, place: usize) -> &mut dyn Caller {
        self.clients[place].caller.as_mut()
    }

    /// The harness's own client.
    pub(crate) fn own(&self) -> usize {
        self.clients.len() - 1
    }

    pub(crate) fn endpoint(&self, place: usize) -> Endpoint {
        number_at(self.n_nodes + place)
    }

    /// A client's number in histories, from 1.
    pub(crate) fn number(&self, place: usize) -> u32 {
        number_at(place)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.is_created && self.clients.iter().all(|client| client.caller.is_ready())
    }

    /// Whether the partitions still have to be asked for.
    pub(crate) fn must_create(&mut self) -> bool {
        std::mem::take(&mut self.create_failed)
    }

    /// When each client first calls: spread over one interval.
    pub(crate) fn first_arrivals(&mut self, now_ns: u64) -> Vec<(u64, usize, bool)> {
        self.is_on = true;
        let mut arrivals = Vec::new();
        let n_clients = self.own();
        for place in 0..n_clients {
            for (interval, is_fetch) in [(self.produce_ns, false), (self.fetch_ns, true)] {
                if let Some(interval) = interval {
                    let at = now_ns + self.clients[place].dice.below(interval);
                    arrivals.push((at, place, is_fetch));
                }
            }
        }
        arrivals
    }

    /// A client's next call and when the one after it comes; none once the load is off.
    pub(crate) fn arrive(&mut self, place: usize, is_fetch: bool, now: u64) -> Option<(Ask, u64)> {
        if !self.is_on {
            return None;
        }
        let interval = if is_fetch { self.fetch_ns } else { self.produce_ns }?;
        let client = &mut self.clients[place];
        let next = now + interval / 2 + client.dice.below(interval.max(1));
        let mut partition = *client.dice.choose(&self.partitions);
        if client.bias.hits(self.skew_ppm) {
            partition = 1;
        }
        if self.late.has(partition) && !client.caller.knows(partition) {
            // Not created, or not heard of: nobody asks for it yet.
            partition = 1 + (partition - 1) % self.n_early;
        }
        if is_fetch {
            let level = match client.dice.weighted(&self.reads) {
                0 => ReadLevel::Eventual,
                _ => ReadLevel::Linearizable,
            };
            let mut from = client.cursors.get(&partition).copied().unwrap_or(0);
            if client.bias.hits(self.reread_ppm) {
                from = client.bias.below(from + 1);
            }
            return Some((Ask::Fetch { partition, from, level }, next));
        }
        let acks = Acks::ALL[client.dice.weighted(&self.acks)];
        Some((self.produce(place, partition, acks), next))
    }

    /// A produce call of fresh messages.
    pub(crate) fn produce(&mut self, place: usize, partition: u32, acks: Acks) -> Ask {
        let client = &mut self.clients[place];
        let first = checkers::message::of(number_at(place), client.messages);
        client.messages += u64::from(self.messages_per_call);
        let messages: Vec<u64> = (first..first + u64::from(self.messages_per_call)).collect();
        let length = self.message_bytes as usize;
        let content = |id: &u64| Content::of(content(&payload(*id, length)));
        let contents = messages.iter().map(content).collect::<Vec<_>>().into();
        Ask::Produce { partition, messages, acks, contents }
    }

    /// Whether a client knows where every partition stands that was created.
    pub(crate) fn is_informed(&self, place: usize) -> bool {
        self.late.standing().all(|partition| self.knows(place, partition))
    }

    /// Whether a client knows where a partition stands.
    pub(crate) fn knows(&self, place: usize, partition: u32) -> bool {
        self.clients[place].caller.knows(partition)
    }

    /// The late partition that this call creates.
    fn late_of(&self, id: u64) -> Option<usize> {
        let n_late = self.partitions.len() as u64 - u64::from(self.n_early);
        CREATE_LATE.checked_sub(id).filter(|which| *which < n_late).map(|which| which as usize)
    }

    /// When to wake a client, if that is earlier than what is already in the heap.
    pub(crate) fn next_timer(&mut self, place: usize) -> Option<u64> {
        let client = &mut self.clients[place];
        let deadline = client.caller.deadline();
        if deadline >= client.timer_at {
            return None;
        }
        client.timer_at = deadline;
        Some(deadline)
    }

    pub(crate) fn timer_fired(&mut self, place: usize) {
        self.clients[place].timer_at = u64::MAX;
    }

    /// The first message of the call that this attempt belongs to.
    pub(crate) fn message_of(&self, place: usize, request: u64, books: &Books) -> Option<u64> {
        let id = self.clients.get(place)?.caller.call_of(request)?;
        let call = books.history.calls.get(usize::try_from(id).ok()?)?;
        let Ask::Produce { messages, .. } = &call.ask else { return None };
        messages.first().copied()
    }

    /// Writes down which calls got their sequence and which ended.
    pub(crate) fn settle(&mut self, place: usize, now_ns: u64, books: &mut Books) {
        let mut numbers = std::mem::take(&mut self.numbers);
        self.clients[place].caller.take_numbers(&mut numbers);
        for (id, sequence) in numbers.drain(..) {
            books.numbered(now_ns, id, sequence);
        }
        self.numbers = numbers;
        let mut answers = std::mem::take(&mut self.answers);
        self.clients[place].caller.take_answers(&mut answers);
        for (id, answer) in answers.drain(..) {
            match answer {
                Answer::Created(is_created) => self.created(id, is_created, books),
                Answer::Call(outcome) => self.ended(place, now_ns, id, outcome, books),
            }
        }
        self.answers = answers;
    }

    /// Something that was to be created stands, or may not.
    fn created(&mut self, id: u64, is_created: bool, books: &mut Books) {
        if id == KNOCK {
            self.knock = if is_created { Knock::Opened } else { Knock::Failed };
        } else if let Some(which) = self.late_of(id) {
            self.late.answered(which, is_created);
            *books.reached.entry(CREATED_LATE.into()).or_insert(0) += u64::from(is_created);
        } else {
            self.is_created |= is_created;
            self.create_failed |= !is_created;
        }
    }

    fn ended(&mut self, place: usize, now_ns: u64, id: u64, outcome: Outcome, books: &mut Books) {
        let partition = books.history.calls[id as usize].partition();
        if let Outcome::Ok(Reply::Fetched { records, .. }) = &outcome
            && let (Some(last), Some(partition)) = (records.last(), partition)
        {
            self.clients[place].cursors.insert(partition, last.offset + 1);
        }
        books.returned(now_ns, id, outcome);
    }

    /// The partitions that the plan wants at boot.
    pub(crate) fn early(&self) -> Vec<u32> {
        (1..=self.n_early).collect()
    }
}

/// Asks the metadata group for an entry that changes nothing.
pub(crate) fn knock(client: &mut dyn Caller, now: u64) {
    client.create(now, KNOCK, &[]);
}

/// Asks for partitions that stand from boot on.
pub(crate) fn create(client: &mut dyn Caller, now: u64, early: &[u32]) {
    client.create(now, CREATE, early);
}

/// Asks for one of the late partitions.
pub(crate) fn create_late(client: &mut dyn Caller, now: u64, which: usize, partition: u32) {
    client.create(now, CREATE_LATE - which as u64, &[partition]);
}
