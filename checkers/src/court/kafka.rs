//! Logs with offsets, as Jepsen's and Maelstrom's Kafka workloads write them: `send`, `poll`, `txn`
//! of both, `assign` and `subscribe`. Every line becomes a call of our own history and is told to
//! the bench at once, so that a history of any length is held once, as what the judges keep of it.
//!
//! A value is unique in its key and may be sent to several keys; each such pair is a message of its
//! own. A value that is read from a key to which nobody ever sent it is taken for the message of
//! the key to which somebody did: it was read from the wrong partition.

use super::{
    Findings, Terms, client_judges,
    names::Names,
    sift,
    workload::{Answered, Heard, UnderWay, Workload},
};
use crate::{
    checker::{Bench, Event},
    contract::Contract,
    formats::value::Value,
    history::{
        Acks, Ask, Batch, Call, MessageId, Outcome, Partition, Polled, ReadLevel, Record, Reply,
        Step, StepReply,
    },
    intern::Interner,
};
use std::collections::BTreeMap;

/// Laws that ask for the corners of a run of ours: its heal, its drain, its end.
const RUNS_ONLY: [&str; 7] = [
    "leader_acks",
    "zero_loss",
    "trace_completeness",
    "liveness",
    "availability",
    "blast_radius",
    "porcupine",
];

/// The law of causes.
const CAUSES: &str = "causal_order";

/// A log's history, told to a bench as it is read.
pub(super) struct Kafka {
    bench: Bench,
    messages: Messages,
    /// Whether any poll must show the causes of what was seen.
    owes_causes: bool,
    terms: Vec<String>,
    open: UnderWay<Call>,
    calls: u64,
}

pub(super) fn workload(terms: &Terms<'_>) -> Box<dyn Workload> {
    let mut told = Vec::new();
    let contract = terms.contract(Contract::kafka(), &mut told);
    // What a poll owes to causes takes a third of all the time, and here no poll owes anything.
    let owes_causes = !contract.permits_causal_reversal || contract.poll == ReadLevel::Linearizable;
    let mut without = RUNS_ONLY.to_vec();
    without.extend((!owes_causes).then_some(CAUSES));
    let bench = Bench::under(contract, client_judges(&without));
    Box::new(Kafka {
        bench,
        messages: Messages::default(),
        owes_causes,
        terms: told,
        open: UnderWay::default(),
        calls: 0,
    })
}

