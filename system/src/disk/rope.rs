//! The bytes of a file as they are kept: many parts, read as if they were one. What lies within one part
//! is shared with whoever keeps it, so that opening a log copies none of its messages.

use bytes::{Bytes, BytesMut};
use std::{cell::Cell, ops::Range};

/// Parts one after another.
#[derive(Clone, Debug, Default)]
pub struct Rope {
    /// Each part, none empty, and where it begins.
    parts: Vec<(usize, Bytes)>,
    length: usize,
    /// Where the last slice began: readers go on from there.
    hint: Cell<usize>,
}

impl From<Vec<Bytes>> for Rope {
    fn from(parts: Vec<Bytes>) -> Rope {
        let mut length = 0;
        let mut placed = Vec::with_capacity(parts.len());
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let begin = length;
            length += part.len();
            placed.push((begin, part));
        }
        Rope { parts: placed, length, hint: Cell::new(0) }
    }
}

impl From<Bytes> for Rope {
    fn from(bytes: Bytes) -> Rope {
        Rope::from(vec![bytes])
    }
}

impl Rope {
    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// These bytes: shared if they lie within one part, else joined.
    ///
    /// # Panics
    /// If they are not all there.
    pub fn slice(&self, range: Range<usize>) -> Bytes {
        let Range { start, end } = range;
        assert!(start <= end && end <= self.length, "{start}..{end} of {} bytes", self.length);
        if start == end {
            return Bytes::new();
        }
        let mut place = self.part_at(start);
        self.hint.set(place);
        let (begin, part) = &self.parts[place];
        if end <= begin + part.len() {
            return part.slice(start - begin..end - begin);
        }
        let mut joined = BytesMut::with_capacity(end - start);
        joined.extend_from_slice(&part[start - begin..]);
        while joined.len() < end - start {
            place += 1;
            let part = &self.parts[place].1;
            let left = end - start - joined.len();
            joined.extend_from_slice(&part[..left.min(part.len())]);
        }
        joined.freeze()
    }

    /// The part that holds this byte.
    fn part_at(&self, at: usize) -> usize {
        let hint = self.hint.get();
        let holds = |place: usize| {
            let part = self.parts.get(place);
            part.is_some_and(|(begin, part)| (*begin..begin + part.len()).contains(&at))
        };
        let near = (hint..hint + 3).find(|place| holds(*place));
        near.unwrap_or_else(|| self.parts.partition_point(|(begin, _)| *begin <= at) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against the same bytes in one piece.
        #[test]
        fn a_slice_of_parts_is_a_slice_of_the_whole(
            parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..9), 0..9),
            cuts in prop::collection::vec((0.0f64..=1.0, 0.0f64..=1.0), 0..20),
        ) {
            let whole = parts.concat();
            let rope = Rope::from(parts.into_iter().map(Bytes::from).collect::<Vec<_>>());
            prop_assert_eq!((rope.len(), rope.is_empty()), (whole.len(), whole.is_empty()));
            for (one, other) in cuts {
                let at = |share: f64| (whole.len() as f64 * share) as usize;
                let (start, end) = (at(one).min(at(other)), at(one).max(at(other)));
                prop_assert_eq!(&rope.slice(start..end)[..], &whole[start..end]);
            }
        }
    }

    #[test]
    fn what_lies_in_one_part_is_shared() {
        let part = Bytes::from_static(b"entry");
        let rope = Rope::from(vec![Bytes::from_static(b"head"), part.clone()]);
        assert_eq!(rope.slice(5..8).as_ptr(), part[1..].as_ptr());
    }
}
