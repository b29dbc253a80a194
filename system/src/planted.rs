//! Bugs that can be switched on by name, each from a real incident (messaging.md 2), to prove that
//! judges can see. Off, a plant costs one comparison.

/// A planted bug.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plant {
    /// A7, openraft@ee460f37: the answer to an append leaves before its flush has ended.
    AckBeforeFlush,
    /// C1, nats-server@c8687fc4d: entries of earlier terms commit by counting copies (Raft Figure 8).
    CommitPreviousTerm,
    /// C12, KIP-101 (KAFKA-1211): a restarting replica cuts its log to its own stale commit hint.
    TruncateToCommitOnRestart,
}

impl Plant {
    /// Every plant.
    pub const ALL: [Plant; 3] =
        [Plant::AckBeforeFlush, Plant::CommitPreviousTerm, Plant::TruncateToCommitOnRestart];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Plant::AckBeforeFlush => "ack_before_flush",
            Plant::CommitPreviousTerm => "commit_previous_term",
            Plant::TruncateToCommitOnRestart => "truncate_to_commit_on_restart",
        }
    }

    /// The plant of this name.
    pub fn named(name: &str) -> Option<Plant> {
        Plant::ALL.into_iter().find(|plant| plant.name() == name)
    }
}

/// Which plant is on, and how often its site did something that the honest code would not have done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Planted {
    active: Option<Plant>,
    hits: u64,
}

impl Planted {
    /// This plant, switched on.
    pub fn with(plant: Plant) -> Planted {
        Planted { active: Some(plant), hits: 0 }
    }

    /// Whether the site of this plant misbehaves here. Counts the hit.
    pub(crate) fn bites(&mut self, plant: Plant) -> bool {
        let bites = self.active == Some(plant);
        self.hits += u64::from(bites);
        bites
    }

    /// The plant that is on, and how often its site misbehaved.
    pub fn hits(&self) -> Option<(Plant, u64)> {
        self.active.map(|plant| (plant, self.hits))
    }
}
