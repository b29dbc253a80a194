//! Everything at the front door that needs no run: mistakes are answered with place and expectation,
//! exit 2, and leave nothing behind; lists and plans have the shape that scripts depend on.

mod common;

use common::{code, json, names_in, room, stderr, stdout, zeroloss};
use serde_json::Value;
use std::fs;

/// Runs words that are a mistake; returns what was said, both ways.
fn mistake(words: &[&str]) -> String {
    let room = room();
    let human = zeroloss(room.path(), words);
    assert_eq!(code(&human), 2, "{words:?}: {}", stderr(&human));
    assert_eq!(stdout(&human), "", "{words:?}: a mistake is no result");
    let machine = zeroloss(room.path(), &[words, &["--format", "json"]].concat());
    assert_eq!(code(&machine), 2, "{words:?} with json");
    let document = json(&machine);
    assert_eq!(document["schema"], 1);
    assert_eq!(document["exit_code"], 2);
    let error = document["error"].as_str().expect("an error is a text").to_owned();
    let said = stderr(&human);
    let first = error.lines().next().expect("an error says something");
    assert!(said.contains(first), "{said} does not say {first}");
    assert_eq!(names_in(room.path()), [""; 0], "{words:?}: something was left behind");
    error
}

#[test]
fn an_unknown_flag_is_refused_with_the_nearest() {
    let error = mistake(&["run", "--sedes", "3"]);
    assert!(error.contains("'--sedes'") && error.contains("'--seeds'"), "{error}");
}

#[test]
fn an_unknown_scenario_is_refused_with_the_nearest() {
    for words in [["run", "leader_crsh"], ["show", "leader_crsh"]] {
        let error = mistake(&words);
        assert!(error.contains("`leader_crsh` (did you mean `leader_crash`?)"), "{error}");
    }
    let error = mistake(&["run", "case-studdy"]);
    assert!(error.contains("did you mean `case-study`?"), "{error}");
}

#[test]
fn an_unknown_plant_is_refused_with_the_nearest() {
    let error = mistake(&["run", "smoke", "--plant", "ack_befor_flush"]);
    assert!(error.contains("did you mean `ack_before_flush`?"), "{error}");
}

#[test]
fn an_empty_range_of_seeds_is_refused() {
    for seeds in ["5..2", "0"] {
        let error = mistake(&["run", "smoke", "--seeds", seeds]);
        assert!(error.contains("the range is empty"), "{error}");
    }
    let error = mistake(&["run", "smoke", "--seeds", "a..b"]);
    assert!(error.contains("expected N or A..B"), "{error}");
    let error = mistake(&["run", "smoke", "--seeds", "0..18446744073709551615"]);
    assert!(error.contains("at most 1000000"), "{error}");
}

#[test]
fn one_seed_and_many_seeds_exclude_each_other() {
    let error = mistake(&["run", "smoke", "--seed", "1", "--seeds", "2"]);
    assert!(error.contains("cannot be used with"), "{error}");
}

#[test]
fn jobs_and_shards_out_of_range_are_refused() {
    assert!(mistake(&["run", "--jobs", "0"]).contains("--jobs"));
    assert!(mistake(&["run", "--shard", "3/2"]).contains("expected i/n with i from 1 to n"));
}

#[test]
fn a_broken_scenario_is_refused_with_its_line() {
    let cases = [
        (
            "why = \"x\"\n[phases]\ntrouble = \"1s\"\n[workload]\nclientz = 3\n",
            "line 5",
            "`clients`",
        ),
        ("why = \"x\"\n[phases]\ntrouble = \"-1s\"\n", "line 3", "-1s"),
        ("why = \"x\"\n[phases]\ntrouble = \"1s\"\n[cluster]\nwrite_quorum = 9\n", "", "quorum"),
        (
            "why = \"x\"\n[phases]\ntrouble = \"1s\"\n[[fault]]\nat = \"0s\"\ndo.crsh = { who = \"n1\" }\n",
            "line 6",
            "`crash`",
        ),
        (
            "why = \"x\"\n[phases]\ntrouble = \"1s\"\n[[fault]]\nat = \"0s\"\ndo.crash = { who = \"region mars\" }\n",
            "line 6",
            "mars",
        ),
    ];
    for (text, line, expected) in cases {
        let room = room();
        fs::write(room.path().join("broken.toml"), text).expect("a scenario");
        for words in [&["run", "broken.toml"], &["run", "./broken.toml"]] {
            let output = zeroloss(room.path(), words);
            let said = stderr(&output);
            assert_eq!(code(&output), 2, "{text}: {said}");
            assert!(said.contains("broken.toml"), "{said}");
            assert!(said.contains(line) && said.contains(expected), "{said}: {line} {expected}");
        }
        assert_eq!(names_in(room.path()), ["broken.toml"], "something was left behind");
    }
}

#[test]
fn a_scenario_that_is_not_there_is_refused() {
    assert!(mistake(&["run", "nowhere/mine.toml"]).contains("`nowhere/mine.toml`"));
}

#[test]
fn a_token_that_does_not_parse_is_refused() {
    for token in ["z1:smoke", "z1:smoke:one:0123456789abcdef", "z2:smoke:1:0123456789abcdef"] {
        let error = mistake(&["replay", token]);
        assert!(error.contains(&format!("read token `{token}`")), "{error}");
        assert!(error.contains("expected"), "{error}");
    }
    assert!(mistake(&["replay", "no/such/folder"]).contains("no such file or folder"));
    assert!(mistake(&["replay", "z1:smok:1:0123456789abcdef"]).contains("did you mean `smoke`?"));
}

