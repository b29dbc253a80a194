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
use Set::{Add, Contains, Read, Remove};

/// Each operation as (call, return, deed); a return of 0 never came.
pub(super) fn history(spans: &[(u64, u64, Set)]) -> Vec<Operation<Set>> {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    let operation = |(called, returned, deed): &(u64, u64, Set)| Operation {
        process: *called,
        called: at(*called),
        returned: (*returned != 0).then_some(at(*returned)),
        deed: deed.clone(),
    };
    spans.iter().map(operation).collect()
}

fn order(spans: &[(u64, u64, Set)]) -> Vec<usize> {
    match check(&history(spans)) {
        Answer::Linearizable(order) => order,
        answer @ (Answer::Impossible(_) | Answer::Exhausted(_)) => panic!("{answer:?}"),
    }
}

fn impossible(spans: &[(u64, u64, Set)]) -> Impossible {
    match check(&history(spans)) {
        Answer::Impossible(impossible) => impossible,
        answer @ (Answer::Linearizable(_) | Answer::Exhausted(_)) => panic!("{answer:?}"),
    }
}

fn removed(element: u64) -> Set {
    Remove { element, found: Some(true) }
}

#[test]
fn elements_come_and_go() {
    let spans = [
        (1, 2, Contains(7, false)),
        (3, 4, Add(7)),
        (5, 6, Contains(7, true)),
        (7, 10, removed(7)),
        (8, 9, Contains(7, true)),
        (11, 12, Contains(7, false)),
    ];
    assert_eq!(order(&spans), [0, 1, 2, 4, 3, 5]);
    assert_eq!(order(&[]), [0usize; 0]);
}

#[test]
fn each_rule_is_told_by_its_name_with_the_fewest_operations() {
    let told = |spans: &[(u64, u64, Set)]| {
        let Impossible { rule, operations, .. } = impossible(spans);
        (rule, operations)
    };
    assert_eq!(told(&[(1, 2, Contains(7, true))]), ("phantom", vec![0]));
    let future = [(1, 2, Contains(7, true)), (3, 4, Add(7))];
    assert_eq!(told(&future), ("future_read", vec![0, 1]));
    let back = [(1, 2, Add(7)), (3, 4, removed(7)), (5, 6, Contains(7, true))];
    assert_eq!(told(&back), ("resurrected", vec![0, 1, 2]));
    let twice = [(1, 2, Add(7)), (3, 4, removed(7)), (5, 6, removed(7))];
    assert_eq!(told(&twice), ("duplicate", vec![0, 1, 2]));
    let lost = [(1, 2, Add(7)), (3, 4, Add(8)), (5, 6, Contains(7, false))];
    assert_eq!(told(&lost), ("stale_read", vec![0, 2]));
}

#[test]
fn reads_of_a_growing_set_are_ordered_by_what_they_hold() {
    let spans = [
        (1, 9, Add(7)),
        (2, 8, Add(8)),
        (3, 6, Read(vec![8])),
        (4, 5, Read(vec![])),
        (7, 10, Read(vec![8, 7])),
    ];
    assert_eq!(order(&spans), [3, 1, 2, 0, 4]);
    let told = |spans: &[(u64, u64, Set)]| impossible(spans).why;
    let fork = [(1, 6, Add(7)), (2, 5, Add(8)), (3, 7, Read(vec![7])), (4, 8, Read(vec![8]))];
    assert!(told(&fork).starts_with("long_fork: one read holds 8 and not 7"), "{}", told(&fork));
    let twice = [(1, 2, Add(7)), (3, 4, Read(vec![7, 7]))];
    assert_eq!(told(&twice), "duplicated: one read holds 7 twice");
    let stale = [(1, 2, Add(7)), (3, 4, Add(8)), (5, 6, Read(vec![8]))];
    assert_eq!(told(&stale), "stale_read: 7 was in before a read was called that lacks it");
    assert_eq!(impossible(&stale).operations, [0, 2]);
    let skewed = [(1, 2, Add(7)), (3, 4, Add(8)), (5, 6, Read(vec![8, 7])), (7, 8, Read(vec![7]))];
    assert_eq!(told(&skewed), "stale_read: 8 was in before a read was called that lacks it");
}

