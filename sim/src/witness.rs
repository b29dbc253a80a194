//! The second decoder: reads what stands on disks and what claims travel in frames, written from
//! docs/FORMAT.md and not from the system's code, so that a mistake there cannot hide itself here.
//!
//! It keeps up with each disk as flushes end, and turns bytes into facts: this entry is durable, this
//! log was cut, this vote will be remembered. It trusts no node; it never says what a node believes.

use crate::disk::{Disk, Flushed};
use bytes::{Buf, Bytes};
use checkers::{Acks, Claim, Configuration, DiskTruth, EntryId, Fact, MessageId, Voter};
use std::collections::BTreeMap;
use xxhash_rust::xxh3::xxh3_64;

const BLOCK_HEADER: usize = 64;
const ENTRY_HEADER: usize = 96;

/// Where one log's decoding stands.
#[derive(Clone, Debug, Default)]
struct Progress {
    segment: u32,
    /// Bytes decoded of that segment.
    at: u64,
    /// Bytes decoded of all segments.
    position: u64,
    /// Checksum of the last block.
    previous: u32,
    incarnation: u64,
    last: EntryId,
}

/// What a log says, decoded from its beginning.
#[derive(Debug, Default)]
struct Decoded {
    entries: Vec<EntryId>,
    vote: Option<(u64, Option<u32>)>,
}

/// Keeps up with every disk.
#[derive(Debug, Default)]
pub struct Witness {
    logs: BTreeMap<(u32, u32), Progress>,
    /// The region of each node, from the plan.
    regions: Vec<u32>,
    configured: BTreeMap<u32, Configuration>,
    /// Hash and first message of each entry, by group and index, as its first durable copy told it.
    messages: Vec<Vec<(u64, MessageId)>>,
    /// Kept only so that reading a block allocates nothing.
    records: Vec<Record>,
    /// The same for entries that stood where another had stood: by group and hash.
    others: BTreeMap<(u32, u64), MessageId>,
}

/// A file of a group's log: group and segment; none for the registry.
fn log_of(file: u64) -> Option<(u32, u32)> {
    Some((u32::try_from((file >> 32).checked_sub(1)?).ok()?, file as u32))
}

/// The durable bytes of a group's segments, in order. One without a byte has nothing to say and ends
/// nothing: what follows proves by its position that it follows.
fn segments(disk: &Disk, group: u32) -> impl Iterator<Item = (u32, Vec<Bytes>)> + '_ {
    let segments = disk.list().filter_map(log_of).filter(move |(own, _)| *own == group);
    segments
        .map(move |(_, segment)| {
            (segment, disk.durable((u64::from(group) + 1) << 32 | u64::from(segment)))
        })
        .filter(|(_, parts)| parts.iter().any(|part| !part.is_empty()))
}

impl Witness {
    /// A witness of nodes in these regions; node `i + 1` stands in `regions[i]`.
    pub fn new(regions: &[u32]) -> Witness {
        Witness { regions: regions.to_vec(), ..Witness::default() }
    }

    /// The first message of an entry, once a copy of it was durable somewhere.
    pub fn message(&self, group: u32, entry: EntryId) -> Option<MessageId> {
        let messages = self.messages.get(group as usize)?;
        match messages.get(usize::try_from(entry.index.checked_sub(1)?).ok()?) {
            Some((hash, message)) if *hash == entry.hash => Some(*message),
            Some(_) | None => self.others.get(&(group, entry.hash)).copied(),
        }
    }

