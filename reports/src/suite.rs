//! An invocation, summed: what every page says about it beyond its single runs.
//!
//! One place computes rows, checker coverage and totals, so that the terminal, JUnit, JSON and HTML
//! cannot disagree. Nothing is weighed here: sums and counts of verdicts, no verdict.

use crate::report::{Report, RunReport, is_derived};
use crate::words::plural;
use checkers::{Counts, Overlap, Verdict};
use std::collections::{BTreeMap, BTreeSet};

/// How many runs came to which verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) holds: u64,
    pub(crate) violated: u64,
    pub(crate) unknown: u64,
}

impl Tally {
    fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Holds(_) => self.holds += 1,
            Verdict::Violated(_) => self.violated += 1,
            Verdict::Unknown(_) => self.unknown += 1,
        }
    }

    pub(crate) fn runs(self) -> u64 {
        self.holds + self.violated + self.unknown
    }

    /// The word of the whole: violated beats unknown beats holds; nothing at all is unknown.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Tally { violated: 1.., .. } => "violated",
            Tally { holds: 0, .. } | Tally { unknown: 1.., .. } => "unknown",
            Tally { .. } => "holds",
        }
    }
}

/// All runs of one scenario with one plant.
#[derive(Debug)]
pub(crate) struct Scenario<'a> {
    /// `leader_crash` or `leader_crash+ack_before_flush`, as tokens write it.
    pub(crate) name: String,
    pub(crate) runs: Vec<&'a RunReport>,
    pub(crate) tally: Tally,
    pub(crate) counts: Counts,
    /// How often faults changed what happened.
    pub(crate) fault_hits: u64,
}

/// One checker over all runs.
#[derive(Debug)]
pub(crate) struct Checker {
    pub(crate) name: String,
    pub(crate) tally: Tally,
    /// Cases examined, in the runs where it holds.
    pub(crate) coverage: u64,
    /// Violations that it saw in runs that were not confirmed: they count as unknown.
    pub(crate) unconfirmed: u64,
}

impl Checker {
    /// Whether it never saw a case: it proves nothing about this invocation.
    pub(crate) fn is_never_covered(&self) -> bool {
        let saw_some = self.coverage + self.tally.violated + self.unconfirmed > 0;
        !saw_some && !is_derived(&self.name)
    }
}

/// The invocation, summed.
#[derive(Debug)]
pub(crate) struct Suite<'a> {
    pub(crate) scenarios: Vec<Scenario<'a>>,
    pub(crate) checkers: Vec<Checker>,
    pub(crate) tally: Tally,
    pub(crate) counts: Counts,
    pub(crate) fault_hits: u64,
    pub(crate) overlap: Overlap,
    pub(crate) sim_ns: u64,
    /// Whether runs that were asked for are absent.
    pub(crate) is_incomplete: bool,
    /// Laws that the whole suite had to exercise and did not.
    pub(crate) asleep: Vec<&'static str>,
}

impl<'a> Suite<'a> {
    /// Sums a report; scenarios stand in order of their first run.
    pub(crate) fn of(report: &'a Report) -> Suite<'a> {
        let mut scenarios: Vec<Scenario<'a>> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut tally = Tally::default();
        let mut counts = Counts::default();
        let (mut fault_hits, mut sim_ns) = (0, 0);
        let mut overlap = Overlap::default();
        for run in &report.runs {
            let name = scenario_name(run);
            let place = *places.entry(name.clone()).or_insert_with(|| {
                scenarios.push(Scenario {
                    name,
                    runs: Vec::new(),
                    tally: Tally::default(),
                    counts: Counts::default(),
                    fault_hits: 0,
                });
                scenarios.len() - 1
            });
            let hits: u64 = run.run.faults.values().sum();
            let scenario = &mut scenarios[place];
            scenario.runs.push(run);
            scenario.tally.add(&run.verdict);
            scenario.fault_hits += hits;
            add(&mut scenario.counts, &run.run.counts);
            tally.add(&run.verdict);
            add(&mut counts, &run.run.counts);
            fault_hits += hits;
            sim_ns += run.run.sim_ns;
            overlap.acknowledged += run.run.overlap.acknowledged;
            overlap.under_fault += run.run.overlap.under_fault;
        }
        let checkers = checkers_of(&report.runs.iter().collect::<Vec<_>>());
        let is_incomplete = report.interrupted || (report.runs.len() as u64) < report.requested;
        let asleep = asleep(report);
        Suite {
            scenarios,
            checkers,
            tally,
            counts,
            fault_hits,
            overlap,
            sim_ns,
            is_incomplete,
            asleep,
        }
    }

    /// The word of the whole. What was asked for and is absent is in doubt, and so is a suite in which a
    /// law slept.
    pub(crate) fn word(&self) -> &'static str {
        match (self.tally.word(), self.is_incomplete || !self.asleep.is_empty()) {
            ("holds", true) => "unknown",
            (word, _) => word,
        }
    }