impl Workload for Kafka {
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String> {
        let Some(ask) = self.asked(heard, names)? else { return Ok(()) };
        let client = u32::try_from(heard.process)
            .map_err(|_| format!("process {} is past {}", heard.process, u32::MAX))?;
        let call = Call {
            id: self.calls,
            client,
            ask,
            called: heard.at,
            numbered: None,
            returned: None,
            outcome: Outcome::Unknown("no answer".to_owned()),
        };
        self.calls += 1;
        self.bench.observe(heard.at, Event::Called(call.asked()));
        self.open.begin(heard, call);
        Ok(())
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<(), String> {
        let Some(mut call) = self.open.end(heard) else { return Ok(()) };
        call.outcome = match how {
            Answered::Ok => Outcome::Ok(self.replied(&call.ask, heard, names)?),
            Answered::Failed => Outcome::Refused("it failed".to_owned()),
            // What may have happened may happen later too: the call stays open.
            Answered::Unknown => return Ok(()),
        };
        call.returned = Some(heard.at);
        self.bench.observe(heard.at, Event::Returned(&call));
        Ok(())
    }

    fn judge(self: Box<Self>, _terms: &Terms<'_>, names: &Names) -> Result<Findings, String> {
        let (judgements, mut unexercised) = sift(self.bench.finish());
        unexercised.extend((!self.owes_causes).then(|| CAUSES.to_owned()));
        let (terms, objects) = (self.terms, names.partition_count());
        Ok(Findings { judgements, unexercised, counts: None, terms, objects })
    }
}

impl Kafka {
    /// What was asked; none for what judges do not look at.
    fn asked(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<Option<Ask>, String> {
        match heard.f {
            "assign" | "subscribe" => {
                let keys = heard.value.items();
                let partitions = keys.map(|key| partition(key, names)).collect();
                let is_managed = heard.f == "subscribe";
                Ok(Some(Ask::Assign { partitions, is_managed }))
            }
            "send" | "poll" | "txn" => {
                let mut steps = Vec::new();
                for step in heard.value.items() {
                    steps.push(self.step(step, names)?);
                }
                Ok(Some(match (&steps[..], heard.f) {
                    ([], _) => {
                        let value = heard.value;
                        return Err(format!("expected steps such as `[[:poll]]`, found `{value}`"));
                    }
                    ([Step::Poll], "poll" | "send") => Ask::Poll,
                    ([Step::Send { partition, message }], "send" | "poll") => {
                        Ask::produce(*partition, vec![*message], Acks::Quorum)
                    }
                    _ => Ask::Transact { steps },
                }))
            }
            "crash" | "debug-topic-partitions" | "debug" => Ok(None),
            other => Err(format!(
                "expected `send`, `poll`, `txn`, `assign` or `subscribe`, found operation `{other}`"
            )),
        }
    }

    fn step(&mut self, step: Value<'_>, names: &mut Names) -> Result<Step, String> {
        match step.item(0).as_str() {
            Some("poll") => Ok(Step::Poll),
            Some("send") if step.len().is_some_and(|len| len >= 3) => {
                let partition = partition(step.item(1), names);
                let value = step.item(2);
                // Some write what was asked for as what came back: an offset and the value.
                let value = if value.len() == Some(2) { value.item(1) } else { value };
                let message = self.messages.sent(partition, value, names);
                Ok(Step::Send { partition, message })
            }
            _ => Err(format!("expected `[:send key value]` or `[:poll]`, found `{step}`")),
        }
    }

    fn replied(
        &mut self,
        ask: &Ask,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<Reply, String> {
        let results = heard.value;
        match ask {
            Ask::Produce { .. } => Ok(Reply::Produced { first: offset(results.item(0))? }),
            Ask::Poll => Ok(Reply::Polled(Box::new(self.polled(results.item(0), heard, names)?))),
            Ask::Transact { steps } => {
                if results.len() != Some(steps.len()) {
                    return Err(format!("expected {} steps, found `{results}`", steps.len()));
                }
                let mut told = Vec::with_capacity(steps.len());
                for (step, result) in steps.iter().zip(results.items()) {
                    told.push(match step {
                        Step::Send { .. } => StepReply::Sent { offset: offset(result)? },
                        Step::Poll => StepReply::Polled(self.polled(result, heard, names)?),
                    });
                }
                Ok(Reply::Transacted { results: told })
            }
            Ask::Assign { .. }
            | Ask::Fetch { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => Ok(Reply::Assigned),
        }
    }

    /// `[:poll {key [[offset value] ...]}]`.
    fn polled(
        &mut self,
        step: Value<'_>,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<Polled, String> {
        let read = step.item(1);
        if step.item(0).as_str() != Some("poll") || !(read.is_map() || read.is_nil()) {
            return Err(format!("expected `[:poll {{key [[offset value]]}}]`, found `{step}`"));
        }
        let mut polled = Polled::default();
        for (key, pairs) in read.pairs() {
            let partition = partition(key, names);
            let mut records = Vec::with_capacity(pairs.len().unwrap_or_default());
            for pair in pairs.items() {
                let place = pair.item(0).as_int().and_then(|offset| u64::try_from(offset).ok());
                let Some(offset) = place.filter(|_| pair.len() == Some(2)) else {
                    return Err(format!("expected `[offset value]`, found `{pair}`"));
                };
                let message = self.messages.seen(partition, pair.item(1), names);
                records.push(Record::new(offset, message));
            }
            polled.batches.push(Batch { partition, records });
        }
        for entry in heard.extra.get("rebalance-log").items() {
            polled.rebalanced.extend(entry.get("keys").items().map(|key| partition(key, names)));
        }
        Ok(polled)
    }
}

/// Maelstrom writes keys as texts; `"7"` and `7` are one key.
fn partition(key: Value<'_>, names: &mut Names) -> Partition {
    let number = match key.as_str().map(str::parse::<u64>) {
        Some(Ok(number)) => number,
        Some(Err(_)) | None => names.number(key),
    };
    names.partition(number)
}

/// The offset in what came back of a send: `[:send key [offset value]]`, if it is told at all.
fn offset(step: Value<'_>) -> Result<Option<u64>, String> {
    let told = step.item(2);
    if told.len() != Some(2) || told.item(0).is_nil() {
        return Ok(None);
    }
    match told.item(0).as_int().map(u64::try_from) {
        Some(Ok(offset)) => Ok(Some(offset)),
        Some(Err(_)) | None => Err(format!("expected an offset, found `{}`", told.item(0))),
    }
}

/// Messages by partition and value.
#[derive(Debug, Default)]
struct Messages {
    values: Interner,
    /// By value: the partition that it was first met in. There the value is the message's number.
    homes: Vec<Partition>,
    /// Values that were sent to further partitions.
    others: BTreeMap<(Partition, u64), MessageId>,
}

impl Messages {
    /// The message that is sent here with this value.
    fn sent(&mut self, partition: Partition, value: Value<'_>, names: &mut Names) -> MessageId {
        let number = names.number(value);
        let (place, is_new) = self.values.intern(number);
        if is_new {
            self.homes.push(partition);
        }
        if self.homes[place as usize] == partition {
            return number;
        }
        let others = &mut self.others;
        *others.entry((partition, number)).or_insert_with(|| {
            names.named(&format!("{} (of partition {partition})", names.name(number)))
        })
    }

    /// The message that was read here with this value.
    fn seen(&mut self, partition: Partition, value: Value<'_>, names: &mut Names) -> MessageId {
        let number = names.number(value);
        match self.others.is_empty() {
            true => self.sent_or_strange(partition, number),
            false => match self.others.get(&(partition, number)) {
                Some(message) => *message,
                None => self.sent_or_strange(partition, number),
            },
        }
    }

    fn sent_or_strange(&mut self, partition: Partition, number: u64) -> MessageId {
        if self.values.intern(number).1 {
            self.homes.push(partition);
        }
        number
    }
}

impl std::fmt::Debug for Kafka {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Kafka").field("calls", &self.calls).finish_non_exhaustive()
    }
}
