//! What a system promises, where systems differ. A rule that depends on it is a switch here, never a
//! silent omission: what is permitted is told with the verdict.

use crate::history::ReadLevel;
use serde::{Deserialize, Serialize};

/// The promises by which a history is judged. The default is what our own system promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Contract {
    /// Offsets may be missing from a log for ever: markers of transactions and compaction take
    /// them (Kafka). Otherwise an offset that nobody could have filled is an *offset_gap*.
    pub permits_gaps: bool,
    /// How fresh a poll is: a fetch says so itself, a poll does not. Kafka's is `eventual`.
    pub poll: ReadLevel,
    /// Retries of a producer that is not idempotent may each be appended.
    pub permits_retries: bool,
    /// A consumer whose partitions are managed by a group may skip and repeat records when it
    /// loses or gains a partition.
    pub permits_rebalance_skips: bool,
    /// A client that assigns itself a partition which it already reads keeps its place there
    /// (Kafka). Otherwise every assignment starts anew.
    pub keeps_positions: bool,
    /// How strictly transactions are isolated.
    pub isolation: Isolation,
    /// A `session` read may miss the causes of what its session saw, where they stand in another
    /// partition and only another client knew of them. A `linearizable` read never may.
    pub permits_causal_reversal: bool,
}

/// How strictly transactions are isolated, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Isolation {
    /// Readers may see messages of transactions that are open or were aborted.
    ReadUncommitted,
    /// Readers see only messages of committed transactions, and all or none of each.
    ReadCommitted,
    /// Transactions look as if one ran after another.
    Serializable,
}

impl Default for Contract {
    fn default() -> Contract {
        Contract {
            permits_gaps: false,
            poll: ReadLevel::Linearizable,
            permits_retries: true,
            permits_rebalance_skips: true,
            keeps_positions: false,
            isolation: Isolation::ReadCommitted,
            permits_causal_reversal: true,
        }
    }
}

impl Contract {
    /// What Kafka promises to a `read_committed` consumer and an idempotent producer.
    pub fn kafka() -> Contract {
        Contract {
            permits_gaps: true,
            poll: ReadLevel::Eventual,
            permits_retries: false,
            permits_rebalance_skips: true,
            keeps_positions: true,
            isolation: Isolation::ReadCommitted,
            permits_causal_reversal: true,
        }
    }
}
