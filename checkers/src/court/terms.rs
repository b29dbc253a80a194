//! The terms by which a history is judged: everything that two honest readers could take in two
//! ways is a choice here, with a default that is told, never an assumption.
//!
//! Somebody makes [`Choices`]; a model reads them only through [`Terms`], which keeps in mind what was
//! asked for. A choice that was made and that nobody asked for is an error: no flag does nothing.

use super::model::Model;
use crate::{
    contract::Contract,
    history::ReadLevel,
    invariants,
    linearizability::{Budget, Stop},
};
use std::{cell::RefCell, collections::BTreeSet};

/// What a read that came back with `nil` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Nil {
    /// It found nothing there.
    #[default]
    Absent,
    /// It says nothing, as Knossos takes it: a lost key looks the same as no answer.
    Unknown,
}

/// What a compare-and-set that failed says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailedCas {
    /// It found another value, at one moment (Porcupine's etcd model).
    Observed,
    /// It had no effect, and may have failed for any reason (Jepsen's `:fail`).
    Ignored,
}

/// What a register holds before anyone writes to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initial {
    /// Nothing: a read finds nil.
    #[default]
    Nothing,
    /// This value.
    Value(u64),
    /// One value that nobody wrote, or nothing; each key its own.
    Unknown,
}

/// What may be assumed of each key of transactions over registers, where their isolation does not
/// imply it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// A transaction's write of a key follows its read of it.
    pub write_after_read: bool,
    /// Each key keeps the order of each process.
    pub sequential: bool,
    /// Each key is linearizable.
    pub linearizable: bool,
}

/// Something that some systems permit and others do not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permit {
    /// Offsets that no record ever fills: markers of transactions and compaction take them.
    Gaps,
    /// A retried send may stand twice.
    Retries,
    /// A consumer may skip and repeat records when its group moves partitions.
    RebalanceSkips,
    /// A poll or a set's read may miss what was there before it began.
    StaleReads,
    /// An account may be overdrawn.
    NegativeBalances,
    /// A queue may hand out an element twice.
    Duplicates,
}

impl Permit {
    /// Every one.
    pub const ALL: [Permit; 6] = [
        Permit::Gaps,
        Permit::Retries,
        Permit::RebalanceSkips,
        Permit::StaleReads,
        Permit::NegativeBalances,
        Permit::Duplicates,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Permit::Gaps => "gaps",
            Permit::Retries => "retries",
            Permit::RebalanceSkips => "rebalance-skips",
            Permit::StaleReads => "stale-reads",
            Permit::NegativeBalances => "negative-balances",
            Permit::Duplicates => "duplicates",
        }
    }

    /// The one of this name, or which was probably meant.
    pub fn find(name: &str) -> Result<Permit, String> {
        let names = Permit::ALL.map(Permit::name);
        Permit::ALL.into_iter().find(|permit| permit.name() == name).ok_or_else(|| {
            format!("unknown permission `{name}` ({})", crate::nearest::did_you_mean(name, names))
        })
    }

    fn words(self, is_permitted: bool) -> String {
        let (permitted, refused) = match self {
            Permit::Gaps => ("offsets may be missing", "every offset below the end holds a record"),
            Permit::Retries => ("a retried send may stand twice", "a message stands once"),
            Permit::RebalanceSkips => (
                "consumers may skip and repeat when partitions move",
                "consumers go on where they were when partitions move",
            ),
            Permit::StaleReads => {
                ("reads may be stale", "reads see everything that was there before they began")
            }
            Permit::NegativeBalances => ("balances may be negative", "no balance is ever negative"),
            Permit::Duplicates => {
                ("an element may be handed out twice", "an element is handed out once")
            }
        };
        let words = if is_permitted { permitted } else { refused };
        format!("{words} ({})", self.flag(is_permitted))
    }

    fn flag(self, is_permitted: bool) -> String {
        let flag = if is_permitted { "permit" } else { "demand" };
        format!("--{flag} {}", self.name())
    }
}

/// The choices of one hearing. What was not chosen is the model's own default.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// What a read of `nil` says.
    pub nil: Option<Nil>,
    /// What a failed compare-and-set says; by default nothing, unless its own reason says it.
    pub failed_cas: Option<FailedCas>,
    /// What a register holds at first; by default nothing.
    pub initial: Option<Initial>,
    /// What each key of transactions keeps, whatever their isolation.
    pub keys: Keys,
    /// Whether only final reads owe everything that had come back; by default where the history
    /// marks some.
    pub is_eventual: bool,
    /// How strictly transactions must be isolated, by the field's name; none for the model's own.
    pub isolation: Option<String>,
    /// Permitted, whatever the model's default.
    pub permits: Vec<Permit>,
    /// Not permitted, whatever the model's default.
    pub demands: Vec<Permit>,
    /// How many steps a search for an order may take on each object.
    pub steps: Option<u64>,
    /// How many bytes such a search may hold.
    pub bytes: Option<u64>,
    /// Who may end such a search sooner.
    pub stop: Option<Stop>,
}

/// Flags of what keys keep.
const KEYS: [&str; 3] = ["--wfr-keys", "--sequential-keys", "--linearizable-keys"];

/// What a search may spend on each object by default.
const BUDGET: Budget = Budget::of(2_000_000_000, 2 << 30);

/// The choices as one model reads them.
#[derive(Debug)]
pub(super) struct Terms<'c> {
    choices: &'c Choices,
    /// Flags of choices that were asked for.
    heeded: RefCell<BTreeSet<String>>,
}

