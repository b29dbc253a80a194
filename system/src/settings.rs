//! What a node is told when it starts: who it is, its timers and its limits. All of it is an operator's
//! choice; safety hangs on none of it.

use crate::{
    place::Place,
    planted::Plant,
    types::{Index, Nanos, NodeId},
};

/// What a node is told when it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which cluster.
    pub cluster: u64,
    /// Which node.
    pub node: NodeId,
    /// Where the metadata group stands.
    pub metadata: Place,
    /// Timers.
    pub timing: Timing,
    /// How much at once.
    pub limits: Limits,
    /// A bug that is switched on.
    pub plant: Option<Plant>,
}

/// Timers of a replica, in nanoseconds of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between two heartbeats of a leader.
    pub heartbeat: Nanos,
    /// Shortest election timeout; also how long a leader that was heard of keeps others from winning.
    pub election_min: Nanos,
    /// Longest election timeout.
    pub election_max: Nanos,
}

/// How much a replica does at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// A segment is closed at the first block that begins past so many bytes.
    pub segment_bytes: u64,
    /// Entries in one append.
    pub append_entries: usize,
    /// Bytes of entries in one append; one entry always fits.
    pub append_bytes: usize,
    /// Entries that may be under way to one peer.
    pub window: Index,
}

impl Default for Limits {
    /// Those of production.
    fn default() -> Limits {
        Limits {
            segment_bytes: 16 << 20,
            append_entries: 256,
            append_bytes: 256 << 10,
            window: 2048,
        }
    }
}
