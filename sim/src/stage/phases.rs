//! The phases of a run (boot, trouble, heal, drain, judge): each looks, says what it still waits for, and
//! goes on to the next. It judges nothing, and knows of the world only its theatre.

use super::{
    drain::Drain,
    dues::{bound_ns, dues},
    faults::Faults,
    load::{self, FETCH_BYTES, Knock},
    struck::Struck,
    task::{Aborted, Task},
    theatre::Theatre,
};
use checkers::{Acks, Ending, Fact, Mark, Outcome, Owed, Role};
use scenarios::{Plan, seat_of};
use std::collections::BTreeMap;

/// How often a phase looks whether it is over.
const LOOK_NS: u64 = 20_000_000;
/// A process that stopped itself is started again after this.
const REVIVE_NS: u64 = 1_000_000_000;
/// Once all is well, load goes on for this long after groups have settled: what was broken by trouble
/// and stays broken shows only under load.
const WELL_NS: u64 = 1_000_000_000;
/// How often late partitions that failed are asked for again, and clients look for the others.
const INTRODUCE_NS: u64 = 250_000_000;

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
#[derive(Debug)]
pub(crate) struct Phases {
    plan: Plan,
    stop_on_breach: bool,
    phase: Phase,
    /// When the phase must be over.
    limit_ns: u64,
    healed_ns: u64,
    faults: Faults,
    probes: BTreeMap<u32, u64>,
    /// Since when every group answers, and for how long load goes on from then.
    well_ns: Option<u64>,
    load_ns: u64,
    /// Whether heal still asks groups to answer, and whether metadata did.
    probing: bool,
    is_opened: bool,
    drains: Vec<Drain>,
    /// How it ended, or what is wrong with the harness.
    ending: Option<Result<Ending, String>>,
}

/// How a run ended, and what its faults were.
pub(crate) struct Ended {
    pub(crate) ending: Ending,
    /// The plan with every role resolved.
    pub(crate) effective: Plan,
    /// Every fault that struck, in order of time.
    pub(crate) struck: Vec<Struck>,
}

impl Phases {
    /// Starts every process and client, and asks for the first look.
    pub(crate) fn begin(theatre: &mut dyn Theatre, plan: &Plan, stop_on_breach: bool) -> Phases {
        let due = dues(plan);
        let serves =
            [&due.produce, &due.fetch].iter().any(|kind| !matches!(kind.owed, Owed::Nothing(_)));
        let load_ns = if serves { due.settle_ns + WELL_NS } else { 0 };
        theatre.books_mut().fact(0, &Fact::Due(due));
        theatre.tell_calm();
        if !plan.clamped.is_empty() {
            let clamped = plan.clamped.len() as u64;
            theatre.books_mut().reached.insert("plan_clamped".to_owned(), clamped);
        }
        (0..plan.nodes.len()).for_each(|node| theatre.start(node));
        theatre.wake(0, Task::Look);
        // Every client begins by asking where partitions stand.
        for client in 0..=theatre.load().own() {
            theatre.speak(client, &mut |client, now| client.tick(now));
        }
        Phases {
            plan: plan.clone(),
            stop_on_breach,
            phase: Phase::Boot,
            limit_ns: plan.phases.boot_ms_max * 1_000_000,
            healed_ns: 0,
            faults: Faults::new(plan),
            probes: BTreeMap::new(),
            well_ns: None,
            load_ns,
            probing: true,
            is_opened: false,
            drains: Vec::new(),
            ending: None,
        }
    }

    /// How it ended, or what is wrong with the harness.
    pub(crate) fn into_ended(self) -> Result<Ended, String> {
        let ending = self.ending.expect("a run that is over has an ending")?;
        let (effective, struck) = self.faults.into_story();
        Ok(Ended { ending, effective, struck })
    }

    /// Whether the run has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Does one task.
    pub(crate) fn act(&mut self, theatre: &mut dyn Theatre, task: Task) {
        if self.is_over() {
            return;
        }
        match task {
            Task::Arm(place) => self.faults.arm(theatre, place),
            Task::Begin(place) => self.faults.begin(theatre, place),
            Task::End(place) => self.faults.end(theatre, place),
            Task::Storm { fault, node, down } => self.faults.storm(theatre, fault, node, down),
            Task::Reap(node) => {
                theatre.kill(node);
                theatre.wake(theatre.now_ns() + REVIVE_NS, Task::Revive(node));
            }
            Task::Revive(node) => theatre.start(node),
            Task::Create(which) => create_late(theatre, which),
            Task::Introduce => introduce(theatre),
            Task::Look => self.look(theatre),
            Task::Abort(why) => self.abort(theatre.now_ns(), why),
        }
    }

