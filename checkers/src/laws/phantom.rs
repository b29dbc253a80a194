//! **phantom**: whatever is read was sent, to that partition, before it was read (*no creation*;
//! Jepsen's kafka workload stops with `no-writer-of-value` here; checkers.md 4.2, 5).
//!
//! A message that nobody sent is a *phantom*. One that was sent to another partition is read from
//! the *wrong_partition*. One that was read before anybody asked to send it is a *future_read*. That
//! is only certain at the end, so that a violation gets its name there.

use super::words::{Sighting, malformed, sent};
use crate::{
    breach::Breach,
    checker::{Checker, Event, Shared, Topic},
    history::Stamp,
    ledger::{Act, Ledger, Number},
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct Phantom {
    /// Messages that nobody had sent when they were first read.
    strangers: BTreeMap<Number, Sighting>,
    /// Messages that were read from a partition that they were not sent to.
    strays: BTreeMap<Number, Sighting>,
    read: u64,
}

impl Checker for Phantom {
    fn name(&self) -> &'static str {
        "phantom"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let Event::Returned(call) = event else { return };
        let ledger = &shared.ledger;
        for act in ledger.acts() {
            let Act::Read(read) = act else { continue };
            for seen in ledger.records(read) {
                let is_sent = ledger.send_of(seen.message).is_some();
                if is_sent && ledger.partition_of(seen.message) == read.partition {
                    continue;
                }
                let (client, partition, offset) = (call.client, read.partition, seen.offset);
                let sighting = Sighting { at, client, partition, offset };
                let kept = if is_sent { &mut self.strays } else { &mut self.strangers };
                kept.entry(seen.message).or_insert(sighting);
            }
            self.read += ledger.records(read).len() as u64;
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        let ledger = &shared.ledger;
        if let Some(unknown) = malformed(ledger) {
            return unknown;
        }
        let mut breach = Breach::default();
        let mut found: Vec<(&Number, &Sighting)> =
            self.strangers.iter().chain(&self.strays).collect();
        found.sort_by_key(|(_, sighting)| sighting.at.ordinal);
        for (message, sighting) in found {
            breach.add(|| evidence(ledger, *message, sighting));
        }
        breach.verdict_or(|| Verdict::holds_if_covered(self.read, "nobody read anything"))
    }

    fn is_breached(&self) -> bool {
        !self.strangers.is_empty() || !self.strays.is_empty()
    }
}

fn evidence(ledger: &Ledger, message: Number, sighting: &Sighting) -> Evidence {
    let Sighting { at, client, partition, offset } = *sighting;
    let id = ledger.id(message);
    let place = format!("m{id} at offset {offset} of partition {partition}");
    let summary = match ledger.send_of(message) {
        None => format!("phantom: c{client} read {place}, and nobody ever sent it"),
        Some(send) if send.called.ordinal > at.ordinal => format!(
            "future_read: c{client} read {place}, before c{} even asked to send it",
            send.client
        ),
        Some(_) => format!(
            "wrong_partition: c{client} read {place}, and it was sent to partition {}",
            ledger.partition_of(message)
        ),
    };
    let mut lines = sent(ledger, message);
    lines.push(sighting.line(ledger, message));
    Evidence {
        summary,
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
    fn what_was_sent_there_before_may_be_read() {
        let verdict = judge(
            "phantom",
            "c1 produce p1 m1 @1..9 unknown
             c1 transact p1:m2 p2:m3 @2..4 ok 1; 0
             c2 poll @5..6 ok p1[0:m1 1:m2] p2[0:m3]",
        );
        assert_eq!(holds(&verdict), 3);
    }

    #[test]
    fn every_stranger_has_its_name() {
        for (calls, name) in [
            ("", "phantom: c2 read m1 at offset 0 of partition 1"),
            ("c1 produce p1 m1 @7..8 ok offset=0", "future_read: c2 read m1"),
            ("c1 produce p2 m1 @1..2 ok offset=0", "wrong_partition: c2 read m1"),
            ("c1 transact p2:m1 @1..2 ok -", "wrong_partition: c2 read m1"),
        ] {
            let evidence =
                evidence(judge("phantom", &format!("{calls}\nc2 poll @5..6 ok p1[0:m1]")));
            assert!(evidence.summary.starts_with(name), "{evidence:?}");
            assert_eq!((evidence.partition, evidence.message), (Some(1), Some(1)));
        }
    }

    #[test]
    fn a_message_that_was_on_its_way_is_no_stranger() {
        let history = "c1 produce p1 m1 @1..9 ok offset=0\nc2 poll @2..3 ok p1[0:m1]";
        assert_eq!(holds(&judge("phantom", history)), 1);
    }

    #[test]
    fn without_a_read_it_is_vacuous() {
        let history = "c1 produce p1 m1 @1..2 ok offset=0\nc2 poll @3..4 ok";
        assert!(unknown(judge("phantom", history)).starts_with("vacuous"));
    }

    #[test]
    fn a_message_sent_twice_is_malformed() {
        let history = "c1 produce p1 m1 @1..2 ok offset=0\nc1 produce p2 m1 @3..4 ok offset=0
                       c2 poll @5..6 ok p1[0:m1]";
        assert!(unknown(judge("phantom", history)).starts_with("malformed"));
    }
}
