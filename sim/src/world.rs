//! The world: one heap of events in world time, the network, the disks and clocks that they go
//! through, and the books that are kept. It is the one madsim plug-in of the simulation: madsim runs
//! the tasks and owns the life of nodes, and nothing else of it is trusted (its clock, generator,
//! network and files feed nothing here).
//!
//! **One turn at a time.** Whoever has the turn (a node's task, or the driver's) runs to its end and
//! then moves the world itself ([`State::advance`]): it pops events until one belongs to a node or to
//! the driver, wakes that task and stops. So at most one task is runnable, madsim's random choice has
//! nothing to choose from, and a turn costs one task switch.

use crate::{
    books::Books,
    clock::Clock,
    disk::{DirectoryFlush, Disk, Flush},
    load::Load,
    network::{Network, Route},
    run::Options,
    sabotage::{Sabotage, Sabotaged},
    trace::Kind,
    witness::{Told, Witness, for_each_told},
};
use bytes::{Bytes, BytesMut};
use checkers::{Bench, Fact};
use madsim::{plugin::Simulator, rand::GlobalRng, task, time::TimeHandle};
use scenarios::{Plan, Stream};
use std::{
    collections::{BTreeMap, BinaryHeap},
    sync::{Mutex, MutexGuard},
    task::Waker,
};
use system::{Endpoint, FileId, Frame, Host, Input, Node, Plant, Settings};

/// Events at one instant before the world is held to be stuck in a loop.
const EVENTS_AT_ONCE_MAX: u64 = 1_000_000;
/// What a node may ask of its host in one turn before the turn is held to be endless.
const CALLS_PER_TURN_MAX: u64 = 2_000_000;

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
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
    /// The phase looks whether it is over.
    Look,
    /// The node's process panicked, or the world is in a loop: the run is over.
    Abort,
}

#[derive(Debug)]
enum What {
    Deliver(u32),
    Flushed { node: usize, life: u32, flight: u32 },
    Timer { node: usize, life: u32 },
    Client(usize),
    Arrival { client: usize, is_fetch: bool },
    Sample,
    Driver(Task),
}

#[derive(Debug)]
struct Scheduled {
    at_ns: u64,
    ordinal: u64,
    what: What,
}

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.ordinal == other.ordinal
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    /// Reversed: the heap's greatest is the earliest.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (other.at_ns, other.ordinal).cmp(&(self.at_ns, self.ordinal))
    }
}

#[derive(Debug)]
struct Flight {
    token: u64,
    files: Vec<Flush>,
    directory: Option<DirectoryFlush>,
    /// When it ends, if the disk stays as slow as it is.
    ends_ns: u64,
}

/// A frame under way.
#[derive(Debug)]
struct Parcel {
    from: Endpoint,
    to: Endpoint,
    frame: Frame,
}

/// One node as the world keeps it: its machine, not its mind.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) disk: Disk,
    pub(crate) clock: Clock,
    /// Dice that the process throws.
    dice: Stream,
    disk_dice: Stream,
    inbox: Vec<Input>,
    waker: Option<Waker>,
    /// Rises with every start: what was asked in an older life is not answered.
    pub(crate) life: u32,
    pub(crate) is_up: bool,
    /// Faults that hold it down, or still.
    pub(crate) down: u32,
    pub(crate) pauses: u32,
    /// Faults that let its flushes fail.
    pub(crate) failing: u32,
    flights: Vec<Option<Flight>>,
    /// World time of the timer in the heap that will fire first, and what is wanted.
    timer_at: u64,
    wake_at: u64,
    /// When it is alive but was passed over: paused with something in its inbox.
    is_owed_turn: bool,
}

