//! **offset_agreement**: one committed offset of a partition holds one message, for every read and
//! every acknowledgement at `quorum` or above, for ever; and a message has one offset
//! (messaging.md 2.0 OA; Jepsen's `inconsistent-offsets` and `duplicate`).
//!
//! Two messages at one offset are *inconsistent_offsets*, one message at two offsets a *duplicate*.
//! If it was acknowledged at the one and only ever read at the other, nothing was written twice, but
//! the acknowledgement told a wrong offset: *ack_offset_mismatch*. That is only certain at the end,
//! so that a violation gets its name there.
//!
//! Acknowledgements below `quorum` are outside: their offset may be given to another message until
//! a read shows it, and then the read is what counts. A message whose producer is not idempotent
//! may stand at several offsets where the contract permits retries to be appended each.

use super::told::{Sending, Told, sends, told};
use crate::{
    breach::{Breach, line},
    by_offset::{ByOffset, placed, seat},
    checker::{Checker, Event, Shared, Topic},
    facts::{Fact, FactKind},
    history::{Asked, Call, MessageId, Offset, Partition, Record, Stamp},
    intern::Interner,
    verdict::{Evidence, Verdict},
};

/// Who said that a message stands at an offset.
#[derive(Clone, Copy, Debug)]
enum Witness {
    Acknowledged { client: u32 },
    Read { client: u32 },
    Sent { node: u32 },
}

/// One sighting of a message at an offset.
#[derive(Clone, Copy, Debug)]
struct Sighting {
    at: Stamp,
    partition: Partition,
    offset: Offset,
    witness: Witness,
}

/// What is known of one message.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    first: Option<Sighting>,
    /// Whether any read saw it where it was first sighted.
    is_read_there: bool,
    is_idempotent: bool,
}

/// The first time that a message was sighted where it does not belong.
#[derive(Clone, Copy, Debug)]
struct Moved {
    message: u32,
    first: Sighting,
    now: Sighting,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct OffsetAgreement {
    ids: Interner,
    messages: Vec<Message>,
    /// By partition and offset: the message's number plus one.
    placed: Vec<ByOffset<u32>>,
    compared: u64,
    breach: Breach,
    moved: Option<Moved>,
    /// The first two messages that shared an offset, by number.
    shared: Option<(u32, u32)>,
}

impl Checker for OffsetAgreement {
    fn name(&self) -> &'static str {
        "offset_agreement"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Acked]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => {
                let permits_retries = shared.contract.permits_retries;
                self.note_idempotent(call, |sending| sending.is_transaction || !permits_retries);
            }
            Event::Numbered(call, _) => self.note_idempotent(call, |_| true),
            Event::Returned(call) => self.judge_call(at, call),
            Event::Fact(Fact::Acked { node, group, acks, offset, message, .. }) => {
                if acks.is_durable() {
                    let witness = Witness::Sent { node: *node };
                    self.judge(at, *group, (*offset, *message), witness);
                }
            }
            Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, _shared: &Shared) -> Verdict {
        let compared = self.compared;
        self.name_mismatch();
        self.breach
            .verdict_or(|| Verdict::holds_if_covered(compared, "no offset was ever named twice"))
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl OffsetAgreement {
    /// Messages that may stand at one offset only.
    fn note_idempotent(&mut self, call: Asked<'_>, is_it: impl Fn(&Sending<'_>) -> bool) {
        sends(call.ask, |sending| {
            if !is_it(&sending) {
                return;
            }
            for message in sending.messages {
                let (number, _) = self.ids.intern(*message);
                seat(&mut self.messages, number).is_idempotent = true;
            }
        });
    }

    fn judge_call(&mut self, at: Stamp, call: &Call) {
        let client = call.client;
        told(call, |told| match told {
            Told::Wrote(sending, Some(first)) if sending.acks.is_durable() => {
                let witness = Witness::Acknowledged { client };
                for (offset, message) in placed(first, sending.messages) {
                    self.judge(at, sending.partition, (offset, message), witness);
                }
            }
            Told::Wrote(..) => {}
            Told::Fetched { partition, records, .. } | Told::Polled { partition, records } => {
                let witness = Witness::Read { client };
                for Record { offset, message, .. } in records {
                    self.judge(at, partition, (*offset, *message), witness);
                }
            }
        });
    }

    fn judge(
        &mut self,
        at: Stamp,
        partition: Partition,
        (offset, message): (Offset, MessageId),
        witness: Witness,
    ) {
        let (number, _) = self.ids.intern(message);
        let now = Sighting { at, partition, offset, witness };
        let place = seat(&mut self.placed, partition).entry(offset);
        match place.checked_sub(1) {
            None => *place = number + 1,
            Some(before) => {
                self.compared += 1;
                if before != number {
                    self.shared.get_or_insert((before, number));
                    self.note_elsewhere(number, now);
                    let first = seat(&mut self.messages, before).first;
                    let before = self.ids.id(before);
                    self.breach.add(|| two_messages(now, message, first, before));
                    return;
                }
            }
        }
        let known = seat(&mut self.messages, number);
        let first = *known.first.get_or_insert(now);
        let is_moved = (first.partition, first.offset) != (partition, offset);
        known.is_read_there |= !is_moved && witness.is_read();
        if is_moved && (known.is_idempotent || first.partition != partition) {
            self.moved.get_or_insert(Moved { message: number, first, now });
            self.breach.add(|| two_offsets(now, first, message));
        }
    }

    /// The message shares its place with another. It may have been sighted elsewhere before.
    fn note_elsewhere(&mut self, number: u32, now: Sighting) {
        let known = seat(&mut self.messages, number);
        let first = *known.first.get_or_insert(now);
        let is_moved = (first.partition, first.offset) != (now.partition, now.offset);
        if is_moved && known.is_idempotent {
            self.moved.get_or_insert(Moved { message: number, first, now });
        }
    }

    /// Where the first message that moved was never read at the one of its two places that an
    /// acknowledgement named, the acknowledgement was wrong, and what followed from it is no news.
    fn name_mismatch(&mut self) {
        let Some(Moved { message, first, now }) = self.moved else { return };
        if first.partition != now.partition {
            return;
        }
        let is_read_first = self.messages[message as usize].is_read_there;
        let (told, read) = match (first.witness, now.witness) {
            (Witness::Acknowledged { .. }, Witness::Read { .. }) if !is_read_first => (first, now),
            (Witness::Read { .. }, Witness::Acknowledged { .. }) => (now, first),
            (
                Witness::Acknowledged { .. } | Witness::Read { .. } | Witness::Sent { .. },
                Witness::Acknowledged { .. } | Witness::Read { .. } | Witness::Sent { .. },
            ) => return,
        };
        // Another disagreement, about other messages, came first and stays.
        if self.shared.is_some_and(|(before, after)| before != message && after != message) {
            return;
        }
        let (id, count) = (self.ids.id(message), self.breach.count());
        self.breach = Breach::default();
        self.breach.add_many(count, || mismatch(told, read, id));
    }
}

