//! Registers, with or without compare-and-set: `read`, `write`, `cas`.

use super::{Dialect, Objects, initial_words, nil_words, unknown};
use crate::{
    court::{FailedCas, Nil, Terms, docket::Workload, names::Names},
    formats::{Format, value::Value},
    linearizability::{Answer, Operation, engine, models, objects::Register, register, sources},
};

/// `read`, `write` and, in a register that has it, `cas`.
pub(in crate::court) fn registers(
    has_cas: bool,
    format: Format,
    terms: &Terms,
) -> Box<dyn Workload> {
    let observes = match terms.failed_cas {
        Some(choice) => choice,
        // Porcupine takes a failed compare-and-set of these logs for a look at the register.
        None if format == Format::Console => FailedCas::Observed,
        None => FailedCas::Ignored,
    };
    Box::new(Objects::of(Registers { has_cas, observes, nil: terms.nil }))
}

/// `read`, `write` and `cas`.
struct Registers {
    has_cas: bool,
    observes: FailedCas,
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

    fn fail(&self, deed: &mut Register) -> bool {
        match deed {
            Register::Cas { succeeded, .. } => {
                *succeeded = Some(false);
                self.observes == FailedCas::Observed
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

    fn judge(&self, operations: &[Operation<Register>], terms: &Terms) -> Answer {
        let Ok(initial) = terms.known_initial() else {
            return Answer::Exhausted("what the register held at first is not known".to_owned());
        };
        match register::check(operations, initial) {
            Answer::Exhausted(_) => {
                sources::of_register(operations, initial).unwrap_or_else(|| {
                    engine::check(&models::Register::holding(initial), operations, terms.budget)
                })
            }
            answer => answer,
        }
    }

    fn terms(&self, terms: &Terms) -> Vec<String> {
        let mut told = vec![nil_words(self.nil)];
        if self.has_cas {
            told.push(match self.observes {
                FailedCas::Observed => {
                    "a failed cas found another value (--failed-cas observed)".to_owned()
                }
                FailedCas::Ignored => "a failed cas says nothing (--failed-cas ignored)".to_owned(),
            });
        }
        told.extend(initial_words(terms));
        told
    }
}
