//! Queues, bags and sets.

use super::{Dice, Toy, when};
use crate::linearizability::{
    models,
    objects::{self, Taken},
};
use std::collections::{BTreeSet, VecDeque};

pub(crate) struct Queue;

fn ask_queue(
    state: &VecDeque<u64>,
    taken: Option<usize>,
    dice: &mut Dice,
) -> (objects::Queue, VecDeque<u64>) {
    let mut next = state.clone();
    if dice.one_in(2) {
        let value = dice.below(6);
        next.push_back(value);
        return (objects::Queue::Enqueue(value), next);
    }
    let taken = taken.and_then(|place| next.remove(place));
    (objects::Queue::Dequeue(taken.map_or(Taken::Empty, Taken::Value)), next)
}

fn garble_queue(deed: objects::Queue, dice: &mut Dice) -> objects::Queue {
    match deed {
        objects::Queue::Enqueue(value) => objects::Queue::Enqueue(value),
        objects::Queue::Dequeue(_) => objects::Queue::Dequeue(match dice.below(6) {
            0 => Taken::Empty,
            1 => Taken::Unknown,
            value => Taken::Value(value),
        }),
    }
}

fn take(state: &VecDeque<u64>, place: usize) -> VecDeque<u64> {
    let mut next = state.clone();
    next.remove(place);
    next
}

fn apply_queue(
    state: &VecDeque<u64>,
    places: std::ops::Range<usize>,
    deed: &objects::Queue,
    is_pending: bool,
) -> Vec<VecDeque<u64>> {
    match deed {
        objects::Queue::Enqueue(value) => {
            let mut next = state.clone();
            next.push_back(*value);
            vec![next]
        }
        objects::Queue::Dequeue(taken) => match taken {
            Taken::Value(value) if !is_pending => {
                let found = places.filter(|place| state[*place] == *value);
                found.map(|place| take(state, place)).collect()
            }
            Taken::Empty if !is_pending => when(state.is_empty(), state.clone()),
            Taken::Value(_) | Taken::Empty | Taken::Unknown => {
                places.map(|place| take(state, place)).chain([state.clone()]).collect()
            }
        },
    }
}

impl Toy for Queue {
    type Model = models::Queue;
    type Deed = objects::Queue;
    type State = VecDeque<u64>;

    fn model() -> models::Queue {
        models::Queue::default()
    }

    fn start() -> VecDeque<u64> {
        VecDeque::new()
    }

    fn ask(state: &VecDeque<u64>, dice: &mut Dice) -> (objects::Queue, VecDeque<u64>) {
        ask_queue(state, Some(0), dice)
    }

    fn garble(deed: objects::Queue, dice: &mut Dice) -> objects::Queue {
        garble_queue(deed, dice)
    }

    fn apply(state: &VecDeque<u64>, deed: &objects::Queue, is_pending: bool) -> Vec<VecDeque<u64>> {
        apply_queue(state, 0..state.len().min(1), deed, is_pending)
    }
}

pub(crate) struct Bag;

impl Toy for Bag {
    type Model = models::Bag;
    type Deed = objects::Queue;
    type State = VecDeque<u64>;

    fn model() -> models::Bag {
        models::Bag::default()
    }

    fn start() -> VecDeque<u64> {
        VecDeque::new()
    }

    fn ask(state: &VecDeque<u64>, dice: &mut Dice) -> (objects::Queue, VecDeque<u64>) {
        let place = (!state.is_empty()).then(|| dice.below(state.len() as u64) as usize);
        ask_queue(state, place, dice)
    }

    fn garble(deed: objects::Queue, dice: &mut Dice) -> objects::Queue {
        garble_queue(deed, dice)
    }

    fn apply(state: &VecDeque<u64>, deed: &objects::Queue, is_pending: bool) -> Vec<VecDeque<u64>> {
        apply_queue(state, 0..state.len(), deed, is_pending)
    }
}

pub(crate) struct Set;

impl Toy for Set {
    type Model = models::Set;
    type Deed = objects::Set;
    type State = BTreeSet<u64>;

    fn model() -> models::Set {
        models::Set::default()
    }

    fn start() -> BTreeSet<u64> {
        BTreeSet::new()
    }

    fn ask(state: &BTreeSet<u64>, dice: &mut Dice) -> (objects::Set, BTreeSet<u64>) {
        let (element, mut next) = (dice.below(4), state.clone());
        match dice.below(6) {
            0 | 1 => {
                next.insert(element);
                (objects::Set::Add(element), next)
            }
            2 => {
                let found = Some(next.remove(&element));
                (objects::Set::Remove { element, found }, next)
            }
            3 => (objects::Set::Contains(element, state.contains(&element)), next),
            _ => (objects::Set::Read(state.iter().rev().copied().collect()), next),
        }
    }

    fn garble(deed: objects::Set, dice: &mut Dice) -> objects::Set {
        match deed {
            objects::Set::Add(element) => objects::Set::Add(element),
            objects::Set::Remove { element, found } => {
                let found = if dice.one_in(2) { None } else { found.map(|is| !is) };
                objects::Set::Remove { element, found }
            }
            objects::Set::Contains(element, found) => objects::Set::Contains(element, !found),
            objects::Set::Read(mut elements) => {
                match dice.below(3) {
                    0 => elements.push(dice.below(4)),
                    1 => elements.extend(elements.first().copied()),
                    _ => drop(elements.pop()),
                }
                objects::Set::Read(elements)
            }
        }
    }

    fn apply(state: &BTreeSet<u64>, deed: &objects::Set, is_pending: bool) -> Vec<BTreeSet<u64>> {
        match deed {
            objects::Set::Add(element) => vec![state.iter().copied().chain([*element]).collect()],
            objects::Set::Remove { element, found } => {
                let mut without = state.clone();
                let is_there = without.remove(element);
                match found {
                    Some(found) if !is_pending => when(is_there == *found, without),
                    _ => vec![without, state.clone()],
                }
            }
            objects::Set::Contains(element, found) => {
                when(is_pending || state.contains(element) == *found, state.clone())
            }
            objects::Set::Read(elements) => {
                let is_same = elements.len() == state.len()
                    && elements.iter().copied().collect::<BTreeSet<u64>>() == *state;
                when(is_pending || is_same, state.clone())
            }
        }
    }
}
