//! **trace_completeness**: each message that a client sends reaches exactly one end, with the events
//! that prove it (messaging.md 2.0 TR and 3.6; S40).
//!
//! 1. *Acknowledged*: a node of that partition answered, before the client was told, at the level that
//!    was asked for or above. An answer that no node gave (H1: deduplicated and never stored) or that
//!    came from another partition (H10: a buffer that was used again) is none.
//! 2. *Refused*: it never happened (S40): no node ever acknowledged it, and nobody reads it, before or
//!    after.
//! 3. *Unknown*: it may have happened or not, and stays so. Nothing is demanded of it, for ever.
//!
//! And every call has an end: one that was asked before the heal and is still open when the run is
//! over hangs for ever. Which message was lost is not asked here but in `zero_loss`.
//!
//! It needs to see what nodes answered. Where the world was not watched, a history of clients alone,
//! there is no evidence and so no answer. Only what is open is kept, and what was refused.

use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    facts::{Fact, FactKind, Group, Node},
    history::{
        Acks, Ask, Asked, Call, Mark, MessageId, Outcome, Partition, Polled, Reply, Stamp,
        StepReply,
    },
    verdict::{Evidence, Line, Verdict},
};
use std::collections::BTreeMap;

/// A message whose call is open.
#[derive(Clone, Copy, Debug)]
struct Open {
    partition: Partition,
    /// The strongest answer that a node of the partition gave, who and when.
    answer: Option<(Acks, Node, Stamp)>,
    /// An answer that came from another partition.
    astray: Option<(Group, Node, Stamp)>,
    read: Option<Stamp>,
}

/// A message that was refused: it must never be seen again.
#[derive(Clone, Copy, Debug)]
struct Refused {
    partition: Partition,
    at: Stamp,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct TraceCompleteness {
    calls: BTreeMap<u64, Stamp>,
    messages: BTreeMap<MessageId, Open>,
    refused: BTreeMap<MessageId, Refused>,
    is_watched: bool,
    healed: Option<(Stamp, u64)>,
    ended: Option<Stamp>,
    proved: u64,
    breach: Breach,
}

impl Checker for TraceCompleteness {
    fn name(&self) -> &'static str {
        "trace_completeness"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Acked, FactKind::Due]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Called(call) => self.open(at, call),
            Event::Returned(call) => self.close(at, call),
            Event::Fact(Fact::Acked { node, group, acks, message, .. }) => {
                self.is_watched = true;
                self.answer(at, (*node, *group), *acks, *message);
            }
            // That a world watches is told once, before anything else.
            Event::Fact(_) => self.is_watched = true,
            Event::Mark(Mark::Healed { bound_ns, .. }) => self.healed = Some((at, *bound_ns)),
            Event::Mark(Mark::Ended) => self.ended = Some(at),
            Event::Numbered(..)
            | Event::Mark(Mark::Booted | Mark::Draining | Mark::Drained { .. })
            | Event::Seen(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, _shared: &Shared) -> Verdict {
        if !self.is_watched {
            return Verdict::Unknown("vacuous: no node was watched".to_owned());
        }
        let hanging = self.hanging();
        let TraceCompleteness { calls, proved, breach, .. } = *self;
        breach.verdict_or(|| match calls.len() {
            0 => Verdict::holds_if_covered(proved, "no message reached an end that can be proved"),
            open => Verdict::Unknown(format!(
                "{open} calls were open when the run ended{}",
                if hanging { ", and it ended too early to tell" } else { "" }
            )),
        })
    }

    fn is_breached(&self) -> bool {
        self.is_watched && self.breach.is_some()
    }
}

impl TraceCompleteness {
    fn open(&mut self, at: Stamp, call: Asked<'_>) {
        self.calls.insert(call.id, at);
        let Ask::Produce { partition, messages, .. } = &call.ask else { return };
        let open = Open { partition: *partition, answer: None, astray: None, read: None };
        self.messages.extend(messages.iter().map(|message| (*message, open)));
    }

    /// A node says that it acknowledges the call whose first message this is.
    fn answer(&mut self, at: Stamp, (node, group): (Node, Group), acks: Acks, message: MessageId) {
        if let Some(open) = self.messages.get_mut(&message) {
            if open.partition != group {
                open.astray.get_or_insert((group, node, at));
            } else if open.answer.is_none_or(|(known, _, _)| known < acks) {
                open.answer = Some((acks, node, at));
            }
        } else if let Some(refused) = self.refused.get(&message).copied()
            && acks != Acks::None
        {
            let seen = line(at, format!("n{node}: acknowledged m{message} at `{}`", acks.name()));
            self.add_refused(message, refused, seen, "acknowledged after that");
        }
    }

    fn close(&mut self, at: Stamp, call: &Call) {
        if self.calls.remove(&call.id).is_none() {
            self.breach.add(|| Evidence {
                summary: format!(
                    "two_ends: call {} of client {} ended twice, or was never made",
                    call.id, call.client
                ),
                lines: vec![line(at, format!("c{}: call {} ends again", call.client, call.id))],
                partition: call.partition(),
                ..Evidence::default()
            });
            return;
        }
        if let Ask::Produce { partition, messages, acks, .. } = &call.ask {
            self.end(at, call, *partition, messages, *acks);
        }
        let Outcome::Ok(reply) = &call.outcome else { return };
        match reply {
            Reply::Fetched { records, .. } => {
                records.iter().for_each(|record| self.read(at, record.message));
            }
            Reply::Polled(polled) => self.read_all(at, polled),
            Reply::Transacted { results } => {
                for result in results {
                    match result {
                        StepReply::Polled(polled) => self.read_all(at, polled),
                        StepReply::Sent { .. } => {}
                    }
                }
            }
            Reply::Produced { .. }
            | Reply::Assigned
            | Reply::Joined { .. }
            | Reply::OffsetsCommitted
            | Reply::Offsets { .. } => {}
        }
    }

