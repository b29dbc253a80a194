//! How a file's beginning shows in which format it is written.
//!
//! A brace is EDN or JSON by what follows it, and the first object's fields say whose. Anything else
//! is lines, known by their shape. Where two formats could be meant, or none, it says so: a guess
//! could end in a verdict on something that the file does not say.

use super::{
    Format, columns,
    edn::{Scanner, Stop},
    json, limo,
    value::Tape,
};

/// How many lines of a kind are looked at.
const LINES_MAX: usize = 32;

/// Tells from a file's beginning how it is written: the more of it, the surer, and 64 KiB are
/// plenty. If it cannot, it says why and which formats there are.
pub fn recognise(sample: &[u8]) -> Result<Format, String> {
    let text = String::from_utf8_lossy(sample);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let found = match meaning(text).as_bytes().first() {
        None => Err("there is nothing in it".to_owned()),
        Some(b'{' | b'(') => braced(meaning(text)),
        // LiMo's threads stand in brackets too.
        Some(b'[') if !limo::looks_like(first_line(text)) => braced(meaning(text)),
        Some(b'#') if meaning(text).len() == text.trim_start().len() && is_tag(meaning(text)) => {
            Ok(Format::JepsenEdn)
        }
        Some(_) => lines(text),
    };
    found.map_err(|why| {
        format!("could not recognise the format: {why}; there are {}", Format::names())
    })
}

/// The object that a file's header names, where its format has one: `atomic-queue` in LiMo's
/// `# @object atomic-queue`, `stack` in fastlin's `# stack`.
pub fn heading(format: Format, sample: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(sample);
    let mut comments = text.lines().filter_map(|line| line.trim().strip_prefix('#')).map(str::trim);
    let named = match format {
        Format::Limo => comments.find_map(|comment| comment.strip_prefix("@object"))?,
        Format::Fastlin | Format::Fptlin => {
            comments.find(|comment| !comment.is_empty() && !comment.contains(char::is_whitespace))?
        }
        Format::Jsonl
        | Format::Text
        | Format::JepsenEdn
        | Format::JepsenText
        | Format::Console
        | Format::PorcupineKv
        | Format::Json
        | Format::S2 => return None,
    };
    Some(named.trim().to_ascii_lowercase())
}

/// The text from where it says something: past blank lines and EDN's comments.
fn meaning(text: &str) -> &str {
    let mut text = text.trim_start();
    while text.starts_with(';') {
        text = text.split_once('\n').map_or("", |(_, rest)| rest).trim_start();
    }
    text
}

/// The first line that is neither blank nor a heading or comment.
fn first_line(text: &str) -> &str {
    let is_told = |line: &&str| !line.is_empty() && !line.starts_with(['#', ';']);
    text.lines().map(str::trim).find(is_told).unwrap_or_default()
}

/// Whether EDN's tag stands here and not a heading.
fn is_tag(text: &str) -> bool {
    let tag = text[1..].find(['{', '[', '(']).map(|end| text[1..][..end].trim_end());
    tag.is_some_and(|tag| {
        tag.starts_with(|first: char| first.is_ascii_alphabetic())
            && !tag.contains(char::is_whitespace)
    }) || text.starts_with("#_")
}

/// What begins with a brace, a bracket or a parenthesis.
fn braced(text: &str) -> Result<Format, String> {
    let inner = meaning(text.trim_start_matches(['[', '(']));
    let mut chars = inner.strip_prefix('{').unwrap_or_default().trim_start().chars();
    match chars.next() {
        Some('"') => match behind_text(chars.as_str()) {
            Some(':') => of_json(inner),
            Some(_) => of_edn(inner),
            None => Err("its first object is cut within its first key".to_owned()),
        },
        Some(_) => of_edn(inner),
        None if inner.starts_with('#') => Ok(Format::JepsenEdn),
        None => Err(format!(
            "after its first brace or bracket an object was expected, which begins with `{{`, not {}",
            super::source::clip(inner)
        )),
    }
}

/// The first character behind a JSON text and blanks.
fn behind_text(text: &str) -> Option<char> {
    let end = text.char_indices().scan(false, |is_escaped, (place, c)| {
        let ends = c == '"' && !*is_escaped;
        *is_escaped = c == '\\' && !*is_escaped;
        Some((ends, place))
    });
    let (_, end) = end.into_iter().find(|(ends, _)| *ends)?;
    text[end + 1..].trim_start().chars().next()
}

