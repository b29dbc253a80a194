//! Faults and numbers in words, for plans, reports and errors: `isolate leader of p1`.

use crate::{
    fault::{Fault, Target},
    plan::{Node, Plan},
};
use std::fmt;

impl Plan {
    /// A fault in words, with its region by name: `cut the power of region us-east`.
    pub fn words(&self, fault: &Fault) -> String {
        let words = fault.to_string();
        match fault.target() {
            Some(target @ Target::Region(region)) => match self.regions.get(*region as usize) {
                Some(name) => words.replacen(&target.to_string(), &format!("region {name}"), 1),
                None => words,
            },
            Some(Target::Node(_) | Target::Leader(_) | Target::Follower { .. } | Target::All)
            | None => words,
        }
    }
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
        }
    }
}

/// In words: `isolate leader of p1`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Partition { a, b } => write!(f, "partition {} | {}", Nodes(a), Nodes(b)),
            Fault::OneWay { from, to } => {
                write!(f, "{} not heard by {}", Nodes(from), Nodes(to))
            }
            Fault::Isolate { target, clients: false } => write!(f, "isolate {target}"),
            Fault::Isolate { target, clients: true } => {
                write!(f, "isolate {target}, from clients too")
            }
            Fault::CutClient { client } => write!(f, "cut client {client} off"),
            Fault::Loss { ppm } => write!(f, "lose {} of frames", Share(*ppm)),
            Fault::Duplicate { ppm } => write!(f, "duplicate {} of frames", Share(*ppm)),
            Fault::Reorder { ppm } => write!(f, "reorder {} of frames", Share(*ppm)),
            Fault::Tail { ppm, us } => {
                write!(f, "delay {} of frames by up to {}", Share(*ppm), Span(*us))
            }
            Fault::Crash { target } => write!(f, "crash {target}"),
            Fault::PowerLoss { target } => write!(f, "cut the power of {target}"),
            Fault::Pause { target } => write!(f, "pause {target}"),
            Fault::RestartStorm { target, up_ms, down_ms } => write!(
                f,
                "restart {target} again and again, {} up, {} down",
                Span::of_ms(*up_ms),
                Span::of_ms(*down_ms)
            ),
            Fault::SlowDisk { target, factor } => write!(f, "slow the disk of {target} {factor}x"),
            Fault::FsyncError { target } => write!(f, "fail flushes of {target}"),
            Fault::ClockOffset { target, ms } => {
                write!(f, "set the clock of {target} off by {}", Signed(*ms))
            }
            Fault::ClockDrift { target, ppm } => {
                write!(f, "let the clocks of {target} drift by {ppm} ppm")
            }
            Fault::ClockJump { target, ms } => {
                write!(f, "let the clock of {target} jump by {}", Signed(*ms))
            }
        }
    }
}

/// Nodes as `n1 n2 n3`, the middle of long lists elided.
pub(crate) struct Nodes<'a>(pub(crate) &'a [Node]);

impl fmt::Display for Nodes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, node) in self.0.iter().take(NODES_SHOWN).enumerate() {
            write!(f, "{}n{node}", if place == 0 { "" } else { " " })?;
        }
        match self.0.len().checked_sub(NODES_SHOWN + 1) {
            Some(more) => write!(f, " and {} more", more + 1),
            None => Ok(()),
        }
    }
}

const NODES_SHOWN: usize = 6;

/// A share in percent, exactly.
pub(crate) struct Share(pub(crate) u32);

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.0 / 10_000, self.0 % 10_000);
        match rest {
            0 => write!(f, "{whole}%"),
            _ => write!(f, "{whole}.{}%", format!("{rest:04}").trim_end_matches('0')),
        }
    }
}

/// A duration, handed over in microseconds, in the largest unit that keeps three digits after the
/// point.
pub(crate) struct Span(pub(crate) u64);

impl Span {
    /// The same in milliseconds.
    pub(crate) fn of_ms(ms: u64) -> Span {
        Span(ms.saturating_mul(1_000))
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, name) = match self.0 {
            0..1_000 => (1, "us"),
            1_000..1_000_000 => (1_000, "ms"),
            1_000_000..120_000_000 => (1_000_000, "s"),
            120_000_000..7_200_000_000 => (60_000_000, "min"),
            _ => (3_600_000_000, "h"),
        };
        let (whole, rest) = (self.0 / unit, (self.0 % unit) * 1_000 / unit);
        match rest {
            0 => write!(f, "{whole} {name}"),
            _ => write!(f, "{whole}.{} {name}", format!("{rest:03}").trim_end_matches('0')),
        }
    }
}

/// Milliseconds either way, as a [`Span`] with its sign.
struct Signed(i64);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "+" };
        write!(f, "{sign}{}", Span::of_ms(self.0.unsigned_abs()))
    }
}
