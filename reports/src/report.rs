//! One invocation, ready to be told: runs, each with its verdict, its headline and its way back.
//!
//! [`compose`] is the only place where a run's judgements, its ending and its plant become one
//! verdict; every page renders what stands here and derives nothing of its own. It never weakens a
//! judge's answer: what it adds are doubts and violations that no judge can see (a panic, a run
//! that never ended, a planted bug that was never executed, a judge that kept silent).

use crate::{
    names::{moment, retell, zero_ns},
    story::Story,
    words::{plural, shell_word},
};
use checkers::{Ask, Ending, Evidence, Judgement, Line, Outcome, Run, Verdict};
use scenarios::{Expected, Plan};
use std::collections::BTreeSet;

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
    /// How many runs were asked for.
    pub requested: u64,
    /// What made it, and when.
    pub origin: Origin,
}

/// What made a report, and when. A result that does not say so cannot be compared with another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The version of the binary.
    pub version: String,
    /// The commit that it was built from; `-dirty` where the sources were changed.
    pub git: String,
    /// The binary's own fingerprint: trace hashes of one fingerprint can be compared.
    pub build: String,
    /// When the invocation began, as RFC 3339 in UTC.
    pub started: String,
    /// The words of the command line.
    pub argv: Vec<String>,
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
    /// The path of its plan, where its token does not draw that plan.
    pub plan_path: Option<String>,
    /// Acknowledgement levels that were promised to some call.
    pub promised: BTreeSet<&'static str>,
    /// The laws that were broken, told: what broke first stands first.
    pub stories: Vec<Story>,
    /// The begin of trouble in world time, from which every page counts.
    pub zero_ns: u64,
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
    run.judgements.iter_mut().for_each(|judgement| rename(judgement, &plan.regions));
    let stories = broken(&run.judgements)
        .into_iter()
        .map(|(judgement, evidence)| Story::of(&plan, &run, judgement, evidence))
        .collect();
    let zero_ns = zero_ns(&run);
    let verdict = fold(&plan, &run.judgements);
    let headline = headline(&run.judgements, &verdict);
    let promised = promised(&run);
    RunReport {
        plan,
        effective,
        run,
        token,
        plant,
        wall_ms,
        verdict,
        headline,
        replayed: None,
        plan_path: None,
        promised,
        stories,
        zero_ns,
    }
}

/// Gives what a judge said the names of the run, in every page and file.
fn rename(judgement: &mut Judgement, regions: &[String]) {
    for permitted in &mut judgement.permitted {
        *permitted = retell(permitted, regions);
    }
    match &mut judgement.verdict {
        Verdict::Holds(_) => {}
        Verdict::Unknown(why) => *why = retell(why, regions),
        Verdict::Violated(evidence) => {
            evidence.summary = retell(&evidence.summary, regions);
            for line in &mut evidence.lines {
                line.text = retell(&line.text, regions);
            }
        }
    }
}

/// Levels at which some produce call returned Ok.
fn promised(run: &Run) -> BTreeSet<&'static str> {
    let calls = run.history.calls.iter();
    calls
        .filter_map(|call| match (&call.ask, &call.outcome) {
            (Ask::Produce { acks, .. }, Outcome::Ok(_)) => Some(acks.name()),
            (_, Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_)) => None,
        })
        .collect()
}

impl RunReport {
    /// Notes that its plan was read from there, and that no token draws it.
    #[must_use]
    pub fn with_plan_path(mut self, path: Option<String>) -> RunReport {
        self.plan_path = path;
        self
    }

    /// The command that runs this one again.
    pub fn replay_line(&self) -> String {
        format!("zeroloss replay {}", shell_word(self.plan_path.as_ref().unwrap_or(&self.token)))
    }

    /// Whether it came to what its scenario expects; an error says what is missing. Under a planted
    /// bug the question is whether the bug was caught.
    pub fn met(&self) -> Result<(), String> {
        let word = self.verdict.word();
        match (&self.verdict, &self.plant, self.plan.expect.verdict) {
            (Verdict::Unknown(_), ..) => Err("the verdict is unknown".to_owned()),
            (Verdict::Violated(_), Some(_), _) => Ok(()),
            (Verdict::Holds(_), Some(plant), _) => {
                Err(format!("planted bug {plant} bit and no law was broken: it escaped"))
            }
            (Verdict::Violated(_), None, Expected::Violated) => self.seen_by_all(),
            (Verdict::Holds(_), None, Expected::Holds) => self.promised_all(),
            (Verdict::Violated(_), None, Expected::Holds) => {
                Err(format!("expected holds, and it is {word}"))
            }
            (Verdict::Holds(_), None, Expected::Violated) => {
                Err(format!("expected violated, and it {word}"))
            }
        }
    }

