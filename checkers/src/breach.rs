//! The first violation of a law, in full, and how many there were: what a judge keeps of breaches.

use crate::{
    history::Stamp,
    verdict::{Evidence, Line, Verdict},
};

/// Nothing, or the evidence of the first violation.
#[derive(Debug, Default)]
pub(crate) struct Breach(Option<Box<Evidence>>);

impl Breach {
    /// One more violation; its evidence is only composed when it is the first.
    pub(crate) fn add(&mut self, compose: impl FnOnce() -> Evidence) {
        self.add_many(1, compose);
    }

    /// Several violations that have one cause.
    pub(crate) fn add_many(&mut self, count: u64, compose: impl FnOnce() -> Evidence) {
        match &mut self.0 {
            Some(first) => first.count += count,
            None => {
                let mut evidence = compose();
                evidence.lines.sort_by_key(|line| line.ordinal);
                evidence.count = count;
                self.0 = Some(Box::new(evidence));
            }
        }
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.0.as_ref().map_or(0, |evidence| evidence.count)
    }

    /// Whether there was any.
    pub(crate) fn is_some(&self) -> bool {
        self.0.is_some()
    }

    /// The evidence so far, to complete it.
    pub(crate) fn evidence_mut(&mut self) -> Option<&mut Evidence> {
        self.0.as_deref_mut()
    }

    /// `Violated` if there was any, else what the law has to say without one.
    pub(crate) fn verdict_or(self, otherwise: impl FnOnce() -> Verdict) -> Verdict {
        match self.0 {
            Some(evidence) => Verdict::Violated(evidence),
            None => otherwise(),
        }
    }
}

/// A line of evidence.
pub(crate) fn line(at: Stamp, text: impl Into<String>) -> Line {
    Line { ordinal: at.ordinal, at_ns: at.at_ns, text: text.into() }
}
