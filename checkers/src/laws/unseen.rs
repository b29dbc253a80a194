//! **unseen**: what was acknowledged is seen in the end by somebody, even if it lies above
//! everything that was read (Jepsen's kafka workload, `unseen`; the lost tail of checkers.md 2.3).
//!
//! Nobody has to have looked. So for each message acknowledged at `quorum` or above, above everything
//! that was read of its partition, and seen by nobody:
//! 1. somebody looked afterwards where it must stand and was told that nothing is there: violated.
//!    A `linearizable` look must have been asked after the acknowledgement, a `bounded` one so much
//!    later. An `eventual` one may always be stale; but once all sends to the partition have ended
//!    there is nothing left to wait for, and then it counts as well;
//! 2. nobody did: unknown.
//!
//! Where a look starts is told by the client's reads before it, or by its assignment, if that came
//! before the message was sent. Where a transaction may hold readers back, no look counts.

use super::{
    looks::{Look, Looks},
    told::sends,
    words::{count, malformed, sent},
};
use crate::{
    breach::Breach,
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    history::{Asked, Offset, Partition, Stamp},
    ledger::{Act, Ledger, Number, Send},
    verdict::{Evidence, Verdict},
};

/// What is known of one partition besides what stands in it.
#[derive(Clone, Copy, Debug, Default)]
struct Shore {
    /// One past the highest offset that was read.
    read: Offset,
    /// When a send to it was last asked for or answered.
    stirred: Stamp,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct Unseen {
    looks: Looks,
    shores: Vec<Shore>,
}

impl Checker for Unseen {
    fn name(&self) -> &'static str {
        "unseen"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        self.looks.observe(event, shared, |_, _| {}, |_| {});
        match event {
            Event::Called(call) => self.stir(at, call),
            Event::Returned(call) => {
                self.stir(at, call.asked());
                for act in shared.ledger.acts() {
                    let Act::Read(read) = act else { continue };
                    let records = shared.ledger.records(read);
                    let last = records.iter().map(|seen| seen.offset.saturating_add(1)).max();
                    let shore = seat(&mut self.shores, read.partition);
                    shore.read = shore.read.max(last.unwrap_or_default());
                }
            }
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        let ledger = &shared.ledger;
        if let Some(unknown) = malformed(ledger) {
            return unknown;
        }
        let (mut breach, mut seen) = (Breach::default(), 0);
        let mut unlooked: Option<(Number, u64)> = None;
        for send in ledger.sends().iter().filter(|send| send.is_durable()) {
            for message in ledger.messages_of(send) {
                if ledger.is_read(*message) {
                    seen += 1;
                } else if self.is_above(ledger, *message) {
                    match self.look_for(ledger, send, *message) {
                        Some(look) => breach.add(|| evidence(ledger, *message, look)),
                        None => unlooked.get_or_insert((*message, 0)).1 += 1,
                    }
                }
            }
        }
        breach.verdict_or(|| match unlooked {
            Some((message, number)) => Verdict::Unknown(doubt(ledger, message, number)),
            None => Verdict::holds_if_covered(seen, "nothing acknowledged at quorum was seen"),
        })
    }
}

impl Unseen {
    fn stir(&mut self, at: Stamp, call: Asked<'_>) {
        sends(call.ask, |sending| seat(&mut self.shores, sending.partition).stirred = at);
    }

    fn shore(&self, partition: Partition) -> Shore {
        self.shores.get(partition as usize).copied().unwrap_or_default()
    }

    /// Whether the message stands above everything that was read, as far as anybody knows.
    fn is_above(&self, ledger: &Ledger, message: Number) -> bool {
        let read = self.shore(ledger.partition_of(message)).read;
        ledger.offset_of(message).is_none_or(|offset| read <= offset)
    }