#[test]
fn a_token_of_another_plan_is_refused_and_says_what_to_replay() {
    let error = mistake(&["replay", "z1:smoke:1:0123456789abcdef"]);
    assert!(error.contains("draws another plan today"), "{error}");
    assert!(error.contains("plan.json"), "{error}");
}

#[test]
fn a_plan_that_makes_no_sense_is_refused() {
    let room = room();
    let output = zeroloss(room.path(), &["show", "smoke", "--seed", "1", "--format", "json"]);
    let good = json(&output)["plan"].clone();
    let refused = |edit: fn(&mut Value)| {
        let mut plan = good.clone();
        edit(&mut plan);
        fs::write(room.path().join("plan.json"), plan.to_string()).expect("a plan");
        let output = zeroloss(room.path(), &["replay", "plan.json"]);
        assert_eq!(code(&output), 2, "{}", stderr(&output));
        stderr(&output)
    };
    assert!(refused(|plan| plan["sede"] = Value::from(1)).contains("unknown field `sede`"));
    let error = refused(|plan| plan["placement"]["write_quorum"] = Value::from(99));
    assert!(error.contains("quorum 99"), "{error}");
    let error = refused(|plan| plan["plants"] = Value::from(vec!["ack_before_flsh"]));
    assert!(error.contains("ack_before_fl"), "{error}");
}

#[test]
fn an_empty_shard_selects_nothing() {
    let room = room();
    let words = ["run", "smoke", "--seed", "1", "--shard", "2/2", "--format", "json"];
    let output = zeroloss(room.path(), &words);
    assert_eq!(code(&output), 4);
    assert_eq!(json(&output)["exit_code"], 4);
    assert_eq!(names_in(room.path()), [""; 0]);
}

#[test]
fn lists_have_the_shape_that_scripts_depend_on() {
    let room = room();
    let shapes: [(&str, &[&str]); 7] = [
        ("suites", &["name", "why", "seeds", "scenarios"]),
        ("scenarios", &["name", "why", "suites", "seeds", "plants"]),
        ("faults", &["kind", "does"]),
        ("checkers", &["name", "law", "source", "runs"]),
        ("planted", &["name", "scenario", "checkers", "source"]),
        ("models", &["name", "does"]),
        ("formats", &["name", "does"]),
    ];
    for (what, keys) in shapes {
        let document = json(&zeroloss(room.path(), &["list", what, "--format", "json"]));
        assert_eq!(document.as_object().expect("an object").len(), 1, "{what}");
        let items = document[what].as_array().expect("a list");
        assert!(!items.is_empty(), "{what}");
        for item in items {
            for key in keys {
                assert!(!item[key].is_null(), "{what} without {key}: {item}");
            }
        }
    }
    let every = json(&zeroloss(room.path(), &["list", "--format", "json"]));
    assert_eq!(every.as_object().expect("an object").len(), shapes.len());
}

#[test]
fn every_planted_bug_names_a_scenario_and_judges_that_are_listed() {
    let room = room();
    let every = json(&zeroloss(room.path(), &["list", "--format", "json"]));
    let names = |what: &str| -> Vec<Value> {
        let items = every[what].as_array().expect("a list").iter();
        items.map(|item| item["name"].clone()).collect()
    };
    let (scenarios, checkers) = (names("scenarios"), names("checkers"));
    for planted in every["planted"].as_array().expect("a list") {
        assert!(scenarios.contains(&planted["scenario"]), "{planted}");
        for checker in planted["checkers"].as_array().expect("a list") {
            assert!(checkers.contains(checker), "{planted}");
        }
    }
}

#[test]
fn show_prints_a_plan_whose_token_says_seed_and_plant() {
    let room = room();
    let words = ["show", "early_ack", "--seed", "7", "--plant", "ack_before_flush"];
    let document = json(&zeroloss(room.path(), &[&words[..], &["--format", "json"]].concat()));
    let token = document["token"].as_str().expect("a token");
    assert!(token.starts_with("z1:early_ack+ack_before_flush:7:"), "{token}");
    assert_eq!(document["plan"]["seed"], 7);
    assert_eq!(document["plan"]["plants"][0], "ack_before_flush");
    let page = zeroloss(room.path(), &words);
    assert_eq!(code(&page), 0);
    assert!(stdout(&page).contains(token), "{}", stdout(&page));
    let clean = zeroloss(room.path(), &["show", "early_ack", "--seed", "7"]);
    let hash = token.rsplit(':').next().expect("a hash");
    assert!(!stdout(&clean).contains(hash), "the plant is part of the plan's hash");
    assert_eq!(names_in(room.path()), [""; 0]);
}

#[test]
fn help_teaches_by_examples_and_exit_codes() {
    let room = room();
    for words in [&["--help"][..], &["run", "--help"], &["replay", "--help"]] {
        let output = zeroloss(room.path(), words);
        let help = stdout(&output);
        assert_eq!(code(&output), 0);
        assert!(help.contains("Examples:\n  zeroloss "), "{help}");
        assert!(help.contains("74  results could not be written"), "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
    }
    assert!(!stdout(&zeroloss(room.path(), &["--help"])).contains("rerun"));
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let room = room();
    let mut child = common::command(room.path(), &["list", "--format", "json"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}
