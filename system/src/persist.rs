//! A group's log on disk: checksummed blocks in append-only segments. Pure: it says what to write and
//! reads what was written; it touches no file. Writer and reader of the one format stand side by
//! side, and a third of the room is the tests that tear and damage it.
//!
//! Everything that one turn has to keep becomes one block (docs/FORMAT.md). A block is intact or it is
//! nothing. It carries the position up to which the log was known to be durable when it was written
//! (`proven`), so that damage *below* a proven position is known to be rot and refused, while damage
//! above it may be a torn tail and is cut (S19, S21, S23).
//!
//! After a start nothing above the last proven position is trusted, though the page cache shows it: it is
//! written and flushed again before any claim leaves (A11, `durable.rs`).

use crate::{
    durable::{Durable, Write},
    entry::{self, Entry},
    host::FileId,
    log::Log,
    place::Place,
    rope::Rope,
    types::{GroupId, Index, NodeId, Term},
};
use bytes::{BufMut, Bytes, BytesMut};
use std::ops::Range;

/// Bytes of a block's header.
pub const HEADER: usize = 64;
/// A segment is closed at the first block that begins past this.
pub const SEGMENT_BYTES: u64 = 16 << 20;
/// Bytes that headers share.
const HEADERS_BYTES: usize = 4 << 10;
const MARK: u32 = u32::from_le_bytes(*b"ZBLK");
const HARD: u32 = u32::from_le_bytes(*b"ZHRD");
const CUT: u32 = u32::from_le_bytes(*b"ZCUT");
const PLACE: u32 = u32::from_le_bytes(*b"ZCFG");
const ENTRY: u32 = u32::from_le_bytes(*b"ZENT");

/// Term and vote: durable before anything that depends on them leaves the node (S4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HardState {
    /// The current term.
    pub term: Term,
    /// Who has this node's vote of that term.
    pub vote: Option<NodeId>,
}

/// The file of a group's segment.
pub fn file_of(group: GroupId, segment: u32) -> FileId {
    FileId((u64::from(group) + 1) << 32 | u64::from(segment))
}

/// Writes a group's log: gathers records, closes them into blocks, knows what is flushed.
#[derive(Debug)]
pub struct Persist {
    group: GroupId,
    node: NodeId,
    segment: u32,
    /// Bytes in the current segment.
    length: u64,
    /// Bytes in all segments, whose end is where the next block begins.
    durable: Durable,
    /// Checksum of the block before, which the next one carries.
    previous: u32,
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
        persist.record_place(place);
        persist
    }

    fn at(node: NodeId, group: GroupId) -> Persist {
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

    /// The number of the block that holds everything recorded so far: once it is flushed, all of it is
    /// durable.
    pub fn mark(&self) -> u64 {
        if self.records > 0 { self.gathering } else { self.gathering - 1 }
    }

    /// The last block that is durable, with every one before it.
    pub fn flushed(&self) -> u64 {
        self.flushed
    }

    /// Records where the group stands.
    pub fn record_place(&mut self, place: &Place) {
        let mut bytes = Vec::new();
        place.put_to(&mut bytes);
        self.record(PLACE, &bytes);
    }

    /// Records term and vote.
    pub fn record_hard(&mut self, hard: HardState) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&hard.term.to_le_bytes());
        bytes[8..12].copy_from_slice(&hard.vote.unwrap_or(0).to_le_bytes());
        self.record(HARD, &bytes);
    }

    /// Records that the log now ends at `last`.
    pub fn record_cut(&mut self, last: Index) {
        self.record(CUT, &last.to_le_bytes());
    }

    /// Records an entry. Its bytes are shared.
    pub fn record_entry(&mut self, entry: &Entry) {
        if !self.small.is_empty() {
            self.parts.push(self.small.split().freeze());
        }
        self.parts.push(entry.bytes().clone());
        self.records += 1;
    }

    fn record(&mut self, tag: u32, bytes: &[u8]) {
        let start = self.small.len();
        self.small.put_u32_le(tag);
        self.small.put_u32_le(8 + bytes.len() as u32);
        self.small.put_slice(bytes);
        self.small_crc = crc32c::crc32c_append(self.small_crc, &self.small[start..]);
        self.records += 1;
    }

    /// Closes what was recorded into a block and says where to write it; none if nothing was.
    pub fn next_write(&mut self, commit: Index) -> Option<Write> {
        if self.records == 0 {
            return None;
        }
        if !self.small.is_empty() {
            self.parts.push(self.small.split().freeze());
        }
        if self.length >= SEGMENT_BYTES {
            self.segment += 1;
            self.length = 0;
        }
        let body: usize = self.parts.iter().map(Bytes::len).sum();
        if self.headers.capacity() < HEADER {
            self.headers = BytesMut::with_capacity(HEADERS_BYTES);
        }
        let header = &mut self.headers;
        header.put_u32_le(MARK);
        header.put_u32_le(body as u32);
        header.put_u32_le(self.group);
        header.put_u32_le(self.segment);
        header.put_u64_le(self.durable.end());
        header.put_u64_le(self.durable.proven());
        header.put_u64_le(commit);
        header.put_u32_le(self.previous);
        header.put_u32_le(self.node);
        header.put_u32_le(self.records);
        header.put_u32_le(self.small_crc);
        header.put_u32_le(0);
        let crc = crc32c::crc32c(&header[..]);
        header.put_u32_le(crc);
        let mut parts = Vec::with_capacity(self.parts.len() + 1);
        parts.push(header.split().freeze());
        parts.append(&mut self.parts);

        let file = file_of(self.group, self.segment);
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
        self.flight = self.gathering - 1;
        Some(begun)
    }

    /// The flush that was under way has ended well.
    pub fn end_flush(&mut self) {
        self.durable.end_flush();
        assert!(self.flight >= self.flushed, "block {} after {}", self.flight, self.flushed);
        self.flushed = self.flight;
    }
}

