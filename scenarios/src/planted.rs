//! Bugs that can be planted, as a person sees them: which scenario triggers one, who must see it,
//! where it comes from. Made of the table `planted.rs` at the top of the repository. What a bug does
//! is the business of the system, which this room does not know.

use crate::names;
use serde::Serialize;

/// A bug that can be switched on, to see that it is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Planted {
    /// Its name, as `--plant` takes it.
    pub name: &'static str,
    /// The scenario that triggers it within seeds 1..20.
    pub scenario: &'static str,
    /// Checkers of which each must be able to see it.
    pub checkers: &'static [&'static str],
    /// The incident that it comes from.
    pub source: &'static str,
    /// The rule that it breaks, and how: for the page about planted bugs.
    #[serde(skip)]
    pub rule: &'static str,
}

macro_rules! planted {
    ($($variant:ident = $name:literal {
        rule: $rule:literal,
        source: $source:literal,
        scenario: $scenario:literal,
        judges: [$($judge:literal),+ $(,)?],
    })*) => {
        /// Every planted bug.
        pub const PLANTED: &[Planted] = &[$(Planted {
            name: $name,
            scenario: $scenario,
            checkers: &[$($judge),+],
            source: $source,
            rule: $rule,
        },)*];
    };
}

include!("../../planted.rs");

impl Planted {
    /// The bug of this name, or an error with the nearest name.
    pub fn find(name: &str) -> Result<&'static Planted, String> {
        PLANTED.iter().find(|planted| planted.name == name).ok_or_else(|| {
            let known: Vec<&str> = PLANTED.iter().map(|planted| planted.name).collect();
            names::unknown("planted bug", name, &known)
        })
    }

    /// The bugs whose directed trigger this scenario is.
    pub fn triggered_by(scenario: &str) -> impl Iterator<Item = &'static Planted> + use<'_> {
        PLANTED.iter().filter(move |planted| planted.scenario == scenario)
    }
}
