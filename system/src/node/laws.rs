//! What is true of a node at the end of every turn. Asserted in release, too: what a node believes that
//! broke one of these must not leave it.

use super::Node;
use crate::{broker::directory::Directory, replica::Effects};

impl Node {
    /// Asserts every law of the shell, and those of its parts.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self) {
        let now = self.turn.now;
        let Effects { sends, beats } = &self.turn.effects;
        assert!(sends.is_empty(), "{} messages are left behind by a turn", sends.len());
        assert!(beats.is_empty(), "{beats:?} wait for heartbeats that are over (S33)");
        let due = self.beat_at;
        assert!(now < due, "heartbeats were due at {due}, the turn of {now} passed them over");
        let known = self.directory().map_or(0, |directory: &Directory| directory.places().len());
        let seen = self.created;
        assert!(seen <= known, "{seen} partitions were looked at, {known} are known");
        for group in &self.unregistered {
            let (is_held, is_entered) =
                (self.slots.get(*group).is_some(), self.registry.has(*group));
            assert!(is_held, "p{group} waits for the registry and is not held");
            assert!(!is_entered, "p{group} waits for the registry and stands there");
        }
        for (group, why) in &self.blocked {
            assert!(self.slots.get(*group).is_none(), "p{group} is blocked ({why}) and held (S21)");
        }
        self.slots.keep_laws(now);
        self.registry.keep_laws();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        disk::files,
        host::{FileId, Host},
        place::Place,
        quorum::{Config, Voter},
        settings::{Limits, Settings, Timing},
        types::{Endpoint, METADATA, Nanos},
        wire::{Frame, Message, Refusal, answer::Refused},
    };
    use bytes::Bytes;
    use std::{
        collections::BTreeMap,
        panic::{AssertUnwindSafe, catch_unwind},
    };

    /// A host on which nothing is ever flushed.
    #[derive(Default)]
    struct Still(BTreeMap<FileId, Vec<u8>>);

    impl Host for Still {
        fn monotonic(&mut self) -> Nanos {
            5
        }
        fn wall(&mut self) -> Nanos {
            5
        }
        fn random(&mut self) -> u64 {
            7
        }
        fn send(&mut self, _: Endpoint, _: Frame) {}
        fn files(&mut self) -> Vec<FileId> {
            self.0.keys().copied().collect()
        }
        fn read(&mut self, file: FileId) -> Vec<Bytes> {
            self.0.get(&file).map(|bytes| bytes.clone().into()).into_iter().collect()
        }
        fn write(&mut self, file: FileId, at: u64, parts: &[Bytes]) {
            let bytes = self.0.entry(file).or_default();
            bytes.truncate(at as usize);
            parts.iter().for_each(|part| bytes.extend_from_slice(part));
        }
        fn truncate(&mut self, file: FileId, len: u64) {
            self.0.entry(file).or_default().truncate(len as usize);
        }
        fn flush(&mut self, _: u64, _: &[FileId], _: bool) {}
        fn wake_at(&mut self, _: Nanos) {}
    }

    /// A node alone, right after its first turn: nothing is flushed yet.
    fn node() -> Node {
        let voters = vec![Voter { node: 1, region: 0 }];
        let config = Config { voters, learners: vec![], write_quorum: 1, election_quorum: 1 };
        let metadata = Place { group: METADATA, incarnation: 1, config };
        let timing = Timing { heartbeat: 10, election_min: 100, election_max: 200 };
        let settings = Settings {
            cluster: 9,
            node: 1,
            metadata,
            timing,
            limits: Limits::default(),
            plant: None,
        };
        let mut host = Still::default();
        Node::format(&mut host, &settings).expect("an empty disk");
        assert!(host.0.contains_key(&files::REGISTRY));
        Node::open(&mut host, settings).expect("its own disk")
    }

    fn said(spoil: impl FnOnce(&mut Node)) -> String {
        let mut node = node();
        node.keep_laws();
        spoil(&mut node);
        let panic = catch_unwind(AssertUnwindSafe(|| node.keep_laws())).expect_err("no law held");
        panic.downcast_ref::<String>().expect("words").clone()
    }

    #[test]
    fn each_law_of_the_shell_fires() {
        let sends = said(|node| {
            let refused = Refused { why: Refusal::NotLeader, term: 0, leader: 0 };
            let message = Message::answer(1, refused);
            node.turn.effects.sends.push((9, METADATA, message));
        });
        assert_eq!(sends, "1 messages are left behind by a turn");
        let beats = said(|node| node.turn.effects.beats.push(3));
        assert_eq!(beats, "[3] wait for heartbeats that are over (S33)");
        let due = said(|node| node.beat_at = 5);
        assert_eq!(due, "heartbeats were due at 5, the turn of 5 passed them over");
        let seen = said(|node| node.created = 2);
        assert_eq!(seen, "2 partitions were looked at, 0 are known");
        let held = said(|node| node.unregistered.push_back(7));
        assert_eq!(held, "p7 waits for the registry and is not held");
        let entered = said(|node| drop(node.registry.add(METADATA, 1)));
        assert_eq!(entered, "p0 waits for the registry and stands there");
        let blocked = said(|node| drop(node.blocked.insert(METADATA, "rot".into())));
        assert_eq!(blocked, "p0 is blocked (rot) and held (S21)");
    }

    #[test]
    fn each_law_of_its_slots_fires() {
        let due = said(|node| node.slots.spoil_wake(METADATA, 3));
        assert_eq!(due, "a replica was due at 3, the turn of 5 passed it over");
        let touched = said(|node| node.slots.spoil_touched(9));
        assert_eq!(touched, "p9 took part in a turn and is not held");
        let led = said(|node| node.slots.spoil_led(METADATA));
        assert_eq!(led, "p0 leads: false, gets heartbeats: true");
    }

    /// The one voter of a group elects itself once its blocks are flushed; it takes no part before its
    /// group stands in the registry.
    #[test]
    fn a_leader_that_takes_no_part_is_seen() {
        let leads = said(|node| {
            let mut host = Still::default();
            for _ in 0..2 {
                node.act(&mut host, METADATA, |replica, ctx| {
                    replica.on_flushed(ctx);
                    replica.tick(ctx);
                });
                node.write(&mut host);
            }
            node.act(&mut host, METADATA, |replica, ctx| replica.on_flushed(ctx));
            node.turn.effects.sends.clear();
        });
        assert_eq!(leads, "p0 leads and takes no part (S30)");
    }
}
