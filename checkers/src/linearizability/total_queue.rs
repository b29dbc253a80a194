//! **total_queue**: a queue that promises no order: what was enqueued comes out, once or at least
//! once, and nothing else does (Jepsen's `total-queue` and `queue` workloads; checkers.md 4.5).
//!
//! Every message is counted, whoever sent it how often:
//! - *lost*: more enqueues of it returned than dequeues brought it;
//! - *unexpected*: it came out and nobody asked to enqueue it;
//! - *duplicated*: it came out more often than it was asked for, where that is forbidden;
//! - *recovered*: it came out although its enqueue never returned, which is fine.
//!
//! A dequeue whose answer is not known may have taken one message. So if no more are missing than
//! such dequeues there are, no one can say; unless whatever was taken and not confirmed comes
//! again, as at-least-once delivery promises. Lost messages are split by what came out of what
//! the same process had enqueued: before all of that (*head*), after all of that (*tail*), or
//! between; a lost middle is a fault, a lost tail may be a drain that ended early.

use super::{
    Operation,
    objects::{Queue, Taken},
};
use crate::{
    breach::{Breach, line},
    history::Stamp,
    intern::Interner,
    run::{Counts, Drain},
    verdict::{Evidence, Line, Verdict},
};
use std::collections::BTreeMap;

/// What the queue promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// A message may come out more than once.
    pub permits_duplicates: bool,
    /// A message that was taken by a dequeue whose answer was lost comes out again.
    pub redelivers: bool,
    /// The history ends with a drain of the whole queue. Without one nothing is ever lost.
    pub is_drained: bool,
}

impl Default for Promise {
    /// What Jepsen's `total-queue` asks.
    fn default() -> Promise {
        Promise { permits_duplicates: true, redelivers: true, is_drained: true }
    }
}

/// One message, by its value.
#[derive(Clone, Copy, Debug, Default)]
struct Message {
    attempted: u64,
    acknowledged: u64,
    dequeued: u64,
}

impl Message {
    fn lost(&self) -> u64 {
        self.acknowledged.saturating_sub(self.dequeued)
    }

    fn duplicated(&self) -> u64 {
        if self.attempted == 0 { 0 } else { self.dequeued.saturating_sub(self.attempted) }
    }

    fn recovered(&self) -> u64 {
        self.dequeued.min(self.attempted).saturating_sub(self.acknowledged)
    }
}

/// Judges a queue as to what went in and what came out, whatever the order. `name` tells the file's
/// own name of a message.
pub fn judge(
    operations: &[Operation<Queue>],
    promise: Promise,
    name: &dyn Fn(u64) -> String,
) -> (Verdict, Counts) {
    let book = Book::of(operations);
    let mut counts = book.counts();
    let mut breaches = [Breach::default(), Breach::default(), Breach::default()];
    for (message, told) in book.named() {
        let evidence = |summary: String| Evidence {
            summary,
            lines: lines(operations, message, name),
            message: Some(message),
            ..Evidence::default()
        };
        let [lost, unexpected, duplicated] = &mut breaches;
        if told.attempted == 0 {
            unexpected.add(|| {
                let name = name(message);
                evidence(format!("unexpected: {name} was dequeued, and nobody enqueued it"))
            });
        }
        if told.lost() > 0 && promise.is_drained {
            lost.add_many(told.lost(), || {
                let name = name(message);
                evidence(format!(
                    "lost: {name} was enqueued, and nobody is known to have dequeued it"
                ))
            });
        }
        if told.duplicated() > 0 && !promise.permits_duplicates {
            duplicated.add_many(told.duplicated(), || {
                let (name, Message { attempted, dequeued, .. }) = (name(message), told);
                evidence(format!(
                    "duplicated: {name} was enqueued {attempted} times and came out {dequeued} times"
                ))
            });
        }
    }
    let (missing, unanswered) = (counts.lost, book.unanswered);
    let is_doubtful = !promise.redelivers && missing <= unanswered;
    let [lost, unexpected, duplicated] = breaches;
    let lost = if is_doubtful { Breach::default() } else { lost };
    counts.drain = if promise.is_drained && !is_doubtful { Drain::Fully } else { Drain::None };
    if is_doubtful || !promise.is_drained {
        (counts.lost, counts.lost_head, counts.lost_middle, counts.lost_tail) = (0, 0, 0, 0);
    } else {
        book.place_lost(operations, &mut counts);
    }
    let mut all = Breach::default();
    for breach in [lost, unexpected, duplicated] {
        let count = breach.count();
        if let Verdict::Violated(evidence) = breach.verdict_or(|| Verdict::Unknown(String::new())) {
            all.add_many(count, || *evidence);
        }
    }
    let kept = book.kept();
    let verdict = all.verdict_or(|| {
        if promise.is_drained && missing > 0 {
            return Verdict::Unknown(format!(
                "{missing} messages did not come out, and {unanswered} dequeues whose answers were \
                 lost may have taken them"
            ));
        }
        Verdict::holds_if_covered(kept, "no message came out that had been enqueued")
    });
    (verdict, counts)
}

