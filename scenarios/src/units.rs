//! Numbers as people write them: `"300ms"`, `"100/s"`, `"1%"`, and ranges `["2s", "10s"]` from
//! which a seed draws. Every number of a scenario is a [`Range`] of some unit; one value is a range
//! of one.
//!
//! Nothing is rounded in silence where it could be exact: `"0.3us"` is refused, not 0. What a
//! single number cannot know (does it fit the cluster?) is asked in `check`.

use crate::random::Stream;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};
use std::{fmt, marker::PhantomData};

/// What a number counts, and how people write it.
pub trait Unit {
    /// Completes "expected ...".
    const EXPECTED: &'static str;
    /// The least value.
    const MIN: i64 = 0;
    /// The greatest value.
    const MAX: i64;
    /// Suffixes with numerator and denominator: `text * numerator / denominator` is the value.
    const SUFFIXES: &'static [(&'static str, i64, i64)];
    /// Whether a bare TOML integer is a value.
    const BARE: bool;
    /// Whether a value between two whole ones is taken as the nearest (rates per minute).
    const ROUNDED: bool = false;
}

macro_rules! units {
    ($($(#[$doc:meta])* $name:ident { $($body:tt)* })*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $name;
        impl Unit for $name { $($body)* }
    )* };
}

const DAY_MS: i64 = 86_400_000;

units! {
    /// Milliseconds, written as a duration.
    Millis {
        const EXPECTED: &'static str = "a duration such as \"300ms\", \"5s\", \"10m\" or \"4h\"";
        const MAX: i64 = 30 * DAY_MS;
        const SUFFIXES: &'static [(&'static str, i64, i64)] =
            &[("ms", 1, 1), ("s", 1_000, 1), ("m", 60_000, 1), ("h", 3_600_000, 1)];
        const BARE: bool = false;
    }
    /// Microseconds, written as a duration.
    Micros {
        const EXPECTED: &'static str = "a duration such as \"500us\", \"0.5ms\" or \"2s\"";
        const MAX: i64 = 3_600_000_000;
        const SUFFIXES: &'static [(&'static str, i64, i64)] =
            &[("us", 1, 1), ("ms", 1_000, 1), ("s", 1_000_000, 1)];
        const BARE: bool = false;
    }
    /// Milliseconds either way, written as a duration with a sign.
    Shift {
        const EXPECTED: &'static str = "a duration with its sign, such as \"-200ms\" or \"2h\"";
        const MIN: i64 = -30 * DAY_MS;
        const MAX: i64 = 30 * DAY_MS;
        const SUFFIXES: &'static [(&'static str, i64, i64)] =
            &[("ms", 1, 1), ("s", 1_000, 1), ("m", 60_000, 1), ("h", 3_600_000, 1)];
        const BARE: bool = false;
    }
    /// Times per 1,000 seconds, written as a rate; rates per minute or hour become the nearest.
    Rate {
        const EXPECTED: &'static str = "a rate such as \"100/s\", \"1/min\" or \"6/h\"";
        const MAX: i64 = 1_000_000_000;
        const SUFFIXES: &'static [(&'static str, i64, i64)] =
            &[("/s", 1_000, 1), ("/min", 1_000, 60), ("/h", 1_000, 3_600)];
        const BARE: bool = false;
        const ROUNDED: bool = true;
    }
    /// Parts per million, written as percent or as a whole number.
    Ppm {
        const EXPECTED: &'static str =
            "a share: percent such as \"1%\", or parts per million from 0 to 1,000,000";
        const MAX: i64 = 1_000_000;
        const SUFFIXES: &'static [(&'static str, i64, i64)] = &[("%", 10_000, 1)];
        const BARE: bool = true;
    }
    /// How much faster or slower a clock runs, in parts per million either way.
    Drift {
        const EXPECTED: &'static str =
            "a drift: percent such as \"-2%\", or parts per million from -200,000 to 200,000";
        const MIN: i64 = -200_000;
        const MAX: i64 = 200_000;
        const SUFFIXES: &'static [(&'static str, i64, i64)] = &[("%", 10_000, 1)];
        const BARE: bool = true;
    }
    /// A plain count.
    Count {
        const EXPECTED: &'static str = "a whole number from 0 to 4,294,967,295";
        const MAX: i64 = u32::MAX as i64;
        const SUFFIXES: &'static [(&'static str, i64, i64)] = &[];
        const BARE: bool = true;
    }
}

