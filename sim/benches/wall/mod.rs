//! Wall time, and how benchmarks tell it. The only place that reads a real clock beside the command
//! line: nothing here reaches a simulation.

use std::io::Write;
use std::time::Instant;

/// Runs since it was made.
#[derive(Debug)]
pub(crate) struct Stopwatch(Instant);

impl Stopwatch {
    /// Runs from now on.
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures wall time")]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    /// Seconds since then.
    pub(crate) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// Measures so many rounds and prints one line: what, its median, slowest and fastest, the unit.
pub(crate) fn report(what: &str, unit: &str, rounds: usize, mut measure: impl FnMut() -> f64) {
    let mut figures: Vec<f64> = (0..rounds).map(|_| measure()).collect();
    figures.sort_by(f64::total_cmp);
    let (least, most, median) = (figures[0], figures[rounds - 1], figures[rounds / 2]);
    writeln!(
        std::io::stdout(),
        "{what:<28} {median:>14.0} {unit} (median of {rounds}, {least:.0} to {most:.0})"
    )
    .expect("stdout takes a line");
}
