//! The writer of a group's log: gathers what a turn records, closes it into a block, knows what is flushed.
//!
//! A block carries the position up to which the log was known to be durable when it was written
//! (`proven`), so that damage *below* a proven position is known to be rot and refused, while damage
//! above it may be a torn tail and is cut (S19, S21, S23).

use super::{
    block::{HEADER, HardState, Header, Record, put_record},
    durable::{Durable, Write},
    files,
};
use crate::{
    entry::Entry,
    host::FileId,
    place::Place,
    types::{GroupId, Index, NodeId},
};
use bytes::{Bytes, BytesMut};

/// Bytes that headers share.
const HEADERS_BYTES: usize = 4 << 10;

/// Writes a group's log: gathers records, closes them into blocks, knows what is flushed.
#[derive(Clone, Debug)]
pub struct Persist {
    pub(super) group: GroupId,
    node: NodeId,
    pub(super) segment: u32,
    /// Bytes in the current segment.
    pub(super) length: u64,
    /// Bytes in all segments, whose end is where the next block begins.
    pub(super) durable: Durable,
    /// Checksum of the block before, which the next one carries.
    pub(super) previous: u32,
    /// Number of the block that is being gathered, from 1.
    gathering: u64,
    /// Blocks up to this number are durable.
    flushed: u64,
    parts: Vec<Bytes>,
    /// Where headers are written: many share one allocation, for they live as long as the page cache.
    headers: BytesMut,
    small: BytesMut,
    /// Checksum over every record that carries none of its own.
    small_crc: u32,
    records: u32,
    /// The last block that the flush covers which is under way.
    flight: u64,
}

impl Persist {
    /// The log of a new group, with its place as the first record.
    pub fn create(node: NodeId, place: &Place) -> Persist {
        let mut persist = Persist::at(node, place.group);
        persist.record_place(0, place);
        persist
    }

    pub(super) fn at(node: NodeId, group: GroupId) -> Persist {
        Persist {
            group,
            node,
            segment: 0,
            length: 0,
            durable: Durable::default(),
            previous: 0,
            gathering: 1,
            flushed: 0,
            parts: Vec::new(),
            headers: BytesMut::new(),
            small: BytesMut::new(),
            small_crc: 0,
            records: 0,
            flight: 0,
        }
    }

    /// The group whose log it is.
    pub fn group(&self) -> GroupId {
        self.group
    }

    /// The number of the block that holds everything recorded so far: once it is flushed, all of it is
    /// durable.
    pub fn mark(&self) -> u64 {
        if self.records > 0 { self.gathering } else { self.gathering - 1 }
    }

    /// The last block that is durable, with every one before it.
    pub fn flushed(&self) -> u64 {
        self.flushed
    }

    /// What was read after a start counts as block 1, durable once the rewrite of it is flushed.
    pub(super) fn resume(&mut self) {
        assert!(self.records == 0, "{} records before what was read", self.records);
        self.gathering = 2;
        if self.durable.is_clean() {
            self.flushed = 1;
        }
    }

    /// Takes what was read for durable: see `log_trusts_cache`.
    pub(crate) fn trust_cache(&mut self) {
        self.durable.trust_cache();
        self.flushed = 1;
    }

    /// Records where the group stands from an index on.
    pub fn record_place(&mut self, index: Index, place: &Place) {
        self.record(&Record::Place(index, place.clone()));
    }

    /// Records term and vote.
    pub fn record_hard(&mut self, hard: HardState) {
        self.record(&Record::Hard(hard));
    }

    /// Records that the log now ends at `last`.
    pub fn record_cut(&mut self, last: Index) {
        self.record(&Record::Cut(last));
    }

    /// Records an entry. Its bytes are shared.
    ///
    /// # Panics
    /// If it is of another group.
    pub fn record_entry(&mut self, entry: &Entry) {
        let own = self.group;
        assert!(entry.group() == own, "an entry of p{} in the log of p{own}", entry.group());
        if !self.small.is_empty() {
            self.parts.push(self.small.split().freeze());
        }
        self.parts.push(entry.bytes().clone());
        self.records += 1;
    }

