//! The nearest valid name, for errors: a slip of the finger gets an answer, a wild guess gets the
//! list.

/// The one of these that was probably meant, if any is near: at most a third of it is wrong,
/// swapped neighbours counting once.
pub fn nearest<'a>(name: &str, of: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    of.into_iter()
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, known)| *distance <= (known.len() / 3).max(1) && *distance > 0)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// The same, if at most so many letters are wrong: for names that are mostly digits.
pub fn nearest_within<'a>(
    name: &str,
    of: impl IntoIterator<Item = &'a str>,
    distance_max: usize,
) -> Option<&'a str> {
    of.into_iter()
        .filter(|known| known.len().abs_diff(name.len()) <= distance_max)
        .map(|known| (strsim::osa_distance(name, known), known))
        .filter(|(distance, _)| (1..=distance_max).contains(distance))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// What was probably meant: the nearest name, or one of them all.
pub fn hint(name: &str, of: &[&str]) -> String {
    match (nearest(name, of.iter().copied()), of) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => "none is expected here".to_owned(),
        (None, _) => {
            let all: Vec<String> = of.iter().map(|known| format!("`{known}`")).collect();
            format!("expected one of {}", all.join(", "))
        }
    }
}

/// `unknown <what> `name`` with what was probably meant.
pub(crate) fn unknown(what: &str, name: &str, of: &[&str]) -> String {
    format!("unknown {what} `{name}` ({})", hint(name, of))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_has_a_nearest_name_and_a_wild_guess_has_none() {
        let names = ["crash", "pause", "power_loss"];
        assert_eq!(nearest("crsh", names), Some("crash"));
        assert_eq!(nearest("powerloss", names), Some("power_loss"));
        assert_eq!(nearest("earthquake", names), None);
        assert_eq!(
            unknown("fault", "earthquake", &names),
            "unknown fault `earthquake` (expected one of `crash`, `pause`, `power_loss`)"
        );
    }
}
