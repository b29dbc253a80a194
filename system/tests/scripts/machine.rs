//! The machine under one node: a disk with a page cache, dice that are given, frames that are kept.
//! Nothing happens here by itself: a flush ends, and the power goes, when the script says so.

use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};
use system::{Endpoint, FileId, Frame, Host, Nanos};

/// One machine.
#[derive(Debug, Default)]
pub(crate) struct Machine {
    pub(crate) now: Nanos,
    pub(crate) wake: Nanos,
    /// What every throw of the dice shows.
    pub(crate) dice: u64,
    pub(crate) sent: Vec<(Endpoint, Frame)>,
    /// Flushes under way, oldest first.
    pub(crate) flushes: VecDeque<Flush>,
    files: BTreeMap<FileId, File>,
}

/// A flush under way: what it makes durable when it ends.
#[derive(Debug)]
pub(crate) struct Flush {
    pub(crate) token: u64,
    contents: Vec<(FileId, Vec<u8>)>,
    directory: bool,
}

#[derive(Debug, Default)]
struct File {
    cached: Vec<u8>,
    durable: Vec<u8>,
    is_named: bool,
}

impl Machine {
    /// Ends the oldest flush well; says whose it was.
    pub(crate) fn end_flush(&mut self) -> Option<u64> {
        let flush = self.flushes.pop_front()?;
        for (id, content) in flush.contents {
            let file = self.files.get_mut(&id).expect("a flushed file exists");
            file.durable = content;
            file.is_named |= flush.directory;
        }
        Some(flush.token)
    }

    /// The process is gone: its flushes have no end, its timer no meaning. The page cache stays.
    pub(crate) fn kill(&mut self) {
        self.flushes.clear();
        self.sent.clear();
    }

    /// The power is gone: only what is durable is left, and `torn` bytes of each unsynced tail.
    pub(crate) fn power_loss(&mut self, torn: usize) {
        self.kill();
        self.files.retain(|_, file| file.is_named);
        for file in self.files.values_mut() {
            let tail: Vec<u8> =
                file.cached.iter().skip(file.durable.len()).take(torn).copied().collect();
            file.durable.extend(tail);
            file.cached = file.durable.clone();
        }
    }

    /// Every file is gone.
    pub(crate) fn wipe(&mut self) {
        self.files.clear();
    }

    /// One file is gone; whether it was there.
    pub(crate) fn lose(&mut self, file: FileId) -> bool {
        self.files.remove(&file).is_some()
    }

    /// Flips a bit of a durable byte.
    pub(crate) fn rot(&mut self, file: FileId, at: usize) {
        let file = self.files.get_mut(&file).expect("a file that is there");
        file.durable[at] ^= 1;
        file.cached[at] ^= 1;
    }

    /// A file as the page cache shows it, and how many of its bytes are durable.
    pub(crate) fn show(&self, file: FileId) -> Option<(&[u8], usize)> {
        let file = self.files.get(&file)?;
        Some((&file.cached, if file.is_named { file.durable.len() } else { 0 }))
    }
}

impl Host for Machine {
    fn monotonic(&mut self) -> Nanos {
        self.now
    }

    fn wall(&mut self) -> Nanos {
        self.now
    }

    fn random(&mut self) -> u64 {
        self.dice
    }

    fn send(&mut self, to: Endpoint, frame: Frame) {
        self.sent.push((to, frame));
    }

    fn files(&mut self) -> Vec<FileId> {
        self.files.keys().copied().collect()
    }

    fn read(&mut self, file: FileId) -> Bytes {
        self.files.get(&file).map(|file| file.cached.clone().into()).unwrap_or_default()
    }

    fn write(&mut self, file: FileId, at: u64, parts: &[Bytes]) {
        let content = parts.concat();
        let (at, end) = (at as usize, at as usize + content.len());
        let file = self.files.entry(file).or_default();
        assert!(at <= file.cached.len(), "a write at {at} leaves a hole");
        file.cached.resize(file.cached.len().max(end), 0);
        file.cached[at..end].copy_from_slice(&content);
    }

    fn truncate(&mut self, file: FileId, len: u64) {
        if let Some(file) = self.files.get_mut(&file) {
            file.cached.truncate(len as usize);
        }
    }

    fn flush(&mut self, token: u64, files: &[FileId], directory: bool) {
        let contents = files.iter().map(|id| (*id, self.files[id].cached.clone())).collect();
        self.flushes.push_back(Flush { token, contents, directory });
    }

    fn wake_at(&mut self, at: Nanos) {
        self.wake = at;
    }
}
