//! **nonmonotonic_send**: a client's sends never go back: what it sends to a partition after an
//! acknowledgement stands above what was acknowledged (*monotonic writes*, Terry et al. 1994;
//! Jepsen's kafka workload, `nonmonotonic-send`), and within one call messages stand in the order in
//! which they were sent (`int_nonmonotonic_send`).
//!
//! Offsets are learned from durable acknowledgements and from reads. A call without an answer may
//! take effect late, so that nothing needs to stand above it; where it stands itself is judged.

use super::words::{malformed, sent};
use crate::{
    breach::Breach,
    checker::{Checker, Event, Shared, Topic},
    history::{Offset, Partition, Stamp},
    ledger::{Fate, Ledger, Number, Send},
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// The judge. Everything is in the ledger, at the end.
#[derive(Debug, Default)]
pub(crate) struct NonmonotonicSend;

/// The highest message that a client was acknowledged in a partition, and when.
#[derive(Clone, Copy)]
struct Floor {
    offset: Offset,
    message: Number,
    returned: Option<Stamp>,
}

impl Checker for NonmonotonicSend {
    fn name(&self) -> &'static str {
        "nonmonotonic_send"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Ledger]
    }

    fn observe(&mut self, _at: Stamp, _event: Event<'_>, _shared: &Shared) {}

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        let ledger = &shared.ledger;
        malformed(ledger).unwrap_or_else(|| judge(ledger))
    }
}

fn judge(ledger: &Ledger) -> Verdict {
    let mut floors: BTreeMap<(u32, Partition), Floor> = BTreeMap::new();
    let (mut breach, mut compared) = (Breach::default(), 0);
    for send in ledger.sends().iter().filter(|send| send.fate != Fate::Refused) {
        for (place, message) in ledger.messages_of(send).iter().enumerate() {
            let Some(offset) = ledger.offset_of(*message) else { continue };
            let partition = ledger.partition_of(*message);
            if let Some((before, below)) = sibling(ledger, send, place, partition) {
                compared += 1;
                if offset <= below {
                    let (before, now) = ((before, below), (*message, offset));
                    breach.add(|| evidence("int_nonmonotonic_send", ledger, send, before, now));
                    continue;
                }
            }
            let floor = floors.get(&(send.client, partition)).copied();
            let floor = floor.filter(|floor| floor.returned.is_some_and(|at| at < send.called));
            let Some(floor) = floor else { continue };
            compared += 1;
            if offset <= floor.offset {
                let (before, now) = ((floor.message, floor.offset), (*message, offset));
                breach.add(|| evidence("nonmonotonic_send", ledger, send, before, now));
            }
        }
        if send.is_durable() {
            raise(&mut floors, ledger, send);
        }
    }
    breach.verdict_or(|| Verdict::holds_if_covered(compared, "no client sent twice to a partition"))
}

/// The message before this one that the call sent to the same partition, if its place is known.
fn sibling(
    ledger: &Ledger,
    send: &Send,
    place: usize,
    partition: Partition,
) -> Option<(Number, Offset)> {
    let before = ledger.messages_of(send)[..place].iter().rev();
    let sibling = before.copied().find(|message| ledger.partition_of(*message) == partition)?;
    Some((sibling, ledger.offset_of(sibling)?))
}

fn raise(floors: &mut BTreeMap<(u32, Partition), Floor>, ledger: &Ledger, send: &Send) {
    for message in ledger.messages_of(send) {
        let Some(offset) = ledger.offset_of(*message) else { continue };
        let floor = Floor { offset, message: *message, returned: send.returned };
        let highest = floors.entry((send.client, ledger.partition_of(*message))).or_insert(floor);
        if highest.offset < offset {
            *highest = floor;
        }
    }
}

fn evidence(
    name: &str,
    ledger: &Ledger,
    send: &Send,
    (before, below): (Number, Offset),
    (message, offset): (Number, Offset),
) -> Evidence {
    let (client, partition) = (send.client, ledger.partition_of(message));
    let (before_id, id) = (ledger.id(before), ledger.id(message));
    let mut lines = sent(ledger, before);
    lines.extend(sent(ledger, message));
    Evidence {
        summary: format!(
            "{name}: c{client} sent m{before_id} to partition {partition}, where it stands at \
             offset {below}, and then m{id}, which stands at offset {offset}"
        ),
        lines,
        partition: Some(partition),
        offset: Some(offset),
        message: Some(id),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::{evidence, holds, judge, unknown};

    #[test]
    fn sends_that_rise_hold() {
        let verdict = judge(
            "nonmonotonic_send",
            "c1 produce p1 m1,m2 @1..2 ok offset=0
             c1 transact p1:m3 p2:m4 p1:m5 @3..4 ok 2; 0; 4
             c2 produce p1 m6 @5..6 ok offset=3",
        );
        assert_eq!(holds(&verdict), 4, "m1 m2, m3 and m5 above m2, m3 m5");
    }

    #[test]
    fn a_send_below_what_was_acknowledged_before_is_a_violation() {
        for second in ["produce p1 m2", "transact p2:m3 p1:m2"] {
            for read in ["", "c9 poll @7..8 ok p1[0:m2]"] {
                let answer = match (second, read) {
                    (_, "c9 poll @7..8 ok p1[0:m2]") => "unknown",
                    ("produce p1 m2", _) => "ok offset=0",
                    (_, _) => "ok 7; 0",
                };
                let evidence = evidence(judge(
                    "nonmonotonic_send",
                    &format!(
                        "c1 produce p1 m1 @1..2 ok offset=5\nc1 {second} @3..4 {answer}\n{read}"
                    ),
                ));
                assert!(evidence.summary.starts_with("nonmonotonic_send: c1 sent m1"));
                assert_eq!((evidence.offset, evidence.message), (Some(0), Some(2)));
                assert_eq!(evidence.lines.len(), 4, "{evidence:?}");
            }
        }
    }

    #[test]
    fn sends_of_one_call_keep_their_order() {
        for history in [
            "c1 transact p1:m1 p2:m3 p1:m2 @1..2 ok 3; 0; 1",
            "c1 transact p1:m1 p1:m2 @1..2 unknown\nc2 poll @3..4 ok p1[2:m2 4:m1]",
            "c1 produce p1 m1,m2 @1..2 unknown\nc2 poll @3..4 ok p1[2:m2 3:m1]",
        ] {
            let evidence = evidence(judge("nonmonotonic_send", history));
            assert!(evidence.summary.starts_with("int_nonmonotonic_send: c1 sent m1"));
        }
    }

    #[test]
    fn what_has_no_answer_may_take_effect_late() {
        let history = "c1 produce p1 m1 @1..2 unknown
                       c1 produce p1 m2 @3..4 ok offset=0
                       c1 produce p1 m3 @3.5..5 ok offset=2
                       c2 poll @6..7 ok p1[0:m2 1:m1 2:m3]";
        assert!(unknown(judge("nonmonotonic_send", history)).starts_with("vacuous"));
    }

    #[test]
    fn without_two_sends_of_a_client_it_is_vacuous() {
        let history = "c1 produce p1 m1 @1..2 ok offset=5\nc2 produce p1 m2 @3..4 ok offset=0
                       c1 produce p2 m3 @5..6 ok offset=1\nc1 produce p1 m4 @7..8 refused";
        assert!(unknown(judge("nonmonotonic_send", history)).starts_with("vacuous"));
    }
}
