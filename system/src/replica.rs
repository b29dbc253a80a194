//! One replica of one group: Raft (Ongaro 2014) with pre-vote, check-quorum and leader stickiness, as
//! a pure step over numbers and bytes. No I/O, no clock, no dice of its own: the shell hands in time
//! and messages, carries out what [`Effects`] says, and writes what [`Replica::next_write`] closes.
//!
//! Two rules keep durability honest (S4, S9, A7). **A granted vote and the answer to an append wait for
//! the block that held everything recorded when they were formed** (`hold`), so that term, vote and
//! entries are flushed before anyone counts them. **The answer to a heartbeat waits for nothing**, or a
//! slow disk would cost a leader its quorum; therefore it claims only what is flushed, under a term that
//! is, and of cuts only those that are (`claimable`). Refusals, pre-votes and rejects claim nothing, and
//! leave at once.

mod election;
mod follower;
mod laws;
mod leader;

use crate::{
    dedup::Dedup,
    durable::Write,
    entry::{Entry, Kind, Stamp},
    frame::{Message, Place},
    host::FileId,
    log::Log,
    marks::{Mark, Marks},
    persist::{HardState, Persist, Recovered},
    planted::{Plant, Planted},
    quorum::Config,
    types::{Endpoint, EntryId, GroupId, Index, Nanos, NodeId, Offset, Term},
};
use std::collections::VecDeque;

pub(crate) use leader::Leader;

/// Timers of a replica, in nanoseconds of the monotonic clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// Between two heartbeats of a leader.
    pub heartbeat: Nanos,
    /// Shortest election timeout; also how long a leader that was heard of keeps others from winning.
    pub election_min: Nanos,
    /// Longest election timeout.
    pub election_max: Nanos,
}

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

/// What a replica is right now.
#[derive(Debug)]
enum Role {
    Follower(Follower),
    PreCandidate(Ballot),
    Candidate(Ballot),
    Leader(Leader),
}

/// Follows a leader, or waits for one.
#[derive(Debug, Default)]
struct Follower {
    leader: Option<NodeId>,
    /// When the leader was last heard of.
    heard: Nanos,
    /// How far the log is known to equal the leader's of this term (S12).
    verified: Index,
}

/// Votes gathered by a candidate for one term.
#[derive(Debug)]
struct Ballot {
    term: Term,
    granted: Vec<NodeId>,
}

/// What a block makes durable: the log up to here, in this generation, and this term.
#[derive(Clone, Copy, Debug)]
struct Tail {
    index: Index,
    generation: u64,
    term: Term,
}

/// What waits for a flush.
#[derive(Debug)]
enum Held {
    Send(Endpoint, Message),
    OwnVote(Term),
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
#[derive(Debug)]
pub struct Replica {
    node: NodeId,
    cluster: u64,
    place: Place,
    timing: Timing,
    hard: HardState,
    role: Role,
    log: Log,
    commit: Index,
    /// The last index that is durable in this generation of the log (S9).
    flushed: Index,
    /// Cuts that the log has seen, and how many of them are durable: only those are told, for a power
    /// loss takes the others back, and whoever has heard of them counts nothing any more.
    generation: u64,
    generation_flushed: u64,
    /// The term that is durable: whatever is claimed under a newer one may be forgotten (S4, S9).
    term_flushed: Term,
    /// The term in which this life began: what was done in it, and before, may be forgotten.
    opened_in: Term,
    /// The newest term of an entry that was cut from the log in this life.
    cut_in: Term,
    persist: Persist,
    /// What blocks that are not flushed yet made of the log, by number.
    flushing: VecDeque<(u64, Tail)>,
    held: VecDeque<(u64, Held)>,
    dedup: Dedup,
    deadline: Nanos,
}

impl Replica {
    /// A replica of a new group. Its first block holds its place.
    pub fn create(node: NodeId, cluster: u64, place: Place, timing: Timing, now: Nanos) -> Replica {
        if let Some(why) = place.config.refuse() {
            panic!("group {}: {why}", place.group);
        }
        let persist = Persist::create(node, &place);
        let mut replica = Replica::with(node, cluster, place, timing, persist);
        // Without this the first election of a group would wait for a timeout for no reason.
        let is_preferred = replica.place.config.voters[0].node == node;
        let patience = if is_preferred { 0 } else { timing.election_max };
        replica.deadline = replica.deadline_in(now, patience);
        replica
    }

