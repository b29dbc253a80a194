//! **porcupine**: an independent second opinion on short histories, by the search of Wing & Gong with
//! Lowe's cache, as the crate `porcupine-rs` does it (checkers.md 3).
//!
//! It shares no thought with `linearizable_log`: it knows no windows, only a log and the orders of
//! calls. What the crate gets wrong is kept away from it (`second_opinion`): every pending call is
//! given an end beyond all others, steps are counted inside the model's step, its own timeout is
//! never used. Partitions are asked one after another. `finish` starts one thread and must be called outside a simulation's runtime. What is too long for it is
//! `Unknown`, so a plan names it only where histories are short.

use crate::{
    checker::{Checker, Event, Shared, Topic},
    history::{Ask, Call, MessageId, Offset, Outcome, Partition, ReadLevel, Record, Reply, Stamp},
    linearizability::second_opinion::{self, Opinion, ordinal},
    verdict::{Evidence, Verdict},
};
use porcupine_rs::{Model, Operation};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// Operations of one partition that are still worth a search.
const OPERATIONS_MAX: usize = 2_000;
/// Pending appends of one partition: each doubles the search.
const PENDING_MAX: usize = 8;
/// Steps of the model for one partition.
const STEPS_MAX: u64 = 2_000_000;

/// What one operation asks of the log.
#[derive(Clone, Debug)]
enum Deed {
    Append { message: MessageId, offset: Option<Offset> },
    Read { from: Offset, records: Vec<Record>, end: Offset, is_exact: bool },
}

/// One operation of one partition.
#[derive(Clone, Debug)]
struct Step {
    client: u32,
    called: Stamp,
    returned: Option<Stamp>,
    deed: Deed,
}

/// An append of which nobody knows yet whether it happened.
#[derive(Clone, Debug)]
struct Open {
    client: u32,
    called: Stamp,
    messages: Vec<MessageId>,
}

/// The operations of one partition, as long as they are few.
#[derive(Debug, Default)]
struct Short {
    steps: Vec<Step>,
    open: BTreeMap<u64, Open>,
    is_too_long: bool,
    /// A message whose producer may append it more than once.
    repeatable: BTreeSet<MessageId>,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct Porcupine {
    partitions: BTreeMap<Partition, Short>,
    /// Somebody polled or sent by a transaction, and the model knows neither.
    has_strangers: bool,
}

impl Checker for Porcupine {
    fn name(&self) -> &'static str {
        "porcupine"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn observe(&mut self, _at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Called(call) => {
                self.has_strangers |= matches!(call.ask, Ask::Poll | Ask::Transact { .. });
                let Some(partition) = call.ask.partition() else { return };
                let short = self.partitions.entry(partition).or_default();
                let Ask::Produce { messages, .. } = call.ask else { return };
                if !short.is_too_long {
                    let (client, called) = (call.client, call.called);
                    let open = Open { client, called, messages: messages.clone() };
                    short.repeatable.extend(messages);
                    short.open.insert(call.id, open);
                }
            }
            Event::Numbered(call, _) => {
                let Some(short) = call.ask.partition().and_then(|p| self.partitions.get_mut(&p))
                else {
                    return;
                };
                if let Some(open) = short.open.get(&call.id) {
                    short.repeatable.retain(|id| !open.messages.contains(id));
                }
            }
            Event::Returned(call) => {
                let Some(partition) = call.partition() else { return };
                let short = self.partitions.entry(partition).or_default();
                if !short.is_too_long {
                    short.note_return(call);
                }
            }
            Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        if self.has_strangers {
            return Verdict::Unknown("its model knows no polls and no transactions".to_owned());
        }
        let mut verdict: Option<Verdict> = None;
        for (partition, short) in self.partitions {
            let next = short.judge(partition);
            verdict = Some(match verdict {
                Some(verdict) => verdict.and(next),
                None => next,
            });
        }
        let vacuous = || Verdict::Unknown("vacuous: no append and no read succeeded".to_owned());
        verdict.unwrap_or_else(vacuous)
    }
}

impl Short {
    fn note_return(&mut self, call: &Call) {
        let (client, called, returned) = (call.client, call.called, call.returned);
        match (&call.ask, &call.outcome) {
            (
                Ask::Produce { messages, acks, .. },
                Outcome::Ok(Reply::Produced { first: Some(first) }),
            ) if acks.is_durable() => {
                self.open.remove(&call.id);
                for (offset, message) in (*first..).zip(messages) {
                    let deed = Deed::Append { message: *message, offset: Some(offset) };
                    self.steps.push(Step { client, called, returned, deed });
                }
            }
            (Ask::Produce { messages, .. }, Outcome::Refused(_)) => {
                self.open.remove(&call.id);
                self.repeatable.retain(|id| !messages.contains(id));
            }
            // It may have happened, and stays open.
            (Ask::Produce { .. }, Outcome::Ok(_) | Outcome::Unknown(_)) => {}
            (Ask::Fetch { from, level, .. }, Outcome::Ok(Reply::Fetched { records, end })) => {
                let is_exact = *level == ReadLevel::Linearizable;
                let (from, end, records) = (*from, *end, records.clone());
                let deed = Deed::Read { from, records, end, is_exact };
                self.steps.push(Step { client, called, returned, deed });
            }
            (_, Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_)) => {}
        }
        if self.steps.len() > OPERATIONS_MAX {
            *self = Short { is_too_long: true, ..Short::default() };
        }
    }

