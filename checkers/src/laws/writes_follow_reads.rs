//! **writes_follow_reads**: what a session sent after a read stands above everything that the read
//! showed (Terry et al. 1994; Viotti & Vukolic 2016, *WFR*; checkers.md 4.7).
//!
//! Every level only shows what is committed, so reads of every level count, and so does the end of
//! the partition where a fetch tells it. The offset of a message is taken from its acknowledgement
//! at `quorum` or above and from every read that shows it; a call whose outcome is unknown is
//! judged where somebody sees what it did. Calls that overlap owe each other nothing. This is exact
//! within a partition; that nobody sees an effect without its cause in another one is
//! `causal_order`.

use super::words::malformed;
use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    history::{Call, Stamp},
    sessions::{Fall, Floors, told_place},
    verdict::{Evidence, Verdict},
};

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct WritesFollowReads {
    floors: Floors,
    breach: Breach,
}

impl Checker for WritesFollowReads {
    fn name(&self) -> &'static str {
        "writes_follow_reads"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Sessions]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => {
                self.floors.lay(call, &shared.sessions, &shared.ledger, |known| known.told);
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
        let (floors, what) =
            (self.floors, "no session sent to a partition that it had read before");
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
    let mut lines = vec![told_place(call, at, fall, &shared.ledger)];
    let mut client = String::from("a session");
    if let Some(send) = ledger.send_of(message) {
        client = format!("c{}", send.client);
        let read = format!("{client} saw that partition {partition} reaches offset {before}");
        lines.push(line(floor.since, read));
        lines.push(line(send.called, format!("{client} asked to append m{id}")));
    }
    Evidence {
        summary: format!(
            "writes_follow_reads: {client} had seen partition {partition} reach offset {before} before \
             it sent m{id}, which stands at the lower offset {offset}"
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

    const LAW: &str = "writes_follow_reads";

    #[test]
    fn a_write_above_what_its_session_read_holds() {
        let verdict = judge(
            LAW,
            "c1 produce p1 m1 @1..2 ok offset=0
             c2 fetch p1 from=0 eventual @3..4 ok [0:m1] end=1
             c2 produce p1 m2 @5..6 ok offset=1
             c2 produce p2 m3 @7..8 ok offset=0",
        );
        assert_eq!(holds(&verdict), 1, "partition 2 was never read");
    }

    #[test]
    fn a_write_below_what_its_session_read_is_found() {
        for (read, write) in [
            ("fetch p1 from=0 eventual @1..2 ok [0:m1] end=1", "@5..6 ok offset=0"),
            ("fetch p1 from=9 @1..2 ok [] end=9", "@5..6 ok offset=8"),
            ("poll @1..2 ok p1[4:m1]", "@5..6 unknown\nc3 poll @7..8 ok p1[3:m2]"),
        ] {
            let history = format!("c1 {read}\nc1 produce p1 m2 {write}");
            let evidence = evidence(judge(LAW, &history));
            assert!(
                evidence.summary.starts_with("writes_follow_reads: c1 had seen"),
                "{evidence:?}"
            );
            assert_eq!((evidence.partition, evidence.message), (Some(1), Some(2)));
            assert_eq!(evidence.lines.len(), 3);
        }
    }

    #[test]
    fn a_write_that_overlaps_the_read_or_is_anothers_is_vacuous() {
        for write in ["c1 produce p1 m2 @1.5..6", "c2 produce p1 m2 @5..6"] {
            let history = format!("c1 fetch p1 from=0 @1..2 ok [0:m1] end=1\n{write} ok offset=0");
            assert!(unknown(judge(LAW, &history)).starts_with("vacuous"), "{history}");
        }
    }
}
