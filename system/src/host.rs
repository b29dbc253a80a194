//! The host seam: everything a node needs from the world. The simulation implements it; a live host
//! over real sockets and files needs no change above it. Nothing here waits: a flush is asked for and
//! its end comes back as an input of a later turn.

use crate::{
    types::{Endpoint, Nanos},
    wire::Frame,
};
use bytes::Bytes;

/// A file of one node. The host maps it to a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileId(pub u64);

/// One node's view of the world during one turn.
pub trait Host {
    /// This node's monotonic clock. May drift, never runs backwards.
    fn monotonic(&mut self) -> Nanos;
    /// This node's wall clock, since 1970. May be wrong, may jump; used for stamps, never for safety.
    fn wall(&mut self) -> Nanos;
    /// 64 random bits.
    fn random(&mut self) -> u64;
    /// Hands a frame to the network. It may be lost, doubled, late, or overtake others.
    fn send(&mut self, to: Endpoint, frame: Frame);
    /// Every file there is. Used while opening.
    fn files(&mut self) -> Vec<FileId>;
    /// The whole content of a file as the page cache shows it, durable or not, in as many parts as it is
    /// kept in. Used while opening.
    fn read(&mut self, file: FileId) -> Vec<Bytes>;
    /// Writes parts one after another from `at` on, creating the file if it is missing. Nothing of it
    /// is durable before a flush that began later has ended well.
    fn write(&mut self, file: FileId, at: u64, parts: &[Bytes]);
    /// Cuts a file to this length. Durable like a write.
    fn truncate(&mut self, file: FileId, len: u64);
    /// Asks that everything written to these files so far, and the directory if `directory`, becomes
    /// durable. The answer is [`crate::Input::Flushed`] with this token.
    fn flush(&mut self, token: u64, files: &[FileId], directory: bool);
    /// Asks for one turn when the monotonic clock shows this time. Replaces the wish before it.
    fn wake_at(&mut self, at: Nanos);
}

impl<H: Host + ?Sized> Host for &mut H {
    fn monotonic(&mut self) -> Nanos {
        (**self).monotonic()
    }
    fn wall(&mut self) -> Nanos {
        (**self).wall()
    }
    fn random(&mut self) -> u64 {
        (**self).random()
    }
    fn send(&mut self, to: Endpoint, frame: Frame) {
        (**self).send(to, frame);
    }
    fn files(&mut self) -> Vec<FileId> {
        (**self).files()
    }
    fn read(&mut self, file: FileId) -> Vec<Bytes> {
        (**self).read(file)
    }
    fn write(&mut self, file: FileId, at: u64, parts: &[Bytes]) {
        (**self).write(file, at, parts);
    }
    fn truncate(&mut self, file: FileId, len: u64) {
        (**self).truncate(file, len);
    }
    fn flush(&mut self, token: u64, files: &[FileId], directory: bool) {
        (**self).flush(token, files, directory);
    }
    fn wake_at(&mut self, at: Nanos) {
        (**self).wake_at(at);
    }
}
