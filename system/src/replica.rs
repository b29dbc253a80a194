//! One replica of one group: Raft (Ongaro 2014) with pre-vote, check-quorum and leader stickiness, as
//! a pure step over numbers and bytes. No I/O, no clock, no dice of its own: the shell hands in time
//! and messages, carries out what [`Effects`] says, and writes what [`Replica::next_write`] closes.
//!
//! # What it is made of
//! A replica is a core and a role. The core (`replica/core.rs`) is what it has whatever its role: its log
//! and what committed entries made of the group, term and vote, and how far each of them is durable. The
//! role is what it does: a follower takes entries, a candidate (`election.rs`) gathers votes, a leader
//! keeps the progress of each peer, the calls that wait for it and the reads that it has yet to confirm.
//! A role's conduct is its own: it is handed core and context, and only in this file and in `election.rs`
//! does one role become another. Whether something may be counted, claimed or granted is asked of
//! `rules/`; what must be true whatever happened is asserted by `laws.rs` at the end of every turn.
//!
//! # How an entry becomes durable and committed
//! 1. The leader appends it: `Core::append` records it for the disk (`disk/persist.rs`), tells the producer
//!    table, and notes what the block that is being gathered makes of the log (`durability.rs`).
//! 2. The turn ends: the block is written and a flush begins, and the leader sends the entry to peers.
//!    What it sends claims nothing, so it does not wait for the flush.
//! 3. A follower whose log holds the entry before takes it. Its answer claims the entry, so it waits
//!    for the block (`Core::hold`): that block holds the entry, and term and vote as they were.
//! 4. The flush ends. What waited for it leaves, if the term is still the one it was said in (S16).
//! 5. The leader counts what voters have flushed. If a quorum has an entry *of this term*, it and all
//!    before it are committed for ever (S11), and whoever waits for it is answered.
//!
//! # What keeps it safe
//! Two rules keep durability honest (S4, S9, A7). **A granted vote and the answer to an append wait for
//! the block that held everything recorded when they were formed**, so that term, vote and entries are
//! flushed before anyone counts them. **The answer to a heartbeat waits for nothing**, or a slow disk
//! would cost a leader its quorum; therefore it claims only what is flushed, under a term that is, and
//! of cuts only those that are (`rules::flushing::claimable`). Refusals, pre-votes and rejects claim nothing, and
//! leave at once.
//!
//! # Caveats
//! No leader lease: a linearizable read costs a round to a quorum. No leadership transfer. A peer that
//! lags is sent everything from where the logs agree.

mod core;
mod durability;
mod election;
mod follower;
mod laws;
mod leader;
mod produce;
mod progress;
mod reads;
mod waiting;

use crate::{
    broker::directory::Directory,
    disk::{Recovered, Write},
    host::FileId,
    log::Log,
    marks::{Mark, Marks},
    place::Place,
    planted::Planted,
    rules,
    settings::Settings,
    types::{Endpoint, GroupId, Index, Nanos, NodeId, Term},
    wire::{Answer, Ask, Message, Peer, Refusal, answer::Refused, peer::Over},
};
use core::Core;
use durability::Held;
use election::Ballot;
use follower::Follower;
use leader::Leader;

/// What a step wants done, gathered over one turn.
#[derive(Debug, Default)]
pub struct Effects {
    /// Messages to send.
    pub sends: Vec<(Endpoint, GroupId, Message)>,
    /// Groups whose leader needs a round of heartbeats now, to confirm a read.
    pub beats: Vec<GroupId>,
}

/// What a step may use.
pub struct Context<'a> {
    /// The node's monotonic clock.
    pub now: Nanos,
    /// The node's wall clock, for stamps only.
    pub wall: Nanos,
    /// Sequence of the node's newest round of heartbeats.
    pub beat: u64,
    /// Random bits.
    pub dice: &'a mut dyn FnMut() -> u64,
    /// What is to be done.
    pub effects: &'a mut Effects,
    /// Bugs that are switched on.
    pub planted: &'a mut Planted,
    /// Coverage.
    pub marks: &'a mut Marks,
}

impl std::fmt::Debug for Context<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Context {{ now: {} }}", self.now)
    }
}

