//! The client: sans-IO like everything else. Calls go in, frames and outcomes come out; retries and
//! redirects are bounded by the call's deadline and never hide what is not known (S40).
//!
//! A call is *refused* only if every attempt of it was refused for certain. If any attempt may have
//! taken effect the call ends acknowledged or *unknown*. A producer has one call under way in each
//! partition; the next waits for it. After an unknown outcome the producer's epoch rises, so a late
//! attempt can no longer slip in between later calls (S36, S38).

mod call;

use crate::{
    levels::{Acks, ReadLevel},
    place::Place,
    types::{Endpoint, GroupId, METADATA, Nanos, NodeId, Offset},
    wire::{
        Answer, Ask, Frame, Message, Receipt, Refusal, Sender,
        answer::{self, Refused},
        ask::{Create, Fetch, Produce, WhereIs},
    },
};
use bytes::Bytes;
use call::{Call, Partition, Work};
use std::collections::BTreeMap;

/// What a client is told when it starts.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Which cluster.
    pub cluster: u64,
    /// Its own endpoint; also its producer identity.
    pub endpoint: Endpoint,
    /// Nodes to ask where partitions stand.
    pub nodes: Vec<NodeId>,
    /// An attempt without an answer is given up after this.
    pub attempt: Nanos,
    /// A call is given up after this.
    pub call: Nanos,
    /// Calls that may wait for one partition; more are refused (back-pressure).
    pub queue_max: usize,
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Done {
    /// Acknowledged; no receipt at level `none`.
    Produced(Option<Receipt>),
    /// Read: each message from the offset asked for, and one past the last readable offset.
    Fetched(Vec<Fetched>, Offset),
    /// Partitions were created.
    Created,
    /// Certainly did not happen and never will.
    Refused(&'static str),
    /// No one can say.
    Unknown(&'static str),
}

/// One message as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its place.
    pub offset: Offset,
    /// Its identity.
    pub message: u64,
    /// What [`content`](crate::batch::content) makes of the payload that came.
    pub hash: u64,
}

/// A produce call's sequence, for whoever writes histories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sequenced {
    /// Producer identity.
    pub producer: u64,
    /// Its epoch.
    pub epoch: u32,
    /// Sequence of the first message.
    pub sequence: u32,
}

/// A client.
#[derive(Debug)]
pub struct Client {
    settings: ClientSettings,
    partitions: BTreeMap<GroupId, Partition>,
    active: Vec<Call>,
    requests: u64,
    /// When to ask again where partitions stand; none once it is known.
    locate_at: Option<Nanos>,
    locate_tries: usize,
    out: Vec<(NodeId, Frame)>,
    done: Vec<(u64, Done)>,
    /// Sequences given to calls since they were last taken.
    sequenced: Vec<(u64, Sequenced)>,
}

impl Client {
    /// A client that begins by asking where partitions stand.
    pub fn new(settings: ClientSettings) -> Client {
        let metadata = Partition::of(settings.nodes.clone());
        Client {
            settings,
            partitions: BTreeMap::from([(METADATA, metadata)]),
            active: Vec::new(),
            requests: 0,
            locate_at: Some(0),
            locate_tries: 0,
            out: Vec::new(),
            done: Vec::new(),
            sequenced: Vec::new(),
        }
    }

    /// Whether it knows where partitions stand.
    pub fn is_ready(&self) -> bool {
        self.locate_at.is_none()
    }

    /// The call that an attempt under way belongs to.
    pub fn call_of(&self, request: u64) -> Option<u64> {
        self.answered(request).map(|place| self.active[place].id)
    }

    /// Partitions that it knows.
    pub fn partitions(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.partitions.keys().copied().filter(|group| *group != METADATA)
    }

    /// Whether it knows where a partition stands.
    pub fn knows(&self, partition: GroupId) -> bool {
        partition != METADATA && self.partitions.contains_key(&partition)
    }

