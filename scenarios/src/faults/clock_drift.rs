//! Both clocks run faster or slower by this much while the fault lasts.

use super::{Asked, Dice, Effect, Fault, Form, Kind, Known, NodeEffect, Target};
use crate::{problem::Checked, random::Stream, limits::{ensure}, units::{Drift, Range}, who::Who};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "Both clocks run faster or slower.";

/// Both clocks run faster or slower by this much while the fault lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockDrift {
    /// Whose.
    pub target: Target,
    /// Parts per million, either way; at most 200,000.
    pub ppm: i64,
}

/// Both clocks run at another speed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Whose.
    pub who: Who,
    /// By how much.
    pub by: Range<Drift>,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.who(&self.who)
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let target = dice.target(&self.who, stream);
        Fault::ClockDrift(ClockDrift { target, ppm: self.by.draw(stream) })
    }
}

impl Kind for ClockDrift {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::Drift { ppm: self.ppm })
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }

    fn check(&self, _: &Known) -> Result<(), String> {
        let bounded = self.ppm.unsigned_abs() <= 200_000;
        ensure(bounded, || format!("a drift of {} ppm is beyond 200,000", self.ppm))
    }
}

impl fmt::Display for ClockDrift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "let the clocks of {} drift by {} ppm", self.target, self.ppm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = ClockDrift { target: Target::Leader(2), ppm: -7 };
        assert_eq!(fault.to_string(), "let the clocks of leader of p2 drift by -7 ppm");
    }
}
