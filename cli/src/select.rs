//! What shall run: names and seeds to a list of runs, each with its plan and its token, all decided
//! before the first one starts.
//!
//! A name is a suite, a scenario of the catalogue, or a path to a file. Every mistake is found here,
//! before anything is written.

use crate::{args, say::Failure};
use scenarios::{PLANTED, Plan, Planted, SUITES, Scenario, Seeds, Token};
use std::collections::BTreeSet;

/// The suite that runs when nothing is named.
const DEFAULT_SUITE: &str = "default";
/// More runs than this in one invocation would not fit into memory, nor on a page.
const RUNS_MAX: u64 = 1_000_000;

/// One run, decided.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Job {
    /// Its world.
    pub(crate) plan: Plan,
    /// Its name, as `replay` takes it.
    pub(crate) token: String,
    /// The planted bug that is on, if any.
    pub(crate) plant: Option<String>,
}

/// What was asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Selection {
    /// Every run, in order.
    pub(crate) jobs: Vec<Job>,
    /// Scenarios, seeds and number of runs, for people.
    pub(crate) summary: String,
}

impl Job {
    /// Names a plan. Its first plant stands in the token, its hash covers them all.
    pub(crate) fn new(plan: Plan) -> Result<Job, Failure> {
        let plant = plan.plants.first().cloned();
        let token = Token::new(&plan.scenario, plant.as_deref(), plan.seed, &plan.hash())
            .map_err(|why| Failure::usage(format!("could not write {why}")))?;
        Ok(Job { plan, token: token.to_string(), plant })
    }

    /// Draws a plan. The plant is part of it and of its hash, so that a token never replays without.
    pub(crate) fn draw(
        scenario: &Scenario,
        seed: u64,
        plant: Option<&str>,
    ) -> Result<Job, Failure> {
        let plan = scenarios::draw(scenario, seed);
        Job::new(match plant {
            Some(plant) => plan.with_plant(plant),
            None => plan,
        })
    }
}

/// Decides every run of an invocation.
pub(crate) fn select(run: &args::Run) -> Result<Selection, Failure> {
    let asked = match (run.seed, &run.seeds) {
        (Some(seed), _) => Some(Seeds { first: seed, last: seed }),
        (None, Some(text)) => Some(text.parse().map_err(could_not)?),
        (None, None) => None,
    };
    if let Some(plant) = &run.plant {
        known_plant(plant)?;
    }
    let chosen = choose(&run.scenarios)?;
    let seeds_of = |home: Seeds| asked.unwrap_or(home);
    let count = chosen.iter().map(|(_, home)| size(seeds_of(*home))).fold(0, u64::saturating_add);
    if count > RUNS_MAX {
        return Err(Failure::usage(format!(
            "could not plan {count} runs: expected at most {RUNS_MAX} (narrow --seeds, --shard does \
             not help)"
        )));
    }
    let mut jobs = Vec::new();
    let mut place = 0;
    for (scenario, home) in &chosen {
        for seed in seeds_of(*home).iter() {
            if run.shard.is_none_or(|shard| shard.holds(place)) {
                jobs.push(Job::draw(scenario, seed, run.plant.as_deref())?);
            }
            place += 1;
        }
    }
    let summary = summary(&chosen, asked, run.shard, jobs.len());
    Ok(Selection { jobs, summary })
}

/// The scenario of a name or a path.
pub(crate) fn scenario(name: &str) -> Result<Scenario, Failure> {
    if is_path(name) {
        let text = std::fs::read_to_string(name).map_err(|error| {
            Failure::usage(format!("could not read scenario `{name}`: {error}"))
        })?;
        return scenarios::parse(name, name, &text).map_err(could_not);
    }
    match scenarios::find(name) {
        Ok(entry) => Ok(entry.scenario()),
        Err(_) => Err(unknown("scenario", name, scenarios::catalogue().iter().map(|e| e.name))),
    }
}

/// Whether this planted bug exists.
pub(crate) fn known_plant(name: &str) -> Result<(), Failure> {
    if Planted::find(name).is_ok() {
        return Ok(());
    }
    Err(unknown("planted bug", name, PLANTED.iter().map(|planted| planted.name)))
}

/// Seeds of a scenario when none are asked for: those of its first suite, else only the first.
pub(crate) fn home_seeds(scenario: &Scenario) -> Seeds {
    let suite = SUITES.iter().find(|suite| scenario.suites.iter().any(|name| name == suite.name));
    suite.map_or(Seeds { first: 1, last: 1 }, |suite| suite.seeds)
}

/// An error that completes "could not".
fn could_not(why: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("could not {why}"))
}

/// Scenarios by name, each once, with the seeds that they have at home.
fn choose(names: &[String]) -> Result<Vec<(Scenario, Seeds)>, Failure> {
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
                .collect::<Result<Vec<_>, Failure>>()?,
            None => vec![named(name)?],
        };
        for (scenario, seeds) in members {
            if seen.insert(scenario.name.clone()) {
                chosen.push((scenario, seeds));
            }
        }
    }
    Ok(chosen)
}

fn named(name: &str) -> Result<(Scenario, Seeds), Failure> {
    let is_known = is_path(name) || scenarios::find(name).is_ok();
    if !is_known {
        let suites = SUITES.iter().map(|suite| suite.name);
        let known = scenarios::catalogue().iter().map(|entry| entry.name).chain(suites);
        return Err(unknown("scenario or suite", name, known));
    }
    let scenario = scenario(name)?;
    let seeds = home_seeds(&scenario);
    Ok((scenario, seeds))
}

fn is_path(name: &str) -> bool {
    name.ends_with(".toml") || name.contains('/')
}

/// An error with the nearest name, or with all of them.
pub(crate) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Failure {
    let hint = match scenarios::nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let all: Vec<String> = known.map(|name| format!("`{name}`")).collect();
            format!("expected one of {}", all.join(", "))
        }
    };
    Failure::usage(format!("could not find {what} `{name}` ({hint})"))
}

fn size(seeds: Seeds) -> u64 {
    (seeds.last - seeds.first).saturating_add(1)
}

fn summary(
    chosen: &[(Scenario, Seeds)],
    asked: Option<Seeds>,
    shard: Option<args::Shard>,
    n_runs: usize,
) -> String {
    let names: Vec<String> = chosen
        .iter()
        .map(|(scenario, home)| format!("{} seeds {}", scenario.name, asked.unwrap_or(*home)))
        .collect();
    let share = shard.map_or(String::new(), |shard| format!(" (share {shard})"));
    let runs = if n_runs == 1 { "run" } else { "runs" };
    format!("{n_runs} {runs}{share} of {}", names.join(", "))
}
