//! **lost_write**: what was acknowledged and lies below something that was read, was read too, by
//! somebody (Jepsen's kafka workload, `lost-write`; checkers.md 5).
//!
//! A poll that shows offset 7 has passed everything below: its client started at the log's beginning,
//! or where others had come to. A fetch has passed what lies between where it was asked from and
//! its last record. What was passed and acknowledged at `quorum` or above, or is *proven* to have
//! happened because another message of its call was read, must have been read by the end.
//!
//! A message whose offset was never told is placed by its neighbours of the same call: a batch stands
//! at consecutive offsets, and a transaction's sends to one partition stand in their order. What
//! lies above everything that was read is the business of `unseen`.

use super::words::{Sighting, count, malformed, sent};
use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    history::{Acks, Offset, Stamp},
    ledger::{Act, Fate, Ledger, Number, Send},
    verdict::{Evidence, Verdict},
};

/// Offsets that reads have passed, from the first to the last, and who came to the last.
#[derive(Clone, Copy, Debug)]
struct Span {
    first: Offset,
    last: Sighting,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct LostWrite {
    /// By partition: spans in order, apart from one another.
    passed: Vec<Vec<Span>>,
}

impl Checker for LostWrite {
    fn name(&self) -> &'static str {
        "lost_write"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let Event::Returned(call) = event else { return };
        for act in shared.ledger.acts() {
            let Act::Read(read) = act else { continue };
            let records = shared.ledger.records(read);
            let Some(offset) = records.iter().map(|seen| seen.offset).max() else { continue };
            let first = if read.is_poll { 0 } else { read.from };
            let (client, partition) = (call.client, read.partition);
            let last = Sighting { at, client, partition, offset };
            add(seat(&mut self.passed, partition), Span { first, last });
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        let ledger = &shared.ledger;
        if let Some(unknown) = malformed(ledger) {
            return unknown;
        }
        let (mut breach, mut kept) = (Breach::default(), 0);
        for send in ledger.sends() {
            let messages = ledger.messages_of(send);
            let is_read = |message: &Number| ledger.is_read(*message);
            let is_proven = send.fate == Fate::Unknown && messages.iter().any(is_read);
            if !send.is_durable() && !is_proven {
                continue;
            }
            for (place, message) in messages.iter().enumerate() {
                if is_read(message) {
                    kept += 1;
                } else if let Some((offset, by)) = self.passed_over(ledger, send, place) {
                    breach.add(|| evidence(ledger, send, (*message, offset), by));
                }
            }
        }
        breach.verdict_or(|| {
            Verdict::holds_if_covered(kept, "nothing acknowledged at quorum or above was read")
        })
    }

