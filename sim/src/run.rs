//! Plan to run: the one entry of this room. A fresh thread with its own madsim runtime for each run;
//! nothing process-global feeds it.

use crate::{
    options::Options,
    panics::{keep_panics_quiet, told_by},
    stage::{
        aftermath::Aftermath,
        phases::{Ended, Phases},
    },
    subject::{Subject, ours::Ours},
    theatre::House,
    world::{EndedLives, Lives, World, model_hits},
};
use checkers::{Bench, Recording, Run};
use madsim::runtime::Runtime;
use scenarios::Plan;
use serde::{Deserialize, Serialize};
use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

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

/// Runs our system under a plan, judged by `bench` as it happens.
///
/// # Panics
/// As [`run_subject`].
#[must_use]
pub fn run(plan: &Plan, bench: Bench, options: &Options) -> Simulated {
    run_subject(&(Arc::new(Ours::of(plan)) as Arc<dyn Subject>), plan, bench, options)
}

/// Runs any subject under a plan, on a fresh thread with its own runtime.
///
/// # Panics
/// When the harness itself is at fault (endless events), or a caller answers what nobody asked, or twice; a
/// node's panic is an [`checkers::Ending::Panicked`].
#[must_use]
pub fn run_subject(
    subject: &Arc<dyn Subject>,
    plan: &Plan,
    bench: Bench,
    options: &Options,
) -> Simulated {
    #[expect(clippy::disallowed_methods, reason = "the one place: a run has a thread of its own")]
    let ended = std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name(format!("{}-{}", plan.scenario, plan.seed))
            .spawn_scoped(scope, || on_this_thread(subject.clone(), plan, bench, options))
            .expect("a thread can be started")
            .join()
    });
    match ended {
        Ok(simulated) => simulated,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}

/// A run: ends when its phases say so. One poll, for nothing in it waits.
struct Drive {
    house: House,
    phases: Phases,
}

impl Future for Drive {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        let Drive { house, phases } = self.get_mut();
        loop {
            for task in std::mem::take(&mut house.world.tasks) {
                phases.act(house, task);
            }
            if phases.is_over() {
                return Poll::Ready(());
            }
            // World time is the popped key; madsim's clock only follows, for whoever looks at it.
            let before = house.world.now_ns;
            house.world.run();
            let passed = std::time::Duration::from_nanos(house.world.now_ns - before);
            madsim::time::advance(passed);
        }
    }
}

fn on_this_thread(
    subject: Arc<dyn Subject>,
    plan: &Plan,
    bench: Bench,
    options: &Options,
) -> Simulated {
    keep_panics_quiet();
    let runtime = Runtime::with_seed_and_config(plan.seed, madsim::Config::default());
    runtime.add_simulator::<EndedLives>();
    // It lives out here so that it can still be asked when madsim gives up.
    let mut drive: Option<Drive> = None;
    let ending = catch_unwind(AssertUnwindSafe(|| {
        let handle = runtime.handle().clone();
        runtime.block_on(async {
            let lives = Lives::new(handle, plan.nodes.len());
            let mut house = House::new(World::new(subject, lives, plan, bench, options));
            let phases = Phases::begin(&mut house, plan, options.stop_on_breach);
            Pin::new(drive.insert(Drive { house, phases })).await;
        });
    }));
    let whose = || format!("the harness failed in {} seed {}", plan.scenario, plan.seed);
    if let Err(panic) = ending {
        let (place, message) = told_by(panic.as_ref());
        panic!("{}: {message} ({place})", whose());
    }
    let Drive { house, phases } = drive.expect("a run that ended had begun");
    let mut world = house.world;
    // So that every process can say farewell.
    (0..plan.nodes.len()).for_each(|place| world.end_process(place));
    match phases.into_ended() {
        Ok(ended) => compose(world, ended),
        Err(why) => panic!("{}: {why}", whose()),
    }
}

fn compose(world: World, ended: Ended) -> Simulated {
    let ending = ended.ending;
    let (mut faults, accidents) = model_hits(&world);
    // A fault that struck and changed nothing is told, with 0.
    let struck = ended.struck.iter().map(|struck| (struck.kind, 0));
    let counted = world.books.hits.iter().map(|(kind, count)| (kind.as_str(), *count));
    for (kind, count) in struck.chain(counted) {
        *faults.entry(kind.to_owned()).or_insert(0) += count;
    }
    let books = world.books;
    let counts = books.bench.counts();
    let judgements = books.bench.finish();
    let (trace_hash, trace) = books.trace.finish();
    let recording = books.recording;
    let aftermath = Aftermath {
        struck: &ended.struck,
        history: &books.history,
        plan: &world.plan,
        is_lost: counts.lost > 0,
    };
    let run = Run {
        recovery: aftermath.recovery(&books.catch_up),
        overlap: aftermath.overlap(world.now_ns),
        accidents,
        ending,
        judgements,
        counts,
        series: books.series,
        faults,
        refused_faults: Vec::new(),
        marks: books.reached,
        plants: books.plants,
        trace_hash,
        sim_ns: world.now_ns,
        events: books.events,
        history: books.history,
    };
    Simulated { run, effective: ended.effective, trace, recording }
}
