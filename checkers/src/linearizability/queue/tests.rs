//! The patterns one by one, then random histories against brute force.

use super::*;
use crate::{
    history::Stamp,
    linearizability::{
        Impossible,
        brute::specs,
        fuzz::{self, Dice, Tally},
        objects::{Queue::Dequeue, Queue::Enqueue, Taken, Taken::Empty, Taken::Unknown},
    },
};

fn took(value: u64) -> Queue {
    Dequeue(Taken::Value(value))
}

/// Each operation as (call, return, deed); a return of 0 never came.
fn history(spans: &[(u64, u64, Queue)]) -> Vec<Operation<Queue>> {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    let operation = |(called, returned, deed): &(u64, u64, Queue)| Operation {
        process: *called,
        called: at(*called),
        returned: (*returned != 0).then_some(at(*returned)),
        deed: *deed,
    };
    spans.iter().map(operation).collect()
}

fn order(spans: &[(u64, u64, Queue)]) -> Vec<usize> {
    match check(&history(spans)) {
        Answer::Linearizable(order) => order,
        answer @ (Answer::Impossible(_) | Answer::Exhausted(_)) => panic!("{answer:?}"),
    }
}

fn impossible(spans: &[(u64, u64, Queue)]) -> Impossible {
    match check(&history(spans)) {
        Answer::Impossible(impossible) => impossible,
        answer @ (Answer::Linearizable(_) | Answer::Exhausted(_)) => panic!("{answer:?}"),
    }
}

#[test]
fn values_come_out_as_they_went_in() {
    let spans = [(1, 2, Enqueue(7)), (3, 4, Enqueue(8)), (5, 6, took(7)), (7, 8, took(8))];
    assert_eq!(order(&spans), [0, 1, 2, 3]);
    let beside = [(1, 3, Enqueue(7)), (2, 4, Enqueue(8)), (5, 6, took(8)), (7, 8, took(7))];
    assert_eq!(order(&beside), [1, 0, 2, 3]);
    assert_eq!(order(&[]), [0usize; 0]);
}

#[test]
fn each_pattern_is_told_by_its_name_with_the_fewest_operations() {
    let phantom = impossible(&[(1, 2, Enqueue(7)), (3, 4, took(9))]);
    assert_eq!(phantom.why, "phantom: 9 was dequeued, and nobody enqueued it");
    assert_eq!(phantom.operations, [1]);
    let future = impossible(&[(1, 2, took(7)), (3, 4, Enqueue(7))]);
    assert_eq!((future.rule, future.operations), ("future_read", vec![0, 1]));
    let twice = [(1, 2, Enqueue(7)), (3, 4, took(7)), (5, 6, Enqueue(8)), (7, 8, took(7))];
    let twice = impossible(&twice);
    assert_eq!((twice.rule, twice.operations), ("duplicate", vec![0, 1, 3]));
    let overtaken = [(1, 2, Enqueue(7)), (3, 4, Enqueue(8)), (5, 6, took(8)), (7, 8, took(7))];
    let overtaken = impossible(&overtaken);
    assert_eq!((overtaken.rule, overtaken.operations), ("fifo_order", vec![0, 1, 2, 3]));
    let left = impossible(&[(1, 2, Enqueue(7)), (3, 4, Enqueue(8)), (5, 6, took(8))]);
    assert_eq!((left.rule, left.operations), ("fifo_order", vec![0, 1, 2]));
    let full = [(1, 2, Enqueue(7)), (3, 4, Dequeue(Empty)), (5, 6, took(7))];
    let full = impossible(&full);
    assert_eq!((full.rule, full.operations), ("not_empty", vec![0, 1]));
}

#[test]
fn one_value_after_the_other_keeps_a_queue_from_being_empty() {
    let spans = |second| {
        [
            (1, 2, Enqueue(7)),
            (3, 12, Dequeue(Empty)),
            (second, second + 1, Enqueue(8)),
            (8, 9, took(7)),
            (20, 21, took(8)),
        ]
    };
    assert_eq!(impossible(&spans(4)).operations, [0, 1, 2, 3]);
    assert_eq!(
        impossible(&spans(4)).why,
        "not_empty: a dequeue found the queue empty, and all that time 7 or 8 was in it"
    );
    assert_eq!(order(&spans(10)), [0, 3, 1, 2, 4]);
}

