//! Flushes take this many times longer.

use super::{Asked, Dice, Effect, Fault, Form, Kind, Known, NodeEffect, Target};
use crate::{problem::{Checked, at_least}, random::Stream, limits::{FACTOR_MAX, ensure}, units::{Count, Range}, who::Who};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "Flushes take many times longer.";

/// Flushes take this many times longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlowDisk {
    /// Whose.
    pub target: Target,
    /// How many times.
    pub factor: u32,
}

/// Flushes take longer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Whose.
    pub who: Who,
    /// How many times longer.
    pub factor: Range<Count>,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.who(&self.who)?;
        asked.ensure(self.factor.low > 0, "factor", || at_least("1"))?;
        asked.ensure(self.factor.high <= FACTOR_MAX, "factor", || {
            format!("{} times slower is more than {FACTOR_MAX} times", self.factor.high)
        })
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let target = dice.target(&self.who, stream);
        Fault::SlowDisk(SlowDisk { target, factor: self.factor.draw_u32(stream) })
    }
}

impl Kind for SlowDisk {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::SlowDisk { factor: self.factor })
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }

    fn check(&self, _: &Known) -> Result<(), String> {
        let fits = (1..=FACTOR_MAX).contains(&i64::from(self.factor));
        ensure(fits, || format!("a disk cannot be {} times slower", self.factor))
    }
}

impl fmt::Display for SlowDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "slow the disk of {} {}x", self.target, self.factor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = SlowDisk { target: Target::Follower { partition: 1, rank: 0 }, factor: 9 };
        assert_eq!(fault.to_string(), "slow the disk of follower 0 of p1 9x");
    }
}
