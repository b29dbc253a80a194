//! What a name means: a scenario of the catalogue or a path to one, a planted bug. A name that means
//! nothing is told with the nearest that does.

use crate::say::Failure;
use scenarios::{FAULTS, PLANTED, Planted, SUITES, Scenario, Seeds, is_path};
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

/// Planted bugs by name, or by the letter of the family of incidents that they come from; all if
/// nothing is named. In the order of the table, each once.
pub(crate) fn plants(names: &[String]) -> Result<Vec<&'static Planted>, Failure> {
    let is_meant = |planted: &Planted, name: &str| planted.name == name || family(planted) == name;
    for name in names {
        if !PLANTED.iter().any(|planted| is_meant(planted, name)) {
            known_plant(name)?;
        }
    }
    let is_chosen =
        |planted: &&Planted| names.is_empty() || names.iter().any(|name| is_meant(planted, name));
    Ok(PLANTED.iter().filter(is_chosen).collect())
}

/// The letters before the number of its incident: `A` of `A7: openraft@...`.
fn family(planted: &Planted) -> &'static str {
    let end = planted.source.find(|c: char| !c.is_ascii_uppercase());
    planted.source.split_at(end.unwrap_or(0)).0
}

/// Whether this kind of fault exists.
pub(crate) fn known_fault(name: &str) -> Result<(), Failure> {
    let known: Vec<&str> = FAULTS.iter().map(|fault| fault.kind).collect();
    if known.contains(&name) { Ok(()) } else { Err(unknown("fault", name, &known)) }
}

/// Whether this checker exists.
pub(crate) fn known_checker(name: &str) -> Result<(), Failure> {
    let known: Vec<&str> = checkers::CATALOGUE.iter().map(|law| law.name).collect();
    if known.contains(&name) { Ok(()) } else { Err(unknown("checker", name, &known)) }
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
