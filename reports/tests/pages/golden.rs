//! Pages for people, compared letter by letter. `UPDATE_GOLDEN=1` writes them anew; say why in the
//! commit.

use crate::fixtures::{green, hostile, invocation, mixed, panicked, passing, unknown, violated};
use std::{fs, path::Path};

fn compare(name: &str, told: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, told).expect("goldens can be written");
    }
    let golden =
        fs::read_to_string(&path).expect("the golden exists; write it with UPDATE_GOLDEN=1");
    assert!(golden == told, "golden/{name} differs from:\n{told}");
}

#[test]
fn the_terminal_page_of_a_mixed_invocation() {
    compare("mixed.txt", &reports::text(&mixed(), false));
}

#[test]
fn the_terminal_page_when_everything_holds() {
    compare("green.txt", &reports::text(&green(), false));
}

#[test]
fn the_terminal_page_of_nothing() {
    compare("nothing.txt", &reports::text(&invocation(Vec::new()), false));
}

#[test]
fn the_screen_of_a_violated_run() {
    compare("violated.txt", &reports::text_run(&violated(8_812), false));
}

#[test]
fn the_screen_of_a_stuck_run() {
    compare("stuck.txt", &reports::text_run(&unknown(7), false));
}

#[test]
fn the_screen_of_a_panicked_run() {
    compare("panicked.txt", &reports::text_run(&panicked(2), false));
}

#[test]
fn junit_of_a_mixed_invocation() {
    compare("mixed.xml.txt", &reports::junit(&mixed()));
}

#[test]
fn no_line_of_the_terminal_is_wider_than_a_hundred_columns() {
    let mut wide = hostile(1);
    wide.run.refused_faults.push("word ".repeat(60));
    for page in [reports::text(&mixed(), false), reports::text(&invocation(vec![wide]), false)] {
        for line in page.lines().filter(|line| !line.starts_with("replay: ")) {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
        }
    }
}

#[test]
fn colour_only_adds_colour() {
    let painted = reports::text(&mixed(), true);
    assert!(painted.contains("\u{1b}[1;31mVIOLATED\u{1b}[0m"), "{painted}");
    let mut plain = String::new();
    let mut rest = painted.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').expect("an escape ends with m").1;
    }
    plain.push_str(rest);
    assert_eq!(plain, reports::text(&mixed(), false));
}

#[test]
fn a_stranger_cannot_steer_the_terminal_nor_break_the_xml() {
    let report = invocation(vec![hostile(1), passing(2)]);
    for page in [reports::text(&report, false), reports::junit(&report)] {
        let is_bad = |c: char| (c.is_control() && c != '\n') || c == '\u{ffff}';
        assert!(!page.contains(is_bad), "{page:?}");
    }
    let xml = reports::junit(&report);
    assert!(!xml.contains("<img"), "{xml}");
    quick_junit::Report::deserialize_from_str(&xml).expect("the XML parses");
}

#[test]
fn the_risk_that_is_left_is_a_bound_for_each_scenario_and_told_only_where_nothing_failed() {
    let page = reports::text(&green(), false);
    // 20 seeds of one, 1 of the other: never 21 of both.
    assert!(
        page.contains("a further seed of smoke fails with a probability below 14.0 %"),
        "{page}"
    );
    assert!(page.contains("of datacenter_outage fails with a probability below 95.0 %"), "{page}");
    let five = reports::text(&invocation((1..=5).map(passing).collect()), false);
    assert!(five.contains("below 45.1 % (5"), "{five}");
    let mixed = reports::text(&mixed(), false);
    assert!(!mixed.contains("seed of leader_crash"), "{mixed}");
    let chosen = passing(1).with_plan_path(Some("my/plan.json".to_owned()));
    let page = reports::text(&invocation(vec![chosen]), false);
    assert!(!page.contains("95 %"), "a plan that somebody chose is no random seed: {page}");
}

#[test]
fn a_checker_that_never_saw_a_case_is_named() {
    let page = reports::text(&invocation(vec![unknown(7)]), false);
    let line = page.lines().rfind(|line| line.starts_with("  convergence")).expect("it is listed");
    assert!(line.contains("NEVER COVERED"), "{line}");
}
