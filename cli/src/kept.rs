//! Failures on disk: what is kept of each, and how much of all of them.
//!
//! ```text
//! failures/<signature>/<scenario>-<seed>/
//!   token.txt plan.json effective.json verdict.json report.txt [history.jsonl]
//! ```
//!
//! The first two of a signature keep their history, the others what is needed to run them again and
//! to read what happened: a sweep's folder stays small enough to be handed on. A failure is kept as
//! soon as it is known, so that whoever is killed has kept it.

use crate::{files::write_whole, say::Failure};
use checkers::{Ending, History, Stamp, Verdict, formats::ours::write_jsonl};
use reports::{Replay, RunReport};
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

/// Failures of one signature that keep their history.
const HISTORIES_MAX: usize = 2;
/// Bytes of all histories together.
const HISTORY_BYTES_MAX: u64 = 32 << 20;
/// Bytes of everything else that is kept of failures.
const OTHER_BYTES_MAX: u64 = 12 << 20;

/// What was kept so far.
#[derive(Debug)]
pub(crate) struct Kept {
    folder: PathBuf,
    build: String,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Histories by signature.
    histories: BTreeMap<String, usize>,
    history_bytes: u64,
    other_bytes: u64,
    /// Token or plan path to where its failure is kept.
    places: BTreeMap<String, PathBuf>,
    /// Failures that are told in the summary only.
    left_out: u64,
}

