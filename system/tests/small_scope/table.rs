//! A map from 64-bit hashes to what is small: what was met before, and as which number. It is asked and filled, and
//! never gone through, so that no order of its own can come into a search.

/// Open addressing, at most three quarters full. A key is a hash already, so its low bits are its place.
#[derive(Debug)]
pub(crate) struct Table<V> {
    /// Key and value; the key is 0 where nothing is.
    entries: Vec<(u64, V)>,
    length: usize,
}

impl<V: Copy + Default> Table<V> {
    pub(crate) fn new() -> Table<V> {
        Table { entries: vec![(0, V::default()); 1 << 10], length: 0 }
    }

    /// What stands under this key.
    pub(crate) fn get(&self, key: u64) -> Option<V> {
        let (found, value) = self.entries[self.place(key.max(1))];
        (found != 0).then_some(value)
    }

    /// Enters a key that is not there; says whether it was not.
    pub(crate) fn insert(&mut self, key: u64, value: V) -> bool {
        let key = key.max(1);
        let place = self.place(key);
        if self.entries[place].0 != 0 {
            return false;
        }
        self.entries[place] = (key, value);
        self.length += 1;
        if 4 * self.length > 3 * self.entries.len() {
            self.grow();
        }
        true
    }

    /// Where a key stands, or would.
    fn place(&self, key: u64) -> usize {
        let mask = self.entries.len() - 1;
        let mut place = key as usize & mask;
        while ![0, key].contains(&self.entries[place].0) {
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        let wide = vec![(0, V::default()); 2 * self.entries.len()];
        for entry in std::mem::replace(&mut self.entries, wide) {
            if entry.0 != 0 {
                let place = self.place(entry.0);
                self.entries[place] = entry;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_a_map(keys in proptest::collection::vec(0u64..2_000, 0..3_000)) {
            let (mut table, mut twin) = (Table::<u32>::new(), BTreeMap::new());
            for (value, key) in (0..).zip(keys) {
                prop_assert_eq!(table.insert(key, value), !twin.contains_key(&key.max(1)));
                twin.entry(key.max(1)).or_insert(value);
            }
            for key in 1..2_000 {
                prop_assert_eq!(table.get(key), twin.get(&key).copied());
            }
        }
    }
}