/// Everything, behind one lock that is taken once a turn and never contended.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) plan: Plan,
    pub(crate) now_ns: u64,
    ordinal: u64,
    heap: BinaryHeap<Scheduled>,
    parcels: Vec<Option<Parcel>>,
    free: Vec<u32>,
    pub(crate) network: Network,
    pub(crate) machines: Vec<Machine>,
    pub(crate) load: Load,
    pub(crate) books: Books,
    pub(crate) witness: Witness,
    facts: Vec<Fact>,
    pub(crate) turn: Turn,
    driver: Option<Waker>,
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
            state.machines[place].reset();
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

    /// The world, for one turn.
    pub(crate) fn lock(&self) -> Locked<'_> {
        Locked(self.0.lock().expect("no task panics inside the world"))
    }

    /// The world, unless a panic of the harness left it in pieces.
    pub(crate) fn try_lock(&self) -> Option<Locked<'_>> {
        self.0.lock().ok().filter(|state| state.is_some()).map(Locked)
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

impl Machine {
    fn reset(&mut self) {
        self.inbox.clear();
        self.waker = None;
        self.is_up = false;
        self.flights.clear();
        (self.timer_at, self.wake_at) = (u64::MAX, u64::MAX);
        self.is_owed_turn = false;
        self.disk.crash();
    }
}