/// What a group's segments hold.
#[derive(Debug)]
pub struct Recovered {
    /// Where the group stands.
    pub place: Place,
    /// Term and vote.
    pub hard: HardState,
    /// The log.
    pub log: Log,
    /// An index that was committed when the last block was written: true for ever, but old.
    pub commit_hint: Index,
    /// Cuts that the log has seen: the generation that acknowledgements carry (S9).
    pub generation: u64,
    /// Goes on where the log ends.
    pub persist: Persist,
    /// Bytes that must be written again: the page cache shows them, nothing proves them durable.
    pub rewrite: Vec<Write>,
    /// Files that end in a torn block, and the length that is left of them.
    pub truncate: Vec<(FileId, u64)>,
}

/// Why a group's files cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Damage {
    /// Not even the first block is there: the group never took part in anything.
    Empty,
    /// Bytes that were durable are gone or wrong. The group must not vote, acknowledge or learn from
    /// this disk (S21).
    Rot(String),
}

struct Block {
    header_crc: u32,
    proven: u64,
    commit: Index,
    end: usize,
}

/// Reads a group's segments, in order from segment 0.
pub fn recover(node: NodeId, group: GroupId, segments: &[Rope]) -> Result<Recovered, Damage> {
    let mut persist = Persist::at(node, group);
    let (mut place, mut hard, mut log) = (None, HardState::default(), Log::default());
    let (mut commit_hint, mut generation, mut truncate) = (0, 0, Vec::new());
    let mut torn: Option<(usize, usize, String)> = None;

    'segments: for (number, bytes) in segments.iter().enumerate() {
        let mut at = 0;
        if number > 0 && !bytes.is_empty() {
            (persist.segment, persist.length) = (number as u32, 0);
        }
        while at < bytes.len() {
            let mut records = Records {
                place: &mut place,
                hard: &mut hard,
                log: &mut log,
                generation: &mut generation,
            };
            match read_block(&persist, number as u32, bytes, at, &mut records) {
                Ok(block) => {
                    persist.durable.read((block.end - at) as u64, block.proven);
                    persist.length = block.end as u64;
                    persist.previous = block.header_crc;
                    commit_hint = commit_hint.max(block.commit);
                    at = block.end;
                }
                Err(why) => {
                    torn = Some((number, at, why));
                    break 'segments;
                }
            }
        }
    }
    if let Some((number, at, why)) = torn {
        let later = later_proof(group, at, &segments[number..]);
        let proven = persist.durable.proven().max(later);
        if proven > persist.durable.end() {
            return Err(Damage::Rot(format!(
                "group {group} segment {number} byte {at}: {why}, but bytes up to {proven} were \
                 durable and only {} can be read",
                persist.durable.end()
            )));
        }
        truncate.push((file_of(group, number as u32), at as u64));
        let rest = (number + 1..segments.len()).map(|later| (file_of(group, later as u32), 0));
        truncate.extend(rest);
    }
    let Some(place) = place else { return Err(Damage::Empty) };
    if commit_hint > log.last_index() {
        return Err(Damage::Rot(format!(
            "group {group}: index {commit_hint} was committed, but the log ends at {}",
            log.last_index()
        )));
    }

    let (last, length) = (persist.segment, persist.length as usize);
    let good = (0..).zip(segments).take(last as usize + 1).map(|(number, bytes)| {
        let good = if number == last { length } else { bytes.len() };
        (file_of(group, number), good, bytes)
    });
    let rewrite = persist.durable.resume(good);
    truncate.iter().for_each(|(file, _)| persist.durable.touch(*file));
    // What was read counts as block 1, durable once the rewrite is flushed.
    persist.gathering = 2;
    if persist.durable.is_clean() {
        persist.flushed = 1;
    }
    Ok(Recovered { place, hard, log, commit_hint, generation, persist, rewrite, truncate })
}

