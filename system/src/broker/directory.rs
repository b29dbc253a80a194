//! Which partitions there are and where they stand: what the commands of the metadata group come to. A
//! partition that exists is not created again; whoever asks for it twice finds it as it is.

use crate::{
    entry::{self, Kind},
    place::Place,
    types::{GroupId, METADATA},
};
use std::collections::{BTreeMap, btree_map::Entry};

/// Every partition that a committed command created.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    by_group: BTreeMap<GroupId, Place>,
    /// In the order in which they were created.
    created: Vec<GroupId>,
}

impl Directory {
    /// Every partition, by group.
    pub fn places(&self) -> impl ExactSizeIterator<Item = &Place> {
        self.by_group.values()
    }

    /// Where a partition stands.
    pub fn get(&self, group: GroupId) -> Option<&Place> {
        self.by_group.get(&group)
    }

    /// Those created after the first `count`, in order.
    pub fn created_after(&self, count: usize) -> impl Iterator<Item = &Place> {
        self.created.iter().skip(count).filter_map(|group| self.by_group.get(group))
    }

    /// An entry was committed.
    ///
    /// # Panics
    /// If it is a command that cannot be read: the leader checked it before it appended it.
    pub fn commit(&mut self, entry: &entry::Entry) {
        match entry.kind() {
            Kind::Noop | Kind::Messages => {}
            Kind::Command => {
                let places = Place::all(entry.body());
                assert!(places.is_ok(), "{:?} is a command and lists no places", entry.id());
                places.into_iter().flatten().for_each(|place| self.create(place));
            }
        }
    }

    fn create(&mut self, place: Place) {
        if let Entry::Vacant(vacant) = self.by_group.entry(place.group) {
            self.created.push(place.group);
            vacant.insert(place);
        }
        assert!(self.get(METADATA).is_none(), "the metadata group is created as a partition");
        let (known, created) = (self.by_group.len(), self.created.len());
        assert!(known == created, "{known} partitions are known, {created} were created");
    }
}
