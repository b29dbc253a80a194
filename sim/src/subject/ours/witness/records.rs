//! Blocks and records as docs/FORMAT.md lays them out: read part by part, proven intact, and copied only
//! where parts meet.

use super::{BLOCK_HEADER, ENTRY_HEADER, u32_at, u64_at};
use bytes::{Buf, Bytes};
use checkers::{EntryId, MessageId};
use xxhash_rust::xxh3::xxh3_64;

#[derive(Debug)]
pub(super) enum Record {
    Place(Bytes),
    Hard { term: u64, vote: Option<u32> },
    Cut { last: u64 },
    Entry { entry: EntryId, previous: u64, incarnation: u64, message: MessageId },
}

/// Reads the records of a block's body; `false` if one of them is not intact.
pub(super) fn read_records(
    bytes: &mut Cursor,
    body: usize,
    header: &[u8; BLOCK_HEADER],
    records: &mut Vec<Record>,
) -> bool {
    records.clear();
    let (mut left, mut crc) = (body, 0);
    while left > 0 {
        let Some(length) = bytes.peek(8).map(|head| u32_at(head, 4) as usize) else { return false };
        if length < 8 || length > left {
            return false;
        }
        let Some(record) = bytes.peek(length) else { return false };
        left -= length;
        let read = match (&record[..4], length) {
            (b"ZENT", _) => read_entry(record),
            (b"ZHRD", 24) => Some(Record::Hard {
                term: u64_at(record, 8),
                vote: Some(u32_at(record, 16)).filter(|vote| *vote != 0),
            }),
            (b"ZCUT", 16) => Some(Record::Cut { last: u64_at(record, 8) }),
            (b"ZCFG", 44..) => Some(Record::Place(Bytes::copy_from_slice(&record[16..]))),
            (_, _) => None,
        };
        if &record[..4] != b"ZENT" {
            crc = crc32c::crc32c_append(crc, record);
        }
        let Some(record) = read else { return false };
        bytes.skip(length);
        records.push(record);
    }
    records.len() == u32_at(header, 48) as usize && crc == u32_at(header, 52)
}

fn read_entry(bytes: &[u8]) -> Option<Record> {
    if bytes.len() < ENTRY_HEADER {
        return None;
    }
    let body = &bytes[ENTRY_HEADER..];
    if xxh3_64(&bytes[..88]) != u64_at(bytes, 88) || xxh3_64(body) != u64_at(bytes, 72) {
        return None;
    }
    let has_messages = u64_at(bytes, 80) == 1 && body.len() >= 24;
    Some(Record::Entry {
        entry: EntryId {
            index: u64_at(bytes, 32),
            term: u64_at(bytes, 40),
            hash: u64_at(bytes, 88),
        },
        previous: u64_at(bytes, 64),
        incarnation: u64_at(bytes, 16),
        message: if has_messages { u64_at(body, 16) } else { 0 },
    })
}

/// Reads over parts as if they were one.
pub(super) struct Cursor {
    parts: std::vec::IntoIter<Bytes>,
    current: Bytes,
    /// Bytes that are left.
    pub(super) left: usize,
}

impl Cursor {
    pub(super) fn new(parts: Vec<Bytes>) -> Cursor {
        let left = parts.iter().map(Bytes::len).sum();
        Cursor { parts: parts.into_iter(), current: Bytes::new(), left }
    }

    /// Makes the next `length` bytes lie in the current part.
    fn gather(&mut self, length: usize) -> bool {
        if self.left < length {
            return false;
        }
        while self.current.is_empty() && length > 0 {
            self.current = self.parts.next().expect("bytes are left");
        }
        if self.current.len() < length {
            let mut joined = self.current.to_vec();
            while joined.len() < length {
                joined.extend_from_slice(&self.parts.next().expect("bytes are left"));
            }
            self.current = joined.into();
        }
        true
    }

    pub(super) fn peek(&mut self, length: usize) -> Option<&[u8]> {
        self.gather(length).then(|| &self.current[..length])
    }

    pub(super) fn skip(&mut self, length: usize) {
        assert!(self.gather(length), "what is skipped was seen");
        self.left -= length;
        self.current.advance(length);
    }
}
