//! Faults that wait for something to happen. The stage arms them; the world counts what happens, and the
//! one whose turn it is strikes at the same instant, once the turn in which it happened is over.

use super::{Task, World};
use checkers::{ReplicaView, Role};
use scenarios::{Occasion, When};
use std::collections::BTreeMap;

/// One that waits.
#[derive(Debug)]
struct Armed {
    /// The fault's place in the plan.
    fault: usize,
    what: Occasion,
    /// How often it must still happen.
    left: u32,
}

/// Faults that wait, and where those that struck had waited for.
#[derive(Debug, Default)]
pub(crate) struct Occasions {
    armed: Vec<Armed>,
    there: BTreeMap<usize, usize>,
}

impl Occasions {
    /// A fault waits from now on.
    pub(crate) fn arm(&mut self, fault: usize, when: When) {
        self.armed.push(Armed { fault, what: when.what, left: when.nth });
    }

    /// None waits any longer.
    pub(crate) fn disarm(&mut self) {
        self.armed.clear();
    }

    /// The node to which that happened for which a fault waited.
    pub(crate) fn there(&self, fault: usize) -> Option<usize> {
        self.there.get(&fault).copied()
    }
}

impl World {
    /// Something happened, to a node if one is told.
    pub(super) fn happened(&mut self, what: Occasion, node: Option<usize>) {
        if self.occasions.armed.is_empty() {
            return;
        }
        let mut due = Vec::new();
        self.occasions.armed.retain_mut(|armed| {
            if armed.what != what {
                return true;
            }
            armed.left -= 1;
            if armed.left == 0 {
                due.push(armed.fault);
            }
            armed.left > 0
        });
        for fault in due {
            if let Some(node) = node {
                self.occasions.there.insert(fault, node);
            }
            self.schedule_task(self.now_ns, Task::Begin(fault));
        }
    }

    /// What happened to a replica between two looks at it.
    pub(super) fn notice(&mut self, place: usize, before: Option<&ReplicaView>, now: &ReplicaView) {
        if self.occasions.armed.is_empty() {
            return;
        }
        let role = |view: &ReplicaView| (view.role == Role::Candidate, view.role == Role::Leader);
        let (was_candidate, was_leader) = before.map_or((false, false), role);
        let (is_candidate, is_leader) = role(now);
        let committed = before.map_or(0, |before| before.commit);
        for (is_so, what) in [
            (is_candidate && !was_candidate, Occasion::Candidate),
            (is_leader && !was_leader, Occasion::Elected),
            (was_leader && !is_leader, Occasion::Deposed),
            (now.commit > committed, Occasion::Committed),
        ] {
            if is_so {
                self.happened(what, Some(place));
            }
        }
    }
}
