//! What each well-known object may do, said as plainly as possible: states are sorted lists and
//! texts, and nothing is fast.

use super::Spec;
use crate::linearizability::objects::{self, Taken, Value};

/// A register that begins with a value or nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Register {
    pub(crate) initial: Option<Value>,
}

impl Spec for Register {
    type State = Option<Value>;
    type Deed = objects::Register;

    fn initial(&self) -> Option<Value> {
        self.initial
    }

    fn apply(&self, state: &Option<Value>, deed: &objects::Register) -> Vec<Option<Value>> {
        match *deed {
            objects::Register::Read(found) => only_if(found == *state, *state),
            objects::Register::Write(value) => vec![Some(value)],
            objects::Register::Cas { from, to, succeeded } => {
                let is_there = *state == Some(from);
                let next = if is_there { Some(to) } else { *state };
                only_if(succeeded.is_none_or(|succeeded| succeeded == is_there), next)
            }
        }
    }
}

/// A first-in first-out queue.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Queue;

impl Spec for Queue {
    type State = Vec<Value>;
    type Deed = objects::Queue;

    fn initial(&self) -> Vec<Value> {
        Vec::new()
    }

    fn apply(&self, state: &Vec<Value>, deed: &objects::Queue) -> Vec<Vec<Value>> {
        let rest = || state.iter().skip(1).copied().collect();
        match deed {
            objects::Queue::Enqueue(value) => vec![[&state[..], &[*value]].concat()],
            objects::Queue::Dequeue(Taken::Value(value)) => {
                only_if(state.first() == Some(value), rest())
            }
            objects::Queue::Dequeue(Taken::Empty) => only_if(state.is_empty(), rest()),
            objects::Queue::Dequeue(Taken::Unknown) => vec![rest()],
        }
    }
}

/// A set.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Set;

impl Spec for Set {
    /// The elements, sorted.
    type State = Vec<Value>;
    type Deed = objects::Set;

    fn initial(&self) -> Vec<Value> {
        Vec::new()
    }

    fn apply(&self, state: &Vec<Value>, deed: &objects::Set) -> Vec<Vec<Value>> {
        let without = |gone: Value| state.iter().copied().filter(|one| *one != gone).collect();
        match deed {
            objects::Set::Add(element) => {
                let mut next: Vec<Value> = without(*element);
                next.push(*element);
                next.sort_unstable();
                vec![next]
            }
            objects::Set::Remove { element, found } => {
                let is_there = state.contains(element);
                only_if(found.is_none_or(|found| found == is_there), without(*element))
            }
            objects::Set::Contains(element, found) => {
                only_if(state.contains(element) == *found, state.clone())
            }
            objects::Set::Read(elements) => {
                let mut elements = elements.clone();
                elements.sort_unstable();
                only_if(elements == *state, elements)
            }
        }
    }
}

/// A lock.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mutex;

#[cfg(test)]
impl Spec for Mutex {
    /// Whether it is taken.
    type State = bool;
    type Deed = objects::Mutex;

    fn initial(&self) -> bool {
        false
    }

    fn apply(&self, is_taken: &bool, deed: &objects::Mutex) -> Vec<bool> {
        match deed {
            objects::Mutex::Acquire => only_if(!is_taken, true),
            objects::Mutex::Release => only_if(*is_taken, false),
        }
    }
}

/// A text.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Text;

#[cfg(test)]
impl Spec for Text {
    type State = String;
    type Deed = objects::Text;

    fn initial(&self) -> String {
        String::new()
    }

    fn apply(&self, state: &String, deed: &objects::Text) -> Vec<String> {
        match deed {
            objects::Text::Get(found) => only_if(found == state, state.clone()),
            objects::Text::Put(text) => vec![text.clone()],
            objects::Text::Append(more) => vec![format!("{state}{more}")],
        }
    }
}

/// An append-only log.
#[cfg(test)]
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Log;

#[cfg(test)]
impl Spec for Log {
    type State = Vec<Value>;
    type Deed = objects::Log;

    fn initial(&self) -> Vec<Value> {
        Vec::new()
    }

    fn apply(&self, state: &Vec<Value>, deed: &objects::Log) -> Vec<Vec<Value>> {
        let end = state.len() as u64;
        let appended = |values: &[Value]| [&state[..], values].concat();
        match deed {
            objects::Log::Append(values, offset) => {
                only_if(offset.is_none_or(|offset| offset == end), appended(values))
            }
            objects::Log::AppendAt { values, expected, succeeded } => {
                let is_there = *expected == end;
                let next = if is_there { appended(values) } else { state.clone() };
                only_if(succeeded.is_none_or(|succeeded| succeeded == is_there), next)
            }
            objects::Log::Read { from, values, is_end } => {
                let stands = state.iter().skip(usize::try_from(*from).unwrap_or(usize::MAX));
                let is_seen = stands.take(values.len()).eq(values);
                let reached = from.saturating_add(values.len() as u64);
                only_if(is_seen && (!is_end || reached >= end), state.clone())
            }
            objects::Log::Tail(length) => only_if(*length == end, state.clone()),
        }
    }
}

fn only_if<S>(is_possible: bool, next: S) -> Vec<S> {
    if is_possible { vec![next] } else { Vec::new() }
}