    fn abort(&mut self, at_ns: u64, why: Aborted) {
        let ending = match why {
            Aborted::Panicked { node, place, message } => {
                Ok(Ending::Panicked { at_ns, node, place, message })
            }
            // The harness itself is at fault: no verdict comes of this.
            Aborted::Looped => Err("time stands still: endless events".to_owned()),
            Aborted::Cancelled => Ok(Ending::Interrupted { at_ns }),
        };
        self.finish(ending);
    }

    fn finish(&mut self, ending: Result<Ending, String>) {
        self.phase = Phase::Over;
        self.ending = Some(ending);
    }

    fn partitions(&self) -> std::ops::RangeInclusive<u32> {
        1..=self.plan.placement.partitions.len() as u32
    }

    fn look(&mut self, theatre: &mut dyn Theatre) {
        let now = theatre.now_ns();
        if self.stop_on_breach && theatre.books().bench.is_breached() {
            return self.finish(Ok(Ending::Breached { at_ns: now }));
        }
        match self.phase {
            Phase::Boot => {
                self.create(theatre);
                if self.is_healthy(theatre) {
                    self.begin_trouble(theatre);
                }
            }
            Phase::Trouble if now >= self.healed_ns => return self.heal(theatre),
            Phase::Trouble => {}
            Phase::Heal => {
                if self.probing && self.has_recovered(theatre) {
                    self.begin_drain(theatre);
                }
            }
            Phase::Drain => {
                // A frame that was late until now may still have appended something: swarm seeds 62
                // and 104 were judged with an entry under way.
                if self.drain(theatre) && self.uneven(theatre).is_none() {
                    self.compare(theatre);
                    self.judge(theatre);
                    return self.finish(Ok(Ending::Finished));
                }
            }
            Phase::Over => {}
        }
        if now >= self.limit_ns && self.phase != Phase::Trouble {
            let waiting = self.waiting(theatre);
            if self.phase == Phase::Heal && !self.is_overdue(theatre) {
                self.give_heal_up(theatre, &waiting);
            } else {
                self.judge(theatre);
                return self.finish(Ok(Ending::Stuck { at_ns: now, waiting }));
            }
        }
        let pause = if self.phase == Phase::Trouble { self.healed_ns - now } else { LOOK_NS };
        theatre.wake(now + pause.max(1), Task::Look);
    }

    fn create(&mut self, theatre: &mut dyn Theatre) {
        if theatre.now_ns() == 0 || theatre.load_mut().must_create() {
            let (own, early) = (theatre.load().own(), theatre.load().early());
            theatre.speak(own, &mut |client, now| load::create(client, now, &early));
        }
        // Clients ask by themselves until the directory has something to tell.
    }

    fn begin_trouble(&mut self, theatre: &mut dyn Theatre) {
        let now = theatre.now_ns();
        self.phase = Phase::Trouble;
        theatre.books_mut().mark(now, Mark::Booted);
        self.healed_ns = self.faults.open(theatre);
        for (which, at_ms) in self.plan.placement.late_ms.iter().enumerate() {
            theatre.wake(now + at_ms * 1_000_000, Task::Create(which));
        }
        for (at, client, is_fetch) in theatre.load_mut().first_arrivals(now) {
            theatre.arrive(at, client, is_fetch);
        }
    }

    /// Lifts everything, whatever it is.
    fn heal(&mut self, theatre: &mut dyn Theatre) {
        self.faults.end_all(theatre);
        (0..self.plan.nodes.len()).for_each(|node| theatre.start(node));
        let now = theatre.now_ns();
        self.phase = Phase::Heal;
        let bound_ns = bound_ns(&self.plan);
        self.limit_ns = now + bound_ns.max(self.plan.phases.heal_ms_max * 1_000_000);
        let owed = self.partitions().filter(|partition| theatre.owes(*partition)).collect();
        theatre.books_mut().mark(now, Mark::Healed { owed, bound_ns });
        if theatre.owes(0) {
            theatre.books_mut().fact(now, &Fact::Knocked { group: 0 });
        }
        theatre.wake(now + LOOK_NS, Task::Look);
    }