impl Witness {
    fn is_read(self) -> bool {
        match self {
            Witness::Read { .. } => true,
            Witness::Acknowledged { .. } | Witness::Sent { .. } => false,
        }
    }
}

impl Sighting {
    fn line(&self, message: MessageId) -> crate::verdict::Line {
        let Sighting { at, partition, offset, witness } = *self;
        let text = match witness {
            Witness::Acknowledged { client } => {
                format!(
                    "c{client} was told that m{message} is at offset {offset} of partition {partition}"
                )
            }
            Witness::Read { client } => {
                format!("c{client} read m{message} at offset {offset} of partition {partition}")
            }
            Witness::Sent { node } => {
                format!(
                    "n{node}: acknowledged m{message} at offset {offset} of partition {partition}"
                )
            }
        };
        line(at, text)
    }
}

fn two_messages(
    now: Sighting,
    message: MessageId,
    first: Option<Sighting>,
    before: MessageId,
) -> Evidence {
    let Sighting { partition, offset, .. } = now;
    let mut lines: Vec<_> = first.map(|first| first.line(before)).into_iter().collect();
    lines.push(now.line(message));
    Evidence {
        summary: format!(
            "inconsistent_offsets: offset {offset} of partition {partition} was m{before} and is \
             m{message}"
        ),
        lines,
        partition: Some(partition),
        offset: Some(offset),
        message: Some(before),
        ..Evidence::default()
    }
}

fn two_offsets(now: Sighting, first: Sighting, message: MessageId) -> Evidence {
    Evidence {
        summary: format!(
            "duplicate: m{message} stands at offset {} of partition {} and at offset {} of \
             partition {}",
            first.offset, first.partition, now.offset, now.partition
        ),
        lines: vec![first.line(message), now.line(message)],
        partition: Some(now.partition),
        offset: Some(now.offset),
        message: Some(message),
        ..Evidence::default()
    }
}

