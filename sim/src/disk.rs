//! One node's disk, as pessimistic as a real one may be. Writes land in a page cache that survives the
//! process but not the power; a flush makes durable what was dirty when it began; a new file's name
//! is durable only after its directory was flushed.
//!
//! Nothing waits here: the world asks [`Disk::flush_ns`] how long a flush takes and ends it then. The
//! disk keeps the truth, [`Disk::durable`]: what would be there if every unsynced byte were lost.
//! Payload bytes are shared with their writer, never copied; pages exist only while a power loss
//! decides about them.

mod extents;
mod file;
mod ranges;

use bytes::Bytes;
use extents::Extent;
use file::{File, Flight};
use ranges::Ranges;
use scenarios::Stream;
use std::collections::BTreeMap;
use std::ops::Range;

/// One node's disk.
#[derive(Clone, Debug)]
pub struct Disk {
    config: scenarios::Disk,
    files: BTreeMap<u64, File>,
    /// Files created so far; the first `named` of them have a durable name.
    created: u64,
    named: u64,
    /// Process lives so far: a flush of the directory does not outlive its process.
    lives: u64,
    flushes: u64,
    slow: u64,
    hits: Hits,
    /// Kept for reuse: no flush allocates.
    spare: Vec<Flight>,
    flushed: Ranges,
}

#[derive(Clone, Copy, Debug, Default)]
struct Hits {
    slow_disk: u64,
    fsync_error: u64,
    power_loss: u64,
    tail: u64,
}

/// A flush of a file that has begun. End it or let it fail; a crash forgets it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a flush is not over before it ends or fails"]
pub struct Flush {
    id: u64,
    file: u64,
    bytes: u64,
}

impl Flush {
    /// The file.
    pub fn file(&self) -> u64 {
        self.file
    }

    /// Dirty bytes that it took: what [`Disk::flush_ns`] asks for.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// A flush of the directory that has begun. A crash forgets it.
#[derive(Debug, PartialEq, Eq)]
#[must_use = "a flush is not over before it ends or fails"]
pub struct DirectoryFlush {
    life: u64,
    created: u64,
}

/// What a flush has made durable.
#[derive(Clone, Copy, Debug)]
pub struct Flushed<'a> {
    /// The file.
    pub file: u64,
    /// Its durable length before; a range that begins below it replaces what was durable there.
    pub len_before: u64,
    /// Its durable length now; below `len_before` if a cut became durable.
    pub len: u64,
    /// Whether its name is durable. If not, a power loss may take the whole file, so that
    /// [`Disk::durable`] is still empty; [`Disk::end_flush_directory`] tells when that ends.
    pub named: bool,
    ranges: &'a [Range<u64>],
    of: &'a File,
}

impl<'a> Flushed<'a> {
    /// The byte ranges that became durable, in order; one that ends the file, if all was appended.
    pub fn ranges(&self) -> &'a [Range<u64>] {
        self.ranges
    }

    /// The bytes that became durable and where they lie, in order. They are shared, not copied.
    pub fn parts(&self) -> impl Iterator<Item = (u64, Bytes)> + use<'a> {
        let (of, len) = (self.of, self.len);
        self.ranges
            .iter()
            .flat_map(move |range| of.durable_parts(range.start.min(len)..range.end.min(len)))
            .map(|Extent { at, bytes }| (at, bytes))
    }
}

/// What a power loss did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PowerLoss {
    /// Unsynced pages that survived whole.
    pub pages_kept: u64,
    /// Unsynced pages that are gone.
    pub pages_lost: u64,
    /// Unsynced pages of which some sectors survived, or all, or none.
    pub pages_torn: u64,
    /// Files whose length is not what the page cache showed.
    pub lengths_changed: u64,
    /// Files whose name was not durable and is gone.
    pub files_lost: u64,
}

impl Disk {
    /// An empty disk that is as fast as `config` says.
    pub fn new(config: &scenarios::Disk) -> Disk {
        assert!(config.bytes_per_us > 0, "a disk that writes nothing in a microsecond");
        Disk {
            config: config.clone(),
            files: BTreeMap::new(),
            created: 0,
            named: 0,
            lives: 0,
            flushes: 0,
            slow: 1,
            hits: Hits::default(),
            spare: Vec::new(),
            flushed: Ranges::default(),
        }
    }

