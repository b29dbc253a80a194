//! A judge's answer. Three answers, never two; doubt never rounds up to a pass.

use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;

/// How much a checker examined. Zero is not a coverage, it is a reason for `Unknown`.
pub type Coverage = NonZeroU64;

/// One line of evidence, in time order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Ordinal of the event, for order.
    pub ordinal: u64,
    /// World time in nanoseconds.
    pub at_ns: u64,
    /// What happened, in words.
    pub text: String,
}

/// Why a law is held to be broken: one sentence, then the events that show it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// The rule and how it was broken, in one sentence.
    pub summary: String,
    /// What happened, in time order.
    pub lines: Vec<Line>,
    /// The node it is about.
    pub node: Option<u32>,
    /// The partition it is about.
    pub partition: Option<u32>,
    /// The offset it is about.
    pub offset: Option<u64>,
    /// The message it is about.
    pub message: Option<u64>,
    /// How many violations of this law there were in all; the evidence shows the first.
    pub count: u64,
}

/// A judge's answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The law held over this many cases.
    Holds(Coverage),
    /// The law is broken, and this shows it.
    Violated(Box<Evidence>),
    /// No one can say, because.
    Unknown(String),
}

impl Verdict {
    /// `Holds` if anything was examined, else `Unknown`: a vacuous pass is no pass.
    pub fn holds_if_covered(coverage: u64, what: &str) -> Verdict {
        match Coverage::new(coverage) {
            Some(coverage) => Verdict::Holds(coverage),
            None => Verdict::Unknown(format!("vacuous: {what}")),
        }
    }

    /// Whether nothing was examined: no doubt about what was seen, there was nothing to see.
    pub fn is_vacuous(&self) -> bool {
        match self {
            Verdict::Unknown(why) => why.starts_with("vacuous"),
            Verdict::Holds(_) | Verdict::Violated(_) => false,
        }
    }

    /// Violated beats Unknown beats Holds. Of two violations or two doubts the first stays.
    pub fn and(self, other: Verdict) -> Verdict {
        match (self, other) {
            (violated @ Verdict::Violated(_), _) | (_, violated @ Verdict::Violated(_)) => violated,
            (unknown @ Verdict::Unknown(_), _) | (_, unknown @ Verdict::Unknown(_)) => unknown,
            (Verdict::Holds(a), Verdict::Holds(b)) => Verdict::Holds(a.saturating_add(b.get())),
        }
    }

    /// `holds`, `violated` or `unknown`: the word used in JSON.
    pub fn word(&self) -> &'static str {
        match self {
            Verdict::Holds(_) => "holds",
            Verdict::Violated(_) => "violated",
            Verdict::Unknown(_) => "unknown",
        }
    }
}

/// A judge's name and answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Judgement {
    /// The checker's name.
    pub name: String,
    /// Its answer.
    pub verdict: Verdict,
    /// What was permitted and happened, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permitted: Vec<String>,
}

impl Judgement {
    /// An answer under which nothing had to be permitted.
    pub fn new(name: impl Into<String>, verdict: Verdict) -> Judgement {
        Judgement { name: name.into(), verdict, permitted: Vec::new() }
    }

    /// The same in other words: every sentence through `retell`, every line of evidence through
    /// `place`.
    pub(crate) fn retell(&mut self, retell: impl Fn(&str) -> String, place: impl Fn(&mut Line)) {
        for permitted in &mut self.permitted {
            *permitted = retell(permitted);
        }
        match &mut self.verdict {
            Verdict::Holds(_) => {}
            Verdict::Unknown(why) => *why = retell(why),
            Verdict::Violated(evidence) => {
                evidence.summary = retell(&evidence.summary);
                for line in &mut evidence.lines {
                    line.text = retell(&line.text);
                    place(line);
                }
            }
        }
    }
}
