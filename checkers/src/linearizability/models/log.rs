//! An append-only log. State: its length, and nothing else.
//!
//! A log never changes what it holds, so whatever any answer says about an offset holds for ever,
//! and the answers together name what stands where. Then the contents follow from the length: an
//! append can happen where it brings to every offset what is named there. That is exact, and a
//! state is a number, so a million operations of a hundred clients are no search at all. Where two
//! answers name an offset differently, the later one is never possible.
//!
//! A read that did not reach the end says nothing about what stands behind it, one that found
//! nothing says that the log ended there or before. An append that had to stand at some offset and
//! came back without an answer did so where it could, or nothing.

use super::{UNKNOWN, list};
use crate::{
    by_offset::{ByOffset, placed},
    linearizability::{
        engine::{Model, Steps},
        objects::{self, Value},
    },
};
use std::sync::Arc;

/// A log, empty at first.
#[derive(Clone, Debug, Default)]
pub struct Log {
    /// What stands at each offset that someone named.
    names: Arc<ByOffset<Option<Value>>>,
    /// Every value that was named anywhere, in order; empty if no append has an open place.
    named: Arc<[Value]>,
}

/// What a search needs to know of an operation on a log.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Two answers contradict each other about an offset, and this is the later one.
    Contradicted,
    /// So many values come to stand at this offset.
    At(u64, u64),
    /// These come to stand at the end, wherever that is.
    Anywhere(Box<[Value]>),
    /// So many that nobody saw, so they come to stand where nobody looked.
    Blank(u64),
    /// These come to stand at this offset, or nothing happens.
    Perhaps(u64, Box<[Value]>),
    /// The log does not end at this offset.
    NotAt(u64),
    /// It is at least so long.
    AtLeast(u64),
    /// It is at most so long.
    AtMost(u64),
    /// It is exactly so long.
    Length(u64),
}

impl Log {
    fn fits(&self, offset: u64, values: &[Value]) -> bool {
        placed(offset, values).all(|(at, value)| self.names.get(at).is_none_or(|it| it == value))
    }
}

/// What a deed says for certain about offsets.
fn named(deed: &objects::Log) -> Option<(u64, &[Value])> {
    match deed {
        objects::Log::Append(values, Some(offset)) => Some((*offset, values)),
        objects::Log::AppendAt { values, expected, succeeded: Some(true) } => {
            Some((*expected, values))
        }
        objects::Log::Read { from, values, .. } => Some((*from, values)),
        objects::Log::Append(_, None)
        | objects::Log::AppendAt { succeeded: Some(false) | None, .. }
        | objects::Log::Tail(_) => None,
    }
}

impl Model for Log {
    type Deed = objects::Log;
    type Act = Act;
    type State = u64;

    fn initial(&self) -> u64 {
        0
    }

    fn informed(&self, told: &mut dyn Iterator<Item = &objects::Log>) -> Log {
        let mut names: ByOffset<Option<Value>> = ByOffset::default();
        let mut has_open_places = false;
        for deed in told {
            let Some((offset, values)) = named(deed) else {
                has_open_places |= matches!(deed, objects::Log::Append(_, None));
                continue;
            };
            for (at, value) in placed(offset, values) {
                names.entry(at).get_or_insert(value);
            }
        }
        let all = names.iter().filter(|_| has_open_places).filter_map(|(_, value)| value);
        let mut named: Vec<Value> = all.collect();
        named.sort_unstable();
        Log { names: names.into(), named: named.into() }
    }

