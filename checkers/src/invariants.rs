//! Histories that are judged by an invariant of what was read, and not by an order: accounts whose
//! sum stays, a counter that only adds, keys that everybody must learn in one order.
//!
//! They come from Jepsen's workloads of the same names. None of them proves linearizability; each
//! finds, at the cost of one pass, what a system that promises much less must not show either.

pub mod bank;
pub mod counter;
pub mod long_fork;
