//! Plan to run, as every command of this crate does it: the same judges, the same options, and a
//! bug of the harness caught here.
//!
//! A first run and its re-run must not differ in anything that could move the world, so nobody else
//! in this crate calls `sim::run`.

use checkers::Bench;
use scenarios::Plan;
use sim::{Options, Simulated};
use std::{
    any::Any,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};

/// What a run is watched by. Nothing here changes what happens in it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Watch {
    /// Ends the run early.
    pub(crate) cancelled: Option<Arc<AtomicBool>>,
    /// World time reached, in milliseconds.
    pub(crate) progress_ms: Option<Arc<AtomicU64>>,
    /// Keep every trace record.
    pub(crate) keep_trace: bool,
}

/// Runs a plan. An error is a bug of the harness, in words; a node's panic is part of the run.
///
/// A breach does not stop the run: later judges would keep silent about it, and the drain that
/// tells what was lost would never come.
pub(crate) fn simulate(plan: &Plan, watch: &Watch) -> Result<Simulated, String> {
    let options = Options {
        keep_trace: watch.keep_trace,
        keep_recording: false,
        stop_on_breach: false,
        cancelled: watch.cancelled.clone(),
        progress_ms: watch.progress_ms.clone(),
    };
    let bench = Bench::new(checkers::checkers(&plan.checkers)?);
    catch_unwind(AssertUnwindSafe(|| sim::run(plan, bench, &options)))
        .map_err(|panic| words_of(panic.as_ref()))
}

/// A panic's message.
pub(crate) fn words_of(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "a panic without a message".to_owned(),
    }
}
