//! One file: what the page cache shows, and what the platter holds beneath it.
//!
//! Both share one list of extents, `view`. Where they differ, `unsynced` has the range, and `under`
//! has the durable bytes that a later write covered. The law, for every byte below `durable_len`:
//! the platter holds `under` where it has something; else zero if the byte is unsynced or past the
//! view's end; else what the view shows.

use super::extents::{Extent, Extents};
use super::ranges::Ranges;
use bytes::Bytes;
use scenarios::Stream;
use std::ops::Range;

pub(super) const PAGE: u64 = 4_096;
pub(super) const SECTOR: u64 = 512;

static ZEROS: [u8; 65_536] = [0; 65_536];

/// One file.
#[derive(Clone, Debug, Default)]
pub(super) struct File {
    view: Extents,
    pub(super) len: u64,
    pub(super) durable_len: u64,
    /// The shortest that it was since the length that the next flush would make durable.
    len_low: u64,
    /// Whether the next flush makes the length durable.
    len_dirty: bool,
    under: Extents,
    /// What the platter does not hold yet: dirty, in flight, or given up by a failed flush.
    unsynced: Ranges,
    /// What the next flush will take.
    dirty: Ranges,
    flights: Vec<Flight>,
    /// Which creation in its directory it was, from 1.
    pub(super) created: u64,
}

/// A flush that has begun.
#[derive(Clone, Debug, Default)]
pub(super) struct Flight {
    id: u64,
    /// What it took and the view still shows.
    ranges: Ranges,
    /// What it took and was written over or cut off since.
    saved: Extents,
    len: Option<u64>,
    len_low: u64,
}

/// What a power loss did to a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Fate {
    pub(super) pages_kept: u64,
    pub(super) pages_lost: u64,
    pub(super) pages_torn: u64,
    pub(super) len_changed: bool,
}

impl File {
    /// An empty file, the `created`-th of its directory.
    pub(super) fn new(created: u64) -> File {
        File { created, ..File::default() }
    }

    pub(super) fn write(&mut self, at: u64, parts: &[Bytes]) {
        assert!(at <= self.len, "a write at {at} leaves a hole behind the end {}", self.len);
        let end = at + parts.iter().map(|part| part.len() as u64).sum::<u64>();
        let mut place = at;
        if at == self.len {
            for part in parts {
                self.view.push(place, part.clone());
                place += part.len() as u64;
            }
        } else {
            self.preserve(at..end.min(self.len));
            for part in parts {
                self.view.put(place, part.clone());
                place += part.len() as u64;
            }
        }
        self.unsynced.add(at..end);
        self.dirty.add(at..end);
        self.len_dirty |= end > self.len || end > self.durable_len;
        self.len = self.len.max(end);
        self.keep_laws();
    }

    pub(super) fn set_len(&mut self, len: u64) {
        if len > self.len {
            let zeros: Vec<Bytes> = zeros(self.len..len).map(|extent| extent.bytes).collect();
            self.write(self.len, &zeros);
        } else if len < self.len {
            self.preserve(len..self.len);
            self.view.remove(len..u64::MAX);
            self.unsynced.remove(len..u64::MAX);
            self.dirty.remove(len..u64::MAX);
            self.len_low = self.len_low.min(len);
            self.len_dirty = true;
            self.len = len;
        }
        self.keep_laws();
    }

    /// What the view shows in `range` is about to go: keeps what a flight took, and what is durable.
    fn preserve(&mut self, range: Range<u64>) {
        for flight in &mut self.flights {
            for taken in flight.ranges.within(range.clone()) {
                for extent in self.view.within(taken) {
                    flight.saved.put(extent.at, extent.bytes);
                }
            }
            flight.ranges.remove(range.clone());
        }
        for durable in self.unsynced.gaps(range.start..range.end.min(self.durable_len)) {
            for extent in self.view.within(durable) {
                self.under.put(extent.at, extent.bytes);
            }
        }
    }

    /// Takes what is dirty into `flight`, which must be empty; tells how many bytes that is.
    pub(super) fn begin_flush(&mut self, id: u64, mut flight: Flight) -> u64 {
        flight.id = id;
        std::mem::swap(&mut flight.ranges, &mut self.dirty);
        let bytes = flight.ranges.bytes();
        flight.len = self.len_dirty.then_some(self.len);
        if self.len_dirty {
            flight.len_low = std::mem::replace(&mut self.len_low, self.len);
            self.len_dirty = false;
        }
        self.flights.push(flight);
        bytes
    }

