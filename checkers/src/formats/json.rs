//! Objects of JSON, one after the other or in one array: what JSON histories have in common.
//!
//! The file is cut into its objects by their braces, and each goes through `serde_json` straight to
//! the [`Tape`]: no tree in between, depth bounded there. Nothing is rounded: a number past every
//! machine word is refused, since two identities could become one.

use super::{
    FormatError,
    source::{Source, clip},
    value::{Tape, Value},
};
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// From here on floating point leaves whole numbers out.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// Where in the file a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing has come.
    Start,
    /// Between objects that stand by themselves.
    Loose,
    /// In the array, before its first object.
    Opened,
    /// In the array, behind a comma.
    Wanting,
    /// In the array, behind an object.
    Inside,
    /// Behind the array.
    Behind,
}

/// Shows each object with its line; says how many there were.
pub(super) fn objects(
    source: &mut Source<'_>,
    each: &mut dyn FnMut(u64, Value<'_>) -> Result<(), String>,
) -> Result<u64, FormatError> {
    let mut tape = Tape::default();
    let (mut place, mut count) = (Place::Start, 0);
    loop {
        let rest = source.rest();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
        source.take(blank);
        let Some(first) = source.rest().bytes().next() else {
            if source.has_ended() {
                break;
            }
            source.more()?;
            continue;
        };
        let line = source.line();
        match (first, place) {
            (b'{', Place::Start | Place::Loose | Place::Opened | Place::Wanting) => {
                let Some(length) = object_length(source.rest()) else {
                    if source.has_ended() {
                        let what = format!("the file ends within {}", clip(source.rest()));
                        return Err(FormatError { line, what });
                    }
                    source.more()?;
                    continue;
                };
                tape.clear();
                read_object(&source.rest()[..length], &mut tape)
                    .map_err(|(at, what)| FormatError { line: source.line_at(at), what })?;
                each(line, tape.at(0)).map_err(|what| FormatError { line, what })?;
                count += 1;
                source.take(length);
                place = match place {
                    Place::Start | Place::Loose => Place::Loose,
                    Place::Opened | Place::Wanting | Place::Inside | Place::Behind => Place::Inside,
                };
                continue;
            }
            (b'[', Place::Start) => place = Place::Opened,
            (b']', Place::Opened | Place::Inside) => place = Place::Behind,
            (b',', Place::Inside) => place = Place::Wanting,
            (_, place) => {
                let expected = match place {
                    Place::Start => "a JSON object, or an array of them",
                    Place::Loose | Place::Wanting => "a JSON object",
                    Place::Opened => "a JSON object or `]`",
                    Place::Inside => "`,` or `]`",
                    Place::Behind => "nothing behind the array",
                };
                let what = format!("expected {expected}, found {}", clip(source.rest()));
                return Err(FormatError { line, what });
            }
        }
        source.take(1);
    }
    match place {
        Place::Start | Place::Loose | Place::Behind => Ok(count),
        Place::Opened | Place::Wanting | Place::Inside => {
            let what = "the file ends before the `]` of its array".to_owned();
            Err(FormatError { line: source.line(), what })
        }
    }
}

/// Up to where the object goes that begins here, by its braces; none if it does not end.
pub(super) fn object_length(text: &str) -> Option<usize> {
    let (mut depth, mut is_text, mut is_escaped) = (0_usize, false, false);
    for (place, byte) in text.bytes().enumerate() {
        if is_text {
            match byte {
                _ if is_escaped => is_escaped = false,
                b'\\' => is_escaped = true,
                b'"' => is_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => is_text = true,
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return Some(place + 1);
                }
            }
            _ => {}
        }
    }
    None
}

/// Writes one object down, or says at which byte what is wrong.
pub(super) fn read_object(text: &str, tape: &mut Tape) -> Result<(), (usize, String)> {
    let mut json = serde_json::Deserializer::from_str(text);
    let read = Writer(tape).deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| {
        let lines: usize =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = (lines + error.column().saturating_sub(1)).min(text.len());
        // It counts bytes and may point into a character.
        let at = (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let said = error.to_string();
        let said = said.split(" at line ").next().unwrap_or_default();
        (at, format!("not JSON: {said}, found {}", clip(&text[at..])))
    })
}

/// Writes whatever comes.
struct Writer<'t>(&'t mut Tape);

impl<'de> DeserializeSeed<'de> for Writer<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Writer<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.nil();
        Ok(())
    }

    fn visit_bool<E>(self, is: bool) -> Result<(), E> {
        self.0.bool(is);
        Ok(())
    }

    fn visit_i64<E>(self, number: i64) -> Result<(), E> {
        self.0.int(number);
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        self.0.uint(number);
        Ok(())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<(), E> {
        if number.abs() >= EXACT_MAX {
            return Err(E::custom("expected a number that can be kept exactly"));
        }
        self.0.float(number);
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let open = self.0.open_seq();
        let mut len = 0;
        while items.next_element_seed(Writer(self.0))?.is_some() {
            len += 1;
        }
        self.0.close(open, len);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<(), A::Error> {
        let open = self.0.open_map();
        let mut len = 0;
        while pairs.next_key_seed(Writer(self.0))?.is_some() {
            pairs.next_value_seed(Writer(self.0))?;
            len += 1;
        }
        self.0.close(open, len);
        Ok(())
    }
}
