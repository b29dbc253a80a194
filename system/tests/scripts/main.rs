//! Protocol scripts: one story per file, its lesson on line one. A block holds commands, a line
//! `---`, and below it everything that they print. Every delivery, loss, end of a flush, tick and
//! crash is a command; the nodes and clients are those that production runs.
//!
//! `UPDATE_GOLDEN=1 cargo test -p zeroloss-system --test scripts` writes what is printed now into the
//! files. The commands are those of `Cluster::run`; times are milliseconds, entries `index@term`.

mod cluster;
mod machine;
mod strangers;
mod words;

use cluster::Cluster;
use std::{
    fmt::Write,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Runs a script: the same script, with what was printed in place of what was expected.
fn rewrite(script: &str) -> Result<String, String> {
    let lesson = script.lines().next().unwrap_or_default();
    if !lesson.starts_with("# ") || !lesson.ends_with('.') {
        return Err("line one must be its lesson: `# ... .`".into());
    }
    let (mut cluster, mut written, mut is_expected) = (Cluster::default(), String::new(), false);
    let mut commands: Vec<&str> = Vec::new();
    for line in script.lines() {
        if line == "---" {
            writeln!(written, "---").expect("a string takes all");
            for command in commands.drain(..) {
                let run = AssertUnwindSafe(|| cluster.run(command));
                let Ok(lines) = catch_unwind(run) else {
                    return Err(format!("`{command}` panicked, after\n{written}"));
                };
                for line in lines {
                    writeln!(written, "{line}").expect("a string takes all");
                }
            }
            is_expected = true;
        } else if line.is_empty() {
            is_expected = false;
            written.push('\n');
        } else if !is_expected {
            commands.extend(Some(line).filter(|line| !line.starts_with('#')));
            writeln!(written, "{line}").expect("a string takes all");
        }
    }
    if !commands.is_empty() {
        return Err(format!("`{}` stands in a block without `---`", commands[0]));
    }
    match cluster.violations() {
        0 => Ok(written),
        _ => Err(format!("a law is broken, and nothing is planted:\n{written}")),
    }
}

/// Where two texts part, with the block that it happens in.
fn compare(expected: &str, printed: &str) -> Result<(), String> {
    if expected == printed {
        return Ok(());
    }
    let same = expected.lines().zip(printed.lines()).take_while(|(a, b)| a == b).count();
    let line = |text: &str| text.lines().nth(same).unwrap_or("(nothing)").to_owned();
    Err(format!("line {}\n  expected: {}\n  printed:  {}", same + 1, line(expected), line(printed)))
}

/// Runs every script of a folder.
fn run_all(folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts").join(folder);
    let files = fs::read_dir(&folder).expect("a folder of scripts");
    let mut files: Vec<_> = files.map(|file| file.expect("a readable folder").path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no script in {}", folder.display());
    let is_update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut failures = Vec::new();
    for path in files {
        let name = path.file_name().expect("a file").to_string_lossy().into_owned();
        let script = fs::read_to_string(&path).expect("a readable script");
        let outcome = rewrite(&script).and_then(|printed| {
            if is_update {
                fs::write(&path, printed).map_err(|why| format!("could not write: {why}"))
            } else {
                compare(&script, &printed)
            }
        });
        failures.extend(outcome.err().map(|why| format!("{name}: {why}")));
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn elections_follow_their_scripts() {
    run_all("elections");
}

#[test]
fn replication_follows_its_scripts() {
    run_all("replication");
}

#[test]
fn clients_follow_their_scripts() {
    run_all("clients");
}

#[test]
fn storage_follows_its_scripts() {
    run_all("storage");
}

#[test]
fn a_script_that_prints_something_else_fails_at_its_line() {
    let script = "# A lesson.\n\ncluster 3\nstatus\n---\nn1: LEADER\n";
    let printed = rewrite(script).expect("a sound script");
    let why = compare(script, &printed).expect_err("it expects what is not printed");
    assert!(why.starts_with("line 6\n  expected: n1: LEADER\n  printed:  n1: "), "{why}");
    assert_eq!(compare(&printed, &rewrite(&printed).expect("a sound script")), Ok(()));
}

#[test]
fn a_script_without_a_lesson_or_without_an_end_is_refused() {
    assert!(rewrite("cluster 3\n---\n").is_err());
    assert!(rewrite("# A lesson.\n\ncluster 3\n").is_err());
}
