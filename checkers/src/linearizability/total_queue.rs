//! **total_queue**: a queue that promises no order: what was enqueued comes out, once or at least
//! once, and nothing else does (Jepsen's `total-queue` and `queue` workloads; checkers.md 4.5).
//!
//! Every enqueue is accounted for, whoever sent its message how often:
//! - *lost*: it returned, a drain that began later and emptied the queue did not bring it, and
//!   nobody dequeued it;
//! - *unexpected*: a message came out and nobody had asked to enqueue it by then;
//! - *duplicated*: it came out more often than it was asked for, where that is forbidden;
//! - *recovered*: it came out although its enqueue never returned, which is fine.
//!
//! A dequeue whose answer is not known may have taken one message, if it was asked before the drain
//! ended; a drain whose answer is not known may have taken any number. So missing messages are
//! matched with such dequeues: what finds none is lost for certain, and the rest no one can say. An
//! enqueue that no drain came after is owed by nobody.
//!
//! Lost messages are split by what came out of what the same process had enqueued: before all of
//! that (*head*), after all of that (*tail*), or between; a lost middle is a fault, a lost tail may
//! be a drain that ended early.

use super::{
    Operation,
    objects::{Queue, Taken},
};
use crate::{
    breach::{Breach, line},
    history::Stamp,
    intern::Interner,
    run::{self, Counts},
    verdict::{Evidence, Line, Verdict},
};
use std::collections::BTreeMap;

/// Somebody emptied the queue on purpose. What came out stands among the dequeues.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// When it was asked.
    pub called: Stamp,
    /// When it was done; none if no one knows how far it came, and it may have taken anything.
    pub returned: Option<Stamp>,
}

/// What the queue promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// A message may come out more than once.
    pub permits_duplicates: bool,
}

impl Default for Promise {
    /// What Jepsen's `total-queue` asks.
    fn default() -> Promise {
        Promise { permits_duplicates: true }
    }
}

/// One enqueue.
#[derive(Clone, Copy, Debug)]
struct Enqueue {
    message: u32,
    process: u64,
    called: u64,
    /// Whether it returned.
    is_known: bool,
    /// By when it must have come out; none if no drain says so.
    due: Option<u64>,
    is_out: bool,
}

/// One message, by its value.
#[derive(Clone, Debug, Default)]
struct Message {
    /// Places of its enqueues.
    enqueues: Vec<u32>,
    /// When it came out, each time.
    dequeues: Vec<u64>,
    /// How often it came out before anyone had asked to enqueue it.
    unexpected: u64,
    /// How often it came out beyond what was enqueued.
    duplicated: u64,
}

/// Judges a queue as to what went in and what came out, whatever the order. `name` tells the file's
/// own name of a message.
pub fn judge(
    operations: &[Operation<Queue>],
    drains: &[Drain],
    promise: Promise,
    name: &dyn Fn(u64) -> String,
) -> (Verdict, Counts) {
    let mut book = Book::of(operations, drains);
    book.settle();
    let (lost, excused) = book.excuse(&book.missing(), drains);
    let mut counts = book.counts();
    // What may have gone to somebody whose answer was lost is not known to be there or lost.
    let is_drained = drains.iter().any(|drain| drain.returned.is_some());
    counts.drain = match is_drained && excused == 0 {
        true => run::Drain::Fully,
        false => run::Drain::None,
    };
    book.place_lost(&lost, &mut counts);
    let teller = Teller { operations, book: &book, name };
    let mut breach = Breach::default();
    teller.lost(&lost, excused, &mut breach);
    teller.unexpected(&mut breach);
    if !promise.permits_duplicates {
        teller.duplicated(&mut breach);
    }
    (breach.verdict_or(|| book.verdict(excused)), counts)
}

/// Tells what is wrong with messages.
struct Teller<'a> {
    operations: &'a [Operation<Queue>],
    book: &'a Book,
    name: &'a dyn Fn(u64) -> String,
}

