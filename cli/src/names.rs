//! What a name means: a scenario of the catalogue or a path to one, a planted bug. A name that means
//! nothing is told with the nearest that does.

use crate::say::Failure;
use scenarios::{PLANTED, Planted, SUITES, Scenario, Seeds};
use std::path::Path;

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

/// Whether a scenario is named by its path.
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

/// An error that completes "could not".
pub(crate) fn could_not(why: impl std::fmt::Display) -> Failure {
    Failure::usage(format!("could not {why}"))
}
