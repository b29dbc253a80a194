//! Judges a history written as text: `cargo run -p zeroloss-checkers --example judge -- FILE`.
//! Exit code 0 if every law holds, 1 if one is broken, 2 for a file that is no history, 3 otherwise.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to a person")]

use checkers::{Bench, DEFAULT, Verdict, checkers, text};

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "/dev/stdin".to_owned());
    let read = std::fs::read_to_string(&path).map_err(|error| error.to_string());
    let text = read.and_then(|text| text::parse(&text).map_err(|error| error.to_string()));
    let text = text.unwrap_or_else(|error| {
        eprintln!("could not read history `{path}`: {error}");
        std::process::exit(2);
    });
    let names: Vec<String> = DEFAULT.iter().map(|name| (*name).to_owned()).collect();
    let mut code = 0;
    for judgement in Bench::new(checkers(&names).expect("the default laws")).judge(&text.history) {
        let (said, lines, weight) = match &judgement.verdict {
            Verdict::Holds(coverage) => (format!("{coverage} cases"), &[][..], 0),
            Verdict::Violated(evidence) => (evidence.summary.clone(), &evidence.lines[..], 1),
            Verdict::Unknown(why) => (why.clone(), &[][..], 3),
        };
        println!("{:20} {:9} {said}", judgement.name, judgement.verdict.word().to_uppercase());
        lines
            .iter()
            .for_each(|line| println!("    {:>9.3}s  {}", line.at_ns as f64 / 1e9, line.text));
        code = if code == 1 || weight == 0 { code } else { weight };
    }
    std::process::exit(code);
}
