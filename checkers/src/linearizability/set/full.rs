//! **set-full** and **set**: what became of each element that was added, for systems that promise
//! less than linearizability (Jepsen's workloads of these names; checkers.md 4.5).
//!
//! An element is *known* from the first return of its add, or of a read that holds it. It is
//! - *lost* if the last read that lacks it was called after it was known and after every read that
//!   holds it;
//! - *stable* if some read holds it that was called after every read that lacks it; and *stale* as
//!   well if one of the latter was called after it was known;
//! - *never read* otherwise.
//!
//! Jepsen looks at each element for each read; here a read only touches what it holds, as the last
//! read that lacks an element is the one before the run of reads that hold it up to the end. Two
//! rules are added that Jepsen's checker lacks: *duplicated* within one read, and *unexpected*,
//! never added. Staleness is told by order, not rounded to milliseconds.
//!
//! Where reads may be stale, an element is lost only if it is missing at the end. A read after which
//! somebody still adds is not the end, and of what it lacks no one can say.

use super::super::{Operation, objects::Set};
use crate::{
    breach::{Breach, line},
    history::Stamp,
    intern::Interner,
    verdict::{Evidence, Line, Verdict},
};
use serde::{Deserialize, Serialize};

/// Elements, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SetCounts {
    /// Elements that someone tried to add.
    pub attempted: u64,
    /// Of these: the add returned.
    pub acknowledged: u64,
    /// Elements that stayed, once they were read; in a final read, those that it holds.
    pub stable: u64,
    /// Of the stable ones: missed by a read that was called after they were known.
    pub stale: u64,
    /// Elements that vanished for good.
    pub lost: u64,
    /// Elements that no read could tell about.
    pub never_read: u64,
    /// Elements that were found although their add never returned.
    pub recovered: u64,
    /// Elements that one read holds more than once.
    pub duplicated: u64,
    /// Elements that were read and that nobody added.
    pub unexpected: u64,
}

/// One element. Reads are told by their place in order of calls.
#[derive(Clone, Copy, Debug, Default)]
struct Element {
    added: Option<(Stamp, Option<Stamp>)>,
    /// The earliest return of a read that holds it.
    read: Option<Stamp>,
    /// The last read that holds it, plus one.
    present: u32,
    /// The first read of the run of reads that hold it and that ends with that one, plus one.
    run: u32,
    is_duplicated: bool,
}

impl Element {
    /// From when on everyone can know of it.
    fn known(&self) -> Option<Stamp> {
        let added = self.added.and_then(|(_, returned)| returned);
        added.into_iter().chain(self.read).min()
    }

    /// The last read that lacks it, of so many reads.
    fn absent(&self, reads: usize) -> Option<usize> {
        if self.present as usize == reads {
            (self.run as usize).checked_sub(2)
        } else {
            reads.checked_sub(1)
        }
    }
}

/// All elements and all reads of a history.
#[derive(Default)]
struct Elements<'a> {
    names: Interner,
    elements: Vec<Element>,
    /// Reads that returned, in order of calls.
    reads: Vec<&'a Operation<Set>>,
    /// When an add was asked for last.
    last_add: Option<Stamp>,
    has_other: bool,
}

impl<'a> Elements<'a> {
    fn of(operations: &'a [Operation<Set>]) -> Elements<'a> {
        let mut all = Elements::default();
        for operation in operations {
            match &operation.deed {
                Set::Add(name) => {
                    let added = (operation.called, operation.returned);
                    all.last_add = all.last_add.max(Some(operation.called));
                    let told = all.element(*name);
                    // Of two adds of one element the first to return counts.
                    let is_first = told.added.is_none_or(|(_, returned)| match returned {
                        Some(returned) => added.1.is_some_and(|at| at < returned),
                        None => true,
                    });
                    told.added = if is_first { Some(added) } else { told.added };
                }
                Set::Read(_) if operation.returned.is_some() => all.reads.push(operation),
                Set::Read(_) => {}
                Set::Remove { .. } | Set::Contains(..) => all.has_other = true,
            }
        }
        all.reads.sort_by_key(|read| read.called);
        all
    }

    fn element(&mut self, name: u64) -> &mut Element {
        let (number, is_new) = self.names.intern(name);
        if is_new {
            self.elements.push(Element::default());
        }
        &mut self.elements[number as usize]
    }

    /// Notes what the read in this place holds.
    fn note(&mut self, place: usize) {
        let read = self.reads[place];
        let Set::Read(held) = &read.deed else { return };
        let this = place as u32 + 1;
        for name in held {
            let told = self.element(*name);
            told.read = told.read.into_iter().chain(read.returned).min();
            match told.present {
                present if present == this => told.is_duplicated = true,
                present if present == 0 || present + 1 < this => told.run = this,
                _ => {}
            }
            told.present = this;
        }
    }

    fn named(&self) -> impl Iterator<Item = (u64, &Element)> + '_ {
        (0..).zip(&self.elements).map(|(number, element)| (self.names.id(number), element))
    }

