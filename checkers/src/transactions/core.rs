//! Asks whether some order of versions keeps a model, and if none does, which few transactions show
//! it.
//!
//! A transaction that is not needed is not deleted but *forgotten*: it may have taken effect at any
//! later moment or not, and nobody knows what it read. Whoever explains a history explains it with
//! some of it forgotten. So what no order explains of the rest, none explains of the whole.

use super::{
    Fate, Names, Step, Transaction,
    models::{Anomaly, Model},
    open::{self, Answer},
    ruling::Findings,
    teller::Teller,
    view::View,
};
use crate::{breach::line, linearizability::Budget, verdict::Evidence};

/// Steps for each question about fewer transactions.
const STEPS_ONCE: u64 = 50_000_000;
/// Questions about fewer transactions.
const QUESTIONS_MAX: usize = 400;

/// What is asked of a history whose order of versions is open.
pub(crate) struct Question<'a> {
    pub(crate) model: &'a Model,
    pub(crate) names: &'a dyn Names,
    pub(crate) budget: Budget,
}

impl Question<'_> {
    /// Adds what follows to what was found. `review` looks at the history anew when something of it
    /// is forgotten, with nothing inferred from the model.
    pub(crate) fn ask(
        &self,
        transactions: &[Transaction],
        view: &View,
        findings: &mut Findings,
        review: &dyn Fn(&[Transaction]) -> Option<View>,
    ) {
        let Model { name, rule, time, implied_by, .. } = *self.model;
        match open::decide(view, rule, time, self.budget) {
            Answer::Refuted => {
                findings.add(Anomaly::NoOrder, || self.tell(transactions, review));
            }
            Answer::Open(why) => findings.leave_open(why),
            Answer::Holds => {
                let Some(stricter) = implied_by else { return findings.settle() };
                match open::decide(view, stricter, time, self.budget) {
                    Answer::Holds => findings.settle(),
                    Answer::Refuted | Answer::Open(_) => findings.leave_open(format!(
                        "{name} is more than what can be decided without the moments at which \
                         transactions began and committed inside: what it shares with weaker models \
                         holds, and what would imply it is not proven"
                    )),
                }
            }
        }
    }

    fn tell(
        &self,
        transactions: &[Transaction],
        review: &dyn Fn(&[Transaction]) -> Option<View>,
    ) -> Evidence {
        let left = self.shrink(transactions, review);
        let shown: Vec<u32> = review(&left).map(|view| view.live).unwrap_or_default();
        let teller = Teller { transactions, names: self.names };
        let mut keys: Vec<u64> = shown
            .iter()
            .flat_map(|one| &transactions[*one as usize].steps)
            .map(Step::key)
            .collect();
        keys.sort_unstable();
        keys.dedup();
        let mut lines: Vec<_> = shown
            .iter()
            .map(|one| {
                let (at, deeds) = teller.deeds(*one, &keys);
                line(at, deeds)
            })
            .collect();
        lines.sort_by_key(|line| line.ordinal);
        let summary = format!(
            "no_order: whichever of the writes to each key came first, these {} transactions are not \
             {}",
            shown.len(),
            self.model.name
        );
        Evidence { summary, lines, ..Evidence::default() }
    }

    /// The history with as much forgotten as the budget allows.
    fn shrink(
        &self,
        transactions: &[Transaction],
        review: &dyn Fn(&[Transaction]) -> Option<View>,
    ) -> Vec<Transaction> {
        let budget = Budget { steps: STEPS_ONCE, ..self.budget };
        let is_refuted = |left: &[Transaction]| {
            let view = review(left);
            let answer =
                view.map(|view| open::decide(&view, self.model.rule, self.model.time, budget));
            answer == Some(Answer::Refuted)
        };
        let mut left = transactions.to_vec();
        let mut questions = 0;
        let mut width = left.len().div_ceil(2);
        while width > 0 && questions < QUESTIONS_MAX {
            let mut first = 0;
            while first < left.len() && questions < QUESTIONS_MAX {
                let end = (first + width).min(left.len());
                let mut fewer = left.clone();
                fewer[first..end].iter_mut().for_each(forget);
                questions += 1;
                if fewer != left && is_refuted(&fewer) {
                    left = fewer;
                }
                first = end;
            }
            width = if width == 1 { 0 } else { width.div_ceil(2) };
        }
        left
    }
}

/// What is left to say of a transaction of which nobody knows what it read and whether it took
/// effect.
fn forget(transaction: &mut Transaction) {
    match transaction.fate {
        Fate::Committed => transaction.fate = Fate::Unknown,
        Fate::Aborted | Fate::Unknown => {}
    }
    transaction.returned = None;
    for step in &mut transaction.steps {
        match step {
            Step::Read { value, .. } => *value = None,
            Step::ReadList { values, .. } => *values = None,
            Step::Append { .. } | Step::Write { .. } => {}
        }
    }
}
