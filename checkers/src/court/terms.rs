//! The terms by which a history is judged: everything that two honest readers could take in two
//! ways is a choice here, with a default that is told, never an assumption.

use crate::{contract::Contract, history::ReadLevel, invariants, linearizability::Budget};

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
            format!("unknown permission `{name}` ({})", super::did_you_mean(name, &names))
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
        let (flag, words) = if is_permitted { ("permit", permitted) } else { ("demand", refused) };
        format!("{words} (--{flag} {})", self.name())
    }
}

/// The choices of one hearing.
#[derive(Clone, Debug)]
pub struct Terms {
    /// What a read of `nil` says.
    pub nil: Nil,
    /// What a failed compare-and-set says; none for what its format is known for.
    pub failed_cas: Option<FailedCas>,
    /// What a register holds at first.
    pub initial: Initial,
    /// What each key of transactions keeps, whatever their isolation.
    pub keys: Keys,
    /// Whether only final reads owe everything that had come back; none where the history says it.
    pub is_eventual: bool,
    /// How strictly transactions must be isolated, by the field's name; none for the model's own.
    pub isolation: Option<String>,
    /// Permitted, whatever the model's default.
    pub permits: Vec<Permit>,
    /// Not permitted, whatever the model's default.
    pub demands: Vec<Permit>,
    /// What a search for an order may spend on each object.
    pub budget: Budget,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            nil: Nil::default(),
            failed_cas: None,
            initial: Initial::default(),
            keys: Keys::default(),
            is_eventual: false,
            isolation: None,
            permits: Vec::new(),
            demands: Vec::new(),
            budget: Budget::of(2_000_000_000, 2 << 30),
        }
    }
}

impl Terms {
    /// What reads owe, where some are marked as final or not, in words, added to `told`.
    pub(super) fn owed(&self, has_finals: bool, told: &mut Vec<String>) -> invariants::Contract {
        let finals = "only final reads owe all that had come back";
        match (self.is_eventual, has_finals) {
            (true, _) => told.push(format!("{finals} (--eventual)")),
            (false, true) => told.push(format!("{finals}: some reads are marked `:final?`")),
            (false, false) => told.push("operations are linearizable".to_owned()),
        }
        match self.is_eventual || has_finals {
            true => invariants::Contract::Eventual,
            false => invariants::Contract::Linearizable,
        }
    }

    /// What a register of which there is one holds at first; an error if no one is to say.
    pub(super) fn known_initial(&self) -> Result<Option<u64>, String> {
        match self.initial {
            Initial::Nothing => Ok(None),
            Initial::Value(value) => Ok(Some(value)),
            Initial::Unknown => Err("`--initial unknown` is for transactions over registers \
                                     (`rw-register`)"
                .to_owned()),
        }
    }

    /// Whether something is permitted, where the model's own answer is `default`; and the choice in
    /// words, added to `told`.
    pub(super) fn permits(&self, permit: Permit, default: bool, told: &mut Vec<String>) -> bool {
        let is_permitted = match (self.permits.contains(&permit), self.demands.contains(&permit)) {
            (true, false) => true,
            (false, true) => false,
            (false, false) | (true, true) => default,
        };
        told.push(permit.words(is_permitted));
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
