//! What is durable of a log, and what waits for it. A block makes durable the log up to some index, in
//! some generation, under some term; blocks become durable in order. What claims that leaves no sooner.

use super::Context;
use crate::{
    planted::Planted,
    rules,
    types::{Endpoint, Index, Term},
    wire::{Message, Peer},
};
use std::collections::VecDeque;

/// What a block makes durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tail {
    /// The log up to here (S9).
    pub(super) index: Index,
    /// Cuts that the log has seen. Only those that are durable are told, for a power loss takes the
    /// others back, and whoever has heard of them counts nothing any more.
    pub(super) generation: u64,
    /// Whatever is claimed under a newer term may be forgotten (S4, S9).
    pub(super) term: Term,
}

/// What waits for a flush.
#[derive(Clone, Debug)]
pub(super) enum Held {
    Send(Endpoint, Message),
    OwnVote(Term),
}

/// What is durable, and what blocks under way will make of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Durability {
    durable: Tail,
    /// What blocks that are not flushed yet make of the log, by number.
    under_way: VecDeque<(u64, Tail)>,
    held: VecDeque<(u64, Held)>,
}

impl Durability {
    pub(super) fn durable(&self) -> Tail {
        self.durable
    }

    /// Notes what the block that is being gathered makes of the log.
    pub(super) fn note(&mut self, mark: u64, tail: Tail) {
        let newest = self.under_way.back().map_or(0, |(newest, _)| *newest);
        assert!(mark >= newest, "block {mark} is noted after block {newest}");
        match self.under_way.back_mut() {
            Some((newest, noted)) if *newest == mark => *noted = tail,
            Some(_) | None => self.under_way.push_back((mark, tail)),
        }
    }

    /// The log was cut: what stood above is not durable any more, and no block makes it so (S9, C5).
    pub(super) fn cut(&mut self, last: Index, planted: &mut Planted) {
        if rules::flushing::cut_lowers_durable(self.durable.index, last, planted) {
            self.durable.index = last;
        }
        let Tail { generation, .. } = self.durable;
        let newest = self.under_way.back().map_or(generation, |(_, tail)| tail.generation);
        assert!(generation <= newest, "cut {generation} is durable, {newest} is under way (S9)");
        for (_, tail) in &mut self.under_way {
            if rules::flushing::cut_lowers_block(tail.index, last, planted) {
                tail.index = last;
            }
        }
    }

    /// Blocks up to this one are durable.
    pub(super) fn end_flush(&mut self, block: u64) {
        while let Some(tail) = pop_due(&mut self.under_way, block) {
            let before = self.durable;
            assert!(tail.term >= before.term, "{tail:?} is durable after {before:?} (S4)");
            assert!(tail.generation >= before.generation, "{tail:?} after {before:?} (S9)");
            self.durable = Tail { index: before.index.max(tail.index), ..tail };
        }
    }

    /// Keeps what claims block `mark` until it is durable; gives it back if it may leave now.
    pub(super) fn hold(
        &mut self,
        ctx: &mut Context<'_>,
        (mark, flushed): (u64, u64),
        to: Endpoint,
        message: Message,
    ) -> Option<Message> {
        assert!(mark >= flushed, "held for block {mark}, and {flushed} is flushed (S9)");
        let is_vote = matches!(message, Message::Peer(Peer::VoteReply(_)));
        if rules::flushing::may_leave(mark, flushed, is_vote, ctx.planted) {
            return Some(message);
        }
        // Of several acknowledgements that leave together the last one says it all.
        if let (Message::Peer(Peer::AppendOk(_)), Some((waiting, Held::Send(same, before)))) =
            (&message, self.held.back_mut())
            && *waiting == mark
            && *same == to
            && matches!(before, Message::Peer(Peer::AppendOk(_)))
        {
            *before = message;
            return None;
        }
        self.held.push_back((mark, Held::Send(to, message)));
        None
    }

    /// Keeps the own vote until it is durable.
    pub(super) fn hold_own_vote(&mut self, mark: u64, term: Term) {
        self.held.push_back((mark, Held::OwnVote(term)));
    }

    /// Whether its own vote waits.
    pub(super) fn holds_own_vote(&self) -> bool {
        self.held.iter().any(|(_, held)| matches!(held, Held::OwnVote(_)))
    }

