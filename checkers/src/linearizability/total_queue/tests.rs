//! What came out and what did not, by hand and by brute force.

use super::*;
use crate::{
    linearizability::fuzz::{Dice, cases, spans},
    testing::{evidence, holds, unknown},
};
use Queue::{Dequeue, Enqueue};

fn at(ordinal: u64) -> Stamp {
    Stamp { ordinal, at_ns: ordinal }
}

/// Each operation as (process, deed), one after the other; process 0 never comes back. The queue is
/// drained at the end.
fn told(deeds: &[(u64, Queue)], promise: Promise) -> (Verdict, Counts) {
    let end = 2 * deeds.len() as u64;
    let drain = Drain { called: at(end), returned: Some(at(end + 1)) };
    told_with(deeds, &[drain], promise)
}

fn told_with(deeds: &[(u64, Queue)], drains: &[Drain], promise: Promise) -> (Verdict, Counts) {
    let operations: Vec<Operation<Queue>> = (0..)
        .step_by(2)
        .zip(deeds)
        .map(|(ordinal, (process, deed))| Operation {
            process: *process,
            called: at(ordinal),
            returned: (*process != 0).then_some(at(ordinal + 1)),
            deed: *deed,
        })
        .collect();
    judge(&operations, drains, promise, &|message| format!("m{message}"))
}

fn took(value: u64) -> Queue {
    Dequeue(Taken::Value(value))
}

const LOST: Queue = Dequeue(Taken::Unknown);

#[test]
fn order_does_not_matter_and_what_never_returned_may_come_out() {
    let deeds = [(1, Enqueue(7)), (2, Enqueue(8)), (0, Enqueue(9)), (3, took(9)), (3, took(8))];
    let (verdict, counts) = told(&[&deeds[..], &[(3, took(7))]].concat(), Promise::default());
    assert_eq!(holds(&verdict), 3);
    assert_eq!((counts.attempted, counts.acknowledged, counts.recovered), (3, 2, 1));
}

#[test]
fn a_message_that_never_comes_out_is_lost_where_it_lies() {
    let deeds: Vec<(u64, Queue)> = (1..=5).map(|value| (1, Enqueue(value))).collect();
    let (verdict, counts) =
        told(&[&deeds[..], &[(2, took(2)), (2, took(4))]].concat(), Promise::default());
    let evidence = evidence(verdict);
    let summary = "lost: m1 was enqueued, and nobody is known to have dequeued it";
    assert_eq!((evidence.summary.as_str(), evidence.count), (summary, 3));
    assert_eq!(evidence.lines.len(), 2);
    let Counts { lost, lost_head, lost_middle, lost_tail, .. } = counts;
    assert_eq!((lost, lost_head, lost_middle, lost_tail), (3, 1, 1, 1));
    let deeds = [(1, Enqueue(1)), (1, Enqueue(2)), (2, took(1))];
    assert_eq!(holds(&told_with(&deeds, &[], Promise::default()).0), 1);
    // What was enqueued after the drain had begun is not owed by it.
    let early = Drain { called: at(2), returned: Some(at(9)) };
    assert_eq!(holds(&told_with(&deeds, &[early], Promise::default()).0), 1);
}

#[test]
fn each_dequeue_without_an_answer_excuses_one_message() {
    let deeds = [(1, Enqueue(7)), (1, Enqueue(8)), (2, took(8)), (0, LOST)];
    let (verdict, counts) = told(&deeds, Promise::default());
    assert!(unknown(verdict).starts_with("1 messages did not come out, and 1 dequeues"));
    assert_eq!(counts.lost, 0);
    let three = [&[(1, Enqueue(5)), (1, Enqueue(6))][..], &deeds[..]].concat();
    let (verdict, counts) = told(&three, Promise::default());
    let told_of = evidence(verdict);
    assert_eq!((told_of.count, counts.lost), (2, 2));
    assert!(
        told_of.summary.ends_with(
            "3 messages are missing, and at most 1 of them can have gone to the dequeues whose \
             answers were lost: 2 are lost for certain"
        ),
        "{}",
        told_of.summary
    );
    // Whoever asks only after the drain was done has taken nothing that it should have brought.
    let drain = Drain { called: at(2), returned: Some(at(3)) };
    let late = [(1, Enqueue(7)), (2, took(7)), (0, LOST), (1, Enqueue(8))];
    assert_eq!(holds(&told_with(&late, &[drain], Promise::default()).0), 1);
    let late = [(1, Enqueue(7)), (2, Dequeue(Taken::Empty)), (0, LOST)];
    let verdict = told_with(&late, &[drain], Promise::default()).0;
    assert!(evidence(verdict).summary.starts_with("lost: m7"));
    // A drain without an answer excuses any number.
    let lost = Drain { called: at(4), returned: None };
    let end = Drain { called: at(90), returned: Some(at(91)) };
    let verdict = told_with(&three, &[lost, end], Promise::default()).0;
    assert!(unknown(verdict).starts_with("3 messages did not come out"));
}

