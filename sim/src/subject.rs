//! The subject: the system under test, as the harness sees it. Nothing here is about ours, which is the
//! first implementation ([`ours`]); `examples/toy_queue.rs` is the second, in one file.
//!
//! A [`Subject`] makes the other three. A [`Process`] lives on a machine: it is handed all that arrived
//! and has one turn with its [`Host`], without waiting for anything. A [`Caller`] stands where clients
//! stand: it is given calls in the words of histories ([`Ask`]) and says what became of each
//! ([`Outcome`]). A [`Witness`] reads disks and frames for the judges and trusts no process. A subject may
//! have none: then laws about copies, votes and claims see nothing and say so (`Unknown (vacuous)`), and
//! the laws of clients judge alone.
//!
//! # What a subject must keep to
//! A run is a function of its plan: a process takes time and dice from its host, a caller time from its
//! arguments, and neither looks at anything else (a clock, an address, the order of a hash map).

pub mod ours;

pub use crate::disk::{Disk, Flushed};
pub use system::{Endpoint, FileId, Frame, Host, Input, Stop, content, payload};

use bytes::Bytes;
use checkers::{Ask, DiskTruth, EntryId, Fact, MessageId, Outcome, ReplicaView, Sequence};
use std::fmt::Debug;
use xxhash_rust::xxh3::{Xxh3, xxh3_64};

/// A system under test.
pub trait Subject: Debug + Send + Sync {
    /// Makes a node's empty disk ready: an operator's act before the first start. Whatever it asks to
    /// have flushed is durable at once.
    ///
    /// # Errors
    /// Why it cannot be done.
    fn format(&self, _node: u32, _host: &mut dyn Host) -> Result<(), Stop> {
        Ok(())
    }

    /// A process begins on whatever its node's disk holds; this is its first turn.
    ///
    /// # Errors
    /// Why it stopped: it is started again after a while.
    fn open(&self, node: u32, host: &mut dyn Host) -> Result<Box<dyn Process>, Stop>;

    /// A client, by its number from 1. It sends from `endpoint`; nodes are the endpoints from 1.
    fn caller(&self, client: u32, endpoint: Endpoint) -> Box<dyn Caller>;

    /// Who reads its disks and frames for the judges, if anybody can.
    fn witness(&self) -> Option<Box<dyn Witness>> {
        None
    }

    /// What names a frame in the trace.
    fn name_frame(&self, frame: &Frame) -> u64 {
        let mut hash = Xxh3::new();
        hash.update(&frame.head);
        frame.bodies.iter().for_each(|body| hash.update(body));
        hash.digest()
    }

    /// What names a written part in the trace.
    fn name_part(&self, part: &Bytes) -> u64 {
        xxh3_64(part)
    }
}

/// One process. What it believes is told to judges as [`ReplicaView`]s; a process without replicas has
/// nothing to show.
pub trait Process: Debug + Send {
    /// One turn: everything that it has been handed since the last one.
    ///
    /// # Errors
    /// Why it stopped itself.
    fn turn(&mut self, host: &mut dyn Host, inputs: &mut Vec<Input>) -> Result<(), Stop>;

    /// Shows each replica that took part in the last turn.
    fn look(&self, _each: &mut dyn FnMut(ReplicaView)) {}

    /// Adds the identities of a replica's entries, from the first to the last index.
    fn entries(&self, _group: u32, _first: u64, _last: u64, _into: &mut Vec<EntryId>) {}

    /// Offset and identity of an entry's first message, if it holds messages.
    fn message(&self, _group: u32, _index: u64) -> Option<(u64, MessageId)> {
        None
    }

    /// What people should know of how it began.
    fn notes(&self) -> Vec<String> {
        Vec::new()
    }

    /// What it counted in its life, by name: coverage.
    fn marks(&self, _each: &mut dyn FnMut(&str, u64)) {}

    /// Planted bugs that are switched on in it, and how often each did what honest code would not have done.
    fn plants(&self, _each: &mut dyn FnMut(&str, u64)) {}
}

