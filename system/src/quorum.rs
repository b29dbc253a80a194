//! Who counts, and how many are enough: arithmetic over a group's configuration, checked against a
//! dumb twin. Flexible quorums (Howard 2016): writes and elections may ask for different numbers as
//! long as every write quorum meets every election quorum.

use crate::types::{Index, NodeId, RegionId};

/// A voter and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Voter {
    /// Which node.
    pub node: NodeId,
    /// Its region.
    pub region: RegionId,
}

/// A group's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Who counts. The first is preferred as leader.
    pub voters: Vec<Voter>,
    /// Who receives the log and never counts.
    pub learners: Vec<NodeId>,
    /// Flushed copies that commit an entry.
    pub write_quorum: u32,
    /// Votes that elect a leader.
    pub election_quorum: u32,
}

/// Regions that a `region_quorum` acknowledgement must span (messaging.md 3.3).
pub const REGION_SPREAD: usize = 2;

impl Config {
    /// Why this configuration would be unsafe, if it is.
    pub fn refuse(&self) -> Option<String> {
        let n = self.voters.len() as u32;
        let (write, elect) = (self.write_quorum, self.election_quorum);
        if n == 0 {
            return Some("a group needs a voter".into());
        }
        if write > n || elect > n || write == 0 || elect == 0 {
            return Some(format!("quorums {write} and {elect} must be between 1 and {n} voters"));
        }
        if write + elect <= n {
            return Some(format!(
                "write quorum {write} and election quorum {elect} need not meet among {n} voters"
            ));
        }
        if 2 * elect <= n {
            return Some(format!("two leaders could win {elect} of {n} votes each"));
        }
        None
    }

    /// Whether this node counts.
    pub fn is_voter(&self, node: NodeId) -> bool {
        self.voters.iter().any(|voter| voter.node == node)
    }

    /// Whether this node receives the log.
    pub fn is_member(&self, node: NodeId) -> bool {
        self.is_voter(node) || self.learners.contains(&node)
    }

    /// Everyone who receives the log, but this node.
    pub fn peers_of(&self, node: NodeId) -> impl Iterator<Item = NodeId> + '_ {
        let voters = self.voters.iter().map(|voter| voter.node);
        voters.chain(self.learners.iter().copied()).filter(move |peer| *peer != node)
    }

    /// Nodes that must confirm a leader before it serves a linearizable read: they meet every election
    /// quorum (S33).
    pub fn read_quorum(&self) -> usize {
        let (voters, elect) = (self.voters.len(), self.election_quorum as usize);
        assert!(elect <= voters, "{elect} of {voters} votes elect");
        voters - elect + 1
    }

    /// The highest index that a write quorum has flushed, given what each voter has, in the order of
    /// `voters` (S11).
    pub fn quorum_index(&self, flushed: &[Index]) -> Index {
        self.spread_index(flushed, 1)
    }

    /// The highest index that a write quorum in at least `spread` regions has flushed (J4). 0 if the
    /// voters stand in fewer regions.
    pub fn spread_index(&self, flushed: &[Index], spread: usize) -> Index {
        assert_eq!(flushed.len(), self.voters.len(), "one flushed index for each voter");
        assert!(self.write_quorum > 0, "a write quorum of nobody");
        let mut best = 0;
        // A handful of voters: try each of their indexes as the answer.
        for candidate in flushed {
            if *candidate <= best {
                continue;
            }
            let (mut copies, mut regions) = (0, 0u64);
            for (voter, index) in self.voters.iter().zip(flushed) {
                if index >= candidate {
                    copies += 1;
                    regions |= 1 << (voter.region % 64);
                }
            }
            if copies >= self.write_quorum && regions.count_ones() as usize >= spread {
                best = *candidate;
            }
        }
        best
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config(regions: &[RegionId], write_quorum: u32) -> Config {
        let n = regions.len() as u32;
        Config {
            voters: regions
                .iter()
                .zip(1..)
                .map(|(region, node)| Voter { node, region: *region })
                .collect(),
            learners: vec![],
            write_quorum,
            election_quorum: (n - write_quorum + 1).max(n / 2 + 1),
        }
    }

    /// The twin: every subset of voters that is a quorum, and the least index in it.
    fn twin(config: &Config, flushed: &[Index], spread: usize) -> Index {
        let n = config.voters.len();
        let mut best = 0;
        for subset in 0u32..1 << n {
            let members: Vec<usize> = (0..n).filter(|i| subset & (1 << i) != 0).collect();
            let mut regions: Vec<_> = members.iter().map(|i| config.voters[*i].region).collect();
            regions.sort_unstable();
            regions.dedup();
            if members.len() as u32 >= config.write_quorum && regions.len() >= spread {
                best = best.max(members.iter().map(|i| flushed[*i]).min().unwrap_or(0));
            }
        }
        best
    }

    proptest! {
        #[test]
        fn quorum_indexes_equal_the_twin(
            members in proptest::collection::vec((0u32..3, 0u64..6), 1..8),
            write in 1u32..8, spread in 1usize..4,
        ) {
            let regions: Vec<_> = members.iter().map(|m| m.0).collect();
            let flushed: Vec<_> = members.iter().map(|m| m.1).collect();
            let config = config(&regions, write.min(members.len() as u32));
            prop_assert_eq!(config.spread_index(&flushed, spread), twin(&config, &flushed, spread));
        }

        #[test]
        fn an_accepted_configuration_has_intersecting_quorums(
            n in 1u32..8, write in 0u32..9, elect in 0u32..9,
        ) {
            let mut config = config(&vec![0; n as usize], 1);
            (config.write_quorum, config.election_quorum) = (write, elect);
            let subsets = |size: u32| (0u32..1 << n).filter(move |s| s.count_ones() == size);
            let meets = (1..=n).contains(&write) && (1..=n).contains(&elect)
                && subsets(write).all(|w| subsets(elect).all(|e| w & e != 0))
                && subsets(elect).all(|a| subsets(elect).all(|b| a & b != 0));
            prop_assert_eq!(config.refuse().is_none(), meets);
        }
    }

    #[test]
    fn in_3_1_1_three_copies_in_one_region_commit_but_do_not_span() {
        let config = config(&[0, 0, 0, 1, 2], 3);
        let flushed = [9, 9, 9, 4, 2];
        assert_eq!(config.quorum_index(&flushed), 9);
        assert_eq!(config.spread_index(&flushed, REGION_SPREAD), 4);
    }
}
