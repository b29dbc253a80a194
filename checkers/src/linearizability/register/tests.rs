//! The rules one by one, then random histories against brute force.

use super::*;
use crate::{
    history::Stamp,
    linearizability::{
        Impossible,
        brute::specs,
        fuzz::{self, Dice, Tally},
    },
};
use Register::{Cas, Read, Write};

/// Each operation as (call, return, deed); a return of 0 never came.
fn history(spans: &[(u64, u64, Register)]) -> Vec<Operation<Register>> {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    let operation = |(called, returned, deed): &(u64, u64, Register)| Operation {
        process: *called,
        called: at(*called),
        returned: (*returned != 0).then_some(at(*returned)),
        deed: *deed,
    };
    spans.iter().map(operation).collect()
}

fn order(spans: &[(u64, u64, Register)]) -> Vec<usize> {
    match check(&history(spans), None) {
        Answer::Linearizable(order) => order,
        answer @ (Answer::Impossible(_) | Answer::Exhausted(_)) => panic!("{answer:?}"),
    }
}

fn impossible(spans: &[(u64, u64, Register)]) -> Impossible {
    match check(&history(spans), None) {
        Answer::Impossible(impossible) => impossible,
        answer @ (Answer::Linearizable(_) | Answer::Exhausted(_)) => panic!("{answer:?}"),
    }
}

fn swap(from: u64, to: u64) -> Register {
    Cas { from, to, succeeded: Some(true) }
}

fn failed(from: u64) -> Register {
    Cas { from, to: 99, succeeded: Some(false) }
}

#[test]
fn reads_find_what_was_put_last() {
    let spans = [(1, 2, Read(None)), (3, 4, Write(7)), (5, 6, Read(Some(7)))];
    assert_eq!(order(&spans), [0, 1, 2]);
    // Two writes at once: the reads say which was last.
    let beside = [(1, 4, Write(7)), (2, 3, Write(8)), (5, 6, Read(Some(7)))];
    assert_eq!(order(&beside), [1, 0, 2]);
    assert_eq!(order(&[]), [0usize; 0]);
    let initial = history(&[(1, 2, Read(Some(3))), (3, 4, swap(3, 4)), (5, 6, Read(Some(4)))]);
    assert_eq!(check(&initial, Some(3)), Answer::Linearizable(vec![0, 1, 2]));
}

#[test]
fn each_rule_is_told_by_its_name_with_the_fewest_operations() {
    let phantom = impossible(&[(1, 2, Write(7)), (3, 4, Read(Some(9)))]);
    assert_eq!(phantom.why, "phantom: 9 was found, and nobody put it");
    assert_eq!(phantom.operations, [1]);
    let future = impossible(&[(1, 2, Read(Some(7))), (3, 4, Write(7))]);
    assert_eq!((future.rule, future.operations), ("future_read", vec![0, 1]));
    let stale = [(1, 2, Write(7)), (3, 4, Write(8)), (5, 6, Read(Some(8))), (7, 8, Read(Some(7)))];
    let stale = impossible(&stale);
    assert_eq!((stale.rule, stale.operations), ("stale_read", vec![0, 1, 3]));
    let unborn = impossible(&[(1, 2, Write(7)), (3, 4, Read(None))]);
    assert_eq!((unborn.rule, unborn.operations), ("stale_read", vec![0, 1]));
    assert_eq!(
        unborn.why,
        "stale_read: nothing was there before 7 was, and 7 before nothing was, and each was put \
         once"
    );
    let held = history(&[(1, 2, Read(None))]);
    let Answer::Impossible(held) = check(&held, Some(3)) else { panic!("it held 3") };
    assert_eq!((held.rule, held.operations), ("phantom", vec![0]));
}

#[test]
fn swaps_join_values_that_nothing_comes_between() {
    let spans = |last| {
        [(1, 2, Write(7)), (3, 4, swap(7, 8)), (5, 6, swap(8, 9)), (7, 8, Write(10)), (9, 10, last)]
    };
    assert_eq!(order(&spans(Read(Some(10)))), [0, 1, 2, 3, 4]);
    assert_eq!(impossible(&spans(Read(Some(9)))).operations, [2, 3, 4]);
    assert_eq!(impossible(&spans(Read(Some(7)))).rule, "stale_read");
    let twice = [(1, 2, Write(7)), (3, 4, swap(7, 8)), (5, 6, swap(7, 9))];
    assert_eq!(impossible(&twice).rule, "lost_update");
    let circle = [(1, 3, swap(7, 8)), (2, 4, swap(8, 7))];
    assert_eq!(impossible(&circle).rule, "future_read");
}

