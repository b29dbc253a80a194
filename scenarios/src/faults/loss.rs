//! Frames between nodes vanish at this rate.

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

pub(super) const DOES: &str = "Frames between nodes vanish at a rate.";

/// Frames between nodes vanish at this rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Loss {
    /// Parts per million.
    pub ppm: u32,
}

/// Frames vanish.
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
        Fault::Loss(Loss { ppm: self.rate.draw_u32(stream) })
    }
}

impl Kind for Loss {
    fn effect(&self) -> Effect {
        Effect::Rates(Rates { loss_ppm: self.ppm, ..Rates::default() })
    }

    fn holds(&self) -> Hold {
        Hold::Network
    }

    fn check(&self, _: &Known) -> Result<(), String> {
        check_ppm(self.ppm)
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "lose {} of frames", Share(self.ppm))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = Loss { ppm: 12_500 };
        assert_eq!(fault.to_string(), "lose 1.25% of frames");
    }
}
