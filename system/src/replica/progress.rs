//! How far one peer is, as its leader knows it: a machine of its own. It is *fed* (entries flow, as far as
//! the window allows) or *silent* (it was not heard of for a while, and is only knocked at with
//! heartbeats); the first answer feeds it again. What counts for a quorum is only what it says to have
//! flushed, in the newest generation of its log (S9, S10, C4).

use super::{Context, core::Core};
use crate::{
    log::Log,
    marks::Mark,
    planted::Planted,
    rules,
    types::{EntryId, GroupId, Index, Nanos, NodeId, Term},
    wire::peer::{Append, AppendReject, BeatOk},
};
use bytes::Bytes;

/// What is known of one peer, in one term.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub(super) node: NodeId,
    /// Flushed there and equal to ours up to here (S10).
    matched: Index,
    /// Where sending starts while nothing is known to match.
    base: Index,
    /// The next index to send.
    next: Index,
    /// The newest generation of its log that it told (S9, C4).
    generation: u64,
    heard: Nanos,
    /// When an append was last sent to it.
    fed: Option<Nanos>,
    is_silent: bool,
    /// The newest round of heartbeats that it answered.
    beat: u64,
    /// The newest round when entries were last sent again: answers to it or to older ones are about
    /// what was sent before.
    resent: u64,
}

impl Progress {
    /// Nothing is known of it, but that it exists.
    pub(super) fn begin(node: NodeId, base: Index, now: Nanos) -> Progress {
        assert!(base > 0, "sending to n{node} begins at 0, where no entry is");
        Progress {
            node,
            matched: 0,
            base,
            next: base,
            generation: 0,
            heard: now,
            fed: None,
            is_silent: false,
            beat: 0,
            resent: 0,
        }
    }

    /// Flushed there and equal to ours up to here.
    pub(super) fn matched(&self) -> Index {
        self.matched
    }

    /// Entries were sent to it up to here.
    pub(super) fn sent(&self) -> Index {
        self.next - 1
    }

    /// The newest round of heartbeats that it answered.
    pub(super) fn beat(&self) -> u64 {
        self.beat
    }

    /// For how long it has said nothing.
    pub(super) fn silence(&self, now: Nanos) -> Nanos {
        now.saturating_sub(self.heard)
    }

    /// Whether a heartbeat would tell it nothing: an append told it lately that its leader lives, and it has
    /// answered something lately. What is lost of appends the next append shows, or, if none comes, the next
    /// heartbeat; so no more than one and a half times `heartbeat` pass without a word.
    pub(super) fn is_served(&self, now: Nanos, heartbeat: Nanos) -> bool {
        let is_told = self.fed.is_some_and(|fed| now - fed < heartbeat / 2);
        is_told && !self.is_silent && self.silence(now) < 2 * heartbeat
    }

    /// It was not heard of for too long: nothing more is sent until it answers.
    pub(super) fn become_silent(&mut self) {
        self.is_silent = true;
    }

    /// It answered something.
    pub(super) fn hear(&mut self, now: Nanos) {
        self.heard = now;
    }

    /// Counts what it claims. A newer generation of its log says anew what is left after the cut; within
    /// one generation nothing is taken back, and an older one counts for nothing (S10). Says whether it
    /// is news.
    ///
    /// # Panics
    /// If it claims what is not our entry: logs match, or nothing does (Ongaro 3.5).
    pub(super) fn count(
        &mut self,
        ctx: &mut Context<'_>,
        log: &Log,
        generation: u64,
        matched: EntryId,
    ) -> bool {
        if generation < self.generation {
            return false;
        }
        let (node, last) = (self.node, log.last_index());
        assert!(matched.index <= last, "n{node} matched {}, our last is {last}", matched.index);
        let own = log.id(matched.index);
        assert!(own == matched, "n{node} matched {matched:?}, ours is {own:?}");
        let (before, is_cut) = (self.matched, generation > self.generation);
        if is_cut && matched.index < before {
            ctx.marks.hit(Mark::MatchedSank);
        }
        self.generation = generation;
        self.matched = rules::replicating::matched(before, matched.index, is_cut, ctx.planted);
        self.next = self.next.max(self.matched + 1);
        matched.index > before
    }

    /// It differs at `tried`: sending begins again where the logs may agree. An answer to something older
    /// than what is known by now says nothing. What only *arrived* there may be gone again after a power
    /// loss, so nothing but a match makes an answer old. Says whether something is to be sent.
    pub(super) fn reject(
        &mut self,
        ctx: &mut Context<'_>,
        log: &Log,
        group: GroupId,
        reject: &AppendReject,
    ) -> bool {
        let tried = reject.tried;
        if tried <= self.matched || tried >= self.next {
            return false;
        }
        let agreed = log.agree(reject.hint, reject.hint_term).min(tried.saturating_sub(1));
        let of = (group, reject.term, self.node);
        if rules::replicating::arrived(of, agreed, ctx.planted) > agreed
            || !rules::replicating::goes_back(ctx.planted)
        {
            return false;
        }
        assert!(agreed < tried, "n{} differs at {tried}, and agrees at {agreed}", self.node);
        (self.base, self.next) = (agreed + 1, agreed + 1);
        self.is_silent = false;
        true
    }