/// What a replica does right now.
#[derive(Clone, Debug)]
enum Role {
    Follower(Follower),
    PreCandidate(Ballot),
    Candidate(Ballot),
    Leader(Leader),
}

/// The part that is played, for observers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Receives, never votes.
    Learner,
    /// Follows or waits.
    Follower,
    /// Asks whether it could win.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Leads.
    Leader,
}

/// One replica from outside, as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    /// What it is.
    pub part: Part,
    /// Its term.
    pub term: Term,
    /// Its commit index.
    pub commit: Index,
    /// Its last index.
    pub last: Index,
    /// Its flushed index.
    pub flushed: Index,
}

/// One replica of one group.
#[derive(Clone, Debug)]
pub struct Replica {
    core: Core,
    role: Role,
}

impl Replica {
    /// A replica of a new group. Its first block holds its place.
    ///
    /// # Panics
    /// If the configuration of the place is unsafe: whoever hands it over has not checked it.
    pub fn create(settings: &Settings, place: Place, now: Nanos) -> Replica {
        let core = Core::create(settings, place, now);
        Replica { core, role: Role::Follower(Follower::default()) }
    }

    /// A replica that starts again: always as a follower (S5), with nothing committed but what its disk
    /// knows to have been.
    pub fn open(settings: &Settings, recovered: Recovered, ctx: &mut Context<'_>) -> Replica {
        let core = Core::open(settings, recovered, ctx);
        Replica { core, role: Role::Follower(Follower::default()) }
    }

    /// Whether it led, for all that its disk tells.
    pub(crate) fn led(&self) -> bool {
        let core = &self.core;
        core.hard.vote == Some(core.node) && core.log.last().term == core.hard.term
    }

    /// The planted bug of whoever goes on as leader after a start: see `resumes_leading`.
    pub(crate) fn lead_again(&mut self, ctx: &mut Context<'_>) {
        self.role = Role::Leader(Leader::begin(&mut self.core, ctx));
    }

    /// Its group.
    pub fn group(&self) -> GroupId {
        self.core.group()
    }

    /// Which life of the group it is of.
    pub fn incarnation(&self) -> u64 {
        self.core.incarnation
    }

    /// Which partitions there are, as far as it has committed their creation.
    pub fn directory(&self) -> &Directory {
        self.core.broker.directory()
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.core.log
    }

    /// Its commit index.
    pub fn commit(&self) -> Index {
        self.core.commit
    }

    /// When it next has something to do by itself.
    pub fn deadline(&self) -> Nanos {
        self.core.deadline
    }

    /// Whether its own creation, or what it was opened from, is durable.
    pub fn is_settled(&self) -> bool {
        self.core.is_settled()
    }

    /// Whether it leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// It from outside.
    pub fn view(&self) -> View {
        let core = &self.core;
        let part = match &self.role {
            Role::Follower(_) if !core.config().is_voter(core.node) => Part::Learner,
            Role::Follower(_) => Part::Follower,
            Role::PreCandidate(_) => Part::PreCandidate,
            Role::Candidate(_) => Part::Candidate,
            Role::Leader(_) => Part::Leader,
        };
        View {
            part,
            term: core.hard.term,
            commit: core.commit,
            last: core.log.last_index(),
            flushed: core.durable().index,
        }
    }

    /// What is to be written, closed into a block.
    pub fn next_write(&mut self, planted: &mut Planted) -> Option<Write> {
        let segment_bytes = self.core.limits.segment_bytes;
        let hint = rules::storing::hint(self.core.commit, self.core.log.last_index(), planted);
        self.core.persist.next_write(hint, segment_bytes)
    }

