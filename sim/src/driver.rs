//! The driver: leads a run through its phases (boot, trouble, heal, drain, judge), strikes with the
//! plan's faults and lifts them, and owns the life of processes. It judges nothing. The three are one
//! room because each needs madsim's handle, and a phase lifts faults and starts processes.

use crate::{
    load,
    nemesis::{Active, Blow, resolved},
    tasks::Process,
    trace::Kind,
    witness::Witness,
    world::{Aborted, State, Task, Turn, World},
};
use checkers::{Acks, Ask, Ending, Fact, Mark, Outcome as Answer, ReadLevel, Reply, Role};
use madsim::runtime::Handle;
use scenarios::{Fault, Plan, Planned};
use std::{collections::BTreeMap, sync::Arc};

/// How often a phase looks whether it is over.
const LOOK_NS: u64 = 20_000_000;
/// A process that stopped itself is started again after this.
const REVIVE_NS: u64 = 1_000_000_000;
/// Progress is owed within so many of the longest election timeouts (DESIGN 4).
const BOUND_ELECTIONS: u64 = 25;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Boot,
    Trouble,
    /// Everything is lifted; progress is owed and replicas catch up.
    Heal,
    Drain,
    Over,
}

/// Leads one run.
pub(crate) struct Driver {
    handle: Handle,
    nodes: Vec<madsim::runtime::NodeHandle>,
    phase: Phase,
    /// When the phase began, and when it must be over.
    limit_ns: u64,
    trouble_ns: u64,
    healed_ns: u64,
    active: BTreeMap<usize, (Active, Vec<u64>)>,
    probes: BTreeMap<u32, u64>,
    drain: BTreeMap<u32, Drain>,
    effective: Plan,
    ending: Option<Ending>,
    struck: Vec<(String, u64)>,
}

/// How a run ended, and what its faults were.
pub(crate) struct Outcome {
    pub(crate) ending: Ending,
    pub(crate) effective: Plan,
    /// Faults that took replicas away: what, when.
    pub(crate) struck: Vec<(String, u64)>,
}

#[derive(Debug)]
struct Drain {
    from: u64,
    call: Option<u64>,
    is_done: bool,
}

impl Driver {
    /// Creates the nodes of the plan and asks for the first look.
    pub(crate) fn new(handle: Handle, world: &Arc<World>, plan: &Plan) -> Driver {
        let nodes = (0..plan.nodes.len())
            .map(|place| {
                let world = world.clone();
                handle
                    .create_node()
                    .name(format!("n{}", place + 1))
                    .init(move || Process::new(world.clone(), place))
                    .build()
            })
            .collect();
        let mut effective = plan.clone();
        effective.timeline.clear();
        let mut state = world.lock();
        for place in 0..plan.nodes.len() {
            state.begin_life(place);
        }
        state.schedule_task(0, Task::Look);
        // Every client begins by asking where partitions stand.
        for client in 0..=state.load.own() {
            state.client_turn(client, |client, now| client.tick(now));
        }
        Driver {
            handle,
            nodes,
            phase: Phase::Boot,
            limit_ns: plan.phases.boot_ms_max * 1_000_000,
            trouble_ns: 0,
            healed_ns: 0,
            active: BTreeMap::new(),
            probes: BTreeMap::new(),
            drain: BTreeMap::new(),
            effective,
            ending: None,
            struck: Vec::new(),
        }
    }

    /// No task is awake and nothing will wake one: whoever had the turn did not hand it on.
    pub(crate) fn deadlocked(&mut self, world: &Arc<World>) {
        let state = world.lock();
        let (at_ns, waiting) = (state.now_ns, self.waiting(&state));
        let who = match state.turn {
            Turn::Node(place) => format!("n{}", place + 1),
            Turn::Driver => "the driver".to_owned(),
        };
        drop(state);
        let waiting = format!("deadlock: {who} has the turn and nobody is awake; {waiting}");
        self.finish(Ending::Stuck { at_ns, waiting });
    }

    /// What is left of it after the run. Ends every process, so that it can say farewell.
    pub(crate) fn into_outcome(self) -> Outcome {
        for node in &self.nodes {
            self.handle.kill(node.id());
        }
        let ending = self.ending.expect("a run that is over has an ending");
        Outcome { ending, effective: self.effective, struck: self.struck }
    }