impl Teller<'_> {
    fn lost(&self, lost: &[u32], excused: u64, breach: &mut Breach) {
        let Some(first) = lost.first() else { return };
        let message = self.book.enqueues[*first as usize].message;
        breach.add_many(lost.len() as u64, || {
            let name = self.named(message);
            let told = format!("lost: {name} was enqueued, and nobody is known to have dequeued it");
            let told = match excused {
                0 => told,
                excused => format!(
                    "{told}; {} messages are missing, and at most {excused} of them can have gone to \
                     the dequeues whose answers were lost: {} are lost for certain",
                    lost.len() as u64 + excused,
                    lost.len()
                ),
            };
            self.evidence(message, told)
        });
    }

    fn unexpected(&self, breach: &mut Breach) {
        for (number, message) in (0..).zip(&self.book.messages) {
            if message.unexpected > 0 {
                breach.add_many(message.unexpected, || {
                    let what = match message.enqueues.is_empty() {
                        true => "and nobody enqueued it",
                        false => "before anyone asked to enqueue it",
                    };
                    let name = self.named(number);
                    self.evidence(number, format!("unexpected: {name} was dequeued, {what}"))
                });
            }
        }
    }

    fn duplicated(&self, breach: &mut Breach) {
        for (number, message) in (0..).zip(&self.book.messages) {
            if message.duplicated > 0 {
                breach.add_many(message.duplicated, || {
                    let (attempted, dequeued) = (message.enqueues.len(), message.dequeues.len());
                    let told = format!(
                        "duplicated: {} was enqueued {attempted} times and came out {dequeued} times",
                        self.named(number)
                    );
                    self.evidence(number, told)
                });
            }
        }
    }

    fn named(&self, message: u32) -> String {
        (self.name)(self.book.names.id(message))
    }

    fn evidence(&self, message: u32, summary: String) -> Evidence {
        let value = self.book.names.id(message);
        let lines = lines(self.operations, value, self.name);
        Evidence { summary, lines, message: Some(value), ..Evidence::default() }
    }
}

/// Every message of a history.
#[derive(Default)]
struct Book {
    names: Interner,
    messages: Vec<Message>,
    enqueues: Vec<Enqueue>,
    /// When dequeues were asked that may have taken something that no one knows.
    unanswered: Vec<u64>,
}

impl Book {
    fn of(operations: &[Operation<Queue>], drains: &[Drain]) -> Book {
        let mut book = Book::default();
        let dues = Dues::of(drains);
        for Operation { process, called, returned, deed } in operations {
            match *deed {
                Queue::Enqueue(name) => {
                    let message = book.message(name);
                    let place = book.enqueues.len() as u32;
                    book.messages[message as usize].enqueues.push(place);
                    book.enqueues.push(Enqueue {
                        message,
                        process: *process,
                        called: called.ordinal,
                        is_known: returned.is_some(),
                        due: returned.and_then(|returned| dues.after(returned.ordinal)),
                        is_out: false,
                    });
                }
                Queue::Dequeue(Taken::Value(name)) => {
                    let message = book.message(name);
                    let at = returned.map_or(u64::MAX, |returned| returned.ordinal);
                    book.messages[message as usize].dequeues.push(at);
                }
                Queue::Dequeue(Taken::Unknown) => book.unanswered.push(called.ordinal),
                Queue::Dequeue(Taken::Empty) => {}
            }
        }
        book.unanswered.sort_unstable();
        book
    }

    fn message(&mut self, name: u64) -> u32 {
        let (number, is_new) = self.names.intern(name);
        if is_new {
            self.messages.push(Message::default());
        }
        number
    }

    /// Gives every dequeue to an enqueue of its message that had been asked by then: to those that
    /// are due earliest first, so that what is missing is due as late as can be. A dequeue that came
    /// later could be given to more enqueues, so of those that will do the earliest is taken.
    fn settle(&mut self) {
        for message in &mut self.messages {
            let enqueues = &mut self.enqueues;
            let earliest = message.enqueues.iter().map(|it| enqueues[*it as usize].called).min();
            message.dequeues.sort_unstable();
            let too_early = |at: &&u64| earliest.is_none_or(|earliest| **at < earliest);
            message.unexpected = message.dequeues.iter().filter(too_early).count() as u64;
            let mut left: BTreeMap<u64, u64> = BTreeMap::new();
            message.dequeues.iter().for_each(|at| *left.entry(*at).or_default() += 1);
            let mut by_due = message.enqueues.clone();
            by_due.sort_by_key(|it| {
                let Enqueue { is_known, due, called, .. } = enqueues[*it as usize];
                (due.unwrap_or(u64::MAX), !is_known, called)
            });
            let mut given = 0;
            for place in by_due {
                let enqueue = &mut enqueues[place as usize];
                let next = left.range(enqueue.called..).next().map(|(at, count)| (*at, *count));
                let Some((at, count)) = next else { continue };
                match count {
                    1 => left.remove(&at),
                    _ => left.insert(at, count - 1),
                };
                enqueue.is_out = true;
                given += 1;
            }
            message.duplicated = message.dequeues.len() as u64 - message.unexpected - given;
        }
    }

    /// Enqueues that must have come out and did not, by when they are due.
    fn missing(&self) -> Vec<u32> {
        let is_missing = |place: &u32| {
            let enqueue = &self.enqueues[*place as usize];
            enqueue.due.is_some() && !enqueue.is_out
        };
        let mut missing: Vec<u32> = (0..self.enqueues.len() as u32).filter(is_missing).collect();
        missing.sort_by_key(|place| (self.enqueues[*place as usize].due, *place));
        missing
    }

