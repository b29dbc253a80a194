//! **send_skip**: the messages of one produce call stand side by side: nothing of others stands in
//! between (`int_send_skip`; Jepsen's kafka workload, `int-send-skip`).
//!
//! Transactions are not isolated while they write: others may append between two of their sends
//! (Kafka, and Jepsen allows it), which is told and permitted unless they promise to look
//! serializable. Between two *calls* of a client anyone may append; there is no law against that.

use super::words::{count, malformed, sent};
use crate::{
    breach::Breach,
    checker::{Checker, Event, Shared, Topic},
    contract::Isolation,
    history::{Offset, Stamp},
    ledger::{Fate, Ledger, Number},
    verdict::{Evidence, Verdict},
};

/// The judge. Everything is in the ledger, at the end.
#[derive(Debug, Default)]
pub(crate) struct SendSkip;

/// Two messages that one call sent to one partition, and what stands between them.
struct Skip {
    before: Number,
    after: Number,
    between: Option<(Offset, Number)>,
    is_transaction: bool,
}

impl Checker for SendSkip {
    fn name(&self) -> &'static str {
        "send_skip"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Ledger]
    }

    fn observe(&mut self, _at: Stamp, _event: Event<'_>, _shared: &Shared) {}

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        let ledger = &shared.ledger;
        if let Some(unknown) = malformed(ledger) {
            return unknown;
        }
        let (mut breach, mut compared) = (Breach::default(), 0);
        each_pair(ledger, |skip| {
            compared += 1;
            if let Some(between) = skip.between.filter(|_| !is_permitted(shared, &skip)) {
                breach.add(|| evidence(ledger, &skip, between));
            }
        });
        breach
            .verdict_or(|| Verdict::holds_if_covered(compared, "no call sent twice to a partition"))
    }

    fn permitted(&self, shared: &Shared) -> Vec<String> {
        let mut skips = 0;
        each_pair(&shared.ledger, |skip| {
            skips += u64::from(skip.between.is_some() && is_permitted(shared, &skip));
        });
        let text = format!(
            "permitted to transactions: others stand between {} of one transaction",
            count(skips, "pair")
        );
        if skips > 0 { vec![text] } else { Vec::new() }
    }
}

fn is_permitted(shared: &Shared, skip: &Skip) -> bool {
    skip.is_transaction && shared.contract.isolation < Isolation::Serializable
}

/// Every two messages in a row that one call sent to one partition, where both stand somewhere.
fn each_pair(ledger: &Ledger, mut each: impl FnMut(Skip)) {
    for send in ledger.sends().iter().filter(|send| send.fate != Fate::Refused) {
        let messages = ledger.messages_of(send);
        for (place, after) in messages.iter().enumerate().skip(1) {
            let partition = ledger.partition_of(*after);
            let before = messages[..place].iter().rev();
            let before = before.copied().find(|before| ledger.partition_of(*before) == partition);
            let Some(before) = before else { continue };
            let (Some(low), Some(high)) = (ledger.offset_of(before), ledger.offset_of(*after))
            else {
                continue;
            };
            let next = ledger.standing(partition, low.saturating_add(1)).next();
            let between = next.filter(|(offset, _)| *offset < high);
            let is_transaction = send.is_transaction;
            each(Skip { before, after: *after, between, is_transaction });
        }
    }
}

fn evidence(ledger: &Ledger, skip: &Skip, (offset, stranger): (Offset, Number)) -> Evidence {
    let (before, after) = (ledger.id(skip.before), ledger.id(skip.after));
    let (stranger_id, partition) = (ledger.id(stranger), ledger.partition_of(skip.after));
    let at = |message| ledger.offset_of(message).unwrap_or_default();
    let mut lines = sent(ledger, skip.before);
    lines.extend(sent(ledger, stranger));
    Evidence {
        summary: format!(
            "int_send_skip: m{before} at offset {} and m{after} at offset {} of partition \
             {partition} were sent in a row by one call, and m{stranger_id} stands between them at \
             offset {offset}",
            at(skip.before),
            at(skip.after)
        ),
        lines,
        partition: Some(partition),
        offset: Some(offset),
        message: Some(stranger_id),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Contract, Isolation, Judgement,
        testing::{evidence, holds, judge, judgement, unknown},
    };

    const WOVEN: &str = "c1 transact p1:m1 p1:m3 @1..2 ok 1; -
                         c2 produce p1 m2 @1..2 unknown
                         c3 poll @3..4 ok p1[2:m2 3:m3]";

    #[test]
    fn calls_that_stand_side_by_side_hold_over_offsets_without_a_name() {
        let verdict = judge(
            "send_skip",
            "c1 produce p1 m1,m2 @1..2 ok offset=0
             c1 transact p1:m3 p2:m4 p1:m5 @3..4 ok 2; 0; 7
             c1 produce p1 m6 @5..6 ok offset=9",
        );
        assert_eq!(holds(&verdict), 2);
    }

    #[test]
    fn a_stranger_within_a_batch_is_a_violation() {
        let evidence = evidence(judge(
            "send_skip",
            "c1 produce p1 m1,m3 @1..2 unknown
             c2 produce p1 m2 @1..2 ok offset=1
             c3 poll @3..4 ok p1[0:m1 1:m2 2:m3]",
        ));
        assert!(evidence.summary.starts_with("int_send_skip: m1 at offset 0 and m3 at offset 2"));
        assert_eq!((evidence.offset, evidence.message), (Some(1), Some(2)));
    }

    #[test]
    fn transactions_may_be_woven_unless_they_are_serializable() {
        let Judgement { verdict, permitted, .. } =
            judgement("send_skip", WOVEN, Contract::default());
        assert_eq!(holds(&verdict), 1);
        assert_eq!(
            permitted,
            ["permitted to transactions: others stand between 1 pair of one transaction"]
        );
        let contract = Contract { isolation: Isolation::Serializable, ..Contract::default() };
        let verdict = judgement("send_skip", WOVEN, contract).verdict;
        assert!(evidence(verdict).summary.contains("m2 stands between them at offset 2"));
    }

    #[test]
    fn without_a_call_that_sent_twice_to_a_partition_it_is_vacuous() {
        let history = "c1 produce p1 m1 @1..2 ok offset=5\nc1 produce p1 m2 @3..4 ok offset=7
                       c2 transact p1:m3 p2:m4 @5..6 ok 6; 0";
        assert!(unknown(judge("send_skip", history)).starts_with("vacuous"));
    }
}
