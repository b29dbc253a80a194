//! A group's log in memory. Laws: (1) indexes are contiguous from the one after its base, (2) terms never
//! fall, (3) each entry carries the hash of the one before it, (4) offsets are contiguous, (5) only a
//! suffix is ever cut. Its base is the entry that it begins behind: the place before the first entry, or
//! the last entry that a snapshot stands for. What is flushed is not known here; see `disk/persist.rs`.

use crate::{
    entry::Entry,
    types::{EntryId, Index, Offset, Term},
};

/// The log.
#[derive(Clone, Debug, Default)]
pub struct Log {
    base: EntryId,
    /// The offset of the first message behind the base.
    base_offset: Offset,
    entries: Vec<Entry>,
}

impl Log {
    /// A log that begins behind this entry, before this offset.
    pub fn behind(base: EntryId, offset: Offset) -> Log {
        Log { base, base_offset: offset, entries: Vec::new() }
    }

    /// The entry that it begins behind.
    pub fn base(&self) -> EntryId {
        self.base
    }

    /// The last entry's index; the base's for an empty log.
    pub fn last_index(&self) -> Index {
        self.base.index + self.entries.len() as Index
    }

    /// What identifies the last entry.
    pub fn last(&self) -> EntryId {
        self.entries.last().map_or(self.base, Entry::id)
    }

    /// The entry at an index, if it is in the log.
    pub fn get(&self, index: Index) -> Option<&Entry> {
        let place = index.checked_sub(self.base.index + 1)?;
        self.entries.get(usize::try_from(place).ok()?)
    }

    /// The term at an index: known from the base on, none below it or beyond the log. Never a guess (C8).
    pub fn term(&self, index: Index) -> Option<Term> {
        if index == self.base.index {
            Some(self.base.term)
        } else {
            self.get(index).map(Entry::term)
        }
    }

    /// What identifies the entry at an index.
    ///
    /// # Panics
    /// If it is neither the base nor in the log.
    pub fn id(&self, index: Index) -> EntryId {
        if index == self.base.index {
            return self.base;
        }
        let (base, last) = (self.base.index, self.last_index());
        let entry = self.get(index);
        assert!(entry.is_some(), "index {index} is asked for, the log has {base} to {last}");
        entry.map(Entry::id).unwrap_or_default()
    }

    /// The offset that the next message gets.
    pub fn next_offset(&self) -> Offset {
        self.entries.last().map_or(self.base_offset, end_of)
    }

    /// One past the last offset at or below an index of the log.
    pub fn end_offset(&self, index: Index) -> Offset {
        self.get(index).map_or(self.base_offset, end_of)
    }

    /// Appends an entry.
    ///
    /// # Panics
    /// If it breaks a law of the log: whoever hands it over has not checked it.
    pub fn append(&mut self, entry: Entry) {
        let (last, index) = (self.last(), entry.index());
        assert_eq!(index, last.index + 1, "an entry must follow the log's last");
        assert!(entry.term() >= last.term, "term {} is older than {}", entry.term(), last.term);
        assert_eq!(entry.previous_hash(), last.hash, "index {index} does not chain");
        assert_eq!(entry.base(), self.next_offset(), "index {index} leaves a gap");
        self.entries.push(entry);
    }

    /// Keeps everything up to `last`, cuts the rest.
    ///
    /// # Panics
    /// If that is not in the log.
    pub fn cut(&mut self, last: Index) {
        let (base, end) = (self.base.index, self.last_index());
        assert!(last <= end, "a cut at {last} is past {end}");
        assert!(last >= base, "a cut at {last} is below the log's base {base}");
        self.entries.truncate((last - base) as usize);
    }

    /// Entries from an index on, at most `count` and about `bytes`; at least one if there is one.
    ///
    /// # Panics
    /// If the index is not behind the base: what stood there is not in the log any more.
    pub fn slice(&self, from: Index, count: usize, bytes: usize) -> &[Entry] {
        let base = self.base.index;
        assert!(from > base, "entries from {from} on are asked for, the log begins behind {base}");
        let rest = self.entries.get((from - base - 1) as usize..).unwrap_or_default();
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

    /// The first entry of the log that holds messages at or after an offset.
    pub fn find_offset(&self, offset: Offset) -> Index {
        let before = self.entries.partition_point(|entry| end_of(entry) <= offset);
        self.base.index + before as Index + 1
    }

    /// The highest index at or below `index` whose term is at most `term`: where two logs may agree. The
    /// base if there is none behind it: below it nothing is known here.
    pub fn agree(&self, index: Index, term: Term) -> Index {
        let mut index = index.min(self.last_index()).max(self.base.index);
        while index > self.base.index && self.term(index).is_some_and(|mine| mine > term) {
            index -= 1;
        }
        index
    }
}

/// One past the last offset that an entry has.
fn end_of(entry: &Entry) -> Offset {
    entry.base() + Offset::from(entry.count())
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

    /// Where a log begins, and entries that are in none.
    fn bases() -> impl Strategy<Value = (EntryId, Offset)> {
        let base = |(index, term, hash, offset)| (EntryId { index, term, hash }, offset);
        prop_oneof![
            Just((EntryId::default(), 0)),
            (1u64..9, 1u64..3, any::<u64>(), 0u64..99).prop_map(base),
        ]
    }

    proptest! {
        #[test]
        fn the_log_equals_a_plain_list_wherever_it_begins(ops in ops(), (base, offset) in bases()) {
            let (mut log, mut twin) = (Log::behind(base, offset), Vec::<(Term, u32)>::new());
            let at = |place: usize| base.index + place as u64;
            for op in ops {
                match op {
                    Op::Append { raise, count } => {
                        let term = twin.last().map_or(base.term + 1, |last| last.0) + raise;
                        log.append(next(&log, term, count));
                        twin.push((term, count));
                    }
                    Op::Cut { keep } => {
                        let keep = keep as usize % (twin.len() + 1);
                        log.cut(at(keep));
                        twin.truncate(keep);
                    }
                }
                prop_assert_eq!(log.last_index(), at(twin.len()));
                let offsets = offset + twin.iter().map(|t| u64::from(t.1)).sum::<u64>();
                prop_assert_eq!(log.next_offset(), offsets);
                prop_assert_eq!(log.end_offset(log.last_index()), offsets);
                for (index, (term, _)) in (base.index + 1..).zip(&twin) {
                    prop_assert_eq!(log.term(index), Some(*term));
                }
                prop_assert_eq!(log.term(at(twin.len() + 1)), None);
                prop_assert_eq!(log.id(base.index), base);
                if base.index > 0 {
                    prop_assert_eq!(log.term(base.index - 1), None, "what is below the base");
                }
                for offset in offset..offsets {
                    let mut base = log.end_offset(log.base().index);
                    let holder = 1 + twin.iter().position(|(_, count)| {
                        base += u64::from(*count);
                        base > offset
                    }).unwrap();
                    prop_assert_eq!(log.find_offset(offset), at(holder));
                }
                for term in 0..6 {
                    let dumb = (0..=twin.len()).rev()
                        .find(|i| *i == 0 || twin[i - 1].0 <= term).unwrap();
                    prop_assert_eq!(log.agree(u64::MAX, term), at(dumb));
                }
            }
        }
    }
}
