//! When each partition is first known to have reached each offset: an acknowledgement or a read
//! proves an offset, and with it every one below. What was read once can be read for ever, and no
//! open transaction can hide it any more; of what was only acknowledged nobody knows that.

use crate::{
    breach::line,
    by_offset::seat,
    checker::{Event, Shared},
    history::{Offset, Partition, Stamp},
    ledger::Act,
    verdict::Line,
};

/// Who proved that a partition has come so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proof {
    /// One past the offset that was proven.
    end: Offset,
    at: Stamp,
    pub(crate) client: u32,
    is_read: bool,
}

impl Proof {
    /// The proof in words.
    pub(crate) fn line(&self, partition: Partition) -> Line {
        let Proof { end, at, client, is_read } = *self;
        let last = end.saturating_sub(1);
        line(
            at,
            match is_read {
                true => format!("c{client} had read partition {partition} up to offset {last}"),
                false => format!("c{client} was told of offset {last} of partition {partition}"),
            },
        )
    }
}

/// Every growth of one partition.
type Growth = Vec<Proof>;

/// For each partition, how far it is known to reach, and how far it was read.
#[derive(Debug, Default)]
pub(crate) struct Existence {
    known: Vec<Growth>,
    read: Vec<Growth>,
}

impl Existence {
    pub(crate) fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let Event::Returned(call) = event else { return };
        let (ledger, client) = (&shared.ledger, call.client);
        let end = |last: Offset| last.saturating_add(1);
        for act in ledger.acts() {
            match act {
                Act::Wrote { message, partition, offset } => {
                    let is_durable = ledger.send_of(*message).is_some_and(|send| send.is_durable());
                    if let Some(offset) = offset.filter(|_| is_durable) {
                        let proof = Proof { end: end(offset), at, client, is_read: false };
                        grow(seat(&mut self.known, *partition), proof);
                    }
                }
                Act::Read(read) => {
                    let records = ledger.records(read);
                    if let Some(last) = records.iter().map(|seen| seen.offset).max() {
                        let proof = Proof { end: end(last), at, client, is_read: true };
                        grow(seat(&mut self.known, read.partition), proof);
                        grow(seat(&mut self.read, read.partition), proof);
                    }
                }
            }
        }
    }

    /// One past the highest offset that was known to exist for so long that `is_old`; under an open
    /// transaction, only what was read counts.
    pub(crate) fn end(
        &self,
        partition: Partition,
        is_held: bool,
        is_old: impl Fn(Stamp) -> bool,
    ) -> Offset {
        let growth = self.growth(partition, is_held);
        match growth.partition_point(|proof| is_old(proof.at)).checked_sub(1) {
            Some(place) => growth[place].end,
            None => 0,
        }
    }

    /// Who first proved this offset; who first read so far.
    pub(crate) fn proof(
        &self,
        partition: Partition,
        is_held: bool,
        offset: Offset,
    ) -> Option<Proof> {
        let growth = self.growth(partition, is_held);
        growth.get(growth.partition_point(|proof| proof.end <= offset)).copied()
    }

    fn growth(&self, partition: Partition, is_held: bool) -> &[Proof] {
        let all = if is_held { &self.read } else { &self.known };
        all.get(partition as usize).map_or(&[][..], |growth| growth)
    }
}

fn grow(growth: &mut Growth, proof: Proof) {
    if growth.last().is_none_or(|before| before.end < proof.end) {
        growth.push(proof);
    }
}
