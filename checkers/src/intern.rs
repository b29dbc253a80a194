//! Message ids as small dense numbers, so that every law keeps its messages in plain vectors.
//!
//! An open-addressed table of our own, because the standard one is banned for its iteration order
//! and a tree costs several cache misses for each message. This one is never iterated.

/// Ids in the order of their first mention, and the table that finds them.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    ids: Vec<u64>,
    /// A power of two places; 0 is free, else the number plus one.
    places: Vec<u32>,
}

impl Interner {
    /// The number of this id, if it was ever mentioned.
    pub(crate) fn find(&self, id: u64) -> Option<u32> {
        if self.places.is_empty() {
            return None;
        }
        self.places[self.place(id)].checked_sub(1)
    }

    /// The number of this id, and whether this is its first mention.
    pub(crate) fn intern(&mut self, id: u64) -> (u32, bool) {
        if self.ids.len() * 4 >= self.places.len() * 3 {
            self.grow();
        }
        let place = self.place(id);
        if let Some(number) = self.places[place].checked_sub(1) {
            return (number, false);
        }
        let number = u32::try_from(self.ids.len()).expect("fewer than 4 billion messages");
        self.ids.push(id);
        self.places[place] = number + 1;
        (number, true)
    }

    /// The id behind a number.
    pub(crate) fn id(&self, number: u32) -> u64 {
        self.ids[number as usize]
    }

    /// Where the id stands, or the free place where it would.
    fn place(&self, id: u64) -> usize {
        let mask = self.places.len() - 1;
        let mixed = (id ^ (id >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut place = (mixed >> 32) as usize & mask;
        while let Some(number) = self.places[place].checked_sub(1) {
            if self.ids[number as usize] == id {
                return place;
            }
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        let places = (self.places.len() * 2).max(64);
        self.places = vec![0; places];
        for number in 0..self.ids.len() {
            let place = self.place(self.ids[number]);
            self.places[place] = number as u32 + 1;
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
        fn it_numbers_ids_as_a_tree_would(ids in prop::collection::vec(0u64..300, 0..600), shift in 0u32..50) {
            let mut twin = BTreeMap::new();
            let mut interner = Interner::default();
            for id in ids {
                let id = id << shift;
                prop_assert_eq!(interner.find(id), twin.get(&id).copied());
                let next = twin.len() as u32;
                let expected = *twin.entry(id).or_insert(next);
                prop_assert_eq!(interner.intern(id), (expected, expected == next));
                prop_assert_eq!(interner.id(expected), id);
            }
        }
    }
}