    /// The laws of a replica's writer, once the turn is written.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub fn keep_written_laws(&self) {
        self.core.persist.keep_laws();
    }

    /// What is to be flushed, if anything.
    pub fn begin_flush(&mut self) -> Option<(Vec<FileId>, bool)> {
        self.core.persist.begin_flush()
    }

    /// A flush has ended well: what it made durable counts, what waited for it leaves.
    pub fn on_flushed(&mut self, ctx: &mut Context<'_>) {
        let block = self.core.end_flush(ctx);
        while let Some(held) = self.core.release(block) {
            match held {
                Held::Send(to, message) => self.core.send(ctx, to, message),
                Held::OwnVote(term) => self.count_own_vote(ctx, term),
            }
        }
        if let Role::Leader(leader) = &mut self.role {
            leader.advance(&mut self.core, ctx);
        }
    }

    /// A message of a peer or a client. What a stranger says between replicas is ignored (D4), and so is
    /// what only a client is told.
    pub fn step(&mut self, ctx: &mut Context<'_>, from: Endpoint, message: Message) {
        assert!(from != self.core.node, "n{from} hears itself: {message:?}");
        match message {
            Message::Peer(peer) if self.core.config().is_member(from) => self.hear(ctx, from, peer),
            Message::Ask { request, ask } => self.serve(ctx, from, request, ask),
            Message::Peer(_) | Message::Answer { .. } => {}
        }
    }

    fn hear(&mut self, ctx: &mut Context<'_>, from: NodeId, peer: Peer) {
        match peer {
            Peer::PreVote(ask) => self.on_pre_vote(ctx, from, &ask),
            Peer::PreVoteReply(reply) => self.on_pre_vote_reply(ctx, from, &reply),
            Peer::Vote(ask) => self.on_vote(ctx, from, &ask),
            Peer::VoteReply(reply) => self.on_vote_reply(ctx, from, &reply),
            Peer::Append(append) => match self.follow(ctx, from, append.term) {
                Some((follower, core)) => follower.on_append(core, ctx, from, append),
                None => self.tell_over(ctx, from),
            },
            Peer::Beat(beat) => match self.follow(ctx, from, beat.term) {
                Some((follower, core)) => {
                    let verified = follower.on_beat(core, ctx, &beat);
                    core.answer_beat(ctx, from, &beat, verified);
                }
                None => self.tell_over(ctx, from),
            },
            Peer::Over(over) => {
                if over.term > self.core.hard.term {
                    self.become_follower(ctx, over.term, None);
                }
            }
            Peer::AppendOk(ok) => {
                if let Some((leader, core)) = self.lead(ctx, ok.term) {
                    leader.on_append_ok(core, ctx, from, &ok);
                }
            }
            Peer::AppendReject(reject) => {
                if let Some((leader, core)) = self.lead(ctx, reject.term) {
                    leader.on_append_reject(core, ctx, from, &reject);
                }
            }
            Peer::BeatOk(ok) => {
                if let Some((leader, core)) = self.lead(ctx, ok.term) {
                    leader.on_beat_ok(core, ctx, from, &ok);
                }
            }
        }
    }

    /// Whoever sent this leads a term that is over, and perhaps this one, too, in a later life: an answer that
    /// named a round or an entry of the older term would be taken for a word about this one (S33).
    fn tell_over(&self, ctx: &mut Context<'_>, from: NodeId) {
        let term = self.core.hard.term;
        if rules::voting::tells_over(ctx.planted) {
            self.core.send(ctx, from, Over { term }.into());
        }
    }

    fn serve(&mut self, ctx: &mut Context<'_>, client: Endpoint, request: u64, ask: Ask) {
        match ask {
            Ask::Produce(produce) => self.on_produce(ctx, client, request, produce),
            Ask::Fetch(fetch) => self.on_fetch(ctx, client, request, &fetch),
            Ask::Create(create) => self.on_create(ctx, client, request, &create),
            // The node answers that itself.
            Ask::WhereIs(_) => {}
        }
    }

    /// The deadline has come.
    pub fn tick(&mut self, ctx: &mut Context<'_>) {
        if ctx.now < self.core.deadline {
            return;
        }
        match &mut self.role {
            Role::Leader(leader) => {
                // Check-quorum (Ongaro 6.2).
                if !leader.keeps_its_quorum(&mut self.core, ctx) {
                    ctx.marks.hit(Mark::QuorumLost);
                    self.become_follower(ctx, self.core.hard.term, None);
                }
            }
            Role::Follower(_) => self.become_pre_candidate(ctx),
            Role::PreCandidate(_) | Role::Candidate(_) => {
                ctx.marks.hit(Mark::CampaignFailed);
                if rules::voting::stands_again(ctx.planted) {
                    self.become_pre_candidate(ctx);
                } else {
                    self.core.reset_deadline(ctx);
                }
            }
        }
    }

    /// One heartbeat for each peer, as part of the node's round `ctx.beat`.
    pub fn beat(&mut self, ctx: &mut Context<'_>) {
        if let Role::Leader(leader) = &mut self.role {
            leader.beat(&self.core, ctx);
        }
    }

    /// The end of a turn: sends what was appended in it.
    pub fn end_turn(&mut self, ctx: &mut Context<'_>) {
        if let Role::Leader(leader) = &mut self.role {
            leader.send_news(&self.core, ctx);
        }
        self.keep_laws(ctx.beat);
    }

    /// The leader of this term and its core, if that is what this replica is; steps down first if the
    /// term is newer.
    fn lead(&mut self, ctx: &mut Context<'_>, term: Term) -> Option<(&mut Leader, &mut Core)> {
        if term > self.core.hard.term {
            self.become_follower(ctx, term, None);
        }
        match &mut self.role {
            Role::Leader(leader) if term == self.core.hard.term => Some((leader, &mut self.core)),
            Role::Leader(_) | Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                None
            }
        }
    }

    /// Follows the leader of this term; none if the term is over.
    fn follow(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
    ) -> Option<(&mut Follower, &mut Core)> {
        let own = self.core.hard.term;
        if term < own {
            return None;
        }
        assert!(
            !(self.is_leader() && term == own),
            "n{from} and n{} both lead term {term}",
            self.core.node
        );
        let follows = matches!(&self.role, Role::Follower(own) if own.leader == Some(from));
        if term > own || !follows {
            self.become_follower(ctx, term, Some(from));
        }
        self.core.reset_deadline(ctx);
        match &mut self.role {
            Role::Follower(follower) => {
                follower.heard = ctx.now;
                Some((follower, &mut self.core))
            }
            Role::PreCandidate(_) | Role::Candidate(_) | Role::Leader(_) => None,
        }
    }

    fn become_follower(&mut self, ctx: &mut Context<'_>, term: Term, leader: Option<NodeId>) {
        let own = self.core.hard.term;
        assert!(term >= own, "term {term} is followed in term {own} (S16)");
        let is_newer = term > own;
        if is_newer {
            self.core.adopt(term, None);
        }
        let follower = Follower { leader, heard: ctx.now, verified: 0 };
        let before = std::mem::replace(&mut self.role, Role::Follower(follower));
        if let Role::Leader(leader) = before {
            if !rules::voting::keeps_vote(self.core.hard.vote, ctx.planted) {
                self.core.clear_vote();
            }
            if is_newer {
                ctx.marks.hit(Mark::Deposed);
            }
            leader.give_up(&mut self.core, ctx);
        }
        self.core.reset_deadline(ctx);
    }

    fn refuse(&mut self, ctx: &mut Context<'_>, client: Endpoint, request: u64, why: Refusal) {
        let leader = match &self.role {
            Role::Leader(_) => self.core.node,
            Role::Follower(follower) if self.core.config().is_voter(self.core.node) => {
                let leader = follower.leader.unwrap_or(0);
                rules::producing::names(leader, self.core.node, ctx.planted)
            }
            Role::Follower(follower) => follower.leader.unwrap_or(0),
            Role::PreCandidate(_) | Role::Candidate(_) => 0,
        };
        let config = self.core.config();
        let is_known = leader == 0 || config.is_voter(leader);
        assert!(is_known, "c{client} is sent to n{leader}, which has no vote (S31)");
        let refused = Refused { why, term: self.core.hard.term, leader };
        self.core.answer(ctx, client, request, Answer::Refused(refused));
    }

    /// How long the leader of the newest term has been silent here, if there is one; its own leader
    /// never is.
    fn silence(&self, now: Nanos) -> Option<Nanos> {
        match &self.role {
            Role::Follower(Follower { leader: Some(_), heard, .. }) => {
                Some(now.saturating_sub(*heard))
            }
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => None,
            Role::Leader(_) => Some(0),
        }
    }

    /// S32: whether it stays with the leader that it hears, or is.
    fn keeps_its_leader(&self, ctx: &mut Context<'_>) -> bool {
        let silence = self.silence(ctx.now);
        let keeps =
            rules::voting::keeps_its_leader(silence, self.core.timing.election_min, ctx.planted);
        if keeps {
            ctx.marks.hit(Mark::StickyRefusal);
        }
        keeps
    }
}
