//! When each partition is first known to have reached each offset: an acknowledgement or a read
//! proves an offset, and with it every one below. What was read once can be read for ever, and no
//! open transaction can hide it any more; of what was only acknowledged nobody knows that.

use crate::{
    by_offset::seat,
    checker::{Event, Shared},
    history::{Offset, Partition, Stamp},
    ledger::Act,
};

/// Every growth of one partition: one past the offset that was proven, and when.
type Growth = Vec<(Offset, Stamp)>;

/// For each partition, how far it is known to reach, and how far it was read.
#[derive(Debug, Default)]
pub(crate) struct Existence {
    known: Vec<Growth>,
    read: Vec<Growth>,
}

impl Existence {
    pub(crate) fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let Event::Returned(_) = event else { return };
        let ledger = &shared.ledger;
        for act in ledger.acts() {
            match act {
                Act::Wrote { message, partition, offset } => {
                    let is_durable = ledger.send_of(*message).is_some_and(|send| send.is_durable());
                    if let Some(offset) = offset.filter(|_| is_durable) {
                        grow(seat(&mut self.known, *partition), offset, at);
                    }
                }
                Act::Read(read) => {
                    let records = ledger.records(read);
                    if let Some(last) = records.iter().map(|seen| seen.offset).max() {
                        grow(seat(&mut self.known, read.partition), last, at);
                        grow(seat(&mut self.read, read.partition), last, at);
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
        let all = if is_held { &self.read } else { &self.known };
        let growth = all.get(partition as usize).map_or(&[][..], |growth| growth);
        match growth.partition_point(|(_, at)| is_old(*at)).checked_sub(1) {
            Some(place) => growth[place].0,
            None => 0,
        }
    }
}

fn grow(growth: &mut Growth, last: Offset, at: Stamp) {
    let end = last.saturating_add(1);
    if growth.last().is_none_or(|(before, _)| *before < end) {
        growth.push((end, at));
    }
}
