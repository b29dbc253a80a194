//! Numbers and nodes in words, for plans, reports and errors.

use crate::plan::Node;
use std::fmt;

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
pub(crate) struct Signed(pub(crate) i64);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "+" };
        write!(f, "{sign}{}", Span::of_ms(self.0.unsigned_abs()))
    }
}

/// Bytes in the largest binary unit that keeps them whole.
pub(crate) struct Bytes(pub(crate) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(30, "GiB"), (20, "MiB"), (10, "KiB")];
        let fits = |(shift, _): &(u32, &str)| self.0 > 0 && self.0.is_multiple_of(1 << shift);
        match units.into_iter().find(fits) {
            Some((shift, name)) => write!(f, "{} {name}", self.0 >> shift),
            None => write!(f, "{} bytes", self.0),
        }
    }
}
