//! Objects whose operations must be linearizable, each key for itself: registers, stores, queues,
//! locks. A monitor judges what it can; what is beyond it goes to the search, within its budget.
//!
//! A *dialect* reads the operations of one model from a file's values and tells them back in words;
//! there is one for each file below.

mod locks;
mod multi_registers;
mod queues;
mod registers;
mod sets;
mod texts;

pub(super) use locks::locks;
pub(super) use multi_registers::multi_registers;
pub(super) use queues::queues;
pub(super) use registers::registers;
pub(super) use sets::sets;
pub(super) use texts::texts;

use super::{
    Findings, Nil, Terms,
    names::Names,
    operations::{ONLY, Operations},
    workload::{Answered, Heard, Workload},
};
use crate::{
    breach::line,
    formats::value::Value,
    history::Stamp,
    linearizability::{Answer, Impossible, Operation},
    verdict::{Coverage, Evidence, Judgement, Verdict},
};

/// How one model's operations are read, told and judged.
pub(super) trait Dialect {
    /// What an operation is.
    type Deed: Clone + std::fmt::Debug;

    /// The judge's name.
    fn judge_name(&self) -> &'static str;
    /// An operation as it was asked, its result not known.
    fn ask(&self, f: &str, value: Value<'_>, names: &mut Names) -> Result<Self::Deed, String>;
    /// What came back of one that succeeded. `Ok(false)` if that says nothing at all.
    fn answer(
        &self,
        deed: &mut Self::Deed,
        value: Value<'_>,
        names: &mut Names,
    ) -> Result<bool, String>;
    /// One that failed, with the reason that the file gives: whether that says anything, as a
    /// compare-and-set does that found another value.
    fn fail(&self, deed: &mut Self::Deed, reason: Value<'_>) -> bool;
    /// What is left of it where a read of nil says nothing, which may be nothing at all; none if it
    /// did not read nil.
    fn without_nil(&self, _deed: &Self::Deed) -> Option<Option<Self::Deed>> {
        None
    }
    /// Whether one without an answer can have changed anything.
    fn may_matter(&self, deed: &Self::Deed) -> bool;
    /// What was asked and what came back, in words.
    fn tell(&self, deed: &Self::Deed, names: &Names) -> (String, String);
    /// The answer for one object.
    fn judge(&self, operations: &[Operation<Self::Deed>], terms: &Terms<'_>) -> Answer;
    /// The choices that were made, in words.
    fn terms(&self, terms: &Terms<'_>) -> Vec<String>;
}

/// Operations that one dialect reads.
#[derive(Debug)]
pub(super) struct Objects<D: Dialect> {
    dialect: D,
    operations: Operations<D::Deed>,
}

impl<D: Dialect> Objects<D> {
    pub(super) fn of(dialect: D) -> Objects<D> {
        Objects { dialect, operations: Operations::default() }
    }
}

impl<D: Dialect> Workload for Objects<D> {
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String> {
        let object = heard.key.map_or(ONLY, |key| names.number(key));
        let deed = self.dialect.ask(heard.f, heard.value, names)?;
        self.operations.ask(heard, object, deed);
        Ok(())
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<(), String> {
        let Some(kept) = self.operations.answered(heard) else { return Ok(()) };
        let Some(operation) = kept else { return Ok(()) };
        let says = match how {
            Answered::Ok => self.dialect.answer(&mut operation.deed, heard.value, names)?,
            Answered::Failed => self.dialect.fail(&mut operation.deed, heard.extra.get("error")),
            Answered::Unknown => return Ok(()),
        };
        if says {
            operation.returned = Some(heard.at);
        } else {
            *kept = None;
        }
        Ok(())
    }

    fn judge(self: Box<Self>, terms: &Terms<'_>, names: &Names) -> Result<Findings, String> {
        let Objects { dialect, operations } = *self;
        let objects = operations.object_count();
        // Whatever a monitor cannot judge is searched, and what that may cost is a choice of all.
        let _ = terms.budget();
        let (mut told, mut without_nil) = (Told::default(), None::<Told>);
        for (key, mut operations) in operations.by_object() {
            let matters = |operation: &Operation<D::Deed>| {
                operation.returned.is_some() || dialect.may_matter(&operation.deed)
            };
            operations.retain(matters);
            let name = (key != ONLY).then(|| names.name(key));
            let answer = dialect.judge(&operations, terms);
            let other = match &answer {
                Answer::Impossible(_) => without(&dialect, &operations),
                Answer::Linearizable(_) | Answer::Exhausted(_) => None,
            };
            let other = other.map(|other| dialect.judge(&other, terms));
            if other.is_some() && without_nil.is_none() {
                without_nil = Some(told.clone());
            }
            let count = operations.len() as u64;
            let compose =
                |impossible: &Impossible| evidence(&dialect, &operations, impossible, names);
            if let Some(without_nil) = &mut without_nil {
                let other = other.unwrap_or_else(|| answer.clone());
                without_nil.add(name.clone(), count, other, |_| Evidence::default());
            }
            told.add(name, count, answer, compose);
        }
        let judgement = Judgement::new(dialect.judge_name(), told.verdict());
        let mut terms = dialect.terms(terms);
        terms
            .extend(without_nil.and_then(|other| {
                super::if_nil_said_nothing(&judgement.verdict, &other.verdict())
            }));
        Ok(Findings { judgements: vec![judgement], terms, objects, ..Findings::default() })
    }
}

/// What is left where operations that found nothing say nothing; none if there are none.
fn without<D: Dialect>(
    dialect: &D,
    operations: &[Operation<D::Deed>],
) -> Option<Vec<Operation<D::Deed>>> {
    let (mut left, mut is_less) = (Vec::with_capacity(operations.len()), false);
    for operation in operations {
        let less = operation.returned.and_then(|_| dialect.without_nil(&operation.deed));
        is_less |= less.is_some();
        let deed = less.unwrap_or_else(|| Some(operation.deed.clone()));
        left.extend(deed.map(|deed| Operation { deed, ..operation.clone() }));
    }
    is_less.then_some(left)
}

/// The answers for all objects so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    covered: u64,
    violated: Option<Box<Evidence>>,
    doubt: Option<String>,
}

impl Told {
    /// One more object.
    pub(super) fn add(
        &mut self,
        key: Option<String>,
        operations: u64,
        answer: Answer,
        compose: impl FnOnce(&Impossible) -> Evidence,
    ) {
        self.covered += operations;
        let of = |text: &str| match &key {
            Some(key) => format!("{text}, of key {key}"),
            None => text.to_owned(),
        };
        match (answer, &mut self.violated) {
            (Answer::Linearizable(_), _) => {}
            (Answer::Impossible(_), Some(first)) => first.count += 1,
            (Answer::Impossible(impossible), None) => {
                let mut evidence = compose(&impossible);
                evidence.summary = of(&evidence.summary);
                evidence.count = 1;
                self.violated = Some(Box::new(evidence));
            }
            (Answer::Exhausted(why), _) => {
                self.doubt.get_or_insert_with(|| of(&why));
            }
        }
    }

    pub(super) fn verdict(self) -> Verdict {
        match (self.violated, self.doubt, Coverage::new(self.covered)) {
            (Some(evidence), _, _) => Verdict::Violated(evidence),
            (None, Some(why), _) => Verdict::Unknown(why),
            (None, None, Some(covered)) => Verdict::Holds(covered),
            (None, None, None) => {
                Verdict::Unknown("vacuous: no operation told anything".to_owned())
            }
        }
    }
}

/// Operations that no order explains, in words and in the order of time.
fn evidence<D: Dialect>(
    dialect: &D,
    operations: &[Operation<D::Deed>],
    impossible: &Impossible,
    names: &Names,
) -> Evidence {
    let mut lines = Vec::new();
    for number in &impossible.operations {
        let operation = &operations[*number];
        let (asked, told) = dialect.tell(&operation.deed, names);
        let process = operation.process;
        lines.push(line(operation.called, format!("process {process} asked to {asked}")));
        let at = operation.returned.unwrap_or(Stamp { ordinal: u64::MAX, at_ns: 0 });
        if operation.returned.is_some() {
            lines.push(line(at, format!("process {process}: {told}")));
        }
    }
    lines.sort_by_key(|line| line.ordinal);
    Evidence { summary: impossible.why.clone(), lines, ..Evidence::default() }
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

fn initial_words(terms: &Terms<'_>) -> Option<String> {
    let initial = terms.initial()?;
    Some(format!("a register holds {initial} at first (--initial)"))
}
