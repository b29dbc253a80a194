//! A node's identity and the groups it holds, in a small append-only file (S1-S3). Three answers when
//! it is read: empty, present, unreadable; only an empty one may be formatted, and an unreadable one
//! never passes for a fresh node (F11).
//!
//! Several groups may be entered with one flush, and a power loss before its end takes any of their
//! records. Therefore each carries how much was durable when it was written: damage below that is rot
//! and refused; damage above it was never flushed, so none of those groups took part, and is cut. What
//! is read above it after a start is written and flushed again before its group takes part (A11,
//! `durable.rs`), for a later record proves everything below it.

use super::{
    durable::{Durable, Write},
    files::REGISTRY,
    rope::Rope,
};
use crate::types::{GroupId, NodeId};
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::BTreeMap;

const RECORD: usize = 32;
const IDENTITY: u32 = u32::from_le_bytes(*b"ZNOD");
const GROUP: u32 = u32::from_le_bytes(*b"ZGRP");

/// Who this disk belongs to, and what it holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    /// Which cluster.
    pub cluster: u64,
    /// Which node.
    pub node: NodeId,
    /// Random, made when the disk was formatted: another disk is another voter (S1).
    pub incarnation: u64,
    /// Groups whose files were durable when they were entered, and where each one's record ends.
    groups: BTreeMap<GroupId, u64>,
    durable: Durable,
}

impl Registry {
    /// A new registry and the record that begins its file.
    pub fn format(cluster: u64, node: NodeId, incarnation: u64) -> (Registry, Write) {
        let (groups, durable) = (BTreeMap::new(), Durable::default());
        let mut registry = Registry { cluster, node, incarnation, groups, durable };
        let write = registry.append(record(IDENTITY, node, cluster, incarnation));
        (registry, write)
    }

    /// Reads a registry, and says what of it must be written again, for nothing proves that it is
    /// durable: none if the file is empty.
    pub fn read(bytes: &Bytes) -> Result<Option<(Registry, Vec<Write>)>, String> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut records = bytes.chunks(RECORD).map(read_record);
        let Some(Some((IDENTITY, node, cluster, incarnation))) = records.next() else {
            return Err("the identity in the node's registry is unreadable".into());
        };
        let (mut groups, mut durable) = (BTreeMap::new(), Durable::default());
        durable.read(RECORD as u64, 0);
        let mut is_torn = false;
        for record in records {
            match record {
                Some((GROUP, _, proven, _)) if is_torn => durable.read(0, proven),
                Some((GROUP, group, proven, _)) => {
                    durable.read(RECORD as u64, proven);
                    if groups.insert(group, durable.end()).is_some() {
                        return Err(format!("the node's registry has p{group} twice"));
                    }
                }
                Some(_) | None => is_torn = true,
            }
        }
        let (length, proven) = (durable.end(), durable.proven());
        if proven > length {
            return Err(format!(
                "byte {length} of the node's registry is unreadable, but {proven} bytes were durable"
            ));
        }
        let file = Rope::from(bytes.clone());
        let rewrite = durable.resume([(REGISTRY, length as usize, &file)]);
        if bytes.len() as u64 > length {
            durable.touch(REGISTRY);
        }
        Ok(Some((Registry { cluster, node, incarnation, groups, durable }, rewrite)))
    }

    /// Bytes of the file.
    pub fn length(&self) -> u64 {
        self.durable.end()
    }

    /// Every group that is entered, durably or not.
    pub fn groups(&self) -> impl Iterator<Item = GroupId> + '_ {
        self.groups.keys().copied()
    }

    /// Whether a group is entered, durably or not.
    pub fn has(&self, group: GroupId) -> bool {
        self.groups.contains_key(&group)
    }

    /// Whether a group's entry is durable: only then may it take part in anything.
    pub fn is_durable(&self, group: GroupId) -> bool {
        self.groups.get(&group).is_some_and(|end| *end <= self.durable.proven())
    }

    /// Adds a group, and says what to append to the file.
    pub fn add(&mut self, group: GroupId, incarnation: u64) -> Write {
        let write = self.append(record(GROUP, group, self.durable.proven(), incarnation));
        let before = self.groups.insert(group, self.durable.end());
        assert!(before.is_none(), "p{group} is entered twice, first at {before:?}");
        assert!(!self.is_durable(group), "p{group} is durable before its record is flushed (A11)");
        write
    }

    /// Whether a flush is under way or needed.
    pub fn is_clean(&self) -> bool {
        self.durable.is_clean()
    }

    /// Asks for a flush if one is needed and none is under way; says whether of the directory, too.
    pub fn begin_flush(&mut self) -> Option<bool> {
        self.durable.begin_flush().map(|(_, directory)| directory)
    }

    /// The flush that was under way has ended well.
    pub fn end_flush(&mut self) {
        self.durable.end_flush();
    }

    /// The laws of a registry, at the end of a turn.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub fn keep_laws(&self) {
        self.durable.keep_laws();
        let (bytes, records) = (self.durable.end(), self.groups.len() as u64 + 1);
        assert!(bytes == records * RECORD as u64, "{records} records in {bytes} bytes");
    }

    /// Takes what was read for durable: see `registry_trusts_cache`.
    pub(crate) fn trust_cache(&mut self) {
        self.durable.trust_cache();
    }

    fn append(&mut self, record: Bytes) -> Write {
        let at = self.durable.end();
        assert!(at.is_multiple_of(RECORD as u64), "a record at {at}, where none begins");
        self.durable.wrote(REGISTRY, record.len() as u64, at == 0);
        Write { file: REGISTRY, at, parts: vec![record] }
    }
}

