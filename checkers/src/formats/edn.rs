//! EDN, Clojure's notation for data, in which Jepsen writes: from text to [`Tape`], one form at a time.
//!
//! A parser of our own: the crates for EDN build a tree of boxes for each form, at a tenth of the
//! speed that a million operations want, and none says *the text ends here* apart from *this is
//! wrong*, which reading by pieces needs. Depth is bounded, so that a file of `[[[[` is an error.
//!
//! Whatever Jepsen prints is read, and more than EDN proper: `#object[..]`, regular expressions and
//! symbols stand in the errors it keeps. Tags are skipped. Numbers that no machine word holds, ratios
//! and exact decimals become texts: equal if and only if they were written alike, never rounded.

mod atoms;

use super::{source::clip, value::Tape};

/// How deep values may lie in each other.
const DEPTH_MAX: u32 = 128;

/// Why reading a form stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// The text ends within it. More text may help.
    Ends,
    /// It is wrong, whatever follows.
    Wrong(Box<Wrong>),
}

/// What is wrong with a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// At which byte of the text.
    pub(super) at: usize,
    /// What was expected, what stood there.
    pub(super) what: String,
}

/// A place in a text.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    /// Where the last thing began that lies in nothing else: a form, a comment.
    began: usize,
    depth: u32,
    /// Whether the text's end ends a word too, because it is the end of a line or of the file.
    is_whole: bool,
}

