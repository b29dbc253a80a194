//! The end of an invocation: pages and summary into its folder, the exit code, and one line on
//! stderr for each kind of failure, whatever the format of the result. Nothing is decided about a
//! run here.

use crate::{
    canary::Canary,
    folder::{Folder, SUMMARY},
    github,
    interrupt::Interrupt,
    kept, record,
    say::{self, Failure},
};
use checkers::Verdict;
use reports::{ExitCode, Origin, Report, RunReport};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Kinds of failures that are told on stderr.
const SIGNATURES_MAX: usize = 10;
/// Bytes of a summary, pretty as it is printed; what is longer is written dense and abridged.
const SUMMARY_BYTES_MAX: usize = 8 << 20;

/// An invocation whose runs are over.
pub(crate) struct Finish<'a> {
    /// Where it stands on disk.
    pub(crate) folder: &'a Folder,
    /// What came of it.
    pub(crate) report: &'a Report,
    /// The exit code that its runs ask for.
    pub(crate) code: ExitCode,
    /// The bug that was planted beside the runs.
    pub(crate) canary: Option<Canary>,
    /// What a replay adds to the document.
    pub(crate) replay: Option<Value>,
}

/// What makes the results of this process, and when it began.
pub(crate) fn origin(build: &str) -> Origin {
    Origin {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        git: env!("ZEROLOSS_GIT").to_owned(),
        build: build.to_owned(),
        started: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        argv: std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect(),
    }
}

/// The version for people: number, commit, and the fingerprint of this very binary.
pub(crate) fn version() -> String {
    let build = record::build().unwrap_or_else(|_| "unknown".to_owned());
    format!(
        "zeroloss {} (commit {}, build {build})",
        env!("CARGO_PKG_VERSION"),
        env!("ZEROLOSS_GIT")
    )
}

/// The command as one would type it again.
pub(crate) fn command() -> String {
    let words =
        std::env::args_os().skip(1).map(|word| reports::shell_word(&word.to_string_lossy()));
    ["zeroloss".to_owned()].into_iter().chain(words).collect::<Vec<_>>().join(" ")
}

/// The exit code of runs, with the signal that came.
pub(crate) fn with_signal(code: ExitCode, interrupt: &Interrupt) -> ExitCode {
    match (code, interrupt.code()) {
        (ExitCode::Interrupted, Some(signal)) => signal,
        (code, _) => code,
    }
}

impl Finish<'_> {
    /// Writes every page that can be written: what a full disk refuses to one, it may grant to
    /// another. The summary comes last, so that it knows of the others; without it this is not the
    /// latest run.
    pub(crate) fn write_pages(&self, failures: &mut Vec<Failure>) {
        let Finish { folder, report, .. } = self;
        let pages = [("junit.xml", reports::junit(report)), ("report.html", reports::html(report))];
        for (name, page) in pages {
            failures.extend(folder.write(name, |file| file.write_all(page.as_bytes())).err());
        }
        let summary = summary(self.document(failures));
        let written = folder.write(SUMMARY, |file| file.write_all(summary.as_bytes()));
        failures.extend(written.and_then(|()| folder.become_latest()).err());
    }

    /// What `--format json` prints and `summary.json` keeps.
    pub(crate) fn document(&self, failures: &[Failure]) -> Value {
        let mut document = reports::json_with(self.report, self.exit_code(failures));
        document["folder"] = json!(self.folder.path());
        if let Some(canary) = &self.canary {
            document["canary"] = canary.json();
        }
        if let Some(replay) = &self.replay {
            document["replay"] = replay.clone();
        }
        if !failures.is_empty() {
            let messages: Vec<&str> = failures.iter().map(|failure| &*failure.message).collect();
            document["error"] = json!(messages.join("\n"));
        }
        document
    }

    /// The weightiest of all that happened.
    pub(crate) fn exit_code(&self, failures: &[Failure]) -> ExitCode {
        failures.iter().fold(self.code, |code, failure| code.and(failure.code))
    }

    /// Where the results are, and how large.
    pub(crate) fn results_line(&self) -> String {
        let mib = self.folder.bytes().div_ceil(1 << 20);
        let left_out = match self.folder.kept().left_out() {
            0 => String::new(),
            n => format!("; {n} failures are in the summary only, to keep it small"),
        };
        format!("results: {} ({mib} MiB{left_out})", self.folder.path().display())
    }

    /// One line for each kind of failure: the law, the seed, the way back, the folder.
    pub(crate) fn tell_failing(&self) {
        let kinds = self.kinds();
        for (signature, runs) in kinds.iter().take(SIGNATURES_MAX) {
            say::aside(&format!("failed: {}", self.line(signature, runs)));
        }
        if kinds.len() > SIGNATURES_MAX {
            say::aside(&format!("failed: {} more kinds", kinds.len() - SIGNATURES_MAX));
        }
        let told: Vec<(String, String)> = kinds
            .iter()
            .map(|(signature, runs)| (signature.clone(), self.line(signature, runs)))
            .collect();
        github::annotate(self.report, &told);
    }

    /// Runs that ought not to end as they did, by signature; the first of each is the first that
    /// was asked for.
    fn kinds(&self) -> Vec<(String, Vec<&RunReport>)> {
        let mut kinds: BTreeMap<(u8, String), Vec<&RunReport>> = BTreeMap::new();
        for run in &self.report.runs {
            if run.met().is_ok() && run.plant.is_none() {
                continue;
            }
            let kind = match (&run.verdict, run.met()) {
                (Verdict::Violated(_), _) => (0, kept::signature(run)),
                (Verdict::Holds(_), Err(_)) => (1, kept::signature(run)),
                (Verdict::Holds(_), Ok(())) => continue,
                (Verdict::Unknown(_), _) => (2, kept::signature(run)),
            };
            kinds.entry(kind).or_default().push(run);
        }
        kinds.into_iter().map(|((_, signature), runs)| (signature, runs)).collect()
    }

    fn line(&self, signature: &str, runs: &[&RunReport]) -> String {
        let [first, rest @ ..] = runs else { return signature.to_owned() };
        let plant = first.plant.as_ref().map_or(String::new(), |plant| format!("+{plant}"));
        let more = match rest.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let place = match self.folder.kept().place(first) {
            Some(place) => place.display().to_string(),
            None => self.folder.path().display().to_string(),
        };
        format!(
            "{signature}: {}{plant} seed {}{more} · {} · {place}",
            first.plan.scenario,
            first.plan.seed,
            first.replay_line()
        )
    }
}

/// The document as a file: pretty while it is small, then dense, then without what runs that hold
/// have to tell beside their counts.
fn summary(mut document: Value) -> String {
    let pretty = format!("{document:#}\n");
    if pretty.len() <= SUMMARY_BYTES_MAX {
        return pretty;
    }
    let mut left = SUMMARY_BYTES_MAX;
    for run in document["runs"].as_array_mut().into_iter().flatten() {
        let bytes = run.to_string().len();
        if bytes <= left {
            left -= bytes;
        } else if let Some(run) = run.as_object_mut() {
            for key in ["checkers", "marks", "faults", "refused_faults", "recovery", "expected"] {
                run.remove(key);
            }
            run.insert("abridged".to_owned(), json!(true));
        }
    }
    format!("{document}\n")
}
