//! Two sides that cannot reach each other, both ways. Nodes in neither side reach both.

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

pub(super) const DOES: &str = "Two sides cannot reach each other, both ways.";

/// Two sides that cannot reach each other, both ways. Nodes in neither side reach both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Partition {
    /// One side.
    pub a: Vec<Node>,
    /// The other side.
    pub b: Vec<Node>,
}

/// Two sides that cannot reach each other. Without `b`: everyone else; without both: any split.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// One side.
    #[serde(default)]
    pub a: Vec<Who>,
    /// The other.
    #[serde(default)]
    pub b: Vec<Who>,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.sides((&self.a, "a"), (&self.b, "b"))
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let (a, b) = dice.sides(&self.a, &self.b, stream, Dice::any_split);
        Fault::Partition(Partition { a, b })
    }
}

impl Kind for Partition {
    fn effect(&self) -> Effect {
        Effect::Cut(Cut::Sides(vec![(self.a.clone(), self.b.clone()), (self.b.clone(), self.a.clone())]))
    }

    fn holds(&self) -> Hold {
        Hold::Itself
    }

    fn check(&self, known: &Known) -> Result<(), String> {
        known.sides(&self.a, &self.b)
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "partition {} | {}", Nodes(&self.a), Nodes(&self.b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = Partition { a: vec![1], b: vec![2, 3] };
        assert_eq!(fault.to_string(), "partition n1 | n2 n3");
    }
}