    /// Makes durable what this flight took; its ranges go to `ranges`. Gives the empty flight back.
    pub(super) fn end_flush(&mut self, id: u64, ranges: &mut Ranges) -> Option<Flight> {
        let place = self.flights.iter().position(|flight| flight.id == id)?;
        let mut flight = self.flights.remove(place);
        for range in flight.ranges.as_slice() {
            self.unsynced.remove(range.clone());
            self.under.remove(range.clone());
        }
        std::mem::swap(ranges, &mut flight.ranges);
        for Extent { at, bytes } in flight.saved.as_slice() {
            self.under.put(*at, bytes.clone());
            ranges.add(*at..at + bytes.len() as u64);
        }
        // Flights that began earlier and are not over must not undo what this one did.
        for older in &mut self.flights[..place] {
            for range in ranges.as_slice() {
                older.saved.remove(range.clone());
            }
            if let Some(len) = flight.len {
                older.saved.remove(len..u64::MAX);
                older.len = None;
            }
        }
        if let Some(len) = flight.len {
            self.durable_len = len;
            self.under.remove(len..u64::MAX);
        }
        flight.ranges.clear();
        flight.saved.clear();
        self.keep_laws();
        Some(flight)
    }

    /// Forgets a flight: what it took is neither durable nor dirty. False if it was forgotten before.
    pub(super) fn fail_flush(&mut self, id: u64) -> bool {
        let Some(place) = self.flights.iter().position(|flight| flight.id == id) else {
            return false;
        };
        let flight = self.flights.remove(place);
        if flight.len.is_some() {
            self.len_low = self.len_low.min(flight.len_low);
        }
        true
    }

    /// Forgets every flight: what they took is dirty again.
    pub(super) fn crash(&mut self) {
        for flight in self.flights.drain(..) {
            for range in flight.ranges.as_slice() {
                self.dirty.add(range.clone());
            }
            if flight.len.is_some() {
                self.len_low = self.len_low.min(flight.len_low);
                self.len_dirty = true;
            }
        }
    }

    /// Decides what of the unsynced survives. What is left then is durable.
    pub(super) fn power_loss(&mut self, dice: &mut Stream) -> Fate {
        let mut fate = Fate::default();
        for flight in std::mem::take(&mut self.flights) {
            if flight.len.is_some() {
                self.len_low = self.len_low.min(flight.len_low);
            }
            for Extent { at, bytes } in flight.saved.as_slice() {
                if dice.below(2) == 0 {
                    self.under.put(*at, bytes.clone());
                }
            }
        }
        let len = self.len_after_power_loss(dice);
        fate.len_changed = len != self.len;
        let kept = self.pages_after_power_loss(len, dice, &mut fate);
        for range in kept.as_slice() {
            self.unsynced.remove(range.clone());
            self.under.remove(range.clone());
        }
        let first = self.unsynced.as_slice().first().map_or(self.len, |range| range.start);
        let begin = first.min(self.len).min(len);
        let rest: Vec<Extent> = self.durable_parts(begin..len).collect();
        self.view.remove(begin..u64::MAX);
        for Extent { at, bytes } in rest {
            self.view.push(at, bytes);
        }
        (self.len, self.durable_len, self.len_low, self.len_dirty) = (len, len, len, false);
        self.under.clear();
        self.unsynced.clear();
        self.dirty.clear();
        self.keep_laws();
        fate
    }

