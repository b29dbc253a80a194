//! What may become of an element, one by one, and the whole against Jepsen's own way of counting.

use super::*;
use crate::{
    linearizability::{
        fuzz::{self, Dice},
        set::tests::history,
    },
    testing::{evidence, holds, unknown},
};
use Set::{Add, Contains, Read};

fn full(spans: &[(u64, u64, Set)], permits_stale: bool) -> (Verdict, SetCounts) {
    judge_set_full(&history(spans), permits_stale, &|element| format!("e{element}"))
}

fn last(spans: &[(u64, u64, Set)]) -> (Verdict, SetCounts) {
    judge_final_set(&history(spans), &|element| format!("e{element}"))
}

#[test]
fn an_element_that_stays_is_stable() {
    let (verdict, counts) = full(&[(1, 2, Add(7)), (3, 4, Read(vec![7]))], false);
    assert_eq!(holds(&verdict), 1);
    let expected = SetCounts { attempted: 1, acknowledged: 1, stable: 1, ..SetCounts::default() };
    assert_eq!(counts, expected);
}

#[test]
fn an_element_that_vanishes_is_lost_even_if_no_one_confirmed_its_add() {
    let (verdict, counts) =
        full(&[(1, 0, Add(7)), (2, 3, Read(vec![7])), (4, 5, Read(vec![]))], true);
    let evidence = evidence(verdict);
    assert_eq!(evidence.summary, "lost: e7 was known, and the last reads lack it");
    let told: Vec<&str> = evidence.lines.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(
        told,
        [
            "someone asked to add e7",
            "process 2 asked to read; it found e7",
            "process 4 asked to read; it did not find e7"
        ]
    );
    assert_eq!((counts.lost, counts.recovered), (1, 1));
}

#[test]
fn a_late_element_is_stale_only_where_that_is_forbidden() {
    let spans = [(1, 2, Add(7)), (3, 4, Read(vec![])), (5, 6, Read(vec![7]))];
    let (verdict, counts) = full(&spans, true);
    assert_eq!((holds(&verdict), counts.stale), (1, 1));
    let summary = evidence(full(&spans, false).0).summary;
    assert_eq!(summary, "stale: a read lacks e7, which was known by then");
    // A read that ran beside the add may lack it.
    let beside = [(1, 4, Add(7)), (2, 6, Read(vec![])), (7, 8, Read(vec![7]))];
    assert_eq!(full(&beside, false).1.stale, 0);
}

#[test]
fn what_jepsen_does_not_see_is_seen() {
    let twice = evidence(full(&[(1, 2, Add(7)), (3, 4, Read(vec![7, 7, 7]))], true).0);
    assert_eq!(twice.summary, "duplicated: one read holds e7 more than once");
    assert_eq!(twice.lines[0].text, "process 3 read e7 3 times");
    let strange = evidence(full(&[(1, 2, Add(7)), (3, 4, Read(vec![7, 9]))], true).0);
    assert_eq!(strange.summary, "unexpected: e9 was read, and nobody added it");
}

#[test]
fn while_somebody_still_adds_nothing_is_lost_for_good() {
    let spans = [(1, 2, Add(7)), (3, 4, Read(vec![])), (5, 6, Add(8))];
    let why = "1 elements are missing from the last reads, and somebody still added after these";
    assert!(unknown(full(&spans, true).0).starts_with(why));
    assert!(unknown(last(&spans).0).starts_with(why));
    assert!(evidence(full(&spans, false).0).summary.starts_with("lost: e7"));
    let told = judge_last_read(&history(&spans), true, &|element| format!("e{element}")).0;
    assert!(evidence(told).summary.starts_with("lost: e7"));
    assert!(evidence(last(&spans[..2]).0).summary.starts_with("lost: e7"));
}

#[test]
fn without_reads_no_one_can_say() {
    assert!(unknown(full(&[(1, 2, Add(7))], true).0).starts_with("vacuous"));
    assert!(unknown(last(&[(1, 2, Add(7))]).0).starts_with("vacuous"));
    assert!(unknown(last(&[(1, 2, Read(vec![]))]).0).starts_with("vacuous"));
    assert!(unknown(full(&[(1, 2, Contains(7, true))], true).0).starts_with("only adds"));
}

#[test]
fn the_last_read_tells_what_was_lost_and_what_was_recovered() {
    let spans = |held| {
        [
            (1, 2, Add(7)),
            (3, 0, Add(8)),
            (4, 5, Read(vec![])),
            (6, 20, Add(9)),
            (10, 15, Read(held)),
        ]
    };
    let (verdict, counts) = last(&spans(vec![7, 8]));
    assert_eq!(holds(&verdict), 2);
    assert_eq!((counts.recovered, counts.never_read, counts.lost), (1, 1, 0));
    let (verdict, counts) = last(&spans(vec![8]));
    assert_eq!(evidence(verdict).summary, "lost: e7 was added, and the last read lacks it");
    assert_eq!((counts.lost, counts.stable), (1, 1));
}

/// Each element looked at for each read, in the words of Jepsen's checker.
fn twin(operations: &[Operation<Set>]) -> SetCounts {
    let mut counts = SetCounts::default();
    for operation in operations {
        let Add(element) = operation.deed else { continue };
        let (mut known, mut present, mut absent) = (operation.returned, None, None);
        for read in operations {
            let (Read(held), Some(returned)) = (&read.deed, read.returned) else { continue };
            if held.contains(&element) {
                known = known.into_iter().chain([returned]).min();
                present = present.max(Some(read.called));
            } else {
                absent = absent.max(Some(read.called));
            }
        }
        let is_missed = known.is_some_and(|known| absent.is_some_and(|absent| known < absent));
        if present.is_some() && absent < present {
            counts.stable += 1;
            counts.stale += u64::from(is_missed);
        } else if is_missed {
            counts.lost += 1;
        } else {
            counts.never_read += 1;
        }
    }
    counts
}

#[test]
fn it_counts_as_the_plain_way_does() {
    let mut dice = Dice::of(7);
    for _ in 0..fuzz::cases(5_000) {
        let mut operations: Vec<Operation<Set>> = Vec::new();
        let count = 2 + dice.roll(12);
        for (number, span) in (1..).zip(fuzz::spans(&mut dice, count)) {
            let deed = if dice.roll(2) == 0 {
                Add(number)
            } else {
                Read((1..count).filter(|_| dice.roll(3) != 0).collect())
            };
            let mut operation = fuzz::operation(span, deed);
            if dice.roll(6) == 0 {
                operation.returned = None;
            }
            operations.push(operation);
        }
        let (_, counts) = judge_set_full(&operations, false, &|_| String::new());
        let SetCounts { stable, stale, lost, never_read, .. } = counts;
        let counted = SetCounts { stable, stale, lost, never_read, ..SetCounts::default() };
        assert_eq!(counted, twin(&operations), "{operations:#?}");
    }
}
