//! **aborted_read**: nobody reads what certainly failed: a message of a refused call, or of an
//! aborted transaction (Adya 1999, *G1a*; Jepsen's kafka workload, `G1a`; checkers.md 4.6).
//!
//! It does not matter which came first, the read or the refusal. A read of a message whose call
//! ended without an answer is *recovered*: it proves that the call happened, and is told as such.
//! Readers at `read_uncommitted` may see aborted transactions, and that is told too.

use super::words::{Sighting, count, malformed, sent};
use crate::{
    breach::Breach,
    checker::{Checker, Event, Shared, Topic},
    contract::Isolation,
    history::{Call, Outcome, Stamp},
    ledger::{Act, Fate, Ledger, Number},
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

use super::told::sends;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct AbortedRead {
    /// Read while their call was under way: only these may still turn out to have failed.
    early: BTreeMap<Number, Sighting>,
    /// Messages of transactions that were aborted and read where that is permitted.
    uncommitted: u64,
    has_read: bool,
    breach: Breach,
}

impl Checker for AbortedRead {
    fn name(&self) -> &'static str {
        "aborted_read"
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
                let Some(send) = ledger.send_of(seen.message) else { continue };
                let (client, partition, offset) = (call.client, read.partition, seen.offset);
                let sighting = || Sighting { at, client, partition, offset };
                match send.fate {
                    Fate::Acknowledged => {}
                    Fate::Refused => self.judge(seen.message, sighting(), shared),
                    Fate::Unknown if send.returned.is_none() => {
                        self.early.entry(seen.message).or_insert_with(sighting);
                    }
                    Fate::Unknown => {}
                }
            }
            self.has_read = true;
        }
        if !self.early.is_empty() {
            self.settle(call, shared);
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(unknown) = malformed(&shared.ledger) {
            return unknown;
        }
        let refused = shared.ledger.sends().iter().filter(|send| send.fate == Fate::Refused);
        let refused = refused.map(|send| shared.ledger.messages_of(send).len() as u64).sum();
        let covered = if self.has_read { refused } else { 0 };
        self.breach.verdict_or(|| {
            let what = "no message failed for certain, or nobody read anything";
            Verdict::holds_if_covered(covered, what)
        })
    }

    fn permitted(&self, shared: &Shared) -> Vec<String> {
        let ledger = &shared.ledger;
        let unknown = ledger.sends().iter().filter(|send| send.fate == Fate::Unknown);
        let unknown = unknown.flat_map(|send| ledger.messages_of(send));
        let recovered = unknown.filter(|message| ledger.is_read(**message)).count() as u64;
        let told = |number: u64, what: &str| match number {
            0 => None,
            _ => Some(format!("{} {what}", count(number, "message"))),
        };
        let recovered = told(recovered, "recovered: read, though the call had no answer");
        let uncommitted = told(self.uncommitted, "of aborted transactions read");
        let uncommitted =
            uncommitted.map(|text| format!("permitted by `read_uncommitted`: {text}"));
        recovered.into_iter().chain(uncommitted).collect()
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl AbortedRead {
    /// The call has ended: whoever read its messages before has read something that happened,
    /// something that did not, or no one can say.
    fn settle(&mut self, call: &Call, shared: &Shared) {
        let mut ended = Vec::new();
        sends(&call.ask, |sending| {
            let numbers = sending.messages.iter().filter_map(|id| shared.ledger.find(*id));
            ended.extend(numbers);
        });
        for message in ended {
            let Some(sighting) = self.early.remove(&message) else { continue };
            if matches!(call.outcome, Outcome::Refused(_)) {
                self.judge(message, sighting, shared);
            }
        }
    }

    fn judge(&mut self, message: Number, sighting: Sighting, shared: &Shared) {
        let is_transaction = shared.ledger.send_of(message).is_some_and(|send| send.is_transaction);
        match shared.contract.isolation {
            Isolation::ReadUncommitted if is_transaction => self.uncommitted += 1,
            Isolation::ReadUncommitted | Isolation::ReadCommitted | Isolation::Serializable => {
                self.breach.add(|| evidence(&shared.ledger, message, &sighting));
            }
        }
    }
}

fn evidence(ledger: &Ledger, message: Number, sighting: &Sighting) -> Evidence {
    let Sighting { client, partition, offset, .. } = *sighting;
    let id = ledger.id(message);
    let failed = match ledger.send_of(message) {
        Some(send) if send.is_transaction => "its transaction was aborted",
        Some(_) | None => "its call was refused for certain",
    };
    let mut lines = sent(ledger, message);
    lines.push(sighting.line(ledger, message));
    Evidence {
        summary: format!(
            "aborted_read: c{client} read m{id} at offset {offset} of partition {partition}, though \
             {failed}"
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
        Contract, Isolation, Judgement,
        testing::{evidence, holds, judge, judgement, unknown},
    };

    const ABORTED: &str = "c1 transact p1:m1 poll @1..2 refused (aborted)
                           c2 poll @3..4 ok p1[0:m1]";

    #[test]
    fn what_failed_and_was_never_seen_holds() {
        let verdict = judge(
            "aborted_read",
            "c1 produce p1 m1 @1..2 refused (full)
             c1 produce p1 m2 @3..4 ok offset=0
             c2 poll @5..6 ok p1[0:m2]",
        );
        assert_eq!(holds(&verdict), 1);
    }

    #[test]
    fn a_read_of_a_refused_message_is_found_whichever_came_first() {
        for history in [
            "c1 produce p1 m1 @1..2 refused (full)\nc2 poll @3..4 ok p1[0:m1]",
            "c1 produce p1 m1 @1..9 refused (full)\nc2 poll @3..4 ok p1[0:m1]",
            "c1 produce p1 m1 @1..9 refused (full)\nc2 fetch p1 from=0 @3..4 ok [0:m1] end=1",
            ABORTED,
        ] {
            let evidence = evidence(judge("aborted_read", history));
            assert!(evidence.summary.starts_with("aborted_read: c2 read m1 at offset 0"));
            assert_eq!((evidence.count, evidence.lines.len()), (1, 3), "{evidence:?}");
        }
    }

    #[test]
    fn a_call_without_an_answer_is_recovered_and_told() {
        let history = "c1 produce p1 m1 @1..2 unknown\nc1 produce p1 m3 @3..4 unknown
                       c1 produce p1 m2 @3..4 refused (full)\nc2 poll @5..6 ok p1[0:m1]";
        let Judgement { verdict, permitted, .. } =
            judgement("aborted_read", history, Contract::default());
        assert_eq!(holds(&verdict), 1);
        assert_eq!(permitted, ["1 message recovered: read, though the call had no answer"]);
    }

    #[test]
    fn readers_of_the_uncommitted_may_see_aborted_transactions() {
        let contract = Contract { isolation: Isolation::ReadUncommitted, ..Contract::default() };
        let Judgement { verdict, permitted, .. } = judgement("aborted_read", ABORTED, contract);
        assert_eq!(holds(&verdict), 1);
        assert_eq!(
            permitted,
            ["permitted by `read_uncommitted`: 1 message of aborted transactions read"]
        );
    }

    #[test]
    fn without_a_failure_or_without_a_read_it_is_vacuous() {
        for history in [
            "c1 produce p1 m1 @1..2 ok offset=0\nc2 poll @3..4 ok p1[0:m1]",
            "c1 produce p1 m1 @1..2 refused (full)\nc2 poll @3..4 ok",
        ] {
            assert!(unknown(judge("aborted_read", history)).starts_with("vacuous"));
        }
    }
}
