//! `docs/SCENARIO.md`: every key that a scenario may have, told from the types that read it. Words
//! come from the types' own documentation, defaults from the defaults themselves.
//! `UPDATE_GOLDEN=1` writes it anew.

use scenarios::{FAULTS, Occasion};
use std::{collections::BTreeMap, fmt::Write, fs, path::Path};

/// A field as it stands in the source.
struct Field {
    key: String,
    kind: String,
    about: String,
}

/// Structs of a source file: name to what is said of it and its fields.
fn types(source: &str) -> BTreeMap<String, (String, Vec<Field>)> {
    let mut found: BTreeMap<String, (String, Vec<Field>)> = BTreeMap::new();
    let (mut about, mut rename, mut inside, mut is_skipped) =
        (String::new(), None, None::<String>, false);
    for line in source.lines().map(str::trim) {
        if let Some(text) = line.strip_prefix("/// ") {
            about.push_str(if about.is_empty() { "" } else { " " });
            about.push_str(text);
        } else if let Some(name) =
            line.strip_prefix("pub struct ").and_then(|l| l.strip_suffix(" {"))
        {
            found.insert(name.to_owned(), (std::mem::take(&mut about), Vec::new()));
            inside = Some(name.to_owned());
        } else if let Some(name) =
            line.strip_prefix("pub struct ").and_then(|l| l.strip_suffix(" {}"))
        {
            found.insert(name.to_owned(), (std::mem::take(&mut about), Vec::new()));
        } else if line.starts_with("#[serde(") {
            is_skipped |= line.contains("skip)");
            rename = line
                .split("rename = \"")
                .nth(1)
                .and_then(|r| r.split('"').next())
                .map(str::to_owned)
                .or(rename);
        } else if let Some((name, kind)) = field(line) {
            if let Some(fields) = inside.as_ref().and_then(|name| found.get_mut(name)) {
                let key = rename.take().unwrap_or_else(|| name.to_owned());
                if !std::mem::take(&mut is_skipped) {
                    fields.1.push(Field {
                        key,
                        kind: kind.to_owned(),
                        about: std::mem::take(&mut about),
                    });
                }
            }
            about.clear();
        } else if line == "}" || line == "}," {
            inside = None;
            about.clear();
        } else if !line.starts_with("#[") {
            about.clear();
        }
    }
    found
}

/// Name and type of a field of a struct.
fn field(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_prefix("pub ").unwrap_or(line).strip_suffix(',')?;
    let (name, kind) = line.split_once(": ")?;
    name.chars().all(|c| c.is_ascii_lowercase() || c == '_').then_some((name, kind))
}

/// What a type takes, for people.
fn takes(kind: &str) -> String {
    let (bare, is_optional) = match kind.strip_prefix("Option<") {
        Some(inner) => (inner.strip_suffix('>').unwrap_or(inner), true),
        None => (kind, false),
    };
    let told = match bare {
        "Range<Millis>" => "a duration, or two: `\"300ms\"`, `[\"2s\", \"10s\"]`",
        "Range<Micros>" => "a duration, or two: `\"500us\"`, `[\"1ms\", \"5ms\"]`",
        "Range<Rate>" => "a rate, or two: `\"100/s\"`, `[\"1/min\", \"6/min\"]`",
        "Range<Ppm>" => "a share, or two: `\"1%\"`, parts per million `[0, 500]`",
        "Range<Shift>" => "a duration with its sign, or two: `\"-200ms\"`",
        "Range<Drift>" => "a drift, or two: `\"-2%\"`, parts per million",
        "Range<Size>" => "a size, or two: `\"64KiB\"`, `[\"4KiB\", \"16MiB\"]`",
        "Range<Count>" => "a whole number, or two: `3`, `[1, 4]`",
        "Vec<Vec<Range<Micros>>>" => "a matrix of durations",
        "OneOf" => "a text, or a list of which a seed draws one",
        "Vec<Occasion>" => "an occasion, or a list of which a seed draws one: `\"elected\"`",
        "Who" => {
            "who: `\"n1\"`, `\"any leader\"`, `\"follower 0 of p1\"`, `\"region us-east\"`, `\"all\"`, `\"there\"`"
        }
        "Vec<Who>" => "a list of who",
        "String" => "a text",
        "Vec<String>" => "a list of texts",
        "bool" => "`true` or `false`",
        "u32" | "u64" => "a whole number",
        "Expected" => "`\"holds\"` or `\"violated\"`",
        "Acks" => "weights: `{ none = 1, leader = 1, quorum = 3, region_quorum = 1 }`",
        "Reads" => "weights: `{ eventual = 1, linearizable = 1 }`",
        other => return format!("`{other}`"),
    };
    if is_optional { format!("{told}; may be left out") } else { told.to_owned() }
}

