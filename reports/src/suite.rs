//! An invocation, summed: what every page says about it beyond its single runs.
//!
//! One place computes rows, checker coverage and totals, so that the terminal, JUnit, JSON and HTML
//! cannot disagree. Nothing is weighed here: sums and counts of verdicts, no verdict.

use crate::report::{Report, RunReport, is_derived};
use crate::words::plural;
use checkers::{Counts, Verdict};
use std::collections::BTreeMap;

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
    pub(crate) sim_ns: u64,
}

impl<'a> Suite<'a> {
    /// Sums a report; scenarios stand in order of their first run.
    pub(crate) fn of(report: &'a Report) -> Suite<'a> {
        let mut scenarios: Vec<Scenario<'a>> = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        let mut tally = Tally::default();
        let mut counts = Counts::default();
        let (mut fault_hits, mut sim_ns) = (0, 0);
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
        }
        let checkers = checkers_of(&report.runs.iter().collect::<Vec<_>>());
        Suite { scenarios, checkers, tally, counts, fault_hits, sim_ns }
    }

    /// What is left of the risk when nothing failed: the rule of three, at 95 % confidence.
    pub(crate) fn residual_risk(&self) -> Option<String> {
        let n = self.tally.holds;
        (n == self.tally.runs() && n > 3).then(|| {
            let hundredths = 30_000_u64.div_ceil(n);
            format!(
                "0 of {} failed; a further seed fails with a probability below 3/{n} = {}.{:02} % \
                 (95 % confidence)",
                plural(n, "run"),
                hundredths / 100,
                hundredths % 100
            )
        })
    }
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
        allowed_lost,
        recovered,
        phantom,
        duplicated,
        reordered,
        corrupted,
        unknown,
    } = more;
    sum.attempted += attempted;
    sum.acknowledged += acknowledged;
    sum.read += read;
    sum.lost += lost;
    sum.lost_head += lost_head;
    sum.lost_middle += lost_middle;
    sum.lost_tail += lost_tail;
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
