//! The run folder: one for each invocation, made after everything that was asked for is decided and
//! before anything runs.
//!
//! ```text
//! zeroloss-results/
//!   latest -> runs/2026-11-22T19-12-03Z-7f3a
//!   runs/2026-11-22T19-12-03Z-7f3a/
//!     plan.jsonl summary.json junit.xml report.html
//!     failures/<signature>/<scenario>-<seed>/
//!       token.txt plan.json effective.json history.jsonl verdict.json report.txt
//! ```
//!
//! A file is written under a temporary name in its folder, flushed, and renamed: a full disk leaves
//! nothing half-written under a final name. A failure is kept as soon as it is known, not at the end.

use crate::say::Failure;
use checkers::{Ending, Verdict, formats::ours::write_jsonl};
use reports::{Replay, RunReport};
use serde_json::{Value, json};
use std::{
    fs::{self, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::{PermissionsExt, symlink},
    path::{Path, PathBuf},
};

/// Where run folders stand, under `--out`.
pub(crate) const RUNS: &str = "runs";
/// What a run folder's summary is called.
pub(crate) const SUMMARY: &str = "summary.json";
/// The folder of failures in a run folder.
pub(crate) const FAILURES: &str = "failures";

/// One invocation's folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Folder {
    out: PathBuf,
    name: String,
    build: String,
}

impl Folder {
    /// Makes the folder and writes `plan.jsonl`: what will run, before it runs.
    pub(crate) fn create(out: &Path, build: &str, plan: &str) -> Result<Folder, Failure> {
        let runs = out.join(RUNS);
        fs::create_dir_all(&runs).map_err(|error| unwritten(&runs, &error))?;
        let name = claim_name(&runs)?;
        let folder = Folder { out: out.to_owned(), name, build: build.to_owned() };
        if let Err(failure) = folder.write("plan.jsonl", |file| file.write_all(plan.as_bytes())) {
            // It never became a run folder. What cannot be removed either is left as it is: empty.
            let _ = fs::remove_dir(folder.path());
            return Err(failure);
        }
        Ok(folder)
    }

    /// Its path.
    pub(crate) fn path(&self) -> PathBuf {
        self.out.join(RUNS).join(&self.name)
    }

    /// The fingerprint of the binary that writes here.
    pub(crate) fn build(&self) -> &str {
        &self.build
    }

    /// Writes a file, all of it or nothing.
    pub(crate) fn write(
        &self,
        relative: &str,
        content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        let path = self.path().join(relative);
        write_whole(&path, content).map_err(|error| unwritten(&path, &error))
    }

    /// Keeps everything that is known of a run that does not hold.
    pub(crate) fn keep_failure(&self, report: &RunReport) -> Result<(), Failure> {
        let RunReport { plan, effective, run, .. } = report;
        let name = format!("{}-{}", file_name(&plan.scenario), plan.seed);
        let under = format!("{FAILURES}/{}/{name}", signature(report));
        let text = |file: &str, text: &str| {
            self.write(&format!("{under}/{file}"), |to| writeln!(to, "{}", text.trim_end()))
        };
        let json = |file: &str, value: &Value| text(file, &format!("{value:#}"));
        json("plan.json", &json!(plan))?;
        json("effective.json", &json!(effective))?;
        json("verdict.json", &verdict(report, &self.build))?;
        text("report.txt", &reports::text_run(report, false))?;
        self.write(&format!("{under}/history.jsonl"), |to| write_jsonl(&run.history, to))?;
        text("token.txt", &report.token)
    }

    /// Makes `latest` point here.
    pub(crate) fn become_latest(&self) -> Result<(), Failure> {
        let latest = self.out.join("latest");
        let beside = self.out.join(format!(".latest-{}", self.name));
        symlink(Path::new(RUNS).join(&self.name), &beside)
            .and_then(|()| {
                fs::rename(&beside, &latest).inspect_err(|_| {
                    let _ = fs::remove_file(&beside);
                })
            })
            .map_err(|error| unwritten(&latest, &error))
    }
}

