//! A client that reaches no node.

use super::{Asked, Cut, Dice, Effect, Fault, Form, Hold, Kind, Known};
use crate::{
    problem::Checked,
    random::Stream,
    limits::ensure,
    units::{Count, Range},
};
use serde::{Deserialize, Serialize};
use std::fmt;

pub(super) const DOES: &str = "A client reaches no node.";

/// A client that reaches no node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutClient {
    /// Which, from 1.
    pub client: u32,
}

/// A client that reaches no node.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// Which, from 1; any if not said.
    #[serde(default)]
    pub client: Option<Range<Count>>,
}

impl Form for Written {
    fn check(&self, asked: &Asked<'_>) -> Checked {
        let Some(client) = &self.client else { return Ok(()) };
        let n = asked.clients_min();
        asked.ensure((1..=n).contains(&client.low) && client.high <= n, "client", || {
            format!("client {} is not within 1 and {n}", client.high)
        })
    }

    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        let client = match &self.client {
            Some(client) => client.draw_u32(stream),
            None => 1 + stream.below(u64::from(dice.clients)) as u32,
        };
        Fault::CutClient(CutClient { client })
    }
}

impl Kind for CutClient {
    fn effect(&self) -> Effect {
        Effect::Cut(Cut::Client { client: self.client })
    }

    fn holds(&self) -> Hold {
        Hold::Itself
    }

    fn check(&self, known: &Known) -> Result<(), String> {
        let (client, n) = (self.client, known.clients);
        let known = (1..=n).contains(&(client as usize));
        ensure(known, || format!("client {client} is none of {n} clients"))
    }
}

impl fmt::Display for CutClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cut client {} off", self.client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_told_in_words() {
        let fault = CutClient { client: 3 };
        assert_eq!(fault.to_string(), "cut client 3 off");
    }
}
