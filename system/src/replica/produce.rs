//! What clients ask of a replica, whatever its role: a leader takes it, everyone else refuses, and says
//! for certain that no copy was taken if it can prove it (S36, S37, S40).

use super::{Context, Leader, Replica, Role, core::Core, waiting::Waiter};
use crate::{
    batch,
    broker::producers::Seen,
    entry::Kind,
    levels::{Acks, ReadLevel},
    marks::Mark,
    place::Place,
    rules,
    types::{Endpoint, EntryId, METADATA, Offset, Term},
    wire::{
        Refusal,
        ask::{Create, Fetch, Produce},
    },
};

impl Replica {
    /// The leader that can serve a request which carries the term `asked`, if this is it and it is ready;
    /// else why not.
    fn ready(&mut self, asked: Option<Term>) -> Result<(&mut Leader, &mut Core), Refusal> {
        let core = &mut self.core;
        match &mut self.role {
            Role::Leader(_) if asked.is_some_and(|term| term != core.hard.term) => {
                Err(Refusal::NotLeader)
            }
            Role::Leader(leader) if !leader.is_ready(core) => Err(Refusal::NotReady),
            Role::Leader(leader) => Ok((leader, core)),
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                Err(Refusal::NotLeader)
            }
        }
    }

    pub(super) fn on_produce(
        &mut self,
        ctx: &mut Context<'_>,
        client: Endpoint,
        request: u64,
        produce: Produce,
    ) {
        // A copy that was damaged on the way is no request. To refuse it would say nothing about the
        // other copies, and one of them may be taken (S40).
        if crc32c::crc32c(&produce.messages) != produce.crc {
            return ctx.marks.hit(Mark::DamagedRequest);
        }
        let taken = self.ready(Some(produce.term)).and_then(|(leader, core)| {
            let last = core.log.last_index();
            let (entry, offset) = core.produce(ctx, &produce)?;
            let waiter = Waiter { client, request, acks: produce.acks, entry, offset };
            let is_open_repeat = core.commit < entry.index && entry.index <= last;
            if rules::producing::waits(is_open_repeat, ctx.planted) {
                leader.wait(core, ctx, waiter);
            } else {
                waiter.acknowledge(core, ctx);
            }
            Ok(())
        });
        if let Err(why) = taken {
            let why = self.with_proof(ctx, why, &produce);
            self.refuse(ctx, client, request, why);
        }
    }

    /// Why a produce request is refused, with the proof that no copy of it was or will be taken, where
    /// there is one.
    fn with_proof(&self, ctx: &mut Context<'_>, why: Refusal, produce: &Produce) -> Refusal {
        let asked = produce.term;
        if why != Refusal::NotLeader || asked == 0 || asked > self.core.hard.term {
            return why;
        }
        let is_proven = self.takes_no_copy(produce);
        if is_proven {
            ctx.marks.hit(Mark::NotTaken);
        }
        if rules::producing::may_say_not_taken(is_proven, ctx.planted) {
            Refusal::NotTaken
        } else {
            why
        }
    }

    /// Whether no copy of a produce request was or will be taken (S40). Only the leader of the term that
    /// it carries takes one, and copies of what was sent here come here only. So it is enough that
    /// - this node will not lead that term, or lead it again: it is over, durably, and no candidate of it
    ///   wins any more;
    /// - all of the term lies in this life: an earlier one may have taken a copy and forgotten it;
    /// - of its entries none was cut, so that the producer table, which is made of the log, would know
    ///   the call.
    ///
    /// Example: the network doubles a request of term 1. n1 takes the first copy, steps down, and gets
    /// the second. That it does not lead now says nothing: the first copy may yet commit.
    fn takes_no_copy(&self, produce: &Produce) -> bool {
        let Produce { term, producer, epoch, sequence, .. } = *produce;
        let may_win = matches!(&self.role, Role::Candidate(ballot) if ballot.term == term);
        let is_known =
            producer != 0 && !self.core.broker.producers().has(producer, epoch, sequence);
        !may_win && self.core.remembers(term) && is_known
    }

    pub(super) fn on_create(
        &mut self,
        ctx: &mut Context<'_>,
        client: Endpoint,
        request: u64,
        create: &Create,
    ) {
        let taken = self.ready(None).and_then(|(leader, core)| {
            let is_sound =
                |place: &Place| place.group != METADATA && place.config.refuse().is_none();
            if core.group() != METADATA || !create.places.iter().all(is_sound) {
                return Err(Refusal::Malformed);
            }
            let mut body = Vec::new();
            create.places.iter().for_each(|place| place.put_to(&mut body));
            let entry = core.append_new(ctx, Kind::Command, 0, &body);
            let waiter = Waiter { client, request, acks: Acks::Quorum, entry, offset: 0 };
            leader.wait(core, ctx, waiter);
            Ok(())
        });
        if let Err(why) = taken {
            self.refuse(ctx, client, request, why);
        }
    }

    pub(super) fn on_fetch(
        &mut self,
        ctx: &mut Context<'_>,
        client: Endpoint,
        request: u64,
        fetch: &Fetch,
    ) {
        match fetch.level {
            ReadLevel::Eventual => self.core.read(ctx, client, request, fetch),
            ReadLevel::Linearizable => match self.ready(None) {
                Ok((leader, core)) => leader.read(core, ctx, client, request, fetch.clone()),
                Err(Refusal::NotLeader) if !rules::reading::only_leads_reads(ctx.planted) => {
                    self.core.read(ctx, client, request, fetch);
                }
                Err(why) => {
                    if why == Refusal::NotReady {
                        ctx.marks.hit(Mark::ReadNotReady);
                    }
                    self.refuse(ctx, client, request, why);
                }
            },
        }
    }
}

