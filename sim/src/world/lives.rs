//! Lives of processes, as madsim has them: a node of its for each of ours, and a plug-in that is told when
//! one ends. What a life leaves behind is settled by the world ([`World::end_process`]).

use super::World;
use madsim::{
    plugin::{self, Simulator},
    rand::GlobalRng,
    runtime::{Handle, NodeHandle},
    task,
    time::TimeHandle,
};
use scenarios::number_at;
use std::sync::{Arc, Mutex, PoisonError};

/// The plug-in: nodes whose life has ended, by place, until the world settles them.
#[derive(Debug, Default)]
pub(crate) struct EndedLives(Mutex<Vec<usize>>);

impl Simulator for EndedLives {
    fn new(_: &GlobalRng, _: &TimeHandle, _: &madsim::Config) -> EndedLives {
        EndedLives::default()
    }

    fn reset_node(&self, id: task::NodeId) {
        if let Some(place) = place_of(id) {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(place);
        }
    }
}

/// madsim numbers nodes in order of creation, from 1; 0 is its own main node.
fn place_of(id: task::NodeId) -> Option<usize> {
    let number: u64 = id.to_string().parse().ok()?;
    usize::try_from(number).ok()?.checked_sub(1)
}

/// The nodes of a run.
pub(crate) struct Lives {
    handle: Handle,
    nodes: Vec<NodeHandle>,
    ended: Arc<EndedLives>,
}

impl std::fmt::Debug for Lives {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} lives", self.nodes.len())
    }
}

impl Lives {
    /// Creates so many nodes, n1 first. Within a task of madsim's.
    pub(crate) fn new(handle: Handle, n_nodes: usize) -> Lives {
        let node = |place| handle.create_node().name(format!("n{}", number_at(place))).build();
        let nodes = (0..n_nodes).map(node).collect();
        Lives { handle, nodes, ended: plugin::simulator::<EndedLives>() }
    }

    /// Ends a life, and says whose lives have ended.
    fn end(&self, place: usize) -> Vec<usize> {
        self.handle.kill(self.nodes[place].id());
        std::mem::take(&mut *self.ended.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl World {
    /// A process ends: what its kernel kept for it is gone, its page cache lives on.
    pub(crate) fn end_process(&mut self, place: usize) {
        for place in self.lives.end(place) {
            if let Some(process) = self.machines[place].reset() {
                self.books.farewell(process.as_ref());
            }
            self.network.silence(number_at(place), true);
        }
    }
}
