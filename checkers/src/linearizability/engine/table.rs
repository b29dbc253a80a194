//! The tables of a search: configurations that it has been in, states that it knows by number, and
//! steps that it need not ask the model for again.
//!
//! All use open addressing and say how many bytes they hold. What grows does so in small portions,
//! so that a search can stop right before it would hold more than it may.

use super::mask::{Mask, mix};
use std::hash::{Hash, Hasher};

/// Tables are cut into so many shards by their upper hash bits: each grows on its own.
const SHARDS: usize = 64;
/// Marks a free place. No history has so many returns.
const FREE: u32 = u32::MAX;

/// [`mix`] for whatever can be hashed.
struct Mixer(u64);

impl Hasher for Mixer {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
        self.write_u64(bytes.len() as u64);
    }

    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix(self.0, number);
    }

    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number as u64);
    }
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut mixer = Mixer(0);
    value.hash(&mut mixer);
    mixer.finish()
}

/// Where a search can stand: so many returns are behind it, these operations in flight have taken
/// effect, and the object is in this state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configuration<K> {
    pub(crate) mask: K,
    pub(crate) level: u32,
    pub(crate) state: u32,
}

/// Configurations that need no second visit.
pub(crate) struct Seen<K> {
    shards: Vec<Shard<K>>,
    /// Slots of operations that may take effect or not.
    optional: K,
    bytes: u64,
}

struct Shard<K> {
    places: Vec<Configuration<K>>,
    len: usize,
}

impl<K: Mask> Seen<K> {
    pub(super) fn new(optional: K) -> Seen<K> {
        let shards = (0..SHARDS).map(|_| Shard { places: Vec::new(), len: 0 }).collect();
        Seen { shards, optional, bytes: 0 }
    }

    /// Notes a configuration. False if it is known, or one is that covers it: the same, with fewer
    /// of the operations used that may take effect or not, and whatever could follow here can
    /// follow there. None if it would take more than so many bytes.
    pub(super) fn insert(&mut self, new: &Configuration<K>, bytes_max: u64) -> Option<bool> {
        let hash = hash_of_configuration(new, &self.optional);
        let shard = &mut self.shards[hash as usize & (SHARDS - 1)];
        if shard.len * 4 >= shard.places.len() * 3 {
            let before = shard.places.len();
            let after = (before * 2).max(8);
            let place = size_of::<Configuration<K>>() as u64;
            if self.bytes + after as u64 * place > bytes_max {
                return None;
            }
            shard.grow(after, &self.optional);
            self.bytes += (after - before) as u64 * place;
        }
        let mut place = shard.start(hash);
        while shard.places[place].level != FREE {
            let there = &shard.places[place];
            if there.level == new.level
                && there.state == new.state
                && there.mask.covers(&new.mask, &self.optional)
            {
                return Some(false);
            }
            place = (place + 1) & (shard.places.len() - 1);
        }
        shard.places[place] = new.clone();
        shard.len += 1;
        self.bytes += new.mask.heap_bytes();
        Some(true)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len).sum()
    }

    /// All with so many returns behind them.
    pub(crate) fn at(&self, level: u32) -> impl Iterator<Item = &Configuration<K>> {
        let places = self.shards.iter().flat_map(|shard| &shard.places);
        places.filter(move |there| there.level == level)
    }
}

impl<K: Mask> Shard<K> {
    fn start(&self, hash: u64) -> usize {
        (hash >> 32) as usize & (self.places.len() - 1)
    }

    fn grow(&mut self, places: usize, optional: &K) {
        let free = Configuration { level: FREE, ..Configuration::default() };
        let before = std::mem::replace(&mut self.places, vec![free; places]);
        for old in before.into_iter().filter(|old| old.level != FREE) {
            let mut place = self.start(hash_of_configuration(&old, optional));
            while self.places[place].level != FREE {
                place = (place + 1) & (places - 1);
            }
            self.places[place] = old;
        }
    }
}

