//! The sweep: workers take the next run from one list, and every run stands in its place of the
//! result whatever the number of workers, so that nothing told depends on it.
//!
//! A failure is confirmed and kept on disk by the worker that found it. What the result still holds
//! of a run is what pages need; calls of runs that hold are dropped, a sweep may be long.

use crate::{
    confirm::confirm,
    folder::Folder,
    interrupt::Interrupt,
    job::Job,
    progress::{self, Current, Progress, Reached},
    say::Failure,
    simulate::{Watch, simulate},
};
use checkers::{Ending, History, Run, Series, Verdict};
use reports::RunReport;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// How often progress looks around.
const LOOK: Duration = Duration::from_millis(100);
/// Calls that a failing run may keep in memory once its history is on disk.
const CALLS_KEPT_MAX: usize = 50_000;
/// A worker's slot between two runs.
const IDLE: usize = usize::MAX;

/// What a sweep came to.
#[derive(Debug, Default)]
pub(crate) struct Swept {
    /// Complete runs, in the order of their jobs.
    pub(crate) runs: Vec<RunReport>,
    /// Bugs of the harness and results that could not be kept, in the order of their jobs.
    pub(crate) failures: Vec<Failure>,
}

/// One run's end.
struct Done {
    place: usize,
    report: Option<RunReport>,
    failures: Vec<Failure>,
}

/// What a worker does right now, for progress.
struct Slot {
    place: AtomicUsize,
    sim_ms: Arc<AtomicU64>,
}

/// Runs every job, or as many as there is time for before an interruption.
pub(crate) fn sweep(
    jobs: &[Job],
    workers: usize,
    folder: &Folder,
    interrupt: &Interrupt,
    mut progress: Progress,
) -> Swept {
    let next = AtomicUsize::new(0);
    let slots: Vec<Slot> = (0..workers.clamp(1, jobs.len().max(1)))
        .map(|_| Slot { place: AtomicUsize::new(IDLE), sim_ms: Arc::default() })
        .collect();
    let mut done = BTreeMap::new();
    let mut reached = Reached { total: jobs.len() as u64, ..Reached::default() };
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel();
        for slot in &slots {
            let (sender, next) = (sender.clone(), &next);
            scope.spawn(move || {
                while let Some(place) = take_next(next, jobs.len(), interrupt) {
                    slot.sim_ms.store(0, Ordering::Relaxed);
                    slot.place.store(place, Ordering::Relaxed);
                    let end = run_job(place, &jobs[place], &slot.sim_ms, folder, interrupt);
                    slot.place.store(IDLE, Ordering::Relaxed);
                    if sender.send(end).is_err() {
                        break;
                    }
                }
            });
        }
        drop(sender);
        loop {
            match receiver.recv_timeout(LOOK) {
                Ok(end) => {
                    reached.done += u64::from(end.report.is_some());
                    reached.failed += u64::from(end.report.as_ref().is_some_and(is_failing));
                    done.insert(end.place, end);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            reached.current = current(&slots, jobs);
            progress.show(&reached);
        }
    });
    reached.current = None;
    progress.end(&reached);
    let mut swept = Swept::default();
    for (_, end) in done {
        swept.runs.extend(end.report);
        swept.failures.extend(end.failures);
    }
    swept
}

fn take_next(next: &AtomicUsize, total: usize, interrupt: &Interrupt) -> Option<usize> {
    if interrupt.is_set() {
        return None;
    }
    let place = next.fetch_add(1, Ordering::Relaxed);
    (place < total).then_some(place)
}

/// The oldest run in hand.
fn current(slots: &[Slot], jobs: &[Job]) -> Option<Current> {
    let places = slots.iter().map(|slot| (slot.place.load(Ordering::Relaxed), slot));
    let (place, slot) = places.filter(|(place, _)| *place != IDLE).min_by_key(|(at, _)| *at)?;
    let plan = &jobs[place].plan;
    Some(Current {
        name: format!("{} seed {}", plan.scenario, plan.seed),
        sim_ms: slot.sim_ms.load(Ordering::Relaxed),
        planned_ms: plan.phases.trouble_ms,
    })
}

