//! One invocation, ready to be told: runs, each with its verdict, its headline and its way back.
//!
//! [`compose`] is the only place where a run's judgements, its ending and its plant become one
//! verdict; every page renders what stands here and derives nothing of its own. It never weakens a
//! judge's answer: what it adds are doubts and violations that no judge can see (a panic, a run
//! that never ended, a planted bug that was never executed, a judge that kept silent).

use crate::words::{plural, seconds};
use checkers::{Ending, Evidence, Judgement, Line, Run, Verdict};
use scenarios::Plan;

/// Name of the law that no node may panic; its judgement is derived from the run's ending.
pub const NO_PANIC: &str = "no_panic";
/// Name of the law that a run must come to its end.
pub const FINISHED: &str = "finished";
/// Name of the doubt about a planted bug that no node executed.
pub const PLANT_EXECUTED: &str = "plant_executed";
/// Name of the doubt about a failure whose re-run went another way.
pub const DETERMINISM: &str = "determinism";

const DERIVED: [&str; 4] = [NO_PANIC, FINISHED, PLANT_EXECUTED, DETERMINISM];

/// One invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The command as one would type it to repeat it.
    pub command: String,
    /// Its runs, in the order in which they are told.
    pub runs: Vec<RunReport>,
    /// Wall time of the whole invocation in milliseconds.
    pub wall_ms: u64,
    /// Whether it was interrupted: the runs are complete, but some that were asked for are absent.
    pub interrupted: bool,
}

/// One run and what is to be said of it.
#[derive(Clone, Debug, PartialEq)]
pub struct RunReport {
    /// The plan that was drawn.
    pub plan: Plan,
    /// The plan with every role resolved to a node.
    pub effective: Plan,
    /// What happened. Its judgements include the derived ones ([`NO_PANIC`] and the others).
    pub run: Run,
    /// What `zeroloss replay` takes.
    pub token: String,
    /// The planted bug, if one was switched on.
    pub plant: Option<String>,
    /// Wall time of this run in milliseconds.
    pub wall_ms: u64,
    /// The whole run: violated beats unknown beats holds.
    pub verdict: Verdict,
    /// The verdict in one line, for people.
    pub headline: String,
    /// What became of its re-run in a fresh process, if there was one.
    pub replayed: Option<Replay>,
}

/// What a re-run of the same plan in a fresh process showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replay {
    /// The same trace hash.
    Same,
    /// Another trace hash: the harness is not deterministic.
    Different {
        /// The first event that differs, in words.
        first_difference: String,
    },
}

/// Derives verdict and headline of a run.
///
/// A panic of a node is a violation; a run that got stuck, a judge of the plan that gave no answer,
/// a plant that was never executed and a run without any judge are `Unknown`.
pub fn compose(
    plan: Plan,
    effective: Plan,
    mut run: Run,
    token: String,
    plant: Option<String>,
    wall_ms: u64,
) -> RunReport {
    run.judgements.retain(|judgement| !is_derived(&judgement.name));
    let mut derived = derive(&plan, &run, plant.as_deref());
    run.judgements.append(&mut derived);
    let verdict = fold(&plan, &run.judgements);
    let headline = headline(&run.judgements, &verdict);
    RunReport { plan, effective, run, token, plant, wall_ms, verdict, headline, replayed: None }
}

impl RunReport {
    /// Notes what the re-run showed. A failure whose re-run differs is no violation: it becomes
    /// `Unknown (nondeterminism)`.
    pub fn with_replay(mut self, replay: Replay) -> RunReport {
        self.run.judgements.retain(|judgement| judgement.name != DETERMINISM);
        match &replay {
            Replay::Same => {
                self.verdict = fold(&self.plan, &self.run.judgements);
                self.headline = headline(&self.run.judgements, &self.verdict);
            }
            Replay::Different { first_difference } => {
                let why = format!("nondeterminism: the re-run differs: {first_difference}");
                self.verdict = Verdict::Unknown(why.clone());
                self.headline = why.clone();
                self.run.judgements.push(Judgement::new(DETERMINISM, Verdict::Unknown(why)));
            }
        }
        self.replayed = Some(replay);
        self
    }

