//! The world: one heap of events in world time, the network, the disks and clocks that they go
//! through, and the books that are kept. It is the one madsim plug-in of the simulation: madsim runs
//! the tasks and owns the life of nodes, and nothing else of it is trusted (its clock, generator,
//! network and files feed nothing here). It is long because driver, nodes and clients all move the one
//! [`State`]; what is a machine of its own (agenda, host, machines) has its own room.
//!
//! **One turn at a time.** The one task of a run moves the world ([`State::run`]): it pops events, lets
//! the node that one belongs to have its turn, and stops at the first that belongs to the driver. So no
//! second task is ever runnable, madsim's random choice has nothing to choose from, and a turn is a
//! plain call.

mod agenda;
mod host;
mod machine;
mod plugin;

use crate::{
    books::Books,
    clock::Clock,
    disk::Disk,
    load::Load,
    network::{Network, Route},
    oracle::{Change, Oracle, ears::Ears},
    panics::told_by,
    run::Options,
    sabotage::{Sabotage, Sabotaged},
    trace::Kind,
    witness::{Told, Witness, for_each_told},
};
use checkers::{Bench, Fact, Role};
use scenarios::{Plan, Stream};
use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
};
use system::{Endpoint, Frame, Host, Input, Node, Part, Settings};

/// Events at one instant before the world is held to be stuck in a loop.
const EVENTS_AT_ONCE_MAX: u64 = 1_000_000;

use agenda::{Agenda, What};
pub(crate) use host::format;
use host::{HostView, settings_of};
pub(crate) use machine::Machine;
pub(crate) use plugin::World;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    /// A node, by its place.
    Node(usize),
    /// The driver: phases, faults, starts and stops.
    Driver,
}

/// Something that the driver does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// A fault of the timeline begins.
    Begin(usize),
    /// It ends.
    End(usize),
    /// A restart storm's next blow to a node: down if `down`, else up.
    Storm { fault: usize, node: usize, down: bool },
    /// A process ended by itself.
    Reap(usize),
    /// A supervisor starts it again.
    Revive(usize),
    /// A late partition's time has come.
    Create(usize),
    /// Late partitions that failed are asked for again, clients look for those that stand.
    Introduce,
    /// The phase looks whether it is over.
    Look,
    /// The node's process panicked, or the world is in a loop: the run is over.
    Abort,
}

/// A frame under way.
#[derive(Debug)]
struct Parcel {
    from: Endpoint,
    to: Endpoint,
    frame: Frame,
}

/// Everything, behind one lock that is taken once a turn and never contended.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) plan: Plan,
    pub(crate) now_ns: u64,
    agenda: Agenda,
    parcels: Vec<Option<Parcel>>,
    free: Vec<u32>,
    pub(crate) network: Network,
    pub(crate) machines: Vec<Machine>,
    pub(crate) load: Load,
    pub(crate) books: Books,
    pub(crate) witness: Witness,
    pub(crate) oracle: Oracle,
    pub(crate) ears: Ears,
    facts: Vec<Fact>,
    pub(crate) tasks: Vec<Task>,
    settings: Vec<Settings>,
    since_progress: u64,
    pub(crate) aborted: Option<Aborted>,
    pub(crate) options: Options,
    pub(crate) sabotaged: Option<Sabotaged>,
}

/// Why a run ended before its plan did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Aborted {
    /// A node panicked.
    Panicked { node: u32, place: String, message: String },
    /// The world went round in circles.
    Looped,
    /// Someone asked for it.
    Cancelled,
}

impl State {
    pub(crate) fn new(plan: &Plan, bench: Bench, options: &Options) -> State {
        let root = plan.seed;
        let n_nodes = plan.nodes.len();
        assert!(n_nodes <= usize::from(u16::MAX), "events have no room for {n_nodes} nodes");
        let machines = (1..=n_nodes as u32)
            .map(|node| Machine {
                disk: Disk::new(&plan.disk),
                clock: Clock::new(root, node, plan.timing.timer_jitter_us),
                dice: Stream::derive(root, &format!("node/{node}")),
                disk_dice: Stream::derive(root, &format!("disk/{node}")),
                inbox: Vec::new(),
                process: None,
                life: 0,
                is_up: false,
                down: 0,
                pauses: 0,
                failing: 0,
                flights: Vec::new(),
                timer_at: u64::MAX,
                wake_at: u64::MAX,
                wish: (u64::MAX, 0),
                unseen: Vec::new(),
                is_owed_turn: false,
            })
            .collect();
        let load = Load::new(plan);
        let client_regions = load.regions(plan);
        let mut state = State {
            network: Network::new(&plan.network, &plan.nodes, &client_regions, root),
            witness: Witness::new(&plan.nodes),
            oracle: Oracle::new(plan),
            ears: Ears::new(n_nodes, plan.placement.partitions.len() + 1),
            books: Books::new(plan, bench, options),
            settings: (1..=n_nodes as u32).map(|node| settings_of(plan, node)).collect(),
            plan: plan.clone(),
            now_ns: 0,
            agenda: Agenda::default(),
            parcels: Vec::new(),
            free: Vec::new(),
            machines,
            load,
            facts: Vec::new(),
            tasks: Vec::new(),
            since_progress: 0,
            aborted: None,
            options: options.clone(),
            sabotaged: None,
        };
        let bucket_ns = state.books.bucket_ns();
        state.schedule(bucket_ns, What::Sample);
        state
    }

