//! One plan, one world: whatever runs beside it, whatever is kept of it, on whichever thread.

mod common;

use common::{drawn, run, run_with, shortened};
use sim::{Options, Simulated};

/// A busy plan: every kind of accident at once.
fn busy(seed: u64) -> scenarios::Plan {
    shortened(drawn("swarm", seed), 12_000)
}

fn assert_same(one: &Simulated, other: &Simulated) {
    if one.run.trace_hash != other.run.trace_hash {
        let mut pairs = one.trace.iter().zip(&other.trace);
        panic!("differs first at {:?}", pairs.find(|(one, other)| one != other));
    }
    assert!(one.run == other.run, "equal traces, but other words about them");
    assert_eq!(one.effective, other.effective);
}

#[test]
fn a_plan_twice_is_the_same_run_to_the_last_word() {
    for seed in 1..=4 {
        let plan = busy(seed);
        let options = Options { keep_trace: true, ..Options::default() };
        let (one, other) = (run_with(&plan, &options), run_with(&plan, &options));
        assert!(one.run.events > 1_000, "seed {seed} hardly did anything");
        assert_same(&one, &other);
        assert_eq!(one.trace, other.trace);
    }
}

#[test]
fn runs_on_two_threads_at_once_do_not_see_each_other() {
    let plans = [busy(5), busy(6)];
    let alone: Vec<Simulated> = plans.iter().map(run).collect();
    let together: Vec<Simulated> = std::thread::scope(|scope| {
        let threads: Vec<_> = plans.iter().map(|plan| scope.spawn(|| run(plan))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it ends")).collect()
    });
    for (alone, together) in alone.iter().zip(&together) {
        assert_same(alone, together);
    }
}

#[test]
fn keeping_the_trace_does_not_change_it() {
    let plan = busy(7);
    let kept = run_with(&plan, &Options { keep_trace: true, ..Options::default() });
    let bare = run(&plan);
    assert!(!kept.trace.is_empty() && bare.trace.is_empty());
    assert_same(&kept, &bare);
}

/// Judges only look.
#[test]
fn a_run_that_nobody_judges_is_the_same_run() {
    let plan = busy(8);
    let judged = run(&plan);
    let alone = sim::run(&plan, checkers::Bench::default(), &Options::default());
    assert_eq!(judged.run.trace_hash, alone.run.trace_hash);
    assert_eq!(judged.run.history, alone.run.history);
}

#[test]
fn another_seed_is_another_world_and_so_is_one_byte() {
    let plan = busy(9);
    let mut reseeded = plan.clone();
    reseeded.seed += 1;
    assert_ne!(run(&plan).run.trace_hash, run(&reseeded).run.trace_hash, "the seed feeds nothing");
    let mut later = plan.clone();
    later.workload.message_bytes += 1;
    assert_ne!(run(&plan).run.trace_hash, run(&later).run.trace_hash, "content is not traced");
}

/// What *leader* meant is written down, and names alone bring about the same run.
#[test]
fn the_effective_plan_replays() {
    let (mut had_roles, mut struck) = (false, 0);
    for (scenario, seed) in [("leader_crash", 1), ("split_brain", 2), ("clock_drift", 1)]
        .into_iter()
        .chain((1..=6).map(|seed| ("swarm", seed)))
    {
        let plan = if scenario == "swarm" { busy(seed) } else { drawn(scenario, seed) };
        let drawn = run(&plan);
        let effective = &drawn.effective;
        effective.check().expect("an effective plan makes sense");
        struck += effective.timeline.len();
        had_roles |= plan.timeline != effective.timeline;
        for planned in &effective.timeline {
            let target = planned.fault.target();
            let is_role = target.is_some_and(|target| {
                matches!(target, scenarios::Target::Leader(_) | scenarios::Target::Follower { .. })
            });
            // What waited for an occasion that never came was nobody yet.
            let has_struck = planned.when.is_none();
            assert!(!is_role || !has_struck, "{scenario} seed {seed}: {planned} is still a role");
        }
        let again = run(effective);
        let (one, other) = (&drawn.run, &again.run);
        assert_eq!(one.history.calls, other.history.calls, "{scenario} seed {seed}");
        assert_eq!(one.trace_hash, other.trace_hash, "{scenario} seed {seed}");
        assert_eq!(one.judgements, other.judgements, "{scenario} seed {seed}");
        assert_eq!(again.effective, *effective, "{scenario} seed {seed}: it resolves to itself");
    }
    assert!(had_roles && struck > 20, "nothing was put to the test: {struck} faults");
}
