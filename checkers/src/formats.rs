//! Histories from elsewhere: their syntax, read into one stream of [`Happening`]s.
//!
//! A *format* is how a file is written (Jepsen's EDN, Elle's JSON, a console log); a *workload* is
//! what its operations mean (a register, a queue, a Kafka-style log). This room knows only the
//! first: every format becomes the same stream of who, what, when. A file that cannot be read is an
//! error with its line, never half a history.

pub mod value;

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
    /// Who; none for the nemesis and other bystanders.
    pub process: Option<u64>,
    /// Asked or answered.
    pub kind: Kind,
    /// The operation's name: `read`, `enqueue`, `txn`, `poll`.
    pub f: &'a str,
    /// The key where the format has a place of its own for it.
    pub key: Option<Value<'a>>,
    /// Its argument, or what came back.
    pub value: Value<'a>,
    /// Other fields that judges look at, such as `rebalance-log`; nil if there are none.
    pub extra: Value<'a>,
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
