//! The other direction: a history as text that [`parse`](super::parse) reads back as it was.

use super::{Expected, Text};
use crate::history::{
    Ask, Call, Content, History, Mark, MessageId, Numbered, Offset, Outcome, Partition, Polled,
    ReadLevel, Record, Reply, Stamp, Step, StepReply,
};
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
        if let Some(Numbered { at, .. }) = call.numbered {
            keys.push((at.at_ns, false, call.called.ordinal, at.ordinal));
        }
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
    let mut out = format!("c{} {}", call.client, print_ask(&call.ask));
    if let Some(Numbered { at, sequence: s }) = call.numbered {
        let _ = write!(out, " producer={}/{}/{}", s.producer, s.epoch, s.sequence);
        if with_ordinals || at.at_ns != call.called.at_ns {
            let _ = write!(out, "@{}", moment(at, with_ordinals));
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

fn print_ask(ask: &Ask) -> String {
    match ask {
        Ask::Produce { partition, messages, acks, contents } => {
            let content = |place: usize| contents.as_slice().get(place).copied();
            let messages = messages.iter().enumerate();
            let messages = side_by_side(messages.map(|(at, id)| print_message(*id, content(at))));
            format!("produce p{partition} {messages} {}", acks.name())
        }
        Ask::Fetch { partition, from, level } => {
            let level = match level {
                ReadLevel::Eventual => "eventual".to_owned(),
                ReadLevel::Bounded(bound_ns) => format!("bounded={}", seconds(*bound_ns)),
                ReadLevel::Session => "session".to_owned(),
                ReadLevel::Linearizable => "linearizable".to_owned(),
            };
            format!("fetch p{partition} from={from} {level}")
        }
        Ask::Poll => "poll".to_owned(),
        Ask::Transact { steps } => {
            let steps = steps.iter().map(|step| match step {
                Step::Send { partition, message } => format!(" p{partition}:m{message}"),
                Step::Poll => " poll".to_owned(),
            });
            format!("transact{}", steps.collect::<String>())
        }
        Ask::Assign { partitions, is_managed } => {
            let verb = if *is_managed { "subscribe" } else { "assign" };
            format!("{verb} {}", print_partitions(partitions))
        }
        Ask::Join { group } => format!("join g{group}"),
        Ask::CommitOffsets { group, generation, offsets } => {
            let offsets = side_by_side(offsets.iter().map(|(p, offset)| format!("p{p}={offset}")));
            format!("commit g{group} generation={generation} {offsets}")
        }
        Ask::FetchOffsets { group, partitions } => {
            format!("offsets g{group} {}", print_partitions(partitions))
        }
    }
}

/// Things with a comma between them, or a dash for none.
fn side_by_side(things: impl Iterator<Item = String>) -> String {
    let things: Vec<String> = things.collect();
    if things.is_empty() { "-".to_owned() } else { things.join(",") }
}

fn print_partitions(partitions: &[Partition]) -> String {
    side_by_side(partitions.iter().map(|partition| format!("p{partition}")))
}

fn print_offset(offset: Option<Offset>) -> String {
    offset.map_or("-".to_owned(), |offset| offset.to_string())
}

fn print_records(records: &[Record]) -> String {
    let print = |r: &Record| format!("{}:{}", r.offset, print_message(r.message, r.content));
    let records = records.iter().map(print);
    format!("[{}]", records.collect::<Vec<_>>().join(" "))
}

fn print_polled(polled: &Polled) -> String {
    let batches = polled.batches.iter();
    let mut words: Vec<String> = batches
        .map(|batch| format!("p{}{}", batch.partition, print_records(&batch.records)))
        .collect();
    if !polled.rebalanced.is_empty() {
        words.push(format!("rebalanced={}", print_partitions(&polled.rebalanced)));
    }
    words.join(" ")
}

fn print_reply(reply: &Reply) -> String {
    match reply {
        Reply::Produced { first: None } | Reply::Assigned | Reply::OffsetsCommitted => {
            String::new()
        }
        Reply::Produced { first: Some(first) } => format!("offset={first}"),
        Reply::Fetched { records, end } => format!("{} end={end}", print_records(records)),
        Reply::Polled(polled) => print_polled(polled),
        Reply::Transacted { results } => {
            let results = results.iter().map(|result| match result {
                StepReply::Sent { offset } => print_offset(*offset),
                StepReply::Polled(polled) if *polled == Polled::default() => "-".to_owned(),
                StepReply::Polled(polled) => print_polled(polled),
            });
            results.collect::<Vec<_>>().join("; ")
        }
        Reply::Joined { generation, partitions } => {
            format!("generation={generation} {}", print_partitions(partitions))
        }
        Reply::Offsets { offsets } => {
            let pair = |(partition, offset): &(Partition, Option<Offset>)| {
                format!("p{partition}={}", print_offset(*offset))
            };
            offsets.iter().map(pair).collect::<Vec<_>>().join(",")
        }
    }
}

fn print_message(message: MessageId, content: Option<Content>) -> String {
    match content {
        Some(content) => format!("m{message}={content}"),
        None => format!("m{message}"),
    }
}

fn print_outcome(outcome: &Outcome) -> String {
    let with_reason = |word: &str, reason: &str| match reason {
        "" => word.to_owned(),
        reason => format!("{word} ({})", reason.replace(['\n', '\r'], " ")),
    };
    match outcome {
        Outcome::Ok(reply) => format!("ok {}", print_reply(reply)).trim_end().to_owned(),
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
