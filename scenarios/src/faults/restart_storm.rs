//! Crashes again and again, `up_ms` after each start, until the fault ends.

use super::{Asked, Dice, Effect, Fault, Form, Kind, Known, NodeEffect, Target};
use crate::{problem::{Checked, at_least}, random::Stream, limits::{LONGEST_MS, ensure}, units::{Millis, Range}, who::Who, words::Span};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "A process crashes again and again after each start.";

/// Crashes again and again, `up_ms` after each start, until the fault ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RestartStorm {
    /// Who.
    pub target: Target,
    /// How long it is up each time.
    pub up_ms: u64,
    /// How long it is down each time.
    pub down_ms: u64,
}

/// Crashes again and again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Who.
    pub who: Who,
    /// How long it is up each time.
    pub up: Range<Millis>,
    /// How long it is down each time.
    pub down: Range<Millis>,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.who(&self.who)?;
        asked.ensure(self.up.low > 0, "up", || at_least("1ms"))?;
        asked.ensure(self.down.low > 0, "down", || at_least("1ms"))
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let target = dice.target(&self.who, stream);
        Fault::RestartStorm(RestartStorm { target, up_ms: self.up.draw_u64(stream), down_ms: self.down.draw_u64(stream) })
    }
}

impl Kind for RestartStorm {
    fn effect(&self) -> Effect {
        Effect::Node(NodeEffect::Storm { up_ms: self.up_ms, down_ms: self.down_ms })
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }

    fn check(&self, _: &Known) -> Result<(), String> {
        let fits = [self.up_ms, self.down_ms].iter().all(|ms| (1..=LONGEST_MS).contains(ms));
        ensure(fits, || "a restart storm without time, or beyond 31 days".to_owned())
    }
}

impl fmt::Display for RestartStorm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "restart {} again and again, {} up, {} down",
            self.target,
            Span::of_ms(self.up_ms),
            Span::of_ms(self.down_ms)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = RestartStorm { target: Target::Leader(2), up_ms: 5, down_ms: 6_000 };
        assert_eq!(fault.to_string(), "restart leader of p2 again and again, 5 ms up, 6 s down");
    }
}
