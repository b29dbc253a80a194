//! **read_your_writes**: a read shows every message that its own session had acknowledged before it
//! asked (Terry et al. 1994; Viotti & Vukolic 2016, *RYW*; checkers.md 4.7). How that is judged stands
//! in `reads_reach`.
//!
//! Only acknowledgements at `quorum` or above count, for no level shows what is not committed. What an
//! open transaction holds back is not missed. That a read goes on past a message without showing it is
//! `lost_write`'s and `poll_skip`'s business.

use super::reads_reach::ReachLaw;
use crate::{
    breach::line,
    checker::Shared,
    history::{Call, Stamp},
    sessions::{Look, message_at},
    verdict::Evidence,
};

/// The law.
pub(super) const LAW: ReachLaw = ReachLaw {
    name: "read_your_writes",
    knew: |look| look.before.written,
    may_be_held: true,
    vacuous: "no read that must see its session's writes came after one",
    knowledge: "what their own session had written",
    wrong: missing,
};

fn missing(at: Stamp, call: &Call, look: &Look, shared: &Shared) -> Evidence {
    let (client, partition) = (call.client, look.partition);
    let (offset, since) = (look.before.written.end - 1, look.before.written.since);
    let message = message_at(&shared.ledger, partition, offset);
    Evidence {
        summary: format!(
            "read_your_writes: c{client} had {message} acknowledged at offset {offset} of \
             partition {partition} before it read, and found nothing from offset {} on",
            look.end
        ),
        lines: vec![
            line(since, format!("c{client} was told that {message} is at offset {offset}")),
            line(call.called, look.asked(call)),
            line(at, look.told(call)),
        ],
        partition: Some(partition),
        offset: Some(offset),
        message: shared.ledger.at(partition, offset).map(|number| shared.ledger.id(number)),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Bench, Contract, ReadLevel, checkers,
        testing::{evidence, holds, judge, unknown},
        text,
    };

    const LAW: &str = "read_your_writes";

    #[test]
    fn a_session_that_reads_what_it_wrote_holds() {
        let verdict = judge(
            LAW,
            "c1 produce p1 m1 @1..2 ok offset=0
             c1 fetch p1 from=0 session @3..4 ok [0:m1] end=1
             c1 fetch p1 from=0 linearizable @5..6 ok [0:m1] end=1
             c2 fetch p1 from=0 session @5..6 ok [] end=0",
        );
        assert_eq!(holds(&verdict), 2, "c2 wrote nothing");
    }

    #[test]
    fn a_session_read_below_an_own_acknowledged_write_is_found() {
        for level in ["session", "linearizable"] {
            let evidence = evidence(judge(
                LAW,
                &format!(
                    "c1 produce p1 m1,m2 @1..2 ok offset=0
                     c1 fetch p1 from=0 {level} @3..4 ok [0:m1] end=1"
                ),
            ));
            assert!(evidence.summary.starts_with("read_your_writes: c1 had m2"), "{evidence:?}");
            assert_eq!((evidence.offset, evidence.message), (Some(1), Some(2)));
        }
    }

    #[test]
    fn weaker_levels_may_miss_what_they_say_and_it_is_told() {
        let history = "c1 produce p1 m1 @1..2 ok offset=0
                       c1 fetch p1 from=0 bounded=5 @3..4 ok [] end=0
                       c1 fetch p1 from=0 eventual @3..4 ok [] end=0
                       c1 fetch p1 from=0 eventual @3..4 ok [0:m1] end=1";
        let history = text::parse(history).expect("a history").history;
        let judges = checkers(&[LAW.to_owned()]).expect("a known name");
        let judgement = Bench::new(judges).judge(&history).remove(0);
        assert!(unknown(judgement.verdict).starts_with("vacuous"));
        let what = "ended below what their own session had written, by up to 1 record";
        let expected = [
            format!("permitted by `eventual`: 1 of 2 reads {what}"),
            format!("permitted by `bounded`: 1 of 1 reads {what}"),
        ];
        assert_eq!(judgement.permitted, expected);
        let late = "c1 produce p1 m1 @1..2 ok offset=0
                    c1 fetch p1 from=0 bounded=5 @8..9 ok [] end=0";
        evidence(judge(LAW, late));
    }

    #[test]
    fn an_empty_poll_under_a_fresh_contract_misses_an_own_write() {
        let history = "c1 assign p1 @0.1..0.2 ok
                       c1 produce p1 m1 @1..2 ok offset=0
                       c1 poll @3..4 ok p1[0:m1]
                       c1 produce p1 m2 @5..6 ok offset=1
                       c1 poll @7..8 ok";
        let evidence = evidence(judge(LAW, history));
        assert!(evidence.lines[1].text.contains("stood at offset 1"), "{evidence:?}");
        let history = text::parse(history).expect("a history").history;
        for contract in
            [Contract::kafka(), Contract { poll: ReadLevel::Eventual, ..Contract::default() }]
        {
            let judges = checkers(&[LAW.to_owned()]).expect("a known name");
            let judgement = Bench::under(contract, judges).judge(&history).remove(0);
            assert!(unknown(judgement.verdict).starts_with("vacuous"));
            assert_eq!(judgement.permitted.len(), 1);
        }
    }

    #[test]
    fn what_an_open_transaction_holds_back_is_not_missed() {
        let history = |outcome| {
            format!(
                "c2 transact p1:m9 @0.5..0.6 {outcome}
                 c1 produce p1 m1 @1..2 ok offset=1
                 c1 fetch p1 from=0 session @3..4 ok [] end=0"
            )
        };
        let verdict = judge(LAW, &history("unknown"));
        assert!(unknown(verdict).starts_with("vacuous"));
        evidence(judge(LAW, &history("ok 0")));
        // A bounded read may show what was readable when the transaction was still open.
        let late = |closed: &str| {
            format!(
                "c2 transact p1:m9 @0.5..{closed} ok 0
                 c1 produce p1 m1 @1..2 ok offset=1
                 c1 fetch p1 from=0 bounded=3 @10..11 ok [] end=0"
            )
        };
        assert!(unknown(judge(LAW, &late("8"))).starts_with("vacuous"));
        evidence(judge(LAW, &late("6")));
    }

    #[test]
    fn what_overlaps_or_is_not_durable_owes_nothing() {
        for history in [
            "c1 produce p1 m1 @1..3 ok offset=0\nc1 fetch p1 from=0 session @2..4 ok [] end=0",
            "c1 produce p1 m1 leader @1..2 ok offset=0\nc1 fetch p1 from=0 session @3..4 ok [] end=0",
            "c1 produce p1 m1 @1..2 unknown\nc1 fetch p1 from=0 session @3..4 ok [] end=0",
        ] {
            assert!(unknown(judge(LAW, history)).starts_with("vacuous"), "{history}");
        }
    }
}
