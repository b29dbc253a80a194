//! The wall clock is off by this much while the fault lasts.

use super::{Asked, Dice, Effect, Fault, Form, Kind, Known, NodeEffect, Target};
use crate::{problem::Checked, random::Stream, limits::{LONGEST_MS, ensure}, units::{Range, Shift}, who::Who, words::Signed};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "The wall clock is off while the fault lasts.";

/// The wall clock is off by this much while the fault lasts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockOffset {
    /// Whose.
    pub target: Target,
    /// Milliseconds, either way.
    pub ms: i64,
}

/// The wall clock is off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Whose.
    pub who: Who,
    /// By how much.
    pub by: Range<Shift>,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.who(&self.who)
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let target = dice.target(&self.who, stream);
        Fault::ClockOffset(ClockOffset { target, ms: self.by.draw(stream) })
    }
}

impl Kind for ClockOffset {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::WallOffset { ms: self.ms })
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }

    fn check(&self, _: &Known) -> Result<(), String> {
        let fits = self.ms.unsigned_abs() <= LONGEST_MS;
        ensure(fits, || format!("a clock cannot be {} ms off", self.ms))
    }
}

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "set the clock of {} off by {}", self.target, Signed(self.ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = ClockOffset { target: Target::Leader(2), ms: -1_500 };
        assert_eq!(fault.to_string(), "set the clock of leader of p2 off by -1.5 s");
    }
}
