//! What a follower does with its leader's words (Ongaro 3.5; S9, S12, S13).

use super::{Context, core::Core};
use crate::{
    entry::Entry,
    marks::Mark,
    rules,
    types::{EntryId, Index, Nanos, NodeId},
    wire::peer::{Append, AppendOk, AppendReject, Beat},
};

/// Follows a leader, or waits for one.
#[derive(Clone, Debug, Default)]
pub(super) struct Follower {
    pub(super) leader: Option<NodeId>,
    /// When the leader was last heard of.
    pub(super) heard: Nanos,
    /// How far the log is known to equal the leader's of this term (S12).
    pub(super) verified: Index,
}

impl Follower {
    pub(super) fn on_append(
        &mut self,
        core: &mut Core,
        ctx: &mut Context<'_>,
        from: NodeId,
        append: Append,
    ) {
        let Append { term, previous, commit, entries } = append;
        if !core.holds(previous) {
            if rules::replicating::says_it_differs(ctx.planted) {
                return reject(core, ctx, from, previous);
            }
            let ok = AppendOk { term, generation: core.generation, matched: previous };
            return core.hold(ctx, from, ok.into());
        }
        let mut verified = previous.index;
        for bytes in entries {
            // A damaged entry, or one that does not follow, ends what can be taken from this message.
            let Ok(entry) = Entry::decode(bytes) else { break };
            if !core.take(ctx, entry, verified + 1) {
                break;
            }
            verified += 1;
        }
        let last = core.log.last_index();
        self.verified = self.verified.max(verified).min(last);
        self.commit(core, ctx, commit);
        let matched = core.log.id(self.verified);
        let ok = AppendOk { term, generation: core.generation, matched };
        core.hold(ctx, from, ok.into());
    }

    /// The leader lives, and has committed so much. Says how far the log is known to equal its own.
    pub(super) fn on_beat(&mut self, core: &mut Core, ctx: &mut Context<'_>, beat: &Beat) -> Index {
        self.commit(core, ctx, beat.commit);
        self.verified
    }

    /// Commits what the leader has, as far as the log is known to equal its own (S12).
    fn commit(&self, core: &mut Core, ctx: &mut Context<'_>, commit: Index) {
        let (verified, last) = (self.verified, core.log.last_index());
        let known = rules::committing::known(commit, verified, last, ctx.planted);
        core.commit_to(known.max(core.commit));
    }

    /// The laws of a follower at the end of a turn.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, core: &Core) {
        let (verified, last) = (self.verified, core.log.last_index());
        assert!(verified <= last, "{verified} is verified, the log ends at {last} (S12)");
        assert!(self.leader != Some(core.node), "n{} follows itself", core.node);
    }
}

fn reject(core: &Core, ctx: &mut Context<'_>, leader: NodeId, previous: EntryId) {
    ctx.marks.hit(Mark::AppendRejected);
    let hint = core.log.agree(previous.index.saturating_sub(1), previous.term);
    let (hint_term, tried) = (core.log.id(hint).term, previous.index);
    let base = core.log.base().index;
    assert!(hint < tried || hint == base, "{tried} differs, and {hint} may agree");
    let term = core.hard.term;
    core.send(ctx, leader, AppendReject { term, tried, hint, hint_term }.into());
}
