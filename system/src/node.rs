//! One node's turn: everything it has been handed since the last turn goes in, frames and writes come
//! out. The shell around the replicas of a node: it routes messages, groups flushes and frames, keeps
//! one timer, and stops the node when its disk fails (S7).
//!
//! It never waits. What must be durable first is held by the replicas; the shell only tells them when
//! a flush has ended.

use crate::{
    host::Host,
    marks::{Mark, Marks},
    persist::{self, Damage, file_of},
    place::Place,
    planted::{Plant, Planted},
    registry::{self, Registry},
    replica::{Context, Effects, Replica, Timing},
    rope::Rope,
    rules,
    types::{Endpoint, GroupId, Index, METADATA, Nanos, NodeId},
    wakes::Wakes,
    wire::{
        Answer, Ask, Frame, FrameBuilder, Message, Refusal, Sender,
        answer::{Directory, Refused},
    },
};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The token of the registry's flush; every other token is a group.
const REGISTRY_TOKEN: u64 = u64::MAX;

/// What a node is told when it starts. The same for every start of a node.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Which cluster.
    pub cluster: u64,
    /// Which node.
    pub node: NodeId,
    /// Where the metadata group stands.
    pub metadata: Place,
    /// Timers.
    pub timing: Timing,
    /// A bug that is switched on.
    pub plant: Option<Plant>,
}

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

#[derive(Debug)]
struct Slot {
    replica: Replica,
    /// Took part in this turn: may have something to write or send.
    is_touched: bool,
    /// Whether its entry into the registry is durable in this life, either proven by a later entry or
    /// flushed: only then does it take part in anything. So a group that was there before a start waits
    /// for a flush, too (A11).
    is_active: bool,
    /// Whether it is among the groups that the node leads.
    is_led: bool,
}

/// One node.
#[derive(Debug)]
pub struct Node {
    settings: Settings,
    registry: Registry,
    /// Groups that wait to be entered into the registry.
    unregistered: VecDeque<GroupId>,
    /// By group: numbers are small and dense.
    slots: Vec<Option<Box<Slot>>>,
    touched: Vec<GroupId>,
    /// Partitions that metadata knows, and how far its log has been applied.
    directory: BTreeMap<GroupId, Place>,
    applied: Index,
    /// Groups whose files cannot be opened, and why (S21, S23).
    blocked: BTreeMap<GroupId, String>,
    /// This turn's clocks: read once, so that everything in a turn happens at one time.
    now: Nanos,
    wall: Nanos,
    /// When the replica of each group next acts by itself, if it takes part.
    wakes: Wakes,
    /// Groups that this node leads.
    led: BTreeSet<GroupId>,
    /// Rounds of heartbeats so far, and when the next is due.
    beat: u64,
    beat_at: Nanos,
    effects: Effects,
    planted: Planted,
    marks: Marks,
}

impl Node {
    /// Makes an empty disk this node's own. A deliberate act of an operator, done once.
    pub fn format<H: Host>(host: &mut H, settings: &Settings) -> Result<(), Stop> {
        if !host.files().is_empty() {
            return Err(Stop("format: the disk is not empty".into()));
        }
        let incarnation = host.random();
        let (_, write) = Registry::format(settings.cluster, settings.node, incarnation);
        host.write(write.file, write.at, &write.parts);
        host.flush(REGISTRY_TOKEN, &[registry::FILE], true);
        Ok(())
    }

    /// Starts the node from its disk.
    pub fn open<H: Host>(host: &mut H, settings: Settings) -> Result<Node, Stop> {
        let (mut registry, mut rewrite) = match Registry::read(&whole(host.read(registry::FILE))) {
            Ok(Some(read)) => read,
            Ok(None) => {
                return Err(Stop("open: the disk is empty; format it or join anew (S3)".into()));
            }
            Err(why) => return Err(Stop(format!("open: {why} (S2)"))),
        };
        if (registry.cluster, registry.node) != (settings.cluster, settings.node) {
            return Err(Stop(format!("open: the disk belongs to n{}", registry.node)));
        }
        let mut planted = settings.plant.map(Planted::with).unwrap_or_default();
        let mut marks = Marks::default();
        if !rewrite.is_empty() && !rules::writes_again(&mut planted) {
            registry.trust_cache();
            rewrite.clear();
        }
        host.truncate(registry::FILE, registry.length());
        if registry.groups().any(|group| !registry.is_durable(group)) {
            marks.hit(Mark::RegistryRewritten);
        }
        for write in &rewrite {
            host.write(write.file, write.at, &write.parts);
        }
        let mut node = Node {
            settings,
            registry,
            unregistered: VecDeque::new(),
            slots: Vec::new(),
            touched: Vec::new(),
            directory: BTreeMap::new(),
            applied: 0,
            blocked: BTreeMap::new(),
            now: host.monotonic(),
            wall: host.wall(),
            wakes: Wakes::new(),
            led: BTreeSet::new(),
            beat: 0,
            beat_at: 0,
            effects: Effects::default(),
            planted,
            marks,
        };
        node.open_groups(host);
        let metadata = node.settings.metadata.clone();
        node.ensure(&metadata);
        node.finish_turn(host);
        Ok(node)
    }

