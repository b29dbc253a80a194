//! What clients are answered.

use super::words::words;
use crate::{
    codec::{Field, Malformed, Reader, Writer},
    levels::Acks,
    place::Place,
    types::{EntryId, NodeId, Offset, Term},
};
use bytes::Bytes;

words! {
    /// From a node to a client.
    Answer {
        /// Acknowledged.
        30 Produced {
            /// The promise that is kept.
            acks: Acks,
            /// Where the messages stand.
            receipt: Receipt,
        }
        /// Read.
        31 Fetched {
            /// The offset asked for.
            from: Offset,
            /// One past the last offset that can be read.
            end: Offset,
            /// The entries that hold the offsets from `from` on.
            entries: Vec<Bytes>,
        }
        /// Not served.
        32 Refused {
            /// Why.
            why: Refusal,
            /// The newest term known here.
            term: Term,
            /// Who leads it; 0 for nobody that is known.
            leader: NodeId,
        }
        /// Where partitions stand.
        33 Directory {
            /// Every partition that is known.
            places: Vec<Place>,
        }
    }
}

/// What is known of an acknowledged produce: where the messages stand, and in which entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which life of the partition.
    pub incarnation: u64,
    /// The entry that holds them.
    pub entry: EntryId,
    /// Offset of the first message.
    pub offset: Offset,
}

impl Field for Receipt {
    fn put(self, out: &mut Writer<'_>) {
        self.incarnation.put(out);
        self.entry.put(out);
        self.offset.put(out);
    }
    fn get(from: &mut Reader<'_>) -> Result<Receipt, Malformed> {
        let (incarnation, entry) = (u64::get(from)?, EntryId::get(from)?);
        Ok(Receipt { incarnation, entry, offset: u64::get(from)? })
    }
}

/// Why a request was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another node leads, or nobody does.
    NotLeader,
    /// The leader's first entry of its term has not committed yet (S15).
    NotReady,
    /// This node does not hold the partition.
    UnknownPartition,
    /// The producer's epoch is older than one that was seen.
    Fenced,
    /// The sequence does not follow the producer's last one.
    OutOfOrder,
    /// Leadership ended while the entry was in flight: it may yet commit.
    LeadershipLost,
    /// A read could not be confirmed.
    Unconfirmed,
    /// The request itself is wrong.
    Malformed,
    /// Another node leads, or nobody does, and whoever refuses can prove that it took no copy of the
    /// request and never will (S40).
    NotTaken,
}

impl Field for Refusal {
    fn put(self, out: &mut Writer<'_>) {
        out.head.push(self as u8);
    }
    fn get(from: &mut Reader<'_>) -> Result<Refusal, Malformed> {
        from.one_of(&Refusal::ALL, "an unknown refusal")
    }
}

impl Refusal {
    pub(super) const ALL: [Refusal; 9] = [
        Refusal::NotLeader,
        Refusal::NotReady,
        Refusal::UnknownPartition,
        Refusal::Fenced,
        Refusal::OutOfOrder,
        Refusal::LeadershipLost,
        Refusal::Unconfirmed,
        Refusal::Malformed,
        Refusal::NotTaken,
    ];

    /// Whether whoever was taken for the leader is none, or does not hold the partition.
    pub fn is_of_no_leader(self) -> bool {
        match self {
            Refusal::NotLeader | Refusal::NotTaken | Refusal::UnknownPartition => true,
            Refusal::NotReady
            | Refusal::Fenced
            | Refusal::OutOfOrder
            | Refusal::LeadershipLost
            | Refusal::Unconfirmed
            | Refusal::Malformed => false,
        }
    }

    /// Whether the attempt that carried `asked` certainly had no effect and never will (S40). The network
    /// may deliver a frame twice, so a refusal of one copy says nothing of the other: it may have been
    /// taken before, or be taken later. A term of 0 asks who leads, and nobody takes such a request.
    pub fn is_definite(self, asked: Term) -> bool {
        match self {
            Refusal::NotLeader | Refusal::UnknownPartition => asked == 0,
            Refusal::Fenced | Refusal::Malformed | Refusal::NotTaken => true,
            Refusal::NotReady
            | Refusal::OutOfOrder
            | Refusal::LeadershipLost
            | Refusal::Unconfirmed => false,
        }
    }
}