impl<'c> Terms<'c> {
    pub(super) fn of(choices: &'c Choices) -> Terms<'c> {
        Terms { choices, heeded: RefCell::default() }
    }

    fn heed<T>(&self, flag: &str, choice: T) -> T {
        if !self.heeded.borrow().contains(flag) {
            self.heeded.borrow_mut().insert(flag.to_owned());
        }
        choice
    }

    /// What a read of `nil` says.
    pub(super) fn nil(&self) -> Nil {
        self.heed("--nil", self.choices.nil.unwrap_or_default())
    }

    /// What a failed compare-and-set says, if somebody chose.
    pub(super) fn failed_cas(&self) -> Option<FailedCas> {
        self.heed("--failed-cas", self.choices.failed_cas)
    }

    /// What a register holds at first, where that is not nothing. That nobody knows it is no answer
    /// here, and nobody has asked for that.
    pub(super) fn initial(&self) -> Option<u64> {
        match self.heed("--initial", self.choices.initial) {
            Some(Initial::Value(value)) => Some(value),
            Some(Initial::Nothing | Initial::Unknown) | None => None,
        }
    }

    /// What each key holds at first.
    pub(super) fn initial_of_keys(&self) -> Initial {
        self.heed("--initial unknown", ());
        self.heed("--initial", self.choices.initial).unwrap_or_default()
    }

    /// What each key keeps, whatever the isolation.
    pub(super) fn keys(&self) -> Keys {
        KEYS.iter().for_each(|flag| self.heed(flag, ()));
        self.choices.keys
    }

    /// What reads owe, where some are marked as final or not, in words, added to `told`.
    pub(super) fn owed(&self, has_finals: bool, told: &mut Vec<String>) -> invariants::Contract {
        let is_eventual = self.heed("--eventual", self.choices.is_eventual);
        let finals = "only final reads owe all that had come back";
        match (is_eventual, has_finals) {
            (true, _) => told.push(format!("{finals} (--eventual)")),
            (false, true) => told.push(format!("{finals}: some reads are marked `:final?`")),
            (false, false) => {
                told.push("operations are linearizable (--eventual asks less)".to_owned())
            }
        }
        match is_eventual || has_finals {
            true => invariants::Contract::Eventual,
            false => invariants::Contract::Linearizable,
        }
    }

    /// How strictly transactions must be isolated, if somebody chose.
    pub(super) fn isolation(&self) -> Option<&'c str> {
        self.heed("--isolation", self.choices.isolation.as_deref())
    }

    /// What a search for an order may spend on each object.
    pub(super) fn budget(&self) -> Budget {
        let steps = self.heed("--steps", self.choices.steps).unwrap_or(BUDGET.steps);
        let bytes = self.heed("--memory-mib", self.choices.bytes).unwrap_or(BUDGET.bytes);
        let stop = self.heed("--timeout", self.choices.stop).unwrap_or_default();
        Budget { steps, bytes, stop }
    }

    /// # Errors
    ///
    /// A choice was made that this model never asked for: which, as a flag.
    pub(super) fn must_all_be_heeded(&self, model: Model) -> Result<(), String> {
        let Choices { nil, failed_cas, initial, keys, is_eventual, .. } = self.choices;
        let Choices { isolation, permits, demands, steps, bytes, stop, .. } = self.choices;
        let is_unknown = *initial == Some(Initial::Unknown);
        let Keys { write_after_read, sequential, linearizable } = *keys;
        let flag = |is_made: bool, flag: &str| is_made.then(|| flag.to_owned());
        let made = [
            flag(nil.is_some(), "--nil"),
            flag(failed_cas.is_some(), "--failed-cas"),
            flag(initial.is_some() && !is_unknown, "--initial"),
            flag(is_unknown, "--initial unknown"),
            flag(write_after_read, KEYS[0]),
            flag(sequential, KEYS[1]),
            flag(linearizable, KEYS[2]),
            flag(*is_eventual, "--eventual"),
            flag(isolation.is_some(), "--isolation"),
            flag(steps.is_some(), "--steps"),
            flag(bytes.is_some(), "--memory-mib"),
            flag(stop.is_some(), "--timeout"),
        ];
        let permits = permits.iter().map(|permit| permit.flag(true));
        let demands = demands.iter().map(|permit| permit.flag(false));
        let mut made = made.into_iter().flatten().chain(permits).chain(demands);
        match made.find(|flag| !self.heeded.borrow().contains(flag)) {
            Some(flag) => Err(format!("model `{}` has no use for {flag}", model.name())),
            None => Ok(()),
        }
    }

    /// Whether something is permitted, where the model's own answer is `default`; and the choice in
    /// words, added to `told`.
    pub(super) fn permits(&self, permit: Permit, default: bool, told: &mut Vec<String>) -> bool {
        let Choices { permits, demands, .. } = self.choices;
        let is_permitted = match (permits.contains(&permit), demands.contains(&permit)) {
            (true, false) => true,
            (false, true) => false,
            (false, false) | (true, true) => default,
        };
        told.push(permit.words(is_permitted));
        self.heed(&permit.flag(true), ());
        self.heed(&permit.flag(false), ());
        is_permitted
    }

    /// A log's contract under these terms.
    pub(super) fn contract(&self, default: Contract, told: &mut Vec<String>) -> Contract {
        let may_be_stale = default.poll == ReadLevel::Eventual;
        Contract {
            permits_gaps: self.permits(Permit::Gaps, default.permits_gaps, told),
            permits_retries: self.permits(Permit::Retries, default.permits_retries, told),
            permits_rebalance_skips: self.permits(
                Permit::RebalanceSkips,
                default.permits_rebalance_skips,
                told,
            ),
            poll: if self.permits(Permit::StaleReads, may_be_stale, told) {
                ReadLevel::Eventual
            } else {
                ReadLevel::Linearizable
            },
            ..default
        }
    }
}
