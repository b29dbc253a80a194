//! The reader of a group's log after a start. It reads blocks as long as each is intact and follows the
//! one before; what stands behind the first that is not was torn while it was written, or it is rot, and
//! `proven` says which (S19, S21, S23).
//!
//! Nothing above the last proven position is trusted, though the page cache shows it: it is written and
//! flushed again before any claim leaves (A11, `durable.rs`).

use super::{
    block::{HEADER, HardState, Header, Record, read_records},
    durable::Write,
    files,
    persist::Persist,
    rope::Rope,
};
use crate::{
    configurations::Configurations,
    entry::Entry,
    host::FileId,
    log::Log,
    place::Place,
    types::{GroupId, Index, NodeId},
};

/// What a group's segments hold.
#[derive(Debug)]
pub struct Recovered {
    /// Which life of the group.
    pub incarnation: u64,
    /// Who counts in it.
    pub configurations: Configurations,
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

/// What the records so far have made of the group.
#[derive(Debug, Default)]
struct State {
    /// Incarnation and configurations, once its founding was read.
    founded: Option<(u64, Configurations)>,
    hard: HardState,
    log: Log,
    commit_hint: Index,
    generation: u64,
}

/// Where reading stopped before the end, and why.
struct Torn {
    segment: usize,
    at: usize,
    why: String,
}

/// Reads a group's segments, in order from segment 0.
pub fn recover(node: NodeId, group: GroupId, segments: &[Rope]) -> Result<Recovered, Damage> {
    let (mut persist, mut state) = (Persist::at(node, group), State::default());
    let torn = read_segments(&mut persist, &mut state, segments)?;
    let truncate = match torn {
        Some(torn) => cut_torn(&persist, segments, &torn)?,
        None => Vec::new(),
    };
    let State { founded, hard, log, commit_hint, generation } = state;
    let Some((incarnation, configurations)) = founded else { return Err(Damage::Empty) };
    if commit_hint > log.last_index() {
        return Err(Damage::Rot(format!(
            "group {group}: index {commit_hint} was committed, but the log ends at {}",
            log.last_index()
        )));
    }

    let (last, length) = (persist.segment, persist.length as usize);
    let good = (0..).zip(segments).take(last as usize + 1).map(|(number, bytes)| {
        let good = if number == last { length } else { bytes.len() };
        (files::segment_of(group, number), good, bytes)
    });
    let rewrite = persist.durable.resume(good);
    truncate.iter().for_each(|(file, _)| persist.durable.touch(*file));
    persist.resume();
    Ok(Recovered {
        incarnation,
        configurations,
        hard,
        log,
        commit_hint,
        generation,
        persist,
        rewrite,
        truncate,
    })
}

/// Reads block after block; says where that ended, if not at the end. A block that is intact, and whose
/// records do not follow what stands before it, is none that a torn write leaves behind: it is rot.
fn read_segments(
    persist: &mut Persist,
    state: &mut State,
    segments: &[Rope],
) -> Result<Option<Torn>, Damage> {
    for (segment, bytes) in segments.iter().enumerate() {
        let mut at = 0;
        if segment > 0 && !bytes.is_empty() {
            (persist.segment, persist.length) = (segment as u32, 0);
        }
        while at < bytes.len() {
            let (header, crc, records, end) = match read_block(persist, segment as u32, bytes, at) {
                Ok(read) => read,
                Err(why) => return Ok(Some(Torn { segment, at, why: why.into() })),
            };
            for record in records {
                state.apply(record, persist.group).map_err(|why| {
                    let group = persist.group;
                    Damage::Rot(format!("group {group} segment {segment} byte {at}: {why}"))
                })?;
            }
            state.commit_hint = state.commit_hint.max(header.commit);
            persist.durable.read((end - at) as u64, header.proven);
            (persist.length, persist.previous) = (end as u64, crc);
            at = end;
        }
    }
    Ok(None)
}

/// Reads the block at a byte of a segment: its header, its records, and where it ends.
fn read_block(
    persist: &Persist,
    segment: u32,
    bytes: &Rope,
    at: usize,
) -> Result<(Header, u32, Vec<Record>, usize), &'static str> {
    let header = Header::read(&bytes.slice(at..bytes.len().min(at + HEADER)));
    let Some((header, crc)) = header.filter(|(header, _)| header.group == persist.group) else {
        return Err("a block's header does not match its checksum");
    };
    if (header.segment, header.position) != (segment, persist.durable.end()) {
        return Err("a block stands where another belongs");
    }
    if header.previous != persist.previous {
        return Err("a block does not follow the one before it");
    }
    let end = at + HEADER + header.length as usize;
    if end > bytes.len() {
        return Err("a block ends past its segment");
    }
    let records = read_records(bytes, at + HEADER..end, &header)?;
    Ok((header, crc, records, end))
}

