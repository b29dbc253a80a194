//! How much of what was written is durable: the one piece of code for everything that a node flushes,
//! the segments of a group as well as its registry (S7, A11).
//!
//! What it watches over is one run of bytes that only grows, in one file or in several that follow one
//! another; a position counts the bytes of all of them. What ends up *proven* was covered by a flush
//! that ended well and that began after the bytes were written. After a start nothing above what the
//! bytes themselves prove counts, though the page cache shows it: a flush that failed may have left
//! pages that look clean and that no later flush writes. Those bytes are written once more, and nothing
//! rests on them before they are flushed.
//!
//! It touches no file: it says what to write and what to flush.

use super::rope::Rope;
use crate::host::FileId;
use bytes::Bytes;

/// A write that a host shall do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Where.
    pub file: FileId,
    /// From which byte on.
    pub at: u64,
    /// What, part after part.
    pub parts: Vec<Bytes>,
}

/// Bytes that only grow, and how far they are durable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Durable {
    /// Where the next byte is written.
    end: u64,
    /// Every byte below is durable.
    proven: u64,
    /// Files with bytes, or an end, that no finished flush covers.
    dirty: Vec<FileId>,
    /// Whether the directory entry of one of them may not be durable either.
    is_fresh: bool,
    /// The end when the flush began that is under way.
    flight: Option<u64>,
}

impl Durable {
    /// Where the next byte is written.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Every byte below this position is durable.
    pub fn proven(&self) -> u64 {
        self.proven
    }

    /// While reading after a start: so many bytes are good, and say that all below `proven` is durable.
    pub fn read(&mut self, bytes: u64, proven: u64) {
        self.end += bytes;
        self.proven = self.proven.max(proven);
    }

    /// The end of reading after a start: `files` hold what was found good, in order, without gaps. Says
    /// what must be written again, as nothing proves it.
    ///
    /// # Panics
    /// If `files` are not what was read, or end before what is proven: that is rot, and refused before.
    pub fn resume<'a>(
        &mut self,
        files: impl IntoIterator<Item = (FileId, usize, &'a Rope)>,
    ) -> Vec<Write> {
        assert!(self.proven <= self.end, "{} bytes are proven of {}", self.proven, self.end);
        let (mut rewrite, mut begin) = (Vec::new(), 0);
        for (file, length, bytes) in files {
            let end = begin + length as u64;
            if end > self.proven {
                let at = self.proven.saturating_sub(begin);
                let parts = vec![bytes.slice(at as usize..length)];
                rewrite.push(Write { file, at, parts });
                self.touch(file);
                self.is_fresh = true;
            }
            begin = end;
        }
        assert_eq!(begin, self.end, "what was read is not what is resumed");
        rewrite
    }

    /// The planted bug of whoever takes the page cache for the disk: nothing is written again.
    pub(crate) fn trust_cache(&mut self) {
        self.proven = self.end;
        self.dirty.clear();
    }

    /// Bytes were written at the end of this file, which is new if it had none before.
    pub fn wrote(&mut self, file: FileId, bytes: u64, is_new: bool) {
        assert!(bytes > 0, "nothing was written to {file:?}");
        self.end += bytes;
        self.is_fresh |= is_new;
        self.touch(file);
    }

    /// Something of this file must be flushed: what was written, or that it was cut off.
    pub fn touch(&mut self, file: FileId) {
        if !self.dirty.contains(&file) {
            self.dirty.push(file);
        }
    }

    /// Whether everything that was written is flushed.
    pub fn is_clean(&self) -> bool {
        self.dirty.is_empty() && self.flight.is_none()
    }

    /// The files to flush, if something was written since the last flush began and none is under way.
    /// The flag says whether the directory must be flushed, too.
    pub fn begin_flush(&mut self) -> Option<(Vec<FileId>, bool)> {
        if self.flight.is_some() || self.dirty.is_empty() {
            return None;
        }
        self.flight = Some(self.end);
        Some((std::mem::take(&mut self.dirty), std::mem::take(&mut self.is_fresh)))
    }

