//! Plan to run: the one entry of this room. A fresh thread with its own madsim runtime for each run;
//! nothing process-global feeds it.

use crate::{
    aftermath::Aftermath,
    driver::{Driver, Outcome as Ended},
    panics::{keep_panics_quiet, told_by},
    sabotage::Sabotaged,
    world::{State, World, format, model_hits},
};
use checkers::{Bench, Recording, Run};
use madsim::{plugin, runtime::Runtime};
use scenarios::Plan;
use serde::{Deserialize, Serialize};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64},
    },
    task::{Context, Poll},
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
/// When the harness itself is at fault (endless events); a node's panic is an [`checkers::Ending::Panicked`].
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

/// A run: ends when its driver says so. One poll, for nothing in it waits.
struct Drive {
    world: Arc<World>,
    driver: Driver,
}

impl Future for Drive {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let own = self.get_mut();
        loop {
            let tasks = std::mem::take(&mut own.world.lock().tasks);
            for task in tasks {
                own.driver.act(&own.world, task);
            }
            if own.driver.is_over() {
                return Poll::Ready(());
            }
            let mut world = own.world.lock();
            // World time is the popped key; madsim's clock only follows, for whoever looks at it.
            let before = world.now_ns;
            world.run();
            let passed = std::time::Duration::from_nanos(world.now_ns - before);
            drop(world);
            madsim::time::advance(passed);
        }
    }
}

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
            Pin::new(drive.insert(Drive { world, driver })).await;
        });
    }));
    if let Err(panic) = ending {
        let (place, message) = told_by(panic.as_ref());
        panic!("the harness failed in {} seed {}: {message} ({place})", plan.scenario, plan.seed);
    }
    let Drive { world, driver } = drive.expect("a run that ended had begun");
    let ended = driver.into_outcome();
    match ended {
        Ok(ended) => compose(world.take(), ended),
        Err(why) => {
            panic!("the harness failed in {} seed {}: {why}", plan.scenario, plan.seed)
        }
    }
}

fn compose(state: State, ended: Ended) -> Simulated {
    let ending = ended.ending;
    let (mut faults, accidents) = model_hits(&state);
    // A fault that struck and changed nothing is told, with 0.
    let struck = ended.struck.iter().map(|struck| (struck.kind, 0));
    let counted = state.books.hits.iter().map(|(kind, count)| (kind.as_str(), *count));
    for (kind, count) in struck.chain(counted) {
        *faults.entry(kind.to_owned()).or_insert(0) += count;
    }
    let books = state.books;
    let counts = books.bench.counts();
    let judgements = books.bench.finish();
    let (trace_hash, trace) = books.trace.finish();
    let recording = books.recording;
    let aftermath = Aftermath {
        struck: &ended.struck,
        history: &books.history,
        plan: &state.plan,
        is_lost: counts.lost > 0,
    };
    let run = Run {
        recovery: aftermath.recovery(&books.catch_up),
        overlap: aftermath.overlap(state.now_ns),
        accidents,
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
