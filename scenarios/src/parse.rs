//! TOML to scenario. A person's mistake becomes a value that says where (file and line), what was
//! expected, and which valid name is nearest; nothing half-read comes out of here.

use crate::{names, scenario::Scenario};
use std::{fmt, ops::Range};
use toml::de::{DeTable, DeValue};

/// A scenario that cannot be read, in words that complete "could not".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The file, as named by whoever asked.
    pub file: String,
    /// The line, from 1, if the mistake has one.
    pub line: Option<usize>,
    /// What is wrong and what was expected.
    pub what: String,
    /// What else is wrong, and on which line.
    pub others: Vec<(Option<usize>, String)>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "read scenario `{}`: {}{}", self.file, Line(self.line), self.what)?;
        self.others.iter().try_for_each(|(line, what)| write!(f, "\n  {}{what}", Line(*line)))
    }
}

/// `line 5: `, or nothing.
struct Line(Option<usize>);

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, "line {line}: "))
    }
}

impl std::error::Error for Refused {}

/// Reads and checks a scenario. `file` is what errors call it, `name` what plans and tokens do.
pub fn parse(file: &str, name: &str, text: &str) -> Result<Scenario, Refused> {
    let refused = |line, what| Refused { file: file.to_owned(), line, what, others: Vec::new() };
    let of_toml = |error: toml::de::Error| {
        refused(error.span().map(|span| line_of(text, span.start)), in_words(error.message()))
    };
    let mut scenario: Scenario = toml::from_str(text).map_err(of_toml)?;
    name.clone_into(&mut scenario.name);
    let table = DeTable::parse(text).map_err(of_toml)?;
    let first = table.get_ref().iter().min_by_key(|(key, _)| key.span().start);
    if let Some((key, _)) = first.filter(|(key, _)| key.get_ref() != "why") {
        let what = "expected `why` as the first key".to_owned();
        return Err(refused(Some(line_of(text, key.span().start)), what));
    }
    scenario.check().map_err(|problems| {
        let mut told: Vec<(Option<usize>, String)> = problems
            .into_iter()
            .map(|problem| {
                let span = locate(table.get_ref(), &problem.place);
                (span.map(|span| line_of(text, span.start)), problem.what)
            })
            .collect();
        told.sort();
        let (line, what) = told.remove(0);
        Refused { others: told, ..refused(line, what) }
    })?;
    Ok(scenario)
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes()[..at.min(text.len())].iter().filter(|byte| **byte == b'\n').count()
}

/// What a key path stands at, such as `fault.2.do.crash.who`; as deep as the text goes, for what is
/// not written has no line of its own.
fn locate(table: &DeTable<'_>, place: &str) -> Option<Range<usize>> {
    let mut steps = place.split('.');
    let (key, mut value) = steps.next().and_then(|step| table.get_key_value(step))?;
    let mut span = key.span();
    for step in steps {
        #[expect(clippy::wildcard_enum_match_arm, reason = "the enum is not ours")]
        match value.get_ref() {
            DeValue::Table(inner) => {
                let Some((key, next)) = inner.get_key_value(step) else { break };
                span = key.span();
                value = next;
            }
            DeValue::Array(inner) => {
                let Some(next) = step.parse().ok().and_then(|i: usize| inner.get(i)) else { break };
                span = next.span();
                value = next;
            }
            // Scalars: nothing is inside them.
            _ => break,
        }
    }
    Some(span)
}

/// Serde's own words, in ours: the name that was wrong, and the nearest one that is right.
fn in_words(message: &str) -> String {
    let message = message.lines().collect::<Vec<_>>().join("; ");
    for (begin, what) in [("unknown field `", "key"), ("unknown variant `", "fault")] {
        let Some((name, rest)) = message.strip_prefix(begin).and_then(|rest| rest.split_once('`'))
        else {
            continue;
        };
        let known: Vec<&str> = rest.split('`').skip(1).step_by(2).collect();
        let what = match (what, known.contains(&"holds")) {
            ("fault", true) => "verdict",
            (what, _) => what,
        };
        return names::unknown(what, name, &known);
    }
    // What `toml` itself says of an enum's table: the first of the keys that are too many.
    if let Some(rest) = message.strip_prefix("unexpected keys in table: ")
        && let Some((keys, known)) = rest.split_once(", available keys: ")
    {
        let known: Vec<&str> = known.split(", ").collect();
        return names::unknown("key", keys.split(", ").next().unwrap_or(keys), &known);
    }
    if message.starts_with("wanted exactly 1 element") {
        return "expected exactly one fault under `do`".to_owned();
    }
    match message.strip_prefix("missing field `").and_then(|rest| rest.split_once('`')) {
        Some((name, _)) => format!("expected the key `{name}`, which is missing"),
        None => message,
    }
}
