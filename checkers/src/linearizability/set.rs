//! A set, exactly, in near-linear time, if no element is added twice (checkers.md 4.5; Lee &
//! Mathur, OOPSLA 2025, for single elements).
//!
//! **Without reads of the whole set** each element is an object of its own (Herlihy & Wing 1990).
//! Over its add, its successful remove and whoever found it let `m` be the earliest return and `M`
//! the latest call; one that was never removed has M after everything. It was certainly in from m
//! to M, and can be out at any other time, so it is impossible exactly if
//! 1. *phantom*: it was found and never added;
//! 2. *future_read*: m is before the call of its add;
//! 3. *resurrected*: M is after the return of its remove;
//! 4. *duplicate*: two removes found it;
//! 5. *stale_read*: it was not found by someone who was called after m and returned before M.
//!
//! **With reads of the whole set and no removes** the set only grows, so reads are ordered by what
//! they hold, and everything falls into place: what the smallest read holds, that read, what the
//! next one holds more, and so on. It is impossible exactly if
//! 6. *duplicated*: a read holds an element twice;
//! 7. *long_fork*: two reads each lack something that the other holds;
//! 8. *future_read* or *stale_read*: something returned before the call of what has its place
//!    earlier.
//!
//! Adds that never returned count if someone found their element. A remove without an answer may be
//! the one that took its element out or have found nothing; each possibility is tried.
//!
//! Beyond this monitor, and *exhausted*: an element that is added twice; reads of the whole set
//! together with removes that may have found something, unless rules 1 to 5 break for one element,
//! a read being taken for a look at each; and more than a few removes of one element that returned
//! without an answer.

mod element;
mod elements;
mod evidence;
mod full;
mod reads;

pub(crate) use full::judge_last_read;
pub use full::{SetCounts, judge_final_set, judge_set_full};

use super::{Answer, Operation, objects::Set, replay, timeline::Timeline};
use elements::Elements;

/// Judges the operations on one set.
pub fn check(operations: &[Operation<Set>]) -> Answer {
    let read = Timeline::of(operations).and_then(|timeline| {
        Elements::of(operations, &timeline).map(|elements| (timeline, elements))
    });
    let (timeline, elements) = match read {
        Ok(read) => read,
        Err(why) => return Answer::Exhausted(why),
    };
    let history = History { operations, timeline, elements };
    let found = if history.elements.reads.is_empty() {
        element::order(&history)
    } else if history.elements.is_growing {
        reads::order(&history)
    } else {
        element::order(&history).and_then(|_| {
            let why = "reads of the whole set beside removes that may have found something";
            Err(Halt::Doubt(why.to_owned()))
        })
    };
    match found {
        Ok(order) => replay::linearizable(replay::Set::default(), operations, order),
        Err(Halt::Flaw(flaw)) => evidence::show(&history, flaw),
        Err(Halt::Doubt(why)) => Answer::Exhausted(why),
    }
}

/// A history and what it says of each element.
struct History<'a> {
    operations: &'a [Operation<Set>],
    timeline: Timeline,
    elements: Elements,
}

/// Why no order was found.
#[derive(Debug)]
enum Halt {
    /// There is none.
    Flaw(Flaw),
    /// No one can say.
    Doubt(String),
}

/// What shows that a history is impossible: a sentence, the operations that it is about, and the
/// elements that matter of them.
#[derive(Debug)]
struct Flaw {
    rule: &'static str,
    why: String,
    operations: Vec<u32>,
    elements: Vec<u32>,
}

#[cfg(test)]
mod tests;
