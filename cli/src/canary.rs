//! The canary of a default run: one planted bug in its own scenario, up to the first seed that sees it.
//! Whoever reads that everything holds reads beside it that a bug would have been told. A bug that
//! nobody sees says that the harness is blind today, and that is a bug of the harness.

use crate::{
    args,
    hunt::{self, Series, Without},
    interrupt::Interrupt,
    say::Failure,
};
use scenarios::{PLANTED, Planted, Seeds};
use serde_json::{Value, json};
use std::sync::atomic::AtomicU64;

/// Seeds within which it must be caught.
const SEEDS: Seeds = Seeds { first: 1, last: 20 };

/// A bug that was planted to be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Canary {
    plant: &'static str,
    scenario: &'static str,
    /// Seeds that ran, from the first.
    seeds: u64,
    /// Judges that saw it; nobody, if it was not caught.
    caught_by: Vec<String>,
}

/// Whether this command line has a canary: nobody asked for anything else than the default.
pub(crate) fn is_wanted(run: &args::Run) -> bool {
    let is_default = run.scenarios.is_empty() && run.regressions.is_none() && run.plant.is_none();
    is_default && !run.no_canary
}

/// Plants the bug that this seed chooses; none if an interruption came first.
pub(crate) fn send(seed: u64, interrupt: &Interrupt) -> Result<Option<Canary>, Failure> {
    let place = seed % PLANTED.len() as u64;
    let place = usize::try_from(place).expect("a place of the table");
    send_one(&PLANTED[place], &Without::default(), interrupt)
}

fn send_one(
    bug: &'static Planted,
    without: &Without,
    interrupt: &Interrupt,
) -> Result<Option<Canary>, Failure> {
    let (plant, scenario) = (Some(bug.name.to_owned()), bug.scenario.to_owned());
    let series = Series { plant, scenario, seeds: SEEDS };
    let row = hunt::hunt(&series, without, 1, interrupt, &AtomicU64::new(0))?;
    Ok(row.map(|row| Canary {
        plant: bug.name,
        scenario: bug.scenario,
        seeds: row.tried,
        caught_by: row.by.into_keys().collect(),
    }))
}

impl Canary {
    /// What is wrong, if nobody saw it.
    pub(crate) fn failure(&self) -> Option<Failure> {
        self.caught_by.is_empty().then(|| {
            let Canary { plant, scenario, seeds, .. } = self;
            Failure::harness(format!(
                "the canary came back: planted bug {plant} was not seen in {seeds} seeds of \
                 {scenario}, so nobody knows what else is not seen"
            ))
        })
    }

    /// For people.
    pub(crate) fn line(&self) -> String {
        let Canary { plant, scenario, seeds, caught_by } = self;
        let came = match caught_by.as_slice() {
            [] => "NOT caught".to_owned(),
            judges => format!("caught by {}", judges.join(", ")),
        };
        let word = if *seeds == 1 { "seed" } else { "seeds" };
        format!("canary: {plant} in {scenario}: {came}, in {seeds} {word}")
    }

    /// For scripts.
    pub(crate) fn json(&self) -> Value {
        let Canary { plant, scenario, seeds, caught_by } = self;
        json!({ "plant": plant, "scenario": scenario, "seeds": seeds, "caught_by": caught_by })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use reports::ExitCode;

    fn sent(without: &Without) -> Canary {
        let bug = Planted::find("ack_before_flush").expect("a bug of the table");
        let sent = send_one(bug, without, &Interrupt::default()).expect("the harness works");
        sent.expect("nobody interrupts")
    }

    #[test]
    fn a_canary_that_is_seen_ends_with_its_first_seed() {
        let canary = sent(&Without::default());
        assert_eq!((canary.seeds, canary.caught_by.len()), (1, 1), "{canary:?}");
        assert_eq!(canary.failure(), None);
    }

    #[test]
    fn a_canary_that_nobody_sees_is_a_bug_of_the_harness() {
        let laws = checkers::CATALOGUE.iter().map(|law| law.name.to_owned()).collect();
        let canary = sent(&Without { faults: Vec::new(), checkers: laws });
        assert_eq!((canary.seeds, canary.caught_by.len()), (20, 0), "{canary:?}");
        let failure = canary.failure().expect("nobody saw it");
        assert_eq!(failure.code, ExitCode::Harness, "{}", failure.message);
    }
}
