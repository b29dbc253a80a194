//! What a replica has, whatever its role: its log, term and vote, how far each of them is durable, and
//! what committed entries made of the group. Roles are handed it; it decides nothing by itself.

use super::{
    Context,
    durability::{Durability, Held, Tail},
};
use crate::{
    broker::Broker,
    configurations::Configurations,
    disk::{HardState, Persist, Recovered},
    entry::{Entry, Kind, Stamp},
    log::Log,
    marks::Mark,
    place::Place,
    quorum::Config,
    rules,
    settings::{Limits, Settings, Timing},
    types::{Endpoint, EntryId, GroupId, Index, Nanos, NodeId, Term},
    wire::{
        Answer, Message,
        answer::Fetched,
        ask::Fetch,
        peer::{Beat, BeatOk},
    },
};

/// What a replica has.
#[derive(Clone, Debug)]
pub(super) struct Core {
    pub(super) node: NodeId,
    cluster: u64,
    group: GroupId,
    pub(super) incarnation: u64,
    pub(super) configurations: Configurations,
    pub(super) timing: Timing,
    pub(super) limits: Limits,
    pub(super) hard: HardState,
    pub(super) log: Log,
    pub(super) commit: Index,
    /// Cuts that the log has seen.
    pub(super) generation: u64,
    pub(super) durability: Durability,
    /// The term in which this life began: what was done in it, and before, may be forgotten.
    opened_in: Term,
    /// The newest term of an entry that was cut from the log in this life.
    cut_in: Term,
    pub(super) persist: Persist,
    /// What its entries make of the group.
    pub(super) broker: Broker,
    pub(super) deadline: Nanos,
}

/// Of what it is a replica.
struct Identity {
    group: GroupId,
    incarnation: u64,
}

impl Core {
    pub(super) fn create(settings: &Settings, place: Place, now: Nanos) -> Core {
        let (node, timing) = (settings.node, settings.timing);
        let why = place.config.refuse();
        assert!(why.is_none(), "group {}: {}", place.group, why.unwrap_or_default());
        let persist = Persist::create(node, &place);
        let Place { group, incarnation, config } = place;
        let configurations = Configurations::founded(config);
        let identity = Identity { group, incarnation };
        let mut core = Core::with(settings, identity, configurations, persist);
        // Without this the first election of a group would wait for a timeout for no reason.
        let is_preferred = core.config().voters[0].node == node;
        let patience = if is_preferred { 0 } else { timing.election_max };
        core.deadline = core.deadline_in(now, patience);
        core
    }

    pub(super) fn open(settings: &Settings, recovered: Recovered, ctx: &mut Context<'_>) -> Core {
        let is_torn = !recovered.truncate.is_empty();
        let Recovered { incarnation, configurations, commit_hint, persist, .. } = recovered;
        let identity = Identity { group: persist.group(), incarnation };
        let mut core = Core::with(settings, identity, configurations, persist);
        core.hard = rules::storing::opened(recovered.hard, recovered.log.last().term, ctx.planted);
        core.log = recovered.log;
        let (last, term) = (core.log.last(), core.hard.term);
        assert!(last.term <= term, "an entry of term {} was read in term {term} (S16)", last.term);
        core.generation = rules::storing::generation(recovered.generation, ctx.planted);
        core.broker.cut(&core.log, 0);
        core.commit_to(commit_hint);
        if core.broker.producers().is_any() && !rules::storing::keeps_producers(ctx.planted) {
            core.broker.forget_producers();
        }
        core.opened_in = core.hard.term;
        core.durability.note(1, core.tail());
        core.durability.end_flush(core.persist.flushed());
        let last = core.log.last_index();
        let kept = rules::storing::kept_at_start(last, commit_hint, is_torn, ctx.planted);
        if kept < last {
            core.cut(ctx, kept);
        }
        core.reset_deadline(ctx);
        core
    }

