//! `zeroloss planted`, as a script would run it.

mod common;

use common::{code, json, names_in, room, stderr, stdout, zeroloss};

const WORDS: [&str; 6] = ["planted", "no_dedup", "read_by_old_round", "--seeds", "4", "--quiet"];

#[test]
fn a_bug_is_caught_directed_its_control_is_silent_and_blind_is_told_apart() {
    let room = room();
    let output = zeroloss(room.path(), &[&WORDS[..], &["--format", "json"]].concat());
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
    let document = json(&output);
    assert_eq!(document["complete"], true);
    assert_eq!(document["control"]["alarms"].as_array().map(Vec::len), Some(0));
    let bugs = document["planted"].as_array().expect("a list");
    assert_eq!(bugs.len(), 2);
    for bug in bugs {
        let directed = &bug["directed"];
        assert_eq!(directed["outcome"], "caught", "{bug}");
        assert!(directed["seeds_to_catch"]["median"].as_u64().is_some_and(|n| n >= 1), "{bug}");
        assert!(directed["by"].as_object().is_some_and(|by| !by.is_empty()), "{bug}");
        assert!(bug["blind"]["tried"].as_u64().is_some_and(|tried| tried <= 4), "{bug}");
    }
    // Each scenario's longest series, and the swarm's, once more without a bug.
    let control = document["control"]["runs"].as_u64().expect("a number");
    assert!(control > 4, "{document}");
}

#[test]
fn the_result_does_not_depend_on_jobs_and_what_is_done_is_not_run_again() {
    let room = room();
    let words = [&WORDS[..], &["--format", "json", "--jobs"]].concat();
    let rows = |words: &[&str]| json(&zeroloss(room.path(), words))["planted"].clone();
    let one = rows(&[&words[..], &["1", "--out", "one"]].concat());
    let three = rows(&[&words[..], &["3", "--out", "three"]].concat());
    assert_eq!(one, three);
    let again = zeroloss(
        room.path(),
        &["planted", "no_dedup", "read_by_old_round", "--seeds", "4", "--out", "one"],
    );
    assert!(stderr(&again).contains("4 of 4 series are done already"), "{}", stderr(&again));
    assert_eq!(names_in(&room.path().join("one/planted")).len(), 1);
}

#[test]
fn without_its_only_judge_a_bug_escapes_and_the_exit_code_says_so() {
    let room = room();
    let words = ["planted", "ack_before_flush", "--seeds", "1", "--quiet"];
    let judges =
        ["claim_witness", "ack_witness", "leader_completeness", "offset_agreement", "zero_loss"];
    let without = judges.iter().flat_map(|name| ["--without-checker", *name]);
    let words: Vec<&str> = words.into_iter().chain(without).collect();
    let output = zeroloss(room.path(), &words);
    assert_eq!(code(&output), 1, "{}", stdout(&output));
    assert!(stdout(&output).contains("SURVIVED"), "{}", stdout(&output));
    assert!(stdout(&output).contains("without claim_witness"), "{}", stdout(&output));
}

#[test]
fn a_family_is_a_letter_and_a_table_has_a_row_for_each_bug() {
    let room = room();
    let words = ["planted", "G", "--seeds", "1", "--quiet", "--format", "markdown"];
    let table = stdout(&zeroloss(room.path(), &words));
    assert!(table.starts_with("# Kill matrix"), "{table}");
    assert!(table.contains("| `read_by_old_round` |"), "{table}");
    assert!(!table.contains("| `no_dedup` |"), "{table}");
}

#[test]
fn names_that_mean_nothing_are_refused_with_the_nearest() {
    let room = room();
    for (words, near) in [
        (&["planted", "no_dedap"][..], "`no_dedup`"),
        (&["planted", "--without-fault", "paus"], "`pause`"),
        (&["planted", "--without-checker", "zero_los"], "`zero_loss`"),
        (&["list", "planted", "--format", "markdown"], "only `zeroloss planted`"),
    ] {
        let output = zeroloss(room.path(), words);
        assert_eq!(code(&output), 2, "{words:?}");
        assert!(stderr(&output).contains(near), "{words:?}: {}", stderr(&output));
        assert_eq!(names_in(room.path()), [""; 0], "{words:?}");
    }
}

#[test]
fn a_default_run_has_a_canary_unless_it_is_told_not_to() {
    let room = room();
    // Nothing is named, and of the suite this share has one run.
    let words = ["run", "--seed", "1", "--shard", "1/1000", "--quiet", "--format", "json"];
    let output = zeroloss(room.path(), &words);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let canary = json(&output)["canary"].clone();
    assert!(canary["plant"].is_string() && canary["scenario"].is_string(), "{canary}");
    assert!(canary["seeds"].as_u64().is_some_and(|seeds| (1..=20).contains(&seeds)), "{canary}");
    assert!(canary["caught_by"].as_array().is_some_and(|judges| !judges.is_empty()), "{canary}");
    let without = zeroloss(room.path(), &[&words[..], &["--no-canary"]].concat());
    assert_eq!(code(&without), 0, "{}", stderr(&without));
    assert!(json(&without)["canary"].is_null());
}
