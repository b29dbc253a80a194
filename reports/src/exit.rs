//! Exit codes: the whole contract in one place (DESIGN 7). Scripts and CI depend on the numbers.
//!
//! Where several apply, [`ExitCode::and`] keeps the one that says more: a confirmed violation is
//! never hidden by anything, and `holds` hides nothing.

use crate::{
    report::{Report, RunReport},
    suite::asleep,
};
use checkers::Verdict;

/// How the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitCode {
    /// Everything that was selected ran, and holds.
    Holds,
    /// Some law was broken and the failure replays, or a gate was not met.
    Violated,
    /// The command line or a scenario is wrong; nothing ran.
    Usage,
    /// No one can say, or nothing was exercised.
    Inconclusive,
    /// Nothing was selected.
    NothingSelected,
    /// A re-run of the same plan went another way.
    Nondeterminism,
    /// The recorded failure did not show again.
    NotReproduced,
    /// A bug in the harness.
    Harness,
    /// Results could not be written.
    ResultsNotWritten,
    /// The terminal went away; partial results are valid.
    HungUp,
    /// Interrupted from the keyboard; partial results are valid.
    Interrupted,
    /// Asked to end by the system; partial results are valid.
    Terminated,
}

impl ExitCode {
    /// Every code, weightiest first: where several apply, the first of them counts.
    pub const BY_PRECEDENCE: [ExitCode; 12] = [
        ExitCode::Violated,
        ExitCode::Nondeterminism,
        ExitCode::Harness,
        ExitCode::ResultsNotWritten,
        ExitCode::Terminated,
        ExitCode::Interrupted,
        ExitCode::HungUp,
        ExitCode::Usage,
        ExitCode::NotReproduced,
        ExitCode::Inconclusive,
        ExitCode::NothingSelected,
        ExitCode::Holds,
    ];

    /// The exit code of an invocation, as far as its runs tell.
    pub fn of(report: &Report) -> ExitCode {
        let start = match (report.interrupted, report.runs.is_empty()) {
            (true, _) => ExitCode::Interrupted,
            (false, true) => ExitCode::NothingSelected,
            (false, false) if !asleep(report).is_empty() => ExitCode::Inconclusive,
            (false, false) => ExitCode::Holds,
        };
        report.runs.iter().fold(start, |code, run| {
            code.and(match (ExitCode::of_verdict(run), run.met().is_ok()) {
                // What came as its scenario expects ends well, even if it is a violation, unless a
                // bug was planted: then it is what the violation says.
                (ExitCode::Violated, true) if run.plant.is_none() => ExitCode::Holds,
                (ExitCode::Holds, false) => ExitCode::Violated,
                (code, _) => code,
            })
        })
    }

    /// The exit code of one run's verdict, whatever was expected of it.
    pub fn of_verdict(run: &RunReport) -> ExitCode {
        match (&run.verdict, run.is_nondeterministic()) {
            (_, true) => ExitCode::Nondeterminism,
            (Verdict::Violated(_), false) => ExitCode::Violated,
            (Verdict::Unknown(_), false) => ExitCode::Inconclusive,
            (Verdict::Holds(_), false) => ExitCode::Holds,
        }
    }

    /// The number handed to the operating system.
    pub fn code(self) -> u8 {
        match self {
            ExitCode::Holds => 0,
            ExitCode::Violated => 1,
            ExitCode::Usage => 2,
            ExitCode::Inconclusive => 3,
            ExitCode::NothingSelected => 4,
            ExitCode::Nondeterminism => 5,
            ExitCode::NotReproduced => 6,
            ExitCode::Harness => 70,
            ExitCode::ResultsNotWritten => 74,
            ExitCode::HungUp => 129,
            ExitCode::Interrupted => 130,
            ExitCode::Terminated => 143,
        }
    }

    /// What the number means, in words.
    pub fn meaning(self) -> &'static str {
        match self {
            ExitCode::Holds => "holds",
            ExitCode::Violated => "violated or gate not met",
            ExitCode::Usage => "usage or scenario error",
            ExitCode::Inconclusive => "inconclusive or vacuous",
            ExitCode::NothingSelected => "nothing selected",
            ExitCode::Nondeterminism => "nondeterminism",
            ExitCode::NotReproduced => "recorded failure did not reproduce",
            ExitCode::Harness => "bug in the harness",
            ExitCode::ResultsNotWritten => "results could not be written",
            ExitCode::HungUp => "hung up, partial results valid",
            ExitCode::Interrupted => "interrupted, partial results valid",
            ExitCode::Terminated => "terminated, partial results valid",
        }
    }

    /// The weightier of two.
    #[must_use]
    pub fn and(self, other: ExitCode) -> ExitCode {
        if self.rank() <= other.rank() { self } else { other }
    }

    fn rank(self) -> usize {
        ExitCode::BY_PRECEDENCE
            .iter()
            .position(|code| *code == self)
            .expect("every exit code has its place in the precedence")
    }
}
