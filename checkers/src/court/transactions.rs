//! Transactions over lists and registers, as Elle's histories write them: `[[:append 8 3] [:r 5
//! [1 2]]]`, `[[:w :x 1] [:r :y nil]]`.

use super::{
    Findings, Initial, Nil, Terms,
    names::Names,
    workload::{Answered, Heard, UnderWay, Workload},
};
use crate::{
    formats::value::Value,
    transactions::{
        self, Fate, Inference, Model as Isolation, STRICT_SERIALIZABLE, Step, Transaction,
        judge_list_append, judge_rw_register,
    },
    verdict::Judgement,
};
use std::collections::BTreeSet;

/// Transactions of `append` and `r`.
pub(super) fn lists(terms: &Terms<'_>) -> Result<Box<dyn Workload>, String> {
    workload(true, terms)
}

/// Transactions of `w` and `r`.
pub(super) fn registers(terms: &Terms<'_>) -> Result<Box<dyn Workload>, String> {
    workload(false, terms)
}

fn workload(is_list: bool, terms: &Terms<'_>) -> Result<Box<dyn Workload>, String> {
    let isolation = match terms.isolation() {
        Some(name) => Isolation::find(name)?,
        None => STRICT_SERIALIZABLE,
    };
    Ok(Box::new(Transactions {
        is_list,
        isolation,
        // A list that was never appended to is read as nil.
        nil: if is_list { Nil::default() } else { terms.nil() },
        transactions: Vec::new(),
        open: UnderWay::default(),
        keys: BTreeSet::new(),
    }))
}

#[derive(Debug)]
struct Transactions {
    is_list: bool,
    isolation: &'static Isolation,
    nil: Nil,
    transactions: Vec<Transaction>,
    /// Where the transaction under way stands.
    open: UnderWay<usize>,
    keys: BTreeSet<u64>,
}

impl Workload for Transactions {
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String> {
        let steps = self.steps(heard.value, false, names)?;
        self.open.begin(heard, self.transactions.len());
        self.transactions.push(Transaction {
            process: heard.process,
            called: heard.at,
            returned: None,
            fate: Fate::Unknown,
            steps,
        });
        Ok(())
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<(), String> {
        let Some(place) = self.open.end(heard) else { return Ok(()) };
        match how {
            Answered::Ok => {
                let steps = self.steps(heard.value, true, names)?;
                let transaction = &mut self.transactions[place];
                if steps.len() != transaction.steps.len() {
                    return Err(format!(
                        "process {} asked for {} steps and was answered {}",
                        heard.process,
                        transaction.steps.len(),
                        steps.len()
                    ));
                }
                transaction.steps = steps;
                transaction.fate = Fate::Committed;
                transaction.returned = Some(heard.at);
            }
            Answered::Failed => {
                self.transactions[place].fate = Fate::Aborted;
                self.transactions[place].returned = Some(heard.at);
            }
            Answered::Unknown => {}
        }
        Ok(())
    }

    fn judge(self: Box<Self>, terms: &Terms<'_>, names: &Names) -> Result<Findings, String> {
        let ruling = self.rule(&self.transactions, terms, names);
        let law = if self.is_list { "list_append" } else { "rw_register" };
        let mut told = vec![format!("isolation is {} (--isolation)", self.isolation.name)];
        if !self.is_list {
            told.push(match self.nil {
                Nil::Absent => "a read of nil found nothing (--nil absent)".to_owned(),
                Nil::Unknown => "a read of nil says nothing (--nil unknown)".to_owned(),
            });
            told.push("no value is written to a key twice".to_owned());
            told.push(match terms.initial_of_keys() {
                Initial::Nothing => "a key holds nothing at first (--initial)".to_owned(),
                Initial::Value(value) => {
                    format!("a key holds {} at first (--initial)", names.name(value))
                }
                Initial::Unknown => "a key may begin with one value that nobody wrote, older than \
                                     all that was written (--initial unknown)"
                    .to_owned(),
            });
            told.extend(ruling.assumptions);
            if let Some(other) = self.without_nil() {
                let other = self.rule(&other, terms, names).verdict;
                told.extend(super::if_nil_said_nothing(&ruling.verdict, &other));
            }
        }
        let judgement = Judgement {
            name: law.to_owned(),
            verdict: ruling.verdict,
            permitted: ruling.permitted,
        };
        let objects = self.keys.len() as u64;
        let judgements = vec![judgement];
        Ok(Findings { judgements, terms: told, objects, ..Findings::default() })
    }
}

impl Transactions {
    fn rule(
        &self,
        transactions: &[Transaction],
        terms: &Terms<'_>,
        names: &Names,
    ) -> transactions::TransactionsRuling {
        if self.is_list {
            return judge_list_append(transactions, self.isolation, names, terms.budget());
        }
        let inference = Inference {
            writes_follow_reads: terms.keys().write_after_read,
            sequential_keys: terms.keys().sequential,
            linearizable_keys: terms.keys().linearizable,
            initial: match terms.initial_of_keys() {
                Initial::Nothing => transactions::Initial::Nothing,
                Initial::Value(value) => transactions::Initial::Value(value),
                Initial::Unknown => transactions::Initial::Unknown,
            },
        };
        judge_rw_register(transactions, self.isolation, inference, names, terms.budget())
    }

