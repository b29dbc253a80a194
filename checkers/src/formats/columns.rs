//! Operations in columns: Jepsen's `history.txt`, and the logs of its tests.
//!
//! ```text
//! 2 :invoke :txn [[:r 7 nil]]
//! 2 :info :txn [[:r 7 nil]] :timeout
//! INFO  jepsen.util - 0 :invoke :write 4
//! INFO [2019-07-01 10:00:00,123] jepsen worker 3 - jepsen.util 3 :invoke :read nil
//! ```
//!
//! Process, type, name, value, and perhaps an error, with tabs or spaces between them. In a log an
//! operation stands behind the name of the namespace that logs it; every other line is skipped, and
//! counted. So are lines behind an error that is no EDN, as long as they look like nothing else:
//! errors are printed as they are, with the line breaks that they have. A last line without an end
//! may have been cut, and nothing in it would tell: an error.

use super::{
    FormatError, Happening, Read,
    edn::{Scanner, Stop},
    operation::{Clipped, Reader, kind},
    source::{Source, clip},
    value::{Tape, Value},
};

/// Who logs operations, in old and new versions of Jepsen.
const LOGGERS: [&str; 2] = ["jepsen.util", "jepsen.print"];

/// One line's values.
#[derive(Default)]
struct Row {
    values: Tape,
    /// The error, in a map under `error`, if there is one.
    aside: Tape,
    /// Whether that is no EDN, and may go on in the next lines.
    has_free_error: bool,
}

/// Reads `history.txt`.
pub(super) fn read(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let (mut row, mut reader) = (Row::default(), Reader::default());
    let (mut lines, mut skipped) = (0, 0);
    while let Some(line) = source.next_line()? {
        let wrong = |what| FormatError { line: line.number, what };
        if line.text.trim().is_empty() {
            continue;
        }
        lines += 1;
        line.must_be_whole()?;
        if row.has_free_error && goes_on(line.text) {
            skipped += 1;
            continue;
        }
        row.read(line.text).map_err(wrong)?;
        sink(&row.happening(line.number, &mut reader).map_err(wrong)?).map_err(wrong)?;
    }
    Ok(Read { lines, skipped })
}

/// Whether a line can be a part of the error before it: nothing in it is a type of an operation.
fn goes_on(line: &str) -> bool {
    let types = [":invoke", ":ok", ":fail", ":info"];
    let has_type = line.split_whitespace().any(|word| types.contains(&word));
    !has_type && !starts_like_one(line)
}

/// Reads a log.
pub(super) fn read_console(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let (mut row, mut reader) = (Row::default(), Reader::default());
    let (mut lines, mut skipped) = (0, 0);
    while let Some(line) = source.next_line()? {
        let wrong = |what| FormatError { line: line.number, what };
        if line.text.trim().is_empty() {
            continue;
        }
        lines += 1;
        line.must_be_whole()?;
        let Some(operation) = logged(line.text) else {
            skipped += 1;
            continue;
        };
        row.read(operation).map_err(wrong)?;
        sink(&row.happening(line.number, &mut reader).map_err(wrong)?).map_err(wrong)?;
    }
    Ok(Read { lines, skipped })
}

/// The operation that a line of a log tells of, if it tells of one.
pub(super) fn logged(line: &str) -> Option<&str> {
    LOGGERS.into_iter().find_map(|logger| {
        line.match_indices(logger).find_map(|(place, _)| {
            let behind = line[place + logger.len()..].trim_start();
            let behind = behind.strip_prefix(['-', ':']).filter(|behind| {
                // `:nemesis` is a process, `: 3` is not one.
                behind.starts_with([' ', '\t'])
            });
            let bare = line[place + logger.len()..].trim_start();
            let operation = behind.unwrap_or(bare).trim_start();
            starts_like_one(operation).then_some(operation)
        })
    })
}

/// Whether a process comes first and then a keyword.
pub(super) fn starts_like_one(line: &str) -> bool {
    let mut words = line.split_whitespace();
    let (first, second) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let is_number = !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit());
    (is_number || first == ":nemesis") && second.starts_with(':')
}

impl Row {
    /// Reads the columns of one line.
    fn read(&mut self, text: &str) -> Result<(), String> {
        self.values.clear();
        self.aside.clear();
        self.has_free_error = false;
        let row = self.values.open_seq();
        let mut scanner = Scanner::new(text, true);
        for column in ["a process", "a type such as `:invoke`", "a name", "a value"] {
            scanner.value(&mut self.values).map_err(|stop| match stop {
                Stop::Ends => format!("expected {column}, found the end of {}", clip(text)),
                Stop::Wrong(wrong) => wrong.what,
            })?;
        }
        self.values.close(row, 4);
        let error = scanner.rest().trim();
        if !error.is_empty() {
            self.keep_error(error);
        }
        Ok(())
    }

    /// Errors are printed as they are, and need not be EDN.
    fn keep_error(&mut self, error: &str) {
        let mut scanner = Scanner::new(error, true);
        let open = self.aside.open_map();
        self.aside.word("error");
        let is_value = scanner.value(&mut self.aside).is_ok() && scanner.rest().is_empty();
        if is_value {
            self.aside.close(open, 1);
            return;
        }
        self.has_free_error = true;
        self.aside.clear();
        let open = self.aside.open_map();
        self.aside.word("error");
        self.aside.text(error);
        self.aside.close(open, 1);
    }

    fn happening(&self, line: u64, reader: &mut Reader) -> Result<Happening<'_>, String> {
        let mut columns = self.values.at(0).items();
        let mut next = || columns.next().unwrap_or(Value::nil());
        let (process, word, f, value) = (next(), next(), next(), next());
        if process.as_int().is_none() && !process.is_word() {
            return Err(format!("expected a process, found {}", Clipped(process)));
        }
        let f = f.as_str().ok_or_else(|| format!("expected a name, found {}", Clipped(f)))?;
        let extra = if self.aside.is_empty() { Value::nil() } else { self.aside.at(0) };
        let (kind, process) = (kind(word)?, reader.process(Some(process))?);
        Ok(Happening { line, at_ns: None, process, kind, f, key: None, value, extra })
    }
}
