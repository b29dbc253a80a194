//! What every session knows of every partition, and how it came to know it.
//!
//! A session's knowledge only grows, so it is kept as a log of raises beside its present state, and
//! what a sender knew when it sent a message is one number: the length of its log by then. A reader
//! that is shown the message takes over what it has not taken from that session before: the raises
//! since, or the nearest full copy where those are many. So there is one vector for each session, a
//! few numbers for each message, and no vector for each message: n messages and k partitions cost
//! O(n k) time at the very worst and seldom come near it. When the logs outgrow their budget, the
//! older half of each is dropped; who needs it later is counted, never guessed.

use crate::{
    by_offset::seat,
    history::{Offset, Partition, Stamp},
    ledger::Number,
};

/// Raises that are kept: 24 bytes each, with their share of the copies.
const RAISES_MAX: usize = 16 << 20;
/// The fewest raises between two full copies of a session's knowledge.
const STRIDE: usize = 16;

/// How a session came to know something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Source {
    /// It wrote or read it.
    #[default]
    Itself,
    /// It saw a message of someone who knew.
    Message(Number),
}

/// Something that a session came to know: that a partition reaches so far.
#[derive(Clone, Copy, Debug)]
struct Raise {
    end: Offset,
    partition: Partition,
    source: Source,
}

/// A full copy of what a session knew after so many raises.
#[derive(Debug)]
struct Copy {
    version: u32,
    ends: Box<[Offset]>,
}

/// One session.
#[derive(Debug, Default)]
struct Session {
    /// By partition: one past the highest offset known, and how that became known.
    now: Vec<(Offset, Source)>,
    log: Vec<Raise>,
    /// Raises that were dropped before the log's first.
    base: u32,
    copies: Vec<Copy>,
    /// Where in the log a call's raises begin, and when it returned.
    stamps: Vec<(u32, Stamp)>,
    /// By session: how many of its raises were taken over.
    taken: Vec<u32>,
    /// Partitions raised by the call that is being learned from.
    raised: Vec<Partition>,
}

/// Every session.
#[derive(Debug)]
pub(super) struct Knowledge {
    sessions: Vec<Session>,
    /// Raises in all logs.
    kept: usize,
    budget: usize,
    forgotten: u64,
}

impl Default for Knowledge {
    fn default() -> Knowledge {
        Knowledge::with_budget(RAISES_MAX)
    }
}

impl Knowledge {
    /// Nothing is known, and so many raises will be kept.
    pub(super) fn with_budget(budget: usize) -> Knowledge {
        Knowledge { sessions: Vec::new(), kept: 0, budget, forgotten: 0 }
    }

    pub(super) fn budget(&self) -> usize {
        self.budget
    }

    /// Messages that were read when what their sender knew had been dropped.
    pub(super) fn forgotten(&self) -> u64 {
        self.forgotten
    }

    /// How much a session knows by now.
    pub(super) fn version(&self, session: u32) -> u32 {
        self.sessions.get(session as usize).map_or(0, Session::version)
    }

    /// One past the highest offset that a session knows of, and how it knows.
    pub(super) fn known(&self, session: u32, partition: Partition) -> (Offset, Source) {
        let session = self.sessions.get(session as usize);
        session.and_then(|session| session.now.get(partition as usize)).copied().unwrap_or_default()
    }

    /// How and when a session first knew, at this version, that the partition reaches this far.
    pub(super) fn taught(
        &self,
        session: u32,
        version: u32,
        partition: Partition,
        end: Offset,
    ) -> Option<(Source, Stamp)> {
        let session = self.sessions.get(session as usize)?;
        let length = version.min(session.version()).saturating_sub(session.base) as usize;
        let place = session.log[..length]
            .iter()
            .position(|raise| raise.partition == partition && raise.end >= end)?;
        let stamp =
            session.stamps.partition_point(|(first, _)| *first <= place as u32 + session.base);
        Some((session.log[place].source, session.stamps[stamp.checked_sub(1)?].1))
    }

    /// A call that returned to this session is about to teach it something.
    pub(super) fn lesson(&mut self, session: u32, at: Stamp) -> Lesson<'_> {
        let pupil = std::mem::take(seat(&mut self.sessions, session));
        Lesson { knowledge: self, session, pupil, at }
    }

    /// Drops the older half of every log.
    fn forget(&mut self) {
        self.kept = 0;
        for session in &mut self.sessions {
            let half = session.version() - session.log.len() as u32 / 2;
            // Whoever took nothing over so far starts from a full copy.
            let first = session.copies.partition_point(|copy| copy.version < half);
            session.copies.drain(..first);
            if session.copies.is_empty() {
                session.copies.push(session.copy());
            }
            let base = session.copies[0].version;
            session.log.drain(..(base - session.base) as usize);
            session.base = base;
            let first = session.stamps.partition_point(|(version, _)| *version < base);
            session.stamps.drain(..first);
            self.kept += session.log.len();
        }
    }
}

impl Session {
    fn version(&self) -> u32 {
        self.base + self.log.len() as u32
    }

