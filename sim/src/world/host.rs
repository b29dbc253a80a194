//! The host seam of the system, implemented over the world: what one node sees and does during one
//! turn. Every call is counted, so that a turn that never ends is found.

use super::{Machine, State, What, machine::Flight};
use crate::{disk::Flush, trace::Kind};
use bytes::Bytes;
use scenarios::Plan;
use system::{Endpoint, FileId, Frame, Host, Node, Plant, Settings};

/// What a node may ask of its host in one turn before the turn is held to be endless.
const CALLS_PER_TURN_MAX: u64 = 2_000_000;

/// What a node is told when it starts.
///
/// # Panics
/// If the plan plants what the system does not have, or more than one bug: a plan that was checked
/// does neither, and a run without its bug would be taken for a bug that survived.
pub(super) fn settings_of(plan: &Plan, node: u32) -> Settings {
    assert!(plan.plants.len() <= 1, "one bug at a time, not {:?}", plan.plants);
    let known = |name: &String| {
        Plant::named(name).unwrap_or_else(|| panic!("the system has no planted bug `{name}`"))
    };
    Settings {
        cluster: crate::load::CLUSTER,
        node,
        metadata: crate::load::metadata_place(plan),
        timing: system::Timing {
            heartbeat: plan.timing.heartbeat_ms * 1_000_000,
            election_min: plan.timing.election_min_ms * 1_000_000,
            election_max: plan.timing.election_max_ms * 1_000_000,
        },
        plant: plan.plants.first().map(known),
    }
}

/// One node's host for one turn.
pub(super) struct HostView<'a> {
    pub(super) state: &'a mut State,
    pub(super) place: usize,
    pub(super) calls: u64,
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

    fn read(&mut self, file: FileId) -> Vec<Bytes> {
        self.machine().disk.read(file.0)
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
        self.state
            .schedule(ends_ns, What::Flushed { node: node as u16, life, flight: slot as u32 });
    }

    fn wake_at(&mut self, at: u64) {
        let (now, place) = (self.state.now_ns, self.place);
        let machine = self.machine();
        if at == u64::MAX {
            machine.wake_at = u64::MAX;
            return;
        }
        let late_ns = machine.clock.jitter_ns();
        machine.wish = (at, late_ns);
        let at = machine.clock.world_when_monotonic(at).max(now) + late_ns;
        machine.wake_at = at;
        if at < machine.timer_at {
            machine.timer_at = at;
            let life = machine.life;
            self.state.schedule(at, What::Timer { node: place as u16, life });
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
    state.agenda.forget_flushes();
}