    fn counts(&self) -> SetCounts {
        let count = |is: &dyn Fn(&Element) -> bool| {
            self.elements.iter().filter(|element| is(element)).count() as u64
        };
        let is_acknowledged =
            |element: &Element| element.added.is_some_and(|(_, returned)| returned.is_some());
        SetCounts {
            attempted: count(&|element| element.added.is_some()),
            acknowledged: count(&is_acknowledged),
            recovered: count(&|element| {
                element.added.is_some() && !is_acknowledged(element) && element.present > 0
            }),
            duplicated: count(&|element| element.is_duplicated),
            unexpected: count(&|element| element.added.is_none()),
            ..SetCounts::default()
        }
    }
}

/// Judges adds and reads of a whole set, element by element. `name` tells the file's own name of an
/// element.
pub fn judge_set_full(
    operations: &[Operation<Set>],
    permits_stale: bool,
    name: &dyn Fn(u64) -> String,
) -> (Verdict, SetCounts) {
    let mut all = Elements::of(operations);
    if all.has_other {
        return (Verdict::Unknown("only adds and reads are judged".to_owned()), all.counts());
    }
    (0..all.reads.len()).for_each(|place| all.note(place));
    let (mut counts, mut breaches, mut doubts) = (all.counts(), Breaches::default(), 0);
    for (element, told) in all.named() {
        breaches.note_alone(&all.reads, (element, told), name);
        if told.added.is_none() {
            continue;
        }
        let (present, absent) =
            ((told.present as usize).checked_sub(1), told.absent(all.reads.len()));
        let missed_at = absent.map(|absent| all.reads[absent].called);
        let is_missed = told.known().is_some_and(|known| missed_at.is_some_and(|at| known < at));
        let compose =
            |rule: &str| missed(rule, &all.reads, (element, told), (present, absent), name);
        if present.is_some() && absent < present {
            counts.stable += 1;
            counts.stale += u64::from(is_missed);
            if is_missed && !permits_stale {
                breaches.stale.add(|| {
                    let name = name(element);
                    compose(&format!("stale: a read lacks {name}, which was known by then"))
                });
            }
        } else if is_missed && permits_stale && missed_at < all.last_add {
            doubts += 1;
        } else if is_missed {
            counts.lost += 1;
            breaches.lost.add(|| {
                let name = name(element);
                compose(&format!("lost: {name} was known, and the last reads lack it"))
            });
        } else {
            counts.never_read += 1;
        }
    }
    let verdict = breaches.verdict_or(|| match doubts {
        0 => Verdict::holds_if_covered(counts.stable, "no element was read after it was added"),
        doubts => no_end(doubts),
    });
    (verdict, counts)
}

/// The answer where elements are missing and the end is not in sight.
fn no_end(doubts: u64) -> Verdict {
    Verdict::Unknown(format!(
        "{doubts} elements are missing from the last reads, and somebody still added after these: \
         without the end no one can say whether they are lost"
    ))
}

/// Judges adds and the last read that returned. An element whose add returned only after that read
/// was called may be missing from it.
pub fn judge_final_set(
    operations: &[Operation<Set>],
    name: &dyn Fn(u64) -> String,
) -> (Verdict, SetCounts) {
    judge_last_read(operations, false, name)
}

