//! The front door: flags to scenario to plan to run to verdicts to report to exit code.
//!
//! Every room behind it is a pure arrow; here they are joined, files are written, and signals, panics
//! and exit codes are decided. The result goes to stdout, everything else to stderr.

mod args;
mod canary;
mod check;
mod confirm;
mod files;
mod finish;
mod folder;
mod github;
mod hunt;
mod interrupt;
mod job;
mod kept;
mod list;
mod matrix;
mod names;
mod packed;
mod planted;
mod progress;
mod rate;
mod record;
mod replay;
mod run;
mod say;
mod select;
mod simulate;
mod sweep;
mod target;

use args::{Command, Format, Printed, Zeroloss};
use clap::Parser;
use interrupt::Interrupt;
use reports::ExitCode;
use say::Failure;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(front().code())
}

/// Everything, with every way to fail turned into an exit code.
fn front() -> ExitCode {
    let parsed = match Zeroloss::try_parse() {
        Ok(parsed) => parsed,
        Err(error) => return refuse(&error),
    };
    let outcome = catch_unwind(AssertUnwindSafe(|| act(&parsed))).unwrap_or_else(|panic| {
        let why = simulate::words_of(panic.as_ref());
        Err(Failure::harness(format!("a bug in the harness: {why}")))
    });
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            say::error(&failure);
            if parsed.format == Printed::Json {
                let _ = say::document(&reports::json_error(&failure.message, failure.code));
            }
            failure.code
        }
    }
}

fn act(parsed: &Zeroloss) -> Result<ExitCode, Failure> {
    let Zeroloss { command, format: printed, quiet } = parsed;
    let format = plain(*printed);
    match command {
        Command::Planted(args) => planted::planted(args, *printed, *quiet, &Interrupt::listen()?),
        Command::Run(args) => run::run(args, format?, *quiet, &Interrupt::listen()?),
        Command::Replay(args) => replay::replay(args, format?, *quiet, &Interrupt::listen()?),
        Command::Show(args) => list::show(args, format?),
        Command::Check(args) => check::check(args, format?, *quiet),
        Command::List(args) => list::list(args, format?),
        Command::Rerun(args) => confirm::answer(args).map(|()| ExitCode::Holds),
    }
}

/// The format of a command that has no table for documents.
fn plain(printed: Printed) -> Result<Format, Failure> {
    match printed {
        Printed::Human => Ok(Format::Human),
        Printed::Json => Ok(Format::Json),
        Printed::Markdown => Err(Failure::usage(
            "could not print markdown: only `zeroloss planted` has a table (expected human or json)",
        )),
    }
}

/// What clap refused, or the help and version that were asked for.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        let is_version = error.kind() == clap::error::ErrorKind::DisplayVersion;
        let told = if is_version { finish::version() } else { error.render().to_string() };
        return match say::result(&told) {
            Ok(()) => ExitCode::Holds,
            Err(failure) => failure.code,
        };
    }
    if wants_json() {
        let text = error.render().to_string();
        let text = text.trim().trim_start_matches("error: ");
        let _ = say::document(&reports::json_error(text, ExitCode::Usage));
    }
    say::aside(error.render().to_string().trim_end());
    ExitCode::Usage
}

/// Whether JSON was asked for on a command line that cannot be parsed.
fn wants_json() -> bool {
    let words: Vec<_> = std::env::args_os().collect();
    words.windows(2).any(|pair| pair[0] == "--format" && pair[1] == "json")
        || words.iter().any(|word| word == "--format=json")
}
