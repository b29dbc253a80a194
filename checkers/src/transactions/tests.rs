//! The smallest histories of each anomaly, in the words of Elle's own tests, and a brute force that
//! the judges are compared with.

mod brute;
mod lists;
mod registers;
mod twins;

use super::{Fate, Names, Numbers, Step, Transaction, TransactionsRuling};
use crate::{history::Stamp, linearizability::Budget, verdict::Verdict};

pub(super) const AMPLE: Budget = Budget::of(10_000_000, 1 << 30);

/// Keys that are letters.
pub(super) struct Letters;

impl Names for Letters {
    fn key(&self, key: u64) -> String {
        char::from(key as u8).to_string()
    }

    fn value(&self, value: u64) -> String {
        value.to_string()
    }
}

/// A history, one transaction a line: `PROCESS[@CALLED-RETURNED] ok|fail|unknown: STEPS`. Without
/// times all overlap. `ax1` appends 1 to x, `rx12` reads x as 1 2, `rx` as empty, `rx?` does not
/// say; for registers, `wx1` writes, `rx1` reads 1 and `rx_` reads nil.
fn history(text: &str, is_register: bool) -> Vec<Transaction> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let parse = |(number, line): (u64, &str)| {
        let (head, steps) = line.split_once(':').expect("steps after a colon");
        let (who, fate) = head.split_once(' ').expect("a process and a fate");
        let (process, times) = who.split_once('@').unwrap_or((who, ""));
        let at = |ordinal: u64| Stamp { ordinal, at_ns: ordinal * 1_000_000 };
        let (called, returned) = match times.split_once('-') {
            Some((called, returned)) => (
                at(called.parse().expect("a time")),
                (!returned.is_empty()).then(|| at(returned.parse().expect("a time"))),
            ),
            None => (at(number), Some(at(number + 1000))),
        };
        let fate = match fate {
            "ok" => Fate::Committed,
            "fail" => Fate::Aborted,
            "unknown" => Fate::Unknown,
            other => panic!("no fate: {other}"),
        };
        let steps = steps.split_whitespace().map(|step| parse_step(step, is_register)).collect();
        Transaction { process: process.parse().expect("a process"), called, returned, fate, steps }
    };
    (0..).zip(lines).map(parse).collect()
}

fn parse_step(text: &str, is_register: bool) -> Step {
    let key = u64::from(text.as_bytes()[1]);
    let rest = &text[2..];
    let number = || rest.parse().expect("a value");
    match (text.as_bytes()[0], rest) {
        (b'a', _) => Step::Append { key, value: number() },
        (b'w', _) => Step::Write { key, value: number() },
        (b'r', "?") if is_register => Step::Read { key, value: None },
        (b'r', "_") if is_register => Step::Read { key, value: Some(None) },
        (b'r', _) if is_register => Step::Read { key, value: Some(Some(number())) },
        (b'r', "?") => Step::ReadList { key, values: None },
        (b'r', digits) => {
            let values = digits.bytes().map(|digit| u64::from(digit - b'0')).collect();
            Step::ReadList { key, values: Some(values) }
        }
        (other, _) => panic!("no step: {other}"),
    }
}

pub(super) fn lists(text: &str) -> Vec<Transaction> {
    history(text, false)
}

pub(super) fn registers(text: &str) -> Vec<Transaction> {
    history(text, true)
}

/// The names of everything found, worst first.
fn found(ruling: &TransactionsRuling) -> Vec<&'static str> {
    ruling.found.iter().map(|(anomaly, _)| anomaly.name()).collect()
}

/// The evidence as people see it.
fn told(ruling: &TransactionsRuling) -> String {
    let Verdict::Violated(evidence) = &ruling.verdict else {
        panic!("expected a violation: {ruling:?}")
    };
    let lines = evidence
        .lines
        .iter()
        .map(|line| format!("\n  {} ms  {}", line.at_ns / 1_000_000, line.text));
    format!("{}{}", evidence.summary, lines.collect::<String>())
}
