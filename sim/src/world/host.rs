//! The host seam of the system, implemented over the world: what one node sees and does during one
//! turn. Every call is counted, so that a turn that never ends is found.

use super::{Machine, What, World, machine::Flight};
use crate::{
    disk::Flush,
    subject::{Endpoint, FileId, Frame, Host},
    trace::Kind,
};
use bytes::Bytes;
use scenarios::{Occasion, number_at};

/// What a node may ask of its host in one turn before the turn is held to be endless.
const CALLS_PER_TURN_MAX: u64 = 2_000_000;

/// One node's host for one turn.
pub(super) struct HostView<'a> {
    world: &'a mut World,
    place: usize,
    calls: u64,
}

impl<'a> HostView<'a> {
    pub(super) fn new(world: &'a mut World, place: usize) -> HostView<'a> {
        HostView { world, place, calls: 0 }
    }

    fn machine(&mut self) -> &mut Machine {
        self.calls += 1;
        assert!(
            self.calls < CALLS_PER_TURN_MAX,
            "a turn of n{} does not end: {} calls to its host",
            self.place + 1,
            self.calls
        );
        &mut self.world.machines[self.place]
    }

    fn node(&self) -> u32 {
        number_at(self.place)
    }
}

impl Host for HostView<'_> {
    fn monotonic(&mut self) -> u64 {
        let now = self.world.now_ns;
        self.machine().clock.monotonic_ns(now)
    }

    fn wall(&mut self) -> u64 {
        let now = self.world.now_ns;
        self.machine().clock.wall_ns(now)
    }

    fn random(&mut self) -> u64 {
        self.machine().dice.bits()
    }

    fn send(&mut self, to: Endpoint, frame: Frame) {
        self.machine();
        let from = self.node();
        self.world.told(self.place, to, &frame);
        self.world.send(from, to, frame);
    }

    fn files(&mut self) -> Vec<FileId> {
        self.machine().disk.list().map(FileId).collect()
    }

    fn read(&mut self, file: FileId) -> Vec<Bytes> {
        self.machine().disk.read(file.0)
    }

    fn write(&mut self, file: FileId, at: u64, parts: &[Bytes]) {
        let disk = &mut self.machine().disk;
        let is_new = disk.len(file.0).is_none();
        disk.write(file.0, at, parts);
        if is_new {
            self.world.happened(Occasion::FileBegun, Some(self.place));
        }
        let subject = &self.world.subject;
        let digest =
            parts.iter().fold(0u64, |digest, part| digest.rotate_left(7) ^ subject.name_part(part));
        let (now, who) = (self.world.now_ns, (self.node(), file.0 as u32));
        self.world.books.trace.record(now, Kind::Write, who, [at, digest]);
    }

    fn truncate(&mut self, file: FileId, len: u64) {
        if self.machine().disk.len(file.0) != Some(len) {
            self.machine().disk.set_len(file.0, len);
            let (now, who) = (self.world.now_ns, (self.node(), file.0 as u32));
            self.world.books.trace.record(now, Kind::Truncate, who, [file.0, len]);
        }
    }

    fn flush(&mut self, token: u64, files: &[FileId], directory: bool) {
        let now = self.world.now_ns;
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
        self.world.happened(Occasion::FlushBegun, Some(self.place));
        let (node, who) = (self.place, (self.node(), token as u32));
        self.world.books.trace.record(now, Kind::Flush, who, [dirty, takes]);
        self.world
            .schedule(ends_ns, What::Flushed { node: node as u16, life, flight: slot as u32 });
    }

    fn wake_at(&mut self, at: u64) {
        let (now, place) = (self.world.now_ns, self.place);
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
            self.world.schedule(at, What::Timer { node: place as u16, life });
        }
    }
}

impl World {
    /// Formats every disk: an operator's act before the first start.
    pub(super) fn format(&mut self) {
        let subject = self.subject.clone();
        for place in 0..self.machines.len() {
            let mut host = HostView::new(self, place);
            let formatted = subject.format(number_at(place), &mut host);
            formatted.expect("an empty disk can be formatted");
            let machine = &mut self.machines[place];
            for flight in machine.flights.drain(..).flatten() {
                if let Some(directory) = flight.directory {
                    machine.disk.end_flush_directory(directory).for_each(drop);
                }
                for flush in flight.files {
                    machine.disk.end_flush(flush);
                }
            }
        }
        // The flushes have ended above; their events belong to no life.
        self.agenda.forget_flushes();
    }
}
