//! Every node hears a majority, itself among it, and no two hear the same one (Jepsen,
//! `majorities-ring-perfect`): nobody is cut off, and no majority agrees on whom it hears.

use super::{Asked, Cut, Dice, Effect, Fault, Form, Hold, Kind, Known};
use crate::{
    target::Node,
    problem::Checked,
    random::Stream,
    limits::ensure,
    words::Nodes,
};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "Every node hears a majority, and no two hear the same one.";

/// Every node hears the majority around its own place on the ring, and nobody else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ring {
    /// Every node, in the order of the ring.
    pub nodes: Vec<Node>,
}

/// Every node hears a majority, and no two hear the same one. The order of the ring is drawn.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {}

impl Form for Written {
    fn check(&self, _: &Asked<'_>) -> Checked {
        Ok(())
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let mut nodes: Vec<Node> = (1..=dice.shape.nodes.len() as Node).collect();
        stream.shuffle(&mut nodes);
        Fault::Ring(Ring { nodes })
    }
}

impl Kind for Ring {
    /// Each is not heard by those in whose window it does not stand.
    fn effect(&self) -> Effect {
        let (nodes, count) = (&self.nodes, self.nodes.len());
        let majority = count / 2 + 1;
        let unheard = |place: usize| -> Vec<Node> {
            let first = place + count - majority / 2;
            (majority..count).map(|step| nodes[(first + step) % count]).collect()
        };
        Effect::Cut(Cut::Sides((0..count).map(|place| (unheard(place), vec![nodes[place]])).collect()))
    }

    fn holds(&self) -> Hold {
        Hold::Itself
    }

    fn check(&self, known: &Known) -> Result<(), String> {
        let mut sorted = self.nodes.clone();
        sorted.sort_unstable();
        let all = sorted.iter().copied().eq(1..=known.nodes as Node);
        ensure(all, || format!("a ring is not of all {} nodes", known.nodes))
    }
}

impl fmt::Display for Ring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "majorities on the ring {}", Nodes(&self.nodes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn it_is_told_in_words() {
        let fault = Ring { nodes: vec![2, 3, 1] };
        assert_eq!(fault.to_string(), "majorities on the ring n2 n3 n1");
    }

    #[test]
    fn everyone_hears_a_majority_and_no_two_the_same() {
        for count in 3..=9 {
            let nodes: Vec<Node> = (1..=count).rev().collect();
            let Effect::Cut(Cut::Sides(cuts)) = (Ring { nodes: nodes.clone() }).effect() else {
                panic!("a ring cuts links")
            };
            let is_cut = |from: Node, to: Node| {
                cuts.iter().any(|(out, by)| out.contains(&from) && by.contains(&to))
            };
            let mut seen = BTreeSet::new();
            for to in &nodes {
                let heard = nodes.iter().copied().filter(|from| !is_cut(*from, *to));
                let heard: BTreeSet<Node> = heard.collect();
                assert_eq!(heard.len() as u32, count / 2 + 1, "{count} nodes: n{to} hears");
                assert!(heard.contains(to), "{count} nodes: n{to} hears itself");
                assert!(seen.insert(heard), "{count} nodes: two hear the same majority");
            }
        }
    }
}
