//! What a session sends stands above what it knew when it sent it: one fold, and a law for each kind of
//! knowledge. `monotonic_writes` asks what the session had acknowledged, `writes_follow_reads` what it
//! had read.
//!
//! The offset of a message is taken from its acknowledgement at `quorum` or above and from every
//! read that shows it, so that a call whose outcome is unknown is judged as well where somebody
//! sees what it did: it may have happened at any time, but not before it was made. Retries of one
//! message may stand at several offsets; all of them come after the call. Calls that overlap owe
//! each other nothing. This is exact within a partition; across partitions see `causal_order`.

use super::words::malformed;
use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    history::{Call, MessageId, Offset, Stamp},
    ledger::Ledger,
    sessions::{Fall, Floors, Known, Reach, told_place},
    verdict::{Evidence, Verdict},
};

/// One law of this kind.
#[derive(Debug)]
pub(super) struct FloorLaw {
    pub(super) name: &'static str,
    /// What of a session's knowledge must lie below what it sends.
    pub(super) knew: fn(Known) -> Reach,
    /// What is missing where nothing was compared.
    pub(super) vacuous: &'static str,
    /// How the session came to know it.
    pub(super) learned: fn(&Fallen<'_>) -> String,
    /// What is wrong.
    pub(super) wrong: fn(&Fallen<'_>) -> String,
}

/// A message that stands too low, in words.
pub(super) struct Fallen<'a> {
    pub(super) ledger: &'a Ledger,
    /// Who sent it.
    pub(super) client: String,
    pub(super) id: MessageId,
    /// The highest offset that its sender knew.
    pub(super) before: Offset,
    pub(super) fall: Fall,
}

/// The judge.
#[derive(Debug)]
pub(super) struct SendsAbove {
    law: &'static FloorLaw,
    floors: Floors,
    breach: Breach,
}

/// The judge of a law of this kind.
pub(super) fn judge(law: &'static FloorLaw) -> Box<dyn Checker> {
    Box::new(SendsAbove { law, floors: Floors::default(), breach: Breach::default() })
}

impl Checker for SendsAbove {
    fn name(&self) -> &'static str {
        self.law.name
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Sessions]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => {
                self.floors.lay(call, &shared.sessions, &shared.ledger, self.law.knew);
            }
            Event::Returned(call) => {
                for fall in self.floors.falls(&shared.ledger) {
                    self.breach.add(|| self.law.fell(at, call, fall, &shared.ledger));
                }
            }
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(malformed) = malformed(&shared.ledger) {
            return malformed;
        }
        let SendsAbove { law, floors, breach } = *self;
        breach.verdict_or(|| floors.verdict(law.vacuous))
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl FloorLaw {
    fn fell(&self, at: Stamp, call: &Call, fall: Fall, ledger: &Ledger) -> Evidence {
        let Fall { message, partition, offset, floor } = fall;
        let send = ledger.send_of(message);
        let client = send.map_or("a session".to_owned(), |send| format!("c{}", send.client));
        let (id, before) = (ledger.id(message), floor.end - 1);
        let fallen = Fallen { ledger, client, id, before, fall };
        let mut lines = vec![told_place(call, at, &fall, ledger)];
        if let Some(send) = send {
            lines.push(line(floor.since, (self.learned)(&fallen)));
            lines.push(line(send.called, format!("{} asked to append m{id}", fallen.client)));
        }
        Evidence {
            summary: format!("{}: {}", self.name, (self.wrong)(&fallen)),
            lines,
            partition: Some(partition),
            offset: Some(offset),
            message: Some(id),
            ..Evidence::default()
        }
    }
}
