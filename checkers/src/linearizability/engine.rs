//! The general search: any object that a [`Model`] describes, pending operations, nondeterminism.
//!
//! Wing & Gong's search (1993) in Lowe's just-in-time form ("Testing for linearizability", 2017):
//! it walks from return to return, and an operation takes effect no earlier than some return asks
//! for it. So a configuration is how many returns are behind, which operations in flight have taken
//! effect, and the state; not a bit for every operation there ever was, and memory grows with the
//! configurations and not with their number times the history's length. Four reductions, each with
//! its reason where it is made (`search`, `table`):
//!
//! - an operation that changes nothing takes effect as soon as it can (it never harms to);
//! - of operations in flight that do the same, the one that returns first goes first (any other
//!   order can be exchanged for it);
//! - a configuration that used fewer of the operations that may happen or not covers one that used
//!   more of them and is otherwise the same;
//! - operations that never returned and whose effect nobody could see are left out (what that is,
//!   the model knows).
//!
//! A history with no order is cut right behind the first return that no order survives, and
//! `shrink` looks for the few operations that show it. An order that was found is
//! replayed against the model and against real time before anyone is told of it.
//!
//! The search is exponential in the operations in flight, and no cleverness changes that (Gibbons &
//! Korach 1997): it stops at its budget and says how far it came. It never says *impossible* for
//! *too much*. Objects that can be judged apart (the keys of a store) are parted by the caller.

pub(crate) mod mask;
pub(crate) mod search;
mod shrink;
pub(crate) mod table;
pub(crate) mod timeline;

#[cfg(test)]
pub(crate) mod tests;

use super::{Answer, Budget, Operation};
use mask::{Mask, Words};
use search::{End, Search};
use std::{collections::BTreeMap, hash::Hash};
use table::Numbered;
use timeline::{NOTHING, Part, Timeline};

/// A sequential object: what each deed does to it, and when it may happen.
pub trait Model: Clone {
    /// What an operation says: what was asked and what came back.
    type Deed: Clone;
    /// What a search needs of it. Operations with equal acts are interchangeable, and answers can be
    /// remembered by act; so the fewer different acts there are, the better.
    type Act: Clone + Eq + Hash;
    /// The object's state.
    type State: Clone + Eq + Hash;

    /// The state before anything happened.
    fn initial(&self) -> Self::State;

    /// A model that has looked at everything that was told, where its acts or
    /// [`Model::is_unobservable`] depend on it. Operations without a return are told without a
    /// result.
    fn informed(&self, _told: &mut dyn Iterator<Item = &Self::Deed>) -> Self {
        self.clone()
    }

    /// What a search needs of this deed; none if it asks for nothing and tells nothing.
    fn act(&self, deed: &Self::Deed) -> Option<Self::Act>;

    /// What can become of the object if this happens now.
    fn step(&self, state: &Self::State, act: &Self::Act) -> Steps<Self::State>;

    /// Whether it leaves every state as it is in which it can happen: a read, a failed
    /// compare-and-set. Not an act that changes nothing in some states only.
    fn is_read_only(&self, act: &Self::Act) -> bool;

    /// The deed as it would be told if its answer had been lost; none if it then says nothing.
    fn forget(&self, deed: &Self::Deed) -> Option<Self::Deed>;

    /// Whether an order in which this happened, without a return, stays one without it: nobody could
    /// have seen it. Only ever true if it holds for every order of what [`Model::informed`] saw.
    fn is_unobservable(&self, _act: &Self::Act) -> bool {
        false
    }

    /// Whether a step costs more than looking a remembered one up.
    fn is_costly(&self) -> bool {
        false
    }

    /// Bytes that the state holds beside its own size.
    fn heap_bytes(&self, _state: &Self::State) -> u64 {
        0
    }

    /// The deed in words that follow *process 3*: `read 4`.
    fn describe(&self, deed: &Self::Deed) -> String;

    /// The state in words that follow *when it returned*: `the register held 4`.
    fn describe_state(&self, state: &Self::State) -> String;
}

/// What can become of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Steps<S> {
    /// This cannot happen now.
    Never,
    /// Nothing changes.
    Same,
    /// This.
    To(S),
    /// One of these; no one can say which.
    Any(Vec<S>),
}

/// Judges the operations of one object. Without operations the answer is an empty order, which is
/// the caller's to call vacuous.
pub fn check<M: Model>(model: &M, operations: &[Operation<M::Deed>], budget: Budget) -> Answer {
    let returned = |operation: &Operation<M::Deed>| operation.returned.map(|at| at.ordinal);
    let is_backward = |operation: &Operation<M::Deed>| {
        returned(operation).is_some_and(|returned| returned < operation.called.ordinal)
    };
    if let Some(number) = operations.iter().position(is_backward) {
        return Answer::Exhausted(format!("operation {number} returned before it was called"));
    }
    if operations.len() >= 1 << 31 {
        return Answer::Exhausted("more than two billion operations".to_owned());
    }
    let mut forgotten: BTreeMap<u32, M::Deed> = BTreeMap::new();
    for (operation, index) in operations.iter().zip(0..) {
        if operation.returned.is_none() {
            forgotten.extend(model.forget(&operation.deed).map(|deed| (index, deed)));
        }
    }
    let told = operations.iter().zip(0..).filter_map(|(operation, index)| {
        let (called, returned) = (operation.called.ordinal, returned(operation));
        let deed = match returned {
            Some(_) => &operation.deed,
            None => forgotten.get(&index)?,
        };
        Some(Told { index, deed, called, returned, is_optional: returned.is_none() })
    });
    let cast = Cast::new(model, told);
    match cast.timeline.slots {
        0..=64 => decide::<M, u64>(&cast, operations, budget),
        65..=128 => decide::<M, u128>(&cast, operations, budget),
        129.. => decide::<M, Words>(&cast, operations, budget),
    }
}

