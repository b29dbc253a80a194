//! One node's turn: everything it has been handed since the last turn goes in, frames and writes come
//! out. The shell around the replicas of a node: it routes messages, groups flushes and frames, keeps
//! one timer, and stops the node when its disk fails (S7).
//!
//! It never waits. What must be durable first is held by the replicas; the shell only tells them when
//! a flush has ended.

mod laws;
mod opening;
mod slots;
mod wakes;

use crate::{
    broker::directory::Directory,
    disk::{Registry, files},
    host::Host,
    marks::{Mark, Marks},
    place::Place,
    planted::{Plant, Planted},
    replica::{Context, Effects, Replica},
    rules,
    settings::Settings,
    types::{Endpoint, GroupId, METADATA, Nanos},
    wire::{
        Answer, Ask, Frame, FrameBuilder, Message, Refusal, Sender,
        answer::{self, Refused},
    },
};
use slots::Slots;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The token of the registry's flush; every other token is a group.
const REGISTRY_TOKEN: u64 = u64::MAX;

/// Something a node is handed.
#[derive(Debug)]
pub enum Input {
    /// A frame arrived.
    Frame(Frame),
    /// A flush ended; whether everything it covered is durable now.
    Flushed {
        /// What [`Host::flush`] was given.
        token: u64,
        /// Whether it ended well.
        is_ok: bool,
    },
    /// The time of [`Host::wake_at`] has come.
    Timer,
}

/// The node stopped itself: its process must end. Says why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop(pub String);

/// What one turn has, and what comes of it.
#[derive(Debug)]
struct Turn {
    /// The clocks: read once, so that everything in a turn happens at one time.
    now: Nanos,
    wall: Nanos,
    /// Rounds of heartbeats so far.
    beat: u64,
    effects: Effects,
    planted: Planted,
    marks: Marks,
}

/// One node.
#[derive(Debug)]
pub struct Node {
    settings: Settings,
    registry: Registry,
    /// Groups that wait to be entered into the registry.
    unregistered: VecDeque<GroupId>,
    slots: Slots,
    /// Partitions in the directory of which this node knows whether it holds them.
    created: usize,
    /// Groups whose files cannot be opened, and why (S21, S23).
    blocked: BTreeMap<GroupId, String>,
    /// When the next round of heartbeats is due.
    beat_at: Nanos,
    turn: Turn,
}

impl Turn {
    fn new(plant: Option<Plant>, now: Nanos, wall: Nanos) -> Turn {
        let planted = plant.map(Planted::with).unwrap_or_default();
        let (effects, marks) = (Effects::default(), Marks::default());
        Turn { now, wall, beat: 0, effects, planted, marks }
    }

    fn with<H: Host, T>(&mut self, host: &mut H, act: impl FnOnce(&mut Context<'_>) -> T) -> T {
        act(&mut Context {
            now: self.now,
            wall: self.wall,
            beat: self.beat,
            dice: &mut || host.random(),
            effects: &mut self.effects,
            planted: &mut self.planted,
            marks: &mut self.marks,
        })
    }
}

impl Node {
    /// One turn.
    pub fn turn<H: Host>(&mut self, host: &mut H, inputs: &mut Vec<Input>) -> Result<(), Stop> {
        let before = self.turn.now;
        (self.turn.now, self.turn.wall) = (host.monotonic(), host.wall());
        let now = self.turn.now;
        assert!(before <= now, "the monotonic clock went from {before} back to {now}");
        self.slots.begin_turn();
        for input in inputs.drain(..) {
            match input {
                Input::Frame(frame) => self.on_frame(host, frame),
                Input::Flushed { token, is_ok } => self.on_flushed(host, token, is_ok)?,
                Input::Timer => {}
            }
        }
        self.finish_turn(host);
        Ok(())
    }

    /// The replicas that took part in the last turn.
    pub fn touched(&self) -> impl Iterator<Item = &Replica> {
        self.slots.touched().iter().filter_map(|group| self.slots.get(*group))
    }

    /// The replica of a group, if the node holds it.
    pub fn replica(&self, group: GroupId) -> Option<&Replica> {
        self.slots.get(group)
    }

    /// Groups whose files cannot be opened, and why.
    pub fn blocked(&self) -> &BTreeMap<GroupId, String> {
        &self.blocked
    }