    /// What is true of a file after whatever was done to it. Each law looks at ends only, so that it costs
    /// nothing however long the file is; what lies between is compared with a twin by tests.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    fn keep_laws(&self) {
        let File { len, durable_len, len_low, .. } = self;
        let (shown, unsynced) = (self.view.end(), self.unsynced.end());
        assert!(shown == *len, "the page cache shows {shown} bytes of {len}");
        assert!(unsynced <= *len, "byte {unsynced} is unsynced, the file ends at {len}");
        let dirty = self.dirty.end();
        assert!(dirty <= unsynced, "{dirty} bytes are dirty, {unsynced} are unsynced");
        let under = self.under.end();
        assert!(under <= *durable_len, "byte {under} lies beneath, {durable_len} are durable");
        assert!(len_low <= len, "it was {len_low} bytes at its shortest, and is {len}");
        for flight in &self.flights {
            let taken = flight.ranges.end();
            assert!(taken <= unsynced, "a flush took {taken} bytes, {unsynced} are unsynced");
        }
    }

    fn len_after_power_loss(&self, dice: &mut Stream) -> u64 {
        let low = self.len_low.min(self.len);
        if self.len == self.durable_len && low == self.len {
            return self.len;
        }
        match dice.below(4) {
            0 => self.durable_len,
            1 => dice.range(low, self.len),
            _ => self.len,
        }
    }

    /// The unsynced ranges below `len` that survive: each page is kept, lost, or torn at sectors.
    fn pages_after_power_loss(&self, len: u64, dice: &mut Stream, fate: &mut Fate) -> Ranges {
        let mut kept = Ranges::default();
        let mut page = 0;
        for range in self.unsynced.as_slice() {
            page = page.max(range.start / PAGE * PAGE);
            while page < range.end.min(len) {
                let whole = page..page + PAGE;
                match dice.below(8) {
                    0..3 => {
                        fate.pages_kept += 1;
                        self.unsynced.within(whole).for_each(|each| kept.add(each));
                    }
                    3..6 => fate.pages_lost += 1,
                    _ => {
                        fate.pages_torn += 1;
                        for sector in (page..page + PAGE).step_by(SECTOR as usize) {
                            let whole = sector..sector + SECTOR;
                            if self.unsynced.touches(&whole) && dice.below(2) == 0 {
                                self.unsynced.within(whole).for_each(|each| kept.add(each));
                            }
                        }
                    }
                }
                page += PAGE;
            }
        }
        kept
    }

    /// What the page cache shows in `range`.
    pub(super) fn view_parts(&self, range: Range<u64>) -> impl Iterator<Item = Extent> {
        self.view.within(range)
    }

    /// What the platter holds in `range`, by the law above.
    pub(super) fn durable_parts(&self, range: Range<u64>) -> impl Iterator<Item = Extent> {
        let plain = self.under.is_empty() && range.end <= self.len;
        let plain = plain && !self.unsynced.touches(&range);
        let view = plain.then(|| self.view.within(range.clone()));
        let mixed = (!plain).then(|| self.mixed_parts(range));
        view.into_iter().flatten().chain(mixed.into_iter().flatten())
    }

    fn mixed_parts(&self, range: Range<u64>) -> Vec<Extent> {
        let mut parts = Vec::new();
        let mut at = range.start;
        let covers: Vec<Extent> = self.under.within(range.clone()).collect();
        for cover in covers {
            self.uncovered_parts(at..cover.at, &mut parts);
            at = cover.end();
            parts.push(cover);
        }
        self.uncovered_parts(at..range.end, &mut parts);
        parts
    }

    fn uncovered_parts(&self, range: Range<u64>, parts: &mut Vec<Extent>) {
        let shown = range.start.min(self.len)..range.end.min(self.len);
        let mut at = shown.start;
        for gap in self.unsynced.gaps(shown.clone()) {
            parts.extend(zeros(at..gap.start));
            at = gap.end;
            parts.extend(self.view.within(gap));
        }
        parts.extend(zeros(at.max(range.start)..range.end));
    }
}

fn zeros(range: Range<u64>) -> impl Iterator<Item = Extent> {
    let most = ZEROS.len() as u64;
    range.clone().step_by(ZEROS.len()).map(move |at| {
        let bytes = Bytes::from_static(&ZEROS[..most.min(range.end - at) as usize]);
        Extent { at, bytes }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(spoil: impl FnOnce(&mut File)) -> String {
        let mut file = File::new(1);
        file.write(0, &[Bytes::from_static(b"12345678")]);
        spoil(&mut file);
        let kept = std::panic::AssertUnwindSafe(|| file.keep_laws());
        let panic = std::panic::catch_unwind(kept).expect_err("no law held");
        panic.downcast_ref::<String>().expect("words").clone()
    }

    #[test]
    fn each_law_fires() {
        assert_eq!(said(|file| file.len = 9), "the page cache shows 8 bytes of 9");
        let unsynced = said(|file| file.unsynced.add(8..9));
        assert_eq!(unsynced, "byte 9 is unsynced, the file ends at 8");
        let dirty = said(|file| file.unsynced.remove(6..8));
        assert_eq!(dirty, "8 bytes are dirty, 6 are unsynced");
        let under = said(|file| file.under.push(0, Bytes::from_static(b"1")));
        assert_eq!(under, "byte 1 lies beneath, 0 are durable");
        let low = said(|file| file.len_low = 9);
        assert_eq!(low, "it was 9 bytes at its shortest, and is 8");
        let taken = said(|file| {
            file.begin_flush(1, Flight::default());
            file.unsynced.remove(6..8);
        });
        assert_eq!(taken, "a flush took 8 bytes, 6 are unsynced");
    }
}
