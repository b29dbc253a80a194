//! Small random histories, judged by brute force as well: every order of the transactions is tried,
//! and for snapshot isolation every snapshot. `ZEROLOSS_CASES` says how many histories.
//!
//! A violation must never be claimed where some order explains the history. Where reads show enough
//! of every list that the order of its versions is known, the judge must also find every violation.

use super::*;
use crate::{
    linearizability::fuzz::cases,
    transactions::{Model, judge_list_append},
};

const KEYS: usize = 2;

/// Numbers that look random: xorshift, the same on every run.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    fn is_one_in(&mut self, many: u64) -> bool {
        self.below(many) == 0
    }
}

/// What one transaction is to do to a key: write, or read.
#[derive(Clone, Copy)]
enum Plan {
    Write(usize),
    Read(usize),
}

/// A history of up to six transactions: run one after another, and then, mostly, spoilt by reads of
/// another state than the one that was there.
fn generate(dice: &mut Dice, is_register: bool) -> Vec<Transaction> {
    let count = 2 + dice.below(5);
    let spoil = [2, 5, 20, 1_000_000][dice.below(4) as usize];
    let plans: Vec<Vec<Plan>> = (0..count)
        .map(|_| {
            let steps = 1 + dice.below(3);
            let step = |_| match (dice.below(KEYS as u64) as usize, dice.is_one_in(2)) {
                (key, true) => Plan::Write(key),
                (key, false) => Plan::Read(key),
            };
            (0..steps).map(step).collect()
        })
        .collect();
    let fates: Vec<Fate> = (0..count)
        .map(|_| match dice.below(12) {
            0 => Fate::Aborted,
            1 | 2 => Fate::Unknown,
            _ => Fate::Committed,
        })
        .collect();
    // What each key holds in the end, and each transaction's place in it.
    let mut lists: [Vec<u64>; KEYS] = Default::default();
    let mut bases: Vec<[usize; KEYS]> = Vec::new();
    let mut values: Vec<Vec<u64>> = Vec::new();
    let mut fresh = 0;
    for (plan, fate) in plans.iter().zip(&fates) {
        bases.push([lists[0].len(), lists[1].len()]);
        let takes_effect = match fate {
            Fate::Committed => true,
            Fate::Unknown => dice.is_one_in(2),
            Fate::Aborted => dice.is_one_in(40),
        };
        let mut own = Vec::new();
        for step in plan {
            if let Plan::Write(key) = step {
                fresh += 1;
                own.push(fresh);
                if takes_effect {
                    lists[*key].push(fresh);
                }
            }
        }
        values.push(own);
    }
    let history = plans.iter().enumerate().map(|(number, plan)| {
        let mut base = bases[number];
        for (key, base) in base.iter_mut().enumerate() {
            if dice.is_one_in(spoil) {
                *base = dice.below(lists[key].len() as u64 + 1) as usize;
            }
        }
        let mut fresh = values[number].iter().copied();
        let mut seen: [Vec<u64>; KEYS] =
            [lists[0][..base[0]].to_vec(), lists[1][..base[1]].to_vec()];
        let is_known = fates[number] == Fate::Committed;
        let mut step = |plan: &Plan| match *plan {
            Plan::Write(key) => {
                let value = fresh.next().expect("a value for each write");
                seen[key].push(value);
                match is_register {
                    true => Step::Write { key: key as u64, value },
                    false => Step::Append { key: key as u64, value },
                }
            }
            Plan::Read(key) => {
                let is_told = is_known && !dice.is_one_in(12);
                match is_register {
                    true => {
                        let value = is_told.then(|| seen[key].last().copied());
                        Step::Read { key: key as u64, value }
                    }
                    false => {
                        let values = is_told.then(|| seen[key].clone());
                        Step::ReadList { key: key as u64, values }
                    }
                }
            }
        };
        let steps = plan.iter().map(&mut step).collect();
        let reach = [1, 20, 60][dice.below(3) as usize];
        let place = 100 + 10 * number as u64;
        let at = |time: u64, side: u64| Stamp {
            ordinal: time * 16 + 2 * number as u64 + side,
            at_ns: 0,
        };
        Transaction {
            process: number as u64,
            called: at(place - dice.below(reach), 0),
            returned: Some(at(place + dice.below(reach), 1)),
            fate: fates[number],
            steps,
        }
    });
    let mut history: Vec<Transaction> = history.collect();
    if dice.is_one_in(3) {
        let (a, b) = (dice.below(count) as usize, dice.below(count) as usize);
        let (called, returned) = (history[a].called, history[a].returned);
        (history[a].called, history[a].returned) = (history[b].called, history[b].returned);
        (history[b].called, history[b].returned) = (called, returned);
    }
    history
}

/// What a search by brute force must keep.
#[derive(Clone, Copy)]
struct Rules {
    /// Reads see a snapshot that may be older than the commit, and nobody else wrote in between.
    has_snapshots: bool,
    /// What had ended comes before what began later.
    keeps_time: bool,
}

type State = [Vec<u64>; KEYS];

/// Whether a transaction's reads are explained by this state and its own writes; the state after.
fn run(transaction: &Transaction, state: &State) -> Option<State> {
    let mut state = state.clone();
    for step in &transaction.steps {
        match step {
            Step::Append { key, value } | Step::Write { key, value } => {
                state[*key as usize].push(*value)
            }
            Step::ReadList { key, values: Some(values) } if *values != state[*key as usize] => {
                return None;
            }
            Step::Read { key, value: Some(value) }
                if *value != state[*key as usize].last().copied() =>
            {
                return None;
            }
            Step::ReadList { .. } | Step::Read { .. } => {}
        }
    }
    Some(state)
}

