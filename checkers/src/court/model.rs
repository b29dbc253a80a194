//! What the operations of a history mean: the words for it, and how it is recognised.
//!
//! A format tells how a file is written; it seldom tells whether `read` reads a register, a set or
//! all accounts of a bank. Whoever knows says so; else the names and shapes of the first operations
//! decide, and where they do not, the court says what it could not tell.

use crate::formats::{Format, Happening, Kind, value::Value};
use std::collections::BTreeSet;

/// What operations mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Model {
    /// `read` and `write` of one value, linearizable.
    Register,
    /// The same with `cas`, compare and set.
    CasRegister,
    /// Transactions of reads and writes over a few registers that are one object.
    MultiRegister,
    /// `get`, `put` and `append` of texts by key, linearizable.
    Kv,
    /// `add` and `read` of a set: every acknowledged element is in the last read.
    Set,
    /// The same, with reads all along: when each element became visible, and whether it stayed.
    SetFull,
    /// `add`, `remove`, `contains` and `read` of one set, linearizable.
    LinearizableSet,
    /// `enqueue` and `dequeue`, first in first out, linearizable.
    FifoQueue,
    /// `enqueue`, `dequeue` and `drain` in any order: what went in comes out.
    Queue,
    /// `acquire` and `release`.
    Mutex,
    /// `add` and `read` of a number.
    Counter,
    /// `transfer` and `read` of all accounts, whose sum stays.
    Bank,
    /// Reads of groups of keys that are written once each.
    LongFork,
    /// A history in our own words: produce, fetch, poll, transactions, groups.
    Log,
    /// `send`, `poll`, `assign`, `subscribe`, `txn` on logs with offsets.
    Kafka,
    /// Transactions of `append` and `r` over lists.
    ListAppend,
    /// Transactions of `w` and `r` over registers.
    RwRegister,
    /// One durable stream: conditional appends, reads of hashes, tails (S2).
    Stream,
}

impl Model {
    /// Every model.
    pub const ALL: [Model; 18] = [
        Model::Register,
        Model::CasRegister,
        Model::MultiRegister,
        Model::Kv,
        Model::Set,
        Model::SetFull,
        Model::LinearizableSet,
        Model::FifoQueue,
        Model::Queue,
        Model::Mutex,
        Model::Counter,
        Model::Bank,
        Model::LongFork,
        Model::Log,
        Model::Kafka,
        Model::ListAppend,
        Model::RwRegister,
        Model::Stream,
    ];

    /// Its name on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Model::Register => "register",
            Model::CasRegister => "cas-register",
            Model::MultiRegister => "multi-register",
            Model::Kv => "kv",
            Model::Set => "set",
            Model::SetFull => "set-full",
            Model::LinearizableSet => "linearizable-set",
            Model::FifoQueue => "fifo-queue",
            Model::Queue => "queue",
            Model::Mutex => "mutex",
            Model::Counter => "counter",
            Model::Bank => "bank",
            Model::LongFork => "long-fork",
            Model::Log => "log",
            Model::Kafka => "kafka",
            Model::ListAppend => "list-append",
            Model::RwRegister => "rw-register",
            Model::Stream => "stream",
        }
    }

    /// What it judges, in one sentence.
    pub fn about(self) -> &'static str {
        match self {
            Model::Register => "read and write are linearizable, each key for itself",
            Model::CasRegister => "read, write and cas are linearizable, each key for itself",
            Model::MultiRegister => "transactions over a few registers are linearizable",
            Model::Kv => "get, put and append of texts are linearizable, each key for itself",
            Model::Set => "every acknowledged element is in the last read, and nothing else",
            Model::SetFull => "every element becomes visible and stays, through all reads",
            Model::LinearizableSet => "add, remove, contains and read are linearizable",
            Model::FifoQueue => "enqueue and dequeue are linearizable, first in first out",
            Model::Queue => "what was enqueued is dequeued or drained, in any order",
            Model::Mutex => "acquire and release are linearizable",
            Model::Counter => "every read lies between what must and what can have been added",
            Model::Bank => "every read of all accounts sums to the same",
            Model::LongFork => "writes of single keys are seen by all in one order",
            Model::Log => "every law of `zeroloss list checkers` that a client can see",
            Model::Kafka => "every law of a log that producers, consumers and transactions see",
            Model::ListAppend => "transactions over lists are isolated as promised",
            Model::RwRegister => "transactions over registers are isolated as promised",
            Model::Stream => "appends, conditions, reads and tails of one stream are linearizable",
        }
    }

    /// The model of this name, or which name was probably meant.
    pub fn find(name: &str) -> Result<Model, String> {
        let names = Model::ALL.map(Model::name);
        Model::ALL.into_iter().find(|model| model.name() == name).ok_or_else(|| {
            format!("unknown model `{name}` ({})", super::did_you_mean(name, &names))
        })
    }
}

