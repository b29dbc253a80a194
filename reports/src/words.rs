//! Numbers and strangers' strings as people read them.
//!
//! Whatever came from a message, a scenario or a panic passes [`clean`] before it reaches a terminal
//! or an XML file: a control character could recolour the page, move the cursor or end the document.

use checkers::{Counts, Drain};
use std::borrow::Cow;

/// `1204331` as `1,204,331`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Hundredths of a percent as `13.3 %`.
pub(crate) fn percent(hundredths: u64) -> String {
    let tenths = hundredths.div_ceil(10);
    format!("{}.{} %", tenths / 10, tenths % 10)
}

/// A count of what was read or missed, where it was measured.
pub(crate) fn measured(counts: &Counts, n: u64) -> String {
    counts.measured(n).map_or("not counted".to_owned(), count)
}

/// What is lost, and where: against what a drain read, or gone from every log before one.
pub(crate) fn lost(counts: &Counts) -> Option<String> {
    let lost = counts.measured(counts.lost)?;
    let mut places = Vec::new();
    if counts.drain != Drain::None {
        let of = [
            (counts.lost_head, "head"),
            (counts.lost_middle, "middle"),
            (counts.lost_tail, "tail"),
        ];
        places.extend(of.map(|(n, place)| format!("{} {place}", count(n))));
    }
    if counts.lost_gone > 0 {
        places.push(format!("{} gone from every log", count(counts.lost_gone)));
    }
    Some(format!("{} ({})", count(lost), places.join(", ")))
}

/// The same where there is room for a sign only.
pub(crate) fn measured_cell(counts: &Counts, n: u64) -> String {
    counts.measured(n).map_or("–".to_owned(), count)
}

/// Acknowledgements with a fault at work beside them, as a share of all.
pub(crate) fn overlap_words(overlap: checkers::Overlap) -> Option<String> {
    let checkers::Overlap { acknowledged, under_fault } = overlap;
    let (calls, under) = (count(acknowledged), count(under_fault));
    (acknowledged > 0).then(|| format!("{} ({under} of {calls} calls)", overlap_share(overlap)))
}

/// The share alone.
pub(crate) fn overlap_share(overlap: checkers::Overlap) -> String {
    match (overlap.under_fault * 1_000).checked_div(overlap.acknowledged) {
        Some(tenths) => format!("{}.{} %", tenths / 10, tenths % 10),
        None => "–".to_owned(),
    }
}

/// `1 run`, `2 runs`.
pub(crate) fn plural(n: u64, noun: &str) -> String {
    let ending = if n == 1 { "" } else { "s" };
    format!("{} {noun}{ending}", count(n))
}

/// World time as evidence shows it: `12.338s`.
pub(crate) fn seconds(at_ns: u64) -> String {
    format!("{}.{:03}s", at_ns / 1_000_000_000, at_ns / 1_000_000 % 1_000)
}

/// A length of time in the unit that fits it: `812 ms`, `41.2 s`, `4 h 2 min`.
pub(crate) fn span(ns: u64) -> String {
    let ms = ns / 1_000_000;
    let (seconds, minutes, hours) = (ms / 1_000, ms / 60_000, ms / 3_600_000);
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{seconds}.{} s", ms / 100 % 10),
        120_000..7_200_000 => format!("{minutes} min {} s", seconds % 60),
        _ => format!("{hours} h {} min", minutes % 60),
    }
}

/// [`span`], rounded up to the next millisecond: a recovery is never told better than it was.
pub(crate) fn span_up(ns: u64) -> String {
    span(ns.div_ceil(1_000_000).saturating_mul(1_000_000))
}

/// Milliseconds of wall time in the unit that fits them.
pub(crate) fn wall(ms: u64) -> String {
    span(ms.saturating_mul(1_000_000))
}

/// Seeds as a person would type them where they follow one another: `1..20`, `8812`, `3, 5, 9`.
pub(crate) fn seeds(seeds: &[u64]) -> String {
    let mut sorted = seeds.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    match sorted.as_slice() {
        [] => "none".to_owned(),
        [one] => one.to_string(),
        [first, .., last] if last - first == sorted.len() as u64 - 1 => format!("{first}..{last}"),
        [first, .., last] => format!("{} in {first}..{last}", sorted.len()),
    }
}

