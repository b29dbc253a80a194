//! Whom a fault strikes: decided but for the role itself, which is looked up when it strikes.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A node's number, from 1.
pub type Node = u32;

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Target {
    /// This node.
    Node(Node),
    /// Whoever leads this partition when the fault strikes.
    Leader(u32),
    /// A voter of this partition that does not lead it: the `rank`-th by node number, from 0.
    Follower {
        /// Which partition.
        partition: u32,
        /// Which of its followers.
        rank: u32,
    },
    /// Every node of this region.
    Region(u32),
    /// Every node.
    All,
    /// The node to which that happened at which the fault strikes.
    There,
}

/// In words that complete a sentence: `leader of p1`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Node(node) => write!(f, "n{node}"),
            Target::Leader(partition) => write!(f, "leader of p{partition}"),
            Target::Follower { partition, rank } => write!(f, "follower {rank} of p{partition}"),
            Target::Region(region) => write!(f, "region {region}"),
            Target::All => write!(f, "all"),
            Target::There => write!(f, "whom it happened to"),
        }
    }
}
