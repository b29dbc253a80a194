//! Frames take a long tail at this rate.

use super::{Asked, Dice, Effect, Fault, Form, Hold, Kind, Known, Rates};
use crate::{
    problem::Checked,
    random::Stream,
    limits::{LONGEST_US, check_ppm, ensure},
    units::{Micros, Ppm, Range},
    words::{Share, Span},
};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "Frames between nodes take a long tail at a rate.";

/// Frames take a long tail at this rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tail {
    /// Parts per million.
    pub ppm: u32,
    /// Longest tail in microseconds.
    pub us: u64,
}

/// Frames take a long tail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// How many.
    pub rate: Range<Ppm>,
    /// The longest.
    pub max: Range<Micros>,
}

impl Form for Written {
    fn check(&self, _: &Asked<'_>) -> Checked {
        Ok(())
    }

    fn draw(&self, _: &Dice<'_>, stream: &mut Stream) -> Fault {
        Fault::Tail(Tail { ppm: self.rate.draw_u32(stream), us: self.max.draw_u64(stream) })
    }
}

impl Kind for Tail {
    fn effect(&self) -> Effect {
        Effect::Rates(Rates { tail_ppm: self.ppm, tail_us: self.us, ..Rates::default() })
    }

    fn holds(&self) -> Hold {
        Hold::Network
    }

    fn check(&self, _: &Known) -> Result<(), String> {
        ensure(self.us <= LONGEST_US, || {
            format!("a tail of {} us is longer than an hour", self.us)
        })?;
        check_ppm(self.ppm)
    }
}

impl fmt::Display for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "delay {} of frames by up to {}", Share(self.ppm), Span(self.us))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = Tail { ppm: 10_000, us: 1_500_000 };
        assert_eq!(fault.to_string(), "delay 1% of frames by up to 1.5 s");
    }
}
