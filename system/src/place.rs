//! Where a group stands: told in the frames that create and list partitions, kept in metadata and as the
//! first record of each log, always in the same bytes (docs/FORMAT.md).

use crate::{
    codec::{Field, Malformed, Reader, Writer},
    quorum::{Config, Voter},
    types::GroupId,
};

/// A partition and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its group.
    pub group: GroupId,
    /// Which life of it.
    pub incarnation: u64,
    /// Who holds it.
    pub config: Config,
}

impl Place {
    /// Lays it down behind what is there.
    pub(crate) fn put_to(&self, out: &mut Vec<u8>) {
        let mut writer = Writer { head: out, bodies: &mut Vec::new() };
        self.clone().put(&mut writer);
    }

    /// Reads places that stand one after another to the end.
    pub(crate) fn all(bytes: &[u8]) -> Result<Vec<Place>, Malformed> {
        let mut reader = Reader::of(bytes);
        let mut places = Vec::new();
        while !reader.is_at_end() {
            places.push(Place::get(&mut reader)?);
        }
        Ok(places)
    }
}

impl Field for Place {
    fn put(self, out: &mut Writer<'_>) {
        let Config { voters, learners, write_quorum, election_quorum } = self.config;
        self.group.put(out);
        self.incarnation.put(out);
        write_quorum.put(out);
        election_quorum.put(out);
        (voters.len() as u32).put(out);
        (learners.len() as u32).put(out);
        for Voter { node, region } in voters {
            node.put(out);
            region.put(out);
        }
        learners.into_iter().for_each(|learner| learner.put(out));
    }

    fn get(from: &mut Reader<'_>) -> Result<Place, Malformed> {
        let (group, incarnation) = (u32::get(from)?, u64::get(from)?);
        let (write_quorum, election_quorum) = (u32::get(from)?, u32::get(from)?);
        let (voters, learners) = (from.count()?, from.count()?);
        let voters = (0..voters)
            .map(|_| Ok(Voter { node: u32::get(from)?, region: u32::get(from)? }))
            .collect::<Result<_, Malformed>>()?;
        let learners = (0..learners).map(|_| u32::get(from)).collect::<Result<_, _>>()?;
        let config = Config { voters, learners, write_quorum, election_quorum };
        Ok(Place { group, incarnation, config })
    }
}
