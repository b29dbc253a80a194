//! The committed offset of one group and partition: a register whose values may repeat.
//!
//! A value may be read where some commit of it took effect and no other surely did in between. A
//! commit is surely overwritten before a read if another one was called after it returned and
//! returned before the read was called. So of the commits that returned before the read, only the
//! latest call counts, the *floor*: whatever returned before the floor's call is gone.

use crate::history::{Asked, Call, Offset, Stamp};
use std::collections::BTreeMap;

/// A commit that took effect.
#[derive(Clone, Copy, Debug)]
pub(super) struct Commit {
    pub(super) offset: Offset,
    pub(super) client: u32,
    pub(super) called: Stamp,
    pub(super) returned: Stamp,
}

/// A commit that may or may not have taken effect, or may yet.
#[derive(Clone, Copy, Debug)]
struct Open {
    call: u64,
    client: u32,
    called: Stamp,
    /// Nobody will ever know.
    is_unknown: bool,
}

/// One register.
#[derive(Debug, Default)]
pub(super) struct Register {
    /// By value.
    open: BTreeMap<Offset, Vec<Open>>,
    /// In the order of their returns.
    done: Vec<Commit>,
    /// Of those that are done, the one that was called last.
    latest: Option<Commit>,
    /// The highest value that was committed since the last restart.
    highest: Option<Commit>,
}

impl Register {
    pub(super) fn begin(&mut self, offset: Offset, call: Asked<'_>) {
        let (client, called) = (call.client, call.called);
        let open = Open { call: call.id, client, called, is_unknown: false };
        self.open.entry(offset).or_default().push(open);
    }

    /// A transaction of a member may have committed this along with what it sent.
    pub(super) fn may_commit(&mut self, offset: Offset, call: &Call) {
        self.begin(offset, call.asked());
        self.leave_open(offset, call);
    }

    /// It certainly did not take effect.
    pub(super) fn refuse(&mut self, offset: Offset, call: &Call) {
        if let Some(open) = self.open.get_mut(&offset) {
            open.retain(|open| open.call != call.id);
            if open.is_empty() {
                self.open.remove(&offset);
            }
        }
    }

    /// It may take effect for ever.
    pub(super) fn leave_open(&mut self, offset: Offset, call: &Call) {
        let open = self.open.get_mut(&offset).into_iter().flatten();
        open.filter(|open| open.call == call.id).for_each(|open| open.is_unknown = true);
    }

    /// It took effect.
    pub(super) fn end(&mut self, commit: Commit) {
        if let Some(open) = self.open.get_mut(&commit.offset) {
            let is_it = |open: &Open| (open.called, open.client) == (commit.called, commit.client);
            open.retain(|open| !is_it(open));
            if open.is_empty() {
                self.open.remove(&commit.offset);
            }
        }
        self.done.push(commit);
        if self.latest.is_none_or(|latest| latest.called.ordinal < commit.called.ordinal) {
            self.latest = Some(commit);
        }
        if self.highest.is_none_or(|highest| highest.offset < commit.offset) {
            self.highest = Some(commit);
        }
    }

    /// When the latest commit that is done was called: what returned before that is overwritten.
    pub(super) fn floor(&self) -> Option<u64> {
        self.latest.map(|latest| latest.called.ordinal)
    }

    pub(super) fn latest(&self) -> Option<Commit> {
        self.latest
    }

    pub(super) fn highest(&self) -> Option<Commit> {
        self.highest
    }

    /// The group goes on from here, though it had come further.
    pub(super) fn restart(&mut self, commit: Commit) {
        self.highest = Some(commit);
    }

    /// Commits that a read above this floor need not have seen overwritten, latest first.
    fn standing(&self, floor: u64) -> impl Iterator<Item = &Commit> {
        self.done.iter().rev().take_while(move |commit| commit.returned.ordinal >= floor)
    }

    /// Whether a read that was called above this floor may have returned this.
    pub(super) fn may_read(&self, offset: Option<Offset>, floor: Option<u64>) -> bool {
        let Some(offset) = offset else { return floor.is_none() };
        self.open.contains_key(&offset)
            || self.standing(floor.unwrap_or(0)).any(|commit| commit.offset == offset)
    }

    /// The lowest and the highest value that may stand above this floor.
    pub(super) fn range(&self, floor: u64) -> Option<(Offset, Offset)> {
        let done = self.standing(floor).map(|commit| commit.offset);
        let open = [self.open.first_key_value(), self.open.last_key_value()];
        let open = open.into_iter().flatten().map(|(offset, _)| *offset);
        done.chain(open).fold(None, |range, offset| match range {
            None => Some((offset, offset)),
            Some((lowest, highest)) => Some((offset.min(lowest), offset.max(highest))),
        })
    }

    /// A read showed this value. Where only one commit can have put it there and nobody was told
    /// what became of that, it is known now.
    pub(super) fn settle(&mut self, offset: Offset, floor: Option<u64>, at: Stamp) {
        let Some([open]) = self.open.get(&offset).map(Vec::as_slice) else { return };
        let Open { client, called, is_unknown, .. } = *open;
        if is_unknown && self.standing(floor.unwrap_or(0)).all(|commit| commit.offset != offset) {
            self.end(Commit { offset, client, called, returned: at });
        }
    }

    /// The last commit of this value that is done, whether overwritten or not.
    pub(super) fn last_of(&self, offset: Offset) -> Option<Commit> {
        self.done.iter().rev().find(|commit| commit.offset == offset).copied()
    }

    /// The commit that was called at this ordinal.
    pub(super) fn called_at(&self, ordinal: u64) -> Option<Commit> {
        self.done.iter().rev().find(|commit| commit.called.ordinal == ordinal).copied()
    }
}
