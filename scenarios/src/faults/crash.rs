//! The process dies; its page cache lives on. It starts again when the fault ends.

use super::{Asked, Dice, Effect, Fault, Form, Kind, NodeEffect, Target};
use crate::{problem::Checked, random::Stream, who::Who};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "A process dies; its page cache lives on.";

/// The process dies; its page cache lives on. It starts again when the fault ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crash {
    /// Whose.
    pub target: Target,
}

/// The process dies.
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
        Fault::Crash(Crash { target })
    }
}

impl Kind for Crash {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::Kill)
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "crash {}", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = Crash { target: Target::Node(4) };
        assert_eq!(fault.to_string(), "crash n4");
    }
}
