//! Numbers as people write them: `"300ms"`, `"100/s"`, `"1%"`, and ranges `["2s", "10s"]` from
//! which a seed draws. Every number of a scenario is a [`Range`] of some unit; one value is a range
//! of one. A range may be drawn over orders of magnitude, and may be 0 in a share of the seeds:
//! `{ from = "1%", to = "20%", scale = "log", off = "50%" }`.
//!
//! Nothing is rounded in silence where it could be exact: `"0.3us"` is refused, not 0. What a
//! single number cannot know (does it fit the cluster?) is asked in `check`.

use crate::{names, random::Stream};
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, MapAccess, SeqAccess, Visitor},
    ser::SerializeMap,
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
    /// Bytes, written with a binary prefix or as a whole number.
    Size {
        const EXPECTED: &'static str = "a size such as 512, \"4KiB\" or \"16MiB\"";
        const MAX: i64 = 1 << 40;
        const SUFFIXES: &'static [(&'static str, i64, i64)] =
            &[("B", 1, 1), ("KiB", 1 << 10, 1), ("MiB", 1 << 20, 1), ("GiB", 1 << 30, 1)];
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
    /// The least that may be drawn.
    pub low: i64,
    /// The greatest that may be drawn.
    pub high: i64,
    /// The two values, as written.
    written: (i64, i64),
    scale: Scale,
    /// In so many seeds of a million it is 0, whatever the values are.
    off_ppm: u32,
    unit: PhantomData<U>,
}

/// How values of a range are spread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// Each is as likely.
    Even,
    /// Each power of two is as likely: small values come as often as large ones.
    Log,
}

impl<U: Unit> Range<U> {
    /// One value.
    pub const fn one(value: i64) -> Range<U> {
        Range::between(value, value)
    }

    /// Two values, both included.
    pub const fn between(low: i64, high: i64) -> Range<U> {
        assert!(low <= high, "a range must not fall");
        Range { low, high, written: (low, high), scale: Scale::Even, off_ppm: 0, unit: PhantomData }
    }

    /// The same, spread like this, and 0 in so many seeds of a million.
    const fn spread(self, scale: Scale, off_ppm: u32) -> Range<U> {
        let Range { mut low, mut high, written, .. } = self;
        if off_ppm > 0 {
            (low, high) = (if low < 0 { low } else { 0 }, if high > 0 { high } else { 0 });
        }
        Range { low, high, written, scale, off_ppm, unit: PhantomData }
    }

    /// One of them.
    pub fn draw(&self, stream: &mut Stream) -> i64 {
        if stream.hits(self.off_ppm) {
            return 0;
        }
        let (from, to) = self.written;
        match self.scale {
            Scale::Even => from + stream.range(0, to.abs_diff(from)) as i64,
            Scale::Log => draw_log(from as u64, to as u64, stream) as i64,
        }
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

/// One of these, each power of two as likely.
fn draw_log(from: u64, to: u64, stream: &mut Stream) -> u64 {
    let (from, to) = (from + 1, to + 1);
    let power = stream.range(u64::from(from.ilog2()), u64::from(to.ilog2()));
    let (low, high) = (from.max(1 << power), to.min((2 << power) - 1));
    stream.range(low, high) - 1
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

/// One value as it is written.
struct One<U>(i64, PhantomData<U>);

impl<U: Unit> Serialize for One<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match U::BARE {
            true => self.0.serialize(serializer),
            false => write::<U>(self.0).serialize(serializer),
        }
    }
}

impl<U: Unit> Serialize for Range<U> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (from, to) = self.written;
        let [from, to] = [from, to].map(|value| One::<U>(value, PhantomData));
        if self.scale == Scale::Log || self.off_ppm > 0 {
            let mut table = serializer.serialize_map(None)?;
            table.serialize_entry("from", &from)?;
            table.serialize_entry("to", &to)?;
            if self.scale == Scale::Log {
                table.serialize_entry("scale", "log")?;
            }
            if self.off_ppm > 0 {
                table.serialize_entry("off", &One::<Ppm>(i64::from(self.off_ppm), PhantomData))?;
            }
            return table.end();
        }
        match from.0 == to.0 {
            true => from.serialize(serializer),
            false => [from, to].serialize(serializer),
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

    fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Range<U>, A::Error> {
        let (mut from, mut to, mut scale, mut off) = (None, None, Scale::Even, 0);
        while let Some(key) = table.next_key::<String>()? {
            match key.as_str() {
                "from" => from = Some(table.next_value::<Range<U>>()?.low),
                "to" => to = Some(table.next_value::<Range<U>>()?.low),
                "off" => off = table.next_value::<Range<Ppm>>()?.low as u32,
                "scale" => scale = scale_of(&table.next_value::<String>()?)?,
                other => {
                    let known = ["from", "to", "scale", "off"];
                    return Err(de::Error::custom(names::unknown("key", other, &known)));
                }
            }
        }
        let two = || de::Error::custom("expected `from` and `to`, the lower one first");
        let (low, high) = from.zip(to).filter(|(low, high)| low <= high).ok_or_else(two)?;
        if scale == Scale::Log && low < 0 {
            return Err(de::Error::custom("expected no negative value on a scale of powers"));
        }
        Ok(Range::between(low, high).spread(scale, off))
    }
}

fn scale_of<E: de::Error>(text: &str) -> Result<Scale, E> {
    match text {
        "even" => Ok(Scale::Even),
        "log" => Ok(Scale::Log),
        other => Err(E::custom(names::unknown("scale", other, &["even", "log"]))),
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

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Sample {
        of: Range<Size>,
    }

    fn sample(text: &str) -> Result<Range<Size>, String> {
        let read = toml::from_str::<Sample>(text).map_err(|error| error.message().to_owned())?;
        let again = toml::to_string(&read).expect("it is TOML");
        assert_eq!(toml::from_str::<Sample>(&again).as_ref(), Ok(&read), "{again}");
        Ok(read.of)
    }

    #[test]
    fn a_range_may_be_spread_over_powers_and_be_off_in_a_share_of_the_seeds() {
        let range = sample(r#"of = { from = "4KiB", to = "16MiB", scale = "log", off = "25%" }"#);
        let range = range.expect("a range");
        assert_eq!((range.low, range.high), (0, 16 << 20));
        let mut stream = Stream::derive(1, "units/spread");
        let drawn: Vec<i64> = (0..4_000).map(|_| range.draw(&mut stream)).collect();
        let share = |is: fn(&i64) -> bool| drawn.iter().filter(|value| is(value)).count();
        assert!((900..1_100).contains(&share(|value| *value == 0)));
        assert!(drawn.iter().all(|value| *value == 0 || (4 << 10..=16 << 20).contains(value)));
        // Of thirteen powers six lie below 256 KiB.
        assert!((1_200..1_700).contains(&share(|value| (1..256 << 10).contains(value))));
        assert!(share(|value| *value >= 8 << 20) > 150);
    }

    #[test]
    fn a_table_that_says_no_range_is_refused() {
        let refused = |text: &str| sample(text).expect_err("it is no range");
        assert!(refused("of = { from = 3 }").contains("`from` and `to`"));
        assert!(refused("of = { from = 3, to = 2 }").contains("the lower one first"));
        assert!(refused("of = { from = 1, to = 2, of = 3 }").contains("key `of`"));
        let scale = refused("of = { from = 1, to = 2, scale = \"lag\" }");
        assert!(scale.contains("did you mean `log`?"), "{scale}");
    }
}