    /// Knocks at each group until it answers; lets the load go on until trouble's scars would show, and
    /// then run out; waits until no call is open and all replicas hold and know the same.
    fn has_recovered(&mut self, theatre: &mut dyn Theatre) -> bool {
        let answers = self.metadata_answers(theatre) & self.partitions_answer(theatre);
        let now = theatre.now_ns();
        if answers {
            let well_ns = *self.well_ns.get_or_insert(now);
            if now >= well_ns + self.load_ns {
                theatre.load_mut().is_on = false;
            }
        }
        let is_quiet = !theatre.load().is_on && theatre.books().pending == 0;
        answers && is_quiet && self.uneven(theatre).is_none()
    }

    fn metadata_answers(&mut self, theatre: &mut dyn Theatre) -> bool {
        match theatre.load().knock {
            Knock::Failed => {
                theatre.load_mut().knock = Knock::Waiting;
                let own = theatre.load().own();
                theatre.speak(own, &mut load::knock);
                false
            }
            Knock::Waiting => false,
            Knock::Opened => {
                if !std::mem::replace(&mut self.is_opened, true) {
                    let now = theatre.now_ns();
                    theatre.books_mut().fact(now, &Fact::Opened { group: 0 });
                }
                true
            }
        }
    }

    fn partitions_answer(&mut self, theatre: &mut dyn Theatre) -> bool {
        let own = theatre.load().own();
        let mut is_well = true;
        for partition in self.partitions() {
            if !theatre.load().knows(own, partition) {
                // It is not created yet: the introduction goes on.
                is_well = false;
                continue;
            }
            let call = self.probes.get(&partition).copied();
            match call.map(|call| &theatre.books().history.calls[call as usize]) {
                Some(call) if matches!(call.outcome, Outcome::Ok(_)) => {}
                Some(call) if call.returned.is_none() => is_well = false,
                Some(_) | None => {
                    is_well = false;
                    let ask = theatre.load_mut().produce(own, partition, Acks::Quorum);
                    let id = theatre.call(own, ask, FETCH_BYTES);
                    self.probes.insert(partition, id);
                }
            }
        }
        is_well
    }

    /// Heal had its time. Whether that breaks a promise is for the judges; what can be read is read.
    /// First every open call must end, as each does by its deadline: an acknowledgement after the
    /// drain's read would count as lost.
    fn give_heal_up(&mut self, theatre: &mut dyn Theatre, waiting: &str) {
        let now = theatre.now_ns();
        if theatre.load().is_on || self.probing {
            theatre.books_mut().note(now, format!("heal took too long: {waiting}"));
            (theatre.load_mut().is_on, self.probing) = (false, false);
        }
        if theatre.books().pending == 0 {
            self.begin_drain(theatre);
        }
    }

    /// Whether a call outlives its deadline though no new one is made: whoever should answer it never will.
    fn is_overdue(&self, theatre: &dyn Theatre) -> bool {
        let call_ns = self.plan.timing.call_ms * 1_000_000;
        theatre.now_ns() > self.limit_ns + call_ns + REVIVE_NS && theatre.books().pending > 0
    }

    fn begin_drain(&mut self, theatre: &mut dyn Theatre) {
        let now = theatre.now_ns();
        assert_eq!(theatre.books().pending, 0, "the drain begins while calls are open");
        theatre.load_mut().is_on = false;
        self.phase = Phase::Drain;
        self.limit_ns = now + self.plan.phases.drain_ms_max * 1_000_000;
        theatre.books_mut().mark(now, Mark::Draining);
        self.drains = self.partitions().map(Drain::new).collect();
    }

    /// Reads every partition from its first offset to its end.
    fn drain(&mut self, theatre: &mut dyn Theatre) -> bool {
        let mut is_done = true;
        for drain in &mut self.drains {
            is_done &= drain.step(theatre);
        }
        is_done
    }

    /// Every group and the nodes that vote in it, the metadata group first.
    fn groups(&self) -> impl Iterator<Item = (u32, &Vec<u32>)> {
        let placement = &self.plan.placement;
        (0..).zip(std::iter::once(&placement.metadata).chain(&placement.partitions))
    }