/// Every message of a history.
#[derive(Default)]
struct Book {
    names: Interner,
    messages: Vec<Message>,
    /// Dequeues that may have taken something that no one knows.
    unanswered: u64,
}

impl Book {
    fn of(operations: &[Operation<Queue>]) -> Book {
        let mut book = Book::default();
        for operation in operations {
            match operation.deed {
                Queue::Enqueue(name) => {
                    let message = book.message(name);
                    message.attempted += 1;
                    message.acknowledged += u64::from(operation.returned.is_some());
                }
                Queue::Dequeue(Taken::Value(name)) => book.message(name).dequeued += 1,
                Queue::Dequeue(Taken::Unknown) => book.unanswered += 1,
                Queue::Dequeue(Taken::Empty) => {}
            }
        }
        book
    }

    fn message(&mut self, name: u64) -> &mut Message {
        let (number, is_new) = self.names.intern(name);
        if is_new {
            self.messages.push(Message::default());
        }
        &mut self.messages[number as usize]
    }

    fn named(&self) -> impl Iterator<Item = (u64, &Message)> + '_ {
        (0..).zip(&self.messages).map(|(number, message)| (self.names.id(number), message))
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for message in &self.messages {
            counts.attempted += message.attempted;
            counts.acknowledged += message.acknowledged;
            counts.unknown += message.attempted - message.acknowledged;
            counts.read += u64::from(message.dequeued > 0);
            counts.lost += message.lost();
            counts.recovered += message.recovered();
            counts.phantom += u64::from(message.attempted == 0);
            counts.duplicated += message.duplicated();
        }
        counts
    }

    /// How many messages were enqueued for certain and came out.
    fn kept(&self) -> u64 {
        let is_kept = |message: &&Message| message.attempted > 0 && message.dequeued > 0;
        self.messages.iter().filter(is_kept).count() as u64
    }

    /// Where lost messages lie among what the same process enqueued and what came out.
    fn place_lost(&self, operations: &[Operation<Queue>], counts: &mut Counts) {
        let mut producers: BTreeMap<u64, Vec<(Stamp, &Message)>> = BTreeMap::new();
        for operation in operations {
            if let Queue::Enqueue(name) = operation.deed
                && operation.returned.is_some()
                && let Some(number) = self.names.find(name)
            {
                let message = &self.messages[number as usize];
                producers.entry(operation.process).or_default().push((operation.called, message));
            }
        }
        for sent in producers.values_mut() {
            sent.sort_by_key(|(called, _)| *called);
            let came = |(_, message): &(Stamp, &Message)| message.dequeued > 0;
            let first = sent.iter().position(came).unwrap_or(0);
            let last = sent.iter().rposition(came).unwrap_or(0);
            for (place, (_, message)) in sent.iter().enumerate() {
                // A value that was enqueued several times is lost in as many places at most.
                let lost = u64::from(message.lost() > 0);
                match place {
                    place if place < first => counts.lost_head += lost,
                    place if place > last => counts.lost_tail += lost,
                    _ => counts.lost_middle += lost,
                }
            }
        }
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
mod tests {
    use super::*;
    use crate::testing::{evidence, holds, unknown};
    use Queue::{Dequeue, Enqueue};

    /// Each operation as (process, deed), one after the other; process 0 never comes back.
    fn told(deeds: &[(u64, Queue)], promise: Promise) -> (Verdict, Counts) {
        let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
        let operations: Vec<Operation<Queue>> = (0..)
            .step_by(2)
            .zip(deeds)
            .map(|(ordinal, (process, deed))| Operation {
                process: *process,
                called: at(ordinal),
                returned: (*process != 0).then_some(at(ordinal + 1)),
                deed: *deed,
            })
            .collect();
        judge(&operations, promise, &|message| format!("m{message}"))
    }

    fn took(value: u64) -> Queue {
        Dequeue(Taken::Value(value))
    }

    #[test]
    fn order_does_not_matter_and_what_never_returned_may_come_out() {
        let deeds = [(1, Enqueue(7)), (2, Enqueue(8)), (0, Enqueue(9)), (3, took(9)), (3, took(8))];
        let (verdict, counts) = told(&[&deeds[..], &[(3, took(7))]].concat(), Promise::default());
        assert_eq!(holds(&verdict), 3);
        assert_eq!((counts.attempted, counts.acknowledged, counts.recovered), (3, 2, 1));
    }

    #[test]
    fn a_message_that_never_comes_out_is_lost_where_it_lies() {
        let deeds: Vec<(u64, Queue)> = (1..=5).map(|value| (1, Enqueue(value))).collect();
        let (verdict, counts) =
            told(&[&deeds[..], &[(2, took(2)), (2, took(4))]].concat(), Promise::default());
        let evidence = evidence(verdict);
        let summary = "lost: m1 was enqueued, and nobody is known to have dequeued it";
        assert_eq!((evidence.summary.as_str(), evidence.count), (summary, 3));
        assert_eq!(evidence.lines.len(), 2);
        let Counts { lost, lost_head, lost_middle, lost_tail, .. } = counts;
        assert_eq!((lost, lost_head, lost_middle, lost_tail), (3, 1, 1, 1));
        let open = Promise { is_drained: false, ..Promise::default() };
        let deeds = [(1, Enqueue(1)), (1, Enqueue(2)), (2, took(1))];
        assert_eq!(holds(&told(&deeds, open).0), 1);
    }

    #[test]
    fn a_lost_answer_may_have_taken_a_message_unless_it_comes_again() {
        let deeds = [(1, Enqueue(7)), (1, Enqueue(8)), (2, took(8)), (0, Dequeue(Taken::Unknown))];
        let once = Promise { redelivers: false, permits_duplicates: false, ..Promise::default() };
        assert!(unknown(told(&deeds, once).0).starts_with("1 messages did not come out"));
        assert_eq!(told(&deeds, once).1.lost, 0);
        assert!(evidence(told(&deeds, Promise::default()).0).summary.starts_with("lost: m7"));
        let two = [&[(1, Enqueue(6))][..], &deeds[..]].concat();
        assert!(evidence(told(&two, once).0).summary.starts_with("lost: m6"));
    }

    #[test]
    fn nothing_comes_out_that_was_not_put_in_nor_more_often() {
        let (verdict, counts) =
            told(&[(1, Enqueue(7)), (2, took(7)), (2, took(9))], Promise::default());
        let summary = evidence(verdict).summary;
        assert_eq!(summary, "unexpected: m9 was dequeued, and nobody enqueued it");
        assert_eq!(counts.phantom, 1);
        let twice = [(1, Enqueue(7)), (2, took(7)), (2, took(7))];
        let (verdict, counts) = told(&twice, Promise::default());
        assert_eq!((holds(&verdict), counts.duplicated), (1, 1));
        let once = Promise { permits_duplicates: false, ..Promise::default() };
        let summary = evidence(told(&twice, once).0).summary;
        assert_eq!(summary, "duplicated: m7 was enqueued 1 times and came out 2 times");
    }

    #[test]
    fn if_nothing_came_out_no_one_can_say() {
        assert!(unknown(told(&[], Promise::default()).0).starts_with("vacuous"));
        assert!(unknown(told(&[(0, Enqueue(7))], Promise::default()).0).starts_with("vacuous"));
    }
}