    fn with(
        &Settings { cluster, node, timing, limits, .. }: &Settings,
        Identity { group, incarnation }: Identity,
        configurations: Configurations,
        persist: Persist,
    ) -> Core {
        Core {
            node,
            cluster,
            group,
            incarnation,
            configurations,
            timing,
            limits,
            hard: HardState::default(),
            log: Log::default(),
            commit: 0,
            generation: 0,
            durability: Durability::default(),
            opened_in: 0,
            cut_in: 0,
            persist,
            broker: Broker::default(),
            deadline: Nanos::MAX,
        }
    }

    pub(super) fn group(&self) -> GroupId {
        self.group
    }

    pub(super) fn config(&self) -> &Config {
        self.configurations.newest()
    }

    /// What is durable of term, log and cuts.
    pub(super) fn durable(&self) -> Tail {
        self.durability.durable()
    }

    pub(super) fn is_settled(&self) -> bool {
        self.persist.flushed() >= 1
    }

    /// What term, log and cuts are now.
    pub(super) fn tail(&self) -> Tail {
        let (index, generation) = (self.log.last_index(), self.generation);
        Tail { index, generation, term: self.hard.term }
    }

    fn note_tail(&mut self) {
        self.durability.note(self.persist.mark(), self.tail());
    }

    /// A flush has ended well. Says up to which block everything is durable.
    pub(super) fn end_flush(&mut self, ctx: &mut Context<'_>) -> u64 {
        self.persist.end_flush();
        let (flushed, mark) = (self.persist.flushed(), self.persist.mark());
        let block = rules::flushing::covered(flushed, mark, ctx.planted);
        self.durability.end_flush(block);
        let (flushed, last) = (self.durable().index, self.log.last_index());
        assert!(flushed <= last, "a flush covers {flushed}, the log ends at {last} (S9)");
        block
    }

    /// What may leave next, of what waited for this block or one before it.
    pub(super) fn release(&mut self, block: u64) -> Option<Held> {
        self.durability.release(block)
    }

    pub(super) fn send(&self, ctx: &mut Context<'_>, to: Endpoint, message: Message) {
        assert!(to != self.node, "n{to} sends to itself: {message:?}");
        ctx.effects.sends.push((to, self.group(), message));
    }

    pub(super) fn answer(
        &self,
        ctx: &mut Context<'_>,
        client: Endpoint,
        request: u64,
        answer: Answer,
    ) {
        self.send(ctx, client, Message::Answer { request, answer });
    }

    /// Sends a message that claims something durable, once everything recorded so far is.
    pub(super) fn hold(&mut self, ctx: &mut Context<'_>, to: Endpoint, message: Message) {
        let blocks = (self.persist.mark(), self.persist.flushed());
        if let Some(message) = self.durability.hold(ctx, blocks, to, message) {
            self.send(ctx, to, message);
        }
    }

    /// Keeps its own vote until it is durable.
    pub(super) fn hold_own_vote(&mut self) {
        let (own, vote) = (self.node, self.hard.vote);
        assert!(vote == Some(own), "n{own} counts its vote for {vote:?} as its own (S4)");
        self.durability.hold_own_vote(self.persist.mark(), self.hard.term);
    }

    fn deadline_in(&self, now: Nanos, patience: Nanos) -> Nanos {
        if self.config().is_voter(self.node) { now + patience } else { Nanos::MAX }
    }

    pub(super) fn reset_deadline(&mut self, ctx: &mut Context<'_>) {
        let Timing { election_min: min, election_max: max, .. } = self.timing;
        assert!(min <= max, "the shortest election timeout is {min}, the longest {max}");
        let dice = (ctx.dice)();
        let patience = rules::voting::patience(min, max - min, dice, ctx.planted);
        self.deadline = self.deadline_in(ctx.now, patience);
    }