    /// Reads every disk once more, for the judges. A run that is stuck has nothing to compare: that
    /// replicas differ is then what it is stuck in.
    fn compare(&self, theatre: &mut dyn Theatre) {
        let now = theatre.now_ns();
        for (group, members) in self.groups() {
            let expected = theatre.books().commit(group);
            for node in members {
                let told = theatre.digest(seat_of(*node), group, expected);
                let Some((last, digest)) = told else { continue };
                let fact = Fact::Replica { node: *node, group, last, expected, digest };
                theatre.books_mut().fact(now, &fact);
            }
        }
    }

    /// The run is over: what every process did, and the end.
    fn judge(&self, theatre: &mut dyn Theatre) {
        (0..self.plan.nodes.len()).for_each(|node| theatre.end_life(node));
        let now = theatre.now_ns();
        theatre.books_mut().mark(now, Mark::Ended);
    }

    fn waiting(&self, theatre: &dyn Theatre) -> String {
        let phase = match self.phase {
            Phase::Boot => "boot: the cluster does not become healthy",
            Phase::Trouble => "trouble",
            Phase::Heal => "heal: the cluster does not recover",
            Phase::Drain => "drain: not everything can be read",
            Phase::Over => "the end",
        };
        let pending = theatre.books().pending;
        let mut waiting = format!("{phase}; {pending} calls pending");
        if theatre.is_watched() {
            let led = |group: &u32| theatre.books().leader(*group).is_some();
            let leaderless = (0..=self.plan.placement.partitions.len() as u32).filter(|g| !led(g));
            let leaderless: Vec<String> = leaderless.map(|group| format!("p{group}")).collect();
            if !leaderless.is_empty() {
                waiting += &format!("; no leader for {}", leaderless.join(", "));
            }
        }
        if let Some(what) = self.uneven(theatre) {
            waiting += &format!("; {what}");
        }
        waiting
    }

    /// Every partition has a leader that is ready and every replica that the plan wants; every client
    /// knows where partitions stand.
    fn is_healthy(&self, theatre: &dyn Theatre) -> bool {
        let views = &theatre.books().views;
        let is_there = |(group, voters): (u32, &Vec<u32>)| {
            let view = |node: u32| views[seat_of(node)][group as usize];
            let leads = |node: &u32| {
                view(*node).is_some_and(|view| view.role == Role::Leader && view.commit > 0)
            };
            voters.iter().all(|node| view(*node).is_some()) && voters.iter().any(leads)
        };
        let early = &self.plan.placement.partitions[..self.plan.placement.n_early()];
        let stand = || (1..).zip(early).all(is_there);
        theatre.load().is_ready() && (!theatre.is_watched() || stand())
    }

    /// A group whose replicas are not all up, or do not hold and know the same; none if all is even, or
    /// nobody can see.
    fn uneven(&self, theatre: &dyn Theatre) -> Option<String> {
        let groups = self.groups().filter(|_| theatre.is_watched());
        for (group, voters) in groups {
            let books = theatre.books();
            let commit = books.commit(group);
            let mut told = Vec::new();
            for node in voters {
                match books.views[seat_of(*node)][group as usize] {
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
}

fn create_late(theatre: &mut dyn Theatre, which: usize) {
    let (own, now) = (theatre.load().own(), theatre.now_ns());
    let late = &mut theatre.load_mut().late;
    let (partition, is_watched) = (late.ask(which), std::mem::replace(&mut late.is_watched, true));
    theatre.speak(own, &mut |client, now| load::create_late(client, now, which, partition));
    if !is_watched {
        theatre.wake(now + INTRODUCE_NS, Task::Introduce);
    }
}

/// Until every late partition stands and every client knows where.
fn introduce(theatre: &mut dyn Theatre) {
    for which in theatre.load().late.failed() {
        create_late(theatre, which);
    }
    let load = theatre.load();
    let unaware: Vec<usize> = (0..=load.own()).filter(|c| !load.is_informed(*c)).collect();
    for client in &unaware {
        theatre.speak(*client, &mut |client, now| client.locate(now));
    }
    if !unaware.is_empty() || !theatre.load().late.all_stand() {
        theatre.wake(theatre.now_ns() + INTRODUCE_NS, Task::Introduce);
    }
}
