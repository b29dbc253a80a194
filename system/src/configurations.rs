//! The configurations of a group, by index: each is in force from the moment that the log holds the entry
//! which brought it, committed or not (Ongaro 4.1), and is taken back if that entry is cut. The first is
//! that of the group's founding, at index 0.

use crate::{quorum::Config, types::Index};

/// Who counted when, and who counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Configurations {
    founding: Config,
    /// In order of index.
    changes: Vec<(Index, Config)>,
}

impl Configurations {
    /// Those of a new group.
    pub fn founded(config: Config) -> Configurations {
        Configurations { founding: config, changes: Vec::new() }
    }

    /// The one that is in force at the log's end: by it votes and copies are counted.
    pub fn newest(&self) -> &Config {
        self.changes.last().map_or(&self.founding, |(_, config)| config)
    }

    /// From this index on the newest is in force.
    pub fn since(&self) -> Index {
        self.changes.last().map_or(0, |(index, _)| *index)
    }

    /// The log holds a change at this index.
    ///
    /// # Panics
    /// If it is not behind the one before.
    pub fn change(&mut self, index: Index, config: Config) {
        let since = self.since();
        assert!(index > since, "a configuration at {index} follows one at {since}");
        self.changes.push((index, config));
    }

    /// The log ends at `last` now: what stood above is taken back.
    pub fn cut(&mut self, last: Index) {
        let kept = self.changes.partition_point(|(index, _)| *index <= last);
        self.changes.truncate(kept);
        let since = self.since();
        assert!(since <= last, "a configuration of {since} is left, the log was cut at {last}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quorum::Voter;
    use proptest::prelude::*;

    fn config(node: u32) -> Config {
        let voters = vec![Voter { node, region: 0 }];
        Config { voters, learners: vec![], write_quorum: 1, election_quorum: 1 }
    }

    proptest! {
        #[test]
        fn the_newest_is_the_last_that_no_cut_took_back(
            moves in proptest::collection::vec((any::<bool>(), 1u64..6), 0..40),
        ) {
            let mut configurations = Configurations::founded(config(0));
            // The twin: what each index of the log brought, if anything.
            let mut twin: Vec<Option<u32>> = vec![Some(0)];
            for (number, (is_cut, by)) in (1..).zip(moves) {
                if is_cut {
                    let last = (twin.len() as u64 - 1).saturating_sub(by);
                    twin.truncate(last as usize + 1);
                    configurations.cut(last);
                } else {
                    twin.extend((1..by).map(|_| None).chain([Some(number)]));
                    configurations.change(twin.len() as u64 - 1, config(number));
                }
                let since = twin.iter().rposition(Option::is_some).unwrap();
                prop_assert_eq!(configurations.since(), since as u64);
                prop_assert_eq!(configurations.newest(), &config(twin[since].unwrap()));
            }
        }
    }
}
