//! The run folder: one for each invocation, made after everything that was asked for is decided and
//! before anything runs.
//!
//! ```text
//! zeroloss-results/
//!   latest -> runs/2026-11-22T19-12-03Z-7f3a
//!   runs/2026-11-22T19-12-03Z-7f3a/
//!     plan.jsonl runs.jsonl summary.json junit.xml report.html failures/
//! ```
//!
//! `plan.jsonl` says what will run before it runs, `runs.jsonl` grows by a line as each run ends, so
//! that whoever is killed leaves what was finished. Every other file is written under a temporary
//! name in its folder, flushed, and renamed: a full disk leaves nothing half-written.

use crate::{files::write_whole, job::Job, kept::Kept, say::Failure};
use reports::RunReport;
use serde_json::{Value, json};
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::Mutex,
};

/// Where run folders stand, under `--out`.
pub(crate) const RUNS: &str = "runs";
/// What a run folder's summary is called.
pub(crate) const SUMMARY: &str = "summary.json";
/// The runs that ended, one a line.
pub(crate) const ENDED: &str = "runs.jsonl";
/// The runs that shall be, one a line.
pub(crate) const PLANNED: &str = "plan.jsonl";
/// The folder of failures in a run folder.
pub(crate) const FAILURES: &str = "failures";
/// Bytes of `runs.jsonl` up to which a line has everything; later ones have what names a run.
const ENDED_BYTES_MAX: u64 = 6 << 20;

/// One invocation's folder.
#[derive(Debug)]
pub(crate) struct Folder {
    out: PathBuf,
    name: String,
    kept: Kept,
    /// Bytes of `runs.jsonl`.
    ended: Mutex<u64>,
}

impl Folder {
    /// Makes the folder and writes `plan.jsonl`: what will run, before it runs.
    pub(crate) fn create(out: &Path, build: &str, plan: &str) -> Result<Folder, Failure> {
        let runs = out.join(RUNS);
        fs::create_dir_all(&runs).map_err(|error| unwritten(&runs, &error))?;
        let name = claim_name(&runs)?;
        let kept = Kept::new(runs.join(&name).join(FAILURES), build);
        let folder = Folder { out: out.to_owned(), name, kept, ended: Mutex::new(0) };
        if let Err(failure) = folder.write(PLANNED, |file| file.write_all(plan.as_bytes())) {
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

    /// What is kept of failures.
    pub(crate) fn kept(&self) -> &Kept {
        &self.kept
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

    /// Writes a run down that has ended, for whoever finds this folder without a summary. The line
    /// is there as a whole, or not at all.
    pub(crate) fn note_end(&self, report: &RunReport) -> Result<(), Failure> {
        let mut bytes = self.ended.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut line = reports::json_run(report);
        if *bytes > ENDED_BYTES_MAX {
            line = short(&line);
        }
        let path = self.path().join(ENDED);
        let line = format!("{line}\n");
        let written =
            OpenOptions::new().create(true).append(true).open(&path).and_then(|mut file| {
                file.write_all(line.as_bytes()).inspect_err(|_| undo(&file, &path, *bytes))
            });
        written.map_err(|error| unwritten(&path, &error))?;
        *bytes += line.len() as u64;
        Ok(())
    }

    /// Bytes of all files in it.
    pub(crate) fn bytes(&self) -> u64 {
        fn of(path: &Path) -> u64 {
            let entries = fs::read_dir(path).into_iter().flatten().flatten();
            let size = |entry: fs::DirEntry| match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => of(&entry.path()),
                Ok(metadata) => metadata.len(),
                Err(_) => 0,
            };
            entries.map(size).sum()
        }
        of(&self.path())
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

/// What names a run, and what came of it.
fn short(line: &Value) -> Value {
    let keys = ["scenario", "seed", "token", "plant", "verdict", "met", "trace_hash", "lost"];
    keys.into_iter().map(|key| (key.to_owned(), line[key].clone())).collect()
}

/// Takes a line that broke off back. What cannot be taken back is for the reader: it is no JSON.
fn undo(file: &File, path: &Path, bytes: u64) {
    let _ = match bytes {
        0 => fs::remove_file(path),
        bytes => file.set_len(bytes),
    };
}

/// One line for each run that will be made.
pub(crate) fn plan_lines(jobs: &[Job]) -> String {
    let line = |job: &Job| {
        let Job { plan, token, .. } = job;
        json!({ "scenario": plan.scenario, "seed": plan.seed, "token": token }).to_string() + "\n"
    };
    jobs.iter().map(line).collect()
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

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::unwritten(format!("could not write {}: {error}", path.display()))
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
}
