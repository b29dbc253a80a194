//! How long a case takes and how much memory it needs, each case in a process of its own: memory
//! that one case frees is not given back to the system, so the next one would be told too little
//! or too much.
//!
//! A bench names its cases and says how to run each. Started by hand it starts itself again for
//! each case, with the case's name behind `--case`; the child runs the case and prints what it
//! took. Without `--bench` (that is how `cargo test` starts a bench) only the first cases run,
//! once and in this process, and nothing is measured.

use std::io::Write;
use std::time::Instant;

/// One case: a name, and what it does. It answers with a word, and how many seconds the part that
/// is to be measured took.
pub(crate) struct Case {
    /// What it is called, without blanks.
    pub(crate) name: String,
    /// Makes the input, measures, answers.
    pub(crate) run: Box<dyn Fn() -> Outcome>,
}

/// What became of a case.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    /// A verdict's word, or whatever tells one outcome from another.
    pub(crate) word: String,
    /// Wall time.
    pub(crate) seconds: f64,
    /// Time on a processor, which others on the machine disturb less; as wall time where the
    /// system does not tell.
    pub(crate) cpu_seconds: f64,
}

/// A case that makes an input and then measures what is done with it.
pub(crate) fn case<T: 'static>(
    name: impl Into<String>,
    make: impl Fn() -> T + 'static,
    judge: impl Fn(&T) -> String + 'static,
) -> Case {
    let run = move || {
        let input = make();
        let (since, cpu_since) = (now(), cpu_seconds());
        let word = judge(&input);
        let seconds = since.elapsed().as_secs_f64();
        let cpu = cpu_since.zip(cpu_seconds()).map(|(since, until)| until - since);
        Outcome { word, seconds, cpu_seconds: cpu.unwrap_or(seconds) }
    };
    Case { name: name.into(), run: Box::new(run) }
}

/// How long this process has been on a processor.
fn cpu_seconds() -> Option<f64> {
    let told = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanoseconds: u64 = told.split_whitespace().next()?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures wall time")]
fn now() -> Instant {
    Instant::now()
}

/// Runs the cases, or the one that the arguments name, and prints a line for each. A word without a
/// dash in front of it chooses the cases whose names hold it.
pub(crate) fn run(cases: &[Case]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "--case") {
        let name = arguments.get(place + 1).map_or("", String::as_str);
        let case = cases.iter().find(|case| case.name == name).expect("a case of this name");
        let Outcome { word, seconds, cpu_seconds } = (case.run)();
        say(&format!("{word} {seconds} {cpu_seconds} {}", peak_mb()));
        return;
    }
    if !arguments.iter().any(|argument| argument == "--bench") {
        if let Some(case) = cases.first() {
            say(&format!("{}: {}", case.name, (case.run)().word));
        }
        return;
    }
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    say(&format!(
        "{:<36} {:>14} {:>9} {:>9} {:>8}",
        "case", "answer", "wall s", "CPU s", "peak MB"
    ));
    for case in cases.iter().filter(|case| wanted.is_none_or(|word| case.name.contains(word))) {
        let [word, seconds, cpu, peak] = alone(&case.name);
        let [seconds, cpu] = [seconds, cpu].map(|told| told.parse::<f64>().expect("seconds"));
        say(&format!("{:<36} {word:>14} {seconds:>9.4} {cpu:>9.4} {peak:>8}", case.name));
    }
}

/// Runs one case in a process of its own: its word, seconds twice and peak memory.
fn alone(name: &str) -> [String; 4] {
    let program = std::env::current_exe().expect("a program knows its own path");
    let child = std::process::Command::new(program).args(["--case", name]).output();
    let output = child.expect("the case can be started");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = told.split_whitespace().map(str::to_owned);
    std::array::from_fn(|_| words.next().expect("a word, seconds and memory"))
}

/// The most memory that this process ever held, in MB; `?` where the system does not tell.
fn peak_mb() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.map_or("?".to_owned(), |kilobytes| (kilobytes / 1024).to_string())
}

fn say(text: &str) {
    writeln!(std::io::stdout(), "{text}").expect("stdout takes a line");
}
