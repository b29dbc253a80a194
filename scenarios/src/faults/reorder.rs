//! Frames between nodes overtake others at this rate.

use super::{Asked, Dice, Effect, Fault, Form, Hold, Kind, Known, Rates};
use crate::{
    problem::Checked,
    random::Stream,
    limits::check_ppm,
    units::{Ppm, Range},
    words::Share,
};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "Frames between nodes overtake others at a rate.";

/// Frames between nodes overtake others at this rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reorder {
    /// Parts per million.
    pub ppm: u32,
}

/// Frames overtake others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// How many.
    pub rate: Range<Ppm>,
}

impl Form for Written {
    fn check(&self, _: &Asked<'_>) -> Checked {
        Ok(())
    }

    fn draw(&self, _: &Dice<'_>, stream: &mut Stream) -> Fault {
        Fault::Reorder(Reorder { ppm: self.rate.draw_u32(stream) })
    }
}

impl Kind for Reorder {
    fn effect(&self) -> Effect {
        Effect::Rates(Rates { reorder_ppm: self.ppm, ..Rates::default() })
    }

    fn holds(&self) -> Hold {
        Hold::Network
    }

    fn check(&self, _: &Known) -> Result<(), String> {
        check_ppm(self.ppm)
    }
}

impl fmt::Display for Reorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reorder {} of frames", Share(self.ppm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = Reorder { ppm: 1_000_000 };
        assert_eq!(fault.to_string(), "reorder 100% of frames");
    }
}
