//! **monotonic_writes**: what a session sent after an acknowledgement stands above what had been
//! acknowledged (Terry et al. 1994; Viotti & Vukolic 2016, *MW*; checkers.md 4.7; Jepsen's
//! `nonmonotonic-send`).
//!
//! The offset of a message is taken from its acknowledgement at `quorum` or above and from every
//! read that shows it, so that a call whose outcome is unknown is judged as well where somebody
//! sees what it did: it may have happened at any time, but not before it was made. Retries of one
//! message may stand at several offsets; all of them come after the call. Calls that overlap owe
//! each other nothing. This is exact within a partition; across partitions see `causal_order`.

use super::words::malformed;
use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    history::{Call, Stamp},
    sessions::{Fall, Floors, message_at, told_place},
    verdict::{Evidence, Verdict},
};

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct MonotonicWrites {
    floors: Floors,
    breach: Breach,
}

impl Checker for MonotonicWrites {
    fn name(&self) -> &'static str {
        "monotonic_writes"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Sessions]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => {
                self.floors.lay(call, &shared.sessions, &shared.ledger, |known| known.written);
            }
            Event::Returned(call) => {
                for fall in self.floors.falls(&shared.ledger) {
                    self.breach.add(|| fell(at, call, &fall, shared));
                }
            }
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(malformed) = malformed(&shared.ledger) {
            return malformed;
        }
        let (floors, what) = (self.floors, "no session sent again after an acknowledgement");
        self.breach.verdict_or(|| floors.verdict(what))
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

fn fell(at: Stamp, call: &Call, fall: &Fall, shared: &Shared) -> Evidence {
    let ledger = &shared.ledger;
    let Fall { message, partition, offset, floor } = *fall;
    let (id, before) = (ledger.id(message), floor.end - 1);
    let earlier = message_at(&shared.ledger, partition, before);
    let mut lines = vec![told_place(call, at, fall, &shared.ledger)];
    let mut client = String::from("a session");
    if let Some(send) = ledger.send_of(message) {
        client = format!("c{}", send.client);
        let told = format!("{client} was told that {earlier} is at offset {before}");
        lines.push(line(floor.since, told));
        lines.push(line(send.called, format!("{client} asked to append m{id}")));
    }
    Evidence {
        summary: format!(
            "monotonic_writes: {client} sent m{id} after {earlier} had been acknowledged to it at \
             offset {before} of partition {partition}, and it stands at the lower offset {offset}"
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

    const LAW: &str = "monotonic_writes";

    #[test]
    fn writes_in_the_order_of_their_session_hold() {
        let verdict = judge(
            LAW,
            "c1 produce p1 m1 @1..2 ok offset=0
             c1 produce p1 m2 @3..4 ok offset=1
             c1 transact p1:m3 @5..6 ok 2
             c2 fetch p1 from=0 @7..8 ok [0:m1 1:m2 2:m3] end=3",
        );
        assert_eq!(holds(&verdict), 4, "two acknowledgements, and two records that have a floor");
    }

    #[test]
    fn a_later_write_below_an_acknowledged_one_is_found_by_acknowledgement_and_by_read() {
        for (second, at) in [
            ("c1 produce p1 m2 @3..4 ok offset=3", 4.0),
            ("c1 produce p1 m2 @3..4 unknown\nc2 fetch p1 from=3 @7..8 ok [3:m2] end=6", 8.0),
            ("c1 transact p1:m2 @3..4 ok -\nc2 poll @7..8 ok p1[3:m2]", 8.0),
        ] {
            let evidence =
                evidence(judge(LAW, &format!("c1 produce p1 m1 @1..2 ok offset=5\n{second}")));
            assert!(evidence.summary.starts_with("monotonic_writes: c1 sent m2"), "{evidence:?}");
            assert_eq!((evidence.offset, evidence.message), (Some(3), Some(2)));
            assert_eq!((evidence.lines.len(), evidence.count), (3, 1));
            assert_eq!(evidence.lines[2].at_ns as f64 / 1e9, at);
        }
    }

    #[test]
    fn writes_that_overlap_or_follow_what_may_be_lost_are_vacuous() {
        for (first, second) in [("quorum @1..3", "@2..4"), ("leader @1..2", "@3..4")] {
            let history = format!(
                "c1 produce p1 m1 {first} ok offset=5\nc1 produce p1 m2 {second} ok offset=3"
            );
            assert!(unknown(judge(LAW, &history)).starts_with("vacuous"), "{history}");
        }
    }

    #[test]
    fn a_message_of_two_calls_is_no_history() {
        let history = "c1 produce p1 m1 @1..2 ok offset=5\nc1 produce p1 m1 @3..4 ok offset=3";
        assert!(unknown(judge(LAW, history)).starts_with("malformed history: m1"));
    }
}