    /// What became of planted bugs, a row for each scenario that was run with one.
    pub(crate) fn planted(&self) -> Vec<PlantedSum> {
        self.scenarios.iter().filter_map(PlantedSum::of).collect()
    }

    /// Runs that did not come to what their scenario expects though they hold, and why.
    pub(crate) fn short(&self) -> Vec<(&'a RunReport, String)> {
        let holds = self.runs().filter(|run| matches!(run.verdict, Verdict::Holds(_)));
        holds.filter_map(|run| Some((run, run.met().err()?))).collect()
    }

    /// Runs that are violated as their scenario expects.
    pub(crate) fn as_expected(&self) -> Vec<&'a RunReport> {
        self.runs().filter(|run| run.is_violated_as_expected()).collect()
    }

    fn runs(&self) -> impl Iterator<Item = &'a RunReport> + '_ {
        self.scenarios.iter().flat_map(|scenario| scenario.runs.iter().copied())
    }
}

impl Scenario<'_> {
    /// What is left of the risk when no seed failed: with so many random seeds that all hold, a
    /// further one fails with at most this probability, at 95 % confidence, in hundredths of a
    /// percent. Plans that somebody chose are no random seeds; with a planted bug nobody asks.
    pub(crate) fn residual_risk(&self) -> Option<(u64, u64)> {
        let is_random = |run: &&&RunReport| run.plan_path.is_none() && run.plant.is_none();
        let n = self.runs.iter().filter(is_random).count() as u64;
        let holds = self.tally.holds == self.tally.runs();
        (holds && n > 0).then(|| (n, bound(n)))
    }
}

/// The least `p` in hundredths of a percent with `(1 - p)^n <= 0.05`, by products alone, so that it
/// is the same on every platform.
fn bound(n: u64) -> u64 {
    let chance = |hundredths: u64| {
        let (mut power, mut base, mut rest) = (1.0, 1.0 - hundredths as f64 / 10_000.0, n);
        while rest > 0 {
            if rest % 2 == 1 {
                power *= base;
            }
            base *= base;
            rest /= 2;
        }
        power
    };
    let (mut low, mut high) = (0, 10_000);
    while low + 1 < high {
        let middle = u64::midpoint(low, high);
        if chance(middle) <= 0.05 + 1e-12 { high = middle } else { low = middle }
    }
    high
}

/// What became of a planted bug in the runs of one scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PlantedSum {
    pub(crate) plant: String,
    pub(crate) scenario: String,
    pub(crate) runs: u64,
    /// Runs in which it made a difference.
    pub(crate) bit: u64,
    /// Runs in which some law was broken.
    pub(crate) caught: u64,
    /// Laws that were broken, by name.
    pub(crate) by: Vec<String>,
}

impl PlantedSum {
    fn of(scenario: &Scenario<'_>) -> Option<PlantedSum> {
        let plant = scenario.runs.first()?.plant.clone()?;
        let count = |is: &dyn Fn(&RunReport) -> bool| {
            scenario.runs.iter().filter(|run| is(run)).count() as u64
        };
        let broken = scenario.runs.iter().flat_map(|run| run.broken());
        let by: BTreeSet<&String> = broken.map(|(law, _)| &law.name).collect();
        Some(PlantedSum {
            plant,
            scenario: scenario.runs.first()?.plan.scenario.clone(),
            runs: scenario.runs.len() as u64,
            bit: count(&|run| run.plant_bites() > Some(0)),
            caught: scenario.tally.violated,
            by: by.into_iter().cloned().collect(),
        })
    }

    /// Whether it made a difference and no law was broken in any run.
    pub(crate) fn has_escaped(&self) -> bool {
        self.bit > 0 && self.caught == 0
    }

