//! The smallest histories of partitions whose transactions go in a circle, or do not.

use crate::{
    Bench, Contract, Isolation, Judgement, checkers,
    testing::{evidence, holds, judge, unknown},
    text,
};

fn under(isolation: Isolation, history: &str) -> Judgement {
    let history = text::parse(history).expect("a history").history;
    let judges = checkers(&["transaction_cycles".to_owned()]).expect("a known name");
    let contract = Contract { isolation, ..Contract::default() };
    Bench::under(contract, judges).judge(&history).remove(0)
}

const CIRCLE: &str = "c1 transact p1:m1 poll @1..9 ok 0; p2[0:m2]
                      c2 transact p2:m2 poll @2..8 ok 0; p1[0:m1]";

#[test]
fn what_runs_one_after_another_holds() {
    let history = "c1 transact p1:m1 p2:m2 @1..2 ok 0; 0
                   c2 transact poll p1:m3  @3..4 ok p2[0:m2]; 1
                   c3 fetch p1 from=0      @5..6 ok [0:m1 1:m3] end=2
                   c1 produce p1 m4        @7..8 ok offset=2";
    for isolation in [Isolation::ReadCommitted, Isolation::Serializable] {
        let judgement = under(isolation, history);
        assert_eq!(holds(&judgement.verdict), 6, "ww twice, wr three times, rw once");
        assert!(judgement.permitted.is_empty(), "{judgement:?}");
    }
}

#[test]
fn two_that_read_each_other_go_in_a_circle() {
    let evidence = evidence(judge("transaction_cycles", CIRCLE));
    let lines: Vec<&str> = evidence.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        evidence.summary,
        "g1c: what transactions wrote and read goes in a circle (T1 < T2 < T1)"
    );
    assert_eq!(
        lines,
        [
            "T1 = c2: sent m2 of p2, read m1 of p1",
            "T2 = c1: sent m1 of p1, read m2 of p2",
            "then T1 < T2, because T2 read m2, which T1 sent",
            "however, T2 < T1, because T1 read m1, which T2 sent: a contradiction",
        ]
    );
    let uncommitted = under(Isolation::ReadUncommitted, CIRCLE);
    assert!(unknown(uncommitted.verdict).starts_with("vacuous"));
}

#[test]
fn a_circle_that_a_refused_or_unknown_poll_would_close_is_none() {
    let refused = CIRCLE.replace("@2..8 ok 0; p1[0:m1]", "@2..8 unknown");
    assert_eq!(holds(&judge("transaction_cycles", &refused)), 1);
}

#[test]
fn sends_that_stand_between_one_another_are_permitted_unless_serializable() {
    let history = "c1 transact p1:m1 p2:m2 @1..9 ok 0; 1
                   c2 transact p1:m3 p2:m4 @2..8 ok 1; 0";
    let committed = under(Isolation::ReadCommitted, history);
    assert_eq!(holds(&committed.verdict), 2);
    assert_eq!(
        committed.permitted,
        ["g0: transactions wrote over one another in a circle (T1 < T2 < T1)"]
    );
    let strict = evidence(under(Isolation::Serializable, history).verdict);
    assert!(strict.summary.starts_with("g0: "), "{strict:?}");
    assert_eq!(
        strict.lines[2].text,
        "then T1 < T2, because in p2 m4 of T1 stands at offset 0, and m2 of T2 after it at 1"
    );
}

#[test]
fn a_stale_read_counts_where_its_level_forbids_it() {
    let history = |level: &str| {
        format!(
            "c1 produce p1 m1 @1..2 ok offset=0
             c2 fetch p1 from=0 {level} @3..4 ok [] end=0
             c1 fetch p1 from=0 eventual @5..6 ok [0:m1] end=1"
        )
    };
    let strict = evidence(under(Isolation::Serializable, &history("linearizable")).verdict);
    assert!(strict.summary.starts_with("g_single_realtime: "), "{strict:?}");
    assert_eq!(strict.lines[2].text, "then T1 < T2, because T1 had ended before T2 began");
    for level in ["eventual", "session", "bounded=9"] {
        assert_eq!(holds(&under(Isolation::Serializable, &history(level)).verdict), 2);
    }
    let own = history("session").replace("c2", "c1");
    let strict = evidence(under(Isolation::Serializable, &own).verdict);
    assert!(strict.summary.starts_with("g_single_process: "), "{strict:?}");
    let committed = under(Isolation::ReadCommitted, &history("linearizable"));
    let why = unknown(committed.verdict);
    assert_eq!(why, "vacuous: no call did several things at once", "other laws judge lone reads");
}

#[test]
fn what_the_leader_alone_acknowledged_orders_nothing() {
    let history = "c1 produce p1 m1 leader @1..2 ok offset=0
                   c2 fetch p1 from=0      @3..4 ok [] end=0
                   c2 fetch p1 from=0      @5..6 ok [0:m1] end=1";
    assert_eq!(holds(&under(Isolation::Serializable, history).verdict), 2);
}

#[test]
fn a_poll_does_not_say_what_it_missed() {
    let history = "c1 transact p1:m1 @1..2 ok 0
                   c1 transact p1:m2 @3..4 ok 1
                   c2 transact poll  @5..6 ok p1[0:m1]";
    assert_eq!(holds(&under(Isolation::Serializable, history).verdict), 2);
}

#[test]
fn without_two_that_depend_on_each_other_it_is_vacuous() {
    let twice = "c1 produce p1 m1 @1..2 ok offset=0\nc2 produce p1 m1 @1..2 ok offset=0";
    assert!(unknown(judge("transaction_cycles", twice)).starts_with("malformed history: m1"));
    for history in ["", "c1 transact p1:m1 p2:m2 @1..2 ok 0; 0", "c1 poll @1..2 ok"] {
        assert!(unknown(judge("transaction_cycles", history)).starts_with("vacuous"));
    }
}
