//! One node's machine, as the world keeps it: disk, clock, inbox, timer, and what faults hold it down.
//! What its process believes is not known here.

use super::{What, World};
use crate::{
    clock::Clock,
    disk::{DirectoryFlush, Disk, Flush},
    subject::{Input, Process},
    trace::Kind,
};
use checkers::Fact;
use scenarios::{Occasion, Plan, Stream, number_at, seat_of};

#[derive(Debug)]
pub(super) struct Flight {
    pub(super) token: u64,
    pub(super) files: Vec<Flush>,
    pub(super) directory: Option<DirectoryFlush>,
    /// When it ends, if the disk stays as slow as it is.
    pub(super) ends_ns: u64,
}

/// One node as the world keeps it: its machine, not its mind.
#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) disk: Disk,
    pub(crate) clock: Clock,
    /// Dice that the process throws.
    pub(super) dice: Stream,
    pub(super) disk_dice: Stream,
    pub(super) inbox: Vec<Input>,
    /// The process, once it has had its first turn.
    pub(super) process: Option<Box<dyn Process>>,
    /// Rises with every start: what was asked in an older life is not answered.
    pub(crate) life: u32,
    pub(crate) is_up: bool,
    /// Faults that hold it down, or still.
    pub(crate) down: u32,
    pub(crate) pauses: u32,
    /// Faults that let its flushes fail.
    pub(crate) failing: u32,
    pub(super) flights: Vec<Option<Flight>>,
    /// World time of the timer in the heap that will fire first, and what is wanted.
    pub(super) timer_at: u64,
    pub(super) wake_at: u64,
    /// What the process wished: a time on its monotonic clock, and how late that timer is.
    pub(super) wish: (u64, u64),
    /// Kinds of clock faults under which it has not had a turn yet: they have changed nothing so far.
    pub(crate) unseen: Vec<&'static str>,
    /// When it is alive but was passed over: paused with something in its inbox.
    pub(super) is_owed_turn: bool,
}

impl Machine {
    pub(super) fn new(plan: &Plan, node: u32) -> Machine {
        Machine {
            disk: Disk::new(&plan.disk),
            clock: Clock::new(plan.seed, node, plan.timing.timer_jitter_us),
            dice: Stream::derive(plan.seed, &format!("node/{node}")),
            disk_dice: Stream::derive(plan.seed, &format!("disk/{node}")),
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
        }
    }

    /// A fault bends a clock, or lets it go: it has changed something once the process has had a turn
    /// under it.
    pub(crate) fn bend(&mut self, kind: &'static str, begins: bool, is_real: bool) {
        if begins && is_real {
            self.unseen.push(kind);
        } else if let Some(place) = self.unseen.iter().position(|unseen| *unseen == kind) {
            self.unseen.remove(place);
        }
    }

    /// Its process ends; what is left of it is handed back.
    pub(super) fn reset(&mut self) -> Option<Box<dyn Process>> {
        self.inbox.clear();
        self.is_up = false;
        self.flights.clear();
        (self.timer_at, self.wake_at) = (u64::MAX, u64::MAX);
        self.is_owed_turn = false;
        self.disk.crash();
        self.process.take()
    }
}

impl World {
    /// A node's process begins: its first turn opens it.
    pub(crate) fn begin_life(&mut self, place: usize) {
        let machine = &mut self.machines[place];
        machine.life += 1;
        machine.is_up = true;
        machine.inbox.clear();
        let (life, at) = (machine.life, self.now_ns);
        (machine.timer_at, machine.wake_at) = (at, at);
        self.network.silence(number_at(place), false);
        self.books.trace.record(at, Kind::Start, (number_at(place), life), [0, 0]);
        self.happened(Occasion::Started, Some(place));
        self.schedule(at, What::Timer { node: place as u16, life });
    }

    /// A node wakes from its pause: what piled up is handed over now.
    pub(crate) fn wake_paused(&mut self, place: usize) {
        let machine = &mut self.machines[place];
        if machine.is_up && machine.pauses == 0 && std::mem::take(&mut machine.is_owed_turn) {
            let (life, at) = (machine.life, self.now_ns);
            (machine.timer_at, machine.wake_at) = (at, at);
            self.schedule(at, What::Timer { node: place as u16, life });
        }
    }