fn document() -> String {
    let mut scenario = types(include_str!("../src/scenario.rs"));
    scenario.extend(types(include_str!("../src/cluster.rs")));
    let written = types(include_str!("../src/written.rs"));
    let sound = "why = \"x\"\nphases.trouble = \"20s\"\n";
    let defaults = toml::Table::try_from(scenarios::parse("x", "x", sound).expect("it is sound"))
        .expect("a scenario is TOML");
    let mut out = String::from(
        "# Every key of a scenario\n\n\
         Written by `UPDATE_GOLDEN=1 cargo test -p zeroloss-scenarios`; a test fails when it is stale.\n\n\
         A scenario is a TOML file; `why` comes first, and every key but `why` and `phases.trouble` has a\n\
         default. Where two values are taken, a seed draws between them, both included; a table may stand in\n\
         their place, `{ from = \"1%\", to = \"20%\", scale = \"log\", off = \"50%\" }`: over orders of magnitude,\n\
         and 0 in so many of the seeds. An unknown key is\n\
         refused with its line and the nearest name.\n",
    );
    let top = &scenario["Scenario"].1;
    let is_table =
        |field: &Field| scenario.contains_key(&field.kind) && !field.kind.contains("Expected");
    section(
        &mut out,
        "At the top",
        "",
        top.iter().filter(|f| !is_table(f) && f.key != "fault" && f.key != "menu"),
        None,
    );
    for table in top.iter().filter(|field| is_table(field)) {
        let (about, fields) = &scenario[&table.kind];
        let defaults = defaults.get(&table.key).and_then(toml::Value::as_table);
        section(&mut out, &format!("`[{}]`", table.key), about, fields.iter(), defaults);
    }
    let (about, fields) = &written["Scripted"];
    section(&mut out, "`[[fault]]`", about, fields.iter(), None);
    let (about, fields) = &written["Menu"];
    section(&mut out, "`[menu]`", about, fields.iter(), None);
    let (about, fields) = &written["Dish"];
    section(&mut out, "`menu.faults`, each", about, fields.iter(), None);
    out.push_str("\n## Occasions\n\nWhat `when` may name. Where it happens to a node, `\"there\"` means that node.\n\n");
    let named: Vec<String> = Occasion::ALL.map(|what| format!("`{what}`")).to_vec();
    writeln!(out, "{}", named.join(", ")).expect("writing to a string does not fail");
    out.push_str("\n## What a fault does\n\nThe key under `do`, with its own keys.\n");
    let faults = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/faults");
    for fault in FAULTS {
        let path = faults.join(format!("{}.rs", fault.kind));
        let source = fs::read_to_string(path).expect("every fault has its file");
        let (about, fields) = &types(&source)["Written"];
        section(&mut out, &format!("`do.{}`", fault.kind), about, fields.iter(), None);
    }
    out
}

fn section<'a>(
    out: &mut String,
    heading: &str,
    about: &str,
    fields: impl Iterator<Item = &'a Field>,
    defaults: Option<&toml::Table>,
) {
    let level = if heading.starts_with("`do.") { "###" } else { "##" };
    write!(out, "\n{level} {heading}\n").expect("writing to a string does not fail");
    if !about.is_empty() {
        write!(out, "\n{about}\n").expect("writing to a string does not fail");
    }
    let mut is_first = true;
    for field in fields {
        if is_first {
            out.push_str("\n| key | takes | what it is | default |\n|---|---|---|---|\n");
            is_first = false;
        }
        let default = defaults.and_then(|table| table.get(&field.key));
        let default =
            default.map_or(String::new(), |value| format!("`{value}`").replace('\n', " "));
        writeln!(
            out,
            "| `{}` | {} | {} | {} |",
            field.key,
            takes(&field.kind).replace('|', "\\|"),
            field.about.replace('|', "\\|"),
            default.replace('|', "\\|")
        )
        .expect("writing to a string does not fail");
    }
}

#[test]
fn the_reference_of_keys_is_the_types() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/SCENARIO.md");
    let told = document();
    for key in ["`trouble`", "`blast_radius`", "`do.one_way`", "`write_quorum`", "`every`"] {
        assert!(told.contains(key), "{key}");
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &told).expect("documents can be written");
    }
    let kept = fs::read_to_string(&path).expect("write it with UPDATE_GOLDEN=1");
    assert!(
        kept == told,
        "docs/SCENARIO.md is stale: UPDATE_GOLDEN=1 cargo test -p zeroloss-scenarios"
    );
}
