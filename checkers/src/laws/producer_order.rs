//! **producer_order**: along the offsets of a partition, each idempotent producer's (epoch,
//! sequence) rises (messaging.md 2.0 OR; checkers.md 4.6; S36-S38); and what one client had
//! acknowledged before it asked again stands at a lower offset (*monotonic writes*, Terry et al.
//! 1994, checkers.md 4.7).
//!
//! Offsets are learned from acknowledgements at `quorum` or above and from every read, by fetch or by
//! poll. A repeat is
//! a *duplicate*, a fall within an epoch is *reordered*, a lower epoch above a higher is a *zombie
//! write*. Gaps in the sequence are not its business: a call may have been refused.

use super::told::{Told, told};
use crate::{
    breach::{Breach, line},
    by_offset::{ByOffset, placed, seat},
    checker::{Checker, Event, Shared, Topic},
    history::{Ask, Asked, Call, MessageId, Offset, Outcome, Partition, Reply, Sequence, Stamp},
    intern::Interner,
    streams::{Lasts, Place, Streams},
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// Where a message stands in its producer's order.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    /// The producer's stream plus one; 0 where the producer is not idempotent.
    stream: u32,
    sequence: u32,
    position: u32,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct ProducerOrder {
    ids: Interner,
    messages: Vec<Message>,
    streams: Streams,
    /// By partition and offset: the message's number plus one.
    placed: Vec<ByOffset<u32>>,
    /// Client and partition: the highest offset that it was told, and when.
    told: BTreeMap<(u32, Partition), (Offset, Stamp)>,
    /// Calls under way: what their client had been told when it asked.
    floors: BTreeMap<u64, (Offset, Stamp)>,
    compared: u64,
    breach: Breach,
    now: Stamp,
}

impl Checker for ProducerOrder {
    fn name(&self) -> &'static str {
        "producer_order"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Called(call) => self.note_call(call),
            Event::Numbered(call, sequence) => self.note_number(call, sequence),
            Event::Returned(call) => {
                self.now = at;
                self.judge_return(at, call);
            }
            Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, _shared: &Shared) -> Verdict {
        self.walk();
        let compared = self.compared;
        self.breach.verdict_or(|| {
            Verdict::holds_if_covered(compared, "no producer had two messages in an order")
        })
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl ProducerOrder {
    fn note_call(&mut self, call: Asked<'_>) {
        let Ask::Produce { partition, acks, .. } = call.ask else { return };
        if acks.is_durable()
            && let Some(told) = self.told.get(&(call.client, *partition))
        {
            self.floors.insert(call.id, *told);
        }
    }

    fn note_number(&mut self, call: Asked<'_>, sequence: Sequence) {
        let Ask::Produce { partition, messages, .. } = call.ask else { return };
        let stream = self.streams.number(call.client, *partition, Some(sequence)) + 1;
        for (position, message) in (0..).zip(messages) {
            let (number, _) = self.ids.intern(*message);
            *seat(&mut self.messages, number) =
                Message { stream, sequence: sequence.sequence, position };
        }
    }

    fn judge_return(&mut self, at: Stamp, call: &Call) {
        match (&call.ask, &call.outcome) {
            (Ask::Produce { partition, messages, acks, .. }, outcome) => {
                let floor = self.floors.remove(&call.id);
                let Outcome::Ok(Reply::Produced { first: Some(first) }) = outcome else { return };
                let Some(last) = (messages.len() as u64).checked_sub(1) else { return };
                if !acks.is_durable() {
                    return;
                }
                for (offset, message) in placed(*first, messages) {
                    self.place(*partition, offset, message);
                }
                if let Some((floor, since)) = floor {
                    self.compared += 1;
                    if *first <= floor {
                        let place = (*partition, *first, messages[0]);
                        self.breach.add(|| fell(at, call, place, (floor, since)));
                    }
                }
                let last = first.saturating_add(last);
                let told = self.told.entry((call.client, *partition)).or_insert((last, at));
                if told.0 < last {
                    *told = (last, at);
                }
            }
            (_, Outcome::Ok(_)) => told(call, |told| match told {
                Told::Fetched { partition, records, .. } | Told::Polled { partition, records } => {
                    for record in records {
                        self.place(partition, record.offset, record.message);
                    }
                }
                // Transactions carry no sequence; their order is `nonmonotonic_send`.
                Told::Wrote(..) => {}
            }),
            (_, Outcome::Refused(_) | Outcome::Unknown(_)) => {}
        }
    }

    fn place(&mut self, partition: Partition, offset: Offset, message: MessageId) {
        let (number, _) = self.ids.intern(message);
        let place = seat(&mut self.placed, partition).entry(offset);
        if *place == 0 {
            *place = number + 1;
        }
    }

    /// Along the offsets of every partition, once everything is known.
    fn walk(&mut self) {
        for (partition, placed) in (0..).zip(&self.placed) {
            let mut lasts = Lasts::default();
            for (offset, number) in placed.iter() {
                let Some(number) = number.checked_sub(1) else { continue };
                let Some(message) = self.messages.get(number as usize) else { continue };
                let Some(stream) = message.stream.checked_sub(1) else { continue };
                let Some((producer, epoch)) = self.streams.get(stream).producer else { continue };
                let place = (epoch, message.sequence, message.position);
                match lasts.advance(producer, place, offset) {
                    Ok(was_compared) => self.compared += u64::from(was_compared),
                    Err(before) => {
                        let message = self.ids.id(number);
                        self.breach.add(|| {
                            let now = (place, offset);
                            out_of_order(self.now, (partition, producer), message, before, now)
                        });
                    }
                }
            }
        }
    }
}

fn fell(
    at: Stamp,
    call: &Call,
    (partition, first, message): (Partition, Offset, MessageId),
    (floor, since): (Offset, Stamp),
) -> Evidence {
    let client = call.client;
    Evidence {
        summary: format!(
            "reordered: c{client} knew of offset {floor} of partition {partition} before it sent \
             m{message}, which was then acknowledged at the lower offset {first}"
        ),
        lines: vec![
            line(since, format!("c{client} was told offset {floor} of partition {partition}")),
            line(call.called, format!("c{client} asked to append m{message}")),
            line(at, format!("c{client} was told that m{message} is at offset {first}")),
        ],
        partition: Some(partition),
        offset: Some(first),
        message: Some(message),
        ..Evidence::default()
    }
}

fn out_of_order(
    now: Stamp,
    (partition, producer): (Partition, u64),
    message: MessageId,
    (before, before_offset): (Place, Offset),
    (place, offset): (Place, Offset),
) -> Evidence {
    let kind = match before {
        before if before == place => "duplicate",
        before if before.0 == place.0 => "reordered",
        _ => "zombie write",
    };
    let words = |(epoch, sequence, position): Place| match position {
        0 => format!("epoch {epoch} sequence {sequence}"),
        _ => format!("epoch {epoch} sequence {sequence} message {position} of the call"),
    };
    Evidence {
        summary: format!(
            "{kind}: producer {producer} in partition {partition}: {} stands at offset \
             {before_offset}, below {} at offset {offset} (m{message})",
            words(before),
            words(place)
        ),
        lines: vec![
            line(now, format!("offset {before_offset}: producer {producer} {}", words(before))),
            line(now, format!("offset {offset}: producer {producer} {}: m{message}", words(place))),
        ],
        partition: Some(partition),
        offset: Some(offset),
        message: Some(message),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{evidence, holds, judge, unknown};

    #[test]
    fn a_rising_order_holds_over_epochs_calls_and_clients() {
        let verdict = judge(
            "producer_order",
            "c1 produce p1 m1,m2 producer=7/0/0 @1..2 ok offset=0
             c1 produce p1 m3 producer=7/0/2 @3..4 unknown
             c1 produce p1 m4 producer=7/1/0 @5..6 ok offset=3
             c2 produce p1 m5 producer=8/0/0 @1..9 ok offset=4
             c3 fetch p1 from=0 @7..8 ok [0:m1 1:m2 2:m3 3:m4] end=4",
        );
        assert_eq!(holds(&verdict), 4, "three steps of producer 7, and one floor of c1");
    }

    #[test]
    fn every_fall_has_its_name() {
        for (calls, read, name) in [
            ("producer=7/0/0 producer=7/0/1", "[0:m2 1:m1] end=2", "reordered"),
            ("producer=7/0/0 producer=7/1/0", "[0:m2 1:m1] end=2", "zombie write"),
            ("producer=7/0/0 producer=7/0/1", "[0:m1 1:m1] end=2", "duplicate"),
        ] {
            let (first, second) = calls.split_once(' ').expect("two calls");
            let evidence = evidence(judge(
                "producer_order",
                &format!(
                    "c1 produce p1 m1 {first} @1..2 unknown
                     c1 produce p1 m2 {second} @3..4 unknown
                     c3 fetch p1 from=0 @7..8 ok {read}"
                ),
            ));
            assert!(evidence.summary.starts_with(name), "{evidence:?}");
            assert_eq!((evidence.partition, evidence.offset), (Some(1), Some(1)));
        }
    }

    #[test]
    fn polls_show_the_order_as_fetches_do() {
        let evidence = evidence(judge(
            "producer_order",
            "c1 produce p1 m1 producer=7/0/0 @1..2 unknown
             c1 produce p1 m2 producer=7/0/1 @3..4 unknown
             c3 transact poll @7..8 ok p1[2:m2]\nc4 poll @7..8 ok p1[5:m1]",
        ));
        assert!(evidence.summary.starts_with("reordered: producer 7 in partition 1"));
    }

    #[test]
    fn messages_of_one_call_keep_their_order() {
        let evidence = evidence(judge(
            "producer_order",
            "c1 produce p1 m1,m2 producer=7/0/0 @1..2 unknown
             c3 fetch p1 from=0 @7..8 ok [0:m2 1:m1] end=2",
        ));
        assert!(evidence.summary.contains("sequence 0 message 1 of the call"), "{evidence:?}");
    }

    #[test]
    fn a_client_that_asks_again_gets_a_higher_offset() {
        let history = |second| {
            format!("c1 produce p1 m1 @1..2 ok offset=5\nc1 produce p1 m2 {second} ok offset=3")
        };
        let evidence = evidence(judge("producer_order", &history("@3..4")));
        assert_eq!((evidence.offset, evidence.message), (Some(3), Some(2)));
        let overlapping = judge("producer_order", &history("@1.5..4"));
        assert!(unknown(overlapping).starts_with("vacuous"));
    }

    #[test]
    fn without_two_messages_of_one_producer_it_is_vacuous() {
        let history = "c1 produce p1 m1 producer=7/0/0 @1..2 ok offset=5
                       c2 produce p1 m2 leader @3..4 ok offset=4";
        assert!(unknown(judge("producer_order", history)).starts_with("vacuous"));
    }
}
