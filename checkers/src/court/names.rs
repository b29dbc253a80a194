//! Values of a foreign history as numbers, and back: judges know numbers only.
//!
//! A whole number that is not negative is its own number. Everything else, a text, a keyword, a
//! vector, gets one far above all of those that histories use, so that a number in a judge's
//! sentence tells by itself whether it has a name to be replaced by. Names are told as the file has
//! them, texts in quotes and keywords with their colon: `4` and `"4"` are two values.

use crate::{formats::value::Value, transactions};
use std::collections::BTreeMap;

/// Numbers from here on stand for names.
const FIRST: u64 = 1 << 62;

/// Of numbers below this one it is known whether the history has them.
const KNOWN_BELOW: u64 = 1 << 24;

/// What a number stands for. `4`, `"4"` and `:4` are three values.
#[derive(Debug)]
enum Name {
    Text(String),
    Word(String),
    /// Anything else, as it is told.
    Other(String),
}

/// The names of one history.
#[derive(Debug, Default)]
pub(super) struct Names {
    texts: BTreeMap<String, u64>,
    words: BTreeMap<String, u64>,
    others: BTreeMap<String, u64>,
    names: Vec<Name>,
    /// A bit for each number that is its own.
    seen: Vec<u64>,
    /// Partitions are numbered from 1 in the order of their first mention.
    partitions: BTreeMap<u64, u32>,
    keys: Vec<u64>,
}

impl Names {
    /// The number of a value.
    pub(super) fn number(&mut self, value: Value<'_>) -> u64 {
        if let Some(number) = value.as_uint().filter(|number| *number < FIRST) {
            self.see(number);
            return number;
        }
        let next = FIRST + self.names.len() as u64;
        let Some(text) = value.as_str() else { return self.named(&value.to_string()) };
        let numbers = if value.is_word() { &mut self.words } else { &mut self.texts };
        if let Some(number) = numbers.get(text) {
            return *number;
        }
        numbers.insert(text.to_owned(), next);
        self.names.push(match value.is_word() {
            true => Name::Word(text.to_owned()),
            false => Name::Text(text.to_owned()),
        });
        next
    }

    /// The number of a map's key. JSON has no keys but texts: digits are the number that they say,
    /// unless they were met as a text.
    pub(super) fn number_of_key(&mut self, key: Value<'_>) -> u64 {
        let text = key.as_str().filter(|text| !key.is_word() && !self.texts.contains_key(*text));
        match text.and_then(digits) {
            Some(number) => {
                self.see(number);
                number
            }
            None => self.number(key),
        }
    }

    fn see(&mut self, number: u64) {
        if number >= KNOWN_BELOW {
            return;
        }
        let (place, bit) = ((number / 64) as usize, 1 << (number % 64));
        if self.seen.len() <= place {
            self.seen.resize(place + 1, 0);
        }
        self.seen[place] |= bit;
    }

    fn has_seen(&self, number: u64) -> bool {
        let word = self.seen.get((number / 64) as usize);
        word.is_some_and(|word| word & (1 << (number % 64)) != 0)
    }

    /// The number of what is told like this.
    pub(super) fn named(&mut self, text: &str) -> u64 {
        if let Some(number) = self.others.get(text) {
            return *number;
        }
        let number = FIRST + self.names.len() as u64;
        self.names.push(Name::Other(text.to_owned()));
        self.others.insert(text.to_owned(), number);
        number
    }

    fn of(&self, number: u64) -> Option<&Name> {
        self.names.get(usize::try_from(number.checked_sub(FIRST)?).ok()?)
    }

    /// The file's own name of a number.
    pub(super) fn name(&self, number: u64) -> String {
        match self.of(number) {
            Some(Name::Text(text)) => format!("{text:?}"),
            Some(Name::Word(word)) => format!(":{word}"),
            Some(Name::Other(told)) => told.clone(),
            None => number.to_string(),
        }
    }

    /// A word about a value in this sentence of a judge's whose digits the history has both as a
    /// number and as a text: nobody sees the difference who does not look for it.
    pub(super) fn twin(&self, text: &str) -> Option<String> {
        let numbers = text.split(|c: char| !c.is_ascii_digit()).filter_map(|it| it.parse().ok());
        let has_twin = |number: u64| match self.of(number) {
            Some(Name::Text(text)) => digits(text).filter(|number| self.has_seen(*number)),
            Some(Name::Word(_) | Name::Other(_)) => None,
            // Told before and after, by its name or as itself.
            None => Some(number).filter(|number| {
                self.has_seen(*number) && self.texts.contains_key(&number.to_string())
            }),
        };
        let number = numbers.into_iter().find_map(has_twin)?;
        Some(format!("the history has {number} as a number and \"{number}\" as a text"))
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

/// The number that a text says in the only way to write it.
fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|number: &u64| *number < FIRST && number.to_string() == text)
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
        tape.text("x");
        let mut names = Names::default();
        let numbers = [0, 1, 2, 3, 1].map(|place| names.number(tape.at(place)));
        assert_eq!(numbers[0], 7);
        assert_eq!(numbers[1], numbers[4]);
        assert_eq!(numbers.map(|number| names.name(number)), ["7", ":x", "-3", "\"x\"", ":x"]);
    }

    #[test]
    fn the_same_digits_as_a_number_and_as_a_text_are_told() {
        let mut tape = Tape::default();
        tape.int(4);
        tape.text("4");
        tape.text("5");
        let mut names = Names::default();
        let [number, text, lone] = [0, 1, 2].map(|place| names.number(tape.at(place)));
        let told = Some("the history has 4 as a number and \"4\" as a text".to_owned());
        assert_eq!(names.twin(&format!("read {text}")), told);
        assert_eq!(names.twin(&format!("read {number}")), told);
        assert_eq!(names.twin(&format!("read {lone}")), None);
        // JSON has only texts as keys.
        assert_eq!(names.number_of_key(tape.at(2)), lone);
        assert_eq!(Names::default().number_of_key(tape.at(2)), 5);
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
