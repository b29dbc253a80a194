//! Bytes at places: sorted extents that do not overlap and share their bytes with whoever wrote them.
//! 40 bytes an extent; nothing is ever copied.

use bytes::Bytes;
use std::ops::Range;

/// Some bytes and where they lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) at: u64,
    pub(super) bytes: Bytes,
}

impl Extent {
    pub(super) fn end(&self) -> u64 {
        self.at + self.bytes.len() as u64
    }

    /// The part of it that lies in `range`, which it must touch.
    pub(super) fn within(&self, range: &Range<u64>) -> Extent {
        if range.start <= self.at && self.end() <= range.end {
            return self.clone();
        }
        let (at, end) = (self.at.max(range.start), self.end().min(range.end));
        let bytes = self.bytes.slice((at - self.at) as usize..(end - self.at) as usize);
        Extent { at, bytes }
    }
}

/// Sorted extents, with or without holes between them.
#[derive(Clone, Debug, Default)]
pub(super) struct Extents {
    sorted: Vec<Extent>,
}

impl Extents {
    pub(super) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.sorted.clear();
    }

    /// One past the last byte that lies anywhere; 0 if none does.
    pub(super) fn end(&self) -> u64 {
        self.sorted.last().map_or(0, Extent::end)
    }

    pub(super) fn as_slice(&self) -> &[Extent] {
        &self.sorted
    }

    /// Lays bytes behind everything else.
    pub(super) fn push(&mut self, at: u64, bytes: Bytes) {
        assert!(self.sorted.last().is_none_or(|last| last.end() <= at));
        if !bytes.is_empty() {
            self.sorted.push(Extent { at, bytes });
        }
    }

    /// Lays bytes over whatever was there.
    pub(super) fn put(&mut self, at: u64, bytes: Bytes) {
        if bytes.is_empty() {
            return;
        }
        let first = self.first_past(at);
        if let Some(same) = self.sorted.get_mut(first)
            && (same.at, same.bytes.len()) == (at, bytes.len())
        {
            same.bytes = bytes;
            return;
        }
        self.remove(at..at + bytes.len() as u64);
        self.sorted.insert(self.first_past(at), Extent { at, bytes });
    }

    /// Makes a hole.
    pub(super) fn remove(&mut self, range: Range<u64>) {
        if range.is_empty() || self.sorted.last().is_none_or(|last| last.end() <= range.start) {
            return;
        }
        let first = self.first_past(range.start);
        let after = self.sorted.partition_point(|extent| extent.at < range.end);
        if first >= after {
            return;
        }
        let (left, right) = (&self.sorted[first], &self.sorted[after - 1]);
        let left = (left.at < range.start).then(|| left.within(&(0..range.start)));
        let right = (right.end() > range.end).then(|| right.within(&(range.end..u64::MAX)));
        self.sorted.splice(first..after, left.into_iter().chain(right));
    }

    /// What lies in `range`, in order.
    pub(super) fn within(&self, range: Range<u64>) -> impl Iterator<Item = Extent> {
        let nothing = range.is_empty();
        let first = if nothing { self.sorted.len() } else { self.first_past(range.start) };
        self.sorted[first..]
            .iter()
            .take_while({
                let end = range.end;
                move |extent| extent.at < end
            })
            .map(move |extent| extent.within(&range))
    }

    /// The number of the first extent that ends past `at`; found from the end in steps that double,
    /// because most questions are about what was written last.
    pub(super) fn first_past(&self, at: u64) -> usize {
        let mut after = self.sorted.len();
        let mut step = 1;
        while after > 0 {
            let before = after.saturating_sub(step);
            if self.sorted[before].end() <= at {
                let rest = &self.sorted[before..after];
                return before + rest.partition_point(|extent| extent.end() <= at);
            }
            (after, step) = (before, step * 2);
        }
        0
    }
}