    /// A flush ended. Says `false` where it changed durable bytes that were decoded already, or could
    /// not be read on from there: then [`Witness::reread`] must look at the whole log.
    pub fn flushed(&mut self, node: u32, flushed: &Flushed<'_>, facts: &mut Vec<Fact>) -> bool {
        let Some((group, segment)) = log_of(flushed.file) else { return true };
        let mut progress = self.logs.get(&(node, group)).cloned().unwrap_or_default();
        if segment == progress.segment + 1 && flushed.len_before == 0 {
            (progress.segment, progress.at) = (segment, 0);
        }
        let appends = progress.segment == segment
            && flushed.named
            && flushed.len >= flushed.len_before
            && flushed.len_before == progress.at
            && flushed.ranges().first().is_none_or(|range| range.start >= progress.at);
        if !appends {
            return false;
        }
        let parts: Vec<Bytes> = flushed.parts().map(|(_, bytes)| bytes).collect();
        let mut sink = Sink { node, group, facts, decoded: None };
        let length = self.read_blocks(&mut progress, segment, parts, &mut sink);
        let is_whole = length == flushed.len - flushed.len_before;
        self.logs.insert((node, group), progress);
        is_whole
    }

    /// Reads a log again from its beginning and tells what is different from what was told before.
    pub fn reread(
        &mut self,
        node: u32,
        group: u32,
        disk: &Disk,
        truth: &DiskTruth,
        facts: &mut Vec<Fact>,
    ) {
        let mut progress = Progress::default();
        let mut decoded = Decoded::default();
        for (segment, parts) in segments(disk, group) {
            let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
            (progress.segment, progress.at) = (segment, 0);
            let mut sink = Sink { node, group, facts, decoded: Some(&mut decoded) };
            if self.read_blocks(&mut progress, segment, parts, &mut sink) < length {
                break;
            }
        }
        self.logs.insert((node, group), progress);
        let told = truth.log(node, group);
        let same = decoded.entries.iter().take_while(|entry| told.has(**entry)).count();
        if told.last().is_some_and(|last| last.index > same as u64) {
            facts.push(Fact::DurableCut { node, group, last: same as u64 });
        }
        let news = decoded.entries[same..].iter();
        facts.extend(news.map(|entry| Fact::Durable { node, group, entry: *entry }));
        let (term, vote) = decoded.vote.unwrap_or((0, None));
        if told.vote != (term, vote) {
            facts.push(Fact::DurableVote { node, group, term, vote });
        }
    }

    /// Every group that has files on this disk.
    pub fn groups_of(disk: &Disk) -> Vec<u32> {
        let mut groups: Vec<u32> = disk.list().filter_map(log_of).map(|(group, _)| group).collect();
        groups.dedup();
        groups
    }

    /// A digest of the encoded bytes of every durable entry up to `last`, and how far they go. Each hash
    /// is proven over its entry's bytes here and covers the one before it: the last one names them all.
    pub fn digest(node: u32, group: u32, disk: &Disk, last: u64) -> (u64, u64) {
        let (mut witness, mut progress) = (Witness::default(), Progress::default());
        // A cut may reach back into any segment before: the log is one, however many files it has.
        let (mut facts, mut decoded) = (Vec::new(), Decoded::default());
        for (segment, parts) in segments(disk, group) {
            let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
            (progress.segment, progress.at) = (segment, 0);
            let mut sink = Sink { node, group, facts: &mut facts, decoded: Some(&mut decoded) };
            if witness.read_blocks(&mut progress, segment, parts, &mut sink) < length {
                break;
            }
        }
        let reached = (decoded.entries.len() as u64).min(last);
        let end = reached.checked_sub(1).map(|place| decoded.entries[place as usize]);
        (reached, end.map_or(0, |entry| entry.hash))
    }