    /// A replica that starts again: always as a follower (S5), with nothing committed but what its disk
    /// knows to have been.
    pub fn open(
        node: NodeId,
        cluster: u64,
        recovered: Recovered,
        timing: Timing,
        ctx: &mut Context<'_>,
    ) -> Replica {
        let Recovered { place, hard, log, commit_hint, generation, persist, .. } = recovered;
        let mut replica = Replica::with(node, cluster, place, timing, persist);
        (replica.hard, replica.log, replica.generation) = (hard, log, generation);
        replica.dedup.cut(&replica.log, 0);
        replica.commit_to(commit_hint);
        replica.opened_in = replica.hard.term;
        replica.flushing.push_back((1, replica.tail()));
        replica.count_flushed();
        if replica.log.last_index() > commit_hint
            && ctx.planted.bites(Plant::TruncateToCommitOnRestart)
        {
            replica.cut(commit_hint);
        }
        replica.reset_deadline(ctx);
        replica
    }

    fn with(node: NodeId, cluster: u64, place: Place, timing: Timing, persist: Persist) -> Replica {
        Replica {
            node,
            cluster,
            place,
            timing,
            hard: HardState::default(),
            role: Role::Follower(Follower::default()),
            log: Log::default(),
            commit: 0,
            flushed: 0,
            generation: 0,
            generation_flushed: 0,
            term_flushed: 0,
            opened_in: 0,
            cut_in: 0,
            persist,
            flushing: VecDeque::new(),
            held: VecDeque::new(),
            dedup: Dedup::default(),
            deadline: Nanos::MAX,
        }
    }

    /// Its group.
    pub fn group(&self) -> GroupId {
        self.place.group
    }

    /// Where the group stands.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// Its log.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Its commit index.
    pub fn commit(&self) -> Index {
        self.commit
    }

    /// When it next has something to do by itself.
    pub fn deadline(&self) -> Nanos {
        self.deadline
    }

    /// Whether its own creation, or what it was opened from, is durable.
    pub fn is_settled(&self) -> bool {
        self.persist.flushed() >= 1
    }

    /// Whether it leads.
    pub fn is_leader(&self) -> bool {
        matches!(self.role, Role::Leader(_))
    }

    /// It from outside.
    pub fn view(&self) -> View {
        let part = match &self.role {
            Role::Follower(_) if !self.config().is_voter(self.node) => Part::Learner,
            Role::Follower(_) => Part::Follower,
            Role::PreCandidate(_) => Part::PreCandidate,
            Role::Candidate(_) => Part::Candidate,
            Role::Leader(_) => Part::Leader,
        };
        View {
            part,
            term: self.hard.term,
            commit: self.commit,
            last: self.log.last_index(),
            flushed: self.flushed,
        }
    }

    /// What is to be written, closed into a block.
    pub fn next_write(&mut self) -> Option<Write> {
        self.persist.next_write(self.commit)
    }

    /// What is to be flushed, if anything.
    pub fn begin_flush(&mut self) -> Option<(Vec<FileId>, bool)> {
        self.persist.begin_flush()
    }

    /// A flush has ended well: what it made durable counts, what waited for it leaves.
    pub fn on_flushed(&mut self, ctx: &mut Context<'_>) {
        self.persist.end_flush();
        self.count_flushed();
        let block = self.persist.flushed();
        while self.held.front().is_some_and(|(mark, _)| *mark <= block) {
            let (_, held) = self.held.pop_front().expect("a front was seen");
            match held {
                Held::Send(to, message) => self.send(ctx, to, message),
                Held::OwnVote(term) => self.count_own_vote(ctx, term),
            }
        }
        self.after_own_flush(ctx);
    }

