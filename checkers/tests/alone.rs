//! `checkers` is usable by itself: whoever judges a history of a cluster of their own must not build
//! an executor, a simulator or a source of dice for it.

use std::process::Command;

const FOREIGN: [&str; 5] = ["madsim", "tokio", "futures", "rand", "getrandom"];

/// The names of everything that a package is built from, tests aside.
fn tree(package: &str, features: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--package", package, "--edges", "normal", "--prefix", "none", "--offline"])
        .args(features)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("names are text");
    text.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

fn foreign(names: &[String]) -> Vec<&str> {
    FOREIGN.into_iter().filter(|foreign| names.iter().any(|name| name == foreign)).collect()
}

#[test]
fn the_judges_need_no_executor_no_simulator_and_no_dice() {
    let names = tree("zeroloss-checkers", &[]);
    assert!(names.iter().any(|name| name == "serde"), "not a tree: {names:?}");
    assert_eq!(foreign(&names), Vec::<&str>::new());
    let few: std::collections::BTreeSet<&String> = names.iter().collect();
    assert!(few.len() <= 24, "{} packages: {few:?}", few.len());
}

/// The test above can fail: the room that joins everything does not pass it.
#[test]
fn the_simulation_would_not_pass() {
    assert!(foreign(&tree("zeroloss-sim", &[])).contains(&"madsim"));
}
