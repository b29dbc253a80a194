//! One run, decided: its plan and its name.

use crate::say::Failure;
use scenarios::{Plan, Scenario, Token};

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
