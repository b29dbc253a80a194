//! Which call of each producer came last: replicated state, derived from the log, rolled back with it
//! (S36, H1, H7). A producer has one call under way in a partition, so its last call is all that a
//! repeat can be a repeat of.

use crate::{
    batch,
    entry::{Entry, Kind},
    log::Log,
    types::{EntryId, Index, Offset},
};
use std::collections::BTreeMap;

/// A producer's last call in this partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LastCall {
    /// The producer's epoch.
    pub epoch: u32,
    /// Sequence of the call's first message.
    pub sequence: u32,
    /// Sequence that the next call must have.
    pub next: u32,
    /// The entry that holds it.
    pub entry: EntryId,
    /// Offset of its first message.
    pub offset: Offset,
}

/// What a request is, seen from the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The producer's next call.
    New,
    /// The call that is held here, once more.
    Repeat(LastCall),
    /// Not the next one, nor the last one.
    OutOfOrder,
    /// From an epoch that was given up.
    Fenced,
}

/// The producer table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Producers {
    committed: BTreeMap<u64, LastCall>,
    /// Producers with entries above the commit index; the newest entry counts.
    tail: BTreeMap<u64, LastCall>,
}

impl Producers {
    /// What a request with this producer, epoch and sequence is.
    pub fn see(&self, producer: u64, epoch: u32, sequence: u32) -> Seen {
        match self.last(producer) {
            Some(call) if epoch < call.epoch => Seen::Fenced,
            Some(call) if epoch == call.epoch && sequence == call.next => Seen::New,
            Some(call) if epoch == call.epoch && sequence == call.sequence => Seen::Repeat(*call),
            Some(call) if epoch == call.epoch => Seen::OutOfOrder,
            Some(_) | None if sequence == 0 => Seen::New,
            Some(_) | None => Seen::OutOfOrder,
        }
    }

    /// Whether the log holds this call, or a later one of the same producer.
    pub fn has(&self, producer: u64, epoch: u32, sequence: u32) -> bool {
        let last = self.last(producer);
        last.is_some_and(|call| (call.epoch, call.sequence) >= (epoch, sequence))
    }

    /// Messages in the last call that a producer made in this epoch; 0 without one.
    pub(crate) fn last_count(&self, producer: u64, epoch: u32) -> u32 {
        let last = self.last(producer).filter(|call| call.epoch == epoch);
        last.map_or(0, |call| call.next.wrapping_sub(call.sequence))
    }

    /// Whether anybody produced anything.
    pub(crate) fn is_any(&self) -> bool {
        !(self.committed.is_empty() && self.tail.is_empty())
    }

    /// Producers with calls that are not committed.
    pub(crate) fn uncommitted(&self) -> usize {
        self.tail.len()
    }

    fn last(&self, producer: u64) -> Option<&LastCall> {
        self.tail.get(&producer).or_else(|| self.committed.get(&producer))
    }

    /// An entry was appended.
    pub fn append(&mut self, entry: &Entry) {
        let Some((producer, call)) = call_of(entry) else { return };
        let (index, before) = (call.entry.index, self.tail.insert(producer, call));
        let before = before.map_or(0, |before| before.entry.index);
        assert!(before < index, "producer {producer} has {index} after {before} (H1)");
    }

    /// An entry was committed.
    pub fn commit(&mut self, entry: &Entry) {
        let Some((producer, call)) = call_of(entry) else { return };
        if self.tail.get(&producer).is_some_and(|newest| newest.entry == call.entry) {
            self.tail.remove(&producer);
        }
        let (index, before) = (call.entry.index, self.committed.insert(producer, call));
        let before = before.map_or(0, |before| before.entry.index);
        assert!(before < index, "producer {producer} commits {index} after {before} (H1)");
        let open = self.tail.get(&producer).map_or(u64::MAX, |open| open.entry.index);
        assert!(index < open, "producer {producer} commits {index}, and {open} is open (H1)");
    }

    /// The table that committed entries alone made.
    pub(super) fn committed(&self) -> Producers {
        Producers { committed: self.committed.clone(), tail: BTreeMap::new() }
    }

    /// The log was cut, above its commit index.
    pub fn cut(&mut self, log: &Log, commit: Index) {
        self.tail.clear();
        for index in commit + 1..=log.last_index() {
            let entry = log.get(index);
            assert!(entry.is_some(), "{index} is uncommitted, and not in the log");
            entry.into_iter().for_each(|entry| self.append(entry));
        }
    }
}

fn call_of(entry: &Entry) -> Option<(u64, LastCall)> {
    match entry.kind() {
        Kind::Noop | Kind::Command => None,
        Kind::Messages => {
            let (producer, epoch, sequence) = batch::producer(entry.body())?;
            let next = sequence.wrapping_add(entry.count());
            let call = LastCall { epoch, sequence, next, entry: entry.id(), offset: entry.base() };
            (producer != 0).then_some((producer, call))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Stamp;

    fn append(log: &mut Log, producers: &mut Producers, producer: u64, epoch: u32, sequence: u32) {
        let stamp = Stamp { cluster: 1, incarnation: 1, group: 1, term: 1, wall: 0 };
        let body = batch::body(producer, epoch, sequence, b"");
        let entry = Entry::after(log.last(), stamp, Kind::Messages, log.next_offset(), 1, &body);
        producers.append(&entry);
        log.append(entry);
    }

    #[test]
    fn a_repeat_is_known_and_a_gap_is_refused() {
        let (mut log, mut producers) = (Log::default(), Producers::default());
        assert_eq!(producers.see(5, 0, 1), Seen::OutOfOrder);
        assert_eq!(producers.see(5, 0, 0), Seen::New);
        append(&mut log, &mut producers, 5, 0, 0);
        assert!(matches!(producers.see(5, 0, 0), Seen::Repeat(call) if call.offset == 0));
        assert_eq!(producers.see(5, 0, 1), Seen::New);
        assert_eq!(producers.see(5, 0, 2), Seen::OutOfOrder);
        append(&mut log, &mut producers, 5, 1, 0);
        assert_eq!(producers.see(5, 0, 1), Seen::Fenced);
    }

    #[test]
    fn what_is_cut_from_the_log_is_forgotten_and_what_is_committed_stays() {
        let (mut log, mut producers) = (Log::default(), Producers::default());
        append(&mut log, &mut producers, 5, 0, 0);
        producers.commit(log.get(1).unwrap());
        append(&mut log, &mut producers, 5, 0, 1);
        assert_eq!(producers.see(5, 0, 2), Seen::New);
        log.cut(1);
        producers.cut(&log, 1);
        assert_eq!(producers.see(5, 0, 1), Seen::New);
        assert!(matches!(producers.see(5, 0, 0), Seen::Repeat(_)));
    }
}
