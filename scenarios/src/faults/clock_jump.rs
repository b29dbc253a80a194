//! The wall clock jumps once.

use super::{Asked, Dice, Effect, Fault, Form, Hold, Kind, Known, NodeEffect, Target};
use crate::{problem::Checked, random::Stream, limits::{LONGEST_MS, ensure}, units::{Range, Shift}, who::Who, words::Signed};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "The wall clock jumps once.";

/// The wall clock jumps once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockJump {
    /// Whose.
    pub target: Target,
    /// Milliseconds, either way.
    pub ms: i64,
}

/// The wall clock jumps once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Whose.
    pub who: Who,
    /// How far.
    pub by: Range<Shift>,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.who(&self.who)?;
        asked.lasts_not("a clock jumps once and does not last")
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let target = dice.target(&self.who, stream);
        Fault::ClockJump(ClockJump { target, ms: self.by.draw(stream) })
    }
}

impl Kind for ClockJump {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::WallJump { ms: self.ms })
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }

    /// Two jumps add up.
    fn holds(&self) -> Hold {
        Hold::Nothing
    }

    fn check(&self, _: &Known) -> Result<(), String> {
        let fits = self.ms.unsigned_abs() <= LONGEST_MS;
        ensure(fits, || format!("a clock cannot be {} ms off", self.ms))
    }
}

impl fmt::Display for ClockJump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "let the clock of {} jump by {}", self.target, Signed(self.ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = ClockJump { target: Target::Leader(2), ms: 7_200_000 };
        assert_eq!(fault.to_string(), "let the clock of leader of p2 jump by +2 h");
    }
}