    /// What of the missing nobody can have taken, and how many somebody may have. Who was asked
    /// before an early drain ended can have taken what is due later, so the earliest due go first.
    fn excuse(&self, missing: &[u32], drains: &[Drain]) -> (Vec<u32>, u64) {
        let unknown = drains.iter().filter(|drain| drain.returned.is_none());
        let unknown = unknown.map(|drain| drain.called.ordinal).min();
        let (mut lost, mut next) = (Vec::new(), 0);
        for place in missing {
            let due = self.enqueues[*place as usize].due.unwrap_or(u64::MAX);
            if unknown.is_some_and(|called| called < due) {
                continue;
            }
            match self.unanswered.get(next) {
                Some(called) if *called < due => next += 1,
                Some(_) | None => lost.push(*place),
            }
        }
        let excused = (missing.len() - lost.len()) as u64;
        lost.sort_unstable();
        (lost, excused)
    }

    /// The answer where nothing is broken for certain.
    fn verdict(&self, excused: u64) -> Verdict {
        let taken = match (excused, self.unanswered.len()) {
            (0, _) => {
                let why = "no message came out that had been enqueued";
                return Verdict::holds_if_covered(self.kept(), why);
            }
            (_, 0) => "a drain whose answer was lost".to_owned(),
            (_, unanswered) => format!("{unanswered} dequeues whose answers were lost"),
        };
        Verdict::Unknown(format!(
            "{excused} messages did not come out, and {taken} may have taken them"
        ))
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for enqueue in &self.enqueues {
            counts.attempted += 1;
            counts.acknowledged += u64::from(enqueue.is_known);
            counts.unknown += u64::from(!enqueue.is_known);
            counts.recovered += u64::from(!enqueue.is_known && enqueue.is_out);
        }
        for message in &self.messages {
            counts.read += u64::from(!message.dequeues.is_empty());
            counts.phantom += u64::from(message.unexpected > 0);
            counts.duplicated += message.duplicated;
        }
        counts
    }

    /// How many messages were enqueued for certain and came out.
    fn kept(&self) -> u64 {
        let is_kept = |message: &&Message| {
            !message.enqueues.is_empty() && message.dequeues.len() as u64 > message.unexpected
        };
        self.messages.iter().filter(is_kept).count() as u64
    }

    /// Where lost messages lie among what the same process enqueued and what came out.
    fn place_lost(&self, lost: &[u32], counts: &mut Counts) {
        let mut producers: BTreeMap<u64, Vec<(u64, u32)>> = BTreeMap::new();
        for (place, enqueue) in (0..).zip(&self.enqueues) {
            if enqueue.is_known {
                producers.entry(enqueue.process).or_default().push((enqueue.called, place));
            }
        }
        counts.lost = lost.len() as u64;
        for sent in producers.values_mut() {
            sent.sort_unstable();
            let came = |(_, place): &(u64, u32)| self.enqueues[*place as usize].is_out;
            let first = sent.iter().position(came).unwrap_or(0);
            let last = sent.iter().rposition(came).unwrap_or(0);
            for (turn, (_, place)) in sent.iter().enumerate() {
                if lost.binary_search(place).is_ok() {
                    *match turn {
                        turn if turn < first => &mut counts.lost_head,
                        turn if turn > last => &mut counts.lost_tail,
                        _ => &mut counts.lost_middle,
                    } += 1;
                }
            }
        }
    }
}

/// By when drains must have brought what was in the queue.
struct Dues {
    /// When a drain was asked, and the earliest end of it and all that were asked later.
    ends: Vec<(u64, u64)>,
}

impl Dues {
    fn of(drains: &[Drain]) -> Dues {
        let known = drains.iter().filter_map(|it| Some((it.called.ordinal, it.returned?.ordinal)));
        let mut ends: Vec<(u64, u64)> = known.collect();
        ends.sort_unstable();
        let mut earliest = u64::MAX;
        for (_, end) in ends.iter_mut().rev() {
            earliest = earliest.min(*end);
            *end = earliest;
        }
        Dues { ends }
    }

    /// By when something must have come out that was in the queue from this moment on.
    fn after(&self, since: u64) -> Option<u64> {
        let place = self.ends.partition_point(|(called, _)| *called <= since);
        self.ends.get(place).map(|(_, end)| *end)
    }
}

/// What happened to one message.
fn lines(operations: &[Operation<Queue>], message: u64, name: &dyn Fn(u64) -> String) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for Operation { process, called, returned, deed } in operations {
        match deed {
            Queue::Enqueue(value) if *value == message => {
                let text = format!("process {process} asked to enqueue {}", name(message));
                lines.push(line(*called, text));
                let text = format!("process {process} was told that {} is in", name(message));
                lines.extend(returned.map(|at| line(at, text)));
            }
            Queue::Dequeue(Taken::Value(value)) if *value == message => {
                let text = format!("process {process} dequeued {}", name(message));
                lines.push(line(returned.unwrap_or(*called), text));
            }
            Queue::Enqueue(_) | Queue::Dequeue(_) => {}
        }
    }
    lines.sort_by_key(|line| line.ordinal);
    lines.truncate(12);
    lines
}

#[cfg(test)]
mod tests;