    /// Every file that the page cache shows, in order.
    pub fn list(&self) -> impl Iterator<Item = u64> {
        self.files.keys().copied()
    }

    /// The length that the page cache shows; none if there is no such file.
    pub fn len(&self, file: u64) -> Option<u64> {
        self.files.get(&file).map(|file| file.len)
    }

    /// Whether there is no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The whole file as the page cache shows it, in order; nothing if there is no such file.
    pub fn read(&self, file: u64) -> Vec<Bytes> {
        self.read_range(file, 0..u64::MAX).collect()
    }

    /// What the page cache shows in this range of a file, as far as the file goes.
    pub fn read_range(&self, file: u64, range: Range<u64>) -> impl Iterator<Item = Bytes> {
        let parts = self.files.get(&file).map(|file| file.view_parts(range));
        parts.into_iter().flatten().map(|extent| extent.bytes)
    }

    /// Writes into the page cache, at the file's end or before it; creates the file if need be.
    pub fn write(&mut self, file: u64, at: u64, parts: &[Bytes]) {
        self.file_or_new(file).write(at, parts);
    }

    /// Cuts the file off there, or extends it with zeros; creates it if need be.
    pub fn set_len(&mut self, file: u64, len: u64) {
        self.file_or_new(file).set_len(len);
    }

    /// Takes what is dirty in a file now, its length too.
    pub fn begin_flush(&mut self, file: u64) -> Flush {
        self.flushes += 1;
        let id = self.flushes;
        let flight = self.spare.pop().unwrap_or_default();
        let bytes = known(&mut self.files, file).begin_flush(id, flight);
        Flush { id, file, bytes }
    }

