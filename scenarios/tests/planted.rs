//! Planted bugs: every row of the table is whole, has its scenario and its judges, and stands in the
//! docs as it is.

use scenarios::{CHECKERS, PLANTED, Planted, draw, find};
use std::collections::BTreeSet;

#[test]
fn every_planted_bug_has_its_directed_scenario_and_known_judges() {
    for planted in PLANTED {
        let scenario = find(planted.scenario).expect("in the catalogue").scenario();
        assert!(Planted::triggered_by(&scenario.name).any(|own| own == planted));
        assert!(planted.checkers.iter().all(|name| CHECKERS.contains(name)), "{planted:?}");
        let plan = draw(&scenario, 1);
        let with = plan.clone().with_plant(planted.name);
        assert_eq!(with.check(), Ok(()));
        assert_ne!(with.hash(), plan.hash(), "a planted bug must show in the hash");
    }
}

#[test]
fn no_two_bugs_share_a_name_or_a_rule() {
    let names: BTreeSet<&str> = PLANTED.iter().map(|planted| planted.name).collect();
    let rules: BTreeSet<&str> = PLANTED.iter().map(|planted| planted.rule).collect();
    assert_eq!((names.len(), rules.len()), (PLANTED.len(), PLANTED.len()));
}

#[test]
fn the_page_about_planted_bugs_has_every_row_of_the_table() {
    let page = include_str!("../../docs/PLANTED.md");
    // Below stands what a search that knows nothing of them finds: another table.
    let (page, _) = page.split_once("## Blind").expect("a part about blind search");
    let shown: Vec<&str> = page.lines().filter(|line| line.starts_with("| `")).collect();
    let rows: Vec<String> = PLANTED.iter().map(row).collect();
    assert_eq!(
        shown,
        rows,
        "docs/PLANTED.md is stale; it must have these rows:\n{}",
        rows.join("\n")
    );
}

fn row(planted: &Planted) -> String {
    let judges: Vec<String> = planted.checkers.iter().map(|name| format!("`{name}`")).collect();
    let Planted { name, rule, scenario, source, .. } = planted;
    format!("| `{name}` | {rule} | `{scenario}` | {} | {source} |", judges.join(", "))
}
