//! The words of linearizable objects, as Jepsen, Porcupine and fastlin write them.

use super::{Dialect, Objects};
use crate::{
    court::{FailedCas, Nil, Terms, docket::Workload, model::Model, names::Names},
    formats::{Format, value::Value},
    linearizability::{
        Answer, Operation, engine, models,
        objects::{Access, MultiRegister, Mutex, Queue, Register, Set, Taken, Text},
        queue, register, set,
    },
};

pub(super) fn workload(model: Model, format: Format, terms: &Terms) -> Box<dyn Workload> {
    let observes = match terms.failed_cas {
        Some(choice) => choice,
        // Porcupine takes a failed compare-and-set of these logs for a look at the register.
        None if format == Format::Console => FailedCas::Observed,
        None => FailedCas::Ignored,
    };
    match model {
        Model::Register => {
            Box::new(Objects::of(Registers { has_cas: false, observes, nil: terms.nil }))
        }
        Model::MultiRegister => Box::new(Objects::of(MultiRegisters { nil: terms.nil })),
        Model::Kv => Box::new(Objects::of(Texts)),
        Model::LinearizableSet => Box::new(Objects::of(Sets)),
        Model::FifoQueue => Box::new(Objects::of(Queues)),
        Model::Mutex => Box::new(Objects::of(Locks)),
        Model::CasRegister
        | Model::Set
        | Model::SetFull
        | Model::Queue
        | Model::Counter
        | Model::Bank
        | Model::LongFork
        | Model::Log
        | Model::Kafka
        | Model::ListAppend
        | Model::RwRegister
        | Model::Stream => {
            Box::new(Objects::of(Registers { has_cas: true, observes, nil: terms.nil }))
        }
    }
}

/// An operation's name that its model does not know.
fn unknown(f: &str, expected: &str) -> String {
    format!("expected {expected}, found operation `{f}`")
}