    /// What may leave next, once blocks up to this one are durable.
    pub(super) fn release(&mut self, block: u64) -> Option<Held> {
        pop_due(&mut self.held, block)
    }

    /// A newer term: what was held under the older one claims nothing any more (S16).
    pub(super) fn forget(&mut self) {
        self.held.clear();
    }

    /// The laws of what is durable, at the end of a turn: `tail` is what the log is now, and blocks up to
    /// `block` are durable.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, tail: Tail, block: u64) {
        let durable = self.durable;
        assert!(
            durable.index <= tail.index,
            "{} are flushed of {} (S9)",
            durable.index,
            tail.index
        );
        let (term, newest) = (durable.term, tail.term);
        assert!(term <= newest, "term {term} is durable, {newest} is the newest (S4)");
        let (cuts, newest) = (durable.generation, tail.generation);
        assert!(cuts <= newest, "cut {cuts} is durable, {newest} were made (S9)");
        // What is held leaves with its block: nothing waits for one that is durable.
        if let Some((mark, _)) = self.held.front() {
            assert!(*mark > block, "held for block {mark}, and {block} is durable (S9)");
        }
        let held = newest_two(self.held.iter().rev().map(|(mark, _)| *mark));
        assert!(held[0] <= held[1], "held out of order: {held:?}");
        let tails = newest_two(self.under_way.iter().rev().map(|(mark, _)| *mark));
        assert!(tails[0] <= tails[1], "blocks under way out of order: {tails:?}");
        if let Some((mark, noted)) = self.under_way.back() {
            let (end, last) = (noted.index, tail.index);
            assert!(end <= last, "block {mark} goes to {end}, the log to {last}");
        }
    }
}

/// The first of what waits in order of blocks, if its block is at most this one.
fn pop_due<T>(waiting: &mut VecDeque<(u64, T)>, block: u64) -> Option<T> {
    if waiting.front()?.0 > block {
        return None;
    }
    waiting.pop_front().map(|(_, due)| due)
}

/// The last two of what is handed newest first, in order; the older ones were compared when they came.
fn newest_two(mut newest_first: impl Iterator<Item = u64>) -> [u64; 2] {
    let last = newest_first.next().unwrap_or(0);
    [newest_first.next().unwrap_or(0), last]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(spoil: impl FnOnce(&mut Durability)) -> String {
        let tail = Tail { index: 1, generation: 0, term: 3 };
        let mut durability = Durability::default();
        durability.keep_laws(tail, 0);
        spoil(&mut durability);
        let kept = std::panic::AssertUnwindSafe(|| durability.keep_laws(tail, 0));
        let panic = std::panic::catch_unwind(kept).expect_err("no law held");
        panic.downcast_ref::<String>().expect("words").clone()
    }

    #[test]
    fn each_law_fires() {
        let flushed = said(|it| it.durable.index = 2);
        assert_eq!(flushed, "2 are flushed of 1 (S9)");
        let term = said(|it| it.durable.term = 4);
        assert_eq!(term, "term 4 is durable, 3 is the newest (S4)");
        let cut = said(|it| it.durable.generation = 1);
        assert_eq!(cut, "cut 1 is durable, 0 were made (S9)");
        let due = said(|it| it.hold_own_vote(0, 3));
        assert_eq!(due, "held for block 0, and 0 is durable (S9)");
        let held = said(|it| [2, 1].into_iter().for_each(|mark| it.hold_own_vote(mark, 3)));
        assert_eq!(held, "held out of order: [2, 1]");
        let tail = |index| Tail { index, generation: 0, term: 3 };
        let tails = said(|it| it.under_way.extend([(2, tail(0)), (1, tail(0))]));
        assert_eq!(tails, "blocks under way out of order: [2, 1]");
        let beyond = said(|it| it.note(9, tail(7)));
        assert_eq!(beyond, "block 9 goes to 7, the log to 1");
    }

    #[test]
    fn a_cut_reaches_blocks_that_are_under_way() {
        let tail = |index, generation| Tail { index, generation, term: 1 };
        let mut durability = Durability::default();
        durability.note(1, tail(5, 0));
        durability.cut(3, &mut Planted::default());
        durability.note(2, tail(3, 1));
        durability.end_flush(1);
        assert_eq!(durability.durable(), tail(3, 0), "what was cut is not durable");
        durability.end_flush(2);
        assert_eq!(durability.durable(), tail(3, 1));
    }
}
