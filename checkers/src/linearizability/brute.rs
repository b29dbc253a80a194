//! Linearizability by its definition: try every order. For a handful of operations only.
//!
//! This is the judge of judges: no monitor's *impossible* is believed before this has tried every
//! order of the few operations it names, and every monitor and search is compared with it on small
//! histories. So it stays plain: it knows no object, no window, no reduction, and remembers only
//! which operations were done in which state, so as not to try the same twice.

pub(crate) mod specs;

use super::{Answer, Impossible, Operation};
use std::collections::BTreeSet;

/// What an object may do: its states and how operations move between them.
pub(crate) trait Spec {
    /// All there is to know of the object at one moment.
    type State: Clone + Ord;
    /// What an operation did.
    type Deed;

    /// The state before the first operation.
    fn initial(&self) -> Self::State;

    /// The states that the deed may lead to: none if it cannot be done here, several if its answer
    /// leaves them open.
    fn apply(&self, state: &Self::State, deed: &Self::Deed) -> Vec<Self::State>;
}

/// The most operations that orders are tried of.
pub(crate) const MOST: usize = 12;

/// An order that explains the operations, if there is one.
pub(crate) fn order<S: Spec>(spec: &S, operations: &[Operation<S::Deed>]) -> Option<Vec<usize>> {
    assert!(operations.len() < 64, "{} operations have too many orders", operations.len());
    let mut order = Vec::new();
    search(spec, operations, 0, &spec.initial(), &mut BTreeSet::new(), &mut order).then_some(order)
}

fn search<S: Spec>(
    spec: &S,
    operations: &[Operation<S::Deed>],
    done: u64,
    state: &S::State,
    tried: &mut BTreeSet<(u64, S::State)>,
    order: &mut Vec<usize>,
) -> bool {
    let open: Vec<usize> = (0..operations.len()).filter(|one| done & (1 << one) == 0).collect();
    let owed = open.iter().filter_map(|one| operations[*one].returned).min();
    if owed.is_none() {
        return true;
    }
    if !tried.insert((done, state.clone())) {
        return false;
    }
    for one in open {
        if owed.is_some_and(|owed| owed.ordinal < operations[one].called.ordinal) {
            continue;
        }
        order.push(one);
        for next in spec.apply(state, &operations[one].deed) {
            if search(spec, operations, done | 1 << one, &next, tried, order) {
                return true;
            }
        }
        order.pop();
    }
    false
}

/// The answer *impossible*, after no order of its operations was found to explain them. `told` are
/// those operations as far as they matter: what they say of other values may be left out.
pub(crate) fn impossible<S: Spec>(
    spec: &S,
    told: &[Operation<S::Deed>],
    impossible: Impossible,
) -> Answer {
    if told.len() <= MOST {
        let order = order(spec, told);
        assert!(order.is_none(), "{order:?} explains what was called impossible: {impossible:?}");
    }
    Answer::Impossible(impossible)
}

#[cfg(test)]
mod tests;
