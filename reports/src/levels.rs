//! What acknowledgement and read levels promise, and what they may lose: the clause that a violation
//! is told beside, and the table of every page.

/// A level and its promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Level {
    /// Its name, as in scenarios.
    pub name: &'static str,
    /// When an answer comes.
    pub answered: &'static str,
    /// What the answer promises.
    pub promises: &'static str,
    /// What may be lost all the same, or be missed.
    pub may_lose: &'static str,
}

/// Acknowledgement levels, weakest first.
pub const ACKS: [Level; 4] = [
    Level {
        name: "none",
        answered: "at once",
        promises: "nothing",
        may_lose: "any message, at any time",
    },
    Level {
        name: "leader",
        answered: "when the leader has flushed it",
        promises: "it survives restarts of that leader, if it stays leader or its log wins",
        may_lose: "what was not replicated when another leader took over",
    },
    Level {
        name: "quorum",
        answered: "when a write quorum of voters has flushed it",
        promises: "it survives any pattern of crashes, power losses and partitions",
        may_lose: "nothing",
    },
    Level {
        name: "region_quorum",
        answered: "when a write quorum in at least two regions has flushed it",
        promises: "it survives the same, and the destruction of any one region",
        may_lose: "nothing, unless two regions are destroyed at once",
    },
];

/// Read levels, weakest first.
pub const READS: [Level; 2] = [
    Level {
        name: "eventual",
        answered: "by any replica, up to what it knows to be committed",
        promises: "a prefix of the log, and nothing that is not committed",
        may_lose: "what is newer than that replica knows",
    },
    Level {
        name: "linearizable",
        answered: "by the leader, after its voters confirmed that it still leads",
        promises: "the log at some moment between question and answer",
        may_lose: "nothing",
    },
];

/// The acknowledgement level of this name.
pub(crate) fn acks(name: &str) -> Option<&'static Level> {
    ACKS.iter().find(|level| level.name == name)
}
