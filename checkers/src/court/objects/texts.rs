//! Texts by key, as in Porcupine's key-value store: `get`, `put`, `append`.

use super::{Dialect, Objects, unknown};
use crate::{
    court::{Terms, names::Names, workload::Workload},
    formats::value::Value,
    linearizability::{Answer, Operation, engine, models, objects::Text},
};

/// `get`, `put` and `append`.
pub(in crate::court) fn texts() -> Box<dyn Workload> {
    Box::new(Objects::of(Texts))
}

/// `get`, `put` and `append` of texts.
struct Texts;

impl Dialect for Texts {
    type Deed = Text;

    fn judge_name(&self) -> &'static str {
        "linearizable_kv"
    }

    fn ask(&self, f: &str, value: Value<'_>, _names: &mut Names) -> Result<Text, String> {
        match f {
            "get" => Ok(Text::Get(String::new())),
            "put" => Ok(Text::Put(text(value)?)),
            "append" => Ok(Text::Append(text(value)?)),
            other => Err(unknown(other, "`get`, `put` or `append`")),
        }
    }

    fn answer(&self, deed: &mut Text, value: Value<'_>, _: &mut Names) -> Result<bool, String> {
        if let Text::Get(found) = deed {
            *found = if value.is_nil() { String::new() } else { text(value)? };
        }
        Ok(true)
    }

    fn fail(&self, _deed: &mut Text, _reason: Value<'_>) -> bool {
        false
    }

    fn may_matter(&self, deed: &Text) -> bool {
        !matches!(deed, Text::Get(_))
    }

    fn tell(&self, deed: &Text, _names: &Names) -> (String, String) {
        match deed {
            Text::Get(found) => ("get".to_owned(), format!("found {found:?}")),
            Text::Put(text) => (format!("put {text:?}"), "it was put".to_owned()),
            Text::Append(text) => (format!("append {text:?}"), "it was appended".to_owned()),
        }
    }

    fn judge(&self, operations: &[Operation<Text>], terms: &Terms<'_>) -> Answer {
        engine::check(&models::Text::default(), operations, terms.budget())
    }

    fn terms(&self, _terms: &Terms<'_>) -> Vec<String> {
        Vec::new()
    }
}

fn text(value: Value<'_>) -> Result<String, String> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("expected a text, found `{value}`")),
    }
}