fn of_edn(text: &str) -> Result<Format, String> {
    let mut tape = Tape::default();
    let first = match Scanner::new(text, false).value(&mut tape) {
        Ok(()) => tape.at(0),
        // The first operation is longer than the sample: only in EDN's name can it be read.
        Err(Stop::Ends) => return Ok(Format::JepsenEdn),
        Err(Stop::Wrong(wrong)) => return Err(wrong.what),
    };
    if first.get("type").is_nil() {
        return Err(format!("its first form has no `:type`: {}", super::source::clip(text)));
    }
    Ok(if first.get("key").is_nil() { Format::JepsenEdn } else { Format::PorcupineKv })
}

fn of_json(text: &str) -> Result<Format, String> {
    let Some(length) = json::object_length(text) else {
        return Err("its first object is longer than what was looked at, or cut".to_owned());
    };
    let mut tape = Tape::default();
    json::read_object(&text[..length], &mut tape).map_err(|(_, what)| what)?;
    let first = tape.at(0);
    let has = |name: &str| first.pairs().any(|(key, _)| key.as_str() == Some(name));
    let fits = [
        (Format::Json, has("type")),
        (Format::S2, has("event") && has("client_id")),
        (
            Format::Jsonl,
            first.len() == Some(1) && ["call", "mark", "note"].iter().any(|name| has(name)),
        ),
    ];
    only(&fits, text)
}

/// What is one thing to a line, by its first lines.
fn lines(text: &str) -> Result<Format, String> {
    // The last line may be cut, unless it is the only one.
    let whole = text.rfind('\n').map_or(text, |end| &text[..end]);
    let told = || {
        let lines = whole.lines().map(str::trim);
        lines.filter(|line| !line.is_empty() && !line.starts_with('#')).take(LINES_MAX)
    };
    let all = |looks: fn(&str) -> bool| told().next().is_some() && told().all(looks);
    let fits = [
        (Format::Text, all(is_ours)),
        (Format::JepsenText, all(columns::starts_like_one)),
        (Format::Fastlin, all(is_fastlin)),
        (Format::Fptlin, all(is_fptlin)),
        (Format::Limo, all(limo::looks_like)),
    ];
    match only(&fits, first_line(text)) {
        Ok(format) => Ok(format),
        Err(_) if whole.lines().any(|line| columns::logged(line).is_some()) => Ok(Format::Console),
        Err(why) => Err(why),
    }
}

/// The one format that fits.
fn only(fits: &[(Format, bool)], text: &str) -> Result<Format, String> {
    let mut fitting = fits.iter().filter(|(_, does)| *does).map(|(format, _)| *format);
    match (fitting.next(), fitting.next()) {
        (Some(format), None) => Ok(format),
        (Some(one), Some(other)) => Err(format!("it could be `{one}` and `{other}`")),
        (None, _) => Err(format!("it is none of them: {}", super::source::clip(text))),
    }
}

/// Our own text: `c1 produce p1 m1 @0.1..0.2 ok`, `-- draining @3.0`.
fn is_ours(line: &str) -> bool {
    let client = line.strip_prefix('c').and_then(|rest| rest.split_once(' '));
    let is_call = client.is_some_and(|(number, rest)| is_number(number) && rest.contains('@'));
    is_call || line.starts_with("-- ") || line == "---" || is_expectation(line)
}

/// What stands beneath the history in our own text: `zero_loss HOLDS`.
fn is_expectation(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.next().is_some_and(|name| name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        && words.next().is_some_and(|word| {
            ["holds", "violated", "unknown"].contains(&word.to_ascii_lowercase().as_str())
        })
}

fn is_fastlin(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words[..], [f, value, start, end]
        if is_method(f) && is_number(value.strip_prefix('-').unwrap_or(value))
            && is_number(start) && is_number(end))
}

fn is_fptlin(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words[..], [process, start, end, f, _, ..]
        if is_number(process) && is_number(start) && is_number(end) && is_method(f))
}

fn is_method(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

fn is_number(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}