/// A call that a client makes.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its number, by which its answer is told.
    pub id: u64,
    /// What it asks.
    pub ask: &'a Ask,
    /// Bytes of each message's [`payload`].
    pub message_bytes: u32,
    /// Bytes that a fetch may bring.
    pub fetch_bytes: u32,
}

/// What became of something that a caller was given.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// A call ended.
    Call(Outcome),
    /// Partitions stand, or nobody can say whether they do.
    Created(bool),
}

/// A client of the system. Every call must be answered once, by its deadline at the latest: a call that
/// may have happened is [`Outcome::Unknown`], and only one that never will is refused.
pub trait Caller: Debug + Send {
    /// Its timer has come; the first time at the begin of the run.
    fn tick(&mut self, now: u64);

    /// A frame for it arrived.
    fn receive(&mut self, now: u64, frame: Frame);

    /// When it wants its timer, in nanoseconds of world time.
    fn deadline(&self) -> u64;

    /// It is given a call.
    fn call(&mut self, now: u64, call: Call<'_>);

    /// It is asked to create partitions; without any it asks whether creating would work.
    fn create(&mut self, now: u64, id: u64, partitions: &[u32]);

    /// It is told that there may be more partitions than it knows.
    fn locate(&mut self, _now: u64) {}

    /// Whether it is ready for calls.
    fn is_ready(&self) -> bool {
        true
    }

    /// Whether it knows where a partition stands.
    fn knows(&self, _partition: u32) -> bool {
        true
    }

    /// The call that a request of its wire belongs to, while it waits for it.
    fn call_of(&self, _request: u64) -> Option<u64> {
        None
    }

    /// Moves frames that are to leave.
    fn take_frames(&mut self, into: &mut Vec<(Endpoint, Frame)>);

    /// Moves numbers that calls were given by their producer.
    fn take_numbers(&mut self, _into: &mut Vec<(u64, Sequence)>) {}

    /// Moves answers.
    fn take_answers(&mut self, into: &mut Vec<(u64, Answer)>);
}

/// Reads what stands on disks and travels in frames, from the format's document and not from the
/// system's code, and tells facts. Nodes are told by their place, from 0.
pub trait Witness: Debug + Send {
    /// A process begins.
    fn begins(&mut self, place: usize, clock_ns: u64);

    /// A process ended, or the run did: what it did in its life.
    fn ends(&mut self, place: usize, clock_ns: u64, facts: &mut Vec<Fact>);

    /// A process has a turn.
    fn turns(&mut self, place: usize, clock_ns: u64);

    /// A frame is handed over in this turn. `term` tells the term that a replica was last seen in.
    fn handed(&mut self, place: usize, frame: &Frame, term: &dyn Fn(u32) -> u64);

    /// A frame leaves a node. `asked` is the first message of the receiver's call that a request belongs
    /// to.
    fn sent(
        &mut self,
        place: usize,
        to: Endpoint,
        frame: &Frame,
        asked: &dyn Fn(u64) -> Option<MessageId>,
        facts: &mut Vec<Fact>,
    );

    /// How a replica looks after a turn, and before it.
    fn looked(
        &mut self,
        place: usize,
        before: Option<&ReplicaView>,
        now: &ReplicaView,
        facts: &mut Vec<Fact>,
    );

    /// A flush ended. Names a group where it changed durable bytes that were read already, or could not
    /// read on: its log must be read again as a whole.
    fn flushed(
        &mut self,
        place: usize,
        flushed: &Flushed<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<u32>;

    /// Reads a log again from its beginning and tells what differs from `truth`.
    fn reread(
        &mut self,
        place: usize,
        group: u32,
        disk: &Disk,
        truth: &DiskTruth,
        facts: &mut Vec<Fact>,
    );

    /// Every group that has files on a disk.
    fn groups(&self, disk: &Disk) -> Vec<u32>;

    /// How far a disk's durable entries go, up to `last`, and a digest over them.
    fn digest(&self, place: usize, group: u32, disk: &Disk, last: u64) -> (u64, u64);
}
