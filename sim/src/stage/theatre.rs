//! The theatre: all that the stage may ask of the world it plays in. The simulated world is one; whoever
//! leads real processes offers the same.

use super::{books::Books, load::Load, task::Task};
use crate::subject::Caller;
use checkers::Ask;
use scenarios::{Fault, When};

/// What a fault needs done to processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// The process dies.
    Kill(usize),
    /// The machine loses its power.
    CutPower(usize),
    /// Nothing holds it down any more.
    Start(usize),
}

/// A fault has struck.
#[derive(Clone, Debug, Default)]
pub(crate) struct Strike {
    /// Nodes that its target meant, by place.
    pub(crate) nodes: Vec<usize>,
    /// Nodes that it touches and clients that it cuts off, by number.
    pub(crate) touched: (Vec<u32>, Vec<u32>),
    pub(crate) blows: Vec<Blow>,
}

/// Nodes are told by their place, from 0; clients too, the last of them the stage's own.
pub(crate) trait Theatre {
    fn now_ns(&self) -> u64;

    fn books(&self) -> &Books;
    fn books_mut(&mut self) -> &mut Books;
    fn load(&self) -> &Load;
    fn load_mut(&mut self) -> &mut Load;

    /// Asks to be told of a task at its time.
    fn wake(&mut self, at_ns: u64, task: Task);
    /// Asks that a client calls at this time, and again from then on.
    fn arrive(&mut self, at_ns: u64, client: usize, is_fetch: bool);

    /// A client calls; says the call's number.
    fn call(&mut self, client: usize, ask: Ask, fetch_bytes: u32) -> u64;
    /// Lets a client do something else.
    fn speak(&mut self, client: usize, act: &mut dyn FnMut(&mut dyn Caller, u64));

    /// Whether processes show replicas, and somebody reads their disks.
    fn is_watched(&self) -> bool;
    /// Whether a group owes progress now.
    fn owes(&self, group: u32) -> bool;
    /// Tells which groups and clients are calm, before anything happens.
    fn tell_calm(&mut self);
    /// How far a group's durable entries on a disk go, up to `last`, and a digest over them.
    fn digest(&self, node: usize, group: u32, last: u64) -> Option<(u64, u64)>;

    /// Begins a process, unless it is alive or held down.
    fn start(&mut self, node: usize);
    /// Ends a process; whether it was alive.
    fn kill(&mut self, node: usize) -> bool;
    /// Ends a process and takes its machine's power; whether that took anything.
    fn cut_power(&mut self, node: usize) -> bool;
    /// The run ends: what a process did in its life is told.
    fn end_life(&mut self, node: usize);

    /// A fault of the plan waits, by its place there: it begins when this has happened.
    fn arm(&mut self, place: usize, when: When);
    /// No fault waits any longer.
    fn disarm(&mut self);
    /// A fault of the plan strikes, by its place there.
    fn strike(&mut self, place: usize, fault: &Fault) -> Strike;
    /// What a fault has taken from the network so far.
    fn taken(&mut self, place: usize) -> u64;
    /// It is lifted.
    fn lift(&mut self, place: usize) -> Vec<Blow>;
}
