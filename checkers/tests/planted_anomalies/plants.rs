//! What can go wrong with a log, one thing at a time, done to an honest history. Each answers whether
//! it found a place for it. The file is long because there are so many kinds; each is a few lines, and
//! they are best read side by side.

use super::world::Dice;
use checkers::{
    Ask, Batch, Call, History, MessageId, Offset, Outcome, Partition, Polled, Record, Reply, Stamp,
    Step, StepReply,
};
use std::collections::{BTreeMap, BTreeSet};

/// One thing that goes wrong.
pub(super) type Plant = fn(&mut Scene) -> bool;

/// A history, and what is true of it.
pub(super) struct Scene {
    pub(super) history: History,
    dice: Dice,
    /// By message: where it stands, the call that sent it, and everybody who was shown it there.
    sent: BTreeMap<MessageId, Sent>,
}

/// One message that was sent.
#[derive(Clone, Debug, Default)]
struct Sent {
    call: usize,
    partition: Partition,
    offset: Option<Offset>,
    is_acknowledged: bool,
    /// Alone in its call.
    is_single: bool,
    is_transaction: bool,
    /// Calls that showed it.
    readers: Vec<usize>,
}

impl Scene {
    pub(super) fn new(history: History, seed: u64) -> Scene {
        let mut sent: BTreeMap<MessageId, Sent> = BTreeMap::new();
        for (number, call) in history.calls.iter().enumerate() {
            let is_acknowledged = matches!(call.outcome, Outcome::Ok(_));
            let (messages, is_transaction): (Vec<(Partition, MessageId)>, bool) = match &call.ask {
                Ask::Produce { partition, messages, .. } => {
                    (messages.iter().map(|message| (*partition, *message)).collect(), false)
                }
                Ask::Transact { steps } => {
                    let sends = steps.iter().filter_map(|step| match step {
                        Step::Send { partition, message } => Some((*partition, *message)),
                        Step::Poll => None,
                    });
                    (sends.collect(), true)
                }
                Ask::Fetch { .. }
                | Ask::Poll
                | Ask::Assign { .. }
                | Ask::Join { .. }
                | Ask::CommitOffsets { .. }
                | Ask::FetchOffsets { .. } => continue,
            };
            let is_single = messages.len() == 1;
            for (partition, message) in messages {
                let known = Sent {
                    call: number,
                    partition,
                    is_acknowledged,
                    is_single,
                    is_transaction,
                    ..Sent::default()
                };
                sent.insert(message, known);
            }
        }
        let mut scene = Scene { history, dice: Dice::new(seed), sent };
        for number in 0..scene.history.calls.len() {
            let call = &mut scene.history.calls[number];
            for_each_record(call, |_, record| {
                if let Some(sent) = scene.sent.get_mut(&record.message) {
                    sent.offset = Some(record.offset);
                    sent.readers.push(number);
                }
            });
        }
        scene
    }

    /// A message at random of those that fit.
    fn message(&mut self, fits: impl Fn(&Scene, &Sent) -> bool) -> Option<(MessageId, Sent)> {
        let fitting: Vec<MessageId> = self
            .sent
            .iter()
            .filter(|(_, sent)| fits(self, sent))
            .map(|(message, _)| *message)
            .collect();
        let message = *fitting.get(self.dice.draw(fitting.len()))?;
        Some((message, self.sent[&message].clone()))
    }

    fn call_of(&self, sent: &Sent) -> &Call {
        &self.history.calls[sent.call]
    }

    /// The clients that were shown the message.
    fn clients(&self, sent: &Sent) -> Vec<u32> {
        let mut clients: Vec<u32> =
            sent.readers.iter().map(|call| self.history.calls[*call].client).collect();
        clients.sort_unstable();
        clients.dedup();
        clients
    }

