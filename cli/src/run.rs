//! `zeroloss run`: selection, folder, sweep, report, in this order, so that a mistake leaves nothing
//! behind and an interruption leaves what is done.

use crate::{
    args::{self, Format},
    canary,
    finish::{self, Finish},
    folder::{Folder, plan_lines},
    interrupt::Interrupt,
    progress::{self, Progress},
    record,
    say::{self, Failure},
    select,
    sweep::{Swept, sweep},
};
use reports::{ExitCode, Report};
use std::thread;

/// The command.
pub(crate) fn run(
    args: &args::Run,
    format: Format,
    is_quiet: bool,
    interrupt: &Interrupt,
) -> Result<ExitCode, Failure> {
    let began = progress::now();
    let cores = || thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let workers = args.jobs.map_or_else(cores, std::num::NonZeroUsize::get);
    let selection = select::select(args, workers, is_quiet)?;
    let jobs = selection.jobs.as_slice();
    if jobs.is_empty() {
        return Err(Failure {
            code: ExitCode::NothingSelected,
            message: format!("nothing is selected: {}", selection.summary),
        });
    }
    let build = record::build()
        .map_err(|error| Failure::harness(format!("could not read this binary: {error}")))?;
    let origin = finish::origin(&build);
    let folder = Folder::create(&args.out, &build, &plan_lines(jobs))?;
    if !is_quiet {
        say::aside(&selection.summary);
    }
    let progress = Progress::begin(jobs.len() as u64, is_quiet);
    let Swept { runs, mut failures } = sweep(jobs, workers, &folder, interrupt, progress);
    let canary = match canary::is_wanted(args) && !interrupt.is_set() {
        true => canary::send(jobs[0].plan.seed, interrupt).unwrap_or_else(|failure| {
            failures.push(failure);
            None
        }),
        false => None,
    };
    failures.extend(canary.as_ref().and_then(canary::Canary::failure));
    let report = Report {
        command: finish::command(),
        runs,
        wall_ms: progress::elapsed_ms(began),
        interrupted: interrupt.is_set(),
        requested: jobs.len() as u64,
        origin,
    };
    let code = finish::with_signal(ExitCode::of(&report), interrupt);
    let end = Finish { folder: &folder, report: &report, code, canary, replay: None };
    end.write_pages(&mut failures);
    let told = match format {
        Format::Json => say::document(&end.document(&failures)),
        Format::Human => say::result(&page(&end, &failures)),
    };
    failures.extend(told.err());
    end.tell_failing();
    for failure in &failures {
        say::error(failure);
    }
    Ok(end.exit_code(&failures))
}

/// The page for people, and where everything else is.
fn page(end: &Finish<'_>, failures: &[Failure]) -> String {
    let mut text = reports::text(end.report, say::has_colour());
    let code = end.exit_code(failures);
    if code != ExitCode::of(end.report) {
        // The page knows its runs only; what failed around them stands on stderr.
        text.push_str(&format!("but exit {}: {}\n", code.code(), code.meaning()));
    }
    if let Some(canary) = &end.canary {
        text.push_str(&format!("\n{}\n", canary.line()));
    }
    text.push_str(&format!("\n{}\n", end.results_line()));
    text
}
