//! Reads that were told that nothing more is there: a poll that brought nothing at all, from every
//! place where its client certainly stood, and a fetch that names the log's end. Of each client and
//! partition the latest one counts: it has seen the most.

use super::{
    open_transactions::OpenTransactions,
    positions::{Positions, Standing, Step},
    told::{Told, told},
};
use crate::{
    breach::line,
    checker::{Event, Shared},
    history::{Call, Offset, Partition, ReadLevel, Stamp},
    ledger::{Act, Fate},
    verdict::Line,
};
use std::collections::BTreeMap;

/// One look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) client: u32,
    pub(crate) standing: Standing,
    /// A fetch is told the end; a poll that brings nothing has come to it.
    pub(crate) end: Option<Offset>,
    pub(crate) called: Stamp,
    pub(crate) at: Stamp,
    pub(crate) level: ReadLevel,
    /// An open transaction may have held it back from what nobody had read yet.
    pub(crate) is_held: bool,
}

impl Look {
    /// Whether it ought to have shown what stands at this offset and was sent at that moment.
    pub(crate) fn covers(&self, offset: Option<Offset>, sent: Stamp) -> bool {
        let is_from = match (self.standing, offset) {
            (Standing::Due(due), Some(offset)) => due <= offset,
            (Standing::Since(since), _) => since < sent,
            // Where it stands nobody knows; a poll that had come to the end would have met it.
            (Standing::Due(_), None) => self.end.is_none(),
        };
        is_from && self.end.is_none_or(|end| offset.is_some_and(|offset| end <= offset))
    }

    /// The first offset that it can have missed.
    pub(crate) fn from(&self) -> Offset {
        match self.standing {
            Standing::Due(due) => due,
            Standing::Since(_) => 0,
        }
    }

    /// Whether it had to show whatever existed at that moment; none where its level promises
    /// nothing about others' messages.
    pub(crate) fn owes(&self, existed: Stamp) -> Option<bool> {
        match self.level {
            ReadLevel::Linearizable => Some(existed < self.called),
            ReadLevel::Bounded(bound) => {
                let is_old = existed.at_ns.saturating_add(bound) <= self.called.at_ns;
                Some(existed < self.called && is_old)
            }
            ReadLevel::Session | ReadLevel::Eventual => None,
        }
    }

    /// The look in words.
    pub(crate) fn lines(&self, partition: Partition) -> Vec<Line> {
        let client = self.client;
        let (asked, told) = match (self.standing, self.end) {
            (Standing::Due(from), Some(end)) => (
                format!("c{client} asked to read partition {partition} from offset {from}"),
                format!("c{client} was told that partition {partition} ends at {end}"),
            ),
            (Standing::Due(due), None) => (
                format!("c{client} polled; in partition {partition} offset {due} was due"),
                format!("c{client} was shown nothing"),
            ),
            (Standing::Since(_), _) => (
                format!("c{client} polled; of partition {partition} it had been shown nothing yet"),
                format!("c{client} was shown nothing"),
            ),
        };
        vec![line(self.called, asked), line(self.at, told)]
    }
}

/// The latest look of every client at every partition, held back and not.
#[derive(Debug, Default)]
pub(crate) struct Looks {
    positions: Positions,
    open: OpenTransactions,
    latest: BTreeMap<(Partition, u32, bool), Look>,
}

impl Looks {
    /// Follows the clients; shows every look, and every step that was not to the next offset.
    pub(crate) fn observe(
        &mut self,
        event: Event<'_>,
        shared: &Shared,
        mut each: impl FnMut(Partition, Look),
        each_step: impl FnMut(Step),
    ) {
        self.open.observe(event);
        self.positions.observe(event, shared, each_step);
        let Event::Returned(call) = event else { return };
        self.end_what_was_read(call, shared);
        let (open, latest) = (&self.open, &mut self.latest);
        let mut note = |partition, standing, end, level| {
            let is_held = open.may_hide(partition, call.called, &shared.contract);
            let look = Look { is_held, ..look(call, standing, end, level) };
            latest.insert((partition, look.client, is_held), look);
            each(partition, look);
        };
        for (partition, standing) in self.positions.looked(call) {
            note(partition, standing, None, shared.contract.poll);
        }
        told(call, |told| match told {
            Told::Fetched { partition, from, level, end, .. } => {
                note(partition, Standing::Due(from), Some(end), level);
            }
            Told::Polled { .. } | Told::Wrote(..) => {}
        });
    }

    /// Whatever of an open transaction was read is committed.
    fn end_what_was_read(&mut self, call: &Call, shared: &Shared) {
        if !self.open.is_any() {
            return;
        }
        let ledger = &shared.ledger;
        for act in ledger.acts() {
            let Act::Read(read) = act else { continue };
            for seen in ledger.records(read) {
                let send = ledger.send_of(seen.message);
                let open = send.filter(|send| send.is_transaction && send.fate == Fate::Unknown);
                if let Some(send) = open {
                    self.open.end(send.call, call.returned.unwrap_or(call.called));
                }
            }
        }
    }

    /// The latest looks of each client at a partition.
    pub(crate) fn at(&self, partition: Partition) -> impl Iterator<Item = &Look> + '_ {
        let all = (partition, 0, false)..=(partition, u32::MAX, true);
        self.latest.range(all).map(|(_, look)| look)
    }

    /// Where the clients stand.
    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }
}

fn look(call: &Call, standing: Standing, end: Option<Offset>, level: ReadLevel) -> Look {
    let at = call.returned.unwrap_or(call.called);
    let (client, called, is_held) = (call.client, call.called, false);
    Look { client, standing, end, called, at, level, is_held }
}
