//! Queues: first in first out, and a bag that gives its elements back in any order. State: what is
//! in it.
//!
//! A dequeue that came back without saying what it took has taken something or nothing.

use super::{UNKNOWN, list};
use crate::linearizability::{
    engine::{Model, Steps},
    objects::{self, Taken, Value},
};

/// A queue, empty at first: what a dequeue may take depends on whether it keeps an order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held<const IS_ORDERED: bool> {
    taken: Vec<Value>,
}

/// A first-in first-out queue.
pub type Queue = Held<true>;

/// A queue without an order: a dequeue takes any element.
pub type Bag = Held<false>;

impl<const IS_ORDERED: bool> Model for Held<IS_ORDERED> {
    type Deed = objects::Queue;
    type Act = objects::Queue;
    /// In the order in which they came, or of values where that says nothing.
    type State = Vec<Value>;

    fn initial(&self) -> Vec<Value> {
        Vec::new()
    }

    fn informed(&self, told: &mut dyn Iterator<Item = &objects::Queue>) -> Self {
        Held { taken: taken(told) }
    }

    fn act(&self, deed: &objects::Queue) -> Option<objects::Queue> {
        Some(*deed)
    }

    fn step(&self, state: &Vec<Value>, act: &objects::Queue) -> Steps<Vec<Value>> {
        if IS_ORDERED { step_in_order(state, act) } else { step_in_any_order(state, act) }
    }

    fn is_read_only(&self, act: &objects::Queue) -> bool {
        match act {
            objects::Queue::Enqueue(_) => false,
            objects::Queue::Dequeue(taken) => *taken == Taken::Empty,
        }
    }

    fn forget(&self, deed: &objects::Queue) -> Option<objects::Queue> {
        match deed {
            objects::Queue::Enqueue(_) => Some(*deed),
            objects::Queue::Dequeue(_) => Some(objects::Queue::Dequeue(Taken::Unknown)),
        }
    }

    /// What no one took only stood in the way of others. That a dequeue without a known answer took
    /// it is as good as that it took nothing.
    fn is_unobservable(&self, act: &objects::Queue) -> bool {
        match act {
            objects::Queue::Enqueue(value) => self.taken.binary_search(value).is_err(),
            objects::Queue::Dequeue(_) => false,
        }
    }

    fn is_costly(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &Vec<Value>) -> u64 {
        state.len() as u64 * 8
    }

    fn describe(&self, deed: &objects::Queue) -> String {
        match deed {
            objects::Queue::Enqueue(value) => format!("enqueued {value}"),
            objects::Queue::Dequeue(Taken::Value(value)) => format!("dequeued {value}"),
            objects::Queue::Dequeue(Taken::Empty) => "found the queue empty".to_owned(),
            objects::Queue::Dequeue(Taken::Unknown) => format!("dequeued {UNKNOWN}"),
        }
    }

    fn describe_state(&self, state: &Vec<Value>) -> String {
        let order = if IS_ORDERED { "" } else { ", in any order" };
        format!("the queue held {}{order}", list(state))
    }
}

fn step_in_order(state: &[Value], act: &objects::Queue) -> Steps<Vec<Value>> {
    match act {
        objects::Queue::Enqueue(value) => Steps::To([state, [*value].as_slice()].concat()),
        objects::Queue::Dequeue(taken) => match (taken, state) {
            (Taken::Value(value), [first, rest @ ..]) if value == first => Steps::To(rest.to_vec()),
            (Taken::Value(_), _) | (Taken::Empty, [_, ..]) => Steps::Never,
            (Taken::Empty | Taken::Unknown, []) => Steps::Same,
            (Taken::Unknown, [_, rest @ ..]) => Steps::Any(vec![state.to_vec(), rest.to_vec()]),
        },
    }
}

fn step_in_any_order(state: &[Value], act: &objects::Queue) -> Steps<Vec<Value>> {
    let without = |place: usize| {
        let mut next = state.to_vec();
        next.remove(place);
        next
    };
    match act {
        objects::Queue::Enqueue(value) => {
            let mut next = state.to_vec();
            next.insert(state.partition_point(|other| other < value), *value);
            Steps::To(next)
        }
        objects::Queue::Dequeue(Taken::Value(value)) => {
            state.binary_search(value).map_or(Steps::Never, |place| Steps::To(without(place)))
        }
        objects::Queue::Dequeue(Taken::Empty) if state.is_empty() => Steps::Same,
        objects::Queue::Dequeue(Taken::Empty) => Steps::Never,
        objects::Queue::Dequeue(Taken::Unknown) if state.is_empty() => Steps::Same,
        objects::Queue::Dequeue(Taken::Unknown) => {
            let taken = (0..state.len()).map(without);
            Steps::Any(std::iter::once(state.to_vec()).chain(taken).collect())
        }
    }
}

/// The values that were taken, in order.
fn taken(told: &mut dyn Iterator<Item = &objects::Queue>) -> Vec<Value> {
    let taken = told.filter_map(|deed| match deed {
        objects::Queue::Dequeue(Taken::Value(value)) => Some(*value),
        objects::Queue::Dequeue(Taken::Empty | Taken::Unknown) | objects::Queue::Enqueue(_) => None,
    });
    let mut taken: Vec<Value> = taken.collect();
    taken.sort_unstable();
    taken
}
