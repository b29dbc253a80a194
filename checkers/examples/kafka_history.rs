//! Writes a Kafka-style history as Jepsen writes one, to measure with and to try `zeroloss check` on:
//! `cargo run --release -p zeroloss-checkers --example kafka_history -- OPERATIONS [lost|stale|phantom]`
//!
//! Ten processes and eight partitions; half of the operations send one message, half poll what comes
//! next, all of them overlapping. With a word, one thing goes wrong at nine tenths of the way: an
//! acknowledged message is skipped by everyone, an offset is shown twice, a stranger is read.

#![expect(clippy::print_stderr, reason = "a command talks to a person")]

use std::{
    collections::BTreeMap,
    io::{self, BufWriter, Write},
};

const PROCESSES: usize = 10;
const PARTITIONS: usize = 8;
const RECORDS_MAX: usize = 16;

/// One process between its call and its return.
enum Open {
    Idle,
    Send { partition: usize, value: u64 },
    Poll,
}

struct World<W: Write> {
    out: W,
    index: u64,
    dice: u64,
    logs: Vec<Vec<u64>>,
    positions: Vec<[usize; PARTITIONS]>,
    open: Vec<Open>,
    /// A partition and offset that nobody is shown.
    hole: Option<(usize, usize)>,
}

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let operations: u64 = words.next().and_then(|word| word.parse().ok()).unwrap_or(10_000);
    let wrong = words.next().unwrap_or_default();
    if !["", "lost", "stale", "phantom"].contains(&wrong.as_str()) {
        eprintln!("expected `lost`, `stale` or `phantom`, found `{wrong}`");
        std::process::exit(2);
    }
    let mut world = World {
        out: BufWriter::new(io::stdout().lock()),
        index: 0,
        dice: 0x9e37_79b9_7f4a_7c15,
        logs: vec![Vec::new(); PARTITIONS],
        positions: vec![[0; PARTITIONS]; PROCESSES],
        open: (0..PROCESSES).map(|_| Open::Idle).collect(),
        hole: None,
    };
    for process in 0..PROCESSES {
        let value = "[0 1 2 3 4 5 6 7]";
        world.line(process, "invoke", "assign", value)?;
        world.line(process, "ok", "assign", value)?;
    }
    let (mut called, mut next) = (0, 1);
    while called < operations || world.open.iter().any(|open| !matches!(open, Open::Idle)) {
        let process = world.draw(PROCESSES);
        match std::mem::replace(&mut world.open[process], Open::Idle) {
            Open::Idle if called < operations => {
                called += 1;
                world.call(process, &mut next)?;
            }
            Open::Idle => {}
            Open::Send { partition, value } => {
                let offset = world.logs[partition].len();
                world.logs[partition].push(value);
                let value = format!("[[:send {partition} [{offset} {value}]]]");
                world.line(process, "ok", "send", &value)?;
            }
            Open::Poll => {
                let is_time = called == operations - operations / 10;
                if wrong == "lost" && called >= operations - operations / 10 {
                    world.lose();
                }
                world.poll(process, if is_time { &wrong } else { "" })?;
            }
        }
    }
    world.out.flush()
}

impl<W: Write> World<W> {
    fn call(&mut self, process: usize, next: &mut u64) -> io::Result<()> {
        if self.draw(2) == 0 {
            self.open[process] = Open::Poll;
            return self.line(process, "invoke", "poll", "[[:poll]]");
        }
        let (partition, value) = (self.draw(PARTITIONS), *next);
        *next += 1;
        self.open[process] = Open::Send { partition, value };
        self.line(process, "invoke", "send", &format!("[[:send {partition} {value}]]"))
    }

    /// The last message of some partition that nobody has seen is never shown to anyone.
    fn lose(&mut self) {
        let unseen = |partition: &usize| {
            let end = self.logs[*partition].len();
            end > 0 && self.positions.iter().all(|positions| positions[*partition] < end)
        };
        if self.hole.is_none() {
            let partition = (0..PARTITIONS).find(unseen);
            self.hole = partition.map(|partition| (partition, self.logs[partition].len() - 1));
        }
    }

    fn poll(&mut self, process: usize, wrong: &str) -> io::Result<()> {
        let mut taken: BTreeMap<usize, Vec<(usize, u64)>> = BTreeMap::new();
        for partition in 0..PARTITIONS {
            let position = &mut self.positions[process][partition];
            if wrong == "stale" {
                *position = position.saturating_sub(1);
            }
            let log = &self.logs[partition];
            let end = log.len().min(*position + RECORDS_MAX);
            let shown = (*position..end).filter(|offset| self.hole != Some((partition, *offset)));
            let mut records: Vec<(usize, u64)> =
                shown.map(|offset| (offset, log[offset])).collect();
            if wrong == "phantom" {
                records.iter_mut().take(1).for_each(|record| record.1 = u64::MAX >> 2);
            }
            *position = end;
            if !records.is_empty() {
                taken.insert(partition, records);
            }
        }
        let mut value = String::from("[[:poll {");
        for (place, (partition, records)) in taken.iter().enumerate() {
            let comma = if place == 0 { "" } else { ", " };
            value.push_str(&format!("{comma}{partition} ["));
            for (place, (offset, message)) in records.iter().enumerate() {
                let space = if place == 0 { "" } else { " " };
                value.push_str(&format!("{space}[{offset} {message}]"));
            }
            value.push(']');
        }
        value.push_str("}]]");
        self.line(process, "ok", "poll", &value)
    }

    fn line(&mut self, process: usize, kind: &str, f: &str, value: &str) -> io::Result<()> {
        let (index, time) = (self.index, self.index * 50_000);
        self.index += 1;
        writeln!(
            self.out,
            "{{:index {index}, :time {time}, :type :{kind}, :process {process}, :f :{f}, \
             :value {value}}}"
        )
    }

    /// A number below `end`.
    fn draw(&mut self, end: usize) -> usize {
        self.dice ^= self.dice << 13;
        self.dice ^= self.dice >> 7;
        self.dice ^= self.dice << 17;
        (self.dice >> 33) as usize % end
    }
}
