//! **committed_offsets**: the committed offset of a group and partition is a register, it only
//! rises, it never runs ahead of what its member was given, and whoever takes the partition over
//! goes on from it (messaging.md S41, I2, I3, I5; Jepsen's redpanda `abort`; checkers.md 4.8).
//!
//! - *phantom_committed_offset*, *stale_committed_read*: it was read as something that nobody
//!   committed, or that had been overwritten before the read was asked. A commit whose outcome is
//!   unknown may take effect at any later moment, until a read shows that it did.
//! - *committed_regression*: a later commit succeeded with a lower offset, and its member had not
//!   started anew (`assign`) since. Commits that overlap owe each other nothing.
//! - *commit_ahead*: a member committed past the last record it was given: what lies between will
//!   be skipped. Nothing is said of a member that was given nothing yet.
//! - *skipped_after_rebalance*: the first record that a member polled after it joined lies above
//!   every offset that may have been committed: the group never processes what lies between.
//! - *excess_rewind*: it lies below all of them. Told as permitted where the contract permits a
//!   member to repeat records when it gains a partition.
//!
//! A transaction of a member that polled may have committed what it polled, or not (KIP-98). Where
//! offsets may have gaps, only a message that someone knows of can be skipped.

mod evidence;
mod register;

use crate::{
    breach::Breach,
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    history::{Ask, Asked, Call, Offset, Outcome, Partition, Polled, Reply, Stamp, StepReply},
    intern::Interner,
    verdict::Verdict,
};
use evidence::{Skip, SkipKind};
use register::{Commit, Register};
use std::collections::BTreeMap;

/// A member waits for its first record of a partition that it was just given.
#[derive(Clone, Copy, Debug)]
struct Resumption {
    group: u64,
    generation: u64,
    joined: Stamp,
    /// The latest commit that had succeeded when the member asked to join, if there was one.
    floor: Option<u64>,
}

/// What one client was given of one partition since it took it over.
#[derive(Clone, Copy, Debug, Default)]
struct Given {
    /// One past the last record; 0 where there was none.
    end: Offset,
    since: Stamp,
    resumption: Option<Resumption>,
}

/// One client.
#[derive(Debug, Default)]
struct Member {
    /// By partition.
    given: Vec<Given>,
    /// The group that it joined last.
    group: Option<u64>,
    /// When it started anew by its own choice, last.
    assigned: Option<Stamp>,
    /// A poll may have given it records that nobody knows of.
    is_blind: bool,
}

/// A call under way: the floor of each of its registers when it was made.
type Floors = Vec<(Partition, Option<u64>, Option<Commit>)>;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct CommittedOffsets {
    clients: Interner,
    members: Vec<Member>,
    registers: BTreeMap<(u64, Partition), Register>,
    open: BTreeMap<u64, Floors>,
    /// Skips that are none unless a message is known to lie in them.
    suspects: Vec<Skip>,
    compared: u64,
    rewinds: u64,
    rewind_max: u64,
    resets: u64,
    breach: Breach,
}