    /// Whether the run has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Does one task.
    pub(crate) fn act(&mut self, world: &Arc<World>, task: Task) {
        if self.is_over() {
            return;
        }
        match task {
            Task::Begin(place) => self.begin(world, place),
            Task::End(place) => self.end(world, place),
            Task::Storm { fault, node, down } => self.storm(world, fault, node, down),
            Task::Reap(node) => {
                self.kill(world, node);
                let mut state = world.lock();
                let at = state.now_ns + REVIVE_NS;
                state.schedule_task(at, Task::Revive(node));
            }
            Task::Revive(node) => self.start(world, node),
            Task::Create(which) => create_late(&mut world.lock(), which),
            Task::Introduce => introduce(&mut world.lock()),
            Task::Look => self.look(world),
            Task::Abort => self.abort(world),
        }
    }

    fn abort(&mut self, world: &Arc<World>) {
        let state = world.lock();
        let at_ns = state.now_ns;
        let ending = match state.aborted.clone() {
            Some(Aborted::Panicked { node, place, message }) => {
                Ending::Panicked { at_ns, node, place, message }
            }
            Some(Aborted::Looped) => {
                Ending::Stuck { at_ns, waiting: "time stands still: endless events".into() }
            }
            Some(Aborted::Cancelled) | None => {
                Ending::Stuck { at_ns, waiting: "interrupted".into() }
            }
        };
        drop(state);
        self.finish(ending);
    }

    fn finish(&mut self, ending: Ending) {
        self.phase = Phase::Over;
        self.ending = Some(ending);
    }

    // ---- processes

    /// Ends a process. Says whether it was alive.
    fn kill(&mut self, world: &Arc<World>, node: usize) -> bool {
        let was_up = {
            let mut state = world.lock();
            let now = state.now_ns;
            let told = state.books.views[node].iter().any(Option::is_some);
            if state.machines[node].is_up || told {
                state.books.stopped(now, node as u32 + 1);
            }
            state.machines[node].is_up
        };
        self.handle.kill(self.nodes[node].id());
        assert!(!world.lock().machines[node].is_up, "a killed process lives on");
        was_up
    }

    fn start(&mut self, world: &Arc<World>, node: usize) {
        {
            let state = world.lock();
            if state.machines[node].is_up || state.machines[node].down > 0 {
                return;
            }
        }
        self.handle.kill(self.nodes[node].id());
        self.handle.restart(self.nodes[node].id());
        world.lock().begin_life(node);
    }

    fn strike(&mut self, world: &Arc<World>, blows: Vec<Blow>) {
        for blow in blows {
            match blow {
                Blow::Kill(node) => {
                    let was_up = self.kill(world, node);
                    world.lock().books.hit("crash", u64::from(was_up));
                }
                Blow::CutPower(node) => {
                    let was_up = self.kill(world, node);
                    let mut state = world.lock();
                    // On top of this the disk counts the unsynced pages that it lost.
                    state.books.hit("power_loss", u64::from(was_up));
                    state.cut_power(node);
                }
                Blow::Start(node) => self.start(world, node),
            }
        }
    }

    // ---- faults

    fn begin(&mut self, world: &Arc<World>, place: usize) {
        let planned = self.planned(world, place);
        let (active, blows, at_ms) = {
            let mut state = world.lock();
            let now = state.now_ns;
            state.books.trace.record(now, Kind::Fault, (place as u32, 1), [0, 0]);
            state.books.note(now, format!("fault: {}", planned.fault));
            let (active, blows) = Active::begin(&mut state, &planned.fault);
            let (nodes, clients) = active.touched(&state);
            let (fault, what) = (place as u32, state.plan.words(&planned.fault));
            state.books.fact(now, &Fact::Struck { fault, what, nodes, clients });
            let ends = planned.for_ms.map(|ms| now + ms * 1_000_000);
            let until = ends.unwrap_or(self.trouble_ns);
            state.books.series.faults.push((planned.fault.to_string(), now, until));
            if let Some(ends) = ends.filter(|ends| *ends < self.healed_ns) {
                state.schedule_task(ends, Task::End(place));
            }
            if let Fault::RestartStorm { .. } = planned.fault {
                for node in &active.nodes {
                    let storm = Task::Storm { fault: place, node: *node, down: true };
                    state.schedule_task(now, storm);
                }
            }
            (active, blows, (now - self.trouble_ns) / 1_000_000)
        };
        for fault in resolved(&planned.fault, &active.nodes) {
            self.effective.timeline.push(Planned { at_ms, for_ms: planned.for_ms, fault });
        }
        if takes_replicas(&planned.fault) {
            let state = world.lock();
            self.struck.push((state.plan.words(&planned.fault), state.now_ns));
        }
        let state = world.lock();
        let swallowed =
            active.pairs().iter().map(|(from, to)| state.network.swallowed(*from, *to)).collect();
        drop(state);
        self.active.insert(place, (active, swallowed));
        self.strike(world, blows);
    }

