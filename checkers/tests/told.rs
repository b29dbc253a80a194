//! A judge is told of the facts that it asks for, and of no others. What it asks for and does not look
//! at, or looks at and did not ask for, is seen in its source.

use checkers::{CATALOGUE, FactKind};
use std::{collections::BTreeSet, fs, path::Path};

/// What a law's own source says in its code, tests apart: its file, and those in its folder.
fn code(law: &str) -> String {
    let laws = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/laws");
    let inside = fs::read_dir(laws.join(law)).into_iter().flatten();
    let inside = inside.map(|entry| entry.expect("a folder can be read").path());
    let files = inside
        .filter(|path| !path.ends_with("tests.rs"))
        .chain([laws.join(law).with_extension("rs")]);
    // Laws of one shape share a file, and none of these looks at facts.
    let texts = files.map(|path| fs::read_to_string(path).unwrap_or_default());
    let codes = texts.map(|text| text.split("#[cfg(test)]").next().unwrap_or_default().to_owned());
    codes.collect()
}

/// The kinds of facts that a law names, in the order of [`FactKind::ALL`].
fn named(law: &str) -> Vec<FactKind> {
    let code = code(law);
    let lines = code.lines().filter(|line| !line.trim_start().starts_with("//"));
    let words: BTreeSet<&str> =
        lines.flat_map(|line| line.split(|it: char| !it.is_alphanumeric() && it != ':')).collect();
    let is_named = |kind: &&FactKind| words.contains(format!("Fact::{kind:?}").as_str());
    FactKind::ALL.iter().filter(is_named).copied().collect()
}

#[test]
fn each_judge_asks_for_the_facts_that_it_looks_at_and_for_no_others() {
    let mut watching = 0;
    for law in CATALOGUE {
        let asked = law.judge().facts().to_vec();
        let mut named = named(law.name);
        if law.name == "trace_completeness" {
            // That anyone watches at all is told by the first fact of a run, whatever it says.
            named.push(FactKind::Due);
        }
        assert_eq!(asked, named, "{}: what it asks for is not what it names", law.name);
        watching += usize::from(!asked.is_empty());
    }
    assert!(watching > 10, "only {watching} laws look at facts");
}

#[test]
fn every_kind_of_fact_has_its_own_number() {
    for (number, kind) in FactKind::ALL.iter().enumerate() {
        assert_eq!(*kind as usize, number);
    }
}
