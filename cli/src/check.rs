//! `zeroloss check`: a history from anywhere, judged. Nothing runs and nothing is written; the
//! ruling goes to stdout.

use crate::{
    args::{self, Format},
    packed::unpacked,
    record,
    say::{self, Failure},
};
use checkers::{
    court::{self, Choices, FailedCas, Initial, Keys, Model, Nil, Permit, Request},
    formats,
    linearizability::Stop,
};
use indicatif::{ProgressBar, ProgressFinish, ProgressStyle};
use reports::ExitCode;
use std::{
    fs::File,
    io::{self, BufRead, BufReader, IsTerminal},
    num::NonZeroU64,
    path::{Path, PathBuf},
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// How much is read at once.
const BUFFER_BYTES: usize = 256 * 1024;
/// A file of which it is worth telling how far it has been read.
const LONG_BYTES: u64 = 16 << 20;
/// What a folder of results calls its history, the likeliest first.
const NAMES: [&str; 4] = ["history.jsonl", "history.edn", "history.json", "history.txt"];
/// What is put behind such a name if the file is compressed.
const PACKED: [&str; 3] = ["", ".gz", ".zst"];

/// `zeroloss check`.
pub(crate) fn check(args: &args::Check, format: Format, quiet: bool) -> Result<ExitCode, Failure> {
    let request = request(args)?;
    let (name, mut input) = open(&args.history, quiet)?;
    let ruling = in_time(args.timeout, || court::hear(&mut *input, &request))
        .map_err(|error| Failure::usage(format!("could not judge `{name}`: {error}")))?;
    let broken = record::broken_laws(&args.history);
    match format {
        Format::Json => say::document(&reports::check_json(&name, &ruling, &broken))?,
        Format::Human => {
            say::result(&reports::check_text(&name, &ruling, &broken, say::has_colour()))?;
        }
    }
    Ok(reports::check_exit_code(&ruling, &broken))
}

/// Whether the time that was given is over.
static IS_OVER: AtomicBool = AtomicBool::new(false);

/// Does something; once so many seconds are over, searches in it are told to stop.
fn in_time<T>(seconds: Option<NonZeroU64>, work: impl FnOnce() -> T) -> T {
    thread::scope(|scope| {
        let (done, is_done) = mpsc::channel::<()>();
        if let Some(seconds) = seconds {
            scope.spawn(move || {
                let waited = is_done.recv_timeout(Duration::from_secs(seconds.get()));
                IS_OVER.store(waited == Err(RecvTimeoutError::Timeout), Ordering::Relaxed);
            });
        }
        let told = work();
        drop(done);
        told
    })
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
    let terms = Choices {
        nil: args.nil.map(|choice| match choice {
            args::Nil::Absent => Nil::Absent,
            args::Nil::Unknown => Nil::Unknown,
        }),
        failed_cas: args.failed_cas.map(|choice| match choice {
            args::FailedCas::Observed => FailedCas::Observed,
            args::FailedCas::Ignored => FailedCas::Ignored,
        }),
        initial: args.initial.map(|choice| match choice {
            args::Initial::Value(value) => Initial::Value(value),
            args::Initial::Unknown => Initial::Unknown,
        }),
        keys: Keys {
            write_after_read: args.wfr_keys,
            sequential: args.sequential_keys,
            linearizable: args.linearizable_keys,
        },
        is_eventual: args.eventual,
        isolation: args.isolation.clone(),
        permits,
        demands,
        steps: args.steps.map(std::num::NonZeroU64::get),
        bytes: args.memory_mib.map(|mib| mib.get().saturating_mul(1 << 20)),
        stop: args.timeout.map(|_| Stop::when(&IS_OVER)),
    };
    Ok(Request {
        format: format.map_err(Failure::usage)?,
        model: model.map_err(Failure::usage)?,
        renames: renames(&args.rename)?,
        is_keyed: args.keys.map(|keys| match keys {
            args::Keys::First => true,
            args::Keys::None => false,
        }),
        terms,
    })
}

/// What operations are called, and what is meant by it.
fn renames(pairs: &[String]) -> Result<Vec<(String, String)>, Failure> {
    let halves = pairs.iter().map(|pair| match pair.split_once('=') {
        Some((from, to)) if !from.is_empty() && !to.is_empty() => {
            Ok((from.to_owned(), to.to_owned()))
        }
        Some(_) | None => Err(Failure::usage(format!(
            "--rename expects name=meant, such as add=enqueue: `{pair}`"
        ))),
    });
    halves.collect()
}

/// The history's name and bytes. A folder stands for the history in it, `-` for stdin.
fn open(path: &Path, quiet: bool) -> Result<(String, Box<dyn BufRead>), Failure> {
    if path == Path::new("-") {
        if io::stdin().is_terminal() && !quiet {
            say::aside("reading a history from stdin");
        }
        let input = unpacked(BufReader::with_capacity(BUFFER_BYTES, io::stdin()))
            .map_err(|error| Failure::usage(format!("could not read stdin: {error}")))?;
        return Ok(("-".to_owned(), input));
    }
    let unreadable = |path: &Path, why: &str| {
        Failure::usage(format!("could not read `{}`: {why}", path.display()))
    };
    let path = if path.is_dir() { inside(path)? } else { path.to_owned() };
    let file = File::open(&path).map_err(|error| unreadable(&path, &error.to_string()))?;
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let input = BufReader::with_capacity(BUFFER_BYTES, bar(bytes, quiet).wrap_read(file));
    let input = unpacked(input).map_err(|error| unreadable(&path, &error.to_string()))?;
    Ok((path.display().to_string(), input))
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
    let names = NAMES.iter().flat_map(|name| PACKED.map(|ending| format!("{name}{ending}")));
    let mut files = names.map(|name| folder.join(name));
    files.find(|path| path.is_file()).ok_or_else(|| {
        Failure::usage(format!(
            "could not read `{}`: the folder has none of {} (nor with .gz or .zst)",
            folder.display(),
            NAMES.join(", ")
        ))
    })
}
