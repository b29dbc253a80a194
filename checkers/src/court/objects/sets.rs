//! A set whose operations have an order: `add`, `remove`, `contains`, `read`.

use super::{Dialect, Objects, unknown};
use crate::{
    court::{Terms, names::Names, workload::Workload},
    formats::value::Value,
    linearizability::{Answer, Operation, engine, models, objects::Set, set, sources},
};

/// A set whose operations have an order.
pub(in crate::court) fn sets() -> Box<dyn Workload> {
    Box::new(Objects::of(Sets))
}

/// `add`, `remove`, `contains` and `read` of one set.
struct Sets;

impl Dialect for Sets {
    type Deed = Set;

    fn judge_name(&self) -> &'static str {
        "linearizable_set"
    }

    fn ask(&self, f: &str, value: Value<'_>, names: &mut Names) -> Result<Set, String> {
        match f {
            "add" | "insert" => Ok(Set::Add(names.number(value))),
            "remove" => Ok(Set::Remove { element: names.number(value), found: None }),
            // Which of the two it was stands in the answer, or in fastlin's name of it.
            "contains" | "contains_true" => Ok(Set::Contains(names.number(value), true)),
            "contains_false" => Ok(Set::Contains(names.number(value), false)),
            "read" => Ok(Set::Read(Vec::new())),
            other => Err(unknown(other, "`add`, `remove`, `contains` or `read`")),
        }
    }

    fn answer(&self, deed: &mut Set, value: Value<'_>, names: &mut Names) -> Result<bool, String> {
        match deed {
            Set::Add(_) => {}
            Set::Remove { found, .. } => *found = value.as_bool(),
            Set::Contains(element, found) => match value.as_bool() {
                Some(is_there) => *found = is_there,
                None if names.number(value) == *element => {}
                None => return Err(format!("expected true or false, found `{value}`")),
            },
            Set::Read(elements) => {
                if !value.is_seq() {
                    return Err(format!("expected elements such as `#{{1 2}}`, found `{value}`"));
                }
                elements.extend(value.items().map(|element| names.number(element)));
            }
        }
        Ok(true)
    }

    fn fail(&self, _deed: &mut Set, _reason: Value<'_>) -> bool {
        false
    }

    fn may_matter(&self, deed: &Set) -> bool {
        match deed {
            Set::Add(_) | Set::Remove { .. } => true,
            Set::Contains(..) | Set::Read(_) => false,
        }
    }

    fn tell(&self, deed: &Set, names: &Names) -> (String, String) {
        match deed {
            Set::Add(element) => {
                (format!("add {}", names.name(*element)), "it was added".to_owned())
            }
            Set::Remove { element, found } => {
                let told = match found {
                    Some(true) | None => "it was removed",
                    Some(false) => "it was not there",
                };
                (format!("remove {}", names.name(*element)), told.to_owned())
            }
            Set::Contains(element, found) => {
                let told = if *found { "it is there" } else { "it is not there" };
                (format!("look for {}", names.name(*element)), told.to_owned())
            }
            Set::Read(elements) => {
                let elements: Vec<String> = elements.iter().map(|it| names.name(*it)).collect();
                ("read".to_owned(), format!("found {}", elements.join(", ")))
            }
        }
    }

    fn judge(&self, operations: &[Operation<Set>], terms: &Terms<'_>) -> Answer {
        match set::check(operations) {
            Answer::Exhausted(_) => {
                let search = || engine::check(&models::Set::default(), operations, terms.budget());
                sources::of_set(operations).unwrap_or_else(search)
            }
            answer @ (Answer::Linearizable(_) | Answer::Impossible(_)) => answer,
        }
    }

    fn terms(&self, _terms: &Terms<'_>) -> Vec<String> {
        Vec::new()
    }
}
