//! What names one run, in whatever form a person has it at hand: a token, the folder of a failure or
//! of an invocation, a plan, what `show --format json` printed, a file that holds a token. All of
//! them come to the same job; what is wrong with one is said here.

use crate::{folder::FAILURES, job::Job, names, record, say::Failure};
use scenarios::{Plan, Token};
use serde_json::Value;
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
};

/// How far a token may be from a known one to be taken for its typo.
const TYPOS_MAX: usize = 3;

/// A run that was named.
#[derive(Debug)]
pub(crate) struct Target {
    /// The run.
    pub(crate) job: Job,
    /// The folder of its failure, where that is what named it.
    pub(crate) failure: Option<PathBuf>,
}

/// The run that these words name. `out` is where run folders stand, for hints.
pub(crate) fn find(words: &str, out: &Path) -> Result<Target, Failure> {
    let words = words.trim();
    let path = Path::new(words);
    if words == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).map_err(|error| {
            Failure::usage(format!("could not read a plan from stdin: {error}"))
        })?;
        return read(path, &text, out).map(|job| Target { job, failure: None });
    }
    if path.is_dir() {
        return in_folder(path, out);
    }
    if path.is_file() {
        return of_file(path, out).map(|job| Target { job, failure: None });
    }
    let job = of_token(words, out)?;
    Ok(Target { job, failure: None })
}

/// Every run of a folder of regressions, in order of names: plans, files that hold a token, folders
/// of failures. Whatever is wrong with one of them is an error of its own.
pub(crate) fn regressions(folder: &Path) -> Vec<Result<Job, Failure>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let shown = folder.display();
            return vec![Err(Failure::usage(format!(
                "could not read regressions in `{shown}`: {error}"
            )))];
        }
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let mut found = Vec::new();
    for path in paths {
        let extension = path.extension().and_then(|extension| extension.to_str());
        let of_failure = ["effective.json", "plan.json"].map(|name| path.join(name));
        if let Some(plan) = of_failure.iter().find(|plan| plan.is_file()) {
            found.push(of_file(plan, folder));
        } else if path.is_dir() {
            found.extend(regressions(&path));
        } else if matches!(extension, Some("json" | "txt")) {
            found.push(of_file(&path, folder));
        }
    }
    if found.is_empty() {
        let shown = folder.display();
        return vec![Err(Failure::usage(format!(
            "could not find a regression in `{shown}`: expected plans (.json), tokens (.txt) or \
             folders of failures"
        )))];
    }
    found
}

fn of_token(words: &str, out: &Path) -> Result<Job, Failure> {
    let hint = |mut failure: Failure| {
        if let Some(near) = near(words, record::tokens(out).iter().map(String::as_str)) {
            failure.message.push_str(&format!(" (did you mean `{near}`?)"));
        }
        failure
    };
    let token: Token = words.parse().map_err(|why| {
        let no_file = if words.starts_with("z1:") { "" } else { "; no such file or folder either" };
        hint(Failure::usage(format!("could not {why}{no_file}")))
    })?;
    if let Some(plant) = &token.plant {
        names::known_plant(plant)?;
    }
    let scenario = names::scenario(&token.scenario)?;
    let job = Job::draw(&scenario, token.seed, token.plant.as_deref())?;
    if job.token == words {
        return Ok(job);
    }
    Err(match near(words, [job.token.as_str()].into_iter()) {
        Some(near) => Failure::usage(format!(
            "could not replay {token}: its plan has another hash (did you mean `{near}`?)"
        )),
        None => hint(outdated(&token, &job, out)),
    })
}

fn near<'a>(words: &str, of: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    scenarios::nearest_within(words, of, TYPOS_MAX)
}

/// The scenario was changed since the token was made.
fn outdated(token: &Token, job: &Job, out: &Path) -> Failure {
    let kept = match record::kept_failure(out, &token.to_string()) {
        Some(folder) => {
            let folder = reports::shell_word(&folder.display().to_string());
            format!("`zeroloss replay {folder}` runs the plan kept there")
        }
        None => "replay the folder of its failure, or its plan.json".to_owned(),
    };
    Failure::usage(format!(
        "could not replay {token}: `{}` draws another plan today ({}); {kept}",
        token.scenario,
        job.plan.hash()
    ))
}

/// A failure's folder, or a run folder with one failure in it.
fn in_folder(folder: &Path, out: &Path) -> Result<Target, Failure> {
    let plan = folder.join("plan.json");
    if plan.is_file() {
        let job = of_file(&plan, out)?;
        return Ok(Target { job, failure: Some(folder.to_owned()) });
    }
    let shown = folder.display();
    match record::failures(folder).as_slice() {
        [] => Err(Failure::usage(format!(
            "could not find a failure in {shown}: expected plan.json, or {FAILURES}/"
        ))),
        [one] => in_folder(one, out),
        several => {
            let several: Vec<_> = several.iter().map(|one| one.display().to_string()).collect();
            Err(Failure::usage(format!(
                "could not choose a failure in {shown}: expected one of\n  {}",
                several.join("\n  ")
            )))
        }
    }
}

fn of_file(path: &Path, out: &Path) -> Result<Job, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("could not read plan `{}`: {error}", path.display()))
    })?;
    read(path, &text, out)
}

/// A token, a plan that a person may have edited, or a document with a plan in it.
fn read(path: &Path, text: &str, out: &Path) -> Result<Job, Failure> {
    if text.trim_start().starts_with("z1:") {
        let token = text.trim();
        return of_token(token, out).map_err(|mut failure| {
            failure.message = format!("{}: {}", path.display(), failure.message);
            failure
        });
    }
    let refused =
        |why: String| Failure::usage(format!("could not read plan `{}`: {why}", path.display()));
    let document: Value = serde_json::from_str(text).map_err(|error| refused(error.to_string()))?;
    let plan: Plan = match document.get("plan") {
        Some(plan) => serde_json::from_value(plan.clone()),
        None => serde_json::from_str(text),
    }
    .map_err(|error| refused(error.to_string()))?;
    plan.check().map_err(refused)?;
    plan.plants.iter().try_for_each(|plant| names::known_plant(plant))?;
    let job = Job::new(plan)?;
    let plan_path = (!is_drawn(&job)).then(|| path_to_keep(path));
    Ok(Job { plan_path, ..job })
}

/// Whether the job's token draws its plan today.
fn is_drawn(job: &Job) -> bool {
    let name = &job.plan.scenario;
    let is_there = !scenarios::is_path(name) || Path::new(name).is_file();
    let scenario = is_there.then(|| names::scenario(name).ok()).flatten();
    let drawn = scenario.and_then(|s| Job::draw(&s, job.plan.seed, job.plant.as_deref()).ok());
    drawn.is_some_and(|drawn| drawn.token == job.token)
}

/// A path that means the same tomorrow: `latest` moves on with the next run.
fn path_to_keep(path: &Path) -> String {
    let is_latest = path.components().any(|part| part.as_os_str() == "latest");
    let real = if is_latest { fs::canonicalize(path).ok() } else { None };
    let here = std::env::current_dir().and_then(fs::canonicalize).ok();
    let real = real.map(|real| {
        match here.and_then(|here| real.strip_prefix(here).ok().map(Path::to_owned)) {
            Some(inside) => inside,
            None => real,
        }
    });
    real.as_deref().unwrap_or(path).display().to_string()
}