    /// One turn.
    pub fn turn<H: Host>(&mut self, host: &mut H, inputs: &mut Vec<Input>) -> Result<(), Stop> {
        (self.now, self.wall) = (host.monotonic(), host.wall());
        for group in self.touched.drain(..) {
            if let Some(slot) = &mut self.slots[group as usize] {
                slot.is_touched = false;
            }
        }
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
        self.touched.iter().filter_map(|group| self.replica(*group))
    }

    /// The replica of a group, if the node holds it.
    pub fn replica(&self, group: GroupId) -> Option<&Replica> {
        self.slots.get(group as usize)?.as_ref().map(|slot| &slot.replica)
    }

    /// Groups whose files cannot be opened, and why.
    pub fn blocked(&self) -> &BTreeMap<GroupId, String> {
        &self.blocked
    }

    /// Partitions that this node has learned of.
    pub fn directory(&self) -> &BTreeMap<GroupId, Place> {
        &self.directory
    }

    /// The plant that is switched on, and how often it misbehaved.
    pub fn plant(&self) -> Option<(Plant, u64)> {
        self.planted.hits()
    }

    /// Coverage.
    pub fn marks(&self) -> &Marks {
        &self.marks
    }

    fn open_groups<H: Host>(&mut self, host: &mut H) {
        let mut groups: BTreeMap<GroupId, u32> = BTreeMap::new();
        for file in host.files().into_iter().filter(|file| *file != registry::FILE) {
            let (group, segment) = ((file.0 >> 32) as u32 - 1, file.0 as u32);
            let last = groups.entry(group).or_insert(0);
            *last = segment.max(*last);
        }
        let missing = self.registry.groups().filter(|group| !groups.contains_key(group));
        let missing: Vec<GroupId> = missing.collect();
        for group in missing {
            self.blocked.insert(group, "its files are gone".into());
        }
        for (group, last) in groups {
            let read = |segment| Rope::from(host.read(file_of(group, segment)));
            let segments: Vec<Rope> = (0..=last).map(read).collect();
            match persist::recover(self.settings.node, group, &segments) {
                Ok(recovered) => self.open_group(host, group, recovered),
                Err(Damage::Empty) if !self.registry.has(group) => {
                    for segment in 0..=last {
                        host.truncate(file_of(group, segment), 0);
                    }
                }
                Err(Damage::Empty) => {
                    self.blocked.insert(group, "its files are empty".into());
                }
                Err(Damage::Rot(why)) => {
                    self.blocked.insert(group, why);
                }
            }
        }
    }

    fn open_group<H: Host>(&mut self, host: &mut H, group: GroupId, from: persist::Recovered) {
        if !from.truncate.is_empty() {
            self.marks.hit(Mark::TornTail);
        }
        if !from.rewrite.is_empty() {
            self.marks.hit(Mark::Rewritten);
        }
        for (file, length) in &from.truncate {
            host.truncate(*file, *length);
        }
        for write in &from.rewrite {
            host.write(write.file, write.at, &write.parts);
        }
        let (node, cluster) = (self.settings.node, self.settings.cluster);
        let timing = self.settings.timing;
        let replica =
            self.with_context(host, |ctx| Replica::open(node, cluster, from, timing, ctx));
        self.insert(group, replica);
        if !self.registry.has(group) {
            self.unregistered.push_back(group);
        }
    }

    /// Creates the replica of a place that names this node, unless it is there or is blocked.
    fn ensure(&mut self, place: &Place) {
        let (node, group) = (self.settings.node, place.group);
        let is_there = self.replica(group).is_some() || self.blocked.contains_key(&group);
        if is_there || !place.config.is_member(node) {
            return;
        }
        let timing = self.settings.timing;
        let replica = Replica::create(node, self.settings.cluster, place.clone(), timing, self.now);
        self.insert(group, replica);
        self.unregistered.push_back(group);
    }

