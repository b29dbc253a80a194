//! **linearizable_log**: each partition behaves like one log that takes effect at single moments:
//! the exact monitor of checkers.md 4.2, on every run (Herlihy & Wing 1990; messaging.md 2.0 LZ).
//!
//! Whatever the order of calls, a log's state is told by its length alone. So choose one moment for
//! each offset, the moment when it came to be; the moments rise with the offsets. Every operation
//! bounds them:
//! 1. an append at offset o: not before it was asked, not after it was acknowledged;
//! 2. a read that saw offset o: not after the read returned;
//! 3. a read that found the log ending at o: not before the read was asked. Only a `linearizable`
//!    read says so; an `eventual` one may be stale and only proves what it saw.
//!
//! Going up the offsets and taking the earliest moment that is left is enough: if that fails, two
//! operations clash, and they are the evidence, after brute force has refuted them as well.
//!
//! Calls that ended `unknown`, and those acknowledged below `quorum`, may have taken effect at any
//! later time or never: they count where they are seen, and may fill offsets that nobody named.
//! A batch is judged as appends at consecutive offsets; that it becomes visible at once is not
//! demanded. Messages of producers that are not idempotent may stand at several offsets, seen or not.

mod certificate;
mod evidence;
mod windows;

use crate::{
    breach::Breach,
    by_offset::{ByOffset, placed, seat},
    checker::{Checker, Event, Shared, Topic},
    history::{Ask, Call, MessageId, Offset, Outcome, Partition, ReadLevel, Record, Reply, Stamp},
    intern::Interner,
    verdict::Verdict,
};
use certificate::Deed;

/// When something that never returned will have taken effect at the latest.
const NEVER: Stamp = Stamp { ordinal: u64::MAX, at_ns: u64::MAX };
/// An offset that no one has named.
const NOWHERE: Offset = Offset::MAX;

/// What an operation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// An append: it may have happened.
    Append,
    /// An append that certainly did not happen.
    Refused,
    /// A read.
    Read,
}

/// One operation and when it took effect: somewhere between the two moments.
#[derive(Clone, Copy, Debug)]
struct Operation {
    called: Stamp,
    returned: Stamp,
    client: u32,
    partition: Partition,
    kind: Kind,
    is_idempotent: bool,
}

/// One message: the append that carries it, and where it was first seen.
#[derive(Clone, Copy, Debug)]
struct Message {
    append: u32,
    offset: Offset,
}

