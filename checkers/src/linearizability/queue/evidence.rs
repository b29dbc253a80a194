//! The few operations that show a pattern, and the sentence that says so.
//!
//! They are a history of their own: with a value come all dequeues that may have taken it, so that
//! no order explains them whatever else there was.

use super::{
    super::{
        Answer, Impossible, Operation,
        brute::{self, specs},
        objects::Queue,
        timeline::{NEVER, Time},
    },
    Flaw, History,
    values::{Life, NOBODY},
};

impl History<'_> {
    /// The answer that this flaw makes, confirmed.
    pub(super) fn show(&self, flaw: Flaw) -> Answer {
        let name = |value: u32| self.values.name(value);
        let (enqueue, dequeue) = (
            |value: u32| self.values.doers[value as usize].0,
            |value: u32| self.values.doers[value as usize].1,
        );
        let (rule, why, operations) = match flaw {
            Flaw::Phantom { value } => {
                let why = format!("{} was dequeued, and nobody enqueued it", name(value));
                ("phantom", why, vec![dequeue(value)])
            }
            Flaw::Future { value } => {
                let why = format!("{} was dequeued before its enqueue was called", name(value));
                ("future_read", why, vec![enqueue(value), dequeue(value)])
            }
            Flaw::Duplicate { value, again } => {
                let why = format!("{} was enqueued once and dequeued twice", name(value));
                ("duplicate", why, vec![enqueue(value), dequeue(value), again])
            }
            Flaw::Overtaken { early, late } => {
                let (first, second) = (name(early), name(late));
                let why = format!(
                    "{first} was in the queue before the enqueue of {second} was called, and the \
                     dequeue of {second} returned before that of {first} was called"
                );
                (
                    "fifo_order",
                    why,
                    vec![enqueue(early), dequeue(early), enqueue(late), dequeue(late)],
                )
            }
            Flaw::TooManyBefore { late } => self.too_many(late),
            Flaw::NotEmpty { operation } => self.not_empty(operation),
        };
        self.impossible(rule, why, operations)
    }

    /// More untaken values before `late` than dequeues that may have taken them.
    fn too_many(&self, late: u32) -> (&'static str, String, Vec<u32>) {
        let Life { taken, .. } = self.values.lives[late as usize];
        let mut operations = self.takers_before(taken);
        let takers = operations.len();
        let before = self.values.untaken();
        let before = before.iter().map(|(_, value)| *value).take(takers + 1);
        let before: Vec<u32> = before.collect();
        let (enqueue, dequeue) = self.values.doers[late as usize];
        let (first, late) = (self.values.name(before[0]), self.values.name(late));
        let why = if takers == 0 {
            format!(
                "{first} was in the queue before the enqueue of {late} was called, {late} was \
                 dequeued, and {first} never was"
            )
        } else {
            format!(
                "{} values from {first} on were in the queue before the enqueue of {late} was \
                 called and nobody is known to have dequeued them; when the dequeue of {late} \
                 returned only {takers} dequeues could have",
                before.len()
            )
        };
        operations.extend(before.iter().map(|value| self.values.doers[*value as usize].0));
        operations.extend([enqueue, dequeue]);
        ("fifo_order", why, operations)
    }

    /// Values that were in the queue, one or the other, while a dequeue found nothing.
    fn not_empty(&self, operation: u32) -> (&'static str, String, Vec<u32>) {
        let span = self.timeline.span(operation);
        let untaken = self.values.untaken();
        let takers = &self.values.takers;
        let is_taker_free = takers.first().is_none_or(|taker| taker.0 > span.returned);
        let mut stays: Vec<(Time, Time, u32)> = (0..)
            .zip(&self.values.lives)
            .filter(|(_, life)| life.enqueued < life.taking && life.enqueued < span.returned)
            .filter(|(_, life)| life.taking > span.called && (life.is_taken() || is_taker_free))
            .map(|(value, life)| (life.enqueued, life.taking, value))
            .collect();
        stays.sort_unstable();
        let (mut cover, mut seen, mut furthest) = (Vec::new(), 0, None);
        let (mut at, mut is_crowded) = (span.called, false);
        while at < span.returned {
            while let Some(stay) = stays.get(seen).filter(|stay| stay.0 <= at) {
                furthest = furthest.max(Some((stay.1, stay.2)));
                seen += 1;
            }
            let inside = untaken.partition_point(|untaken| untaken.0 <= at);
            let takers_by = takers.partition_point(|taker| taker.0 <= at);
            match furthest.filter(|(taking, _)| *taking > at) {
                Some((taking, value)) => {
                    cover.push(value);
                    at = taking;
                }
                None => {
                    assert!(inside > takers_by, "nothing is in the queue at {at}");
                    (is_crowded, at) = (true, at + 1);
                }
            }
        }
        let mut operations = vec![operation];
        for value in &cover {
            let (enqueue, dequeue) = self.values.doers[*value as usize];
            operations.push(enqueue);
            // What is called only after the empty one returned does not matter to it.
            let is_late = self.values.lives[*value as usize].taking > span.returned;
            if dequeue != NOBODY && (is_crowded || !is_late) {
                operations.push(dequeue);
            }
        }
        if is_crowded {
            let ends = operations.iter().map(|one| self.timeline.span(*one).returned);
            let takers = self.takers_before(ends.filter(|end| *end != NEVER).max().unwrap_or(0));
            let inside = untaken.iter().map(|(_, value)| self.values.doers[*value as usize].0);
            operations.extend(inside.take(takers.len() + 1));
            operations.extend(takers);
        }
        let names: Vec<String> =
            cover.iter().take(4).map(|value| self.values.name(*value).to_string()).collect();
        let what = match (names.is_empty(), is_crowded, cover.len()) {
            (true, ..) => "more values than anyone can have taken were in it".to_owned(),
            (false, true, _) => format!(
                "{}, or more values than anyone can have taken, were in it",
                names.join(" or ")
            ),
            (false, false, 0..=4) => format!("{} was in it", names.join(" or ")),
            (false, false, all) => {
                format!("{} or one of {} others was in it", names.join(", "), all - names.len())
            }
        };
        let why = format!("a dequeue found the queue empty, and all that time {what}");
        ("not_empty", why, operations)
    }

    fn takers_before(&self, time: Time) -> Vec<u32> {
        let takers = &self.values.takers;
        let before = takers.partition_point(|taker| taker.0 < time);
        takers[..before].iter().map(|taker| taker.1).collect()
    }

    fn impossible(&self, rule: &'static str, why: String, mut operations: Vec<u32>) -> Answer {
        operations.sort_unstable_by_key(|operation| self.timeline.span(*operation).called);
        operations.dedup();
        let operations: Vec<usize> =
            operations.iter().map(|operation| *operation as usize).collect();
        let told: Vec<Operation<Queue>> =
            operations.iter().map(|operation| self.operations[*operation]).collect();
        let why = format!("{rule}: {why}");
        brute::impossible(&specs::Queue, &told, Impossible { rule, why, operations })
    }
}
