//! Histories that are JSON objects: Elle's and its many relatives, and S2's.
//!
//! ```text
//! {"type":"invoke","process":0,"f":"txn","value":[["append",1,1],["r",2,null]],"index":0}
//! {"type":"invoke","f":"write","key":"key-11","value":259,"client":1}
//! {"event":{"Start":{"Append":{"num_records":1,"record_hashes":[7]}}},"client_id":2,"op_id":4984}
//! {"event":{"Finish":{"AppendSuccess":{"tail":2738}}},"client_id":2,"op_id":4984}
//! ```

use super::{
    FormatError, Happening, Kind, Read,
    json::objects,
    operation::{Clipped, Reader},
    source::Source,
    value::Value,
};

/// Reads operations as Jepsen has them, whose words are texts here.
pub(super) fn read(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let mut reader = Reader::default();
    let lines = objects(source, &mut |line, object| sink(&reader.read(line, object)?))?;
    Ok(Read { lines, skipped: 0 })
}

/// Reads what S2's collector writes: the call or its answer as `value`, the whole as `extra`, where
/// `op_id` is. A failed append is `info` or `fail` as it says itself; a failed read changed nothing.
pub(super) fn read_s2(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let lines = objects(source, &mut |line, object| sink(&s2(line, object)?))?;
    Ok(Read { lines, skipped: 0 })
}

fn s2(line: u64, object: Value<'_>) -> Result<Happening<'_>, String> {
    let client = object.get("client_id");
    let process = client.as_uint();
    let process = process
        .ok_or_else(|| format!("expected a number as `client_id`, found {}", Clipped(client)))?;
    let event = object.get("event");
    let (phase, told) = only_pair(event)
        .ok_or_else(|| format!("expected `event` to hold one event, found {}", Clipped(event)))?;
    // `"Read"` and `{"Append": {...}}`: what has nothing to say is a bare word.
    let (what, value) = match told.as_str() {
        Some(what) => (what, Value::nil()),
        None => only_pair(told)
            .ok_or_else(|| format!("expected one call or answer, found {}", Clipped(told)))?,
    };
    let (f, kind) = match (phase, what) {
        ("Start", "Append") => ("append", Kind::Invoke),
        ("Start", "Read") => ("read", Kind::Invoke),
        ("Start", "CheckTail") => ("check_tail", Kind::Invoke),
        ("Finish", "AppendSuccess") => ("append", Kind::Ok),
        ("Finish", "AppendDefiniteFailure") => ("append", Kind::Fail),
        ("Finish", "AppendIndefiniteFailure") => ("append", Kind::Info),
        ("Finish", "ReadSuccess") => ("read", Kind::Ok),
        ("Finish", "ReadFailure") => ("read", Kind::Fail),
        ("Finish", "CheckTailSuccess") => ("check_tail", Kind::Ok),
        ("Finish", "CheckTailFailure") => ("check_tail", Kind::Fail),
        _ => return Err(format!("expected an event of S2's, found {}", Clipped(event))),
    };
    let process = Some(process);
    Ok(Happening { line, at_ns: None, process, kind, f, key: None, value, extra: object })
}

/// The name and the content of a map that holds one thing.
fn only_pair(map: Value<'_>) -> Option<(&str, Value<'_>)> {
    let mut pairs = map.pairs();
    match (pairs.next(), pairs.next()) {
        (Some((name, value)), None) => Some((name.as_str()?, value)),
        _ => None,
    }
}
