//! What shall run: names and seeds to a list of runs, each with its plan and its token, all decided
//! before the first one starts.
//!
//! A name is a suite, a scenario of the catalogue, or a path to a file. Every mistake is found here,
//! before anything is written, and told together with the others.

use crate::{args, progress::Planning, say::Failure, target};
use scenarios::{PLANTED, Plan, Planted, SUITES, Scenario, Seeds, Token};
use std::{collections::BTreeSet, path::Path, thread};

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
    /// Where its plan was read, if its token does not draw that plan: what `replay` takes then.
    pub(crate) plan_path: Option<String>,
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
        Ok(Job { plan, token: token.to_string(), plant, plan_path: None })
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

pub(crate) fn is_path(name: &str) -> bool {
    name.ends_with(".toml") || name.contains('/')
}

/// An error with the nearest name, or with all of them.
pub(crate) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Failure {
    let hint = match scenarios::nearest(name, known.clone()) {
        // A name is never a file; whoever means one says so.
        _ if Path::new(name).is_file() => format!("did you mean the file `./{name}`?"),
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
