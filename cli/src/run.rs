//! `zeroloss run`: selection, folder, sweep, report, in this order, so that a mistake leaves nothing
//! behind and an interruption leaves what is done.

use crate::{
    args::{self, Format},
    folder::{Folder, SUMMARY},
    interrupt::Interrupt,
    progress::{self, Progress},
    record,
    say::{self, Failure},
    select::{self, Job},
    sweep::{Swept, sweep},
};
use reports::{ExitCode, Report};
use serde_json::{Value, json};
use std::thread;

/// The command.
pub(crate) fn run(
    args: &args::Run,
    format: Format,
    is_quiet: bool,
    interrupt: &Interrupt,
) -> Result<ExitCode, Failure> {
    let began = progress::now();
    let selection = select::select(args)?;
    let jobs = selection.jobs.as_slice();
    if jobs.is_empty() {
        return Err(Failure {
            code: ExitCode::NothingSelected,
            message: format!("nothing is selected: {}", selection.summary),
        });
    }
    let build = record::build()
        .map_err(|error| Failure::harness(format!("could not read this binary: {error}")))?;
    let folder = Folder::create(&args.out, &build, &plan_lines(jobs))?;
    if !is_quiet {
        say::aside(&selection.summary);
    }
    let cores = || thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let workers = args.jobs.map_or_else(cores, std::num::NonZeroUsize::get);
    let progress = Progress::begin(jobs.len() as u64, is_quiet);
    let Swept { runs, mut failures } = sweep(jobs, workers, &folder, interrupt, progress);
    let report = Report {
        command: command(),
        runs,
        wall_ms: progress::elapsed_ms(began),
        interrupted: interrupt.is_set(),
    };
    write_pages(&folder, &report, &mut failures, interrupt);
    let told = match format {
        Format::Json => say::document(&document(&folder, &report, &failures, interrupt)),
        Format::Human => {
            let mut text = reports::text(&report, say::has_colour());
            let code = exit_code(&report, &failures, interrupt);
            if code != ExitCode::of(&report) {
                // The page knows its runs only; what failed around them stands on stderr.
                text.push_str(&format!("but exit {}: {}\n", code.code(), code.meaning()));
            }
            text.push_str(&format!("\nresults: {}\n", folder.path().display()));
            say::result(&text)
        }
    };
    failures.extend(told.err());
    for failure in &failures {
        say::error(failure);
    }
    Ok(exit_code(&report, &failures, interrupt))
}

/// One line for each run that will be made.
fn plan_lines(jobs: &[Job]) -> String {
    let line = |job: &Job| {
        let Job { plan, token, .. } = job;
        json!({ "scenario": plan.scenario, "seed": plan.seed, "token": token }).to_string() + "\n"
    };
    jobs.iter().map(line).collect()
}

/// Writes every page that can be written: what a full disk refuses to one, it may grant to another.
/// The summary comes last, so that it knows of the others; without it this is not the latest run.
fn write_pages(
    folder: &Folder,
    report: &Report,
    failures: &mut Vec<Failure>,
    interrupt: &Interrupt,
) {
    let pages = [("junit.xml", reports::junit(report)), ("report.html", reports::html(report))];
    for (name, page) in pages {
        failures.extend(folder.write(name, |file| file.write_all(page.as_bytes())).err());
    }
    let summary = document(folder, report, failures, interrupt);
    let written = folder.write(SUMMARY, |file| writeln!(file, "{summary:#}"));
    failures.extend(written.and_then(|()| folder.become_latest()).err());
}

/// What `--format json` prints and `summary.json` keeps.
fn document(
    folder: &Folder,
    report: &Report,
    failures: &[Failure],
    interrupt: &Interrupt,
) -> Value {
    let mut document = reports::json_with(report, exit_code(report, failures, interrupt));
    document["build"] = json!(folder.build());
    document["folder"] = json!(folder.path());
    if !failures.is_empty() {
        let messages: Vec<&str> = failures.iter().map(|failure| &*failure.message).collect();
        document["error"] = json!(messages.join("\n"));
    }
    document
}

/// The weightiest of all that happened.
fn exit_code(report: &Report, failures: &[Failure], interrupt: &Interrupt) -> ExitCode {
    let told = match (ExitCode::of(report), interrupt.code()) {
        (ExitCode::Interrupted, Some(signal)) => signal,
        (code, _) => code,
    };
    failures.iter().fold(told, |code, failure| code.and(failure.code))
}

/// The command as one would type it again.
fn command() -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:+=,@".contains(c);
    let quote = |word: String| match word.chars().all(is_plain) && !word.is_empty() {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    };
    let words = std::env::args_os().skip(1).map(|word| quote(word.to_string_lossy().into_owned()));
    ["zeroloss".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}
