//! What a leader does: replicates, counts what is flushed, commits, acknowledges, confirms reads
//! (Ongaro 3.5, 3.6, 6.4; S9-S11, S15, S33, S36, S37).

use super::{Context, Replica, Role};
use crate::{
    batch,
    dedup::Seen,
    entry::Kind,
    frame::{Acks, Message, Place, Produce, ReadLevel, Receipt, Refusal, put_place},
    marks::Mark,
    planted::Plant,
    quorum::REGION_SPREAD,
    types::{Endpoint, EntryId, GroupId, Index, METADATA, Nanos, NodeId, Offset, Term},
};
use bytes::Bytes;
use std::collections::VecDeque;

/// Entries in one message, and their bytes.
const MESSAGE_ENTRIES: usize = 256;
const MESSAGE_BYTES: usize = 256 << 10;
/// Entries that may be under way to one peer.
const WINDOW: Index = 2048;
/// A peer that was silent for so many heartbeats is only knocked at, not sent entries.
const SILENT_BEATS: u64 = 4;

/// What is known of one peer, in this term.
#[derive(Debug)]
struct Peer {
    node: NodeId,
    /// Flushed there and equal to ours up to here (S10).
    matched: Index,
    /// Where sending starts while nothing is known to match.
    base: Index,
    /// The next index to send.
    next: Index,
    /// The newest generation of its log that it told (S9, C4).
    generation: u64,
    heard: Nanos,
    is_silent: bool,
    /// The newest round of heartbeats that it answered.
    beat: u64,
    /// The newest round when entries were last sent again: answers to it or to older ones are about
    /// what was sent before.
    resent: u64,
}

#[derive(Debug)]
struct Waiter {
    client: Endpoint,
    request: u64,
    acks: Acks,
    entry: EntryId,
    offset: Offset,
}

#[derive(Debug)]
struct Read {
    client: Endpoint,
    request: u64,
    from: Offset,
    bytes_max: usize,
    /// Only answers to rounds after this one count (S33).
    after: u64,
}

/// Leads one term.
#[derive(Debug)]
pub(crate) struct Leader {
    peers: Vec<Peer>,
    /// The first entry of this term: once it is committed, the leader is ready (S15).
    first: Index,
    /// Produce calls that wait for a flush, a quorum, a spread quorum; in order of index.
    waiting: [VecDeque<Waiter>; 3],
    reads: Vec<Read>,
    /// Something was appended since entries were last sent.
    has_news: bool,
    /// What each voter has flushed: kept only so that counting allocates nothing.
    flushed: Vec<Index>,
}

#[cfg(test)]
impl Leader {
    pub(super) fn spoil_peer(&mut self, matched: Index, base: Index, next: Index) {
        let peer = &mut self.peers[0];
        (peer.matched, peer.base, peer.next) = (matched, base, next);
    }

    pub(super) fn spoil_first(&mut self, first: Index) {
        self.first = first;
    }

    pub(super) fn spoil_waiting(&mut self, indexes: &[Index]) {
        self.waiting[1].extend(indexes.iter().map(|index| Waiter {
            client: 9,
            request: 1,
            acks: Acks::Quorum,
            entry: EntryId { index: *index, ..EntryId::default() },
            offset: 0,
        }));
    }
}

impl Leader {
    /// Leadership is over: whatever waited may yet come true, but not here.
    pub(super) fn give_up(self, ctx: &mut Context<'_>, group: GroupId, term: Term) {
        let lost = self.waiting.into_iter().flatten();
        let lost = lost.map(|waiter| (waiter.client, waiter.request, Refusal::LeadershipLost));
        let reads = self.reads.into_iter();
        let reads = reads.map(|read| (read.client, read.request, Refusal::Unconfirmed));
        for (client, request, why) in lost.chain(reads) {
            ctx.effects.sends.push((
                client,
                group,
                Message::Refused { request, why, term, leader: 0 },
            ));
        }
    }
}

