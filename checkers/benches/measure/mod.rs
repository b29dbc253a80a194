//! One case of a benchmark in a process of its own, so that its peak of memory is its own: wall
//! time and `VmHWM` of each, as one line. The only place here that reads a real clock.

use std::{io::Write, process::Command, time::Instant};

/// Runs each named case in a child process; in the child, runs the one that it was given.
///
/// `cargo test` builds and runs benchmarks as well: then only the first case runs, and no child.
pub(crate) fn case(names: &[String], run: impl Fn(&str) -> String) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().position(|argument| argument == "--case") {
        Some(place) => measure(arguments.get(place + 1).expect("a case after --case"), run),
        None if arguments.iter().any(|argument| argument == "--bench") => {
            let wanted = arguments.iter().find(|argument| !argument.starts_with("--"));
            for name in names.iter().filter(|name| wanted.is_none_or(|part| name.contains(part))) {
                let this = std::env::current_exe().expect("the path of this benchmark");
                let status = Command::new(this).args(["--case", name]).status();
                assert!(status.expect("a child process").success(), "{name} failed");
            }
        }
        None => measure(&names[0], run),
    }
}

/// What came of it, and the seconds it took.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures wall time")]
pub(crate) fn timed<T>(run: impl FnOnce() -> T) -> (T, f64) {
    let start = Instant::now();
    let value = run();
    (value, start.elapsed().as_secs_f64())
}

fn measure(name: &str, run: impl Fn(&str) -> String) {
    let (said, seconds) = timed(|| run(name));
    let megabytes = peak_bytes() / 1_000_000;
    writeln!(std::io::stdout(), "{name:<44} {seconds:>9.3} s {megabytes:>6} MB  {said}")
        .expect("stdout takes a line");
}

/// The most memory that this process ever held; 0 where the system does not say.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kilobytes.and_then(|kilobytes| kilobytes.trim().parse::<u64>().ok()).unwrap_or(0) * 1024
}
