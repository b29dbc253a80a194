//! One series: a scenario's seeds in order, with a planted bug until it is caught often enough to know
//! how often, or without one to see that nobody cries wolf. Nothing is confirmed and nothing kept; a
//! series is a function of its words alone, whoever runs it.

use crate::{
    interrupt::Interrupt,
    job::Job,
    names,
    say::Failure,
    simulate::{Watch, simulate},
};
use checkers::{Ending, Verdict};
use reports::RunReport;
use scenarios::{Plan, Seeds};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// Catches after which a bug's rate is known well enough: the interval spans a factor of about four.
pub(crate) const CATCHES: u64 = 10;

/// What is taken away from every plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Without {
    /// Kinds of faults.
    pub(crate) faults: Vec<String>,
    /// Checkers.
    pub(crate) checkers: Vec<String>,
}

impl Without {
    fn of(&self, mut plan: Plan) -> Plan {
        let is_left = |names: &[String], name: &str| names.iter().all(|gone| gone != name);
        plan.timeline.retain(|line| is_left(&self.faults, line.fault.kind()));
        plan.checkers.retain(|name| is_left(&self.checkers, name));
        plan
    }

    /// In words; empty if it is nothing.
    pub(crate) fn told(&self) -> String {
        let names = [&*self.faults, &*self.checkers].concat();
        if names.is_empty() { String::new() } else { format!("without {}", names.join(", ")) }
    }
}

/// What shall be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Series {
    /// The planted bug; none for a control.
    pub(crate) plant: Option<String>,
    /// The scenario.
    pub(crate) scenario: String,
    /// Its seeds, in order.
    pub(crate) seeds: Seeds,
}

impl Series {
    /// Its name in the file of rows.
    pub(crate) fn key(&self) -> String {
        let plant = self.plant.as_deref().unwrap_or("control");
        format!("{plant}:{}:{}", self.scenario, self.seeds)
    }
}

/// What came of a series.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Row {
    /// Seeds that ran.
    pub(crate) tried: u64,
    /// Of those: in which the bug did what honest code would not have done.
    pub(crate) covered: u64,
    /// Of those: in which a law was broken.
    pub(crate) caught: u64,
    /// Seeds of which no one could say whether they hold, for another reason than that the bug did
    /// nothing.
    pub(crate) doubtful: u64,
    /// The first seed that caught it.
    pub(crate) first: Option<u64>,
    /// Judges, and in how many seeds each saw it.
    pub(crate) by: BTreeMap<String, u64>,
    /// Tokens of controls in which a law was broken, and ought not to.
    pub(crate) alarms: Vec<String>,
}

impl Row {
    /// Whether it ended because enough was seen.
    pub(crate) fn is_decided(&self) -> bool {
        self.caught >= CATCHES
    }

    fn take(&mut self, report: &RunReport) {
        self.tried += 1;
        let is_violated = matches!(report.verdict, Verdict::Violated(_));
        // A node that panics takes its count of bites along. What is violated was bitten all the same:
        // the very seed must hold without the bug, which is what controls are for.
        let bit = report.plant.is_some()
            && (is_violated || report.plant_bites().is_some_and(|bites| bites > 0));
        self.covered += u64::from(bit);
        if report.plant.is_none() {
            if is_violated && report.met().is_err() {
                self.alarms.push(report.token.clone());
            }
        } else if is_violated {
            self.caught += 1;
            self.first.get_or_insert(report.plan.seed);
            let saw =
                report.run.judgements.iter().filter(|j| matches!(j.verdict, Verdict::Violated(_)));
            saw.for_each(|judgement| *self.by.entry(judgement.name.clone()).or_insert(0) += 1);
        }
        let is_doubtful = matches!(report.verdict, Verdict::Unknown(_));
        self.doubtful += u64::from(is_doubtful && (bit || report.plant.is_none()));
    }
}

/// Runs a series to its end, or to so many catches; none if an interruption came first. `runs` counts what ended.
pub(crate) fn hunt(
    series: &Series,
    without: &Without,
    catches: u64,
    interrupt: &Interrupt,
    runs: &AtomicU64,
) -> Result<Option<Row>, Failure> {
    let scenario = names::scenario(&series.scenario)?;
    let mut row = Row::default();
    for seed in series.seeds.iter() {
        let plan = without.of(Job::draw(&scenario, seed, series.plant.as_deref())?.plan);
        let job = Job::new(plan)?;
        let watch = Watch { cancelled: Some(interrupt.flag()), ..Watch::default() };
        let ran = simulate(&job.plan, &watch)
            .map_err(|why| Failure::harness(format!("could not run {}: {why}", job.token)))?;
        if interrupt.is_set() || matches!(ran.run.ending, Ending::Interrupted { .. }) {
            return Ok(None);
        }
        let Job { plan, token, plant, .. } = job;
        row.take(&reports::compose(plan, ran.effective, ran.run, token, plant, 0));
        runs.fetch_add(1, Ordering::Relaxed);
        if row.caught >= catches {
            break;
        }
    }
    Ok(Some(row))
}