    fn judge(mut self, partition: Partition) -> Verdict {
        if self.is_too_long {
            return Verdict::Unknown(format!(
                "partition {partition} is too long for a search (over {OPERATIONS_MAX} operations)"
            ));
        }
        let owed = self.steps.len() as u64;
        for call in std::mem::take(&mut self.open).into_values() {
            let Open { client, called, messages } = call;
            for message in messages {
                let deed = Deed::Append { message, offset: None };
                self.steps.push(Step { client, called, returned: None, deed });
            }
        }
        let pending = self.steps.len() as u64 - owed;
        if pending > PENDING_MAX as u64 {
            return Verdict::Unknown(format!(
                "partition {partition} has too many open appends for a search ({pending})"
            ));
        }
        if let Some(message) = self.repeated() {
            return Verdict::Unknown(format!(
                "m{message} stands twice in partition {partition}, as its producer may do, and \
                 this model knows every message once"
            ));
        }
        match search(std::mem::take(&mut self.steps)) {
            Opinion::Linearizable => Verdict::holds_if_covered(owed, "no operation succeeded"),
            Opinion::Impossible if !self.repeatable.is_empty() => Verdict::Unknown(format!(
                "partition {partition} has no order of single appends, and some of its producers \
                 are not idempotent, so that a retry may stand where nobody looked"
            )),
            Opinion::Impossible => Verdict::Violated(Box::new(Evidence {
                summary: format!(
                    "no order of the {owed} operations of partition {partition} explains them as \
                     one log (and {pending} open appends)"
                ),
                partition: Some(partition),
                count: 1,
                ..Evidence::default()
            })),
            Opinion::Unknown(why) => Verdict::Unknown(format!("partition {partition}: {why}")),
        }
    }

    /// A message of a producer that is not idempotent, read at two offsets.
    fn repeated(&self) -> Option<MessageId> {
        let mut offsets: BTreeMap<MessageId, Offset> = BTreeMap::new();
        let seen = self.steps.iter().flat_map(|step| match &step.deed {
            Deed::Append { message, offset: Some(offset) } => vec![(*message, *offset)],
            Deed::Append { offset: None, .. } => Vec::new(),
            Deed::Read { records, .. } => {
                records.iter().map(|record| (record.message, record.offset)).collect()
            }
        });
        for (message, offset) in seen.filter(|(message, _)| self.repeatable.contains(message)) {
            if *offsets.entry(message).or_insert(offset) != offset {
                return Some(message);
            }
        }
        None
    }
}

fn search(steps: Vec<Step>) -> Opinion {
    let spent = Arc::new(AtomicU64::new(0));
    second_opinion::search::<LogModel>(operations(steps, &spent), &spent, STEPS_MAX)
}

fn operations(steps: Vec<Step>, budget: &Arc<AtomicU64>) -> Vec<Operation<LogModel>> {
    let operations = steps.into_iter().map(|step| Operation {
        client_id: Some(step.client),
        call_time: ordinal(step.called),
        return_time: step.returned.map_or(i64::MAX, ordinal),
        op: Counted { deed: step.deed, budget: Arc::clone(budget) },
        metadata: None,
    });
    operations.collect()
}

/// A log with unique messages.
#[derive(Clone, Debug)]
struct LogModel;

/// A deed that counts how often it was tried: the model has no other place to count.
#[derive(Clone, Debug)]
struct Counted {
    deed: Deed,
    budget: Arc<AtomicU64>,
}

