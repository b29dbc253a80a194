//! Evidence as text: a broken law of a run as a story, one of a history from elsewhere as its judge
//! told it. At most 100 columns; of long evidence begin and end.

use crate::{
    ink::{Ink, WIDTH, paint},
    story::Story,
    words::{clean, plural, seconds, wrap},
};
use checkers::Evidence;
use std::fmt::Write;

/// Lines of evidence that are told; between begin and end the rest is counted.
const LINES_MAX: usize = 24;
/// Where what follows a label begins.
const LABEL: &str = "               ";

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("writing to a string does not fail");
}

/// A broken law: how, what it asks for, who is meant, what was promised, what happened, under which
/// faults, and what it comes to.
pub(crate) fn tell_story(out: &mut String, story: &Story, colour: bool) {
    tell_summary(out, &story.law, &story.summary);
    labelled(out, "law", &story.asks, colour);
    labelled(out, "who", &story.who, colour);
    labelled(out, "promised", story.promised.as_deref().unwrap_or_default(), colour);
    let lines = story.lines.iter().map(|(at, text)| (at.as_str(), text.as_str()));
    tell_lines(out, &lines.collect::<Vec<_>>(), 13);
    if !story.lines.is_empty() {
        let faults = match (story.faults.as_slice(), story.faults_left_out) {
            ([], _) => "none was at work meanwhile".to_owned(),
            (some, more) => {
                let told: Vec<String> =
                    some.iter().map(|(from, what)| format!("{from} {what}")).collect();
                let more = if more > 0 { format!("; and {more} more") } else { String::new() };
                format!("{}{more}", told.join("; "))
            }
        };
        labelled(out, "faults", &faults, colour);
    }
    labelled(out, "therefore", story.therefore.as_deref().unwrap_or_default(), colour);
}

fn labelled(out: &mut String, label: &str, text: &str, colour: bool) {
    if text.is_empty() {
        return;
    }
    let first = format!("    {label:<11}");
    let told = wrap(&clean(text), WIDTH, &first, LABEL);
    line(out, &told.replacen(label, &paint(label, Ink::Dim, colour), 1));
}

/// What a judge said of a history from elsewhere.
pub(crate) fn tell_evidence(out: &mut String, name: &str, evidence: &Evidence, colour: bool) {
    tell_summary(out, name, &evidence.summary);
    let place = place(evidence);
    if !place.is_empty() {
        line(out, &paint(&format!("    {place}"), Ink::Dim, colour));
    }
    // A history from elsewhere may tell no times; then its lines say where they stand in the file.
    let has_times = evidence.lines.iter().any(|line| line.at_ns > 0);
    let time = |at_ns| if has_times { seconds(at_ns) } else { String::new() };
    let times: Vec<String> = evidence.lines.iter().map(|line| time(line.at_ns)).collect();
    let told =
        times.iter().zip(&evidence.lines).map(|(at, line)| (at.as_str(), line.text.as_str()));
    tell_lines(out, &told.collect::<Vec<_>>(), if has_times { 9 } else { 1 });
}

/// The law and how it was broken. A sentence that begins with the law need not tell its name twice.
fn tell_summary(out: &mut String, name: &str, summary: &str) {
    let summary = summary.strip_prefix(&format!("{name}: ")).unwrap_or(summary);
    line(out, &wrap(&clean(summary), WIDTH, &format!("  {}: ", clean(name)), "    "));
}

/// Moments and what happened then, right under one another.
fn tell_lines(out: &mut String, lines: &[(&str, &str)], width_min: usize) {
    let left_out = lines.len().saturating_sub(LINES_MAX);
    let head = if left_out == 0 { lines.len() } else { LINES_MAX / 2 };
    let width = lines.iter().map(|(at, _)| at.len()).max().unwrap_or(0).max(width_min);
    for (i, (at, text)) in lines.iter().enumerate() {
        if i == head {
            let more = plural(left_out as u64, "line");
            line(out, &format!("    {:>width$}  {more} left out", "…"));
        }
        if (head..head + left_out).contains(&i) {
            continue;
        }
        let first = format!("    {at:>width$}  ");
        let rest = " ".repeat(first.len() + 2);
        line(out, &wrap(&clean(text), WIDTH, &first, &rest));
    }
}

/// Which node, partition, offset and message a violation is about, and how many there were.
fn place(evidence: &Evidence) -> String {
    let mut parts = Vec::new();
    parts.extend(evidence.node.map(|node| format!("node n{node}")));
    parts.extend(evidence.partition.map(|partition| format!("partition p{partition}")));
    parts.extend(evidence.offset.map(|offset| format!("offset {offset}")));
    parts.extend(evidence.message.map(|message| format!("message m{message}")));
    if evidence.count > 1 {
        parts.push(format!("the first of {}", plural(evidence.count, "violation")));
    }
    parts.join(" · ")
}
