//! Every command that any output or document prints to be typed is typed here, from its own text,
//! and exits as that text says. What would take minutes runs with fewer seeds.

mod common;

use common::{code, names_in, room, stderr, stdout, zeroloss};
use flate2::{Compression, write::GzEncoder};
use std::{
    collections::BTreeSet,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The root of the project, where documents stand.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a room stands in the project").to_owned()
}

/// Commands in a text: whatever stands at the begin of a line, behind a prompt, or in backticks.
fn commands(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines() {
        for part in line.split(" · ") {
            let bare = part.trim_start().trim_start_matches("$ ");
            let label =
                ["replay: ", "repeat    "].into_iter().find(|label| bare.starts_with(label));
            let bare = &bare[label.map_or(0, str::len)..];
            if bare.starts_with("zeroloss ") && !bare.contains('`') {
                // What stands far to the right, or behind a `#`, is said about it.
                let command = bare.split("  ").next().expect("split yields one");
                let command = command.split(" # ").next().expect("split yields one").trim();
                found.insert(command.to_owned());
            }
        }
        for (i, quoted) in line.split('`').enumerate() {
            if i % 2 == 1 && quoted.starts_with("zeroloss ") {
                found.insert(quoted.to_owned());
            }
        }
    }
    // Sentences that begin with the name, and forms of a command.
    found.retain(|command| {
        let word = command.split(' ').nth(1).unwrap_or_default();
        let is_blank = |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_uppercase());
        let is_form = command.split(' ').any(is_blank);
        ["run", "replay", "show", "check", "list"].contains(&word) && !is_form
    });
    found
}

/// The same with less to do: the first seeds, and a shorter story.
fn shortened(command: &str) -> String {
    let mut words: Vec<&str> = command.split(' ').collect();
    if words == ["zeroloss", "run"] {
        // The default suite, of which one scenario is enough to see that the words are understood.
        words.push("smoke");
    }
    for word in &mut words {
        *word = match *word {
            "1..20" | "1..200" | "200" => "1..3",
            "1..1000" => "1..8",
            // A story of hours, and a sixteenth of it.
            "datacenter_outage" | "nine_nodes" => "smoke",
            other => other,
        };
    }
    words.join(" ")
}

/// What a command must exit with, as far as its text tells.
fn expected(command: &str) -> i32 {
    let is_planted = command.contains("--plant") || command.contains("+ack_before_flush");
    let is_violated = command.contains("violated") || command.contains("--regressions");
    i32::from(is_planted || is_violated)
}

const REGISTER: &str = "{:process 0, :type :invoke, :f :write, :value 1}\n\
                        {:process 0, :type :ok, :f :write, :value 1}\n\
                        {:process 1, :type :invoke, :f :read, :value nil}\n\
                        {:process 1, :type :ok, :f :read, :value 1}\n";

/// As gzip writes it.
fn packed(text: &str) -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(text.as_bytes()).expect("memory can be written");
    gzip.finish().expect("memory can be written")
}

/// A folder in which every file that a text speaks of is there.
fn furnished(failure: &Path) -> tempfile::TempDir {
    let room = room();
    let at = |path: &str| {
        let path = room.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("it can be made");
        path
    };
    let foreign = root().join("checkers/histories/foreign");
    let copy = |from: &str, to: &str| fs::copy(foreign.join(from), at(to)).expect("it is there");
    fs::write(at("store/latest/history.edn"), REGISTER).expect("a history");
    copy("kafka-clean.holds.edn", "history.edn");
    copy("kafka-clean.holds.edn", "k.edn");
    copy("cas-register-won-once.holds.txt", "etcd.log");
    copy("rw-register-one-after-another.holds.edn", "other.edn");
    let append = r#"[{"type":"invoke","f":"txn","value":[["append",1,1]],"process":0,"index":0},
        {"type":"ok","f":"txn","value":[["append",1,1]],"process":0,"index":1},
        {"type":"invoke","f":"txn","value":[["r",1,null]],"process":1,"index":2},
        {"type":"ok","f":"txn","value":[["r",1,[1]]],"process":1,"index":3}]"#;
    fs::write(at("history.json"), append).expect("a history");
    let queue = "{:process 0, :type :invoke, :f :publish, :value 1}\n\
                 {:process 0, :type :ok, :f :publish, :value 1}\n\
                 {:process 1, :type :invoke, :f :take, :value nil}\n\
                 {:process 1, :type :ok, :f :take, :value 1}\n";
    fs::write(at("history.edn.gz"), packed(queue)).expect("a history");
    for name in ["mine.toml", "my/scenario.toml"] {
        fs::write(at(name), "why = \"Mine.\"\nphases.trouble = \"2s\"\n").expect("a scenario");
    }
    let kept = "zeroloss-results/runs/one/failures/zero_loss/leader_crash-3";
    for file in names_in(failure) {
        fs::copy(failure.join(&file), at(&format!("{kept}/{file}"))).expect("it is there");
    }
    std::os::unix::fs::symlink("runs/one", at("zeroloss-results/latest")).expect("a link");
    fs::copy(failure.join("plan.json"), at("my/plan.json")).expect("a plan");
    std::os::unix::fs::symlink(root().join("checkers"), at("checkers")).expect("a link");
    room
}