impl Replica {
    /// Leads: its first act is an entry of its own term, which commits what came before (S11, S15).
    pub(super) fn become_leader(&mut self, ctx: &mut Context<'_>) {
        assert!(matches!(self.role, Role::Candidate(_)), "only a candidate becomes leader");
        assert_eq!(self.hard.vote, Some(self.node), "a leader has its own vote");
        assert!(self.held.iter().all(|(_, held)| !matches!(held, super::Held::OwnVote(_))));
        let base = self.log.last_index() + 1;
        let peers = self
            .config()
            .peers_of(self.node)
            .map(|node| Peer {
                node,
                matched: 0,
                base,
                next: base,
                generation: 0,
                heard: ctx.now,
                is_silent: false,
                beat: 0,
                resent: 0,
            })
            .collect();
        self.role = Role::Leader(Leader {
            peers,
            first: base,
            waiting: [VecDeque::new(), VecDeque::new(), VecDeque::new()],
            reads: Vec::new(),
            has_news: true,
            flushed: Vec::new(),
        });
        self.append_new(ctx, Kind::Noop, 0, b"");
        self.deadline = ctx.now + self.timing.election_min;
    }

    /// Steps down unless a quorum answered lately (check-quorum, Ongaro 6.2).
    pub(super) fn check_quorum(&mut self, ctx: &mut Context<'_>) {
        let needed = self.config().write_quorum.max(self.config().election_quorum) as usize;
        let patience = self.timing.election_min;
        let silence = self.timing.heartbeat * SILENT_BEATS;
        let Role::Leader(leader) = &mut self.role else { unreachable!("only a leader checks") };
        let config = &self.place.config;
        let answering = leader.peers.iter().filter(|peer| {
            config.is_voter(peer.node) && ctx.now.saturating_sub(peer.heard) < patience
        });
        if answering.count() + 1 < needed {
            ctx.marks.hit(Mark::QuorumLost);
            return self.become_follower(ctx, self.hard.term, None);
        }
        for peer in &mut leader.peers {
            peer.is_silent |= ctx.now.saturating_sub(peer.heard) > silence;
        }
        self.deadline = ctx.now + patience / 2;
    }

    /// One heartbeat for each peer, as part of the node's round `ctx.beat`.
    pub fn beat(&mut self, ctx: &mut Context<'_>) {
        let (term, commit, group) = (self.hard.term, self.commit, self.place.group);
        let Role::Leader(leader) = &mut self.role else { return };
        for peer in &mut leader.peers {
            let sent = peer.next - 1;
            let beat = Message::Beat { term, sequence: ctx.beat, commit, sent };
            ctx.effects.sends.push((peer.node, group, beat));
        }
    }

    /// The end of a turn: sends what was appended in it.
    pub fn end_turn(&mut self, ctx: &mut Context<'_>) {
        if let Role::Leader(leader) = &mut self.role
            && std::mem::take(&mut leader.has_news)
        {
            for place in 0..leader.peers.len() {
                self.send_entries(ctx, place);
            }
        }
        self.keep_laws();
    }

    /// The laws of a leader at the end of a turn (`laws.rs`).
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_leader_laws(&self) {
        let Role::Leader(leader) = &self.role else { return };
        let (term, last) = (self.hard.term, self.log.last_index());
        for Peer { node, matched, base, next, .. } in &leader.peers {
            assert!(matched < next, "n{node} has {matched}, and {next} is sent to it next (S10)");
            assert!(*next <= last + 1, "{next} is sent to n{node} next, the log ends at {last}");
            assert!(
                *base <= last + 1,
                "sending to n{node} begins at {base}, the log ends at {last}"
            );
        }
        let first = leader.first;
        assert!(
            first <= last,
            "the first entry of term {term} is {first}, the log ends at {last} (S15)"
        );
        for waiting in &leader.waiting {
            // The older ones were asked about when they came.
            let newest = waiting.iter().rev().map(|waiter| waiter.entry.index);
            let (Some(index), before) = (newest.clone().next(), newest.clone().nth(1)) else {
                continue;
            };
            assert!(index <= last, "a call waits for {index}, the log ends at {last}");
            let before = before.unwrap_or(0);
            assert!(before <= index, "calls wait out of order: {before} before {index}");
        }
    }

