//! From what was found to an answer: what the model forbids is a violation, what it permits is
//! told.

use super::{
    cycles::{Cycle, Cycles},
    models::{Anomaly, Model},
};
use crate::{
    breach::line,
    history::Stamp,
    verdict::{Evidence, Verdict},
};

/// What a judge of transactions found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TransactionsRuling {
    /// The answer under the model: `Holds` counts dependencies between transactions.
    pub verdict: Verdict,
    /// What the model permits and was there, in words, one entry for each kind.
    pub permitted: Vec<String>,
    /// Every anomaly and how often it was seen, worst first.
    pub found: Vec<(Anomaly, u64)>,
    /// What was taken to be so, and why, in words.
    pub assumptions: Vec<String>,
}

impl TransactionsRuling {
    /// No answer.
    pub(crate) fn unknown(why: String) -> TransactionsRuling {
        let (verdict, permitted, found) = (Verdict::Unknown(why), Vec::new(), Vec::new());
        TransactionsRuling { verdict, permitted, found, assumptions: Vec::new() }
    }

    /// The same where something was left out: what holds for the rest holds for no more.
    pub(crate) fn doubted(mut self, doubt: Option<&String>) -> TransactionsRuling {
        if let (Some(why), false) = (doubt, matches!(self.verdict, Verdict::Violated(_))) {
            self.verdict = Verdict::Unknown(why.clone());
        }
        self
    }
}

/// One kind of anomaly: how often, and the evidence of the first.
#[derive(Clone, Debug)]
struct Finding {
    anomaly: Anomaly,
    count: u64,
    evidence: Evidence,
}

/// What was found so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Findings {
    found: Vec<Finding>,
    /// Why there is no answer, if nothing forbidden is found.
    open: Option<String>,
    /// What may be there as well, and nobody looked to the end.
    unsearched: Vec<Anomaly>,
}

impl Findings {
    /// One more case; its evidence is only composed when it is the first of its kind.
    pub(crate) fn add(&mut self, anomaly: Anomaly, compose: impl FnOnce() -> Evidence) {
        self.add_many(anomaly, 1, compose);
    }

    /// Several cases of one kind.
    pub(crate) fn add_many(
        &mut self,
        anomaly: Anomaly,
        count: u64,
        compose: impl FnOnce() -> Evidence,
    ) {
        match self.found.iter_mut().find(|finding| finding.anomaly == anomaly) {
            Some(finding) => finding.count += count,
            None => self.found.push(Finding { anomaly, count, evidence: compose() }),
        }
    }

    /// Every kind of cycle that was found, and those of which nobody can say.
    pub(crate) fn add_cycles(&mut self, cycles: &Cycles, tell: impl Fn(&Cycle) -> Evidence) {
        for found in &cycles.found {
            let anomaly = Anomaly::Cycle(found.kind.0, found.kind.1);
            self.add_many(anomaly, found.count, || tell(&found.cycle));
        }
        let unsearched = cycles.unsearched.iter();
        self.unsearched.extend(unsearched.map(|(shape, order)| Anomaly::Cycle(*shape, *order)));
    }

    /// Whether nothing was found.
    pub(crate) fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// Whether something was found that a model forbids.
    pub(crate) fn is_forbidden(&self, model: &Model) -> bool {
        self.found.iter().any(|finding| model.forbids(finding.anomaly))
    }

    /// That nobody could prove that nothing is wrong.
    pub(crate) fn leave_open(&mut self, why: String) {
        self.open.get_or_insert(why);
    }

    /// That there is an order that nothing is wrong with: what was not searched is not there.
    pub(crate) fn settle(&mut self) {
        self.unsearched.clear();
    }

    /// The answer where the search for cycles could not even begin.
    pub(crate) fn cut_short(self, model: &Model, why: &str) -> TransactionsRuling {
        let mut ruling = self.rule(model, 0);
        match &mut ruling.verdict {
            Verdict::Violated(_) => ruling.permitted.push(why.to_owned()),
            verdict @ (Verdict::Holds(_) | Verdict::Unknown(_)) => {
                *verdict = Verdict::Unknown(why.to_owned());
            }
        }
        ruling
    }

    /// The answer under a model, over so many dependencies.
    pub(crate) fn rule(mut self, model: &Model, dependencies: u64) -> TransactionsRuling {
        self.found.sort_by_key(|finding| finding.anomaly.rank());
        let found = self.found.iter().map(|finding| (finding.anomaly, finding.count)).collect();
        let is_forbidden = |finding: &Finding| model.forbids(finding.anomaly);
        let (forbidden, permitted): (Vec<Finding>, Vec<Finding>) =
            self.found.into_iter().partition(is_forbidden);
        let mut permitted: Vec<String> = permitted.iter().map(tell).collect();
        let (doubts, idle): (Vec<Anomaly>, Vec<Anomaly>) =
            self.unsearched.into_iter().partition(|anomaly| model.forbids(*anomaly));
        if !idle.is_empty() {
            permitted.push(format!("out of steps: {} was not searched to the end", names(&idle)));
        }
        let verdict = match blame(model, forbidden) {
            Some(evidence) => Verdict::Violated(Box::new(evidence)),
            None if !doubts.is_empty() => Verdict::Unknown(format!(
                "out of steps: {} was not searched to the end",
                names(&doubts)
            )),
            None if self.open.is_some() => Verdict::Unknown(self.open.unwrap_or_default()),
            None => Verdict::holds_if_covered(dependencies, "no transaction depended on another"),
        };
        TransactionsRuling { verdict, permitted, found, assumptions: Vec::new() }
    }
}

/// The worst of what is forbidden, and the names of the rest.
fn blame(model: &Model, forbidden: Vec<Finding>) -> Option<Evidence> {
    let count = forbidden.iter().map(|finding| finding.count).sum();
    let mut forbidden = forbidden.into_iter();
    let mut evidence = forbidden.next()?.evidence;
    let others: Vec<String> = forbidden
        .map(|finding| match finding.count {
            1 => finding.anomaly.name().to_owned(),
            count => format!("{} ({count} times)", finding.anomaly.name()),
        })
        .collect();
    if !others.is_empty() {
        let last = evidence
            .lines
            .last()
            .map_or(Stamp::default(), |line| Stamp { ordinal: line.ordinal, at_ns: line.at_ns });
        let text =
            format!("{} forbids as well what was also found: {}", model.name, others.join(", "));
        evidence.lines.push(line(last, text));
    }
    evidence.count = count;
    Some(evidence)
}

fn tell(finding: &Finding) -> String {
    match finding.count {
        1 => finding.evidence.summary.clone(),
        count => format!("{}; {count} times in all", finding.evidence.summary),
    }
}

fn names(anomalies: &[Anomaly]) -> String {
    anomalies.iter().map(|anomaly| anomaly.name()).collect::<Vec<_>>().join(", ")
}
