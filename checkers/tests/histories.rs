//! Judges every history in `histories/` and compares with the verdicts written beneath it.
//!
//! A file in `good/` breaks no law; one in `bad/` breaks at least one.

use checkers::{
    Bench, Verdict, checkers,
    text::{self, Text},
};
use std::{fs, path::PathBuf};

fn files(kind: &str) -> Vec<(PathBuf, Text)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("histories").join(kind);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of histories")
        .map(|entry| entry.expect("a folder entry").path())
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let content = fs::read_to_string(&path).expect("a history file");
        match text::parse(&content) {
            Ok(parsed) => (path, parsed),
            Err(error) => panic!("could not read {}: {error}", path.display()),
        }
    };
    paths.into_iter().map(read).collect()
}

fn judge(name: &str, text: &Text) -> Verdict {
    let judges = checkers(&[name.to_owned()]).expect("a checker named in a history");
    Bench::new(judges).judge(&text.history).remove(0).verdict
}

fn said(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Holds(_) => "",
        Verdict::Violated(evidence) => &evidence.summary,
        Verdict::Unknown(why) => why,
    }
}

/// Every difference between what a file expects and what the judges say.
fn differences(kind: &str) -> Vec<String> {
    let mut differences = Vec::new();
    for (path, text) in files(kind) {
        let name = path.file_stem().expect("a file name").to_string_lossy().into_owned();
        assert!(!text.expected.is_empty(), "{kind}/{name} expects nothing");
        for expected in &text.expected {
            let verdict = judge(&expected.name, &text);
            let (word, said) = (verdict.word(), said(&verdict));
            if word != expected.word || !said.contains(&expected.detail) {
                let law = &expected.name;
                differences.push(format!(
                    "{kind}/{name}: {law}: expected {} {}, got {word} {said}",
                    expected.word, expected.detail
                ));
            }
        }
        let has_violation = text.expected.iter().any(|expected| expected.word == "violated");
        assert_eq!(has_violation, kind == "bad", "{kind}/{name} lies in the wrong folder");
    }
    differences
}

#[test]
fn good_histories_break_no_law() {
    assert_eq!(differences("good"), Vec::<String>::new());
}

#[test]
fn bad_histories_are_found_out() {
    assert_eq!(differences("bad"), Vec::<String>::new());
}

#[test]
fn every_history_survives_printing() {
    for (path, text) in files("good").into_iter().chain(files("bad")) {
        let again = text::parse(&text::print(&text)).expect("printed text is a history");
        assert_eq!(again, text, "{}", path.display());
    }
}

/// Two independent searches, one answer, wherever both have one.
#[cfg(feature = "porcupine")]
#[test]
fn porcupine_agrees_with_the_log_monitor() {
    let mut compared = 0;
    for (path, text) in files("good").into_iter().chain(files("bad")) {
        let (ours, theirs) = (judge("linearizable_log", &text), judge("porcupine", &text));
        if matches!(ours, Verdict::Unknown(_)) || matches!(theirs, Verdict::Unknown(_)) {
            continue;
        }
        assert_eq!(ours.word(), theirs.word(), "{}", path.display());
        compared += 1;
    }
    assert!(compared >= 8, "only {compared} histories were compared");
}