    fn send_entries(&mut self, ctx: &mut Context<'_>, place: usize) {
        let (term, commit, group) = (self.hard.term, self.commit, self.place.group);
        let Role::Leader(leader) = &mut self.role else { return };
        let peer = &mut leader.peers[place];
        while !peer.is_silent && peer.next <= self.log.last_index() {
            let is_change = leader.first > 1 && peer.next > leader.first;
            if is_change && ctx.planted.bites(Plant::SilentAfterFirstChange) {
                break;
            }
            let acknowledged = peer.matched.max(peer.base - 1);
            if peer.next - 1 - acknowledged.min(peer.next - 1) >= WINDOW {
                break;
            }
            let entries = self.log.slice(peer.next, MESSAGE_ENTRIES, MESSAGE_BYTES);
            let previous = self.log.id(peer.next - 1);
            peer.next += entries.len() as Index;
            let entries: Vec<Bytes> = entries.iter().map(|entry| entry.bytes().clone()).collect();
            let append = Message::Append { term, previous, commit, entries };
            ctx.effects.sends.push((peer.node, group, append));
        }
    }

    /// The peer that answered in this term, if it is one of ours; steps down if the answer is newer.
    fn heard_from(&mut self, ctx: &mut Context<'_>, from: NodeId, term: Term) -> Option<usize> {
        if term > self.hard.term {
            self.become_follower(ctx, term, None);
            return None;
        }
        let Role::Leader(leader) = &mut self.role else { return None };
        if term < self.hard.term {
            return None;
        }
        let place = leader.peers.iter().position(|peer| peer.node == from)?;
        leader.peers[place].heard = ctx.now;
        Some(place)
    }

    pub(super) fn on_append_ok(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        generation: u64,
        matched: EntryId,
    ) {
        let Some(place) = self.heard_from(ctx, from, term) else { return };
        let is_news = self.count(ctx, place, generation, matched);
        self.wake(ctx, place);
        self.send_entries(ctx, place);
        if is_news {
            self.advance(ctx);
        }
    }

    pub(super) fn on_append_reject(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        tried: Index,
        hint: (Index, Term),
    ) {
        let Some(place) = self.heard_from(ctx, from, term) else { return };
        let Role::Leader(leader) = &mut self.role else { return };
        let peer = &mut leader.peers[place];
        // An answer to something older than what is known by now. What only *arrived* there may be
        // gone again after a power loss, so nothing but a match makes an answer old.
        if tried <= peer.matched || tried >= peer.next {
            return;
        }
        let agreed = self.log.agree(hint.0, hint.1).min(tried.saturating_sub(1));
        let of = (self.place.group, term, from);
        if ctx.planted.highest(Plant::MatchedNeverSinks, of, agreed) > agreed {
            return;
        }
        peer.base = agreed + 1;
        peer.next = peer.base;
        peer.is_silent = false;
        self.send_entries(ctx, place);
    }

    pub(super) fn on_beat_ok(
        &mut self,
        ctx: &mut Context<'_>,
        from: NodeId,
        term: Term,
        (sequence, sent): (u64, Index),
        verified: Index,
        (generation, matched): (u64, EntryId),
    ) {
        let Some(place) = self.heard_from(ctx, from, term) else { return };
        let is_news = self.count(ctx, place, generation, matched);
        let group = self.place.group;
        let Role::Leader(leader) = &mut self.role else { return };
        let peer = &mut leader.peers[place];
        peer.beat = peer.beat.max(sequence);
        let arrived = verified.max(peer.matched);
        let arrived = ctx.planted.highest(Plant::MatchedNeverSinks, (group, term, from), arrived);
        if sequence > peer.resent && arrived < sent {
            // What was sent before that round has not arrived: lost, or late. Send it again.
            ctx.marks.hit(Mark::Resent);
            peer.resent = ctx.beat;
            peer.next = if arrived > 0 { arrived + 1 } else { peer.base };
        } else if sequence > peer.resent && verified < sent {
            // It has started again and does not know any more that its log equals ours, so it may not
            // commit (S12): an append without entries tells it.
            peer.resent = ctx.beat;
            let commit = self.commit;
            let previous = self.log.id(peer.matched);
            let append = Message::Append { term, previous, commit, entries: Vec::new() };
            ctx.effects.sends.push((from, group, append));
        }
        self.wake(ctx, place);
        self.send_entries(ctx, place);
        if is_news {
            self.advance(ctx);
        }
        self.confirm_reads(ctx);
    }

    /// A silent peer answers: entries flow again, from what is known to have arrived.
    fn wake(&mut self, ctx: &mut Context<'_>, place: usize) {
        let (group, term) = (self.place.group, self.hard.term);
        let Role::Leader(leader) = &mut self.role else { return };
        let peer = &mut leader.peers[place];
        if std::mem::take(&mut peer.is_silent) {
            let of = (group, term, peer.node);
            let arrived = ctx.planted.highest(Plant::MatchedNeverSinks, of, peer.matched);
            peer.next = if arrived > 0 { arrived + 1 } else { peer.base };
        }
    }

