//! What a caller may ask of a run beside its plan. None of it changes what happens in the world.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64},
};

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Keep every trace record as text, to name the first event in which two runs differ.
    pub keep_trace: bool,
    /// Keep every fact and every changed replica that judges were told of.
    pub keep_recording: bool,
    /// Stop as soon as a checker is certain of a violation.
    pub stop_on_breach: bool,
    /// Set from outside (Ctrl-C): the run ends soon and says so.
    pub cancelled: Option<Arc<AtomicBool>>,
    /// World time reached, in milliseconds, for progress on long runs.
    pub progress_ms: Option<Arc<AtomicU64>>,
}