#[test]
fn a_failed_swap_needs_something_else_to_be_there() {
    let spans = |last| [(1, 2, Write(7)), (3, 4, failed(7)), (5, 6, last)];
    assert_eq!(impossible(&spans(Read(Some(7)))).rule, "wrong_refusal");
    assert_eq!(order(&[(1, 2, Write(7)), (3, 6, failed(7)), (4, 5, Write(8))]), [0, 2, 1]);
    // That a write may have come between, which nobody saw, is beyond this monitor.
    let pending = [(1, 2, Write(7)), (3, 0, Write(8)), (4, 5, failed(7))];
    assert!(matches!(check(&history(&pending), None), Answer::Exhausted(_)));
}

#[test]
fn what_never_returned_happened_if_its_value_was_seen() {
    let spans = [(1, 0, Write(7)), (2, 0, swap(7, 8)), (3, 4, Read(Some(8))), (5, 0, Write(9))];
    assert_eq!(order(&spans), [0, 1, 2]);
    assert!(matches!(
        check(&history(&[(1, 2, Write(7)), (3, 0, Write(7))]), None),
        Answer::Exhausted(why) if why == "value 7 is put twice"
    ));
}

/// A true register under a few clients, with lost answers and now and then a lie.
fn random(dice: &mut Dice, initial: Option<Value>, has_swaps: bool) -> Vec<Operation<Register>> {
    let (count, lies, losses) = (2 + dice.roll(7), 2 + dice.roll(20), 2 + dice.roll(10));
    let mut state = initial;
    let mut operations = Vec::new();
    for (value, span) in (1..).zip(fuzz::spans(dice, count)) {
        let is_lost = dice.roll(losses) == 0;
        let happens = !is_lost || dice.roll(2) == 0;
        let someone = 1 + dice.roll(count);
        let deed = match dice.roll(if has_swaps { 12 } else { 8 }) {
            0..4 => {
                let found = match dice.roll(lies) {
                    0 => Some(someone),
                    1 => initial,
                    _ => state,
                };
                Read(found)
            }
            4..8 => {
                state = if happens { Some(value) } else { state };
                Write(value)
            }
            8..11 if state.is_some() && dice.roll(lies) != 0 => {
                let from = state.unwrap_or_default();
                state = if happens { Some(value) } else { state };
                let succeeded = (!is_lost && dice.roll(20) != 0).then_some(true);
                Cas { from, to: value, succeeded }
            }
            _ => {
                let succeeded = [Some(true), Some(false), None][dice.roll(3) as usize];
                if succeeded == Some(true) && state == Some(someone) && happens {
                    state = Some(value);
                }
                Cas { from: someone, to: value, succeeded }
            }
        };
        let mut operation = fuzz::operation(span, deed);
        if is_lost {
            operation.returned = None;
        }
        operations.push(operation);
    }
    operations.sort_by_key(|operation| operation.called);
    operations
}

#[test]
fn it_agrees_with_brute_force_on_random_reads_and_writes() {
    let (mut dice, mut tally) = (Dice::of(2), Tally::default());
    for case in 0..fuzz::cases(50_000) {
        let initial = (case % 3 == 0).then_some(100);
        let operations = random(&mut dice, initial, false);
        let answer = check(&operations, initial);
        tally.compare(&specs::Register { initial }, &operations, &answer);
    }
    tally.is_telling(0);
}

#[test]
fn it_agrees_with_brute_force_on_random_swaps() {
    let (mut dice, mut tally) = (Dice::of(3), Tally::default());
    for case in 0..fuzz::cases(50_000) {
        let initial = (case % 3 == 0).then_some(100);
        let operations = random(&mut dice, initial, true);
        let answer = check(&operations, initial);
        tally.compare(&specs::Register { initial }, &operations, &answer);
    }
    tally.is_telling(60);
}