    /// How many clients were shown it in the midst of a batch: those certainly come by without it.
    fn certain_clients(&self, message: MessageId, sent: &Sent) -> usize {
        let is_amid = |call: &&usize| {
            let mut call = self.history.calls[**call].clone();
            let mut is_amid = false;
            for_each_batch(&mut call, |batch| {
                let place = batch.records.iter().position(|record| record.message == message);
                is_amid |= place.is_some_and(|place| place > 0 && place + 1 < batch.records.len());
            });
            is_amid
        };
        let calls = sent.readers.iter().filter(is_amid);
        let clients: BTreeSet<u32> = calls.map(|call| self.history.calls[*call].client).collect();
        clients.len()
    }

    /// Whether something is shown above it in its partition.
    fn is_below(&self, sent: &Sent) -> bool {
        let mut others = self.sent.values().filter(|other| other.partition == sent.partition);
        others.any(|other| other.offset > sent.offset && !other.readers.is_empty())
    }

    /// Whether a client other than one that starts anew was shown it, in a call of several records.
    fn reader(
        &mut self,
        fits: impl Fn(&[Record], usize) -> bool,
    ) -> Option<(usize, Partition, usize)> {
        let mut places = Vec::new();
        for (number, call) in self.history.calls.iter_mut().enumerate() {
            for_each_batch(call, |batch| {
                let here = (0..batch.records.len()).filter(|place| fits(&batch.records, *place));
                places.extend(here.map(|place| (number, batch.partition, place)));
            });
        }
        places.get(self.dice.draw(places.len())).copied()
    }

    fn change(&mut self, (call, partition, place): (usize, Partition, usize), record: Record) {
        for_each_batch(&mut self.history.calls[call], |batch| {
            if batch.partition == partition && place < batch.records.len() {
                batch.records[place] = record;
            }
        });
    }

    /// Takes a message from whatever these clients were shown.
    fn hide(&mut self, message: MessageId, from: impl Fn(u32) -> bool) {
        for call in &mut self.history.calls {
            if from(call.client) {
                for_each_batch(call, |batch| {
                    batch.records.retain(|record| record.message != message);
                });
                drop_empty(call);
            }
        }
    }

    /// Two neighbours that take each other's place, in every answer.
    fn swap(&mut self, (a, b): (MessageId, MessageId)) {
        let (at_a, at_b) = (self.sent[&a].offset, self.sent[&b].offset);
        for call in &mut self.history.calls {
            for_each_record(call, |_, record| {
                record.message = match record.message {
                    message if message == a => b,
                    message if message == b => a,
                    message => message,
                };
            });
            for_each_ack(call, |message, offset| {
                if message == a {
                    *offset = at_b;
                } else if message == b {
                    *offset = at_a;
                }
            });
        }
    }

    /// Two acknowledged neighbours of which the upper one was asked for after the lower one was
    /// acknowledged, and which nobody saw before.
    fn neighbours(&mut self, is_one_client: bool) -> Option<(MessageId, MessageId)> {
        let by_place: BTreeMap<(Partition, Offset), MessageId> = self
            .sent
            .iter()
            .filter_map(|(message, sent)| Some(((sent.partition, sent.offset?), *message)))
            .collect();
        let upper_of = |sent: &Sent| by_place.get(&(sent.partition, sent.offset? + 1)).copied();
        let (lower, sent) = self.message(|scene, sent| {
            let Some(upper) = upper_of(sent) else { return false };
            let upper = &scene.sent[&upper];
            let (call, above) = (scene.call_of(sent), scene.call_of(upper));
            let is_seen_early = sent.readers.iter().any(|reader| {
                scene.history.calls[*reader].returned.is_some_and(|at| at < above.called)
            });
            let fits = |sent: &Sent| sent.is_acknowledged && sent.is_single && !sent.is_transaction;
            fits(sent)
                && fits(upper)
                && call.returned.is_some_and(|at| at < above.called)
                && (call.client == above.client) == is_one_client
                && !is_seen_early
        })?;
        Some((lower, upper_of(&sent)?))
    }
}

fn for_each_polled(call: &mut Call, mut each: impl FnMut(&mut Polled)) {
    let Outcome::Ok(reply) = &mut call.outcome else { return };
    if let Reply::Polled(polled) = reply {
        each(polled);
    }
    if let Reply::Transacted { results } = reply {
        for result in results {
            if let StepReply::Polled(polled) = result {
                each(polled);
            }
        }
    }
}

