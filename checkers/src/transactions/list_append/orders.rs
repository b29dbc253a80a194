//! The order of versions of each list, as its longest read tells it.
//!
//! A list that grows only at its end shows its whole past in every read. So one read for each key is
//! enough, the longest; every other one is a beginning of it, and its length says which version it
//! saw, without a look at its elements.
//!
//! What nobody appended, what an aborted transaction appended and what stands there twice is no
//! version: it is passed over. What no read shows, but was appended, comes after all that is shown.

use crate::transactions::{
    Fate, Step, Transaction,
    writes::{WriteId, Writes},
};
use std::ops::Range;

/// No write.
const NONE: u32 = u32::MAX;

/// The order of every key.
#[derive(Debug)]
pub(crate) struct Orders<'a> {
    /// By key: the longest read and the transaction that read it.
    longest: Vec<(&'a [u64], u32)>,
    /// By key: where its places begin in the two below. A key has a place more than elements.
    firsts: Vec<u32>,
    /// By place: the write that stands there; none where no version stands.
    kept: Vec<WriteId>,
    /// By place: the first place from here on where a version stands, counted within the key.
    next: Vec<u32>,
    /// By write: its place within its key; none if no read shows it.
    positions: Vec<u32>,
    flaws: Vec<Flaws>,
}

/// By key: the places of the first elements that should not be there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Flaws {
    pub(crate) phantom: Option<u32>,
    pub(crate) aborted: Option<u32>,
    pub(crate) duplicate: Option<u32>,
}

impl<'a> Orders<'a> {
    pub(crate) fn read(transactions: &'a [Transaction], writes: &Writes) -> Orders<'a> {
        let mut longest: Vec<(&[u64], u32)> = vec![(&[], 0); writes.key_count()];
        for (number, transaction) in (0..).zip(transactions) {
            if transaction.fate != Fate::Committed {
                continue;
            }
            for step in &transaction.steps {
                if let Step::ReadList { key, values: Some(values) } = step {
                    let longest = &mut longest[writes.key(*key) as usize];
                    if values.len() > longest.0.len() {
                        *longest = (values, number);
                    }
                }
            }
        }
        let mut orders = Orders {
            flaws: vec![Flaws::default(); longest.len()],
            firsts: Vec::with_capacity(longest.len()),
            longest,
            kept: Vec::new(),
            next: Vec::new(),
            positions: vec![NONE; writes.len()],
        };
        for key in 0..writes.key_count() as u32 {
            orders.place(key, transactions, writes);
        }
        orders
    }

    fn place(&mut self, key: u32, transactions: &[Transaction], writes: &Writes) {
        let first = self.kept.len();
        let (values, _) = self.longest[key as usize];
        let flaws = &mut self.flaws[key as usize];
        self.firsts.push(u32::try_from(first).expect("fewer than 4 billion elements"));
        for (place, value) in (0..).zip(values) {
            let write = writes.find(key, *value);
            let flaw = match write {
                None => &mut flaws.phantom,
                Some(write) if self.positions[write as usize] != NONE => &mut flaws.duplicate,
                Some(write) if writes.fate(transactions, write) == Fate::Aborted => {
                    self.positions[write as usize] = place;
                    &mut flaws.aborted
                }
                Some(write) => {
                    self.positions[write as usize] = place;
                    self.kept.push(write);
                    continue;
                }
            };
            flaw.get_or_insert(place);
            self.kept.push(NONE);
        }
        self.kept.push(NONE);
        let len = values.len() as u32;
        self.next.resize(self.kept.len(), len);
        for place in (first..first + values.len()).rev() {
            self.next[place] = match self.kept[place] {
                NONE => self.next[place + 1],
                _ => (place - first) as u32,
            };
        }
    }

    /// The longest read of a key, and who read it.
    pub(crate) fn longest(&self, key: u32) -> (&'a [u64], u32) {
        self.longest[key as usize]
    }

    /// What should not be in the longest read of a key.
    pub(crate) fn flaws(&self, key: u32) -> Flaws {
        self.flaws[key as usize]
    }

    /// Where a write stands in its key's longest read.
    pub(crate) fn position(&self, write: WriteId) -> Option<u32> {
        let position = self.positions[write as usize];
        (position != NONE).then_some(position)
    }

    /// Whether what was read is a beginning of the longest read.
    pub(crate) fn is_beginning(&self, key: u32, values: &[u64]) -> bool {
        self.longest[key as usize].0.starts_with(values)
    }

    fn places(&self, key: u32) -> Range<usize> {
        let first = self.firsts[key as usize] as usize;
        first..first + self.longest[key as usize].0.len()
    }

    /// The last version among the first `len` elements.
    pub(crate) fn last_within(&self, key: u32, len: u32) -> Option<WriteId> {
        let places = self.places(key);
        let within = &self.kept[places.start..places.start + len as usize];
        within.iter().rev().copied().find(|write| *write != NONE)
    }

    /// The first version after the first `len` elements.
    pub(crate) fn next_after(&self, key: u32, len: u32) -> Option<WriteId> {
        let places = self.places(key);
        let next = self.next[places.start + len as usize] as usize;
        (next < places.len()).then(|| self.kept[places.start + next])
    }

    /// The version before a write: the one that it follows, as far as reads tell.
    pub(crate) fn before(&self, key: u32, write: WriteId) -> Option<WriteId> {
        let shown = self.longest[key as usize].0.len() as u32;
        self.last_within(key, self.position(write).unwrap_or(shown))
    }

    /// Every version that reads show, in order.
    pub(crate) fn versions(&self, key: u32) -> impl Iterator<Item = WriteId> + '_ {
        self.kept[self.places(key)].iter().copied().filter(|write| *write != NONE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::{Numbers, tests::lists};

    #[test]
    fn the_longest_read_tells_the_order_and_passes_over_what_is_no_version() {
        let history = lists("1 ok: ax1 ax4\n2 fail: ax2\n3 unknown: ax3\n4 ok: rx1 rx12935");
        let writes = Writes::read(&history, &Numbers).expect("each value once");
        let orders = Orders::read(&history, &writes);
        let x = writes.key(u64::from(b'x'));
        let write = |value| writes.find(x, value).expect("a write");
        assert_eq!(orders.versions(x).collect::<Vec<_>>(), [write(1), write(3)]);
        assert_eq!(orders.last_within(x, 0), None);
        assert_eq!(orders.last_within(x, 3), Some(write(1)));
        assert_eq!(orders.next_after(x, 1), Some(write(3)));
        assert_eq!(orders.next_after(x, 4), None);
        assert_eq!(orders.before(x, write(4)), Some(write(3)));
        assert_eq!(orders.position(write(4)), None);
        let flaws = orders.flaws(x);
        assert_eq!((flaws.aborted, flaws.phantom, flaws.duplicate), (Some(1), Some(2), None));
        assert!(orders.is_beginning(x, &[1, 2]) && !orders.is_beginning(x, &[1, 3]));
    }
}
