//! Plan to run: the one entry of this room. A fresh thread with its own madsim runtime for each run;
//! nothing process-global feeds it.

use crate::{
    driver::{Driver, Outcome as Ended},
    sabotage::Sabotaged,
    tasks::{Drive, keep_panics_quiet, told_by},
    world::{State, World, format, model_hits},
};
use checkers::{Ask, Bench, Counts, Outcome, Recording, Recovery, Reply, Run};
use madsim::{plugin, runtime::Runtime};
use scenarios::Plan;
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
};

/// What a caller may ask of a run beside its plan. None of it changes what happens in the world.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Keep every trace record as text, to name the first event in which two runs differ.
    pub keep_trace: bool,
    /// Keep every fact and every changed replica that judges were told of.
    pub keep_recording: bool,
    /// Stop as soon as a checker is certain of a violation.
    pub stop_on_breach: bool,
    /// Set from outside (Ctrl-C): the run ends soon and says so.
    pub cancelled: Option<Arc<AtomicBool>>,
    /// World time reached, in milliseconds, for progress on long runs.
    pub progress_ms: Option<Arc<AtomicU64>>,
}

/// A run and what was learned about its plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Simulated {
    /// The run.
    pub run: Run,
    /// The plan with every role resolved to a node; it replays too.
    pub effective: Plan,
    /// Trace records as text, one an event, if they were kept.
    pub trace: Vec<String>,
    /// What judges were told beside the history, if it was kept.
    pub recording: Option<Recording>,
}

/// Runs a plan on a fresh thread with its own runtime, judged by `bench` as it happens.
///
/// # Panics
/// When the harness itself is at fault (a deadlock, endless events); a node's panic is an [`checkers::Ending::Panicked`].
#[must_use]
pub fn run(plan: &Plan, bench: Bench, options: &Options) -> Simulated {
    run_sabotaged(plan, bench, options, None)
}

