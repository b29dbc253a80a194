//! A first-in first-out queue, exactly, in near-linear time, if no value is enqueued twice: it is
//! linearizable unless one of five patterns shows (Henzinger, Sezgin & Vafeiadis, CONCUR 2013;
//! Bouajjani, Emmi, Enea & Hamza, ICALP 2015; checkers.md 4.3):
//! 1. *phantom*: a dequeue of a value that nobody enqueued;
//! 2. *future_read*: a dequeue that returned before its value's enqueue was called;
//! 3. *duplicate*: two dequeues of one value;
//! 4. *fifo_order*: `a` was in the queue before `b` was asked for, and `b` came out before `a`;
//! 5. *not_empty*: a dequeue found nothing, and at each moment of it some value was in the queue.
//!
//! **Enqueues that never returned** count if their value came out, else they are left out.
//!
//! **Dequeues that never returned** may each have taken one value that nobody else took, at any
//! moment after their call. Let A(t) be the number of values that were in before t and that no
//! known dequeue took, and P(t) the number of such dequeues called before t. Then
//! - a known dequeue of `b` proves that all values before `b` were taken by the time it returned:
//!   A(call of b's enqueue) <= P(return of b's dequeue), else *fifo_order*;
//! - the queue can be empty at t only if A(t) <= P(t).
//!
//! Nothing else couples them: whoever must be out by some moment was in before some other, so those
//! who must be out are always the first ones that came in, and giving the n-th of them to the n-th
//! of the dequeues meets every deadline that can be met (Hall). So all five patterns are one walk.
//!
//! Beyond this monitor, and *exhausted*: a value that is enqueued twice; a dequeue that returned
//! and whose answer is not known; one that never returned and whose answer is known.

mod evidence;
mod order;
mod values;

use super::{
    Answer, Operation,
    objects::Queue,
    replay,
    timeline::{Time, Timeline},
};
use values::{Part, Values};

/// Judges the operations on one queue.
pub fn check(operations: &[Operation<Queue>]) -> Answer {
    let read = Timeline::of(operations)
        .and_then(|timeline| Values::of(operations, &timeline).map(|values| (timeline, values)));
    let (timeline, values) = match read {
        Ok(read) => read,
        Err(why) => return Answer::Exhausted(why),
    };
    let history = History { operations, timeline, values };
    if let Some(flaw) = history.values.flaw() {
        return history.show(flaw);
    }
    match history.walk() {
        Err(flaw) => history.show(flaw),
        Ok(gaps) => {
            let order = order::of(&history, &gaps);
            replay::linearizable(replay::Queue::default(), operations, order)
        }
    }
}

/// A history and what it says of each value.
struct History<'a> {
    operations: &'a [Operation<Queue>],
    timeline: Timeline,
    values: Values,
}

/// A pattern that shows that a history is impossible: values, or operations.
#[derive(Clone, Copy, Debug)]
enum Flaw {
    /// Dequeued and never enqueued.
    Phantom { value: u32 },
    /// Dequeued before it was enqueued.
    Future { value: u32 },
    /// Dequeued once more, by this operation.
    Duplicate { value: u32, again: u32 },
    /// `early` was in before `late` was asked for, and `late` was out before `early` was.
    Overtaken { early: u32, late: u32 },
    /// Too few dequeues can have taken the values that were in before this one.
    TooManyBefore { late: u32 },
    /// An operation that found nothing.
    NotEmpty { operation: u32 },
}

impl History<'_> {
    /// Walks the moments once and looks for the patterns 4 and 5. Without any, tells for each
    /// dequeue that found nothing a gap in which the queue can have been empty: gap t lies between
    /// times t and t + 1. Gaps come in order.
    fn walk(&self) -> Result<Vec<(Time, u32)>, Flaw> {
        let Values { lives, parts, takers, .. } = &self.values;
        let mut gaps = Vec::with_capacity(self.values.empties);
        // Dequeues that found nothing and for which no gap was seen yet.
        let mut waiting: Vec<u32> = Vec::new();
        // Of the values that were in and that a known dequeue takes: the one that is taken last.
        let mut last_out: Option<u32> = None;
        let (mut present, mut untaken, mut taker_count) = (0u64, 0usize, 0usize);
        for (time, operation, is_return) in self.timeline.moments() {
            match (parts[operation as usize], is_return) {
                (Part::In(late), false) => {
                    let life = lives[late as usize];
                    let early = last_out.filter(|early| lives[*early as usize].taking > life.taken);
                    if let Some(early) = early {
                        return Err(Flaw::Overtaken { early, late });
                    }
                    let takers_by = || takers.partition_point(|taker| taker.0 < life.taken);
                    if life.is_taken() && untaken > 0 && untaken > takers_by() {
                        return Err(Flaw::TooManyBefore { late });
                    }
                }
                (Part::In(value), true) => {
                    let life = lives[value as usize];
                    if life.is_taken() {
                        present += u64::from(life.enqueued < life.taking);
                        let last = last_out.map(|last| lives[last as usize].taking);
                        if last.is_none_or(|last| last < life.taking) {
                            last_out = Some(value);
                        }
                    } else {
                        untaken += 1;
                    }
                }
                (Part::Out(value), false) => {
                    let life = lives[value as usize];
                    present -= u64::from(life.enqueued < life.taking);
                }
                (Part::Empty, false) => waiting.push(operation),
                (Part::Empty, true) if waiting.contains(&operation) => {
                    return Err(Flaw::NotEmpty { operation });
                }
                (Part::Taker, _) => taker_count += 1,
                (Part::Out(_) | Part::Empty, true) | (Part::Nothing, _) => {}
            }
            if !waiting.is_empty() && present == 0 && untaken <= taker_count {
                gaps.extend(waiting.drain(..).map(|operation| (time, operation)));
            }
        }
        Ok(gaps)
    }
}

#[cfg(test)]
mod tests;
