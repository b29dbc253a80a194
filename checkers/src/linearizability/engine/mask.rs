//! Which of the operations in flight have taken effect: one bit for each slot.
//!
//! Sixty-four slots are enough for nearly every history, and then a mask is a number. Wider ones
//! exist because operations that never return keep their slot for ever.

/// A set of slots.
pub(crate) trait Mask: Clone + Default {
    /// The empty set, with room for so many slots.
    fn empty(slots: u32) -> Self;
    fn has(&self, slot: u32) -> bool;
    fn insert(&mut self, slot: u32);
    fn remove(&mut self, slot: u32);
    /// Whether this is `other`, or lacks nothing but slots of `optional` that `other` has.
    fn covers(&self, other: &Self, optional: &Self) -> bool;
    /// A hash of what lies outside `optional`.
    fn hash(&self, optional: &Self, seed: u64) -> u64;
    /// Bytes beside its own size.
    fn heap_bytes(&self) -> u64;
}

impl Mask for u64 {
    fn empty(_slots: u32) -> u64 {
        0
    }

    fn has(&self, slot: u32) -> bool {
        self >> slot & 1 == 1
    }

    fn insert(&mut self, slot: u32) {
        *self |= 1 << slot;
    }

    fn remove(&mut self, slot: u32) {
        *self &= !(1 << slot);
    }

    fn covers(&self, other: &u64, optional: &u64) -> bool {
        self & !other == 0 && other & !self & !optional == 0
    }

    fn hash(&self, optional: &u64, seed: u64) -> u64 {
        mix(seed, self & !optional)
    }

    fn heap_bytes(&self) -> u64 {
        0
    }
}

impl Mask for u128 {
    fn empty(_slots: u32) -> u128 {
        0
    }

    fn has(&self, slot: u32) -> bool {
        self >> slot & 1 == 1
    }

    fn insert(&mut self, slot: u32) {
        *self |= 1 << slot;
    }

    fn remove(&mut self, slot: u32) {
        *self &= !(1 << slot);
    }

    fn covers(&self, other: &u128, optional: &u128) -> bool {
        self & !other == 0 && other & !self & !optional == 0
    }

    fn hash(&self, optional: &u128, seed: u64) -> u64 {
        let bits = self & !optional;
        mix(mix(seed, bits as u64), (bits >> 64) as u64)
    }

    fn heap_bytes(&self) -> u64 {
        0
    }
}

/// As many slots as it takes.
pub(crate) type Words = Box<[u64]>;

impl Mask for Words {
    fn empty(slots: u32) -> Words {
        vec![0; slots.div_ceil(64) as usize].into()
    }

    fn has(&self, slot: u32) -> bool {
        self[slot as usize / 64].has(slot % 64)
    }

    fn insert(&mut self, slot: u32) {
        self[slot as usize / 64].insert(slot % 64);
    }

    fn remove(&mut self, slot: u32) {
        self[slot as usize / 64].remove(slot % 64);
    }

    fn covers(&self, other: &Words, optional: &Words) -> bool {
        let words = self.iter().zip(other.iter().zip(optional.iter()));
        words.into_iter().all(|(word, (other, optional))| word.covers(other, optional))
    }

    fn hash(&self, optional: &Words, seed: u64) -> u64 {
        let words = self.iter().zip(optional.iter());
        words.fold(seed, |seed, (word, optional)| word.hash(optional, seed))
    }

    fn heap_bytes(&self) -> u64 {
        self.len() as u64 * 8
    }
}

/// Folds one more word into a hash: both halves of the product, so that every bit reaches every
/// other.
pub(super) fn mix(seed: u64, word: u64) -> u64 {
    let product =
        u128::from(seed ^ 0x9e37_79b9_7f4a_7c15) * u128::from(word ^ 0xd1b5_4a32_d192_ed03);
    (product >> 64) as u64 ^ product as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masks_agree<K: Mask>(slots: u32) {
        let set = |members: &[u32]| {
            let mut mask = K::empty(slots);
            members.iter().for_each(|slot| mask.insert(*slot));
            mask
        };
        let last = slots - 1;
        let mut mask = set(&[0, last]);
        assert!(mask.has(0) && mask.has(last) && !mask.has(1));
        mask.remove(0);
        assert!(!mask.has(0) && mask.has(last));
        let optional = set(&[1, last]);
        assert!(set(&[2]).covers(&set(&[1, 2, last]), &optional));
        assert!(!set(&[1, 2]).covers(&set(&[2, last]), &optional), "what it used is not free");
        assert!(!set(&[2]).covers(&set(&[2, 3]), &optional), "what must happen is never spare");
        assert_eq!(set(&[2]).hash(&optional, 7), set(&[1, 2, last]).hash(&optional, 7));
        assert_ne!(set(&[2]).hash(&optional, 7), set(&[3]).hash(&optional, 7));
    }

    #[test]
    fn a_mask_of_any_width_is_the_same_set() {
        masks_agree::<u64>(64);
        masks_agree::<u128>(64);
        masks_agree::<u128>(128);
        masks_agree::<Words>(64);
        masks_agree::<Words>(129);
        masks_agree::<Words>(400);
    }
}