struct Records<'a> {
    place: &'a mut Option<Place>,
    hard: &'a mut HardState,
    log: &'a mut Log,
    generation: &'a mut u64,
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// A block header that matches its own checksum and group.
fn intact_header(bytes: &[u8], group: GroupId) -> bool {
    bytes.len() >= HEADER
        && u32_at(bytes, 0) == MARK
        && crc32c::crc32c(&bytes[..60]) == u32_at(bytes, 60)
        && u32_at(bytes, 8) == group
}

fn read_block(
    persist: &Persist,
    segment: u32,
    bytes: &Rope,
    at: usize,
    out: &mut Records<'_>,
) -> Result<Block, String> {
    let header = &bytes.slice(at..bytes.len().min(at + HEADER))[..];
    if !intact_header(header, persist.group) {
        return Err("a block's header does not match its checksum".into());
    }
    if u32_at(header, 12) != segment || u64_at(header, 16) != persist.durable.end() {
        return Err("a block stands where another belongs".into());
    }
    if u32_at(header, 40) != persist.previous {
        return Err("a block does not follow the one before it".into());
    }
    let end = at + HEADER + u32_at(header, 4) as usize;
    if end > bytes.len() {
        return Err("a block ends past its segment".into());
    }
    let records = split_records(bytes, at + HEADER..end, header)?;
    for record in records {
        apply(record, persist.group, out)?;
    }
    Ok(Block {
        header_crc: u32_at(header, 60),
        proven: u64_at(header, 24),
        commit: u64_at(header, 32),
        end,
    })
}

enum Record {
    Place(Place),
    Hard(HardState),
    Cut(Index),
    Entry(Entry),
}

/// Reads every record of a block and proves each intact, before any of them counts.
fn split_records(bytes: &Rope, body: Range<usize>, header: &[u8]) -> Result<Vec<Record>, String> {
    let (mut records, mut at, mut small_crc) = (Vec::new(), body.start, 0);
    while at < body.end {
        if body.end - at < 8 {
            return Err("a record is shorter than its head".into());
        }
        let length = u32_at(&bytes.slice(at..at + 8), 4) as usize;
        if length < 8 || length > body.end - at {
            return Err("a record ends past its block".into());
        }
        let record = bytes.slice(at..at + length);
        let tag = u32_at(&record, 0);
        if tag == ENTRY {
            records.push(Record::Entry(Entry::decode(record)?));
        } else {
            small_crc = crc32c::crc32c_append(small_crc, &record);
            let malformed = || "a record is malformed".to_owned();
            records.push(match (tag, length) {
                (HARD, 24) => Record::Hard(HardState {
                    term: u64_at(&record, 8),
                    vote: Some(u32_at(&record, 16)).filter(|vote| *vote != 0),
                }),
                (CUT, 16) => Record::Cut(u64_at(&record, 8)),
                (PLACE, _) => {
                    let mut places = Place::all(&record[8..]).map_err(|_| malformed())?;
                    Record::Place(places.pop().ok_or_else(malformed)?)
                }
                _ => return Err(malformed()),
            });
        }
        at += length;
    }
    if records.len() as u32 != u32_at(header, 48) || small_crc != u32_at(header, 52) {
        return Err("a block's records do not match its header".into());
    }
    Ok(records)
}

