//! Who there is, as a person wrote it: regions, nodes, partitions and their quorums.

use crate::units::{Count, Micros, Millis, Ppm, Range};
use serde::{Deserialize, Serialize};

/// One value, or a list of which a seed draws one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "expected a text such as \"2/2/1\", or a list of them")]
pub enum OneOf {
    /// This one.
    One(String),
    /// One of these.
    Many(Vec<String>),
}

impl OneOf {
    /// All that may be drawn.
    pub fn all(&self) -> &[String] {
        match self {
            OneOf::One(one) => std::slice::from_ref(one),
            OneOf::Many(many) => many,
        }
    }
}

/// Who there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// Names of the regions.
    pub regions: Vec<String>,
    /// Nodes in each region, such as `2/2/1`.
    pub layout: OneOf,
    /// Voters of a partition in each region, where they are fewer than the nodes. Partitions turn
    /// them over regions and nodes.
    pub voters: Option<String>,
    /// Nodes beyond the voters of `layout`, one to a region in turn, where `voters` is not said. They learn
    /// metadata, and hold no partition.
    pub spare: Range<Count>,
    /// Partitions.
    pub partitions: Range<Count>,
    /// How many of them, the last ones, are created during trouble; one at least stands at boot.
    pub late: Range<Count>,
    /// When they are created, from the begin of trouble; not said: any time in its first three quarters.
    pub late_at: Option<Range<Millis>>,
    /// Flushed copies that commit an entry; a majority of the voters if not said.
    pub write_quorum: Option<Range<Count>>,
    /// Votes that elect a leader; a majority of the voters if not said.
    pub election_quorum: Option<Range<Count>>,
    /// Seeds whose quorums are any pair that is sound, where none is said; all others have majorities.
    pub flexible: Range<Ppm>,
    /// One-way latency, `latency[from][to]` by region. Not said: 0.5 ms inside, 30 ms between the
    /// first two regions, 40 ms elsewhere.
    pub latency: Option<Vec<Vec<Range<Micros>>>>,
}

impl Default for Cluster {
    fn default() -> Cluster {
        Cluster {
            regions: ["us-east", "eu-west", "ap-south"].map(str::to_owned).to_vec(),
            layout: OneOf::One("2/2/1".to_owned()),
            voters: None,
            spare: Range::one(0),
            partitions: Range::one(2),
            late: Range::one(0),
            late_at: None,
            write_quorum: None,
            election_quorum: None,
            flexible: Range::one(0),
            latency: None,
        }
    }
}