    /// Adopts a term. What was held under an older one claims nothing any more (S16).
    pub(super) fn adopt(&mut self, term: Term, vote: Option<NodeId>) {
        assert!(term >= self.hard.term, "term {term} is older than {}", self.hard.term);
        let own = self.hard.vote;
        assert!(
            term > self.hard.term || own.is_none() || own == vote,
            "the vote of term {term} changes from {own:?} to {vote:?} (S4)"
        );
        if term > self.hard.term {
            self.durability.forget();
        }
        self.hard = HardState { term, vote };
        self.persist.record_hard(self.hard);
        self.note_tail();
    }

    /// The planted bug of whoever forgets in a term whom it voted for: see `rules::voting::keeps_vote`.
    pub(super) fn clear_vote(&mut self) {
        self.hard.vote = None;
        self.persist.record_hard(self.hard);
        self.note_tail();
    }

    /// Appends an entry that follows the log, and records it.
    ///
    /// # Panics
    /// If it is of a term that is not known here, or of another group.
    pub(super) fn append(&mut self, entry: Entry) {
        let (own, term) = (self.group, self.hard.term);
        assert!(entry.term() <= term, "an entry of term {} in term {term} (S16)", entry.term());
        assert!(entry.group() == own, "an entry of p{} in the log of p{own} (D4)", entry.group());
        self.persist.record_entry(&entry);
        self.broker.append(&entry);
        self.log.append(entry);
        self.note_tail();
    }

    /// Appends an entry of its own, as the leader of its term.
    pub(super) fn append_new(
        &mut self,
        ctx: &Context<'_>,
        kind: Kind,
        count: u32,
        body: &[u8],
    ) -> EntryId {
        let stamp = Stamp {
            cluster: self.cluster,
            incarnation: self.incarnation,
            group: self.group,
            term: self.hard.term,
            wall: ctx.wall,
        };
        let entry = Entry::after(self.log.last(), stamp, kind, self.log.next_offset(), count, body);
        let (id, own, vote) = (entry.id(), self.node, self.hard.vote);
        assert!(vote == Some(own), "n{own} appends of its own and voted for {vote:?} (S4)");
        self.append(entry);
        id
    }

    /// Takes one entry of the leader's log at its place. Entries that are there already stay: an old
    /// message must not cut newer ones. Says whether the log holds it now.
    ///
    /// # Panics
    /// If another entry of its term stands in its place: logs match, or nothing does (Ongaro 3.5).
    pub(super) fn take(&mut self, ctx: &mut Context<'_>, entry: Entry, index: Index) -> bool {
        let own = (self.cluster, self.incarnation, self.group);
        if (entry.cluster(), entry.incarnation(), entry.group()) != own || entry.index() != index {
            return false;
        }
        let (last, commit) = (self.log.last_index(), self.commit);
        let holds = self.holds(entry.id());
        if holds && rules::replicating::stays(index, last, commit, ctx.planted) {
            return true;
        }
        if index <= self.log.last_index() {
            ctx.marks.hit(Mark::Truncated);
            self.cut(ctx, index - 1);
        }
        if entry.previous_hash() != self.log.last().hash {
            return false;
        }
        self.append(entry);
        true
    }

    /// Whether the log holds this entry.
    ///
    /// # Panics
    /// If another entry of its term stands in its place: logs match, or nothing does (Ongaro 3.5).
    pub(super) fn holds(&self, entry: EntryId) -> bool {
        let holds = self.log.term(entry.index) == Some(entry.term);
        if holds {
            let own = self.log.id(entry.index);
            assert!(
                own == entry,
                "log matching: {own:?} here, {entry:?} at its leader (Ongaro 3.5)"
            );
        }
        holds
    }

