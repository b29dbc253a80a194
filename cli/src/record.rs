//! What earlier invocations left behind: for a token, the trace hash and the verdict that were seen.
//!
//! A trace hash says something about this build only if this build made it: change a line of the
//! system and every hash moves. So a record carries the fingerprint of the binary that made it.

use crate::folder::{ENDED, FAILURES, PLANNED, RUNS, SUMMARY};
use serde_json::Value;
use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::OnceLock,
};

/// Invocations that are searched for a token that was mistyped.
const RECENT_MAX: usize = 20;
/// Tokens that are searched.
const TOKENS_MAX: usize = 100_000;

/// One run as it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// The trace hash.
    pub(crate) trace_hash: String,
    /// Whether it was violated.
    pub(crate) is_violated: bool,
    /// The fingerprint of the binary that made it, if that is known.
    pub(crate) build: Option<String>,
    /// The file that says so.
    pub(crate) place: PathBuf,
}

/// The fingerprint of this binary, read once by whoever asks first.
pub(crate) fn build() -> io::Result<String> {
    static BUILD: OnceLock<String> = OnceLock::new();
    if let Some(build) = BUILD.get() {
        return Ok(build.clone());
    }
    let binary = fs::read(std::env::current_exe()?)?;
    let build = blake3::hash(&binary).to_hex()[..16].to_owned();
    Ok(BUILD.get_or_init(|| build).clone())
}

/// What was recorded of a token under `out`: of this build if there is any, else the newest.
pub(crate) fn find(out: &Path, token: &str, build: Option<&str>) -> Option<Record> {
    let mut folders: Vec<PathBuf> = children(&out.join(RUNS));
    folders.reverse();
    let mut newest = None;
    for folder in folders {
        let Some(record) = in_folder(&folder, token) else { continue };
        if record.build.is_some() && record.build.as_deref() == build {
            return Some(record);
        }
        newest.get_or_insert(record);
    }
    newest
}

/// What one run folder says of a token. A replay is no record: it was held against one.
fn in_folder(folder: &Path, token: &str) -> Option<Record> {
    let path = folder.join(SUMMARY);
    match read(&path) {
        Some(summary) if summary.get("replay").is_some() => None,
        Some(summary) => in_summary(&summary, &path, token),
        // An invocation that was killed has no summary, but it kept what ended as it went.
        None => {
            let kept = failures(folder);
            kept.iter().find_map(|failure| in_failure(failure, token)).or_else(|| {
                let path = folder.join(ENDED);
                let text = fs::read_to_string(&path).ok()?;
                let mut runs = text.lines().filter_map(|line| serde_json::from_str(line).ok());
                let run: Value =
                    runs.find(|run: &Value| run.get("token").is_some_and(|t| t == token))?;
                record(&run, None, &path)
            })
        }
    }
}

/// Every token that recent invocations ran, the newest invocation first.
pub(crate) fn tokens(out: &Path) -> Vec<String> {
    let runs = children(&out.join(RUNS)).into_iter().rev().take(RECENT_MAX);
    let planned = runs.filter_map(|run| fs::read_to_string(run.join(PLANNED)).ok());
    let tokens = |text: String| -> Vec<String> {
        let lines = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter_map(|line| Some(line.get("token")?.as_str()?.to_owned())).collect()
    };
    planned.flat_map(tokens).take(TOKENS_MAX).collect()
}

/// The newest folder that keeps the plan of a failure of this token.
pub(crate) fn kept_failure(out: &Path, token: &str) -> Option<PathBuf> {
    let runs = children(&out.join(RUNS)).into_iter().rev();
    runs.flat_map(|run| failures(&run)).find(|failure| in_failure(failure, token).is_some())
}

/// The failures that a run folder keeps.
pub(crate) fn failures(run: &Path) -> Vec<PathBuf> {
    children(&run.join(FAILURES)).iter().flat_map(|signature| children(signature)).collect()
}

fn in_summary(summary: &Value, path: &Path, token: &str) -> Option<Record> {
    let runs = summary.get("runs")?.as_array()?;
    let run = runs.iter().find(|run| run.get("token").is_some_and(|has| has == token))?;
    record(run, summary.get("build"), path)
}

/// What the folder of a failure says of a token.
pub(crate) fn in_failure(folder: &Path, token: &str) -> Option<Record> {
    let path = folder.join("verdict.json");
    let verdict = read(&path)?;
    (verdict.get("token")? == token).then_some(())?;
    record(&verdict, verdict.get("build"), &path)
}

/// Laws that were broken in the run that this folder keeps; none if it keeps no run.
pub(crate) fn broken_laws(folder: &Path) -> Vec<String> {
    let Some(verdict) = read(&folder.join("verdict.json")) else { return Vec::new() };
    let judgements = verdict.get("judgements").and_then(Value::as_array);
    let is_broken = |judgement: &&Value| {
        judgement.get("verdict").is_some_and(|verdict| verdict.get("violated").is_some())
    };
    let broken = judgements.into_iter().flatten().filter(is_broken);
    broken.filter_map(|judgement| Some(judgement.get("name")?.as_str()?.to_owned())).collect()
}

/// The part that both kinds of file have in common. A run that left no hash left no record.
fn record(run: &Value, build: Option<&Value>, path: &Path) -> Option<Record> {
    let trace_hash = run.get("trace_hash")?.as_str()?.to_owned();
    (!trace_hash.is_empty()).then(|| Record {
        trace_hash,
        is_violated: run.get("verdict").is_some_and(|verdict| verdict == "violated"),
        build: build.and_then(Value::as_str).map(str::to_owned),
        place: path.to_owned(),
    })
}

fn read(path: &Path) -> Option<Value> {
    serde_json::from_slice(&fs::read(path).ok()?).ok()
}

/// What stands in a folder, by name.
fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const TOKEN: &str = "z1:smoke:1:0123456789abcdef";

    fn write(out: &Path, run: &str, build: &str, hash: &str) {
        let folder = out.join(RUNS).join(run);
        fs::create_dir_all(&folder).expect("a folder");
        let runs = [json!({ "token": TOKEN, "trace_hash": hash, "verdict": "violated" })];
        let summary = json!({ "build": build, "runs": runs });
        fs::write(folder.join(SUMMARY), summary.to_string()).expect("a summary");
    }

    #[test]
    fn the_record_of_this_build_counts_before_a_newer_one() {
        let out = tempfile::tempdir().expect("a folder");
        write(out.path(), "2026-01-01", "aa", "first");
        write(out.path(), "2026-01-02", "bb", "second");
        let hash = |build| find(out.path(), TOKEN, build).map(|record| record.trace_hash);
        assert_eq!(hash(Some("aa")).as_deref(), Some("first"));
        assert_eq!(hash(Some("cc")).as_deref(), Some("second"));
        assert_eq!(hash(None).as_deref(), Some("second"));
        assert_eq!(find(out.path(), "z1:smoke:2:0123456789abcdef", None), None);
    }

    #[test]
    fn a_killed_invocation_is_found_by_its_failures() {
        let out = tempfile::tempdir().expect("a folder");
        let failure = out.path().join("runs/2026-01-01/failures/zero_loss/smoke-1");
        fs::create_dir_all(&failure).expect("a folder");
        let verdict = json!({ "token": TOKEN, "trace_hash": "abc", "verdict": "violated" });
        fs::write(failure.join("verdict.json"), verdict.to_string()).expect("a verdict");
        let record = find(out.path(), TOKEN, Some("aa")).expect("it is there");
        assert!(record.is_violated);
        assert_eq!(record.place, failure.join("verdict.json"));
    }
}