/// What one operation tells a search.
pub(crate) struct Told<'a, D> {
    pub(crate) index: u32,
    pub(crate) deed: &'a D,
    pub(crate) called: u64,
    pub(crate) returned: Option<u64>,
    /// Whether it may take effect or not. What never returned always may.
    pub(crate) is_optional: bool,
}

/// A history made ready for a search.
pub(crate) struct Cast<M: Model> {
    pub(crate) model: M,
    pub(crate) acts: Vec<M::Act>,
    pub(crate) timeline: Timeline,
}

/// What a search walks on.
pub(crate) struct Stage<'a, M: Model> {
    pub(crate) model: &'a M,
    pub(crate) acts: &'a [M::Act],
    pub(crate) timeline: &'a Timeline,
}

impl<M: Model> Clone for Stage<'_, M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M: Model> Copy for Stage<'_, M> {}

impl<M: Model> Cast<M> {
    pub(crate) fn stage(&self) -> Stage<'_, M> {
        Stage { model: &self.model, acts: &self.acts, timeline: &self.timeline }
    }

    pub(crate) fn new<'a>(
        model: &M,
        told: impl Iterator<Item = Told<'a, M::Deed>> + Clone,
    ) -> Cast<M>
    where
        M::Deed: 'a,
    {
        let model = model.informed(&mut told.clone().map(|told| told.deed));
        // What may happen or not until it returns is not interchangeable with what must happen.
        let mut acts: Numbered<(M::Act, bool)> = Numbered::new();
        let mut parts: Vec<Part> = Vec::with_capacity(told.size_hint().1.unwrap_or_default());
        for Told { index, deed, called, returned, is_optional } in told {
            let act = model.act(deed);
            let is_idle = |act: &M::Act| {
                returned.is_none() && (model.is_read_only(act) || model.is_unobservable(act))
            };
            if act.as_ref().map_or(returned.is_none(), is_idle) {
                continue;
            }
            let kind = is_optional && returned.is_some();
            let act = act.map_or(NOTHING, |act| acts.number((act, kind)).0);
            parts.push(Part { index, called, returned, act, is_optional });
        }
        let acts = acts.into_values().into_iter().map(|(act, _)| act).collect();
        Cast { model, acts, timeline: Timeline::new(&parts) }
    }
}

fn decide<M: Model, K: Mask>(
    cast: &Cast<M>,
    operations: &[Operation<M::Deed>],
    budget: Budget,
) -> Answer {
    let mut search: Search<'_, M, K> = Search::new(cast.stage(), budget);
    let start = (K::empty(cast.timeline.slots), cast.model.initial());
    match search.run([start]) {
        Ok(End::Reached) => {
            let order = search.order();
            confirm(cast, operations, &order);
            Answer::Linearizable(order)
        }
        Ok(End::Dead) => Answer::Impossible(shrink::shrink(&search, operations, budget)),
        Err(shortage) => Answer::Exhausted(search.how_far(shortage, operations)),
    }
}

/// Replays an order before anyone is told of it. That it is none would be a bug of ours.
fn confirm<M: Model>(cast: &Cast<M>, operations: &[Operation<M::Deed>], order: &[usize]) {
    let mut called_last = 0;
    let mut is_done = vec![false; operations.len()];
    let mut act_of = vec![NOTHING; operations.len()];
    cast.timeline.ops.iter().for_each(|op| act_of[op.index as usize] = op.act);
    let mut states = vec![cast.model.initial()];
    for index in order {
        let operation = &operations[*index];
        assert!(!is_done[*index], "operation {index} takes effect twice");
        is_done[*index] = true;
        called_last = called_last.max(operation.called.ordinal);
        let is_in_time = operation.returned.is_none_or(|at| at.ordinal >= called_last);
        assert!(is_in_time, "operation {index} takes effect after it returned");
        if act_of[*index] == NOTHING {
            continue;
        }
        let act = &cast.acts[act_of[*index] as usize];
        let mut next: Vec<M::State> = Vec::new();
        for state in states {
            match cast.model.step(&state, act) {
                Steps::Never => {}
                Steps::Same => next.push(state),
                Steps::To(state) => next.push(state),
                Steps::Any(any) => next.extend(any),
            }
        }
        if next.len() > 1 {
            let mut distinct: Vec<M::State> = Vec::new();
            next.retain(|state| {
                let is_new = !distinct.contains(state);
                distinct.extend(is_new.then(|| state.clone()));
                is_new
            });
        }
        assert!(!next.is_empty(), "operation {index} cannot happen where it is said to");
        states = next;
    }
    let is_owed = |index: &usize| operations[*index].returned.is_some() && !is_done[*index];
    let left_out = (0..operations.len()).find(is_owed);
    assert_eq!(left_out, None, "an operation that returned is left out");
}
