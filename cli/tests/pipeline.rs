//! The whole pipeline from outside: one small run each, judged, kept and replayed.

mod common;

use common::{code, json, names_in, room, stderr, stdout, zeroloss};
use serde_json::Value;
use std::{fs, path::Path, process::Command};

fn traces(document: &Value) -> Vec<(String, String)> {
    let text = |run: &Value, key: &str| run[key].as_str().expect("a text").to_owned();
    let runs = document["runs"].as_array().expect("a list of runs").iter();
    runs.map(|run| (text(run, "token"), text(run, "trace_hash"))).collect()
}

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("the file is there");
    text.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

#[test]
fn smoke_holds_and_leaves_its_folder() {
    let room = room();
    let output = zeroloss(room.path(), &["run", "smoke", "--seed", "1", "--format", "json"]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let document = json(&output);
    assert_eq!(document["schema"], 1);
    assert_eq!(document["verdict"], "holds");
    assert_eq!(document["exit_code"], 0);
    let run = &document["runs"][0];
    assert!(run["acknowledged"].as_u64() > Some(0), "{run}");
    assert_eq!(run["lost"], 0);
    let latest = room.path().join("zeroloss-results/latest");
    let expected = ["junit.xml", "plan.jsonl", "report.html", "runs.jsonl", "summary.json"];
    assert_eq!(names_in(&latest), expected);
    assert_eq!(lines(&latest.join("plan.jsonl"))[0]["token"], run["token"]);
    let summary = fs::read(latest.join("summary.json")).expect("a summary");
    let summary: Value = serde_json::from_slice(&summary).expect("a document");
    assert_eq!(summary["runs"], document["runs"]);
}

#[test]
fn the_result_does_not_depend_on_the_number_of_jobs() {
    let room = room();
    let run = |jobs: &str| {
        let words = ["run", "smoke", "leader_crash", "--seeds", "3", "--jobs", jobs];
        let output = zeroloss(room.path(), &[&words[..], &["--format", "json"]].concat());
        assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
        traces(&json(&output))
    };
    let one = run("1");
    assert_eq!(one.len(), 6);
    assert_eq!(one, run("2"));
    let planned = lines(&room.path().join("zeroloss-results/latest/plan.jsonl"));
    let planned: Vec<&str> = planned.iter().filter_map(|line| line["token"].as_str()).collect();
    let told: Vec<&str> = one.iter().map(|(token, _)| token.as_str()).collect();
    assert_eq!(told, planned, "runs stand in the order in which they were planned");
}

#[test]
fn shards_together_are_the_whole() {
    let room = room();
    let run = |more: &[&str]| {
        let words = ["run", "smoke", "--seeds", "3", "--format", "json"];
        let output = zeroloss(room.path(), &[&words[..], more].concat());
        assert_eq!(code(&output), 0, "{}", stderr(&output));
        traces(&json(&output))
    };
    let (mut shards, mut whole) =
        ([run(&["--shard", "1/2"]), run(&["--shard", "2/2"])].concat(), run(&[]));
    shards.sort();
    whole.sort();
    assert_eq!(shards, whole);
}

#[test]
fn a_planted_bug_is_violated_kept_and_replayed() {
    let room = room();
    let words = ["run", "early_ack", "--plant", "ack_before_flush", "--seeds", "1..20"];
    let output = zeroloss(room.path(), &[&words[..], &["--format", "json"]].concat());
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let document = json(&output);
    assert_eq!(document["verdict"], "violated");
    let runs = document["runs"].as_array().expect("a list");
    let run = runs.iter().find(|run| run["verdict"] == "violated").expect("a violated run");
    let (token, hash) = (run["token"].as_str().expect("a token"), &run["trace_hash"]);
    assert!(token.contains("+ack_before_flush:"), "{token}");
    let failures = room.path().join("zeroloss-results/latest/failures");
    let kept = names_in(&failures).into_iter().flat_map(|signature| {
        let signature = failures.join(signature);
        names_in(&signature).into_iter().map(move |name| signature.join(name)).collect::<Vec<_>>()
    });
    let is_ours = |folder: &std::path::PathBuf| {
        let kept = fs::read_to_string(folder.join("token.txt")).expect("a token");
        kept.trim() == token
    };
    let folder = kept.into_iter().find(is_ours).expect("the failure is kept");
    let expected =
        ["effective.json", "history.jsonl", "plan.json", "report.txt", "token.txt", "verdict.json"];
    assert_eq!(names_in(&folder), expected);
    assert!(lines(&folder.join("history.jsonl")).iter().any(|line| !line["call"].is_null()));

    let folder = folder.to_string_lossy().into_owned();
    for (what, out, compared_with) in [
        (token, "zeroloss-results", "record"),
        (token, "elsewhere", "process"),
        (&folder, "elsewhere", "record"),
    ] {
        let words = ["replay", what, "--out", out, "--format", "json"];
        let output = zeroloss(room.path(), &words);
        assert_eq!(code(&output), 1, "{}", stderr(&output));
        let document = json(&output);
        assert_eq!(&document["replay"]["trace_hash"], hash);
        assert_eq!(document["replay"]["compared_with"], compared_with);
        assert_eq!(document["replay"]["same"], true);
    }
}

#[test]
fn a_trace_hash_that_was_recorded_otherwise_is_nondeterminism() {
    let room = room();
    let output = zeroloss(room.path(), &["run", "smoke", "--seed", "1", "--format", "json"]);
    let (token, hash) = traces(&json(&output)).remove(0);
    let summary = room.path().join("zeroloss-results/latest/summary.json");
    let recorded = fs::read_to_string(&summary).expect("a summary");
    fs::write(&summary, recorded.replace(&hash, &"0".repeat(64))).expect("it is written");
    let output = zeroloss(room.path(), &["replay", &token]);
    assert_eq!(code(&output), 5, "{}", stdout(&output));
    assert!(stdout(&output).contains(&hash), "{}", stdout(&output));
}

#[test]
fn a_recorded_failure_that_is_absent_did_not_reproduce() {
    let room = room();
    let output = zeroloss(room.path(), &["run", "smoke", "--seed", "1", "--format", "json"]);
    let (token, _) = traces(&json(&output)).remove(0);
    let summary = room.path().join("zeroloss-results/latest/summary.json");
    let text = fs::read_to_string(&summary).expect("a summary");
    let mut recorded: Value = serde_json::from_str(&text).expect("a document");
    recorded["runs"][0]["verdict"] = Value::from("violated");
    fs::write(&summary, recorded.to_string()).expect("it is written");
    let output = zeroloss(room.path(), &["replay", &token]);
    assert_eq!(code(&output), 6, "{}", stdout(&output));
}

#[test]
fn a_folder_that_cannot_be_made_is_no_result() {
    let room = room();
    fs::write(room.path().join("file"), "").expect("a file");
    let words = ["run", "smoke", "--seed", "1", "--out", "file", "--format", "json"];
    let output = zeroloss(room.path(), &words);
    assert_eq!(code(&output), 74);
    assert_eq!(json(&output)["exit_code"], 74);
    assert!(stderr(&output).contains("could not write file/runs"), "{}", stderr(&output));
}

/// A limit on the size of files stands in for a full disk: it lets the small plan pass, and breaks
/// every larger file off in its middle, without root.
#[test]
fn a_disk_that_fills_up_leaves_nothing_half_written() {
    let room = room();
    let script = "trap '' XFSZ; ulimit -f 2; exec \"$0\" run smoke --seed 1 --format json";
    let output = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_zeroloss")])
        .current_dir(room.path())
        .output()
        .expect("a shell starts");
    assert_eq!(code(&output), 74, "{}", stderr(&output));
    assert!(stderr(&output).contains("could not write"), "{}", stderr(&output));
    let document = json(&output);
    assert_eq!(document["exit_code"], 74);
    assert_eq!(document["runs"][0]["verdict"], "holds", "what was found is told all the same");
    let results = room.path().join("zeroloss-results");
    assert_eq!(names_in(&results), ["runs"], "an incomplete run is not the latest");
    let runs = names_in(&results.join("runs"));
    assert_eq!(names_in(&results.join("runs").join(&runs[0])), ["plan.jsonl"]);
}