fn for_each_batch(call: &mut Call, mut each: impl FnMut(&mut Batch)) {
    for_each_polled(call, |polled| polled.batches.iter_mut().for_each(&mut each));
}

fn for_each_record(call: &mut Call, mut each: impl FnMut(Partition, &mut Record)) {
    for_each_batch(call, |batch| {
        let partition = batch.partition;
        batch.records.iter_mut().for_each(|record| each(partition, record));
    });
}

fn drop_empty(call: &mut Call) {
    for_each_polled(call, |polled| polled.batches.retain(|batch| !batch.records.is_empty()));
}

/// Every acknowledgement of a single message, or of one step of a transaction.
fn for_each_ack(call: &mut Call, mut each: impl FnMut(MessageId, &mut Option<Offset>)) {
    match (&call.ask, &mut call.outcome) {
        (Ask::Produce { messages, .. }, Outcome::Ok(Reply::Produced { first })) => {
            each(messages[0], first);
        }
        (Ask::Transact { steps }, Outcome::Ok(Reply::Transacted { results })) => {
            for (step, result) in steps.iter().zip(results) {
                if let (Step::Send { message, .. }, StepReply::Sent { offset }) = (step, result) {
                    each(*message, offset);
                }
            }
        }
        _ => {}
    }
}

pub(super) fn lost_write(scene: &mut Scene) -> bool {
    let found = scene.message(|scene, sent| {
        sent.is_acknowledged && !sent.readers.is_empty() && scene.is_below(sent)
    });
    let Some((message, _)) = found else { return false };
    scene.hide(message, |_| true);
    true
}

/// Nobody can tell a lost tail from one that a transaction still holds back.
pub(super) fn lost_tail(scene: &mut Scene) -> bool {
    let is_hung = |(_, sent): (&MessageId, &Sent)| {
        sent.is_transaction
            && sent.readers.is_empty()
            && matches!(scene.call_of(sent).outcome, Outcome::Unknown(_))
    };
    if scene.sent.iter().any(is_hung) {
        return false;
    }
    let found = scene.message(|scene, sent| {
        sent.is_acknowledged && !sent.readers.is_empty() && !scene.is_below(sent)
    });
    let Some((message, _)) = found else { return false };
    scene.hide(message, |_| true);
    true
}

/// One client misses one message that all others see.
pub(super) fn poll_skip(scene: &mut Scene) -> bool {
    // Neither the first of the log nor of a batch, so that it is certain what was due.
    let Some((call, partition, place)) =
        scene.reader(|records, place| place > 0 && place + 1 < records.len())
    else {
        return false;
    };
    for_each_batch(&mut scene.history.calls[call], |batch| {
        if batch.partition == partition && place + 1 < batch.records.len() {
            batch.records.remove(place);
        }
    });
    true
}

/// The same, between two calls: a batch starts one record late.
pub(super) fn external_skip(scene: &mut Scene) -> bool {
    let last = scene.history.calls.len();
    for number in (last / 3)..last {
        let call = &scene.history.calls[number];
        let Ask::Poll = call.ask else { continue };
        let client = call.client;
        let before = scene.history.calls[..number].iter().rev().find(|call| call.client == client);
        let before = before.map(|before| before.outcome.clone());
        let Some(Outcome::Ok(Reply::Polled(before))) = before else { continue };
        let mut is_done = false;
        for_each_batch(&mut scene.history.calls[number], |batch| {
            let follows = before.batches.iter().any(|known| known.partition == batch.partition);
            if follows && batch.records.len() > 1 && !is_done {
                batch.records.remove(0);
                is_done = true;
            }
        });
        if is_done {
            return true;
        }
    }
    false
}

pub(super) fn duplicate(scene: &mut Scene) -> bool {
    let found =
        scene.message(|_, sent| !sent.is_acknowledged && sent.is_single && sent.readers.len() > 1);
    let Some((gone, there)) = found else { return false };
    let found = scene.message(|_, sent| {
        sent.partition == there.partition && sent.readers.len() > 1 && sent.offset < there.offset
    });
    let Some((twice, _)) = found else { return false };
    for call in &mut scene.history.calls {
        for_each_record(call, |_, record| {
            if record.message == gone {
                record.message = twice;
            }
        });
    }
    true
}

