//! Operations as a walk over their returns: who is in flight at each, and in which slot.
//!
//! *Level* `l` is the stretch right before return number `l`. Everything that returned before is
//! behind; what was called before it and has not returned is in flight, and has a slot of its own
//! while it is. What may take effect or not has slots apart from the others, so that one mask tells
//! them for the whole history.

use super::mask::Mask;
use std::{cmp::Reverse, collections::BinaryHeap};

/// A return that never comes.
pub(crate) const NEVER: u32 = u32::MAX;
/// Marks a return among moments: behind every call of the same ordinal.
const RETURN: u32 = 1 << 31;
/// The act of an operation that asks for nothing: it is walked past.
pub(crate) const NOTHING: u32 = u32::MAX;

/// One operation, as a search sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Op {
    /// Its index in the history.
    pub(crate) index: u32,
    /// The number of its return among all returns.
    pub(crate) returned: u32,
    pub(crate) slot: u32,
    /// What it does, as the number of an act.
    pub(crate) act: u32,
}

/// What a timeline is made of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) index: u32,
    pub(crate) called: u64,
    pub(crate) returned: Option<u64>,
    pub(crate) act: u32,
    /// Whether it may take effect or not, until it returns.
    pub(crate) is_optional: bool,
}

/// Operations in order of their calls.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    pub(crate) ops: Vec<Op>,
    /// Operations in order of their returns.
    pub(crate) returns: Vec<u32>,
    /// For each return, how many were called before it; at the end, how many there are.
    pub(crate) called: Vec<u32>,
    /// Slots of operations that must take effect: the first of all slots.
    pub(crate) slots_required: u32,
    pub(crate) slots: u32,
}

impl Timeline {
    /// No return may come before its call, and there are fewer than two billion parts; the caller
    /// has looked.
    pub(crate) fn new(parts: &[Part]) -> Timeline {
        let mut moments: Vec<(u64, u32)> = Vec::with_capacity(parts.len() * 2);
        for (part, number) in parts.iter().zip(0u32..) {
            moments.push((part.called, number));
            moments.extend(part.returned.map(|returned| (returned, number | RETURN)));
        }
        moments.sort_unstable();
        let mut timeline = Timeline::default();
        timeline.ops.reserve_exact(parts.len());
        let mut number_of = vec![0; parts.len()];
        let mut pools = [Pool::default(), Pool::default()];
        for (_, number) in moments {
            let (is_call, number) = (number & RETURN == 0, number & !RETURN);
            let part = &parts[number as usize];
            let pool = &mut pools[usize::from(part.is_optional)];
            if is_call {
                number_of[number as usize] = timeline.ops.len() as u32;
                let (index, act, slot) = (part.index, part.act, pool.take());
                timeline.ops.push(Op { index, returned: NEVER, slot, act });
            } else {
                let op = number_of[number as usize];
                timeline.ops[op as usize].returned = timeline.returns.len() as u32;
                pool.give_back(timeline.ops[op as usize].slot);
                timeline.called.push(timeline.ops.len() as u32);
                timeline.returns.push(op);
            }
        }
        timeline.called.push(timeline.ops.len() as u32);
        timeline.slots_required = pools[0].len;
        timeline.slots = pools[0].len + pools[1].len;
        for (part, op) in parts.iter().zip(number_of).filter(|(part, _)| part.is_optional) {
            assert_eq!(part.index, timeline.ops[op as usize].index);
            timeline.ops[op as usize].slot += timeline.slots_required;
        }
        timeline
    }

    /// How many returns there are: a search that has them all behind it is done.
    pub(crate) fn end(&self) -> u32 {
        self.returns.len() as u32
    }

    /// Whether it may take effect or not, until it returns.
    pub(crate) fn is_optional(&self, op: u32) -> bool {
        self.ops[op as usize].slot >= self.slots_required
    }

    /// Who is in flight at this level, and who is called from there up to the other one.
    pub(crate) fn between(&self, from: u32, until: u32) -> impl Iterator<Item = u32> + '_ {
        let called = self.called[until as usize];
        (0..called).filter(move |op| self.ops[*op as usize].returned >= from)
    }

    /// Whether it has been called at this level and has not returned.
    pub(crate) fn in_flight(&self, op: u32, level: u32) -> bool {
        op < self.called[level as usize] && self.ops[op as usize].returned >= level
    }

    pub(super) fn bytes(&self) -> u64 {
        let ops = self.ops.capacity() * size_of::<Op>();
        (ops + (self.returns.capacity() + self.called.capacity()) * 4) as u64
    }
}

/// Slots: the lowest free one is given first.
#[derive(Default)]
struct Pool {
    free: BinaryHeap<Reverse<u32>>,
    len: u32,
}

impl Pool {
    fn take(&mut self) -> u32 {
        self.free.pop().map_or_else(
            || {
                self.len += 1;
                self.len - 1
            },
            |Reverse(slot)| slot,
        )
    }

    fn give_back(&mut self, slot: u32) {
        self.free.push(Reverse(slot));
    }
}

/// A place on the timeline that can be moved both ways.
pub(super) struct Window<'a> {
    pub(super) timeline: &'a Timeline,
    level: u32,
    /// Who is in flight, by their returns, the next one last.
    in_flight: Vec<u32>,
}

impl<'a> Window<'a> {
    pub(super) fn new(timeline: &'a Timeline) -> Window<'a> {
        let mut window = Window { timeline, level: 0, in_flight: Vec::new() };
        (0..timeline.called[0]).for_each(|op| window.enter(op));
        window
    }

    pub(super) fn level(&self) -> u32 {
        self.level
    }

    /// The operation that returns at the end of this level.
    pub(super) fn next(&self) -> u32 {
        self.timeline.returns[self.level as usize]
    }

    /// Who is in flight, by position: from the next to return to those that never do.
    pub(super) fn nth(&self, position: usize) -> Option<u32> {
        let place = self.in_flight.len().checked_sub(position + 1)?;
        Some(self.in_flight[place])
    }

    /// Past one return. Says who was called behind it.
    pub(super) fn forward(&mut self) -> std::ops::Range<u32> {
        let returned = self.in_flight.pop();
        assert_eq!(returned, Some(self.next()));
        self.level += 1;
        let called = self.called();
        called.clone().for_each(|op| self.enter(op));
        called
    }

    /// Back to a lower level.
    pub(super) fn rewind(&mut self, level: u32) {
        while self.level > level {
            self.called().rev().for_each(|op| self.leave(op));
            self.level -= 1;
            self.in_flight.push(self.next());
        }
    }

    /// Who was called between the return before this level and the one after it.
    fn called(&self) -> std::ops::Range<u32> {
        let called = &self.timeline.called;
        called[self.level as usize - 1]..called[self.level as usize]
    }

    fn place(&self, op: u32) -> usize {
        let key = |op: u32| (self.timeline.ops[op as usize].returned, op);
        self.in_flight.partition_point(|other| key(*other) > key(op))
    }

    fn enter(&mut self, op: u32) {
        let place = self.place(op);
        self.in_flight.insert(place, op);
    }

    fn leave(&mut self, op: u32) {
        let place = self.place(op);
        let left = self.in_flight.remove(place);
        assert_eq!(left, op);
    }
}

/// The slots of operations that may take effect or not.
pub(super) fn optional<K: Mask>(timeline: &Timeline) -> K {
    let mut mask = K::empty(timeline.slots);
    (timeline.slots_required..timeline.slots).for_each(|slot| mask.insert(slot));
    mask
}
