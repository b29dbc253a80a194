//! A second opinion on short histories of any object: the same model, but the search of the crate
//! `porcupine-rs`, which shares no thought with [`engine`](super::engine). It knows no windows, no
//! reductions, and the order of its calls is another.
//!
//! What the crate gets wrong is kept away from it here (checkers.md 3). It panics on operations that
//! never returned, so each is given an end beyond all others and may do nothing. Its timeout can
//! answer *illegal* for *too slow*, so it is never used: steps are counted inside the model's step,
//! and once they are spent every state is a new one, so that the search runs straight to its end.
//! It remembers a bit for every operation in every configuration, so histories are capped. It takes
//! random numbers and may go deep, so it gets a thread of its own: ask outside the runtime of a
//! simulation.

use super::{
    Operation,
    engine::{Model, Steps},
};
use crate::history::Stamp;
use std::{
    collections::BTreeMap,
    fmt::Debug,
    hash::Hash,
    marker::PhantomData,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// What is still worth a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Operations.
    pub operations: usize,
    /// Operations that never returned, each of which doubles the search.
    pub pending: usize,
    /// Steps of the model.
    pub steps: u64,
}

/// What the other search says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// Some order explains everything.
    Linearizable,
    /// No order does.
    Impossible,
    /// It was not asked, or gave up: why, in words.
    Unknown(String),
}

/// Asks about the operations of one object.
pub fn ask<M>(model: &M, operations: &[Operation<M::Deed>], limits: Limits) -> Opinion
where
    M: Model + Send + Sync + 'static,
    M::Act: Send + Sync + 'static,
    M::State: Debug + Send + Sync + 'static,
{
    let is_pending = |operation: &&Operation<M::Deed>| operation.returned.is_none();
    let pending = operations.iter().filter(is_pending).count();
    if operations.len() > limits.operations || pending > limits.pending {
        return Opinion::Unknown(format!(
            "too long for a second search ({} operations, {pending} of them open)",
            operations.len()
        ));
    }
    let forget = |(index, operation): (usize, &Operation<M::Deed>)| match operation.returned {
        Some(_) => Some((index, operation.deed.clone())),
        None => Some((index, model.forget(&operation.deed)?)),
    };
    let deeds: BTreeMap<usize, M::Deed> =
        operations.iter().enumerate().filter_map(forget).collect();
    let spent = Arc::new(AtomicU64::new(0));
    let model = Arc::new(model.informed(&mut deeds.values()));
    let told = deeds.iter().map(|(index, deed)| {
        let Operation { process, called, returned, .. } = operations[*index];
        porcupine_rs::Operation {
            client_id: u32::try_from(process).ok(),
            call_time: ordinal(called),
            return_time: returned.map_or(i64::MAX, ordinal),
            op: RetoldAct {
                model: Arc::clone(&model),
                spent: Arc::clone(&spent),
                steps_max: limits.steps,
                act: model.act(deed),
                is_pending: returned.is_none(),
            },
            metadata: None,
        }
    });
    search::<Retold<M>>(told.collect(), &spent, limits.steps)
}

/// A moment as the crate counts them.
pub(crate) fn ordinal(at: Stamp) -> i64 {
    i64::try_from(at.ordinal).expect("an ordinal fits")
}

/// Searches on a thread of its own. The model's step counts in `spent`, and lets everything pass
/// once that is more than it may.
pub(crate) fn search<P: porcupine_rs::Model + 'static>(
    operations: Vec<porcupine_rs::Operation<P>>,
    spent: &AtomicU64,
    steps_max: u64,
) -> Opinion {
    let thread = std::thread::Builder::new().name("porcupine".to_owned());
    let running = thread.spawn(move || porcupine_rs::check_operations::<P>(&operations));
    let Ok(running) = running else {
        return Opinion::Unknown("no thread could be started for the search".to_owned());
    };
    match running.join() {
        _ if spent.load(Ordering::Relaxed) > steps_max => {
            Opinion::Unknown(format!("the search gave up after {steps_max} steps"))
        }
        Ok(true) => Opinion::Linearizable,
        Ok(false) => Opinion::Impossible,
        Err(_) => {
            Opinion::Unknown("the search panicked, which is a fault of the search".to_owned())
        }
    }
}

/// Our model in the crate's words. It has no place for a model that carries something, so every
/// operation brings it along.
#[derive(Clone)]
struct Retold<M>(PhantomData<M>);

struct RetoldAct<M: Model> {
    model: Arc<M>,
    spent: Arc<AtomicU64>,
    steps_max: u64,
    act: Option<M::Act>,
    is_pending: bool,
}

impl<M: Model> Clone for RetoldAct<M> {
    fn clone(&self) -> Self {
        RetoldAct {
            model: Arc::clone(&self.model),
            spent: Arc::clone(&self.spent),
            act: self.act.clone(),
            ..*self
        }
    }
}

impl<M: Model> Debug for RetoldAct<M> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RetoldAct").field("is_pending", &self.is_pending).finish_non_exhaustive()
    }
}

/// All states that the object may be in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum State<S> {
    /// The first one, before any operation could say what it is.
    Start,
    Any(Vec<S>),
    /// Steps are spent, and this makes every state a new one.
    Escape(u64),
}

impl<M> porcupine_rs::Model for Retold<M>
where
    M: Model + Send + Sync + 'static,
    M::Act: Send + Sync + 'static,
    M::State: Debug + Send + Sync + 'static,
{
    type State = State<M::State>;
    type Op = RetoldAct<M>;
    type Metadata = ();

    fn init() -> State<M::State> {
        State::Start
    }

    fn step(state: &State<M::State>, op: &RetoldAct<M>) -> (bool, State<M::State>) {
        let steps = op.spent.fetch_add(1, Ordering::Relaxed);
        if steps >= op.steps_max {
            return (true, State::Escape(steps));
        }
        let states = match state {
            State::Start => vec![op.model.initial()],
            State::Any(states) => states.clone(),
            State::Escape(_) => return (true, State::Escape(steps)),
        };
        let Some(act) = &op.act else { return (true, State::Any(states)) };
        let mut next: Vec<M::State> = Vec::new();
        let mut add = |state: M::State| {
            if !next.contains(&state) {
                next.push(state);
            }
        };
        for state in states {
            match op.model.step(&state, act) {
                Steps::Never => {}
                Steps::Same => add(state.clone()),
                Steps::To(state) => add(state),
                Steps::Any(any) => any.into_iter().for_each(&mut add),
            }
            if op.is_pending {
                add(state);
            }
        }
        (!next.is_empty(), State::Any(next))
    }
}