    /// Counts what a peer claims, if it is of the newest generation of its log (S10): a newer one says
    /// anew what is left after the cut, within one generation nothing is taken back. Says whether it is
    /// news.
    fn count(
        &mut self,
        ctx: &mut Context<'_>,
        place: usize,
        generation: u64,
        matched: EntryId,
    ) -> bool {
        let last = self.log.last_index();
        let Role::Leader(leader) = &mut self.role else { return false };
        let peer = &mut leader.peers[place];
        if generation < peer.generation {
            return false;
        }
        let is_cut = generation > peer.generation && matched.index < peer.matched;
        assert!(matched.index <= last, "n{} matched past our last {last}", peer.node);
        if matched.index > 0 {
            let own = self.log.id(matched.index);
            assert_eq!(own, matched, "n{} matched what is not our entry", peer.node);
        }
        let is_news = matched.index > peer.matched;
        peer.generation = generation;
        if is_cut {
            ctx.marks.hit(Mark::MatchedSank);
        }
        if !is_cut || ctx.planted.bites(Plant::MatchedNeverSinks) {
            peer.matched = peer.matched.max(matched.index);
        } else {
            peer.matched = matched.index;
        }
        peer.next = peer.next.max(peer.matched + 1);
        is_news
    }

    /// What each voter has flushed, in the order of the configuration.
    fn flushed_by_voter(&self, leader: &Leader, flushed: &mut Vec<Index>) {
        let of = |node| match leader.peers.iter().find(|peer| peer.node == node) {
            Some(peer) => peer.matched,
            None => self.flushed,
        };
        flushed.clear();
        flushed.extend(self.config().voters.iter().map(|voter| of(voter.node)));
    }

    /// Own bytes became durable.
    pub(super) fn after_own_flush(&mut self, ctx: &mut Context<'_>) {
        self.advance(ctx);
    }

    /// Commits what a quorum has flushed and acknowledges what waited for it.
    fn advance(&mut self, ctx: &mut Context<'_>) {
        let Role::Leader(leader) = &mut self.role else { return };
        let mut flushed = std::mem::take(&mut leader.flushed);
        let Role::Leader(leader) = &self.role else { unreachable!("it leads") };
        self.flushed_by_voter(leader, &mut flushed);
        let quorum = self.config().quorum_index(&flushed);
        if quorum > self.commit {
            let is_own = self.log.term(quorum) == Some(self.hard.term);
            if is_own || ctx.planted.bites(Plant::CommitPreviousTerm) {
                self.commit_to(quorum);
            } else {
                // Counting copies of an older term proves nothing: Raft Figure 8 (S11, C1).
                ctx.marks.hit(Mark::OldTermWaited);
            }
        }
        let Role::Leader(leader) = &self.role else { unreachable!("it leads") };
        let spread = if leader.waiting[2].is_empty() {
            0
        } else {
            self.config().spread_index(&flushed, REGION_SPREAD).min(self.commit)
        };
        let (own, commit) = (self.flushed, self.commit);
        let (incarnation, group) = (self.place.incarnation, self.place.group);
        let Role::Leader(leader) = &mut self.role else { return };
        leader.flushed = flushed;
        if spread < commit && !leader.waiting[2].is_empty() {
            ctx.marks.hit(Mark::SpreadWaited);
        }
        for (waiting, reached) in leader.waiting.iter_mut().zip([own, commit, spread]) {
            while waiting.front().is_some_and(|waiter| waiter.entry.index <= reached) {
                let waiter = waiting.pop_front().expect("a front was seen");
                ctx.effects.sends.push((waiter.client, group, waiter.produced(incarnation)));
            }
        }
    }

    fn refuse(&mut self, ctx: &mut Context<'_>, client: Endpoint, request: u64, why: Refusal) {
        let leader = match &self.role {
            Role::Leader(_) => self.node,
            Role::Follower(follower) => follower.leader.unwrap_or(0),
            Role::PreCandidate(_) | Role::Candidate(_) => 0,
        };
        let term = self.hard.term;
        self.send(ctx, client, Message::Refused { request, why, term, leader });
    }