fn hash_of_configuration<K: Mask>(there: &Configuration<K>, optional: &K) -> u64 {
    let seed = u64::from(there.level) << 32 | u64::from(there.state);
    there.mask.hash(optional, seed)
}

/// Values by number, each once, in the order of first mention.
pub(crate) struct Numbered<T> {
    values: Vec<T>,
    /// The upper half of each value's hash.
    hashes: Vec<u32>,
    /// Numbers plus one; 0 is free.
    places: Vec<u32>,
}

impl<T: Clone + Eq + Hash> Numbered<T> {
    pub(crate) fn new() -> Numbered<T> {
        Numbered { values: Vec::new(), hashes: Vec::new(), places: Vec::new() }
    }

    pub(crate) fn get(&self, number: u32) -> &T {
        &self.values[number as usize]
    }

    pub(crate) fn into_values(self) -> Vec<T> {
        self.values
    }

    /// The value's number, and whether it is new.
    pub(crate) fn number(&mut self, value: T) -> (u32, bool) {
        if self.values.len() * 2 >= self.places.len() {
            self.grow();
        }
        let hash = (hash_of(&value) >> 32) as u32;
        let mut place = self.start(hash);
        while let Some(number) = self.places[place].checked_sub(1) {
            if self.hashes[number as usize] == hash && self.values[number as usize] == value {
                return (number, false);
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        grow_slowly(&mut self.values);
        grow_slowly(&mut self.hashes);
        self.values.push(value);
        self.hashes.push(hash);
        self.places[place] = u32::try_from(self.values.len()).expect("fewer than 4 billion states");
        (self.values.len() as u32 - 1, true)
    }

    /// Bytes held, without what the values hold beside their own size.
    pub(super) fn bytes(&self) -> u64 {
        let each = size_of::<T>() as u64 + 4;
        self.values.capacity() as u64 * each + self.places.len() as u64 * 4
    }

    /// Bytes that one more value would add.
    pub(super) fn growth(&self) -> u64 {
        let places = match self.values.len() * 2 >= self.places.len() {
            true => self.places.len().max(16) * 8,
            false => 0,
        };
        let values = match self.values.len() == self.values.capacity() {
            true => (self.values.len() / 8 + 16) * (size_of::<T>() + 4),
            false => 0,
        };
        (places + values) as u64
    }

    fn start(&self, hash: u32) -> usize {
        hash as usize & (self.places.len() - 1)
    }

    fn grow(&mut self) {
        self.places = vec![0; (self.places.len() * 2).max(16)];
        for number in 0..self.values.len() {
            let mut place = self.start(self.hashes[number]);
            while self.places[place] != 0 {
                place = (place + 1) & (self.places.len() - 1);
            }
            self.places[place] = number as u32 + 1;
        }
    }
}

/// What the model answered to a state and an act, both by number.
pub(super) struct Memo {
    places: Vec<(u64, Step)>,
    len: usize,
}

/// One remembered answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It cannot happen in this state.
    Never,
    /// It leads to this state.
    To(u32),
    /// It leads to one of several: so many, from this place of a list on.
    Any { from: u32, len: u32 },
}

impl Memo {
    pub(super) fn new() -> Memo {
        Memo { places: Vec::new(), len: 0 }
    }

    pub(super) fn find(&self, state: u32, act: u32) -> Option<Step> {
        let key = Memo::key(state, act);
        let found = self.places.get(self.place(key)?)?;
        (found.0 == key).then_some(found.1)
    }

    pub(super) fn keep(&mut self, state: u32, act: u32, step: Step) {
        if self.len * 2 >= self.places.len() {
            let places = (self.places.len() * 2).max(16);
            let before = std::mem::replace(&mut self.places, vec![(0, Step::Never); places]);
            for (key, step) in before.into_iter().filter(|(key, _)| *key != 0) {
                let place = self.place(key).expect("room");
                self.places[place] = (key, step);
            }
        }
        let key = Memo::key(state, act);
        let place = self.place(key).expect("room");
        self.places[place] = (key, step);
        self.len += 1;
    }

