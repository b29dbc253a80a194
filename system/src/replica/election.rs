//! Who leads: pre-vote, vote, stickiness (Ongaro 4.2.3, 9.6; S4, S14, S31, S32).

use super::{Context, Leader, Replica, Role};
use crate::{
    marks::Mark,
    planted::Planted,
    quorum::Config,
    rules,
    types::{EntryId, NodeId, Term},
    wire::{
        Peer,
        peer::{PreVote, PreVoteReply, Vote, VoteReply},
    },
};

/// Votes gathered by a candidate for one term.
#[derive(Clone, Debug)]
pub(super) struct Ballot {
    pub(super) term: Term,
    pub(super) granted: Vec<NodeId>,
}

impl Ballot {
    fn grant(&mut self, node: NodeId, planted: &mut Planted) {
        if rules::voting::counts_grant(self.granted.contains(&node), planted) {
            self.granted.push(node);
        }
    }

    /// Votes count by membership, not by arrival (D4).
    fn is_won(&self, config: &Config, planted: &mut Planted) -> bool {
        let votes = self.granted.iter().filter(|node| config.is_voter(**node)).count();
        let voters = config.voters.len();
        assert!(votes <= voters, "{votes} votes of {voters} voters in term {} (S4)", self.term);
        rules::voting::wins(votes, config.election_quorum as usize, voters, planted)
    }
}

impl Replica {
    /// Asks whether it could win, without touching term or vote.
    pub(super) fn become_pre_candidate(&mut self, ctx: &mut Context<'_>) {
        let node = self.core.node;
        assert!(self.core.config().is_voter(node), "n{node} campaigns and is no voter (S31)");
        assert!(!self.is_leader(), "n{node} leads and campaigns");
        self.core.reset_deadline(ctx);
        if !self.core.is_settled() {
            return;
        }
        if !rules::voting::asks_before_it_votes(ctx.planted) {
            return self.become_candidate(ctx);
        }
        let term = self.core.hard.term + 1;
        self.role = Role::PreCandidate(Ballot { term, granted: vec![node] });
        self.ask(ctx, &PreVote { term, last: self.core.log.last() }.into());
        self.win_pre_vote(ctx);
    }

    /// Raises the term and votes for itself; asks others once that is durable.
    fn become_candidate(&mut self, ctx: &mut Context<'_>) {
        let term = self.core.hard.term + 1;
        let own = self.core.node;
        assert!(self.core.config().is_voter(own), "n{own} stands and is no voter (S31)");
        self.core.adopt(term, Some(own));
        self.role = Role::Candidate(Ballot { term, granted: Vec::new() });
        self.core.reset_deadline(ctx);
        if rules::flushing::own_vote_waits(ctx.planted) {
            self.core.hold_own_vote();
        } else {
            self.stand(ctx, term);
        }
    }

    /// Leads: its first act is an entry of its own term, which commits what came before (S11, S15).
    pub(super) fn become_leader(&mut self, ctx: &mut Context<'_>) {
        assert!(matches!(self.role, Role::Candidate(_)), "only a candidate becomes leader");
        let (own, vote) = (self.core.node, self.core.hard.vote);
        assert!(vote == Some(own), "n{own} leads and voted for {vote:?} (S4)");
        let is_held = self.core.durability.holds_own_vote();
        assert!(!is_held, "n{own} leads on a vote that is not durable (S4)");
        self.role = Role::Leader(Leader::begin(&mut self.core, ctx));
    }

    /// Its own vote is durable: it counts, and others are asked (S4, A8).
    pub(super) fn count_own_vote(&mut self, ctx: &mut Context<'_>, term: Term) {
        if matches!(&self.role, Role::Candidate(ballot) if ballot.term == term) {
            let durable = self.core.durable().term;
            assert!(durable >= term, "a vote in term {term} counts, {durable} is durable (S4, A8)");
            self.stand(ctx, term);
        }
    }

    /// Counts its own vote in this term, and asks for the others'.
    fn stand(&mut self, ctx: &mut Context<'_>, term: Term) {
        if let Role::Candidate(ballot) = &mut self.role {
            ballot.grant(self.core.node, ctx.planted);
            self.ask(ctx, &Vote { term, last: self.core.log.last() }.into());
            self.win_vote(ctx);
        }
    }

