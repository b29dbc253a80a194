//! Cut off from every other node, and from clients if `clients` is set.

use super::{Asked, Cut, Dice, Effect, Fault, Form, Kind, Target};
use crate::{problem::Checked, random::Stream, who::Who};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "A target is cut off from every other node.";

/// Cut off from every other node, and from clients if `clients` is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isolate {
    /// Who.
    pub target: Target,
    /// Whether clients are cut off too.
    pub clients: bool,
}

/// Cut off from every other node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Who.
    pub who: Who,
    /// From clients too.
    #[serde(default)]
    pub clients: bool,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        asked.who(&self.who)
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let target = dice.target(&self.who, stream);
        Fault::Isolate(Isolate { target, clients: self.clients })
    }
}

impl Kind for Isolate {
    fn effect(&self) -> Effect {
        Effect::Cut(Cut::Target { clients: self.clients })
    }

    fn target(&self) -> Option<&Target> {
        Some(&self.target)
    }

    fn target_mut(&mut self) -> Option<&mut Target> {
        Some(&mut self.target)
    }
}

impl fmt::Display for Isolate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clients = if self.clients { ", from clients too" } else { "" };
        write!(f, "isolate {}{clients}", self.target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = Isolate { target: Target::Leader(2), clients: false };
        assert_eq!(fault.to_string(), "isolate leader of p2");
    }
}
