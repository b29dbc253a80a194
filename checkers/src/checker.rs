//! The shape of a judge: a fold, `observe(event)` then `finish()`. It can watch a run as it happens
//! or judge a file afterwards; nothing in it waits, reads a clock or throws dice.

pub(crate) use crate::event::{Event, events};
use crate::{
    contract::Contract,
    facts::FactKind,
    history::{History, Stamp},
    ledger::Ledger,
    run::Counts,
    sessions::{Sessions, Source},
    truth::DiskTruth,
    verdict::{Judgement, Verdict},
};

/// What an event is about, facts apart. A run tells millions; a judge is only told what it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Calls, their returns, and the corners of a run.
    Clients,
    /// Replicas that changed.
    Replicas,
    /// Nothing more, but it reads the ledger, which is only kept where some judge does.
    Ledger,
    /// The same for what each client knew when it asked, and for the ledger beneath that.
    Sessions,
}

/// What the judges of one bench share: the promises, and folds over the events that would cost too
/// much for each of them. Both already include the event that is being told.
#[derive(Debug, Default)]
pub struct Shared {
    /// What is promised.
    pub contract: Contract,
    /// What is durable, where, right now.
    pub disks: DiskTruth,
    /// What clients were told of every message.
    pub(crate) ledger: Ledger,
    /// What each client knew of each partition when it asked.
    pub(crate) sessions: Sessions,
}

// Channels: one for each kind of fact, then these.
const CLIENTS: usize = FactKind::ALL.len();
const REPLICAS: usize = CLIENTS + 1;
const CHANNELS: usize = REPLICAS + 1;

/// Which of the lists of judges an event is told to.
fn channel(event: &Event<'_>) -> usize {
    match event {
        Event::Fact(fact) => fact.kind() as usize,
        Event::Called(_) | Event::Numbered(..) | Event::Returned(_) | Event::Mark(_) => CLIENTS,
        Event::Seen(_) => REPLICAS,
    }
}

/// A judge of one law.
pub trait Checker: Send {
    /// Its name in the field's words, snake_case: used in plans, JSON, JUnit and pages.
    fn name(&self) -> &'static str;
    /// What it looks at beside facts; it is told nothing else.
    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Replicas]
    }
    /// Which facts it looks at; it is told no others, whatever facts there will be.
    fn facts(&self) -> &'static [FactKind] {
        &[]
    }
    /// One event. `shared` already includes it.
    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared);
    /// The messages, counted, where this judge counts them; asked for right before `finish`.
    fn counts(&self, _shared: &Shared) -> Option<Counts> {
        None
    }
    /// The answer. A call that never returned was only ever seen as `Called`.
    fn finish(self: Box<Self>, shared: &Shared) -> Verdict;
    /// What the contract or a level permitted and really happened, in words, one entry for each
    /// kind; asked for right before `finish`.
    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        Vec::new()
    }
    /// Whether a violation is already certain, so that a run may stop early.
    fn is_breached(&self) -> bool {
        false
    }
}

/// Several judges that watch the same events, and what they share.
#[derive(Default)]
pub struct Bench {
    checkers: Vec<Box<dyn Checker>>,
    /// For each channel whom it is told, in the order of the bench.
    told: [Vec<u8>; CHANNELS],
    /// Whether any of them reads the ledger.
    has_ledger: bool,
    /// Whether any of them asks what clients knew.
    has_sessions: bool,
    shared: Shared,
}

impl std::fmt::Debug for Bench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.checkers.iter().map(|checker| checker.name())).finish()
    }
}

impl Bench {
    /// A bench of these judges, under the default contract.
    pub fn new(checkers: Vec<Box<dyn Checker>>) -> Bench {
        Bench::under(Contract::default(), checkers)
    }

    /// A bench of these judges, under this contract.
    pub fn under(contract: Contract, checkers: Vec<Box<dyn Checker>>) -> Bench {
        let mut told: [Vec<u8>; CHANNELS] = Default::default();
        let (mut has_ledger, mut has_sessions) = (false, false);
        for (number, checker) in checkers.iter().enumerate() {
            let number = u8::try_from(number).expect("a bench has fewer than 256 judges");
            checker.facts().iter().for_each(|kind| told[*kind as usize].push(number));
            for topic in checker.topics() {
                match topic {
                    Topic::Clients => told[CLIENTS].push(number),
                    Topic::Replicas => told[REPLICAS].push(number),
                    Topic::Ledger => has_ledger = true,
                    Topic::Sessions => (has_ledger, has_sessions) = (true, true),
                }
            }
        }
        let shared = Shared { contract, ..Shared::default() };
        Bench { checkers, told, has_ledger, has_sessions, shared }
    }

    /// Tells every judge that looks at such a thing.
    pub fn observe(&mut self, at: Stamp, event: Event<'_>) {
        self.shared.disks.observe(event);
        if self.has_ledger {
            self.shared.ledger.observe(event, &self.shared.contract);
        }
        if self.has_sessions {
            let Shared { contract, ledger, sessions, .. } = &mut self.shared;
            sessions.observe(at, event, Source { ledger, contract });
        }
        for number in &self.told[channel(&event)] {
            self.checkers[usize::from(*number)].observe(at, event, &self.shared);
        }
    }

    /// Whether some judge is already certain of a violation.
    pub fn is_breached(&self) -> bool {
        self.checkers.iter().any(|checker| checker.is_breached())
    }

    /// What is durable right now.
    pub fn truth(&self) -> &DiskTruth {
        &self.shared.disks
    }

    /// The messages, counted by the judge that counts them.
    pub fn counts(&self) -> Counts {
        self.checkers.iter().find_map(|checker| checker.counts(&self.shared)).unwrap_or_default()
    }

    /// Asks every judge for its answer, in the order of the bench.
    pub fn finish(self) -> Vec<Judgement> {
        let shared = self.shared;
        self.checkers
            .into_iter()
            .map(|checker| Judgement {
                name: checker.name().to_owned(),
                permitted: checker.permitted(&shared),
                verdict: checker.finish(&shared),
            })
            .collect()
    }

    /// Judges a finished history.
    pub fn judge(mut self, history: &History) -> Vec<Judgement> {
        for (at, event) in events(history) {
            self.observe(at, event);
        }
        self.finish()
    }
}
