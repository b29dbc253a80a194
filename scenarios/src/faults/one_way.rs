//! Frames from the first nodes to the second vanish; the other way they pass.

use super::{Asked, Cut, Dice, Effect, Fault, Form, Hold, Kind, Known};
use crate::{
    problem::Checked,
    target::Node,
    random::Stream,
    who::Who,
    words::Nodes,
};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "Frames vanish one way; the other way they pass.";

/// Frames from the first nodes to the second vanish; the other way they pass.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OneWay {
    /// Senders that are not heard.
    pub from: Vec<Node>,
    /// Receivers that do not hear.
    pub to: Vec<Node>,
}

/// Frames vanish one way. Without `to`: towards everyone else; without both: on any one link.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Who is not heard.
    #[serde(default)]
    pub from: Vec<Who>,
    /// Who does not hear.
    #[serde(default)]
    pub to: Vec<Who>,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.sides((&self.from, "from"), (&self.to, "to"))
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let (from, to) = dice.sides(&self.from, &self.to, stream, Dice::any_link);
        Fault::OneWay(OneWay { from, to })
    }
}

impl Kind for OneWay {
    fn effect(&self) -> Effect {
        Effect::Cut(Cut::Sides(vec![(self.from.clone(), self.to.clone())]))
    }

    fn holds(&self) -> Hold {
        Hold::Itself
    }

    fn check(&self, known: &Known) -> Result<(), String> {
        known.sides(&self.from, &self.to)
    }
}

impl fmt::Display for OneWay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} not heard by {}", Nodes(&self.from), Nodes(&self.to))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = OneWay { from: vec![1], to: vec![2, 3] };
        assert_eq!(fault.to_string(), "n1 not heard by n2 n3");
    }
}