    fn planned(&self, world: &Arc<World>, place: usize) -> Planned {
        world.lock().plan.timeline[place].clone()
    }

    fn end(&mut self, world: &Arc<World>, place: usize) {
        let Some((active, before)) = self.active.remove(&place) else { return };
        let blows = {
            let mut state = world.lock();
            let now = state.now_ns;
            state.books.trace.record(now, Kind::Fault, (place as u32, 0), [0, 0]);
            state.books.note(now, format!("lifted: {}", active.fault));
            state.books.fact(now, &Fact::Lifted { fault: place as u32 });
            let taken: u64 = active
                .pairs()
                .iter()
                .zip(before)
                .map(|((from, to), before)| state.network.swallowed(*from, *to) - before)
                .sum();
            state.books.hit(active.fault.kind(), taken);
            let since = active.since_ns;
            let fault = active.fault.to_string();
            let mut bands = state.books.series.faults.iter_mut();
            if let Some(band) = bands.find(|band| band.0 == fault && band.1 == since) {
                band.2 = now;
            }
            if let Fault::RestartStorm { .. } = active.fault {
                for node in &active.nodes {
                    state.schedule_task(now, Task::Revive(*node));
                }
            }
            active.end(&mut state)
        };
        self.strike(world, blows);
    }

    fn storm(&mut self, world: &Arc<World>, fault: usize, node: usize, down: bool) {
        let Some((active, _)) = self.active.get(&fault) else { return };
        let Fault::RestartStorm { up_ms, down_ms, .. } = active.fault else { return };
        let pause = if down { down_ms } else { up_ms };
        if down {
            let was_up = self.kill(world, node);
            world.lock().books.hit("restart_storm", u64::from(was_up));
        } else {
            self.start(world, node);
        }
        let mut state = world.lock();
        let at = state.now_ns + pause * 1_000_000;
        state.schedule_task(at, Task::Storm { fault, node, down: !down });
    }

    // ---- phases

    fn look(&mut self, world: &Arc<World>) {
        let mut state = world.lock();
        if state.options.stop_on_breach && state.books.bench.is_breached() {
            let at_ns = state.now_ns;
            drop(state);
            return self.finish(Ending::Breached { at_ns });
        }
        let now = state.now_ns;
        match self.phase {
            Phase::Boot => {
                self.create(&mut state);
                if is_healthy(&state) {
                    self.begin_trouble(&mut state);
                }
            }
            Phase::Trouble if now >= self.healed_ns => {
                drop(state);
                return self.heal(world);
            }
            Phase::Trouble => {}
            Phase::Heal => {
                if self.has_recovered(&mut state) {
                    self.begin_drain(&mut state);
                }
            }
            Phase::Drain => {
                // A frame that was late until now may still have appended something: swarm seeds 62
                // and 104 were judged with an entry under way.
                if self.drain(&mut state) && uneven(&state).is_none() {
                    self.judge(&mut state);
                    drop(state);
                    return self.finish(Ending::Finished);
                }
            }
            Phase::Over => {}
        }
        if now >= self.limit_ns && self.phase != Phase::Trouble {
            let waiting = self.waiting(&state);
            if self.phase == Phase::Heal {
                // Replicas that do not become equal are for the judges; what can be read is read.
                state.books.note(now, format!("heal took too long: {waiting}"));
                self.begin_drain(&mut state);
            } else {
                self.judge(&mut state);
                drop(state);
                return self.finish(Ending::Stuck { at_ns: now, waiting });
            }
        }
        let pause = if self.phase == Phase::Trouble { self.healed_ns - now } else { LOOK_NS };
        state.schedule_task(now + pause.max(1), Task::Look);
    }

    fn create(&mut self, state: &mut State) {
        if state.now_ns == 0 || state.load.must_create() {
            let plan = state.plan.clone();
            let own = state.load.own();
            state.client_turn(own, |client, now| load::create(client, now, &plan));
        }
        // Clients ask by themselves until the directory has something to tell.
    }

