//! Something for each offset or index of a log: a plain vector, because offsets have no gaps.
//!
//! A system that is broken enough may answer with an offset far past everything known. Such a one
//! goes to a tree beside the vector, so that a judge survives it and can report it.

use crate::history::{MessageId, Offset};
use std::collections::BTreeMap;

/// How far past its end the vector grows for one new offset.
const STRIDE_MAX: u64 = if cfg!(test) { 64 } else { 1 << 20 };

/// A total map from offsets to `T`, where most of the offsets below the highest were written.
#[derive(Debug)]
pub(crate) struct ByOffset<T> {
    near: Vec<T>,
    far: BTreeMap<u64, T>,
}

impl<T> Default for ByOffset<T> {
    fn default() -> Self {
        ByOffset { near: Vec::new(), far: BTreeMap::new() }
    }
}

impl<T: Copy + Default> ByOffset<T> {
    /// What was written there, or the default.
    pub(crate) fn get(&self, offset: u64) -> T {
        let near = usize::try_from(offset).ok().and_then(|offset| self.near.get(offset));
        match self.far.is_empty() {
            true => near.copied().unwrap_or_default(),
            false => self.far.get(&offset).or(near).copied().unwrap_or_default(),
        }
    }

    /// The place to write to.
    pub(crate) fn entry(&mut self, offset: u64) -> &mut T {
        let is_near = offset < self.near.len() as u64 + STRIDE_MAX;
        if !is_near || (!self.far.is_empty() && self.far.contains_key(&offset)) {
            return self.far.entry(offset).or_default();
        }
        let offset = offset as usize;
        if self.near.len() <= offset {
            self.near.resize(offset + 1, T::default());
        }
        &mut self.near[offset]
    }

    /// Everything, in order of offsets.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u64, T)> + '_ {
        self.from(0)
    }

    /// Everything from this offset on.
    pub(crate) fn from(&self, first: u64) -> impl Iterator<Item = (u64, T)> + '_ {
        // What is far was past the vector's end when it was written, and the vector may have grown
        // over it since; where both have a place, the tree's is the one that was written.
        let reach = self.near.len() as u64;
        let far = self.far.range(first.max(reach)..).map(|(offset, _)| *offset);
        (first..reach).chain(far).map(|offset| (offset, self.get(offset)))
    }
}

/// The offsets of messages that were appended together. A nonsense offset near the end of all
/// numbers sticks there, so that it can be reported and does no harm.
pub(crate) fn placed(
    first: Offset,
    messages: &[MessageId],
) -> impl Iterator<Item = (Offset, MessageId)> + '_ {
    (0..).zip(messages).map(move |(place, message)| (first.saturating_add(place), *message))
}

/// The room for this number in a small dense vector, made if need be.
pub(crate) fn seat<T: Default>(seats: &mut Vec<T>, number: u32) -> &mut T {
    let number = number as usize;
    if seats.len() <= number {
        seats.resize_with(number + 1, T::default);
    }
    &mut seats[number]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_maps_as_a_tree_would(writes in prop::collection::vec((0u64..6, 0u64..50, 1u32..9), 0..80)) {
            let mut twin = BTreeMap::new();
            let mut map = ByOffset::default();
            for (blocks, rest, value) in writes {
                let offset = blocks * (STRIDE_MAX - 20) + rest;
                *map.entry(offset) = value;
                twin.insert(offset, value);
                prop_assert_eq!(map.get(offset), value);
            }
            let written: Vec<(u64, u32)> = map.iter().filter(|(_, value)| *value != 0).collect();
            prop_assert_eq!(written, twin.into_iter().collect::<Vec<_>>());
        }
    }
}