#[test]
fn what_never_returned_explains_what_it_can_and_no_more() {
    // The first taker explains that 7 was passed over; there is no second one for 8.
    let spans = |is_second: bool| {
        let mut spans = vec![
            (1, 2, Enqueue(7)),
            (3, 4, Enqueue(8)),
            (5, 0, Dequeue(Unknown)),
            (7, 8, Enqueue(9)),
            (9, 10, took(9)),
        ];
        spans.extend(is_second.then_some((6, 0, Dequeue(Unknown))));
        spans
    };
    assert_eq!(order(&spans(true)), [0, 1, 2, 5, 3, 4]);
    let flaw = impossible(&spans(false));
    assert_eq!((flaw.rule, flaw.operations), ("fifo_order", vec![0, 1, 2, 3, 4]));
    // A value whose enqueue never returned came out; another is nowhere.
    assert_eq!(order(&[(1, 0, Enqueue(7)), (2, 0, Enqueue(8)), (3, 4, took(8))]), [1, 2]);
    // A taker that is called too late cannot have emptied the queue.
    let late = [(1, 2, Enqueue(7)), (3, 4, Dequeue(Empty)), (5, 0, Dequeue(Unknown))];
    assert_eq!(impossible(&late).operations, [0, 1]);
}

#[test]
fn what_is_beyond_this_monitor_is_left_to_others() {
    let why = |spans: &[(u64, u64, Queue)]| match check(&history(spans)) {
        Answer::Exhausted(why) => why,
        answer @ (Answer::Linearizable(_) | Answer::Impossible(_)) => panic!("{answer:?}"),
    };
    assert_eq!(why(&[(1, 2, Enqueue(7)), (3, 0, Enqueue(7))]), "value 7 is enqueued twice");
    assert!(why(&[(1, 2, Dequeue(Unknown))]).starts_with("a dequeue returned"));
    assert!(why(&[(1, 0, took(7))]).starts_with("a dequeue of 7 never returned"));
    assert!(why(&[(5, 2, Enqueue(7))]).starts_with("malformed history"));
}

/// A true queue under a few clients, with lost answers and now and then a lie.
fn random(dice: &mut Dice) -> Vec<Operation<Queue>> {
    let (count, lies, losses) = (2 + dice.roll(7), 2 + dice.roll(16), 2 + dice.roll(10));
    let enqueues = 3 + dice.roll(5);
    let (mut queue, mut operations, mut taken) =
        (std::collections::VecDeque::new(), vec![], vec![]);
    for (value, span) in (1..).zip(fuzz::spans(dice, count)) {
        let (is_lost, has_effect) = (dice.roll(losses) == 0, dice.roll(2) == 0);
        let mut deed = if dice.roll(10) < enqueues {
            if !is_lost || has_effect {
                queue.push_back(value);
            }
            Enqueue(value)
        } else {
            let head = if !is_lost || has_effect { queue.pop_front() } else { None };
            Dequeue(head.map_or(Empty, Taken::Value))
        };
        if let Dequeue(answer) = &mut deed {
            match dice.roll(lies) {
                _ if is_lost => *answer = Unknown,
                0 => *answer = Taken::Value(1 + dice.roll(count)),
                1 => *answer = Empty,
                2 => *answer = queue.back().copied().map_or(Empty, Taken::Value),
                _ => {}
            }
            if let Taken::Value(value) = answer {
                // A value that is taken twice is seen at once; keep most histories for the rest.
                if taken.contains(value) && dice.roll(8) != 0 {
                    *answer = Empty;
                } else {
                    taken.push(*value);
                }
            }
        }
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
fn it_agrees_with_brute_force_on_random_histories() {
    let (mut dice, mut tally) = (Dice::of(1), Tally::default());
    for _ in 0..fuzz::cases(50_000) {
        let operations = random(&mut dice);
        tally.compare(&specs::Queue, &operations, &check(&operations));
    }
    tally.is_telling(0);
}
