//! Our own histories for machines: `history.jsonl` as a run folder keeps it.
//!
//! One JSON object to a line: a call, a mark or a note, in order of ordinals.

use super::{FormatError, Read, source::Source};
use crate::history::{Ask, Call, History, Mark, Stamp, check_partitions};
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Write};

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
        let call = match line {
            OurLine::Call(call) => call,
            OurLine::Mark { what, .. } => return check_partitions(what.partitions()),
            OurLine::Note { .. } => return Ok(()),
        };
        check_partitions(call.partitions())?;
        let id = call.id;
        if let Some(before) = self.call.replace(id).filter(|before| *before >= id) {
            return Err(format!("expected a call with an id above {before}, found {id}"));
        }
        if let Ask::Produce { messages, contents, .. } = &call.ask
            && !contents.is_empty()
            && contents.as_slice().len() != messages.len()
        {
            let (contents, messages) = (contents.as_slice().len(), messages.len());
            return Err(format!("call {id} tells {contents} contents of {messages} messages"));
        }
        match (call.is_in_order(), call.numbered, call.returned) {
            (true, _, _) => Ok(()),
            (false, None, Some(returned)) => Err(format!(
                "expected call {id} to return after ordinal {ordinal}, found {}",
                returned.ordinal
            )),
            (false, numbered, returned) => Err(format!(
                "expected call {id} to be made, numbered and to return in this order, found {ordinal}, \
                 {:?} and {:?}",
                numbered.map(|numbered| numbered.at.ordinal),
                returned.map(|returned| returned.ordinal)
            )),
        }
    }
}

/// One line of `history.jsonl` as it is written.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Written<'a> {
    Call(&'a Call),
    Mark { at: Stamp, what: &'a Mark },
    Note { at: Stamp, what: &'a str },
}

/// Writes `history.jsonl`: one line for each call, mark and note, in order of ordinals.
///
/// # Errors
///
/// Those of whatever it is written to.
pub fn write_jsonl(history: &History, to: &mut dyn Write) -> io::Result<()> {
    let calls = history.calls.iter().map(|call| (call.called.ordinal, Written::Call(call)));
    let marks = history.marks.iter();
    let marks = marks.map(|(at, what)| (at.ordinal, Written::Mark { at: *at, what }));
    let notes = history.notes.iter();
    let notes = notes.map(|(at, what)| (at.ordinal, Written::Note { at: *at, what }));
    let mut lines: Vec<_> = calls.chain(marks).chain(notes).collect();
    lines.sort_by_key(|(ordinal, _)| *ordinal);
    for (_, line) in lines {
        serde_json::to_writer(&mut *to, &line)?;
        to.write_all(b"\n")?;
    }
    Ok(())
}

/// The whole history of a `history.jsonl`.
///
/// # Errors
///
/// As [`read_jsonl`].
pub fn read_history(input: &mut dyn BufRead) -> Result<History, FormatError> {
    let mut history = History::default();
    read_jsonl(input, &mut |line| {
        match line {
            OurLine::Call(call) => history.calls.push(call),
            OurLine::Mark { at, what } => history.marks.push((at, what)),
            OurLine::Note { at, what } => history.notes.push((at, what)),
        }
        Ok(())
    })?;
    Ok(history)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text;

    const DAY: &str = "c1 produce p1 m1=ff,m2=9 producer=7/0/0@0.3#2 @0.1#1..0.4#4 ok offset=0
        c2 produce p1 m3 leader @0.2#3.. unknown (no answer)
        -- note n1 crashed @0.5#5
        -- draining @0.6#6
        c9 fetch p1 from=0 @0.7#7..0.8#8 ok [0:m1=ff 1:m2=9] end=2
        -- ended @0.9#9";

    #[test]
    fn what_is_written_reads_back_as_it_was() {
        let history = text::parse(DAY).expect("a history").history;
        let mut written = Vec::new();
        write_jsonl(&history, &mut written).expect("memory can be written");
        let told = String::from_utf8(written).expect("text");
        let kinds: Vec<&str> = told.lines().map(|line| &line[2..6]).collect();
        assert_eq!(kinds, ["call", "call", "note", "mark", "call", "mark"]);
        assert_eq!(read_history(&mut told.as_bytes()), Ok(history), "{told}");
    }

    #[test]
    fn numbers_that_stand_where_they_did_are_refused_and_not_forgotten() {
        let line = r#"{"call":{"id":1,"client":1,"ask":{"produce":{"partition":1,"messages":[7],
            "acks":"quorum","producer":null}},"called":{"ordinal":1,"at_ns":1},"returned":null,
            "outcome":{"unknown":""}}}"#;
        let error = read_history(&mut line.replace('\n', "").as_bytes()).expect_err("it is old");
        assert!(error.what.contains("unknown field `producer`"), "{error:?}");
    }

    #[test]
    fn a_number_outside_of_its_call_is_an_error() {
        for (numbered, returned) in [(1, 9), (9, 5)] {
            let line = format!(
                r#"{{"call":{{"id":1,"client":1,"ask":{{"produce":{{"partition":1,"messages":[7],"acks":"quorum"}}}},"called":{{"ordinal":1,"at_ns":1}},"numbered":{{"at":{{"ordinal":{numbered},"at_ns":1}},"sequence":{{"producer":1,"epoch":0,"sequence":0}}}},"returned":{{"ordinal":{returned},"at_ns":1}},"outcome":{{"unknown":""}}}}}}"#
            );
            let error = read_history(&mut line.as_bytes()).expect_err("it is out of order");
            assert!(error.what.contains("made, numbered and to return"), "{error:?}");
        }
    }
}
