//! A register, or one key of a store, exactly, in near-linear time, if no value is put twice
//! (Gibbons & Korach, SIAM J. Comput. 26(4), 1997; checkers.md 4.4).
//!
//! All operations on one value happen side by side: its write, then its reads. A successful swap
//! from one value to another joins the two, so that values form *chains* that nothing may come
//! between. For a chain let `first` be the earliest return and `last` the latest call of its
//! operations. Chain A must go before chain B exactly if A's `first` is before B's `last`. So:
//! 1. *phantom*: what was found had been put by nobody;
//! 2. *future_read*: what was found was put only later;
//! 3. *lost_update*: two swaps from one value succeeded;
//! 4. *stale_read*: two chains must each go before the other; or within a chain, an operation on a
//!    later value returned before one on an earlier value was called;
//! 5. *wrong_refusal*: a swap failed, and all that time what it asked for was there.
//!
//! Whoever must go first has the smaller `first + last`, and of two who must each go before the
//! other one is found after the other in that order: one sort and one pass, where Gibbons and
//! Korach look at zones. What holds the first value is a chain whose write came before everything.
//!
//! **Writes and swaps that never returned** happened if their value was seen, else they are left
//! out. **Swaps that failed** must find a moment at which the register holds something else. They
//! are put into the order that was found for the rest; if one does not fit and rule 5 does not say
//! that it cannot, some other order might do, and the answer is *exhausted*. So it is for swaps
//! that returned without saying whether they succeeded, if nobody saw their value. Also beyond this
//! monitor is a value that is put twice.

mod chains;
mod evidence;
mod links;
mod order;
mod values;

use super::{
    Answer, Operation,
    objects::{Register, Value},
    replay,
    timeline::Timeline,
};
use links::Chains;
use values::Values;

/// Judges the operations on one register, which begins with `initial`.
pub fn check(operations: &[Operation<Register>], initial: Option<Value>) -> Answer {
    let read = Timeline::of(operations).and_then(|timeline| {
        Values::of(operations, &timeline, initial).map(|values| (timeline, values))
    });
    let (timeline, values) = match read {
        Ok(read) => read,
        Err(why) => return Answer::Exhausted(why),
    };
    let history = History { operations, timeline, values, initial };
    let found = Chains::of(&history).and_then(|chains| {
        chains.disagree(&history)?;
        order::of(&history, &chains)
    });
    match found {
        Ok(order) => replay::linearizable(replay::Register(initial), operations, order),
        Err(Halt::Flaw(flaw)) => evidence::show(&history, flaw),
        Err(Halt::Doubt(why)) => Answer::Exhausted(why),
    }
}

/// A history and what it says of each value.
struct History<'a> {
    operations: &'a [Operation<Register>],
    timeline: Timeline,
    values: Values,
    initial: Option<Value>,
}

/// Why no order was found.
#[derive(Debug)]
enum Halt {
    /// There is none.
    Flaw(Flaw),
    /// No one can say.
    Doubt(String),
}

/// What shows that a history is impossible: a sentence and the operations that it is about.
#[derive(Debug)]
struct Flaw {
    rule: &'static str,
    why: String,
    operations: Vec<u32>,
}

#[cfg(test)]
mod tests;
