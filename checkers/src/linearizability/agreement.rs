//! The search and brute force agree on small histories of every object: two searches that share
//! neither a line nor an idea, and two descriptions of each object.

use super::{
    Budget, Operation,
    brute::{Spec, specs},
    engine::{self, Model},
    fuzz::{Dice, Tally, cases, operation, spans},
    models,
    objects::{Log, Mutex, Queue, Register, Set, Taken, Text},
};

const BUDGET: Budget = Budget::of(1_000_000, 64 << 20);

/// Uses a true object in some order and then spoils a part of what was told: a few answers are
/// those of another moment, and a few never came.
fn history<S: Spec>(
    dice: &mut Dice,
    spec: &S,
    draw: impl Fn(&mut Dice) -> Vec<S::Deed>,
) -> Vec<Operation<S::Deed>>
where
    S::Deed: Clone,
{
    let count = 2 + dice.roll(6);
    let spoils = dice.roll(2) == 0;
    let (mut operations, mut state) = (Vec::new(), spec.initial());
    for span in spans(dice, count) {
        // Every way in which the deed may have been told; the true one, unless it is spoilt.
        let told = draw(dice);
        let is_spoilt = spoils && dice.roll(4) == 0;
        let possible: Vec<_> = told
            .iter()
            .filter_map(|deed| Some((deed, spec.apply(&state, deed).into_iter().next()?)))
            .collect();
        if possible.is_empty() {
            continue;
        }
        let (deed, next) = possible[dice.roll(possible.len() as u64) as usize].clone();
        state = next;
        let deed = match is_spoilt {
            true => told[dice.roll(told.len() as u64) as usize].clone(),
            false => deed.clone(),
        };
        operations.push(operation(span, deed));
    }
    operations.sort_by_key(|operation| operation.called.ordinal);
    operations
}

/// Compares the two on many histories; some operations of each never return.
fn agree<S, M>(seed: u64, spec: S, model: M, draw: impl Fn(&mut Dice) -> Vec<S::Deed>)
where
    S: Spec,
    M: Model<Deed = S::Deed>,
    S::Deed: Clone + std::fmt::Debug,
{
    let mut tally = Tally::default();
    for case in 0..cases(10_000) {
        let mut dice = Dice::of(seed * 1_000_000_007 + case);
        let mut operations = history(&mut dice, &spec, &draw);
        for operation in &mut operations {
            if dice.roll(6) == 0
                && let Some(deed) = model.forget(&operation.deed)
            {
                operation.deed = deed;
                operation.returned = None;
            }
        }
        let answer = engine::check(&model, &operations, BUDGET);
        tally.compare(&spec, &operations, &answer);
    }
    tally.is_common();
}

#[test]
fn on_registers_that_are_compared_and_set() {
    agree(1, specs::Register { initial: None }, models::Register::default(), |dice| {
        let (from, to) = (dice.roll(3), dice.roll(3));
        match dice.roll(3) {
            0 => [None, Some(0), Some(1), Some(2)].map(Register::Read).to_vec(),
            1 => vec![Register::Write(to)],
            _ => [true, false].map(|is| Register::Cas { from, to, succeeded: Some(is) }).to_vec(),
        }
    });
}

#[test]
fn on_queues_that_hold_a_value_twice() {
    agree(2, specs::Queue, models::Queue::default(), |dice| match dice.roll(2) {
        0 => vec![Queue::Enqueue(dice.roll(3))],
        _ => [Taken::Value(0), Taken::Value(1), Taken::Value(2), Taken::Empty]
            .map(Queue::Dequeue)
            .to_vec(),
    });
}

#[test]
fn on_sets_that_are_read_as_a_whole() {
    agree(3, specs::Set, models::Set::default(), |dice| {
        let element = dice.roll(2);
        match dice.roll(4) {
            0 => vec![Set::Add(element)],
            1 => [true, false].map(|is| Set::Remove { element, found: Some(is) }).to_vec(),
            2 => [true, false].map(|is| Set::Contains(element, is)).to_vec(),
            _ => [vec![], vec![0], vec![1], vec![0, 1]].map(Set::Read).to_vec(),
        }
    });
}

#[test]
fn on_locks() {
    agree(4, specs::Mutex, models::Mutex, |_| vec![Mutex::Acquire, Mutex::Release]);
}

#[test]
fn on_texts() {
    agree(5, specs::Text, models::Text::default(), |dice| match dice.roll(3) {
        0 => ["", "a", "b", "aa", "ab", "ba"].map(|text| Text::Get(text.to_owned())).to_vec(),
        1 => vec![Text::Put(["a", "b"][dice.roll(2) as usize].to_owned())],
        _ => vec![Text::Append(["a", "b"][dice.roll(2) as usize].to_owned())],
    });
}

#[test]
fn on_logs() {
    agree(6, specs::Log, models::Log::default(), |dice| {
        let value = dice.roll(1 << 40);
        match dice.roll(4) {
            0 => (0..4).map(|offset| Log::Append(vec![value], Some(offset))).collect(),
            1 => (0..3)
                .flat_map(|expected| [true, false].map(|is| (expected, is)))
                .map(|(expected, is)| Log::AppendAt {
                    values: vec![value],
                    expected,
                    succeeded: Some(is),
                })
                .collect(),
            2 => (0..3).map(|from| Log::Read { from, values: vec![], is_end: true }).collect(),
            _ => (0..4).map(Log::Tail).collect(),
        }
    });
}
