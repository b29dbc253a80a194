//! A node's identity and the groups it holds, in a small append-only file (S1-S3). Three answers when
//! it is read: empty, present, unreadable; only an empty one may be formatted, and an unreadable one
//! never passes for a fresh node (F11).
//!
//! Several groups may be entered with one flush, and a power loss before its end takes any of their
//! records. Therefore each carries how much was durable when it was written: damage below that is rot
//! and refused; damage above it was never flushed, so none of those groups took part, and is cut.

use crate::{host::FileId, types::GroupId, types::NodeId};
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::BTreeSet;

/// The registry's file.
pub const FILE: FileId = FileId(0);
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
    /// Groups whose files were durable before they took part in anything.
    pub groups: BTreeSet<GroupId>,
    /// Bytes of the file.
    pub length: u64,
    /// Bytes of it that are known to be durable.
    pub proven: u64,
}

impl Registry {
    /// A new registry and the record that begins its file.
    pub fn format(cluster: u64, node: NodeId, incarnation: u64) -> (Registry, Bytes) {
        let length = RECORD as u64;
        let groups = BTreeSet::new();
        let registry = Registry { cluster, node, incarnation, groups, length, proven: 0 };
        (registry, record(IDENTITY, node, cluster, incarnation))
    }

    /// Reads a registry: none if the file is empty.
    pub fn read(bytes: &[u8]) -> Result<Option<Registry>, String> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let mut records = bytes.chunks(RECORD).map(read_record);
        let Some(Some((IDENTITY, node, cluster, incarnation))) = records.next() else {
            return Err("the identity in the node's registry is unreadable".into());
        };
        let (mut registry, _) = Registry::format(cluster, node, incarnation);
        registry.proven = registry.length;
        let mut is_torn = false;
        for record in records {
            match record {
                Some((GROUP, group, proven, _)) => {
                    registry.proven = registry.proven.max(proven);
                    if !is_torn {
                        registry.groups.insert(group);
                        registry.length += RECORD as u64;
                    }
                }
                Some(_) | None => is_torn = true,
            }
        }
        if registry.proven > registry.length {
            return Err(format!(
                "byte {} of the node's registry is unreadable, but {} bytes were durable",
                registry.length, registry.proven
            ));
        }
        Ok(Some(registry))
    }

    /// Adds a group, and says what to append to the file.
    pub fn add(&mut self, group: GroupId, incarnation: u64) -> (u64, Bytes) {
        let at = self.length;
        self.groups.insert(group);
        self.length += RECORD as u64;
        (at, record(GROUP, group, self.proven, incarnation))
    }

    /// Everything that was added so far is durable.
    pub fn flushed(&mut self) {
        self.proven = self.length;
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

    #[test]
    fn a_registry_is_empty_present_or_unreadable_and_never_guessed() {
        let (mut registry, first) = Registry::format(9, 3, 77);
        let (at, second) = registry.add(4, 5);
        let mut file = first.to_vec();
        assert_eq!(at as usize, file.len());
        file.extend_from_slice(&second);
        assert_eq!(Registry::read(&[]), Ok(None));
        registry.proven = 32;
        assert_eq!(Registry::read(&file), Ok(Some(registry.clone())));
        // A torn tail is a group that never took part; damage to the identity is no fresh disk.
        registry.groups.clear();
        registry.length = 32;
        assert_eq!(Registry::read(&file[..40]), Ok(Some(registry)));
        file[9] ^= 1;
        assert!(Registry::read(&file).is_err());
    }

    #[test]
    fn a_power_loss_while_groups_are_entered_takes_any_of_them_and_not_the_node() {
        let (mut registry, identity) = Registry::format(9, 3, 77);
        registry.flushed();
        let first: Vec<Bytes> = (1..4).map(|group| registry.add(group, 5).1).collect();
        // What is left of the three: each intact, or never written and read as zeros.
        for left in 0..8usize {
            let mut file = identity.to_vec();
            for (place, record) in first.iter().enumerate() {
                let is_left = left >> place & 1 == 1;
                file.extend_from_slice(if is_left { record } else { &[0; RECORD] });
            }
            let read = Registry::read(&file).expect("readable").expect("present");
            assert_eq!(read.groups.len(), (!left).trailing_zeros().min(3) as usize, "{left:03b}");
            assert_eq!(read.length, 32 * (1 + read.groups.len() as u64));
        }
        // Once they are flushed and another follows, the same damage is rot.
        registry.flushed();
        let mut file = [&identity[..], &first.concat(), &registry.add(4, 5).1].concat();
        assert!(Registry::read(&file).is_ok_and(|read| read == Some(registry)));
        file[70] ^= 1;
        assert!(Registry::read(&file).is_err());
    }
}
