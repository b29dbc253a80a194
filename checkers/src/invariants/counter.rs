//! **counter**: additions and reads of one number, linearizable: some order of all of them explains
//! every read at once. Or, where a system promises less, *eventual*: a read may miss what was added,
//! but finds a sum that can be reached by some of it, and a final read misses nothing that had come
//! back before it began.
//!
//! First, one read at a time, every read lies between what was certainly added before it began and
//! what may have been added before it ended (Jepsen's `counter` workload); that is quick and reads
//! best. Between these ends not every sum can be reached, and reads must agree with one another: the
//! search for an order decides that. Which sums some of the additions can reach is exact up to so
//! many different ones, and beyond that no one can say.
//!
//! An addition that never came back may count or not, from its call on, for ever; one that failed
//! never counts.

use super::{Contract, Reach, orderly};
use crate::{
    breach::{Breach, line},
    history::Stamp,
    linearizability::{Budget, Operation, models, objects},
    verdict::{Evidence, Line, Verdict},
};

/// One operation on the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// Who asked.
    pub process: u64,
    /// When it was asked.
    pub called: Stamp,
    /// When it was answered; none if it never was, and then it may have happened or not.
    pub returned: Option<Stamp>,
    /// What it did.
    pub deed: Deed,
}

/// What an operation did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Deed {
    /// Added so much.
    Add(i64),
    /// Found so much.
    Read {
        /// How much.
        found: i64,
        /// Whether it was the reader's last word, after everything had come to rest.
        is_final: bool,
    },
}

/// What a sum can be at a moment, and who moves its ends.
#[derive(Clone, Copy, Default)]
struct Bounds {
    low: i128,
    high: i128,
}

/// Judges one counter, which begins at 0.
pub fn judge(counts: &[Count], contract: Contract, budget: Budget) -> Verdict {
    match contract {
        Contract::Linearizable => bounded(counts).unwrap_or_else(|covered| {
            let operations: Vec<Operation<objects::Counter>> = counts.iter().map(told).collect();
            let words = |deed: &objects::Counter| match deed {
                objects::Counter::Add(more) => (format!("add {more}"), format!("{more} was added")),
                objects::Counter::Read(found) => ("read".to_owned(), format!("read {found}")),
            };
            orderly(&models::Counter, &operations, budget, covered, &words)
        }),
        Contract::Eventual => reachable(counts),
    }
}

fn told(count: &Count) -> Operation<objects::Counter> {
    let Count { process, called, returned, deed } = *count;
    let deed = match deed {
        Deed::Add(more) => objects::Counter::Add(more),
        Deed::Read { found, .. } => objects::Counter::Read(found),
    };
    Operation { process, called, returned, deed }
}

/// Each read, one at a time, between its ends. If none is outside, how many reads there were.
fn bounded(counts: &[Count]) -> Result<Verdict, u64> {
    // A moment opens or closes an operation. What opens widens the bounds, what closes narrows them.
    let mut moments: Vec<(u64, usize, bool)> = Vec::with_capacity(counts.len() * 2);
    for (number, count) in counts.iter().enumerate() {
        moments.push((count.called.ordinal, number, false));
        moments.extend(count.returned.map(|at| (at.ordinal, number, true)));
    }
    moments.sort_unstable();
    let (mut now, mut breach, mut covered) = (Bounds::default(), Breach::default(), 0);
    let mut open: Vec<(usize, Bounds)> = Vec::new();
    for (_, number, is_return) in moments {
        match (counts[number].deed, is_return) {
            (Deed::Add(more), false) => {
                let more = i128::from(more);
                now = Bounds { low: now.low + more.min(0), high: now.high + more.max(0) };
                // What is added while a read runs may be in it or not.
                for (_, bounds) in &mut open {
                    bounds.low = bounds.low.min(now.low);
                    bounds.high = bounds.high.max(now.high);
                }
            }
            (Deed::Add(more), true) => {
                let more = i128::from(more);
                now = Bounds { low: now.low + more.max(0), high: now.high + more.min(0) };
            }
            (Deed::Read { .. }, false) => open.push((number, now)),
            (Deed::Read { found, .. }, true) => {
                let place = open.iter().position(|(open, _)| *open == number);
                let Some(place) = place else { continue };
                let (_, bounds) = open.swap_remove(place);
                covered += 1;
                if !(bounds.low..=bounds.high).contains(&i128::from(found)) {
                    breach.add(|| out_of_bounds(counts, number, found, bounds));
                }
            }
        }
    }
    match breach.is_some() {
        true => Ok(breach.verdict_or(|| Verdict::Unknown(String::new()))),
        false => Err(covered),
    }
}

