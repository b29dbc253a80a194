//! LiMo's histories: calls and returns of threads, one to a line.
//!
//! ```text
//! # @object atomic-queue
//! [1] call enq(3)
//! [2] call deq
//! [1] return
//! [2] return 3
//! ```
//!
//! `empty` is nil. A return without a value repeats what the call was given, as Jepsen's do.

use super::{
    FormatError, Happening, Kind, Read,
    source::{Source, clip},
    value::{Tape, Value},
};
use std::collections::BTreeMap;

/// What a thread called and has not returned from.
struct Pending {
    f: String,
    argument: String,
}

/// What one line says.
#[derive(Debug, PartialEq, Eq)]
enum Said<'a> {
    Call { f: &'a str, argument: &'a str },
    Return { value: &'a str },
}

/// Reads it to its end.
pub(super) fn read(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let mut tape = Tape::default();
    let mut pending: BTreeMap<u64, Pending> = BTreeMap::new();
    let mut lines = 0;
    while let Some(line) = source.next_line()? {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        lines += 1;
        line.must_be_whole()?;
        let wrong = |what| FormatError { line: line.number, what };
        let (thread, said) = said(text).ok_or_else(|| {
            wrong(format!(
                "expected `[THREAD] call METHOD(VALUE)` or `[THREAD] return VALUE`, found {}",
                clip(text)
            ))
        })?;
        tape.clear();
        let (kind, value, call) = match said {
            Said::Call { f, argument } => {
                let call = Pending { f: f.to_owned(), argument: argument.to_owned() };
                pending.insert(thread, call);
                (Kind::Invoke, argument, &pending[&thread])
            }
            Said::Return { value } => {
                let call = pending.get(&thread);
                let call = call.ok_or_else(|| {
                    wrong(format!("expected a call of thread {thread} before its return"))
                })?;
                (Kind::Ok, if value.is_empty() { &call.argument } else { value }, call)
            }
        };
        write(value, &mut tape).map_err(wrong)?;
        let happening = Happening {
            line: line.number,
            at_ns: None,
            process: Some(thread),
            kind,
            f: &call.f,
            key: None,
            value: tape.at(0),
            extra: Value::nil(),
        };
        sink(&happening).map_err(wrong)?;
        if kind == Kind::Ok {
            pending.remove(&thread);
        }
    }
    Ok(Read { lines, skipped: 0 })
}

/// The thread and what it says.
fn said(text: &str) -> Option<(u64, Said<'_>)> {
    let (thread, event) = text.strip_prefix('[')?.split_once(']')?;
    let thread = thread.trim().parse().ok()?;
    let event = event.trim_start();
    let (verb, rest) = event.split_once(char::is_whitespace).unwrap_or((event, ""));
    let rest = rest.trim();
    match verb {
        "call" => {
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (f, argument) = rest.split_at(end);
            let argument = argument.trim();
            let argument = match argument.strip_prefix('(') {
                Some(inner) => inner.strip_suffix(')')?.trim(),
                None => argument,
            };
            (!f.is_empty()).then_some((thread, Said::Call { f, argument }))
        }
        "return" => Some((thread, Said::Return { value: rest })),
        _ => None,
    }
}

/// Whether a line could be one of these.
pub(super) fn looks_like(line: &str) -> bool {
    said(line.trim()).is_some()
}

fn write(value: &str, tape: &mut Tape) -> Result<(), String> {
    if value.is_empty() || value == "empty" {
        tape.nil();
    } else if let Ok(number) = value.parse() {
        tape.int(number);
    } else if value.chars().all(|c| c.is_alphanumeric() || c == '_') {
        tape.text(value);
    } else {
        return Err(format!("expected one number or word as value, found {}", clip(value)));
    }
    Ok(())
}
