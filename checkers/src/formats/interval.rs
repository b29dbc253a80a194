//! Operations that are told as intervals, each by its start and its end: fastlin's and fptlin's.
//!
//! ```text
//! # queue                     # queue
//! enq 2 0 1                   0 1 5 ENQ 10
//! deq 2 2 3                   2 4 8 DEQ 10
//! ```
//!
//! Such files are read to their end and told again in order of time, calls before returns at equal
//! times: operations that touch are concurrent. fastlin's operations have no process; each gets the
//! first that is free, which adds no order that their times do not have. A method that takes
//! something out is called without a value, and -1 says that nothing was there.
//!
//! A last line without an end may have been cut within its last number, and nothing would tell: it is
//! refused, although some of their authors write none.

use super::{
    FormatError, Happening, Kind, Read,
    source::{Source, clip},
    value::{Tape, Value},
};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
};

/// How long a file may be that is kept as a whole: places on a tape have 32 bits.
const FILE_MAX: usize = 2 << 30;

/// One operation. Values are places on the tape.
struct Operation {
    line: u64,
    process: u64,
    f: usize,
    asked: usize,
    answered: usize,
    start: u64,
    /// None if nobody knows.
    end: Option<u64>,
}

/// What was read so far.
#[derive(Default)]
struct Intervals {
    operations: Vec<Operation>,
    tape: Tape,
    names: Vec<String>,
    ids: BTreeMap<String, usize>,
}

/// Reads fastlin's histories.
pub(super) fn read_fastlin(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let mut intervals = Intervals::default();
    each_line(source, &mut |line, words| {
        let [f, value, start, end] = words else {
            return Err("expected a method, a value, a start and an end".to_owned());
        };
        let (start, end) = (number(start)?, number(end)?);
        intervals.add(line, 0, f, &[value], start, end)
    })?;
    intervals.choose_processes();
    intervals.tell(false, sink)
}

/// Reads fptlin's histories.
pub(super) fn read_fptlin(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let mut intervals = Intervals::default();
    each_line(source, &mut |line, words| {
        let [process, start, end, f, values @ ..] = words else {
            return Err("expected a process, a start, an end, a method and a value".to_owned());
        };
        let (process, start, end) = (number(process)?, number(start)?, number(end)?);
        intervals.add(line, process, f, values, start, end)
    })?;
    intervals.tell(false, sink)
}

/// What is done with the words of a line and its number.
type EachLine<'e> = dyn FnMut(u64, &[&str]) -> Result<(), String> + 'e;

/// Shows the words of each line that is neither blank nor a heading.
fn each_line(source: &mut Source<'_>, each: &mut EachLine<'_>) -> Result<(), FormatError> {
    const WORDS_MAX: usize = 16;
    let mut length = 0;
    while let Some(line) = source.next_line()? {
        let text = line.text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        line.must_be_whole()?;
        length += text.len();
        let mut words = [""; WORDS_MAX];
        let mut count = 0;
        for word in text.split_whitespace() {
            count += 1;
            if let Some(place) = words.get_mut(count - 1) {
                *place = word;
            }
        }
        let told = match words.get(..count) {
            Some(words) => fits(length).and_then(|()| each(line.number, words)),
            None => Err(format!("expected at most {WORDS_MAX} words")),
        };
        told.map_err(|what| {
            let what = format!("{what}, found {}", clip(text));
            FormatError { line: line.number, what }
        })?;
    }
    Ok(())
}

fn fits(length: usize) -> Result<(), String> {
    if length <= FILE_MAX {
        return Ok(());
    }
    Err(format!("expected at most {} MiB of operations in order of no time", FILE_MAX >> 20))
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("expected a whole number instead of {}", clip(word)))
}

impl Intervals {
    fn add(
        &mut self,
        line: u64,
        process: u64,
        f: &str,
        values: &[&str],
        start: u64,
        end: u64,
    ) -> Result<(), String> {
        if !f.starts_with(|first: char| first.is_alphabetic()) {
            return Err("expected a method".to_owned());
        }
        let f = f.to_ascii_lowercase();
        let takes = ["deq", "pop", "poll", "peek"].iter().any(|taker| f.starts_with(taker));
        let mut numbers = Vec::with_capacity(values.len());
        for value in values {
            let number = value.parse::<i64>();
            numbers
                .push(number.map_err(|_| format!("expected a number instead of {}", clip(value)))?);
        }
        let answered = self.tape.len();
        match numbers[..] {
            [] => return Err("expected a value".to_owned()),
            [-1] if takes => self.tape.nil(),
            [number] => self.tape.int(number),
            [..] => {
                let open = self.tape.open_seq();
                numbers.iter().for_each(|number| self.tape.int(*number));
                self.tape.close(open, numbers.len());
            }
        }
        let asked = if takes { self.tape.copy(Value::nil()) } else { answered };
        let f = self.name(&f);
        self.push(Operation { line, process, f, asked, answered, start, end: Some(end) })
    }

    fn name(&mut self, f: &str) -> usize {
        if let Some(id) = self.ids.get(f) {
            return *id;
        }
        let id = self.names.len();
        self.names.push(f.to_owned());
        self.ids.insert(f.to_owned(), id);
        id
    }

    fn push(&mut self, operation: Operation) -> Result<(), String> {
        let start = operation.start;
        if let Some(end) = operation.end.filter(|end| *end < start) {
            return Err(format!("expected an end from {start} on, found {end}"));
        }
        self.operations.push(operation);
        Ok(())
    }

    /// All calls and returns in order.
    fn events(&self) -> Vec<(u64, bool, usize)> {
        let mut events = Vec::with_capacity(self.operations.len() * 2);
        for (place, operation) in self.operations.iter().enumerate() {
            events.push((operation.start, false, place));
            events.extend(operation.end.map(|end| (end, true, place)));
        }
        events.sort_unstable();
        events
    }

    /// Gives each operation the smallest process that is free when it starts.
    fn choose_processes(&mut self) {
        let mut free = BinaryHeap::new();
        let mut count = 0;
        for (_, is_return, place) in self.events() {
            let operation = &mut self.operations[place];
            if is_return {
                free.push(Reverse(operation.process));
                continue;
            }
            operation.process = free.pop().map_or(count, |Reverse(process)| process);
            count = count.max(operation.process + 1);
        }
    }

    /// Shows everything in order. `is_ns` says whether times are nanoseconds.
    fn tell(
        &self,
        is_ns: bool,
        sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
    ) -> Result<Read, FormatError> {
        let mut show = |operation: &Operation, kind, at: Option<u64>, value| {
            let told = sink(&Happening {
                line: operation.line,
                at_ns: at.filter(|_| is_ns),
                process: Some(operation.process),
                kind,
                f: &self.names[operation.f],
                key: None,
                value: self.tape.at(value),
                extra: Value::nil(),
            });
            told.map_err(|what| FormatError { line: operation.line, what })
        };
        for (time, is_return, place) in self.events() {
            let operation = &self.operations[place];
            let (kind, value) = match is_return {
                true => (Kind::Ok, operation.answered),
                false => (Kind::Invoke, operation.asked),
            };
            show(operation, kind, Some(time), value)?;
        }
        for operation in self.operations.iter().filter(|operation| operation.end.is_none()) {
            show(operation, Kind::Info, None, operation.answered)?;
        }
        Ok(Read { lines: self.operations.len() as u64, skipped: 0 })
    }
}