/// The same, with the harness broken on purpose: for its own tests, never for a verdict.
///
/// # Panics
/// As [`run`].
#[must_use]
pub fn run_sabotaged(
    plan: &Plan,
    bench: Bench,
    options: &Options,
    sabotaged: Option<Sabotaged>,
) -> Simulated {
    #[expect(clippy::disallowed_methods, reason = "the one place: a run has a thread of its own")]
    let ended = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name(format!("{}-{}", plan.scenario, plan.seed))
            .spawn_scoped(scope, || on_this_thread(plan, bench, options, sabotaged))
            .expect("a thread can be started")
            .join()
    });
    match ended {
        Ok(simulated) => simulated,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// What madsim says when no task is awake and nothing will wake one.
const DEADLOCK: &str = "all tasks will block forever";

fn on_this_thread(
    plan: &Plan,
    bench: Bench,
    options: &Options,
    sabotaged: Option<Sabotaged>,
) -> Simulated {
    keep_panics_quiet();
    let runtime = Runtime::with_seed_and_config(plan.seed, madsim::Config::default());
    runtime.add_simulator::<World>();
    // It lives out here so that it can still be asked when madsim gives up.
    let mut drive: Option<Drive> = None;
    let ending = catch_unwind(AssertUnwindSafe(|| {
        let handle = runtime.handle().clone();
        runtime.block_on(async {
            let world = plugin::simulator::<World>();
            let mut state = State::new(plan, bench, options);
            state.sabotaged = sabotaged;
            format(&mut state);
            world.lay(state);
            let driver = Driver::new(handle, &world, plan);
            std::pin::Pin::new(drive.insert(Drive { world, driver })).await;
        });
    }));
    if let Err(panic) = ending {
        let (place, message) = told_by(panic.as_ref());
        match &mut drive {
            Some(drive) if message.contains(DEADLOCK) => drive.driver.deadlocked(&drive.world),
            Some(_) | None => panic!(
                "the harness failed in {} seed {}: {message} ({place})",
                plan.scenario, plan.seed
            ),
        }
    }
    let Drive { world, driver } = drive.expect("a run that ended had begun");
    let ended = driver.into_outcome();
    // Killed tasks are dropped when the executor next looks at them: processes say farewell here. A
    // runtime that is dropped with tasks left would never let go of them.
    runtime.block_on(async {});
    match ended {
        Ok(ended) => compose(world.take(), ended),
        Err(why) => {
            panic!("the harness failed in {} seed {}: {why}", plan.scenario, plan.seed)
        }
    }
}

fn compose(state: State, ended: Ended) -> Simulated {
    let ending = ended.ending;
    let mut faults = model_hits(&state);
    for (kind, count) in &state.books.hits {
        *faults.entry(kind.clone()).or_insert(0) += count;
    }
    let books = state.books;
    let counts = books.bench.counts();
    let judgements = books.bench.finish();
    let (trace_hash, trace) = books.trace.finish();
    let recording = books.recording;
    let recovery = recovery(&ended.struck, &books.history, &state.plan, &counts);
    let run = Run {
        recovery,
        ending,
        judgements,
        counts,
        series: books.series,
        faults,
        refused_faults: Vec::new(),
        marks: books.marks,
        trace_hash,
        sim_ns: state.now_ns,
        events: books.events,
        history: books.history,
    };
    Simulated { run, effective: ended.effective, trace, recording }
}

/// How long each partition was without acknowledgements after each fault that took replicas away: to
/// the first acknowledgement of a call that was made after the fault began, at the plan's most asked
/// level.
fn recovery(
    struck: &[(String, u64)],
    history: &checkers::History,
    plan: &Plan,
    counts: &Counts,
) -> Vec<Recovery> {
    let heaviest = plan.workload.acks.iter().max().copied().unwrap_or(0);
    let level = plan.workload.acks.iter().rposition(|weight| *weight == heaviest);
    let level = checkers::Acks::ALL[level.unwrap_or(2)];
    let drained: BTreeSet<u64> = if counts.lost == 0 { BTreeSet::new() } else { drained(history) };
    let mut recovery = Vec::new();
    for (fault, at_ns) in struck.iter().take(64) {
        let mut first: BTreeMap<u32, u64> = BTreeMap::new();
        let mut gone: BTreeMap<u32, u64> = BTreeMap::new();
        // Calls stand in order of their beginning; only what returned early can be lost by a fault.
        let begin = history.calls.partition_point(|call| call.called.at_ns < *at_ns);
        for call in &history.calls[begin..] {
            if first.len() == plan.placement.partitions.len() {
                break;
            }
            let Ask::Produce { partition, acks, .. } = &call.ask else { continue };
            let (Outcome::Ok(_), Some(returned)) = (&call.outcome, call.returned) else {
                continue;
            };
            if *acks == level {
                first.entry(*partition).or_insert(returned.at_ns - at_ns);
            }
        }
        if counts.lost > 0 {
            for call in &history.calls[..begin] {
                let (Ask::Produce { partition, messages, acks, .. }, Outcome::Ok(_)) =
                    (&call.ask, &call.outcome)
                else {
                    continue;
                };
                let lost = messages.iter().filter(|message| !drained.contains(message)).count();
                if acks.is_durable() && call.returned.is_some_and(|r| r.at_ns <= *at_ns) {
                    *gone.entry(*partition).or_insert(0) += lost as u64;
                }
            }
        }
        for partition in 1..=plan.placement.partitions.len() as u32 {
            recovery.push(Recovery {
                fault: fault.clone(),
                partition,
                at_ns: *at_ns,
                rto_ns: first.get(&partition).copied(),
                rpo_messages: gone.get(&partition).copied().unwrap_or(0),
            });
        }
    }
    recovery
}

/// Every message that was read after the drain began.
fn drained(history: &checkers::History) -> BTreeSet<u64> {
    let begin = history.marks.iter().find(|(_, mark)| *mark == checkers::Mark::Draining);
    let begin = begin.map_or(u64::MAX, |(stamp, _)| stamp.ordinal);
    let drain = history.calls.iter().filter(|call| call.called.ordinal > begin);
    drain
        .filter_map(|call| match &call.outcome {
            Outcome::Ok(Reply::Fetched { records, .. }) => Some(records),
            Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_) => None,
        })
        .flatten()
        .map(|record| record.message)
        .collect()
}
