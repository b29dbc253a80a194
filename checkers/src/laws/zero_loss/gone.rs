//! What is lost for certain before anyone drains: the entry of an acknowledgement that no disk holds
//! and no process can still flush. Whatever a drain may find later, it will not find that entry.

use crate::{
    by_offset::seat,
    facts::{EntryId, Fact, Group, Node, ReplicaView},
    history::MessageId,
    truth::DiskTruth,
};
use std::collections::BTreeMap;

/// An acknowledgement at a durable level that left a node: its entry, and the first message in it.
#[derive(Clone, Copy, Debug)]
struct Promise {
    entry: EntryId,
    first: MessageId,
}

/// What a replica says of its log: how much it believes to be flushed, and where it ends.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    flushed: u64,
    last: u64,
}

/// The promises of partitions that were not drained, and what processes hold in memory.
#[derive(Debug, Default)]
pub(super) struct Gone {
    promises: Vec<Vec<Promise>>,
    held: Vec<Vec<Held>>,
}

impl Gone {
    pub(super) fn note(&mut self, fact: &Fact) {
        if let Fact::Acked { group, acks, entry, message, .. } = fact
            && acks.is_durable()
        {
            let promise = Promise { entry: *entry, first: *message };
            seat(&mut self.promises, *group).push(promise);
        }
        if let Fact::Stopped { node } = fact {
            for nodes in &mut self.held {
                *seat(nodes, *node) = Held::default();
            }
        }
    }

    pub(super) fn see(&mut self, seen: &ReplicaView) {
        let held = Held { flushed: seen.flushed, last: seen.last };
        *seat(seat(&mut self.held, seen.group), seen.node) = held;
    }

    /// The partition was read to its end: what is missing is known better than from disks.
    pub(super) fn drained(&mut self, group: Group) {
        *seat(&mut self.promises, group) = Vec::new();
    }

    /// The first messages of promises of which nothing is left, and the entries that they were in. What
    /// was acknowledged twice, in two entries, is gone when both are.
    pub(super) fn broken(&self, truth: &DiskTruth) -> BTreeMap<MessageId, EntryId> {
        let all = (0..).zip(&self.promises);
        let all = all.flat_map(|(group, promises)| promises.iter().map(move |it| (group, it)));
        let (held, gone): (Vec<_>, Vec<_>) =
            all.partition(|(group, promise)| self.is_held(*group, promise.entry, truth));
        let mut gone: BTreeMap<MessageId, EntryId> =
            gone.into_iter().map(|(_, promise)| (promise.first, promise.entry)).collect();
        if !gone.is_empty() {
            for (_, promise) in held {
                gone.remove(&promise.first);
            }
        }
        gone
    }

    /// Whether some disk holds the entry, or some process may: what it has not flushed, or only
    /// believes to have flushed, no disk tells.
    fn is_held(&self, group: Group, entry: EntryId, truth: &DiskTruth) -> bool {
        let in_memory = |(node, held): (Node, &Held)| {
            let durable = truth.log(node, group).last().map_or(0, |last| last.index);
            held.last >= entry.index && entry.index > held.flushed.min(durable)
        };
        let nodes = self.held.get(group as usize).into_iter().flatten();
        (0..=truth.node_max(group)).any(|node| truth.log(node, group).has(entry))
            || (0..).zip(nodes).any(in_memory)
    }
}
