//! **zero_loss**: every message acknowledged at `quorum` or above is read by the drain
//! (messaging.md 2.0 AD, PH, DU, OR; checkers.md 4.5; Jepsen's set and kafka workloads).
//!
//! One sentence each: *attempted*, someone asked; *acknowledged*, the call returned Ok above `none`;
//! *read*, the drain saw it. **lost** = acknowledged at `quorum` or above and not read, split by
//! where its offset lies against what was read: *head* below all, *tail* above all, *middle* between.
//! **allowed_lost** = acknowledged at `leader` or sent at `none`, and not read: those levels permit
//! it. **phantom** = read, but never asked for or certainly refused. **recovered** = read, though its
//! outcome was unknown. **duplicated** = read at two offsets. **reordered** = read out of its
//! producer's order. **corrupted** = read, by any fetch, with another content than it was sent with,
//! where sender and reader both hashed it.
//!
//! The drain are the fetches and polls called after it began. Without the mark that it read a partition to the
//! end, what is missing there is no loss, for no one can say, unless the world was watched: a message is
//! **gone**, and lost, if the entry that it was acknowledged in stands in no log any more. A message costs
//! about 60 bytes, an acknowledgement that is watched 32.

mod evidence;
mod gone;
mod tally;

use super::told::{Sending, Told, sends, told};
use crate::{
    by_offset::{ByOffset, seat},
    checker::{Checker, Event, Shared, Topic},
    facts::FactKind,
    history::{
        Acks, Asked, Call, Content, Mark, MessageId, Offset, Outcome, Record, Sequence, Stamp,
    },
    intern::Interner,
    run::Counts,
    streams::Streams,
    verdict::Verdict,
};

use gone::Gone;

/// An offset that nobody named.
const NOWHERE: Offset = Offset::MAX;

/// What became of the call that carried a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Nobody asked to append it.
    NeverAsked,
    /// Under way, or given up: it may have happened.
    Unknown,
    /// It certainly did not happen.
    Refused,
    /// It happened.
    Acknowledged,
}

/// One message, in 48 bytes.
#[derive(Clone, Copy, Debug)]
struct Message {
    asked: Stamp,
    /// Where the acknowledgement put it.
    offset: Offset,
    stream: u32,
    sequence: u32,
    position: u32,
    fate: Fate,
    acks: Acks,
    /// What its sender put into it.
    content: Option<Content>,
    /// Whether some read found another content.
    is_corrupt: bool,
    /// Whether any fetch saw it, the drain read it, the drain read it at two offsets.
    sight: Sight,
}

/// How often a message was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sight {
    Unseen,
    Seen,
    Drained,
    DrainedTwice,
}

/// One partition as the drain read it.
#[derive(Debug, Default)]
struct Shelf {
    /// By offset: the number plus one of the message that was promised to stand there, the last one.
    promised: ByOffset<u32>,
    /// Promised messages whose offset was promised to another one later.
    displaced: u64,
    /// By offset: the message's number plus one.
    read: ByOffset<u32>,
    /// Lowest and highest offset that was read.
    span: Option<(Offset, Offset)>,
    /// When the drain was complete, and the end it reached.
    drained: Option<(Stamp, Offset)>,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct ZeroLoss {
    ids: Interner,
    messages: Vec<Message>,
    streams: Streams,
    shelves: Vec<Shelf>,
    draining: Option<Stamp>,
    /// The first read of a message that nobody had asked for.
    stranger: Option<(Stamp, u32, Record)>,
    /// The first read that found another content than was sent.
    corrupt: Option<(Stamp, u32, u32, Record)>,
    /// Whether any read could be compared with what was sent.
    is_content_measured: bool,
    /// A message id that two calls carried: then nothing can be counted.
    ambiguous: Option<MessageId>,
    gone: Gone,
    now: Stamp,
}

impl Checker for ZeroLoss {
    fn name(&self) -> &'static str {
        "zero_loss"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Replicas]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Acked, FactKind::Stopped]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Called(call) => self.note_call(call),
            Event::Numbered(call, sequence) => self.note_number(call, sequence),
            Event::Returned(call) => {
                self.now = at;
                self.note_return(at, call);
            }
            Event::Mark(Mark::Draining) => self.draining = Some(at),
            Event::Mark(Mark::Drained { partition, end }) => {
                seat(&mut self.shelves, *partition).drained = Some((at, *end));
                self.gone.drained(*partition);
            }
            Event::Fact(fact) => self.gone.note(fact),
            Event::Seen(seen) => self.gone.see(seen),
            Event::Mark(Mark::Booted | Mark::Healed { .. } | Mark::Ended) => {}
        }
    }

    fn counts(&self, shared: &Shared) -> Option<Counts> {
        Some(self.tally(&shared.disks).counts)
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(message) = self.ambiguous {
            return Verdict::Unknown(format!(
                "malformed history: m{message} was asked for by two calls, so that no one can say \
                 what became of it"
            ));
        }
        let tally = self.tally(&shared.disks);
        if let Some(evidence) = self.evidence(&tally) {
            return Verdict::Violated(Box::new(evidence));
        }
        match tally.undrained {
            Some((partition, count)) => {
                let displaced = match tally.counts.displaced {
                    0 => String::new(),
                    n => format!("; {n} are displaced: their offsets hold other messages"),
                };
                Verdict::Unknown(format!(
                    "partition {partition} was not drained to its end, and {count} of its \
                     acknowledged messages were not read{displaced}"
                ))
            }
            None => Verdict::holds_if_covered(
                tally.kept,
                "no message acknowledged at quorum or above was read by a drain",
            ),
        }
    }

    fn is_breached(&self) -> bool {
        self.stranger.is_some() || self.corrupt.is_some()
    }
}

