//! What each rule says of an order of versions: where it is broken, and which choices would break it.
//!
//! A circle is closed by putting one before another, or by having missed a write of somebody. For
//! each rule there is a relation that says from whom a way leads back so that the one, or the other,
//! would close a circle that the rule forbids.

use super::{Puzzle, State, Third};
use crate::transactions::{
    bits::{Bits, Spent},
    models::Rule,
};

/// What follows from a state.
pub(super) struct Look {
    /// Whom one may not be put before: it would close a circle.
    pub(super) never_before: Bits,
    /// Whose writes one may not have missed.
    pub(super) never_missed: Option<Bits>,
    /// Who comes before whom.
    pub(super) order: Bits,
}

impl Puzzle<'_> {
    /// What follows from what is decided; none if that is a contradiction.
    pub(super) fn look(&self, state: &State, steps: &mut u64) -> Result<Option<Look>, Spent> {
        let State { before, missed, .. } = state;
        let all = before.clone().close(steps)?;
        if all.is_circular() {
            return Ok(None);
        }
        // Beyond the circles of `all`: where nobody may have missed whom it must have seen.
        let beyond = |never_missed: Bits, never_before: Bits, order: Bits| {
            let is_kept = !never_missed.closes(missed);
            is_kept.then_some(Look { never_before, never_missed: Some(never_missed), order })
        };
        Ok(match self.rule {
            Rule::Free | Rule::Committed | Rule::MonotonicAtomic => {
                Some(Look { never_before: all.clone(), never_missed: None, order: all })
            }
            Rule::Cursor => {
                let is_between = |third: &Third| {
                    all.has(third.read, third.other) && all.has(third.other, third.wrote)
                };
                // Who must follow what was read must follow what was then written, and the other
                // way round.
                let mut never_before = all.clone();
                for Third { read, wrote, other } in &self.thirds {
                    if all.has(*read, *other) {
                        never_before.set(*wrote, *other);
                    }
                    if all.has(*other, *wrote) {
                        never_before.set(*other, *read);
                    }
                }
                let is_kept = !self.thirds.iter().any(is_between);
                is_kept.then_some(Look { never_before, never_missed: None, order: all })
            }
            Rule::ReadAtomic => beyond(self.seen.clone(), all.clone(), all),
            Rule::Causal => beyond(self.seen.clone().close(steps)?, all.clone(), all),
            Rule::UpdateAtomic => beyond(before.clone(), all.clone().or(missed), all),
            Rule::Consistent => {
                let at_most_one = all.then(missed, steps)?.or(missed);
                let never_before = at_most_one.then(&all, steps)?.or(&at_most_one).or(&all);
                beyond(all.clone(), never_before, all)
            }
            Rule::Prefix => {
                let order = self.seen.then(missed, steps)?.or(before).close(steps)?;
                let never_missed = order.then(&self.seen, steps)?.or(&self.seen);
                let is_kept = !order.is_circular();
                is_kept.then_some(Look {
                    never_before: order.clone(),
                    never_missed: Some(never_missed),
                    order,
                })
            }
            Rule::Snapshot => {
                let order = before.then(missed, steps)?.or(before).close(steps)?;
                let never_missed = order.then(before, steps)?.or(before);
                let never_before = missed.then(&order, steps)?.or(&order).or(missed);
                let is_kept = !order.is_circular();
                is_kept.then_some(Look { never_before, never_missed: Some(never_missed), order })
            }
            Rule::Serial => {
                let order = before.clone().or(missed).close(steps)?;
                let is_kept = !order.is_circular();
                is_kept.then_some(Look {
                    never_before: order.clone(),
                    never_missed: Some(order.clone()),
                    order,
                })
            }
        })
    }
}