pub(super) fn aborted_read(scene: &mut Scene) -> bool {
    let found = scene.message(|scene, sent| {
        let call = scene.call_of(sent);
        let is_heard = call.returned.is_some();
        !sent.is_acknowledged && is_heard && !sent.readers.is_empty() && sent.is_single
    });
    let Some((_, sent)) = found else { return false };
    scene.history.calls[sent.call].outcome = Outcome::Refused("certainly failed".to_owned());
    true
}

/// A transaction that committed says that it was aborted.
pub(super) fn aborted_transaction(scene: &mut Scene) -> bool {
    let found = scene
        .message(|_, sent| sent.is_transaction && sent.is_acknowledged && sent.readers.len() > 1);
    let Some((_, sent)) = found else { return false };
    scene.history.calls[sent.call].outcome = Outcome::Refused("aborted".to_owned());
    true
}

/// A transaction polls what it sends.
pub(super) fn precommitted_read(scene: &mut Scene) -> bool {
    for call in &mut scene.history.calls {
        let Outcome::Ok(Reply::Transacted { results }) = &mut call.outcome else { continue };
        let Ask::Transact { steps } = &call.ask else { continue };
        let own =
            steps.iter().zip(results.iter()).find_map(|(step, result)| match (step, result) {
                (Step::Send { partition, message }, StepReply::Sent { offset: Some(offset) }) => {
                    Some((*partition, Record::new(*offset, *message)))
                }
                _ => None,
            });
        let Some((partition, record)) = own else { continue };
        let last = results.iter_mut().rev().find_map(|result| match result {
            StepReply::Polled(polled) => Some(polled),
            StepReply::Sent { .. } => None,
        });
        let Some(polled) = last else { continue };
        polled.batches.push(Batch { partition, records: vec![record] });
        return true;
    }
    false
}

/// A message that was sent and never appended, for those who want to see something else.
fn stranger(scene: &mut Scene, partition: Partition, before: Stamp) -> Option<MessageId> {
    let found = scene.message(|scene, sent| {
        let is_open = matches!(scene.call_of(sent).outcome, Outcome::Unknown(_));
        let is_early = scene.call_of(sent).called < before;
        is_open
            && is_early
            && sent.is_single
            && sent.partition == partition
            && sent.readers.is_empty()
    });
    found.map(|(message, _)| message)
}

pub(super) fn inconsistent_offset(scene: &mut Scene) -> bool {
    for _ in 0..64 {
        let Some(at) = scene.reader(|records, place| place > 0 && place + 1 < records.len()) else {
            return false;
        };
        let called = scene.history.calls[at.0].called;
        let Some(other) = stranger(scene, at.1, called) else { continue };
        let mut offset = None;
        for_each_batch(&mut scene.history.calls[at.0], |batch| {
            if batch.partition == at.1 {
                offset = batch.records.get(at.2).map(|record| record.offset).or(offset);
            }
        });
        let Some(offset) = offset else { continue };
        let others = scene.sent.values().find(|sent| {
            (sent.partition, sent.offset) == (at.1, Some(offset)) && sent.readers.len() > 2
        });
        if others.is_some() {
            scene.change(at, Record::new(offset, other));
            return true;
        }
    }
    false
}

pub(super) fn nonmonotonic_poll(scene: &mut Scene) -> bool {
    let last = scene.history.calls.len();
    for number in (last / 3)..last {
        let client = scene.history.calls[number].client;
        let before = scene.history.calls[..number].iter().rev().find(|call| call.client == client);
        let Some(Outcome::Ok(Reply::Polled(before))) = before.map(|call| call.outcome.clone())
        else {
            continue;
        };
        let Outcome::Ok(Reply::Polled(now)) = &mut scene.history.calls[number].outcome else {
            continue;
        };
        let shared = now.batches.iter_mut().find_map(|batch| {
            let known = before.batches.iter().find(|known| known.partition == batch.partition)?;
            Some((batch, *known.records.last()?))
        });
        if let Some((batch, again)) = shared {
            batch.records.insert(0, again);
            return true;
        }
    }
    false
}