    fn read_all(&mut self, at: Stamp, polled: &Polled) {
        let records = polled.batches.iter().flat_map(|batch| &batch.records);
        records.for_each(|record| self.read(at, record.message));
    }

    fn read(&mut self, at: Stamp, message: MessageId) {
        // Nearly everything that is read has ended well long ago.
        if let Some(open) = self.messages.get_mut(&message) {
            open.read.get_or_insert(at);
        } else if !self.refused.is_empty()
            && let Some(refused) = self.refused.get(&message).copied()
        {
            let seen = line(at, format!("m{message} was read"));
            self.add_refused(message, refused, seen, "read after that");
        }
    }

    /// A produce call has its end: does what nodes did prove it?
    fn end(
        &mut self,
        at: Stamp,
        call: &Call,
        partition: Partition,
        messages: &[MessageId],
        asked: Acks,
    ) {
        for (place, message) in messages.iter().enumerate() {
            let Some(open) = self.messages.remove(message) else { continue };
            match &call.outcome {
                Outcome::Ok(_) if asked == Acks::None => {}
                // Nodes name a call by its first message.
                Outcome::Ok(_) if place > 0 => self.proved += 1,
                Outcome::Ok(_) => {
                    self.proved += 1;
                    if open.answer.is_none_or(|(given, _, _)| given < asked) {
                        self.breach.add(|| unproved(at, call, *message, &open, asked));
                    }
                }
                Outcome::Refused(_) => {
                    self.proved += 1;
                    let refused = Refused { partition, at };
                    self.refused.insert(*message, refused);
                    if let Some((given, node, when)) =
                        open.answer.filter(|(a, ..)| *a != Acks::None)
                    {
                        let text =
                            format!("n{node}: acknowledged m{message} at `{}`", given.name());
                        self.add_refused(
                            *message,
                            refused,
                            line(when, text),
                            "acknowledged before",
                        );
                    }
                    if let Some(when) = open.read {
                        let seen = line(when, format!("m{message} was read"));
                        self.add_refused(*message, refused, seen, "read before");
                    }
                }
                Outcome::Unknown(_) => self.proved += 1,
            }
        }
    }

    fn add_refused(&mut self, message: MessageId, refused: Refused, seen: Line, what: &str) {
        let Refused { partition, at } = refused;
        let end = line(at, format!("the client was told that m{message} was refused"));
        self.breach.add(|| Evidence {
            summary: format!(
                "refused_yet_done: m{message} was refused in partition {partition}, and was {what} \
                 (S40)"
            ),
            lines: vec![end, seen],
            partition: Some(partition),
            message: Some(message),
            ..Evidence::default()
        });
    }

    /// Whether calls are open that might have had no time to end; those that had are violations.
    fn hanging(&mut self) -> bool {
        let (Some(ended), Some((healed, bound_ns))) = (self.ended, self.healed) else {
            return true;
        };
        if ended.at_ns < healed.at_ns.saturating_add(bound_ns) {
            return true;
        }
        let hangs = |(_, called): &(&u64, &Stamp)| called.ordinal < healed.ordinal;
        let hanging = self.calls.iter().filter(hangs);
        for (call, called) in hanging {
            self.breach.add(|| Evidence {
                summary: format!("no_end: call {call} had no end when the run was over"),
                lines: vec![
                    line(*called, format!("call {call} was made")),
                    line(healed, format!("healed: all had {} ms to end", bound_ns / 1_000_000)),
                    line(ended, format!("the run is over, call {call} is still open")),
                ],
                ..Evidence::default()
            });
        }
        false
    }
}

fn unproved(at: Stamp, call: &Call, message: MessageId, open: &Open, asked: Acks) -> Evidence {
    let Open { partition, answer, astray, .. } = *open;
    let (rule, why) = match (answer, astray) {
        (Some((given, node, _)), _) => {
            ("weaker_answer", format!("n{node} answered no more than `{}`", given.name()))
        }
        (None, Some((group, node, _))) => {
            ("answer_astray", format!("only n{node} answered, for partition {group}"))
        }
        (None, None) => ("unanswered_ok", "no node had answered".to_owned()),
    };
    let mut lines = vec![line(call.called, format!("c{}: sends m{message}", call.client))];
    lines.extend(answer.map(|(given, node, when)| {
        line(when, format!("n{node}: acknowledged m{message} at `{}`", given.name()))
    }));
    lines.extend(astray.map(|(group, node, when)| {
        line(when, format!("n{node}: acknowledged m{message} for partition {group}"))
    }));
    lines.push(line(at, format!("c{}: is told that m{message} is acknowledged", call.client)));
    Evidence {
        summary: format!(
            "{rule}: client {} was told that m{message} is acknowledged at `{}` in partition \
             {partition}, and {why}",
            call.client,
            asked.name()
        ),
        lines,
        partition: Some(partition),
        message: Some(message),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests;