/// A value, or two between which a seed draws, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range<U> {
    /// The least.
    pub low: i64,
    /// The greatest.
    pub high: i64,
    unit: PhantomData<U>,
}

impl<U: Unit> Range<U> {
    /// One value.
    pub const fn one(value: i64) -> Range<U> {
        Range::between(value, value)
    }

    /// Two values, both included.
    pub const fn between(low: i64, high: i64) -> Range<U> {
        assert!(low <= high, "a range must not fall");
        Range { low, high, unit: PhantomData }
    }

    /// One of them.
    pub fn draw(&self, stream: &mut Stream) -> i64 {
        self.low + stream.range(0, self.high.abs_diff(self.low)) as i64
    }

    /// One of them, for units that know no sign.
    pub fn draw_u64(&self, stream: &mut Stream) -> u64 {
        u64::try_from(self.draw(stream)).expect("the unit knows no sign")
    }

    /// One of them, for units that fit.
    pub fn draw_u32(&self, stream: &mut Stream) -> u32 {
        u32::try_from(self.draw(stream)).expect("the unit fits 32 bits")
    }
}

/// Reads one value of a unit.
pub(crate) fn read<U: Unit>(text: &str) -> Result<i64, String> {
    let expected = || format!("expected {}, got \"{text}\"", U::EXPECTED);
    // The longest suffix that fits is the one that was meant: `ms` before `s`.
    let (digits, numerator, denominator) = U::SUFFIXES
        .iter()
        .filter_map(|(suffix, n, d)| Some((text.strip_suffix(suffix)?, *n, *d)))
        .min_by_key(|(digits, ..)| digits.len())
        .ok_or_else(expected)?;
    let (whole, tenths) = decimal(digits.trim_end()).ok_or_else(expected)?;
    let (scaled, divisor) = (whole * i128::from(numerator), tenths * i128::from(denominator));
    let value = match (scaled % divisor, U::ROUNDED) {
        (0, _) => scaled / divisor,
        (_, true) => (2 * scaled + divisor) / (2 * divisor),
        (_, false) => return Err(format!("{} (finer than can be kept)", expected())),
    };
    within::<U>(i64::try_from(value).map_err(|_| expected())?, text)
}

/// A decimal number as numerator and power of ten.
fn decimal(text: &str) -> Option<(i128, i128)> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(fraction) || digits.ends_with('.') {
        return None;
    }
    if whole.len() + fraction.len() > 15 {
        return None;
    }
    let value: i128 = format!("{whole}{fraction}").parse().ok()?;
    Some((sign * value, 10_i128.pow(u32::try_from(fraction.len()).ok()?)))
}

fn within<U: Unit>(value: i64, text: &str) -> Result<i64, String> {
    if value < 0 && U::MIN == 0 {
        return Err(format!("{text} is negative; expected {}", U::EXPECTED));
    }
    if value < U::MIN || value > U::MAX {
        return Err(format!("{text} is out of range; expected {}", U::EXPECTED));
    }
    Ok(value)
}

/// The value as [`read`] reads it: the largest suffix that keeps it exact.
pub(crate) fn write<U: Unit>(value: i64) -> String {
    for (suffix, numerator, denominator) in U::SUFFIXES.iter().rev() {
        if *denominator == 1 && value % numerator == 0 {
            return format!("{}{suffix}", value / numerator);
        }
    }
    match U::SUFFIXES.first() {
        // Suffixes begin with the finest; of those that are coarser than one, write a fraction.
        Some((suffix, numerator, 1)) => {
            let sign = if value < 0 { "-" } else { "" };
            let (whole, rest) = (value.abs() / numerator, value.abs() % numerator);
            let width = numerator.ilog10() as usize;
            format!("{sign}{whole}.{rest:0width$}{suffix}")
        }
        Some(_) | None => value.to_string(),
    }
}

