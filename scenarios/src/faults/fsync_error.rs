//! Flushes report an error; what they should have made durable stays in doubt.

use super::{Asked, Dice, Effect, Fault, Form, Kind, NodeEffect, Target};
use crate::{problem::Checked, random::Stream, who::Who};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "Flushes fail; what they covered stays in doubt.";

/// Flushes report an error; what they should have made durable stays in doubt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FsyncError {
    /// Whose.
    pub target: Target,
}

/// Flushes fail.
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
        Fault::FsyncError(FsyncError { target })
    }
}

impl Kind for FsyncError {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::FailFlushes)
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }
}

impl fmt::Display for FsyncError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "fail flushes of {}", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = FsyncError { target: Target::Leader(2) };
        assert_eq!(fault.to_string(), "fail flushes of leader of p2");
    }
}
