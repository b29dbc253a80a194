//! Values that swaps join: what came of what, and who put and found each.

use super::{
    super::timeline::Time,
    History,
    values::{INITIAL, NOBODY, Part},
};

/// A value, its swap to another value, and so on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Chain {
    /// The first value.
    pub(super) root: u32,
    /// The earliest return; 0 for what was there from the beginning.
    pub(super) first: Time,
    pub(super) first_by: u32,
    /// The latest call.
    pub(super) last: Time,
    pub(super) last_by: u32,
}

/// All values that were ever there.
#[derive(Debug)]
pub(super) struct Chains {
    /// In the order in which they were there, if any order is right.
    pub(super) chains: Vec<Chain>,
    /// By value: where its operations begin in `members`.
    starts: Vec<u32>,
    /// By value: who put it, then who found it, in order of calls.
    members: Vec<u32>,
}

impl Chains {
    /// The values of a history, and no chain yet.
    pub(super) fn none(history: &History<'_>) -> Chains {
        let (starts, members) = members(history);
        Chains { chains: Vec::new(), starts, members }
    }

    /// Who put the value and who found it, in order.
    pub(super) fn members(&self, value: u32) -> &[u32] {
        let range = self.starts[value as usize] as usize..self.starts[value as usize + 1] as usize;
        &self.members[range]
    }
}

impl History<'_> {
    /// The value that this one was swapped for.
    pub(super) fn next(&self, value: u32) -> Option<u32> {
        let swapped_by = self.values.values[value as usize].swapped_by;
        match *self.values.parts.get(swapped_by as usize)? {
            Part::Swaps(_, to) => Some(to),
            Part::Puts(_)
            | Part::Finds(_)
            | Part::Spares(_)
            | Part::FindsNothing
            | Part::Nothing => None,
        }
    }

    /// This value and all that it was swapped for in turn.
    pub(super) fn chain(&self, root: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(Some(root), |value| self.next(*value))
    }

    /// The value whose place in its chain an operation has.
    pub(super) fn value_of(&self, operation: u32) -> u32 {
        match self.values.parts.get(operation as usize) {
            Some(Part::Puts(value) | Part::Finds(value) | Part::Swaps(_, value)) => *value,
            Some(Part::Spares(_) | Part::FindsNothing | Part::Nothing) | None => INITIAL,
        }
    }

    pub(super) fn put_by(&self, value: u32) -> u32 {
        self.values.values[value as usize].put_by
    }
}

/// Operations by value: first who put it.
fn members(history: &History<'_>) -> (Vec<u32>, Vec<u32>) {
    let values = &history.values;
    let mut starts = vec![0u32; values.values.len() + 1];
    let count = |part: &Part| match part {
        Part::Puts(value) | Part::Finds(value) | Part::Swaps(_, value) => Some(*value as usize),
        Part::Spares(_) | Part::FindsNothing | Part::Nothing => None,
    };
    values.parts.iter().filter_map(count).for_each(|value| starts[value + 1] += 1);
    for value in 1..starts.len() {
        starts[value] += starts[value - 1];
    }
    let mut next: Vec<u32> = starts.clone();
    let mut members = vec![NOBODY; starts.last().map_or(0, |end| *end as usize)];
    for (value, told) in values.values.iter().enumerate().filter(|value| value.1.put_by != NOBODY) {
        members[next[value] as usize] = told.put_by;
        next[value] += 1;
    }
    for operation in history.timeline.calls() {
        if let Part::Finds(value) = values.parts[operation as usize] {
            members[next[value as usize] as usize] = operation;
            next[value as usize] += 1;
        }
    }
    (starts, members)
}
