//! **stale_poll**: a poll that brings nothing at all has come to the end: whatever existed before it
//! was asked, it has been shown (Herlihy & Wing 1990 for `linearizable` polls; checkers.md 2.3, 4.9).
//!
//! It depends on the contract. A `bounded` poll may miss what is younger than its bound; an
//! `eventual` or `session` one may miss anything, which is counted and told. Where the client stood
//! must be certain ([`super::looks`]); and while a transaction is open, a poll may be held back from
//! what was acknowledged, though not from what somebody had read.

use super::{
    existence::{Existence, Proof},
    looks::{Look, Looks},
    positions::Standing,
    words::{count, malformed, sent},
};
use crate::{
    breach::Breach,
    checker::{Checker, Event, Shared, Topic},
    history::{Offset, Partition, ReadLevel, Stamp},
    ledger::{Ledger, Number},
    verdict::{Evidence, Verdict},
};

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct StalePoll {
    looks: Looks,
    existence: Existence,
    examined: u64,
    permitted: u64,
    breach: Breach,
}

impl Checker for StalePoll {
    fn name(&self) -> &'static str {
        "stale_poll"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        self.existence.observe(at, event, shared);
        let (existence, breach) = (&self.existence, &mut self.breach);
        let (examined, permitted) = (&mut self.examined, &mut self.permitted);
        self.looks.observe(
            event,
            shared,
            |partition, look| {
                // A fetch names the end itself: `linearizable_log` judges it.
                if look.end.is_some() {
                    return;
                }
                let missed = missed(existence, &shared.ledger, partition, &look);
                match look.level {
                    ReadLevel::Linearizable | ReadLevel::Bounded(_) => {
                        *examined += 1;
                        if let Some(missed) = missed {
                            let proof = existence.proof(partition, look.is_held, missed.0);
                            breach.add(|| {
                                evidence(&shared.ledger, (partition, proof), missed, &look)
                            });
                        }
                    }
                    ReadLevel::Eventual | ReadLevel::Session => {
                        *permitted += u64::from(missed.is_some());
                    }
                }
            },
            |_| {},
        );
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(unknown) = malformed(&shared.ledger) {
            return unknown;
        }
        let examined = self.examined;
        self.breach.verdict_or(|| {
            let what = "no poll came up empty whose place was certain and whose level promises \
                        anything";
            Verdict::holds_if_covered(examined, what)
        })
    }

    fn permitted(&self, shared: &Shared) -> Vec<String> {
        let level = match shared.contract.poll {
            ReadLevel::Session => "session",
            ReadLevel::Eventual | ReadLevel::Bounded(_) | ReadLevel::Linearizable => "eventual",
        };
        let polls = count(self.permitted, "poll");
        let text =
            format!("permitted by `{level}`: {polls} came up empty though something was there");
        if self.permitted > 0 { vec![text] } else { Vec::new() }
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

/// The first message that the look ought to have shown.
fn missed(
    existence: &Existence,
    ledger: &Ledger,
    partition: Partition,
    look: &Look,
) -> Option<(Offset, Number)> {
    let is_old = |at: Stamp| look.owes(at).unwrap_or(at < look.called);
    let end = existence.end(partition, look.is_held, is_old);
    match look.standing {
        Standing::Due(due) if due < end => {
            ledger.standing(partition, due).next().filter(|(offset, _)| *offset < end)
        }
        Standing::Due(_) => None,
        // Of those that were sent since, the youngest that is known will do.
        Standing::Since(since) => {
            let offset = end.checked_sub(1)?;
            let message = ledger.at(partition, offset)?;
            let is_since = ledger.send_of(message).is_some_and(|send| since < send.called);
            is_since.then_some((offset, message))
        }
    }
}

fn evidence(
    ledger: &Ledger,
    (partition, proof): (Partition, Option<Proof>),
    (offset, message): (Offset, Number),
    look: &Look,
) -> Evidence {
    let (id, client) = (ledger.id(message), look.client);
    let mut lines = sent(ledger, message);
    lines.extend(proof.map(|proof| proof.line(partition)));
    lines.extend(look.lines(partition));
    Evidence {
        summary: format!(
            "stale_poll: a poll of c{client} brought nothing, though m{id} at offset {offset} of \
             partition {partition} was known to exist before it was asked"
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
    use crate::{
        Contract, Judgement,
        testing::{evidence, holds, judge, judgement, unknown},
    };

    const STALE: &str = "c1 produce p1 m1 @1..2 ok offset=0
                         c2 poll @3..4 ok p1[0:m1]
                         c1 produce p1 m2 @5..6 ok offset=1
                         c2 poll @7..8 ok\nc2 poll @9..10 ok p1[1:m2]";

    #[test]
    fn a_poll_that_has_come_to_the_end_brings_nothing() {
        let verdict = judge(
            "stale_poll",
            "c2 assign p1 @0.1..0.2 ok
             c2 poll @0.3..0.4 ok
             c1 produce p1 m1 @1..2 ok offset=0
             c2 poll @1.5..4 ok
             c2 poll @5..6 ok p1[0:m1]
             c1 produce p1 m2 leader @7..8 ok offset=1
             c2 poll @9..10 ok",
        );
        assert_eq!(holds(&verdict), 3);
    }

    #[test]
    fn a_poll_that_misses_what_existed_is_a_violation() {
        let read_by_another = "c1 produce p1 m1 @1..20 unknown
                               c3 poll @3..4 ok p1[0:m1]\nc2 assign p1 @0.1..0.2 ok
                               c2 poll @5..6 ok";
        for (history, offset) in [(STALE, 1), (read_by_another, 0)] {
            let evidence = evidence(judge("stale_poll", history));
            assert!(evidence.summary.starts_with("stale_poll: a poll of c2 brought nothing"));
            assert_eq!(evidence.offset, Some(offset));
        }
    }

    #[test]
    fn an_eventual_poll_may_miss_anything_and_that_is_told() {
        let Judgement { verdict, permitted, .. } =
            judgement("stale_poll", STALE, Contract::kafka());
        assert!(unknown(verdict).starts_with("vacuous"));
        assert_eq!(
            permitted,
            ["permitted by `eventual`: 1 poll came up empty though something was there"]
        );
    }

    #[test]
    fn an_open_transaction_may_hold_readers_back() {
        let begun = STALE.replace("c2 poll @7..8", "c3 transact p1:m3 @1..20 ok 3\nc2 poll @7..8");
        let ended = begun.replace("@1..20", "@1..6.5");
        assert_eq!(holds(&judge("stale_poll", &begun)), 1);
        let read = begun.replace("c2 poll @7..8", "c4 poll @6.1..6.2 ok p1[1:m2]\nc2 poll @7..8");
        assert!(evidence(judge("stale_poll", &read)).summary.contains("m2 at offset 1"));
        assert!(evidence(judge("stale_poll", &ended)).summary.contains("m2 at offset 1"));
    }

    #[test]
    fn without_an_empty_poll_it_is_vacuous() {
        let history = "c1 produce p1 m1 @1..2 ok offset=0\nc2 poll @3..4 ok p1[0:m1]\n\
                       c3 poll @5..6 ok";
        assert!(unknown(judge("stale_poll", history)).starts_with("vacuous"));
    }
}
