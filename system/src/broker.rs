//! What committed entries make of a group: one machine, fed by the log and by nothing else, so that every
//! replica that has committed the same entries is in the same state. It hears of entries when they are
//! appended and again when they are committed, and of every cut; what it says of uncommitted entries is
//! taken back with them.
//!
//! Today it is who produced what ([`producers`]) and which partitions there are ([`directory`]). Whatever
//! else entries come to mean has its place here: a part with the same four moves.

pub mod directory;
pub mod producers;

use crate::{entry::Entry, log::Log, types::Index};
use directory::Directory;
use producers::Producers;

/// The machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Broker {
    producers: Producers,
    directory: Directory,
}

impl Broker {
    /// Whose call came last.
    pub fn producers(&self) -> &Producers {
        &self.producers
    }

    /// Which partitions there are.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// An entry was appended.
    pub fn append(&mut self, entry: &Entry) {
        self.producers.append(entry);
    }

    /// An entry was committed, the next one after those before.
    pub fn commit(&mut self, entry: &Entry) {
        self.producers.commit(entry);
        self.directory.commit(entry);
    }

    /// The log was cut, above its commit index.
    pub fn cut(&mut self, log: &Log, commit: Index) {
        let last = log.last_index();
        assert!(commit <= last, "{commit} is committed, and the log is cut at {last} (S13)");
        self.producers.cut(log, commit);
    }

    /// The planted bug of a start that does not know whose call came last.
    pub(crate) fn forget_producers(&mut self) {
        self.producers = Producers::default();
    }

    /// What committed entries alone made of it: where a log that begins behind them goes on from.
    #[must_use]
    pub fn snapshot(&self) -> Broker {
        Broker { producers: self.producers.committed(), directory: self.directory.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        batch,
        entry::{Kind, Stamp},
        place::Place,
        quorum::{Config, Voter},
        types::METADATA,
    };
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Op {
        Produce { producer: u64, epoch: u32 },
        Create { group: u32 },
        Commit { count: u64 },
        Cut { keep: u64 },
        Restore,
    }

    fn ops() -> impl Strategy<Value = Vec<Op>> {
        let op = prop_oneof![
            4 => (0u64..4, 0u32..2).prop_map(|(producer, epoch)| Op::Produce { producer, epoch }),
            1 => (1u32..5).prop_map(|group| Op::Create { group }),
            2 => (0u64..4).prop_map(|count| Op::Commit { count }),
            1 => (0u64..9).prop_map(|keep| Op::Cut { keep }),
            1 => Just(Op::Restore),
        ];
        proptest::collection::vec(op, 0..40)
    }

    fn append(log: &mut Log, kind: Kind, body: &[u8]) -> Entry {
        let stamp = Stamp { cluster: 1, incarnation: 1, group: METADATA, term: 1, wall: 0 };
        let count = u32::from(kind == Kind::Messages);
        let entry = Entry::after(log.last(), stamp, kind, log.next_offset(), count, body);
        log.append(entry.clone());
        entry
    }

    /// What the entries of a log make of a machine that is told nothing but them.
    fn twin(log: &Log, commit: Index) -> Broker {
        let mut twin = Broker::default();
        let entries = || (1..=log.last_index()).filter_map(|index| log.get(index));
        entries().take(commit as usize).for_each(|entry| twin.commit(entry));
        entries().skip(commit as usize).for_each(|entry| twin.append(entry));
        twin
    }

    proptest! {
        #[test]
        fn it_is_what_its_log_makes_of_it_whatever_was_cut_and_wherever_it_was_restored(
            ops in ops(),
        ) {
            let (mut log, mut broker, mut commit) = (Log::default(), Broker::default(), 0);
            let mut sequence = 0;
            for op in ops {
                match op {
                    Op::Produce { producer, epoch } => {
                        sequence += 1;
                        let body = batch::body(producer, epoch, sequence, b"");
                        broker.append(&append(&mut log, Kind::Messages, &body));
                    }
                    Op::Create { group } => {
                        let voters = vec![Voter { node: group + log.last_index() as u32, region: 0 }];
                        let config =
                            Config { voters, learners: vec![], write_quorum: 1, election_quorum: 1 };
                        let mut body = Vec::new();
                        Place { group, incarnation: 1, config }.put_to(&mut body);
                        broker.append(&append(&mut log, Kind::Command, &body));
                    }
                    Op::Commit { count } => {
                        let to = log.last_index().min(commit + count);
                        (commit + 1..=to).filter_map(|i| log.get(i)).for_each(|e| broker.commit(e));
                        commit = to;
                    }
                    Op::Cut { keep } => {
                        log.cut(keep.max(commit).min(log.last_index()));
                        broker.cut(&log, commit);
                    }
                    Op::Restore => {
                        broker = broker.snapshot();
                        prop_assert_eq!(&broker, &twin(&log, commit).snapshot());
                        broker.cut(&log, commit);
                    }
                }
                prop_assert_eq!(&broker, &twin(&log, commit));
            }
            let places: Vec<&Place> = broker.directory().created_after(0).collect();
            prop_assert_eq!(places.len(), broker.directory().places().len());
            prop_assert!(places.iter().all(|p| broker.directory().get(p.group) == Some(*p)));
        }
    }
}
