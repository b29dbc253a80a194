//! What stands on disks: keeps up with each log as flushes end, and turns bytes into facts: this entry is
//! durable, this log was cut, this vote will be remembered.

use super::{
    BLOCK_HEADER,
    records::{Cursor, Record, read_records},
    u32_at, u64_at,
};
use crate::disk::{Disk, Flushed};
use bytes::Bytes;
use checkers::{Configuration, DiskTruth, EntryId, Fact, MessageId, Voter};
use scenarios::seat_of;
use std::collections::BTreeMap;

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
pub struct Logs {
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
pub(super) fn log_of(file: u64) -> Option<(u32, u32)> {
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

impl Logs {
    /// The logs of nodes in these regions; node `i + 1` stands in `regions[i]`.
    pub fn new(regions: &[u32]) -> Logs {
        Logs { regions: regions.to_vec(), ..Logs::default() }
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
    /// not be read on from there: then [`Logs::reread`] must look at the whole log.
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
        let (mut logs, mut progress) = (Logs::default(), Progress::default());
        // A cut may reach back into any segment before: the log is one, however many files it has.
        let (mut facts, mut decoded) = (Vec::new(), Decoded::default());
        for (segment, parts) in segments(disk, group) {
            let length: u64 = parts.iter().map(|part| part.len() as u64).sum();
            (progress.segment, progress.at) = (segment, 0);
            let mut sink = Sink { node, group, facts: &mut facts, decoded: Some(&mut decoded) };
            if logs.read_blocks(&mut progress, segment, parts, &mut sink) < length {
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
                    let region = self.regions.get(seat_of(node)).copied().unwrap_or(u32::MAX);
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
