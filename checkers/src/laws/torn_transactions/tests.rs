use crate::{
    Bench, Contract, Isolation, Judgement, checkers,
    testing::{evidence, holds, judge, unknown},
    text,
};

const LAW: &str = "torn_transactions";

fn judgement(history: &str, contract: Contract) -> Judgement {
    let history = text::parse(history).expect("a history").history;
    let judges = checkers(&[LAW.to_owned()]).expect("a known name");
    Bench::under(contract, judges).judge(&history).remove(0)
}

fn rule(history: &str) -> String {
    let evidence = evidence(judge(LAW, history));
    assert!(evidence.lines.len() >= 3, "{evidence:?}");
    evidence.summary.split_once(':').expect("a rule").0.to_owned()
}

#[test]
fn transactions_that_are_seen_whole_or_not_at_all_hold() {
    let verdict = judge(
        LAW,
        "c1 transact p1:m1 p2:m2 @1..2 ok 0; 0
         c1 transact p1:m3 p2:m4 @3..4 refused
         c1 transact p1:m5 p2:m6 @5..6 ok 4; 4
         c2 poll @7..8 ok p1[0:m1 4:m5] p2[0:m2]
         c2 poll @9..10 ok p2[4:m6]
         c3 transact p2:m9 @11..12 ok 7",
    );
    assert_eq!(holds(&verdict), 3, "nobody read where the last one sent");
}

#[test]
fn a_message_of_an_aborted_transaction_is_never_read() {
    for read in ["fetch p1 from=0 @5..6 ok [0:m1] end=1", "poll @1.5..1.6 ok p1[0:m1]"] {
        assert_eq!(rule(&format!("c1 transact p1:m1 @1..2 refused\nc2 {read}")), "aborted_read");
    }
}

#[test]
fn a_reader_that_goes_past_a_part_of_a_committed_transaction_is_found() {
    let transaction = "c1 transact p1:m1 p1:m2 p2:m3 @1..2 ok 1; 2; 0";
    for read in [
        "c2 fetch p1 from=0 @3..4 ok [0:m0 1:m1 3:m9] end=4",
        "c2 fetch p1 from=1 @3..4 ok [2:m2] end=4",
        "c2 poll @3..4 ok p1[1:m1]\nc2 poll @5..6 ok p1[3:m9]",
        "c3 poll @0.1..0.2 ok p1[0:m0]\nc3 poll @5..6 ok p1[3:m9]",
    ] {
        assert_eq!(rule(&format!("{transaction}\n{read}")), "fractured_read", "{read}");
    }
    for read in [
        "c2 fetch p1 from=0 @3..4 ok [0:m0 1:m1] end=4",
        "c2 poll @3..4 ok p1[1:m1]\nc2 assign p1 @4.1..4.2 ok\nc2 poll @5..6 ok p1[3:m9]",
        "c2 poll @3..4 ok p1[1:m1]\nc2 poll @5..6 ok p1[3:m9] rebalanced=p1",
        "c2 subscribe p1 @2.1..2.2 ok\nc2 poll @3..4 ok p1[1:m1]\nc2 poll @5..6 ok p1[3:m9]",
    ] {
        holds(&judge(LAW, &format!("{transaction}\n{read}")));
    }
}

#[test]
fn a_reader_that_goes_past_an_open_transaction_is_found_when_that_is_committed() {
    let history = |outcome| {
        format!(
            "c1 transact p1:m1 @1..9 {outcome}
             c2 fetch p1 from=0 @3..4 ok [0:m0 2:m9] end=3
             c3 fetch p1 from=0 @10..11 ok [0:m0 2:m9] end=3"
        )
    };
    assert_eq!(rule(&history("ok 1")), "lso_passed");
    holds(&judge(LAW, &history("refused")));
    holds(&judge(LAW, &history("unknown")));
    let seen = format!("{}\nc4 poll @12..13 ok p1[1:m1]", history("unknown"));
    assert_eq!(rule(&seen), "lso_passed");
}

#[test]
fn one_input_is_processed_once_by_a_group() {
    let history = |second: &str| {
        format!(
            "c1 join g1 @0.1..0.2 ok generation=1 p1
             c1 transact poll p2:m11 @1..2 ok p1[0:m1]; 0
             {second}
             c2 transact poll p2:m12 @5..6 ok p1[0:m1]; 1"
        )
    };
    assert_eq!(rule(&history("c2 join g1 @3..4 ok generation=2 p1")), "double_processing");
    for second in ["c2 join g2 @3..4 ok generation=2 p1", "c2 assign p1 @3..4 ok"] {
        holds(&judge(LAW, &history(second)));
    }
}

#[test]
fn readers_of_uncommitted_data_may_see_what_is_torn_and_it_is_told() {
    let history = "c1 transact p1:m1 @1..2 refused\nc2 poll @3..4 ok p1[0:m1]";
    let contract = Contract { isolation: Isolation::ReadUncommitted, ..Contract::default() };
    let judgement = judgement(history, contract);
    holds(&judgement.verdict);
    let expected = "permitted by `read_uncommitted`: 1 messages were shown aborted or torn";
    assert_eq!(judgement.permitted, [expected]);
}

#[test]
fn without_a_transaction_that_someone_could_see_it_is_vacuous() {
    for history in [
        "c1 produce p1 m1 @1..2 ok offset=0\nc2 fetch p1 from=0 @3..4 ok [0:m1] end=1",
        "c2 fetch p1 from=0 @0.3..0.4 ok [0:m0] end=1\nc1 transact p1:m1 @1..2 ok 1",
    ] {
        assert!(unknown(judge(LAW, history)).starts_with("vacuous"), "{history}");
    }
}
