//! The world as madsim's plug-in: empty until a plan is laid into it, locked while it moves, told when a
//! process ends.

use super::State;
use madsim::{plugin::Simulator, rand::GlobalRng, task, time::TimeHandle};
use std::sync::{Mutex, MutexGuard};

/// The plug-in. Empty until a plan is laid into it.
pub(crate) struct World(Mutex<Option<State>>);

impl Simulator for World {
    fn new(_: &GlobalRng, _: &TimeHandle, _: &madsim::Config) -> World {
        World(Mutex::new(None))
    }

    /// A process ends: what its kernel kept for it is gone, its page cache lives on.
    fn reset_node(&self, id: task::NodeId) {
        let place = id_to_place(id);
        let Ok(mut guard) = self.0.lock() else { return };
        if let (Some(place), Some(state)) = (place, guard.as_mut()) {
            if let Some(node) = state.machines[place].reset() {
                state.books.farewell(&node);
            }
            state.network.silence(place as u32 + 1, true);
        }
    }
}

/// madsim numbers nodes in order of creation, from 1; 0 is its own main node.
fn id_to_place(id: task::NodeId) -> Option<usize> {
    let number: u64 = id.to_string().parse().ok()?;
    usize::try_from(number).ok()?.checked_sub(1)
}

impl World {
    /// Lays a plan into the world.
    pub(crate) fn lay(&self, state: State) {
        *self.0.lock().expect("no task panics inside the world") = Some(state);
    }

    /// The world, until it is let go.
    pub(crate) fn lock(&self) -> Locked<'_> {
        Locked(self.0.lock().expect("no task panics inside the world"))
    }

    /// Takes the world out, after the run.
    pub(crate) fn take(&self) -> State {
        self.0.lock().expect("no task panics inside the world").take().expect("a plan was laid")
    }
}

/// The world, locked.
pub(crate) struct Locked<'a>(MutexGuard<'a, Option<State>>);

impl std::ops::Deref for Locked<'_> {
    type Target = State;
    fn deref(&self) -> &State {
        self.0.as_ref().expect("a plan was laid")
    }
}

impl std::ops::DerefMut for Locked<'_> {
    fn deref_mut(&mut self) -> &mut State {
        self.0.as_mut().expect("a plan was laid")
    }
}
