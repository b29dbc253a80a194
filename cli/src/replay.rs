//! `zeroloss replay`: that run again, and the proof that it is the same one.
//!
//! A token is drawn again and refused if another plan comes out; a path brings its plan along. The
//! trace hash is compared with the one that this very build recorded, or with a second process.
//! Hashes of another build cannot agree and are not compared, but its failure may still be missed.
//! It leaves a run folder, as `run` does.

use crate::{
    args::{self, Format},
    confirm::confirm,
    finish::{self, Finish},
    folder::{Folder, plan_lines},
    interrupt::Interrupt,
    job::Job,
    progress::{self, Current, Progress, Reached},
    record::{self, Record},
    say::{self, Failure},
    simulate::{Watch, simulate},
    target::{self, Target},
};
use checkers::Verdict;
use reports::{ExitCode, Origin, Replay, Report, RunReport};
use serde_json::json;
use sim::Simulated;
use std::{
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

/// A replay in hand.
struct Playing<'a> {
    job: Job,
    record: Option<Record>,
    folder: Folder,
    origin: Origin,
    began: std::time::Instant,
    format: Format,
    interrupt: &'a Interrupt,
}

/// The command.
pub(crate) fn replay(
    args: &args::Replay,
    format: Format,
    is_quiet: bool,
    interrupt: &Interrupt,
) -> Result<ExitCode, Failure> {
    let build = record::build()
        .map_err(|error| Failure::harness(format!("could not read this binary: {error}")))?;
    let Target { mut job, failure } = target::find(&args.what, &args.out)?;
    let recorded = failure.and_then(|folder| record::in_failure(&folder, &job.token));
    let record = recorded.or_else(|| record::find(&args.out, &job.token, Some(&build)));
    let origin = finish::origin(&build);
    let folder = Folder::create(&args.out, &build, &plan_lines(std::slice::from_ref(&job)))?;
    if let Some(path) = &mut job.plan_path {
        // What came through a pipe, or is edited once more, is kept: this run stays repeatable.
        let plan = format!("{:#}\n", json!(job.plan));
        folder.write("plan.json", |file| file.write_all(plan.as_bytes()))?;
        if path == "-" {
            *path = folder.path().join("plan.json").display().to_string();
        }
    }
    let began = progress::now();
    Playing { job, record, folder, origin, began, format, interrupt }.play(is_quiet)
}

impl Playing<'_> {
    fn play(self, is_quiet: bool) -> Result<ExitCode, Failure> {
        let Playing { job, record, interrupt, .. } = &self;
        let watch = Watch { cancelled: Some(interrupt.flag()), ..Watch::default() };
        let simulated = run_shown(job, watch, Progress::begin(1, is_quiet))
            .map_err(|why| Failure::harness(format!("could not run {}: {why}", job.token)))?;
        if interrupt.is_set() {
            return self.give_up("interrupted while running");
        }
        let report = reports::compose(
            job.plan.clone(),
            simulated.effective,
            simulated.run,
            job.token.clone(),
            job.plant.clone(),
            progress::elapsed_ms(self.began),
        )
        .with_plan_path(job.plan_path.clone());
        let build = Some(&self.origin.build);
        let comparable = record.as_ref().filter(|record| record.build.as_ref() == build);
        let hash = &report.run.trace_hash;
        let (against, outcome) = match comparable {
            Some(record) => (Against::Record(record.clone()), same_as_recorded(record, hash)),
            None => match confirm(&job.plan, hash, interrupt) {
                Ok(Some(outcome)) => (Against::Process, outcome),
                Ok(None) => return self.give_up("interrupted while running a second time"),
                Err(why) => {
                    let why = format!("could not compare {}: {why}", job.token);
                    return Err(Failure::harness(why));
                }
            },
        };
        // Of a comparison with a record the page says nothing unless it failed: no process ran again.
        let report = match (&against, outcome) {
            (Against::Record(_), Replay::Same) => report,
            (Against::Record(_) | Against::Process, outcome) => report.with_replay(outcome),
        };
        self.tell(report, &against)
    }

    /// An interruption: nothing ran to its end, and the folder says so.
    fn give_up(&self, why: &str) -> Result<ExitCode, Failure> {
        let report = self.report(Vec::new());
        let code = self.interrupt.code().unwrap_or(ExitCode::Interrupted);
        let end =
            Finish { folder: &self.folder, report: &report, code, canary: None, replay: None };
        let mut failures = Vec::new();
        end.write_pages(&mut failures);
        failures.iter().for_each(say::error);
        Err(Failure { code, message: format!("{why} {}", self.job.token) })
    }

    fn report(&self, runs: Vec<RunReport>) -> Report {
        Report {
            command: finish::command(),
            interrupted: runs.is_empty(),
            runs,
            wall_ms: progress::elapsed_ms(self.began),
            requested: 1,
            origin: self.origin.clone(),
        }
    }

    /// Says what came of it. The exit code is the run's own verdict unless the replay itself failed.
    fn tell(&self, run: RunReport, against: &Against) -> Result<ExitCode, Failure> {
        let was_violated = self.record.as_ref().is_some_and(|record| record.is_violated);
        let is_same = !run.is_nondeterministic();
        let is_missed = was_violated && is_same && !matches!(run.verdict, Verdict::Violated(_));
        let code = if is_missed { ExitCode::NotReproduced } else { ExitCode::of_verdict(&run) };
        let mut failures = Vec::new();
        failures.extend(self.folder.note_end(&run).err());
        if !matches!(run.verdict, Verdict::Holds(_)) {
            failures.extend(self.folder.kept().keep(&run).err());
        }
        let report = self.report(vec![run]);
        let run = &report.runs[0];
        let (with, place) = match against {
            Against::Record(record) => ("record", Some(record.place.display().to_string())),
            Against::Process => ("process", None),
        };
        let replay = json!({
            "trace_hash": run.run.trace_hash,
            "same": is_same,
            "compared_with": with,
            "record": place,
            "recorded_failure": was_violated,
        });
        let end = Finish {
            folder: &self.folder,
            report: &report,
            code,
            canary: None,
            replay: Some(replay),
        };
        end.write_pages(&mut failures);
        let told = match self.format {
            Format::Json => say::document(&end.document(&failures)),
            Format::Human => {
                let mut text = reports::text_run(run, say::has_colour());
                let verb = if is_same { "the same" } else { "ANOTHER" };
                let other = place.map_or("in a second process".to_owned(), |at| format!("in {at}"));
                text.push_str(&format!("\ntrace hash {}, {verb} {other}\n", run.run.trace_hash));
                if is_missed {
                    text.push_str("the recorded failure is absent\n");
                }
                text.push_str(&format!("{}\n", end.results_line()));
                say::result(&text)
            }
        };
        failures.extend(told.err());
        end.tell_failing();
        failures.iter().for_each(say::error);
        Ok(end.exit_code(&failures))
    }
}

fn same_as_recorded(record: &Record, hash: &str) -> Replay {
    if record.trace_hash == hash {
        return Replay::Same;
    }
    let (place, recorded) = (record.place.display(), &record.trace_hash);
    let first_difference = format!("trace hash {hash} here, {recorded} recorded in {place}");
    Replay::Different { first_difference }
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