    fn permitted(&self, shared: &Shared) -> Vec<String> {
        let ledger = &shared.ledger;
        let lost = |acks: Acks| {
            let sends = ledger.sends().iter();
            let sends = sends.filter(|send| send.fate == Fate::Acknowledged && send.acks == acks);
            let messages = sends.flat_map(|send| ledger.messages_of(send));
            let lost = messages.filter(|message| !ledger.is_read(**message)).count() as u64;
            (lost > 0).then(|| {
                let messages = count(lost, "message");
                format!(
                    "permitted by `{}`: {messages} acknowledged and read by nobody",
                    acks.name()
                )
            })
        };
        let weak = Acks::ALL.into_iter().filter(|acks| !acks.is_durable());
        let is_read = self.passed.iter().any(|spans| !spans.is_empty());
        weak.filter(|_| is_read).filter_map(lost).collect()
    }
}

impl LostWrite {
    /// Where the unread message stands, or the next known one above it, if reads have passed it.
    fn passed_over(
        &self,
        ledger: &Ledger,
        send: &Send,
        place: usize,
    ) -> Option<(Stands, Sighting)> {
        let messages = ledger.messages_of(send);
        let partition = ledger.partition_of(messages[place]);
        let at = where_it_stands(ledger, send, place)?;
        let spans = self.passed.get(partition as usize)?;
        let is_over = |span: &&Span| match at {
            Stands::At(offset) => span.first <= offset && offset <= span.last.offset,
            Stands::Below(offset) => span.first == 0 && offset <= span.last.offset,
        };
        Some((at, spans.iter().find(is_over)?.last))
    }
}

/// What is known of the place of a message.
#[derive(Clone, Copy)]
enum Stands {
    At(Offset),
    Below(Offset),
}

fn where_it_stands(ledger: &Ledger, send: &Send, place: usize) -> Option<Stands> {
    let messages = ledger.messages_of(send);
    if let Some(offset) = ledger.offset_of(messages[place]) {
        return Some(Stands::At(offset));
    }
    let partition = ledger.partition_of(messages[place]);
    if send.is_transaction {
        let above = messages[place + 1..].iter();
        let above = above.filter(|message| ledger.partition_of(**message) == partition);
        return above.filter_map(|message| ledger.offset_of(*message)).next().map(Stands::Below);
    }
    // Batches stand at consecutive offsets, so that any of their messages places the others.
    let mut known = messages.iter().enumerate();
    let offset = known.find_map(|(other, message)| {
        let offset = ledger.offset_of(*message)?;
        (offset + place as u64).checked_sub(other as u64)
    });
    offset.map(Stands::At)
}

/// Adds a span, and joins it with those that it touches.
fn add(spans: &mut Vec<Span>, mut span: Span) {
    let touches = |other: &Span| {
        other.first <= span.last.offset.saturating_add(1)
            && span.first <= other.last.offset.saturating_add(1)
    };
    let start = spans.partition_point(|other| other.last.offset.saturating_add(1) < span.first);
    let count = spans[start..].iter().take_while(|other| touches(other)).count();
    for other in &spans[start..start + count] {
        span.first = span.first.min(other.first);
        if other.last.offset >= span.last.offset {
            span.last = other.last;
        }
    }
    match count {
        1 => spans[start] = span,
        _ => drop(spans.splice(start..start + count, [span])),
    }
}

fn evidence(
    ledger: &Ledger,
    send: &Send,
    (message, place): (Number, Stands),
    by: Sighting,
) -> Evidence {
    let (id, partition) = (ledger.id(message), ledger.partition_of(message));
    let proof = match send.fate {
        Fate::Acknowledged => "was acknowledged",
        Fate::Unknown | Fate::Refused => "must exist (another message of its call was read)",
    };
    let (offset, words) = match place {
        Stands::At(offset) => (Some(offset), format!("stands at offset {offset}")),
        Stands::Below(offset) => (None, format!("stands below offset {offset}")),
    };
    let Sighting { at, client, offset: reached, .. } = by;
    let mut lines = sent(ledger, message);
    lines.push(line(at, format!("c{client} read partition {partition} up to offset {reached}")));
    Evidence {
        summary: format!(
            "lost_write: m{id} {proof} and {words} of partition {partition}, which was read up to \
             offset {reached}, and nobody ever read it"
        ),
        lines,
        partition: Some(partition),
        offset,
        message: Some(id),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        Contract, Judgement,
        testing::{evidence, holds, judge, judgement, unknown},
    };

    #[test]
    fn what_was_passed_and_read_by_anyone_holds() {
        let verdict = judge(
            "lost_write",
            "c1 produce p1 m1,m2 @1..2 ok offset=0
             c1 produce p1 m3 leader @3..4 ok offset=2
             c1 produce p1 m4,m5 @5..6 ok offset=3
             c2 poll @7..8 ok p1[0:m1]
             c3 fetch p1 from=1 @7..8 ok [1:m2 3:m4] end=5",
        );
        assert_eq!(holds(&verdict), 3);
    }

    #[test]
    fn an_acknowledged_message_below_a_read_one_is_lost() {
        for read in ["poll @7..8 ok p1[2:m3]", "fetch p1 from=0 @7..8 ok [0:m1 2:m3] end=3"] {
            let evidence = evidence(judge(
                "lost_write",
                &format!(
                    "c1 produce p1 m1,m2 @1..2 ok offset=0\nc1 produce p1 m3 @3..4 unknown
                     c2 {read}"
                ),
            ));
            assert!(evidence.summary.starts_with("lost_write: m"), "{evidence:?}");
            assert!(evidence.lines[2].text.starts_with("c2 read partition 1 up to offset 2"));
        }
    }

    #[test]
    fn an_overwritten_message_is_lost() {
        let evidence = evidence(judge(
            "lost_write",
            "c1 produce p1 m1 @1..2 ok offset=0
             c1 produce p1 m2,m3 @3..4 ok offset=0
             c2 poll @5..6 ok p1[0:m2 1:m3]",
        ));
        assert_eq!((evidence.message, evidence.offset), (Some(1), Some(0)));
        assert!(evidence.summary.contains("which was read up to offset 1"), "{evidence:?}");
    }

    #[test]
    fn a_read_proves_the_rest_of_its_call() {
        let transaction = "c1 transact p1:m1 p2:m2 p2:m3 @1..2 unknown
                           c9 poll @3..4 ok p2[7:m3]";
        let text = evidence(judge("lost_write", transaction)).summary;
        assert!(text.contains("m2 must exist (another message of its call was read)"), "{text}");
        assert!(text.contains("stands below offset 7"), "{text}");
        let batch = "c1 produce p1 m1,m2,m3 @1..2 unknown\nc9 poll @3..4 ok p1[5:m1 7:m3]";
        let text = evidence(judge("lost_write", batch)).summary;
        assert!(text.contains("m2 must exist") && text.contains("stands at offset 6"), "{text}");
    }

    #[test]
    fn what_nobody_passed_or_nobody_can_place_is_no_loss() {
        for (calls, kept) in [
            ("c1 produce p1 m2 @1..2 ok offset=5\nc9 poll @3..4 ok p1[0:m1]", 1),
            ("c1 produce p1 m2 @1..2 ok offset=0\nc9 fetch p1 from=3 @3..4 ok [3:m1] end=4", 1),
            ("c1 produce p1 m2 @1..2 unknown\nc9 poll @3..4 ok p1[3:m1]", 1),
            ("c1 transact p2:m2 p1:m3 @1..2 unknown\nc9 poll @3..4 ok p1[3:m3 4:m1]", 2),
        ] {
            let history = format!("c3 produce p1 m1 @0.1..0.2 ok\n{calls}");
            assert_eq!(holds(&judge("lost_write", &history)), kept, "{calls}");
        }
    }

    #[test]
    fn what_a_level_permits_to_lose_is_told() {
        let history = "c1 produce p1 m1 leader @1..2 ok offset=0
                       c1 produce p1 m2 none @1..2 ok\nc1 produce p1 m4 none @1..2 ok
                       c1 produce p1 m3 @3..4 ok offset=3
                       c2 poll @5..6 ok p1[3:m3]";
        let Judgement { verdict, permitted, .. } =
            judgement("lost_write", history, Contract::default());
        assert_eq!(holds(&verdict), 1);
        let expected = [
            "permitted by `none`: 2 messages acknowledged and read by nobody",
            "permitted by `leader`: 1 message acknowledged and read by nobody",
        ];
        assert_eq!(permitted, expected);
    }

    #[test]
    fn without_anything_kept_it_is_vacuous() {
        for history in [
            "c1 produce p1 m1 @1..2 ok offset=0",
            "c1 produce p1 m1 leader @1..2 ok offset=0\nc2 poll @3..4 ok p1[0:m1]",
        ] {
            assert!(unknown(judge("lost_write", history)).starts_with("vacuous"));
        }
    }

    #[test]
    fn spans_join_where_they_touch() {
        let sighting = |offset| Sighting { at: Stamp::default(), client: 1, partition: 1, offset };
        let mut spans = Vec::new();
        for (first, last) in [(10, 12), (0, 2), (20, 25), (13, 14), (4, 4), (3, 3), (13, 19)] {
            add(&mut spans, Span { first, last: sighting(last) });
        }
        let ends: Vec<_> = spans.iter().map(|span| (span.first, span.last.offset)).collect();
        assert_eq!(ends, [(0, 4), (10, 25)]);
    }
}