    fn count_flushed(&mut self) {
        let block = self.persist.flushed();
        while self.flushing.front().is_some_and(|(mark, _)| *mark <= block) {
            let (_, tail) = self.flushing.pop_front().expect("a front was seen");
            self.flushed = self.flushed.max(tail.index);
            self.generation_flushed = tail.generation;
            self.term_flushed = tail.term;
        }
        assert!(self.flushed <= self.log.last_index(), "flushed past the end of the log");
        assert!(self.generation_flushed <= self.generation, "a cut is durable that was not made");
        let (durable, term) = (self.term_flushed, self.hard.term);
        assert!(durable <= term, "term {durable} is durable and {term} is the newest");
    }

    /// A message of a peer or a client. What a stranger says between replicas is ignored (D4).
    pub fn step(&mut self, ctx: &mut Context<'_>, from: Endpoint, message: Message) {
        if message.is_between_replicas() && !self.config().is_member(from) {
            return;
        }
        match message {
            Message::PreVote { term, last } => self.on_pre_vote(ctx, from, term, last),
            Message::PreVoteReply { term, granted } => {
                self.on_pre_vote_reply(ctx, from, term, granted);
            }
            Message::Vote { term, last } => self.on_vote(ctx, from, term, last),
            Message::VoteReply { term, granted } => self.on_vote_reply(ctx, from, term, granted),
            Message::Append { term, previous, commit, entries } => {
                self.on_append(ctx, from, term, previous, commit, entries);
            }
            Message::AppendOk { term, generation, matched } => {
                self.on_append_ok(ctx, from, term, generation, matched);
            }
            Message::AppendReject { term, tried, hint, hint_term } => {
                self.on_append_reject(ctx, from, term, tried, (hint, hint_term));
            }
            Message::Beat { term, sequence, commit, sent } => {
                self.on_beat(ctx, from, term, (sequence, sent), commit);
            }
            Message::BeatOk { term, sequence, sent, generation, verified, matched } => {
                self.on_beat_ok(ctx, from, term, (sequence, sent), verified, (generation, matched));
            }
            Message::Produce(produce) => self.on_produce(ctx, from, produce),
            Message::Fetch { request, from: offset, level, bytes_max } => {
                self.on_fetch(ctx, from, (request, offset, bytes_max as usize), level);
            }
            Message::Create { request, places } => self.on_create(ctx, from, request, &places),
            // Answers and questions that no replica is asked: a peer that is not one of ours.
            Message::WhereIs { .. }
            | Message::Produced { .. }
            | Message::Fetched { .. }
            | Message::Refused { .. }
            | Message::Directory { .. } => {}
        }
    }

    /// The deadline has come.
    pub fn tick(&mut self, ctx: &mut Context<'_>) {
        if ctx.now < self.deadline {
            return;
        }
        match &self.role {
            Role::Leader(_) => self.check_quorum(ctx),
            Role::Follower(_) => self.become_pre_candidate(ctx),
            Role::PreCandidate(_) | Role::Candidate(_) => {
                ctx.marks.hit(Mark::CampaignFailed);
                self.become_pre_candidate(ctx);
            }
        }
    }

    fn config(&self) -> &Config {
        &self.place.config
    }

    fn send(&mut self, ctx: &mut Context<'_>, to: Endpoint, message: Message) {
        ctx.effects.sends.push((to, self.place.group, message));
    }

    /// Sends a message that claims something durable, once everything recorded so far is.
    fn hold(&mut self, ctx: &mut Context<'_>, to: Endpoint, message: Message) {
        let mark = self.persist.mark();
        if mark <= self.persist.flushed() || ctx.planted.bites(Plant::AckBeforeFlush) {
            return self.send(ctx, to, message);
        }
        // Of several acknowledgements that leave together the last one says it all.
        if let (Message::AppendOk { .. }, Some((waiting, Held::Send(same, before)))) =
            (&message, self.held.back_mut())
            && *waiting == mark
            && *same == to
            && matches!(before, Message::AppendOk { .. })
        {
            *before = message;
            return;
        }
        self.held.push_back((mark, Held::Send(to, message)));
    }

