//! What each sample says, and what no bytes may do.

mod malformed;
mod mutation;
mod samples;

use super::{Format, FormatError, Happening, Read, read};

/// Reads a text and shows each happening as one line.
fn tell(format: Format, text: &[u8]) -> (Vec<String>, Result<Read, FormatError>) {
    let mut told = Vec::new();
    let mut input = text;
    let result = read(format, &mut input, &mut |happening| {
        told.push(show(happening));
        Ok(())
    });
    (told, result)
}

/// `LINE[@TIME] PROCESS KIND NAME [KEY] VALUE [| EXTRA]`
fn show(happening: &Happening<'_>) -> String {
    let Happening { line, at_ns, process, kind, f, key, value, extra } = happening;
    let at = at_ns.map_or(String::new(), |at| format!("@{at}"));
    let process = process.map_or("-".to_owned(), |process| process.to_string());
    let key = key.map_or(String::new(), |key| format!(" {key}"));
    let extra = if extra.is_nil() { String::new() } else { format!(" | {extra}") };
    format!("{line}{at} {process} {kind:?} {f}{key} {value}{extra}")
}
