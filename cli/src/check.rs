//! `zeroloss check`: a history from anywhere, judged. Nothing runs and nothing is written; the
//! ruling goes to stdout.

use crate::{
    args::{self, Format},
    say::{self, Failure},
};
use checkers::{
    court::{self, FailedCas, Initial, Keys, Model, Nil, Permit, Request, Terms},
    formats,
    linearizability::Budget,
};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use reports::ExitCode;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal},
    path::{Path, PathBuf},
};

/// How much is read at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// A file of which it is worth telling how far it has been read.
const LONG_BYTES: u64 = 16 << 20;
/// What a folder of results calls its history, the likeliest first.
const NAMES: [&str; 4] = ["history.jsonl", "history.edn", "history.json", "history.txt"];

/// `zeroloss check`.
pub(crate) fn check(args: &args::Check, format: Format, quiet: bool) -> Result<ExitCode, Failure> {
    let request = request(args)?;
    let (name, mut input) = open(&args.history, quiet)?;
    let ruling = court::hear(&mut *input, &request)
        .map_err(|error| Failure::usage(format!("could not judge `{name}`: {error}")))?;
    match format {
        Format::Json => say::document(&reports::check_json(&name, &ruling))?,
        Format::Human => say::result(&reports::check_text(&name, &ruling, say::has_colour()))?,
    }
    Ok(reports::check_exit_code(&ruling))
}

/// What the flags say of a history.
fn request(args: &args::Check) -> Result<Request, Failure> {
    let format = args.from.as_deref().map(str::parse::<formats::Format>).transpose();
    let model = args.model.as_deref().map(Model::find).transpose();
    let permits = |names: &[String]| -> Result<Vec<Permit>, Failure> {
        names.iter().map(|name| Permit::find(name).map_err(Failure::usage)).collect()
    };
    let (permits, demands) = (permits(&args.permit)?, permits(&args.demand)?);
    if let Some(both) = permits.iter().find(|permit| demands.contains(permit)) {
        let name = both.name();
        return Err(Failure::usage(format!("`{name}` is both permitted and not permitted")));
    }
    let terms = Terms {
        nil: match args.nil {
            args::Nil::Absent => Nil::Absent,
            args::Nil::Unknown => Nil::Unknown,
        },
        failed_cas: args.failed_cas.map(|choice| match choice {
            args::FailedCas::Observed => FailedCas::Observed,
            args::FailedCas::Ignored => FailedCas::Ignored,
        }),
        initial: match args.initial {
            None => Initial::Nothing,
            Some(args::Initial::Value(value)) => Initial::Value(value),
            Some(args::Initial::Unknown) => Initial::Unknown,
        },
        keys: Keys {
            write_after_read: args.wfr_keys,
            sequential: args.sequential_keys,
            linearizable: args.linearizable_keys,
        },
        is_eventual: args.eventual,
        isolation: args.isolation.clone(),
        permits,
        demands,
        budget: Budget::of(args.steps.get(), args.memory_mib.get() << 20),
    };
    Ok(Request {
        format: format.map_err(Failure::usage)?,
        model: model.map_err(Failure::usage)?,
        terms,
    })
}

/// The history's name and bytes. A folder stands for the history in it, `-` for stdin.
fn open(path: &Path, quiet: bool) -> Result<(String, Box<dyn BufRead>), Failure> {
    if path == Path::new("-") {
        if io::stdin().is_terminal() && !quiet {
            say::aside("reading a history from stdin");
        }
        let input = BufReader::with_capacity(BUFFER_BYTES, io::stdin());
        return Ok(("-".to_owned(), Box::new(input)));
    }
    let unreadable = |path: &Path, why: &str| {
        Failure::usage(format!("could not read `{}`: {why}", path.display()))
    };
    let path = if path.is_dir() { inside(path)? } else { path.to_owned() };
    let file = File::open(&path).map_err(|error| unreadable(&path, &error.to_string()))?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let input = BufReader::with_capacity(BUFFER_BYTES, bar(bytes, quiet).wrap_read(file));
    Ok((path.display().to_string(), Box::new(input)))
}

/// How far a file has been read, on a terminal and if it takes a while.
fn bar(bytes: u64, quiet: bool) -> ProgressBar {
    if quiet || bytes < LONG_BYTES || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template("{percent:>3} % of {total_bytes} read, {elapsed}")
        .expect("the template is valid");
    ProgressBar::new(bytes).with_style(style).with_finish(ProgressFinish::AndClear)
}

/// The history in a folder of results.
fn inside(folder: &Path) -> Result<PathBuf, Failure> {
    let files = NAMES.iter().map(|name| folder.join(name));
    files.into_iter().find(|path| path.is_file()).ok_or_else(|| {
        Failure::usage(format!(
            "could not read `{}`: the folder has none of {}",
            folder.display(),
            NAMES.join(", ")
        ))
    })
}
