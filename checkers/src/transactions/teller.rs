//! A transaction in words: who, what it did, what became of it. Keys and values have the names of
//! their file; a long list keeps its end, a long transaction what matters.

use super::{Fate, Names, Step, Transaction};
use crate::{
    breach::line,
    history::Stamp,
    verdict::{Evidence, Line},
};

/// Values of a list that are told; those before them are left out.
const VALUES_MAX: usize = 5;
/// Steps of a transaction that are told, unless more of them matter.
const STEPS_MAX: usize = 6;

/// Tells of the transactions of one history.
#[derive(Clone, Copy)]
pub(crate) struct Teller<'a> {
    pub(crate) transactions: &'a [Transaction],
    pub(crate) names: &'a dyn Names,
}

impl Teller<'_> {
    /// When a transaction is told of, and what it did. Of a long one, only steps on these keys.
    pub(crate) fn deeds(&self, number: u32, keys: &[u64]) -> (Stamp, String) {
        let transaction = &self.transactions[number as usize];
        let is_long = transaction.steps.len() > STEPS_MAX;
        let mut is_cut = false;
        let mut steps: Vec<String> = Vec::new();
        for step in &transaction.steps {
            match is_long && !keys.contains(&step.key()) || steps.len() >= 2 * STEPS_MAX {
                true => is_cut = true,
                false => steps.push(self.step(step)),
            }
        }
        if is_cut {
            steps.push("...".to_owned());
        }
        let fate = match transaction.fate {
            Fate::Committed => "",
            Fate::Aborted => " (aborted)",
            Fate::Unknown => " (outcome unknown)",
        };
        let text = format!("process {}: {}{fate}", transaction.process, steps.join(", "));
        (transaction.returned.unwrap_or(transaction.called), text)
    }

    /// Evidence with these transactions, in time order.
    pub(crate) fn evidence(&self, summary: String, transactions: &[u32], key: u64) -> Evidence {
        let mut told: Vec<u32> = transactions.to_vec();
        told.sort_unstable();
        told.dedup();
        let lines = told.iter().map(|number| {
            let (at, text) = self.deeds(*number, &[key]);
            line(at, text)
        });
        let mut lines: Vec<Line> = lines.collect();
        lines.sort_by_key(|line| line.ordinal);
        Evidence { summary, lines, ..Evidence::default() }
    }

    /// Keys that more than one of these transactions touched: what an argument is about.
    pub(crate) fn shared_keys(&self, transactions: impl Iterator<Item = u32>) -> Vec<u64> {
        let mut keys: Vec<u64> = Vec::new();
        for number in transactions {
            let steps = &self.transactions[number as usize].steps;
            let mut own: Vec<u64> = steps.iter().map(Step::key).collect();
            own.sort_unstable();
            own.dedup();
            keys.extend(own);
        }
        keys.sort_unstable();
        let shared = keys.chunk_by(|a, b| a == b).filter(|group| group.len() > 1);
        shared.map(|group| group[0]).collect()
    }

    fn step(&self, step: &Step) -> String {
        match step {
            Step::Append { key, value } => {
                format!("append {} to {}", self.value(*value), self.key(*key))
            }
            Step::ReadList { key, values: Some(values) } => {
                format!("read {} = {}", self.key(*key), self.list(values))
            }
            Step::Write { key, value } => {
                format!("write {} = {}", self.key(*key), self.value(*value))
            }
            Step::Read { key, value: Some(Some(value)) } => {
                format!("read {} = {}", self.key(*key), self.value(*value))
            }
            Step::Read { key, value: Some(None) } => format!("read {} = nil", self.key(*key)),
            Step::ReadList { key, values: None } | Step::Read { key, value: None } => {
                format!("read {} = ?", self.key(*key))
            }
        }
    }

    /// A list that was read; its end says which version it is.
    pub(crate) fn list(&self, values: &[u64]) -> String {
        let left_out = values.len().saturating_sub(VALUES_MAX);
        let mut told: Vec<String> =
            values[left_out..].iter().map(|value| self.value(*value)).collect();
        if left_out > 0 {
            told.insert(0, format!("({left_out} more)"));
        }
        format!("[{}]", told.join(" "))
    }

    /// What the file calls a key.
    pub(crate) fn key(&self, key: u64) -> String {
        self.names.key(key)
    }

    /// What the file calls a value.
    pub(crate) fn value(&self, value: u64) -> String {
        self.names.value(value)
    }

    /// Why one comes before another of its process.
    pub(crate) fn in_process(&self, (a, a_name): (u32, &str), b_name: &str) -> String {
        let process = self.transactions[a as usize].process;
        format!("process {process} did {a_name} before {b_name}")
    }

    /// Why one comes before another by time alone.
    pub(crate) fn in_time(&self, (a, a_name): (u32, &str), (b, b_name): (u32, &str)) -> String {
        let (a, b) = (&self.transactions[a as usize], &self.transactions[b as usize]);
        let returned = a.returned.unwrap_or(a.called);
        if returned.at_ns < b.called.at_ns {
            let early = (b.called.at_ns - returned.at_ns) as f64 / 1e6;
            format!("{a_name} had ended {early:.3} ms before {b_name} began")
        } else {
            let (returned, called) = (returned.ordinal, b.called.ordinal);
            format!("{a_name} had ended (event {returned}) before {b_name} began (event {called})")
        }
    }
}

impl Step {
    /// The key that it is about.
    pub fn key(&self) -> u64 {
        match self {
            Step::Append { key, .. }
            | Step::ReadList { key, .. }
            | Step::Write { key, .. }
            | Step::Read { key, .. } => *key,
        }
    }
}