fn mismatch(told: Sighting, read: Sighting, message: MessageId) -> Evidence {
    let Sighting { partition, offset, .. } = told;
    Evidence {
        summary: format!(
            "ack_offset_mismatch: m{message} was acknowledged at offset {offset} of partition \
             {partition}, and was only ever read at offset {} of partition {}",
            read.offset, read.partition
        ),
        lines: vec![told.line(message), read.line(message)],
        partition: Some(partition),
        offset: Some(offset),
        message: Some(message),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Contract,
        testing::{World, entry, evidence, holds, judge, judgement, unknown},
    };

    #[test]
    fn reads_and_acknowledgements_that_agree_hold() {
        let verdict = judge(
            "offset_agreement",
            "c1 produce p1 m1,m2 @1..2 ok offset=0
             c1 produce p2 m3 @1..2 ok offset=0
             c2 fetch p1 from=0 @3..4 ok [0:m1 1:m2] end=2
             c2 fetch p1 from=1 eventual @5..6 ok [1:m2] end=2",
        );
        assert_eq!(holds(&verdict), 3);
    }

    #[test]
    fn an_acknowledged_offset_that_reads_as_another_message_is_a_violation() {
        let evidence = evidence(judge(
            "offset_agreement",
            "c1 produce p1 m1 @1..2 ok offset=0
             c2 produce p1 m2 @1..9 unknown
             c2 fetch p1 from=0 eventual @3..4 ok [0:m2] end=1",
        ));
        assert_eq!((evidence.partition, evidence.offset), (Some(1), Some(0)));
        assert_eq!(evidence.message, Some(1));
        assert_eq!(evidence.lines[0].text, "c1 was told that m1 is at offset 0 of partition 1");
        assert_eq!(evidence.lines[1].text, "c2 read m2 at offset 0 of partition 1");
    }

    #[test]
    fn below_quorum_an_offset_may_still_change_its_message() {
        let verdict = judge(
            "offset_agreement",
            "c1 produce p1 m1 leader @1..2 ok offset=0
             c1 produce p1 m2 @3..4 ok offset=0
             c2 fetch p1 from=0 @5..6 ok [0:m2] end=1",
        );
        assert_eq!(holds(&verdict), 1);
    }

    #[test]
    fn an_idempotent_message_has_one_offset_and_another_may_have_two() {
        let history = |producer| {
            format!(
                "c1 produce p1 m1 {producer} @1..2 ok offset=0
                 c2 fetch p1 from=0 @3..4 ok [0:m1 1:m1] end=2"
            )
        };
        let evidence = evidence(judge("offset_agreement", &history("producer=1/0/0")));
        assert!(evidence.summary.starts_with("duplicate: m1 stands at offset 0"), "{evidence:?}");
        assert_eq!(holds(&judge("offset_agreement", &history(""))), 1);
    }

    #[test]
    fn polls_and_transactions_name_offsets_as_well() {
        let agree = "c1 transact p1:m1 poll p2:m2 @1..2 ok 0; -; 4
                     c2 poll @3..4 ok p1[0:m1] p2[4:m2]";
        assert_eq!(holds(&judge("offset_agreement", agree)), 2);
        let differ = agree.replace("4:m2", "4:m7");
        let text = evidence(judge("offset_agreement", &differ)).summary;
        assert!(text.starts_with("inconsistent_offsets: offset 4 of partition 2"), "{text}");
    }

    #[test]
    fn without_retries_every_message_has_one_offset() {
        let history = "c1 produce p1 m1 @1..2 ok offset=1\nc2 poll @3..4 ok p1[1:m1 3:m1]";
        assert_eq!(holds(&judge("offset_agreement", history)), 1);
        let verdict = judgement("offset_agreement", history, Contract::kafka()).verdict;
        assert!(evidence(verdict).summary.starts_with("duplicate: m1 stands at offset 1"));
    }

    #[test]
    fn an_acknowledgement_that_no_read_bears_out_told_a_wrong_offset() {
        for history in [
            "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=1\nc2 poll @3..4 ok p1[0:m1]",
            "c1 produce p1 m1 producer=1/0/0 @1..9 ok offset=1\nc2 poll @3..4 ok p1[0:m1]",
            "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=1
             c1 produce p1 m2 producer=1/0/1 @3..4 ok offset=1
             c2 poll @5..6 ok p1[0:m1 1:m2]",
        ] {
            let evidence = evidence(judge("offset_agreement", history));
            let text = "ack_offset_mismatch: m1 was acknowledged at offset 1 of partition 1";
            assert!(evidence.summary.starts_with(text), "{evidence:?}");
        }
        let read_at_both = "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=1
                            c2 poll @3..4 ok p1[0:m1 1:m1]";
        assert!(evidence(judge("offset_agreement", read_at_both)).summary.starts_with("duplicate"));
    }

    #[test]
    fn an_acknowledgement_counts_even_if_its_client_never_hears_it() {
        let mut world = World::of("offset_agreement");
        world.acked(1, entry(1, 1), 0, 8);
        world.acked(2, entry(1, 2), 0, 9);
        assert!(world.bench.is_breached());
        assert_eq!(evidence(world.verdict()).message, Some(8));
    }

    #[test]
    fn without_an_offset_named_twice_it_is_vacuous() {
        let history = "c1 produce p1 m1 @1..2 ok offset=0";
        assert!(unknown(judge("offset_agreement", history)).starts_with("vacuous"));
    }
}
