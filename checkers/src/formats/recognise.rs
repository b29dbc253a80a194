//! How a file's beginning shows in which format it is written.
//!
//! A brace is EDN or JSON by what follows it, and the first object's fields say whose. Anything else
//! is lines, known by their shape. Where two formats could be meant, or none, it says so: a guess
//! could end in a verdict on something that the file does not say.

use super::{
    Format, columns,
    edn::{Scanner, Stop},
    jepsen, json, limo, stranger,
    value::Tape,
};

/// How many lines of a kind are looked at.
const LINES_MAX: usize = 32;

/// Tells from a file's beginning how it is written: the more of it, the surer, and 64 KiB are
/// plenty. If it cannot, it says why and which formats there are. A file that is broken where it
/// begins is of the format that it would be, so that its reader can tell the line.
pub fn recognise(sample: &[u8]) -> Result<Format, String> {
    if let Some(what) = stranger::of_bytes(sample) {
        return Err(format!("could not recognise the format: {what}"));
    }
    let text = String::from_utf8_lossy(sample);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let found = match meaning(text).as_bytes().first() {
        None => Err("there is nothing in it".to_owned()),
        Some(b'{' | b'(') => braced(meaning(text)),
        // LiMo's threads stand in brackets too.
        Some(b'[') if !are_most(text, limo::looks_like) => braced(meaning(text)),
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
        Format::Fastlin | Format::Fptlin => comments
            .find(|comment| !comment.is_empty() && !comment.contains(char::is_whitespace))?,
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

/// The first line that is neither blank nor a heading or comment, and its number.
fn first_line(text: &str) -> (u64, &str) {
    let is_told = |(_, line): &(u64, &str)| !line.is_empty() && !line.starts_with(['#', ';']);
    (1..).zip(text.lines().map(str::trim)).find(is_told).unwrap_or_default()
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
    let nested = text[1..].trim_start();
    let mut chars = inner.strip_prefix('{').unwrap_or_default().trim_start().chars();
    match chars.next() {
        Some('"') => match behind_text(chars.as_str()) {
            Some(':') => of_json(inner),
            Some(_) => of_edn(inner),
            None => Err("its first object is cut within its first key".to_owned()),
        },
        Some(_) => of_edn(inner),
        None if [text, nested].map(jepsen::is_vector).contains(&Some(true)) => {
            Ok(Format::JepsenEdn)
        }
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
        // The first form is longer than the sample, or broken: only in EDN's name can it be read.
        Err(Stop::Ends | Stop::Wrong(_)) if !text.contains(":type") && text.contains(":valid?") => {
            return Err(stranger::RESULTS.to_owned());
        }
        Err(Stop::Ends | Stop::Wrong(_)) => return Ok(Format::JepsenEdn),
    };
    if first.get("type").is_nil() {
        return Err(match first.get("valid?").is_nil() {
            true => format!("its first form has no `:type`: {}", super::source::clip(text)),
            false => stranger::RESULTS.to_owned(),
        });
    }
    Ok(if first.get("key").is_nil() { Format::JepsenEdn } else { Format::PorcupineKv })
}

fn of_json(text: &str) -> Result<Format, String> {
    let mut tape = Tape::default();
    let whole = json::object_length(text).map(|length| &text[..length]);
    if whole.is_none_or(|object| json::read_object(object, &mut tape).is_err()) {
        return Ok(broken_json(text));
    }
    let first = tape.at(0);
    let has = |name: &str| first.pairs().any(|(key, _)| key.as_str() == Some(name));
    if let Some(what) = stranger::of_json(has) {
        return Err(what.to_owned());
    }
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

/// What a first object would be that is broken, or longer than what was looked at.
fn broken_json(text: &str) -> Format {
    let first = text.lines().next().unwrap_or_default();
    let begins = |name: &str| first[1..].trim_start().starts_with(name);
    if ["\"call\"", "\"mark\"", "\"note\""].iter().any(|name| begins(name)) {
        Format::Jsonl
    } else if first.contains("\"event\"") && !first.contains("\"type\"") {
        Format::S2
    } else {
        Format::Json
    }
}

/// What is one thing to a line, by its first lines.
fn lines(text: &str) -> Result<Format, String> {
    let fits = [
        (Format::Text, are_most(text, is_ours)),
        (Format::JepsenText, are_most(text, columns::starts_like_one)),
        (Format::Fastlin, are_most(text, is_fastlin)),
        (Format::Fptlin, are_most(text, is_fptlin)),
        (Format::Limo, are_most(text, limo::looks_like)),
    ];
    if fits.iter().all(|(_, does)| !does) {
        if whole(text).lines().any(|line| columns::logged(line).is_some()) {
            return Ok(Format::Console);
        }
        let (number, line) = first_line(text);
        return Err(format!("line {number} is none of them: {}", super::source::clip(line)));
    }
    only(&fits, first_line(text).1)
}

/// All lines but the last, which may be cut, unless it is the only one.
fn whole(text: &str) -> &str {
    text.rfind('\n').map_or(text, |end| &text[..end])
}

/// Whether most of the first lines look so: the format's reader tells of the others, each with its
/// line.
fn are_most(text: &str, looks: fn(&str) -> bool) -> bool {
    let lines = whole(text).lines().map(str::trim);
    let told = lines.filter(|line| !line.is_empty() && !line.starts_with('#')).take(LINES_MAX);
    let (fitting, all) =
        told.fold((0, 0), |(fitting, all), line| (fitting + usize::from(looks(line)), all + 1));
    fitting > 0 && fitting * 2 >= all
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
