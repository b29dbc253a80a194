//! The world: one heap of events in world time, the network, the disks and clocks that they go
//! through, and the books that are kept. What stands in it is a machine of its own, with its own room:
//! the agenda, the parcels under way, each node's machine and its host, the lives of processes.
//!
//! **One turn at a time.** The one task of a run moves the world ([`World::run`]): it pops events, lets
//! the node that one belongs to have its turn, and stops at the first that belongs to the stage. So no
//! second task is ever runnable, madsim's random choice has nothing to choose from, and a turn is a
//! plain call.

mod agenda;
mod host;
mod lives;
mod machine;
mod occasions;
mod parcels;
mod turns;

use crate::{
    network::{Network, Route},
    options::Options,
    oracle::{Change, Oracle},
    panics::told_by,
    stage::{
        books::Books,
        load::Load,
        task::{Aborted, Task},
    },
    subject::{Input, Subject, Witness},
    trace::Kind,
};
use agenda::{Agenda, What};
use checkers::{Bench, Fact, ReplicaView};
use host::HostView;
pub(crate) use lives::{EndedLives, Lives};
pub(crate) use machine::Machine;
use occasions::Occasions;
use parcels::Parcels;
use scenarios::{Plan, number_at};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

/// Events at one instant before the world is held to be stuck in a loop.
const EVENTS_AT_ONCE_MAX: u64 = 1_000_000;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// A node, by its place.
    Node(usize),
    /// The stage: phases, faults, starts and stops.
    Stage,
}

/// Everything.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) plan: Plan,
    pub(crate) now_ns: u64,
    subject: Arc<dyn Subject>,
    lives: Lives,
    agenda: Agenda,
    parcels: Parcels,
    pub(crate) network: Network,
    pub(crate) machines: Vec<Machine>,
    pub(crate) load: Load,
    pub(crate) books: Books,
    witness: Option<Box<dyn Witness>>,
    pub(crate) oracle: Oracle,
    facts: Vec<Fact>,
    pub(crate) occasions: Occasions,
    pub(crate) tasks: Vec<Task>,
    since_progress: u64,
    pub(crate) options: Options,
    /// Kept only so that a look allocates nothing.
    seen: Vec<ReplicaView>,
}

impl World {
    /// A world in which nothing has happened yet; every disk is formatted.
    ///
    /// # Panics
    /// If the plan has more nodes than an event has room for, or a disk cannot be formatted.
    pub(crate) fn new(
        subject: Arc<dyn Subject>,
        lives: Lives,
        plan: &Plan,
        bench: Bench,
        options: &Options,
    ) -> World {
        let root = plan.seed;
        let n_nodes = plan.nodes.len();
        assert!(n_nodes <= usize::from(u16::MAX), "events have no room for {n_nodes} nodes");
        let machines = (1..=n_nodes as u32).map(|node| Machine::new(plan, node)).collect();
        let load = Load::new(plan, subject.as_ref());
        let client_regions = load.regions(plan);
        let mut world = World {
            network: Network::new(&plan.network, &plan.nodes, &client_regions, root),
            witness: subject.witness(),
            subject,
            lives,
            oracle: Oracle::new(plan),
            books: Books::new(plan, bench, options),
            plan: plan.clone(),
            now_ns: 0,
            agenda: Agenda::default(),
            parcels: Parcels::default(),
            machines,
            load,
            facts: Vec::new(),
            occasions: Occasions::default(),
            tasks: Vec::new(),
            since_progress: 0,
            options: options.clone(),
            seen: Vec::new(),
        };
        let bucket_ns = world.books.bucket_ns();
        world.schedule(bucket_ns, What::Sample);
        world.format();
        world
    }

    fn schedule(&mut self, at_ns: u64, what: What) {
        assert!(at_ns >= self.now_ns, "an event at {at_ns} is scheduled in the past");
        self.agenda.add(at_ns, what);
    }

    /// Asks for something that the stage does.
    pub(crate) fn schedule_task(&mut self, at_ns: u64, task: Task) {
        assert!(at_ns >= self.now_ns, "a task at {at_ns} is scheduled in the past");
        self.agenda.add_task(at_ns, task);
    }

    pub(crate) fn schedule_arrival(&mut self, at_ns: u64, client: usize, is_fetch: bool) {
        self.schedule(at_ns, What::Arrival { client: client as u32, is_fetch });
    }

    /// Whether somebody reads disks and frames.
    pub(crate) fn is_watched(&self) -> bool {
        self.witness.is_some()
    }