    fn schedule(&mut self, at_ns: u64, what: What) {
        assert!(at_ns >= self.now_ns, "an event at {at_ns} is scheduled in the past");
        self.agenda.add(at_ns, what);
    }

    /// Asks for something that the driver does.
    pub(crate) fn schedule_task(&mut self, at_ns: u64, task: Task) {
        assert!(at_ns >= self.now_ns, "a task at {at_ns} is scheduled in the past");
        self.agenda.add_task(at_ns, task);
    }

    pub(crate) fn schedule_arrival(&mut self, at_ns: u64, client: usize, is_fetch: bool) {
        self.schedule(at_ns, What::Arrival { client: client as u32, is_fetch });
    }

    /// Moves the world until the driver has the turn.
    pub(crate) fn run(&mut self) {
        while let Turn::Node(place) = self.next_turn() {
            let turn = || self.turn_of(place);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(turn)) {
                // The process went down with it: what a panic left half done must not be looked at again.
                let (source, message) = told_by(panic.as_ref());
                let node = place as u32 + 1;
                self.aborted = Some(Aborted::Panicked { node, place: source, message });
                self.tasks.push(Task::Abort);
                return;
            }
        }
    }

    fn next_turn(&mut self) -> Turn {
        loop {
            let Some((at_ns, what)) = self.agenda.pop() else {
                // The driver knows what it waits for and says that it is stuck.
                self.tasks.push(Task::Look);
                return Turn::Driver;
            };
            if at_ns > self.now_ns {
                self.now_ns = at_ns;
                self.since_progress = 0;
            }
            self.since_progress += 1;
            self.books.events += 1;
            if self.since_progress > EVENTS_AT_ONCE_MAX {
                self.aborted = Some(Aborted::Looped);
                self.tasks.push(Task::Abort);
                return Turn::Driver;
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
                        self.aborted = Some(Aborted::Cancelled);
                        self.tasks.push(Task::Abort);
                        return Turn::Driver;
                    }
                }
                What::Driver(number) => {
                    self.tasks.push(self.agenda.take_task(number));
                    return Turn::Driver;
                }
            }
        }
    }

    /// Everything else that reaches this node at this very instant joins its turn.
    fn gather(&mut self, place: usize) {
        let node = place as u32 + 1;
        while let Some((at_ns, what)) = self.agenda.peek() {
            let joins = at_ns == self.now_ns
                && match what {
                    What::Deliver(parcel) => {
                        self.parcels[parcel as usize].as_ref().is_some_and(|p| p.to == node)
                    }
                    What::Flushed { node, .. } => usize::from(node) == place,
                    What::Timer { .. }
                    | What::Client(_)
                    | What::Arrival { .. }
                    | What::Sample
                    | What::Driver(_) => false,
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
                | What::Driver(_) => unreachable!("only frames and flushes join"),
            }
        }
    }

    /// A frame arrives; the node that must have a turn for it, if it is one.
    fn deliver(&mut self, parcel: u32) -> Option<usize> {
        let Parcel { from, to, frame } =
            self.parcels[parcel as usize].take().expect("a parcel arrives once");
        self.free.push(parcel);
        if self.network.swallows(from, to) {
            self.books.trace.record(self.now_ns, Kind::Lose, (from, to), [1, 0]);
            return None;
        }
        let content = [fingerprint(&frame), frame.size() as u64];
        self.books.trace.record(self.now_ns, Kind::Deliver, (from, to), content);
        let place = to as usize - 1;
        if place < self.machines.len() {
            let machine = &mut self.machines[place];
            // A machine whose process is gone is silent: it sends no farewell and no refusal.
            if !machine.is_up {
                return None;
            }
            machine.inbox.push(Input::Frame(frame));
            return self.may_run(place);
        }
        let client = place - self.machines.len();
        self.client_turn(client, |client, now| client.receive(now, frame));
        None
    }

    /// What is broken on purpose in this node's turn now.
    fn sabotage(&self, place: usize) -> Option<Sabotage> {
        Sabotaged::strikes(self.sabotaged, place, self.now_ns)
    }

    /// One turn of a node: opens it if it is not open yet.
    fn turn_of(&mut self, place: usize) {
        let mut process = self.machines[place].process.take();
        let sabotage = self.sabotage(place);
        let mut inputs = std::mem::take(&mut self.machines[place].inbox);
        let who = (place as u32 + 1, inputs.len() as u32);
        for kind in std::mem::take(&mut self.machines[place].unseen) {
            self.books.hit(kind, 1);
        }
        let clock = &self.machines[place].clock;
        let clocks = [clock.monotonic_ns(self.now_ns), clock.wall_ns(self.now_ns)];
        self.books.trace.record(self.now_ns, Kind::Turn, who, clocks);
        match process {
            Some(_) => self.hear(place, &inputs, clocks[0]),
            None => self.ears.begin(place, clocks[0]),
        }
        let mut host = HostView { state: self, place, calls: 0 };
        let ended = match &mut process {
            Some(node) => node.turn(&mut host, &mut inputs),
            None => {
                inputs.clear();
                let settings = host.state.settings[place].clone();
                Node::open(&mut host, settings).map(|opened| {
                    for (group, why) in opened.blocked() {
                        let text = format!("n{}: p{group} is blocked: {why}", place + 1);
                        host.state.books.note(host.state.now_ns, text);
                    }
                    process = Some(Box::new(opened));
                })
            }
        };
        match sabotage {
            Some(Sabotage::Panic) => panic!("a node that was told to panic"),
            Some(Sabotage::EndlessTurn) => loop {
                host.random();
            },
            Some(Sabotage::EndlessEvents) => host.wake_at(0),
            None => {}
        }
        self.machines[place].inbox = inputs;
        match ended {
            Ok(()) => {
                let node = process.as_deref().expect("it is open");
                self.watch_elections(place, node);
                self.books.look(self.now_ns, place as u32 + 1, node);
            }
            Err(stop) => {
                self.books.note(self.now_ns, format!("n{} stopped itself: {}", place + 1, stop.0));
                self.machines[place].is_up = false;
                self.schedule_task(self.now_ns, Task::Reap(place));
            }
        }
        self.machines[place].process = process;
    }

    /// What a turn is handed, for whoever asks later what a voter had heard.
    fn hear(&mut self, place: usize, inputs: &[Input], clock_ns: u64) {
        self.ears.turn(place, clock_ns);
        let views = &self.books.views[place];
        let own =
            |group: u32| views.get(group as usize).copied().flatten().map_or(0, |view| view.term);
        for input in inputs {
            match input {
                Input::Frame(frame) => self.ears.hand(place, &frame.head, own),
                Input::Flushed { .. } | Input::Timer => {}
            }
        }
    }

    /// Who stands for election since this turn, and who leads: compared with how they looked before.
    fn watch_elections(&mut self, place: usize, node: &Node) {
        for replica in node.touched() {
            let (view, group) = (replica.view(), replica.group());
            let before = self.books.views[place][group as usize];
            match view.part {
                Part::Candidate => {
                    let own = before.map_or(0, |before| before.term);
                    if view.term > own {
                        self.facts.push(self.ears.began(place, group, view.term, own));
                    }
                }
                Part::Leader if before.is_none_or(|before| before.role != Role::Leader) => {
                    self.ears.elected(place);
                }
                Part::Leader | Part::Learner | Part::Follower | Part::PreCandidate => {}
            }
        }
        self.tell_facts();
    }

    /// A process ended, or the run did: what it did in its life.
    pub(crate) fn end_life(&mut self, place: usize) {
        let clock_ns = self.machines[place].clock.monotonic_ns(self.now_ns);
        if let Some(fact) = self.ears.end(place, clock_ns) {
            self.books.fact(self.now_ns, &fact);
        }
    }

    /// Tells which groups and clients are calm since now, or no more. `what` was done to them.
    pub(crate) fn tell_calm(&mut self, what: impl FnOnce() -> String) {
        let now = self.now_ns;
        let change = self.oracle.look(now);
        let Change { calm_groups, calm_clients, troubled_groups, troubled_clients } = change;
        if !troubled_groups.is_empty() || !troubled_clients.is_empty() {
            let (groups, clients) = (troubled_groups, troubled_clients);
            self.books.fact(now, &Fact::Troubled { groups, clients, what: what() });
        }
        if !calm_groups.is_empty() || !calm_clients.is_empty() {
            let (groups, clients) = (calm_groups, calm_clients);
            self.books.fact(now, &Fact::Calm { groups, clients });
        }
    }

    pub(crate) fn send(&mut self, from: Endpoint, to: Endpoint, frame: Frame) {
        let size = frame.size() as u64;
        self.books.trace.record(self.now_ns, Kind::Send, (from, to), [fingerprint(&frame), size]);
        match self.network.route(self.now_ns, from, to, size) {
            Route::Lost { .. } => {
                self.books.trace.record(self.now_ns, Kind::Lose, (from, to), [0, 0]);
            }
            Route::Deliver { at_ns, again_at_ns } => {
                if let Some(again) = again_at_ns {
                    self.post(again, Parcel { from, to, frame: frame.clone() });
                }
                self.post(at_ns, Parcel { from, to, frame });
            }
        }
    }

    fn post(&mut self, at_ns: u64, parcel: Parcel) {
        let slot = match self.free.pop() {
            Some(slot) => {
                self.parcels[slot as usize] = Some(parcel);
                slot
            }
            None => {
                self.parcels.push(Some(parcel));
                self.parcels.len() as u32 - 1
            }
        };
        self.schedule(at_ns, What::Deliver(slot));
    }

    /// Lets a client act, then carries its frames away and writes down what ended.
    pub(crate) fn client_turn(&mut self, place: usize, act: impl FnOnce(&mut system::Client, u64)) {
        let now = self.now_ns;
        act(self.load.client(place), now);
        let endpoint = self.load.endpoint(place);
        let mut frames = std::mem::take(&mut self.load.frames);
        frames.extend(self.load.client(place).take_frames());
        for (to, frame) in frames.drain(..) {
            self.send(endpoint, to, frame);
        }
        self.load.frames = frames;
        self.load.settle(place, now, &mut self.books);
        if let Some(at) = self.load.next_timer(place) {
            self.schedule(at.max(now), What::Client(place as u32));
        }
    }

    fn arrive(&mut self, client: usize, is_fetch: bool) {
        let Some((ask, next)) = self.load.arrive(client, is_fetch, self.now_ns) else { return };
        self.schedule_arrival(next, client, is_fetch);
        self.call(client, ask);
    }

    /// A client calls.
    pub(crate) fn call(&mut self, client: usize, ask: checkers::Ask) -> u64 {
        let now = self.now_ns;
        let number = self.load.number(client);
        let id = self.books.called(now, number, ask.clone());
        let bytes = self.plan.workload.message_bytes;
        self.client_turn(client, |client, now| crate::load::put(client, now, id, &ask, bytes));
        id
    }

    /// A frame leaves a node: what it claims is judged against that node's disk at this very moment.
    fn told(&mut self, from: u32, to: Endpoint, frame: &Frame) {
        let (books, witness, load) = (&mut self.books, &self.witness, &self.load);
        let n_nodes = self.machines.len();
        let now = self.now_ns;
        let read = for_each_told(&frame.head, to, |told| match told {
            Told::Claim { group, claim } => {
                let to = Some(to).filter(|to| *to as usize <= n_nodes);
                books.fact(now, &Fact::Claimed { node: from, to, group, claim });
            }
            Told::Acked { group, request, acks, entry, offset } => {
                if group == system::METADATA {
                    return;
                }
                let called = load.message_of(to as usize - 1 - n_nodes, request, books);
                let message = called.or_else(|| witness.message(group, entry)).unwrap_or_default();
                books.fact(now, &Fact::Acked { node: from, group, acks, entry, offset, message });
            }
        });
        assert!(read.is_some(), "n{from} sends a frame that docs/FORMAT.md does not know");
        if to as usize <= n_nodes {
            self.ears.send(from as usize - 1, to, &frame.head, &mut self.facts);
            if !self.facts.is_empty() {
                self.tell_facts();
            }
        }
    }
}