#[test]
fn nothing_comes_out_that_was_not_put_in_nor_more_often() {
    let (verdict, counts) =
        told(&[(1, Enqueue(7)), (2, took(7)), (2, took(9))], Promise::default());
    let summary = evidence(verdict).summary;
    assert_eq!(summary, "unexpected: m9 was dequeued, and nobody enqueued it");
    assert_eq!(counts.phantom, 1);
    let early = told(&[(2, took(7)), (1, Enqueue(7)), (2, took(7))], Promise::default()).0;
    let summary = evidence(early).summary;
    assert_eq!(summary, "unexpected: m7 was dequeued, before anyone asked to enqueue it");
    let twice = [(1, Enqueue(7)), (2, took(7)), (2, took(7))];
    let (verdict, counts) = told(&twice, Promise::default());
    assert_eq!((holds(&verdict), counts.duplicated), (1, 1));
    let once = Promise { permits_duplicates: false };
    let summary = evidence(told(&twice, once).0).summary;
    assert_eq!(summary, "duplicated: m7 was enqueued 1 times and came out 2 times");
}

#[test]
fn if_nothing_came_out_no_one_can_say() {
    assert!(unknown(told(&[], Promise::default()).0).starts_with("vacuous"));
    assert!(unknown(told(&[(0, Enqueue(7))], Promise::default()).0).starts_with("vacuous"));
}

/// The fewest messages that are lost and the fewest that are missing, over every way to say which
/// enqueue each dequeue brought and which message each dequeue without an answer took; none if some
/// dequeue has nowhere to come from.
fn brute(
    operations: &[Operation<Queue>],
    drains: &[Drain],
    promise: Promise,
) -> Option<(usize, usize)> {
    let dequeues: Vec<(u64, u64)> = operations
        .iter()
        .filter_map(|it| match it.deed {
            Dequeue(Taken::Value(value)) => Some((value, it.returned?.ordinal)),
            Enqueue(_) | Dequeue(Taken::Unknown | Taken::Empty) => None,
        })
        .collect();
    let mut out = vec![false; operations.len()];
    give(operations, drains, promise, &dequeues, &mut out)
}

fn give(
    operations: &[Operation<Queue>],
    drains: &[Drain],
    promise: Promise,
    dequeues: &[(u64, u64)],
    out: &mut Vec<bool>,
) -> Option<(usize, usize)> {
    let Some(((value, at), rest)) = dequeues.split_first() else {
        let owed = |it: &Operation<Queue>, until: &Drain| {
            it.returned.is_some_and(|returned| returned < until.called) && until.returned.is_some()
        };
        let missing: Vec<u64> = (operations.iter().zip(&*out))
            .filter(|(it, is_out)| matches!(it.deed, Enqueue(_)) && !**is_out)
            .filter_map(|(it, _)| {
                let until = drains.iter().filter(|drain| owed(it, drain));
                until.filter_map(|drain| drain.returned).map(|end| end.ordinal).min()
            })
            .collect();
        let takers: Vec<u64> =
            operations.iter().filter(|it| it.deed == LOST).map(|it| it.called.ordinal).collect();
        let unknown = drains.iter().filter(|drain| drain.returned.is_none());
        let unknown: Vec<u64> = unknown.map(|drain| drain.called.ordinal).collect();
        let fewest = take(&missing, &mut takers.clone(), &unknown);
        return Some((fewest, missing.len()));
    };
    let mut best: Option<(usize, usize)> = None;
    let mut note = |found: Option<(usize, usize)>| {
        best = match (best, found) {
            (Some(a), Some(b)) => Some((a.0.min(b.0), a.1.min(b.1))),
            (a, b) => a.or(b),
        };
    };
    for place in 0..operations.len() {
        let fits =
            operations[place].deed == Enqueue(*value) && operations[place].called.ordinal < *at;
        if fits && promise.permits_duplicates {
            // It may be one more copy of this.
            note(give(operations, drains, promise, rest, out));
        }
        if fits && !out[place] {
            out[place] = true;
            note(give(operations, drains, promise, rest, out));
            out[place] = false;
        }
    }
    best
}

