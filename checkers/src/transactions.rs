//! Transactions that touch several objects, judged by the graph of their dependencies, in the
//! manner of Elle (Kingsbury & Alvaro, VLDB 2020; Adya, Liskov & O'Neil, ICDE 2000).

mod bits;
mod components;
mod core;
mod cycles;
mod graph;
mod list_append;
mod models;
mod open;
mod order;
mod proof;
mod ruling;
mod rw_register;
mod teller;
mod view;
mod walk;
mod writes;

#[cfg(test)]
mod tests;

use crate::history::Stamp;
use serde::{Deserialize, Serialize};

/// What a law over our own history builds its graph with.
pub(crate) mod dependencies {
    pub(crate) use super::{
        cycles::{Cycle, search},
        graph::{Edge, Edges, Graph, Links, Node},
        models::Model,
        order::{Span, link as link_orders},
        proof::tell,
        ruling::Findings,
    };
}

pub use list_append::judge_list_append;
pub use models::{Anomaly, MODELS, Model, Order, STRICT_SERIALIZABLE, Shape};
pub use ruling::TransactionsRuling;
pub use rw_register::{Inference, Initial, judge_rw_register};

/// What became of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It took effect.
    Committed,
    /// It certainly had no effect.
    Aborted,
    /// It may have taken effect, or may yet.
    Unknown,
}

/// One transaction: what it did, in order, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Who asked. One process has one transaction at a time.
    pub process: u64,
    /// When it began.
    pub called: Stamp,
    /// When it ended; none if no one knows.
    pub returned: Option<Stamp>,
    /// What became of it.
    pub fate: Fate,
    /// What it did.
    pub steps: Vec<Step>,
}

/// One thing that a transaction did. Keys and values are numbers; the reader keeps their names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Added this value at the end of the key's list. A value is appended to a key once.
    Append {
        /// Where.
        key: u64,
        /// What.
        value: u64,
    },
    /// Read the key's list; none if no one knows what was there.
    ReadList {
        /// Where.
        key: u64,
        /// What was there.
        values: Option<Vec<u64>>,
    },
    /// Put this value. A value is written to a key once.
    Write {
        /// Where.
        key: u64,
        /// What.
        value: u64,
    },
    /// Read the key's value: unknown (`None`), absent (`Some(None)`), or a value.
    Read {
        /// Where.
        key: u64,
        /// What was there.
        value: Option<Option<u64>>,
    },
}

/// What a history calls its keys and values.
pub trait Names {
    /// A key.
    fn key(&self, key: u64) -> String;
    /// A value.
    fn value(&self, value: u64) -> String;
}

/// Keys and values that are called by their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Numbers;

impl Names for Numbers {
    fn key(&self, key: u64) -> String {
        key.to_string()
    }

    fn value(&self, value: u64) -> String {
        value.to_string()
    }
}
