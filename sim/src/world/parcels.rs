//! Frames under way: from a sender through the network to whoever is handed them.

use super::{Input, Kind, Route, What, World};
use crate::subject::{Endpoint, Frame};
use scenarios::seat_of;

/// A frame under way.
#[derive(Debug)]
pub(super) struct Parcel {
    pub(super) from: Endpoint,
    pub(super) to: Endpoint,
    pub(super) frame: Frame,
    /// What names it in the trace.
    name: u64,
}

/// Every frame under way, by a number that the agenda knows.
#[derive(Debug, Default)]
pub(super) struct Parcels {
    slots: Vec<Option<Parcel>>,
    free: Vec<u32>,
}

impl Parcels {
    fn put(&mut self, parcel: Parcel) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.slots[slot as usize] = Some(parcel);
                slot
            }
            None => {
                self.slots.push(Some(parcel));
                self.slots.len() as u32 - 1
            }
        }
    }

    fn take(&mut self, slot: u32) -> Parcel {
        self.free.push(slot);
        self.slots[slot as usize].take().expect("a parcel arrives once")
    }

    /// How many there are.
    pub(super) fn count(&self) -> u32 {
        (self.slots.len() - self.free.len()) as u32
    }

    /// Whom a parcel is for.
    pub(super) fn to(&self, slot: u32) -> Option<Endpoint> {
        self.slots[slot as usize].as_ref().map(|parcel| parcel.to)
    }
}

impl World {
    pub(super) fn send(&mut self, from: Endpoint, to: Endpoint, frame: Frame) {
        let (size, name) = (frame.size() as u64, self.subject.name_frame(&frame));
        self.books.trace.record(self.now_ns, Kind::Send, (from, to), [name, size]);
        match self.network.route(self.now_ns, from, to, size) {
            Route::Lost { .. } => {
                self.books.trace.record(self.now_ns, Kind::Lose, (from, to), [0, 0]);
            }
            Route::Deliver { at_ns, again_at_ns } => {
                if let Some(again) = again_at_ns {
                    self.post(again, Parcel { from, to, frame: frame.clone(), name });
                }
                self.post(at_ns, Parcel { from, to, frame, name });
            }
        }
    }

    fn post(&mut self, at_ns: u64, parcel: Parcel) {
        let slot = self.parcels.put(parcel);
        self.schedule(at_ns, What::Deliver(slot));
    }

    /// A frame arrives; the node that must have a turn for it, if it is one.
    pub(super) fn deliver(&mut self, slot: u32) -> Option<usize> {
        let Parcel { from, to, frame, name } = self.parcels.take(slot);
        if self.network.swallows(from, to) {
            self.books.trace.record(self.now_ns, Kind::Lose, (from, to), [1, 0]);
            return None;
        }
        let content = [name, frame.size() as u64];
        self.books.trace.record(self.now_ns, Kind::Deliver, (from, to), content);
        let place = seat_of(to);
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
}