    /// In words.
    pub(crate) fn said(&self) -> String {
        let PlantedSum { plant, scenario, runs, bit, caught, by } = self;
        let runs = plural(*runs, "run");
        match (bit, caught) {
            (0, 0) => format!("{plant} was never executed in {runs} of {scenario}"),
            (bit, 0) => format!(
                "{plant} bit in {bit} of {runs} of {scenario} and ESCAPED: no law was broken"
            ),
            (bit, caught) => format!(
                "{plant} bit in {bit} of {runs} of {scenario} and was caught in {caught}, by {}",
                by.join(", ")
            ),
        }
    }
}

/// Laws that no run exercised, where every scenario of a suite of several was run as it is: what one
/// plan is too small for is asked of the suite it belongs to.
pub(crate) fn asleep(report: &Report) -> Vec<&'static str> {
    let runs = || report.runs.iter();
    let was_run = |name: &&str| runs().any(|run| run.plan.scenario == *name);
    let is_whole = |suite: &scenarios::Suite| {
        let members = scenarios::suite(suite.name).unwrap_or_default();
        members.len() > 1 && members.iter().all(was_run)
    };
    if runs().any(|run| run.plant.is_some()) || !scenarios::SUITES.iter().any(is_whole) {
        return Vec::new();
    }
    let is_awake = |law: &&str| {
        let judgements = runs().flat_map(|run| &run.run.judgements);
        judgements
            .filter(|judgement| judgement.name == **law)
            .any(|judgement| matches!(judgement.verdict, Verdict::Holds(_) | Verdict::Violated(_)))
    };
    scenarios::CHECKERS.into_iter().filter(|law| !is_awake(law)).collect()
}

/// Every checker that some run's plan or result names, by name.
pub(crate) fn checkers_of(runs: &[&RunReport]) -> Vec<Checker> {
    let mut found: BTreeMap<&str, Checker> = BTreeMap::new();
    for run in runs {
        for judgement in &run.run.judgements {
            let checker = found.entry(&judgement.name).or_insert_with(|| Checker {
                name: judgement.name.clone(),
                tally: Tally::default(),
                coverage: 0,
                unconfirmed: 0,
            });
            match (&judgement.verdict, &run.verdict) {
                (Verdict::Violated(_), Verdict::Unknown(_) | Verdict::Holds(_)) => {
                    checker.unconfirmed += 1;
                    checker.tally.unknown += 1;
                }
                (verdict @ Verdict::Holds(cases), _) => {
                    checker.coverage += cases.get();
                    checker.tally.add(verdict);
                }
                (verdict @ (Verdict::Violated(_) | Verdict::Unknown(_)), _) => {
                    checker.tally.add(verdict);
                }
            }
        }
    }
    found.into_values().collect()
}

/// The scenario as tokens write it: with its plant, if it has one.
pub(crate) fn scenario_name(run: &RunReport) -> String {
    match &run.plant {
        Some(plant) => format!("{}+{plant}", run.plan.scenario),
        None => run.plan.scenario.clone(),
    }
}

fn add(sum: &mut Counts, more: &Counts) {
    let Counts {
        attempted,
        acknowledged,
        read,
        lost,
        lost_head,
        lost_middle,
        lost_tail,
        lost_gone,
        allowed_lost,
        recovered,
        phantom,
        duplicated,
        reordered,
        corrupted,
        unknown,
        displaced,
        drain,
    } = more;
    // The first run of a sum has nothing to be compared with.
    let is_first = *sum == Counts::default();
    sum.drain = if is_first { *drain } else { sum.drain.and(*drain) };
    sum.displaced += displaced;
    sum.attempted += attempted;
    sum.acknowledged += acknowledged;
    sum.read += read;
    sum.lost += lost;
    sum.lost_head += lost_head;
    sum.lost_middle += lost_middle;
    sum.lost_tail += lost_tail;
    sum.lost_gone += lost_gone;
    sum.allowed_lost += allowed_lost;
    sum.recovered += recovered;
    sum.phantom += phantom;
    sum.duplicated += duplicated;
    sum.reordered += reordered;
    // What one run did not measure says nothing of the others.
    sum.corrupted = match (sum.corrupted, *corrupted) {
        (Some(sum), Some(more)) => Some(sum + more),
        (one, other) => one.or(other),
    };
    sum.unknown += unknown;
}
