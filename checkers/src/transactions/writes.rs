//! Who wrote what: every write of a history, found by its key and value.
//!
//! Values are written to a key once. That is what makes a read say whom it read from, so a history
//! that writes one twice cannot be judged, and is told as such.

use super::{Fate, Names, Step, Transaction};
use crate::intern::Interner;

/// A write's place among all writes, in order of key and value.
pub(crate) type WriteId = u32;

/// One append or write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    /// The key's number.
    pub(crate) key: u32,
    pub(crate) value: u64,
    pub(crate) transaction: u32,
    /// The place among the transaction's steps.
    pub(crate) step: u32,
    /// Whether the transaction wrote nothing more to the key.
    pub(crate) is_final: bool,
}

/// Every write, and every key that anyone named.
#[derive(Debug)]
pub(crate) struct Writes {
    keys: Interner,
    all: Vec<Write>,
    /// Where the writes of each key begin; one more for the end.
    firsts: Vec<u32>,
}

impl Writes {
    /// The writes of a history; an error in words if it writes a value twice.
    pub(crate) fn read(transactions: &[Transaction], names: &dyn Names) -> Result<Writes, String> {
        let mut keys = Interner::default();
        let mut all: Vec<Write> = Vec::new();
        // By key: the transaction that wrote last, plus one, and where.
        let mut latest: Vec<(u32, u32)> = Vec::new();
        for (number, transaction) in (0u32..).zip(transactions) {
            for (step, deed) in (0u32..).zip(&transaction.steps) {
                let (named, value) = match deed {
                    Step::Append { key, value } | Step::Write { key, value } => {
                        (*key, Some(*value))
                    }
                    Step::ReadList { key, .. } | Step::Read { key, .. } => (*key, None),
                };
                let (key, is_new) = keys.intern(named);
                if is_new {
                    latest.push((0, 0));
                }
                let Some(value) = value else { continue };
                let latest = &mut latest[key as usize];
                if latest.0 == number + 1 {
                    all[latest.1 as usize].is_final = false;
                }
                *latest = (number + 1, all.len() as u32);
                all.push(Write { key, value, transaction: number, step, is_final: true });
            }
        }
        all.sort_unstable_by_key(|write| (write.key, write.value));
        if let Some(twice) =
            all.windows(2).find(|pair| (pair[0].key, pair[0].value) == (pair[1].key, pair[1].value))
        {
            let (key, value) = (keys.id(twice[0].key), twice[0].value);
            return Err(format!(
                "malformed history: {} was written to key {} more than once, so that no one can \
                 say whose it is",
                names.value(value),
                names.key(key)
            ));
        }
        let mut firsts = vec![0; latest.len() + 1];
        all.iter().for_each(|write| firsts[write.key as usize + 1] += 1);
        for key in 1..firsts.len() {
            firsts[key] += firsts[key - 1];
        }
        Ok(Writes { keys, all, firsts })
    }

    /// How many keys there are.
    pub(crate) fn key_count(&self) -> usize {
        self.firsts.len() - 1
    }

    /// The number of a key that someone named.
    pub(crate) fn key(&self, key: u64) -> u32 {
        self.keys.find(key).expect("every key of the history has a number")
    }

    /// The key behind a number.
    pub(crate) fn key_name(&self, key: u32) -> u64 {
        self.keys.id(key)
    }

    /// How many writes there are.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn get(&self, write: WriteId) -> Write {
        self.all[write as usize]
    }

    /// The writes of one key.
    pub(crate) fn of_key(&self, key: u32) -> std::ops::Range<WriteId> {
        self.firsts[key as usize]..self.firsts[key as usize + 1]
    }

    /// Who wrote this value to this key, if anyone did.
    pub(crate) fn find(&self, key: u32, value: u64) -> Option<WriteId> {
        let range = self.of_key(key);
        let own = &self.all[range.start as usize..range.end as usize];
        let place = own.binary_search_by_key(&value, |write| write.value).ok()?;
        Some(range.start + place as u32)
    }

    /// What became of a write.
    pub(crate) fn fate(&self, transactions: &[Transaction], write: WriteId) -> Fate {
        transactions[self.get(write).transaction as usize].fate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::{Numbers, tests::lists};

    #[test]
    fn writes_are_found_by_key_and_value() {
        let history = lists("1 ok: ax1 ax3 rz ay1\n2 fail: ax2");
        let writes = Writes::read(&history, &Numbers).expect("each value once");
        let x = writes.key(u64::from(b'x'));
        assert_eq!(writes.of_key(x).len(), 3);
        let third = writes.get(writes.find(x, 3).expect("3 was written"));
        assert_eq!((third.transaction, third.step, third.is_final), (0, 1, true));
        assert!(!writes.get(writes.find(x, 1).expect("1 was written")).is_final);
        assert_eq!(writes.find(x, 4), None);
        assert_eq!(writes.find(writes.key(u64::from(b'z')), 1), None);
    }

    #[test]
    fn a_value_that_is_written_twice_is_malformed() {
        let error = Writes::read(&lists("1 ok: ax1\n2 fail: ax1"), &Numbers).expect_err("twice");
        assert!(error.starts_with("malformed history: 1 was written to key"), "{error}");
    }
}
