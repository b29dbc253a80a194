//! One call of a client, what it knows of a partition, and what it makes of an answer: whether an attempt
//! may have happened, and whether a refusal says that it did not (S40).

use super::{Fetched, Sequenced};
use crate::{
    batch,
    entry::Entry,
    levels::{Acks, ReadLevel},
    place::Place,
    types::{GroupId, Nanos, NodeId, Offset, Term},
    wire::Refusal,
};
use bytes::Bytes;
use std::collections::VecDeque;

#[derive(Debug)]
pub(super) enum Work {
    Produce { acks: Acks, count: u32, messages: Bytes, sequenced: Option<Sequenced> },
    Fetch { from: Offset, level: ReadLevel, bytes_max: u32 },
    Create { places: Vec<Place> },
}

#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: u64,
    pub(super) group: GroupId,
    pub(super) work: Work,
    pub(super) deadline: Nanos,
    /// The attempt under way: its request number, the term it carries.
    pub(super) attempt: Option<(u64, Term)>,
    /// When the attempt is given up, or the next one begins.
    pub(super) next_at: Nanos,
    pub(super) tries: u32,
    /// Some attempt may have taken effect.
    pub(super) may_have_happened: bool,
}

#[derive(Debug)]
pub(super) struct Partition {
    pub(super) voters: Vec<NodeId>,
    pub(super) leader: Option<(NodeId, Term)>,
    pub(super) epoch: u32,
    pub(super) sequence: u32,
    pub(super) is_busy: bool,
    pub(super) queue: VecDeque<Call>,
}

impl Call {
    pub(super) fn acks(&self) -> Option<Acks> {
        match &self.work {
            Work::Produce { acks, .. } => Some(*acks),
            Work::Fetch { .. } | Work::Create { .. } => None,
        }
    }

    /// The epoch it was sent in, and the sequence that follows it.
    pub(super) fn sequenced(&self) -> Option<(u32, u32)> {
        match &self.work {
            Work::Produce { count, sequenced, .. } => {
                sequenced.map(|own| (own.epoch, own.sequence.wrapping_add(*count)))
            }
            Work::Fetch { .. } | Work::Create { .. } => None,
        }
    }

    pub(super) fn is_produce(&self) -> bool {
        self.acks().is_some()
    }

    /// Whether an attempt of which nothing is known may have changed something.
    pub(super) fn has_effect(&self) -> bool {
        match &self.work {
            Work::Produce { .. } | Work::Create { .. } => true,
            Work::Fetch { .. } => false,
        }
    }

    /// Whether an attempt that was refused like this has no effect and never will. To create carries
    /// no term: whoever refused it for not leading may take it later, when the network repeats it.
    pub(super) fn is_definite(&self, why: Refusal, asked: Term) -> bool {
        match &self.work {
            Work::Produce { .. } | Work::Fetch { .. } => why.is_definite(asked),
            Work::Create { .. } => why == Refusal::Malformed,
        }
    }
}

impl Partition {
    pub(super) fn of(voters: Vec<NodeId>) -> Partition {
        Partition {
            voters,
            leader: None,
            epoch: 0,
            sequence: 0,
            is_busy: false,
            queue: VecDeque::new(),
        }
    }
}

/// The messages of fetched entries from an offset on; none if an entry is damaged.
pub(super) fn read(from: Offset, entries: Vec<Bytes>) -> Option<Vec<Fetched>> {
    let mut records = Vec::new();
    for bytes in entries {
        let entry = Entry::decode(bytes).ok()?;
        let messages = entry.body().get(batch::PREFIX..)?;
        let base = entry.base();
        let is_whole = batch::for_each(messages, |place, message, payload| {
            let offset = base + place;
            if offset >= from {
                records.push(Fetched { offset, message, hash: batch::content(payload) });
            }
        });
        if !is_whole {
            return None;
        }
    }
    Some(records)
}