impl Kept {
    /// Keeps failures in this folder, in the name of this build.
    pub(crate) fn new(folder: PathBuf, build: &str) -> Kept {
        Kept { folder, build: build.to_owned(), state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Where a run's failure is kept, if it is.
    pub(crate) fn place(&self, report: &RunReport) -> Option<PathBuf> {
        self.state().places.get(&key(report)).cloned()
    }

    /// Failures that were too many to be kept.
    pub(crate) fn left_out(&self) -> u64 {
        self.state().left_out
    }

    /// Keeps what is known of a run that does not hold, as much of it as there is room for.
    pub(crate) fn keep(&self, report: &RunReport) -> Result<(), Failure> {
        let signature = signature(report);
        let Some((under, history)) = self.claim(report, &signature) else { return Ok(()) };
        let text = |file: &str, text: &str| {
            let content = format!("{}\n", text.trim_end());
            self.state().other_bytes += content.len() as u64;
            write(&under.join(file), content.as_bytes())
        };
        let json = |file: &str, value: &Value| text(file, &format!("{value:#}"));
        json("plan.json", &json!(report.plan))?;
        json("effective.json", &json!(report.effective))?;
        json("verdict.json", &verdict(report, &self.build))?;
        text("report.txt", &reports::text_run(report, false))?;
        if let Some(history) = history {
            write(&under.join("history.jsonl"), &history)?;
        }
        text("token.txt", &report.token)
    }

    /// Takes a name and room for a failure, and for its history if that fits; none if there is no
    /// room left at all.
    fn claim(&self, report: &RunReport, signature: &str) -> Option<(PathBuf, Option<Vec<u8>>)> {
        let mut state = self.state();
        if state.other_bytes > OTHER_BYTES_MAX {
            state.left_out += 1;
            return None;
        }
        let name = format!("{}-{}", file_name(&report.plan.scenario), report.plan.seed);
        let mut under = self.folder.join(signature).join(&name);
        if state.places.values().any(|taken| *taken == under) {
            under = self.folder.join(signature).join(format!("{name}-{}", report.plan.hash()));
        }
        state.places.insert(key(report), under.clone());
        let n_kept = *state.histories.entry(signature.to_owned()).or_insert(0);
        if n_kept >= HISTORIES_MAX {
            return Some((under, None));
        }
        let left = HISTORY_BYTES_MAX.saturating_sub(state.history_bytes);
        let history = history(report, left);
        state.history_bytes += history.as_ref().map_or(0, |bytes| bytes.len() as u64);
        *state.histories.entry(signature.to_owned()).or_insert(0) += usize::from(history.is_some());
        Some((under, history))
    }
}

/// What names a run within an invocation.
fn key(report: &RunReport) -> String {
    report.plan_path.clone().unwrap_or_else(|| report.token.clone())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    write_whole(path, |file| file.write_all(bytes))
        .map_err(|error| Failure::unwritten(format!("could not write {}: {error}", path.display())))
}

/// What failures have in common when they are one bug, as far as a name can tell: the law that was
/// broken first, or what a node said when it panicked, or what was in doubt. Never a line number of
/// ours: it moves when nothing has changed.
pub(crate) fn signature(report: &RunReport) -> String {
    if report.is_nondeterministic() {
        return "nondeterminism".to_owned();
    }
    if let Ending::Panicked { message, .. } = &report.run.ending {
        return format!("panic-{}", words_only(message));
    }
    if let [(first, _), ..] = report.broken()[..] {
        return file_name(&first.name);
    }
    if let (Verdict::Holds(_), Err(_)) = (&report.verdict, report.met()) {
        return if report.plant.is_some() { "escaped" } else { "not_as_expected" }.to_owned();
    }
    let mut doubts = report.run.judgements.iter().filter(|judgement| match judgement.verdict {
        Verdict::Unknown(_) => true,
        Verdict::Holds(_) | Verdict::Violated(_) => false,
    });
    doubts
        .next()
        .map_or("unknown".to_owned(), |doubt| format!("unknown-{}", file_name(&doubt.name)))
}

/// The words of a message without its numbers, which differ from seed to seed.
fn words_only(message: &str) -> String {
    let words = message.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
    file_name(&words.take(8).collect::<Vec<_>>().join("-").to_lowercase())
}

/// A name that every file system takes and that cannot leave its folder.
fn file_name(name: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    let plain: String = name.chars().map(|c| if is_plain(c) { c } else { '-' }).take(80).collect();
    match plain.trim_matches(['.', '-']) {
        "" => "unnamed".to_owned(),
        trimmed => trimmed.to_owned(),
    }
}

/// A run without its history, for machines.
fn verdict(report: &RunReport, build: &str) -> Value {
    let RunReport { plan, run, .. } = report;
    let replayed = report.replayed.as_ref().map(|replay| match replay {
        Replay::Same => json!("same"),
        Replay::Different { first_difference } => json!({ "different": first_difference }),
    });
    json!({
        "schema": 1,
        "build": build,
        "scenario": plan.scenario,
        "seed": plan.seed,
        "token": report.token,
        "plant": report.plant,
        "verdict": report.verdict.word(),
        "headline": report.headline,
        "replay": report.replay_line(),
        "trace_hash": run.trace_hash,
        "replayed": replayed,
        "ending": run.ending,
        "judgements": run.judgements,
        "counts": run.counts,
        "recovery": run.recovery,
        "faults": run.faults,
        "refused_faults": run.refused_faults,
        "marks": run.marks,
        "sim_ns": run.sim_ns,
        "events": run.events,
    })
}

/// The history as lines, if it fits; else the calls of the partition that the evidence is about,
/// and a note that says so; else nothing.
fn history(report: &RunReport, bytes_max: u64) -> Option<Vec<u8>> {
    let fits = |bytes: &Vec<u8>| bytes.len() as u64 <= bytes_max;
    let whole = lines(&report.run.history);
    if fits(&whole) {
        return Some(whole);
    }
    let partition = report.broken().first().and_then(|(_, evidence)| evidence.partition)?;
    let mut part = report.run.history.clone();
    part.calls.retain(|call| call.partition() == Some(partition));
    part.notes.insert(
        0,
        (
            Stamp::default(),
            format!(
                "only the calls on partition {partition} are kept here: the whole is too large"
            ),
        ),
    );
    Some(lines(&part)).filter(fits)
}

fn lines(history: &History) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_jsonl(history, &mut bytes).expect("memory can be written");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_leave_its_folder() {
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name(".."), "unnamed");
        assert_eq!(file_name("leader_crash"), "leader_crash");
    }

    #[test]
    fn a_panic_is_named_by_its_words_and_not_by_its_numbers_or_place() {
        let one = words_only("commit 88 is past the log's end 87");
        assert_eq!(one, "commit-is-past-the-log-s-end");
        assert_eq!(one, words_only("commit 9 is past the log's end 3"));
        assert_eq!(words_only("42"), "unnamed");
    }
}