fn apply(record: Record, group: GroupId, out: &mut Records<'_>) -> Result<(), String> {
    match record {
        Record::Place(place) => *out.place = Some(place),
        Record::Hard(hard) => {
            if hard.term < out.hard.term {
                return Err(format!("term {} follows {}", hard.term, out.hard.term));
            }
            *out.hard = hard;
        }
        Record::Cut(last) => {
            if last > out.log.last_index() {
                return Err(format!("a cut at {last} is past {}", out.log.last_index()));
            }
            out.log.cut(last);
            *out.generation += 1;
        }
        Record::Entry(entry) => {
            let last = out.log.last();
            let incarnation = out.place.as_ref().map(|place| place.incarnation);
            if entry.index() != last.index + 1
                || entry.previous_hash() != last.hash
                || entry.term() < last.term
                || entry.base() != out.log.next_offset()
                || entry.group() != group
                || Some(entry.incarnation()) != incarnation
            {
                return Err(format!("entry {} does not follow {}", entry.index(), last.index));
            }
            out.log.append(entry);
        }
    }
    Ok(())
}

/// The furthest position that any intact block header proves durable, from a byte of the first segment on.
fn later_proof(group: GroupId, from: usize, segments: &[Rope]) -> u64 {
    let mark = MARK.to_le_bytes();
    let (mut proven, mut from) = (0, from);
    for segment in segments {
        let bytes = segment.slice(std::mem::take(&mut from)..segment.len());
        let mut at = 0;
        while let Some(found) = bytes[at..].windows(4).position(|window| window == mark) {
            at += found;
            if intact_header(&bytes[at..], group) {
                proven = proven.max(u64_at(&bytes[at..], 24));
            }
            at += 1;
        }
    }
    proven
}

