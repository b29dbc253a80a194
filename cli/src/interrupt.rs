//! Ctrl-C, SIGTERM and a terminal that goes away: the first ends the work soon and keeps what is
//! there, the second ends the process at once.
//!
//! A handler only sets flags. What an interruption means is decided by those who read them. Whoever
//! was started to outlive its terminal (`nohup`) keeps that wish.

use crate::say::Failure;
use reports::ExitCode;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Whether someone asked the process to end, and how.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interrupt {
    is_set: Arc<AtomicBool>,
    signal: Arc<AtomicUsize>,
}

impl Interrupt {
    /// Starts to listen to the signals.
    pub(crate) fn listen() -> Result<Interrupt, Failure> {
        let interrupt = Interrupt::default();
        let hung_up = (!is_ignored(SIGHUP)).then_some(SIGHUP);
        for signal in [SIGINT, SIGTERM].into_iter().chain(hung_up) {
            // In this order: the flag is not set yet when the first signal passes the shutdown.
            flag::register_conditional_shutdown(signal, 128 + signal, interrupt.is_set.clone())
                .and_then(|_| {
                    let number = usize::try_from(signal).expect("signals are small and positive");
                    flag::register_usize(signal, interrupt.signal.clone(), number)
                })
                .and_then(|_| flag::register(signal, interrupt.is_set.clone()))
                .map_err(|error| Failure::harness(format!("could not watch signals: {error}")))?;
        }
        Ok(interrupt)
    }

    /// Whether a signal came.
    pub(crate) fn is_set(&self) -> bool {
        self.is_set.load(Ordering::Relaxed)
    }

    /// The flag itself, for a run to watch.
    pub(crate) fn flag(&self) -> Arc<AtomicBool> {
        self.is_set.clone()
    }

    /// The exit code that the signal asks for.
    pub(crate) fn code(&self) -> Option<ExitCode> {
        if !self.is_set() {
            return None;
        }
        let signal = i32::try_from(self.signal.load(Ordering::Relaxed)).unwrap_or(SIGINT);
        Some(match signal {
            SIGTERM => ExitCode::Terminated,
            SIGHUP => ExitCode::HungUp,
            _ => ExitCode::Interrupted,
        })
    }
}

/// Whether the process was started with this signal ignored, where the system tells (Linux).
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask >> (signal - 1) & 1 == 1
}
