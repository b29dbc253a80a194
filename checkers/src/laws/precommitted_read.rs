//! **precommitted_read**: a transaction does not read what it sent itself, because nothing can be
//! read before it is committed (Jepsen's kafka workload, `precommitted-read`; KIP-98).
//!
//! Most databases let a transaction see its own writes; a log's consumer is not part of the
//! transaction. Only transactions that both send and poll put the law to the test.

use super::{
    told::polls,
    words::{Sighting, count, malformed, sent},
};
use crate::{
    breach::Breach,
    checker::{Checker, Event, Shared, Topic},
    contract::Isolation,
    history::{Ask, Stamp, Step},
    ledger::{Act, Ledger, Number},
    verdict::{Evidence, Verdict},
};

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct PrecommittedRead {
    examined: u64,
    uncommitted: u64,
    breach: Breach,
}

impl Checker for PrecommittedRead {
    fn name(&self) -> &'static str {
        "precommitted_read"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let Event::Returned(call) = event else { return };
        let Ask::Transact { steps } = &call.ask else { return };
        let sends = steps.iter().any(|step| matches!(step, Step::Send { .. }));
        if !sends || polls(call).next().is_none() {
            return;
        }
        self.examined += 1;
        let ledger = &shared.ledger;
        for act in ledger.acts() {
            let Act::Read(read) = act else { continue };
            for seen in ledger.records(read) {
                let is_own = ledger.send_of(seen.message).is_some_and(|send| send.call == call.id);
                if !is_own {
                    continue;
                }
                let (client, partition, offset) = (call.client, read.partition, seen.offset);
                let sighting = Sighting { at, client, partition, offset };
                match shared.contract.isolation {
                    Isolation::ReadUncommitted => self.uncommitted += 1,
                    Isolation::ReadCommitted | Isolation::Serializable => {
                        self.breach.add(|| evidence(ledger, seen.message, &sighting));
                    }
                }
            }
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(unknown) = malformed(&shared.ledger) {
            return unknown;
        }
        let examined = self.examined;
        self.breach.verdict_or(|| {
            Verdict::holds_if_covered(examined, "no transaction both sent and polled")
        })
    }

    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        let messages = count(self.uncommitted, "message");
        let text = format!("permitted by `read_uncommitted`: {messages} read by their own sender");
        if self.uncommitted > 0 { vec![text] } else { Vec::new() }
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

fn evidence(ledger: &Ledger, message: Number, sighting: &Sighting) -> Evidence {
    let Sighting { client, partition, offset, .. } = *sighting;
    let id = ledger.id(message);
    let mut lines = sent(ledger, message);
    lines.push(sighting.line(ledger, message));
    Evidence {
        summary: format!(
            "precommitted_read: a transaction of c{client} sent m{id} to partition {partition} and \
             polled it at offset {offset}, before it was committed"
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

    const OWN: &str = "c1 transact p1:m1 poll @1..2 ok 0; p1[0:m1]";

    #[test]
    fn a_transaction_that_polls_what_others_committed_holds() {
        let verdict = judge(
            "precommitted_read",
            "c1 transact p1:m1 @1..2 ok 0
             c2 transact poll p1:m2 @3..4 ok p1[0:m1]; 1",
        );
        assert_eq!(holds(&verdict), 1);
    }

    #[test]
    fn a_transaction_that_polls_its_own_message_is_a_violation() {
        let evidence = evidence(judge("precommitted_read", OWN));
        assert!(evidence.summary.starts_with("precommitted_read: a transaction of c1 sent m1"));
        assert_eq!((evidence.message, evidence.lines.len()), (Some(1), 3));
    }

    #[test]
    fn readers_of_the_uncommitted_may_see_their_own() {
        let contract = Contract { isolation: Isolation::ReadUncommitted, ..Contract::default() };
        let Judgement { verdict, permitted, .. } = judgement("precommitted_read", OWN, contract);
        assert_eq!(holds(&verdict), 1);
        assert_eq!(
            permitted,
            ["permitted by `read_uncommitted`: 1 message read by their own sender"]
        );
    }

    #[test]
    fn without_a_transaction_that_sends_and_polls_it_is_vacuous() {
        let history = "c1 transact p1:m1 @1..2 ok 0\nc2 transact poll @3..4 ok p1[0:m1]
                       c3 transact p1:m2 poll @5..6 refused (aborted)";
        assert!(unknown(judge("precommitted_read", history)).starts_with("vacuous"));
    }
}