    pub(super) fn bytes(&self) -> u64 {
        (self.places.len() * size_of::<(u64, Step)>()) as u64
    }

    /// Bytes that one more answer would add, while the table moves.
    pub(super) fn growth(&self) -> u64 {
        match self.len * 2 >= self.places.len() {
            true => (self.places.len() as u64 * 2).max(16) * size_of::<(u64, Step)>() as u64,
            false => 0,
        }
    }

    /// Never 0, which is a free place.
    fn key(state: u32, act: u32) -> u64 {
        u64::from(state) << 32 | u64::from(act + 1)
    }

    /// Where the key stands, or the free place where it would.
    fn place(&self, key: u64) -> Option<usize> {
        let bits = self.places.len().checked_sub(1)?;
        let mut place = mix(0, key) as usize & bits;
        while self.places[place].0 != 0 && self.places[place].0 != key {
            place = (place + 1) & bits;
        }
        Some(place)
    }
}

/// Room for one more, in portions of an eighth: a search must not hold much that it does not use.
pub(super) fn grow_slowly<T>(values: &mut Vec<T>) {
    if values.len() == values.capacity() {
        values.reserve_exact(values.len() / 8 + 16);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::{BTreeMap, BTreeSet};

    proptest! {
        #[test]
        fn seen_keeps_what_nothing_seen_covers(all in prop::collection::vec((0u32..3, 0u32..3, 0u64..64), 0..200)) {
            let optional = 0b111_000u64;
            let mut seen = Seen::new(optional);
            let mut twin: Vec<(u32, u32, u64)> = Vec::new();
            for (level, state, mask) in all {
                let is_covered = twin.iter().any(|(l, s, m)| {
                    (*l, *s) == (level, state) && m & !optional == mask & !optional && m & mask == *m
                });
                let configuration = Configuration { mask, level, state };
                prop_assert_eq!(seen.insert(&configuration, u64::MAX), Some(!is_covered));
                if !is_covered {
                    twin.push((level, state, mask));
                }
            }
            prop_assert_eq!(seen.len(), twin.len());
            let found: BTreeSet<(u32, u64)> = seen.at(1).map(|there| (there.state, there.mask)).collect();
            let expected = twin.into_iter().filter(|(level, ..)| *level == 1);
            prop_assert_eq!(found, expected.map(|(_, state, mask)| (state, mask)).collect());
        }

        #[test]
        fn values_are_numbered_as_a_tree_would(values in prop::collection::vec("[a-c]{0,12}", 0..300)) {
            let (mut twin, mut numbered) = (BTreeMap::new(), Numbered::new());
            for value in values {
                let next = twin.len() as u32;
                let expected = *twin.entry(value.clone()).or_insert(next);
                prop_assert_eq!(numbered.number(value.clone()), (expected, expected == next));
                prop_assert_eq!(numbered.get(expected), &value);
            }
        }

        #[test]
        fn a_memo_remembers_as_a_tree_would(steps in prop::collection::vec((0u32..20, 0u32..20, 0u32..9), 0..300)) {
            let (mut twin, mut memo) = (BTreeMap::new(), Memo::new());
            for (state, act, to) in steps {
                prop_assert_eq!(memo.find(state, act), twin.get(&(state, act)).copied());
                if twin.insert((state, act), Step::To(to)).is_none() {
                    memo.keep(state, act, Step::To(to));
                } else {
                    twin.insert((state, act), memo.find(state, act).expect("kept"));
                }
            }
        }
    }

    #[test]
    fn what_would_not_fit_is_not_noted() {
        let mut seen = Seen::new(0u64);
        let new = |level| Configuration { mask: 0u64, level, state: 0 };
        let noted = (0..10_000).take_while(|level| seen.insert(&new(*level), 40_000).is_some());
        let noted = noted.count();
        assert!(seen.bytes() <= 40_000 && seen.bytes() > 10_000, "{noted} in {}", seen.bytes());
    }
}