pub(super) fn reorder_in_poll(scene: &mut Scene) -> bool {
    let Some((call, partition, place)) = scene.reader(|_, place| place > 0) else { return false };
    for_each_batch(&mut scene.history.calls[call], |batch| {
        if batch.partition == partition && place < batch.records.len() {
            batch.records.swap(place - 1, place);
        }
    });
    true
}

pub(super) fn nonmonotonic_send(scene: &mut Scene) -> bool {
    let Some(pair) = scene.neighbours(true) else { return false };
    scene.swap(pair);
    true
}

pub(super) fn realtime_order(scene: &mut Scene) -> bool {
    let Some(pair) = scene.neighbours(false) else { return false };
    scene.swap(pair);
    true
}

/// Two sends of one transaction stand the other way round.
pub(super) fn internal_nonmonotonic_send(scene: &mut Scene) -> bool {
    let mut pair = None;
    for call in &mut scene.history.calls {
        let mut acks: Vec<(MessageId, Offset)> = Vec::new();
        for_each_ack(call, |message, offset| acks.extend(offset.map(|offset| (message, offset))));
        for (place, (message, offset)) in acks.iter().enumerate() {
            let partition = scene.sent[message].partition;
            pair = pair.or(acks[place + 1..].iter().find_map(|(other, above)| {
                let is_next = scene.sent[other].partition == partition && *above == offset + 1;
                is_next.then_some((*message, *other))
            }));
        }
    }
    let Some(pair) = pair else { return false };
    scene.swap(pair);
    true
}

pub(super) fn ack_offset_mismatch(scene: &mut Scene) -> bool {
    let found = scene.message(|scene, sent| {
        sent.is_acknowledged && sent.is_single && sent.readers.len() > 1 && scene.is_below(sent)
    });
    let Some((wrong, _)) = found else { return false };
    for call in &mut scene.history.calls {
        for_each_ack(call, |message, offset| {
            if message == wrong {
                *offset = offset.map(|offset| offset + 1);
            }
        });
    }
    true
}

/// A message is asked for after it was first read.
pub(super) fn future_read(scene: &mut Scene) -> bool {
    let found = scene.message(|_, sent| sent.is_single && sent.readers.len() > 1);
    let Some((_, sent)) = found else { return false };
    let seen = sent.readers.iter().filter_map(|call| scene.history.calls[*call].returned);
    let Some(first) = seen.min() else { return false };
    let late = |past: u64| Stamp { ordinal: first.ordinal + past, at_ns: first.at_ns + past };
    let call = &mut scene.history.calls[sent.call];
    call.called = late(1);
    call.returned = call.returned.map(|returned| returned.max(late(2)));
    scene.history.calls.sort_by_key(|call| call.called.ordinal);
    true
}

/// One client was shown it, and nobody else was.
fn hide_from_all_but_one(scene: &mut Scene, fits: impl Fn(&Scene, &Sent) -> bool) -> bool {
    for _ in 0..16 {
        let found = scene.message(|scene, sent| fits(scene, sent) && scene.clients(sent).len() > 2);
        let Some((message, sent)) = found else { return false };
        if scene.is_below(&sent) && scene.certain_clients(message, &sent) < 3 {
            continue;
        }
        let keeper = scene.clients(&sent)[0];
        scene.hide(message, |client| client != keeper);
        return true;
    }
    false
}

pub(super) fn lost_for_some(scene: &mut Scene) -> bool {
    // Not the first of the log: one that starts anew above it has not come by.
    hide_from_all_but_one(scene, |scene, sent| {
        sent.is_acknowledged && scene.is_below(sent) && sent.offset > Some(0)
    })
}

pub(super) fn lost_tail_for_some(scene: &mut Scene) -> bool {
    hide_from_all_but_one(scene, |scene, sent| sent.is_acknowledged && !scene.is_below(sent))
}

