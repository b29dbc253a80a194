//! Linearizability of one object, by dedicated monitors and by search.
//!
//! An *operation* is one call on one object: who, from when to when, and what it did. A history of
//! them is linearizable if each can be given one moment between its call and its return so that the
//! object, doing them in that order, answers as it did (Herlihy & Wing 1990). An operation that
//! never returned may take effect at any later moment, or never.
//!
//! Every answer can be checked without trusting who gave it: `Linearizable` comes with the order
//! that was found, `Impossible` with a handful of operations that no order explains. A search that
//! ran out of its budget answers `Exhausted`, never one of the other two.

#[cfg(test)]
mod agreement;
pub(crate) mod brute;
pub mod engine;
#[cfg(test)]
pub(crate) mod fuzz;
pub mod models;
pub mod objects;
pub mod queue;
pub mod register;
pub(crate) mod replay;
#[cfg(feature = "porcupine")]
pub mod second_opinion;
pub mod set;
pub mod sources;
mod timeline;
pub mod total_queue;

use crate::history::Stamp;
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicBool, Ordering};

/// One call on one object. Order is by `Stamp::ordinal`, which no two moments of a history share;
/// `a` came before `b` if `a` returned at a lower ordinal than `b` was called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation<D> {
    /// Who asked. One process has one operation at a time.
    pub process: u64,
    /// When it was asked.
    pub called: Stamp,
    /// When it was answered; none if it never was, and then it may have happened at any later
    /// moment or not at all.
    pub returned: Option<Stamp>,
    /// What was asked and what came back.
    pub deed: D,
}

/// How much a search may spend. Neither steps nor bytes are a wall time: the same search always ends
/// the same way, unless somebody stops it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Steps of the model.
    pub steps: u64,
    /// Bytes that the search may hold at once.
    pub bytes: u64,
    /// Whoever may end it sooner.
    pub stop: Stop,
}

impl Budget {
    /// So many steps and bytes, and nobody who stops it.
    pub const fn of(steps: u64, bytes: u64) -> Budget {
        Budget { steps, bytes, stop: Stop(None) }
    }
}

/// Somebody outside who may have had enough. A search that is stopped answers that no one can say,
/// as if its budget had run out; what it answers until then does not depend on it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stop(Option<&'static AtomicBool>);

impl Stop {
    /// Stops when this is set.
    pub const fn when(is_over: &'static AtomicBool) -> Stop {
        Stop(Some(is_over))
    }

    /// Whether it is over.
    pub fn is_over(self) -> bool {
        self.0.is_some_and(|is_over| is_over.load(Ordering::Relaxed))
    }
}

impl PartialEq for Stop {
    fn eq(&self, other: &Stop) -> bool {
        match (self.0, other.0) {
            (Some(mine), Some(theirs)) => std::ptr::eq(mine, theirs),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}

impl Eq for Stop {}

/// What a monitor or a search found out about a history of operations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// This order explains everything: indices of operations. Pending operations that are left out
    /// did not happen.
    Linearizable(Vec<usize>),
    /// No order does.
    Impossible(Impossible),
    /// Out of steps or bytes, or beyond what this judge can say: why, in words.
    Exhausted(String),
}

/// Operations that no order explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Impossible {
    /// The anomaly's name in the field's words, snake_case: `stale_read`, `fifo_order`.
    pub rule: &'static str,
    /// The rule and how it was broken, in one sentence that names the operations' values.
    pub why: String,
    /// The fewest operations found that show it, as indices into the history, in order of `called`.
    pub operations: Vec<usize>,
}