/// The same, where the last read may be known to be the end, whoever still adds.
pub(crate) fn judge_last_read(
    operations: &[Operation<Set>],
    is_end: bool,
    name: &dyn Fn(u64) -> String,
) -> (Verdict, SetCounts) {
    let mut all = Elements::of(operations);
    if all.has_other {
        return (Verdict::Unknown("only adds and reads are judged".to_owned()), all.counts());
    }
    let last = all.reads.iter().max_by_key(|read| read.returned).copied();
    let Some(last) = last else {
        return (Verdict::Unknown("vacuous: nobody read the set".to_owned()), all.counts());
    };
    all.reads = vec![last];
    all.note(0);
    let (mut counts, mut breaches, mut doubts) = (all.counts(), Breaches::default(), 0);
    let is_end = is_end || Some(last.called) >= all.last_add;
    for (element, told) in all.named() {
        breaches.note_alone(&all.reads, (element, told), name);
        let Some((_, returned)) = told.added else { continue };
        if told.present > 0 {
            counts.stable += 1;
        } else if returned.is_some_and(|returned| returned < last.called) && !is_end {
            doubts += 1;
        } else if returned.is_some_and(|returned| returned < last.called) {
            counts.lost += 1;
            breaches.lost.add(|| {
                let rule = format!("lost: {} was added, and the last read lacks it", name(element));
                missed(&rule, &all.reads, (element, told), (None, Some(0)), name)
            });
        } else {
            counts.never_read += 1;
        }
    }
    let covered = counts.stable;
    let verdict = breaches.verdict_or(|| match doubts {
        0 => Verdict::holds_if_covered(covered, "the last read holds nothing"),
        doubts => no_end(doubts),
    });
    (verdict, counts)
}

/// What went wrong, the gravest first.
#[derive(Default)]
struct Breaches {
    lost: Breach,
    unexpected: Breach,
    duplicated: Breach,
    stale: Breach,
}

impl Breaches {
    /// Notes what is wrong with an element whatever else was read.
    fn note_alone(
        &mut self,
        reads: &[&Operation<Set>],
        (element, told): (u64, &Element),
        name: &dyn Fn(u64) -> String,
    ) {
        if told.added.is_none() {
            self.unexpected.add(|| {
                let summary =
                    format!("unexpected: {} was read, and nobody added it", name(element));
                held_by(reads, element, 1, summary, name)
            });
        }
        if told.is_duplicated {
            self.duplicated.add(|| {
                let summary =
                    format!("duplicated: one read holds {} more than once", name(element));
                held_by(reads, element, 2, summary, name)
            });
        }
    }

    /// The first of the gravest, and how many there were in all.
    fn verdict_or(self, otherwise: impl FnOnce() -> Verdict) -> Verdict {
        let mut all = Breach::default();
        for breach in [self.lost, self.unexpected, self.duplicated, self.stale] {
            let count = breach.count();
            if let Verdict::Violated(evidence) =
                breach.verdict_or(|| Verdict::Unknown(String::new()))
            {
                all.add_many(count, || *evidence);
            }
        }
        all.verdict_or(otherwise)
    }
}

fn held_by(
    reads: &[&Operation<Set>],
    element: u64,
    least: usize,
    summary: String,
    name: &dyn Fn(u64) -> String,
) -> Evidence {
    let times = |read: &Operation<Set>| match &read.deed {
        Set::Read(held) => held.iter().filter(|held| **held == element).count(),
        Set::Add(_) | Set::Remove { .. } | Set::Contains(..) => 0,
    };
    let first = reads.iter().find(|read| times(read) >= least);
    let told = |read: &&Operation<Set>| {
        let often = if times(read) > 1 { format!(" {} times", times(read)) } else { String::new() };
        let text = format!("process {} read {}{often}", read.process, name(element));
        line(read.returned.unwrap_or(read.called), text)
    };
    let message = Some(element);
    Evidence {
        summary,
        lines: first.map(told).into_iter().collect(),
        message,
        ..Evidence::default()
    }
}

/// An element that some read should have held.
fn missed(
    rule: &str,
    reads: &[&Operation<Set>],
    (element, told): (u64, &Element),
    (present, absent): (Option<usize>, Option<usize>),
    name: &dyn Fn(u64) -> String,
) -> Evidence {
    let mut lines: Vec<Line> = Vec::new();
    let name = name(element);
    if let Some((called, returned)) = told.added {
        lines.push(line(called, format!("someone asked to add {name}")));
        lines.extend(returned.map(|at| line(at, format!("{name} was added"))));
    }
    if let Some(read) = present.map(|present| reads[present]) {
        let text = format!("process {} asked to read; it found {name}", read.process);
        lines.push(line(read.called, text));
    }
    if let Some(read) = absent.map(|absent| reads[absent]) {
        let text = format!("process {} asked to read; it did not find {name}", read.process);
        lines.push(line(read.called, text));
    }
    Evidence { summary: rule.to_owned(), lines, message: Some(element), ..Evidence::default() }
}

#[cfg(test)]
mod tests;
