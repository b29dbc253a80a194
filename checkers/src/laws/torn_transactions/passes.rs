//! Where readers went on without being shown anything: offsets within a read that it left out, and
//! those between two polls of a client that kept its position. Markers and aborted messages stand
//! there, or something is torn.

use super::evidence::Pass;
use crate::{
    by_offset::seat,
    checker::Shared,
    history::{Ask, Asked, Call, Offset, Outcome, Partition, Polled, Reply, Stamp, StepReply},
    intern::Interner,
    ledger::Act,
};
use std::collections::BTreeMap;

/// One client's place in the partitions that it polls.
#[derive(Debug, Default)]
struct Reader {
    /// By partition: the next offset plus one; 0 where no one can say.
    positions: Vec<u64>,
    /// A group may take partitions away between two polls.
    is_managed: bool,
    /// Polls and transactions under way: one that never returns may take records at any moment.
    polling: u64,
}

/// Every stretch that some reader passed.
#[derive(Debug, Default)]
pub(super) struct Passes {
    clients: Interner,
    readers: Vec<Reader>,
    /// By partition: first offset and end of a stretch, and who passed it first.
    passes: Vec<BTreeMap<(Offset, Offset), Pass>>,
    /// By partition: when the last read of it that showed anything returned.
    last_reads: Vec<u64>,
}

impl Passes {
    /// Every stretch, by partition, with its first offset.
    pub(super) fn all(&self) -> impl Iterator<Item = (Partition, Offset, &Pass)> {
        (0..).zip(&self.passes).flat_map(|(partition, passes)| {
            passes.iter().map(move |((first, _), pass)| (partition, *first, pass))
        })
    }

    /// Whether anyone read the partition after this moment.
    pub(super) fn was_read_after(&self, partition: Partition, moment: Stamp) -> bool {
        self.last_reads.get(partition as usize).is_some_and(|read| *read > moment.ordinal)
    }

    /// Takes in that somebody asked.
    pub(super) fn note_call(&mut self, call: Asked<'_>) {
        if matches!(call.ask, Ask::Poll | Ask::Transact { .. }) {
            let (reader, _) = self.clients.intern(u64::from(call.client));
            seat(&mut self.readers, reader).polling += 1;
        }
    }

    /// Takes in a call that returned. Positions are always followed, stretches only when asked for.
    pub(super) fn observe(&mut self, at: Stamp, call: &Call, shared: &Shared, is_noted: bool) {
        let (reader, _) = self.clients.intern(u64::from(call.client));
        let reader = seat(&mut self.readers, reader);
        if matches!(call.ask, Ask::Poll | Ask::Transact { .. }) {
            reader.polling = reader.polling.saturating_sub(1);
        }
        if reader.polling > 0 {
            reader.positions.clear();
        }
        match (&call.ask, &call.outcome) {
            (Ask::Assign { is_managed, .. }, _) => {
                let polling = reader.polling;
                *reader = Reader { is_managed: *is_managed, polling, ..Reader::default() };
            }
            // Whoever joined is told when it gains or loses something: by joining again.
            (Ask::Join { .. }, _) => {
                *reader = Reader { polling: reader.polling, ..Reader::default() };
            }
            (Ask::Poll | Ask::Transact { .. }, Outcome::Unknown(_)) => reader.positions.clear(),
            (Ask::Poll, Outcome::Ok(Reply::Polled(polled))) => reader.forget(polled),
            (Ask::Transact { .. }, Outcome::Ok(Reply::Transacted { results })) => {
                for result in results {
                    if let StepReply::Polled(polled) = result {
                        reader.forget(polled);
                    }
                }
            }
            (_, Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_)) => {}
        }
        for act in shared.ledger.acts() {
            let Act::Read(read) = act else { continue };
            let records = shared.ledger.records(read);
            let Some(last) = records.last() else { continue };
            *seat(&mut self.last_reads, read.partition) = at.ordinal;
            let mut next = read.from;
            if read.is_poll && !reader.is_managed && reader.polling == 0 {
                let position = seat(&mut reader.positions, read.partition);
                next = position.checked_sub(1).unwrap_or(read.from);
                *position = last.offset.saturating_add(2);
            }
            if !is_noted {
                continue;
            }
            for seen in records {
                if next < seen.offset {
                    let (client, called, end) = (call.client, call.called, seen.offset);
                    let passes = seat(&mut self.passes, read.partition);
                    passes.entry((next, end)).or_insert(Pass { client, called, at, end });
                }
                next = seen.offset.saturating_add(1);
            }
        }
    }
}

impl Reader {
    fn forget(&mut self, polled: &Polled) {
        for partition in &polled.rebalanced {
            *seat(&mut self.positions, *partition) = 0;
        }
    }
}
