//! Which partitions an open transaction may be holding back: readers that see only what is
//! committed stop below the first message of an open transaction (Kafka's last stable offset), so
//! that an honest read can end below what was acknowledged long ago.
//!
//! A transaction that has no answer may stay open for ever; a read of one of its messages proves that
//! it was committed.

use super::told::sends;
use crate::{
    by_offset::seat,
    checker::Event,
    contract::{Contract, Isolation},
    history::{Ask, Asked, Outcome, Partition, Stamp},
};
use std::collections::BTreeMap;

/// One partition.
#[derive(Clone, Copy, Debug, Default)]
struct Gate {
    /// Sends of transactions that have no certain end.
    open: u32,
    /// The ordinal at which one last ended.
    closed: u64,
}

/// Every partition that a transaction ever sent to.
#[derive(Debug, Default)]
pub(crate) struct OpenTransactions {
    gates: Vec<Gate>,
    /// Transactions without a certain end, by call: where each of their sends went.
    open: BTreeMap<u64, Vec<Partition>>,
}

impl OpenTransactions {
    pub(crate) fn observe(&mut self, event: Event<'_>) {
        match event {
            Event::Called(call) => self.begin(call),
            Event::Returned(call) => match call.outcome {
                Outcome::Ok(_) | Outcome::Refused(_) => {
                    self.end(call.id, call.returned.unwrap_or(call.called));
                }
                Outcome::Unknown(_) => {}
            },
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    /// Whether there is any without a certain end.
    pub(crate) fn is_any(&self) -> bool {
        !self.open.is_empty()
    }

    /// The transaction of this call has ended, or is now known to have.
    pub(crate) fn end(&mut self, call: u64, at: Stamp) {
        for partition in self.open.remove(&call).unwrap_or_default() {
            let gate = seat(&mut self.gates, partition);
            *gate = Gate { open: gate.open - 1, closed: at.ordinal };
        }
    }

    /// Whether some transaction may have held this partition back at a moment since.
    pub(crate) fn may_hide(&self, partition: Partition, since: Stamp, contract: &Contract) -> bool {
        match contract.isolation {
            Isolation::ReadUncommitted => false,
            Isolation::ReadCommitted | Isolation::Serializable => {
                let gate = self.gates.get(partition as usize);
                gate.is_some_and(|gate| gate.open > 0 || gate.closed > since.ordinal)
            }
        }
    }

    fn begin(&mut self, call: Asked<'_>) {
        if !matches!(call.ask, Ask::Transact { .. }) {
            return;
        }
        let mut partitions = Vec::new();
        sends(call.ask, |sending| partitions.push(sending.partition));
        for partition in &partitions {
            seat(&mut self.gates, *partition).open += 1;
        }
        if !partitions.is_empty() {
            self.open.insert(call.id, partitions);
        }
    }
}
