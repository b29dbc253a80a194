//! Our client as a caller: calls of histories become calls of [`system::Client`], and what it says of
//! them is translated into `Ok`, `Refused` or `Unknown`.

use super::{CLUSTER, partition_place};
use crate::subject::{Answer, Call, Caller, Endpoint, Frame};
use bytes::Bytes;
use checkers::{Acks, Ask, Content, Outcome, ReadLevel, Record, Reply, Sequence};
use scenarios::{Plan, seat_of};
use std::{collections::BTreeSet, sync::Arc};
use system::{Client, ClientSettings, Done};

/// One client.
#[derive(Debug)]
pub(super) struct OurCaller {
    plan: Arc<Plan>,
    client: Client,
    /// Numbers that create partitions: what else ends is a call.
    creates: BTreeSet<u64>,
}

/// The nodes that a client asks first: each begins at another.
fn nodes_for(plan: &Plan, client: u32) -> Vec<u32> {
    let mut nodes: Vec<u32> = (1..=plan.nodes.len() as u32).collect();
    let first = seat_of(client) % nodes.len();
    nodes.rotate_left(first);
    nodes
}

impl OurCaller {
    pub(super) fn new(plan: Arc<Plan>, client: u32, endpoint: Endpoint) -> OurCaller {
        let settings = ClientSettings {
            cluster: CLUSTER,
            endpoint,
            nodes: nodes_for(&plan, client),
            attempt: plan.timing.attempt_ms * 1_000_000,
            call: plan.timing.call_ms * 1_000_000,
            queue_max: plan.limits.queue as usize,
        };
        let client = Client::new(settings);
        OurCaller { plan, client, creates: BTreeSet::new() }
    }
}

impl Caller for OurCaller {
    fn tick(&mut self, now: u64) {
        self.client.tick(now);
    }

    fn receive(&mut self, now: u64, frame: Frame) {
        self.client.receive(now, frame);
    }

    fn deadline(&self) -> u64 {
        self.client.deadline()
    }

    fn call(&mut self, now: u64, call: Call<'_>) {
        let Call { id, ask, message_bytes, fetch_bytes } = call;
        match ask {
            Ask::Produce { partition, messages, acks, .. } => {
                let with_payload = |id: &u64| (*id, system::payload(*id, message_bytes as usize));
                let encoded: Vec<(u64, Bytes)> = messages.iter().map(with_payload).collect();
                let acks = match acks {
                    Acks::None => system::Acks::None,
                    Acks::Leader => system::Acks::Leader,
                    Acks::Quorum => system::Acks::Quorum,
                    Acks::RegionQuorum => system::Acks::RegionQuorum,
                };
                let (count, messages) = (messages.len() as u32, system::encode(&encoded));
                self.client.produce(now, id, *partition, acks, count, messages);
            }
            Ask::Fetch { partition, from, level } => {
                let level = match level {
                    ReadLevel::Eventual => system::ReadLevel::Eventual,
                    ReadLevel::Linearizable => system::ReadLevel::Linearizable,
                    ReadLevel::Bounded(_) | ReadLevel::Session => {
                        unreachable!("no plan asks for {level:?}")
                    }
                };
                self.client.fetch(now, id, *partition, *from, level, fetch_bytes);
            }
            Ask::Poll
            | Ask::Transact { .. }
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => unreachable!("no plan makes a client {ask:?}"),
        }
    }

    fn create(&mut self, now: u64, id: u64, partitions: &[u32]) {
        self.creates.insert(id);
        let place = |group: &u32| partition_place(&self.plan, *group);
        self.client.create(now, id, partitions.iter().map(place).collect());
    }

    fn locate(&mut self, now: u64) {
        self.client.locate(now);
    }

    fn is_ready(&self) -> bool {
        self.client.is_ready()
    }

    fn knows(&self, partition: u32) -> bool {
        self.client.knows(partition)
    }

    fn call_of(&self, request: u64) -> Option<u64> {
        self.client.call_of(request)
    }

    fn take_frames(&mut self, into: &mut Vec<(Endpoint, Frame)>) {
        into.extend(self.client.take_frames());
    }

    fn take_numbers(&mut self, into: &mut Vec<(u64, Sequence)>) {
        into.extend(self.client.take_sequenced().map(|(id, own)| {
            let (producer, epoch, sequence) = (own.producer, own.epoch, own.sequence);
            (id, Sequence { producer, epoch, sequence })
        }));
    }

    fn take_answers(&mut self, into: &mut Vec<(u64, Answer)>) {
        let creates = &mut self.creates;
        into.extend(self.client.take_done().map(|(id, done)| {
            let answer = if creates.remove(&id) {
                Answer::Created(done == Done::Created)
            } else {
                Answer::Call(translate(done))
            };
            (id, answer)
        }));
    }
}

/// What a client's answer proves. An unknown stays unknown, for ever.
fn translate(done: Done) -> Outcome {
    match done {
        Done::Produced(receipt) => {
            Outcome::Ok(Reply::Produced { first: receipt.map(|receipt| receipt.offset) })
        }
        Done::Fetched(records, end) => {
            let records = records.into_iter();
            let records = records.map(|record| Record {
                offset: record.offset,
                message: record.message,
                content: Some(Content::of(record.hash)),
            });
            // A list that grew while it was read has room to spare, and a history keeps millions.
            let mut records: Vec<Record> = records.collect();
            records.shrink_to_fit();
            Outcome::Ok(Reply::Fetched { records, end })
        }
        Done::Created => unreachable!("creating is no call of the history"),
        Done::Refused(why) => Outcome::Refused(why.into()),
        Done::Unknown(why) => Outcome::Unknown(why.into()),
    }
}
