//! Several registers that are one object, as in Knossos: transactions of `read` and `write`.

use super::{Dialect, Objects, initial_words, nil_words};
use crate::{
    court::{Nil, Terms, names::Names, workload::Workload},
    formats::value::Value,
    linearizability::{
        Answer, Operation, engine, models,
        objects::{Access, MultiRegister},
        sources,
    },
};

/// Transactions over registers that are one object.
pub(in crate::court) fn multi_registers(terms: &Terms<'_>) -> Box<dyn Workload> {
    Box::new(Objects::of(MultiRegisters { nil: terms.nil() }))
}

/// Transactions of `read` and `write` over registers that are one object.
struct MultiRegisters {
    nil: Nil,
}

impl MultiRegisters {
    fn accesses(
        &self,
        value: Value<'_>,
        is_answer: bool,
        names: &mut Names,
    ) -> Result<MultiRegister, String> {
        let mut accesses = Vec::new();
        for step in value.items() {
            let (key, value) = (names.number(step.item(1)), step.item(2));
            match step.item(0).as_str() {
                Some("read" | "r") if is_answer && value.is_nil() && self.nil == Nil::Unknown => {}
                Some("read" | "r") => {
                    let value = (is_answer && !value.is_nil()).then(|| names.number(value));
                    accesses.push(Access::Read { key, value });
                }
                Some("write" | "w") if !value.is_nil() => {
                    accesses.push(Access::Write { key, value: names.number(value) });
                }
                _ => {
                    return Err(format!(
                        "expected `[:read key value]` or `[:write key value]`, found `{step}`"
                    ));
                }
            }
        }
        if !value.is_seq() {
            return Err(format!("expected steps such as `[[:read :x nil]]`, found `{value}`"));
        }
        Ok(accesses)
    }
}

impl Dialect for MultiRegisters {
    type Deed = MultiRegister;

    fn judge_name(&self) -> &'static str {
        "linearizable_multi_register"
    }

    fn ask(&self, _f: &str, value: Value<'_>, names: &mut Names) -> Result<MultiRegister, String> {
        self.accesses(value, false, names)
    }

    fn answer(
        &self,
        deed: &mut MultiRegister,
        value: Value<'_>,
        names: &mut Names,
    ) -> Result<bool, String> {
        *deed = self.accesses(value, true, names)?;
        Ok(!deed.is_empty())
    }

    fn fail(&self, _deed: &mut MultiRegister, _reason: Value<'_>) -> bool {
        false
    }

    fn without_nil(&self, deed: &MultiRegister) -> Option<Option<MultiRegister>> {
        let says = |access: &Access| !matches!(access, Access::Read { value: None, .. });
        if deed.iter().all(says) {
            return None;
        }
        let less: MultiRegister = deed.iter().copied().filter(says).collect();
        Some((!less.is_empty()).then_some(less))
    }

    fn may_matter(&self, deed: &MultiRegister) -> bool {
        deed.iter().any(|access| matches!(access, Access::Write { .. }))
    }

    fn tell(&self, deed: &MultiRegister, names: &Names) -> (String, String) {
        let asked = deed.iter().map(|access| match access {
            Access::Read { key, .. } => format!("read {}", names.name(*key)),
            Access::Write { key, value } => {
                format!("write {} to {}", names.name(*value), names.name(*key))
            }
        });
        let found = deed.iter().filter_map(|access| match access {
            Access::Read { key, value } => {
                let value = value.map_or("nothing".to_owned(), |value| names.name(value));
                Some(format!("{value} at {}", names.name(*key)))
            }
            Access::Write { .. } => None,
        });
        let (asked, found): (Vec<String>, Vec<String>) = (asked.collect(), found.collect());
        let told = match found[..] {
            [] => "it was written".to_owned(),
            _ => format!("found {}", found.join(", ")),
        };
        (asked.join(", "), told)
    }

    fn judge(&self, operations: &[Operation<MultiRegister>], terms: &Terms<'_>) -> Answer {
        let keys =
            operations.iter().flat_map(|operation| &operation.deed).map(|access| match access {
                Access::Read { key, .. } | Access::Write { key, .. } => *key,
            });
        let value = terms.initial();
        let initial = value.into_iter().flat_map(|value| keys.clone().map(move |key| (key, value)));
        let model = models::MultiRegister::holding(initial.collect());
        sources::of_multi_register(operations, &model.initial)
            .unwrap_or_else(|| engine::check(&model, operations, terms.budget()))
    }

    fn terms(&self, terms: &Terms<'_>) -> Vec<String> {
        let mut told = vec![nil_words(self.nil)];
        told.extend(initial_words(terms));
        told
    }
}
