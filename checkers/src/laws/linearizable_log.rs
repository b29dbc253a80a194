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
//! A batch is judged as appends at consecutive offsets, a transaction as appends one by one; that
//! either becomes visible at once is not demanded here. Messages of producers that are not
//! idempotent may stand at several offsets, seen or not, where the contract permits retries.
//!
//! A poll bounds what it saw; what an empty one proves is told by `stale_poll`. A read's end bounds
//! nothing while an open transaction may hold readers back. Where the contract permits gaps, offsets
//! without a name have their moments like all others, and nobody needs to have filled them.

mod certificate;
mod evidence;
mod windows;

use super::{
    open_transactions::OpenTransactions,
    told::{Told, sends, told},
};
use crate::{
    breach::Breach,
    by_offset::{ByOffset, placed, seat},
    checker::{Checker, Event, Shared, Topic},
    contract::{Contract, Isolation},
    history::{Asked, Call, MessageId, Offset, Outcome, Partition, ReadLevel, Record, Stamp},
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
    open: OpenTransactions,
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

    fn observe(&mut self, _at: Stamp, event: Event<'_>, shared: &Shared) {
        self.open.observe(event);
        match event {
            Event::Called(call) => self.note_call(call, &shared.contract),
            Event::Numbered(call, _) => self.note_number(call),
            Event::Returned(call) => self.note_return(call, &shared.contract),
            Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(message) = self.ambiguous {
            return Verdict::Unknown(format!(
                "malformed history: m{message} was asked for by two calls"
            ));
        }
        self.fit_windows(shared.contract.permits_gaps);
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
    fn note_call(&mut self, call: Asked<'_>, contract: &Contract) {
        sends(call.ask, |sending| {
            let append = self.operate(Operation {
                called: call.called,
                returned: NEVER,
                client: call.client,
                partition: sending.partition,
                kind: Kind::Append,
                is_idempotent: sending.is_transaction || !contract.permits_retries,
            });
            for message in sending.messages {
                let (_, is_new) = self.ids.intern(*message);
                if is_new {
                    self.messages.push(Message { append, offset: NOWHERE });
                } else if !self.breach.is_some() {
                    self.ambiguous.get_or_insert(*message);
                }
            }
        });
    }

    /// From now on its messages may stand at one offset only.
    fn note_number(&mut self, call: Asked<'_>) {
        sends(call.ask, |sending| {
            if let Some(append) = self.append_of(call.called, sending.messages) {
                self.operations[append as usize].is_idempotent = true;
            }
        });
    }

    fn note_return(&mut self, call: &Call, contract: &Contract) {
        if let Outcome::Refused(_) = call.outcome {
            self.note_refusal(call, contract);
        }
        told(call, |told| match told {
            Told::Wrote(sending, Some(first)) if sending.acks.is_durable() => {
                let Some(append) = self.append_of(call.called, sending.messages) else { return };
                self.covered += 1;
                self.operations[append as usize].returned = call.returned.unwrap_or(NEVER);
                for (offset, message) in placed(first, sending.messages) {
                    self.name(append, sending.partition, Record::new(offset, message));
                    self.bound_above(append, sending.partition, offset);
                }
            }
            Told::Wrote(..) => {}
            Told::Fetched { partition, from, level, records, end } => {
                let permits_gaps = contract.permits_gaps;
                let read = self.note_read(call, partition);
                if self.judge_fetch(read, (partition, from, permits_gaps), records, end)
                    && level == ReadLevel::Linearizable
                    && !self.open.may_hide(partition, call.called, contract)
                {
                    self.bound_below(read, partition, end);
                }
            }
            Told::Polled { records: [], .. } => {}
            Told::Polled { partition, records } => {
                let read = self.note_read(call, partition);
                for record in records {
                    self.name(read, partition, *record);
                }
                let last = records.iter().map(|record| record.offset).max().unwrap_or_default();
                self.bound_above(read, partition, last);
            }
        });
    }

    /// What a refused call carried stands nowhere; what an aborted transaction did may be seen by
    /// readers of the uncommitted.
    fn note_refusal(&mut self, call: &Call, contract: &Contract) {
        sends(&call.ask, |sending| {
            let Some(append) = self.append_of(call.called, sending.messages) else { return };
            if sending.is_transaction && contract.isolation == Isolation::ReadUncommitted {
                return;
            }
            self.operations[append as usize].kind = Kind::Refused;
            sending.messages.iter().for_each(|message| self.judge_refused(*message));
        });
    }

    fn note_read(&mut self, call: &Call, partition: Partition) -> u32 {
        self.covered += 1;
        self.operate(Operation {
            called: call.called,
            returned: call.returned.unwrap_or(NEVER),
            client: call.client,
            partition,
            kind: Kind::Read,
            is_idempotent: false,
        })
    }

    fn operate(&mut self, operation: Operation) -> u32 {
        let number = u32::try_from(self.operations.len()).expect("fewer than 4 billion operations");
        self.operations.push(operation);
        number
    }

    /// The operation of a produce call, found by its first message.
    fn append_of(&self, called: Stamp, messages: &[MessageId]) -> Option<u32> {
        let message = self.ids.find(*messages.first()?)?;
        let append = self.messages[message as usize].append;
        (self.operations[append as usize].called == called).then_some(append)
    }

    /// Whether the fetch agrees with itself.
    fn judge_fetch(
        &mut self,
        read: u32,
        (partition, from, permits_gaps): (Partition, Offset, bool),
        records: &[Record],
        end: Offset,
    ) -> bool {
        let mut expected = from;
        for record in records {
            let is_due = record.offset == expected || (permits_gaps && record.offset > expected);
            if !is_due {
                self.report_gap_in_read(read, expected, *record);
                return false;
            }
            if record.offset >= end {
                self.report_past_end(read, end, *record);
                return false;
            }
            self.name(read, partition, *record);
            expected = record.offset.saturating_add(1);
        }
        // What was seen exists, and so does everything below the end. Moments rise with offsets, so
        // the last one bounds them all.
        if let Some(last) = end.checked_sub(1) {
            self.bound_above(read, partition, last);
        }
        true
    }

    /// The operation says that this message stands at this offset.
    fn name(&mut self, by: u32, partition: Partition, record: Record) {
        let Record { offset, message: id, .. } = record;
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
            self.report_aborted(place.named_by - 1, append, Record::new(offset, id));
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
