//! The other direction: a history as text that [`parse`](super::parse) reads back as it was.

use super::{Expected, Text};
use crate::history::{Ask, Call, History, Mark, Outcome, ReadLevel, Reply, Stamp};
use std::fmt::Write;

/// The text form. Ordinals are written only where time does not tell the order.
pub fn print(text: &Text) -> String {
    let history = &text.history;
    let with_ordinals = !is_implied(history);
    let mut lines: Vec<(u64, String)> = Vec::new();
    for call in &history.calls {
        lines.push((call.called.ordinal, print_call(call, with_ordinals)));
    }
    for (at, mark) in &history.marks {
        lines
            .push((at.ordinal, format!("-- {} @{}", print_mark(mark), moment(*at, with_ordinals))));
    }
    for (at, note) in &history.notes {
        // A note is for people; what would end its line is shown as a space.
        let note = note.replace(['\n', '\r'], " ");
        lines.push((at.ordinal, format!("-- note {note} @{}", moment(*at, with_ordinals))));
    }
    lines.sort_by_key(|(ordinal, _)| *ordinal);
    let mut out = String::new();
    for (_, line) in lines {
        out.push_str(&line);
        out.push('\n');
    }
    if !text.expected.is_empty() {
        out.push_str("---\n");
    }
    for Expected { name, word, detail } in &text.expected {
        let _ = writeln!(out, "{}", format!("{name} {} {detail}", word.to_uppercase()).trim_end());
    }
    out
}

/// Whether the ordinals are 0, 1, 2, … and in the order that times alone would give.
fn is_implied(history: &History) -> bool {
    // Lines are written in order of `called`, so that is what stands for the line's number.
    let mut keys: Vec<(u64, bool, u64, u64)> = Vec::new();
    for call in &history.calls {
        keys.push((call.called.at_ns, false, call.called.ordinal, call.called.ordinal));
        if let Some(returned) = call.returned {
            keys.push((returned.at_ns, true, call.called.ordinal, returned.ordinal));
        }
    }
    let marks = history.marks.iter().map(|(at, _)| at);
    for at in marks.chain(history.notes.iter().map(|(at, _)| at)) {
        keys.push((at.at_ns, false, at.ordinal, at.ordinal));
    }
    keys.sort_unstable();
    keys.iter().enumerate().all(|(position, key)| key.3 == position as u64)
}

fn print_call(call: &Call, with_ordinals: bool) -> String {
    let mut out = format!("c{} ", call.client);
    match &call.ask {
        Ask::Produce { partition, messages, acks, producer } => {
            let messages: Vec<String> = messages.iter().map(|id| format!("m{id}")).collect();
            let messages = if messages.is_empty() { "-".to_owned() } else { messages.join(",") };
            let _ = write!(out, "produce p{partition} {messages} {}", acks.name());
            if let Some(s) = producer {
                let _ = write!(out, " producer={}/{}/{}", s.producer, s.epoch, s.sequence);
            }
        }
        Ask::Fetch { partition, from, level } => {
            let level = match level {
                ReadLevel::Eventual => "eventual",
                ReadLevel::Linearizable => "linearizable",
            };
            let _ = write!(out, "fetch p{partition} from={from} {level}");
        }
    }
    let _ = write!(out, " @{}..", moment(call.called, with_ordinals));
    if let Some(returned) = call.returned {
        out.push_str(&moment(returned, with_ordinals));
    }
    out.push(' ');
    out.push_str(&print_outcome(&call.outcome));
    out
}

fn print_outcome(outcome: &Outcome) -> String {
    let with_reason = |word: &str, reason: &str| match reason {
        "" => word.to_owned(),
        reason => format!("{word} ({})", reason.replace(['\n', '\r'], " ")),
    };
    match outcome {
        Outcome::Ok(Reply::Produced { first: None }) => "ok".to_owned(),
        Outcome::Ok(Reply::Produced { first: Some(first) }) => format!("ok offset={first}"),
        Outcome::Ok(Reply::Fetched { records, end }) => {
            let records = records.iter().map(|r| format!("{}:m{}", r.offset, r.message));
            format!("ok [{}] end={end}", records.collect::<Vec<_>>().join(" "))
        }
        Outcome::Refused(reason) => with_reason("refused", reason),
        Outcome::Unknown(reason) => with_reason("unknown", reason),
    }
}

fn print_mark(mark: &Mark) -> String {
    match mark {
        Mark::Booted => "booted".to_owned(),
        Mark::Healed { owed, bound_ns } => {
            let owed: Vec<String> = owed.iter().map(|partition| format!("p{partition}")).collect();
            format!("healed owed={} within={}", owed.join(","), seconds(*bound_ns))
        }
        Mark::Draining => "draining".to_owned(),
        Mark::Drained { partition, end } => format!("drained p{partition} end={end}"),
        Mark::Ended => "ended".to_owned(),
    }
}

fn moment(at: Stamp, with_ordinals: bool) -> String {
    let seconds = seconds(at.at_ns);
    if with_ordinals { format!("{seconds}#{}", at.ordinal) } else { seconds }
}

/// Seconds with three to nine decimals, none of them idle.
fn seconds(ns: u64) -> String {
    let fraction = format!("{:09}", ns % 1_000_000_000);
    let kept = fraction.trim_end_matches('0').len().max(3);
    format!("{}.{}", ns / 1_000_000_000, &fraction[..kept])
}