    /// Moves the world until the stage has the turn.
    pub(crate) fn run(&mut self) {
        while let Turn::Node(place) = self.next_turn() {
            let turn = || self.turn_of(place);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(turn)) {
                // The process went down with it: what a panic left half done must not be looked at again.
                let (source, message) = told_by(panic.as_ref());
                let node = number_at(place);
                let why = Aborted::Panicked { node, place: source, message };
                self.tasks.push(Task::Abort(why));
                return;
            }
        }
    }

    fn next_turn(&mut self) -> Turn {
        loop {
            let Some((at_ns, what)) = self.agenda.pop() else {
                // The stage knows what it waits for and says that it is stuck.
                self.tasks.push(Task::Look);
                return Turn::Stage;
            };
            if at_ns > self.now_ns {
                self.now_ns = at_ns;
                self.since_progress = 0;
            }
            self.since_progress += 1;
            self.books.events += 1;
            if self.since_progress > EVENTS_AT_ONCE_MAX {
                self.tasks.push(Task::Abort(Aborted::Looped));
                return Turn::Stage;
            }
            match what {
                What::Deliver(parcel) => {
                    if let Some(place) = self.deliver(parcel) {
                        self.gather(place);
                        return Turn::Node(place);
                    }
                }
                What::Flushed { node, life, flight } => {
                    let place = usize::from(node);
                    if self.end_flush(place, life, flight) {
                        self.gather(place);
                        return Turn::Node(place);
                    }
                }
                What::Timer { node, life } => {
                    let place = usize::from(node);
                    if self.fire(place, life) {
                        return Turn::Node(place);
                    }
                }
                What::Client(client) => {
                    let client = client as usize;
                    self.load.timer_fired(client);
                    self.client_turn(client, |client, now| client.tick(now));
                }
                What::Arrival { client, is_fetch } => self.arrive(client as usize, is_fetch),
                What::Sample => {
                    self.books.sample(self.now_ns);
                    let next = self.now_ns + self.books.bucket_ns();
                    self.schedule(next, What::Sample);
                    if let Some(progress) = &self.options.progress_ms {
                        let ms = self.now_ns / 1_000_000;
                        progress.store(ms, std::sync::atomic::Ordering::Relaxed);
                    }
                    let cancelled = self.options.cancelled.as_ref();
                    if cancelled.is_some_and(|c| c.load(std::sync::atomic::Ordering::Relaxed)) {
                        self.tasks.push(Task::Abort(Aborted::Cancelled));
                        return Turn::Stage;
                    }
                }
                What::Stage(number) => {
                    self.tasks.push(self.agenda.take_task(number));
                    return Turn::Stage;
                }
            }
        }
    }

    /// Everything else that reaches this node at this very instant joins its turn.
    fn gather(&mut self, place: usize) {
        let node = number_at(place);
        while let Some((at_ns, what)) = self.agenda.peek() {
            let joins = at_ns == self.now_ns
                && match what {
                    What::Deliver(parcel) => self.parcels.to(parcel) == Some(node),
                    What::Flushed { node, .. } => usize::from(node) == place,
                    What::Timer { .. }
                    | What::Client(_)
                    | What::Arrival { .. }
                    | What::Sample
                    | What::Stage(_) => false,
                };
            if !joins {
                return;
            }
            self.agenda.pop();
            self.books.events += 1;
            match what {
                What::Deliver(parcel) => {
                    self.deliver(parcel);
                }
                What::Flushed { life, flight, .. } => {
                    self.end_flush(place, life, flight);
                }
                What::Timer { .. }
                | What::Client(_)
                | What::Arrival { .. }
                | What::Sample
                | What::Stage(_) => unreachable!("only frames and flushes join"),
            }
        }
    }
}

/// What the models counted, by kind: what faults of the plan brought, and accidents of the base world
/// apart. Cuts and power losses are counted where they are brought about.
pub(crate) fn model_hits(world: &World) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let (mut faults, mut accidents) = (BTreeMap::new(), BTreeMap::new());
    let mut add = |to_faults: bool, kind: &str, count: u64| {
        if count > 0 {
            let hits = if to_faults { &mut faults } else { &mut accidents };
            *hits.entry(kind.to_owned()).or_insert(0) += count;
        }
    };
    for ((kind, all), (_, by_faults)) in world.network.hits().zip(world.network.hits_by_faults()) {
        if kind != "cut" {
            add(true, kind, by_faults);
            add(false, kind, all - by_faults);
        }
    }
    for (kind, count) in world.machines.iter().flat_map(|machine| machine.disk.hits()) {
        match kind {
            "power_loss" => {}
            "tail" => add(false, "disk_tail", count),
            _ => add(true, kind, count),
        }
    }
    (faults, accidents)
}
