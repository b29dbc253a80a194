//! `zeroloss replay`: that run again, and the proof that it is the same one.
//!
//! A token is drawn again and refused if another plan comes out; a path brings its plan along. The
//! trace hash is compared with the one that this very build recorded, or with a second process.
//! Hashes of another build cannot agree and are not compared, but its failure may still be missed.

use crate::{
    args::{self, Format},
    confirm::confirm,
    folder::FAILURES,
    interrupt::Interrupt,
    progress::{self, Current, Progress, Reached},
    record::{self, Record},
    say::{self, Failure},
    select::{self, Job},
    simulate::{Watch, simulate},
};
use checkers::Verdict;
use reports::{ExitCode, Replay, Report, RunReport};
use scenarios::{Plan, Token};
use serde_json::json;
use sim::Simulated;
use std::{
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

const LOOK: Duration = Duration::from_millis(20);

/// What the trace hash was compared with.
enum Against {
    Record(Record),
    Process,
}

/// The command.
pub(crate) fn replay(
    args: &args::Replay,
    format: Format,
    is_quiet: bool,
    interrupt: &Interrupt,
) -> Result<ExitCode, Failure> {
    // A build that cannot be told from another one is compared with nothing that was recorded.
    let build = record::build().ok();
    let (job, record) = find(args, build.as_deref())?;
    let began = progress::now();
    let watch = Watch { cancelled: Some(interrupt.flag()), ..Watch::default() };
    let simulated = run_shown(&job, watch, Progress::begin(1, is_quiet))
        .map_err(|why| Failure::harness(format!("could not run {}: {why}", job.token)))?;
    if let Some(code) = interrupt.code() {
        return Err(Failure { code, message: format!("interrupted while running {}", job.token) });
    }
    let report = reports::compose(
        job.plan.clone(),
        simulated.effective,
        simulated.run,
        job.token.clone(),
        job.plant.clone(),
        progress::elapsed_ms(began),
    );
    let is_comparable =
        record.as_ref().is_some_and(|record| record.build.is_some() && record.build == build);
    let hash = &report.run.trace_hash;
    let (against, outcome) = match &record {
        Some(record) if is_comparable => {
            (Against::Record(record.clone()), same_as_recorded(record, hash))
        }
        Some(_) | None => {
            let outcome = confirm(&job.plan, hash, interrupt).map_err(|why| {
                Failure::harness(format!("could not compare {}: {why}", job.token))
            })?;
            let interrupted = || Failure {
                code: interrupt.code().unwrap_or(ExitCode::Interrupted),
                message: format!("interrupted while running {} a second time", job.token),
            };
            (Against::Process, outcome.ok_or_else(interrupted)?)
        }
    };
    // Of a comparison with a record the page says nothing unless it failed: no process ran again.
    let report = match (&against, outcome) {
        (Against::Record(_), Replay::Same) => report,
        (Against::Record(_) | Against::Process, outcome) => report.with_replay(outcome),
    };
    let was_violated = record.as_ref().is_some_and(|record| record.is_violated);
    tell(report, &against, was_violated, format, progress::elapsed_ms(began))
}

fn same_as_recorded(record: &Record, hash: &str) -> Replay {
    if record.trace_hash == hash {
        return Replay::Same;
    }
    let (place, recorded) = (record.place.display(), &record.trace_hash);
    let first_difference = format!("trace hash {hash} here, {recorded} recorded in {place}");
    Replay::Different { first_difference }
}

/// Says what came of it. The exit code is the run's own verdict unless the replay itself failed.
fn tell(
    run: RunReport,
    against: &Against,
    was_violated: bool,
    format: Format,
    wall_ms: u64,
) -> Result<ExitCode, Failure> {
    let is_same = !run.is_nondeterministic();
    let is_missed = was_violated && is_same && !matches!(run.verdict, Verdict::Violated(_));
    let command = format!("zeroloss replay {}", run.token);
    let report = Report { command, runs: vec![run], wall_ms, interrupted: false };
    let code = if is_missed { ExitCode::NotReproduced } else { ExitCode::of(&report) };
    let run = &report.runs[0];
    let (with, place) = match against {
        Against::Record(record) => ("record", Some(record.place.display().to_string())),
        Against::Process => ("process", None),
    };
    let told = match format {
        Format::Json => {
            let mut document = reports::json_with(&report, code);
            document["replay"] = json!({
                "trace_hash": run.run.trace_hash,
                "same": is_same,
                "compared_with": with,
                "record": place,
                "recorded_failure": was_violated,
            });
            say::document(&document)
        }
        Format::Human => {
            let mut text = reports::text_run(run, say::has_colour());
            let verb = if is_same { "the same" } else { "ANOTHER" };
            let other = place.map_or("in a second process".to_owned(), |at| format!("in {at}"));
            text.push_str(&format!("\ntrace hash {}, {verb} {other}\n", run.run.trace_hash));
            if is_missed {
                text.push_str("the recorded failure is absent\n");
            }
            say::result(&text)
        }
    };
    if let Err(failure) = told {
        say::error(&failure);
        return Ok(code.and(failure.code));
    }
    Ok(code)
}

/// Runs a plan while progress is shown.
fn run_shown(job: &Job, watch: Watch, mut progress: Progress) -> Result<Simulated, String> {
    let sim_ms: Arc<AtomicU64> = Arc::default();
    let watch = Watch { progress_ms: Some(sim_ms.clone()), ..watch };
    let mut reached = Reached { total: 1, ..Reached::default() };
    let simulated = thread::scope(|scope| {
        let run = scope.spawn(|| simulate(&job.plan, &watch));
        while !run.is_finished() {
            reached.current = Some(Current {
                name: format!("{} seed {}", job.plan.scenario, job.plan.seed),
                sim_ms: sim_ms.load(Ordering::Relaxed),
                planned_ms: job.plan.phases.trouble_ms,
            });
            progress.show(&reached);
            thread::sleep(LOOK);
        }
        run.join().expect("a bug of the harness is caught inside")
    });
    progress.clear();
    simulated
}

/// The run that is meant, and what was recorded of it.
fn find(args: &args::Replay, build: Option<&str>) -> Result<(Job, Option<Record>), Failure> {
    let path = Path::new(&args.what);
    if path.is_dir() {
        return in_folder(path, args, build);
    }
    if path.is_file() {
        let job = read_plan(path)?;
        let record = record::find(&args.out, &job.token, build);
        return Ok((job, record));
    }
    let token: Token = args.what.parse().map_err(|why| {
        let hint =
            if args.what.starts_with("z1:") { "" } else { "; no such file or folder either" };
        Failure::usage(format!("could not {why}{hint}"))
    })?;
    if let Some(plant) = &token.plant {
        select::known_plant(plant)?;
    }
    let scenario = select::scenario(&token.scenario)?;
    let job = Job::draw(&scenario, token.seed, token.plant.as_deref())?;
    if job.token != args.what {
        return Err(outdated(&token, &job, &args.out));
    }
    let record = record::find(&args.out, &job.token, build);
    Ok((job, record))
}

/// The scenario was changed since the token was made.
fn outdated(token: &Token, job: &Job, out: &Path) -> Failure {
    let kept = match record::kept_failure(out, &token.to_string()) {
        Some(folder) => format!("`zeroloss replay {}` runs the plan kept there", folder.display()),
        None => "replay the folder of its failure, or its plan.json".to_owned(),
    };
    Failure::usage(format!(
        "could not replay {token}: `{}` draws another plan today ({}); {kept}",
        token.scenario,
        job.plan.hash()
    ))
}

/// A failure's folder, or a run folder with one failure in it.
fn in_folder(
    folder: &Path,
    args: &args::Replay,
    build: Option<&str>,
) -> Result<(Job, Option<Record>), Failure> {
    let plan = folder.join("plan.json");
    if plan.is_file() {
        let job = read_plan(&plan)?;
        let record = record::in_failure(folder, &job.token)
            .or_else(|| record::find(&args.out, &job.token, build));
        return Ok((job, record));
    }
    let shown = folder.display();
    match record::failures(folder).as_slice() {
        [] => Err(Failure::usage(format!(
            "could not find a failure in {shown}: expected plan.json, or {FAILURES}/"
        ))),
        [one] => in_folder(one, args, build),
        several => {
            let several: Vec<_> = several.iter().map(|one| one.display().to_string()).collect();
            Err(Failure::usage(format!(
                "could not choose a failure in {shown}: expected one of\n  {}",
                several.join("\n  ")
            )))
        }
    }
}

/// A plan that a person may have edited.
fn read_plan(path: &Path) -> Result<Job, Failure> {
    let refused =
        |why: String| Failure::usage(format!("could not read plan `{}`: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let plan: Plan = serde_json::from_str(&text).map_err(|error| refused(error.to_string()))?;
    plan.check().map_err(refused)?;
    plan.plants.iter().try_for_each(|plant| select::known_plant(plant))?;
    Job::new(plan)
}
