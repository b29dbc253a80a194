//! What is incomplete looks incomplete, and what was expected is told apart from what was seen.

mod common;

use common::{code, command, json, names_in, room, stderr, stdout, zeroloss};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::Duration,
};

/// A sweep that has hours to go, and its run folder; at least one of its runs has ended.
fn long_sweep(room: &Path) -> (Child, PathBuf) {
    let words =
        ["run", "smoke", "datacenter_outage", "--seed", "1", "--jobs", "1", "--format", "json"];
    let mut child = command(room, &words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let runs = room.join("zeroloss-results/runs");
    loop {
        thread::sleep(Duration::from_millis(20));
        assert_eq!(child.try_wait().expect("a child"), None, "the sweep ended by itself");
        if let [one] = names_in_or_none(&runs).as_slice() {
            let folder = runs.join(one);
            if folder.join("runs.jsonl").is_file() {
                return (child, folder);
            }
        }
    }
}

fn names_in_or_none(folder: &Path) -> Vec<String> {
    if folder.is_dir() { names_in(folder) } else { Vec::new() }
}

fn end(child: Child, signal: &str) -> Output {
    let id = child.id().to_string();
    assert!(Command::new("kill").args([&format!("-{signal}"), &id]).status().is_ok());
    child.wait_with_output().expect("it ends")
}

fn document(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).expect("it is there")).expect("a document")
}

#[test]
fn an_interrupted_sweep_is_in_doubt_everywhere_that_it_is_told() {
    for (signal, expected) in [("HUP", 129), ("INT", 130), ("TERM", 143)] {
        let room = room();
        let (child, folder) = long_sweep(room.path());
        let output = end(child, signal);
        assert_eq!(code(&output), expected, "{}", stderr(&output));
        for told in [json(&output), document(&folder.join("summary.json"))] {
            assert_eq!(told["verdict"], "unknown", "{signal}");
            assert_eq!(told["met"], false);
            assert_eq!(told["interrupted"], true);
            assert_eq!((&told["requested"], &told["finished"]), (&Value::from(2), &Value::from(1)));
            assert_eq!(told["exit_code"], expected);
            assert_eq!(told["runs"][0]["verdict"], "holds", "what ran is what it was");
        }
        let junit = fs::read_to_string(folder.join("junit.xml")).expect("a page");
        assert!(junit.contains("<error message=\"interrupted: 1 of 2 runs ran\""), "{junit}");
        let page = fs::read_to_string(folder.join("report.html")).expect("a page");
        assert!(page.contains("badge unknown") && page.contains("1 of 2 runs"), "{signal}");
    }
}

#[test]
fn whoever_is_killed_leaves_the_runs_that_ended() {
    let room = room();
    let (child, folder) = long_sweep(room.path());
    let output = end(child, "KILL");
    assert_eq!(output.status.code(), None, "it was killed");
    assert_eq!(names_in(&folder), ["plan.jsonl", "runs.jsonl"]);
    let lines = fs::read_to_string(folder.join("runs.jsonl")).expect("lines");
    let run: Value =
        serde_json::from_str(lines.lines().next().expect("a line")).expect("a document");
    assert_eq!((&run["scenario"], &run["verdict"]), (&Value::from("smoke"), &Value::from("holds")));
    assert!(run["acknowledged"].as_u64() > Some(0), "{run}");
    let token = run["token"].as_str().expect("a token");
    let replay = json(&zeroloss(room.path(), &["replay", token, "--format", "json"]));
    assert_eq!(replay["runs"][0]["trace_hash"], run["trace_hash"]);
}

#[test]
fn every_summary_says_what_made_it() {
    let room = room();
    let document =
        json(&zeroloss(room.path(), &["run", "smoke", "--seed", "1", "--format", "json"]));
    let version = stdout(&zeroloss(room.path(), &["--version"]));
    for key in ["version", "git", "build"] {
        let value = document[key].as_str().expect("a text");
        assert!(!value.is_empty() && version.contains(value), "{key} {value}: {version}");
    }
    assert!(document["started"].as_str().is_some_and(|at| at.ends_with('Z')), "{document}");
    assert_eq!(document["argv"][1], "run");
}

/// A scenario of two seconds with this to expect of it.
fn expecting(room: &Path, expect: &str) -> Output {
    let text = format!(
        "why = \"What is expected.\"\nphases.trouble = \"3s\"\n[workload]\n\
         acks = {{ leader = 1, quorum = 5000 }}\nproduce = \"5/s\"\n[expect]\n{expect}\n"
    );
    fs::write(room.join("mine.toml"), text).expect("a scenario");
    zeroloss(room, &["run", "mine.toml", "--seed", "1", "--format", "json"])
}

