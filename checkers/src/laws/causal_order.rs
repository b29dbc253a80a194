//! **causal_order**: who saw an effect sees its causes, in every partition, from then on (Lamport
//! 1978; Viotti & Vukolic 2016, *causal consistency*; checkers.md 4.7). A message's causes are what
//! its sender knew when it sent it: what had been acknowledged to it at `quorum` or above, what it
//! had read, and their causes in turn. This is *monotonic writes* and *writes follow reads* across
//! partitions; what a session missed of its own is for the laws of those names.
//!
//! Example: c1 writes m1 to p1, then m2 to p2. c2 reads m2 and then finds p1 empty: it holds the
//! answer and not the question, a *causal reverse*.
//!
//! `linearizable` reads always owe this. `session` reads owe it where the contract does not permit
//! otherwise; what they, `eventual` and `bounded` reads missed is told as permitted. Only messages
//! that a session was really shown teach it anything. Knowledge is kept in bounded memory: a
//! message so old that what its sender knew is forgotten makes the answer unknown, never a pass.

mod knowledge;

use super::words::malformed;
use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    history::{Ask, Asked, Call, Offset, Partition, ReadLevel, Stamp},
    intern::Interner,
    ledger::{Act, Number},
    sessions::{Look, Misses, Reach, message_at},
    verdict::{Evidence, Line, Verdict},
};
use knowledge::{Knowledge, Source};
use std::collections::BTreeMap;

/// Links between a cause and its reader that are shown.
const LINKS_MAX: usize = 4;