#[test]
fn a_remove_without_an_answer_explains_what_it_can() {
    let may = Remove { element: 7, found: None };
    let spans = |called| [(1, 2, Add(7)), (called, 0, may.clone()), (5, 6, Contains(7, false))];
    assert_eq!(order(&spans(3)), [0, 1, 2]);
    assert_eq!(impossible(&spans(7)).rule, "stale_read");
    let both = [(1, 2, Add(7)), (3, 4, may), (5, 6, Contains(7, true))];
    assert_eq!(impossible(&both).operations, [0, 1, 2]);
}

#[test]
fn what_is_beyond_this_monitor_is_left_to_others() {
    let why = |spans: &[(u64, u64, Set)]| match check(&history(spans)) {
        Answer::Exhausted(why) => why,
        answer @ (Answer::Linearizable(_) | Answer::Impossible(_)) => panic!("{answer:?}"),
    };
    assert_eq!(why(&[(1, 2, Add(7)), (3, 0, Add(7))]), "element 7 is added twice");
    let mixed = [(1, 2, Add(7)), (3, 4, removed(7)), (5, 6, Read(vec![]))];
    assert!(why(&mixed).starts_with("reads of the whole set beside removes"));
}

/// A true set under a few clients, with lost answers and now and then a lie.
fn random(dice: &mut Dice, has_reads: bool, has_removes: bool) -> Vec<Operation<Set>> {
    let (count, lies, losses) = (2 + dice.roll(7), 2 + dice.roll(10), 2 + dice.roll(10));
    let mut state = std::collections::BTreeSet::new();
    let elements = 1 + dice.roll(3);
    let mut operations = Vec::new();
    let mut fresh = 1..=elements;
    for span in fuzz::spans(dice, count) {
        let is_lost = dice.roll(losses) == 0;
        let happens = !is_lost || dice.roll(2) == 0;
        let element = 1 + dice.roll(elements);
        let is_lie = dice.roll(lies) == 0;
        let deed = match (dice.roll(10), has_removes, has_reads) {
            (0..3, ..) if !fresh.is_empty() => {
                let element = fresh.next().unwrap_or_default();
                if happens {
                    state.insert(element);
                }
                Add(element)
            }
            (3..6, true, _) => {
                let found = if happens { state.remove(&element) } else { false };
                let found = (dice.roll(3) != 0).then_some(found != is_lie);
                Remove { element, found }
            }
            (4..8, _, true) => {
                let mut held: Vec<u64> = state.iter().rev().copied().collect();
                if is_lie {
                    match held.iter().position(|one| *one == element) {
                        Some(place) if dice.roll(8) != 0 => drop(held.remove(place)),
                        Some(_) | None => held.push(element),
                    }
                }
                Read(held)
            }
            _ => Contains(element, state.contains(&element) != is_lie),
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

fn agrees(seed: u64, has_reads: bool, has_removes: bool, exhausted_permille_max: u64) {
    let (mut dice, mut tally) = (Dice::of(seed), Tally::default());
    for _ in 0..fuzz::cases(50_000) {
        let operations = random(&mut dice, has_reads, has_removes);
        tally.compare(&specs::Set, &operations, &check(&operations));
    }
    tally.is_telling(exhausted_permille_max);
}

#[test]
fn it_agrees_with_brute_force_on_random_looks() {
    agrees(4, false, true, 0);
}

#[test]
fn it_agrees_with_brute_force_on_random_reads_of_growing_sets() {
    agrees(5, true, false, 0);
}

#[test]
fn it_agrees_with_brute_force_on_random_reads_of_shrinking_sets() {
    agrees(6, true, true, 800);
}
