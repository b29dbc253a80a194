//! The nearest valid name, for errors: a slip of the finger gets an answer, a wild guess the list.

/// The rest of a sentence about an unknown name.
pub(crate) fn did_you_mean<'a>(name: &str, names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let wanted = name.to_ascii_lowercase();
    let distance = |known: &&str| strsim::osa_distance(&wanted, &known.to_ascii_lowercase());
    match names.iter().min_by_key(|known| distance(known)) {
        Some(near) if distance(near) <= 2 + name.len() / 4 => format!("did you mean `{near}`?"),
        Some(_) | None => format!("known: {}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_has_a_nearest_name_and_a_wild_guess_gets_them_all() {
        let names = ["register", "set-full", "kafka"];
        assert_eq!(did_you_mean("regsiter", names), "did you mean `register`?");
        assert_eq!(did_you_mean("Set_Full", names), "did you mean `set-full`?");
        assert_eq!(did_you_mean("transactions", names), "known: register, set-full, kafka");
    }
}
