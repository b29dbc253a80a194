//! `zeroloss check` as a script would use it: a history in, a ruling and an exit code out, and clear
//! errors for whatever is no history.

mod common;

use common::{code, command, json, names_in, room, stderr, stdout, zeroloss};
use std::{fs, io::Write, process::Stdio};

/// One write and one read of it, as Jepsen tells them.
const GOOD: &str = "{:process 0, :type :invoke, :f :write, :value 1}\n\
                    {:process 0, :type :ok, :f :write, :value 1}\n\
                    {:process 1, :type :invoke, :f :read, :value nil}\n\
                    {:process 1, :type :ok, :f :read, :value 1}\n";

#[test]
fn a_good_history_holds_and_says_what_it_was_taken_for() {
    let room = room();
    fs::write(room.path().join("history.edn"), GOOD).expect("a file can be written");
    let output = zeroloss(room.path(), &["check", "history.edn"]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let page = stdout(&output);
    assert!(page.contains("jepsen-edn (recognised), model register (recognised)"), "{page}");
    // A folder stands for the history in it, and nothing is left behind.
    let document = json(&zeroloss(room.path(), &["check", ".", "--format", "json"]));
    assert_eq!(document["verdict"], "holds");
    assert_eq!(document["history"]["extent"]["operations"], 2);
    assert_eq!(document["checkers"][0]["name"], "linearizable_register");
    assert_eq!(names_in(room.path()), ["history.edn"]);
}

#[test]
fn a_bad_history_is_violated_with_its_operations() {
    let room = room();
    let bad = GOOD.replace(":read, :value 1", ":read, :value 7");
    fs::write(room.path().join("bad.edn"), bad).expect("a file can be written");
    let output = zeroloss(room.path(), &["check", "bad.edn", "--format", "json"]);
    assert_eq!(code(&output), 1);
    let evidence = &json(&output)["checkers"][0]["evidence"];
    assert!(evidence["summary"].as_str().expect("text").starts_with("phantom: "), "{evidence}");
}

#[test]
fn nil_is_read_as_it_is_told() {
    let room = room();
    let lost = GOOD.replace(":read, :value 1", ":read, :value nil");
    fs::write(room.path().join("lost.edn"), lost).expect("a file can be written");
    assert_eq!(code(&zeroloss(room.path(), &["check", "lost.edn"])), 1);
    assert_eq!(code(&zeroloss(room.path(), &["check", "lost.edn", "--nil", "unknown"])), 0);
}

#[test]
fn a_history_comes_from_stdin() {
    let room = room();
    let mut child = command(room.path(), &["check", "-", "--from", "jepsen-edn"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary starts");
    child.stdin.take().expect("a pipe").write_all(GOOD.as_bytes()).expect("it reads");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_history_without_an_answer_holds_nothing() {
    let room = room();
    let first = GOOD.lines().next().expect("a line");
    fs::write(room.path().join("open.edn"), format!("{first}\n")).expect("a file can be written");
    let output = zeroloss(room.path(), &["check", "open.edn", "--model", "counter"]);
    assert_eq!(code(&output), 2, "a write is no operation of a counter");
    let reads = "{:process 1, :type :invoke, :f :read, :value nil}\n";
    fs::write(room.path().join("open.edn"), reads).expect("a file can be written");
    let output = zeroloss(room.path(), &["check", "open.edn", "--model", "register"]);
    assert_eq!(code(&output), 3, "{}", stdout(&output));
}

#[test]
fn what_is_no_history_is_refused_with_its_place() {
    let room = room();
    let cut = &GOOD[..GOOD.len() - 10];
    let twice =
        GOOD.replace(":process 1", ":process 0").replace(":ok, :f :write", ":invoke, :f :write");
    for (content, words) in [
        (cut.to_owned(), "line 4"),
        (twice, "line 2: process 0 asks to `write` before its `write` of line 1 was answered"),
        (String::new(), "could not judge `it.edn`"),
        ("[".repeat(100_000), "could not recognise the format"),
        ("\u{0}\u{1}\u{2}".to_owned(), "could not judge `it.edn`"),
    ] {
        fs::write(room.path().join("it.edn"), content).expect("a file can be written");
        let output = zeroloss(room.path(), &["check", "it.edn"]);
        assert_eq!(code(&output), 2, "{}", stdout(&output));
        assert!(stderr(&output).contains(words), "{words}: {}", stderr(&output));
    }
    fs::write(room.path().join("it.edn"), GOOD).expect("a file can be written");
    for (flag, value, words) in [
        ("--model", "regster", "did you mean `register`?"),
        ("--from", "jepsen-end", "jepsen-edn"),
        ("--permit", "gap", "did you mean `gaps`?"),
        ("--isolation", "serializable", "isolation is for transactions; `register` has none"),
    ] {
        let output = zeroloss(room.path(), &["check", "it.edn", flag, value]);
        assert_eq!(code(&output), 2);
        assert!(stderr(&output).contains(words), "{}", stderr(&output));
    }
    let list = ["check", "it.edn", "--model", "list-append", "--isolation", "serialisable"];
    let output = zeroloss(room.path(), &list);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("did you mean `serializable`?"), "{}", stderr(&output));
}