const _: () = assert!(entry::HEADER > 8, "an entry begins with its own tag and length");

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        entry::{Kind, Stamp},
        quorum::{Config, Voter},
    };
    use proptest::prelude::*;

    fn place() -> Place {
        let voters = vec![Voter { node: 1, region: 0 }];
        let config = Config { voters, learners: vec![2], write_quorum: 1, election_quorum: 1 };
        Place { group: 3, incarnation: 77, config }
    }

    fn next(log: &Log, term: Term) -> Entry {
        let stamp = Stamp { cluster: 1, incarnation: 77, group: 3, term, wall: 5 };
        Entry::after(log.last(), stamp, Kind::Messages, log.next_offset(), 1, b"payload")
    }

    #[derive(Default)]
    struct Disk(Vec<Vec<u8>>);

    impl Disk {
        fn write(&mut self, write: &Write) {
            let segment = (write.file.0 & 0xFFFF_FFFF) as usize;
            self.0.resize(self.0.len().max(segment + 1), Vec::new());
            let mut at = write.at as usize;
            for part in &write.parts {
                let file = &mut self.0[segment];
                file.resize(file.len().max(at + part.len()), 0);
                file[at..at + part.len()].copy_from_slice(part);
                at += part.len();
            }
        }
        /// Each in parts that nothing in it knows of.
        fn segments(&self) -> Vec<Rope> {
            let parts = |bytes: &Vec<u8>| -> Vec<Bytes> {
                bytes.chunks(37).map(Bytes::copy_from_slice).collect()
            };
            self.0.iter().map(|bytes| Rope::from(parts(bytes))).collect()
        }
    }

    /// Writes some history, one block a step; returns the disk, and after each block its end and what
    /// a reader must find.
    fn written(steps: &[(u64, u64, bool)]) -> (Disk, Vec<(u64, u64, HardState, u64)>) {
        let (mut disk, mut log, mut hard) = (Disk::default(), Log::default(), HardState::default());
        let mut persist = Persist::create(1, &place());
        let mut ends = Vec::new();
        for (entries, keep, flush) in steps {
            hard = HardState { term: hard.term + 1, vote: Some(1) };
            persist.record_hard(hard);
            if *keep < log.last_index() {
                log.cut(*keep);
                persist.record_cut(*keep);
            }
            for _ in 0..*entries {
                let entry = next(&log, hard.term);
                persist.record_entry(&entry);
                log.append(entry);
            }
            disk.write(&persist.next_write(0).unwrap());
            if *flush {
                assert!(persist.begin_flush().is_some());
                persist.end_flush();
            }
            let (end, proven) = (persist.durable.end(), persist.durable.proven());
            ends.push((end, log.last_index(), hard, proven));
        }
        (disk, ends)
    }

    fn steps() -> impl Strategy<Value = Vec<(u64, u64, bool)>> {
        proptest::collection::vec((0u64..4, 0u64..12, any::<bool>()), 1..8)
    }

    proptest! {
        #[test]
        fn a_torn_file_reads_as_its_last_whole_block_or_is_refused(
            steps in steps(), cut in 0.0f64..1.0,
        ) {
            let (mut disk, ends) = written(&steps);
            let length = (disk.0[0].len() as f64 * cut) as usize;
            disk.0[0].truncate(length);
            let whole = ends.iter().rev().find(|end| end.0 <= length as u64);
            match (recover(1, 3, &disk.segments()), whole) {
                (Ok(read), Some((_, last, hard, proven))) => {
                    prop_assert_eq!((read.log.last_index(), read.hard), (*last, *hard));
                    prop_assert!(read.persist.durable.proven() <= *proven);
                }
                (Err(Damage::Empty), None) => {}
                (read, whole) => prop_assert!(false, "{read:?} for {whole:?}"),
            }
        }

        #[test]
        fn a_flipped_bit_is_never_read_as_content(
            steps in steps(), place in 0.0f64..1.0, bit in 0u8..8,
        ) {
            let (mut disk, ends) = written(&steps);
            let at = (disk.0[0].len() as f64 * place) as usize;
            disk.0[0][at] ^= 1 << bit;
            let good = ends.iter().take_while(|end| end.0 <= at as u64).last();
            match recover(1, 3, &disk.segments()) {
                Ok(read) => {
                    let (_, last, hard, _) = good.expect("something is left before the damage");
                    prop_assert_eq!((read.log.last_index(), read.hard), (*last, *hard));
                }
                Err(Damage::Empty) => prop_assert!(good.is_none()),
                Err(Damage::Rot(_)) => {
                    let proven = ends.last().unwrap().3.max(ends[ends.len() - 1].3);
                    prop_assert!(proven > good.map_or(0, |end| end.0));
                }
            }
        }
    }

    #[test]
    fn damage_below_a_proven_position_is_refused_and_above_it_is_cut() {
        let (mut disk, ends) = written(&[(1, 0, true), (1, 9, true), (1, 9, false), (1, 9, false)]);
        disk.0[0][ends[2].0 as usize + 70] ^= 1;
        let read = recover(1, 3, &disk.segments()).unwrap();
        assert_eq!(read.log.last_index(), 3);
        assert_eq!(read.truncate, [(file_of(3, 0), ends[2].0)]);
        disk.0[0][ends[0].0 as usize + 70] ^= 1;
        assert!(matches!(recover(1, 3, &disk.segments()), Err(Damage::Rot(_))));
    }

    #[test]
    fn what_is_not_proven_is_written_again() {
        let (disk, ends) = written(&[(1, 0, true), (1, 9, true), (1, 9, false)]);
        let read = recover(1, 3, &disk.segments()).unwrap();
        // The last header proves the flush before it.
        assert_eq!(read.rewrite.len(), 1);
        assert_eq!(read.rewrite[0].at, ends[1].0);
        assert_eq!(read.persist.flushed(), 0);
    }
}
