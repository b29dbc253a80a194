//! Our own histories for machines: `history.jsonl` as a run folder keeps it.
//!
//! One JSON object to a line: a call, a mark or a note, in order of ordinals.

use super::{FormatError, Read, source::Source};
use crate::history::{Call, Mark, Stamp};
use serde::Deserialize;
use std::io::BufRead;

/// One line of `history.jsonl`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum OurLine {
    /// A call, placed by when it was called.
    Call(Call),
    /// A turning point.
    Mark {
        /// When.
        at: Stamp,
        /// Which.
        what: Mark,
    },
    /// Something for people.
    Note {
        /// When.
        at: Stamp,
        /// What.
        what: String,
    },
}

impl OurLine {
    /// Its place among the lines.
    fn at(&self) -> Stamp {
        match self {
            OurLine::Call(call) => call.called,
            OurLine::Mark { at, .. } | OurLine::Note { at, .. } => *at,
        }
    }
}

/// Reads `history.jsonl` and shows each line. Ordinals and calls' ids must rise, and a call must end
/// behind its beginning: a file that is not in order is an error and never a verdict.
pub fn read_jsonl(
    input: &mut dyn BufRead,
    sink: &mut dyn FnMut(OurLine) -> Result<(), String>,
) -> Result<Read, FormatError> {
    read_from(&mut Source::new(input), sink)
}

pub(super) fn read_from(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(OurLine) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let mut order = Order::default();
    let mut lines = 0;
    while let Some(line) = source.next_line()? {
        if line.text.trim().is_empty() {
            continue;
        }
        lines += 1;
        let wrong = |what| FormatError { line: line.number, what };
        let ours: OurLine = serde_json::from_str(line.text).map_err(|error| {
            // Its line is always 1: ours is the true one.
            let said = error.to_string();
            let said = said.split(" at line ").next().unwrap_or_default();
            wrong(format!("not a line of ours: {}", said.chars().take(200).collect::<String>()))
        })?;
        order.keep(&ours).and_then(|()| sink(ours)).map_err(wrong)?;
    }
    Ok(Read { lines, skipped: 0 })
}

/// What must not fall.
#[derive(Default)]
struct Order {
    ordinal: Option<u64>,
    call: Option<u64>,
}

impl Order {
    fn keep(&mut self, line: &OurLine) -> Result<(), String> {
        let ordinal = line.at().ordinal;
        if let Some(before) = self.ordinal.replace(ordinal).filter(|before| *before >= ordinal) {
            return Err(format!("expected an ordinal above {before}, found {ordinal}"));
        }
        let OurLine::Call(call) = line else { return Ok(()) };
        let id = call.id;
        if let Some(before) = self.call.replace(id).filter(|before| *before >= id) {
            return Err(format!("expected a call with an id above {before}, found {id}"));
        }
        match call.returned {
            Some(returned) if returned.ordinal <= ordinal => Err(format!(
                "expected call {id} to return after ordinal {ordinal}, found {}",
                returned.ordinal
            )),
            Some(_) | None => Ok(()),
        }
    }
}