    /// Decodes whole, intact blocks; returns how many bytes they took.
    fn read_blocks(
        &mut self,
        progress: &mut Progress,
        segment: u32,
        parts: Vec<Bytes>,
        sink: &mut Sink<'_>,
    ) -> u64 {
        let mut bytes = Cursor::new(parts);
        let begin = progress.at;
        let mut records = std::mem::take(&mut self.records);
        while let Some(header) = bytes.peek(BLOCK_HEADER) {
            let header: [u8; BLOCK_HEADER] = header.try_into().expect("a header's bytes");
            let is_block = &header[..4] == b"ZBLK"
                && crc32c::crc32c(&header[..60]) == u32_at(&header, 60)
                && u32_at(&header, 8) == sink.group
                && u32_at(&header, 12) == segment
                && u64_at(&header, 16) == progress.position
                && u32_at(&header, 40) == progress.previous
                && u32_at(&header, 44) == sink.node;
            let body = u32_at(&header, 4) as usize;
            if !is_block || bytes.left < BLOCK_HEADER + body {
                break;
            }
            bytes.skip(BLOCK_HEADER);
            if !read_records(&mut bytes, body, &header, &mut records) {
                break;
            }
            for record in records.drain(..) {
                self.tell(record, progress, sink);
            }
            progress.at += (BLOCK_HEADER + body) as u64;
            progress.position += (BLOCK_HEADER + body) as u64;
            progress.previous = u32_at(&header, 60);
        }
        records.clear();
        self.records = records;
        progress.at - begin
    }

    fn tell(&mut self, record: Record, progress: &mut Progress, sink: &mut Sink<'_>) {
        let (node, group) = (sink.node, sink.group);
        match record {
            Record::Place(bytes) => {
                let configuration = self.configuration(&bytes);
                progress.incarnation = configuration.incarnation;
                if self.configured.get(&group) != Some(&configuration) {
                    self.configured.insert(group, configuration.clone());
                    sink.facts.push(Fact::Configured(configuration));
                }
            }
            Record::Hard { term, vote } => match &mut sink.decoded {
                Some(decoded) => decoded.vote = Some((term, vote)),
                None => sink.facts.push(Fact::DurableVote { node, group, term, vote }),
            },
            Record::Cut { last } => {
                match &mut sink.decoded {
                    Some(decoded) => {
                        decoded.entries.truncate(last as usize);
                        progress.last = decoded.entries.last().copied().unwrap_or_default();
                    }
                    None => {
                        // The hash at the new end is not at hand: what follows is checked by index.
                        progress.last = EntryId { index: last, term: 0, hash: 0 };
                        sink.facts.push(Fact::DurableCut { node, group, last });
                    }
                }
            }
            Record::Entry { entry, previous, incarnation, message } => {
                let chains = progress.last.hash == 0 || progress.last.hash == previous;
                let follows = entry.index == progress.last.index + 1 && chains;
                // An entry that does not belong there is no entry of this log.
                if !follows || incarnation != progress.incarnation {
                    return;
                }
                progress.last = entry;
                self.remember(group, entry, message);
                match &mut sink.decoded {
                    Some(decoded) => decoded.entries.push(entry),
                    None => sink.facts.push(Fact::Durable { node, group, entry }),
                }
            }
        }
    }

    fn remember(&mut self, group: u32, entry: EntryId, message: MessageId) {
        let place = group as usize;
        if self.messages.len() <= place {
            self.messages.resize(place + 1, Vec::new());
        }
        let messages = &mut self.messages[place];
        match messages.get((entry.index - 1) as usize) {
            Some((hash, _)) if *hash == entry.hash => {}
            None if messages.len() as u64 == entry.index - 1 => {
                messages.push((entry.hash, message));
            }
            Some(_) | None => {
                self.others.insert((group, entry.hash), message);
            }
        }
    }

    fn configuration(&self, bytes: &[u8]) -> Configuration {
        let voters = u32_at(bytes, 20) as usize;
        Configuration {
            group: u32_at(bytes, 0),
            incarnation: u64_at(bytes, 4),
            write_quorum: u32_at(bytes, 12),
            election_quorum: u32_at(bytes, 16),
            voters: (0..voters)
                .map(|place| {
                    let node = u32_at(bytes, 28 + 8 * place);
                    let region = self.regions.get(node as usize - 1).copied().unwrap_or(u32::MAX);
                    Voter { node, region }
                })
                .collect(),
        }
    }
}