impl<U: Unit> Serialize for Range<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if U::BARE {
            match self.low == self.high {
                true => self.low.serialize(serializer),
                false => [self.low, self.high].serialize(serializer),
            }
        } else {
            match self.low == self.high {
                true => write::<U>(self.low).serialize(serializer),
                false => [write::<U>(self.low), write::<U>(self.high)].serialize(serializer),
            }
        }
    }
}

impl<'de, U: Unit> Deserialize<'de> for Range<U> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Range<U>, D::Error> {
        deserializer.deserialize_any(RangeVisitor(PhantomData))
    }
}

struct RangeVisitor<U>(PhantomData<U>);

impl<'de, U: Unit> Visitor<'de> for RangeVisitor<U> {
    type Value = Range<U>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or two of them as a range", U::EXPECTED)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Range<U>, E> {
        read::<U>(text).map(Range::one).map_err(E::custom)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Range<U>, E> {
        if !U::BARE {
            return Err(E::custom(format!("expected {}, got {value}", U::EXPECTED)));
        }
        within::<U>(value, &value.to_string()).map(Range::one).map_err(E::custom)
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Range<U>, E> {
        self.visit_i64(i64::try_from(value).unwrap_or(i64::MAX))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Range<U>, A::Error> {
        let two = || de::Error::custom("expected two values, the lower one first");
        let low = seq.next_element::<Range<U>>()?.ok_or_else(two)?.low;
        let high = seq.next_element::<Range<U>>()?.ok_or_else(two)?.high;
        if low > high || seq.next_element::<de::IgnoredAny>()?.is_some() {
            return Err(two());
        }
        Ok(Range::between(low, high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_units_and_mean_whole_numbers() {
        assert_eq!(read::<Millis>("300ms"), Ok(300));
        assert_eq!(read::<Millis>("1.5s"), Ok(1_500));
        assert_eq!(read::<Millis>("4h"), Ok(14_400_000));
        assert_eq!(read::<Micros>("0.5ms"), Ok(500));
        assert_eq!(read::<Rate>("100/s"), Ok(100_000));
        assert_eq!(read::<Rate>("1/min"), Ok(17));
        assert_eq!(read::<Ppm>("0.01%"), Ok(100));
        assert_eq!(read::<Shift>("-2s"), Ok(-2_000));
        assert_eq!(read::<Drift>("-1%"), Ok(-10_000));
    }

    #[test]
    fn nonsense_is_told_apart() {
        let expected = Millis::EXPECTED;
        assert_eq!(read::<Millis>("-5s"), Err(format!("-5s is negative; expected {expected}")));
        assert_eq!(read::<Millis>("5"), Err(format!("expected {expected}, got \"5\"")));
        for bad in ["", "s", ".s", "5.s", "1e3s", "5 parsecs", "٣s", "99999999999999999999s"] {
            assert!(read::<Millis>(bad).is_err(), "{bad} was read");
        }
        assert!(read::<Micros>("0.3us").unwrap_err().contains("finer"));
        assert!(read::<Ppm>("100.0001%").unwrap_err().contains("out of range"));
        assert!(read::<Drift>("20.1%").unwrap_err().contains("out of range"));
    }

    #[test]
    fn what_is_written_is_read_back() {
        fn same<U: Unit>(values: &[i64]) {
            for value in values {
                let text = write::<U>(*value);
                match U::BARE && U::SUFFIXES.is_empty() {
                    true => assert_eq!(text.parse(), Ok(*value)),
                    false => assert_eq!(read::<U>(&text), Ok(*value), "{text}"),
                }
            }
        }
        same::<Millis>(&[0, 1, 999, 1_000, 61_000, 14_400_000]);
        same::<Micros>(&[0, 1, 500, 30_000, 2_000_001]);
        same::<Rate>(&[0, 17, 72_000, 1_001]);
        same::<Shift>(&[-2_000, -1, 0, 7_200_000]);
    }
}
