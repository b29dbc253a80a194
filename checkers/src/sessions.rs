//! What each client knew of each partition when it asked: the ground on which the session
//! guarantees stand (Terry et al., *Session Guarantees for Weakly Consistent Replicated Data*,
//! 1994).
//!
//! A session is a client, and what it knows only grows when a call returns to it, so calls of one
//! client that overlap owe each other nothing. Offsets are the version order of a partition; one
//! number for each kind of knowledge is therefore all there is to keep. Every returned read is
//! turned into [`Look`]s: where the reader was told that a partition ends, beside what it knew when
//! it asked. This notes and never judges; the laws do.

mod floors;
mod holds;
mod misses;

use crate::{
    by_offset::seat,
    contract::{Contract, Isolation},
    event::Event,
    history::{
        Ask, Asked, Call, Offset, Outcome, Partition, Polled, ReadLevel, Reply, Stamp, StepReply,
    },
    intern::Interner,
    ledger::{Act, Ledger, Read},
};
pub(crate) use floors::{Fall, Floors, told_place};
use holds::Holds;
pub(crate) use misses::{Misses, level_name, permits_miss};
use std::collections::BTreeMap;

/// How far a partition is known to reach.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reach {
    /// One past the highest offset known; 0 where nothing is.
    pub(crate) end: Offset,
    /// When that became known.
    pub(crate) since: Stamp,
}

impl Reach {
    pub(crate) fn raise(&mut self, end: Offset, since: Stamp) {
        if self.end < end {
            *self = Reach { end, since };
        }
    }
}

/// What one session knew of one partition.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Known {
    /// Its own messages that were acknowledged at `quorum` or above.
    pub(crate) written: Reach,
    /// Records that it was shown.
    pub(crate) shown: Reach,
    /// Records that it was shown, or the end that a fetch told it.
    pub(crate) told: Reach,
}

/// Where a read told its client that a partition ends.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) partition: Partition,
    /// One past the last offset there was; of an empty poll, the client's position.
    pub(crate) end: Offset,
    pub(crate) level: ReadLevel,
    pub(crate) is_poll: bool,
    /// What the session knew of this partition when it asked.
    pub(crate) before: Known,
    /// One past the highest offset that any read had shown anyone when this one was asked.
    seen_end: Offset,
}

/// One client.
#[derive(Debug, Default)]
struct Session {
    /// By partition.
    known: Vec<Known>,
    /// By partition: the offset that comes next, plus one; 0 where no one can say.
    positions: Vec<u64>,
    /// Whether a group may take partitions away, so that an empty poll says nothing.
    is_managed: bool,
    /// Calls that returned to it so far.
    returns: u64,
    /// Polls and transactions under way. One that never returns may take records at any moment, so
    /// while there is one beside another no one can say where the client stands.
    polling: u64,
}

/// What must be remembered of a call until it returns.
#[derive(Clone, Copy, Debug)]
struct Open {
    returns: u64,
    before: Known,
    seen_end: Offset,
}

/// What sessions learn from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) contract: &'a Contract,
}

/// Every session.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    clients: Interner,
    sessions: Vec<Session>,
    /// Reads under way, by call.
    open: BTreeMap<u64, Open>,
    /// By partition: one past the highest offset that any read showed.
    seen_ends: Vec<Offset>,
    holds: Holds,
    looks: Vec<Look>,
}

impl Sessions {
    /// What the call that just returned told of where partitions end.
    pub(crate) fn looks(&self) -> &[Look] {
        &self.looks
    }

    /// What the client knows of the partition by now.
    pub(crate) fn known(&self, client: u32, partition: Partition) -> Known {
        let session = self.clients.find(u64::from(client));
        let session = session.and_then(|session| self.sessions.get(session as usize));
        let known = session.and_then(|session| session.known.get(partition as usize));
        known.copied().unwrap_or_default()
    }

