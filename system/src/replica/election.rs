//! Who leads: pre-vote, vote, stickiness (Ongaro 4.2.3, 9.6; S4, S14, S31, S32).

use super::{Ballot, Context, Follower, Held, Replica, Role};
use crate::{
    frame::Message,
    marks::Mark,
    planted::Plant,
    types::{EntryId, NodeId, Term},
};

impl Replica {
    /// Asks whether it could win, without touching term or vote.
    pub(super) fn become_pre_candidate(&mut self, ctx: &mut Context<'_>) {
        assert!(self.config().is_voter(self.node), "only a voter campaigns (S31)");
        assert!(!self.is_leader(), "a leader does not campaign");
        self.reset_deadline(ctx);
        if !self.is_settled() {
            return;
        }
        if ctx.planted.bites(Plant::NoPreVote) {
            return self.become_candidate(ctx);
        }
        let term = self.hard.term + 1;
        self.role = Role::PreCandidate(Ballot { term, granted: vec![self.node] });
        self.ask(ctx, Message::PreVote { term, last: self.log.last() });
        self.win_pre_vote(ctx);
    }

    /// Raises the term and votes for itself; asks others once that is durable.
    fn become_candidate(&mut self, ctx: &mut Context<'_>) {
        let term = self.hard.term + 1;
        self.adopt(term, Some(self.node));
        self.role = Role::Candidate(Ballot { term, granted: Vec::new() });
        self.reset_deadline(ctx);
        let mark = self.persist.mark();
        self.held.push_back((mark, Held::OwnVote(term)));
    }

    /// Its own vote is durable: it counts, and others are asked (S4, A8).
    pub(super) fn count_own_vote(&mut self, ctx: &mut Context<'_>, term: Term) {
        if let Role::Candidate(ballot) = &mut self.role
            && ballot.term == term
        {
            ballot.granted.push(self.node);
            self.ask(ctx, Message::Vote { term, last: self.log.last() });
            self.win_vote(ctx);
        }
    }

    fn ask(&mut self, ctx: &mut Context<'_>, question: Message) {
        for voter in &self.place.config.voters {
            if voter.node != self.node {
                ctx.effects.sends.push((voter.node, self.place.group, question.clone()));
            }
        }
    }

    pub(super) fn on_pre_vote(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        last: EntryId,
    ) {
        let granted =
            term > self.hard.term && !self.hears_a_leader(ctx) && self.is_current(ctx, last);
        let term = if granted { term } else { self.hard.term };
        self.send(ctx, from, Message::PreVoteReply { term, granted });
    }

    pub(super) fn on_pre_vote_reply(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        granted: bool,
    ) {
        match &mut self.role {
            Role::PreCandidate(ballot) if granted && ballot.term == term => {
                if !ballot.granted.contains(&from) {
                    ballot.granted.push(from);
                }
                self.win_pre_vote(ctx);
            }
            Role::PreCandidate(_) if !granted && term > self.hard.term => {
                self.become_follower(ctx, term, None);
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => {}
        }
    }

    pub(super) fn on_vote(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        last: EntryId,
    ) {
        if term < self.hard.term {
            let term = self.hard.term;
            return self.send(ctx, from, Message::VoteReply { term, granted: false });
        }
        if self.hears_a_leader(ctx) {
            return;
        }
        if term > self.hard.term {
            self.become_follower(ctx, term, None);
        }
        let is_free = self.hard.vote.is_none() || self.hard.vote == Some(from);
        let granted = is_free && self.is_current(ctx, last);
        if granted {
            if self.hard.vote.is_none() {
                self.adopt(term, Some(from));
            }
            self.reset_deadline(ctx);
            self.hold(ctx, from, Message::VoteReply { term, granted });
        } else {
            self.send(ctx, from, Message::VoteReply { term, granted });
        }
    }

    pub(super) fn on_vote_reply(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        granted: bool,
    ) {
        if term > self.hard.term {
            return self.become_follower(ctx, term, None);
        }
        if let Role::Candidate(ballot) = &mut self.role
            && granted
            && ballot.term == term
        {
            if !ballot.granted.contains(&from) {
                ballot.granted.push(from);
            }
            self.win_vote(ctx);
        }
    }

    fn win_pre_vote(&mut self, ctx: &mut Context<'_>) {
        if let Role::PreCandidate(ballot) = &self.role
            && self.is_elected(ballot)
        {
            self.become_candidate(ctx);
        }
    }

    fn win_vote(&mut self, ctx: &mut Context<'_>) {
        if let Role::Candidate(ballot) = &self.role
            && ballot.granted.contains(&self.node)
            && self.is_elected(ballot)
        {
            ctx.marks.hit(Mark::Elected);
            self.become_leader(ctx);
        }
    }

    /// Votes count by membership, not by arrival (D4).
    fn is_elected(&self, ballot: &Ballot) -> bool {
        let votes = ballot.granted.iter().filter(|node| self.config().is_voter(**node)).count();
        votes >= self.config().election_quorum as usize
    }

    /// Stickiness (S32): whoever hears a leader does not help to replace it.
    fn hears_a_leader(&self, ctx: &mut Context<'_>) -> bool {
        let hears = match &self.role {
            Role::Follower(Follower { leader: Some(_), heard, .. }) => {
                ctx.now.saturating_sub(*heard) < self.timing.election_min
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => false,
            Role::Leader(_) => true,
        };
        if !hears || ctx.planted.bites(Plant::NoStickiness) {
            return false;
        }
        ctx.marks.hit(Mark::StickyRefusal);
        true
    }

    /// Whether a log that ends like this is at least as new as ours: by term, then by length (S14).
    fn is_current(&self, ctx: &mut Context<'_>, last: EntryId) -> bool {
        let own = self.log.last();
        let current = (last.term, last.index) >= (own.term, own.index);
        if !current {
            ctx.marks.hit(Mark::OldLogRefusal);
        }
        current
    }
}
