//! Linearizability of a log by definition: try every order. And histories that are worth trying.

use crate::{
    Acks, Ask, Batch, Call, History, MessageId, Numbered, Offset, Outcome, Polled, ReadLevel,
    Record, Reply, Sequence, Stamp, Step as Part, StepReply,
};
use proptest::prelude::*;

/// One thing that must, or may, take effect at one moment of its interval.
struct Step {
    called: u64,
    returned: u64,
    is_owed: bool,
    what: What,
}

enum What {
    Append(MessageId, Option<Offset>),
    Read { from: Offset, records: Vec<Record>, end: Offset, is_exact: bool },
    Poll(Vec<Record>),
}

/// Whether some order of all steps explains the history.
pub(super) fn is_linearizable(history: &History) -> bool {
    let mut steps = Vec::new();
    for call in &history.calls {
        let called = call.called.ordinal;
        let returned = call.returned.map_or(u64::MAX, |at| at.ordinal);
        match (&call.ask, &call.outcome) {
            (_, Outcome::Refused(_)) => {}
            (Ask::Produce { messages, acks, .. }, outcome) => {
                let first = match outcome {
                    Outcome::Ok(Reply::Produced { first }) if acks.is_durable() => *first,
                    Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_) => None,
                };
                let is_owed = first.is_some();
                let returned = if is_owed { returned } else { u64::MAX };
                for (position, message) in (0..).zip(messages) {
                    let what = What::Append(*message, first.map(|first| first + position));
                    steps.push(Step { called, returned, is_owed, what });
                }
            }
            (Ask::Fetch { from, level, .. }, Outcome::Ok(Reply::Fetched { records, end })) => {
                let is_exact = *level == ReadLevel::Linearizable && !may_be_held(history, call);
                let what =
                    What::Read { from: *from, records: records.clone(), end: *end, is_exact };
                steps.push(Step { called, returned, is_owed: true, what });
            }
            (Ask::Poll, Outcome::Ok(Reply::Polled(polled))) => {
                let records = polled.batches.iter().flat_map(|batch| batch.records.clone());
                let what = What::Poll(records.collect());
                steps.push(Step { called, returned, is_owed: true, what });
            }
            // A transaction's sends are appended one by one, somewhere in its time.
            (Ask::Transact { steps: parts }, outcome) => {
                let results = match outcome {
                    Outcome::Ok(Reply::Transacted { results }) => Some(results),
                    Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_) => None,
                };
                let is_owed = results.is_some();
                let returned = if is_owed { returned } else { u64::MAX };
                for (place, part) in parts.iter().enumerate() {
                    let Part::Send { message, .. } = part else { continue };
                    let offset = match results.map(|results| &results[place]) {
                        Some(StepReply::Sent { offset }) => *offset,
                        Some(StepReply::Polled(_)) | None => None,
                    };
                    let what = What::Append(*message, offset);
                    steps.push(Step { called, returned, is_owed, what });
                }
            }
            (_, Outcome::Unknown(_)) => {}
            (ask, Outcome::Ok(_)) => unreachable!("{ask:?} is not made here"),
        }
    }
    search(&steps, 0, &mut Vec::new())
}

/// Whether a transaction was open while the read ran: it may not see what stands above.
fn may_be_held(history: &History, read: &Call) -> bool {
    history.calls.iter().any(|call| {
        let is_over = !matches!(call.outcome, Outcome::Unknown(_))
            && call.returned.is_some_and(|returned| returned < read.called);
        let is_begun = read.returned.is_none_or(|returned| call.called < returned);
        matches!(call.ask, Ask::Transact { .. }) && is_begun && !is_over
    })
}

fn search(steps: &[Step], done: u64, log: &mut Vec<MessageId>) -> bool {
    let is_open = |number: usize| done & (1 << number) == 0;
    if (0..steps.len()).all(|number| !is_open(number) || !steps[number].is_owed) {
        return true;
    }
    for (number, step) in steps.iter().enumerate().filter(|(number, _)| is_open(*number)) {
        let must_wait = (0..steps.len()).any(|other| {
            is_open(other) && steps[other].is_owed && steps[other].returned < step.called
        });
        if must_wait || !allows(&step.what, log) {
            continue;
        }
        let length = log.len();
        if let What::Append(message, _) = step.what {
            log.push(message);
        }
        let is_explained = search(steps, done | 1 << number, log);
        log.truncate(length);
        if is_explained {
            return true;
        }
    }
    false
}

fn allows(what: &What, log: &[MessageId]) -> bool {
    let length = log.len() as u64;
    match what {
        What::Append(_, offset) => offset.is_none_or(|offset| offset == length),
        What::Read { from, records, end, is_exact } => {
            let is_end = if *is_exact { *end == length } else { *end <= length };
            let stands = |(expected, record): (u64, &Record)| {
                record.offset == expected
                    && record.offset < *end
                    && log.get(record.offset as usize) == Some(&record.message)
            };
            is_end && (*from..).zip(records).all(stands)
        }
        What::Poll(records) => {
            records.iter().all(|record| log.get(record.offset as usize) == Some(&record.message))
        }
    }
}

/// One client's next step in a random run: how long it waits, how long the call takes, when in
/// between it takes effect, what it does, and how it may be spoilt.
type Dice = (u64, u64, u64, u8, u8, u64);

/// Random runs of three clients on a true log, with calls that are given up, weak levels, stale
/// reads, and now and then a lie in an answer.
pub(super) fn history() -> impl Strategy<Value = History> {
    let dice = (0u64..4, 1u64..12, 0u64..12, 0u8..12, 0u8..12, 0u64..4);
    prop::collection::vec((0u32..3, dice), 2..10).prop_map(|steps| run(&steps))
}