    /// Begins a produce call. `messages` is what [`encode`](crate::batch::encode) made of `count` messages.
    pub fn produce(
        &mut self,
        now: Nanos,
        id: u64,
        group: GroupId,
        acks: Acks,
        count: u32,
        messages: Bytes,
    ) {
        let work = Work::Produce { acks, count, messages, sequenced: None };
        self.begin(now, id, group, work);
    }

    /// Begins a fetch call.
    pub fn fetch(
        &mut self,
        now: Nanos,
        id: u64,
        group: GroupId,
        from: Offset,
        level: ReadLevel,
        bytes_max: u32,
    ) {
        self.begin(now, id, group, Work::Fetch { from, level, bytes_max });
    }

    /// Begins to create partitions.
    pub fn create(&mut self, now: Nanos, id: u64, places: Vec<Place>) {
        self.begin(now, id, METADATA, Work::Create { places });
    }

    fn begin(&mut self, now: Nanos, id: u64, group: GroupId, work: Work) {
        let deadline = now + self.settings.call;
        let call = Call {
            id,
            group,
            work,
            deadline,
            attempt: None,
            next_at: now,
            tries: 0,
            may_have_happened: false,
        };
        let Some(partition) = self.partitions.get_mut(&group) else {
            return self.done.push((id, Done::Refused("the partition is not known")));
        };
        if matches!(call.work, Work::Produce { .. }) {
            if partition.is_busy {
                if partition.queue.len() >= self.settings.queue_max {
                    return self.done.push((id, Done::Refused("too many calls wait")));
                }
                return partition.queue.push_back(call);
            }
            partition.is_busy = true;
        }
        self.start(now, call);
    }

    /// Gives a call its sequence and makes its first attempt.
    fn start(&mut self, now: Nanos, mut call: Call) {
        if let Work::Produce { acks, sequenced, .. } = &mut call.work
            && *acks != Acks::None
        {
            let partition = self.partitions.get(&call.group).expect("a known partition");
            let given = Sequenced {
                producer: u64::from(self.settings.endpoint),
                epoch: partition.epoch,
                sequence: partition.sequence,
            };
            *sequenced = Some(given);
            self.sequenced.push((call.id, given));
        }
        self.active.push(call);
        let place = self.active.len() - 1;
        self.attempt(now, place);
    }

    /// A frame arrived.
    pub fn receive(&mut self, now: Nanos, frame: Frame) {
        if frame.sender().is_err() {
            return;
        }
        let mut messages = Vec::new();
        if frame.for_each(|group, message| messages.push((group, message))).is_err() {
            return;
        }
        for (group, message) in messages {
            if let Message::Answer { request, answer } = message {
                self.on_answer(now, group, request, answer);
            }
        }
    }

    /// The deadline has come.
    pub fn tick(&mut self, now: Nanos) {
        if self.locate_at.is_some_and(|at| at <= now) {
            let nodes = &self.settings.nodes;
            let node = nodes[self.locate_tries % nodes.len()];
            self.locate_tries += 1;
            self.locate_at = Some(now + self.settings.attempt / 4);
            self.ask(node, METADATA, Ask::WhereIs(WhereIs {}));
        }
        let mut place = 0;
        while place < self.active.len() {
            let call = &mut self.active[place];
            if call.next_at > now && call.deadline > now {
                place += 1;
                continue;
            }
            if call.attempt.take().is_some() {
                call.may_have_happened |= call.has_effect();
                let group = call.group;
                self.partitions.get_mut(&group).expect("a known partition").leader = None;
            }
            let call = &mut self.active[place];
            if call.deadline <= now {
                self.give_up(now, place, "no answer in time");
            } else {
                self.attempt(now, place);
                place += 1;
            }
        }
    }

    /// When it next has something to do by itself.
    pub fn deadline(&self) -> Nanos {
        let calls = self.active.iter().map(|call| call.next_at.min(call.deadline));
        calls.chain(self.locate_at).min().unwrap_or(Nanos::MAX)
    }

