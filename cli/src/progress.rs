//! How far a sweep is, for whoever waits: a bar where stderr is a terminal, plain lines where it is
//! not, every two seconds at first and ever more seldom, nothing with `--quiet`.
//!
//! The only file that reads the wall clock. What it reads is shown, never fed to a run.

use crate::say;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{self, IsTerminal},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, Instant},
};

/// Between two lines at first; later a tenth of what has passed, so that a log of hours stays short.
const BETWEEN_LINES: Duration = Duration::from_secs(2);
/// Between two lines at most.
const BETWEEN_LINES_MAX: Duration = Duration::from_secs(120);
/// Planning fewer runs takes no time that anyone would notice.
const PLANNING_MIN: u64 = 10_000;
/// How often planning looks whether it is done.
const LOOK: Duration = Duration::from_millis(2);
const TEMPLATE: &str = "{elapsed:>4} [{bar:30}] {pos}/{len} runs, {wide_msg}";

/// The wall clock, now.
#[expect(clippy::disallowed_methods, reason = "wall time is printed, never fed to a run")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Wall time since then, in milliseconds.
pub(crate) fn elapsed_ms(since: Instant) -> u64 {
    u64::try_from(now().duration_since(since).as_millis()).unwrap_or(u64::MAX)
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// Runs that ended.
    pub(crate) done: u64,
    /// Of those: runs that do not hold.
    pub(crate) failed: u64,
    /// Runs in all.
    pub(crate) total: u64,
    /// The oldest run that has not ended yet.
    pub(crate) current: Option<Current>,
}

/// A run in hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Current {
    /// Scenario and seed.
    pub(crate) name: String,
    /// World time reached.
    pub(crate) sim_ms: u64,
    /// How long its trouble lasts; boot, heal and drain take what they take.
    pub(crate) planned_ms: u64,
}

/// Where progress goes.
#[derive(Debug)]
pub(crate) enum Progress {
    /// Nowhere.
    Quiet,
    /// To a terminal.
    Bar(ProgressBar),
    /// To a file or a pipe.
    Lines {
        /// When the sweep began.
        began: Instant,
        /// When the last line was written.
        last: Instant,
    },
}

impl Progress {
    /// Begins to show `total` runs.
    pub(crate) fn begin(total: u64, is_quiet: bool) -> Progress {
        if is_quiet {
            return Progress::Quiet;
        }
        if !io::stderr().is_terminal() {
            let began = now();
            return Progress::Lines { began, last: began };
        }
        let bar =
            ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr_with_hz(10));
        bar.set_style(ProgressStyle::with_template(TEMPLATE).expect("the template is constant"));
        Progress::Bar(bar)
    }

    /// Shows how far it is, if it is time to.
    pub(crate) fn show(&mut self, reached: &Reached) {
        match self {
            Progress::Quiet => {}
            Progress::Bar(bar) => {
                bar.set_position(reached.done);
                // Before the first run has ended nobody can tell how long the others take.
                let left = match reached.done {
                    0 => String::new(),
                    _ => format!("{} left, ", span(bar.eta().as_millis() as u64)),
                };
                bar.set_message(left + &message(reached));
            }
            Progress::Lines { began, last } => {
                let gap =
                    (now().duration_since(*began) / 10).clamp(BETWEEN_LINES, BETWEEN_LINES_MAX);
                if now().duration_since(*last) >= gap {
                    *last = now();
                    say::aside(&line(reached, elapsed_ms(*began)));
                }
            }
        }
    }

    /// Shows nothing more; what came of it is told elsewhere.
    pub(crate) fn clear(self) {
        match self {
            Progress::Bar(bar) => bar.finish_and_clear(),
            Progress::Quiet | Progress::Lines { .. } => {}
        }
    }

    /// Shows where it ended.
    pub(crate) fn end(self, reached: &Reached) {
        match self {
            Progress::Quiet | Progress::Bar(_) => self.clear(),
            Progress::Lines { began, .. } => say::aside(&line(reached, elapsed_ms(began))),
        }
    }
}

fn line(reached: &Reached, wall_ms: u64) -> String {
    let Reached { done, total, .. } = reached;
    // Before the first run has ended nobody can tell how long the others take.
    let left = match (*done, total - done) {
        (0, _) | (_, 0) => String::new(),
        (done, left) => {
            let ms = u128::from(wall_ms) * u128::from(left) / u128::from(done);
            format!(", about {} left", span(u64::try_from(ms).unwrap_or(u64::MAX)))
        }
    };
    format!("{done} of {total} runs, {}, {} elapsed{left}", message(reached), span(wall_ms))
}

/// How far the drawing of plans is, for those who ask for many.
#[derive(Debug)]
pub(crate) struct Planning {
    total: u64,
    drawn: AtomicU64,
    is_told: bool,
}

impl Planning {
    /// Begins to draw so many plans.
    pub(crate) fn begin(total: u64, is_quiet: bool) -> Planning {
        Planning { total, drawn: AtomicU64::new(0), is_told: !is_quiet && total >= PLANNING_MIN }
    }

    /// One more is drawn.
    pub(crate) fn drew_one(&self) {
        self.drawn.fetch_add(1, Ordering::Relaxed);
    }

    /// Says how far it is until it is done.
    pub(crate) fn watch(&self, mut is_done: impl FnMut() -> bool) {
        if self.is_told {
            say::aside(&format!("planning {} runs", self.total));
        }
        let mut last = now();
        while !is_done() {
            if self.is_told && now().duration_since(last) >= BETWEEN_LINES {
                last = now();
                let drawn = self.drawn.load(Ordering::Relaxed);
                say::aside(&format!("planned {drawn} of {} runs", self.total));
            }
            std::thread::sleep(LOOK);
        }
    }
}

fn message(reached: &Reached) -> String {
    let failed = match reached.failed {
        0 => "none failed".to_owned(),
        failed => format!("{failed} not holding"),
    };
    match &reached.current {
        None => failed,
        Some(current) => {
            let Current { name, sim_ms, planned_ms } = current;
            let (sim, planned) = (span(*sim_ms), span(*planned_ms));
            format!("{failed}, {name} at {sim} simulated (trouble lasts {planned})")
        }
    }
}

/// A span of time as people say it: `41s`, `3m 20s`, `4h 0m`.
fn span(ms: u64) -> String {
    let s = ms / 1_000;
    match s {
        0..60 => format!("{s}s"),
        60..3_600 => format!("{}m {}s", s / 60, s % 60),
        3_600.. => format!("{}h {}m", s / 3_600, s / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_how_far_it_is_and_what_takes_so_long() {
        let current =
            Current { name: "swarm seed 7".to_owned(), sim_ms: 61_000, planned_ms: 14_400_000 };
        let mut reached = Reached { done: 3, failed: 0, total: 8, current: Some(current) };
        let expected = "3 of 8 runs, none failed, swarm seed 7 at 1m 1s simulated \
                        (trouble lasts 4h 0m), 12s elapsed, about 20s left";
        assert_eq!(line(&reached, 12_345), expected);
        reached.current = None;
        reached.failed = 2;
        assert_eq!(line(&reached, 999), "3 of 8 runs, 2 not holding, 0s elapsed, about 1s left");
        (reached.done, reached.failed) = (8, 0);
        assert_eq!(line(&reached, 999), "8 of 8 runs, none failed, 0s elapsed");
    }
}
