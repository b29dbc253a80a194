use super::{CausalOrder, knowledge::Knowledge};
use crate::{
    Bench, Contract, Judgement, checkers,
    testing::{evidence, holds, judge, unknown},
    text,
};

const LAW: &str = "causal_order";

fn strict() -> Contract {
    Contract { permits_causal_reversal: false, ..Contract::default() }
}

fn judgement(history: &str, contract: Contract) -> Judgement {
    let history = text::parse(history).expect("a history").history;
    let judges = checkers(&[LAW.to_owned()]).expect("a known name");
    Bench::under(contract, judges).judge(&history).remove(0)
}

/// c1 writes to both partitions; c2 reads the second message and then the first partition.
fn two_writes(read: &str) -> String {
    format!(
        "c1 produce p1 m1 @1..2 ok offset=0
         c1 produce p2 m2 @3..4 ok offset=0
         c2 fetch p2 from=0 eventual @5..6 ok [0:m2] end=1
         c2 fetch p1 from=0 {read}"
    )
}

#[test]
fn a_reader_that_sees_the_cause_behind_the_effect_holds() {
    let judgement = judgement(&two_writes("session @7..8 ok [0:m1] end=1"), strict());
    assert_eq!(holds(&judgement.verdict), 1);
}

#[test]
fn an_effect_without_its_cause_is_found_where_it_is_promised() {
    let told = evidence(judgement(&two_writes("session @7..8 ok [] end=0"), strict()).verdict);
    let expected = "causal_reverse: c2 had seen m2 and then missed its cause m1 at offset 0 of \
                    partition 1";
    assert_eq!(told.summary, expected);
    let lines: Vec<&str> = told.lines.iter().map(|line| line.text.as_str()).collect();
    let expected = [
        "c1 knew m1 at offset 0 of partition 1",
        "c1 asked to append m2",
        "c2 saw m2",
        "c2 asked to read partition 1 (`session`)",
        "c2 was told that partition 1 ends at 0",
    ];
    assert_eq!(lines, expected);
    evidence(judge(LAW, &two_writes("linearizable @7..8 ok [] end=0")));
}

#[test]
fn where_it_is_not_promised_it_is_told() {
    for level in ["session", "eventual"] {
        let history = two_writes(&format!("{level} @7..8 ok [] end=0"));
        let judgement = judgement(&history, Contract::default());
        assert!(unknown(judgement.verdict).starts_with("vacuous"));
        let what = "1 of 1 reads ended below a cause of what their session had seen";
        let expected = format!("permitted by `{level}`: {what}, by up to 1 record");
        assert_eq!(judgement.permitted, [expected]);
    }
}

#[test]
fn causes_come_through_readers_and_many_hands() {
    let history = "c1 produce p1 m1 @1..2 ok offset=0
                   c2 fetch p1 from=0 @3..4 ok [0:m1] end=1
                   c2 produce p2 m2 @5..6 unknown
                   c3 poll @7..8 ok p2[0:m2]
                   c3 produce p3 m3 @9..10 ok offset=0
                   c4 fetch p3 from=0 @11..12 ok [0:m3] end=1
                   c4 fetch p1 from=0 @13..14 ok [] end=0";
    let evidence = evidence(judge(LAW, history));
    assert!(evidence.summary.contains("had seen m3 and then missed its cause m1"), "{evidence:?}");
    assert_eq!(evidence.lines.len(), 7, "{evidence:?}");
    assert!(evidence.lines[0].text.starts_with("c2 knew m1"), "{evidence:?}");
}

#[test]
fn what_was_sent_before_the_cause_was_known_has_no_cause() {
    for (first, second) in [("@1..3.5", "@3..4"), ("@3..4", "@1..2")] {
        let history = format!(
            "c1 produce p1 m1 {first} ok offset=0
             c1 produce p2 m2 {second} ok offset=0
             c2 fetch p2 from=0 @5..6 ok [0:m2] end=1
             c2 fetch p1 from=0 @7..8 ok [] end=0"
        );
        assert!(unknown(judge(LAW, &history)).starts_with("vacuous"), "{history}");
    }
}

#[test]
fn a_read_that_began_before_the_effect_was_seen_owes_nothing() {
    let history = two_writes("linearizable @5.5..8 ok [] end=0");
    assert!(unknown(judge(LAW, &history)).starts_with("vacuous"));
}

#[test]
fn what_an_open_transaction_holds_back_is_not_missed() {
    let history = two_writes("linearizable @7..8 ok [] end=0");
    let held = format!("c9 transact p1:m9 @0.5..0.6 unknown\n{history}");
    assert!(unknown(judge(LAW, &held)).starts_with("vacuous"));
}

#[test]
fn forgotten_knowledge_is_told_and_never_guessed() {
    let mut history = String::new();
    for turn in 0..200 {
        let (at, next) = (turn, turn + 1);
        history += &format!("c1 produce p1 m{next} @{at}.1..{at}.2 ok offset={turn}\n");
        history += &format!("c1 produce p2 m{} @{at}.3..{at}.4 ok offset={turn}\n", next + 1000);
    }
    history += "c2 fetch p2 from=0 @300..301 ok [0:m1001] end=200\n\
                c2 fetch p1 from=0 @302..303 ok [0:m1] end=200";
    let history = text::parse(&history).expect("a history").history;
    let judge = |budget| {
        let knowledge = Knowledge::with_budget(budget);
        let judge = CausalOrder { knowledge, ..CausalOrder::default() };
        Bench::new(vec![Box::new(judge)]).judge(&history).remove(0).verdict
    };
    assert_eq!(holds(&judge(400)), 1);
    assert!(unknown(judge(100)).contains("1 messages knew was forgotten"));
}
