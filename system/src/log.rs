//! A group's log in memory. Laws: (1) indexes are contiguous from 1, (2) terms never fall, (3) each
//! entry carries the hash of the one before it, (4) offsets are contiguous, (5) only a suffix is ever
//! cut. What is flushed is not known here; see `persist.rs`.

use crate::{
    entry::Entry,
    types::{EntryId, Index, Offset, Term},
};

/// The log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    entries: Vec<Entry>,
}

impl Log {
    /// The last entry's index; 0 for an empty log.
    pub fn last_index(&self) -> Index {
        self.entries.len() as Index
    }

    /// What identifies the last entry.
    pub fn last(&self) -> EntryId {
        self.entries.last().map(Entry::id).unwrap_or_default()
    }

    /// The entry at an index.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        self.entries.get(usize::try_from(index.checked_sub(1)?).ok()?)
    }

    /// The term at an index: 0 at 0, none beyond the log. Never a guess (C8).
    pub fn term(&self, index: Index) -> Option<Term> {
        if index == 0 { Some(0) } else { self.get(index).map(Entry::term) }
    }

    /// What identifies the entry at an index, which must be 0 or in the log.
    pub fn id(&self, index: Index) -> EntryId {
        if index == 0 {
            return EntryId::default();
        }
        self.get(index).map(Entry::id).expect("an index that is in the log")
    }

    /// The offset that the next message gets.
    pub fn next_offset(&self) -> Offset {
        self.entries.last().map_or(0, |entry| entry.base() + Offset::from(entry.count()))
    }

    /// One past the last offset at or below an index.
    pub fn end_offset(&self, index: Index) -> Offset {
        self.get(index).map_or(0, |entry| entry.base() + Offset::from(entry.count()))
    }

    /// Appends an entry.
    ///
    /// # Panics
    /// If it breaks a law of the log: whoever hands it over has not checked it.
    pub fn append(&mut self, entry: Entry) {
        let last = self.last();
        assert_eq!(entry.index(), last.index + 1, "an entry must follow the log's last");
        assert!(entry.term() >= last.term, "term {} is older than {}", entry.term(), last.term);
        assert_eq!(entry.previous_hash(), last.hash, "index {} does not chain", entry.index());
        assert_eq!(entry.base(), self.next_offset(), "index {} leaves a gap", entry.index());
        self.entries.push(entry);
    }

    /// Keeps everything up to `last`, cuts the rest.
    pub fn cut(&mut self, last: Index) {
        assert!(last <= self.last_index(), "a cut at {last} is past {}", self.last_index());
        self.entries.truncate(usize::try_from(last).expect("an index fits in memory"));
    }

    /// Entries from an index on, at most `count` and about `bytes`; at least one if there is one.
    pub fn slice(&self, from: Index, count: usize, bytes: usize) -> &[Entry] {
        let from = (from.max(1) - 1) as usize;
        let rest = self.entries.get(from..).unwrap_or_default();
        let (mut taken, mut size) = (0, 0);
        for entry in rest.iter().take(count) {
            size += entry.bytes().len();
            if taken > 0 && size > bytes {
                break;
            }
            taken += 1;
        }
        &rest[..taken]
    }

    /// The first entry that holds messages at or after an offset.
    pub fn find_offset(&self, offset: Offset) -> Index {
        let before = self
            .entries
            .partition_point(|entry| entry.base() + Offset::from(entry.count()) <= offset);
        before as Index + 1
    }

    /// The highest index at or below `index` whose term is at most `term`: where two logs may agree.
    pub fn agree(&self, index: Index, term: Term) -> Index {
        let mut index = index.min(self.last_index());
        while self.term(index).is_some_and(|mine| mine > term) {
            index -= 1;
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Kind, Stamp};
    use proptest::prelude::*;

    fn next(log: &Log, term: Term, count: u32) -> Entry {
        let stamp = Stamp { cluster: 1, incarnation: 1, group: 1, term, wall: 0 };
        Entry::after(log.last(), stamp, Kind::Messages, log.next_offset(), count, &[0; 5])
    }

    #[derive(Clone, Debug)]
    enum Op {
        Append { raise: u64, count: u32 },
        Cut { keep: u64 },
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            3 => (0u64..2, 0u32..4).prop_map(|(raise, count)| Op::Append { raise, count }),
            1 => (0u64..100).prop_map(|keep| Op::Cut { keep }),
        ];
        proptest::collection::vec(op, 0..60)
    }

    proptest! {
        #[test]
        fn the_log_equals_a_plain_list(ops in ops()) {
            let (mut log, mut twin) = (Log::default(), Vec::<(Term, u32)>::new());
            for op in ops {
                match op {
                    Op::Append { raise, count } => {
                        let term = twin.last().map_or(1, |last| last.0) + raise;
                        log.append(next(&log, term, count));
                        twin.push((term, count));
                    }
                    Op::Cut { keep } => {
                        let keep = keep % (twin.len() as u64 + 1);
                        log.cut(keep);
                        twin.truncate(keep as usize);
                    }
                }
                prop_assert_eq!(log.last_index(), twin.len() as u64);
                let offsets: u64 = twin.iter().map(|t| u64::from(t.1)).sum();
                prop_assert_eq!(log.next_offset(), offsets);
                for (index, (term, _)) in (1..).zip(&twin) {
                    prop_assert_eq!(log.term(index), Some(*term));
                }
                prop_assert_eq!(log.term(twin.len() as u64 + 1), None);
                for offset in 0..offsets {
                    let mut base = 0;
                    let holder = 1 + twin.iter().position(|(_, count)| {
                        base += u64::from(*count);
                        base > offset
                    }).unwrap() as u64;
                    prop_assert_eq!(log.find_offset(offset), holder);
                }
                for term in 0..4 {
                    let dumb = (0..=twin.len()).rev()
                        .find(|i| *i == 0 || twin[i - 1].0 <= term).unwrap() as u64;
                    prop_assert_eq!(log.agree(u64::MAX, term), dumb);
                }
            }
        }
    }
}