    /// Why a request that needs the leader cannot be served here and now.
    fn unready(&self, asked: Option<Term>) -> Option<Refusal> {
        match &self.role {
            Role::Leader(_) if asked.is_some_and(|term| term != self.hard.term) => {
                Some(Refusal::NotLeader)
            }
            Role::Leader(leader) if self.commit < leader.first => Some(Refusal::NotReady),
            Role::Leader(_) => None,
            Role::Follower(_) | Role::PreCandidate(_) | Role::Candidate(_) => {
                Some(Refusal::NotLeader)
            }
        }
    }

    pub(super) fn on_produce(&mut self, ctx: &mut Context<'_>, client: Endpoint, produce: Produce) {
        let Produce { request, acks, term, producer, epoch, sequence, count, crc, messages } =
            produce;
        // A copy that was damaged on the way is no request. To refuse it would say nothing about the
        // other copies, and one of them may be taken (S40).
        if crc32c::crc32c(&messages) != crc {
            return ctx.marks.hit(Mark::DamagedRequest);
        }
        if let Some(why) = self.unready(Some(term)) {
            let why = self.with_proof(ctx, why, term, (producer, epoch, sequence));
            return self.refuse(ctx, client, request, why);
        }
        if self.place.group == METADATA || !batch::holds(&messages, count) {
            return self.refuse(ctx, client, request, Refusal::Malformed);
        }
        let (entry, offset) = match self.see(ctx, producer, epoch, sequence) {
            Seen::Repeat(slot) if producer != 0 => {
                let is_committed = slot.entry.index <= self.commit;
                ctx.marks.hit(if is_committed { Mark::RepeatCommitted } else { Mark::RepeatWaits });
                (slot.entry, slot.offset)
            }
            Seen::Fenced if producer != 0 => {
                ctx.marks.hit(Mark::Fenced);
                return self.refuse(ctx, client, request, Refusal::Fenced);
            }
            Seen::OutOfOrder if producer != 0 => {
                return self.refuse(ctx, client, request, Refusal::OutOfOrder);
            }
            Seen::New | Seen::Repeat(_) | Seen::Fenced | Seen::OutOfOrder => {
                let offset = self.log.next_offset();
                let is_swap = count > 1 && ctx.planted.bites(Plant::SwappedPayload);
                let messages = if is_swap { batch::swap_payloads(&messages) } else { messages };
                let body = batch::body(producer, epoch, sequence, &messages);
                (self.append_new(ctx, Kind::Messages, count, &body), offset)
            }
        };
        self.wait(Waiter { client, request, acks, entry, offset });
        // A repeat may have nothing left to wait for.
        self.advance(ctx);
    }

    /// What a request is, seen from the log.
    fn see(&self, ctx: &mut Context<'_>, producer: u64, epoch: u32, sequence: u32) -> Seen {
        match self.dedup.see(producer, epoch, sequence) {
            Seen::Repeat(_) if producer != 0 && ctx.planted.bites(Plant::NoDedup) => Seen::New,
            Seen::New
                if self.dedup.last_count(producer, epoch) > 1
                    && ctx.planted.bites(Plant::DedupCountsWrong) =>
            {
                Seen::OutOfOrder
            }
            seen @ (Seen::New | Seen::Repeat(_) | Seen::OutOfOrder | Seen::Fenced) => seen,
        }
    }

