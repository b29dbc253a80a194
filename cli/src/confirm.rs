//! Every failure is run again before it is told: in a fresh process, where nothing that this process
//! did before can reach it. A failure that does not replay is no violation (DESIGN 7).
//!
//! The other process is this very binary with the hidden command `rerun`: a plan goes in as JSON,
//! trace hash and verdict come out. Only when the hashes differ are both runs made once more, with
//! every trace record kept, to name the first event that differs.

use crate::{
    args::Rerun,
    interrupt::Interrupt,
    say::{self, Failure},
    simulate::{Watch, simulate},
};
use reports::Replay;
use scenarios::Plan;
use serde::{Deserialize, Serialize};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Write},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

/// How often a waiting process looks whether it was interrupted.
const POLL: Duration = Duration::from_millis(5);

/// What a fresh process says of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Answer {
    /// It ran.
    Ran {
        /// Its trace hash.
        trace_hash: String,
    },
    /// The harness failed, and why.
    Failed(String),
}

/// Runs a plan in a fresh process and compares. `None` when an interruption came first; an error is
/// a bug of the harness.
pub(crate) fn confirm(
    plan: &Plan,
    trace_hash: &str,
    interrupt: &Interrupt,
) -> Result<Option<Replay>, String> {
    let Some(other) = rerun(plan, None, interrupt)? else { return Ok(None) };
    if other == trace_hash {
        return Ok(Some(Replay::Same));
    }
    let difference = match first_difference(plan, interrupt)? {
        Some(Some(difference)) => difference,
        Some(None) => "a second pass found no event that differs".to_owned(),
        None => return Ok(None),
    };
    let first_difference =
        format!("{difference} (trace hash {trace_hash} here, {other} in a fresh process)");
    Ok(Some(Replay::Different { first_difference }))
}

/// The trace hash of a plan in a fresh process; `None` when an interruption came first.
fn rerun(
    plan: &Plan,
    trace: Option<&Path>,
    interrupt: &Interrupt,
) -> Result<Option<String>, String> {
    let program = std::env::current_exe().map_err(|error| format!("find this binary: {error}"))?;
    let mut command = Command::new(program);
    command.arg("rerun").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    if let Some(trace) = trace {
        command.arg("--trace").arg(trace);
    }
    let mut child = command.spawn().map_err(|error| format!("start a fresh process: {error}"))?;
    let mut stdin = child.stdin.take().expect("stdin is piped");
    let plan = serde_json::to_vec(plan).expect("a plan is plain data");
    // A child that dies early closes the pipe; why it died is told by its answer, or by its end.
    let _ = stdin.write_all(&plan);
    drop(stdin);
    let status = loop {
        match child.try_wait().map_err(|error| format!("wait for a fresh process: {error}"))? {
            Some(_) if interrupt.is_set() => return Ok(None),
            Some(status) => break status,
            None if interrupt.is_set() => {
                let _ = child.kill();
                let _ = child.wait();
                return Ok(None);
            }
            None => thread::sleep(POLL),
        }
    };
    // The answer is one short line and fits the pipe, so nobody had to read while the child ran.
    let mut text = String::new();
    let mut stdout = child.stdout.take().expect("stdout is piped");
    stdout.read_to_string(&mut text).map_err(|error| format!("read a fresh process: {error}"))?;
    match serde_json::from_str(&text) {
        Ok(Answer::Ran { trace_hash }) => Ok(Some(trace_hash)),
        Ok(Answer::Failed(why)) => Err(format!("the re-run in a fresh process failed: {why}")),
        Err(_) => Err(format!("the re-run in a fresh process gave no answer ({status})")),
    }
}

/// Both runs once more with every record kept: the first that differs, in words. The outer `None`
/// is an interruption, the inner one means that no record differs.
fn first_difference(plan: &Plan, interrupt: &Interrupt) -> Result<Option<Option<String>>, String> {
    let file = tempfile::NamedTempFile::new().map_err(|error| format!("keep a trace: {error}"))?;
    if rerun(plan, Some(file.path()), interrupt)?.is_none() {
        return Ok(None);
    }
    let watch = Watch { keep_trace: true, cancelled: Some(interrupt.flag()), ..Watch::default() };
    let here = simulate(plan, &watch)?.trace;
    if interrupt.is_set() {
        return Ok(None);
    }
    let there = File::open(file.path()).map_err(|error| format!("read a trace: {error}"))?;
    compare(here.iter().map(|record| one_line(record)), BufReader::new(there))
        .map(Some)
        .map_err(|error| format!("read a trace: {error}"))
}

/// The first line that differs between two traces.
fn compare(
    mut here: impl Iterator<Item = String>,
    there: impl BufRead,
) -> io::Result<Option<String>> {
    let mut there = there.lines();
    for event in 1_u64.. {
        let (a, b) = (here.next(), there.next().transpose()?);
        if a.is_none() && b.is_none() {
            break;
        }
        if a != b {
            let [a, b] = [a, b].map(|line| line.unwrap_or_else(|| "nothing more".to_owned()));
            return Ok(Some(format!("event {event} is `{a}` here, `{b}` in a fresh process")));
        }
    }
    Ok(None)
}

/// A record as one line, whatever a node put into it.
fn one_line(record: &str) -> String {
    record.replace('\n', " ")
}

/// The hidden command: a plan on stdin, an [`Answer`] on stdout.
pub(crate) fn answer(rerun: &Rerun) -> Result<(), Failure> {
    let plan: Plan = serde_json::from_reader(io::stdin().lock())
        .map_err(|error| Failure::usage(format!("could not read a plan from stdin: {error}")))?;
    let watch = Watch { keep_trace: rerun.trace.is_some(), ..Watch::default() };
    let answer = match simulate(&plan, &watch) {
        Err(why) => Answer::Failed(why),
        Ok(simulated) => {
            if let Some(path) = &rerun.trace {
                write_trace(path, &simulated.trace).map_err(|error| {
                    Failure::unwritten(format!("could not write {}: {error}", path.display()))
                })?;
            }
            Answer::Ran { trace_hash: simulated.run.trace_hash }
        }
    };
    say::result(&serde_json::to_string(&answer).expect("an answer is plain data"))
}

fn write_trace(path: &Path, trace: &[String]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for line in trace {
        writeln!(file, "{}", one_line(line))?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(here: &[&str], there: &str) -> Option<String> {
        compare(here.iter().map(|record| one_line(record)), there.as_bytes())
            .expect("memory can be read")
    }

    #[test]
    fn equal_traces_do_not_differ() {
        assert_eq!(difference(&["send 1", "recv 1"], "send 1\nrecv 1\n"), None);
        assert_eq!(difference(&[], ""), None);
    }

    #[test]
    fn the_first_event_that_differs_is_named() {
        let text = difference(&["a", "b", "c"], "a\nx\ny\n").expect("they differ");
        assert_eq!(text, "event 2 is `b` here, `x` in a fresh process");
    }

    #[test]
    fn a_trace_that_ends_early_differs_there() {
        let text = difference(&["a", "b"], "a\n").expect("they differ");
        assert_eq!(text, "event 2 is `b` here, `nothing more` in a fresh process");
        let text = difference(&["a"], "a\nb\n").expect("they differ");
        assert_eq!(text, "event 2 is `nothing more` here, `b` in a fresh process");
    }
}
