//! The general search at size: a compare-and-set register of five values, a log, and writes that
//! never returned; clean and with one impossible answer planted at nine tenths of the way.
//!
//! `cargo bench -p zeroloss-checkers --bench engine [part of a case's name]`. With the feature
//! `porcupine` the same histories go through that crate, where its memory allows. With
//! `PORCUPINE_LOGS=porcupine/test_data/jepsen` its logs of etcd are read and judged as well.

mod measure;

use checkers::{
    Stamp,
    court::{Choices, FailedCas, Model as Meaning, Request, hear},
    linearizability::{
        Answer, Budget, Operation,
        engine::{Model, check},
        models,
        objects::{Log, Register},
    },
};
use measure::Case;

/// Enough for every case that ends, and an end for those that do not.
const BUDGET: Budget = Budget::of(1_500_000_000, 2_000_000_000);
const VALUES: u64 = 5;

/// A small generator of random numbers (Marsaglia's xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// What one client is at.
#[derive(Clone, Copy)]
enum Client {
    Idle,
    Asked(usize),
    Done(usize),
}

/// Clients that are always busy, so that two thirds of them are in flight; `happen` says what the
/// object does when an operation takes effect.
fn history<D>(
    dice: &mut Dice,
    clients: u64,
    operations: usize,
    placeholder: impl Fn() -> D,
    mut happen: impl FnMut(&mut Dice) -> D,
) -> Vec<Operation<D>> {
    let mut all: Vec<Operation<D>> = Vec::with_capacity(operations);
    let mut at = vec![Client::Idle; clients as usize];
    let mut busy = 0;
    let mut ordinal = 0;
    while all.len() < operations || busy > 0 {
        let process = dice.below(clients);
        ordinal += 1;
        let now = Stamp { ordinal, at_ns: ordinal * 1_000 };
        let client = &mut at[process as usize];
        *client = match *client {
            Client::Idle if all.len() == operations => Client::Idle,
            Client::Idle => {
                busy += 1;
                let deed = placeholder();
                all.push(Operation { process, called: now, returned: None, deed });
                Client::Asked(all.len() - 1)
            }
            Client::Asked(number) => {
                all[number].deed = happen(dice);
                Client::Done(number)
            }
            Client::Done(number) => {
                busy -= 1;
                all[number].returned = Some(now);
                Client::Idle
            }
        };
    }
    all
}

/// A register that is read, written and compared-and-set, a third each; then so many writes that
/// never returned, from the start on.
fn cas(
    clients: u64,
    operations: usize,
    pending: u64,
    is_planted: bool,
) -> Vec<Operation<Register>> {
    let mut dice = Dice(0x2545_f491_4f6c_dd1d);
    let mut held = None;
    let happen = |dice: &mut Dice| match dice.below(3) {
        0 => Register::Read(held),
        1 => {
            held = Some(dice.below(VALUES));
            Register::Write(held.unwrap_or_default())
        }
        _ => {
            let (from, to) = (dice.below(VALUES), dice.below(VALUES));
            let succeeded = held == Some(from);
            held = if succeeded { Some(to) } else { held };
            Register::Cas { from, to, succeeded: Some(succeeded) }
        }
    };
    let mut all = history(&mut dice, clients, operations, || Register::Read(None), happen);
    if is_planted {
        let read =
            all[operations * 9 / 10..].iter_mut().find_map(|operation| match operation.deed {
                Register::Read(_) => Some(&mut operation.deed),
                Register::Write(_) | Register::Cas { .. } => None,
            });
        *read.expect("a read") = Register::Read(Some(VALUES));
    }
    let open = (0..pending).map(|number| Operation {
        process: clients + number,
        called: Stamp { ordinal: 0, at_ns: 0 },
        returned: None,
        deed: Register::Write(number % VALUES),
    });
    all.splice(0..0, open);
    all
}

/// A log that is appended to half of the time and else read or measured.
fn log(clients: u64, operations: usize, is_planted: bool) -> Vec<Operation<Log>> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut length = 0u64;
    let happen = |dice: &mut Dice| match dice.below(4) {
        0 | 1 => {
            length += 1;
            Log::Append(vec![length * 7], Some(length - 1))
        }
        2 => Log::Tail(length),
        _ => {
            let from = length.saturating_sub(1 + dice.below(2));
            let values = (from..length).map(|offset| (offset + 1) * 7).collect();
            Log::Read { from, values, is_end: true }
        }
    };
    let mut all = history(&mut dice, clients, operations, || Log::Tail(0), happen);
    if is_planted {
        let tail =
            all[operations * 9 / 10..].iter_mut().find_map(|operation| match operation.deed {
                Log::Tail(ref mut length) => Some(length),
                Log::Append(..) | Log::AppendAt { .. } | Log::Read { .. } => None,
            });
        let tail = tail.expect("a tail");
        *tail = tail.saturating_sub(clients * 3);
    }
    all
}