    fn record(&mut self, record: &Record) {
        let start = self.small.len();
        put_record(&mut self.small, record);
        self.small_crc = crc32c::crc32c_append(self.small_crc, &self.small[start..]);
        self.records += 1;
    }

    /// Closes what was recorded into a block and says where to write it; none if nothing was. A segment is
    /// closed at the first block that begins past `segment_bytes`.
    pub fn next_write(&mut self, commit: Index, segment_bytes: u64) -> Option<Write> {
        if self.records == 0 {
            return None;
        }
        if !self.small.is_empty() {
            self.parts.push(self.small.split().freeze());
        }
        assert!(!self.parts.is_empty(), "{} records are in no part of a block", self.records);
        if self.length >= segment_bytes {
            self.segment += 1;
            self.length = 0;
        }
        let body: usize = self.parts.iter().map(Bytes::len).sum();
        if self.headers.capacity() < HEADER {
            self.headers = BytesMut::with_capacity(HEADERS_BYTES);
        }
        let header = Header {
            length: body as u32,
            group: self.group,
            segment: self.segment,
            position: self.durable.end(),
            proven: self.durable.proven(),
            commit,
            previous: self.previous,
            node: self.node,
            records: self.records,
            records_crc: self.small_crc,
        };
        let crc = header.put(&mut self.headers);
        let mut parts = Vec::with_capacity(self.parts.len() + 1);
        parts.push(self.headers.split().freeze());
        parts.append(&mut self.parts);

        let file = files::segment_of(self.group, self.segment);
        let bytes = (HEADER + body) as u64;
        self.durable.wrote(file, bytes, self.length == 0);
        let write = Write { file, at: self.length, parts };
        self.length += bytes;
        self.previous = crc;
        self.gathering += 1;
        (self.records, self.small_crc) = (0, 0);
        Some(write)
    }

    /// The files to flush, if something was written since the last flush and none is under way. The
    /// flag says whether a file is new, so that its directory entry must become durable too.
    pub fn begin_flush(&mut self) -> Option<(Vec<FileId>, bool)> {
        let begun = self.durable.begin_flush()?;
        assert!(self.records == 0, "a flush begins before {} records are written", self.records);
        self.flight = self.gathering - 1;
        Some(begun)
    }

    /// The flush that was under way has ended well.
    pub fn end_flush(&mut self) {
        self.durable.end_flush();
        assert!(self.flight >= self.flushed, "block {} after {}", self.flight, self.flushed);
        self.flushed = self.flight;
    }

    /// The laws of a writer once a turn is written.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub fn keep_laws(&self) {
        let Persist { gathering, flushed, flight, records, group, .. } = self;
        assert!(*records == 0, "{records} records of p{group} are in no block after a turn");
        assert!(flushed < gathering, "block {flushed} is flushed, {gathering} is gathered (S9)");
        assert!(flight < gathering, "block {flight} is under way, {gathering} is gathered");
        let (length, end) = (self.length, self.durable.end());
        assert!(length <= end, "a segment of p{group} has {length} bytes, its log {end}");
        self.durable.keep_laws();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_law_fires() {
        let said = |spoil: fn(&mut Persist)| {
            let mut persist = Persist::at(1, 3);
            persist.keep_laws();
            spoil(&mut persist);
            let kept = std::panic::AssertUnwindSafe(|| persist.keep_laws());
            let panic = std::panic::catch_unwind(kept).expect_err("no law held");
            panic.downcast_ref::<String>().expect("words").clone()
        };
        let records = said(|persist| persist.record_cut(0));
        assert_eq!(records, "1 records of p3 are in no block after a turn");
        let flushed = said(|persist| persist.flushed = 1);
        assert_eq!(flushed, "block 1 is flushed, 1 is gathered (S9)");
        let flight = said(|persist| persist.flight = 1);
        assert_eq!(flight, "block 1 is under way, 1 is gathered");
        let length = said(|persist| persist.length = 9);
        assert_eq!(length, "a segment of p3 has 9 bytes, its log 0");
    }
}