/// Whether some order explains the history: every committed transaction is in it, unknown ones may.
fn is_explained(history: &[Transaction], rules: Rules) -> bool {
    let mut order = Vec::new();
    extend(history, rules, &mut order, &mut vec![State::default()])
}

fn extend(
    history: &[Transaction],
    rules: Rules,
    order: &mut Vec<usize>,
    states: &mut Vec<State>,
) -> bool {
    let is_left = |number: &usize| !order.contains(number);
    let is_committed = |number: &usize| history[*number].fate == Fate::Committed;
    let left: Vec<usize> = (0..history.len()).filter(is_left).collect();
    if !left.iter().any(is_committed) {
        return true;
    }
    for number in left.iter().copied().filter(|number| history[*number].fate != Fate::Aborted) {
        let called = history[number].called;
        let had_ended = |other: usize| {
            let other = &history[other];
            other.fate == Fate::Committed
                && other.returned.is_some_and(|returned| returned < called)
        };
        if rules.keeps_time && left.iter().any(|other| *other != number && had_ended(*other)) {
            continue;
        }
        if let Some(after) = commit(history, rules, number, order, states, &had_ended) {
            order.push(number);
            states.push(after);
            if extend(history, rules, order, states) {
                return true;
            }
            order.pop();
            states.pop();
        }
    }
    false
}

/// The state after this transaction commits next; none if its reads do not allow it.
fn commit(
    history: &[Transaction],
    rules: Rules,
    number: usize,
    order: &[usize],
    states: &[State],
    had_ended: &dyn Fn(usize) -> bool,
) -> Option<State> {
    let transaction = &history[number];
    let last = states.last().expect("a first state");
    if !rules.has_snapshots {
        return run(transaction, last);
    }
    let writes = |other: &Transaction, key: u64| {
        other.steps.iter().any(|step| match step {
            Step::Append { key: written, .. } | Step::Write { key: written, .. } => *written == key,
            Step::ReadList { .. } | Step::Read { .. } => false,
        })
    };
    for snapshot in (0..=order.len()).rev() {
        let later = &order[snapshot..];
        let keys = (0..KEYS as u64).filter(|key| writes(transaction, *key));
        let conflicts =
            keys.clone().any(|key| later.iter().any(|other| writes(&history[*other], key)));
        let is_stale = rules.keeps_time && later.iter().any(|other| had_ended(*other));
        if !conflicts && !is_stale && run(transaction, &states[snapshot]).is_some() {
            let mut after = last.clone();
            for step in &transaction.steps {
                if let Step::Append { key, value } | Step::Write { key, value } = step {
                    after[*key as usize].push(*value);
                }
            }
            return Some(after);
        }
    }
    None
}

/// Whether reads show the order of every list but for one transaction's appends at its end.
fn is_recoverable(history: &[Transaction]) -> bool {
    (0..KEYS as u64).all(|key| {
        let committed = || history.iter().filter(|transaction| transaction.fate == Fate::Committed);
        let shown = |value: u64| {
            committed().flat_map(|transaction| &transaction.steps).any(|step| match step {
                Step::ReadList { key: read, values: Some(values) } => {
                    *read == key && values.contains(&value)
                }
                Step::ReadList { .. } | Step::Append { .. } => false,
                Step::Read { .. } | Step::Write { .. } => false,
            })
        };
        let hides = |transaction: &&Transaction| {
            transaction.steps.iter().any(|step| match step {
                Step::Append { key: to, value } => *to == key && !shown(*value),
                Step::ReadList { .. } | Step::Read { .. } | Step::Write { .. } => false,
            })
        };
        committed().filter(hides).count() <= 1
    })
}

const MODELS: [(&str, Rules); 4] = [
    ("serializable", Rules { has_snapshots: false, keeps_time: false }),
    ("strict-serializable", Rules { has_snapshots: false, keeps_time: true }),
    ("snapshot-isolation", Rules { has_snapshots: true, keeps_time: false }),
    ("strong-snapshot-isolation", Rules { has_snapshots: true, keeps_time: true }),
];

#[test]
fn lists_are_judged_as_brute_force_judges_them() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut seen = [[0u64; 2]; MODELS.len()];
    let cases = cases(20_000);
    for case in 0..cases {
        let history = generate(&mut dice, false);
        for ((name, rules), seen) in MODELS.iter().zip(&mut seen) {
            let model = Model::find(name).expect("a model");
            let ruling = judge_list_append(&history, model, &Numbers, AMPLE);
            let is_explained = is_explained(&history, *rules);
            let is_violated = ruling.verdict.word() == "violated";
            assert!(!(is_violated && is_explained), "{case}: {name}: {history:#?} {ruling:#?}");
            if is_recoverable(&history) {
                assert_eq!(is_violated, !is_explained, "{case}: {name}: {history:#?} {ruling:#?}");
                seen[usize::from(is_violated)] += 1;
            }
        }
    }
    for (seen, (name, _)) in seen.iter().zip(MODELS) {
        let least = cases / 100;
        assert!(seen.iter().all(|count| *count > least), "{name}: one sided: {seen:?}");
    }
}
