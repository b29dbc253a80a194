//! When each partition is first known to have reached each offset: an acknowledgement or a read
//! proves an offset, and with it every one below.

use crate::{
    by_offset::seat,
    checker::{Event, Shared},
    history::{Offset, Partition, Stamp},
    ledger::Act,
};

/// For each partition, every growth: one past the offset that was proven, and when.
#[derive(Debug, Default)]
pub(crate) struct Existence(Vec<Vec<(Offset, Stamp)>>);

impl Existence {
    pub(crate) fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        let Event::Returned(_) = event else { return };
        let ledger = &shared.ledger;
        for act in ledger.acts() {
            let (partition, last) = match act {
                Act::Wrote { message, partition, offset } => {
                    let is_durable = ledger.send_of(*message).is_some_and(|send| send.is_durable());
                    (*partition, offset.filter(|_| is_durable))
                }
                Act::Read(read) => {
                    let records = ledger.records(read);
                    (read.partition, records.iter().map(|seen| seen.offset).max())
                }
            };
            let Some(end) = last.map(|last| last.saturating_add(1)) else { continue };
            let growth = seat(&mut self.0, partition);
            if growth.last().is_none_or(|(before, _)| *before < end) {
                growth.push((end, at));
            }
        }
    }

    /// One past the highest offset that was known to exist for so long that `is_old`.
    pub(crate) fn end(&self, partition: Partition, is_old: impl Fn(Stamp) -> bool) -> Offset {
        let growth = self.0.get(partition as usize).map_or(&[][..], |growth| growth);
        match growth.partition_point(|(_, at)| is_old(*at)).checked_sub(1) {
            Some(place) => growth[place].0,
            None => 0,
        }
    }
}