/// Takes the first free name of this second: sortable, and unlike any other's.
fn claim_name(runs: &Path) -> Result<String, Failure> {
    let now = jiff::Timestamp::now();
    for attempt in 0_u32.. {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&now.as_nanosecond().to_le_bytes());
        hasher.update(&std::process::id().to_le_bytes());
        hasher.update(&attempt.to_le_bytes());
        let id = &hasher.finalize().to_hex()[..4];
        let name = format!("{}-{id}", now.strftime("%Y-%m-%dT%H-%M-%SZ"));
        match fs::create_dir(runs.join(&name)) {
            Ok(()) => return Ok(name),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && attempt < 1_000 => {}
            Err(error) => return Err(unwritten(&runs.join(&name), &error)),
        }
    }
    unreachable!("the last attempt returns")
}

fn write_whole(
    path: &Path,
    content: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let folder = path.parent().expect("a file of ours stands in a folder");
    fs::create_dir_all(folder)?;
    let file = tempfile::Builder::new()
        .prefix(".unfinished-")
        .permissions(Permissions::from_mode(0o666))
        .tempfile_in(folder)?;
    let mut writer = BufWriter::new(file);
    content(&mut writer)?;
    let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
    // Some file systems notice only here that they are full.
    file.as_file().sync_all()?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::unwritten(format!("could not write {}: {error}", path.display()))
}

/// What failures have in common when they are one bug, as far as a name can tell: the first law that
/// was broken, or where a node panicked, or what was in doubt.
fn signature(report: &RunReport) -> String {
    if report.is_nondeterministic() {
        return "nondeterminism".to_owned();
    }
    if let Ending::Panicked { place, .. } = &report.run.ending {
        return format!("panic-{}", file_name(place));
    }
    let first = |is_it: fn(&Verdict) -> bool| {
        report.run.judgements.iter().find(|judgement| is_it(&judgement.verdict))
    };
    match first(|verdict| matches!(verdict, Verdict::Violated(_))) {
        Some(judgement) => file_name(&judgement.name),
        None => match first(|verdict| matches!(verdict, Verdict::Unknown(_))) {
            Some(judgement) => format!("unknown-{}", file_name(&judgement.name)),
            None => "unknown".to_owned(),
        },
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn names_in(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_that_fails_half_way_leaves_nothing_behind() {
        let out = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(out.path(), "b", "{}\n").expect("a run folder");
        let failure = folder
            .write("report.html", |file| {
                file.write_all(&[b'x'; 100_000])?;
                Err(io::Error::from(io::ErrorKind::StorageFull))
            })
            .expect_err("the disk is full");
        assert_eq!(failure.code, reports::ExitCode::ResultsNotWritten);
        assert!(failure.message.contains("report.html"), "{}", failure.message);
        assert_eq!(names_in(&folder.path()), ["plan.jsonl"]);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let out = tempfile::tempdir().expect("a folder");
        let folder = Folder::create(out.path(), "b", "{}\n").expect("a run folder");
        for text in ["first and long", "second"] {
            folder.write("a/b.txt", |file| file.write_all(text.as_bytes())).expect("it is written");
            let read = fs::read_to_string(folder.path().join("a/b.txt")).expect("it is there");
            assert_eq!(read, text);
        }
        assert_eq!(names_in(&folder.path().join("a")), ["b.txt"]);
    }

    #[test]
    fn latest_follows_the_newest_folder() {
        let out = tempfile::tempdir().expect("a folder");
        for _ in 0..2 {
            let folder = Folder::create(out.path(), "b", "{}\n").expect("a run folder");
            folder.become_latest().expect("latest is set");
            let latest = fs::canonicalize(out.path().join("latest")).expect("latest leads there");
            assert_eq!(latest, fs::canonicalize(folder.path()).expect("the folder is there"));
        }
        assert_eq!(names_in(out.path()), ["latest", "runs"]);
    }

    #[test]
    fn a_name_cannot_leave_its_folder() {
        assert_eq!(file_name("../../etc/passwd"), "etc-passwd");
        assert_eq!(file_name(".."), "unnamed");
        assert_eq!(file_name("system/src/raft.rs:120"), "system-src-raft.rs-120");
        assert_eq!(file_name("leader_crash"), "leader_crash");
    }
}
