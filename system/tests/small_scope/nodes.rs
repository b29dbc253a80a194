//! Every state that a node was ever found in, once, and what becomes of it when it is handed something: found
//! out by the system's code the first time, and looked up from then on. A node sees nothing but what it is
//! handed, so a state of the cluster is a few numbers: which state each node is in, which frames are under
//! way, what was promised. That is what makes millions of them cheap.

use crate::{
    laws::{self, Broken, Look},
    local::{Input, Local, Sent},
    scope::Scope,
    table::Table,
};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};
use system::{Endpoint, Frame, NodeId, wire::Answer};

/// What a node is handed, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Handed {
    Frame(u32),
    Flushed,
    Tick,
    Beat,
    Crash,
    PowerLoss(u8),
}

/// A frame that somebody sent.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) from: Endpoint,
    pub(crate) to: NodeId,
    pub(crate) frame: Frame,
}

/// What came of handing it over.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) to: u32,
    pub(crate) sent: Vec<u32>,
    pub(crate) answers: Vec<(u64, Answer)>,
    pub(crate) broken: Option<Broken>,
}

/// A state of a node.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) local: Local,
    pub(crate) look: Look,
    pub(crate) is_flushing: bool,
    /// Blocks that a power loss may take.
    pub(crate) at_risk: u8,
}

/// All of them.
#[derive(Debug)]
pub(crate) struct Nodes {
    scope: Scope,
    known: Vec<Known>,
    by_hash: Table<u32>,
    flights: Vec<Flight>,
    flight_by_hash: Table<u32>,
    moves: Vec<Moved>,
    move_by_hash: Table<u32>,
    /// How often the system's code reached each of its marks.
    marks: BTreeMap<&'static str, u64>,
    text: String,
    bytes: Vec<u8>,
}

impl Nodes {
    pub(crate) fn new(scope: &Scope) -> Nodes {
        Nodes {
            scope: scope.clone(),
            known: Vec::new(),
            by_hash: Table::new(),
            flights: Vec::new(),
            flight_by_hash: Table::new(),
            moves: Vec::new(),
            move_by_hash: Table::new(),
            marks: BTreeMap::new(),
            text: String::new(),
            bytes: Vec::new(),
        }
    }

    pub(crate) fn known(&self, state: u32) -> &Known {
        &self.known[state as usize]
    }

    pub(crate) fn flight(&self, number: u32) -> &Flight {
        &self.flights[number as usize]
    }

    /// How many states of nodes there are, and how often one was handed something new.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.known.len(), self.moves.len())
    }

    /// Marks that the system's code reached.
    pub(crate) fn marks(&self) -> impl Iterator<Item = &'static str> + '_ {
        self.marks.iter().filter(|(_, count)| **count > 0).map(|(name, _)| *name)
    }

    /// The number of a node's state.
    pub(crate) fn intern(&mut self, local: &Local, look: Look) -> u32 {
        let hash = local.hash(&mut self.text, &mut self.bytes);
        if let Some(known) = self.by_hash.get(hash) {
            return known;
        }
        let number = self.known.len() as u32;
        self.by_hash.insert(hash, number);
        let (is_flushing, at_risk) = (local.disk.is_flushing(), local.disk.at_risk() as u8);
        // A copy has no room to spare, the original has.
        self.known.push(Known { local: local.clone(), look, is_flushing, at_risk });
        number
    }

    /// The number of a frame.
    pub(crate) fn intern_flight(&mut self, from: Endpoint, to: NodeId, frame: Frame) -> u32 {
        let hash = xxhash_rust::xxh3::xxh3_64_with_seed(&frame.to_bytes(), u64::from(to));
        if let Some(known) = self.flight_by_hash.get(hash) {
            return known;
        }
        let number = self.flights.len() as u32;
        self.flight_by_hash.insert(hash, number);
        self.flights.push(Flight { from, to, frame });
        number
    }

    /// What becomes of a node in this state that is handed this, by number.
    pub(crate) fn act(&mut self, state: u32, handed: Handed) -> u32 {
        let what = match handed {
            Handed::Frame(number) => u64::from(number) + 1_000,
            Handed::Flushed => 1,
            Handed::Tick => 2,
            Handed::Beat => 3,
            Handed::Crash => 4,
            Handed::PowerLoss(kept) => 5 + u64::from(kept),
        };
        let key = (u64::from(state) << 32 | what).wrapping_mul(0x9E37_79B9_7F4A_7C15).swap_bytes();
        if let Some(number) = self.move_by_hash.get(key) {
            return number;
        }
        let moved = self.find_out(state, handed);
        let number = self.moves.len() as u32;
        self.moves.push(moved);
        self.move_by_hash.insert(key, number);
        number
    }

    pub(crate) fn moved(&self, number: u32) -> &Moved {
        &self.moves[number as usize]
    }

    fn find_out(&mut self, state: u32, handed: Handed) -> Moved {
        match self.try_out(state, handed) {
            Ok(moved) => moved,
            Err(broken) => {
                Moved { to: state, sent: Vec::new(), answers: Vec::new(), broken: Some(broken) }
            }
        }
    }

    fn try_out(&mut self, state: u32, handed: Handed) -> Result<Moved, Broken> {
        let Known { local, look: before, .. } = &self.known[state as usize];
        let (mut local, before, node) = (local.clone(), before.clone(), local.node);
        let input = match handed {
            Handed::Frame(number) => Input::Frame(&self.flights[number as usize].frame),
            Handed::Flushed => Input::Flushed,
            Handed::Tick => Input::Tick,
            Handed::Beat => Input::Beat,
            Handed::Crash => Input::Crash,
            Handed::PowerLoss(kept) => Input::PowerLoss(kept.into()),
        };
        let acted = catch_unwind(AssertUnwindSafe(|| local.act(&self.scope, input)));
        let acted = acted.map_err(|panic| {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            Broken { law: "nobody_panics", why: format!("n{node}: {}", words.unwrap_or_default()) }
        })?;
        let unreadable = |why| Broken { law: "disks_open", why: format!("n{node}: {why}") };
        let sent: Sent = acted.map_err(unreadable)?;
        let look = Look::at(&local).map_err(unreadable)?;
        let broken = laws::judge_turn(node, &before, &look, &sent);
        let to = self.intern(&local, look);
        let Sent { frames, answers, marks } = sent;
        for (name, count) in marks.iter() {
            *self.marks.entry(name).or_default() += count;
        }
        let sent = frames.into_iter().map(|(to, frame, _)| self.intern_flight(node, to, frame));
        Ok(Moved { to, sent: sent.collect(), answers, broken })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{disk::Disk, scope::BEATS};

    /// What becomes of a node that is spoilt first.
    fn spoilt(spoil: impl FnOnce(&mut Local), handed: Handed) -> Broken {
        let mut nodes = Nodes::new(&BEATS);
        let mut local = Local::create(&BEATS, 2);
        spoil(&mut local);
        let state = nodes.intern(&local, Look::default());
        let number = nodes.act(state, handed);
        nodes.moved(number).broken.clone().expect("a broken law")
    }

    #[test]
    fn a_disk_that_does_not_open_is_seen() {
        let broken = spoilt(|local| local.disk = Disk::default(), Handed::Crash);
        assert_eq!((broken.law, &broken.why[..]), ("disks_open", "n2: Empty"));
    }

    #[test]
    fn a_node_that_panics_is_seen() {
        let broken = spoilt(|local| local.disk.crash(), Handed::Flushed);
        assert_eq!((broken.law, &broken.why[..]), ("nobody_panics", "n2: a flush under way"));
    }
}
