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
        ("--permit", "gaps", "model `register` has no use for --permit gaps"),
        ("--failed-cas", "observed", "model `register` has no use for --failed-cas"),
        ("--rename", "add", "--rename expects name=meant, such as add=enqueue: `add`"),
        ("--rename", "add=enqueue", "no operation is called `add` (--rename)"),
        ("--isolation", "serializable", "model `register` has no use for --isolation"),
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

#[test]
fn what_cannot_be_told_is_said_with_the_flags_that_would_say_it() {
    let room = room();
    let listed = GOOD.replace(":read, :value 1", ":read, :value [1]");
    fs::write(room.path().join("it.edn"), &listed).expect("a file can be written");
    let output = zeroloss(room.path(), &["check", "it.edn", "--format", "json"]);
    assert_eq!(code(&output), 3);
    let document = json(&output);
    assert_eq!(document["verdict"], "unknown");
    assert_eq!(document["history"]["model"], "none");
    assert_eq!(document["history"]["extent"]["operations"], 2);
    let why = document["checkers"][0]["evidence"]["summary"].as_str().expect("text");
    assert!(why.contains("--model set-full --rename write=add"), "{why}");
    let flags = ["check", "it.edn", "--model", "set-full", "--rename", "write=add"];
    let output = zeroloss(room.path(), &flags);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("`write` is read as `add` (--rename)"), "{}", stdout(&output));
}

#[test]
fn compressed_histories_are_read_and_cut_ones_refused() {
    let room = room();
    let packed = |content: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(content.as_bytes()).expect("memory can be written");
        encoder.finish().expect("memory can be written")
    };
    // A folder stands for the history in it, compressed or not.
    let folder = room.path().join("store");
    fs::create_dir(&folder).expect("a folder can be made");
    fs::write(folder.join("history.edn.gz"), packed(GOOD)).expect("a file can be written");
    assert_eq!(code(&zeroloss(room.path(), &["check", "store"])), 0);
    let level = ruzstd::encoding::CompressionLevel::Fastest;
    let zst = ruzstd::encoding::compress_to_vec(GOOD.as_bytes(), level);
    fs::write(room.path().join("it"), &zst).expect("a file can be written");
    assert_eq!(code(&zeroloss(room.path(), &["check", "it"])), 0);
    let gz = packed(&GOOD.repeat(5_000));
    for cut in [&gz[..gz.len() - 3], &gz[..gz.len() / 2], &zst[..zst.len() - 2]] {
        fs::write(room.path().join("it"), cut).expect("a file can be written");
        let output = zeroloss(room.path(), &["check", "it"]);
        assert_eq!(code(&output), 2, "{}", stdout(&output));
        let told = stderr(&output);
        assert!(told.contains(": line ") && told.contains("could not be read on"), "{told}");
    }
}

#[test]
fn no_byte_of_a_file_steers_the_terminal() {
    let room = room();
    let escape = "\u{1b}[2J\u{9b}31m\u{7}\u{202e}";
    let spoilt = GOOD.replace(":read, :value 1", &format!(":read, :value \"{escape}\""));
    let name = format!("{escape}.edn");
    for (file, content) in [
        ("bad.edn", spoilt.clone()),
        (&name, spoilt),
        ("none.txt", format!("{escape} nothing\n")),
        ("op.edn", GOOD.replace(":read", &format!(":re{escape}ad"))),
        ("json", format!("{{\"type\":\"{escape}\"}}\n")),
    ] {
        fs::write(room.path().join(file), content).expect("a file can be written");
        for format in ["human", "json"] {
            let output = zeroloss(room.path(), &["check", file, "--format", format]);
            let told = stdout(&output) + &stderr(&output);
            assert!(!told.is_empty());
            let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!told.contains(steers), "{file} {format}: {told:?}");
        }
    }
}
