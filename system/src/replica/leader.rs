//! What a leader does: replicates, counts what is flushed, commits, acknowledges, confirms reads
//! (Ongaro 3.5, 3.6, 6.4; S9-S11, S15, S33, S36, S37).

use super::{
    Context,
    core::Core,
    progress::Progress,
    reads::{Read, Reads},
    waiting::{Reached, Waiter, Waiting},
};
use crate::{
    entry::Kind,
    marks::Mark,
    quorum::REGION_SPREAD,
    rules,
    types::{Endpoint, Index, NodeId},
    wire::{
        Answer, Refusal,
        answer::Refused,
        ask::Fetch,
        peer::{AppendOk, AppendReject, Beat, BeatOk},
    },
};

/// A peer that was silent for so many heartbeats is only knocked at, not sent entries.
const SILENT_BEATS: u64 = 4;

/// Leads one term.
#[derive(Clone, Debug)]
pub(super) struct Leader {
    peers: Vec<Progress>,
    /// The first entry of this term (S15).
    first: Index,
    /// Once this is committed, the leader is ready.
    ready_at: Index,
    waiting: Waiting,
    reads: Reads,
    /// Something was appended since entries were last sent.
    has_news: bool,
    /// What each voter has flushed: kept only so that counting allocates nothing.
    flushed: Vec<Index>,
}

impl Leader {
    /// Begins with an entry of its own term, which commits what came before (S11, S15).
    pub(super) fn begin(core: &mut Core, ctx: &mut Context<'_>) -> Leader {
        let first = core.log.last_index() + 1;
        let peers = core.config().peers_of(core.node);
        let peers = peers.map(|node| Progress::begin(node, first, ctx.now)).collect();
        let opened = core.append_new(ctx, Kind::Noop, 0, b"");
        assert!(opened.index == first, "a term begins at {first}, its entry is {opened:?} (S15)");
        core.deadline = ctx.now + core.timing.election_min;
        Leader {
            peers,
            first,
            ready_at: rules::committing::ready_at(first, ctx.planted),
            waiting: Waiting::default(),
            reads: Reads::default(),
            has_news: true,
            flushed: Vec::new(),
        }
    }

    /// Leadership is over: whatever waited may yet come true, but not here.
    pub(super) fn give_up(self, core: &mut Core, ctx: &mut Context<'_>) {
        let is_known = rules::producing::may_yet_come_true(self.waiting.is_any(), ctx.planted);
        let why = if is_known { Refusal::LeadershipLost } else { Refusal::NotTaken };
        let lost = self.waiting.into_calls().map(|call| (call, why));
        let reads = self.reads.into_calls().map(|call| (call, Refusal::Unconfirmed));
        for ((client, request), why) in lost.chain(reads) {
            let refused = Refused { why, term: core.hard.term, leader: 0 };
            core.answer(ctx, client, request, Answer::Refused(refused));
        }
    }

    /// Whether its first entry is committed: only then does it know what is (S15).
    pub(super) fn is_ready(&self, core: &Core) -> bool {
        core.commit >= self.ready_at
    }

    /// Whether a quorum answered lately: without one it must step down (check-quorum, Ongaro 6.2). Peers
    /// that have not answered for a while are silent from now on.
    pub(super) fn keeps_its_quorum(&mut self, core: &mut Core, ctx: &Context<'_>) -> bool {
        let (config, patience) = (core.config(), core.timing.election_min);
        let needed = config.write_quorum.max(config.election_quorum) as usize;
        let voters = config.voters.len();
        assert!(needed <= voters, "{needed} of {voters} voters are a quorum");
        let answering = self
            .peers
            .iter()
            .filter(|peer| config.is_voter(peer.node) && peer.silence(ctx.now) < patience);
        if answering.count() + 1 < needed {
            return false;
        }
        let silence = core.timing.heartbeat * SILENT_BEATS;
        let silent = self.peers.iter_mut().filter(|peer| peer.silence(ctx.now) > silence);
        silent.for_each(Progress::become_silent);
        core.deadline = ctx.now + patience / 2;
        true
    }