/// A failure that a run kept.
fn failure(room: &Path) -> (PathBuf, String) {
    let words = ["run", "early_ack", "--seed", "1", "--plant", "ack_before_flush"];
    let output = zeroloss(room, &words);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let failures = room.join("zeroloss-results/latest/failures");
    let signature = failures.join(&names_in(&failures)[0]);
    let folder = signature.join(&names_in(&signature)[0]);
    (folder, stdout(&output) + &stderr(&output))
}

/// As a shell would do it, in a furnished room.
fn typed(command: &str, failure: &Path) -> Output {
    let room = furnished(failure);
    let binary = env!("CARGO_BIN_EXE_zeroloss");
    let script = shortened(command).replace("zeroloss ", &format!("{binary} "));
    // Paths of results have the name in them, too.
    let script = script.replace(&format!("{binary} -results"), "zeroloss-results");
    Command::new("sh").args(["-c", &script]).current_dir(room.path()).output().expect("a shell")
}

fn all_work(what: &str, text: &str, failure: &Path, least: usize) {
    let commands = commands(text);
    assert!(commands.len() >= least, "{what} has {commands:?}");
    for command in commands {
        let output = typed(&command, failure);
        let said = stderr(&output);
        let expected = match command.as_str() {
            // A failure's history holds, and the run that it is of does not: in doubt.
            c if c.contains("check zeroloss-results") => 3,
            // What is kept is of a planted bug.
            c if c.contains("my/plan.json") || c.contains("replay zeroloss-results") => 1,
            c => expected(c),
        };
        assert_eq!(output.status.code(), Some(expected), "{what}: `{command}`: {said}");
    }
}

#[test]
fn every_command_of_every_help_works() {
    let room = room();
    let (folder, _) = failure(room.path());
    for (words, least) in [
        (&["--help"][..], 8),
        (&["run", "--help"], 4),
        (&["replay", "--help"], 3),
        (&["check", "--help"], 4),
        (&["show", "--help"], 0),
        (&["list", "--help"], 0),
    ] {
        let help = stdout(&zeroloss(room.path(), words));
        all_work(&words.join(" "), &help, &folder, least);
    }
}

#[test]
fn every_command_of_every_document_works() {
    let room = room();
    let (folder, _) = failure(room.path());
    let documents = [("README.md", 8), ("docs/CHECK.md", 3), ("docs/PLANTED.md", 0)];
    for (name, least) in documents {
        let text = fs::read_to_string(root().join(name)).expect("a document");
        all_work(name, &text, &folder, least);
    }
}

#[test]
fn every_command_of_a_page_works() {
    let room = room();
    let (folder, told) = failure(room.path());
    let page = fs::read_to_string(room.path().join("zeroloss-results/latest/report.html"));
    let page = page.expect("a page").replace("<pre>", "\n").replace("</pre>", "\n");
    let page = page.replace("<code>", "\n").replace("</code>", "\n");
    let replays = |text: &str| text.matches("zeroloss replay z1:").count();
    assert!(replays(&told) > 0 && replays(&page) > 0, "a page shows the way back");
    all_work("the terminal", &told, &folder, 2);
    all_work("the page", &page, &folder, 2);
    let kept = fs::read_to_string(folder.join("report.txt")).expect("a page");
    all_work("report.txt", &kept, &folder, 1);
}

#[test]
fn every_command_of_an_error_works() {
    let room = room();
    let (folder, _) = failure(room.path());
    let token = fs::read_to_string(folder.join("token.txt")).expect("a token");
    let (stem, _) = token.trim().rsplit_once(':').expect("a hash");
    // As if the scenario had been changed since: the record has a hash that nothing draws today.
    let old = format!("{stem}:0123456789abcdef");
    for file in ["verdict.json", "token.txt"] {
        let text = fs::read_to_string(folder.join(file)).expect("it is there");
        fs::write(folder.join(file), text.replace(token.trim(), &old)).expect("it is written");
    }
    let output = zeroloss(room.path(), &["replay", &old]);
    assert_eq!(code(&output), 2);
    let said = stderr(&output);
    let command = commands(&said).into_iter().next().expect("it says what to replay instead");
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    let output = zeroloss(room.path(), &words);
    assert_eq!(code(&output), 1, "`{command}`: {}", stderr(&output));
}