/// The log's messages. Once the budget is spent, `escape` makes every state a new one, so that the
/// search runs straight to its end instead of going back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Contents {
    messages: Vec<MessageId>,
    escape: u64,
}

impl Model for LogModel {
    type State = Contents;
    type Op = Counted;
    type Metadata = ();

    fn init() -> Contents {
        Contents::default()
    }

    fn step(log: &Contents, op: &Counted) -> (bool, Contents) {
        let steps = op.budget.fetch_add(1, Ordering::Relaxed);
        if steps >= STEPS_MAX {
            return (true, Contents { messages: Vec::new(), escape: steps });
        }
        let mut next = log.clone();
        let length = log.messages.len() as u64;
        let is_lawful = match &op.deed {
            Deed::Append { message, offset } => {
                next.messages.push(*message);
                offset.is_none_or(|offset| offset == length)
            }
            Deed::Read { from, records, end, is_exact } => {
                let is_end = if *is_exact { *end == length } else { *end <= length };
                let stands = |(expected, record): (Offset, &Record)| {
                    record.offset == expected
                        && record.offset < *end
                        && log.messages.get(record.offset as usize) == Some(&record.message)
                };
                is_end && (*from..).zip(records).all(stands)
            }
        };
        (is_lawful, next)
    }
}

#[cfg(test)]
mod tests {
    use super::OPERATIONS_MAX;
    use crate::testing::{evidence, holds, judge, unknown};

    #[test]
    fn calls_that_overlap_find_their_order_among_open_ones() {
        let verdict = judge(
            "porcupine",
            "c1 produce p1 m1 @1..5 ok offset=1
             c2 produce p1 m2 @2..4 ok offset=0
             c4 produce p1 m3 @2..4 unknown
             c4 produce p1 m4 leader @2..4 ok offset=0
             c3 fetch p1 from=0 @6..7 ok [0:m2 1:m1 2:m3] end=3",
        );
        assert_eq!(holds(&verdict), 3);
    }

    #[test]
    fn a_stale_read_has_no_order() {
        let history = "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=0
                       c2 produce p1 m9 producer=2/0/0 @1.. unknown
                       c2 fetch p1 from=0 @3..4 ok [] end=0";
        assert_eq!(evidence(judge("porcupine", history)).partition, Some(1));
    }

    #[test]
    fn what_is_too_long_or_too_open_has_no_answer() {
        let calls = |count: u32, rest: &str| -> String {
            (0..count).map(|m| format!("c1 produce p1 m{m} @{m}..{m}.5 {rest}\n")).collect()
        };
        let acked: String = (0..=OPERATIONS_MAX)
            .map(|m| format!("c1 produce p1 m{m} @{m}..{m}.5 ok offset={m}\n"))
            .collect();
        assert!(unknown(judge("porcupine", &acked)).contains("too long"));
        assert!(unknown(judge("porcupine", &calls(9, "unknown"))).contains("too many open"));
        assert!(unknown(judge("porcupine", &calls(0, ""))).starts_with("vacuous"));
        assert!(unknown(judge("porcupine", &calls(1, "unknown"))).starts_with("vacuous"));
    }

    /// Forty appends at once and a read that fits none of their orders: far past any budget.
    #[test]
    fn a_search_that_runs_out_of_steps_gives_up_and_never_says_illegal() {
        let mut history: String =
            (0..40).map(|m| format!("c{m} produce p1 m{m} @1..9 ok offset=40\n")).collect();
        history = history.replace("offset=40", "offset=7");
        let open: String = (50..58).map(|m| format!("c1 produce p1 m{m} @1.. unknown\n")).collect();
        let reads = "c9 fetch p1 from=0 @10..11 ok [0:m99] end=99\n";
        let why = unknown(judge("porcupine", &format!("{history}{open}{reads}")));
        assert!(why.contains("gave up"), "{why}");
    }

    #[test]
    fn a_message_that_may_stand_twice_is_beyond_its_model() {
        let history = |producer| {
            format!(
                "c1 produce p1 m1 {producer} @1..2 ok offset=0
                 c2 fetch p1 from=0 @3..4 ok [0:m1 1:m1] end=2"
            )
        };
        assert!(unknown(judge("porcupine", &history(""))).contains("m1 stands twice"));
        assert_eq!(evidence(judge("porcupine", &history("producer=1/0/0"))).count, 1);
    }
}