    fn begin_trouble(&mut self, state: &mut State) {
        let now = state.now_ns;
        self.phase = Phase::Trouble;
        self.trouble_ns = now;
        self.healed_ns = now + state.plan.phases.trouble_ms * 1_000_000;
        state.books.mark(now, Mark::Booted);
        for place in 0..state.plan.timeline.len() {
            let at = now + state.plan.timeline[place].at_ms * 1_000_000;
            state.schedule_task(at, Task::Begin(place));
        }
        for (which, at_ms) in state.plan.placement.late_ms.clone().into_iter().enumerate() {
            state.schedule_task(now + at_ms * 1_000_000, Task::Create(which));
        }
        for (at, client, is_fetch) in state.load.first_arrivals(now) {
            state.schedule_arrival(at, client, is_fetch);
        }
    }

    /// Lifts everything, whatever it is.
    fn heal(&mut self, world: &Arc<World>) {
        let places: Vec<usize> = self.active.keys().copied().collect();
        for place in places {
            self.end(world, place);
        }
        for node in 0..self.nodes.len() {
            self.start(world, node);
        }
        let mut state = world.lock();
        let now = state.now_ns;
        self.phase = Phase::Heal;
        let bound_ns = state.plan.timing.election_max_ms * 1_000_000 * BOUND_ELECTIONS;
        self.limit_ns = now + bound_ns.max(state.plan.phases.heal_ms_max * 1_000_000);
        let owed = (1..=state.plan.placement.partitions.len() as u32).collect();
        state.books.mark(now, Mark::Healed { owed, bound_ns });
        state.schedule_task(now + LOOK_NS, Task::Look);
    }

    /// Knocks at each partition until it acknowledges; then lets the load run out, and waits until all
    /// replicas hold and know the same.
    fn has_recovered(&mut self, state: &mut State) -> bool {
        let own = state.load.own();
        let mut is_well = true;
        for partition in 1..=state.plan.placement.partitions.len() as u32 {
            if !state.load.knows(own, partition) {
                // It is not created yet: the introduction goes on.
                is_well = false;
                continue;
            }
            let call = self.probes.get(&partition).copied();
            match call.map(|call| &state.books.history.calls[call as usize]) {
                Some(call) if matches!(call.outcome, Answer::Ok(_)) => {}
                Some(call) if call.returned.is_none() => is_well = false,
                Some(_) | None => {
                    is_well = false;
                    let ask = state.load.produce(own, partition, Acks::Quorum);
                    let id = state.call(own, ask);
                    self.probes.insert(partition, id);
                }
            }
        }
        if is_well {
            state.load.is_on = false;
        }
        is_well && state.books.pending == 0 && uneven(state).is_none()
    }

    fn begin_drain(&mut self, state: &mut State) {
        let now = state.now_ns;
        state.load.is_on = false;
        self.phase = Phase::Drain;
        self.limit_ns = now + state.plan.phases.drain_ms_max * 1_000_000;
        state.books.mark(now, Mark::Draining);
        for partition in 1..=state.plan.placement.partitions.len() as u32 {
            self.drain.insert(partition, Drain { from: 0, call: None, is_done: false });
        }
    }

    /// Reads every partition from its first offset to its end.
    fn drain(&mut self, state: &mut State) -> bool {
        let now = state.now_ns;
        let own = state.load.own();
        for (partition, drain) in &mut self.drain {
            if drain.is_done {
                continue;
            }
            if let Some(call) = drain.call {
                let call = &state.books.history.calls[call as usize];
                if call.returned.is_none() {
                    continue;
                }
                if let Answer::Ok(Reply::Fetched { records, end }) = &call.outcome {
                    drain.from = records.last().map_or(drain.from, |last| last.offset + 1);
                    if drain.from >= *end {
                        drain.is_done = true;
                        let mark = Mark::Drained { partition: *partition, end: *end };
                        state.books.mark(now, mark);
                        continue;
                    }
                }
            }
            let (partition, from) = (*partition, drain.from);
            let ask = Ask::Fetch { partition, from, level: ReadLevel::Linearizable };
            let number = state.load.number(own);
            let id = state.books.called(now, number, ask);
            drain.call = Some(id);
            state.client_turn(own, |client, now| {
                load::put_drain(client, now, id, partition, from);
            });
        }
        self.drain.values().all(|drain| drain.is_done)
    }

    /// Reads every disk once more, for the judges.
    fn judge(&mut self, state: &mut State) {
        let now = state.now_ns;
        let partitions = state.plan.placement.partitions.clone();
        let mut groups = vec![(0, state.plan.placement.metadata.clone())];
        groups.extend((1..).zip(partitions));
        for (group, members) in groups {
            let expected = state.books.commit(group);
            for node in members {
                let disk = &state.machines[node as usize - 1].disk;
                let (last, digest) = Witness::digest(node, group, disk, expected);
                let fact = Fact::Replica { node, group, last, expected, digest };
                state.books.fact(now, &fact);
            }
        }
        state.books.mark(now, Mark::Ended);
    }

