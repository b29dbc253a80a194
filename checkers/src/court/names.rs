//! Values of a foreign history as numbers, and back: judges know numbers only.
//!
//! A whole number that is not negative is its own number. Everything else, a text, a keyword, a
//! vector, gets one far above all of those that histories use, so that a number in a judge's
//! sentence tells by itself whether it has a name to be replaced by.

use crate::{formats::value::Value, transactions};
use std::collections::BTreeMap;

/// Numbers from here on stand for names.
const FIRST: u64 = 1 << 62;

/// The names of one history.
#[derive(Debug, Default)]
pub(super) struct Names {
    numbers: BTreeMap<String, u64>,
    names: Vec<String>,
    /// Partitions are numbered from 1 in the order of their first mention.
    partitions: BTreeMap<u64, u32>,
    keys: Vec<u64>,
}

impl Names {
    /// The number of a value.
    pub(super) fn number(&mut self, value: Value<'_>) -> u64 {
        match value.as_int().and_then(|number| u64::try_from(number).ok()) {
            Some(number) if number < FIRST => number,
            Some(_) | None => match value.as_str() {
                Some(text) => self.named(text),
                None => self.named(&value.to_string()),
            },
        }
    }

    /// The number of a text.
    pub(super) fn named(&mut self, text: &str) -> u64 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = FIRST + self.names.len() as u64;
        self.names.push(text.to_owned());
        self.numbers.insert(text.to_owned(), number);
        number
    }

    /// The file's own name of a number.
    pub(super) fn name(&self, number: u64) -> String {
        let place = number.checked_sub(FIRST).and_then(|place| usize::try_from(place).ok());
        match place.and_then(|place| self.names.get(place)) {
            Some(name) => name.clone(),
            None => number.to_string(),
        }
    }

    /// The partition that a key stands for.
    pub(super) fn partition(&mut self, key: u64) -> u32 {
        let next = self.keys.len() as u32 + 1;
        let partition = *self.partitions.entry(key).or_insert(next);
        if partition == next {
            self.keys.push(key);
        }
        partition
    }

    /// How many partitions there are.
    pub(super) fn partition_count(&self) -> u64 {
        self.keys.len() as u64
    }

    /// The file's own name of a partition.
    fn partition_name(&self, partition: u64) -> Option<String> {
        let place = usize::try_from(partition.checked_sub(1)?).ok()?;
        Some(self.name(*self.keys.get(place)?))
    }

    /// Whether a partition's number is the file's own name of it.
    pub(super) fn is_own(&self, partition: u32) -> bool {
        self.partition_name(u64::from(partition)).is_none_or(|name| name == partition.to_string())
    }

    /// A judge's sentence in the file's own names.
    pub(super) fn retell(&self, text: &str) -> String {
        let mut told = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(from) = rest.find(|c: char| c.is_ascii_digit()) {
            let (before, digits) = rest.split_at(from);
            told.push_str(before);
            let to = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let (digits, after) = digits.split_at(to);
            let name = self.renamed(&told, digits);
            // `m7` is a message; one that has a name needs no letter before it.
            if name != digits && follows_letter(&told, 'm') {
                told.pop();
            }
            told.push_str(&name);
            rest = after;
        }
        told.push_str(rest);
        told
    }

    /// What stands for these digits, after these words.
    fn renamed(&self, before: &str, digits: &str) -> String {
        let Ok(number) = digits.parse::<u64>() else { return digits.to_owned() };
        let is_partition = before.ends_with("partition ") || follows_letter(before, 'p');
        match is_partition.then(|| self.partition_name(number)).flatten() {
            Some(name) => name,
            None => self.name(number),
        }
    }
}

impl transactions::Names for Names {
    fn key(&self, key: u64) -> String {
        self.name(key)
    }

    fn value(&self, value: u64) -> String {
        self.name(value)
    }
}

/// Whether a text ends with this letter as a word of its own, such as the `p` of `p7`.
fn follows_letter(text: &str, letter: char) -> bool {
    let before = text.strip_suffix(letter).map(|before| before.chars().next_back());
    before.is_some_and(|last| last.is_none_or(|c| !c.is_alphanumeric() && c != '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::formats::value::Tape;

    #[test]
    fn values_come_back_under_their_own_names() {
        let mut tape = Tape::default();
        tape.int(7);
        tape.word("x");
        tape.int(-3);
        let mut names = Names::default();
        let numbers = [0, 1, 2, 1].map(|place| names.number(tape.at(place)));
        assert_eq!(numbers[0], 7);
        assert_eq!(numbers[1], numbers[3]);
        assert_eq!(numbers.map(|number| names.name(number)), ["7", "x", "-3", "x"]);
    }

    #[test]
    fn sentences_are_retold_with_keys_and_values_as_the_file_has_them() {
        let mut names = Names::default();
        let apple = names.named("apple");
        let (first, second) = (names.partition(56), names.partition(apple));
        let told = format!("offset 2 of partition {second} was m{apple}; p{first} of map2 ends");
        assert_eq!(names.retell(&told), "offset 2 of partition apple was apple; p56 of map2 ends");
    }
}
