//! Cases that are measured one by one, each in a process of its own, so that one's memory is not
//! another's. The only place here that reads a real clock: nothing of it reaches a judge.

use std::{io::Write, process::Command, time::Instant};

/// Runs since it was made.
struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "a benchmark measures wall time")]
    fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// Whether this is a test of the benchmark, and not the benchmark: `cargo test` runs it too.
pub(crate) fn is_test() -> bool {
    !std::env::args().any(|argument| argument == "--bench")
}

/// Prepares an input, judges it, and prints one line: the case, what the judge said, how long it
/// took and how much memory the process ever held, input included.
pub(crate) fn case<I>(name: &str, prepare: impl FnOnce() -> I, judge: impl FnOnce(I) -> String) {
    let mut arguments = std::env::args().skip_while(|argument| argument != "--case");
    let wanted = arguments.nth(1);
    if wanted.as_deref().is_some_and(|wanted| wanted != name) {
        return;
    }
    if wanted.is_none() && !is_test() {
        let filter = std::env::args().skip(1).find(|argument| !argument.starts_with("--"));
        if filter.is_none_or(|filter| name.contains(&filter)) {
            let program = std::env::current_exe().expect("this program has a path");
            let run = Command::new(program).args(["--bench", "--case", name]).status();
            if !run.is_ok_and(|status| status.success()) {
                tell(&format!("{name:<44} did not end"));
            }
        }
        return;
    }
    let input = prepare();
    let watch = Stopwatch::start();
    let verdict = judge(input);
    let seconds = watch.seconds();
    let peak = peak_megabytes().map_or("?".to_owned(), |peak| peak.to_string());
    tell(&format!("{name:<44} {seconds:>9.3} s {peak:>6} MB  {verdict}"));
}

/// The most memory that this process ever held.
fn peak_megabytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1024)
}

fn tell(line: &str) {
    writeln!(std::io::stdout(), "{line}").expect("stdout takes a line");
}
