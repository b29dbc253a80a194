//! The disk against a twin so dumb that it is plainly right: every byte carries the number of the
//! write that made it, and the platter takes a byte if its write is newer than the one it holds.

use super::*;

/// A byte and the number of the write that made it.
type Cell = (u64, u8);

#[derive(Default)]
struct Twin {
    now: u64,
    cache: Vec<Cell>,
    dirty: Vec<bool>,
    /// Whether the next flush takes the length.
    len_dirty: bool,
    platter: Vec<Cell>,
    platter_len: Length,
    flights: Vec<Taken>,
}

/// A length and when it was set.
#[derive(Clone, Copy, Default, PartialEq)]
struct Length {
    when: u64,
    len: u64,
}

struct Taken {
    flush: Flush,
    bytes: Vec<(usize, Cell)>,
    len: Option<Length>,
}

impl Twin {
    fn write(&mut self, at: usize, bytes: &[u8]) {
        self.now += 1;
        let end = at + bytes.len();
        if end > self.cache.len() || end as u64 > self.platter_len.len {
            self.len_dirty = true;
        }
        self.cache.resize(self.cache.len().max(end), (0, 0));
        self.dirty.resize(self.cache.len(), false);
        for (place, byte) in (at..end).zip(bytes) {
            self.cache[place] = (self.now, *byte);
            self.dirty[place] = true;
        }
    }

    fn set_len(&mut self, len: usize) {
        if len > self.cache.len() {
            let zeros = vec![0; len - self.cache.len()];
            return self.write(self.cache.len(), &zeros);
        }
        if len < self.cache.len() {
            self.now += 1;
            self.cache.truncate(len);
            self.dirty.truncate(len);
            self.len_dirty = true;
        }
    }

    fn begin(&mut self, flush: Flush) {
        self.now += 1;
        let places = 0..self.cache.len();
        let bytes: Vec<_> =
            places.filter(|at| self.dirty[*at]).map(|at| (at, self.cache[at])).collect();
        assert_eq!(flush.bytes(), bytes.len() as u64);
        self.dirty.fill(false);
        let len = Length { when: self.now, len: self.cache.len() as u64 };
        let len = std::mem::take(&mut self.len_dirty).then_some(len);
        self.flights.push(Taken { flush, bytes, len });
    }

    /// What a flush took reaches the platter where nothing newer is; a cut erases what it cuts off.
    fn end(&mut self, taken: Taken) {
        for (at, cell) in taken.bytes {
            if self.platter.len() <= at {
                self.platter.resize(at + 1, (0, 0));
            }
            if cell.0 > self.platter[at].0 {
                self.platter[at] = cell;
            }
        }
        if let Some(len) = taken.len.filter(|len| len.when > self.platter_len.when) {
            self.platter_len = len;
        }
        // Bytes past the end were cut off: they read zero if the file grows over them, and nothing
        // older than the cut can bring them back.
        let kept = self.platter_len.len as usize;
        self.platter.iter_mut().skip(kept).for_each(|cell| *cell = (self.platter_len.when, 0));
    }

    fn durable(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.platter.iter().map(|cell| cell.1).collect();
        bytes.resize(self.platter_len.len as usize, 0);
        bytes
    }

    fn crash(&mut self) {
        for taken in self.flights.drain(..) {
            for (at, cell) in taken.bytes {
                if self.cache.get(at) == Some(&cell) {
                    self.dirty[at] = true;
                }
            }
            self.len_dirty |= taken.len.is_some();
        }
    }

    /// Whether each byte of `left` may be there after a power loss, and its length.
    fn judge_power_loss(&self, left: &[u8], seed: u64) {
        let durable = self.durable();
        for (at, byte) in left.iter().enumerate() {
            let old = durable.get(at).copied().unwrap_or(0);
            let platter = self.platter.get(at).copied().unwrap_or((0, 0));
            let seen = self.cache.get(at).copied();
            let flushed = seen == Some(platter) && at < durable.len();
            let in_flight = self.flights.iter().flat_map(|taken| &taken.bytes);
            let mut may = in_flight.filter(|(place, _)| *place == at).map(|(_, cell)| cell.1);
            assert!(!flushed || *byte == old, "seed {seed}: byte {at} was flushed and is lost");
            assert!(
                *byte == old || seen.is_some_and(|cell| cell.1 == *byte) || may.any(|b| b == *byte),
                "seed {seed}: byte {at} is {byte}, which nobody wrote there"
            );
        }
        let longest = durable.len().max(self.cache.len());
        assert!(left.len() <= longest, "seed {seed}: {} of {longest}", left.len());
    }

