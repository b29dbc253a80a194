//! Which partitions an open transaction may be holding back: readers that see only what is
//! committed stop below the first message of an open transaction (Kafka's last stable offset), so
//! that an honest read can end below what was acknowledged long ago.

use super::told::sends;
use crate::{
    by_offset::seat,
    checker::Event,
    contract::{Contract, Isolation},
    history::{Ask, Call, Outcome, Partition, Stamp},
};

/// One partition.
#[derive(Clone, Copy, Debug, Default)]
struct Gate {
    /// Transactions that sent to it and have no certain end. One that ended `unknown` stays.
    open: u32,
    /// The ordinal at which one last ended.
    closed: u64,
}

/// Every partition that a transaction ever sent to.
#[derive(Debug, Default)]
pub(crate) struct OpenTransactions(Vec<Gate>);

impl OpenTransactions {
    pub(crate) fn observe(&mut self, event: Event<'_>) {
        match event {
            Event::Called(call) => self.each_gate(call, |gate| gate.open += 1),
            Event::Returned(call) => match call.outcome {
                Outcome::Ok(_) | Outcome::Refused(_) => {
                    let at = call.returned.unwrap_or(call.called).ordinal;
                    self.each_gate(call, |gate| {
                        *gate = Gate { open: gate.open.saturating_sub(1), closed: at };
                    });
                }
                Outcome::Unknown(_) => {}
            },
            Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    /// Whether some transaction may have held this partition back at a moment since.
    pub(crate) fn may_hide(&self, partition: Partition, since: Stamp, contract: &Contract) -> bool {
        match contract.isolation {
            Isolation::ReadUncommitted => false,
            Isolation::ReadCommitted | Isolation::Serializable => {
                let gate = self.0.get(partition as usize);
                gate.is_some_and(|gate| gate.open > 0 || gate.closed > since.ordinal)
            }
        }
    }

    fn each_gate(&mut self, call: &Call, change: impl Fn(&mut Gate)) {
        if !matches!(call.ask, Ask::Transact { .. }) {
            return;
        }
        // Once for each send is as good as once for each partition, as long as both ends agree.
        sends(&call.ask, |sending| change(seat(&mut self.0, sending.partition)));
    }
}
