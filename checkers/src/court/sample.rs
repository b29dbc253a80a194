//! The beginning of a file: so much of it that its format and its first operations are known. What
//! was read for that is read again with the rest, and so is a disk that failed meanwhile.

use super::{sights::Sights, vocabulary::Renames};
use crate::formats::{self, Format, FormatError, Read};
use std::io::{self, BufRead, BufReader, Chain, Cursor, Read as _};

/// How much is looked at first.
const FIRST_BYTES: usize = 256 << 10;
/// How much is looked at if nothing else helps: a log may tell of much else before the first
/// operation.
const MOST_BYTES: usize = 1 << 30;

/// What has been read of a file.
#[derive(Debug, Default)]
pub(super) struct Sample {
    bytes: Vec<u8>,
    is_whole: bool,
    failure: Option<io::Error>,
}

impl Sample {
    /// Reads on, at least as much again as is there.
    pub(super) fn grow(&mut self, input: &mut dyn BufRead) {
        let wanted = self.bytes.len().max(FIRST_BYTES);
        let read = (&mut *input).take(wanted as u64).read_to_end(&mut self.bytes);
        match read {
            Ok(came) => self.is_whole = came < wanted,
            Err(error) => {
                self.is_whole = true;
                self.failure = Some(error);
            }
        }
    }

    /// Whether there may be more, and room for it.
    pub(super) fn can_grow(&self) -> bool {
        !self.is_whole && self.bytes.len() < MOST_BYTES
    }

    /// That it could not be read on, and where; none if it could.
    pub(super) fn broken(&self) -> Option<FormatError> {
        let failure = self.failure.as_ref()?;
        let line = self.bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        Some(FormatError { line, what: format!("could not be read on: {failure}") })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What the operations in it look like. If there is more of the file, its last line may be cut.
    pub(super) fn glimpse(
        &self,
        format: Format,
        renames: &mut Renames,
    ) -> (Sights, Result<Read, FormatError>) {
        let last = self.bytes.iter().rposition(|byte| *byte == b'\n');
        let end = last.filter(|_| !self.is_whole).map_or(self.bytes.len(), |last| last + 1);
        let mut sights = Sights::default();
        let mut input = Cursor::new(&self.bytes[..end]).chain(Failing(self.failure.as_ref()));
        let read = formats::read(format, &mut input, &mut |happening| {
            sights.see(happening, renames.meant(happening.f));
            Ok(())
        });
        (sights, read)
    }

    /// The whole file: what was read of it, and the rest.
    pub(super) fn whole<'r>(self, input: &'r mut dyn BufRead) -> impl BufRead + 'r {
        struct Rest<'r> {
            failure: Option<io::Error>,
            input: &'r mut dyn BufRead,
        }
        impl io::Read for Rest<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                match self.failure.take() {
                    Some(error) => Err(error),
                    None => self.input.read(buffer),
                }
            }
        }
        let rest = Rest { failure: self.failure, input };
        let whole: Chain<Cursor<Vec<u8>>, BufReader<Rest<'r>>> =
            Cursor::new(self.bytes).chain(BufReader::with_capacity(FIRST_BYTES, rest));
        whole
    }
}

/// A disk that fails once more as it did before, if it did.
struct Failing<'e>(Option<&'e io::Error>);

impl io::Read for Failing<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        match self.0 {
            Some(error) => Err(io::Error::new(error.kind(), error.to_string())),
            None => Ok(0),
        }
    }
}

impl BufRead for Failing<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        io::Read::read(self, &mut []).map(|_| &[][..])
    }

    fn consume(&mut self, _: usize) {}
}