    fn copy(&self) -> Copy {
        Copy { version: self.version(), ends: self.now.iter().map(|(end, _)| *end).collect() }
    }

    fn raise(&mut self, partition: Partition, end: Offset, source: Source) {
        let known = seat(&mut self.now, partition);
        if known.0 < end {
            *known = (end, source);
            self.raised.push(partition);
        }
    }

    /// Takes over what the teacher knew at this version; whether that is still known.
    fn take(&mut self, message: Number, teacher: &Session, number: u32, version: u32) -> bool {
        let taken = seat(&mut self.taken, number);
        if version <= *taken {
            return true;
        }
        if version < teacher.base {
            return false;
        }
        let from = std::mem::replace(taken, version);
        let source = Source::Message(message);
        let mut start = from.max(teacher.base);
        let copy = teacher.copies.partition_point(|copy| copy.version <= version);
        let copy = copy.checked_sub(1).map(|copy| &teacher.copies[copy]);
        if let Some(copy) = copy
            && (from < teacher.base || copy.version > from + copy.ends.len() as u32)
        {
            for (partition, end) in (0..).zip(&copy.ends) {
                self.raise(partition, *end, source);
            }
            start = copy.version;
        }
        let raises =
            &teacher.log[(start - teacher.base) as usize..(version - teacher.base) as usize];
        for raise in raises {
            self.raise(raise.partition, raise.end, source);
        }
        true
    }
}

/// One call, as a session learns from it.
pub(super) struct Lesson<'a> {
    knowledge: &'a mut Knowledge,
    session: u32,
    /// The session that learns, taken out of its place until the end.
    pupil: Session,
    at: Stamp,
}

impl Lesson<'_> {
    /// It wrote or read this offset itself.
    pub(super) fn own(&mut self, partition: Partition, offset: Offset) {
        self.pupil.raise(partition, offset.saturating_add(1), Source::Itself);
    }

    /// It saw this message, whose sender knew so much when it sent it.
    pub(super) fn from(&mut self, message: Number, sender: u32, version: u32) {
        if sender == self.session {
            return;
        }
        let Some(teacher) = self.knowledge.sessions.get(sender as usize) else { return };
        if !self.pupil.take(message, teacher, sender, version) {
            self.knowledge.forgotten += 1;
        }
    }

    /// Puts the session back, with a raise for each partition of which it knows more than before.
    pub(super) fn end(self) {
        let Lesson { knowledge, session, mut pupil, at } = self;
        let mut raised = std::mem::take(&mut pupil.raised);
        raised.sort_unstable();
        raised.dedup();
        if !raised.is_empty() {
            pupil.stamps.push((pupil.version(), at));
        }
        for partition in &raised {
            let (end, source) = pupil.now[*partition as usize];
            pupil.log.push(Raise { end, partition: *partition, source });
        }
        knowledge.kept += raised.len();
        raised.clear();
        pupil.raised = raised;
        let last = pupil.copies.last().map_or(0, |copy| copy.version);
        if (pupil.version() - last) as usize >= STRIDE.max(pupil.now.len()) {
            pupil.copies.push(pupil.copy());
        }
        knowledge.sessions[session as usize] = pupil;
        if knowledge.kept > knowledge.budget {
            knowledge.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SESSIONS: usize = 4;
    const PARTITIONS: usize = 5;
    type Vector = [Offset; PARTITIONS];

    proptest! {
        /// The twin copies a whole vector for each message.
        #[test]
        fn it_knows_what_vectors_for_every_message_would(
            deeds in prop::collection::vec(
                (0usize..SESSIONS, 0usize..PARTITIONS, 0u64..40, 0usize..60), 0..600,
            ),
            budget in prop::sample::select(vec![20usize, 100, 1 << 20]),
        ) {
            let mut knowledge = Knowledge::with_budget(budget);
            let mut twin = [Vector::default(); SESSIONS];
            let mut sent: Vec<(usize, u32, Vector)> = Vec::new();
            for (session, partition, offset, back) in deeds {
                let mut lesson = knowledge.lesson(session as u32, Stamp::default());
                if let Some(number) = sent.len().checked_sub(back + 1) {
                    let (sender, version, vector) = &sent[number];
                    lesson.from(number as Number, *sender as u32, *version);
                    for (known, cause) in twin[session].iter_mut().zip(vector) {
                        *known = (*known).max(*cause);
                    }
                }
                lesson.own(partition as Partition, offset);
                lesson.end();
                let known = &mut twin[session][partition];
                *known = (*known).max(offset + 1);
                sent.push((session, knowledge.version(session as u32), twin[session]));
                for (session, vector) in (0..).zip(&twin) {
                    for (partition, end) in (0..).zip(vector) {
                        let known = knowledge.known(session, partition).0;
                        prop_assert!(known <= *end, "nothing is invented");
                        prop_assert!(known == *end || knowledge.forgotten() > 0);
                    }
                }
            }
            prop_assert!(budget < 1000 || knowledge.forgotten() == 0);
        }
    }
}