fn record(tag: u32, number: u32, first: u64, second: u64) -> Bytes {
    let mut bytes = BytesMut::with_capacity(RECORD);
    bytes.put_u32_le(tag);
    bytes.put_u32_le(number);
    bytes.put_u64_le(first);
    bytes.put_u64_le(second);
    bytes.put_u32_le(0);
    let crc = crc32c::crc32c(&bytes);
    bytes.put_u32_le(crc);
    bytes.freeze()
}

fn read_record(bytes: &[u8]) -> Option<(u32, u32, u64, u64)> {
    let bytes: &[u8; RECORD] = bytes.try_into().ok()?;
    let u32_at = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"));
    let u64_at = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"));
    let is_intact = crc32c::crc32c(&bytes[..28]) == u32_at(28);
    is_intact.then(|| (u32_at(0), u32_at(4), u64_at(8), u64_at(16)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flush(registry: &mut Registry) {
        registry.begin_flush().expect("something to flush");
        registry.end_flush();
    }

    fn append(file: &mut Vec<u8>, write: &Write) {
        assert_eq!(write.at as usize, file.len());
        file.extend_from_slice(&write.parts[0]);
    }

    fn read(file: &[u8]) -> Result<Option<(Registry, Vec<Write>)>, String> {
        Registry::read(&Bytes::copy_from_slice(file))
    }

    fn groups(file: &[u8]) -> Vec<GroupId> {
        let (registry, _) = read(file).expect("readable").expect("present");
        registry.groups().collect()
    }

    #[test]
    fn a_registry_is_empty_present_or_unreadable_and_never_guessed() {
        let (mut file, (mut registry, identity)) = (Vec::new(), Registry::format(9, 3, 77));
        append(&mut file, &identity);
        flush(&mut registry);
        append(&mut file, &registry.add(4, 5));
        assert_eq!(read(&[]), Ok(None));
        let (again, _) = read(&file).expect("readable").expect("present");
        assert_eq!((again.cluster, again.node, again.incarnation), (9, 3, 77));
        assert_eq!(groups(&file), [4]);
        // A torn tail is a group that never took part; damage to the identity is no fresh disk.
        assert_eq!(groups(&file[..40]), []);
        file[9] ^= 1;
        assert!(read(&file).is_err());
    }

    #[test]
    fn a_power_loss_while_groups_are_entered_takes_any_of_them_and_not_the_node() {
        let (mut identity, (mut registry, first)) = (Vec::new(), Registry::format(9, 3, 77));
        append(&mut identity, &first);
        flush(&mut registry);
        let records: Vec<Bytes> =
            (1..4).map(|group| registry.add(group, 5).parts[0].clone()).collect();
        // What is left of the three: each intact, or never written and read as zeros.
        for left in 0..8usize {
            let mut file = identity.clone();
            for (place, record) in records.iter().enumerate() {
                let is_left = left >> place & 1 == 1;
                file.extend_from_slice(if is_left { record } else { &[0; RECORD] });
            }
            let (registry, _) = read(&file).expect("readable").expect("present");
            let whole = (!left).trailing_zeros().min(3);
            assert_eq!(registry.groups().count(), whole as usize, "{left:03b}");
            assert_eq!(registry.length(), 32 * (1 + u64::from(whole)));
        }
        // Once they are flushed and another follows, the same damage is rot.
        flush(&mut registry);
        let mut file = [&identity[..], &records.concat(), &registry.add(4, 5).parts[0]].concat();
        assert_eq!(groups(&file), [1, 2, 3, 4]);
        file[70] ^= 1;
        assert!(read(&file).is_err());
    }

    #[test]
    fn what_no_later_record_proves_is_written_and_flushed_again_before_it_counts() {
        let (mut file, (mut registry, identity)) = (Vec::new(), Registry::format(9, 3, 77));
        append(&mut file, &identity);
        flush(&mut registry);
        append(&mut file, &registry.add(1, 5));
        flush(&mut registry);
        append(&mut file, &registry.add(2, 5));
        // The last flush may have failed: only the identity and group 1 are proven.
        let (mut registry, rewrite) = read(&file).expect("readable").expect("present");
        assert_eq!((rewrite[0].at, rewrite[0].parts[0].len()), (64, 32));
        assert_eq!([1, 2].map(|group| registry.is_durable(group)), [true, false]);
        assert_eq!(registry.begin_flush(), Some(true));
        assert!(!registry.is_durable(2), "before its flush has ended");
        registry.end_flush();
        assert!(registry.is_durable(2) && registry.is_clean());
    }

    /// A file whose failed flushes leave bytes that no later flush writes: what is durable, and what the
    /// page cache shows.
    #[derive(Default)]
    struct Cached {
        durable: Vec<u8>,
        cached: Vec<u8>,
        dirty: Vec<std::ops::Range<usize>>,
    }

    impl Cached {
        fn write(&mut self, write: &Write) {
            let (at, bytes) = (write.at as usize, write.parts.concat());
            let range = at..at + bytes.len();
            self.cached.resize(self.cached.len().max(range.end), 0);
            self.cached[range.clone()].copy_from_slice(&bytes);
            self.dirty.push(range);
        }

        fn flush(&mut self, is_ok: bool) {
            self.durable.resize(self.cached.len(), 0);
            for range in self.dirty.drain(..).filter(|_| is_ok) {
                self.durable[range.clone()].copy_from_slice(&self.cached[range]);
            }
        }
    }

    /// One group is entered and its flush fails; the node starts again, enters two more, and loses its
    /// power. What then can be read.
    fn after_a_failed_flush(trusts_cache: bool) -> Result<Vec<GroupId>, String> {
        let (mut file, (mut registry, identity)) = (Cached::default(), Registry::format(9, 3, 77));
        file.write(&identity);
        file.flush(true);
        flush(&mut registry);
        file.write(&registry.add(1, 5));
        file.flush(false);
        let (mut registry, rewrite) = read(&file.cached)?.expect("present");
        if trusts_cache {
            registry.trust_cache();
        } else {
            rewrite.iter().for_each(|write| file.write(write));
            file.flush(true);
            flush(&mut registry);
        }
        for group in 2..4 {
            file.write(&registry.add(group, 5));
            file.flush(true);
            flush(&mut registry);
        }
        Ok(read(&file.durable)?.expect("present").0.groups().collect())
    }

    #[test]
    fn a_failed_flush_and_a_power_loss_later_leave_the_registry_readable() {
        assert_eq!(after_a_failed_flush(false), Ok(vec![1, 2, 3]));
        // Without the second flush the node would never open again.
        let never = after_a_failed_flush(true).expect_err("a hole below what was proven");
        assert!(never.starts_with("byte 32 of the node's registry is unreadable"), "{never}");
    }

    #[test]
    fn a_group_that_stands_there_twice_is_refused() {
        let (mut registry, identity) = Registry::format(9, 3, 77);
        let (identity, record) = (identity.parts.concat(), registry.add(4, 5).parts.concat());
        let file = Bytes::from([&identity[..], &record, &record].concat());
        assert_eq!(Registry::read(&file), Err("the node's registry has p4 twice".into()));
    }

    #[test]
    fn its_law_fires() {
        let (mut registry, _) = Registry::format(9, 3, 77);
        registry.keep_laws();
        registry.groups.insert(4, 64);
        let panic = std::panic::catch_unwind(|| registry.keep_laws()).expect_err("no law held");
        assert_eq!(panic.downcast_ref::<String>().expect("words"), "2 records in 32 bytes");
    }
}
