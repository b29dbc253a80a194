//! One run on one screen: what, verdict, evidence in time order, the other verdicts with how much
//! they saw, what was broken at that time, recovery, and the way back.
//!
//! It says nothing that no checker said: no cause is guessed. At most 100 columns, no animation.

use crate::{
    ink::{Ink, WIDTH, ink_of, paint},
    names::moment,
    report::{Replay, RunReport},
    suite::scenario_name,
    telling::tell_story,
    words::{clean, clip, count, plural, span, span_up, wall, wrap},
};
use checkers::{Ask, Judgement, Run, Verdict};
use std::fmt::Write;

const FAULTS_MAX: usize = 8;
const RECOVERY_MAX: usize = 12;

/// The screen of one run, as text with a line break at the end.
pub fn text_run(run: &RunReport, colour: bool) -> String {
    let mut out = String::new();
    let title = format!("{}  seed {}", clean(&scenario_name(run)), run.plan.seed);
    line(&mut out, &paint(&clip(&title, WIDTH), Ink::Bold, colour));
    line(&mut out, &wrap(&world(run), WIDTH, "", "  "));
    line(&mut out, &verdict_line(run, colour));
    for story in &run.stories {
        line(&mut out, "");
        tell_story(&mut out, story, colour);
    }
    tell_doubts(&mut out, &run.run.judgements);
    tell_permitted(&mut out, &run.run.judgements);
    if run.stories.is_empty() {
        tell_faults(&mut out, run);
    }
    tell_refused(&mut out, &run.run);
    tell_verdicts(&mut out, &run.run.judgements, colour);
    tell_recovery(&mut out, run);
    tell_way_back(&mut out, run, colour);
    out
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("writing to a string does not fail");
}

/// The size of the world that was run.
pub(crate) fn world(run: &RunReport) -> String {
    let plan = &run.plan;
    let produced = (run.run.history.calls.iter())
        .filter(|call| matches!(call.ask, Ask::Produce { .. }))
        .count() as u64;
    // A long run may drop its calls from the history; then the counts still tell the messages.
    let asked = match produced {
        0 => plural(run.run.counts.attempted, "message"),
        calls => plural(calls, "produce call"),
    };
    format!(
        "{} in {}, {}, {asked}, {} simulated",
        plural(plan.nodes.len() as u64, "node"),
        plural(plan.regions.len() as u64, "region"),
        plural(plan.workload.clients.len() as u64, "client"),
        span(run.run.sim_ns),
    )
}

fn verdict_line(run: &RunReport, colour: bool) -> String {
    let word = run.verdict.word();
    let doubts =
        run.run.judgements.iter().filter(|judgement| judgement.verdict.word() == "unknown");
    let names: Vec<String> = match &run.verdict {
        Verdict::Holds(_) => Vec::new(),
        Verdict::Violated(_) => run.broken().iter().map(|(law, _)| clean(&law.name)).collect(),
        Verdict::Unknown(_) => doubts.map(|judgement| clean(&judgement.name)).collect(),
    };
    let mut said = if names.is_empty() { clean(&run.headline) } else { names.join(", ") };
    match run.met() {
        Ok(()) if run.is_violated_as_expected() => said.push_str(", as its scenario expects"),
        Err(why) if word == "holds" => {
            said.push_str(&format!("; not as expected: {}", clean(&why)))
        }
        Ok(()) | Err(_) => {}
    }
    let plain = wrap(&format!("{} {said}", word.to_uppercase()), WIDTH - 1, "", "  ");
    plain.replacen(
        &word.to_uppercase(),
        &format!("{} ", paint(&word.to_uppercase(), ink_of(word), colour)),
        1,
    )
}

pub(crate) fn tell_doubts(out: &mut String, judgements: &[Judgement]) {
    let mut is_first = true;
    for judgement in judgements {
        if let Verdict::Unknown(why) = &judgement.verdict {
            if is_first {
                line(out, "");
                is_first = false;
            }
            let first = format!("  {}: ", clean(&judgement.name));
            line(out, &wrap(&clean(why), WIDTH, &first, "    "));
        }
    }
}

/// What the contract or a level permitted, and happened.
pub(crate) fn tell_permitted(out: &mut String, judgements: &[Judgement]) {
    let mut is_first = true;
    for judgement in judgements {
        for permitted in &judgement.permitted {
            if is_first {
                line(out, "");
                is_first = false;
            }
            let first = format!("  permitted by {}: ", clean(&judgement.name));
            line(out, &wrap(&clean(permitted), WIDTH, &first, "    "));
        }
    }
}

