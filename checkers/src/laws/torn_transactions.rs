//! **torn_transactions**: a reader of committed data sees all of a transaction or nothing, as far
//! as it reads, and nothing of one that was aborted; and an input is processed once (KIP-98;
//! Jepsen's Bufstream report of 2024; Adya's G1a; checkers.md 4.6; messaging.md 2.0 TX).
//!
//! - *aborted_read*: a message of a transaction that certainly did not happen was read.
//! - *lso_passed*: a reader went on past a message whose transaction was still under way, and that
//!   transaction was committed: this reader will never be shown it. Readers must stop at the first
//!   open transaction (the last stable offset).
//! - *fractured_read*: a reader went on past a message of a committed transaction without being
//!   shown it, while other messages of that transaction were shown or all of it had been committed.
//! - *double_processing*: two committed transactions of one group's members read the same input and
//!   sent something. Members are known by `join`; consumers that share no group owe each other
//!   nothing.
//!
//! That a read stops short of a part is no tear: each partition becomes visible by itself. Where
//! the contract lets readers see uncommitted data, the first three are told as permitted. A
//! transaction whose outcome is unknown was committed if anyone saw anything of it.

mod evidence;
mod passes;

use crate::{
    breach::Breach,
    by_offset::{ByOffset, seat},
    checker::{Checker, Event, Shared, Topic},
    contract::Isolation,
    history::{Ask, Call, Outcome, Partition, Reply, Stamp, Step},
    ledger::{Act, Fate, Number, Send},
    verdict::Verdict,
};
use evidence::{Pass, Sight, Use};
use passes::Passes;
use std::collections::BTreeMap;

/// What a tear is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tear {
    LsoPassed,
    Fractured,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct TornTransactions {
    /// Whether any transaction sent anything so far: before that there is nothing to do.
    has_transactions: bool,
    passes: Passes,
    /// By message: the number of its first sight plus one; only for messages of transactions.
    first_sights: Vec<u32>,
    sights: Vec<Sight>,
    /// By client: the group that it joined last.
    groups: BTreeMap<u32, u64>,
    /// By group and partition: the number of the use plus one, by offset.
    inputs: BTreeMap<(u64, Partition), ByOffset<u32>>,
    uses: Vec<Use>,
    compared: u64,
    breach: Breach,
}