/// What identifies a frame's content: the checksum of its head, which covers the hashes of what it
/// carries only through the entries; those are traced when they are written.
fn fingerprint(frame: &Frame) -> u64 {
    let head = &frame.head;
    let crc = u32::from_le_bytes(head[head.len() - 4..].try_into().expect("four bytes"));
    u64::from(crc)
}

/// What the models counted, by kind: what faults of the plan brought, and accidents of the base world
/// apart. Cuts and power losses are counted where they are brought about.
pub(crate) fn model_hits(state: &State) -> (BTreeMap<String, u64>, BTreeMap<String, u64>) {
    let (mut faults, mut accidents) = (BTreeMap::new(), BTreeMap::new());
    let mut add = |to_faults: bool, kind: &str, count: u64| {
        if count > 0 {
            let hits = if to_faults { &mut faults } else { &mut accidents };
            *hits.entry(kind.to_owned()).or_insert(0) += count;
        }
    };
    for ((kind, all), (_, by_faults)) in state.network.hits().zip(state.network.hits_by_faults()) {
        if kind != "cut" {
            add(true, kind, by_faults);
            add(false, kind, all - by_faults);
        }
    }
    for (kind, count) in state.machines.iter().flat_map(|machine| machine.disk.hits()) {
        match kind {
            "power_loss" => {}
            "tail" => add(false, "disk_tail", count),
            _ => add(true, kind, count),
        }
    }
    (faults, accidents)
}