    /// It answered a heartbeat. Entries that were sent before that round and have not arrived are lost,
    /// or late, and sent again.
    pub(super) fn answer(&mut self, core: &Core, ctx: &mut Context<'_>, ok: &BeatOk) {
        self.beat = self.beat.max(ok.sequence);
        let told = ok.verified.max(self.matched);
        let arrived = rules::replicating::arrived(self.of(core), told, ctx.planted);
        if ok.sequence <= self.resent || ok.verified >= ok.sent {
            return;
        }
        self.resent = ctx.beat;
        if arrived < ok.sent {
            ctx.marks.hit(Mark::Resent);
            self.send_from(arrived);
        } else {
            // It has started again and does not know any more that its log equals ours, so it may not
            // commit (S12): an append without entries tells it.
            let (term, commit) = (core.hard.term, core.commit);
            let previous = core.log.id(self.matched);
            let append = Append { term, previous, commit, entries: Vec::new() };
            self.fed = Some(ctx.now);
            core.send(ctx, self.node, append.into());
        }
    }

    /// If it was silent, entries flow again, from what is known to have arrived.
    pub(super) fn wake(&mut self, core: &Core, ctx: &mut Context<'_>) {
        if self.is_silent && rules::replicating::wakes(ctx.planted) {
            self.is_silent = false;
            let arrived = rules::replicating::arrived(self.of(core), self.matched, ctx.planted);
            self.send_from(arrived);
        }
    }

    fn send_from(&mut self, arrived: Index) {
        self.next = if arrived > 0 { arrived + 1 } else { self.base };
        let Progress { node, matched, next, .. } = self;
        assert!(next > matched, "n{node} has {matched}, and {next} is sent again (S10)");
    }

    /// Sends what it lacks, as far as the window allows. `first` is the first entry of the leader's term.
    pub(super) fn feed(&mut self, core: &Core, ctx: &mut Context<'_>, first: Index) {
        let (last, limits) = (core.log.last_index(), &core.limits);
        while !self.is_silent
            && self.next <= last
            && rules::replicating::may_send(self.next, first, ctx.planted)
            && self.has_room(limits.window, ctx.planted)
        {
            let entries = core.log.slice(self.next, limits.append_entries, limits.append_bytes);
            let entries: Vec<Bytes> = entries.iter().map(|entry| entry.bytes().clone()).collect();
            let (term, commit) = (core.hard.term, core.commit);
            let previous = core.log.id(self.next - 1);
            let (node, next) = (self.node, self.next);
            assert!(!entries.is_empty(), "nothing is sent to n{node} from {next} on, of {last}");
            self.next += entries.len() as Index;
            self.fed = Some(ctx.now);
            core.send(ctx, self.node, Append { term, previous, commit, entries }.into());
        }
        if !self.is_silent && self.next <= last && !self.has_room(limits.window, ctx.planted) {
            ctx.marks.hit(Mark::WindowFull);
        }
    }

    /// Whether more may be under way, of `window` entries.
    fn has_room(&self, window: Index, planted: &mut Planted) -> bool {
        let acknowledged = (self.matched, self.base - 1);
        rules::replicating::has_room(self.sent(), acknowledged, window, planted)
    }

    fn of(&self, core: &Core) -> (GroupId, Term, NodeId) {
        (core.group(), core.hard.term, self.node)
    }

    /// The laws of what is known of a peer, at the end of a turn.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, last: Index) {
        let Progress { node, matched, base, next, .. } = self;
        assert!(matched < next, "n{node} has {matched}, and {next} is sent to it next (S10)");
        assert!(*next <= last + 1, "{next} is sent to n{node} next, the log ends at {last}");
        assert!(*base <= last + 1, "sending to n{node} begins at {base}, the log ends at {last}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_law_fires() {
        let said = |matched, base, next| {
            let peer = Progress { matched, base, next, ..Progress::begin(2, 1, 0) };
            let panic = std::panic::catch_unwind(|| peer.keep_laws(1)).expect_err("no law held");
            panic.downcast_ref::<String>().expect("words").clone()
        };
        Progress::begin(2, 1, 0).keep_laws(1);
        assert_eq!(said(1, 1, 1), "n2 has 1, and 1 is sent to it next (S10)");
        assert_eq!(said(0, 1, 3), "3 is sent to n2 next, the log ends at 1");
        assert_eq!(said(0, 3, 1), "sending to n2 begins at 3, the log ends at 1");
    }

    #[test]
    fn what_is_under_way_is_bounded_from_what_matched_or_from_where_sending_began() {
        let has_room = |matched, base, next| {
            let peer = Progress { matched, base, next, ..Progress::begin(2, 1, 0) };
            peer.has_room(8, &mut Planted::default())
        };
        assert!(has_room(0, 100, 107) && !has_room(0, 100, 108));
        assert!(has_room(150, 100, 108));
        // It matches more than was sent since sending began anew.
        assert!(has_room(500, 100, 101));
    }
}