impl ZeroLoss {
    fn note_call(&mut self, call: Asked<'_>) {
        sends(call.ask, |sending| self.note_sending(call, &sending));
    }

    /// From now on its messages have a place in an order, and may not be repeated.
    fn note_number(&mut self, call: Asked<'_>, given: Sequence) {
        sends(call.ask, |sending| {
            let stream = self.streams.number(call.client, sending.partition, Some(given));
            for (position, id) in (0..).zip(sending.messages) {
                let Some(number) = self.ids.find(*id) else { continue };
                let message = &mut self.messages[number as usize];
                if message.fate != Fate::NeverAsked {
                    let sequence = given.sequence;
                    *message = Message { stream, sequence, position, ..*message };
                }
            }
        });
    }

    fn note_sending(&mut self, call: Asked<'_>, sending: &Sending<'_>) {
        let Sending { partition, messages, contents, acks, .. } = *sending;
        let stream = self.streams.number(call.client, partition, None);
        for (position, id) in (0..).zip(messages) {
            let (number, is_new) = self.ids.intern(*id);
            if !is_new {
                // Read before it was asked for, or asked for twice.
                let is_stranger = self.messages[number as usize].fate == Fate::NeverAsked;
                if !is_stranger {
                    self.ambiguous.get_or_insert(*id);
                }
                continue;
            }
            self.messages.push(Message {
                asked: call.called,
                offset: NOWHERE,
                stream,
                sequence: 0,
                position,
                fate: Fate::Unknown,
                acks,
                content: contents.get(position as usize).copied(),
                is_corrupt: false,
                sight: Sight::Unseen,
            });
        }
    }

    fn note_return(&mut self, at: Stamp, call: &Call) {
        if let Outcome::Refused(_) = call.outcome {
            sends(&call.ask, |sending| {
                sending.messages.iter().for_each(|id| self.settle(*id, Fate::Refused, NOWHERE));
            });
        }
        let is_drain = self.draining.is_some_and(|since| call.called > since);
        told(call, |told| match told {
            Told::Wrote(sending, first) => {
                for (position, id) in (0..).zip(sending.messages) {
                    let offset = first.map_or(NOWHERE, |first| first.saturating_add(position));
                    self.settle(*id, Fate::Acknowledged, offset);
                }
            }
            Told::Fetched { partition, records, .. } | Told::Polled { partition, records } => {
                for record in records {
                    self.note_read((at, call.client), partition, *record, is_drain);
                }
            }
        });
    }

    fn settle(&mut self, id: MessageId, fate: Fate, offset: Offset) {
        // A return without its call is malformed; the message stays what it was.
        let Some(number) = self.ids.find(id) else { return };
        let message = &mut self.messages[number as usize];
        if message.fate == Fate::NeverAsked {
            return;
        }
        (message.fate, message.offset) = (fate, offset);
        if fate != Fate::Acknowledged || offset == NOWHERE || !message.acks.is_durable() {
            return;
        }
        let partition = self.streams.get(message.stream).partition;
        let shelf = seat(&mut self.shelves, partition);
        let before = std::mem::replace(shelf.promised.entry(offset), number + 1);
        shelf.displaced += u64::from(before != 0 && before != number + 1);
    }

    fn note_read(&mut self, by: (Stamp, u32), partition: u32, record: Record, is_drain: bool) {
        let (number, is_new) = self.ids.intern(record.message);
        if is_new {
            self.stranger.get_or_insert((by.0, by.1, record));
            self.messages.push(Message {
                asked: by.0,
                offset: NOWHERE,
                stream: self.streams.number(by.1, partition, None),
                sequence: 0,
                position: 0,
                fate: Fate::NeverAsked,
                acks: Acks::None,
                content: None,
                is_corrupt: false,
                sight: Sight::Unseen,
            });
        }
        let message = &mut self.messages[number as usize];
        if let (Some(sent), Some(found)) = (message.content, record.content) {
            self.is_content_measured = true;
            if sent != found {
                message.is_corrupt = true;
                self.corrupt.get_or_insert((by.0, by.1, partition, record));
            }
        }
        if !is_drain {
            message.sight = message.sight.max(Sight::Seen);
            return;
        }
        let shelf = seat(&mut self.shelves, partition);
        let place = shelf.read.entry(record.offset);
        let is_known_here = *place == number + 1;
        if *place == 0 {
            *place = number + 1;
        }
        let (low, high) = shelf.span.unwrap_or((record.offset, record.offset));
        shelf.span = Some((low.min(record.offset), high.max(record.offset)));
        message.sight = match message.sight {
            Sight::Unseen | Sight::Seen => Sight::Drained,
            Sight::Drained if is_known_here => Sight::Drained,
            Sight::Drained | Sight::DrainedTwice => Sight::DrainedTwice,
        };
    }
}

#[cfg(test)]
mod tests;
