//! The search against a dumber one, its budgets, wide histories, and its evidence.

mod toys;

use super::*;
use crate::Stamp;
use toys::{Dice, Toy, history};

const PLENTY: Budget = Budget { steps: 50_000_000, bytes: 1 << 30 };

/// How an operation takes part in what brute force tries.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// It has to happen, and says what it says.
    Kept,
    /// It may happen in its time, with any result.
    Forgotten,
    Absent,
}

/// Whether some order explains everything: all orders are tried, one operation after another.
fn is_explained<T: Toy>(operations: &[Operation<T::Deed>], parts: &[Part]) -> bool {
    fn go<T: Toy>(
        operations: &[Operation<T::Deed>],
        parts: &[Part],
        state: &T::State,
        done: u32,
    ) -> bool {
        let left = |number: &usize| done >> number & 1 == 0 && parts[*number] != Part::Absent;
        let owed =
            |number: &usize| operations[*number].returned.is_some() && parts[*number] == Part::Kept;
        let open: Vec<usize> = (0..operations.len()).filter(left).collect();
        if !open.iter().any(owed) {
            return true;
        }
        let returned = open.iter().filter(|number| owed(number));
        let first = returned.filter_map(|number| operations[*number].returned).min();
        let nobody_is_later = |number: &usize| {
            let operation = &operations[*number];
            first.is_none_or(|first| operation.called < first)
        };
        open.iter().copied().filter(nobody_is_later).any(|number| {
            let is_lost = operations[number].returned.is_none() || parts[number] != Part::Kept;
            // What is forgotten has its time all the same: nothing that was called behind its
            // return may have happened.
            let is_over = |at: Stamp| {
                (0..operations.len())
                    .any(|other| done >> other & 1 == 1 && operations[other].called > at)
            };
            if is_lost && operations[number].returned.is_some_and(is_over) {
                return false;
            }
            let next = T::apply(state, &operations[number].deed, is_lost);
            next.iter().any(|next| go::<T>(operations, parts, next, done | 1 << number))
        })
    }
    go::<T>(operations, parts, &T::start(), 0)
}

fn cases(default: u64) -> u64 {
    std::env::var("ZEROLOSS_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(default)
}

fn agree<T: Toy>() {
    let (mut bad, mut pending, mut lines) = (0, 0, Vec::new());
    let cases = cases(20_000);
    for seed in 0..cases {
        let mut dice = Dice::new(seed);
        let len = 2 + dice.below(6);
        let operations = history::<T>(&mut dice, len);
        pending += operations.iter().filter(|operation| operation.returned.is_none()).count();
        let kept = vec![Part::Kept; operations.len()];
        let is_explained_by_force = is_explained::<T>(&operations, &kept);
        match check(&T::model(), &operations, PLENTY) {
            Answer::Linearizable(_) => {
                assert!(is_explained_by_force, "seed {seed}: {operations:#?}");
            }
            Answer::Impossible(impossible) => {
                assert!(!is_explained_by_force, "seed {seed}: {operations:#?}");
                bad += 1;
                lines.push(impossible.operations.len());
                let told = |rest| {
                    let part = |number| match impossible.operations.contains(&number) {
                        true => Part::Kept,
                        false => rest,
                    };
                    (0..operations.len()).map(part).collect::<Vec<Part>>()
                };
                let is_shown = !is_explained::<T>(&operations, &told(Part::Forgotten))
                    && !is_explained::<T>(&operations, &told(Part::Absent));
                assert!(is_shown, "seed {seed}: {impossible:?} of {operations:#?}");
            }
            Answer::Exhausted(why) => panic!("seed {seed}: {why}"),
        }
    }
    lines.sort_unstable();
    let (median, most) = (lines[lines.len() / 2], lines[lines.len() - 1]);
    assert!(bad * 20 > cases && bad * 10 < cases * 9, "{bad} of {cases} are bad");
    assert!(pending as u64 * 20 > cases, "only {pending} operations are pending");
    assert!(median <= 6 && most <= 7, "evidence of {median} operations, at most {most}");
}

#[test]
fn it_agrees_with_brute_force_on_registers() {
    agree::<toys::Register>();
}

#[test]
fn it_agrees_with_brute_force_on_locks() {
    agree::<toys::Mutex>();
}

#[test]
fn it_agrees_with_brute_force_on_texts() {
    agree::<toys::Text>();
}

#[test]
fn it_agrees_with_brute_force_on_queues() {
    agree::<toys::Queue>();
}

#[test]
fn it_agrees_with_brute_force_on_bags() {
    agree::<toys::Bag>();
}

#[test]
fn it_agrees_with_brute_force_on_sets() {
    agree::<toys::Set>();
}

#[test]
fn it_agrees_with_brute_force_on_logs() {
    agree::<toys::Log>();
}

#[test]
fn it_agrees_with_brute_force_on_streams() {
    agree::<toys::Stream>();
}

#[test]
fn it_agrees_with_brute_force_on_several_registers() {
    agree::<toys::MultiRegister>();
}
