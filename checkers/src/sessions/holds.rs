//! Transactions that are open, by partition: what stands above one of them may have to wait.
//!
//! A transaction is open from its call until it is known to be committed or aborted. One whose
//! outcome is unknown may stay open for ever. It can only hold back what was appended after it
//! began.

use crate::{
    by_offset::seat,
    history::{Ask, Asked, Call, Outcome, Partition, Stamp, Step},
};
use std::collections::BTreeSet;

/// The transactions that send to one partition.
#[derive(Debug, Default)]
struct Hold {
    /// Ordinals of the calls of those that are open.
    open: BTreeSet<u64>,
    /// Return, and ordinal of the call, of those that are not, in the order of their returns.
    closed: Vec<(Stamp, u64)>,
}

/// Every partition.
#[derive(Debug, Default)]
pub(crate) struct Holds(Vec<Hold>);

impl Holds {
    pub(crate) fn note_call(&mut self, call: Asked<'_>) {
        for partition in partitions(call.ask) {
            seat(&mut self.0, partition).open.insert(call.called.ordinal);
        }
    }

    pub(crate) fn note_return(&mut self, at: Stamp, call: &Call) {
        match call.outcome {
            Outcome::Unknown(_) => {}
            Outcome::Ok(_) | Outcome::Refused(_) => {
                for partition in partitions(&call.ask) {
                    let hold = seat(&mut self.0, partition);
                    if hold.open.remove(&call.called.ordinal) {
                        hold.closed.push((at, call.called.ordinal));
                    }
                }
            }
        }
    }

    /// Whether some transaction that began before `since` was open at any moment from `age_ns`
    /// before this one on.
    pub(crate) fn is_held(&self, partition: Partition, since: u64, at: Stamp, age_ns: u64) -> bool {
        let Some(hold) = self.0.get(partition as usize) else { return false };
        let is_recent = |returned: &Stamp| {
            returned.ordinal > at.ordinal || returned.at_ns.saturating_add(age_ns) > at.at_ns
        };
        let recent = hold.closed.iter().rev().take_while(|(returned, _)| is_recent(returned));
        hold.open.first().is_some_and(|began| *began < since)
            || recent.into_iter().any(|(_, began)| *began < since)
    }
}

fn partitions(ask: &Ask) -> impl Iterator<Item = Partition> + '_ {
    let steps = match ask {
        Ask::Transact { steps } => &steps[..],
        Ask::Produce { .. }
        | Ask::Fetch { .. }
        | Ask::Poll
        | Ask::Assign { .. }
        | Ask::Join { .. }
        | Ask::CommitOffsets { .. }
        | Ask::FetchOffsets { .. } => &[],
    };
    steps.iter().filter_map(|step| match step {
        Step::Send { partition, .. } => Some(*partition),
        Step::Poll => None,
    })
}