fn take(missing: &[u64], takers: &mut Vec<u64>, unknown: &[u64]) -> usize {
    let Some((due, rest)) = missing.split_first() else { return 0 };
    if unknown.iter().any(|called| called < due) {
        return take(rest, takers, unknown);
    }
    let mut best = 1 + take(rest, takers, unknown);
    for place in 0..takers.len() {
        if takers[place] < *due {
            let taker = takers.remove(place);
            best = best.min(take(rest, takers, unknown));
            takers.insert(place, taker);
        }
    }
    best
}

#[test]
fn queues_are_judged_as_brute_force_judges_them() {
    let mut seen = [0u64; 3];
    for case in 0..cases(10_000) {
        let mut dice = Dice::of(77_000_000_000 + case);
        let count = 3 + dice.roll(6);
        let (mut operations, mut drains): (Vec<Operation<Queue>>, Vec<Drain>) = Default::default();
        let mut sent: Vec<u64> = Vec::new();
        for (process, (called, returned, _)) in (0..).zip(spans(&mut dice, count)) {
            let (called, returned) = (at(called), at(returned));
            let value = dice.roll(5);
            let (deed, returned) = match dice.roll(20) {
                0..9 => {
                    sent.push(value);
                    (Enqueue(value), (dice.roll(6) > 0).then_some(returned))
                }
                9..17 => {
                    let value = match sent.len() as u64 {
                        1.. if dice.roll(12) > 0 => sent[dice.roll(sent.len() as u64) as usize],
                        _ => value,
                    };
                    (took(value), Some(returned))
                }
                17 | 18 => (LOST, None),
                _ => {
                    let returned = (dice.roll(4) > 0).then_some(returned);
                    drains.push(Drain { called, returned });
                    continue;
                }
            };
            operations.push(Operation { process, called, returned, deed });
        }
        if dice.roll(2) == 0 {
            drains.push(Drain { called: at(90_000), returned: Some(at(90_001)) });
        }
        let promise = Promise { permits_duplicates: dice.roll(2) == 0 };
        let (verdict, counts) = judge(&operations, &drains, promise, &|it| it.to_string());
        let expected = brute(&operations, &drains, promise);
        let word = match expected {
            None => "violated",
            Some((1.., _)) => "violated",
            Some((0, 1..)) => "unknown",
            Some((0, 0)) => "holds",
        };
        let is_vacuous = match &verdict {
            Verdict::Unknown(why) => why.starts_with("vacuous") && word == "holds",
            Verdict::Holds(_) | Verdict::Violated(_) => false,
        };
        assert!(
            is_vacuous || verdict.word() == word,
            "expected {word} ({expected:?}): {operations:#?} {drains:#?} {promise:?} {verdict:?}"
        );
        if let Some((lost, _)) = expected {
            assert_eq!(counts.lost, lost as u64, "{operations:#?} {drains:#?} {verdict:?}");
        }
        seen[["holds", "violated", "unknown"]
            .iter()
            .position(|it| *it == word)
            .expect("a word")] += 1;
    }
    let all = seen.iter().sum::<u64>();
    assert!(seen[0] * 5 >= all && seen[1] * 5 >= all && seen[2] * 50 >= all, "{seen:?}");
}