    /// The flush that was under way has ended well.
    ///
    /// # Panics
    /// If there was none.
    pub fn end_flush(&mut self) {
        let flight = self.flight.take();
        assert!(flight.is_some(), "a flush ends that had not begun");
        let end = flight.unwrap_or_default();
        assert!(self.proven <= end && end <= self.end, "{} <= {end} <= {}", self.proven, self.end);
        self.proven = end;
    }

    /// The laws of what is durable, at the end of a turn.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub fn keep_laws(&self) {
        let Durable { end, proven, flight, .. } = self;
        assert!(proven <= end, "{proven} bytes are durable of {end} (S7)");
        let flies = flight.unwrap_or(*proven);
        assert!(proven <= &flies && &flies <= end, "{flies} bytes fly between {proven} and {end}");
        let is_watched = proven == end || flight.is_some() || !self.dirty.is_empty();
        assert!(
            is_watched,
            "{proven} bytes are durable of {end}, and nobody flushes the rest (S7)"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: FileId = FileId(1);
    const B: FileId = FileId(2);

    #[test]
    fn only_what_was_written_before_a_flush_began_is_proven_by_its_end() {
        let mut durable = Durable::default();
        durable.wrote(A, 10, true);
        assert_eq!(durable.begin_flush(), Some((vec![A], true)));
        durable.wrote(A, 5, false);
        assert_eq!(durable.begin_flush(), None, "one flush at a time");
        durable.end_flush();
        assert_eq!((durable.proven(), durable.end()), (10, 15));
        assert_eq!(durable.begin_flush(), Some((vec![A], false)));
        assert!(!durable.is_clean());
        durable.end_flush();
        assert!(durable.is_clean() && durable.proven() == 15);
    }

    #[test]
    fn after_a_start_all_that_is_not_proven_is_written_again_and_its_directory_flushed() {
        let mut durable = Durable::default();
        durable.read(8, 0);
        durable.read(8, 6);
        let [one, other] =
            [&b"12345678"[..], b"abcdefghTORN"].map(Bytes::from_static).map(Rope::from);
        let rewrite = durable.resume([(A, 8, &one), (B, 8, &other)]);
        let told: Vec<(FileId, u64, &[u8])> =
            rewrite.iter().map(|write| (write.file, write.at, &write.parts[0][..])).collect();
        assert_eq!(told, [(A, 6, &b"78"[..]), (B, 0, &b"abcdefgh"[..])]);
        assert_eq!(durable.begin_flush(), Some((vec![A, B], true)));
        assert_eq!(durable.proven(), 6, "it counts when it is flushed, and not before");
        durable.end_flush();
        assert_eq!(durable.proven(), 16);
    }

    #[test]
    fn a_start_from_bytes_that_prove_themselves_writes_nothing() {
        let mut durable = Durable::default();
        durable.read(8, 8);
        let file = Rope::from(Bytes::from_static(b"12345678"));
        assert_eq!(durable.resume([(A, 8, &file)]), []);
        assert!(durable.is_clean());
        assert_eq!(durable.begin_flush(), None);
    }

    #[test]
    fn each_law_fires() {
        let said = |end, proven, flight, dirty: &[FileId]| {
            let durable = Durable { end, proven, dirty: dirty.to_vec(), is_fresh: false, flight };
            let panic = std::panic::catch_unwind(|| durable.keep_laws()).expect_err("no law held");
            panic.downcast_ref::<String>().expect("words").clone()
        };
        assert_eq!(said(8, 9, None, &[]), "9 bytes are durable of 8 (S7)");
        assert_eq!(said(8, 4, Some(3), &[]), "3 bytes fly between 4 and 8");
        let unwatched = said(8, 4, None, &[]);
        assert_eq!(unwatched, "4 bytes are durable of 8, and nobody flushes the rest (S7)");
        Durable { end: 8, proven: 4, dirty: vec![A], is_fresh: false, flight: None }.keep_laws();
    }
}