    fn ask(&self, ctx: &mut Context<'_>, question: &Peer) {
        for voter in &self.core.config().voters {
            if voter.node != self.core.node {
                self.core.send(ctx, voter.node, question.clone().into());
            }
        }
    }

    pub(super) fn on_pre_vote(&mut self, ctx: &mut Context<'_>, from: NodeId, ask: &PreVote) {
        let own = self.core.hard.term;
        let granted =
            ask.term > own && !self.keeps_its_leader(ctx) && self.is_current(ctx, ask.last);
        let term = if granted { ask.term } else { own };
        self.core.send(ctx, from, PreVoteReply { term, granted }.into());
        let waits = matches!(self.role, Role::Follower(_));
        if waits && !rules::voting::only_answers(self.core.hard.vote, ctx.planted) {
            self.core.clear_vote();
        }
    }

    pub(super) fn on_pre_vote_reply(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        reply: &PreVoteReply,
    ) {
        let PreVoteReply { term, granted } = *reply;
        match &mut self.role {
            Role::PreCandidate(ballot) if granted && ballot.term == term => {
                ballot.grant(from, ctx.planted);
                self.win_pre_vote(ctx);
            }
            Role::PreCandidate(_) if !granted && term > self.core.hard.term => {
                self.become_follower(ctx, term, None);
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => {}
        }
    }

    pub(super) fn on_vote(&mut self, ctx: &mut Context<'_>, from: NodeId, ask: &Vote) {
        let Vote { term, last } = *ask;
        if term < self.core.hard.term {
            let reply = VoteReply { term: self.core.hard.term, granted: false };
            return self.core.send(ctx, from, reply.into());
        }
        if self.keeps_its_leader(ctx) {
            return;
        }
        if term > self.core.hard.term {
            self.become_follower(ctx, term, None);
        }
        let vote = self.core.hard.vote;
        let granted =
            rules::voting::has_vote_for(vote, from, ctx.planted) && self.is_current(ctx, last);
        let (own, reply) = (self.core.hard.term, VoteReply { term, granted });
        assert!(term == own, "a vote is asked in term {term} and answered in {own} (S4)");
        if !granted {
            return self.core.send(ctx, from, reply.into());
        }
        if vote.is_none() {
            self.core.adopt(term, Some(from));
        }
        let vote = self.core.hard.vote;
        assert!(vote.is_some(), "n{from} is told of a vote that nobody has (S4)");
        self.core.reset_deadline(ctx);
        self.core.hold(ctx, from, reply.into());
    }

    pub(super) fn on_vote_reply(&mut self, ctx: &mut Context<'_>, from: NodeId, reply: &VoteReply) {
        let VoteReply { term, granted } = *reply;
        if term > self.core.hard.term {
            return self.become_follower(ctx, term, None);
        }
        if let Role::Candidate(ballot) = &mut self.role
            && granted
            && rules::voting::is_of_term(term, ballot.term, ctx.planted)
        {
            ballot.grant(from, ctx.planted);
            self.win_vote(ctx);
        }
    }

    fn win_pre_vote(&mut self, ctx: &mut Context<'_>) {
        if let Role::PreCandidate(ballot) = &self.role
            && ballot.is_won(self.core.config(), ctx.planted)
        {
            self.become_candidate(ctx);
        }
    }

    fn win_vote(&mut self, ctx: &mut Context<'_>) {
        if let Role::Candidate(ballot) = &self.role
            && ballot.granted.contains(&self.core.node)
            && ballot.is_won(self.core.config(), ctx.planted)
        {
            ctx.marks.hit(Mark::Elected);
            self.become_leader(ctx);
        }
    }

    /// S14, and the mark of whoever is refused by it.
    fn is_current(&self, ctx: &mut Context<'_>, last: EntryId) -> bool {
        let is_current = rules::voting::is_current(last, self.core.log.last(), ctx.planted);
        if !is_current {
            ctx.marks.hit(Mark::OldLogRefusal);
        }
        is_current
    }
}
