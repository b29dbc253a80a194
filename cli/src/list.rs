//! `zeroloss list` and `zeroloss show`: what there is, and what a seed would do. Nothing runs here.

use crate::{
    args::{self, Format, What},
    say::{self, Failure},
    select::{self, Job},
};
use checkers::{court::Model, formats};
use reports::ExitCode;
use scenarios::{FAULTS, PLANTED, Planted};
use serde_json::{Map, Value, json};

/// `zeroloss list`.
pub(crate) fn list(args: &args::List, format: Format) -> Result<ExitCode, Failure> {
    let every =
        [What::Scenarios, What::Faults, What::Checkers, What::Planted, What::Models, What::Formats];
    let asked = match &args.what {
        Some(what) => std::slice::from_ref(what),
        None => &every,
    };
    let mut document = Map::new();
    let mut pages = Vec::new();
    for what in asked {
        let items = items(*what);
        pages.push(page(heading(*what), &items));
        document.insert(heading(*what).to_owned(), Value::Array(items));
    }
    match format {
        Format::Json => say::document(&Value::Object(document))?,
        Format::Human => say::result(&pages.join("\n"))?,
    }
    Ok(ExitCode::Holds)
}

/// `zeroloss show`.
pub(crate) fn show(args: &args::Show, format: Format) -> Result<ExitCode, Failure> {
    if let Some(plant) = &args.plant {
        select::known_plant(plant)?;
    }
    let scenario = select::scenario(&args.scenario)?;
    let Job { plan, token, .. } = Job::draw(&scenario, args.seed, args.plant.as_deref())?;
    match format {
        Format::Json => say::document(&json!({ "schema": 1, "token": token, "plan": plan }))?,
        Format::Human => {
            say::result(&format!(
                "{}\n\nreplay: zeroloss replay {token}",
                plan.to_string().trim_end()
            ))?;
        }
    }
    Ok(ExitCode::Holds)
}

fn heading(what: What) -> &'static str {
    match what {
        What::Scenarios => "scenarios",
        What::Faults => "faults",
        What::Checkers => "checkers",
        What::Planted => "planted",
        What::Models => "models",
        What::Formats => "formats",
    }
}

fn items(what: What) -> Vec<Value> {
    match what {
        What::Scenarios => scenarios::catalogue()
            .iter()
            .map(|entry| {
                let scenario = entry.scenario();
                json!({
                    "name": entry.name,
                    "why": scenario.why,
                    "suites": scenario.suites,
                    "seeds": select::home_seeds(&scenario).to_string(),
                    "plants": Planted::triggered_by(entry.name)
                        .map(|planted| planted.name)
                        .collect::<Vec<_>>(),
                })
            })
            .collect(),
        What::Faults => FAULTS.iter().map(|fault| json!(fault)).collect(),
        What::Checkers => checkers::CATALOGUE
            .iter()
            .map(|law| {
                json!({
                    "name": law.name,
                    "law": law.law,
                    "source": law.source,
                    "runs": law.is_for_runs(),
                })
            })
            .collect(),
        What::Planted => PLANTED.iter().map(|planted| json!(planted)).collect(),
        What::Models => Model::ALL
            .iter()
            .map(|model| json!({ "name": model.name(), "does": model.about() }))
            .collect(),
        What::Formats => formats::Format::ALL
            .iter()
            .map(|format| json!({ "name": format.name(), "does": format.description() }))
            .collect(),
    }
}

/// Names in a column, what they are beside them.
fn page(heading: &str, items: &[Value]) -> String {
    let text = |item: &Value, keys: &[&str]| -> String {
        let found = keys.iter().find_map(|key| item.get(*key)?.as_str());
        found.unwrap_or_default().to_owned()
    };
    let name = |item: &Value| text(item, &["name", "kind"]);
    let width = items.iter().map(|item| name(item).len()).max().unwrap_or_default();
    let mut page = format!("{heading}\n");
    for item in items {
        let about = text(item, &["why", "does", "law", "source"]);
        page.push_str(&format!("  {:width$}  {about}\n", name(item)));
        if item.get("runs") == Some(&Value::Bool(false)) {
            let whose = "for histories from elsewhere: `zeroloss check`";
            page.push_str(&format!("  {:width$}  {whose}\n", ""));
        }
        for (key, word) in [("suites", "suites"), ("scenario", "scenario"), ("checkers", "seen by")]
        {
            let words = match item.get(key) {
                Some(Value::String(one)) => one.clone(),
                Some(Value::Array(many)) => {
                    many.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
                }
                Some(_) | None => String::new(),
            };
            if !words.is_empty() {
                page.push_str(&format!("  {:width$}  {word}: {words}\n", ""));
            }
        }
    }
    page
}