fn nil_words(nil: Nil) -> String {
    match nil {
        Nil::Absent => "a read of nil found nothing (--nil absent)".to_owned(),
        Nil::Unknown => "a read of nil says nothing (--nil unknown)".to_owned(),
    }
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
        let initial = terms.initial;
        match register::check(operations, initial) {
            Answer::Exhausted(_) => {
                engine::check(&models::Register::holding(initial), operations, terms.budget)
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

    fn fail(&self, _deed: &mut Text) -> bool {
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

    fn judge(&self, operations: &[Operation<Text>], terms: &Terms) -> Answer {
        engine::check(&models::Text::default(), operations, terms.budget)
    }

    fn terms(&self, _terms: &Terms) -> Vec<String> {
        Vec::new()
    }
}

fn text(value: Value<'_>) -> Result<String, String> {
    match value.as_str() {
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("expected a text, found `{value}`")),
    }
}

/// `enqueue` and `dequeue`, first in first out.
struct Queues;

impl Dialect for Queues {
    type Deed = Queue;

    fn judge_name(&self) -> &'static str {
        "linearizable_queue"
    }

    fn ask(&self, f: &str, value: Value<'_>, names: &mut Names) -> Result<Queue, String> {
        match f {
            "enqueue" | "enq" => Ok(Queue::Enqueue(names.number(value))),
            "dequeue" | "deq" => Ok(Queue::Dequeue(Taken::Unknown)),
            other => Err(unknown(other, "`enqueue` or `dequeue`")),
        }
    }

    fn answer(
        &self,
        deed: &mut Queue,
        value: Value<'_>,
        names: &mut Names,
    ) -> Result<bool, String> {
        if let Queue::Dequeue(taken) = deed {
            *taken = match value.is_nil() {
                true => Taken::Empty,
                false => Taken::Value(names.number(value)),
            };
        }
        Ok(true)
    }

    fn fail(&self, deed: &mut Queue) -> bool {
        // Jepsen's clients say of an empty queue that the dequeue failed, and of much else too.
        match deed {
            Queue::Enqueue(_) | Queue::Dequeue(_) => false,
        }
    }

    fn may_matter(&self, _deed: &Queue) -> bool {
        true
    }

    fn tell(&self, deed: &Queue, names: &Names) -> (String, String) {
        match deed {
            Queue::Enqueue(value) => {
                (format!("enqueue {}", names.name(*value)), "it was enqueued".to_owned())
            }
            Queue::Dequeue(taken) => {
                let told = match taken {
                    Taken::Value(value) => format!("took {}", names.name(*value)),
                    Taken::Empty => "found the queue empty".to_owned(),
                    Taken::Unknown => "had an answer that got lost".to_owned(),
                };
                ("dequeue".to_owned(), told)
            }
        }
    }

    fn judge(&self, operations: &[Operation<Queue>], terms: &Terms) -> Answer {
        match queue::check(operations) {
            Answer::Exhausted(_) => {
                engine::check(&models::Queue::default(), operations, terms.budget)
            }
            answer => answer,
        }
    }

    fn terms(&self, _terms: &Terms) -> Vec<String> {
        Vec::new()
    }
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

    fn fail(&self, _deed: &mut Set) -> bool {
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

    fn judge(&self, operations: &[Operation<Set>], terms: &Terms) -> Answer {
        match set::check(operations) {
            Answer::Exhausted(_) => {
                engine::check(&models::Set::default(), operations, terms.budget)
            }
            answer => answer,
        }
    }

    fn terms(&self, _terms: &Terms) -> Vec<String> {
        Vec::new()
    }
}

/// `acquire` and `release`.
struct Locks;

impl Dialect for Locks {
    type Deed = Mutex;

    fn judge_name(&self) -> &'static str {
        "linearizable_mutex"
    }

    fn ask(&self, f: &str, _value: Value<'_>, _names: &mut Names) -> Result<Mutex, String> {
        match f {
            "acquire" => Ok(Mutex::Acquire),
            "release" => Ok(Mutex::Release),
            other => Err(unknown(other, "`acquire` or `release`")),
        }
    }

    fn answer(&self, _: &mut Mutex, _: Value<'_>, _: &mut Names) -> Result<bool, String> {
        Ok(true)
    }

    fn fail(&self, _deed: &mut Mutex) -> bool {
        false
    }

    fn may_matter(&self, _deed: &Mutex) -> bool {
        true
    }

    fn tell(&self, deed: &Mutex, _names: &Names) -> (String, String) {
        match deed {
            Mutex::Acquire => ("acquire the lock".to_owned(), "it has the lock".to_owned()),
            Mutex::Release => ("release the lock".to_owned(), "it gave the lock back".to_owned()),
        }
    }

    fn judge(&self, operations: &[Operation<Mutex>], terms: &Terms) -> Answer {
        engine::check(&models::Mutex, operations, terms.budget)
    }

    fn terms(&self, _terms: &Terms) -> Vec<String> {
        Vec::new()
    }
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

    fn fail(&self, _deed: &mut MultiRegister) -> bool {
        false
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

    fn judge(&self, operations: &[Operation<MultiRegister>], terms: &Terms) -> Answer {
        let keys =
            operations.iter().flat_map(|operation| &operation.deed).map(|access| match access {
                Access::Read { key, .. } | Access::Write { key, .. } => *key,
            });
        let initial =
            terms.initial.into_iter().flat_map(|value| keys.clone().map(move |key| (key, value)));
        let model = models::MultiRegister { initial: initial.collect() };
        engine::check(&model, operations, terms.budget)
    }

    fn terms(&self, terms: &Terms) -> Vec<String> {
        let mut told = vec![nil_words(self.nil)];
        told.extend(initial_words(terms));
        told
    }
}

fn initial_words(terms: &Terms) -> Option<String> {
    let initial = terms.initial?;
    Some(format!("a register holds {initial} at first (--initial)"))
}