/// One offset: its message and the operations that bound its moment. Numbers plus one; 0 for none.
#[derive(Clone, Copy, Debug, Default)]
struct Place {
    message: u32,
    /// Who first said that this message stands here.
    named_by: u32,
    /// It came to be after this operation was asked.
    lower: u32,
    /// It came to be before this operation returned.
    upper: u32,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct LinearizableLog {
    ids: Interner,
    messages: Vec<Message>,
    operations: Vec<Operation>,
    logs: Vec<ByOffset<Place>>,
    /// Operations that said anything about a log.
    covered: u64,
    /// A message id that two calls carried: then no one can say what stands where.
    ambiguous: Option<MessageId>,
    breach: Breach,
}

impl Checker for LinearizableLog {
    fn name(&self) -> &'static str {
        "linearizable_log"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn observe(&mut self, _at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Called(call) => self.note_call(call),
            Event::Returned(call) => self.note_return(call),
            Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, _shared: &Shared) -> Verdict {
        if let Some(message) = self.ambiguous {
            return Verdict::Unknown(format!(
                "malformed history: m{message} was asked for by two calls"
            ));
        }
        self.fit_windows();
        let covered = self.covered;
        self.breach.verdict_or(|| {
            Verdict::holds_if_covered(covered, "no append at quorum and no read succeeded")
        })
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl LinearizableLog {
    fn note_call(&mut self, call: &Call) {
        let Ask::Produce { partition, messages, producer, .. } = &call.ask else { return };
        let append = self.operate(Operation {
            called: call.called,
            returned: NEVER,
            client: call.client,
            partition: *partition,
            kind: Kind::Append,
            is_idempotent: producer.is_some(),
        });
        for message in messages {
            let (_, is_new) = self.ids.intern(*message);
            if is_new {
                self.messages.push(Message { append, offset: NOWHERE });
            } else if !self.breach.is_some() {
                self.ambiguous.get_or_insert(*message);
            }
        }
    }

    fn note_return(&mut self, call: &Call) {
        match (&call.ask, &call.outcome) {
            (
                Ask::Produce { partition, messages, acks, .. },
                Outcome::Ok(Reply::Produced { first: Some(first) }),
            ) if acks.is_durable() => {
                let Some(append) = self.append_of(call, messages) else { return };
                self.covered += 1;
                self.operations[append as usize].returned = call.returned.unwrap_or(NEVER);
                for (offset, message) in placed(*first, messages) {
                    self.name(append, *partition, Record { offset, message });
                    self.bound_above(append, *partition, offset);
                }
            }
            (Ask::Produce { messages, .. }, Outcome::Refused(_)) => {
                let Some(append) = self.append_of(call, messages) else { return };
                self.operations[append as usize].kind = Kind::Refused;
                for message in messages {
                    self.judge_refused(*message);
                }
            }
            (
                Ask::Fetch { partition, from, level },
                Outcome::Ok(Reply::Fetched { records, end }),
            ) => self.judge_fetch(call, (*partition, *from, *level), records, *end),
            (_, Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_)) => {}
        }
    }

    fn operate(&mut self, operation: Operation) -> u32 {
        let number = u32::try_from(self.operations.len()).expect("fewer than 4 billion operations");
        self.operations.push(operation);
        number
    }

    /// The operation of a produce call, found by its first message.
    fn append_of(&self, call: &Call, messages: &[MessageId]) -> Option<u32> {
        let message = self.ids.find(*messages.first()?)?;
        let append = self.messages[message as usize].append;
        (self.operations[append as usize].called == call.called).then_some(append)
    }

    fn judge_fetch(
        &mut self,
        call: &Call,
        (partition, from, level): (Partition, Offset, ReadLevel),
        records: &[Record],
        end: Offset,
    ) {
        self.covered += 1;
        let read = self.operate(Operation {
            called: call.called,
            returned: call.returned.unwrap_or(NEVER),
            client: call.client,
            partition,
            kind: Kind::Read,
            is_idempotent: false,
        });
        for (expected, record) in (from..).zip(records) {
            if record.offset != expected {
                self.report_gap_in_read(read, expected, *record);
                return;
            }
            if record.offset >= end {
                self.report_past_end(read, end, *record);
                return;
            }
            self.name(read, partition, *record);
        }
        // What was seen exists, and so does everything below the end. Moments rise with offsets, so
        // the last one bounds them all.
        if let Some(last) = end.checked_sub(1) {
            self.bound_above(read, partition, last);
        }
        match level {
            ReadLevel::Linearizable => self.bound_below(read, partition, end),
            ReadLevel::Eventual | ReadLevel::Bounded(_) | ReadLevel::Session => {}
        }
    }

    /// The operation says that this message stands at this offset.
    fn name(&mut self, by: u32, partition: Partition, record: Record) {
        let Record { offset, message: id } = record;
        let (number, is_new) = self.ids.intern(id);
        if is_new {
            // Nobody sent it. It keeps the read as its append, so that it is reported once.
            self.messages.push(Message { append: by, offset });
            self.report_phantom(by, record);
            return;
        }
        let message = self.messages[number as usize];
        let append = self.operations[message.append as usize];
        match append.kind {
            Kind::Refused => self.report_aborted(by, message.append, record),
            Kind::Append if append.partition != partition => {
                self.report_wrong_partition(by, message.append, record);
                return;
            }
            Kind::Append | Kind::Read => {}
        }
        if message.offset == NOWHERE {
            self.messages[number as usize].offset = offset;
        } else if message.offset != offset && append.is_idempotent {
            self.report_duplicate(by, message.append, message.offset, record);
        }
        let place = seat(&mut self.logs, partition).entry(offset);
        if place.message == 0 {
            (place.message, place.named_by) = (number + 1, by + 1);
            self.bound_below(message.append, partition, offset);
        } else if place.message != number + 1 {
            let (before, named_by) = (self.ids.id(place.message - 1), place.named_by - 1);
            self.report_inconsistent(by, record, named_by, before);
        }
    }

    /// The offset did not exist before this operation was asked.
    fn bound_below(&mut self, by: u32, partition: Partition, offset: Offset) {
        let place = seat(&mut self.logs, partition).entry(offset);
        let operations = &self.operations;
        let called = |number: u32| operations[number as usize].called;
        if place.lower.checked_sub(1).is_none_or(|lower| called(lower) < called(by)) {
            place.lower = by + 1;
        }
    }

    /// The offset existed when this operation returned.
    fn bound_above(&mut self, by: u32, partition: Partition, offset: Offset) {
        let place = seat(&mut self.logs, partition).entry(offset);
        let operations = &self.operations;
        let returned = |number: u32| operations[number as usize].returned;
        if place.upper.checked_sub(1).is_none_or(|upper| returned(by) < returned(upper)) {
            place.upper = by + 1;
        }
    }

    /// A call was refused; if any of its messages has been seen, it was not.
    fn judge_refused(&mut self, id: MessageId) {
        let Some(number) = self.ids.find(id) else { return };
        let Message { append, offset } = self.messages[number as usize];
        if offset == NOWHERE {
            return;
        }
        let partition = self.operations[append as usize].partition;
        let place = seat(&mut self.logs, partition).get(offset);
        if place.message == number + 1 {
            self.report_aborted(place.named_by - 1, append, Record { offset, message: id });
        }
    }

    /// What the operation that bounds an offset says about it.
    fn deed(&self, number: u32, offset: Offset, place: Place) -> Deed {
        match self.operations[number as usize].kind {
            Kind::Append | Kind::Refused => match place.message.checked_sub(1) {
                Some(message) => Deed::Append(offset, self.ids.id(message)),
                None => Deed::Reached(offset),
            },
            Kind::Read => Deed::Reached(offset),
        }
    }
}

#[cfg(test)]
mod tests;