    fn become_what_is_left(&mut self, left: &[u8]) {
        self.now += 1;
        self.cache = left.iter().map(|byte| (self.now, *byte)).collect();
        self.platter = self.cache.clone();
        self.dirty = vec![false; left.len()];
        self.platter_len = Length { when: self.now, len: left.len() as u64 };
        self.len_dirty = false;
        self.flights.clear();
    }
}

fn random_bytes(dice: &mut Stream) -> Vec<u8> {
    let most = if dice.below(8) == 0 { 9_000 } else { 40 };
    (0..dice.below(most)).map(|_| dice.below(255) as u8 + 1).collect()
}

/// Writes the same bytes to both, in up to three parts.
fn write_both(disk: &mut Disk, twin: &mut Twin, dice: &mut Stream, at: u64) {
    let bytes = random_bytes(dice);
    let size = bytes.len().div_ceil(3).max(1);
    let parts: Vec<Bytes> = bytes.chunks(size).map(Bytes::copy_from_slice).collect();
    disk.write(LOG, at, &parts);
    twin.write(at as usize, &bytes);
}

fn end_one(disk: &mut Disk, twin: &mut Twin, dice: &mut Stream, mirror: &mut Vec<u8>) {
    if twin.flights.is_empty() {
        return;
    }
    let place = dice.below(twin.flights.len() as u64) as usize;
    let mut taken = twin.flights.remove(place);
    let flush = std::mem::replace(&mut taken.flush, Flush { id: 0, file: 0, bytes: 0 });
    if dice.below(4) == 0 {
        assert!(disk.fail_flush(flush));
        return;
    }
    let flushed = disk.end_flush(flush).expect("in flight");
    assert_eq!(flushed.len_before, mirror.len() as u64);
    mirror.resize(flushed.len as usize, 0);
    for (at, bytes) in flushed.parts() {
        mirror[at as usize..at as usize + bytes.len()].copy_from_slice(&bytes);
    }
    twin.end(taken);
}

fn live(seed: u64, steps: u64, flights: usize) -> u64 {
    let mut dice = Stream::derive(seed, "disk/twin");
    let (mut disk, mut twin) = (holding(b""), Twin::default());
    // What one would know who heard only what each flush made durable.
    let mut mirror = Vec::new();
    let mut bit = 0;
    for step in 0..steps {
        let len = disk.len(LOG).expect("it was named");
        match dice.below(20) {
            0..7 => write_both(&mut disk, &mut twin, &mut dice, len),
            7..9 => {
                let at = dice.below(len + 1);
                write_both(&mut disk, &mut twin, &mut dice, at);
            }
            9 => {
                let to = dice.below(len + 1) + dice.below(2) * dice.below(100);
                disk.set_len(LOG, to);
                twin.set_len(to as usize);
            }
            10..14 if twin.flights.len() < flights => twin.begin(disk.begin_flush(LOG)),
            10..18 => end_one(&mut disk, &mut twin, &mut dice, &mut mirror),
            18 => {
                disk.crash();
                twin.crash();
            }
            _ => {
                let did = disk.power_loss(&mut dice);
                bit += did.pages_lost + did.pages_torn + did.lengths_changed;
                let left = seen(&disk);
                twin.judge_power_loss(&left, seed);
                twin.become_what_is_left(&left);
                mirror = left;
            }
        }
        let cache: Vec<u8> = twin.cache.iter().map(|cell| cell.1).collect();
        assert_eq!(seen(&disk), cache, "seed {seed} step {step}: page cache");
        assert_eq!(durable(&disk), twin.durable(), "seed {seed} step {step}: platter");
        assert_eq!(mirror, twin.durable(), "seed {seed} step {step}: what flushes told");
        let len = seen(&disk).len() as u64;
        let range = dice.below(len + 1)..dice.below(2 * len + 1);
        let part: Vec<u8> = disk.read_range(LOG, range.clone()).collect::<Vec<_>>().concat();
        let end = range.end.min(len).max(range.start);
        assert_eq!(part, cache[range.start as usize..end as usize]);
    }
    bit
}

#[test]
fn the_disk_is_its_dumb_twin_with_one_flush_at_a_time() {
    let bit: u64 = (0..300).map(|seed| live(seed, 150, 1)).sum();
    assert!(bit > 300, "power losses took only {bit} things");
}

#[test]
fn the_disk_is_its_dumb_twin_with_flushes_that_overtake_each_other() {
    for seed in 1_000..1_300 {
        live(seed, 150, 4);
    }
}
