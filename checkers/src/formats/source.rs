//! The file as text, a piece at a time: read ahead, proven to be UTF-8, with the line in hand known.
//!
//! A reader looks at what has come and takes what it understood. Where that is not enough it asks for
//! more, and each time gets as much again as it already has: an operation that spans a thousand lines
//! is looked at ten times, not a thousand. What no reader takes within [`FORM_MAX`] bytes is refused.

use super::FormatError;
use std::io::{BufRead, ErrorKind};

/// How much one line, or one operation over many lines, may have. Texts lie in ranges of 32 bits.
pub(super) const FORM_MAX: usize = 64 << 20;
/// How much is read ahead.
const AHEAD: usize = 256 << 10;

/// A file that is being read.
pub(super) struct Source<'r> {
    input: &'r mut dyn BufRead,
    text: String,
    /// Where in `text` that begins which nobody has taken.
    from: usize,
    /// The line that it begins in.
    line: u64,
    /// The first bytes of a character whose others have not come yet.
    severed: Vec<u8>,
    has_begun: bool,
    has_ended: bool,
    /// How much is read ahead.
    ahead: usize,
}

/// One line, without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// From 1.
    pub(super) number: u64,
    /// What it says.
    pub(super) text: &'a str,
    /// Whether it has an end. If the file's last line has none, it may have been cut.
    pub(super) is_whole: bool,
}

impl Line<'_> {
    /// # Errors
    ///
    /// It may have been cut.
    pub(super) fn must_be_whole(&self) -> Result<(), FormatError> {
        if self.is_whole {
            return Ok(());
        }
        let what = format!(
            "the last line has no end, as if cut (a line break makes it whole): {}",
            clip(self.text)
        );
        Err(FormatError { line: self.number, what })
    }
}

impl<'r> Source<'r> {
    pub(super) fn new(input: &'r mut dyn BufRead) -> Self {
        Source::with_ahead(input, AHEAD)
    }

    /// One that reads no more ahead than this: pieces that small show what is wrong at their edges.
    pub(super) fn with_ahead(input: &'r mut dyn BufRead, ahead: usize) -> Self {
        Source {
            ahead,
            input,
            text: String::new(),
            from: 0,
            line: 1,
            severed: Vec::new(),
            has_begun: false,
            has_ended: false,
        }
    }

    /// What has come and nobody has taken.
    pub(super) fn rest(&self) -> &str {
        &self.text[self.from..]
    }

    /// Whether nothing will come behind it.
    pub(super) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// The line in which the rest begins.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// The line of this place in the rest.
    pub(super) fn line_at(&self, place: usize) -> u64 {
        self.line + newlines(&self.rest().as_bytes()[..place])
    }

    /// Takes so many bytes of the rest.
    pub(super) fn take(&mut self, length: usize) {
        self.line = self.line_at(length);
        self.from += length;
    }

    /// Takes one line and shows it; none at the file's end.
    pub(super) fn next_line(&mut self) -> Result<Option<Line<'_>>, FormatError> {
        let mut looked = 0;
        let end = loop {
            match self.rest()[looked..].find('\n') {
                Some(place) => break Some(looked + place),
                None if self.has_ended => break None,
                None => {
                    looked = self.rest().len();
                    self.more()?;
                }
            }
        };
        let (from, number) = (self.from, self.line);
        let length = end.unwrap_or(self.rest().len());
        if length == 0 && end.is_none() {
            return Ok(None);
        }
        self.from += length + usize::from(end.is_some());
        self.line += u64::from(end.is_some());
        let text = &self.text[from..from + length];
        let text = text.strip_suffix('\r').unwrap_or(text);
        Ok(Some(Line { number, text, is_whole: end.is_some() }))
    }

    /// Reads on: at least as much again as is there, unless the file ends.
    pub(super) fn more(&mut self) -> Result<(), FormatError> {
        self.text.drain(..self.from);
        self.from = 0;
        if self.text.len() > FORM_MAX {
            let what = format!("one line or operation is longer than {} MiB", FORM_MAX >> 20);
            return Err(FormatError { line: self.line, what });
        }
        let wanted = self.text.len() + self.text.len().max(self.ahead);
        while self.text.len() < wanted && !self.has_ended {
            self.read_some()?;
        }
        if !self.has_begun {
            self.has_begun = true;
            // Some editors begin a file with a mark that says only that it is UTF-8.
            if self.text.starts_with('\u{feff}') {
                self.from = '\u{feff}'.len_utf8();
            }
        }
        Ok(())
    }

    fn read_some(&mut self) -> Result<(), FormatError> {
        let came = match self.input.fill_buf() {
            Ok(came) => came,
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            Err(error) => {
                let what = format!("could not be read on: {error}");
                return Err(FormatError { line: self.line_at(self.rest().len()), what });
            }
        };
        let length = came.len();
        self.has_ended = length == 0;
        let joined;
        let bytes = if self.severed.is_empty() {
            came
        } else {
            joined = [self.severed.as_slice(), came].concat();
            &joined
        };
        let (text, is_wrong, severed) = match std::str::from_utf8(bytes) {
            Ok(text) => (text, false, &[][..]),
            Err(error) => {
                let (text, behind) = bytes.split_at(error.valid_up_to());
                let text = std::str::from_utf8(text).expect("it is valid up to there");
                (text, error.error_len().is_some() || length == 0, behind)
            }
        };
        self.text.push_str(text);
        if is_wrong {
            let what = format!("expected UTF-8, found the byte 0x{:02x}", severed[0]);
            return Err(FormatError { line: self.line_at(self.rest().len()), what });
        }
        self.severed = severed.to_vec();
        self.input.consume(length);
        Ok(())
    }
}

impl std::fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("line", &self.line).finish_non_exhaustive()
    }
}

/// Every byte of every file comes by here: counted in bytes, many at once, as long as a byte can count.
fn newlines(bytes: &[u8]) -> u64 {
    let of_few =
        |few: &[u8]| few.iter().fold(0_u8, |n, byte| n.wrapping_add((*byte == b'\n').into()));
    bytes.chunks(usize::from(u8::MAX)).map(|few| u64::from(of_few(few))).sum()
}

/// The beginning of what stood there, short enough for an error.
pub(super) fn clip(text: &str) -> String {
    const CHARS_MAX: usize = 40;
    let line = text.trim_start().lines().next().unwrap_or_default().trim_end();
    match line.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("`{}...`", &line[..end]),
        None => format!("`{line}`"),
    }
}
