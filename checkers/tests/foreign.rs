//! Histories as others write them, judged as a stranger would have them judged: the file and
//! nothing else. The verdict stands in the file's name, and what the court says of it, word for
//! word, in `histories/foreign/rulings/`. `UPDATE_EVIDENCE=1 cargo test -p zeroloss-checkers --test
//! foreign` writes them anew.

use checkers::{
    Verdict,
    court::{Model, Request, Ruling, hear},
    formats::Format,
};
use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("histories/foreign")
}

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("a folder of histories");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a file name").to_string_lossy().into_owned()
}

/// Everything that is said of a history.
fn page(ruling: &Ruling) -> String {
    let mut page = format!("{} of {}: {}\n", ruling.format, ruling.model, ruling.verdict().word());
    let extent = &ruling.extent;
    let _ = writeln!(
        page,
        "{} lines, {} operations ({} ok, {} failed, {} unknown) by {} processes on {} objects, {} \
         by bystanders, {} skipped",
        extent.lines,
        extent.operations,
        extent.ok,
        extent.failed,
        extent.unknown,
        extent.processes,
        extent.objects,
        extent.bystanders,
        extent.skipped,
    );
    for term in &ruling.terms {
        let _ = writeln!(page, "by {term}");
    }
    for judgement in &ruling.judgements {
        let name = &judgement.name;
        let _ = match &judgement.verdict {
            Verdict::Holds(coverage) => writeln!(page, "{name} holds ({coverage})"),
            Verdict::Unknown(why) => writeln!(page, "{name} unknown: {why}"),
            Verdict::Violated(evidence) => {
                let lines = evidence.lines.iter().map(|line| format!("    {}\n", line.text));
                let lines: String = lines.collect();
                writeln!(page, "{name} violated: {}\n{}", evidence.summary, lines.trim_end())
            }
        };
        for permitted in &judgement.permitted {
            let _ = writeln!(page, "    permitted: {permitted}");
        }
    }
    page
}

#[test]
fn every_history_is_recognised_and_judged_as_its_name_says() {
    let mut differences = Vec::new();
    let (mut formats, mut models) = (BTreeSet::new(), BTreeSet::new());
    for path in files() {
        let content = fs::read(&path).expect("a history file");
        let name = name_of(&path);
        let ruling = hear(&mut content.as_slice(), &Request::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let verdict = ruling.verdict();
        let told = name.split('.').nth(1).expect("a verdict in the file's name");
        assert_eq!(verdict.word(), told, "{name}: {}", page(&ruling));
        formats.insert(ruling.format.clone());
        models.insert(ruling.model.clone());
        let golden = folder().join("rulings").join(&name).with_extension("ruling.txt");
        if std::env::var_os("UPDATE_EVIDENCE").is_some() {
            fs::create_dir_all(folder().join("rulings")).expect("a folder for rulings");
            fs::write(&golden, page(&ruling)).expect("the folder of rulings can be written");
        }
        if fs::read_to_string(&golden).unwrap_or_default() != page(&ruling) {
            differences.push(format!("{}:\n{}", golden.display(), page(&ruling)));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // `set` is told by name only: any history of it is also one of `set-full`.
    let known: BTreeSet<String> = Model::ALL.iter().map(|model| model.name().to_owned()).collect();
    let missing: Vec<&String> = known.difference(&models).collect();
    assert_eq!(missing, ["set"], "models without a history");
    let known: BTreeSet<String> =
        Format::ALL.iter().map(|format| format.name().to_owned()).collect();
    let missing: Vec<&String> = known.difference(&formats).collect();
    assert!(missing.is_empty(), "formats without a history: {missing:?}");
}

/// Whatever is cut off a file's end, it is an error or a shorter history, never a panic; and what
/// was cut between two lines is never told to be broken.
#[test]
fn a_file_that_ends_early_is_an_error_or_a_shorter_history() {
    for path in files() {
        let content = fs::read(&path).expect("a history file");
        for end in 0..content.len() {
            let _ = hear(&mut &content[..end], &Request::default());
        }
    }
}
