//! The machine under one node: a disk with a page cache, dice that are given, frames that are kept.
//! Nothing happens here by itself: a flush ends, and the power goes, when the script says so.

use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use system::{Endpoint, FileId, Frame, Host, Nanos, disk::files};

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
    /// Bytes that a failed flush took: the cache holds them to be clean, so that no later flush writes
    /// them unless they are written again.
    given_up: BTreeSet<usize>,
}

impl File {
    /// What a flush that begins now makes durable.
    fn to_flush(&self) -> Vec<u8> {
        let mut bytes = self.cached.clone();
        let end = bytes.len();
        for at in self.given_up.range(..end) {
            bytes[*at] = self.durable.get(*at).copied().unwrap_or(0);
        }
        bytes
    }
}

impl Machine {
    /// Ends the oldest flush well; says whose it was.
    pub(crate) fn end_flush(&mut self) -> Option<u64> {
        let flush = self.flushes.pop_front()?;
        Some(self.end(flush))
    }

    /// Ends the flush of the registry well, if one is under way.
    pub(crate) fn end_registry_flush(&mut self) -> Option<u64> {
        let is_it = |flush: &Flush| flush.contents.iter().any(|(id, _)| *id == files::REGISTRY);
        let place = self.flushes.iter().position(is_it)?;
        let flush = self.flushes.remove(place).expect("it was found");
        Some(self.end(flush))
    }

    fn end(&mut self, flush: Flush) -> u64 {
        for (id, content) in flush.contents {
            let file = self.files.get_mut(&id).expect("a flushed file exists");
            file.durable = content;
            file.is_named |= flush.directory;
        }
        flush.token
    }

    /// Fails the oldest flush; says whose it was.
    pub(crate) fn fail_flush(&mut self) -> Option<u64> {
        let flush = self.flushes.pop_front()?;
        for (id, content) in flush.contents {
            let file = self.files.get_mut(&id).expect("a flushed file exists");
            let is_lost = |at: &usize| file.durable.get(*at) != content.get(*at);
            let lost: Vec<usize> = (0..content.len()).filter(is_lost).collect();
            file.given_up.extend(lost);
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
            file.given_up.clear();
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

    fn read(&mut self, file: FileId) -> Vec<Bytes> {
        self.files.get(&file).map(|file| file.cached.clone().into()).into_iter().collect()
    }

    fn write(&mut self, file: FileId, at: u64, parts: &[Bytes]) {
        let content = parts.concat();
        let (at, end) = (at as usize, at as usize + content.len());
        let file = self.files.entry(file).or_default();
        assert!(at <= file.cached.len(), "a write at {at} leaves a hole");
        file.cached.resize(file.cached.len().max(end), 0);
        file.cached[at..end].copy_from_slice(&content);
        file.given_up.retain(|byte| !(at..end).contains(byte));
    }

    fn truncate(&mut self, file: FileId, len: u64) {
        if let Some(file) = self.files.get_mut(&file) {
            file.cached.truncate(len as usize);
        }
    }

    fn flush(&mut self, token: u64, files: &[FileId], directory: bool) {
        let contents = files.iter().map(|id| (*id, self.files[id].to_flush())).collect();
        self.flushes.push_back(Flush { token, contents, directory });
    }

    fn wake_at(&mut self, at: Nanos) {
        self.wake = at;
    }
}