    /// One heartbeat for each peer, as part of the node's round `ctx.beat`. An append of just before does for
    /// one, unless a read waits: only answers to rounds confirm reads (S33).
    pub(super) fn beat(&self, core: &Core, ctx: &mut Context<'_>) {
        let (term, sequence, commit) = (core.hard.term, ctx.beat, core.commit);
        let (now, heartbeat, waits) = (ctx.now, core.timing.heartbeat, !self.reads.is_empty());
        for peer in &self.peers {
            if rules::reading::spares(peer.is_served(now, heartbeat), waits, ctx.planted) {
                ctx.marks.hit(Mark::BeatSpared);
                continue;
            }
            let beat = Beat { term, sequence, commit, sent: peer.sent() };
            core.send(ctx, peer.node, beat.into());
        }
    }

    /// Sends what was appended since it last did.
    pub(super) fn send_news(&mut self, core: &Core, ctx: &mut Context<'_>) {
        if std::mem::take(&mut self.has_news) {
            let first = self.first;
            self.peers.iter_mut().for_each(|peer| peer.feed(core, ctx, first));
        }
    }

    /// The peer that answered, if it is one of ours.
    fn hear(&mut self, ctx: &Context<'_>, from: NodeId) -> Option<&mut Progress> {
        let peer = self.peers.iter_mut().find(|peer| peer.node == from)?;
        peer.hear(ctx.now);
        Some(peer)
    }

    pub(super) fn on_append_ok(
        &mut self,
        core: &mut Core,
        ctx: &mut Context<'_>,
        from: NodeId,
        ok: &AppendOk,
    ) {
        let (first, term) = (self.first, core.hard.term);
        assert!(ok.term == term, "an answer of term {} is counted in term {term} (S16)", ok.term);
        let Some(peer) = self.hear(ctx, from) else { return };
        let is_news = peer.count(ctx, &core.log, ok.generation, ok.matched);
        peer.wake(core, ctx);
        peer.feed(core, ctx, first);
        if is_news {
            self.advance(core, ctx);
        }
    }

    pub(super) fn on_append_reject(
        &mut self,
        core: &mut Core,
        ctx: &mut Context<'_>,
        from: NodeId,
        reject: &AppendReject,
    ) {
        let (first, term) = (self.first, core.hard.term);
        assert!(reject.term == term, "a reject of term {} in term {term} (S16)", reject.term);
        let Some(peer) = self.hear(ctx, from) else { return };
        if peer.reject(ctx, &core.log, core.group(), reject) {
            peer.feed(core, ctx, first);
        }
    }

    pub(super) fn on_beat_ok(
        &mut self,
        core: &mut Core,
        ctx: &mut Context<'_>,
        from: NodeId,
        ok: &BeatOk,
    ) {
        let (first, newest) = (self.first, ctx.beat);
        let round = ok.sequence;
        assert!(round <= newest, "n{from} answers round {round}, and {newest} is the newest (S33)");
        let Some(peer) = self.hear(ctx, from) else { return };
        let flushed = rules::replicating::counted(ok.matched.index, ok.verified, ctx.planted);
        let is_more = flushed > ok.matched.index;
        let matched = if is_more { core.log.id(flushed) } else { ok.matched };
        let is_news = peer.count(ctx, &core.log, ok.generation, matched);
        peer.answer(core, ctx, ok);
        peer.wake(core, ctx);
        peer.feed(core, ctx, first);
        if is_news {
            self.advance(core, ctx);
        }
        self.confirm_reads(core, ctx);
    }

    /// Commits what a quorum has flushed and acknowledges what waited for it.
    pub(super) fn advance(&mut self, core: &mut Core, ctx: &mut Context<'_>) {
        self.count_flushed(core, ctx);
        let quorum = rules::committing::quorum(core.config(), &self.flushed, ctx.planted);
        if quorum > core.commit {
            let term = core.log.term(quorum);
            if rules::committing::commits_by_counting(term, core.hard.term, ctx.planted) {
                let last = core.log.last_index();
                core.commit_to(rules::committing::commits(quorum, last, ctx.planted));
            } else {
                ctx.marks.hit(Mark::OldTermWaited);
            }
        }
        let mut regions = 0;
        if self.waiting.is_any_for_regions() {
            regions = core.config().spread_index(&self.flushed, REGION_SPREAD);
            regions = rules::committing::spans(regions, core.commit, ctx.planted);
            if regions < core.commit {
                ctx.marks.hit(Mark::SpreadWaited);
            }
        }
        let (durable, last) = (core.durable().index, core.log.last_index());
        let leader = rules::flushing::safe_at_leader(durable, last, ctx.planted);
        let reached = Reached { leader, quorum: core.commit, regions };
        self.waiting.release(core, ctx, reached);
    }

