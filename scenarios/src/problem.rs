//! A mistake in a scenario, at the key where it stands.

/// What is wrong, and at which key: steps joined by points, elements of lists by their place from
/// 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key.
    pub place: String,
    /// What is wrong and what was expected.
    pub what: String,
}

pub(crate) type Checked = Result<(), Problem>;

pub(crate) fn ensure(
    holds: bool,
    place: impl Into<String>,
    what: impl FnOnce() -> String,
) -> Checked {
    if holds { Ok(()) } else { Err(Problem { place: place.into(), what: what() }) }
}

pub(crate) fn at_least(what: &str) -> String {
    format!("expected at least {what}")
}