    /// Partitions that this node has learned of; none if it does not hold the metadata group.
    pub fn directory(&self) -> Option<&Directory> {
        self.replica(METADATA).map(Replica::directory)
    }

    /// The plant that is switched on, and how often it misbehaved.
    pub fn plant(&self) -> Option<(Plant, u64)> {
        self.turn.planted.hits()
    }

    /// Coverage.
    pub fn marks(&self) -> &Marks {
        &self.turn.marks
    }

    /// Lets one replica act, if the node holds it.
    fn act<H: Host>(
        &mut self,
        host: &mut H,
        group: GroupId,
        act: impl FnOnce(&mut Replica, &mut Context<'_>),
    ) {
        let Node { slots, turn, .. } = self;
        slots.act(group, |replica| turn.with(host, |ctx| act(replica, ctx)));
    }

    fn on_frame<H: Host>(&mut self, host: &mut H, frame: Frame) {
        let Ok(sender) = frame.sender() else { return };
        // Whoever goes by this node's own name is another disk's copy of it, or a liar (S1).
        let is_itself = sender.endpoint == self.settings.node;
        if sender.cluster != self.settings.cluster || is_itself {
            return;
        }
        let read = frame.for_each(|group, message| {
            self.on_message(host, sender.endpoint, group, message);
        });
        match read {
            Ok(0) => {}
            // Words of a newer version: nobody here is bound by them.
            Ok(_) => self.turn.marks.hit(Mark::UnknownMessage),
            // It has lost its rest; what came before it stands.
            Err(_) => self.turn.marks.hit(Mark::MalformedFrame),
        }
    }

    fn on_message<H: Host>(
        &mut self,
        host: &mut H,
        from: Endpoint,
        group: GroupId,
        message: Message,
    ) {
        let takes_part = self.slots.is_active(group);
        let (request, answer) = match message {
            Message::Ask { request, ask: Ask::WhereIs(_) } => {
                let known = self.directory().into_iter().flat_map(Directory::places);
                let places = known.cloned().collect();
                (request, Answer::Directory(answer::Directory { places }))
            }
            Message::Ask { request, .. } if !takes_part => {
                let why = Refusal::UnknownPartition;
                (request, Answer::Refused(Refused { why, term: 0, leader: 0 }))
            }
            Message::Peer(_) | Message::Answer { .. } if !takes_part => return,
            Message::Peer(_) | Message::Ask { .. } | Message::Answer { .. } => {
                return self.act(host, group, |replica, ctx| replica.step(ctx, from, message));
            }
        };
        self.turn.effects.sends.push((from, group, Message::Answer { request, answer }));
    }

    fn on_flushed<H: Host>(&mut self, host: &mut H, token: u64, is_ok: bool) -> Result<(), Stop> {
        if !rules::flushing::goes_on(is_ok, &mut self.turn.planted) {
            self.turn.marks.hit(Mark::FailStop);
            return Err(Stop(format!("a flush failed (token {token}): the disk lies (S7)")));
        }
        if token == REGISTRY_TOKEN {
            self.registry.end_flush();
            self.slots.activate(|group| self.registry.is_durable(group));
            return Ok(());
        }
        let group = token as GroupId;
        assert!(self.slots.get(group).is_some(), "a flush of p{group} ends, which is not held");
        self.act(host, group, |replica, ctx| replica.on_flushed(ctx));
        Ok(())
    }

    fn finish_turn<H: Host>(&mut self, host: &mut H) {
        self.tick(host);
        self.beat(host);
        self.hold_what_was_created();
        let Node { slots, turn, .. } = self;
        slots.end_turn(|replica| turn.with(host, |ctx| replica.end_turn(ctx)));
        self.write(host);
        self.register(host);
        self.send(host);
        host.wake_at(self.next_wake());
        self.keep_laws();
    }

    fn tick<H: Host>(&mut self, host: &mut H) {
        let mut from = 0;
        while let Some(group) = self.slots.due_from(from, self.turn.now) {
            self.act(host, group, |replica, ctx| replica.tick(ctx));
            from = group + 1;
        }
    }

    /// Heartbeats: a round for every group led here when it is time, or for the groups that have a
    /// read to confirm. Messages for one peer share a frame.
    fn beat<H: Host>(&mut self, host: &mut H) {
        let is_time = self.turn.now >= self.beat_at;
        if is_time {
            self.beat_at = self.turn.now + self.settings.timing.heartbeat;
        }
        let asked = std::mem::take(&mut self.turn.effects.beats);
        if asked.is_empty() && (!is_time || self.slots.led().is_empty()) {
            return;
        }
        let mut groups: BTreeSet<GroupId> = asked.into_iter().collect();
        if is_time {
            groups.extend(self.slots.led());
        }
        self.turn.beat += 1;
        for group in groups {
            let is_held = self.slots.get(group).is_some();
            assert!(is_held, "p{group} asks for heartbeats and is not held (S33)");
            self.act(host, group, |replica, ctx| replica.beat(ctx));
        }
    }

    /// Creates the replicas of partitions that the directory has learned of.
    fn hold_what_was_created(&mut self) {
        let Some(directory) = self.directory() else { return };
        if directory.places().len() == self.created {
            return;
        }
        let new: Vec<Place> = directory.created_after(self.created).cloned().collect();
        let (known, all) = (self.created + new.len(), directory.places().len());
        assert!(known == all, "{known} partitions were looked at of {all}");
        self.created = known;
        let holds_all = rules::storing::holds_all(new.len(), &mut self.turn.planted);
        let held = if holds_all { new.len() } else { 1 };
        new.iter().take(held).for_each(|place| self.ensure(place));
    }

    /// Writes what the turn recorded and asks for the flushes it needs: at most one under way for each
    /// log, so what is recorded meanwhile goes with the next one (group commit).
    fn write<H: Host>(&mut self, host: &mut H) {
        let Node { slots, turn, .. } = self;
        slots.for_each_touched(|group, replica| {
            if let Some(write) = replica.next_write(&mut turn.planted) {
                let segment = files::of_file(write.file).map_or(0, |(_, segment)| segment);
                if write.at == 0 && segment > 0 {
                    turn.marks.hit(Mark::SegmentRolled);
                }
                host.write(write.file, write.at, &write.parts);
            }
            if let Some((files, is_new)) = replica.begin_flush() {
                let planted = &mut turn.planted;
                let is_new = rules::flushing::flushes_directory(is_new, planted);
                let is_all = rules::flushing::flushes_all(&files, planted);
                let files = if is_all { &files[..] } else { &files[files.len() - 1..] };
                host.flush(u64::from(group), files, is_new);
            }
        });
    }

    /// Enters groups into the registry once their own files are durable, and flushes it: only then do
    /// they take part. Those that become ready during a flush wait for the next one.
    fn register<H: Host>(&mut self, host: &mut H) {
        let Node { slots, unregistered, registry, turn, .. } = self;
        unregistered.retain(|group| {
            let settled = slots.get(*group).filter(|replica| {
                rules::storing::may_enter(replica.is_settled(), &mut turn.planted)
            });
            if let Some(replica) = settled {
                let write = registry.add(*group, replica.incarnation());
                host.write(write.file, write.at, &write.parts);
            }
            settled.is_none()
        });
        if let Some(directory) = registry.begin_flush() {
            host.flush(REGISTRY_TOKEN, &[files::REGISTRY], directory);
        }
    }

    /// One frame for each receiver.
    fn send<H: Host>(&mut self, host: &mut H) {
        let sender = Sender {
            cluster: self.settings.cluster,
            endpoint: self.settings.node,
            incarnation: self.registry.incarnation,
        };
        let mut sends = std::mem::take(&mut self.turn.effects.sends);
        sends.sort_by_key(|(to, _, _)| *to);
        let mut sends_left = sends.drain(..).peekable();
        while let Some((to, group, message)) = sends_left.next() {
            assert!(to != sender.endpoint, "n{to} sends to itself, of p{group}: {message:?}");
            let mut frame = FrameBuilder::new(sender);
            frame.push(group, message);
            while let Some((_, group, message)) = sends_left.next_if(|(next, _, _)| *next == to) {
                frame.push(group, message);
            }
            host.send(to, frame.finish());
        }
        drop(sends_left);
        self.turn.effects.sends = sends;
    }

    fn next_wake(&self) -> Nanos {
        let beat = if self.slots.led().is_empty() { Nanos::MAX } else { self.beat_at };
        self.slots.first_wake().min(beat)
    }
}
