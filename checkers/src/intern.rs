//! Message ids as small dense numbers, so that every law keeps its messages in plain vectors.
//!
//! A table of our own, because the standard one is banned for its iteration order and a tree costs
//! several cache misses for each message. Ids that follow one another share a block of one cache
//! line, and only blocks are hashed: producers count, so this saves most of the misses, which were
//! half the time of the whole bench. It is never iterated.

/// Ids in one block: the lowest bits of an id choose the place in it.
const BLOCK_BITS: u32 = 4;
const BLOCK: usize = 1 << BLOCK_BITS;

/// Ids in the order of their first mention, and the table that finds them.
#[derive(Debug, Default)]
pub(crate) struct Interner {
    ids: Vec<u64>,
    /// Numbers plus one; 0 for an id that was never mentioned.
    blocks: Vec<[u32; BLOCK]>,
    /// The upper bits that all ids of a block share.
    keys: Vec<u64>,
    /// Open addressing, a power of two places; 0 is free, else the block's number plus one.
    places: Vec<u32>,
}

impl Interner {
    /// The number of this id, if it was ever mentioned.
    pub(crate) fn find(&self, id: u64) -> Option<u32> {
        if self.places.is_empty() {
            return None;
        }
        let block = self.places[self.place(id >> BLOCK_BITS)].checked_sub(1)?;
        self.blocks[block as usize][id as usize % BLOCK].checked_sub(1)
    }

    /// The number of this id, and whether this is its first mention.
    pub(crate) fn intern(&mut self, id: u64) -> (u32, bool) {
        let block = self.block(id >> BLOCK_BITS);
        let number = &mut self.blocks[block][id as usize % BLOCK];
        if let Some(number) = number.checked_sub(1) {
            return (number, false);
        }
        self.ids.push(id);
        *number = u32::try_from(self.ids.len()).expect("fewer than 4 billion messages");
        (*number - 1, true)
    }

    /// The id behind a number.
    pub(crate) fn id(&self, number: u32) -> u64 {
        self.ids[number as usize]
    }

    /// The block of this key, made if need be.
    fn block(&mut self, key: u64) -> usize {
        if self.keys.len() * 2 >= self.places.len() {
            self.grow();
        }
        let place = self.place(key);
        if self.places[place] == 0 {
            self.keys.push(key);
            self.blocks.push([0; BLOCK]);
            self.places[place] = self.keys.len() as u32;
        }
        self.places[place] as usize - 1
    }

    /// Where the key stands, or the free place where it would.
    fn place(&self, key: u64) -> usize {
        let mask = self.places.len() - 1;
        let mixed = (key ^ (key >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mut place = (mixed >> 32) as usize & mask;
        while let Some(block) = self.places[place].checked_sub(1) {
            if self.keys[block as usize] == key {
                return place;
            }
            place = (place + 1) & mask;
        }
        place
    }

    fn grow(&mut self) {
        self.places = vec![0; (self.places.len() * 2).max(64)];
        for block in 0..self.keys.len() {
            let place = self.place(self.keys[block]);
            self.places[place] = block as u32 + 1;
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
