//! What operations on well-known objects say: the words that monitors, models and readers share.
//!
//! Values are numbers here; whoever read a foreign history keeps the names behind them. A result
//! that never came back is part of the deed, because an operation can return without it.

use serde::{Deserialize, Serialize};

/// A value, as a number.
pub type Value = u64;

/// A register, or one key of a store. It holds a value or nothing, and begins with nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Register {
    /// Found this value, or nothing.
    Read(Option<Value>),
    /// Put this value.
    Write(Value),
    /// Put `to` if it held `from`. `succeeded` says whether it did; none if no one can say.
    Cas {
        /// What had to be there.
        from: Value,
        /// What to put.
        to: Value,
        /// Whether it was there.
        succeeded: Option<bool>,
    },
}

/// Several registers that one operation reads and writes together, in order (Knossos'
/// `multi-register`). A later access sees what an earlier one of the same operation wrote.
pub type MultiRegister = Vec<Access>;

/// One access of an operation on several registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Access {
    /// Found this value, or nothing.
    Read {
        /// Where.
        key: u64,
        /// What was there.
        value: Option<Value>,
    },
    /// Put this value.
    Write {
        /// Where.
        key: u64,
        /// What.
        value: Value,
    },
}

/// A first-in first-out queue, empty at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Queue {
    /// Added this value at the tail.
    Enqueue(Value),
    /// Took from the head.
    Dequeue(Taken),
}

/// What a dequeue came back with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Taken {
    /// This value.
    Value(Value),
    /// The queue was empty.
    Empty,
    /// No one can say: it may have taken something, or found nothing.
    Unknown,
}

/// A set, empty at first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Set {
    /// Put this element in.
    Add(Value),
    /// Took this element out. `found` says whether it was there; none if no one can say.
    Remove {
        /// Which.
        element: Value,
        /// Whether it was there.
        found: Option<bool>,
    },
    /// Looked for one element.
    Contains(Value, bool),
    /// Read all elements, in the order and as often as they came back.
    Read(Vec<Value>),
}

/// A counter, 0 at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Counter {
    /// Added so much, which may be less than nothing.
    Add(i64),
    /// Found so much.
    Read(i64),
}

/// Accounts, by place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bank {
    /// Before everything: one of these is what the accounts held.
    Open(Vec<Vec<i64>>),
    /// Moved money.
    Transfer {
        /// Out of this account.
        from: usize,
        /// Into this one.
        to: usize,
        /// So much.
        amount: i64,
    },
    /// Found these balances: account and what was in it.
    Read(Vec<(usize, i64)>),
}

/// A lock, free at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mutex {
    /// Took it.
    Acquire,
    /// Gave it back.
    Release,
}

/// One key of a store whose values are texts (Porcupine's key-value model). Empty at first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Text {
    /// Found this text.
    Get(String),
    /// Put this text.
    Put(String),
    /// Added this at the end of the text.
    Append(String),
}

/// An append-only log, empty at first. Offsets count from 0 without gaps.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Log {
    /// Added these values at the end; the first got this offset, if anyone can say.
    Append(Vec<Value>, Option<u64>),
    /// Added these values if the log's end was at `expected`; whether it was, if anyone can say.
    AppendAt {
        /// The values.
        values: Vec<Value>,
        /// Where the end had to be.
        expected: u64,
        /// Whether it was.
        succeeded: Option<bool>,
    },
    /// Read from an offset on: what stood there, and whether the last of them was the log's end.
    Read {
        /// The first offset.
        from: u64,
        /// What stood there.
        values: Vec<Value>,
        /// Whether nothing stood behind it.
        is_end: bool,
    },
    /// Found the log this long.
    Tail(u64),
}

/// A durable stream (S2's): records are known by the hashes of their bodies, and what was read by a
/// hash that is chained over them. Empty and without a fencing token at first. An append that
/// certainly failed is no operation, and one that failed in doubt never returned.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// Added records at the end.
    Append {
        /// The hash of each record's body, in order.
        record_hashes: Vec<u64>,
        /// The stream's end had to be here, if this is given.
        match_seq_num: Option<u64>,
        /// The stream's fencing token had to be this one, if this is given.
        fencing_token: Option<Value>,
        /// The fencing token from then on, if this is given.
        set_fencing_token: Option<Value>,
        /// The stream's end behind the last record, if anyone can say.
        tail: Option<u64>,
    },
    /// Read everything from the first record on.
    Read {
        /// The stream's end.
        tail: u64,
        /// The hash chained over all records, if it was taken.
        stream_hash: Option<u64>,
    },
    /// Found the stream's end here.
    CheckTail(u64),
}
