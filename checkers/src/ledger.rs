//! What clients were told of every message: who sent it, what became of that, where it stands, who
//! read it. A fold over calls that all client-side laws share, so that a million messages are named
//! and numbered once and not once for each law.
//!
//! Every returned call is taken apart into [`Act`]s, the same few for produce calls, fetches, polls
//! and transactions, so that a law does not care which of them showed a message. The ledger notes
//! and never judges: where two calls contradict each other, the first one stays.

use crate::{
    by_offset::{ByOffset, placed, seat},
    contract::Contract,
    event::Event,
    history::{
        Acks, Ask, Asked, Call, MessageId, Offset, Outcome, Partition, Polled, ReadLevel, Record,
        Reply, Sequence, Stamp, Step, StepReply,
    },
    intern::Interner,
};
use std::{collections::BTreeMap, ops::Range};

/// An offset that nobody has named.
const NOWHERE: Offset = Offset::MAX;

/// A message's number in the ledger: dense, from 0, in the order of first mention.
pub(crate) type Number = u32;

/// What became of the call that sent a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Under way, or given up: it may have happened.
    Unknown,
    /// It certainly did not happen.
    Refused,
    /// It happened.
    Acknowledged,
}

/// One call that sent messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Send {
    /// The call's id.
    pub(crate) call: u64,
    pub(crate) client: u32,
    pub(crate) called: Stamp,
    /// When it came back, if it did.
    pub(crate) returned: Option<Stamp>,
    pub(crate) fate: Fate,
    /// The promise that was asked for; transactions ask for `quorum`.
    pub(crate) acks: Acks,
    pub(crate) producer: Option<Sequence>,
    pub(crate) is_transaction: bool,
    /// Where its messages' numbers lie in `members`.
    members: (u32, u32),
}

impl Send {
    /// Whether what it sent may never be lost: it was acknowledged at `quorum` or above.
    pub(crate) fn is_durable(&self) -> bool {
        self.fate == Fate::Acknowledged && self.acks.is_durable()
    }
}

/// One message.
#[derive(Clone, Copy, Debug)]
struct Message {
    /// The send's number plus one; 0 if nobody sent it so far.
    send: u32,
    /// Where it was sent to, or where it was read if nobody sent it.
    partition: Partition,
    /// Where it was first seen to stand, by a durable acknowledgement or a read.
    offset: Offset,
}

/// One thing that a returned call showed, in the order of the call's steps.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    /// It sent this message, and was acknowledged.
    Wrote {
        message: Number,
        partition: Partition,
        /// Where the acknowledgement put it, if it said so.
        offset: Option<Offset>,
    },
    /// It read.
    Read(Read),
}

/// One read of one partition.
#[derive(Clone, Debug)]
pub(crate) struct Read {
    pub(crate) partition: Partition,
    /// The first offset that was wanted; of a poll, the first that came.
    pub(crate) from: Offset,
    /// One past the last readable offset, where the read tells it.
    pub(crate) end: Option<Offset>,
    pub(crate) level: ReadLevel,
    /// Whether the client's own position chose `from`: a poll.
    pub(crate) is_poll: bool,
    records: Range<usize>,
}

/// One message as a read saw it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen {
    pub(crate) offset: Offset,
    pub(crate) message: Number,
}

/// Everything that clients were told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    ids: Interner,
    messages: Vec<Message>,
    /// Whether any read saw the message.
    is_read: Vec<bool>,
    sends: Vec<Send>,
    members: Vec<Number>,
    /// Sends under way, by call.
    open: BTreeMap<u64, u32>,
    /// By partition and offset: the message's number plus one.
    logs: Vec<ByOffset<u32>>,
    /// A message that two calls sent: then no one can say what became of it.
    ambiguous: Option<MessageId>,
    acts: Vec<Act>,
    seen: Vec<Seen>,
}

impl Ledger {
    /// What the call that just returned showed; nothing unless it ended `Ok`.
    pub(crate) fn acts(&self) -> &[Act] {
        &self.acts
    }

    /// The records of a read of the call that just returned.
    pub(crate) fn records(&self, read: &Read) -> &[Seen] {
        &self.seen[read.records.clone()]
    }