/// Bytes that end a number, a symbol or a keyword.
const ENDS_WORD: [bool; 256] = {
    let mut table = [false; 256];
    let ends = b" \t\n\r\x0c,()[]{}\";";
    let mut place = 0;
    while place < ends.len() {
        table[ends[place] as usize] = true;
        place += 1;
    }
    table
};

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str, is_whole: bool) -> Self {
        Scanner { text, at: 0, began: 0, depth: 0, is_whole }
    }

    /// How far it has come, in bytes.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Whether nothing will come behind the text.
    pub(super) fn is_whole(&self) -> bool {
        self.is_whole
    }

    /// Where that began which it is in, or was in last: a form with its tags, a comment.
    pub(super) fn began(&self) -> usize {
        self.began
    }

    /// What is still to be read.
    pub(super) fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// Goes on to the next byte that means something, and shows it: past blanks, commas, comments and
    /// discarded forms. None at the text's end.
    #[inline]
    pub(super) fn peek(&mut self) -> Result<Option<u8>, Stop> {
        let bytes = self.text.as_bytes();
        loop {
            match bytes.get(self.at) {
                None => return Ok(None),
                Some(b' ' | b'\n' | b',' | b'\t' | b'\r' | b'\x0c') => self.at += 1,
                Some(b';') => self.skip_comment()?,
                Some(b'#') => match bytes.get(self.at + 1) {
                    Some(b'_') => self.skip_discarded()?,
                    Some(_) => return Ok(Some(b'#')),
                    None if self.is_whole => return Ok(Some(b'#')),
                    None => return Err(Stop::Ends),
                },
                Some(byte) => return Ok(Some(*byte)),
            }
        }
    }

    #[cold]
    fn skip_discarded(&mut self) -> Result<(), Stop> {
        self.begin();
        self.enter()?;
        self.at += 1;
        self.value(&mut Tape::default())?;
        self.depth -= 1;
        Ok(())
    }

    /// Goes past one byte that was seen.
    pub(super) fn skip(&mut self) {
        self.at += 1;
    }

    /// Goes past tags, and shows the byte behind them; none at the text's end.
    #[inline]
    pub(super) fn peek_behind_tags(&mut self) -> Result<Option<u8>, Stop> {
        let mut next = self.peek()?;
        self.begin();
        // What lies behind a tag is part of what it tags.
        self.depth += 1;
        while next == Some(b'#') && self.is_tag() {
            self.at += 1;
            self.word()?;
            next = Some(self.peek()?.ok_or(Stop::Ends)?);
        }
        self.depth -= 1;
        Ok(next)
    }

    fn begin(&mut self) {
        if self.depth == 0 {
            self.began = self.at;
        }
    }

    /// Reads one form and writes it down.
    pub(super) fn value(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        let first = self.peek()?.ok_or(Stop::Ends)?;
        self.form(first, tape)
    }

    /// Reads the form that begins here, with this byte.
    #[inline]
    fn form(&mut self, first: u8, tape: &mut Tape) -> Result<(), Stop> {
        match first {
            b'0'..=b'9' => self.number(tape),
            b':' => self.keyword(tape),
            b'[' => self.seq(tape, b']'),
            b'{' => self.map(tape),
            b'"' => self.string(tape),
            b'(' => self.seq(tape, b')'),
            b'+' | b'-' => match self.text.as_bytes().get(self.at + 1) {
                Some(b'0'..=b'9') => self.number(tape),
                Some(_) => self.symbol(tape),
                None if self.is_whole => self.symbol(tape),
                None => Err(Stop::Ends),
            },
            b'\\' => self.char(tape),
            b'#' if self.is_tag() => {
                let first = self.peek_behind_tags()?.ok_or(Stop::Ends)?;
                self.form(first, tape)
            }
            b'#' => self.dispatch(tape),
            b']' | b'}' | b')' => Err(self.unexpected("a value", self.at)),
            _ => self.symbol(tape),
        }
    }

    /// Goes into a form that holds others, over its first byte.
    #[inline]
    fn enter(&mut self) -> Result<(), Stop> {
        if self.depth == DEPTH_MAX {
            let what = format!("expected values no deeper than {DEPTH_MAX} in each other");
            return Err(self.wrong(self.at, what));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn seq(&mut self, tape: &mut Tape, close: u8) -> Result<(), Stop> {
        self.enter()?;
        let open = tape.open_seq();
        let mut len = 0;
        loop {
            match self.peek()?.ok_or(Stop::Ends)? {
                byte if byte == close => break,
                b']' | b'}' | b')' => {
                    let what = format!("a value or `{}`", char::from(close));
                    return Err(self.unexpected(&what, self.at));
                }
                byte => self.form(byte, tape)?,
            }
            len += 1;
        }
        self.at += 1;
        self.depth -= 1;
        tape.close(open, len);
        Ok(())
    }

    fn map(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        self.enter()?;
        let open = tape.open_map();
        let mut len = 0;
        loop {
            match self.peek()?.ok_or(Stop::Ends)? {
                b'}' => break,
                byte => self.form(byte, tape)?,
            }
            match self.peek()?.ok_or(Stop::Ends)? {
                b'}' => return Err(self.unexpected("a value for the map's last key", self.at)),
                byte => self.form(byte, tape)?,
            }
            len += 1;
        }
        self.at += 1;
        self.depth -= 1;
        tape.close(open, len);
        Ok(())
    }

    #[inline]
    fn keyword(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        let from = self.at;
        self.at += 1;
        let word = self.word()?;
        if word.is_empty() || word.starts_with(':') {
            return Err(self.unexpected("a keyword", from));
        }
        tape.word(word);
        Ok(())
    }

    /// What stands up to the next byte that ends a word.
    #[inline]
    fn word(&mut self) -> Result<&'t str, Stop> {
        let rest = self.rest();
        match rest.bytes().position(|byte| ENDS_WORD[usize::from(byte)]) {
            Some(length) => {
                self.at += length;
                Ok(&rest[..length])
            }
            None if self.is_whole => {
                self.at = self.text.len();
                Ok(rest)
            }
            None => Err(Stop::Ends),
        }
    }

    fn symbol(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        let from = self.at;
        match self.word()? {
            "nil" => tape.nil(),
            "true" => tape.bool(true),
            "false" => tape.bool(false),
            word if word.starts_with(['@', '`', '~', '^', '\''])
                || word.contains(char::is_control) =>
            {
                return Err(self.unexpected("a value", from));
            }
            word => tape.text(word),
        }
        Ok(())
    }

    /// What begins with `#` and is neither a tag nor discarded.
    fn dispatch(&mut self, tape: &mut Tape) -> Result<(), Stop> {
        let from = self.at;
        self.at += 1;
        match self.text.as_bytes().get(self.at).ok_or(Stop::Ends)? {
            // A set. `{` is gone past by the sequence.
            b'{' => self.seq(tape, b'}'),
            // A regular expression: its backslashes are its own.
            b'"' => {
                let rest = &self.rest()[1..];
                let mut is_escaped = false;
                let end = rest.bytes().position(|byte| {
                    let ends = byte == b'"' && !is_escaped;
                    is_escaped = byte == b'\\' && !is_escaped;
                    ends
                });
                let end = end.ok_or(Stop::Ends)?;
                tape.text(&rest[..end]);
                self.at += end + 2;
                Ok(())
            }
            b'#' => {
                self.at += 1;
                match self.word()? {
                    "Inf" => tape.float(f64::INFINITY),
                    "-Inf" => tape.float(f64::NEG_INFINITY),
                    "NaN" => tape.float(f64::NAN),
                    _ => return Err(self.unexpected("`##Inf`, `##-Inf` or `##NaN`", from)),
                }
                Ok(())
            }
            _ => Err(self.unexpected("a value", from)),
        }
    }

    /// Whether the `#` here begins a tag: a name, or a namespace for a map's keys.
    fn is_tag(&self) -> bool {
        let next = self.text.as_bytes().get(self.at + 1);
        next.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b':')
    }

    fn skip_comment(&mut self) -> Result<(), Stop> {
        self.begin();
        match self.rest().find('\n') {
            Some(length) => self.at += length,
            None if self.is_whole => self.at = self.text.len(),
            None => return Err(Stop::Ends),
        }
        Ok(())
    }

    /// That something else was expected at this byte.
    #[cold]
    pub(super) fn unexpected(&self, expected: &str, at: usize) -> Stop {
        self.wrong(at, format!("expected {expected}, found {}", clip(&self.text[at..])))
    }

    #[cold]
    fn wrong(&self, at: usize, what: String) -> Stop {
        Stop::Wrong(Box::new(Wrong { at, what }))
    }
}
