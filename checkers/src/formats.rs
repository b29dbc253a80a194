//! Histories from elsewhere: their syntax, read into one stream of [`Happening`]s.
//!
//! A *format* is how a file is written (Jepsen's EDN, Elle's JSON, a console log); a *workload* is
//! what its operations mean (a register, a queue, a Kafka-style log). This room knows only the
//! first: every format becomes the same stream of who, what, when. A file that cannot be read is an
//! error with its line, never half a history.
//!
//! [`recognise`] tells from a file's beginning how it is written, [`read`] reads it a piece at a
//! time. Our own two formats tell of calls and not of happenings: [`ours`] and [`crate::text`].

mod columns;
mod edn;
mod format;
#[doc(hidden)]
pub mod fuzzing;
mod interval;
mod jepsen;
mod json;
mod limo;
mod objects;
mod operation;
pub mod ours;
mod recognise;
mod source;
mod stranger;
pub mod value;

#[cfg(test)]
mod tests;

pub use format::Format;
pub use recognise::{heading, recognise};

use source::Source;
use std::io::BufRead;
use value::Value;

/// What kind of line of a history it is, in Jepsen's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A process asked.
    Invoke,
    /// It happened, and this came back.
    Ok,
    /// It certainly did not happen.
    Fail,
    /// No one can say.
    Info,
}

/// One line of a history, whatever the format.
#[derive(Clone, Copy, Debug)]
pub struct Happening<'a> {
    /// Line in the file, from 1, for errors.
    pub line: u64,
    /// World time in nanoseconds where the file tells it. Order is the order in the stream.
    pub at_ns: Option<u64>,
    /// Who; none for the nemesis and other bystanders. Processes that have names and not numbers
    /// are numbered from 2^63 on; if no operation has a process, all are of process 0.
    pub process: Option<u64>,
    /// Asked or answered.
    pub kind: Kind,
    /// The operation's name: `read`, `enqueue`, `txn`, `poll`. Where the file has none it is `txn`,
    /// as in Elle's histories.
    pub f: &'a str,
    /// The key where the format has a place of its own for it.
    pub key: Option<Value<'a>>,
    /// Its argument, or what came back.
    pub value: Value<'a>,
    /// A map with the other fields that judges look at, such as `rebalance-log` or `error` (and
    /// perhaps those above as well); nil if there are none.
    pub extra: Value<'a>,
}

/// How much of a file was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Lines, or forms where one line holds many or one form many lines. Blank lines, comments and
    /// headings do not count.
    pub lines: u64,
    /// Of these, such as are no part of a history: the rest of a console log.
    pub skipped: u64,
}

/// Why a file is not a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormatError {
    /// Line, from 1; 0 if it is about the file as a whole.
    pub line: u64,
    /// What was expected and what stood there.
    pub what: String,
}

impl std::fmt::Display for FormatError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

impl std::error::Error for FormatError {}

/// Reads a history and shows everything that happened in it, in order. What `sink` refuses becomes
/// an error with the line of what it was shown. [`Format::Jsonl`] and [`Format::Text`] hold calls and
/// not happenings and are refused.
pub fn read(
    format: Format,
    input: &mut dyn BufRead,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    read_from(format, &mut Source::new(input), sink)
}

fn read_from(
    format: Format,
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    match format {
        Format::JepsenEdn | Format::PorcupineKv => jepsen::read(source, sink),
        Format::JepsenText => columns::read(source, sink),
        Format::Console => columns::read_console(source, sink),
        Format::Json => objects::read(source, sink),
        Format::S2 => objects::read_s2(source, sink),
        Format::Fastlin => interval::read_fastlin(source, sink),
        Format::Fptlin => interval::read_fptlin(source, sink),
        Format::Limo => limo::read(source, sink),
        Format::Jsonl | Format::Text => {
            let what = format!("`{}` holds calls and not what happened", format.name());
            Err(FormatError { line: 0, what })
        }
    }
}