impl State {
    pub(crate) fn new(plan: &Plan, bench: Bench, options: &Options) -> State {
        let root = plan.seed;
        let n_nodes = plan.nodes.len();
        let machines = (1..=n_nodes as u32)
            .map(|node| Machine {
                disk: Disk::new(&plan.disk),
                clock: Clock::new(root, node, plan.timing.timer_jitter_us),
                dice: Stream::derive(root, &format!("node/{node}")),
                disk_dice: Stream::derive(root, &format!("disk/{node}")),
                inbox: Vec::new(),
                waker: None,
                life: 0,
                is_up: false,
                down: 0,
                pauses: 0,
                failing: 0,
                flights: Vec::new(),
                timer_at: u64::MAX,
                wake_at: u64::MAX,
                is_owed_turn: false,
            })
            .collect();
        let load = Load::new(plan);
        let client_regions = load.regions(plan);
        let mut state = State {
            network: Network::new(&plan.network, &plan.nodes, &client_regions, root),
            witness: Witness::new(&plan.nodes),
            books: Books::new(plan, bench, options.keep_trace),
            settings: (1..=n_nodes as u32).map(|node| settings_of(plan, node)).collect(),
            plan: plan.clone(),
            now_ns: 0,
            ordinal: 0,
            heap: BinaryHeap::new(),
            parcels: Vec::new(),
            free: Vec::new(),
            machines,
            load,
            facts: Vec::new(),
            turn: Turn::Driver,
            driver: None,
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
        self.ordinal += 1;
        self.heap.push(Scheduled { at_ns, ordinal: self.ordinal, what });
    }

    /// Asks for something that the driver does.
    pub(crate) fn schedule_task(&mut self, at_ns: u64, task: Task) {
        self.schedule(at_ns, What::Driver(task));
    }

    pub(crate) fn schedule_arrival(&mut self, at_ns: u64, client: usize, is_fetch: bool) {
        self.schedule(at_ns, What::Arrival { client, is_fetch });
    }

    /// Moves the world until someone has the turn, and wakes whoever it is.
    pub(crate) fn advance(&mut self) -> Turn {
        let turn = self.next_turn();
        self.turn = turn;
        match turn {
            Turn::Node(place) => {
                if let Some(waker) = &self.machines[place].waker {
                    waker.wake_by_ref();
                }
            }
            Turn::Driver => {
                if let Some(waker) = &self.driver {
                    waker.wake_by_ref();
                }
            }
        }
        turn
    }

    /// Power is gone from a machine whose process is dead: unsynced bytes survive or not.
    pub(crate) fn cut_power(&mut self, place: usize) {
        let machine = &mut self.machines[place];
        machine.disk.power_loss(&mut machine.disk_dice);
        self.reread_all(place);
    }

    /// Gives the turn back after a panic: the driver ends the run.
    pub(crate) fn hand_to_driver(&mut self) {
        self.turn = Turn::Driver;
        if let Some(waker) = &self.driver {
            waker.wake_by_ref();
        }
    }

    /// Remembers how to wake a task.
    pub(crate) fn register(&mut self, turn: Turn, waker: &Waker) {
        let known = match turn {
            Turn::Node(place) => &mut self.machines[place].waker,
            Turn::Driver => &mut self.driver,
        };
        if !known.as_ref().is_some_and(|known| known.will_wake(waker)) {
            *known = Some(waker.clone());
        }
    }

    fn next_turn(&mut self) -> Turn {
        loop {
            let Some(event) = self.heap.pop() else {
                // The driver knows what it waits for and says that it is stuck.
                self.tasks.push(Task::Look);
                return Turn::Driver;
            };
            if event.at_ns > self.now_ns {
                self.now_ns = event.at_ns;
                self.since_progress = 0;
            }
            self.since_progress += 1;
            self.books.events += 1;
            if self.since_progress > EVENTS_AT_ONCE_MAX {
                self.aborted = Some(Aborted::Looped);
                self.tasks.push(Task::Abort);
                return Turn::Driver;
            }
            match event.what {
                What::Deliver(parcel) => {
                    if let Some(place) = self.deliver(parcel) {
                        self.gather(place);
                        return Turn::Node(place);
                    }
                }
                What::Flushed { node, life, flight } => {
                    if self.end_flush(node, life, flight) {
                        self.gather(node);
                        return Turn::Node(node);
                    }
                }
                What::Timer { node, life } => {
                    if self.fire(node, life) {
                        return Turn::Node(node);
                    }
                }
                What::Client(client) => {
                    self.load.timer_fired(client);
                    self.client_turn(client, |client, now| client.tick(now));
                }
                What::Arrival { client, is_fetch } => self.arrive(client, is_fetch),
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
                What::Driver(task) => {
                    self.tasks.push(task);
                    return Turn::Driver;
                }
            }
        }
    }

    /// Everything else that reaches this node at this very instant joins its turn.
    fn gather(&mut self, place: usize) {
        let node = place as u32 + 1;
        while let Some(next) = self.heap.peek() {
            let joins = next.at_ns == self.now_ns
                && match &next.what {
                    What::Deliver(parcel) => {
                        self.parcels[*parcel as usize].as_ref().is_some_and(|p| p.to == node)
                    }
                    What::Flushed { node, .. } => *node == place,
                    What::Timer { .. }
                    | What::Client(_)
                    | What::Arrival { .. }
                    | What::Sample
                    | What::Driver(_) => false,
                };
            if !joins {
                return;
            }
            let event = self.heap.pop().expect("it was seen");
            self.books.events += 1;
            match event.what {
                What::Deliver(parcel) => {
                    self.deliver(parcel);
                }
                What::Flushed { node, life, flight } => {
                    self.end_flush(node, life, flight);
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

    fn may_run(&mut self, place: usize) -> Option<usize> {
        let machine = &mut self.machines[place];
        if machine.pauses > 0 {
            machine.is_owed_turn = true;
            return None;
        }
        Some(place)
    }

    /// A node wakes from its pause: what piled up is handed over now.
    pub(crate) fn wake_paused(&mut self, place: usize) {
        let machine = &mut self.machines[place];
        if machine.is_up && machine.pauses == 0 && std::mem::take(&mut machine.is_owed_turn) {
            let (life, at) = (machine.life, self.now_ns);
            (machine.timer_at, machine.wake_at) = (at, at);
            self.schedule(at, What::Timer { node: place, life });
        }
    }

    fn end_flush(&mut self, place: usize, life: u32, flight: u32) -> bool {
        let machine = &mut self.machines[place];
        if machine.life != life || !machine.is_up {
            return false;
        }
        let slot = &mut machine.flights[flight as usize];
        // An event of a flush that became faster or slower since is not its end.
        if slot.as_ref().is_none_or(|flight| flight.ends_ns != self.now_ns) {
            return false;
        }
        let flight = slot.take().expect("a flush was seen");
        let node = place as u32 + 1;
        let is_ok = machine.failing == 0;
        self.books.trace.record(
            self.now_ns,
            Kind::Flushed,
            (node, 0),
            [flight.token, u64::from(is_ok)],
        );
        let mut again = Vec::new();
        if is_ok {
            if let Some(directory) = flight.directory {
                machine.disk.end_flush_directory(directory).for_each(drop);
            }
            for flush in flight.files {
                let file = flush.file();
                let Some(flushed) = machine.disk.end_flush(flush) else { continue };
                if !self.witness.flushed(node, &flushed, &mut self.facts) {
                    again.push((file >> 32) as u32 - 1);
                }
            }
        } else {
            for flush in flight.files {
                machine.disk.fail_flush(flush);
            }
        }
        self.tell_facts();
        for group in again {
            self.reread(place, group);
        }
        self.machines[place].inbox.push(Input::Flushed { token: flight.token, is_ok });
        self.may_run(place).is_some()
    }

    /// Looks at a log from its beginning, after something other than an append happened to it.
    pub(crate) fn reread(&mut self, place: usize, group: u32) {
        let (node, disk) = (place as u32 + 1, &self.machines[place].disk);
        self.witness.reread(node, group, disk, self.books.bench.truth(), &mut self.facts);
        self.tell_facts();
    }

    /// After a power loss whatever is left is durable, and may be more than was known, or less.
    pub(crate) fn reread_all(&mut self, place: usize) {
        for group in Witness::groups_of(&self.machines[place].disk) {
            self.reread(place, group);
        }
    }

    fn tell_facts(&mut self) {
        let facts = std::mem::take(&mut self.facts);
        for fact in &facts {
            self.books.fact(self.now_ns, fact);
        }
        self.facts = facts;
        self.facts.clear();
    }

    fn fire(&mut self, place: usize, life: u32) -> bool {
        let now = self.now_ns;
        let machine = &mut self.machines[place];
        if machine.life != life || !machine.is_up || machine.timer_at != now {
            return false;
        }
        machine.timer_at = u64::MAX;
        if machine.wake_at > now {
            // The wish was put off meanwhile.
            let at = machine.wake_at;
            if at != u64::MAX {
                machine.timer_at = at;
                self.schedule(at, What::Timer { node: place, life });
            }
            return false;
        }
        machine.wake_at = u64::MAX;
        machine.inbox.push(Input::Timer);
        self.may_run(place).is_some()
    }

    /// A disk became slower or faster: what is left of the flushes under way takes longer or shorter.
    pub(crate) fn respeed(&mut self, place: usize, before: u64) {
        let now = self.now_ns;
        let machine = &mut self.machines[place];
        let (life, slowness) = (machine.life, machine.disk.slowness());
        let mut ends = Vec::new();
        for (slot, flight) in machine.flights.iter_mut().enumerate() {
            let Some(flight) = flight else { continue };
            let left = u128::from(flight.ends_ns.saturating_sub(now));
            let left = left * u128::from(slowness) / u128::from(before);
            flight.ends_ns = now.saturating_add(u64::try_from(left).unwrap_or(u64::MAX / 2));
            ends.push((flight.ends_ns, slot as u32));
        }
        for (at, flight) in ends {
            self.schedule(at, What::Flushed { node: place, life, flight });
        }
    }

    /// A node's process begins: its first turn opens it.
    pub(crate) fn begin_life(&mut self, place: usize) {
        let machine = &mut self.machines[place];
        machine.life += 1;
        machine.is_up = true;
        machine.waker = None;
        machine.inbox.clear();
        let (life, at) = (machine.life, self.now_ns);
        (machine.timer_at, machine.wake_at) = (at, at);
        self.books.trace.record(at, Kind::Start, (place as u32 + 1, life), [0, 0]);
        self.schedule(at, What::Timer { node: place, life });
    }

    /// What is broken on purpose in this node's turn now.
    pub(crate) fn sabotage(&self, place: usize) -> Option<Sabotage> {
        Sabotaged::strikes(self.sabotaged, place, self.now_ns)
    }

    /// One turn of a node: opens it if it is not open yet. The node is dropped when it stops itself.
    pub(crate) fn turn_of(&mut self, place: usize, node: &mut Option<Node>) {
        let sabotage = self.sabotage(place);
        let mut inputs = std::mem::take(&mut self.machines[place].inbox);
        let who = (place as u32 + 1, inputs.len() as u32);
        let clock = &self.machines[place].clock;
        let clocks = [clock.monotonic_ns(self.now_ns), clock.wall_ns(self.now_ns)];
        self.books.trace.record(self.now_ns, Kind::Turn, who, clocks);
        let settings = node.is_none().then(|| self.settings[place].clone());
        let mut host = HostView { state: self, place, calls: 0 };
        let ended = match (node.as_mut(), settings) {
            (Some(node), _) => node.turn(&mut host, &mut inputs),
            (None, Some(settings)) => {
                inputs.clear();
                Node::open(&mut host, settings).map(|opened| {
                    for (group, why) in opened.blocked() {
                        let text = format!("n{}: p{group} is blocked: {why}", place + 1);
                        host.state.books.note(host.state.now_ns, text);
                    }
                    *node = Some(opened);
                })
            }
            (None, None) => unreachable!("a node without settings"),
        };
        match sabotage {
            Some(Sabotage::Panic) => panic!("a node that was told to panic"),
            Some(Sabotage::EndlessTurn) => loop {
                host.random();
            },
            Some(Sabotage::EndlessEvents) => host.wake_at(0),
            Some(Sabotage::KeepTurn) | None => {}
        }
        self.machines[place].inbox = inputs;
        match ended {
            Ok(()) => {
                let node = node.as_ref().expect("it is open");
                self.books.look(self.now_ns, place as u32 + 1, node);
            }
            Err(stop) => {
                self.books.note(self.now_ns, format!("n{} stopped itself: {}", place + 1, stop.0));
                self.machines[place].is_up = false;
                self.schedule_task(self.now_ns, Task::Reap(place));
            }
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
            self.schedule(at.max(now), What::Client(place));
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
        for_each_told(&frame.head, to, |told| match told {
            Told::Claim { group, claim } => {
                books.fact(now, &Fact::Claimed { node: from, group, claim });
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
    }
}

/// What identifies a frame's content: the checksum of its head, which covers the hashes of what it
/// carries only through the entries; those are traced when they are written.
fn fingerprint(frame: &Frame) -> u64 {
    let head = &frame.head;
    let crc = u32::from_le_bytes(head[head.len() - 4..].try_into().expect("four bytes"));
    u64::from(crc)
}

fn settings_of(plan: &Plan, node: u32) -> Settings {
    Settings {
        cluster: crate::load::CLUSTER,
        node,
        metadata: crate::load::metadata_place(plan),
        timing: system::Timing {
            heartbeat: plan.timing.heartbeat_ms * 1_000_000,
            election_min: plan.timing.election_min_ms * 1_000_000,
            election_max: plan.timing.election_max_ms * 1_000_000,
        },
        plant: plan.plants.first().and_then(|name| Plant::named(name)),
    }
}

/// One node's host for one turn.
struct HostView<'a> {
    state: &'a mut State,
    place: usize,
    calls: u64,
}

impl HostView<'_> {
    fn machine(&mut self) -> &mut Machine {
        self.calls += 1;
        assert!(
            self.calls < CALLS_PER_TURN_MAX,
            "a turn of n{} does not end: {} calls to its host",
            self.place + 1,
            self.calls
        );
        &mut self.state.machines[self.place]
    }

    fn node(&self) -> u32 {
        self.place as u32 + 1
    }
}

impl Host for HostView<'_> {
    fn monotonic(&mut self) -> u64 {
        let now = self.state.now_ns;
        self.machine().clock.monotonic_ns(now)
    }

    fn wall(&mut self) -> u64 {
        let now = self.state.now_ns;
        self.machine().clock.wall_ns(now)
    }

    fn random(&mut self) -> u64 {
        self.machine().dice.bits()
    }

    fn send(&mut self, to: Endpoint, frame: Frame) {
        self.machine();
        let from = self.node();
        self.state.told(from, to, &frame);
        self.state.send(from, to, frame);
    }

    fn files(&mut self) -> Vec<FileId> {
        self.machine().disk.list().map(FileId).collect()
    }

    fn read(&mut self, file: FileId) -> Bytes {
        let mut parts = self.machine().disk.read(file.0);
        if parts.len() == 1 {
            return parts.remove(0);
        }
        let mut bytes = BytesMut::with_capacity(parts.iter().map(Bytes::len).sum());
        parts.iter().for_each(|part| bytes.extend_from_slice(part));
        bytes.freeze()
    }

    fn write(&mut self, file: FileId, at: u64, parts: &[Bytes]) {
        self.machine().disk.write(file.0, at, parts);
        // A block's header ends with its checksum, which covers that of small records; an entry's header
        // (96 bytes) ends with a hash over the rest of it. So eight bytes of each part name its content.
        let digest = parts.iter().fold(0u64, |digest, part| {
            let end = part.len().min(96);
            let named = part[end.saturating_sub(8)..end].iter();
            let name = named.fold(0u64, |name, byte| name << 8 | u64::from(*byte));
            digest.rotate_left(7) ^ name
        });
        let (now, who) = (self.state.now_ns, (self.node(), file.0 as u32));
        self.state.books.trace.record(now, Kind::Write, who, [at, digest]);
    }

    fn truncate(&mut self, file: FileId, len: u64) {
        if self.machine().disk.len(file.0) != Some(len) {
            self.machine().disk.set_len(file.0, len);
            let (now, who) = (self.state.now_ns, (self.node(), file.0 as u32));
            self.state.books.trace.record(now, Kind::Truncate, who, [file.0, len]);
        }
    }

    fn flush(&mut self, token: u64, files: &[FileId], directory: bool) {
        let now = self.state.now_ns;
        let machine = self.machine();
        let files: Vec<Flush> = files.iter().map(|file| machine.disk.begin_flush(file.0)).collect();
        let dirty: u64 = files.iter().map(Flush::bytes).sum();
        let directory = directory.then(|| machine.disk.begin_flush_directory());
        let takes = machine.disk.flush_ns(dirty, &mut machine.disk_dice);
        let ends_ns = now + takes;
        let flight = Flight { token, files, directory, ends_ns };
        let place = machine.flights.iter().position(Option::is_none);
        let slot = match place {
            Some(slot) => {
                machine.flights[slot] = Some(flight);
                slot
            }
            None => {
                machine.flights.push(Some(flight));
                machine.flights.len() - 1
            }
        };
        let life = machine.life;
        let (node, who) = (self.place, (self.node(), token as u32));
        self.state.books.trace.record(now, Kind::Flush, who, [dirty, takes]);
        self.state.schedule(ends_ns, What::Flushed { node, life, flight: slot as u32 });
    }

    fn wake_at(&mut self, at: u64) {
        let (now, place) = (self.state.now_ns, self.place);
        let machine = self.machine();
        if at == u64::MAX {
            machine.wake_at = u64::MAX;
            return;
        }
        let at = machine.clock.world_when_monotonic(at).max(now) + machine.clock.jitter_ns();
        machine.wake_at = at;
        if at < machine.timer_at {
            machine.timer_at = at;
            let life = machine.life;
            self.state.schedule(at, What::Timer { node: place, life });
        }
    }
}

/// Formats every disk: an operator's act before the first start.
pub(crate) fn format(state: &mut State) {
    for place in 0..state.machines.len() {
        let settings = state.settings[place].clone();
        let mut host = HostView { state, place, calls: 0 };
        Node::format(&mut host, &settings).expect("an empty disk can be formatted");
        let machine = &mut state.machines[place];
        let flight = machine.flights[0].take().expect("formatting flushes");
        if let Some(directory) = flight.directory {
            machine.disk.end_flush_directory(directory).for_each(drop);
        }
        for flush in flight.files {
            machine.disk.end_flush(flush);
        }
        machine.flights.clear();
    }
    // The flushes have ended above; their events belong to no life.
    state.heap.retain(|event| !matches!(event.what, What::Flushed { .. }));
}

/// Fault hits that the models counted, by kind.
pub(crate) fn model_hits(state: &State) -> BTreeMap<String, u64> {
    let mut hits = BTreeMap::new();
    let network = state.network.hits();
    let disks = state.machines.iter().flat_map(|machine| machine.disk.hits());
    for (kind, count) in network.chain(disks).filter(|(_, count)| *count > 0) {
        *hits.entry(kind.to_owned()).or_insert(0) += count;
    }
    hits
}
