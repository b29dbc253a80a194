//! What became of a history from elsewhere: what it was taken for, how much of it was seen, what
//! the judges said, for people and for machines.

use crate::{
    exit::ExitCode,
    ink::{Ink, WIDTH, ink_of, paint},
    json::{self, SCHEMA},
    screen,
    telling::tell_evidence,
    words::{clean, clip, plural, wrap},
};
use checkers::{CATALOGUE, Verdict, court::Ruling};
use serde_json::{Value, json};
use std::fmt::Write;

/// The model of a replicated log: whoever runs one has disks and frames, too.
const LOG: &str = "log";

/// Laws that a history cannot show, because they look at disks, frames and nodes.
fn unjudged(ruling: &Ruling) -> Vec<&'static str> {
    let is_blind = |law: &&checkers::Law| law.is_for_runs() && !law.is_for_clients();
    let laws = CATALOGUE.iter().filter(is_blind).filter(|_| ruling.model == LOG);
    laws.map(|law| law.name).collect()
}

/// The verdict of a history. One that holds, of a run in which a law was broken that no history can
/// show, proves nothing: it is in doubt. `broken` are the laws that were broken in that run.
fn verdict(ruling: &Ruling, broken: &[String]) -> Verdict {
    let judged =
        |name: &&String| ruling.judgements.iter().any(|judgement| judgement.name == **name);
    let unseen: Vec<&str> =
        broken.iter().filter(|name| !judged(name)).map(String::as_str).collect();
    match ruling.verdict() {
        Verdict::Holds(_) if !unseen.is_empty() => Verdict::Unknown(format!(
            "what clients saw breaks no law, but the run broke {}, which looks at what no client sees",
            unseen.join(", ")
        )),
        verdict @ (Verdict::Holds(_) | Verdict::Violated(_) | Verdict::Unknown(_)) => verdict,
    }
}

/// The page of a checked history, with a line break at its end. `broken` are the laws that were
/// broken in the run that it was kept of, if it is of a run.
pub fn check_text(file: &str, ruling: &Ruling, broken: &[String], colour: bool) -> String {
    let mut out = String::new();
    let verdict = verdict(ruling, broken);
    line(&mut out, &paint(&clip(&clean(file), WIDTH), Ink::Bold, colour));
    line(&mut out, &wrap(&extent(ruling), WIDTH, "", "  "));
    for term in &ruling.terms {
        line(&mut out, &wrap(&clean(term), WIDTH, "  by ", "     "));
    }
    line(&mut out, &headline(ruling, &verdict, colour));
    for judgement in &ruling.judgements {
        if let Verdict::Violated(evidence) = &judgement.verdict {
            line(&mut out, "");
            tell_evidence(&mut out, &judgement.name, evidence, colour);
        }
    }
    screen::tell_doubts(&mut out, &ruling.judgements);
    screen::tell_permitted(&mut out, &ruling.judgements);
    screen::tell_verdicts(&mut out, &ruling.judgements, colour);
    if !ruling.unexercised.is_empty() {
        let names = ruling.unexercised.join(", ");
        line(&mut out, &wrap(&clean(&names), WIDTH, "  nothing to look at for: ", "    "));
    }
    let unjudged = unjudged(ruling);
    if !unjudged.is_empty() {
        let names = unjudged.join(", ");
        line(&mut out, &wrap(&names, WIDTH, "  not to be judged from what clients saw: ", "    "));
    }
    out
}

/// The document of a checked history.
pub fn check_json(file: &str, ruling: &Ruling, broken: &[String]) -> Value {
    let verdict = verdict(ruling, broken);
    let code = check_exit_code(ruling, broken);
    let mut document = json!({
        "schema": SCHEMA,
        "verdict": verdict.word(),
        "exit_code": code.code(),
        "history": {
            "file": file,
            "format": ruling.format,
            "format_recognised": ruling.is_format_recognised,
            "model": ruling.model,
            "model_recognised": ruling.is_model_recognised,
            "extent": ruling.extent,
            "terms": ruling.terms,
        },
        "checkers": json::checkers(&ruling.judgements),
        "unexercised": ruling.unexercised,
        "unjudged": unjudged(ruling),
        "broken_in_run": broken,
    });
    if let Some(counts) = &ruling.counts {
        document["totals"] = json::totals(counts);
    }
    document
}

/// How `check` ends.
pub fn check_exit_code(ruling: &Ruling, broken: &[String]) -> ExitCode {
    match verdict(ruling, broken) {
        Verdict::Holds(_) => ExitCode::Holds,
        Verdict::Violated(_) => ExitCode::Violated,
        Verdict::Unknown(_) => ExitCode::Inconclusive,
    }
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{text}").expect("writing to a string does not fail");
}

/// What the history was taken for, and how much of it there is.
fn extent(ruling: &Ruling) -> String {
    let Ruling { format, model, extent, .. } = ruling;
    let recognised = |is_recognised| if is_recognised { " (recognised)" } else { "" };
    let mut parts = vec![format!(
        "{}{}, model {}{}: {} on {} by {}",
        clean(format),
        recognised(ruling.is_format_recognised),
        clean(model),
        recognised(ruling.is_model_recognised),
        plural(extent.operations, "operation"),
        plural(extent.objects, "object"),
        match extent.processes {
            1 => "1 process".to_owned(),
            many => format!("{} processes", crate::words::count(many)),
        },
    )];
    let counted = [
        (extent.ok, "succeeded"),
        (extent.failed, "failed"),
        (extent.unknown, "unknown"),
        (extent.bystanders, "lines by bystanders"),
        (extent.skipped, "lines that are no operations"),
    ];
    let counted = counted.into_iter().filter(|(count, _)| *count > 0);
    parts.extend(counted.map(|(count, what)| format!("{} {what}", crate::words::count(count))));
    parts.join(", ")
}

fn headline(ruling: &Ruling, verdict: &Verdict, colour: bool) -> String {
    let word = verdict.word();
    let said = match verdict {
        Verdict::Holds(coverage) => plural(coverage.get(), "case"),
        Verdict::Unknown(why) => clean(why),
        Verdict::Violated(_) => {
            let violated = ruling.judgements.iter();
            let violated = violated.filter(|judgement| judgement.verdict.word() == "violated");
            violated.map(|judgement| clean(&judgement.name)).collect::<Vec<_>>().join(", ")
        }
    };
    let plain = wrap(&format!("{} {said}", word.to_uppercase()), WIDTH - 1, "", "  ");
    let upper = word.to_uppercase();
    plain.replacen(&upper, &format!("{} ", paint(&upper, ink_of(word), colour)), 1)
}