    /// A message's identity.
    pub(crate) fn id(&self, message: Number) -> MessageId {
        self.ids.id(message)
    }

    /// A message's number, if it was ever mentioned.
    pub(crate) fn find(&self, id: MessageId) -> Option<Number> {
        self.ids.find(id)
    }

    /// The call that sent a message, if anyone did.
    pub(crate) fn send_of(&self, message: Number) -> Option<&Send> {
        let send = self.messages[message as usize].send.checked_sub(1)?;
        Some(&self.sends[send as usize])
    }

    /// Where the message was sent to; if nobody sent it, where it was read.
    pub(crate) fn partition_of(&self, message: Number) -> Partition {
        self.messages[message as usize].partition
    }

    /// Where the message was first seen to stand.
    pub(crate) fn offset_of(&self, message: Number) -> Option<Offset> {
        let offset = self.messages[message as usize].offset;
        (offset != NOWHERE).then_some(offset)
    }

    /// Whether any read saw the message.
    pub(crate) fn is_read(&self, message: Number) -> bool {
        self.is_read[message as usize]
    }

    /// The message that was first seen to stand at this offset.
    pub(crate) fn at(&self, partition: Partition, offset: Offset) -> Option<Number> {
        self.logs.get(partition as usize)?.get(offset).checked_sub(1)
    }

