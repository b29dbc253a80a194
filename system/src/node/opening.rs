//! How a node begins: its disk is formatted once, and read at every start. Identity first; then every
//! group's log, of which each is opened, or was never part of anything, or is *blocked* and says why.

use super::{Node, REGISTRY_TOKEN, Stop, Turn, slots::Slots};
use crate::{
    disk::{Damage, Recovered, Registry, Rope, files, recover},
    host::Host,
    marks::Mark,
    place::Place,
    replica::Replica,
    rules,
    settings::Settings,
    types::{GroupId, METADATA},
};
use bytes::Bytes;
use std::collections::{BTreeMap, VecDeque};

impl Node {
    /// Makes an empty disk this node's own. A deliberate act of an operator, done once.
    pub fn format<H: Host>(host: &mut H, settings: &Settings) -> Result<(), Stop> {
        if !host.files().is_empty() {
            return Err(Stop("format: the disk is not empty".into()));
        }
        let incarnation = host.random();
        let (_, write) = Registry::format(settings.cluster, settings.node, incarnation);
        host.write(write.file, write.at, &write.parts);
        host.flush(REGISTRY_TOKEN, &[files::REGISTRY], true);
        Ok(())
    }

    /// Starts the node from its disk.
    pub fn open<H: Host>(host: &mut H, settings: Settings) -> Result<Node, Stop> {
        let read = Registry::read(&whole(host.read(files::REGISTRY)));
        let (mut registry, mut rewrite) = match read {
            Ok(Some(read)) => read,
            Ok(None) => {
                return Err(Stop("open: the disk is empty; format it or join anew (S3)".into()));
            }
            Err(why) => return Err(Stop(format!("open: {why} (S2)"))),
        };
        if (registry.cluster, registry.node) != (settings.cluster, settings.node) {
            return Err(Stop(format!("open: the disk belongs to n{}", registry.node)));
        }
        let mut turn = Turn::new(settings.plant, host.monotonic(), host.wall());
        if !rewrite.is_empty() && !rules::storing::writes_again(&mut turn.planted) {
            registry.trust_cache();
            rewrite.clear();
        }
        host.truncate(files::REGISTRY, registry.length());
        if registry.groups().any(|group| !registry.is_durable(group)) {
            turn.marks.hit(Mark::RegistryRewritten);
        }
        for write in &rewrite {
            host.write(write.file, write.at, &write.parts);
        }
        let mut node = Node {
            settings,
            registry,
            unregistered: VecDeque::new(),
            slots: Slots::new(),
            created: 0,
            blocked: BTreeMap::new(),
            beat_at: 0,
            turn,
        };
        node.open_groups(host);
        let metadata = node.settings.metadata.clone();
        node.ensure(&metadata);
        let (own, group) = (node.settings.node, metadata.group);
        let is_there = node.slots.get(group).is_some() || node.blocked.contains_key(&group);
        assert!(
            is_there || !metadata.config.is_member(own),
            "n{own} neither holds p{group} nor says why not (S21)"
        );
        node.finish_turn(host);
        Ok(node)
    }

    fn open_groups<H: Host>(&mut self, host: &mut H) {
        let mut groups: BTreeMap<GroupId, u32> = BTreeMap::new();
        for (group, segment) in host.files().into_iter().filter_map(files::of_file) {
            let last = groups.entry(group).or_insert(0);
            *last = segment.max(*last);
        }
        let missing = self.registry.groups().filter(|group| !groups.contains_key(group));
        let missing: Vec<GroupId> = missing.collect();
        for group in missing {
            self.blocked.insert(group, "its files are gone".into());
        }
        for (group, last) in groups {
            let read = |segment| Rope::from(host.read(files::segment_of(group, segment)));
            let reads_all = rules::storing::reads_all(last, &mut self.turn.planted);
            let segments: Vec<Rope> = (0..=if reads_all { last } else { 0 }).map(read).collect();
            match recover(self.settings.node, group, &segments) {
                Ok(_) if !self.keeps(group) => {
                    for segment in 0..=last {
                        host.truncate(files::segment_of(group, segment), 0);
                    }
                    self.blocked.insert(group, "nobody knows of it".into());
                }
                Ok(recovered) if !self.opens_torn(&recovered) => {
                    self.blocked.insert(group, "its end is torn".into());
                }
                Ok(recovered) => self.open_group(host, group, recovered),
                Err(Damage::Empty) if !self.registry.has(group) => {
                    for segment in 0..=last {
                        host.truncate(files::segment_of(group, segment), 0);
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

    /// S23: what is intact is kept, whatever metadata says of it, or does not say yet (F2).
    fn keeps(&mut self, group: GroupId) -> bool {
        let known = self.directory().is_some_and(|directory| directory.get(group).is_some());
        rules::storing::keeps(known || group == METADATA, &mut self.turn.planted)
    }

    /// S19: a torn end is cut off, and the group opened.
    fn opens_torn(&mut self, from: &Recovered) -> bool {
        rules::storing::opens_torn(!from.truncate.is_empty(), &mut self.turn.planted)
    }

    fn open_group<H: Host>(&mut self, host: &mut H, group: GroupId, mut from: Recovered) {
        if !from.truncate.is_empty() {
            self.turn.marks.hit(Mark::TornTail);
        }
        if !from.rewrite.is_empty() && !rules::storing::log_is_written_again(&mut self.turn.planted)
        {
            from.persist.trust_cache();
            from.rewrite.clear();
        }
        if !from.rewrite.is_empty() {
            self.turn.marks.hit(Mark::Rewritten);
        }
        for (file, length) in &from.truncate {
            host.truncate(*file, *length);
        }
        for write in &from.rewrite {
            host.write(write.file, write.at, &write.parts);
        }
        let read = from.persist.group();
        assert!(read == group, "the files of p{group} hold a log of p{read}");
        let settings = &self.settings;
        let mut replica = self.turn.with(host, |ctx| Replica::open(settings, from, ctx));
        let takes_part = self.registry.is_durable(group);
        let led = takes_part && replica.led();
        if !rules::storing::opens_as_follower(led, &mut self.turn.planted) {
            self.turn.with(host, |ctx| replica.lead_again(ctx));
        }
        self.slots.insert(replica, takes_part);
        if !self.registry.has(group) {
            self.unregistered.push_back(group);
        }
    }

    /// Creates the replica of a place that names this node, unless it is there or is blocked.
    pub(super) fn ensure(&mut self, place: &Place) {
        let (node, group) = (self.settings.node, place.group);
        let is_there = self.slots.get(group).is_some() || self.blocked.contains_key(&group);
        if is_there || !place.config.is_member(node) {
            return;
        }
        let is_entered = self.registry.has(group);
        assert!(!is_entered, "p{group} is created anew, and stands in the registry (S3, S21)");
        let replica = Replica::create(&self.settings, place.clone(), self.turn.now);
        self.slots.insert(replica, self.registry.is_durable(group));
        self.unregistered.push_back(group);
    }
}

/// A file in one piece.
fn whole(parts: Vec<Bytes>) -> Bytes {
    let rope = Rope::from(parts);
    rope.slice(0..rope.len())
}