    /// Why a produce request is refused, with the proof that no copy of it was or will be taken, where
    /// there is one.
    fn with_proof(
        &self,
        ctx: &mut Context<'_>,
        why: Refusal,
        asked: Term,
        call: (u64, u32, u32),
    ) -> Refusal {
        if why != Refusal::NotLeader || asked == 0 || asked > self.hard.term {
            return why;
        }
        let is_proven = self.takes_no_copy(asked, call);
        if is_proven {
            ctx.marks.hit(Mark::NotTaken);
        }
        if is_proven || ctx.planted.bites(Plant::DefiniteNotLeader) {
            return Refusal::NotTaken;
        }
        why
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
    fn takes_no_copy(&self, asked: Term, (producer, epoch, sequence): (u64, u32, u32)) -> bool {
        let may_win = matches!(&self.role, Role::Candidate(ballot) if ballot.term == asked);
        let is_over = asked <= self.term_flushed && !may_win;
        let is_remembered = asked > self.opened_in && asked > self.cut_in;
        is_over && is_remembered && producer != 0 && !self.dedup.has(producer, epoch, sequence)
    }

    /// Remembers whom to tell when an entry has become what its level asks for.
    fn wait(&mut self, waiter: Waiter) {
        let Role::Leader(leader) = &mut self.role else { unreachable!("only a leader is asked") };
        leader.has_news = true;
        let waiting = match waiter.acks {
            Acks::None => return,
            Acks::Leader => &mut leader.waiting[0],
            Acks::Quorum => &mut leader.waiting[1],
            Acks::RegionQuorum => &mut leader.waiting[2],
        };
        // A repeat waits for an entry that is older than the newest.
        let place = waiting.partition_point(|other| other.entry.index <= waiter.entry.index);
        waiting.insert(place, waiter);
    }

    pub(super) fn on_create(
        &mut self,
        ctx: &mut Context<'_>,
        client: Endpoint,
        request: u64,
        places: &[Place],
    ) {
        if let Some(why) = self.unready(None) {
            return self.refuse(ctx, client, request, why);
        }
        let is_sound = |place: &Place| place.group != METADATA && place.config.refuse().is_none();
        if self.place.group != METADATA || !places.iter().all(is_sound) {
            return self.refuse(ctx, client, request, Refusal::Malformed);
        }
        let mut body = Vec::new();
        places.iter().for_each(|place| put_place(&mut body, place));
        let entry = self.append_new(ctx, Kind::Command, 0, &body);
        self.wait(Waiter { client, request, acks: Acks::Quorum, entry, offset: 0 });
    }

    pub(super) fn on_fetch(
        &mut self,
        ctx: &mut Context<'_>,
        client: Endpoint,
        (request, from, bytes_max): (u64, Offset, usize),
        level: ReadLevel,
    ) {
        match level {
            ReadLevel::Eventual => self.serve(ctx, client, request, from, bytes_max),
            ReadLevel::Linearizable => {
                if let Some(why) = self.unready(None) {
                    if why == Refusal::NotReady {
                        ctx.marks.hit(Mark::ReadNotReady);
                    }
                    return self.refuse(ctx, client, request, why);
                }
                let Role::Leader(leader) = &mut self.role else { unreachable!("it is ready") };
                let after = ctx.beat;
                leader.reads.push(Read { client, request, from, bytes_max, after });
                ctx.effects.beats.push(self.place.group);
                self.confirm_reads(ctx);
            }
        }
    }

    /// Serves reads whose leadership a quorum has confirmed by rounds after the request (S33, G1).
    fn confirm_reads(&mut self, ctx: &mut Context<'_>) {
        let quorum = self.config().read_quorum();
        let Role::Leader(leader) = &mut self.role else { return };
        if leader.reads.is_empty() {
            return;
        }
        let config = &self.place.config;
        let peers = &leader.peers;
        let is_confirmed = |read: &Read| {
            let answers = peers.iter().filter(|p| config.is_voter(p.node) && p.beat > read.after);
            answers.count() + 1 >= quorum
        };
        let (confirmed, waiting) =
            std::mem::take(&mut leader.reads).into_iter().partition(is_confirmed);
        leader.reads = waiting;
        let confirmed: Vec<Read> = confirmed;
        for read in confirmed {
            ctx.marks.hit(Mark::ReadConfirmed);
            self.serve(ctx, read.client, read.request, read.from, read.bytes_max);
        }
    }

    /// Answers a fetch. The commit index is looked at once (S35, G4).
    fn serve(
        &mut self,
        ctx: &mut Context<'_>,
        client: Endpoint,
        request: u64,
        from: Offset,
        bytes_max: usize,
    ) {
        let (commit, end) = (self.commit, self.committed_end());
        let first = self.log.find_offset(from);
        let mut entries = Vec::new();
        if first <= commit {
            let count = (commit - first + 1) as usize;
            let slice = self.log.slice(first, count, bytes_max);
            let messages = slice.iter().filter(|entry| entry.count() > 0);
            entries.extend(messages.map(|entry| entry.bytes().clone()));
        }
        self.send(ctx, client, Message::Fetched { request, from, end, entries });
    }
}

impl Waiter {
    fn produced(&self, incarnation: u64) -> Message {
        let receipt = Receipt { incarnation, entry: self.entry, offset: self.offset };
        Message::Produced { request: self.request, acks: self.acks, receipt }
    }
}
