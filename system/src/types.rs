//! The words that every room of the system shares. Numbers stay numbers; their names say what they
//! count.

/// Whoever can be sent a frame: nodes from 1, clients after them.
pub type Endpoint = u32;
/// A node's number, from 1.
pub type NodeId = u32;
/// A region's number, from 0.
pub type RegionId = u32;
/// A replication group: 0 is metadata, `p` is partition `p`.
pub type GroupId = u32;
/// The metadata group: topics and where their partitions stand.
pub const METADATA: GroupId = 0;
/// A leader's term; 0 before the first.
pub type Term = u64;
/// A place in a group's log, from 1; 0 is the place before the log.
pub type Index = u64;
/// A message's place in its partition, from 0.
pub type Offset = u64;
/// Nanoseconds on some clock; which one stands beside it.
pub type Nanos = u64;

/// One entry, exactly: its place, its leader's term, and a hash over it and everything before it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct EntryId {
    /// Place in the log.
    pub index: Index,
    /// The term of the leader that wrote it.
    pub term: Term,
    /// Chained hash; 0 at index 0.
    pub hash: u64,
}
