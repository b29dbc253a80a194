//! What leaves the process: the result on stdout, everything else on stderr.
//!
//! A reader that goes away early (`zeroloss list | head`) is no error: what it did not want is not
//! written, and the exit code stays what the runs made it. Nothing else in this crate prints, and
//! nothing leaves that would steer a terminal.

use reports::ExitCode;
use std::io::{self, IsTerminal, Write};

/// Why a command could not do its work: a sentence for people and a code for scripts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The exit code.
    pub(crate) code: ExitCode,
    /// A lowercase sentence: what could not be done, and where.
    pub(crate) message: String,
}

impl Failure {
    /// A person's mistake: a flag, a name, a scenario file.
    pub(crate) fn usage(message: impl Into<String>) -> Failure {
        Failure { code: ExitCode::Usage, message: message.into() }
    }

    /// Results that could not be written.
    pub(crate) fn unwritten(message: impl Into<String>) -> Failure {
        Failure { code: ExitCode::ResultsNotWritten, message: message.into() }
    }

    /// A bug of ours.
    pub(crate) fn harness(message: impl Into<String>) -> Failure {
        Failure { code: ExitCode::Harness, message: message.into() }
    }
}

/// Writes the result to stdout, with a newline at its end.
pub(crate) fn result(text: &str) -> Result<(), Failure> {
    let text = &*reports::tame(text, has_colour());
    let mut stdout = io::stdout().lock();
    let newline = if text.ends_with('\n') { "" } else { "\n" };
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.write_all(newline.as_bytes()))
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::unwritten(format!("could not write the result to stdout: {error}")))
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes a JSON document to stdout.
pub(crate) fn document(document: &serde_json::Value) -> Result<(), Failure> {
    result(&format!("{document:#}"))
}

/// Writes a line to stderr. If nobody listens there, nobody needs to know.
pub(crate) fn aside(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", reports::tame(text, false));
}

/// Whether stdout may be coloured: a terminal, and nobody asked for none.
pub(crate) fn has_colour() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    io::stdout().is_terminal() && !is_set("NO_COLOR")
}

/// Says on stderr what could not be done.
pub(crate) fn error(failure: &Failure) {
    // Several mistakes stand on a line each; what belongs to one of them is indented.
    for line in failure.message.lines() {
        let is_more = line.starts_with(' ');
        aside(&format!("{}{line}", if is_more { "" } else { "error: " }));
    }
}