/// Every fault, where no broken law tells which ones matter.
fn tell_faults(out: &mut String, run: &RunReport) {
    let faults = &run.run.series.faults;
    if !faults.is_empty() {
        line(out, "");
        line(out, "  faults at work");
    }
    for (what, from, to) in faults.iter().take(FAULTS_MAX) {
        let first = format!("    {:>9}  ", moment(*from, run.zero_ns));
        let until = match to > from {
            true => format!(", until {}", moment(*to, run.zero_ns)),
            false => String::new(),
        };
        line(out, &wrap(&format!("{}{until}", clean(what)), WIDTH, &first, "               "));
    }
    if faults.len() > FAULTS_MAX {
        let more = (faults.len() - FAULTS_MAX) as u64;
        line(out, &format!("    {:>9}  and {} more", "…", count(more)));
    }
}

fn tell_refused(out: &mut String, run: &Run) {
    for refused in run.refused_faults.iter().take(FAULTS_MAX) {
        line(out, &wrap(&clean(refused), WIDTH, "    refused: ", "             "));
    }
}

pub(crate) fn tell_verdicts(out: &mut String, judgements: &[Judgement], colour: bool) {
    let told: Vec<(String, &'static str)> = judgements
        .iter()
        .map(|judgement| {
            let name = clean(&judgement.name);
            let word = judgement.verdict.word();
            let saw = match &judgement.verdict {
                Verdict::Holds(coverage) => format!(" ({})", plural(coverage.get(), "case")),
                Verdict::Violated(evidence) if evidence.count > 0 => {
                    format!(" ({})", plural(evidence.count, "time"))
                }
                Verdict::Violated(_) | Verdict::Unknown(_) => String::new(),
            };
            (format!("{name} {}{saw}", word.to_uppercase()), word)
        })
        .collect();
    line(out, "");
    let (mut row, mut width) = (String::from("  "), 2);
    for (i, (text, word)) in told.iter().enumerate() {
        let separator = if width == 2 { "" } else { " · " };
        let dot = if i + 1 < told.len() { 2 } else { 0 };
        if width > 2 && width + 3 + text.chars().count() + dot > WIDTH {
            line(out, &row);
            (row, width) = (String::from("  "), 2);
        } else {
            row.push_str(separator);
            width += separator.chars().count();
        }
        let upper = word.to_uppercase();
        row.push_str(&text.replacen(&upper, &paint(&upper, ink_of(word), colour), 1));
        width += text.chars().count();
    }
    line(out, &row);
}

/// How soon each partition came back from each fault that took replicas away.
pub(crate) fn tell_recovery(out: &mut String, report: &RunReport) {
    let run = &report.run;
    if run.recovery.is_empty() {
        return;
    }
    line(out, "");
    for recovery in run.recovery.iter().take(RECOVERY_MAX) {
        let rto = recovery.rto_ns.map_or("none (no later ack)".to_owned(), span_up);
        let rpo = recovery
            .rpo_messages
            .map_or("not counted: no drain".to_owned(), |messages| plural(messages, "message"));
        let caught_up = recovery.catch_up_ns.map_or(String::new(), |ns| {
            format!(", replicas caught up {} after its end", span_up(ns))
        });
        let said = format!(
            "{} at {}: p{} RTO {rto}, RPO {rpo}{caught_up}",
            clean(&recovery.fault),
            moment(recovery.at_ns, report.zero_ns),
            recovery.partition,
        );
        line(out, &wrap(&said, WIDTH, "  recovery  ", "            "));
    }
    if run.recovery.len() > RECOVERY_MAX {
        let more = (run.recovery.len() - RECOVERY_MAX) as u64;
        line(out, &format!("  recovery  and {} more", count(more)));
    }
}

fn tell_way_back(out: &mut String, run: &RunReport, colour: bool) {
    line(out, "");
    let again = match &run.replayed {
        None => String::new(),
        Some(Replay::Same) => ", the same again in a fresh process".to_owned(),
        Some(Replay::Different { first_difference }) => {
            format!(", ANOTHER in a fresh process; first difference: {}", clean(first_difference))
        }
    };
    let short: String = clean(&run.run.trace_hash).chars().take(16).collect();
    let said = format!("{short}…{again} ({} of wall time)", wall(run.wall_ms));
    line(out, &wrap(&said, WIDTH, "trace:  ", "        "));
    // Never wrapped: it is there to be copied.
    line(out, &format!("replay: {}", paint(&run.replay_line(), Ink::Bold, colour)));
}
