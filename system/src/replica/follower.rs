//! What a follower does with its leader's words (Ongaro 3.5; S9, S12, S13).

use super::{Context, Follower, Replica, Role};
use crate::{
    entry::Entry,
    frame::Message,
    marks::Mark,
    planted::Plant,
    types::{EntryId, Index, NodeId, Term},
};
use bytes::Bytes;

impl Replica {
    pub(super) fn on_append(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        previous: EntryId,
        commit: Index,
        entries: Vec<Bytes>,
    ) {
        if !self.follow(ctx, from, term) {
            let reject = Message::AppendReject {
                term: self.hard.term,
                tried: previous.index,
                hint: 0,
                hint_term: 0,
            };
            return self.send(ctx, from, reject);
        }
        match self.log.term(previous.index) {
            Some(mine) if mine == previous.term => {
                let own = self.log.id(previous.index);
                assert_eq!(
                    own, previous,
                    "log matching: one index and term, two entries (Ongaro 3.5)"
                );
            }
            Some(_) | None => return self.reject(ctx, from, previous),
        }
        let mut verified = previous.index;
        for bytes in entries {
            // A damaged entry, or one that does not follow, ends what can be taken from this message.
            let Ok(entry) = Entry::decode(bytes) else { break };
            if !self.take(ctx, entry, verified + 1) {
                break;
            }
            verified += 1;
        }
        let Role::Follower(follower) = &mut self.role else { unreachable!("it follows") };
        follower.verified = follower.verified.max(verified);
        let verified = follower.verified;
        self.commit_to(commit.min(verified).max(self.commit));
        let matched = self.log.id(verified);
        let ok = Message::AppendOk { term, generation: self.generation, matched };
        self.hold(ctx, from, ok);
    }

    /// Takes one entry of the leader's log at its place. Entries that are there already stay: an old
    /// message must not cut newer ones.
    fn take(&mut self, ctx: &mut Context<'_>, entry: Entry, index: Index) -> bool {
        let place = (self.cluster, self.place.incarnation, self.place.group);
        if (entry.cluster(), entry.incarnation(), entry.group()) != place || entry.index() != index
        {
            return false;
        }
        if self.log.term(index) == Some(entry.term()) {
            assert_eq!(
                self.log.id(index),
                entry.id(),
                "log matching: one index and term, two entries (Ongaro 3.5)"
            );
            return true;
        }
        if index <= self.log.last_index() {
            ctx.marks.hit(Mark::Truncated);
            self.cut(index - 1);
        }
        if entry.previous_hash() != self.log.last().hash {
            return false;
        }
        self.append(entry);
        true
    }

    fn reject(&mut self, ctx: &mut Context<'_>, from: NodeId, previous: EntryId) {
        ctx.marks.hit(Mark::AppendRejected);
        let hint = self.log.agree(previous.index.saturating_sub(1), previous.term);
        let hint_term = self.log.term(hint).expect("an index within the log");
        let term = self.hard.term;
        self.send(
            ctx,
            from,
            Message::AppendReject { term, tried: previous.index, hint, hint_term },
        );
    }

    pub(super) fn on_beat(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        (sequence, sent): (u64, Index),
        commit: Index,
    ) {
        let verified = if self.follow(ctx, from, term) {
            let Role::Follower(follower) = &self.role else { unreachable!("it follows") };
            let verified = follower.verified;
            self.commit_to(commit.min(verified).max(self.commit));
            verified
        } else {
            0
        };
        let matched = self.log.id(self.claimable(ctx, verified));
        let (term, generation) = (self.hard.term, self.generation_flushed);
        let ok = Message::BeatOk { term, sequence, sent, generation, verified, matched };
        self.send(ctx, from, ok);
    }

    /// How far the answer to a heartbeat may claim the log. It leaves at once, whatever the disk does, so
    /// it claims nothing that is not durable: no entry, and none under a term that a power loss could
    /// take back, for after it this replica might follow a leader of an older term, which cuts what was
    /// claimed under the newer one (S4, S9). Example: n3 holds e2 of term 1, flushed; it answers a beat
    /// of term 3 and claims e2; the power fails; it is in term 1 again, and a late append of term 2 puts
    /// x2 in the place of e2, which the leader of term 3 has counted.
    fn claimable(&self, ctx: &mut Context<'_>, verified: Index) -> Index {
        let durable = verified.min(self.flushed);
        if durable == 0 || self.term_flushed == self.hard.term {
            return durable;
        }
        ctx.marks.hit(Mark::BeatUnflushed);
        if ctx.planted.bites(Plant::BeatClaimsUnflushedTerm) { durable } else { 0 }
    }

    /// Follows the leader of this term; `false` if the term is over.
    fn follow(&mut self, ctx: &mut Context<'_>, from: NodeId, term: Term) -> bool {
        if term < self.hard.term {
            return false;
        }
        assert!(
            !(self.is_leader() && term == self.hard.term),
            "n{from} and n{} both lead term {term}",
            self.node
        );
        let follows = matches!(&self.role,
            Role::Follower(Follower { leader, .. }) if *leader == Some(from));
        if term > self.hard.term || !follows {
            self.become_follower(ctx, term, Some(from));
        }
        if let Role::Follower(follower) = &mut self.role {
            follower.heard = ctx.now;
        }
        self.reset_deadline(ctx);
        true
    }
}