impl Checker for TornTransactions {
    fn name(&self) -> &'static str {
        "torn_transactions"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => {
                self.passes.note_call(call);
                if let Ask::Transact { steps } = &call.ask {
                    let is_send = |step: &Step| matches!(step, Step::Send { .. });
                    self.has_transactions |= steps.iter().any(is_send);
                }
            }
            Event::Returned(call) => {
                self.passes.observe(at, call, shared, self.has_transactions);
                if let (Ask::Join { group }, Outcome::Ok(_)) = (&call.ask, &call.outcome) {
                    self.groups.insert(call.client, *group);
                }
                if self.has_transactions {
                    self.note_sights(at, call, shared);
                    self.judge_inputs(at, call, shared);
                }
            }
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, shared: &Shared) -> Verdict {
        let is_judged = shared.contract.isolation > Isolation::ReadUncommitted;
        self.judge_visibility(shared, is_judged);
        let compared = self.compared;
        self.breach.verdict_or(|| {
            let what = "nobody read where a transaction had sent anything";
            Verdict::holds_if_covered(compared, what)
        })
    }

    fn permitted(&self, shared: &Shared) -> Vec<String> {
        // Asked for before the end, when visibility has not been judged yet; so it is counted here.
        if shared.contract.isolation > Isolation::ReadUncommitted {
            return Vec::new();
        }
        let count = self.aborted(shared).count() + self.tears(shared).count();
        let told = (count > 0).then(|| {
            format!("permitted by `read_uncommitted`: {count} messages were shown aborted or torn")
        });
        told.into_iter().collect()
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl TornTransactions {
    fn note_sights(&mut self, at: Stamp, call: &Call, shared: &Shared) {
        let ledger = &shared.ledger;
        for act in ledger.acts() {
            let Act::Read(read) = act else { continue };
            for seen in ledger.records(read) {
                let is_new = self.first_sights.get(seen.message as usize).is_none_or(|n| *n == 0);
                if is_new && ledger.send_of(seen.message).is_some_and(|send| send.is_transaction) {
                    let (client, offset, partition) = (call.client, seen.offset, read.partition);
                    self.sights.push(Sight { client, at, partition, offset });
                    *seat(&mut self.first_sights, seen.message) = self.sights.len() as u32;
                }
            }
        }
    }

    /// Inputs that a member of a group read in a transaction which sent something.
    fn judge_inputs(&mut self, at: Stamp, call: &Call, shared: &Shared) {
        let Outcome::Ok(Reply::Transacted { .. }) = &call.outcome else { return };
        let Some(group) = self.groups.get(&call.client).copied() else { return };
        let acts = shared.ledger.acts();
        let wrote = acts.iter().find_map(|act| match act {
            Act::Wrote { message, .. } => Some(*message),
            Act::Read(_) => None,
        });
        let Some(output) = wrote else { return };
        let this = Use { client: call.client, called: call.called, at, output };
        self.uses.push(this);
        let number = self.uses.len() as u32;
        for act in acts {
            let Act::Read(read) = act else { continue };
            let inputs = self.inputs.entry((group, read.partition)).or_default();
            for seen in shared.ledger.records(read) {
                let user = inputs.entry(seen.offset);
                self.compared += 1;
                match *user {
                    0 => *user = number,
                    user if user == number => {}
                    user => {
                        let first = self.uses[user as usize - 1];
                        let input = (read.partition, seen.offset, seen.message);
                        self.breach.add(|| evidence::used_twice(group, input, first, this, shared));
                    }
                }
            }
        }
    }

    fn judge_visibility(&mut self, shared: &Shared, is_judged: bool) {
        let mut breach = std::mem::take(&mut self.breach);
        let ledger = &shared.ledger;
        for send in ledger.sends().iter().filter(|send| send.is_transaction) {
            let mut members = ledger.messages_of(send).iter();
            let was_passed = members.any(|message| {
                self.passes.was_read_after(ledger.partition_of(*message), send.called)
            });
            self.compared += u64::from(was_passed);
        }
        if is_judged {
            for (send, message, sight) in self.aborted(shared) {
                breach.add(|| evidence::aborted(send, message, sight, shared));
            }
            for (tear, send, message, pass) in self.tears(shared) {
                let sibling = self.sibling(send, message, pass.at, shared);
                breach.add(|| evidence::torn(tear, send, (message, sibling), pass, shared));
            }
        }
        self.breach = breach;
    }

    /// Messages of aborted transactions that were read, in the order of their transactions.
    fn aborted<'a>(
        &'a self,
        shared: &'a Shared,
    ) -> impl Iterator<Item = (&'a Send, Number, Sight)> + 'a {
        let ledger = &shared.ledger;
        let aborted = |send: &&Send| send.is_transaction && send.fate == Fate::Refused;
        ledger.sends().iter().filter(aborted).flat_map(move |send| {
            let messages = ledger.messages_of(send).iter();
            messages.filter_map(move |message| Some((send, *message, self.sight(*message)?)))
        })
    }

    /// Messages of committed transactions that a reader went past, by partition and offset.
    fn tears<'a>(
        &'a self,
        shared: &'a Shared,
    ) -> impl Iterator<Item = (Tear, &'a Send, Number, &'a Pass)> + 'a {
        let ledger = &shared.ledger;
        self.passes.all().flat_map(move |(partition, first, pass)| {
            let standing = ledger.standing(partition, first);
            let passed = standing.take_while(move |(offset, _)| *offset < pass.end);
            passed.filter_map(move |(_, message)| {
                let send = ledger.send_of(message)?;
                let is_here = ledger.partition_of(message) == partition;
                let tear = self.tear(send, message, pass, shared)?;
                (send.is_transaction && is_here).then_some((tear, send, message, pass))
            })
        })
    }

    fn tear(&self, send: &Send, message: Number, pass: &Pass, shared: &Shared) -> Option<Tear> {
        let members = shared.ledger.messages_of(send);
        let is_committed = match send.fate {
            Fate::Refused => false,
            Fate::Acknowledged => true,
            Fate::Unknown => members.iter().any(|message| self.sight(*message).is_some()),
        };
        if !is_committed {
            return None;
        }
        let was_over =
            |by: Stamp| send.returned.is_some_and(|returned| returned.ordinal < by.ordinal);
        let is_shared = self.sibling(send, message, pass.at, shared).is_some();
        match members.len() {
            // All there was is gone for this reader: a loss, but nothing is torn.
            0 | 1 if was_over(pass.called) && send.fate == Fate::Acknowledged => None,
            0 | 1 => Some(Tear::LsoPassed),
            _ if is_shared || was_over(pass.at) => Some(Tear::Fractured),
            _ => Some(Tear::LsoPassed),
        }
    }

    /// Another message of the transaction, if any was seen by then.
    fn sibling(
        &self,
        send: &Send,
        message: Number,
        at: Stamp,
        shared: &Shared,
    ) -> Option<(Number, Sight)> {
        let others = shared.ledger.messages_of(send).iter().filter(|other| **other != message);
        let sights = others.filter_map(|other| Some((*other, self.sight(*other)?)));
        sights.into_iter().find(|(_, sight)| sight.at.ordinal <= at.ordinal)
    }

    fn sight(&self, message: Number) -> Option<Sight> {
        let number = self.first_sights.get(message as usize)?.checked_sub(1)?;
        Some(self.sights[number as usize])
    }
}

#[cfg(test)]
mod tests;
