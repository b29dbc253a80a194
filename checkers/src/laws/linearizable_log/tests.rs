//! One story for each kind of violation, then random small histories against a brute-force twin.

mod twin;

use crate::{
    Contract, Verdict,
    linearizability::fuzz::cases,
    testing::{evidence, holds, judge, judgement, unknown},
};
use proptest::prelude::*;

fn summary(history: &str) -> String {
    evidence(judge("linearizable_log", history)).summary
}

#[test]
fn overlapping_calls_may_take_effect_in_either_order() {
    let verdict = judge(
        "linearizable_log",
        "c1 produce p1 m1 @1..5 ok offset=1
         c2 produce p1 m2 @2..4 ok offset=0
         c3 fetch p1 from=0 @3..3.5 ok [0:m2] end=1
         c3 fetch p1 from=0 @6..7 ok [0:m2 1:m1] end=2
         c4 fetch p1 from=0 eventual @8..9 ok [] end=0",
    );
    assert_eq!(holds(&verdict), 5);
}

#[test]
fn an_append_asked_after_another_was_acknowledged_stands_above_it() {
    let evidence = evidence(judge(
        "linearizable_log",
        "c1 produce p1 m1 @1..2 ok offset=1
         c2 produce p1 m2 @3..4 ok offset=0",
    ));
    assert!(evidence.summary.starts_with("realtime_order"), "{evidence:?}");
    assert_eq!((evidence.offset, evidence.message), (Some(0), Some(2)));
    let lines: Vec<&str> = evidence.lines.iter().map(|line| line.text.as_str()).collect();
    let expected = [
        "c1 asked to append m1 to partition 1",
        "c1 was told that m1 is at offset 1",
        "c2 asked to append m2 to partition 1",
        "c2 was told that m2 is at offset 0",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_linearizable_read_may_not_miss_what_was_acknowledged_before_it_began() {
    let history = |level| {
        format!(
            "c1 produce p1 m1 @1..2 ok offset=0
             c2 fetch p1 from=0 {level} @3..4 ok [] end=0"
        )
    };
    assert!(summary(&history("linearizable")).starts_with("stale_read"));
    assert_eq!(holds(&judge("linearizable_log", &history("eventual"))), 2);
}

#[test]
fn a_read_may_not_go_back_behind_an_earlier_one() {
    let text = summary(
        "c1 produce p1 m1 @1..9 unknown
         c2 fetch p1 from=0 eventual @2..3 ok [0:m1] end=1
         c3 fetch p1 from=0 @4..5 ok [] end=0",
    );
    assert!(text.starts_with("stale_read"), "{text}");
}

#[test]
fn a_read_may_not_see_past_what_was_asked_for() {
    let text = summary(
        "c1 produce p1 m1 @1..9 ok offset=1
         c2 fetch p1 from=1 @2..3 ok [1:m1] end=2
         c3 produce p1 m2 @4..5 ok offset=0",
    );
    assert!(text.starts_with("future_read"), "{text}");
}

#[test]
fn an_unknown_call_may_take_effect_long_after_it_was_given_up() {
    let verdict = judge(
        "linearizable_log",
        "c1 produce p1 m1 @1..2 unknown
         c2 fetch p1 from=0 @3..4 ok [] end=0
         c3 fetch p1 from=0 @5..6 ok [0:m1] end=1",
    );
    assert_eq!(holds(&verdict), 2);
}

#[test]
fn an_acknowledgement_at_leader_counts_only_once_it_is_seen() {
    let verdict = judge(
        "linearizable_log",
        "c1 produce p1 m1 leader @1..2 ok offset=0
         c2 produce p1 m2 @3..4 ok offset=0
         c3 fetch p1 from=0 @5..6 ok [0:m2] end=1",
    );
    assert_eq!(holds(&verdict), 2);
}

#[test]
fn an_offset_without_a_name_needs_an_append_that_could_stand_there() {
    let gap = "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=1";
    let filled = format!("c2 produce p1 m2 producer=2/0/0 @1.5..9 unknown\n{gap}");
    let too_late = format!("c2 produce p1 m2 producer=2/0/0 @3..9 unknown\n{gap}");
    assert!(summary(gap).starts_with("offset_gap"));
    assert_eq!(holds(&judge("linearizable_log", &filled)), 1);
    assert!(summary(&too_late).contains("only 0 appends"), "{}", summary(&too_late));
}

#[test]
fn one_filler_cannot_fill_two_gaps() {
    let text = summary(
        "c2 produce p1 m2 producer=2/0/0 @1..9 unknown
         c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=1
         c1 produce p1 m3 producer=1/0/1 @3..4 ok offset=3",
    );
    assert!(text.starts_with("offset_gap: partition 1 reaches past offset 2"), "{text}");
}

/// Each attempt of a call without a sequence may have been appended, and nobody need have looked.
#[test]
fn retries_of_a_producer_that_is_not_idempotent_fill_any_number_of_gaps() {
    let retried = "c1 produce p1 m1 @1..2 ok offset=5";
    assert_eq!(holds(&judge("linearizable_log", retried)), 1);
    let asked_too_late = "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=5
                          c2 produce p1 m2 @3..4 ok offset=6";
    assert!(summary(asked_too_late).starts_with("offset_gap"));
}

#[test]
fn what_one_or_two_operations_show_by_themselves() {
    let read = |records| format!("c9 fetch p1 from=0 @5..6 ok {records}");
    for (calls, records, kind) in [
        (
            "c1 produce p1 m1 @1..2 ok offset=0\nc1 produce p1 m2 @1..2 unknown",
            "[0:m2] end=1",
            "inconsistent_offsets",
        ),
        ("c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=0", "[0:m1 1:m1] end=2", "duplicate"),
        ("c1 produce p1 m1 @1..2 refused (full)", "[0:m1] end=1", "aborted_read"),
        ("c1 produce p1 m1 @1..8 refused (full)", "[0:m1] end=1", "aborted_read"),
        ("c1 produce p2 m1 @1..2 ok offset=0", "[0:m1] end=1", "wrong_partition"),
        ("", "[0:m1] end=1", "phantom"),
        ("c1 produce p1 m1,m2 @1..2 ok offset=0", "[0:m1 1:m2] end=1", "past_end"),
        ("c1 produce p1 m1,m2 @1..2 ok offset=0", "[1:m2] end=2", "offset_gap"),
        (
            "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=18446744073709551615",
            "[] end=0",
            "offset_gap",
        ),
        ("", "[987654321987:m1] end=987654321988", "offset_gap"),
        ("", "[] end=987654321988", "offset_gap"),
    ] {
        let text = summary(&format!("{calls}\n{}", read(records)));
        assert!(text.starts_with(kind), "{kind}: {text}");
    }
}

#[test]
fn a_read_cut_by_size_says_nothing_about_what_it_left_out() {
    let verdict = judge(
        "linearizable_log",
        "c1 produce p1 m1,m2,m3 @1..2 ok offset=0
         c2 fetch p1 from=0 @3..4 ok [0:m1] end=3",
    );
    assert_eq!(holds(&verdict), 2);
}

#[test]
fn polls_and_transactions_are_operations_on_the_log() {
    let history = "c1 transact p1:m1 p2:m2 @1..4 ok 1; 0
                   c2 transact p1:m3 poll @2..5 ok 0; -
                   c3 poll @4.5..6 ok p1[0:m3 1:m1] p2[0:m2]";
    assert_eq!(holds(&judge("linearizable_log", history)), 5);
    for (late, kind) in [
        ("c2 transact p1:m3 @5..6 ok 0", "realtime_order"),
        ("c2 transact p1:m3 @5..6 unknown\nc3 poll @7..8 ok p1[0:m3 1:m1]", "realtime_order"),
        ("c3 poll @5..6 ok p1[1:m7]", "phantom"),
        ("c2 produce p1 m3 @1..2 ok offset=0\nc3 poll @5..6 ok p1[1:m3]", "inconsistent_offsets"),
    ] {
        let text = summary(&format!("c1 transact p1:m1 p2:m2 @1..4 ok 1; 0\n{late}"));
        assert!(text.starts_with(kind), "{kind}: {text}");
    }
}

#[test]
fn a_read_below_an_open_transaction_is_not_stale() {
    let history = |ended| {
        format!(
            "c1 transact p1:m1 p1:m2 @1..{ended}
             c2 produce p1 m3 @2..3 ok offset=2
             c3 fetch p1 from=0 @10..11 ok [] end=0"
        )
    };
    for open in ["20 ok 0; 1", " unknown", "9 unknown", "10.5 ok 0; 1"] {
        assert_eq!(holds(&judge("linearizable_log", &history(open))).min(2), 2, "{open}");
    }
    assert!(summary(&history("9 ok 0; 1")).starts_with("stale_read"));
}

#[test]
fn a_contract_may_permit_gaps_and_forbid_retries() {
    let of = |contract, history: &str| judgement("linearizable_log", history, contract).verdict;
    let gaps = Contract { permits_gaps: true, ..Contract::default() };
    let once = Contract { permits_retries: false, ..Contract::default() };
    let sparse = "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=987654321987
                  c3 fetch p1 from=0 @3..4 ok [987654321987:m1] end=987654321990";
    assert_eq!(holds(&of(gaps, sparse)), 2);
    let turned = format!("{sparse}\nc2 produce p1 m2 @5..6 ok offset=987654321988");
    assert!(evidence(of(gaps, &turned)).summary.starts_with("future_read"));
    let hole = "c1 produce p1 m1 @1..2 ok offset=5";
    assert_eq!(holds(&of(Contract::default(), hole)), 1);
    assert!(evidence(of(once, hole)).summary.starts_with("offset_gap"));
}

#[test]
fn a_message_asked_for_twice_is_malformed_and_not_a_violation() {
    let history = "c1 produce p1 m1 @1..2 ok offset=0\nc1 produce p1 m1 @3..4 ok offset=1";
    assert!(unknown(judge("linearizable_log", history)).starts_with("malformed"));
}

#[test]
fn without_a_constraint_it_is_vacuous() {
    let history = "c1 produce p1 m1 leader @1..2 ok offset=0\nc1 produce p1 m2 @3..4 unknown";
    assert!(unknown(judge("linearizable_log", history)).starts_with("vacuous"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(20_000) as u32))]
    /// The monitor and the twin must agree on every history, lawful or not.
    #[test]
    fn the_monitor_agrees_with_brute_force(history in twin::history()) {
        let judges = crate::checkers(&["linearizable_log".to_owned()]).expect("a known name");
        let verdict = crate::Bench::new(judges).judge(&history).remove(0).verdict;
        let is_lawful = twin::is_linearizable(&history);
        let text = crate::text::Text { history, expected: Vec::new() };
        let text = crate::text::print(&text);
        match verdict {
            Verdict::Violated(evidence) => prop_assert!(!is_lawful, "{}\n{text}", evidence.summary),
            Verdict::Holds(_) | Verdict::Unknown(_) => {
                prop_assert!(is_lawful, "the monitor lets pass\n{text}");
            }
        }
    }
}

#[cfg(feature = "porcupine")]
proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]
    /// The second opinion must agree with the twin as well, wherever it has one.
    #[test]
    fn porcupine_agrees_with_brute_force(history in twin::history()) {
        let judges = crate::checkers(&["porcupine".to_owned()]).expect("a known name");
        let verdict = crate::Bench::new(judges).judge(&history).remove(0).verdict;
        match verdict {
            Verdict::Violated(_) => prop_assert!(!twin::is_linearizable(&history)),
            Verdict::Holds(_) => prop_assert!(twin::is_linearizable(&history)),
            Verdict::Unknown(why) => {
                let excuses = ["vacuous", "too many open", "knows no polls"];
                prop_assert!(excuses.iter().any(|excuse| why.contains(excuse)), "{}", why);
            }
        }
    }
}

/// The generator is only worth its name if it makes plenty of both kinds.
#[test]
fn the_random_histories_are_lawful_and_unlawful_in_good_measure() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};
    let mut runner = TestRunner::deterministic();
    let mut lawful = 0;
    for _ in 0..500 {
        let tree = twin::history().new_tree(&mut runner).expect("a history");
        lawful += usize::from(twin::is_linearizable(&tree.current()));
    }
    assert!((100..=400).contains(&lawful), "{lawful} of 500 are lawful");
}
