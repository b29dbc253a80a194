//! What shall run: names and seeds to a list of runs, each with its plan and its token, all decided
//! before the first one starts.
//!
//! A name is a suite, a scenario of the catalogue, or a path to a file. Every mistake is found here,
//! before anything is written, and told together with the others.

use crate::{
    args,
    job::Job,
    names::{could_not, home_seeds, known_plant, scenario, scenario_or_suite},
    progress::Planning,
    say::Failure,
    target,
};
use scenarios::{SUITES, Scenario, Seeds};
use std::{collections::BTreeSet, thread};

/// The suite that runs when nothing is named.
const DEFAULT_SUITE: &str = "default";
/// More runs than this in one invocation would not fit into memory, nor on a page.
const RUNS_MAX: u64 = 1_000_000;

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selection {
    /// Every run, in order.
    pub(crate) jobs: Vec<Job>,
    /// Scenarios, seeds and number of runs, for people.
    pub(crate) summary: String,
}

/// Decides every run of an invocation: regressions first, then what is named.
pub(crate) fn select(
    run: &args::Run,
    workers: usize,
    is_quiet: bool,
) -> Result<Selection, Failure> {
    let mut mistakes = Vec::new();
    let mut told = |mistake: Failure| mistakes.push(mistake.message);
    let asked = asked(run).unwrap_or_else(|mistake| {
        told(mistake);
        None
    });
    if let Some(mistake) = run.plant.as_ref().and_then(|plant| known_plant(plant).err()) {
        told(mistake);
    }
    let mut jobs = Vec::new();
    if let Some(folder) = &run.regressions {
        target::regressions(folder).into_iter().for_each(|found| match found {
            Ok(job) => jobs.push(job),
            Err(mistake) => told(mistake),
        });
    }
    let n_regressions = jobs.len();
    let is_alone = run.regressions.is_some() && run.scenarios.is_empty();
    let chosen = if is_alone { Vec::new() } else { choose(&run.scenarios, &mut told) };
    if !mistakes.is_empty() {
        return Err(Failure::usage(mistakes.join("\n")));
    }
    let seeds_of = |home: Seeds| asked.unwrap_or(home);
    let count = chosen.iter().map(|(_, home)| size(seeds_of(*home))).fold(0, u64::saturating_add);
    if count > RUNS_MAX {
        return Err(Failure::usage(format!(
            "could not plan {count} runs: expected at most {RUNS_MAX} (narrow --seeds, --shard does \
             not help)"
        )));
    }
    let named = chosen
        .iter()
        .flat_map(|(scenario, home)| seeds_of(*home).iter().map(move |seed| (scenario, seed)));
    let is_mine = |place: usize| run.shard.is_none_or(|shard| shard.holds(place));
    let mut place = 0;
    jobs.retain(|_| {
        place += 1;
        is_mine(place - 1)
    });
    let mine = (n_regressions..).zip(named).filter(|(place, _)| is_mine(*place));
    let mine: Vec<(&Scenario, u64)> = mine.map(|(_, job)| job).collect();
    jobs.extend(draw_all(&mine, run.plant.as_deref(), workers, is_quiet)?);
    let summary = summary(&chosen, asked, run, n_regressions, jobs.len());
    Ok(Selection { jobs, summary })
}

/// Seeds that were asked for; none where each scenario has its own.
fn asked(run: &args::Run) -> Result<Option<Seeds>, Failure> {
    match (run.seed, &run.seeds) {
        (Some(seed), _) => Ok(Some(Seeds { first: seed, last: seed })),
        (None, Some(text)) => text.parse().map(Some).map_err(could_not),
        (None, None) => Ok(None),
    }
}

/// Draws every plan, on all workers: hundreds of thousands take a while.
fn draw_all(
    wanted: &[(&Scenario, u64)],
    plant: Option<&str>,
    workers: usize,
    is_quiet: bool,
) -> Result<Vec<Job>, Failure> {
    let planning = Planning::begin(wanted.len() as u64, is_quiet);
    let share = wanted.len().div_ceil(workers.max(1)).max(1);
    let draw = |share: &[(&Scenario, u64)]| -> Result<Vec<Job>, Failure> {
        let one = |(scenario, seed): &(&Scenario, u64)| {
            planning.drew_one();
            Job::draw(scenario, *seed, plant)
        };
        share.iter().map(one).collect()
    };
    let drawn: Vec<Result<Vec<Job>, Failure>> = thread::scope(|scope| {
        let hands: Vec<_> = wanted.chunks(share).map(|share| scope.spawn(|| draw(share))).collect();
        planning.watch(|| hands.iter().all(thread::ScopedJoinHandle::is_finished));
        hands
            .into_iter()
            .map(|hand| hand.join().expect("drawing a checked scenario works"))
            .collect()
    });
    Ok(drawn.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Scenarios by name, each once, with the seeds that they have at home.
fn choose(names: &[String], told: &mut dyn FnMut(Failure)) -> Vec<(Scenario, Seeds)> {
    let default = [DEFAULT_SUITE.to_owned()];
    let names = if names.is_empty() { default.as_slice() } else { names };
    let mut chosen = Vec::new();
    let mut seen = BTreeSet::new();
    for name in names {
        let members = match SUITES.iter().find(|suite| suite.name == name) {
            Some(suite) => scenarios::suite(name)
                .expect("a suite of the list is a suite")
                .into_iter()
                .map(|member| Ok((scenario(member)?, suite.seeds)))
                .collect::<Vec<Result<_, Failure>>>(),
            None => vec![named(name)],
        };
        for member in members {
            match member {
                Ok((scenario, seeds)) => {
                    if seen.insert(scenario.name.clone()) {
                        chosen.push((scenario, seeds));
                    }
                }
                Err(mistake) => told(mistake),
            }
        }
    }
    chosen
}

fn named(name: &str) -> Result<(Scenario, Seeds), Failure> {
    let scenario = scenario_or_suite(name)?;
    let seeds = home_seeds(&scenario);
    Ok((scenario, seeds))
}

fn size(seeds: Seeds) -> u64 {
    (seeds.last - seeds.first).saturating_add(1)
}

fn summary(
    chosen: &[(Scenario, Seeds)],
    asked: Option<Seeds>,
    run: &args::Run,
    n_regressions: usize,
    n_runs: usize,
) -> String {
    let mut names = Vec::new();
    if let Some(folder) = &run.regressions {
        names.push(format!("{n_regressions} regressions in {}", folder.display()));
    }
    names.extend(
        chosen
            .iter()
            .map(|(scenario, home)| format!("{} seeds {}", scenario.name, asked.unwrap_or(*home))),
    );
    let share = run.shard.map_or(String::new(), |shard| format!(" (share {shard})"));
    let runs = if n_runs == 1 { "run" } else { "runs" };
    format!("{n_runs} {runs}{share} of {}", names.join(", "))
}
