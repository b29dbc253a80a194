//! The replicas of a node: one slot for each group, which replicas take part, which took part in this
//! turn, which lead, and when each next acts by itself. Nothing here looks through all groups in a turn.

use super::wakes::Wakes;
use crate::{
    replica::Replica,
    types::{GroupId, Nanos},
};
use std::collections::BTreeSet;

/// One replica's place.
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

/// Every replica of a node.
#[derive(Debug)]
pub(super) struct Slots {
    /// By group: numbers are small and dense.
    by_group: Vec<Option<Box<Slot>>>,
    touched: Vec<GroupId>,
    /// When the replica of each group next acts by itself, if it takes part.
    wakes: Wakes,
    led: BTreeSet<GroupId>,
}

impl Slots {
    pub(super) fn new() -> Slots {
        let (wakes, led) = (Wakes::new(), BTreeSet::new());
        Slots { by_group: Vec::new(), touched: Vec::new(), wakes, led }
    }

    /// The replica of a group, if the node holds it.
    pub(super) fn get(&self, group: GroupId) -> Option<&Replica> {
        self.slot(group).map(|slot| &slot.replica)
    }

    /// Whether the replica of a group takes part.
    pub(super) fn is_active(&self, group: GroupId) -> bool {
        self.slot(group).is_some_and(|slot| slot.is_active)
    }

    fn slot(&self, group: GroupId) -> Option<&Slot> {
        self.by_group.get(group as usize)?.as_deref()
    }

    /// Groups that this node leads.
    pub(super) fn led(&self) -> &BTreeSet<GroupId> {
        &self.led
    }

    /// Groups that took part in this turn, in the order in which they did.
    pub(super) fn touched(&self) -> &[GroupId] {
        &self.touched
    }

    /// The first group from this one on that acts by itself at this time.
    pub(super) fn due_from(&self, from: GroupId, now: Nanos) -> Option<GroupId> {
        self.wakes.due_from(from, now)
    }

    /// When the next one acts by itself.
    pub(super) fn first_wake(&self) -> Nanos {
        self.wakes.first()
    }

    /// A new turn: nobody took part yet.
    pub(super) fn begin_turn(&mut self) {
        for group in self.touched.drain(..) {
            if let Some(slot) = &mut self.by_group[group as usize] {
                slot.is_touched = false;
            }
        }
    }

    /// Takes a replica in, which took part in this turn by coming to be.
    ///
    /// # Panics
    /// If the node holds one of that group.
    pub(super) fn insert(&mut self, replica: Replica, is_active: bool) {
        let (group, place) = (replica.group(), replica.group() as usize);
        if self.by_group.len() <= place {
            self.by_group.resize_with(place + 1, || None);
        }
        assert!(self.by_group[place].is_none(), "a second replica of group {group}");
        let slot = Slot { replica, is_touched: true, is_active, is_led: false };
        self.by_group[place] = Some(Box::new(slot));
        self.touched.push(group);
        self.remember(group);
    }

    /// Lets a replica act, if the node holds it.
    pub(super) fn act(&mut self, group: GroupId, act: impl FnOnce(&mut Replica)) {
        let Some(Some(slot)) = self.by_group.get_mut(group as usize) else { return };
        if !std::mem::replace(&mut slot.is_touched, true) {
            self.touched.push(group);
        }
        act(&mut slot.replica);
        self.remember(group);
    }

    /// Ends the turn of every replica that took part in it. None of them changes its deadline or role by
    /// that.
    pub(super) fn end_turn(&mut self, mut end: impl FnMut(&mut Replica)) {
        self.for_each_touched(|_, replica| end(replica));
    }

    /// Lets the shell do something with every replica that took part in this turn.
    pub(super) fn for_each_touched(&mut self, mut each: impl FnMut(GroupId, &mut Replica)) {
        for group in &self.touched {
            if let Some(slot) = &mut self.by_group[*group as usize] {
                each(*group, &mut slot.replica);
            }
        }
    }

    /// The laws of slots at the end of a turn.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, now: Nanos) {
        let due = self.first_wake();
        assert!(now <= due, "a replica was due at {due}, the turn of {now} passed it over");
        for group in &self.touched {
            let Some(slot) = self.slot(*group) else {
                panic!("p{group} took part in a turn and is not held")
            };
            let (leads, is_led) = (slot.replica.is_leader(), slot.is_led);
            assert!(leads == is_led, "p{group} leads: {leads}, gets heartbeats: {is_led}");
            assert!(!leads || slot.is_active, "p{group} leads and takes no part (S30)");
            slot.replica.keep_written_laws();
        }
    }

    /// From now on those take part of which this is so.
    pub(super) fn activate(&mut self, is_durable: impl Fn(GroupId) -> bool) {
        for group in 0..self.by_group.len() as GroupId {
            if let Some(slot) = &mut self.by_group[group as usize] {
                let (before, now) = (slot.is_active, is_durable(group));
                assert!(now || !before, "p{group} took part, and stands in no registry (S30)");
                slot.is_active = now;
                self.remember(group);
            }
        }
    }

    /// Notes when a replica next acts by itself, and whether it leads.
    fn remember(&mut self, group: GroupId) {
        let Some(slot) = &mut self.by_group[group as usize] else { return };
        let (deadline, is_led) = (slot.replica.deadline(), slot.replica.is_leader());
        self.wakes.set(group, if slot.is_active { deadline } else { Nanos::MAX });
        if std::mem::replace(&mut slot.is_led, is_led) != is_led {
            let is_news = if is_led { self.led.insert(group) } else { self.led.remove(&group) };
            assert!(is_news, "p{group} came to lead or ceased to, and heartbeats knew it before");
        }
    }

    #[cfg(test)]
    pub(super) fn spoil_wake(&mut self, group: GroupId, due: Nanos) {
        self.wakes.set(group, due);
    }

    #[cfg(test)]
    pub(super) fn spoil_touched(&mut self, group: GroupId) {
        self.touched.push(group);
    }

    #[cfg(test)]
    pub(super) fn spoil_led(&mut self, group: GroupId) {
        if let Some(slot) = &mut self.by_group[group as usize] {
            slot.is_led = true;
        }
    }
}
