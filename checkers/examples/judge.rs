//! Judges a history of anyone's: `cargo run -p zeroloss-checkers --example judge -- FILE`. Exit code 0
//! if everything holds, 1 if something is broken, 2 for a file that is no history, 3 otherwise.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command talks to a person")]

use checkers::{Verdict, court};
use std::{fs::File, io::BufReader, process::exit};

fn main() {
    let path = std::env::args().nth(1).unwrap_or_else(|| "/dev/stdin".to_owned());
    let file = File::open(&path).map_err(|error| error.to_string());
    let ruling = file.and_then(|file| {
        let heard = court::hear(&mut BufReader::new(file), &court::Request::default());
        heard.map_err(|error| error.to_string())
    });
    let ruling = ruling.unwrap_or_else(|error| {
        eprintln!("could not judge `{path}`: {error}");
        exit(2);
    });
    for judgement in &ruling.judgements {
        println!("{:24} {}", judgement.name, judgement.verdict.word());
    }
    exit(match ruling.verdict() {
        Verdict::Holds(_) => 0,
        Verdict::Violated(evidence) => {
            evidence.lines.iter().for_each(|line| println!("    {}", line.text));
            1
        }
        Verdict::Unknown(_) => 3,
    });
}