    /// Every partition of which anything is known to stand somewhere, with its highest number.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> + '_ {
        0..self.logs.len() as Partition
    }

    /// What stands in a partition from this offset on, in order; offsets that nobody named are left
    /// out.
    pub(crate) fn standing(
        &self,
        partition: Partition,
        from: Offset,
    ) -> impl Iterator<Item = (Offset, Number)> + '_ {
        let log = self.logs.get(partition as usize).into_iter();
        log.flat_map(move |log| log.from(from))
            .filter_map(|(offset, number)| Some((offset, number.checked_sub(1)?)))
    }

    /// Every call that sent messages, in order.
    pub(crate) fn sends(&self) -> &[Send] {
        &self.sends
    }

    /// The messages of a send, in order.
    pub(crate) fn messages_of(&self, send: &Send) -> &[Number] {
        &self.members[send.members.0 as usize..send.members.1 as usize]
    }

    /// A message that two calls sent, if there is one: the history is malformed.
    pub(crate) fn ambiguous(&self) -> Option<MessageId> {
        self.ambiguous
    }

    pub(crate) fn observe(&mut self, event: Event<'_>, contract: &Contract) {
        match event {
            Event::Called(call) => self.note_call(call),
            Event::Numbered(call, sequence) => self.note_number(call, sequence),
            Event::Returned(call) => {
                self.acts.clear();
                self.seen.clear();
                self.note_return(call, contract);
            }
            Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn note_number(&mut self, call: Asked<'_>, sequence: Sequence) {
        if let Some(send) = self.open.get(&call.id) {
            self.sends[*send as usize].producer = Some(sequence);
        }
    }

    fn note_call(&mut self, call: Asked<'_>) {
        match call.ask {
            Ask::Produce { partition, messages, acks, .. } => {
                let messages = messages.iter().map(|message| (*partition, *message));
                self.send(call, messages, (*acks, false));
            }
            Ask::Transact { steps } => {
                let messages = steps.iter().filter_map(|step| match step {
                    Step::Send { partition, message } => Some((*partition, *message)),
                    Step::Poll => None,
                });
                self.send(call, messages, (Acks::Quorum, true));
            }
            Ask::Fetch { .. }
            | Ask::Poll
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => {}
        }
    }

    fn send(
        &mut self,
        call: Asked<'_>,
        messages: impl Iterator<Item = (Partition, MessageId)>,
        (acks, is_transaction): (Acks, bool),
    ) {
        let number = u32::try_from(self.sends.len()).expect("fewer than 4 billion calls");
        let first = self.members.len() as u32;
        for (partition, id) in messages {
            let (message, is_new) = self.intern(partition, id);
            let known = &mut self.messages[message as usize];
            match known.send {
                // One that was read before it was sent keeps the place where it was read.
                0 => (known.send, known.partition) = (number + 1, partition),
                1.. => {
                    self.ambiguous.get_or_insert(id);
                }
            }
            assert!(!is_new || known.offset == NOWHERE, "a new message stands nowhere");
            self.members.push(message);
        }
        self.sends.push(Send {
            call: call.id,
            client: call.client,
            called: call.called,
            returned: None,
            fate: Fate::Unknown,
            acks,
            producer: None,
            is_transaction,
            members: (first, self.members.len() as u32),
        });
        self.open.insert(call.id, number);
    }

    fn note_return(&mut self, call: &Call, contract: &Contract) {
        let send = self.open.remove(&call.id);
        if let Some(send) = send {
            let send = &mut self.sends[send as usize];
            send.returned = call.returned;
            send.fate = match call.outcome {
                Outcome::Ok(_) => Fate::Acknowledged,
                Outcome::Refused(_) => Fate::Refused,
                Outcome::Unknown(_) => Fate::Unknown,
            };
        }
        let Outcome::Ok(reply) = &call.outcome else { return };
        match (&call.ask, reply) {
            (Ask::Produce { partition, messages, acks, .. }, Reply::Produced { first }) => {
                let offset = |place: u64| first.map(|first| first.saturating_add(place));
                for (place, (_, id)) in (0..).zip(placed(0, messages)) {
                    self.wrote(*partition, id, offset(place), acks.is_durable());
                }
            }
            (Ask::Fetch { partition, from, level }, Reply::Fetched { records, end }) => {
                self.read((*partition, *from, Some(*end)), *level, false, records);
            }
            (Ask::Poll, Reply::Polled(polled)) => self.polled(polled, contract),
            (Ask::Transact { steps }, Reply::Transacted { results }) => {
                for (step, result) in steps.iter().zip(results) {
                    match (step, result) {
                        (Step::Send { partition, message }, StepReply::Sent { offset }) => {
                            self.wrote(*partition, *message, *offset, true);
                        }
                        (_, StepReply::Polled(polled)) => self.polled(polled, contract),
                        (Step::Poll, StepReply::Sent { .. }) => {}
                    }
                }
            }
            // An answer that does not fit what was asked: whoever reads the history refuses it.
            (
                Ask::Produce { .. }
                | Ask::Fetch { .. }
                | Ask::Poll
                | Ask::Transact { .. }
                | Ask::Assign { .. }
                | Ask::Join { .. }
                | Ask::CommitOffsets { .. }
                | Ask::FetchOffsets { .. },
                _,
            ) => {}
        }
    }

    fn polled(&mut self, polled: &Polled, contract: &Contract) {
        for batch in &polled.batches {
            let from = batch.records.first().map_or(0, |record| record.offset);
            self.read((batch.partition, from, None), contract.poll, true, &batch.records);
        }
    }

    fn wrote(
        &mut self,
        partition: Partition,
        id: MessageId,
        offset: Option<Offset>,
        is_durable: bool,
    ) {
        let (message, _) = self.intern(partition, id);
        if let Some(offset) = offset.filter(|_| is_durable) {
            self.place(partition, offset, message);
        }
        self.acts.push(Act::Wrote { message, partition, offset });
    }

    fn read(
        &mut self,
        (partition, from, end): (Partition, Offset, Option<Offset>),
        level: ReadLevel,
        is_poll: bool,
        records: &[Record],
    ) {
        let first = self.seen.len();
        for Record { offset, message, .. } in records {
            let (number, _) = self.intern(partition, *message);
            self.is_read[number as usize] = true;
            self.place(partition, *offset, number);
            self.seen.push(Seen { offset: *offset, message: number });
        }
        let records = first..self.seen.len();
        self.acts.push(Act::Read(Read { partition, from, end, level, is_poll, records }));
    }

    fn place(&mut self, partition: Partition, offset: Offset, message: Number) {
        let spot = seat(&mut self.logs, partition).entry(offset);
        if *spot == 0 {
            *spot = message + 1;
        }
        let message = &mut self.messages[message as usize];
        if message.offset == NOWHERE {
            message.offset = offset;
        }
    }

    fn intern(&mut self, partition: Partition, id: MessageId) -> (Number, bool) {
        let (number, is_new) = self.ids.intern(id);
        if is_new {
            self.messages.push(Message { send: 0, partition, offset: NOWHERE });
            self.is_read.push(false);
        }
        (number, is_new)
    }
}