    /// Whether it is violated, as its scenario says it must be.
    pub fn is_violated_as_expected(&self) -> bool {
        matches!(self.verdict, Verdict::Violated(_)) && self.plant.is_none() && self.met().is_ok()
    }

    /// Whether each law that must see the violation does.
    fn seen_by_all(&self) -> Result<(), String> {
        let violated: Vec<&str> = self.broken().iter().map(|(law, _)| law.name.as_str()).collect();
        let blind = self.plan.expect.by.iter().filter(|law| !violated.contains(&law.as_str()));
        let blind: Vec<&str> = blind.map(String::as_str).collect();
        match blind.as_slice() {
            [] => Ok(()),
            some => Err(format!("expected to be seen by {}, which did not", some.join(", "))),
        }
    }

    /// Whether each level that must have been promised was.
    fn promised_all(&self) -> Result<(), String> {
        let owed = self.plan.expect.acks.iter().map(String::as_str);
        let absent: Vec<&str> = owed.filter(|level| !self.promised.contains(level)).collect();
        match absent.as_slice() {
            [] => Ok(()),
            some => Err(format!("no call was acknowledged at {}", some.join(", "))),
        }
    }

    /// The laws that were broken, each with its evidence, in order of time: what broke first is
    /// nearest to the cause.
    pub fn broken(&self) -> Vec<(&Judgement, &Evidence)> {
        broken(&self.run.judgements)
    }

    /// How often the planted bug made a difference, as its mark tells; none where none was planted.
    pub fn plant_bites(&self) -> Option<u64> {
        self.plant.as_ref().map(|plant| bites(&self.run, plant))
    }

    /// The run was not made, or nobody can say what it showed: whatever was judged, it is in doubt.
    #[must_use]
    pub fn in_doubt(mut self, why: String) -> RunReport {
        self.verdict = Verdict::Unknown(why.clone());
        self.headline = why;
        self
    }

    /// A violation that was not run again: told with its evidence, but in doubt.
    #[must_use]
    pub fn unconfirmed(mut self, why: &str) -> RunReport {
        let why = format!("violated, but not confirmed by a re-run ({why}): {}", self.headline);
        let verdict = Verdict::Unknown(why.clone());
        self.run.judgements.push(Judgement::new(DETERMINISM, verdict));
        self.in_doubt(why)
    }

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
                let at = moment(*at_ns, zero_ns(run));
                let why = format!("stopped at {at} as breached, but no checker says violated");
                add(FINISHED, Verdict::Unknown(why));
            }
        }
        Ending::Interrupted { at_ns } => {
            let why = format!(
                "interrupted at {}: what came after it is not known",
                moment(*at_ns, zero_ns(run))
            );
            add(FINISHED, Verdict::Unknown(why));
        }
        Ending::Stuck { at_ns, waiting } => {
            let why = format!("stuck at {}: waiting for {waiting}", moment(*at_ns, zero_ns(run)));
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
    if let Some(plant) = plant.filter(|plant| bites(run, plant) == 0) {
        let why = format!("vacuous: planted bug {plant} was never executed");
        add(PLANT_EXECUTED, Verdict::Unknown(why));
    }
    derived
}

/// How often a plant did what honest code would not have done.
fn bites(run: &Run, plant: &str) -> u64 {
    run.plants.get(plant).copied().unwrap_or(0)
}

fn broken(judgements: &[Judgement]) -> Vec<(&Judgement, &Evidence)> {
    let mut broken: Vec<(&Judgement, &Evidence)> = judgements
        .iter()
        .filter_map(|judgement| match &judgement.verdict {
            Verdict::Violated(evidence) => Some((judgement, &**evidence)),
            Verdict::Holds(_) | Verdict::Unknown(_) => None,
        })
        .collect();
    // A law is broken for certain with the last line of its evidence; a stable sort keeps the
    // catalogue's order within one moment.
    let when = |evidence: &Evidence| evidence.lines.last().map_or(u64::MAX, |line| line.at_ns);
    broken.sort_by_key(|(_, evidence)| when(evidence));
    broken
}

/// What a plan is too small to exercise is asked of the suite: that it slept is no doubt about the run.
fn fold(plan: &Plan, judgements: &[Judgement]) -> Verdict {
    if let Some((first, _)) = broken(judgements).first() {
        return first.verdict.clone();
    }
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
            let broken: Vec<&str> =
                broken(judgements).iter().map(|(judgement, _)| judgement.name.as_str()).collect();
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
