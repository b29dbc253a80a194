//! What a call sends and what its answer shows, in the same words for produce calls, fetches, polls
//! and transactions: for laws that judge every simulated run and must do without the ledger.

use crate::history::{
    Acks, Ask, Call, Content, MessageId, Offset, Outcome, Partition, Polled, ReadLevel, Record,
    Reply, Step, StepReply,
};

/// Messages that a call sends to one partition, in order.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending<'a> {
    pub(crate) partition: Partition,
    pub(crate) messages: &'a [MessageId],
    /// What is in each, as its sender hashed it; empty where nobody did.
    pub(crate) contents: &'a [Content],
    pub(crate) acks: Acks,
    /// Sends of a transaction stand one by one, and its producer is always idempotent.
    pub(crate) is_transaction: bool,
}

/// One thing that an answer shows.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Told<'a> {
    /// These messages were acknowledged, the first of them at this offset if the client was told.
    Wrote(Sending<'a>, Option<Offset>),
    /// A fetch found these records, and the log's end.
    Fetched {
        partition: Partition,
        from: Offset,
        level: ReadLevel,
        records: &'a [Record],
        end: Offset,
    },
    /// A poll brought these records.
    Polled { partition: Partition, records: &'a [Record] },
}

/// Everything that the call sends, whatever becomes of it.
pub(crate) fn sends<'a>(ask: &'a Ask, mut each: impl FnMut(Sending<'a>)) {
    match ask {
        Ask::Produce { partition, messages, acks, contents } => each(Sending {
            partition: *partition,
            messages,
            contents: contents.as_slice(),
            acks: *acks,
            is_transaction: false,
        }),
        Ask::Transact { steps } => steps.iter().filter_map(sending).for_each(each),
        Ask::Fetch { .. }
        | Ask::Poll
        | Ask::Assign { .. }
        | Ask::Join { .. }
        | Ask::CommitOffsets { .. }
        | Ask::FetchOffsets { .. } => {}
    }
}

fn sending(step: &Step) -> Option<Sending<'_>> {
    match step {
        Step::Send { partition, message } => Some(Sending {
            partition: *partition,
            messages: std::slice::from_ref(message),
            contents: &[],
            acks: Acks::Quorum,
            is_transaction: true,
        }),
        Step::Poll => None,
    }
}

/// Everything that the answer shows, in the order of the call's steps; nothing unless it ended `Ok`.
pub(crate) fn told<'a>(call: &'a Call, mut each: impl FnMut(Told<'a>)) {
    let Outcome::Ok(reply) = &call.outcome else { return };
    match (&call.ask, reply) {
        (Ask::Produce { .. }, Reply::Produced { first }) => {
            sends(&call.ask, |sending| each(Told::Wrote(sending, *first)));
        }
        (Ask::Fetch { partition, from, level }, Reply::Fetched { records, end }) => {
            let (partition, from, level) = (*partition, *from, *level);
            each(Told::Fetched { partition, from, level, records, end: *end });
        }
        (Ask::Poll, Reply::Polled(polled)) => batches(polled, each),
        (Ask::Transact { steps }, Reply::Transacted { results }) => {
            for (step, result) in steps.iter().zip(results) {
                match (sending(step), result) {
                    (Some(sending), StepReply::Sent { offset }) => {
                        each(Told::Wrote(sending, *offset));
                    }
                    (_, StepReply::Polled(polled)) => batches(polled, &mut each),
                    (None, StepReply::Sent { .. }) => {}
                }
            }
        }
        // What tells of no message, and an answer to another question.
        (
            Ask::Produce { .. }
            | Ask::Fetch { .. }
            | Ask::Poll
            | Ask::Transact { .. }
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. },
            _,
        ) => {}
    }
}

fn batches<'a>(polled: &'a Polled, mut each: impl FnMut(Told<'a>)) {
    for batch in &polled.batches {
        each(Told::Polled { partition: batch.partition, records: &batch.records });
    }
}

/// Whatever the call polled, in order of its steps; nothing unless it ended `Ok`.
pub(crate) fn polls(call: &Call) -> impl Iterator<Item = &Polled> {
    let (one, many) = match &call.outcome {
        Outcome::Ok(Reply::Polled(polled)) => (Some(&**polled), &[][..]),
        Outcome::Ok(Reply::Transacted { results }) => (None, &results[..]),
        Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_) => (None, &[][..]),
    };
    let many = many.iter().filter_map(|result| match result {
        StepReply::Polled(polled) => Some(polled),
        StepReply::Sent { .. } => None,
    });
    one.into_iter().chain(many)
}

/// Whether the call polled and was shown nothing at all.
pub(crate) fn polled_nothing(call: &Call) -> bool {
    let mut polls = polls(call).peekable();
    let is_empty = |polled: &Polled| polled.batches.iter().all(|batch| batch.records.is_empty());
    polls.peek().is_some() && polls.all(is_empty)
}
