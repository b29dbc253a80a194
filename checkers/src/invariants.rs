//! Histories that are judged by what their reads add up to: accounts between which money moves, a
//! counter, keys that everybody must learn in one order.
//!
//! They come from Jepsen's workloads of the same names. Accounts and counters are linearizable by
//! default: quick laws of single reads come first, because their words are the plainest, and an
//! order of everything is what proves that nothing is wrong. Long forks are a law of their own.

pub mod bank;
pub mod counter;
pub mod long_fork;
#[cfg(test)]
mod twins;

use crate::{
    breach::line,
    linearizability::{
        Answer, Budget, Operation,
        engine::{self, Model},
    },
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeSet;

/// What reads owe.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Contract {
    /// Everything that had come back before they began, and one order for all.
    #[default]
    Linearizable,
    /// Only final reads owe anything of others, once everything has come to rest: each what had come
    /// back before it began.
    Eventual,
}

/// Different sums that are told apart.
const SUMS_MAX: usize = 1 << 18;

/// What some of several things can add up to.
struct Sums {
    reached: BTreeSet<Vec<i128>>,
    is_whole: bool,
}

impl Sums {
    fn new(first: Vec<i128>) -> Sums {
        Sums { reached: BTreeSet::from([first]), is_whole: true }
    }

    /// One thing more that may be in it or not.
    fn may_add(&mut self, more: &[i128]) {
        if !self.is_whole || more.iter().all(|part| *part == 0) {
            return;
        }
        let add = |sum: &Vec<i128>| sum.iter().zip(more).map(|(a, b)| a + b).collect();
        let next: Vec<Vec<i128>> = self.reached.iter().map(add).collect();
        self.reached.extend(next);
        self.is_whole = self.reached.len() <= SUMS_MAX;
    }
}

/// The widest range of sums of numbers that are told apart.
const SPAN_MAX: usize = 1 << 20;

/// What some of several numbers can add up to: a bit for each sum.
struct Reach {
    /// The lowest sum, whose bit is the first.
    low: i128,
    bits: Vec<u64>,
    is_whole: bool,
}

impl Default for Reach {
    /// Nothing adds up to nothing.
    fn default() -> Reach {
        Reach { low: 0, bits: vec![1], is_whole: true }
    }
}

impl Reach {
    /// One number more that may be in it or not. Whether it is counted up or down, the sums with it
    /// lie so far above those without it, or the other way round.
    fn may_add(&mut self, more: i128) {
        let shift = usize::try_from(more.unsigned_abs()).unwrap_or(usize::MAX);
        let is_near = shift.saturating_add(self.bits.len() * 64) <= SPAN_MAX;
        self.is_whole &= is_near;
        if !self.is_whole || shift == 0 {
            return;
        }
        self.low += more.min(0);
        let (words, within) = (shift / 64, shift % 64);
        let old = self.bits.clone();
        self.bits.resize(old.len() + words + 1, 0);
        for (place, word) in old.into_iter().enumerate() {
            self.bits[place + words] |= word << within;
            if within > 0 {
                self.bits[place + words + 1] |= word >> (64 - within);
            }
        }
        while self.bits.last() == Some(&0) {
            self.bits.pop();
        }
    }

    /// Whether it can be reached; none if that is beyond the span.
    fn has(&self, sum: i128) -> Option<bool> {
        let place = usize::try_from(sum - self.low).ok().filter(|it| *it < self.bits.len() * 64);
        let is_there = place.is_some_and(|it| self.bits[it / 64] & 1 << (it % 64) != 0);
        (self.is_whole || is_there).then_some(is_there)
    }
}

/// Searches an order that explains all reads at once. `words` tell what was asked and what came back.
fn orderly<M: Model>(
    model: &M,
    operations: &[Operation<M::Deed>],
    budget: Budget,
    covered: u64,
    words: &dyn Fn(&M::Deed) -> (String, String),
) -> Verdict {
    match engine::check(model, operations, budget) {
        Answer::Linearizable(_) => Verdict::holds_if_covered(covered, "no read came back"),
        Answer::Exhausted(why) => Verdict::Unknown(why),
        Answer::Impossible(impossible) => {
            let mut lines = Vec::new();
            for number in &impossible.operations {
                let Operation { process, called, returned, deed } = &operations[*number];
                let (asked, told) = words(deed);
                if !asked.is_empty() {
                    lines.push(line(*called, format!("process {process} asked to {asked}")));
                    lines.extend(returned.map(|at| line(at, format!("process {process}: {told}"))));
                }
            }
            lines.sort_by_key(|line| line.ordinal);
            Verdict::Violated(Box::new(Evidence {
                summary: impossible.why,
                lines,
                count: 1,
                ..Evidence::default()
            }))
        }
    }
}