/// What the first operations of a file look like.
#[derive(Debug, Default)]
pub(super) struct Glimpse {
    /// Names of operations.
    names: BTreeSet<String>,
    /// Names of micro-operations, such as the `append` in `[[:append 1 2]]`.
    micro: BTreeSet<String>,
    /// Operations that were asked for.
    asked: u64,
    /// Questions and successful answers whose value is there and is no pair of a key and the rest.
    unpaired: u64,
    /// Successful reads by the shape of what came back.
    read_numbers: u64,
    read_sequences: u64,
    read_maps: u64,
}

impl Glimpse {
    pub(super) fn see(&mut self, happening: &Happening<'_>) {
        if happening.process.is_none() {
            return;
        }
        self.names.insert(happening.f.to_owned());
        let value = happening.value;
        for step in value.items().filter(|step| step.is_seq()) {
            if let Some(word) = step.item(0).as_str() {
                self.micro.insert(word.to_owned());
            }
        }
        let is_pair = value.is_seq() && value.len() == Some(2) && !value.item(0).is_seq();
        let is_paired = is_pair || happening.key.is_some();
        match happening.kind {
            Kind::Invoke => {
                self.asked += 1;
                self.unpaired += u64::from(!is_paired);
            }
            Kind::Ok if happening.f == "read" => {
                self.unpaired += u64::from(!is_paired && !value.is_nil());
                let value = if self.is_keyed() { value.item(1) } else { value };
                self.read_numbers += u64::from(value.as_int().is_some());
                self.read_sequences += u64::from(value.is_seq());
                self.read_maps += u64::from(value.is_map());
            }
            Kind::Ok | Kind::Fail | Kind::Info => {}
        }
    }

    /// Whether every operation names its key beside its value, as Jepsen's `independent` does.
    pub(super) fn is_keyed(&self) -> bool {
        self.asked > 0 && self.unpaired == 0
    }

    /// What the operations mean, or what could not be told.
    pub(super) fn model(&self, format: Format) -> Result<Model, String> {
        if self.names.is_empty() {
            return Err("no operation was found in it".to_owned());
        }
        let has = |name: &str| self.names.contains(name);
        let only = |names: &[&str]| self.names.iter().all(|name| names.contains(&name.as_str()));
        let says = |word: &str| self.micro.contains(word);
        if says("send") || says("poll") || has("subscribe") || has("assign") || has("poll") {
            return Ok(Model::Kafka);
        }
        if has("check_tail") || format == Format::S2 {
            return Ok(Model::Stream);
        }
        if has("transfer") {
            return Ok(Model::Bank);
        }
        if has("txn") || only(&["", "read"]) && !self.micro.is_empty() {
            if says("append") {
                return Ok(Model::ListAppend);
            }
            if says("w") {
                return Ok(Model::RwRegister);
            }
            if says("write") || says("read") {
                return Ok(Model::MultiRegister);
            }
            if has("read") && says("r") {
                return Ok(Model::LongFork);
            }
        }
        if has("enq") || has("deq") {
            return Ok(Model::FifoQueue);
        }
        if has("enqueue") || has("dequeue") || has("drain") {
            return Ok(Model::Queue);
        }
        if has("insert") || has("contains") || has("contains_true") || has("remove") {
            return Ok(Model::LinearizableSet);
        }
        if has("acquire") || has("release") {
            return Ok(Model::Mutex);
        }
        if has("add") && only(&["add", "read"]) {
            let is_counter = self.read_numbers > 0 && self.read_sequences == 0;
            return Ok(if is_counter { Model::Counter } else { Model::SetFull });
        }
        if only(&["read", "write"]) && says("r") {
            return Ok(Model::LongFork);
        }
        if only(&["read"]) && self.read_maps > 0 {
            return Ok(Model::Bank);
        }
        if has("append") || has("get") || has("put") {
            return Ok(Model::Kv);
        }
        if has("cas") {
            return Ok(Model::CasRegister);
        }
        if only(&["read", "write"]) {
            return Ok(Model::Register);
        }
        let names: Vec<String> = self.names.iter().map(|name| format!("`{name}`")).collect();
        Err(format!(
            "could not tell what its operations mean ({}): say it with --model",
            names.join(", ")
        ))
    }
}

/// The key and the rest of a value, where each operation names its key.
pub(super) fn apart<'a>(
    happening: &Happening<'a>,
    is_keyed: bool,
) -> Result<(Option<Value<'a>>, Value<'a>), String> {
    match (happening.key, is_keyed) {
        (Some(key), _) => Ok((Some(key), happening.value)),
        (None, false) => Ok((None, happening.value)),
        (None, true) => {
            let value = happening.value;
            if value.is_seq() && value.len() == Some(2) {
                Ok((Some(value.item(0)), value.item(1)))
            } else if value.is_nil() {
                Ok((None, value))
            } else {
                Err(format!("expected a key and a value such as `[1 2]`, found `{value}`"))
            }
        }
    }
}
