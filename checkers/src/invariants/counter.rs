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

use super::{Contract, Sums, orderly};
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
    let (mut breach, mut doubt, mut covered) = (Breach::default(), None, 0);
    for read in counts {
        let (Deed::Read { found, is_final }, Some(ended)) = (read.deed, read.returned) else {
            continue;
        };
        let (mut certain, mut sums) = (0, Sums::new(vec![0]));
        for count in counts.iter().filter(|count| count.called < ended) {
            let Deed::Add(more) = count.deed else { continue };
            match is_final && count.returned.is_some_and(|returned| returned < read.called) {
                true => certain += i128::from(more),
                false => sums.may_add(&[i128::from(more)]),
            }
        }
        match sums.has(&[i128::from(found) - certain]) {
            Some(true) => covered += u64::from(is_final),
            Some(false) => breach.add(|| unreachable(read, found, certain, is_final)),
            None => doubt = doubt.or(Some(found)),
        }
    }
    breach.verdict_or(|| match doubt {
        Some(found) => Verdict::Unknown(format!(
            "whether {found} can be reached is beyond {} different sums",
            super::SUMS_MAX
        )),
        None => Verdict::holds_if_covered(
            covered,
            "no final read of the counter came back, and only those owe anything",
        ),
    })
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
mod tests {
    use super::*;
    use crate::testing::{evidence, holds, unknown};

    const AMPLE: Budget = Budget::of(1_000_000, 64 << 20);

    fn read(found: i64) -> Deed {
        Deed::Read { found, is_final: false }
    }

    fn judge(counts: &[Count]) -> Verdict {
        super::judge(counts, Contract::Linearizable, AMPLE)
    }

    fn count(called: u64, returned: Option<u64>, deed: Deed) -> Count {
        let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
        Count { process: 1, called: at(called), returned: returned.map(at), deed }
    }

    #[test]
    fn a_read_may_see_any_part_of_what_is_added_beside_it() {
        for found in [1, 4, 6, 9] {
            let counts = [
                count(0, Some(1), Deed::Add(1)),
                count(2, Some(9), Deed::Add(5)),
                count(3, None, Deed::Add(3)),
                count(4, Some(5), read(found)),
            ];
            assert_eq!(holds(&judge(&counts)), 1, "{found}");
        }
    }

    #[test]
    fn between_the_bounds_not_every_sum_can_be_reached() {
        let counts = |found| [count(0, Some(3), Deed::Add(10)), count(1, Some(2), read(found))];
        assert_eq!(holds(&judge(&counts(10))), 1);
        assert!(evidence(judge(&counts(5))).summary.starts_with("not_linearizable"));
        // Each read alone is fine, and they do not agree.
        let back = [
            count(0, Some(9), Deed::Add(1)),
            count(1, Some(2), read(1)),
            count(3, Some(4), read(0)),
        ];
        assert!(evidence(judge(&back)).summary.starts_with("not_linearizable"));
    }

    #[test]
    fn at_rest_only_a_final_read_owes_what_had_come_back() {
        let judge = |found, is_final| {
            let counts = [
                count(0, Some(1), Deed::Add(-4)),
                count(2, Some(3), Deed::Read { found: 0, is_final: false }),
                count(4, Some(5), Deed::Read { found, is_final }),
            ];
            super::judge(&counts, Contract::Eventual, AMPLE)
        };
        assert_eq!(holds(&judge(-4, true)), 1);
        let summary = evidence(judge(0, true)).summary;
        assert!(summary.starts_with("unreachable_sum: the counter was read as 0, and with -4"));
        assert!(evidence(judge(-3, false)).summary.starts_with("unreachable_sum"));
        assert!(unknown(judge(-4, false)).starts_with("vacuous"));
    }

    #[test]
    fn what_came_back_must_be_in_and_what_was_never_asked_must_not() {
        let counts = |found| [count(0, Some(1), Deed::Add(2)), count(2, Some(3), read(found))];
        assert!(evidence(judge(&counts(1))).summary.starts_with("missing_additions"));
        let evidence = evidence(judge(&counts(3)));
        assert_eq!(
            evidence.summary,
            "phantom_additions: the counter was read as 3, and lay between 2 and 2 all that time"
        );
        assert_eq!(evidence.lines.len(), 2);
    }

    #[test]
    fn subtractions_bound_from_below() {
        let counts = |found| [count(0, None, Deed::Add(-2)), count(2, Some(3), read(found))];
        assert_eq!(holds(&judge(&counts(-2))), 1);
        assert_eq!(holds(&judge(&counts(0))), 1);
        assert!(evidence(judge(&counts(-3))).summary.starts_with("missing"));
    }

    #[test]
    fn without_a_read_no_one_can_say() {
        assert!(unknown(judge(&[count(0, None, Deed::Add(1))])).starts_with("vacuous"));
    }
}
