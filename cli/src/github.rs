//! What GitHub's runner shows of a failing invocation: an annotation for each kind of failure and a
//! summary of the step, within the runner's limits. Elsewhere this does nothing.

use crate::say;
use reports::Report;
use std::{fs::OpenOptions, io::Write};

/// A step shows no more errors than this.
const ANNOTATIONS_MAX: usize = 10;
/// A longer message is cut by the runner.
const MESSAGE_BYTES_MAX: usize = 4_000;
/// A longer summary is refused by the runner.
const SUMMARY_BYTES_MAX: usize = 1 << 20;

/// Annotates the step, if this is one. Commands go to stderr: stdout is the result.
pub(crate) fn annotate(report: &Report, kinds: &[(String, String)]) {
    if std::env::var_os("GITHUB_ACTIONS").is_none_or(|value| value != "true") {
        return;
    }
    for (signature, line) in kinds.iter().take(ANNOTATIONS_MAX) {
        say::aside(&command(signature, line));
    }
    let Some(path) = std::env::var_os("GITHUB_STEP_SUMMARY") else { return };
    let text = summary(report, kinds);
    let file = OpenOptions::new().create(true).append(true).open(&path);
    if let Err(error) = file.and_then(|mut file| file.write_all(text.as_bytes())) {
        say::aside(&format!("could not write {}: {error}", path.to_string_lossy()));
    }
}

/// One annotation.
fn command(signature: &str, line: &str) -> String {
    let title = data(&format!("zeroloss {signature}")).replace(':', "%3A").replace(',', "%2C");
    format!("::error title={title}::{}", data(cut(line, MESSAGE_BYTES_MAX)))
}

/// Text as the runner reads it back.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn cut(text: &str, bytes_max: usize) -> &str {
    let end =
        text.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|at| *at <= bytes_max);
    &text[..end.last().unwrap_or(0)]
}

/// The page of the terminal, as a block of a Markdown file.
fn summary(report: &Report, kinds: &[(String, String)]) -> String {
    let page = reports::text(report, false).replace("```", "'''");
    let lines: Vec<String> =
        kinds.iter().map(|(_, line)| format!("- `{}`\n", line.replace('`', "'"))).collect();
    let head = format!("### zeroloss\n\n{}\n", lines.concat());
    let room = SUMMARY_BYTES_MAX.saturating_sub(head.len() + 64);
    format!("{}\n```text\n{}\n```\n", cut(&head, SUMMARY_BYTES_MAX / 2), cut(&page, room))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_annotation_is_one_line_whatever_it_says() {
        let told = command("zero:loss,x", "50% lost\nreplay");
        assert_eq!(told, "::error title=zeroloss zero%3Aloss%2Cx::50%25 lost%0Areplay");
    }

    #[test]
    fn what_is_too_long_is_cut_between_letters() {
        assert_eq!(cut("aéb", 2), "a");
        assert_eq!(cut("aéb", 3), "aé");
        assert_eq!(cut("", 3), "");
    }
}