    fn deadline_in(&self, now: Nanos, patience: Nanos) -> Nanos {
        if self.config().is_voter(self.node) { now + patience } else { Nanos::MAX }
    }

    fn reset_deadline(&mut self, ctx: &mut Context<'_>) {
        let spread = self.timing.election_max - self.timing.election_min + 1;
        let patience = self.timing.election_min + (ctx.dice)() % spread;
        self.deadline = self.deadline_in(ctx.now, patience);
    }

    /// Adopts a term. What was held under an older one claims nothing any more (S16).
    fn adopt(&mut self, term: Term, vote: Option<NodeId>) {
        assert!(term >= self.hard.term, "term {term} is older than {}", self.hard.term);
        let own = self.hard.vote;
        assert!(
            term > self.hard.term || own.is_none() || own == vote,
            "the vote of term {term} changes from {own:?} to {vote:?}"
        );
        if term > self.hard.term {
            self.held.clear();
        }
        self.hard = HardState { term, vote };
        self.persist.record_hard(self.hard);
        self.note_tail();
    }

    fn become_follower(&mut self, ctx: &mut Context<'_>, term: Term, leader: Option<NodeId>) {
        let is_newer = term > self.hard.term;
        if is_newer {
            self.adopt(term, None);
        }
        let followed = Follower { leader, heard: ctx.now, verified: 0 };
        let before = std::mem::replace(&mut self.role, Role::Follower(followed));
        if let Role::Leader(leader) = before {
            if is_newer {
                ctx.marks.hit(Mark::Deposed);
            }
            leader.give_up(ctx, self.place.group, self.hard.term);
        }
        self.reset_deadline(ctx);
    }

    /// Appends an entry that follows the log, and records it.
    fn append(&mut self, entry: Entry) {
        self.persist.record_entry(&entry);
        self.dedup.append(&entry);
        self.log.append(entry);
        self.note_tail();
    }

    fn tail(&self) -> Tail {
        let (index, generation) = (self.log.last_index(), self.generation);
        Tail { index, generation, term: self.hard.term }
    }

    /// Notes what the block that is being gathered makes of the log.
    fn note_tail(&mut self) {
        let tail = self.tail();
        let mark = self.persist.mark();
        match self.flushing.back_mut() {
            Some((newest, noted)) if *newest == mark => *noted = tail,
            Some(_) | None => self.flushing.push_back((mark, tail)),
        }
    }

    fn append_new(&mut self, ctx: &Context<'_>, kind: Kind, count: u32, body: &[u8]) -> EntryId {
        let stamp = Stamp {
            cluster: self.cluster,
            incarnation: self.place.incarnation,
            group: self.place.group,
            term: self.hard.term,
            wall: ctx.wall,
        };
        let entry = Entry::after(self.log.last(), stamp, kind, self.log.next_offset(), count, body);
        let id = entry.id();
        self.append(entry);
        id
    }

    /// Cuts a suffix that conflicts with the leader's log; lowers what is flushed in the same step and
    /// starts a new generation (S9, C5).
    fn cut(&mut self, last: Index) {
        assert!(last >= self.commit, "a cut at {last} is below commit {} (S13)", self.commit);
        self.cut_in = self.cut_in.max(self.log.last().term);
        self.log.cut(last);
        self.persist.record_cut(last);
        self.generation += 1;
        self.flushed = self.flushed.min(last);
        for (_, tail) in &mut self.flushing {
            tail.index = tail.index.min(last);
        }
        self.note_tail();
        self.dedup.cut(&self.log, self.commit);
    }

    fn commit_to(&mut self, commit: Index) {
        assert!(commit <= self.log.last_index(), "commit {commit} is past the log's end");
        while self.commit < commit {
            self.commit += 1;
            self.dedup.commit(self.log.get(self.commit).expect("an index within the log"));
        }
    }

    fn committed_end(&self) -> Offset {
        self.log.end_offset(self.commit)
    }
}
