//! Blocks and the records in them, byte by byte: writer and reader of the one format stand side by side
//! (docs/FORMAT.md). A block is everything that one turn has to keep of a group. It is intact or it is
//! nothing; whether it stands where it belongs is asked by whoever reads it.

use super::rope::Rope;
use crate::{
    entry::{self, Entry},
    place::Place,
    types::{GroupId, Index, NodeId, Term},
};
use bytes::{BufMut, BytesMut};
use std::ops::Range;

/// Bytes of a block's header.
pub const HEADER: usize = 64;
const MARK: u32 = u32::from_le_bytes(*b"ZBLK");
const HARD: u32 = u32::from_le_bytes(*b"ZHRD");
const CUT: u32 = u32::from_le_bytes(*b"ZCUT");
const PLACE: u32 = u32::from_le_bytes(*b"ZCFG");
const ENTRY: u32 = u32::from_le_bytes(*b"ZENT");
/// Bytes of a record before what it says: mark and length.
const RECORD: usize = 8;

const _: () = assert!(entry::HEADER > RECORD, "an entry begins with its own mark and length");

/// Term and vote: durable before anything that depends on them leaves the node (S4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardState {
    /// The current term.
    pub term: Term,
    /// Who has this node's vote of that term.
    pub vote: Option<NodeId>,
}

/// What a block's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    /// Bytes of the records.
    pub(super) length: u32,
    pub(super) group: GroupId,
    pub(super) segment: u32,
    /// Where it begins, counted over all segments.
    pub(super) position: u64,
    /// Every byte below was durable when it was written.
    pub(super) proven: u64,
    /// The highest index that was known to be committed then.
    pub(super) commit: Index,
    /// Header checksum of the block before it.
    pub(super) previous: u32,
    pub(super) node: NodeId,
    pub(super) records: u32,
    /// Over all records but entries, which carry their own hashes.
    pub(super) records_crc: u32,
}

impl Header {
    /// Lays it down, and says its checksum.
    pub(super) fn put(&self, out: &mut BytesMut) -> u32 {
        let start = out.len();
        out.put_u32_le(MARK);
        out.put_u32_le(self.length);
        out.put_u32_le(self.group);
        out.put_u32_le(self.segment);
        out.put_u64_le(self.position);
        out.put_u64_le(self.proven);
        out.put_u64_le(self.commit);
        out.put_u32_le(self.previous);
        out.put_u32_le(self.node);
        out.put_u32_le(self.records);
        out.put_u32_le(self.records_crc);
        out.put_u32_le(0);
        let crc = crc32c::crc32c(&out[start..]);
        out.put_u32_le(crc);
        crc
    }

    /// Reads the header that these bytes begin with, and its checksum; none if they do not.
    pub(super) fn read(bytes: &[u8]) -> Option<(Header, u32)> {
        let bytes = bytes.get(..HEADER)?;
        let crc = u32_at(bytes, 60);
        if u32_at(bytes, 0) != MARK || crc32c::crc32c(&bytes[..60]) != crc {
            return None;
        }
        let header = Header {
            length: u32_at(bytes, 4),
            group: u32_at(bytes, 8),
            segment: u32_at(bytes, 12),
            position: u64_at(bytes, 16),
            proven: u64_at(bytes, 24),
            commit: u64_at(bytes, 32),
            previous: u32_at(bytes, 40),
            node: u32_at(bytes, 44),
            records: u32_at(bytes, 48),
            records_crc: u32_at(bytes, 52),
        };
        Some((header, crc))
    }

    /// Every header of this group that stands anywhere in these bytes: boundaries of blocks are not to be
    /// trusted behind damage.
    pub(super) fn all_in(bytes: &[u8], group: GroupId) -> impl Iterator<Item = Header> {
        let mark = MARK.to_le_bytes();
        let places = bytes.windows(4).enumerate().filter(move |(_, window)| **window == mark);
        let headers = places.filter_map(|(at, _)| Header::read(&bytes[at..]));
        headers.map(|(header, _)| header).filter(move |header| header.group == group)
    }
}

/// What a group's log is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// From this index on the group stands there; its founding is at index 0.
    Place(Index, Place),
    /// Term and vote.
    Hard(HardState),
    /// The log now ends here.
    Cut(Index),
    /// It follows the log's end.
    Entry(Entry),
}

/// Lays down a record that is no entry; an entry is a record as it stands.
pub(super) fn put_record(out: &mut BytesMut, record: &Record) {
    let mut bytes = Vec::new();
    let mark = match record {
        Record::Place(index, place) => {
            bytes.put_u64_le(*index);
            place.put_to(&mut bytes);
            PLACE
        }
        Record::Hard(HardState { term, vote }) => {
            bytes.put_u64_le(*term);
            bytes.put_u32_le(vote.unwrap_or(0));
            bytes.put_u32_le(0);
            HARD
        }
        Record::Cut(last) => {
            bytes.put_u64_le(*last);
            CUT
        }
        Record::Entry(entry) => return out.put_slice(entry.bytes()),
    };
    out.put_u32_le(mark);
    out.put_u32_le((RECORD + bytes.len()) as u32);
    out.put_slice(&bytes);
}

/// Reads every record of a block and proves each intact, before any of them counts.
pub(super) fn read_records(
    bytes: &Rope,
    body: Range<usize>,
    header: &Header,
) -> Result<Vec<Record>, &'static str> {
    let (mut records, mut at, mut crc) = (Vec::new(), body.start, 0);
    while at < body.end {
        if body.end - at < RECORD {
            return Err("a record is shorter than its head");
        }
        let length = u32_at(&bytes.slice(at..at + RECORD), 4) as usize;
        if length < RECORD || length > body.end - at {
            return Err("a record ends past its block");
        }
        let record = bytes.slice(at..at + length);
        let mark = u32_at(&record, 0);
        if mark == ENTRY {
            records.push(Record::Entry(Entry::decode(record)?));
        } else {
            crc = crc32c::crc32c_append(crc, &record);
            records.push(read_record(mark, &record[RECORD..]).ok_or("a record is malformed")?);
        }
        at += length;
    }
    if (records.len() as u32, crc) != (header.records, header.records_crc) {
        return Err("a block's records do not match its header");
    }
    Ok(records)
}

fn read_record(mark: u32, bytes: &[u8]) -> Option<Record> {
    match (mark, bytes.len()) {
        (HARD, 16) => {
            let vote = Some(u32_at(bytes, 8)).filter(|vote| *vote != 0);
            Some(Record::Hard(HardState { term: u64_at(bytes, 0), vote }))
        }
        (CUT, 8) => Some(Record::Cut(u64_at(bytes, 0))),
        (PLACE, 8..) => {
            let mut places = Place::all(&bytes[8..]).ok()?;
            let place = places.pop().filter(|_| places.is_empty())?;
            Some(Record::Place(u64_at(bytes, 0), place))
        }
        _ => None,
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}