impl Checker for CommittedOffsets {
    fn name(&self) -> &'static str {
        "committed_offsets"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => self.note_call(call),
            Event::Returned(call) => self.note_return(at, call, shared),
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, shared: &Shared) -> Verdict {
        for skip in std::mem::take(&mut self.suspects) {
            if skip.missed(shared).is_some() {
                self.breach.add(|| skip.evidence(shared));
            }
        }
        let compared = self.compared;
        self.breach.verdict_or(|| {
            let what = "no committed offset was read, committed again or gone on from";
            Verdict::holds_if_covered(compared, what)
        })
    }

    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        let mut told = Vec::new();
        if self.rewinds > 0 {
            told.push(format!(
                "permitted by `rebalance skips`: {} times a member began below every committed \
                 offset, by up to {} offsets",
                self.rewinds, self.rewind_max
            ));
        }
        if self.resets > 0 {
            told.push(format!(
                "permitted by `assign`: {} times a member that had started anew committed a lower \
                 offset",
                self.resets
            ));
        }
        told
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl CommittedOffsets {
    fn note_call(&mut self, call: Asked<'_>) {
        match &call.ask {
            Ask::CommitOffsets { group, offsets, .. } => {
                let floors = offsets.iter().map(|(partition, offset)| {
                    let register = self.registers.entry((*group, *partition)).or_default();
                    register.begin(*offset, call);
                    (*partition, register.floor(), register.highest())
                });
                let floors = floors.collect();
                self.open.insert(call.id, floors);
            }
            Ask::FetchOffsets { group, partitions } => {
                let floors = partitions.iter().map(|partition| {
                    let register = self.registers.entry((*group, *partition)).or_default();
                    (*partition, register.floor(), None)
                });
                let floors = floors.collect();
                self.open.insert(call.id, floors);
            }
            Ask::Join { group } => {
                let registers = self.registers.range((*group, 0)..=(*group, Partition::MAX));
                let floors = registers
                    .map(|((_, partition), register)| (*partition, register.floor(), None));
                let floors = floors.collect();
                self.open.insert(call.id, floors);
            }
            Ask::Produce { .. }
            | Ask::Fetch { .. }
            | Ask::Poll
            | Ask::Transact { .. }
            | Ask::Assign { .. } => {}
        }
    }

    fn note_return(&mut self, at: Stamp, call: &Call, shared: &Shared) {
        let floors = self.open.remove(&call.id).unwrap_or_default();
        match (&call.ask, &call.outcome) {
            (Ask::CommitOffsets { group, offsets, .. }, outcome) => {
                for (place, (partition, offset)) in offsets.iter().enumerate() {
                    let highest = floors.get(place).and_then(|floor| floor.2);
                    let place = (*group, *partition, *offset);
                    self.committed(at, call, outcome, place, highest, shared);
                }
            }
            (Ask::FetchOffsets { group, .. }, Outcome::Ok(Reply::Offsets { offsets })) => {
                for (partition, offset) in offsets {
                    let floor = floors.iter().find(|floor| floor.0 == *partition);
                    let Some((_, floor, _)) = floor else { continue };
                    let register = self.registers.entry((*group, *partition)).or_default();
                    self.compared += 1;
                    if !register.may_read(*offset, *floor) {
                        let place = (*group, *partition, *offset);
                        self.breach.add(|| evidence::misread(at, call, place, register, *floor));
                    } else if let Some(offset) = offset {
                        register.settle(*offset, *floor, at);
                    }
                }
            }
            (Ask::Join { group }, Outcome::Ok(Reply::Joined { generation, partitions })) => {
                let (group, generation) = (*group, *generation);
                let member = self.member(call.client);
                let assigned = member.assigned;
                *member = Member { group: Some(group), assigned, ..Member::default() };
                for partition in partitions {
                    let floor = floors.iter().find(|floor| floor.0 == *partition);
                    let floor = floor.and_then(|floor| floor.1);
                    let resumption = Some(Resumption { group, generation, joined: at, floor });
                    *seat(&mut member.given, *partition) = Given { resumption, ..Given::default() };
                }
            }
            (Ask::Join { .. } | Ask::Assign { .. }, Outcome::Unknown(_))
            | (Ask::Poll | Ask::Transact { .. }, Outcome::Unknown(_)) => {
                self.member(call.client).is_blind = true;
            }
            (Ask::Assign { is_managed, .. }, Outcome::Ok(_)) => {
                let member = self.member(call.client);
                let assigned = if *is_managed { member.assigned } else { Some(at) };
                *member = Member { group: member.group, assigned, ..Member::default() };
            }
            (Ask::Fetch { partition, .. }, Outcome::Ok(Reply::Fetched { records, .. })) => {
                if let Some(last) = records.last() {
                    self.member(call.client).give(*partition, last.offset, at);
                }
            }
            (Ask::Poll, Outcome::Ok(Reply::Polled(polled))) => {
                self.polled(at, call, polled, shared);
            }
            (Ask::Transact { .. }, Outcome::Ok(Reply::Transacted { results })) => {
                for result in results {
                    if let StepReply::Polled(polled) = result {
                        self.polled(at, call, polled, shared);
                        self.may_commit(call, polled);
                    }
                }
            }
            (_, Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_)) => {}
        }
    }

    fn member(&mut self, client: u32) -> &mut Member {
        let (number, _) = self.clients.intern(u64::from(client));
        seat(&mut self.members, number)
    }

    fn committed(
        &mut self,
        at: Stamp,
        call: &Call,
        outcome: &Outcome,
        (group, partition, offset): (u64, Partition, Offset),
        highest: Option<Commit>,
        shared: &Shared,
    ) {
        let register = self.registers.entry((group, partition)).or_default();
        match outcome {
            Outcome::Unknown(_) => return register.leave_open(offset, call),
            Outcome::Refused(_) => return register.refuse(offset, call),
            Outcome::Ok(_) => {}
        }
        let commit = Commit { offset, client: call.client, called: call.called, returned: at };
        register.end(commit);
        let (number, _) = self.clients.intern(u64::from(call.client));
        let member = seat(&mut self.members, number);
        if let Some(highest) = highest {
            self.compared += 1;
            let is_lower = offset < highest.offset;
            let has_restarted =
                member.assigned.is_some_and(|assigned| assigned.ordinal > highest.returned.ordinal);
            if is_lower && has_restarted {
                self.resets += 1;
            } else if is_lower {
                self.breach.add(|| evidence::regressed((group, partition), highest, commit));
            }
            // From here on this is where the group stands; one fall is told once.
            if is_lower {
                self.registers.entry((group, partition)).or_default().restart(commit);
            }
        }
        let given = seat(&mut member.given, partition);
        if given.end > 0 && !member.is_blind {
            self.compared += 1;
            if offset > given.end {
                let skip = Skip {
                    kind: SkipKind::Ahead,
                    group,
                    partition,
                    first: given.end,
                    end: offset,
                    client: call.client,
                    since: given.since,
                    asked: call.called,
                    at,
                };
                self.skip(skip, shared);
            }
        }
    }

    fn polled(&mut self, at: Stamp, call: &Call, polled: &Polled, shared: &Shared) {
        for batch in &polled.batches {
            let (Some(first), Some(last)) = (batch.records.first(), batch.records.last()) else {
                continue;
            };
            let member = self.member(call.client);
            let given = seat(&mut member.given, batch.partition);
            let resumption = given.resumption.take().filter(|_| !member.is_blind);
            member.give(batch.partition, last.offset, at);
            if let Some(resumption) = resumption
                && !polled.rebalanced.contains(&batch.partition)
            {
                self.resumed(at, call, (batch.partition, first.offset), resumption, shared);
            }
        }
        let member = self.member(call.client);
        for partition in &polled.rebalanced {
            *seat(&mut member.given, *partition) = Given::default();
        }
    }

    /// Kafka's `sendOffsetsToTransaction`: the history does not say whether it was used.
    fn may_commit(&mut self, call: &Call, polled: &Polled) {
        let Some(group) = self.member(call.client).group else { return };
        for batch in &polled.batches {
            let Some(last) = batch.records.last() else { continue };
            let register = self.registers.entry((group, batch.partition)).or_default();
            register.may_commit(last.offset.saturating_add(1), call);
        }
    }

    fn resumed(
        &mut self,
        at: Stamp,
        call: &Call,
        (partition, first): (Partition, Offset),
        resumption: Resumption,
        shared: &Shared,
    ) {
        let Resumption { group, generation, joined, floor } = resumption;
        // Where nothing was committed, a member may begin wherever its settings say.
        let Some(floor) = floor else { return };
        let register = self.registers.entry((group, partition)).or_default();
        let Some((lowest, highest)) = register.range(floor) else { return };
        self.compared += 1;
        if first > highest {
            let skip = Skip {
                kind: SkipKind::Resumed { generation, latest: register.latest() },
                group,
                partition,
                first: highest,
                end: first,
                client: call.client,
                since: joined,
                asked: call.called,
                at,
            };
            self.skip(skip, shared);
        } else if first < lowest && shared.contract.permits_rebalance_skips {
            self.rewinds += 1;
            self.rewind_max = self.rewind_max.max(lowest - first);
        } else if first < lowest {
            let place = (group, partition, first);
            let latest = register.latest();
            self.breach
                .add(|| evidence::rewound(at, call, place, (generation, joined), (lowest, latest)));
        }
    }

    fn skip(&mut self, skip: Skip, shared: &Shared) {
        match shared.contract.permits_gaps {
            true => self.suspects.push(skip),
            false => self.breach.add(|| skip.evidence(shared)),
        }
    }
}

impl Member {
    fn give(&mut self, partition: Partition, last: Offset, at: Stamp) {
        let given = seat(&mut self.given, partition);
        (given.end, given.since) = (last.saturating_add(1), at);
    }
}

#[cfg(test)]
mod tests;
