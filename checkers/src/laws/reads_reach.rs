//! What a session reads reaches as far as what it knew when it asked: one fold, and a law for each kind of
//! knowledge. `read_your_writes` asks what the session had written, `monotonic_reads` what it had read.
//!
//! A fetch says where the partition ends. A poll says so only by being empty, and then its level is the
//! contract's. `session` and `linearizable` reads must not end below what the session knew; an
//! `eventual` one may, and a `bounded` one may where the knowledge is younger than its bound: that is
//! told as permitted.

use crate::{
    breach::Breach,
    checker::{Checker, Event, Shared, Topic},
    history::{Call, Stamp},
    sessions::{Look, Misses, Reach, permits_miss},
    verdict::{Evidence, Verdict},
};

/// One law of this kind.
#[derive(Debug)]
pub(super) struct ReachLaw {
    pub(super) name: &'static str,
    /// How far a look must reach.
    pub(super) knew: fn(&Look) -> Reach,
    /// Whether an open transaction may hide what the session knew: not what it was shown once.
    pub(super) may_be_held: bool,
    /// What is missing where nothing was compared.
    pub(super) vacuous: &'static str,
    /// What reads ended below where their level permits it.
    pub(super) knowledge: &'static str,
    /// What is wrong with a look.
    pub(super) wrong: fn(Stamp, &Call, &Look, &Shared) -> Evidence,
}

/// The judge.
#[derive(Debug)]
pub(super) struct ReadsReach {
    law: &'static ReachLaw,
    compared: u64,
    misses: Misses,
    breach: Breach,
}

/// The judge of a law of this kind.
pub(super) fn judge(law: &'static ReachLaw) -> Box<dyn Checker> {
    let (misses, breach) = (Misses::default(), Breach::default());
    Box::new(ReadsReach { law, compared: 0, misses, breach })
}

impl Checker for ReadsReach {
    fn name(&self) -> &'static str {
        self.law.name
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Sessions]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Returned(call) => self.judge(at, call, shared),
            Event::Called(_)
            | Event::Numbered(..)
            | Event::Fact(_)
            | Event::Seen(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let ReadsReach { law, compared, breach, .. } = *self;
        breach.verdict_or(|| Verdict::holds_if_covered(compared, law.vacuous))
    }

    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        self.misses.told(self.law.knowledge)
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl ReadsReach {
    fn judge(&mut self, at: Stamp, call: &Call, shared: &Shared) {
        let law = self.law;
        for look in shared.sessions.looks() {
            let known = (law.knew)(look);
            if known.end == 0 {
                continue;
            }
            let missed = known.end.saturating_sub(look.end);
            if permits_miss(look.level, known.since, call.called) {
                self.misses.note(look.level, missed);
                continue;
            }
            let is_held = || shared.sessions.is_held(look, known, call.called, &shared.contract);
            if missed > 0 && law.may_be_held && is_held() {
                continue;
            }
            self.compared += 1;
            if missed > 0 {
                self.breach.add(|| (law.wrong)(at, call, look, shared));
            }
        }
    }
}
