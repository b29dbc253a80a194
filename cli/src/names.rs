//! What a name means: a scenario of the catalogue or a path to one, a planted bug. A name that means
//! nothing is told with the nearest that does.

use crate::say::Failure;
use scenarios::{PLANTED, Planted, SUITES, Scenario, Seeds, is_path};
use std::path::Path;

/// The scenario of a name or a path.
pub(crate) fn scenario(name: &str) -> Result<Scenario, Failure> {
    meant("scenario", name, &[])
}

/// The scenario of a name or a path, where it might have been a suite's.
pub(crate) fn scenario_or_suite(name: &str) -> Result<Scenario, Failure> {
    meant("scenario or suite", name, &SUITES.map(|suite| suite.name))
}

fn meant(what: &str, name: &str, others: &[&str]) -> Result<Scenario, Failure> {
    if is_path(name) || scenarios::find(name).is_ok() {
        return scenarios::load(name).map_err(could_not);
    }
    let known = scenarios::catalogue().iter().map(|entry| entry.name);
    Err(unknown(what, name, &known.chain(others.iter().copied()).collect::<Vec<_>>()))
}

/// Whether this planted bug exists.
pub(crate) fn known_plant(name: &str) -> Result<(), Failure> {
    if Planted::find(name).is_ok() {
        return Ok(());
    }
    let known: Vec<&str> = PLANTED.iter().map(|planted| planted.name).collect();
    Err(unknown("planted bug", name, &known))
}

/// Seeds of a scenario when none are asked for: those of its first suite, else only the first.
pub(crate) fn home_seeds(scenario: &Scenario) -> Seeds {
    let suite = SUITES.iter().find(|suite| scenario.suites.iter().any(|name| name == suite.name));
    suite.map_or(Seeds { first: 1, last: 1 }, |suite| suite.seeds)
}

/// An error with what was probably meant.
fn unknown(what: &str, name: &str, known: &[&str]) -> Failure {
    // A name is never a file; whoever means one says so.
    let hint = match Path::new(name).is_file() {
        true => format!("did you mean the file `./{name}`?"),
        false => scenarios::hint(name, known),
    };
    Failure::usage(format!("could not find {what} `{name}` ({hint})"))
}

/// An error that completes "could not".
pub(crate) fn could_not(why: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("could not {why}"))
}