    /// Frames to send.
    pub fn take_frames(&mut self) -> std::vec::Drain<'_, (NodeId, Frame)> {
        self.out.drain(..)
    }

    /// Calls that ended, with what became of them.
    pub fn take_done(&mut self) -> std::vec::Drain<'_, (u64, Done)> {
        self.done.drain(..)
    }

    /// Produce calls that were given their sequence.
    pub fn take_sequenced(&mut self) -> std::vec::Drain<'_, (u64, Sequenced)> {
        self.sequenced.drain(..)
    }

    fn ask(&mut self, node: NodeId, group: GroupId, ask: Ask) -> u64 {
        self.requests += 1;
        let request = self.requests;
        let sender = Sender {
            cluster: self.settings.cluster,
            endpoint: self.settings.endpoint,
            incarnation: 0,
        };
        self.out.push((node, Frame::of(sender, group, Message::Ask { request, ask })));
        request
    }

    fn attempt(&mut self, now: Nanos, place: usize) {
        let call = &mut self.active[place];
        let partition = self.partitions.get(&call.group).expect("a known partition");
        let turn = (call.id % 1_000) as usize + call.tries as usize;
        let any = partition.voters[turn % partition.voters.len()];
        call.tries += 1;
        call.next_at = now + self.settings.attempt;
        let group = call.group;
        let (leader, term) = partition.leader.unwrap_or((any, 0));
        let (node, question) = match &call.work {
            Work::Produce { acks, count, messages, sequenced } => {
                let Sequenced { producer, epoch, sequence } =
                    sequenced.unwrap_or(Sequenced { producer: 0, epoch: 0, sequence: 0 });
                let produce = Produce {
                    acks: *acks,
                    term,
                    producer,
                    epoch,
                    sequence,
                    count: *count,
                    crc: crc32c::crc32c(messages),
                    messages: messages.clone(),
                };
                (leader, Ask::Produce(produce))
            }
            Work::Fetch { from, level, bytes_max } => {
                let node = match level {
                    ReadLevel::Eventual => any,
                    ReadLevel::Linearizable => leader,
                };
                let (from, level, bytes_max) = (*from, *level, *bytes_max);
                (node, Ask::Fetch(Fetch { from, level, bytes_max }))
            }
            Work::Create { places } => (leader, Ask::Create(Create { places: places.clone() })),
        };
        let is_unacknowledged = call.acks() == Some(Acks::None);
        let request = self.ask(node, group, question);
        if is_unacknowledged {
            let call = self.active.swap_remove(place);
            self.finish(now, &call, Done::Produced(None));
        } else {
            self.active[place].attempt = Some((request, term));
        }
    }

    fn on_answer(&mut self, now: Nanos, group: GroupId, request: u64, answer: Answer) {
        match answer {
            Answer::Directory(directory) => self.learn(&directory.places),
            Answer::Produced(answer::Produced { receipt, .. }) => {
                if let Some(place) = self.answered(request) {
                    let call = self.active.swap_remove(place);
                    let done = match &call.work {
                        Work::Create { .. } => Done::Created,
                        Work::Produce { .. } | Work::Fetch { .. } => Done::Produced(Some(receipt)),
                    };
                    self.finish(now, &call, done);
                }
            }
            Answer::Fetched(answer::Fetched { from, end, entries }) => {
                if let Some(place) = self.answered(request) {
                    match call::read(from, entries) {
                        Some(records) => {
                            let call = self.active.swap_remove(place);
                            self.finish(now, &call, Done::Fetched(records, end));
                        }
                        // A damaged answer is no answer.
                        None => self.retry(now, place),
                    }
                }
            }
            Answer::Refused(refused) => self.on_refused(now, group, request, &refused),
        }
    }

    fn learn(&mut self, places: &[Place]) {
        if places.is_empty() {
            return;
        }
        for place in places {
            let voters = place.config.voters.iter().map(|voter| voter.node).collect();
            self.partitions.entry(place.group).or_insert_with(|| Partition::of(voters));
        }
        self.locate_at = None;
    }

    /// Asks again where partitions stand, after some were created.
    pub fn locate(&mut self, now: Nanos) {
        self.locate_at = Some(now);
    }

    /// The call whose attempt this answers; an answer to an attempt that was given up is none.
    fn answered(&self, request: u64) -> Option<usize> {
        self.active.iter().position(|call| call.attempt.is_some_and(|(own, _)| own == request))
    }

    fn on_refused(&mut self, now: Nanos, group: GroupId, request: u64, refused: &Refused) {
        let Refused { why, term, leader } = *refused;
        let Some(partition) = self.partitions.get_mut(&group) else { return };
        let before = partition.leader;
        if leader != 0 && partition.leader.is_none_or(|(_, known)| known < term) {
            partition.leader = Some((leader, term));
        } else if leader == 0 && why.is_of_no_leader() {
            // Whoever was taken for the leader is none, or does not hold the partition any more.
            partition.leader = None;
        }
        let has_news = partition.leader.is_some() && partition.leader != before;
        let Some(place) = self.answered(request) else { return };
        let call = &mut self.active[place];
        let (_, asked) = call.attempt.take().expect("it was answered");
        if call.has_effect() && !call.is_definite(why, asked) {
            call.may_have_happened = true;
        }
        match why {
            Refusal::Fenced | Refusal::OutOfOrder | Refusal::Malformed => {
                self.give_up(now, place, "the sequence was refused");
            }
            Refusal::NotLeader | Refusal::NotTaken if has_news => self.attempt(now, place),
            Refusal::NotLeader
            | Refusal::NotTaken
            | Refusal::NotReady
            | Refusal::UnknownPartition
            | Refusal::LeadershipLost
            | Refusal::Unconfirmed => self.retry(now, place),
        }
    }

    /// Tries again after a pause that grows with the tries.
    fn retry(&mut self, now: Nanos, place: usize) {
        let call = &mut self.active[place];
        call.attempt = None;
        let pause = (self.settings.attempt / 40) << call.tries.min(4);
        // Spread by identity: clients that were refused together do not come back together.
        call.next_at = now + pause + pause * (call.id % 8) / 8;
    }

    fn give_up(&mut self, now: Nanos, place: usize, why: &'static str) {
        let call = self.active.swap_remove(place);
        let done = if call.may_have_happened { Done::Unknown(why) } else { Done::Refused(why) };
        self.finish(now, &call, done);
    }

    fn finish(&mut self, now: Nanos, call: &Call, done: Done) {
        let (id, group, sequenced) = (call.id, call.group, call.sequenced());
        let partition = self.partitions.get_mut(&group).expect("a known partition");
        match (&done, sequenced) {
            (Done::Produced(Some(_)), Some((_, next))) => partition.sequence = next,
            (Done::Refused(_) | Done::Unknown(_), Some(_)) => {
                partition.epoch += 1;
                partition.sequence = 0;
            }
            (Done::Produced(_) | Done::Fetched(..) | Done::Created, _)
            | (Done::Refused(_) | Done::Unknown(_), None) => {}
        }
        self.done.push((id, done));
        self.next_in_line(now, group);
    }

    fn next_in_line(&mut self, now: Nanos, group: GroupId) {
        loop {
            let is_taken = self.active.iter().any(|call| call.group == group && call.is_produce());
            let partition = self.partitions.get_mut(&group).expect("a known partition");
            partition.is_busy = is_taken;
            if is_taken {
                return;
            }
            let Some(call) = partition.queue.pop_front() else { return };
            if call.deadline <= now {
                // Never sent: certainly did not happen.
                self.done.push((call.id, Done::Refused("waited too long to be sent")));
                continue;
            }
            partition.is_busy = true;
            return self.start(now, call);
        }
    }
}