/// What is cut off behind the last good block, if no byte is missing there that was durable.
fn cut_torn(
    persist: &Persist,
    segments: &[Rope],
    torn: &Torn,
) -> Result<Vec<(FileId, u64)>, Damage> {
    let (group, Torn { segment, at, why }) = (persist.group, torn);
    let (mut proven, mut from) = (persist.durable.proven(), *at);
    for bytes in &segments[*segment..] {
        let bytes = bytes.slice(std::mem::take(&mut from)..bytes.len());
        let later = Header::all_in(&bytes, group).map(|header| header.proven).max();
        proven = proven.max(later.unwrap_or(0));
    }
    let end = persist.durable.end();
    if proven > end {
        return Err(Damage::Rot(format!(
            "group {group} segment {segment} byte {at}: {why}, but bytes up to {proven} were durable \
             and only {end} can be read"
        )));
    }
    let file = |number: usize| files::segment_of(group, number as u32);
    let rest = (segment + 1..segments.len()).map(|later| (file(later), 0));
    Ok([(file(*segment), *at as u64)].into_iter().chain(rest).collect())
}

impl State {
    fn apply(&mut self, record: Record, group: GroupId) -> Result<(), String> {
        match record {
            Record::Place(index, place) => self.stand(index, place, group)?,
            Record::Hard(hard) => {
                let (before, now) = (self.hard.term, hard.term);
                if now < before {
                    return Err(format!("term {now} follows {before}"));
                }
                self.hard = hard;
            }
            Record::Cut(last) => {
                let end = self.log.last_index();
                if last > end {
                    return Err(format!("a cut at {last} is past {end}"));
                }
                self.log.cut(last);
                if let Some((_, configurations)) = &mut self.founded {
                    configurations.cut(last);
                }
                self.generation += 1;
            }
            Record::Entry(entry) => {
                let (term, own) = (entry.term(), self.hard.term);
                if term > own {
                    return Err(format!("entry {} is of term {term} in term {own}", entry.index()));
                }
                if !self.follows(&entry, group) {
                    let end = self.log.last_index();
                    return Err(format!("entry {} does not follow {end}", entry.index()));
                }
                self.log.append(entry);
            }
        }
        Ok(())
    }

    /// From an index on the group stands there: at 0 when it is founded, and behind the last change later.
    fn stand(&mut self, index: Index, place: Place, group: GroupId) -> Result<(), String> {
        let Place { incarnation, config, .. } = place;
        let next = self.log.last_index() + 1;
        match &mut self.founded {
            None if index == 0 && place.group == group => {
                self.founded = Some((incarnation, Configurations::founded(config)));
            }
            Some((own, configurations))
                if (place.group, incarnation) == (group, *own)
                    && (configurations.since() + 1..=next).contains(&index) =>
            {
                configurations.change(index, config);
            }
            None | Some(_) => {
                return Err(format!(
                    "a place at index {index} of group {} is none here",
                    place.group
                ));
            }
        }
        Ok(())
    }

    fn follows(&self, entry: &Entry, group: GroupId) -> bool {
        let last = self.log.last();
        let incarnation = self.founded.as_ref().map(|(incarnation, _)| *incarnation);
        entry.index() == last.index + 1
            && entry.previous_hash() == last.hash
            && entry.term() >= last.term
            && entry.base() == self.log.next_offset()
            && entry.group() == group
            && Some(entry.incarnation()) == incarnation
    }
}

#[cfg(test)]
mod tests;