impl Core {
    /// Appends a call's messages, unless the log holds them already; says where they stand.
    fn produce(
        &mut self,
        ctx: &mut Context<'_>,
        produce: &Produce,
    ) -> Result<(EntryId, Offset), Refusal> {
        let Produce { producer, epoch, sequence, count, messages, .. } = produce;
        let (producer, epoch, sequence, count) = (*producer, *epoch, *sequence, *count);
        if self.group() == METADATA || !batch::holds(messages, count) {
            return Err(Refusal::Malformed);
        }
        let producers = self.broker.producers();
        let seen = producers.see(producer, epoch, sequence);
        let before = producers.last_count(producer, epoch);
        match rules::producing::seen(producer, seen, (before, self.commit), ctx.planted) {
            Seen::New => {}
            Seen::Repeat(call) => {
                let (entry, held) = (call.entry, self.log.term(call.entry.index));
                assert!(held == Some(entry.term), "{entry:?} repeats, and {held:?} is held (S36)");
                let is_committed = call.entry.index <= self.commit;
                ctx.marks.hit(if is_committed { Mark::RepeatCommitted } else { Mark::RepeatWaits });
                let next = self.log.next_offset();
                let offset = rules::producing::stands_at(call.offset, next, ctx.planted);
                return Ok((call.entry, offset));
            }
            Seen::Fenced => {
                ctx.marks.hit(Mark::Fenced);
                return Err(Refusal::Fenced);
            }
            Seen::OutOfOrder => return Err(Refusal::OutOfOrder),
        }
        let offset = self.log.next_offset();
        let body = if !rules::producing::stores_as_sent(count, ctx.planted) {
            batch::body(producer, epoch, sequence, &batch::swap_payloads(messages))
        } else if !rules::producing::stores_all(count, ctx.planted) {
            batch::body(producer, epoch, sequence, &batch::without_last(messages))
        } else {
            batch::body(producer, epoch, sequence, messages)
        };
        let entry = self.append_new(ctx, Kind::Messages, count, &body);
        let end = self.log.next_offset();
        assert!(end == offset + u64::from(count), "{count} messages from {offset} end at {end}");
        Ok((entry, offset))
    }
}
