//! Something that happens in a run, at which a fault may strike: bugs live where one thing meets another,
//! and a time on the clock meets them by luck only.

use crate::names;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, SeqAccess, Visitor},
};
use std::fmt;

/// Something that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// A replica begins to ask for votes.
    Candidate,
    /// A replica comes to lead.
    Elected,
    /// A leader ceases to lead.
    Deposed,
    /// A replica learns that more is committed.
    Committed,
    /// A cut of a replica's log is durable.
    Truncated,
    /// A node begins a flush.
    FlushBegun,
    /// A node's flush ends well.
    FlushEnded,
    /// A node begins a file: a segment rolls, or a group is born.
    FileBegun,
    /// A process starts.
    Started,
    /// A client is refused. It happens to no node.
    Refused,
}

impl Occasion {
    /// Every one.
    pub const ALL: [Occasion; 10] = [
        Occasion::Candidate,
        Occasion::Elected,
        Occasion::Deposed,
        Occasion::Committed,
        Occasion::Truncated,
        Occasion::FlushBegun,
        Occasion::FlushEnded,
        Occasion::FileBegun,
        Occasion::Started,
        Occasion::Refused,
    ];

    /// Its name in scenarios and plans.
    pub fn name(self) -> &'static str {
        match self {
            Occasion::Candidate => "candidate",
            Occasion::Elected => "elected",
            Occasion::Deposed => "deposed",
            Occasion::Committed => "committed",
            Occasion::Truncated => "truncated",
            Occasion::FlushBegun => "flush_begun",
            Occasion::FlushEnded => "flush_ended",
            Occasion::FileBegun => "file_begun",
            Occasion::Started => "started",
            Occasion::Refused => "refused",
        }
    }

    /// Whether it happens to a node, which may then be meant by `there`.
    pub fn is_at_a_node(self) -> bool {
        self != Occasion::Refused
    }
}

impl fmt::Display for Occasion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Reads one, or a list of them.
pub(crate) fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Occasion>, D::Error> {
    deserializer.deserialize_any(Occasions)
}

struct Occasions;

impl<'de> Visitor<'de> for Occasions {
    type Value = Vec<Occasion>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an occasion such as \"elected\", or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<Occasion>, E> {
        let found = Occasion::ALL.into_iter().find(|occasion| occasion.name() == text);
        let names = Occasion::ALL.map(Occasion::name);
        let found = found.ok_or_else(|| E::custom(names::unknown("occasion", text, &names)))?;
        Ok(vec![found])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Occasion>, A::Error> {
        let mut found = Vec::new();
        while let Some(name) = list.next_element::<String>()? {
            found.append(&mut Occasions.visit_str(&name)?);
        }
        Ok(found)
    }
}

/// When a fault strikes that does not strike by the clock: from its time on, at the n-th of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// What must happen.
    pub what: Occasion,
    /// How often, from 1.
    pub nth: u32,
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.nth {
            1 => write!(f, "{}", self.what),
            nth => write!(f, "{} {nth} times", self.what),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_occasion_is_read_by_its_name() {
        for occasion in Occasion::ALL {
            let read: Occasion =
                serde_json::from_value(occasion.name().into()).expect("its own name");
            assert_eq!(read, occasion);
        }
    }
}
