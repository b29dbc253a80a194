//! Turns: a process or a client acts, and what comes of it is carried away, judged and written down.

use super::{Change, HostView, Kind, World};
use crate::{
    stage::task::Task,
    subject::{Call, Caller, Endpoint, Frame, Input, Process},
};
use checkers::{Ask, Fact};
use scenarios::Occasion;
use scenarios::{number_at, seat_of};

impl World {
    /// One turn of a node: opens it if it is not open yet.
    pub(super) fn turn_of(&mut self, place: usize) {
        let mut process = self.machines[place].process.take();
        let mut inputs = std::mem::take(&mut self.machines[place].inbox);
        let who = (number_at(place), inputs.len() as u32);
        for kind in std::mem::take(&mut self.machines[place].unseen) {
            self.books.hit(kind, 1);
        }
        let clock = &self.machines[place].clock;
        let clocks = [clock.monotonic_ns(self.now_ns), clock.wall_ns(self.now_ns)];
        self.books.trace.record(self.now_ns, Kind::Turn, who, clocks);
        match process {
            Some(_) => self.hear(place, &inputs, clocks[0]),
            None => {
                if let Some(witness) = &mut self.witness {
                    witness.begins(place, clocks[0]);
                }
            }
        }
        let subject = self.subject.clone();
        let mut host = HostView::new(self, place);
        let ended = match &mut process {
            Some(process) => process.turn(&mut host, &mut inputs),
            None => {
                inputs.clear();
                subject.open(who.0, &mut host).map(|opened| {
                    for text in opened.notes() {
                        self.books.note(self.now_ns, text);
                    }
                    process = Some(opened);
                })
            }
        };
        self.machines[place].inbox = inputs;
        match ended {
            Ok(()) => self.look(place, process.as_deref().expect("it is open")),
            Err(stop) => {
                self.books.note(self.now_ns, format!("n{} stopped itself: {}", who.0, stop.0));
                self.machines[place].is_up = false;
                self.schedule_task(self.now_ns, Task::Reap(place));
            }
        }
        self.machines[place].process = process;
        self.machines[place].disk.keep_laws();
        self.agenda.keep_laws(self.parcels.count());
    }

    /// What a turn is handed, for whoever asks later what a voter had heard.
    fn hear(&mut self, place: usize, inputs: &[Input], clock_ns: u64) {
        let Some(witness) = &mut self.witness else { return };
        witness.turns(place, clock_ns);
        let views = &self.books.views[place];
        let term =
            |group: u32| views.get(group as usize).copied().flatten().map_or(0, |view| view.term);
        for input in inputs {
            match input {
                Input::Frame(frame) => witness.handed(place, frame, &term),
                Input::Flushed { .. } | Input::Timer => {}
            }
        }
    }

    /// What replicas look like after a turn: who stands for election since, and what else changed.
    fn look(&mut self, place: usize, process: &dyn Process) {
        let mut seen = std::mem::take(&mut self.seen);
        seen.clear();
        process.look(&mut |replica| seen.push(replica));
        if let Some(witness) = &mut self.witness {
            for now in &seen {
                let before = self.books.views[place][now.group as usize].as_ref();
                witness.looked(place, before, now, &mut self.facts);
            }
            self.tell_facts();
        }
        for now in &seen {
            let before = self.books.views[place][now.group as usize];
            self.notice(place, before.as_ref(), now);
        }
        self.books.look(self.now_ns, process, &seen);
        self.seen = seen;
    }

    /// A process ended, or the run did: what it did in its life.
    pub(crate) fn end_life(&mut self, place: usize) {
        let clock_ns = self.machines[place].clock.monotonic_ns(self.now_ns);
        if let Some(witness) = &mut self.witness {
            witness.ends(place, clock_ns, &mut self.facts);
            self.tell_facts();
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

    /// Lets a client act, then carries its frames away and writes down what ended.
    pub(crate) fn client_turn(&mut self, place: usize, act: impl FnOnce(&mut dyn Caller, u64)) {
        let now = self.now_ns;
        act(self.load.client(place), now);
        let endpoint = self.load.endpoint(place);
        let mut frames = std::mem::take(&mut self.load.frames);
        self.load.client(place).take_frames(&mut frames);
        for (to, frame) in frames.drain(..) {
            self.send(endpoint, to, frame);
        }
        self.load.frames = frames;
        let refused = self.books.refused;
        self.load.settle(place, now, &mut self.books);
        for _ in refused..self.books.refused {
            self.happened(Occasion::Refused, None);
        }
        if let Some(at) = self.load.next_timer(place) {
            self.schedule(at.max(now), super::What::Client(place as u32));
        }
    }

    pub(super) fn arrive(&mut self, client: usize, is_fetch: bool) {
        let Some((ask, next)) = self.load.arrive(client, is_fetch, self.now_ns) else { return };
        self.schedule_arrival(next, client, is_fetch);
        self.call(client, ask, crate::stage::load::FETCH_BYTES);
    }

    /// A client calls; a fetch may bring so many bytes.
    pub(crate) fn call(&mut self, client: usize, ask: Ask, fetch_bytes: u32) -> u64 {
        let now = self.now_ns;
        let id = self.books.called(now, self.load.number(client), ask);
        let ask = self.books.history.calls[id as usize].ask.clone();
        let message_bytes = self.plan.workload.message_bytes;
        let call = Call { id, ask: &ask, message_bytes, fetch_bytes };
        self.client_turn(client, |client, now| client.call(now, call));
        id
    }

    /// A frame leaves a node: what it claims is judged against that node's disk at this very moment.
    pub(super) fn told(&mut self, place: usize, to: Endpoint, frame: &Frame) {
        let Some(witness) = &mut self.witness else { return };
        let (load, books, n_nodes) = (&self.load, &self.books, self.machines.len());
        let asked = |request| load.message_of(seat_of(to) - n_nodes, request, books);
        witness.sent(place, to, frame, &asked, &mut self.facts);
        self.tell_facts();
    }
}
