//! Queues, first in first out: `enqueue` and `dequeue`, or `enq` and `deq`.

use super::{Dialect, Objects, unknown};
use crate::{
    court::{Terms, names::Names, workload::Workload},
    formats::value::Value,
    linearizability::{
        Answer, Operation, engine, models,
        objects::{Queue, Taken},
        queue, sources,
    },
};

/// `enqueue` and `dequeue`, first in first out.
pub(in crate::court) fn queues() -> Box<dyn Workload> {
    Box::new(Objects::of(Queues))
}

/// `enqueue` and `dequeue`, first in first out.
struct Queues;

impl Dialect for Queues {
    type Deed = Queue;

    fn judge_name(&self) -> &'static str {
        "linearizable_queue"
    }

    fn ask(&self, f: &str, value: Value<'_>, names: &mut Names) -> Result<Queue, String> {
        match f {
            "enqueue" | "enq" => Ok(Queue::Enqueue(names.number(value))),
            "dequeue" | "deq" => Ok(Queue::Dequeue(Taken::Unknown)),
            other => Err(unknown(other, "`enqueue` or `dequeue`")),
        }
    }

    fn answer(
        &self,
        deed: &mut Queue,
        value: Value<'_>,
        names: &mut Names,
    ) -> Result<bool, String> {
        if let Queue::Dequeue(taken) = deed {
            *taken = match value.is_nil() {
                true => Taken::Empty,
                false => Taken::Value(names.number(value)),
            };
        }
        Ok(true)
    }

    fn fail(&self, deed: &mut Queue, _reason: Value<'_>) -> bool {
        // Jepsen's clients say of an empty queue that the dequeue failed, and of much else too.
        match deed {
            Queue::Enqueue(_) | Queue::Dequeue(_) => false,
        }
    }

    fn may_matter(&self, _deed: &Queue) -> bool {
        true
    }

    fn tell(&self, deed: &Queue, names: &Names) -> (String, String) {
        match deed {
            Queue::Enqueue(value) => {
                (format!("enqueue {}", names.name(*value)), "it was enqueued".to_owned())
            }
            Queue::Dequeue(taken) => {
                let told = match taken {
                    Taken::Value(value) => format!("took {}", names.name(*value)),
                    Taken::Empty => "found the queue empty".to_owned(),
                    Taken::Unknown => "had an answer that got lost".to_owned(),
                };
                ("dequeue".to_owned(), told)
            }
        }
    }

    fn judge(&self, operations: &[Operation<Queue>], terms: &Terms<'_>) -> Answer {
        match queue::check(operations) {
            Answer::Exhausted(_) => {
                let search =
                    || engine::check(&models::Queue::default(), operations, terms.budget());
                sources::of_queue(operations).unwrap_or_else(search)
            }
            answer @ (Answer::Linearizable(_) | Answer::Impossible(_)) => answer,
        }
    }

    fn terms(&self, _terms: &Terms<'_>) -> Vec<String> {
        Vec::new()
    }
}
