//! Plan to run: the one entry of this room.

use checkers::{Bench, Run};
use scenarios::Plan;
use serde::{Deserialize, Serialize};
use std::sync::{Arc, atomic::AtomicBool};

/// What a caller may ask of a run beside its plan. None of it changes what happens in the world.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Keep every trace record as text, to name the first event in which two runs differ.
    pub keep_trace: bool,
    /// Stop as soon as a checker is certain of a violation.
    pub stop_on_breach: bool,
    /// Set from outside (Ctrl-C): the run ends at its next event and says so.
    pub cancelled: Option<Arc<AtomicBool>>,
    /// World time reached, in milliseconds, for progress on long runs.
    pub progress_ms: Option<Arc<std::sync::atomic::AtomicU64>>,
}

/// A run and what was learned about its plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Simulated {
    /// The run.
    pub run: Run,
    /// The plan with every role resolved to a node; it replays too.
    pub effective: Plan,
    /// Trace records as text, one an event, if they were kept.
    pub trace: Vec<String>,
}

/// Runs a plan on a fresh thread with its own runtime, judged by `bench` as it happens.
///
/// # Panics
/// When the harness itself is at fault; a node's panic is an [`checkers::Ending::Panicked`].
pub fn run(plan: &Plan, bench: Bench, options: &Options) -> Simulated {
    let _ = (plan, bench, options);
    panic!("the world is not built yet")
}