struct Planned {
    client: u32,
    called: u64,
    effect: u64,
    returned: u64,
    dice: Dice,
}

fn run(steps: &[(u32, Dice)]) -> History {
    let mut clocks = [0u64; 3];
    let mut planned: Vec<Planned> = Vec::new();
    for (client, dice) in steps {
        let clock = &mut clocks[*client as usize];
        let called = *clock + dice.0;
        let returned = called + dice.1;
        let effect = called + dice.2.min(dice.1);
        *clock = returned + 1;
        planned.push(Planned { client: *client, called, effect, returned, dice: *dice });
    }
    planned.sort_by_key(|plan| plan.effect);
    let mut log: Vec<MessageId> = Vec::new();
    let mut calls: Vec<Call> = Vec::new();
    for (message, plan) in (1..).zip(&planned) {
        calls.push(act(plan, message * 10, &mut log));
    }
    order(calls)
}

fn act(plan: &Planned, message: MessageId, log: &mut Vec<MessageId>) -> Call {
    let (_, _, _, kind, lie, extent) = plan.dice;
    let length = log.len() as u64;
    let (ask, outcome) = if kind < 7 {
        let messages: Vec<MessageId> =
            if extent == 3 { vec![message, message + 1] } else { vec![message] };
        let acks = if kind == 0 { Acks::Leader } else { Acks::Quorum };
        let is_lost = (kind == 0 || kind == 1) && extent == 0;
        if !is_lost {
            log.extend(&messages);
        }
        let first = match lie {
            0 => length + 1,
            1 => length.saturating_sub(1),
            _ => length,
        };
        let outcome = match (kind, lie) {
            (1 | 2, _) | (6, 8..10) => Outcome::Unknown(String::new()),
            (3, 0..4) | (6, 10) => Outcome::Refused(String::new()),
            _ => Outcome::Ok(Reply::Produced { first: Some(first) }),
        };
        if kind >= 5 {
            return transaction(plan, &messages, outcome);
        }
        (Ask::produce(1, messages, acks), outcome)
    } else {
        let level = if kind < 9 { ReadLevel::Eventual } else { ReadLevel::Linearizable };
        let stale = if kind < 9 || lie < 4 { extent.min(length) } else { 0 };
        let end = length - stale;
        let from = if lie == 5 { 1 } else { 0 };
        let cut = if lie == 6 { end / 2 } else { end };
        let mut records: Vec<Record> =
            (from..cut).map(|offset| Record::new(offset, log[offset as usize])).collect();
        if lie == 7 && records.len() > 1 {
            let (first, second) = (records[0].message, records[1].message);
            (records[0].message, records[1].message) = (second, first);
        }
        if kind == 7 {
            let polled =
                Polled { batches: vec![Batch { partition: 1, records }], ..Polled::default() };
            (Ask::Poll, Outcome::Ok(Reply::Polled(Box::new(polled))))
        } else {
            (Ask::Fetch { partition: 1, from, level }, Outcome::Ok(Reply::Fetched { records, end }))
        }
    };
    called(plan, ask, outcome)
}

/// The same appends as a transaction.
fn transaction(plan: &Planned, messages: &[MessageId], outcome: Outcome) -> Call {
    let sends = messages.iter().map(|message| Part::Send { partition: 1, message: *message });
    let outcome = if let Outcome::Ok(Reply::Produced { first }) = outcome {
        let sent = |place| StepReply::Sent { offset: first.map(|first| first + place) };
        let results = (0..messages.len() as u64).map(sent).collect();
        Outcome::Ok(Reply::Transacted { results })
    } else {
        outcome
    };
    called(plan, Ask::Transact { steps: sends.collect() }, outcome)
}

fn called(plan: &Planned, ask: Ask, outcome: Outcome) -> Call {
    let lie = plan.dice.4;
    let is_pending = matches!(outcome, Outcome::Unknown(_)) && lie.is_multiple_of(2);
    let stamp = |at_ns| Stamp { ordinal: 0, at_ns };
    let returned = (!is_pending).then_some(stamp(plan.returned));
    let called = stamp(plan.called);
    // Every producer is idempotent, and has one call.
    let numbered = if let Ask::Produce { messages, .. } = &ask {
        let sequence = Sequence { producer: messages[0], epoch: 0, sequence: 0 };
        Some(Numbered { at: called, sequence })
    } else {
        None
    };
    Call { id: 0, client: plan.client, ask, called, numbered, returned, outcome }
}

/// Ordinals by time; at equal times calls come first.
fn order(mut calls: Vec<Call>) -> History {
    let mut moments = Vec::new();
    for (position, call) in calls.iter().enumerate() {
        moments.push((call.called.at_ns, 0, position));
        moments.extend(call.numbered.map(|numbered| (numbered.at.at_ns, 1, position)));
        moments.extend(call.returned.map(|returned| (returned.at_ns, 2, position)));
    }
    moments.sort_unstable();
    for (ordinal, (at_ns, kind, position)) in (0..).zip(moments) {
        let stamp = Stamp { ordinal, at_ns };
        let call = &mut calls[position];
        match kind {
            0 => call.called = stamp,
            1 => call.numbered = call.numbered.map(|own| Numbered { at: stamp, ..own }),
            _ => call.returned = Some(stamp),
        }
    }
    calls.sort_by_key(|call| call.called.ordinal);
    (0..).zip(&mut calls).for_each(|(id, call)| call.id = id);
    History { calls, ..History::default() }
}
