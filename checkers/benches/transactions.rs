//! How long transactions take to judge, and how much memory: lists and registers, 10 thousand to a
//! million transactions, 10 to 100 clients that are always busy, clean and with one stale read
//! planted at nine tenths. Time is the judging alone; memory includes the history.
//!
//! `cargo bench -p zeroloss-checkers --bench transactions [part of a name]`

mod measure;

use checkers::{
    Stamp,
    linearizability::Budget,
    transactions::{
        Fate, Inference, Numbers, STRICT_SERIALIZABLE, Step, Transaction, judge_list_append,
        judge_rw_register,
    },
};

/// Keys that are in use at a time, as in Elle's generator.
const KEYS: u64 = 10;
/// Writes of a key before a fresh one takes its place.
const WRITES_MAX: usize = 64;

fn main() {
    let mut names = Vec::new();
    for kind in ["list_append", "rw_register"] {
        for count in [1_000, 10_000, 100_000, 1_000_000] {
            for clients in [10, 30, 100] {
                for state in ["clean", "planted"] {
                    if count > 1_000 || names.is_empty() {
                        names.push(format!("{kind}/{count}/{clients}/{state}"));
                    }
                }
            }
        }
    }
    let cases: Vec<measure::Case> = names.into_iter().map(case).collect();
    measure::run(&cases);
}

fn case(name: String) -> measure::Case {
    let parts: Vec<&str> = name.split('/').collect();
    let [kind, count, clients, state] = parts[..] else { panic!("no case: {name}") };
    let count: u64 = count.parse().expect("a count");
    let clients: u64 = clients.parse().expect("a count");
    let (is_register, is_planted) = (kind == "rw_register", state == "planted");
    let stale_at = is_planted.then_some(count * 9 / 10);
    let make = move || generate(count, clients, is_register, stale_at);
    let judge = move |history: &Vec<Transaction>| {
        let budget = Budget::of(1_000_000_000, 2 << 30);
        let ruling = match is_register {
            true => {
                let inference = Inference { writes_follow_reads: true, ..Inference::default() };
                judge_rw_register(history, STRICT_SERIALIZABLE, inference, &Numbers, budget)
            }
            false => judge_list_append(history, STRICT_SERIALIZABLE, &Numbers, budget),
        };
        let expected = if is_planted { "violated" } else { "holds" };
        assert_eq!(ruling.verdict.word(), expected, "{ruling:?}");
        ruling.verdict.word().to_owned()
    };
    measure::case(name.clone(), make, judge)
}

/// A strictly serializable history: every transaction takes effect at a moment within its time.
fn generate(
    count: u64,
    clients: u64,
    is_register: bool,
    stale_at: Option<u64>,
) -> Vec<Transaction> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut keys: Vec<(u64, Vec<u64>)> = (0..KEYS).map(|key| (key, Vec::new())).collect();
    let mut fresh = KEYS;
    let mut busy_since: Vec<u64> = vec![0; clients as usize];
    let mut clock = 0;
    let mut tick = || {
        clock += 1;
        Stamp { ordinal: clock, at_ns: clock * 1000 }
    };
    for since in &mut busy_since {
        *since = tick().ordinal;
    }
    let mut history = Vec::with_capacity(count as usize);
    for number in 0..count {
        let client = dice.below(clients);
        let mut steps = Vec::new();
        if stale_at == Some(number) {
            steps.push(stale_read(&keys, is_register));
        }
        let len = if steps.is_empty() { 1 + dice.below(4) } else { 0 };
        for _ in 0..len {
            let place = dice.below(KEYS) as usize;
            if keys[place].1.len() >= WRITES_MAX {
                keys[place] = (fresh, Vec::new());
                fresh += 1;
            }
            let (key, values) = &mut keys[place];
            let (key, value) = (*key, values.len() as u64 + 1);
            steps.push(match (dice.below(2) == 0, is_register) {
                (true, true) => Step::Write { key, value },
                (true, false) => Step::Append { key, value },
                (false, true) => Step::Read { key, value: Some(values.last().copied()) },
                (false, false) => Step::ReadList { key, values: Some(values.clone()) },
            });
            if let Some(Step::Write { .. } | Step::Append { .. }) = steps.last() {
                values.push(value);
            }
        }
        let since = busy_since[client as usize];
        let called = Stamp { ordinal: since, at_ns: 1000 * since };
        let returned = Some(tick());
        busy_since[client as usize] = tick().ordinal;
        history.push(Transaction {
            process: client,
            called,
            returned,
            fate: Fate::Committed,
            steps,
        });
    }
    history
}

/// A read of the fullest key as it was before anyone wrote to it.
fn stale_read(keys: &[(u64, Vec<u64>)], is_register: bool) -> Step {
    let (key, _) = keys.iter().max_by_key(|(_, values)| values.len()).expect("some keys");
    match is_register {
        true => Step::Read { key: *key, value: Some(None) },
        false => Step::ReadList { key: *key, values: Some(Vec::new()) },
    }
}

/// Numbers that look random, the same on every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}