    /// What the flush took is durable. None if a crash or a power loss has forgotten it.
    pub fn end_flush(&mut self, flush: Flush) -> Option<Flushed<'_>> {
        let of = self.files.get_mut(&flush.file)?;
        let len_before = of.durable_len;
        self.flushed.clear();
        let flight = of.end_flush(flush.id, &mut self.flushed)?;
        self.spare.push(flight);
        Some(Flushed {
            file: flush.file,
            len_before,
            len: of.durable_len,
            named: of.created <= self.named,
            ranges: self.flushed.as_slice(),
            of,
        })
    }

    /// The flush reports an error, once. What it took is clean and yet not durable: later flushes
    /// succeed without it, until it is written again (errseq). False if it was forgotten before.
    pub fn fail_flush(&mut self, flush: Flush) -> bool {
        let failed = self.files.get_mut(&flush.file).is_some_and(|file| file.fail_flush(flush.id));
        self.hits.fsync_error += u64::from(failed);
        failed
    }

    /// Takes the names of all files that exist now.
    pub fn begin_flush_directory(&mut self) -> DirectoryFlush {
        DirectoryFlush { life: self.lives, created: self.created }
    }

    /// Those names are durable. Gives the files for which that is news, so that what was durable in
    /// them already counts from now on; none if a crash has forgotten the flush.
    pub fn end_flush_directory(&mut self, flush: DirectoryFlush) -> impl Iterator<Item = u64> {
        let before = self.named;
        if flush.life == self.lives {
            self.named = self.named.max(flush.created);
        }
        let news = before + 1..=self.named;
        let files = if news.is_empty() { None } else { Some(&self.files) };
        let files = files.into_iter().flatten();
        files.filter(move |(_, file)| news.contains(&file.created)).map(|(id, _)| *id)
    }

    /// The process dies. The page cache lives on; flushes in flight are forgotten, so that what they
    /// took is dirty again.
    pub fn crash(&mut self) {
        self.lives += 1;
        self.files.values_mut().for_each(File::crash);
    }

    /// Power is cut. Every durable byte stays; every unsynced page, length and name survives or not
    /// by these dice, pages in part too. What is left is durable.
    pub fn power_loss(&mut self, dice: &mut Stream) -> PowerLoss {
        self.lives += 1;
        let mut did = PowerLoss::default();
        let named = self.named;
        self.files.retain(|_, file| {
            if file.created > named && dice.below(2) == 0 {
                did.files_lost += 1;
                return false;
            }
            let fate = file.power_loss(dice);
            did.pages_kept += fate.pages_kept;
            did.pages_lost += fate.pages_lost;
            did.pages_torn += fate.pages_torn;
            did.lengths_changed += u64::from(fate.len_changed);
            true
        });
        self.named = self.created;
        let bit = did.pages_lost + did.pages_torn + did.lengths_changed + did.files_lost > 0;
        self.hits.power_loss += u64::from(bit);
        did
    }

    /// The disk truth: what would be in the file if every unsynced byte, length and name were lost.
    pub fn durable(&self, file: u64) -> Vec<Bytes> {
        self.files
            .get(&file)
            .filter(|file| file.created <= self.named)
            .map(|file| {
                file.durable_parts(0..file.durable_len).map(|extent| extent.bytes).collect()
            })
            .unwrap_or_default()
    }

    /// The length of the disk truth; none if the file's name is not durable.
    pub fn durable_len(&self, file: u64) -> Option<u64> {
        let file = self.files.get(&file)?;
        (file.created <= self.named).then_some(file.durable_len)
    }

    /// How long a flush of this many dirty bytes takes from now, in nanoseconds.
    pub fn flush_ns(&mut self, dirty_bytes: u64, dice: &mut Stream) -> u64 {
        let config = &self.config;
        let mut took_ns = config.flush_us * 1_000 + dirty_bytes * 1_000 / config.bytes_per_us;
        if config.flush_jitter_us > 0 {
            took_ns += dice.range(0, config.flush_jitter_us * 1_000);
        }
        if dice.hits(config.tail_ppm) {
            took_ns += dice.tail(config.tail_us * 1_000);
            self.hits.tail += 1;
        }
        self.hits.slow_disk += u64::from(self.slow > 1);
        took_ns.saturating_mul(self.slow)
    }

    /// How many times longer than by itself a flush takes now.
    pub fn slowness(&self) -> u64 {
        self.slow
    }

    /// Flushes take this many times longer, on top of what slows them already.
    pub fn slow(&mut self, factor: u32) {
        assert!(factor > 0, "no time at all is not slow");
        let slow = self.slow.checked_mul(u64::from(factor));
        self.slow = slow.expect("slower than time is long");
    }

    /// Takes one slowdown by this factor back.
    pub fn unslow(&mut self, factor: u32) {
        let factor = u64::from(factor);
        assert!(self.slow.is_multiple_of(factor), "the disk was never slowed {factor} times");
        self.slow /= factor;
    }

    /// How often each kind of accident really happened: `slow_disk` (flushes slowed), `fsync_error`
    /// (flushes failed), `power_loss` (those that took something), `tail`.
    pub fn hits(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        let Hits { slow_disk, fsync_error, power_loss, tail } = self.hits;
        [
            ("slow_disk", slow_disk),
            ("fsync_error", fsync_error),
            ("power_loss", power_loss),
            ("tail", tail),
        ]
        .into_iter()
    }

    /// Power losses so far that took something.
    pub fn losses(&self) -> u64 {
        self.hits.power_loss
    }

    /// What is true of a disk at the end of a turn; each file keeps laws of its own.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub fn keep_laws(&self) {
        let (files, created, named) = (self.files.len() as u64, self.created, self.named);
        assert!(named <= created, "{named} names are durable of {created}");
        assert!(files <= created, "{files} files are there, {created} were created");
    }

    fn file_or_new(&mut self, file: u64) -> &mut File {
        self.files.entry(file).or_insert_with(|| {
            self.created += 1;
            File::new(self.created)
        })
    }
}

fn known(files: &mut BTreeMap<u64, File>, file: u64) -> &mut File {
    files.get_mut(&file).unwrap_or_else(|| panic!("there is no file {file} to flush"))
}

#[cfg(test)]
mod tests;
