//! What the operations of a history mean: the words for it.
//!
//! A format tells how a file is written; it seldom tells whether `read` reads a register, a set or
//! all accounts of a bank. Whoever knows says so; else `recognition` finds the models that explain
//! what is there.

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
            Model::Counter => {
                "add and read are linearizable, or what is read at rest is what was added"
            }
            Model::Bank => "transfer and read are linearizable, and every read sums to the same",
            Model::LongFork => "writes of single keys are seen by all in one order",
            Model::Log => "every law of `zeroloss list checkers` that a client can see",
            Model::Kafka => "every law of a log that producers, consumers and transactions see",
            Model::ListAppend => "transactions over lists are isolated as promised",
            Model::RwRegister => "transactions over registers are isolated as promised",
            Model::Stream => "appends, conditions, reads and tails of one stream are linearizable",
        }
    }

    /// Whether it has an object for each key. Others would take the objects of several keys for one.
    pub(super) fn has_keys(self) -> bool {
        match self {
            Model::Register
            | Model::CasRegister
            | Model::Kv
            | Model::Set
            | Model::SetFull
            | Model::LinearizableSet
            | Model::FifoQueue
            | Model::Mutex => true,
            Model::MultiRegister
            | Model::Queue
            | Model::Counter
            | Model::Bank
            | Model::LongFork
            | Model::Log
            | Model::Kafka
            | Model::ListAppend
            | Model::RwRegister
            | Model::Stream => false,
        }
    }

    /// The model of this name, or which name was probably meant.
    pub fn find(name: &str) -> Result<Model, String> {
        let names = Model::ALL.map(Model::name);
        Model::ALL.into_iter().find(|model| model.name() == name).ok_or_else(|| {
            format!("unknown model `{name}` ({})", crate::nearest::did_you_mean(name, names))
        })
    }
}