#[test]
fn a_run_that_holds_but_ought_not_to_fails_the_gate() {
    let room = room();
    let output = expecting(room.path(), "verdict = \"violated\"\nby = [\"zero_loss\"]");
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    let document = json(&output);
    assert_eq!(
        (&document["verdict"], &document["met"]),
        (&Value::from("holds"), &Value::from(false))
    );
    assert_eq!(document["runs"][0]["expected"]["by"][0], "zero_loss");
    let output = expecting(room.path(), "verdict = \"holds\"");
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert_eq!(json(&output)["met"], true);
}

#[test]
fn a_promise_that_was_never_given_fails_the_gate() {
    let room = room();
    let output = expecting(room.path(), "acks = [\"leader\", \"quorum\"]");
    let run = &json(&output)["runs"][0];
    assert_eq!(run["verdict"], "holds", "what was seen stays what was seen");
    assert_eq!((code(&output), &run["met"]), (1, &Value::from(false)), "{run}");
    assert!(run["not_met"].as_str().is_some_and(|why| why.contains("at leader")), "{run}");
}

#[test]
fn a_planted_bug_that_is_not_caught_has_escaped() {
    let room = room();
    // Judged by nobody who could see it.
    let text = "why = \"Judges that look elsewhere.\"\nphases.trouble = \"6s\"\n[workload]\n\
                acks = { leader = 1, quorum = 3 }\n[disk]\nflush = \"4ms\"\n[expect]\n\
                checkers = [\"zero_loss\"]\n";
    fs::write(room.path().join("blind.toml"), text).expect("a scenario");
    let words = ["run", "blind.toml", "--seed", "1", "--plant", "ack_before_flush"];
    let output = zeroloss(room.path(), &[&words[..], &["--format", "json"]].concat());
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    let document = json(&output);
    let planted = &document["planted"][0];
    assert_eq!(
        (&planted["escaped"], &planted["bit"]),
        (&Value::from(true), &Value::from(1)),
        "{planted}"
    );
    assert_eq!(
        (&document["verdict"], &document["met"]),
        (&Value::from("holds"), &Value::from(false))
    );
    let page = stdout(&zeroloss(room.path(), &words));
    assert!(page.contains("ESCAPED") && page.contains("exit 1"), "{page}");
}

#[test]
fn a_history_that_holds_of_a_run_that_did_not_is_in_doubt() {
    let room = room();
    let words =
        ["run", "early_ack", "--seed", "1", "--plant", "ack_before_flush", "--format", "json"];
    let output = zeroloss(room.path(), &words);
    assert_eq!(code(&output), 1);
    let said = stderr(&output);
    let line = said.lines().find(|line| line.starts_with("failed: claim_witness")).expect(&said);
    let parts: Vec<&str> = line.split(" · ").collect();
    let [what, replay, folder] = parts.as_slice() else { panic!("{line}") };
    assert!(what.contains("early_ack+ack_before_flush seed 1"), "{line}");
    assert!(replay.starts_with("zeroloss replay z1:"), "{line}");
    let output = zeroloss(room.path(), &["check", folder, "--format", "json"]);
    assert_eq!(code(&output), 3, "{}", stdout(&output));
    let document = json(&output);
    assert_eq!(document["verdict"], "unknown");
    assert_eq!(document["broken_in_run"][0], "claim_witness");
    let unjudged = document["unjudged"].as_array().expect("a list");
    assert!(unjudged.contains(&Value::from("claim_witness")), "{unjudged:?}");
    let page = stdout(&zeroloss(room.path(), &["check", folder]));
    assert!(page.contains("not to be judged from what clients saw: claim_witness"), "{page}");
}

#[test]
fn a_sweep_keeps_two_histories_of_a_kind_and_says_how_large_it_is() {
    let room = room();
    let words = ["run", "early_ack", "--seeds", "6", "--plant", "ack_before_flush"];
    let output = zeroloss(room.path(), &words);
    let page = stdout(&output);
    let line = page.lines().find(|line| line.starts_with("results: ")).expect("where they are");
    assert!(line.contains(" MiB)"), "{line}");
    let kept = room.path().join("zeroloss-results/latest/failures/claim_witness");
    let folders = names_in(&kept);
    assert_eq!(folders.len(), 6, "each has its evidence");
    let has = |name: &str| folders.iter().filter(|one| kept.join(one).join(name).is_file()).count();
    assert_eq!((has("history.jsonl"), has("verdict.json"), has("plan.json")), (2, 6, 6));
}

#[test]
fn github_gets_an_annotation_for_a_kind_and_a_summary_of_the_step() {
    let room = room();
    let summary = room.path().join("step.md");
    let output =
        command(room.path(), &["run", "early_ack", "--seeds", "2", "--plant", "ack_before_flush"])
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_STEP_SUMMARY", &summary)
            .output()
            .expect("the binary starts");
    let said = stderr(&output);
    assert_eq!(said.matches("::error title=zeroloss claim_witness::").count(), 1, "{said}");
    let page = fs::read_to_string(summary).expect("a summary");
    assert!(page.contains("claim_witness") && page.contains("zeroloss replay z1:"), "{page}");
}
