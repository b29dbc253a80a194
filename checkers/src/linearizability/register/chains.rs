//! Values in their chains, and whether chains can be put in order.

use super::{
    super::timeline::{NEVER, Time},
    Halt, History, evidence,
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
    pub(super) fn of(history: &History<'_>) -> Result<Chains, Halt> {
        let values = &history.values;
        if let Some(flaw) = values.flaw() {
            return Err(flaw);
        }
        let (starts, members) = members(history);
        let mut chains = Chains { chains: Vec::new(), starts, members };
        let mut reached = 0;
        for value in (0..values.values.len() as u32).filter(|value| values.is_there(*value)) {
            let put_by = values.values[value as usize].put_by;
            let is_root =
                put_by == NOBODY || matches!(values.parts[put_by as usize], Part::Puts(_));
            if is_root {
                reached += history.chain(value).count();
                let chain = chains.measure(history, value)?;
                chains.chains.push(chain);
            }
        }
        let there = (0..values.values.len() as u32).filter(|value| values.is_there(*value)).count();
        if reached < there {
            return Err(Halt::Flaw(evidence::circle(history, &chains)));
        }
        let key = |chain: &Chain| u64::from(chain.first) + u64::from(chain.last);
        chains.chains.sort_unstable_by_key(|chain| (key(chain), chain.root));
        Ok(chains)
    }

    /// Who put the value and who found it, in order.
    pub(super) fn members(&self, value: u32) -> &[u32] {
        let range = self.starts[value as usize] as usize..self.starts[value as usize + 1] as usize;
        &self.members[range]
    }

    /// The ends of a chain, if its operations can be put in order.
    fn measure(&self, history: &History<'_>, root: u32) -> Result<Chain, Halt> {
        let mut chain = Chain { root, first: NEVER, first_by: NOBODY, last: 0, last_by: NOBODY };
        if root == INITIAL {
            chain.first = 0;
        }
        for value in history.chain(root) {
            for operation in self.members(value) {
                let span = history.timeline.span(*operation);
                if span.returned < chain.last {
                    return Err(Halt::Flaw(evidence::backward(
                        history,
                        root,
                        chain.last_by,
                        *operation,
                    )));
                }
                if span.called > chain.last {
                    (chain.last, chain.last_by) = (span.called, *operation);
                }
                if span.returned < chain.first {
                    (chain.first, chain.first_by) = (span.returned, *operation);
                }
            }
        }
        Ok(chain)
    }

    /// Whether two chains must each go before the other.
    pub(super) fn disagree(&self, history: &History<'_>) -> Result<(), Halt> {
        let mut latest: Option<&Chain> = None;
        for chain in &self.chains {
            if let Some(before) = latest.filter(|before| chain.first < before.last) {
                return Err(Halt::Flaw(evidence::torn(history, before, chain)));
            }
            if latest.is_none_or(|before| before.last < chain.last) {
                latest = Some(chain);
            }
        }
        Ok(())
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