pub(super) fn read_then_vanish(scene: &mut Scene) -> bool {
    hide_from_all_but_one(scene, |scene, sent| {
        !sent.is_acknowledged && sent.is_single && scene.is_below(sent) && sent.offset > Some(0)
    })
}

/// A poll comes up empty, and the next one brings all of it.
pub(super) fn stale_poll(scene: &mut Scene) -> bool {
    let last = scene.history.calls.len();
    for number in (last / 3)..last {
        let call = &scene.history.calls[number];
        let (client, called) = (call.client, call.called);
        let Outcome::Ok(Reply::Polled(polled)) = &call.outcome else { continue };
        let polled = polled.clone();
        // Where the client stands is certain if its poll before read there.
        let before = scene.history.calls[..number].iter().rev().find(|call| call.client == client);
        let Some(Outcome::Ok(Reply::Polled(before))) = before.map(|call| &call.outcome) else {
            continue;
        };
        let is_certain =
            |batch: &&Batch| before.batches.iter().any(|known| known.partition == batch.partition);
        let certain = polled.batches.iter().filter(is_certain);
        let is_old = certain.flat_map(|batch| &batch.records).any(|record| {
            let mut readers = scene.sent[&record.message].readers.iter();
            readers
                .any(|reader| scene.history.calls[*reader].returned.is_some_and(|at| at < called))
        });
        let next = scene.history.calls[number + 1..].iter().position(|call| call.client == client);
        let Some(next) = next.map(|next| number + 1 + next).filter(|_| is_old) else {
            continue;
        };
        let Outcome::Ok(Reply::Polled(later)) = &mut scene.history.calls[next].outcome else {
            continue;
        };
        let mut all = polled;
        all.batches.append(&mut later.batches);
        *later = all;
        scene.history.calls[number].outcome = Outcome::Ok(Reply::Polled(Box::default()));
        return true;
    }
    false
}

/// Offsets that nobody can have filled.
pub(super) fn offset_gap(scene: &mut Scene) -> bool {
    let found = scene.message(|scene, sent| {
        sent.is_acknowledged && sent.is_single && sent.readers.len() > 1 && scene.is_below(sent)
    });
    let Some((_, Sent { partition, offset: Some(first), .. })) = found else { return false };
    let open =
        scene.sent.values().filter(|sent| sent.partition == partition && !sent.is_acknowledged);
    let shift = open.count() as Offset + 1;
    let home: BTreeMap<MessageId, Partition> =
        scene.sent.iter().map(|(message, sent)| (*message, sent.partition)).collect();
    for call in &mut scene.history.calls {
        for_each_record(call, |there, record| {
            if there == partition && record.offset >= first {
                record.offset += shift;
            }
        });
        for_each_ack(call, |message, offset| {
            let is_above = home[&message] == partition && *offset >= Some(first);
            *offset = offset.map(|offset| if is_above { offset + shift } else { offset });
        });
    }
    true
}

pub(super) fn phantom(scene: &mut Scene) -> bool {
    let Some(at) = scene.reader(|_, _| true) else { return false };
    let mut offset = 0;
    for_each_batch(&mut scene.history.calls[at.0], |batch| {
        if batch.partition == at.1 && at.2 < batch.records.len() {
            offset = batch.records[at.2].offset;
        }
    });
    scene.change(at, Record::new(offset, 1 << 40));
    true
}

pub(super) fn wrong_partition(scene: &mut Scene) -> bool {
    let Some(at) = scene.reader(|_, _| true) else { return false };
    let called = scene.history.calls[at.0].called;
    let found =
        scene.message(|scene, sent| sent.partition != at.1 && scene.call_of(sent).called < called);
    let Some((message, _)) = found else { return false };
    let mut offset = 0;
    for_each_batch(&mut scene.history.calls[at.0], |batch| {
        if batch.partition == at.1 && at.2 < batch.records.len() {
            offset = batch.records[at.2].offset;
        }
    });
    scene.change(at, Record::new(offset, message));
    true
}
