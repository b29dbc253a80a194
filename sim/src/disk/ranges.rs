//! Sets of byte places as sorted, disjoint ranges that do not touch. Appends, which are nearly all
//! there is, only move the end of the last one.

use std::ops::Range;

/// A set of byte places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ranges {
    sorted: Vec<Range<u64>>,
}

impl Ranges {
    pub(super) fn clear(&mut self) {
        self.sorted.clear();
    }

    pub(super) fn as_slice(&self) -> &[Range<u64>] {
        &self.sorted
    }

    /// One past the last place; 0 if there is none.
    pub(super) fn end(&self) -> u64 {
        self.sorted.last().map_or(0, |last| last.end)
    }

    pub(super) fn bytes(&self) -> u64 {
        self.sorted.iter().map(|range| range.end - range.start).sum()
    }

    pub(super) fn add(&mut self, new: Range<u64>) {
        if new.is_empty() {
            return;
        }
        match self.sorted.last_mut() {
            None => self.sorted.push(new),
            Some(last) if last.end < new.start => self.sorted.push(new),
            Some(last) if last.start <= new.start => last.end = last.end.max(new.end),
            Some(_) => {
                // [1..3, 5..7, 9..12] + 3..6 = [1..7, 9..12]: all that touch become one.
                let first = self.sorted.partition_point(|range| range.end < new.start);
                let after = self.sorted.partition_point(|range| range.start <= new.end);
                let mut merged = new;
                if first < after {
                    merged.start = merged.start.min(self.sorted[first].start);
                    merged.end = merged.end.max(self.sorted[after - 1].end);
                }
                self.sorted.splice(first..after, [merged]);
            }
        }
    }

    pub(super) fn remove(&mut self, old: Range<u64>) {
        if old.is_empty() || self.sorted.last().is_none_or(|last| last.end <= old.start) {
            return;
        }
        if let [only] = self.sorted.as_slice()
            && *only == old
        {
            self.sorted.clear();
            return;
        }
        let (first, after) = self.overlapping(&old);
        if first == after {
            return;
        }
        let left = self.sorted[first].start..old.start;
        let right = old.end..self.sorted[after - 1].end;
        match (left.is_empty(), right.is_empty()) {
            (true, true) => drop(self.sorted.drain(first..after)),
            (false, true) => drop(self.sorted.splice(first..after, [left])),
            (true, false) => drop(self.sorted.splice(first..after, [right])),
            (false, false) => drop(self.sorted.splice(first..after, [left, right])),
        }
    }

    pub(super) fn touches(&self, range: &Range<u64>) -> bool {
        if self.sorted.last().is_none_or(|last| last.end <= range.start) {
            return false;
        }
        let (first, after) = self.overlapping(range);
        first < after
    }

    /// The parts of `range` that are in the set.
    pub(super) fn within(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let (first, after) = self.overlapping(&range);
        self.sorted[first..after]
            .iter()
            .map(move |each| each.start.max(range.start)..each.end.min(range.end))
    }

    /// The parts of `range` that are not in the set.
    pub(super) fn gaps(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let mut start = range.start;
        let end = range.end..range.end;
        self.within(range).chain([end]).filter_map(move |each| {
            let gap = start..each.start;
            start = each.end;
            (!gap.is_empty()).then_some(gap)
        })
    }

    fn overlapping(&self, range: &Range<u64>) -> (usize, usize) {
        if range.is_empty() {
            return (0, 0);
        }
        let first = self.sorted.partition_point(|each| each.end <= range.start);
        let after = self.sorted.partition_point(|each| each.start < range.end);
        (first, after.max(first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::Stream;
    use std::collections::BTreeSet;

    #[test]
    fn ranges_are_a_set_of_places() {
        for seed in 0..200 {
            let mut dice = Stream::derive(seed, "ranges");
            let (mut ranges, mut twin) = (Ranges::default(), BTreeSet::new());
            for _ in 0..40 {
                let start = dice.below(30);
                let range = start..start + dice.below(9);
                if dice.below(2) == 0 {
                    ranges.add(range.clone());
                    twin.extend(range);
                } else {
                    ranges.remove(range.clone());
                    twin.retain(|place| !range.contains(place));
                }
                let places: Vec<u64> = ranges.as_slice().iter().cloned().flatten().collect();
                assert_eq!(places, twin.iter().copied().collect::<Vec<_>>(), "seed {seed}");
                assert!(ranges.as_slice().is_sorted_by(|a, b| a.end < b.start), "seed {seed}");
                assert_eq!(ranges.bytes(), twin.len() as u64);
                let window = dice.below(20)..20 + dice.below(20);
                let inside: Vec<u64> = ranges.within(window.clone()).flatten().collect();
                let outside: Vec<u64> = ranges.gaps(window.clone()).flatten().collect();
                assert_eq!(ranges.touches(&window), !inside.is_empty());
                let (is, not): (Vec<u64>, Vec<u64>) = window.partition(|at| twin.contains(at));
                assert_eq!((inside, outside), (is, not), "seed {seed}");
            }
        }
    }
}