    /// Whether a re-run of it went another way.
    pub fn is_nondeterministic(&self) -> bool {
        match &self.replayed {
            Some(Replay::Different { .. }) => true,
            Some(Replay::Same) | None => false,
        }
    }
}

/// Whether a judgement of that name is derived here and appears only where it does not hold.
pub(crate) fn is_derived(name: &str) -> bool {
    DERIVED.contains(&name)
}

/// Judgements that no judge can give.
fn derive(plan: &Plan, run: &Run, plant: Option<&str>) -> Vec<Judgement> {
    let mut derived = Vec::new();
    let mut add = |name: &str, verdict| derived.push(Judgement::new(name, verdict));
    match &run.ending {
        Ending::Finished => {}
        Ending::Breached { at_ns } => {
            if !run.judgements.iter().any(|j| matches!(j.verdict, Verdict::Violated(_))) {
                let at = seconds(*at_ns);
                let why = format!("stopped at {at} as breached, but no checker says violated");
                add(FINISHED, Verdict::Unknown(why));
            }
        }
        Ending::Stuck { at_ns, waiting } => {
            let why = format!("stuck at {}: waiting for {waiting}", seconds(*at_ns));
            add(FINISHED, Verdict::Unknown(why));
        }
        Ending::Panicked { at_ns, node, place, message } => {
            let text = format!("n{node} panicked at {place}: {message}");
            let evidence = Evidence {
                summary: format!("a node may not panic: {text}"),
                lines: vec![Line { ordinal: run.events, at_ns: *at_ns, text }],
                node: Some(*node),
                count: 1,
                ..Evidence::default()
            };
            add(NO_PANIC, Verdict::Violated(Box::new(evidence)));
        }
    }
    for name in &plan.checkers {
        if !is_derived(name) && !run.judgements.iter().any(|j| &j.name == name) {
            add(name, Verdict::Unknown("the checker gave no answer".to_owned()));
        }
    }
    if let Some(plant) = plant.filter(|plant| !was_executed(run, plant)) {
        let why = format!("vacuous: planted bug {plant} was never executed");
        add(PLANT_EXECUTED, Verdict::Unknown(why));
    }
    derived
}

/// Whether a coverage mark of that name was hit, alone or behind a prefix (`plant:name`).
fn was_executed(run: &Run, plant: &str) -> bool {
    run.marks.iter().any(|(name, hits)| {
        *hits > 0 && name.rsplit([':', '.', '/']).next().is_some_and(|last| last == plant)
    })
}

/// What a plan is too small to exercise is asked of the suite: that it slept is no doubt about the run.
fn fold(plan: &Plan, judgements: &[Judgement]) -> Verdict {
    let weighs = |judgement: &&Judgement| {
        !judgement.verdict.is_vacuous() || plan.must_exercise(&judgement.name)
    };
    judgements
        .iter()
        .filter(weighs)
        .map(|judgement| judgement.verdict.clone())
        .reduce(Verdict::and)
        .unwrap_or_else(|| Verdict::Unknown("vacuous: no checker watched".to_owned()))
}

fn headline(judgements: &[Judgement], verdict: &Verdict) -> String {
    match verdict {
        Verdict::Holds(coverage) => {
            let checkers = plural(judgements.len() as u64, "checker");
            format!("nothing broken in {}, {checkers}", plural(coverage.get(), "case"))
        }
        Verdict::Violated(evidence) => {
            let broken: Vec<&str> = judgements
                .iter()
                .filter(|judgement| matches!(judgement.verdict, Verdict::Violated(_)))
                .map(|judgement| judgement.name.as_str())
                .collect();
            format!("{}: {}", broken.join(", "), evidence.summary)
        }
        Verdict::Unknown(why) => {
            let doubtful = judgements.iter().find(|judgement| &judgement.verdict == verdict);
            match doubtful {
                Some(judgement) => format!("{}: {why}", judgement.name),
                None => why.clone(),
            }
        }
    }
}