    /// What each voter has flushed, in the order of the configuration.
    fn count_flushed(&mut self, core: &Core, ctx: &mut Context<'_>) {
        let (peers, durable, last) = (&self.peers, core.durable().index, core.log.last_index());
        let own = rules::flushing::counts_own(durable, self.first, last, ctx.planted);
        let of = |node| match peers.iter().find(|peer| peer.node == node) {
            Some(peer) => peer.matched(),
            None => own,
        };
        self.flushed.clear();
        self.flushed.extend(core.config().voters.iter().map(|voter| of(voter.node)));
        let most = self.flushed.iter().copied().max();
        assert!(most.unwrap_or(0) <= last, "{most:?} is flushed, the log ends at {last} (S10)");
    }

    /// Has appended something, and tells this call when it is safe enough. A repeat may have nothing
    /// left to wait for.
    pub(super) fn wait(&mut self, core: &mut Core, ctx: &mut Context<'_>, waiter: Waiter) {
        let (index, first) = (waiter.entry.index, self.first);
        assert!(
            self.is_ready(core),
            "a call waits for {index}, and {first} is not committed (S15)"
        );
        self.has_news = true;
        self.waiting.add(waiter);
        self.advance(core, ctx);
    }

    /// Reads once a quorum has confirmed that it still leads. A read that finds others waiting joins the
    /// round after theirs: however many come, one round is under way for them. Were there one for each,
    /// reads that are asked again because answers are late would make answers later (swarm 552, 1365).
    pub(super) fn read(
        &mut self,
        core: &Core,
        ctx: &mut Context<'_>,
        client: Endpoint,
        request: u64,
        fetch: Fetch,
    ) {
        let first = self.first;
        assert!(self.is_ready(core), "a read waits, and {first} is not committed (S15, S33)");
        if !rules::reading::waits_for_round(ctx.planted) {
            return core.read(ctx, client, request, &fetch);
        }
        if self.reads.is_empty() {
            ctx.effects.beats.push(core.group());
        } else {
            ctx.marks.hit(Mark::ReadJoined);
        }
        self.reads.add(Read { client, request, fetch, after: ctx.beat });
        self.confirm_reads(core, ctx);
    }

    fn confirm_reads(&mut self, core: &Core, ctx: &mut Context<'_>) {
        if self.reads.is_empty() {
            return;
        }
        let (config, peers) = (core.config(), &self.peers);
        let confirmed = self.reads.take_confirmed(|after| {
            let is_one = |peer: &&Progress| {
                config.is_voter(peer.node)
                    && rules::reading::confirms(peer.beat(), after, ctx.planted)
            };
            let confirming = peers.iter().filter(is_one).count() + 1;
            rules::reading::is_confirmed(confirming, config.read_quorum(), ctx.planted)
        });
        if !confirmed.is_empty() && !self.reads.is_empty() {
            ctx.effects.beats.push(core.group());
        }
        for Read { client, request, fetch, .. } in confirmed {
            ctx.marks.hit(Mark::ReadConfirmed);
            core.read(ctx, client, request, &fetch);
        }
    }

    /// The laws of a leader at the end of a turn.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, core: &Core, beat: u64) {
        let (term, last, first) = (core.hard.term, core.log.last_index(), self.first);
        assert!(
            first <= last,
            "the first entry of term {term} is {first}, the log ends at {last} (S15)"
        );
        self.peers.iter().for_each(|peer| peer.keep_laws(last));
        self.waiting.keep_laws(last, core.durable().index, core.commit);
        self.reads.keep_laws(beat);
    }

    #[cfg(test)]
    pub(super) fn spoil_first(&mut self, first: Index) {
        self.first = first;
    }

    #[cfg(test)]
    pub(super) fn spoil_reads(&mut self, after: u64) {
        let fetch = Fetch { from: 0, level: crate::levels::ReadLevel::Linearizable, bytes_max: 1 };
        self.reads.add(Read { client: 9, request: 1, fetch, after });
    }
}
