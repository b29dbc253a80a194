//! `zeroloss list` and `zeroloss show`: what there is, and what a seed would do. Nothing runs here.

use crate::{
    args::{self, Format, What},
    job::Job,
    names,
    say::{self, Failure},
    target,
};
use checkers::{court::Model, formats};
use reports::ExitCode;
use scenarios::{BLAST_RADIUS, Expected, FAULTS, PLANTED, PORCUPINE, Plan, Planted, SUITES};
use serde_json::{Map, Value, json};
use std::path::Path;

/// `zeroloss list`.
pub(crate) fn list(args: &args::List, format: Format) -> Result<ExitCode, Failure> {
    let every = [
        What::Scenarios,
        What::Suites,
        What::Faults,
        What::Checkers,
        What::Planted,
        What::Models,
        What::Formats,
    ];
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
    let job = shown(args)?;
    let replay = reports::shell_word(job.plan_path.as_ref().unwrap_or(&job.token));
    let Job { plan, token, .. } = &job;
    match format {
        Format::Json => say::document(&json!({
            "schema": 1,
            "token": token,
            "replay": format!("zeroloss replay {replay}"),
            "plan": plan,
        }))?,
        Format::Human => {
            let plan = plan.to_string();
            say::result(&format!(
                "{}\n\n{}\nreplay: zeroloss replay {replay}",
                plan.trim_end(),
                about(&job.plan)
            ))?;
        }
    }
    Ok(ExitCode::Holds)
}

/// What the plan itself does not say: why, what must come of it, and what its times count from.
fn about(plan: &Plan) -> String {
    let mut lines = vec![
        "times are counted from the begin of trouble, here and on every page of its run; before it \
         stands\nthe boot, which lasts until the cluster is healthy"
            .to_owned(),
    ];
    if !plan.why.is_empty() {
        lines.push(format!("why:    {}", plan.why));
    }
    let expect = &plan.expect;
    let verdict = match expect.verdict {
        Expected::Holds => "holds".to_owned(),
        Expected::Violated if expect.by.is_empty() => "violated".to_owned(),
        Expected::Violated => format!("violated, seen by {}", expect.by.join(", ")),
    };
    let acks = match expect.acks.as_slice() {
        [] => String::new(),
        levels => format!("; calls acknowledged at {}", levels.join(", ")),
    };
    lines.push(format!("expect: {verdict}{acks}"));
    lines.join("\n")
}

/// The plan that is meant: drawn from a scenario, or named as `replay` takes it.
fn shown(args: &args::Show) -> Result<Job, Failure> {
    let what = args.what.trim();
    let is_scenario =
        !what.contains(':') && (what.ends_with(".toml") || scenarios::find(what).is_ok());
    let is_target = what == "-" || what.starts_with("z1:") || Path::new(what).exists();
    if !is_target || is_scenario {
        if let Some(plant) = &args.plant {
            names::known_plant(plant)?;
        }
        let scenario = names::scenario(what)?;
        return Job::draw(&scenario, args.seed.unwrap_or(1), args.plant.as_deref());
    }
    if args.seed.is_some() || args.plant.is_some() {
        return Err(Failure::usage(format!(
            "could not show `{what}` with --seed or --plant: its plan has both already"
        )));
    }
    Ok(target::find(what, Path::new("zeroloss-results"))?.job)
}

fn heading(what: What) -> &'static str {
    match what {
        What::Scenarios => "scenarios",
        What::Faults => "faults",
        What::Checkers => "checkers",
        What::Suites => "suites",
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
                    "seeds": names::home_seeds(&scenario).to_string(),
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
                    "opt_in": opt_in(law.name),
                })
            })
            .collect(),
        What::Suites => SUITES
            .iter()
            .map(|suite| {
                json!({
                    "name": suite.name,
                    "why": suite.why,
                    "seeds": suite.seeds.to_string(),
                    "scenarios": scenarios::suite(suite.name),
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

/// The key that a scenario sets to have this law judged, if it is not judged by default.
fn opt_in(law: &str) -> Option<&'static str> {
    match law {
        BLAST_RADIUS => Some("expect.blast_radius = true"),
        PORCUPINE => Some("expect.porcupine = true"),
        _ => None,
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
        for (key, word) in [
            ("opt_in", "only where a scenario says"),
            ("suites", "suites"),
            ("seeds", "seeds"),
            ("scenarios", "scenarios"),
            ("scenario", "scenario"),
            ("checkers", "seen by"),
        ] {
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