    fn insert(&mut self, group: GroupId, replica: Replica) {
        let place = group as usize;
        if self.slots.len() <= place {
            self.slots.resize_with(place + 1, || None);
        }
        let is_active = self.registry.is_durable(group);
        let mut slot = Box::new(Slot { replica, is_touched: true, is_active, is_led: false });
        self.remember(&mut slot);
        self.slots[place] = Some(slot);
        self.touched.push(group);
    }

    fn with_context<H: Host, T>(
        &mut self,
        host: &mut H,
        act: impl FnOnce(&mut Context<'_>) -> T,
    ) -> T {
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

    /// Lets one replica act, if the node holds it.
    fn act<H: Host>(
        &mut self,
        host: &mut H,
        group: GroupId,
        act: impl FnOnce(&mut Replica, &mut Context<'_>),
    ) -> bool {
        let Some(mut slot) = self.slots.get_mut(group as usize).and_then(Option::take) else {
            return false;
        };
        if !std::mem::replace(&mut slot.is_touched, true) {
            self.touched.push(group);
        }
        self.with_context(host, |ctx| act(&mut slot.replica, ctx));
        self.remember(&mut slot);
        self.slots[group as usize] = Some(slot);
        true
    }

    /// Notes when a replica next acts by itself, and whether it leads.
    fn remember(&mut self, slot: &mut Slot) {
        let (replica, group) = (&slot.replica, slot.replica.group());
        self.wakes.set(group, if slot.is_active { replica.deadline() } else { Nanos::MAX });
        if replica.is_leader() != slot.is_led {
            slot.is_led = replica.is_leader();
            if slot.is_led {
                self.led.insert(group);
            } else {
                self.led.remove(&group);
            }
        }
    }

    fn on_frame<H: Host>(&mut self, host: &mut H, frame: Frame) {
        let Ok(sender) = frame.sender() else { return };
        if sender.cluster != self.settings.cluster {
            return;
        }
        // A frame that turns malformed half way has lost its rest; what came before it stands.
        let _ = frame.for_each(|group, message| {
            self.on_message(host, sender.endpoint, group, message);
        });
    }

    fn on_message<H: Host>(
        &mut self,
        host: &mut H,
        from: Endpoint,
        group: GroupId,
        message: Message,
    ) {
        let slot = self.slots.get(group as usize).and_then(Option::as_ref);
        let takes_part = slot.is_some_and(|slot| slot.is_active);
        let (request, answer) = match message {
            Message::Ask { request, ask: Ask::WhereIs(_) } => {
                let places = self.directory.values().cloned().collect();
                (request, Answer::Directory(Directory { places }))
            }
            Message::Ask { request, .. } if !takes_part => {
                let why = Refusal::UnknownPartition;
                (request, Answer::Refused(Refused { why, term: 0, leader: 0 }))
            }
            Message::Peer(_) | Message::Answer { .. } if !takes_part => return,
            Message::Peer(_) | Message::Ask { .. } | Message::Answer { .. } => {
                self.act(host, group, |replica, ctx| replica.step(ctx, from, message));
                return;
            }
        };
        self.effects.sends.push((from, group, Message::Answer { request, answer }));
    }

    fn on_flushed<H: Host>(&mut self, host: &mut H, token: u64, is_ok: bool) -> Result<(), Stop> {
        if !is_ok {
            self.marks.hit(Mark::FailStop);
            return Err(Stop(format!("a flush failed (token {token}): the disk lies (S7)")));
        }
        if token == REGISTRY_TOKEN {
            self.registry.end_flush();
            self.activate();
            return Ok(());
        }
        self.act(host, token as GroupId, |replica, ctx| replica.on_flushed(ctx));
        Ok(())
    }

    /// Groups whose entry into the registry has become durable take part from now on.
    fn activate(&mut self) {
        for group in 0..self.slots.len() {
            let is_durable = self.registry.is_durable(group as GroupId);
            if let Some(mut slot) = self.slots[group].take() {
                slot.is_active = is_durable;
                self.remember(&mut slot);
                self.slots[group] = Some(slot);
            }
        }
    }

    fn finish_turn<H: Host>(&mut self, host: &mut H) {
        self.tick(host);
        self.beat(host);
        self.apply_metadata();
        for place in 0..self.touched.len() {
            let group = self.touched[place];
            self.act(host, group, |replica, ctx| replica.end_turn(ctx));
        }
        self.write(host);
        self.register(host);
        self.send(host);
        host.wake_at(self.next_wake());
    }

    fn tick<H: Host>(&mut self, host: &mut H) {
        let mut from = 0;
        while let Some(group) = self.wakes.due_from(from, self.now) {
            self.act(host, group, |replica, ctx| replica.tick(ctx));
            from = group + 1;
        }
    }

    /// Heartbeats: a round for every group led here when it is time, or for the groups that have a
    /// read to confirm. Messages for one peer share a frame.
    fn beat<H: Host>(&mut self, host: &mut H) {
        let is_time = self.now >= self.beat_at;
        if is_time {
            self.beat_at = self.now + self.settings.timing.heartbeat;
        }
        let asked = std::mem::take(&mut self.effects.beats);
        if asked.is_empty() && (!is_time || self.led.is_empty()) {
            return;
        }
        let mut groups: BTreeSet<GroupId> = asked.into_iter().collect();
        if is_time {
            groups.extend(&self.led);
        }
        self.beat += 1;
        for group in groups {
            self.act(host, group, |replica, ctx| replica.beat(ctx));
        }
    }

    fn apply_metadata(&mut self) {
        let Some(metadata) = self.replica(METADATA) else { return };
        if metadata.commit() == self.applied {
            return;
        }
        let mut places = Vec::new();
        for index in self.applied + 1..=metadata.commit() {
            let entry = metadata.log().get(index).expect("a committed entry is in the log");
            places.extend(Place::all(entry.body()).expect("the leader checked the command"));
        }
        self.applied = metadata.commit();
        for place in places {
            self.ensure(&place);
            self.directory.entry(place.group).or_insert(place);
        }
    }

    /// Writes what the turn recorded and asks for the flushes it needs: at most one under way for each
    /// log, so what is recorded meanwhile goes with the next one (group commit).
    fn write<H: Host>(&mut self, host: &mut H) {
        for group in &self.touched {
            let Some(slot) = &mut self.slots[*group as usize] else { continue };
            if let Some(write) = slot.replica.next_write() {
                host.write(write.file, write.at, &write.parts);
            }
            if let Some((files, is_new)) = slot.replica.begin_flush() {
                host.flush(u64::from(*group), &files, is_new);
            }
        }
    }

    /// Enters groups into the registry once their own files are durable, and flushes it: only then do
    /// they take part. Those that become ready during a flush wait for the next one.
    fn register<H: Host>(&mut self, host: &mut H) {
        self.enter(host);
        if let Some(directory) = self.registry.begin_flush() {
            host.flush(REGISTRY_TOKEN, &[registry::FILE], directory);
        }
    }

    fn enter<H: Host>(&mut self, host: &mut H) {
        if self.unregistered.is_empty() {
            return;
        }
        let settled = |group: &GroupId| self.replica(*group).is_some_and(Replica::is_settled);
        let (ready, waiting): (VecDeque<_>, VecDeque<_>) =
            self.unregistered.iter().copied().partition(settled);
        self.unregistered = waiting;
        for group in ready {
            let incarnation = self.replica(group).expect("it is settled").place().incarnation;
            let write = self.registry.add(group, incarnation);
            host.write(write.file, write.at, &write.parts);
        }
    }

    /// One frame for each receiver.
    fn send<H: Host>(&mut self, host: &mut H) {
        let sender = Sender {
            cluster: self.settings.cluster,
            endpoint: self.settings.node,
            incarnation: self.registry.incarnation,
        };
        let mut sends = std::mem::take(&mut self.effects.sends);
        sends.sort_by_key(|(to, _, _)| *to);
        let mut sends_left = sends.drain(..).peekable();
        while let Some((to, group, message)) = sends_left.next() {
            let mut frame = FrameBuilder::new(sender);
            frame.push(group, message);
            while let Some((_, group, message)) = sends_left.next_if(|(next, _, _)| *next == to) {
                frame.push(group, message);
            }
            host.send(to, frame.finish());
        }
        drop(sends_left);
        self.effects.sends = sends;
    }

    fn next_wake(&self) -> Nanos {
        let beat = if self.led.is_empty() { Nanos::MAX } else { self.beat_at };
        self.wakes.first().min(beat)
    }
}

/// A file in one piece.
fn whole(parts: Vec<Bytes>) -> Bytes {
    let rope = Rope::from(parts);
    rope.slice(0..rope.len())
}
