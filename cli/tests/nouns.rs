//! Whatever names a run is taken, in any form in which the tool ever printed it; and what is printed
//! to be typed works when it is typed.

mod common;

use common::{code, command, json, room, stderr, stdout, zeroloss};
use serde_json::Value;
use std::{fs, io::Write, path::Path, process::Stdio};

/// The JSON of a plan as `show` prints it, shortened by hand: its token draws another one.
fn edited(room: &Path) -> Value {
    let output = zeroloss(room, &["show", "smoke", "--format", "json"]);
    let mut document = json(&output);
    document["plan"]["phases"]["trouble_ms"] = Value::from(3_000);
    document["plan"].clone()
}

/// The command that a page tells to type, as words.
fn told(page: &str) -> Vec<String> {
    let line =
        page.lines().find_map(|line| line.strip_prefix("replay: zeroloss ")).expect("a way back");
    // Quotes as a shell reads them; no word of a test has any inside.
    let mut words = Vec::new();
    for (i, part) in line.split('\'').enumerate() {
        match i % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

fn run_told(room: &Path, page: &str) -> std::process::Output {
    let words = told(page);
    zeroloss(room, &words.iter().map(String::as_str).collect::<Vec<_>>())
}

#[test]
fn a_token_a_plan_and_a_document_name_the_same_run() {
    let room = room();
    let document =
        json(&zeroloss(room.path(), &["show", "smoke", "--seed", "2", "--format", "json"]));
    let token = document["token"].as_str().expect("a token");
    let write = |name: &str, text: &str| fs::write(room.path().join(name), text).expect("a file");
    write("shown.json", &document.to_string());
    write("plan.json", &document["plan"].to_string());
    write("token.txt", &format!("{token}\n"));
    for named in [&format!(" {token}\n"), "shown.json", "plan.json", "token.txt"] {
        let shown = zeroloss(room.path(), &["show", named, "--format", "json"]);
        assert_eq!(json(&shown)["token"], token, "{named}: {}", stderr(&shown));
        let output = zeroloss(room.path(), &["replay", named, "--format", "json"]);
        assert_eq!(code(&output), 0, "{named}: {}", stderr(&output));
        let run = &json(&output)["runs"][0];
        assert_eq!(run["token"], token, "{named}");
        assert_eq!(run["replay"], format!("zeroloss replay {token}"), "{named}");
    }
    let both = zeroloss(room.path(), &["show", "plan.json", "--seed", "3"]);
    assert_eq!(code(&both), 2, "a plan has its seed already");
}

#[test]
fn an_edited_plan_is_replayed_by_what_its_page_says() {
    let room = room();
    let folder = room.path().join("my plans");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("short one.json"), edited(room.path()).to_string()).expect("a plan");
    let output = zeroloss(room.path(), &["replay", "my plans/short one.json"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(told(&stdout(&output)), ["replay", "my plans/short one.json"]);
    assert_eq!(code(&run_told(room.path(), &stdout(&output))), 0);
    let shown = zeroloss(room.path(), &["show", "my plans/short one.json"]);
    assert_eq!(code(&run_told(room.path(), &stdout(&shown))), 0, "{}", stdout(&shown));
}

#[test]
fn a_plan_through_a_pipe_is_kept_to_be_replayed() {
    let room = room();
    let mut child = command(room.path(), &["replay", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let plan = edited(room.path()).to_string();
    child.stdin.take().expect("a pipe").write_all(plan.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(code(&run_told(room.path(), &stdout(&output))), 0, "{}", stdout(&output));
}

#[test]
fn a_replay_leaves_a_folder_and_a_page_and_is_no_record() {
    let room = room();
    let run = json(&zeroloss(room.path(), &["run", "smoke", "--seed", "1", "--format", "json"]));
    let token = run["runs"][0]["token"].as_str().expect("a token");
    for _ in 0..2 {
        let replay = json(&zeroloss(room.path(), &["replay", token, "--format", "json"]));
        let folder = room.path().join(replay["folder"].as_str().expect("a folder"));
        for file in ["plan.jsonl", "runs.jsonl", "junit.xml", "report.html", "summary.json"] {
            assert!(folder.join(file).is_file(), "{file}");
        }
        let summary: Value =
            serde_json::from_slice(&fs::read(folder.join("summary.json")).expect("a summary"))
                .expect("a document");
        assert_eq!(summary["replay"]["compared_with"], "record");
        let record = summary["replay"]["record"].as_str().expect("a place");
        assert!(record.contains(run["folder"].as_str().expect("a folder")), "{record}");
    }
}

#[test]
fn a_mistyped_token_is_answered_with_the_one_that_was_run() {
    let room = room();
    let run = json(&zeroloss(room.path(), &["run", "smoke", "--seed", "1", "--format", "json"]));
    let token = run["runs"][0]["token"].as_str().expect("a token").to_owned();
    let last = token.chars().last().expect("a letter");
    let other = if last == '0' { "1" } else { "0" };
    for typo in [
        format!("{}{other}", &token[..token.len() - 1]),
        token[..token.len() - 1].to_owned(),
        token.replace("smoke", "smok"),
        token.replace("z1:", "z1;"),
    ] {
        let output = zeroloss(room.path(), &["replay", &typo]);
        assert_eq!(code(&output), 2, "{typo}");
        let said = stderr(&output);
        let hint = if typo.contains("smok:") { "smoke".to_owned() } else { token.clone() };
        assert!(said.contains(&format!("did you mean `{hint}`?")), "{typo}: {said}");
    }
}

#[test]
fn regressions_run_first_and_none_is_skipped() {
    let room = room();
    let folder = room.path().join("regressions");
    fs::create_dir_all(folder.join("sub")).expect("a folder");
    fs::write(folder.join("a.json"), edited(room.path()).to_string()).expect("a plan");
    let shown = json(&zeroloss(room.path(), &["show", "smoke", "--seed", "4", "--format", "json"]));
    let token = shown["token"].as_str().expect("a token");
    fs::write(folder.join("sub/b.txt"), token).expect("a token");
    let words = ["run", "smoke", "--seed", "1", "--regressions", "regressions", "--format", "json"];
    let output = zeroloss(room.path(), &words);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let document = json(&output);
    let ways: Vec<&str> = document["runs"]
        .as_array()
        .expect("runs")
        .iter()
        .filter_map(|run| run["replay"].as_str())
        .collect();
    assert_eq!(ways[0], "zeroloss replay regressions/a.json");
    assert_eq!(ways[1], format!("zeroloss replay {token}"));
    assert_eq!(ways.len(), 3, "{ways:?}");
    let alone = zeroloss(room.path(), &["run", "--regressions", "regressions", "--format", "json"]);
    assert_eq!(json(&alone)["finished"], 2);

    fs::write(folder.join("c.txt"), "z1:smoke:1:0123456789abcdef\n").expect("a token");
    let output = zeroloss(room.path(), &words);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    assert!(
        said.contains("regressions/c.txt") && said.contains("z1:smoke:1:0123456789abcdef"),
        "{said}"
    );
}

#[test]
fn a_file_without_an_ending_is_hinted_at() {
    let room = room();
    fs::write(room.path().join("noext"), "why = \"x\"\nphases.trouble = \"2s\"\n").expect("a file");
    let output = zeroloss(room.path(), &["run", "noext"]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean the file `./noext`?"), "{}", stderr(&output));
    let output = zeroloss(room.path(), &["run", "./noext", "--seed", "1"]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
}

#[test]
fn what_is_out_of_range_is_told_the_range() {
    let room = room();
    let (high, range) = ("18446744073709551616", "0 to 18446744073709551615");
    for (words, range) in [
        (&["run", "smoke", "--seed", high][..], range),
        (&["run", "smoke", "--seed", "-1"], range),
        (&["run", "smoke", "--seeds", high], range),
        (&["show", "smoke", "--seed", high], range),
        (&["run", "smoke", "--jobs", "0"], "1 to 4096"),
        (&["run", "smoke", "--jobs", "5000"], "1 to 4096"),
        (&["check", "x", "--steps", "0"], "1 to 18446744073709551615"),
        (&["run", "smoke", "--shard", "3/2"], "i from 1 to n"),
        (&["replay", &format!("z1:smoke:{high}:0123456789abcdef")], range),
    ] {
        let output = zeroloss(room.path(), words);
        assert_eq!(code(&output), 2, "{words:?}");
        assert!(stderr(&output).contains(range), "{words:?}: {}", stderr(&output));
    }
}

#[test]
fn several_mistakes_are_told_at_once() {
    let room = room();
    let words = ["run", "smok", "leader_crsh", "--plant", "ack_befor_flush", "--seeds", "9..1"];
    let said = stderr(&zeroloss(room.path(), &words));
    for hint in ["`smoke`", "`leader_crash`", "`ack_before_flush`", "the range is empty"] {
        assert!(said.contains(hint), "{hint}: {said}");
    }
    assert_eq!(said.lines().filter(|line| line.starts_with("error: ")).count(), 4, "{said}");
}