    /// A look that ought to have shown the message.
    fn look_for(&self, ledger: &Ledger, send: &Send, message: Number) -> Option<&Look> {
        let partition = ledger.partition_of(message);
        let acknowledged = send.returned?;
        let stirred = self.shore(partition).stirred;
        self.looks.at(partition).find(|look| {
            let is_owed = look.owes(acknowledged).unwrap_or(stirred < look.called);
            is_owed && !look.is_held && look.covers(ledger.offset_of(message), send.called)
        })
    }
}

fn doubt(ledger: &Ledger, message: Number, number: u64) -> String {
    format!(
        "{} of those acknowledged at quorum or above were seen by nobody, and nobody is known to \
         have looked for them afterwards; the first is m{} of partition {}",
        count(number, "message"),
        ledger.id(message),
        ledger.partition_of(message)
    )
}

fn evidence(ledger: &Ledger, message: Number, look: &Look) -> Evidence {
    let (id, partition) = (ledger.id(message), ledger.partition_of(message));
    let offset = ledger.offset_of(message);
    let place = offset.map_or(String::new(), |offset| format!(" at offset {offset}"));
    let mut lines = sent(ledger, message);
    lines.extend(look.lines(partition));
    Evidence {
        summary: format!(
            "unseen: m{id} was acknowledged{place} of partition {partition}, c{} looked there \
             afterwards and was shown nothing, and nobody ever saw it",
            look.client
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
    use crate::{
        Contract, ReadLevel,
        testing::{evidence, holds, judge, judgement, unknown},
    };

    const SEEN: &str = "c1 produce p1 m1 @1..2 ok offset=0
                        c2 poll @3..4 ok p1[0:m1]
                        c1 produce p1 m2 @5..6 ok offset=1\n";

    fn history(calls: &str) -> String {
        format!("{SEEN}{calls}")
    }

    #[test]
    fn everything_that_was_seen_holds() {
        assert_eq!(holds(&judge("unseen", &history("c3 poll @7..8 ok p1[1:m2]"))), 2);
    }

    #[test]
    fn somebody_who_looked_there_afterwards_makes_it_a_violation() {
        for look in [
            "c2 poll @7..8 ok",
            "c2 transact poll @7..8 ok -",
            "c9 fetch p1 from=0 @7..8 ok [0:m1] end=1",
            "c9 fetch p1 from=1 eventual @7..8 ok [] end=1",
        ] {
            let evidence = evidence(judge("unseen", &history(look)));
            assert!(evidence.summary.starts_with("unseen: m2 was acknowledged at offset 1"));
            assert_eq!((evidence.message, evidence.lines.len()), (Some(2), 4), "{evidence:?}");
        }
    }

    #[test]
    fn a_client_that_was_there_before_the_message_was_sent_must_be_shown_it() {
        let history = |assigned| {
            format!(
                "c2 assign p1 {assigned} ok\nc1 produce p1 m1 @1..2 ok\n\
                 c2 poll @5..6 ok\nc3 poll @5..6 ok"
            )
        };
        assert!(evidence(judge("unseen", &history("@0.1..0.2"))).summary.contains("c2 looked"));
        assert!(unknown(judge("unseen", &history("@3..4"))).starts_with("1 message of those"));
    }

    #[test]
    fn where_nobody_looked_no_one_can_say() {
        for look in [
            "",
            "c2 poll @5.5..8 ok",
            "c3 poll @7..8 ok",
            "c2 poll @7..8 unknown\nc2 poll @9..10 ok",
            "c2 assign p2 @6.1..6.2 ok\nc2 poll @7..8 ok",
            "c2 poll @7..8 ok p2[0:m9]",
            "c9 fetch p1 from=0 @7..8 ok [0:m1] end=2",
            "c9 fetch p1 from=5 @7..8 ok [] end=1",
            "c4 transact p1:m7 @6.1..9 unknown\nc2 poll @7..8 ok",
        ] {
            let why = unknown(judge("unseen", &history(look)));
            assert!(why.contains("the first is m2 of partition 1"), "{look}: {why}");
        }
    }

    #[test]
    fn a_level_says_how_long_it_may_take() {
        let of = |poll, calls: &str| {
            judgement("unseen", &history(calls), Contract { poll, ..Contract::default() }).verdict
        };
        let bounded = ReadLevel::Bounded(3_000_000_000);
        assert!(unknown(of(bounded, "c2 poll @8..9 ok")).contains("m2"));
        assert!(evidence(of(bounded, "c2 poll @9..10 ok")).summary.contains("c2 looked"));
        let stirred = "c2 poll @7..8 ok\nc5 produce p1 m3 @8..9 unknown";
        assert!(unknown(of(ReadLevel::Eventual, stirred)).contains("m2"));
        let quiet = "c5 produce p1 m3 @6.5..7 unknown\nc2 poll @8..9 ok";
        assert!(evidence(of(ReadLevel::Eventual, quiet)).summary.contains("c2 looked"));
    }

    #[test]
    fn without_an_acknowledged_message_it_is_vacuous() {
        let history = "c1 produce p1 m1 leader @1..2 ok offset=0\nc2 poll @3..4 ok";
        assert!(unknown(judge("unseen", history)).starts_with("vacuous"));
    }
}
