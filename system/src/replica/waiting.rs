//! Calls that wait until their entry is as safe as they asked for: flushed here, by a quorum, or by a
//! quorum that spans regions. Each queue is in order of index, so what is reached is at its front.

use super::{Context, core::Core};
use crate::{
    levels::Acks,
    types::{Endpoint, EntryId, Index, Offset},
    wire::{Answer, Receipt, answer::Produced},
};
use std::collections::VecDeque;

/// One call that waits.
#[derive(Clone, Debug)]
pub(super) struct Waiter {
    pub(super) client: Endpoint,
    pub(super) request: u64,
    pub(super) acks: Acks,
    pub(super) entry: EntryId,
    pub(super) offset: Offset,
}

impl Waiter {
    /// Tells whoever waits that it waits no more.
    pub(super) fn acknowledge(self, core: &Core, ctx: &mut Context<'_>) {
        let Waiter { client, request, acks, entry, offset } = self;
        let receipt = Receipt { incarnation: core.incarnation, entry, offset };
        core.answer(ctx, client, request, Answer::Produced(Produced { acks, receipt }));
    }
}

/// How far each promise is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    /// The leader flushed it.
    pub(super) leader: Index,
    /// It is committed.
    pub(super) quorum: Index,
    /// It is committed, by a quorum that spans regions (J4).
    pub(super) regions: Index,
}

/// Calls that wait, by what they wait for.
#[derive(Clone, Debug, Default)]
pub(super) struct Waiting {
    leader: VecDeque<Waiter>,
    quorum: VecDeque<Waiter>,
    regions: VecDeque<Waiter>,
}

impl Waiting {
    /// Remembers whom to tell when an entry has become what its level asks for.
    pub(super) fn add(&mut self, waiter: Waiter) {
        let waiting = match waiter.acks {
            Acks::None => return,
            Acks::Leader => &mut self.leader,
            Acks::Quorum => &mut self.quorum,
            Acks::RegionQuorum => &mut self.regions,
        };
        // A repeat waits for an entry that is older than the newest.
        let place = waiting.partition_point(|other| other.entry.index <= waiter.entry.index);
        assert!(waiter.entry.index > 0, "c{} waits for no entry", waiter.client);
        waiting.insert(place, waiter);
    }

    /// Whether anybody waits.
    pub(super) fn is_any(&self) -> bool {
        !(self.leader.is_empty() && self.quorum.is_empty() && self.regions.is_empty())
    }

    /// Whether anybody waits for a quorum that spans regions.
    pub(super) fn is_any_for_regions(&self) -> bool {
        !self.regions.is_empty()
    }

    /// Acknowledges what has been reached.
    pub(super) fn release(&mut self, core: &Core, ctx: &mut Context<'_>, reached: Reached) {
        let Reached { leader, quorum, regions } = reached;
        assert!(regions <= quorum, "{regions} spans regions, and {quorum} is committed (J4)");
        let queues =
            [(&mut self.leader, leader), (&mut self.quorum, quorum), (&mut self.regions, regions)];
        for (waiting, reached) in queues {
            let is_due = |waiter: &Waiter| waiter.entry.index <= reached;
            let due = waiting.iter().take_while(|waiter| is_due(waiter)).count();
            waiting.drain(..due).for_each(|waiter| waiter.acknowledge(core, ctx));
        }
    }

    /// Everyone who waits, and waits in vain.
    pub(super) fn into_calls(self) -> impl Iterator<Item = (Endpoint, u64)> {
        let waiters = self.leader.into_iter().chain(self.quorum).chain(self.regions);
        waiters.map(|waiter| (waiter.client, waiter.request))
    }

    /// The laws of what waits, at the end of a turn, when the leader has flushed and committed so much. The
    /// older ones were asked about when they came.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, last: Index, flushed: Index, commit: Index) {
        for (waiting, reached) in [(&self.leader, flushed), (&self.quorum, commit)] {
            let first = waiting.front().map_or(Index::MAX, |waiter| waiter.entry.index);
            assert!(reached < first, "a call still waits for {first}, and {reached} is reached");
        }
        for waiting in [&self.leader, &self.quorum, &self.regions] {
            let mut newest = waiting.iter().rev().map(|waiter| waiter.entry.index);
            let Some(index) = newest.next() else { continue };
            assert!(index <= last, "a call waits for {index}, the log ends at {last}");
            let before = newest.next().unwrap_or(0);
            assert!(before <= index, "calls wait out of order: {before} before {index}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(indexes: &[Index], reached: Index) -> String {
        let waiter = |index: &Index| Waiter {
            client: 9,
            request: 1,
            acks: Acks::Quorum,
            entry: EntryId { index: *index, ..EntryId::default() },
            offset: 0,
        };
        let waiting =
            Waiting { quorum: indexes.iter().map(waiter).collect(), ..Waiting::default() };
        let panic =
            std::panic::catch_unwind(|| waiting.keep_laws(1, 0, reached)).expect_err("no law held");
        panic.downcast_ref::<String>().expect("words").clone()
    }

    #[test]
    fn each_law_fires() {
        assert_eq!(said(&[2, 1], 0), "calls wait out of order: 2 before 1");
        assert_eq!(said(&[1, 2], 0), "a call waits for 2, the log ends at 1");
        assert_eq!(said(&[1], 1), "a call still waits for 1, and 1 is reached");
    }
}