fn search<M: Model + 'static>(
    name: String,
    model: M,
    operations: impl Fn() -> Vec<Operation<M::Deed>> + 'static,
    budget: Budget,
) -> Case
where
    M::Deed: 'static,
{
    measure::case(name, operations, move |operations| match check(&model, operations, budget) {
        Answer::Linearizable(_) => "linearizable".to_owned(),
        Answer::Impossible(impossible) => format!("impossible_{}", impossible.operations.len()),
        Answer::Exhausted(_) => "exhausted".to_owned(),
    })
}

/// The same history through `porcupine-rs`, as long as it can hold its bits: it keeps one for each
/// operation in every configuration.
#[cfg(feature = "porcupine")]
fn other(clients: u64, operations: usize, is_planted: bool) -> Case {
    use checkers::linearizability::second_opinion::{Limits, Opinion, ask};
    let limits = Limits { operations: 20_000, pending: 0, steps: 20_000_000 };
    let name = format!("porcupine-rs:{}", title("cas", clients, operations, is_planted));
    let make = move || cas(clients, operations, 0, is_planted);
    measure::case(name, make, move |operations| {
        match ask(&models::Register::default(), operations, limits) {
            Opinion::Linearizable => "linearizable".to_owned(),
            Opinion::Impossible => "impossible".to_owned(),
            Opinion::Unknown(_) => "skipped".to_owned(),
        }
    })
}

fn title(object: &str, clients: u64, operations: usize, is_planted: bool) -> String {
    let kind = if is_planted { "planted" } else { "clean" };
    format!("{object}/{clients}/{operations}/{kind}")
}

fn main() {
    let mut cases = Vec::new();
    for operations in [1_000, 10_000, 100_000, 1_000_000] {
        for clients in [10, 30, 100] {
            for is_planted in [false, true] {
                // A hundred clients on one register are beyond every search.
                let steps = if clients > 10 { 200_000_000 } else { BUDGET.steps };
                let budget = Budget { steps, ..BUDGET };
                let name = title("cas", clients, operations, is_planted);
                let make = move || cas(clients, operations, 0, is_planted);
                cases.push(search(name, models::Register::default(), make, budget));
                #[cfg(feature = "porcupine")]
                if clients == 10 {
                    cases.push(other(clients, operations, is_planted));
                }
                let name = title("log", clients, operations, is_planted);
                let make = move || log(clients, operations, is_planted);
                cases.push(search(name, models::Log::default(), make, budget));
            }
        }
    }
    for pending in [0, 8, 16, 24, 32] {
        let name = format!("cas/3/1000/planted+{pending}pending");
        let make = move || cas(3, 1_000, pending, true);
        cases.push(search(name, models::Register::default(), make, BUDGET));
    }
    for (operations, bytes) in [(100_000, 50_000_000), (1_000_000, 400_000_000)] {
        let budget = Budget::of(u64::MAX, bytes);
        let name = format!("cas/100/{operations}/at_most_{}_MB", bytes / 1_000_000);
        let make = move || cas(100, operations, 0, true);
        cases.push(search(name, models::Register::default(), make, budget));
    }
    cases.extend(std::env::var_os("PORCUPINE_LOGS").map(|folder| etcd_logs(folder.into())));
    measure::run(&cases);
}

/// Porcupine's own logs of etcd, read and judged one after another.
fn etcd_logs(folder: std::path::PathBuf) -> Case {
    let make = move || -> Vec<Vec<u8>> {
        let entries = std::fs::read_dir(&folder).expect("a folder of logs");
        let logs = entries.map(|entry| std::fs::read(entry.expect("an entry").path()));
        logs.map(|log| log.expect("a log can be read")).filter(|log| !log.is_empty()).collect()
    };
    let judge = |logs: &Vec<Vec<u8>>| {
        // As Porcupine's own model of these logs has it.
        let terms = Choices { failed_cas: Some(FailedCas::Observed), ..Choices::default() };
        let request = Request { model: Some(Meaning::CasRegister), terms, ..Request::default() };
        let rulings = logs.iter().map(|log| hear(&mut log.as_slice(), &request));
        let words = rulings.map(|ruling| ruling.expect("a history").verdict().word());
        let violated = words.filter(|word| *word == "violated").count();
        format!("{violated}_of_{}_bad", logs.len())
    };
    measure::case("etcd_logs", make, judge)
}
