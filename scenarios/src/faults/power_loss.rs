//! Power is cut: any subset of unsynced pages survives. It starts again when the fault ends.

use super::{Asked, Dice, Effect, Fault, Form, Kind, NodeEffect, Target};
use crate::{problem::Checked, random::Stream, who::Who};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "Power is cut; any subset of unsynced pages survives.";

/// Power is cut: any subset of unsynced pages survives. It starts again when the fault ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PowerLoss {
    /// Whose.
    pub target: Target,
}

/// Power is cut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Whose.
    pub who: Who,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.who(&self.who)
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let target = dice.target(&self.who, stream);
        Fault::PowerLoss(PowerLoss { target })
    }
}

impl Kind for PowerLoss {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::CutPower)
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }
}

impl fmt::Display for PowerLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cut the power of {}", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = PowerLoss { target: Target::All };
        assert_eq!(fault.to_string(), "cut the power of all");
    }
}