    /// Cuts a suffix that conflicts with the leader's log; lowers what is flushed in the same step and
    /// starts a new generation (S9, C5).
    fn cut(&mut self, ctx: &mut Context<'_>, last: Index) {
        assert!(last >= self.commit, "a cut at {last} is below commit {} (S13)", self.commit);
        self.cut_in = self.cut_in.max(self.log.last().term);
        self.log.cut(last);
        self.configurations.cut(last);
        self.persist.record_cut(last);
        self.generation += 1;
        self.durability.cut(last, ctx.planted);
        self.note_tail();
        self.broker.cut(&self.log, self.commit);
    }

    /// Commits up to an index; what is committed stays so.
    pub(super) fn commit_to(&mut self, commit: Index) {
        let last = self.log.last_index();
        assert!(commit <= last, "commit {commit} is past the log's end {last}");
        while self.commit < commit {
            self.commit += 1;
            let entry = self.log.get(self.commit);
            assert!(entry.is_some(), "{} is committed, and not in the log (S13)", self.commit);
            entry.into_iter().for_each(|entry| self.broker.commit(entry));
        }
    }

    /// Whether what was done in this term is over, durably, and none of it is forgotten: all of the term
    /// lies in this life, and of its entries none was cut.
    pub(super) fn remembers(&self, term: Term) -> bool {
        term <= self.durable().term && term > self.opened_in && term > self.cut_in
    }

    /// Answers a heartbeat at once: it claims only what is durable.
    pub(super) fn answer_beat(
        &self,
        ctx: &mut Context<'_>,
        leader: NodeId,
        beat: &Beat,
        verified: Index,
    ) {
        let (durable, term) = (self.durable(), self.hard.term);
        let flushed = rules::flushing::flushed(verified, durable.index, ctx.planted);
        let is_term_durable = durable.term == term;
        if flushed > 0 && !is_term_durable {
            ctx.marks.hit(Mark::BeatUnflushed);
        }
        let claimable = rules::flushing::claimable(flushed, is_term_durable, ctx.planted);
        let ok = BeatOk {
            term,
            sequence: beat.sequence,
            sent: beat.sent,
            generation: durable.generation,
            verified,
            matched: self.log.id(claimable),
        };
        self.send(ctx, leader, ok.into());
    }

    /// Serves a fetch from what is committed here. The commit index is looked at once (S35, G4).
    pub(super) fn read(
        &self,
        ctx: &mut Context<'_>,
        client: Endpoint,
        request: u64,
        fetch: &Fetch,
    ) {
        let (from, last) = (fetch.from, self.log.last_index());
        let commit = rules::reading::readable(self.commit, last, ctx.planted);
        let end = self.log.end_offset(commit);
        let mut first = self.log.find_offset(from);
        let base = self.log.get(first).map_or(from, Entry::base);
        if !rules::reading::begins_within(base, from, ctx.planted) {
            first += 1;
        }
        assert!(commit <= last, "{commit} is read, and not in the log (S35)");
        let mut entries = Vec::new();
        if first <= commit {
            let count = (commit - first + 1) as usize;
            let slice = self.log.slice(first, count, fetch.bytes_max as usize);
            let messages = slice.iter().filter(|entry| entry.count() > 0);
            entries.extend(messages.map(|entry| entry.bytes().clone()));
        }
        self.answer(ctx, client, request, Answer::Fetched(Fetched { from, end, entries }));
    }

    /// The laws of a core at the end of a turn.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self) {
        let (last, commit, term) = (self.log.last(), self.commit, self.hard.term);
        let since = self.configurations.since();
        assert!(since <= last.index, "a configuration of {since}, the log ends at {}", last.index);
        assert!(commit <= last.index, "commit {commit} is past the log's end {} (S13)", last.index);
        assert!(last.term <= term, "an entry of term {} in term {term} (S16)", last.term);
        let (open, uncommitted) = (self.broker.producers().uncommitted(), last.index - commit);
        assert!(
            open as u64 <= uncommitted,
            "calls of {open} producers are open, {uncommitted} entries are not committed (H1)"
        );
        self.durability.keep_laws(self.tail(), self.persist.flushed());
    }
}