    /// The same where reads that found nothing say nothing; none if there are no such reads.
    fn without_nil(&self) -> Option<Vec<Transaction>> {
        let is_nil = |step: &Step| matches!(step, Step::Read { value: Some(None), .. });
        if !self.transactions.iter().flat_map(|one| &one.steps).any(is_nil) {
            return None;
        }
        let mut other = self.transactions.clone();
        for step in other.iter_mut().flat_map(|one| &mut one.steps) {
            if let Step::Read { value: value @ Some(None), .. } = step {
                *value = None;
            }
        }
        Some(other)
    }

    /// What a transaction does; `is_answer` if the results of its reads stand there.
    fn steps(
        &mut self,
        value: Value<'_>,
        is_answer: bool,
        names: &mut Names,
    ) -> Result<Vec<Step>, String> {
        if !value.is_seq() {
            return Err(format!("expected steps such as `[[:r 5 nil]]`, found `{value}`"));
        }
        let mut steps = Vec::with_capacity(value.len().unwrap_or_default());
        for step in value.items() {
            steps.push(self.step(step, is_answer, names)?);
        }
        Ok(steps)
    }

    fn step(
        &mut self,
        step: Value<'_>,
        is_answer: bool,
        names: &mut Names,
    ) -> Result<Step, String> {
        let expected = if self.is_list {
            "`[:append key value]` or `[:r key values]`"
        } else {
            "`[:w key value]` or `[:r key value]`"
        };
        let unexpected = || format!("expected {expected}, found `{step}`");
        let key = names.number(step.item(1));
        let value = step.item(2);
        self.keys.insert(key);
        match (step.item(0).as_str().ok_or_else(unexpected)?, self.is_list) {
            ("append", true) => Ok(Step::Append { key, value: names.number(value) }),
            ("w" | "write", false) => Ok(Step::Write { key, value: names.number(value) }),
            ("r" | "read", true) => {
                let values = match (is_answer, value.is_nil()) {
                    (false, _) => None,
                    // A list that was never appended to is read as nil.
                    (true, true) => Some(Vec::new()),
                    (true, false) if value.is_seq() => {
                        Some(value.items().map(|value| names.number(value)).collect())
                    }
                    (true, false) => return Err(unexpected()),
                };
                Ok(Step::ReadList { key, values })
            }
            ("r" | "read", false) => {
                let value = match (is_answer, value.is_nil(), self.nil) {
                    (false, ..) | (true, true, Nil::Unknown) => None,
                    (true, true, Nil::Absent) => Some(None),
                    (true, false, _) => Some(Some(names.number(value))),
                };
                Ok(Step::Read { key, value })
            }
            _ => Err(unexpected()),
        }
    }
}
