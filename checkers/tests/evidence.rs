//! What every judge shows of every bad history, word for word: the evidence is a product of its own,
//! read by people who were not there. The pages stand in `histories/evidence/`; a change of one is a
//! change of what people read. `UPDATE_EVIDENCE=1 cargo test -p zeroloss-checkers --test evidence`
//! writes them anew.

mod healthy;

use checkers::{
    Bench, CATALOGUE, Evidence, Verdict, checkers,
    text::{self, Text},
};
use healthy::{Healthy, Plant};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("histories").join(name)
}

fn files(kind: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder(kind)).expect("a folder of histories");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    path.file_stem().expect("a file name").to_string_lossy().into_owned()
}

fn read(path: &Path) -> Text {
    let content = fs::read_to_string(path).expect("a history file");
    text::parse(&content).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Everything that is told of a violation.
fn page(name: &str, evidence: &Evidence) -> String {
    let mut page = format!("{name}: {}\n", evidence.summary);
    let about = [
        ("node", evidence.node.map(u64::from)),
        ("partition", evidence.partition.map(u64::from)),
        ("offset", evidence.offset),
        ("message", evidence.message),
        ("violations", Some(evidence.count)),
    ];
    let about = about.iter().filter_map(|(what, number)| Some(format!("{what} {}", (*number)?)));
    page.push_str(&format!("    ({})\n", about.collect::<Vec<_>>().join(", ")));
    for line in &evidence.lines {
        page.push_str(&format!("    {:>9.3}s  {}\n", line.at_ns as f64 / 1e9, line.text));
    }
    page
}

/// What every judge of the catalogue shows of a history, and who showed something.
fn told(text: &Text, seen: &mut BTreeSet<String>) -> String {
    // The second opinion is there or not by a feature, and has no more to show than a count.
    let laws = CATALOGUE.iter().filter(|law| law.name != "porcupine");
    let names: Vec<String> = laws.map(|law| law.name.to_owned()).collect();
    let judges = checkers(&names).expect("every law has a judge");
    let mut pages = String::new();
    for judgement in Bench::new(judges).judge(&text.history) {
        if let Verdict::Violated(evidence) = &judgement.verdict {
            seen.insert(judgement.name.clone());
            let lines: Vec<u64> = evidence.lines.iter().map(|line| line.ordinal).collect();
            assert!(lines.is_sorted(), "{}: not in the order of time", judgement.name);
            assert!(lines.len() <= 12, "{}: {} lines of evidence", judgement.name, lines.len());
            pages.push_str(&page(&judgement.name, evidence));
        }
    }
    pages
}

/// Laws over what the world saw have no text histories: one thing is wrong with a healthy run.
#[test]
fn every_wrong_world_is_told_as_it_was() {
    let mut differences = Vec::new();
    for plant in Plant::ALL {
        let names = [plant.law().to_owned()];
        let mut bench = Bench::new(checkers(&names).expect("a law of this name"));
        Healthy { messages: 40, clients: 4, plant: Some(plant) }.tell(&mut bench);
        let judgement = bench.finish().remove(0);
        let Verdict::Violated(evidence) = &judgement.verdict else {
            panic!("{plant:?}: {judgement:?}");
        };
        let told = page(&judgement.name, evidence);
        compare(&format!("world_{}", plant.law()), told, &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Compares with the page that is kept, or keeps it.
fn compare(name: &str, told: String, differences: &mut Vec<String>) {
    let golden = folder("evidence").join(name).with_extension("txt");
    if std::env::var_os("UPDATE_EVIDENCE").is_some() {
        fs::write(&golden, &told).expect("the folder of evidence can be written");
    }
    if fs::read_to_string(&golden).unwrap_or_default() != told {
        differences.push(format!("{}:\n{told}", golden.display()));
    }
}

#[test]
fn every_bad_history_is_told_as_it_was() {
    let mut seen = BTreeSet::new();
    let mut differences = Vec::new();
    for path in files("bad") {
        let told = told(&read(&path), &mut seen);
        compare(&name_of(&path), told, &mut differences);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