struct Sink<'a> {
    node: u32,
    group: u32,
    facts: &'a mut Vec<Fact>,
    /// Where entries go instead, when a log is read again as a whole.
    decoded: Option<&'a mut Decoded>,
}

#[derive(Debug)]
enum Record {
    Place(Bytes),
    Hard { term: u64, vote: Option<u32> },
    Cut { last: u64 },
    Entry { entry: EntryId, previous: u64, incarnation: u64, message: MessageId },
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// Reads the records of a block's body; `false` if one of them is not intact.
fn read_records(
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
            (b"ZCFG", 36..) => Some(Record::Place(Bytes::copy_from_slice(&record[8..]))),
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
struct Cursor {
    parts: std::vec::IntoIter<Bytes>,
    current: Bytes,
    left: usize,
}

impl Cursor {
    fn new(parts: Vec<Bytes>) -> Cursor {
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

    fn peek(&mut self, length: usize) -> Option<&[u8]> {
        self.gather(length).then(|| &self.current[..length])
    }

    fn skip(&mut self, length: usize) {
        assert!(self.gather(length), "what is skipped was seen");
        self.left -= length;
        self.current.advance(length);
    }
}

/// What a frame says that judges must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something is durable on the sender.
    Claim { group: u32, claim: Claim },
    /// A produce request is acknowledged.
    Acked { group: u32, request: u64, acks: Acks, entry: EntryId, offset: u64 },
}

/// Hands every claim and acknowledgement in a frame's head to `each`. None where it cannot read on: what
/// stands behind may be a claim, so whoever asks must not pass over it.
pub fn for_each_told(head: &[u8], to: u32, mut each: impl FnMut(Told)) -> Option<()> {
    let count = u32_at(head.get(28..32)?, 0);
    let mut rest = head.get(36..head.len().checked_sub(4)?)?;
    for _ in 0..count {
        let group = u32_at(rest.get(..4)?, 0);
        let kind = *rest.get(4)?;
        let message = rest.get(5..)?;
        let id = |at: usize| {
            Some(EntryId {
                index: u64_at(message.get(at..at + 24)?, 0),
                term: u64_at(message, at + 8),
                hash: u64_at(message, at + 16),
            })
        };
        let claim = |entry: EntryId| Claim::Append {
            term: u64_at(message, 0),
            index: entry.index,
            hash: entry.hash,
        };
        let size = match kind {
            1 | 3 => 32,
            2 => 9,
            4 => {
                if *message.get(8)? == 1 {
                    let claim = Claim::Vote { term: u64_at(message, 0), candidate: to };
                    each(Told::Claim { group, claim });
                }
                9
            }
            5 => 44 + 4 * u32_at(message.get(40..44)?, 0) as usize,
            6 => {
                each(Told::Claim { group, claim: claim(id(16)?) });
                40
            }
            7 => 32,
            8 => 32,
            9 => {
                let entry = id(40)?;
                if entry.index > 0 {
                    each(Told::Claim { group, claim: claim(entry) });
                }
                64
            }
            30 => {
                let acks = *Acks::ALL.get(usize::from(*message.get(8)?))?;
                let request = u64_at(message, 0);
                let (entry, offset) = (id(17)?, u64_at(message.get(41..49)?, 0));
                each(Told::Acked { group, request, acks, entry, offset });
                49
            }
            31 => 28 + 4 * u32_at(message.get(24..28)?, 0) as usize,
            20 => 45,
            21 | 32 => 21,
            22 => 8,
            23 | 33 => {
                let mut size = 12;
                for _ in 0..u32_at(message.get(8..12)?, 0) {
                    let place = message.get(size..size + 28)?;
                    size += 28 + 8 * u32_at(place, 20) as usize + 4 * u32_at(place, 24) as usize;
                }
                size
            }
            _ => return None,
        };
        rest = message.get(size..)?;
    }
    rest.is_empty().then_some(())
}