/// Who sent a message, and how much that session knew by then.
#[derive(Clone, Copy, Debug, Default)]
struct Origin {
    /// The session's number plus one; 0 where nobody sent it so far.
    session: u32,
    version: u32,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct CausalOrder {
    clients: Interner,
    knowledge: Knowledge,
    /// By message.
    origins: Vec<Origin>,
    /// Reads under way, by call: what their session knew of the partition.
    open: BTreeMap<u64, (Offset, Source)>,
    compared: u64,
    misses: Misses,
    breach: Breach,
}

impl Checker for CausalOrder {
    fn name(&self) -> &'static str {
        "causal_order"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Sessions]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => self.note_call(call, shared),
            Event::Returned(call) => {
                self.judge(at, call, shared);
                self.learn(at, call, shared);
            }
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(malformed) = malformed(&shared.ledger) {
            return malformed;
        }
        let (compared, forgotten) = (self.compared, self.knowledge.forgotten());
        self.breach.verdict_or(|| match forgotten {
            0 => Verdict::holds_if_covered(
                compared,
                "no read that must see causes came after another client's message that had any",
            ),
            forgotten => Verdict::Unknown(format!(
                "what the senders of {forgotten} messages knew was forgotten before they were \
                 read: more than {} pieces of knowledge had come since",
                self.knowledge.budget()
            )),
        })
    }

    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        self.misses.told("a cause of what their session had seen")
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl CausalOrder {
    fn note_call(&mut self, call: Asked<'_>, shared: &Shared) {
        let (session, _) = self.clients.intern(u64::from(call.client));
        match &call.ask {
            Ask::Produce { .. } | Ask::Transact { .. } => {
                let version = self.knowledge.version(session);
                // The ledger has just noted this call's messages.
                let Some(send) = shared.ledger.sends().last() else { return };
                for message in shared.ledger.messages_of(send) {
                    *seat(&mut self.origins, *message) = Origin { session: session + 1, version };
                }
            }
            Ask::Fetch { partition, .. } => {
                let known = self.knowledge.known(session, *partition);
                if known.0 > 0 {
                    self.open.insert(call.id, known);
                }
            }
            Ask::Poll
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => {}
        }
    }

    fn judge(&mut self, at: Stamp, call: &Call, shared: &Shared) {
        let fetched = self.open.remove(&call.id);
        let Some(session) = self.clients.find(u64::from(call.client)) else { return };
        for look in shared.sessions.looks() {
            // Looks of polls are only taken where nothing else returned since the poll was made.
            let known = match look.is_poll {
                true => self.knowledge.known(session, look.partition),
                false => fetched.unwrap_or_default(),
            };
            let (end, Source::Message(message)) = known else { continue };
            let missed = end.saturating_sub(look.end);
            let must = match look.level {
                ReadLevel::Linearizable => true,
                ReadLevel::Session => !shared.contract.permits_causal_reversal,
                ReadLevel::Eventual | ReadLevel::Bounded(_) => false,
            };
            if !must {
                self.misses.note(look.level, missed);
                continue;
            }
            // When the cause became readable is not known here: any open transaction excuses.
            let cause = Reach { end, since: call.called };
            if missed > 0 && shared.sessions.is_held(look, cause, call.called, &shared.contract) {
                continue;
            }
            self.compared += 1;
            if missed > 0 && !self.breach.is_some() {
                let evidence = self.reversed(at, (call, session), look, (end, message), shared);
                self.breach.add(|| evidence);
            } else if missed > 0 {
                self.breach.add(Evidence::default);
            }
        }
    }

    fn learn(&mut self, at: Stamp, call: &Call, shared: &Shared) {
        if shared.ledger.acts().is_empty() {
            return;
        }
        let (session, _) = self.clients.intern(u64::from(call.client));
        let mut lesson = self.knowledge.lesson(session, at);
        for act in shared.ledger.acts() {
            match act {
                Act::Wrote { message, partition, offset: Some(offset) } => {
                    if shared.ledger.send_of(*message).is_some_and(|send| send.is_durable()) {
                        lesson.own(*partition, *offset);
                    }
                }
                Act::Wrote { offset: None, .. } => {}
                Act::Read(read) => {
                    let records = shared.ledger.records(read);
                    for seen in records {
                        let origin = self.origins.get(seen.message as usize);
                        let origin = origin.copied().unwrap_or_default();
                        if let Some(sender) = origin.session.checked_sub(1) {
                            lesson.from(seen.message, sender, origin.version);
                        }
                    }
                    if let Some(last) = records.iter().map(|seen| seen.offset).max() {
                        lesson.own(read.partition, last);
                    }
                }
            }
        }
        lesson.end();
    }

    fn reversed(
        &self,
        at: Stamp,
        (call, session): (&Call, u32),
        look: &Look,
        (end, effect): (Offset, Number),
        shared: &Shared,
    ) -> Evidence {
        let (client, partition, offset) = (call.client, look.partition, end - 1);
        let cause = message_at(&shared.ledger, partition, offset);
        let id = shared.ledger.id(effect);
        let mut lines = self.links((session, effect), partition, end, shared);
        lines.push(line(call.called, look.asked(call)));
        lines.push(line(at, look.told(call)));
        Evidence {
            summary: format!(
                "causal_reverse: c{client} had seen m{id} and then missed its cause {cause} at \
                 offset {offset} of partition {partition}"
            ),
            lines,
            partition: Some(partition),
            offset: Some(offset),
            message: shared.ledger.at(partition, offset).map(|number| shared.ledger.id(number)),
            ..Evidence::default()
        }
    }

    /// From the reader back to the session that knew of the cause itself: who learned of it by
    /// which message.
    fn links(
        &self,
        (mut session, mut effect): (u32, Number),
        partition: Partition,
        end: Offset,
        shared: &Shared,
    ) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut version = u32::MAX;
        for _ in 0..LINKS_MAX {
            let (client, id) = (self.clients.id(session), shared.ledger.id(effect));
            let Some((_, since)) = self.knowledge.taught(session, version, partition, end) else {
                break;
            };
            lines.push(line(since, format!("c{client} saw m{id}")));
            let origin = self.origins[effect as usize];
            let Some(sender) = origin.session.checked_sub(1) else { break };
            (session, version) = (sender, origin.version);
            let client = self.clients.id(session);
            if let Some(send) = shared.ledger.send_of(effect) {
                lines.push(line(send.called, format!("c{client} asked to append m{id}")));
            }
            match self.knowledge.taught(session, version, partition, end) {
                Some((Source::Message(next), _)) => effect = next,
                Some((Source::Itself, since)) => {
                    let offset = end - 1;
                    let cause = message_at(&shared.ledger, partition, offset);
                    let text = format!(
                        "c{client} knew {cause} at offset {offset} of partition {partition}"
                    );
                    lines.push(line(since, text));
                    break;
                }
                None => break,
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests;