    pub(super) fn may_run(&mut self, place: usize) -> Option<usize> {
        let machine = &mut self.machines[place];
        if machine.pauses > 0 {
            // A pause bites when it first withholds a turn.
            if !std::mem::replace(&mut machine.is_owed_turn, true) {
                self.books.hit("pause", 1);
            }
            return None;
        }
        Some(place)
    }

    pub(super) fn fire(&mut self, place: usize, life: u32) -> bool {
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
                self.schedule(at, What::Timer { node: place as u16, life });
            }
            return false;
        }
        machine.wake_at = u64::MAX;
        machine.inbox.push(Input::Timer);
        self.may_run(place).is_some()
    }

    pub(super) fn end_flush(&mut self, place: usize, life: u32, flight: u32) -> bool {
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
        let node = number_at(place);
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
                let Some(flushed) = machine.disk.end_flush(flush) else { continue };
                if let Some(witness) = &mut self.witness {
                    again.extend(witness.flushed(place, &flushed, &mut self.facts));
                }
            }
        } else {
            for flush in flight.files {
                machine.disk.fail_flush(flush);
            }
        }
        self.tell_facts();
        if is_ok {
            self.happened(Occasion::FlushEnded, Some(place));
        }
        for group in again {
            self.reread(place, group);
        }
        self.machines[place].inbox.push(Input::Flushed { token: flight.token, is_ok });
        self.may_run(place).is_some()
    }

    /// A clock runs at another rate from now on: the armed timer moves with it.
    pub(crate) fn rearm(&mut self, place: usize) {
        let now = self.now_ns;
        let machine = &mut self.machines[place];
        let (monotonic_ns, late_ns) = machine.wish;
        if !machine.is_up || machine.wake_at == u64::MAX || machine.wake_at <= now {
            return;
        }
        let at = machine.clock.world_when_monotonic(monotonic_ns).max(now) + late_ns;
        machine.wake_at = at;
        if at < machine.timer_at {
            machine.timer_at = at;
            let life = machine.life;
            self.schedule(at, What::Timer { node: place as u16, life });
        }
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
            self.schedule(at, What::Flushed { node: place as u16, life, flight });
        }
    }

    /// Power is gone from a machine whose process is dead: unsynced bytes survive or not.
    pub(crate) fn cut_power(&mut self, place: usize) {
        let machine = &mut self.machines[place];
        machine.disk.power_loss(&mut machine.disk_dice);
        self.reread_all(place);
    }

    /// Looks at a log from its beginning, after something other than an append happened to it.
    fn reread(&mut self, place: usize, group: u32) {
        let Some(witness) = &mut self.witness else { return };
        let (disk, truth) = (&self.machines[place].disk, self.books.bench.truth());
        witness.reread(place, group, disk, truth, &mut self.facts);
        self.tell_facts();
    }

    /// After a power loss whatever is left is durable, and may be more than was known, or less.
    fn reread_all(&mut self, place: usize) {
        let Some(witness) = &self.witness else { return };
        for group in witness.groups(&self.machines[place].disk) {
            self.reread(place, group);
        }
    }

    /// How far the durable entries of a group on a node's disk go, up to `last`, and a digest over them.
    pub(crate) fn digest(&self, place: usize, group: u32, last: u64) -> Option<(u64, u64)> {
        let witness = self.witness.as_ref()?;
        Some(witness.digest(place, group, &self.machines[place].disk, last))
    }

    pub(super) fn tell_facts(&mut self) {
        let facts = std::mem::take(&mut self.facts);
        for fact in &facts {
            self.books.fact(self.now_ns, fact);
            if let Fact::DurableCut { node, .. } = fact {
                self.happened(Occasion::Truncated, Some(seat_of(*node)));
            }
        }
        self.facts = facts;
        self.facts.clear();
    }
}