    /// Whether a transaction is open that may hide what was just acknowledged in the partition.
    pub(crate) fn is_open_below(
        &self,
        partition: Partition,
        at: Stamp,
        contract: &Contract,
    ) -> bool {
        contract.isolation > Isolation::ReadUncommitted
            && self.holds.is_held(partition, at.ordinal, at, 0)
    }

    /// Whether what lies below `reach` may have been hidden from this look by a transaction that
    /// was still open: readers of committed data stop before the first open one (the last stable
    /// offset, KIP-98). What some reader was shown before cannot be hidden again. A bounded look
    /// may go back as far as its bound says, so it may miss what was hidden then.
    pub(crate) fn is_held(
        &self,
        look: &Look,
        reach: Reach,
        called: Stamp,
        contract: &Contract,
    ) -> bool {
        if contract.isolation == Isolation::ReadUncommitted {
            return false;
        }
        let (age_ns, is_shown) = match look.level {
            ReadLevel::Bounded(bound_ns) => (bound_ns, false),
            ReadLevel::Eventual | ReadLevel::Session | ReadLevel::Linearizable => {
                (0, look.seen_end >= reach.end)
            }
        };
        !is_shown && self.holds.is_held(look.partition, reach.since.ordinal, called, age_ns)
    }

    pub(crate) fn observe(&mut self, at: Stamp, event: Event<'_>, shared: Source<'_>) {
        self.looks.clear();
        match event {
            Event::Called(call) => {
                self.holds.note_call(call);
                self.note_call(call);
            }
            Event::Returned(call) => {
                self.note_return(at, call, shared);
                self.holds.note_return(at, call);
            }
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn note_call(&mut self, call: Asked<'_>) {
        let (session, _) = self.clients.intern(u64::from(call.client));
        let session = seat(&mut self.sessions, session);
        let partition = match &call.ask {
            Ask::Fetch { partition, .. } => Some(*partition as usize),
            Ask::Poll | Ask::Transact { .. } => None,
            Ask::Produce { .. }
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => return,
        };
        if partition.is_none() {
            session.polling += 1;
        }
        let of = |ends: &[Offset]| partition.and_then(|partition| ends.get(partition).copied());
        let before = partition.and_then(|partition| session.known.get(partition).copied());
        self.open.insert(
            call.id,
            Open {
                returns: session.returns,
                before: before.unwrap_or_default(),
                seen_end: of(&self.seen_ends).unwrap_or_default(),
            },
        );
    }

    fn note_return(&mut self, at: Stamp, call: &Call, shared: Source<'_>) {
        let open = self.open.remove(&call.id);
        let (number, _) = self.clients.intern(u64::from(call.client));
        let session = seat(&mut self.sessions, number);
        if matches!(call.ask, Ask::Poll | Ask::Transact { .. }) {
            session.polling = session.polling.saturating_sub(1);
        }
        if session.polling > 0 {
            session.positions.clear();
        }
        match (&call.ask, &call.outcome) {
            (Ask::Fetch { partition, level, .. }, Outcome::Ok(Reply::Fetched { end, .. })) => {
                if let Some(Open { before, seen_end, .. }) = open {
                    let (partition, end, level) = (*partition, *end, *level);
                    let is_poll = false;
                    self.looks.push(Look { partition, end, level, is_poll, before, seen_end });
                }
            }
            (Ask::Poll, Outcome::Ok(Reply::Polled(polled))) => {
                // Where another call returned in between, no one knows what it knew when it asked.
                let is_alone = open.is_some_and(|open| open.returns == session.returns);
                if is_alone && is_empty(polled) && !session.is_managed {
                    self.looks.extend(looks(session, &self.seen_ends, shared));
                }
                session.forget(&polled.rebalanced);
            }
            (Ask::Transact { .. }, Outcome::Ok(Reply::Transacted { results })) => {
                for result in results {
                    if let StepReply::Polled(polled) = result {
                        session.forget(&polled.rebalanced);
                    }
                }
            }
            (Ask::Assign { is_managed, .. }, outcome) => {
                session.is_managed = *is_managed;
                if !matches!(outcome, Outcome::Refused(_)) {
                    session.positions.clear();
                }
            }
            (Ask::Join { .. }, outcome) => {
                if !matches!(outcome, Outcome::Refused(_)) {
                    session.is_managed = true;
                    session.positions.clear();
                }
            }
            // It may have taken records that the client never saw.
            (Ask::Poll | Ask::Transact { .. }, Outcome::Unknown(_)) => session.positions.clear(),
            (_, Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_)) => {}
        }
        session.returns += 1;
        for act in shared.ledger.acts() {
            match act {
                Act::Wrote { message, partition, offset } => {
                    if let Some(offset) = offset
                        && shared.ledger.send_of(*message).is_some_and(|send| send.is_durable())
                    {
                        let known = seat(&mut session.known, *partition);
                        known.written.raise(offset.saturating_add(1), at);
                    }
                }
                Act::Read(read) => {
                    let end = session.see(at, read, shared);
                    let seen = seat(&mut self.seen_ends, read.partition);
                    *seen = end.max(*seen);
                }
            }
        }
    }
}

impl Session {
    fn forget(&mut self, partitions: &[Partition]) {
        for partition in partitions {
            *seat(&mut self.positions, *partition) = 0;
        }
    }

