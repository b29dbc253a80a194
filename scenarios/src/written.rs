//! Faults as people ask for them, by script or on a menu.

pub use crate::faults::Written;
use crate::{
    occasion::{self, Occasion},
    units::{Count, Millis, Ppm, Range, Rate},
};
use serde::{Deserialize, Serialize};

/// A fault by script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scripted {
    /// When, from the begin of trouble.
    pub at: Range<Millis>,
    /// How long; not said: until heal.
    #[serde(default, rename = "for")]
    pub lasts: Option<Range<Millis>>,
    /// Again after this, counted from begin to begin, until trouble ends.
    #[serde(default)]
    pub every: Option<Range<Millis>>,
    /// How often at most, where `every` is said.
    #[serde(default)]
    pub times: Option<Range<Count>>,
    /// From its time on, at one of these instead of then: `"elected"`.
    #[serde(default, deserialize_with = "occasion::read", skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Occasion>,
    /// At the how many-th of them; not said: the first.
    #[serde(default = "first")]
    pub nth: Range<Count>,
    /// What.
    #[serde(rename = "do")]
    pub what: Written,
}

/// Faults at random.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Menu {
    /// How many, in the mean.
    pub rate: Range<Rate>,
    /// Each dish is off for a whole seed at this chance, so that seeds differ in kind.
    #[serde(default = "never")]
    pub off: Range<Ppm>,
    /// What there is.
    pub faults: Vec<Dish>,
}

fn first() -> Range<Count> {
    Range::one(1)
}

fn never() -> Range<Ppm> {
    Range::one(0)
}

/// One line of a menu.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dish {
    /// How often, against the others.
    pub weight: Range<Count>,
    /// How long; not said: until heal.
    #[serde(default, rename = "for")]
    pub lasts: Option<Range<Millis>>,
    /// From its time on, at one of these instead of then: `["elected", "truncated"]`.
    #[serde(default, deserialize_with = "occasion::read", skip_serializing_if = "Vec::is_empty")]
    pub when: Vec<Occasion>,
    /// At the how many-th of them; not said: the first.
    #[serde(default = "first")]
    pub nth: Range<Count>,
    /// What.
    #[serde(rename = "do")]
    pub what: Written,
}
