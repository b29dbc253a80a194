//! Members of groups: how they join, commit, and are turned away.

use super::{
    Acknowledged, Client, GROUPS, Group, OUTPUT, PARTITIONS, Part, Plant, Slot, Vector, World,
};
use checkers::{Ask, Offset, Outcome, Reply, Step};

impl World {
    pub(super) fn ask_as_member(&mut self, group: usize, client: &mut Client) -> Ask {
        let is_fenced = client.generation != self.groups[group].generation;
        // One that does not know it yet may go on as before.
        if client.generation == 0 || (is_fenced && self.draw(3) > 0) {
            return Ask::Join { group: GROUPS[group] };
        }
        if group == 1 {
            let polled = self.take(client);
            let steps = vec![
                Step::Poll,
                Step::Send { partition: OUTPUT as u32, message: self.message(client) },
            ];
            client.transaction = Some((self.begin(&steps), polled));
            return Ask::Transact { steps };
        }
        let offsets: Vec<(u32, Offset)> = client
            .owned
            .iter()
            .filter(|p| {
                client.has_resumed[**p] > 0
                    && client.committed.get(p) != Some(&client.positions[**p])
            })
            .map(|p| (*p as u32, client.positions[*p]))
            .collect();
        if offsets.is_empty() || self.draw(2) == 0 {
            return Ask::Poll;
        }
        let mut offsets = offsets;
        if client.generation == self.groups[0].generation {
            let (p, offset) = &mut offsets[0];
            let place = *p as usize;
            let committed = client.acknowledged[place].last.unwrap_or(0);
            let is_plain = |slot: &Slot| matches!(slot, Slot::Message { transaction: None, .. });
            let is_known = self.logs[place].get(*offset as usize).is_some_and(is_plain)
                && *offset < self.seen[place];
            if committed > 0 && self.strikes(Plant::CommittedRegression) {
                (*offset, client.must_succeed) = (committed - 1, true);
            } else if is_known && self.strikes(Plant::CommitAhead) {
                (*offset, client.must_succeed) = (*offset + 1, true);
                client.positions[place] = *offset;
            }
        }
        for (p, offset) in &offsets {
            client.committed.insert(*p as usize, *offset);
        }
        Ask::CommitOffsets { group: GROUPS[0], generation: client.generation, offsets }
    }

    pub(super) fn join(&mut self, part: Part, client: &mut Client) -> Outcome {
        let Part::Member { group, place } = part else { unreachable!("only members join") };
        let Group { generation, .. } = self.groups[group];
        let inputs = 0..PARTITIONS - group;
        let owns = |p: &usize| (p + generation as usize) % 3 == place;
        client.owned = inputs.filter(owns).collect();
        (client.generation, client.group) = (generation, Some(group));
        client.floor = client.acknowledged;
        client.has_resumed = Vector::default();
        client.committed.clear();
        for p in 0..PARTITIONS {
            client.positions[p] = self.groups[group].committed.get(&p).copied().unwrap_or(0);
        }
        let mut told = (generation, client.owned.clone());
        let others = self.clients.iter().filter(|(other, other_client)| {
            matches!(other, Part::Member { group: g, .. } if *g == group)
                && other_client.generation == generation
                && !other_client.owned.is_empty()
        });
        let taken = others.map(|(_, client)| client.owned[0]).next();
        if let Some(taken) = taken
            && self.strikes(Plant::DoubleAssignment)
        {
            told.1.push(taken);
        }
        if client.fence == generation && self.strikes(Plant::GenerationWentBack) {
            told = (generation - 1, Vec::new());
        }
        self.groups[group].told = self.groups[group].told.max(told.0);
        let partitions = told.1.iter().map(|p| *p as u32).collect();
        Outcome::Ok(Reply::Joined { generation: told.0, partitions })
    }

    pub(super) fn commit(
        &mut self,
        client: &mut Client,
        generation: u64,
        offsets: &[(u32, Offset)],
    ) -> Outcome {
        let is_fenced = generation != self.groups[0].generation;
        let is_zombie = client.fence > generation && self.strikes(Plant::ZombieCommit);
        if is_fenced && !is_zombie {
            // A wrong answer that was not given.
            self.was_planted &= !std::mem::take(&mut client.must_succeed);
            return Outcome::Refused("illegal generation".to_owned());
        }
        let is_certain = is_zombie || std::mem::take(&mut client.must_succeed);
        let luck = if is_certain { 9 } else { self.draw(10) };
        if luck != 0 {
            for (p, offset) in offsets {
                let p = *p as usize;
                self.groups[0].committed.insert(p, *offset);
            }
        }
        for (p, offset) in offsets {
            let p = *p as usize;
            if luck <= 1 {
                self.groups[0].unknown.push((p, *offset));
            } else {
                let before = self.groups[0].acknowledged[p].last;
                self.groups[0].acknowledged[p] = Acknowledged { last: Some(*offset), before };
            }
        }
        if luck <= 1 {
            client.committed.clear();
            return Outcome::Unknown("timeout".to_owned());
        }
        Outcome::Ok(Reply::OffsetsCommitted)
    }

    pub(super) fn is_being_committed(&self, p: usize) -> bool {
        let open = self.clients.iter().filter_map(|(_, client)| client.open);
        open.into_iter().any(|call| match &self.history.calls[call].ask {
            Ask::CommitOffsets { offsets, .. } => {
                offsets.iter().any(|(place, _)| *place as usize == p)
            }
            Ask::Produce { .. }
            | Ask::Fetch { .. }
            | Ask::Poll
            | Ask::Transact { .. }
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::FetchOffsets { .. } => false,
        })
    }
}
