//! Registers, with or without compare-and-set: `read`, `write`, `cas`.

use super::{Dialect, Objects, initial_words, nil_words, unknown};
use crate::{
    court::{FailedCas, Nil, Terms, names::Names, workload::Workload},
    formats::value::Value,
    linearizability::{Answer, Operation, engine, models, objects::Register, register, sources},
};

/// `read`, `write` and, in a register that has it, `cas`.
pub(in crate::court) fn registers(has_cas: bool, terms: &Terms<'_>) -> Box<dyn Workload> {
    let failed = if has_cas { terms.failed_cas() } else { None };
    Box::new(Objects::of(Registers { has_cas, failed, nil: terms.nil() }))
}

/// `read`, `write` and `cas`.
struct Registers {
    has_cas: bool,
    failed: Option<FailedCas>,
    nil: Nil,
}

impl Dialect for Registers {
    type Deed = Register;

    fn judge_name(&self) -> &'static str {
        if self.has_cas { "linearizable_cas_register" } else { "linearizable_register" }
    }

    fn ask(&self, f: &str, value: Value<'_>, names: &mut Names) -> Result<Register, String> {
        match f {
            "read" => Ok(Register::Read(None)),
            "write" if !value.is_nil() => Ok(Register::Write(names.number(value))),
            "write" => Err("expected a value to write, found nil".to_owned()),
            "cas" if self.has_cas => {
                if value.len() != Some(2) || !value.is_seq() {
                    return Err(format!("expected a pair such as `[1 2]` to cas, found `{value}`"));
                }
                let (from, to) = (names.number(value.item(0)), names.number(value.item(1)));
                Ok(Register::Cas { from, to, succeeded: None })
            }
            other if self.has_cas => Err(unknown(other, "`read`, `write` or `cas`")),
            other => Err(unknown(other, "`read` or `write` (cas is of model `cas-register`)")),
        }
    }

    fn answer(
        &self,
        deed: &mut Register,
        value: Value<'_>,
        names: &mut Names,
    ) -> Result<bool, String> {
        match deed {
            Register::Read(found) => {
                *found = (!value.is_nil()).then(|| names.number(value));
                Ok(found.is_some() || self.nil == Nil::Absent)
            }
            Register::Write(_) => Ok(true),
            Register::Cas { succeeded, .. } => {
                *succeeded = Some(value.as_bool().unwrap_or(true));
                Ok(true)
            }
        }
    }

    fn fail(&self, deed: &mut Register, reason: Value<'_>) -> bool {
        match deed {
            Register::Cas { succeeded, .. } => {
                *succeeded = Some(false);
                // A reason that says something else takes back even what was asked to be believed.
                match self.failed {
                    Some(FailedCas::Ignored) => false,
                    Some(FailedCas::Observed) => reason.is_nil() || tells_of_another_value(reason),
                    None => tells_of_another_value(reason),
                }
            }
            Register::Read(_) | Register::Write(_) => false,
        }
    }

    fn without_nil(&self, deed: &Register) -> Option<Option<Register>> {
        (*deed == Register::Read(None)).then_some(None)
    }

    fn may_matter(&self, deed: &Register) -> bool {
        !matches!(deed, Register::Read(_))
    }

    fn tell(&self, deed: &Register, names: &Names) -> (String, String) {
        match deed {
            Register::Read(found) => {
                let found = found.map_or("nothing".to_owned(), |value| names.name(value));
                ("read".to_owned(), format!("found {found}"))
            }
            Register::Write(value) => {
                (format!("write {}", names.name(*value)), "it was written".to_owned())
            }
            Register::Cas { from, to, succeeded } => {
                let told = match succeeded {
                    Some(true) => "it was replaced",
                    Some(false) => "another value was there",
                    None => "had an answer",
                };
                (format!("replace {} by {}", names.name(*from), names.name(*to)), told.to_owned())
            }
        }
    }

    fn judge(&self, operations: &[Operation<Register>], terms: &Terms<'_>) -> Answer {
        let initial = terms.initial();
        match register::check(operations, initial) {
            Answer::Exhausted(_) => {
                sources::of_register(operations, initial).unwrap_or_else(|| {
                    engine::check(&models::Register::holding(initial), operations, terms.budget())
                })
            }
            answer @ (Answer::Linearizable(_) | Answer::Impossible(_)) => answer,
        }
    }

    fn terms(&self, terms: &Terms<'_>) -> Vec<String> {
        let mut told = vec![nil_words(self.nil)];
        if self.has_cas {
            told.push(match self.failed {
                Some(FailedCas::Observed) => {
                    "a failed cas found another value, unless its reason is another (--failed-cas \
                     observed)"
                        .to_owned()
                }
                Some(FailedCas::Ignored) => {
                    "a failed cas says nothing (--failed-cas ignored)".to_owned()
                }
                None => "a failed cas says nothing, unless its reason is that another value was \
                         there (--failed-cas)"
                    .to_owned(),
            });
        }
        told.extend(initial_words(terms));
        told
    }
}

/// Whether a compare-and-set says itself that it failed because another value was there: as a word
/// alone, or at the head of a list.
fn tells_of_another_value(reason: Value<'_>) -> bool {
    const WORDS: [&str; 8] = [
        "precondition-failed",
        "precondition_failed",
        "cas-mismatch",
        "value-mismatch",
        "compare-failed",
        "compare_failed",
        "did-not-match",
        "not-equal",
    ];
    let word = if reason.is_seq() { reason.item(0) } else { reason };
    word.as_str().is_some_and(|word| WORDS.contains(&word))
}
