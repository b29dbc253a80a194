//! Who is meant, as people write it: `"n3"`, `"any leader"`, `"follower of p2"`, `"region
//! us-east"`. What is left open (*any*, which follower) is drawn, so that a plan holds a [`Target`]
//! and nothing open but the role itself.
//!
//! [`Target`]: crate::Target

use crate::{names::nearest, plan::Node};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// Who is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// `n3`: this node.
    Node(Node),
    /// `any node`.
    AnyNode,
    /// `leader of p1`: whoever leads it when the fault strikes.
    Leader(u32),
    /// `any leader`: the leader of some partition.
    AnyLeader,
    /// `follower of p1`, or `follower 0 of p1` for the one with the lowest node number.
    Follower {
        /// Which partition.
        partition: u32,
        /// Which of its followers; none: any.
        rank: Option<u32>,
    },
    /// `any follower`: of some partition.
    AnyFollower,
    /// `region us-east`: every node of it.
    Region(String),
    /// `any region`.
    AnyRegion,
    /// `all`: every node.
    All,
    /// `there`: the node to which that happened at which the fault strikes.
    There,
}

const FORMS: [&str; 10] = [
    "n1",
    "any node",
    "leader of p1",
    "any leader",
    "follower of p1",
    "any follower",
    "region <name>",
    "any region",
    "all",
    "there",
];

impl FromStr for Who {
    type Err = String;

    fn from_str(text: &str) -> Result<Who, String> {
        let words: Vec<&str> = text.split(' ').collect();
        let found = match words.as_slice() {
            ["all"] => Some(Who::All),
            ["there"] => Some(Who::There),
            ["any", "node"] => Some(Who::AnyNode),
            ["any", "leader"] => Some(Who::AnyLeader),
            ["any", "follower"] => Some(Who::AnyFollower),
            ["any", "region"] => Some(Who::AnyRegion),
            ["region", name] if !name.is_empty() => Some(Who::Region((*name).to_owned())),
            ["leader", "of", p] => number(p, 'p').map(Who::Leader),
            ["follower", "of", p] => {
                number(p, 'p').map(|partition| Who::Follower { partition, rank: None })
            }
            ["follower", rank, "of", p] => number(p, 'p').and_then(|partition| {
                Some(Who::Follower { partition, rank: Some(rank.parse().ok()?) })
            }),
            [node] => number(node, 'n').map(Who::Node),
            _ => None,
        };
        found.ok_or_else(|| match nearest(text, FORMS) {
            Some(form) => format!("unknown target \"{text}\" (did you mean \"{form}\"?)"),
            None => format!("unknown target \"{text}\" (expected one of: {})", FORMS.join(", ")),
        })
    }
}

fn number(text: &str, prefix: char) -> Option<u32> {
    let digits = text.strip_prefix(prefix)?;
    if !digits.starts_with(|first: char| first.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Who::Node(node) => write!(f, "n{node}"),
            Who::AnyNode => write!(f, "any node"),
            Who::Leader(partition) => write!(f, "leader of p{partition}"),
            Who::AnyLeader => write!(f, "any leader"),
            Who::Follower { partition, rank: None } => write!(f, "follower of p{partition}"),
            Who::Follower { partition, rank: Some(rank) } => {
                write!(f, "follower {rank} of p{partition}")
            }
            Who::AnyFollower => write!(f, "any follower"),
            Who::Region(name) => write!(f, "region {name}"),
            Who::AnyRegion => write!(f, "any region"),
            Who::All => write!(f, "all"),
            Who::There => write!(f, "there"),
        }
    }
}

impl Serialize for Who {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Who {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Who, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_reads_back_as_written() {
        for form in FORMS.into_iter().chain(["follower 2 of p3", "n17", "region ap-south"]) {
            assert_eq!(form.parse::<Who>().map(|who| who.to_string()), Ok(form.to_owned()));
        }
    }

    #[test]
    fn a_slip_is_answered_with_the_nearest_form() {
        assert_eq!(
            "any leadr".parse::<Who>(),
            Err("unknown target \"any leadr\" (did you mean \"any leader\"?)".to_owned())
        );
        for bad in ["", "n", "n-1", "n+1", "leader of 1", "p1", "region ", "any  node"] {
            assert!(bad.parse::<Who>().is_err(), "{bad} was read");
        }
    }
}
