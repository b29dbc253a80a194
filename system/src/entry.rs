//! One entry of a replicated log, as bytes: what travels between nodes and what stands on their disks
//! is the same allocation, encoded and hashed once by the leader that wrote it.
//!
//! The header (96 bytes, docs/FORMAT.md) says where the entry belongs: cluster, partition incarnation,
//! group, index, term; it carries the hash of the entry before it and of the body, so its own hash
//! covers the log up to here (S8, F10). Offsets and time are stamped once, by the leader (S17).

use crate::types::{EntryId, GroupId, Index, Nanos, Offset, Term};
use bytes::{BufMut, Bytes, BytesMut};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes of an entry's header.
pub const HEADER: usize = 96;
const MARK: u32 = u32::from_le_bytes(*b"ZENT");

/// What an entry is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A new leader's first entry: commits what came before it.
    Noop,
    /// Messages of one produce call.
    Messages,
    /// A change of metadata.
    Command,
}

/// What a leader stamps on a new entry.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    /// Which cluster.
    pub cluster: u64,
    /// Which life of the partition.
    pub incarnation: u64,
    /// Which group.
    pub group: GroupId,
    /// The leader's term.
    pub term: Term,
    /// The leader's wall clock.
    pub wall: Nanos,
}

/// An entry that was decoded, or encoded, and is known to be intact.
#[derive(Clone, PartialEq, Eq)]
pub struct Entry {
    bytes: Bytes,
}

impl std::fmt::Debug for Entry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} at index {} term {}", self.kind(), self.index(), self.term())
    }
}

impl Entry {
    /// The entry that follows `previous` in its log.
    pub fn after(
        previous: EntryId,
        stamp: Stamp,
        kind: Kind,
        base: Offset,
        count: u32,
        body: &[u8],
    ) -> Entry {
        let mut bytes = BytesMut::with_capacity(HEADER + body.len());
        bytes.put_u32_le(MARK);
        bytes.put_u32_le((HEADER + body.len()) as u32);
        bytes.put_u64_le(stamp.cluster);
        bytes.put_u64_le(stamp.incarnation);
        bytes.put_u32_le(stamp.group);
        bytes.put_u32_le(count);
        bytes.put_u64_le(previous.index + 1);
        bytes.put_u64_le(stamp.term);
        bytes.put_u64_le(base);
        bytes.put_u64_le(stamp.wall);
        bytes.put_u64_le(previous.hash);
        bytes.put_u64_le(xxh3_64(body));
        bytes.put_u64_le(match kind {
            Kind::Noop => 0,
            Kind::Messages => 1,
            Kind::Command => 2,
        });
        bytes.put_u64_le(xxh3_64(&bytes[..HEADER - 8]));
        bytes.put_slice(body);
        Entry { bytes: bytes.freeze() }
    }

    /// Reads an entry and proves it intact. The error says what is wrong with it.
    pub fn decode(bytes: Bytes) -> Result<Entry, &'static str> {
        if bytes.len() < HEADER {
            return Err("an entry is shorter than its header");
        }
        let entry = Entry { bytes };
        if entry.u32_at(0) != MARK {
            return Err("an entry does not begin with its mark");
        }
        if entry.u32_at(4) as usize != entry.bytes.len() {
            return Err("an entry's length is not its own");
        }
        if entry.hash() != xxh3_64(&entry.bytes[..HEADER - 8]) {
            return Err("an entry's header does not match its hash");
        }
        if entry.u64_at(72) != xxh3_64(entry.body()) {
            return Err("an entry's body does not match its hash");
        }
        if entry.u64_at(80) > 2 {
            return Err("an entry is of an unknown kind");
        }
        Ok(entry)
    }

    /// The encoded bytes.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// What identifies it.
    pub fn id(&self) -> EntryId {
        EntryId { index: self.index(), term: self.term(), hash: self.hash() }
    }

    /// Which cluster.
    pub fn cluster(&self) -> u64 {
        self.u64_at(8)
    }

    /// Which life of the partition.
    pub fn incarnation(&self) -> u64 {
        self.u64_at(16)
    }

    /// Which group.
    pub fn group(&self) -> GroupId {
        self.u32_at(24)
    }

    /// Messages in it.
    pub fn count(&self) -> u32 {
        self.u32_at(28)
    }

    /// Its place in the log.
    pub fn index(&self) -> Index {
        self.u64_at(32)
    }

    /// The term of the leader that wrote it.
    pub fn term(&self) -> Term {
        self.u64_at(40)
    }

    /// Offset of its first message, or of the next one if it has none.
    pub fn base(&self) -> Offset {
        self.u64_at(48)
    }

    /// The hash of the entry before it.
    pub fn previous_hash(&self) -> u64 {
        self.u64_at(64)
    }

    /// What it is for.
    pub fn kind(&self) -> Kind {
        match self.u64_at(80) {
            0 => Kind::Noop,
            1 => Kind::Messages,
            _ => Kind::Command,
        }
    }

    /// Its own hash.
    pub fn hash(&self) -> u64 {
        self.u64_at(88)
    }

    /// What it carries.
    pub fn body(&self) -> &[u8] {
        &self.bytes[HEADER..]
    }

    fn u64_at(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    fn u32_at(&self, at: usize) -> u32 {
        u32::from_le_bytes(self.bytes[at..at + 4].try_into().expect("four bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        let stamp = Stamp { cluster: 7, incarnation: 8, group: 2, term: 3, wall: 99 };
        let before = EntryId { index: 4, term: 2, hash: 11 };
        Entry::after(before, stamp, Kind::Messages, 17, 2, b"two messages")
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written() {
        let entry = entry();
        let read = Entry::decode(entry.bytes().clone()).unwrap();
        assert_eq!((read.index(), read.term(), read.base(), read.count()), (5, 3, 17, 2));
        assert_eq!((read.cluster(), read.incarnation(), read.group()), (7, 8, 2));
        assert_eq!((read.kind(), read.previous_hash()), (Kind::Messages, 11));
        assert_eq!(read.body(), b"two messages");
    }

    #[test]
    fn every_flipped_bit_is_seen() {
        let entry = entry();
        for bit in 0..entry.bytes().len() * 8 {
            let mut damaged = entry.bytes().to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(Entry::decode(damaged.into()).is_err(), "bit {bit} may flip unseen");
        }
    }
}
