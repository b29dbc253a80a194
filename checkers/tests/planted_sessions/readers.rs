//! What readers are shown: by fetches at every level, and by polls that go on from a position.

use super::{BATCH_MAX, BOUND_NS, Client, Fate, Plant, Slot, World};
use checkers::{Batch, Polled, ReadLevel, Record, Reply, Stamp};

impl World {
    pub(super) fn fetch(
        &mut self,
        client: &mut Client,
        p: usize,
        from: u64,
        level: ReadLevel,
        called: Stamp,
    ) -> Reply {
        let lso = self.lso(p);
        let (written, told, known) = (client.written[p], client.told[p], client.known[p]);
        let direct = written.max(told);
        let between = |world: &mut World, low: u64| low + world.draw(lso.saturating_sub(low) + 1);
        let bounded = |world: &World, age: u64| {
            let since = called.at_ns.saturating_sub(age);
            let rises = &world.stable[p];
            let past = rises.partition_point(|(at, _)| *at <= since);
            past.checked_sub(1).map_or(0, |past| rises[past].1)
        };
        let mut end = match level {
            ReadLevel::Eventual => between(self, 0),
            ReadLevel::Bounded(bound) => {
                let low = bounded(self, bound);
                between(self, low)
            }
            ReadLevel::Session => between(self, direct.min(lso)),
            ReadLevel::Linearizable => lso,
        };
        match level {
            ReadLevel::Session if told > written && self.strikes(Plant::MonotonicReads) => {
                end = told - 1;
            }
            // Nobody can say that an open transaction hid what someone else was shown before.
            ReadLevel::Session
                if written > told
                    && written <= client.seen[p]
                    && self.strikes(Plant::ReadYourWrites) =>
            {
                end = written - 1;
            }
            ReadLevel::Linearizable
                if known > direct
                    && known <= client.seen[p]
                    && self.strikes(Plant::CausalReverse) =>
            {
                end = known - 1;
            }
            ReadLevel::Bounded(_)
                if bounded(self, 20 * BOUND_NS) > 0 && self.strikes(Plant::BoundedStaleness) =>
            {
                end = 0;
            }
            ReadLevel::Eventual
            | ReadLevel::Bounded(_)
            | ReadLevel::Session
            | ReadLevel::Linearizable => {}
        }
        let records = self.visible(p, from, end);
        let polled = Polled {
            batches: vec![Batch { partition: p as u32, records: records.clone() }],
            rebalanced: Vec::new(),
        };
        self.show(client, &polled);
        client.told[p] = client.told[p].max(end);
        Reply::Fetched { records, end }
    }

    /// What comes next of the partitions that the client owns; its positions move on.
    pub(super) fn take(&mut self, client: &mut Client) -> Polled {
        let mut polled = Polled::default();
        for p in client.owned.clone() {
            let (mut from, mut end) = (client.positions[p], self.lso(p));
            let mut extra = None;
            let is_member = client.generation > 0;
            // While a commit is under way, nobody can say from where the group goes on.
            let has_floor = client.floor[p].last.is_some() && !self.is_being_committed(p);
            if client.group == Some(0) && client.has_resumed[p] == 0 && has_floor {
                let next = self.visible(p, from, end);
                let unknown = self.groups[0].unknown.iter().filter(|(place, _)| *place == p);
                let unknown: Vec<u64> = unknown.map(|(_, offset)| *offset).collect();
                let first = self.visible(p, 0, from).first().map_or(from, |first| first.offset);
                if next.len() > 2
                    && next[0].offset < self.seen[p]
                    && unknown.iter().all(|offset| *offset <= from)
                    && self.strikes(Plant::SkippedAfterRebalance)
                {
                    from = next[0].offset + 1;
                } else if first < from
                    && unknown.iter().all(|offset| *offset > first)
                    && self.strikes(Plant::ExcessRewind)
                {
                    from = 0;
                }
            }
            let slots = &self.logs[p][from as usize..];
            let of = |fate: Fate| {
                (from..).zip(slots).find_map(|(offset, slot)| match slot {
                    Slot::Message { id, transaction: Some(t) } if self.transactions[*t] == fate => {
                        Some(Record::new(offset, *id))
                    }
                    Slot::Message { .. } | Slot::Marker => None,
                })
            };
            let last = self.visible(p, from, end).last().map_or(0, |last| last.offset);
            let aborted = of(Fate::Aborted).filter(|record| record.offset < last);
            let is_last =
                self.logs[p].iter().filter(|slot| matches!(slot, Slot::Message { .. })).count() > 0;
            let passed = is_last
                && !is_member
                && from == end
                && matches!(
                    self.logs[p].get(end as usize + 1),
                    Some(Slot::Message { transaction: None, .. })
                );
            if let Some(record) = aborted
                && !is_member
                && self.strikes(Plant::AbortedRead)
            {
                extra = Some(record);
            }
            let mut records = self.visible(p, from, end);
            if passed && self.will_commit(p, end) && self.strikes(Plant::LsoPassed) {
                let Slot::Message { id, .. } = self.logs[p][end as usize + 1] else { continue };
                end += 2;
                records = vec![Record::new(end - 1, id)];
            }
            if let Some(record) = extra {
                records.push(record);
                records.sort_by_key(|record| record.offset);
            }
            let torn =
                records.iter().rev().skip(1).position(|record| self.is_part(p, record.offset));
            if let Some(torn) = torn
                && !is_member
                && self.strikes(Plant::FracturedRead)
            {
                records.remove(records.len() - 2 - torn);
            }
            let Some(last) = records.last() else { continue };
            client.positions[p] = last.offset + 1;
            client.has_resumed[p] = 1;
            polled.batches.push(Batch { partition: p as u32, records });
        }
        polled
    }

    pub(super) fn visible(&self, p: usize, from: u64, end: u64) -> Vec<Record> {
        let slots = (0u64..).zip(&self.logs[p]).take(end as usize).skip(from as usize);
        let seen = slots.filter_map(|(offset, slot)| match slot {
            Slot::Message { id, transaction: None } => Some(Record::new(offset, *id)),
            Slot::Message { id, transaction: Some(t) } => {
                (self.transactions[*t] == Fate::Committed).then_some(Record::new(offset, *id))
            }
            Slot::Marker => None,
        });
        seen.take(BATCH_MAX).collect()
    }

    pub(super) fn show(&mut self, client: &mut Client, polled: &Polled) {
        for batch in &polled.batches {
            let p = batch.partition as usize;
            for record in &batch.records {
                let end = record.offset + 1;
                client.shown[p] = client.shown[p].max(end);
                self.seen[p] = self.seen[p].max(end);
                client.told[p] = client.told[p].max(end);
                client.known[p] = client.known[p].max(end);
                for (known, cause) in client.known.iter_mut().zip(&self.causes[&record.message]) {
                    *known = (*known).max(*cause);
                }
            }
        }
    }
}
