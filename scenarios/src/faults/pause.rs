//! The process stands still; its clocks go on. It wakes when the fault ends.

use super::{Asked, Dice, Effect, Fault, Form, Kind, NodeEffect, Target};
use crate::{problem::Checked, random::Stream, who::Who};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "A process stands still while its clocks go on.";

/// The process stands still; its clocks go on. It wakes when the fault ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pause {
    /// Whose.
    pub target: Target,
}

/// The process stands still.
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
        Fault::Pause(Pause { target })
    }
}

impl Kind for Pause {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::Hold)
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }
}

impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pause {}", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = Pause { target: Target::Region(1) };
        assert_eq!(fault.to_string(), "pause region 1");
    }
}