/// One run: simulated, confirmed if it is violated, kept if it does not hold.
fn run_job(
    place: usize,
    job: &Job,
    sim_ms: &Arc<AtomicU64>,
    folder: &Folder,
    interrupt: &Interrupt,
) -> Done {
    let (mut report, harness) = match run_and_confirm(job, sim_ms, interrupt) {
        Ok(ran) => ran,
        Err(why) => (Some(failed(job, &why)), Some(why)),
    };
    let mut failures: Vec<Failure> = harness
        .map(|why| Failure::harness(format!("could not run {}: {why}", job.token)))
        .into_iter()
        .collect();
    if let Some(report) = &mut report {
        failures.extend(folder.note_end(report).err());
        if is_failing(report) {
            failures.extend(folder.kept().keep(report).err());
            if report.run.history.calls.len() > CALLS_KEPT_MAX {
                report.run.history.calls = Vec::new();
            }
        } else {
            report.run.history.calls = Vec::new();
        }
    }
    Done { place, report, failures }
}

/// Whether somebody will want to look at it: it does not hold, or it holds and ought not to.
fn is_failing(report: &RunReport) -> bool {
    match &report.verdict {
        Verdict::Holds(_) => report.met().is_err(),
        Verdict::Violated(_) | Verdict::Unknown(_) => true,
    }
}

/// The run, unless an interruption cut it short before it broke a law, and what went wrong with its
/// re-run. An error is a bug of the harness that left no run.
fn run_and_confirm(
    job: &Job,
    sim_ms: &Arc<AtomicU64>,
    interrupt: &Interrupt,
) -> Result<(Option<RunReport>, Option<String>), String> {
    let watch = Watch {
        cancelled: Some(interrupt.flag()),
        progress_ms: Some(sim_ms.clone()),
        keep_trace: false,
    };
    let began = progress::now();
    let simulated = simulate(&job.plan, &watch)?;
    let wall_ms = progress::elapsed_ms(began);
    let was_cut_short = matches!(simulated.run.ending, Ending::Interrupted { .. });
    let report = reports::compose(
        job.plan.clone(),
        simulated.effective,
        simulated.run,
        job.token.clone(),
        job.plant.clone(),
        wall_ms,
    )
    .with_plan_path(job.plan_path.clone());
    let is_violated = matches!(report.verdict, Verdict::Violated(_));
    if !is_violated {
        return Ok(((!was_cut_short).then_some(report), None));
    }
    if was_cut_short {
        return Ok((Some(report.unconfirmed("interrupted")), None));
    }
    Ok(match confirm(&job.plan, &report.run.trace_hash, interrupt) {
        Ok(Some(replay)) => (Some(report.with_replay(replay)), None),
        Ok(None) => (Some(report.unconfirmed("interrupted")), None),
        Err(why) => (Some(report.unconfirmed(&why)), Some(why)),
    })
}

/// A run that the harness could not make: in doubt, and in its place of every page.
fn failed(job: &Job, why: &str) -> RunReport {
    let why = format!("a bug in the harness: {why}");
    let run = Run {
        history: History::default(),
        ending: Ending::Interrupted { at_ns: 0 },
        judgements: Vec::new(),
        counts: checkers::Counts::default(),
        series: Series::default(),
        recovery: Vec::new(),
        faults: BTreeMap::new(),
        accidents: BTreeMap::new(),
        overlap: checkers::Overlap::default(),
        refused_faults: Vec::new(),
        marks: BTreeMap::new(),
        plants: BTreeMap::new(),
        trace_hash: String::new(),
        sim_ns: 0,
        events: 0,
    };
    let (plan, token, plant) = (job.plan.clone(), job.token.clone(), job.plant.clone());
    reports::compose(plan.clone(), plan, run, token, plant, 0)
        .with_plan_path(job.plan_path.clone())
        .in_doubt(why)
}