/// Each read finds a sum that can be reached, a final one with everything that had come back.
fn reachable(counts: &[Count]) -> Verdict {
    let mut adds: Vec<(&Count, i128)> = counts
        .iter()
        .filter_map(|count| match count.deed {
            Deed::Add(more) => Some((count, i128::from(more))),
            Deed::Read { .. } => None,
        })
        .collect();
    adds.sort_by_key(|(add, _)| add.called);
    let mut reads: Vec<(&Count, Stamp, i64, bool)> = counts
        .iter()
        .filter_map(|count| match count.deed {
            Deed::Read { found, is_final } => Some((count, count.returned?, found, is_final)),
            Deed::Add(_) => None,
        })
        .collect();
    reads.sort_by_key(|(_, ended, ..)| *ended);
    // What some of those that were asked for so far sum to.
    let (mut asked, mut any) = (0, Reach::default());
    let (mut breach, mut doubt, mut covered) = (Breach::default(), None, 0);
    for (read, ended, found, is_final) in reads {
        while let Some((_, more)) = adds.get(asked).filter(|(add, _)| add.called < ended) {
            any.may_add(*more);
            asked += 1;
        }
        let (certain, is_reached) = match is_final {
            true => at_rest(&adds[..asked], read, found),
            false => (0, any.has(i128::from(found))),
        };
        match is_reached {
            Some(true) => covered += u64::from(is_final),
            Some(false) => breach.add(|| unreachable(read, found, certain, is_final)),
            None => doubt = doubt.or(Some(found)),
        }
    }
    breach.verdict_or(|| match doubt {
        Some(found) => Verdict::Unknown(format!(
            "whether {found} can be reached is beyond sums that lie {} apart",
            super::SPAN_MAX
        )),
        None => Verdict::holds_if_covered(
            covered,
            "no final read of the counter came back, and only those owe anything",
        ),
    })
}

/// What was certainly in a final read, and whether something of the rest leads from there to what it
/// found.
fn at_rest(begun: &[(&Count, i128)], read: &Count, found: i64) -> (i128, Option<bool>) {
    let (mut certain, mut rest) = (0, Reach::default());
    for (add, more) in begun {
        match add.returned.is_some_and(|returned| returned < read.called) {
            true => certain += more,
            false => rest.may_add(*more),
        }
    }
    (certain, rest.has(i128::from(found) - certain))
}

fn unreachable(read: &Count, found: i64, certain: i128, is_final: bool) -> Evidence {
    let owed = match is_final {
        true => format!("with {certain} certainly in it, "),
        false => String::new(),
    };
    Evidence {
        summary: format!(
            "unreachable_sum: the counter was read as {found}, and {owed}no choice of what was added \
             by then sums to that"
        ),
        lines: vec![line(
            read.returned.unwrap_or(read.called),
            format!("process {} read {found}", read.process),
        )],
        ..Evidence::default()
    }
}

fn out_of_bounds(counts: &[Count], number: usize, found: i64, bounds: Bounds) -> Evidence {
    let read = counts[number];
    let ended = read.returned.unwrap_or(read.called);
    let adds = |is_before: &dyn Fn(&Count) -> bool| {
        counts.iter().filter(|count| matches!(count.deed, Deed::Add(_)) && is_before(count)).count()
    };
    let certain = adds(&|count| count.returned.is_some_and(|at| at < read.called));
    let begun = adds(&|count| count.called < ended);
    let lines: Vec<Line> = vec![
        line(
            read.called,
            format!(
                "process {} asked to read; {certain} additions had come back by then",
                read.process
            ),
        ),
        line(
            ended,
            format!(
                "process {} read {found}; {begun} additions had been asked for by then",
                read.process
            ),
        ),
    ];
    let rule =
        if i128::from(found) < bounds.low { "missing_additions" } else { "phantom_additions" };
    Evidence {
        summary: format!(
            "{rule}: the counter was read as {found}, and lay between {} and {} all that time",
            bounds.low, bounds.high
        ),
        lines,
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests;