    fn waiting(&self, state: &State) -> String {
        let leaderless: Vec<String> = (0..=state.plan.placement.partitions.len() as u32)
            .filter(|group| state.books.leader(*group).is_none())
            .map(|group| format!("p{group}"))
            .collect();
        let uneven = uneven(state).map(|what| format!("; {what}")).unwrap_or_default();
        let pending = state.books.pending;
        let phase = match self.phase {
            Phase::Boot => "boot: the cluster does not become healthy",
            Phase::Trouble => "trouble",
            Phase::Heal => "heal: the cluster does not recover",
            Phase::Drain => "drain: not everything can be read",
            Phase::Over => "the end",
        };
        let leaderless = if leaderless.is_empty() {
            String::new()
        } else {
            format!("; no leader for {}", leaderless.join(", "))
        };
        format!("{phase}; {pending} calls pending{leaderless}{uneven}")
    }
}

/// How often late partitions that failed are asked for again, and clients look for the others.
const INTRODUCE_NS: u64 = 250_000_000;

fn create_late(state: &mut State, which: usize) {
    let (own, place) = (state.load.own(), state.load.late.ask(which));
    state.client_turn(own, |client, now| load::create_late(client, now, which, place));
    if !std::mem::replace(&mut state.load.late.is_watched, true) {
        let at = state.now_ns + INTRODUCE_NS;
        state.schedule_task(at, Task::Introduce);
    }
}

/// Until every late partition stands and every client knows where.
fn introduce(state: &mut State) {
    for which in state.load.late.failed() {
        create_late(state, which);
    }
    let unaware: Vec<usize> =
        (0..=state.load.own()).filter(|client| !state.load.is_informed(*client)).collect();
    for client in &unaware {
        state.client_turn(*client, system::Client::locate);
    }
    if !unaware.is_empty() || !state.load.late.all_stand() {
        let at = state.now_ns + INTRODUCE_NS;
        state.schedule_task(at, Task::Introduce);
    }
}

fn takes_replicas(fault: &Fault) -> bool {
    match fault {
        Fault::Partition { .. }
        | Fault::OneWay { .. }
        | Fault::Isolate { .. }
        | Fault::Crash { .. }
        | Fault::PowerLoss { .. }
        | Fault::Pause { .. }
        | Fault::RestartStorm { .. }
        | Fault::FsyncError { .. } => true,
        Fault::CutClient { .. }
        | Fault::Loss { .. }
        | Fault::Duplicate { .. }
        | Fault::Reorder { .. }
        | Fault::Tail { .. }
        | Fault::SlowDisk { .. }
        | Fault::ClockOffset { .. }
        | Fault::ClockDrift { .. }
        | Fault::ClockJump { .. } => false,
    }
}

/// Every partition has a leader that is ready and every replica that the plan wants; every client
/// knows where partitions stand.
fn is_healthy(state: &State) -> bool {
    let is_there = |(group, voters): (u32, &Vec<u32>)| {
        let view = |node: u32| state.books.views[node as usize - 1][group as usize];
        let leads = |node: &u32| {
            view(*node).is_some_and(|view| view.role == Role::Leader && view.commit > 0)
        };
        voters.iter().all(|node| view(*node).is_some()) && voters.iter().any(leads)
    };
    let early = &state.plan.placement.partitions[..state.plan.placement.n_early()];
    state.load.is_ready() && (1..).zip(early).all(is_there)
}

/// A group whose replicas are not all up, or do not hold and know the same; none if all is even.
fn uneven(state: &State) -> Option<String> {
    let groups = (1..).zip(&state.plan.placement.partitions);
    for (group, voters) in [(0, &state.plan.placement.metadata)].into_iter().chain(groups) {
        let commit = state.books.commit(group);
        let mut told = Vec::new();
        for node in voters {
            let view = state.books.views[*node as usize - 1][group as usize];
            match view {
                Some(v) if (v.commit, v.last, v.flushed) == (commit, commit, commit) => {}
                Some(v) => told.push(format!(
                    "n{node} holds {} of it, {} flushed, {} committed",
                    v.last, v.flushed, v.commit
                )),
                None => told.push(format!("n{node} is not up")),
            }
        }
        if !told.is_empty() {
            return Some(format!("p{group} is committed to {commit}, but {}", told.join(", ")));
        }
    }
    None
}