    /// Takes in what a read showed; answers one past the highest offset.
    fn see(&mut self, at: Stamp, read: &Read, shared: Source<'_>) -> Offset {
        let records = shared.ledger.records(read);
        let last = records.iter().map(|seen| seen.offset.saturating_add(1)).max().unwrap_or(0);
        let known = seat(&mut self.known, read.partition);
        known.shown.raise(last, at);
        known.told.raise(last.max(read.end.unwrap_or(0)), at);
        if read.is_poll && last > 0 && self.polling == 0 {
            *seat(&mut self.positions, read.partition) = last.saturating_add(1);
        }
        last
    }
}

fn is_empty(polled: &Polled) -> bool {
    polled.rebalanced.is_empty() && polled.batches.iter().all(|batch| batch.records.is_empty())
}

/// An empty poll says that nothing stands at or above the client's positions.
fn looks<'a>(
    session: &'a Session,
    seen_ends: &'a [Offset],
    shared: Source<'a>,
) -> impl Iterator<Item = Look> + 'a {
    let positions = (0..).zip(&session.positions);
    let positions =
        positions.filter_map(|(partition, next)| Some((partition, next.checked_sub(1)?)));
    positions.map(move |(partition, end)| Look {
        partition,
        end,
        level: shared.contract.poll,
        is_poll: true,
        before: session.known.get(partition as usize).copied().unwrap_or_default(),
        seen_end: seen_ends.get(partition as usize).copied().unwrap_or_default(),
    })
}

impl Look {
    /// What the reader asked, in words.
    pub(crate) fn asked(&self, call: &Call) -> String {
        let (client, partition) = (call.client, self.partition);
        let level = level_name(self.level);
        match self.is_poll {
            false => format!("c{client} asked to read partition {partition} (`{level}`)"),
            true => format!(
                "c{client} polled; in partition {partition} it stood at offset {} (`{level}`)",
                self.end
            ),
        }
    }

    /// What the reader was told, in words.
    pub(crate) fn told(&self, call: &Call) -> String {
        let (client, partition, end) = (call.client, self.partition, self.end);
        match self.is_poll {
            false => format!("c{client} was told that partition {partition} ends at {end}"),
            true => format!("c{client} was told that there is nothing to read"),
        }
    }
}

/// A message as people know it: `m7`, or its place where nobody named what stands there.
pub(crate) fn message_at(ledger: &Ledger, partition: Partition, offset: Offset) -> String {
    match ledger.at(partition, offset) {
        Some(number) => format!("m{}", ledger.id(number)),
        None => "what stands there".to_owned(),
    }
}
