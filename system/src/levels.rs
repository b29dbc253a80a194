//! What may be promised: how safe a produced message must be before it is acknowledged, and how fresh a
//! fetch must be (messaging.md 3.3). In frames a level is its place in the list.

use crate::codec::{Field, Malformed, Reader, Writer};

/// What the acknowledgement of a produce call must mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acks {
    /// No acknowledgement; may lose any message.
    None,
    /// The leader flushed it. Lost if the log of a later leader lacks it, though it may stand on some
    /// replicas; nothing else takes it.
    Leader,
    /// A write quorum flushed it.
    Quorum,
    /// A write quorum in at least two regions flushed it.
    RegionQuorum,
}

impl Field for Acks {
    fn put(self, out: &mut Writer<'_>) {
        out.head.push(self as u8);
    }
    fn get(from: &mut Reader<'_>) -> Result<Acks, Malformed> {
        let all = [Acks::None, Acks::Leader, Acks::Quorum, Acks::RegionQuorum];
        from.one_of(&all, "an unknown acknowledgement level")
    }
}

/// How fresh a fetch must be. No level shows uncommitted messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLevel {
    /// Any replica, up to its own commit index.
    Eventual,
    /// Read-index at the leader.
    Linearizable,
}

impl Field for ReadLevel {
    fn put(self, out: &mut Writer<'_>) {
        out.head.push(self as u8);
    }
    fn get(from: &mut Reader<'_>) -> Result<ReadLevel, Malformed> {
        from.one_of(&[ReadLevel::Eventual, ReadLevel::Linearizable], "an unknown read level")
    }
}
