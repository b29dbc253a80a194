//! Transactions: what they send stands in the log at once and is decided when they end.

use super::{Client, Fate, Part, Plant, Slot, World};
use checkers::{Outcome, Reply, Step, StepReply};

impl World {
    pub(super) fn begin(&mut self, steps: &[Step]) -> usize {
        let number = self.transactions.len();
        self.transactions.push(Fate::Open);
        for step in steps {
            if let Step::Send { partition, message } = step {
                let transaction = Some(number);
                self.logs[*partition as usize].push(Slot::Message { id: *message, transaction });
            }
        }
        number
    }

    pub(super) fn end(&mut self, part: Part, client: &mut Client, steps: &[Step]) -> Outcome {
        let (number, polled) = client.transaction.take().expect("a transaction is open");
        let must_commit = part == Part::Transactor && std::mem::take(&mut client.is_assigned);
        let group = match part {
            Part::Member { .. } => Some(1),
            Part::Session | Part::Consumer | Part::Transactor | Part::Auditor => None,
        };
        let is_fenced =
            group.is_some_and(|group: usize| self.groups[group].generation != client.generation);
        let luck = if must_commit { 9 } else { self.draw(10) };
        let is_committed = !is_fenced && luck > 1;
        let is_told = luck != 0 && luck != 2;
        self.transactions[number] = match (is_committed, is_told) {
            (true, _) => Fate::Committed,
            (false, true) => Fate::Aborted,
            (false, false) => Fate::Abandoned,
        };
        let mut results = Vec::new();
        for step in steps {
            results.push(match step {
                Step::Send { partition, message } => {
                    let p = *partition as usize;
                    let place = self.logs[p]
                        .iter()
                        .position(|slot| matches!(slot, Slot::Message { id, .. } if id == message));
                    let offset = place.map(|place| place as u64);
                    if is_committed && is_told {
                        let end = offset.map_or(0, |offset| offset + 1);
                        client.written[p] = client.written[p].max(end);
                        client.known[p] = client.known[p].max(end);
                    }
                    self.logs[p].push(Slot::Marker);
                    StepReply::Sent { offset }
                }
                Step::Poll => StepReply::Polled(polled.clone()),
            });
        }
        self.rise();
        if is_committed && is_told {
            self.show(client, &polled);
        }
        let mut goes_back = false;
        for batch in &polled.batches {
            let p = batch.partition as usize;
            let last = batch.records.last().expect("no batch is empty").offset;
            if is_committed && is_told && client.must_repeat {
                (client.must_repeat, self.was_planted) = (false, true);
            }
            let is_struck = self.plant == Some(Plant::DoubleProcessing) && !self.was_planted;
            if is_committed && is_told && is_struck {
                goes_back = true;
            } else if is_committed {
                self.groups[1].committed.insert(p, last + 1);
            }
        }
        client.must_repeat = goes_back;
        if group.is_some() {
            // It goes on from what its group has committed, whatever became of this.
            for p in client.owned.clone() {
                client.positions[p] = self.groups[1].committed.get(&p).copied().unwrap_or(0);
            }
            if !is_told {
                (client.generation, client.owned) = (0, Vec::new());
            }
        }
        match (is_told, is_committed) {
            (false, _) => Outcome::Unknown("timeout".to_owned()),
            (true, true) => Outcome::Ok(Reply::Transacted { results }),
            (true, false) => Outcome::Refused("aborted".to_owned()),
        }
    }

    /// Whether this message belongs to a committed transaction of several messages.
    pub(super) fn is_part(&self, p: usize, offset: u64) -> bool {
        let Slot::Message { transaction: Some(transaction), .. } = self.logs[p][offset as usize]
        else {
            return false;
        };
        let of = |slot: &&Slot| match slot {
            Slot::Message { transaction: Some(t), .. } => *t == transaction,
            Slot::Message { transaction: None, .. } | Slot::Marker => false,
        };
        self.logs.iter().flatten().filter(of).count() > 1
    }

    /// Makes sure that the open transaction at this offset will be committed, if there is one.
    pub(super) fn will_commit(&mut self, p: usize, offset: u64) -> bool {
        let Slot::Message { transaction: Some(number), .. } = self.logs[p][offset as usize] else {
            return false;
        };
        let is_it = |client: &&mut (Part, Client)| {
            client.1.transaction.as_ref().is_some_and(|(n, _)| *n == number)
        };
        let owner = self.clients.iter_mut().find(is_it);
        owner.is_some_and(|(part, client)| {
            client.is_assigned = *part == Part::Transactor;
            client.is_assigned
        })
    }
}