/// The string without anything that a terminal or an XML parser would act upon.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => out.push(' '),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.extend(c.escape_default()),
            c if steers(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// Whether a terminal acts upon it: controls, and overrides of the direction of text, which would
/// let a message rewrite the line around it.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// What may leave for a terminal: lines, and our own colours where there are any. Whatever came from
/// a file and would steer the terminal stands there as an escape, which JSON too reads as the same
/// character. Every output goes through here, whatever was done to its parts before.
pub fn tame(text: &str, has_colour: bool) -> Cow<'_, str> {
    if !text.chars().any(|c| c != '\n' && steers(c)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 64);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = colour_length(rest).filter(|_| has_colour);
        let (taken, behind) = rest.split_at(colour.unwrap_or(c.len_utf8()));
        match colour {
            None if c != '\n' && steers(c) => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            None | Some(_) => out.push_str(taken),
        }
        rest = behind;
    }
    Cow::Owned(out)
}

/// How long the colour is that begins here, if one does: `ESC [ digits and semicolons m`.
fn colour_length(text: &str) -> Option<usize> {
    let digits = text.strip_prefix("\u{1b}[")?;
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    digits[end..].starts_with('m').then_some(2 + end + 1)
}

/// A word as one types it to a shell: in quotes where the shell would take it apart, and never
/// anything that steers a terminal.
pub fn shell_word(word: &str) -> String {
    let word = clean(word);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:+=,@".contains(c);
    match word.chars().all(is_plain) && !word.is_empty() {
        true => word,
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// At most `width` characters; what is cut is shown as an ellipsis.
pub(crate) fn clip(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    text.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

/// Wraps at spaces; the first line begins with `first`, the others with `rest`. A word that is longer
/// than a line is cut hard.
pub(crate) fn wrap(text: &str, width: usize, first: &str, rest: &str) -> String {
    let mut lines = vec![first.to_owned()];
    let mut is_empty = true;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().expect("there is always a line");
            let space = usize::from(!is_empty);
            let room = width.saturating_sub(line.chars().count() + space);
            if word.len() <= room {
                line.extend((!is_empty).then_some(' '));
                line.extend(word);
                is_empty = false;
                break;
            }
            let tail =
                if is_empty { word.split_off(room.clamp(1, word.len())) } else { word.clone() };
            if is_empty {
                line.extend(word);
            }
            word = tail;
            lines.push(rest.to_owned());
            is_empty = true;
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_like_numbers() {
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
        assert_eq!(count(1_204_331), "1,204,331");
        assert_eq!(seconds(12_338_900_000), "12.338s");
        assert_eq!(span(812_000_000), "812 ms");
        assert_eq!(span(41_250_000_000), "41.2 s");
        assert_eq!(span(600_000_000_000), "10 min 0 s");
        assert_eq!(span(14_520_000_000_000), "4 h 2 min");
    }

    #[test]
    fn seeds_read_as_one_would_type_them() {
        assert_eq!(seeds(&[8812]), "8812");
        assert_eq!(seeds(&[3, 1, 2, 2]), "1..3");
        assert_eq!(seeds(&[1, 5, 9]), "3 in 1..9");
    }

    #[test]
    fn a_message_cannot_steer_the_terminal() {
        let told = clean("a\u{1b}[31mred\u{7}\r\nnext\u{202e}\u{9b}\u{ffff}");
        assert!(!told.chars().any(char::is_control), "{told:?}");
        assert_eq!(told, "a\\u{1b}[31mred\\u{7}\\r next\u{fffd}\\u{9b}\u{fffd}");
    }

    #[test]
    fn nothing_that_leaves_can_steer_the_terminal_but_our_own_colours() {
        let told = "a\u{1b}[1;31mb\u{1b}[0m\nc\u{1b}[2J\u{7}\u{9b}\u{202e}\r";
        let tamed = tame(told, true);
        assert_eq!(tamed, "a\u{1b}[1;31mb\u{1b}[0m\nc\\u001b[2J\\u0007\\u009b\\u202e\\u000d");
        let plain = tame(told, false);
        assert!(!plain.chars().any(|c| c != '\n' && steers(c)), "{plain:?}");
        assert_eq!(tame("plain\n", false), "plain\n");
        // JSON reads the same text from it.
        let json = format!("\"{}\"", tame("x\u{9b}y\u{7f}", false));
        assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), "x\u{9b}y\u{7f}");
    }

    #[test]
    fn wrapped_lines_never_pass_their_width_and_lose_no_word() {
        let long = "x".repeat(50);
        let text = format!("some words {long} and a few more words at the end of it");
        let wrapped = wrap(&text, 20, "  > ", "    ");
        assert!(wrapped.lines().all(|line| line.chars().count() <= 20), "{wrapped}");
        let squeezed = |text: &str| text.replace(['\n', ' ', '>'], "");
        assert_eq!(squeezed(&wrapped), squeezed(&text));
    }
}
