//! The table of laws and kinds, as `docs/MUTANTS.md` shows it.

use crate::{ASLEEP, Seen, kinds};
use std::{collections::BTreeMap, fmt::Write, fs, path::PathBuf};

const HEAD: &str = "\
# Stream mutants: which law sees what

Every run of the default suite (seed 1) is taken as its judges were told it, changed in one thing, and
judged again. **Must** names the laws that turn in every run in which they had something to judge and
the stream something to change; *also* those that turned in some run. A law that nothing turns is
asleep. This file is written by

```sh
UPDATE_MUTANTS=1 cargo test --release -p zeroloss-sim --test mutants
```

and the same command without the variable, which CI runs, fails where it is stale. With
`ZEROLOSS_SEEDS=3` every run of the suite is taken.
";

fn words(laws: impl Iterator<Item = String>) -> String {
    let words: Vec<String> = laws.map(|law| format!("`{law}`")).collect();
    if words.is_empty() { "-".to_owned() } else { words.join(", ") }
}

fn table(seen: &BTreeMap<&'static str, Seen>) -> String {
    let mut out = HEAD.to_owned();
    out.push_str("\n| kind | what is changed | must | also |\n|---|---|---|---|\n");
    for kind in kinds() {
        let must = words(kind.laws.iter().map(|law| (*law).to_owned()));
        let turned = seen.get(kind.name).map(|seen| &seen.turned);
        let also = turned.into_iter().flat_map(BTreeMap::keys);
        let also = words(also.filter(|law| !kind.laws.contains(&law.as_str())).cloned());
        let _ = writeln!(out, "| `{}` | {} | {must} | {also} |", kind.name, kind.what);
    }
    out.push_str("\n| law | kinds that must turn it |\n|---|---|\n");
    let laws =
        scenarios::CHECKERS.into_iter().chain([scenarios::BLAST_RADIUS, scenarios::PORCUPINE]);
    for law in laws {
        let own = kinds().filter(|kind| kind.laws.contains(&law));
        let own = words(own.map(|kind| kind.name.to_owned()));
        let why = ASLEEP.iter().find(|(asleep, _)| *asleep == law);
        let own = why.map_or(own, |(_, why)| format!("asleep: {why}"));
        let _ = writeln!(out, "| `{law}` | {own} |");
    }
    out
}

/// Compares with the table that is kept, or keeps it.
pub(crate) fn compare(seen: &BTreeMap<&'static str, Seen>) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/MUTANTS.md");
    let told = table(seen);
    if std::env::var_os("UPDATE_MUTANTS").is_some() {
        fs::write(&path, &told).expect("docs can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == told, "docs/MUTANTS.md is stale: it says how to write it anew\n{told}");
}