    fn act(&self, deed: &objects::Log) -> Option<Act> {
        if named(deed).is_some_and(|(offset, values)| !self.fits(offset, values)) {
            return Some(Act::Contradicted);
        }
        let len = |values: &[Value]| values.len() as u64;
        Some(match deed {
            objects::Log::Append(values, None) => {
                let is_named = |value| self.named.binary_search(value).is_ok();
                match values.iter().any(is_named) {
                    true => Act::Anywhere(values.clone().into()),
                    false => Act::Blank(len(values)),
                }
            }
            objects::Log::Append(values, Some(offset)) => Act::At(*offset, len(values)),
            objects::Log::AppendAt { values, expected, succeeded } => match succeeded {
                Some(true) => Act::At(*expected, len(values)),
                Some(false) => Act::NotAt(*expected),
                None => Act::Perhaps(*expected, values.clone().into()),
            },
            objects::Log::Read { from, values, is_end } => match (values.is_empty(), is_end) {
                (true, true) => Act::AtMost(*from),
                (true, false) => return None,
                (false, true) => Act::Length(from.saturating_add(len(values))),
                (false, false) => Act::AtLeast(from.saturating_add(len(values))),
            },
            objects::Log::Tail(length) => Act::Length(*length),
        })
    }

    fn step(&self, length: &u64, act: &Act) -> Steps<u64> {
        let same_if = |holds: bool| if holds { Steps::Same } else { Steps::Never };
        let longer = |values: &[Value]| length.saturating_add(values.len() as u64);
        match act {
            Act::Contradicted => Steps::Never,
            Act::At(offset, more) if offset == length => Steps::To(offset.saturating_add(*more)),
            Act::At(..) => Steps::Never,
            Act::Anywhere(values) if self.fits(*length, values) => Steps::To(longer(values)),
            Act::Anywhere(_) => Steps::Never,
            Act::Blank(more) => {
                let is_named = |offset| self.names.get(offset).is_some();
                let end = length.saturating_add(*more);
                if (*length..end).any(is_named) { Steps::Never } else { Steps::To(end) }
            }
            Act::Perhaps(offset, values) => match offset == length && self.fits(*length, values) {
                true => Steps::Any(vec![longer(values), *length]),
                false => Steps::Same,
            },
            Act::NotAt(offset) => same_if(length != offset),
            Act::AtLeast(least) => same_if(length >= least),
            Act::AtMost(most) => same_if(length <= most),
            Act::Length(exact) => same_if(length == exact),
        }
    }

    fn is_read_only(&self, act: &Act) -> bool {
        match act {
            Act::Contradicted | Act::NotAt(_) | Act::AtLeast(_) | Act::AtMost(_) => true,
            Act::Length(_) => true,
            Act::At(..) | Act::Anywhere(_) | Act::Blank(_) | Act::Perhaps(..) => false,
        }
    }

    fn forget(&self, deed: &objects::Log) -> Option<objects::Log> {
        match deed {
            objects::Log::Append(values, _) => Some(objects::Log::Append(values.clone(), None)),
            objects::Log::AppendAt { values, expected, .. } => Some(objects::Log::AppendAt {
                values: values.clone(),
                expected: *expected,
                succeeded: None,
            }),
            objects::Log::Read { .. } | objects::Log::Tail(_) => None,
        }
    }

    fn describe(&self, deed: &objects::Log) -> String {
        match deed {
            objects::Log::Append(values, Some(offset)) => {
                format!("appended {} at offset {offset}", list(values))
            }
            objects::Log::Append(values, None) => {
                format!("appended {} (no one can say where)", list(values))
            }
            objects::Log::AppendAt { values, expected, succeeded: Some(true) } => {
                format!("appended {} at the offset {expected} that it asked for", list(values))
            }
            objects::Log::AppendAt { values, expected, succeeded: Some(false) } => {
                format!("could not append {} at offset {expected}", list(values))
            }
            objects::Log::AppendAt { values, expected, succeeded: None } => {
                format!("asked to append {} at offset {expected} {UNKNOWN}", list(values))
            }
            objects::Log::Read { from, values, is_end } => {
                let end = if *is_end { " and then the end" } else { "" };
                format!("read {} from offset {from} on{end}", list(values))
            }
            objects::Log::Tail(length) => format!("found the log {length} long"),
        }
    }

    fn describe_state(&self, length: &u64) -> String {
        format!("the log was {length} long")
    }
}
