//! `docs/LAWS.md`, told from the catalogue itself: `UPDATE_GOLDEN=1` writes it anew.

use reports::{RULES, cited, levels};
use std::{fmt::Write, fs, path::Path};

fn document() -> String {
    let mut out = String::from(
        "# Laws, rules and promises\n\n\
         Written by `UPDATE_GOLDEN=1 cargo test -p zeroloss-reports`; a test fails when it is stale.\n\n\
         A *law* is what a checker judges, by the name that JSON, JUnit, plants and pages use. A *rule*\n\
         is what the system keeps so that laws hold; code and evidence cite it by its number. A *promise*\n\
         is what a level tells a client.\n\n## Laws\n",
    );
    let mut add = |text: std::fmt::Arguments<'_>| {
        out.write_fmt(text).expect("writing to a string does not fail");
    };
    for (heading, is_for_runs) in [
        ("judged in every simulated run, or where a scenario asks", true),
        ("judged by `zeroloss check` only", false),
    ] {
        add(format_args!("\n### Laws {heading}\n"));
        for law in checkers::CATALOGUE.iter().filter(|law| law.is_for_runs() == is_for_runs) {
            let rules: Vec<String> = cited(law.source)
                .iter()
                .map(|rule| format!("[{}](#{})", rule.name, rule.name.to_lowercase()))
                .collect();
            let rules = if rules.is_empty() {
                String::new()
            } else {
                format!(" Rules: {}.", rules.join(", "))
            };
            add(format_args!(
                "\n<a id=\"{0}\"></a>\n**{0}**: {1}. *{2}*.{rules}\n",
                law.name, law.law, law.source
            ));
        }
    }
    add(format_args!("\n## Rules\n"));
    for rule in RULES {
        add(format_args!(
            "\n<a id=\"{}\"></a>\n**{}** {}\n",
            rule.name.to_lowercase(),
            rule.name,
            rule.asks
        ));
    }
    add(format_args!(
        "\n## Promises\n\n| level | answered | promises | may lose, or miss |\n|---|---|---|---|\n"
    ));
    for level in levels::ACKS.iter().chain(&levels::READS) {
        add(format_args!(
            "| `{}` | {} | {} | {} |\n",
            level.name, level.answered, level.promises, level.may_lose
        ));
    }
    out
}

#[test]
fn the_list_of_laws_is_the_catalogue() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/LAWS.md");
    let told = document();
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &told).expect("documents can be written");
    }
    let kept = fs::read_to_string(&path).expect("write it with UPDATE_GOLDEN=1");
    assert!(kept == told, "docs/LAWS.md is stale: UPDATE_GOLDEN=1 cargo test -p zeroloss-reports");
}
