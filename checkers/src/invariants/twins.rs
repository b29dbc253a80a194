//! Counters and banks by brute force: every order, every choice of what may have happened, and for
//! a bank every beginning.

use super::{
    Contract,
    bank::{self, Balances, Promise, Transfer},
    counter::{self, Count, Deed},
};
use crate::{
    history::Stamp,
    linearizability::{
        Budget, Operation, brute,
        fuzz::{Dice, cases, spans},
        objects,
    },
    verdict::Verdict,
};

const AMPLE: Budget = Budget::of(10_000_000, 256 << 20);

struct CounterSpec;

impl brute::Spec for CounterSpec {
    type State = i64;
    type Deed = objects::Counter;

    fn initial(&self) -> i64 {
        0
    }

    fn apply(&self, sum: &i64, deed: &objects::Counter) -> Vec<i64> {
        match deed {
            objects::Counter::Add(more) => vec![sum + more],
            objects::Counter::Read(found) if found == sum => vec![*sum],
            objects::Counter::Read(_) => Vec::new(),
        }
    }
}

struct BankSpec {
    initial: Vec<i64>,
    permits_negative: bool,
}

impl brute::Spec for BankSpec {
    type State = Vec<i64>;
    type Deed = objects::Bank;

    fn initial(&self) -> Vec<i64> {
        self.initial.clone()
    }

    fn apply(&self, state: &Vec<i64>, deed: &objects::Bank) -> Vec<Vec<i64>> {
        match deed {
            objects::Bank::Open(_) => Vec::new(),
            objects::Bank::Transfer { from, to, amount } => {
                let mut next = state.clone();
                next[*from] -= amount;
                next[*to] += amount;
                let is_sound = self.permits_negative || next.iter().all(|balance| *balance >= 0);
                if is_sound { vec![next] } else { Vec::new() }
            }
            objects::Bank::Read(found) => {
                let fits = found.iter().all(|(account, balance)| state[*account] == *balance);
                if fits { vec![state.clone()] } else { Vec::new() }
            }
        }
    }
}

fn at(ordinal: u64) -> Stamp {
    Stamp { ordinal, at_ns: ordinal }
}

/// What was said, and how often each; both must be common.
fn compare(verdict: &Verdict, is_explained: bool, seen: &mut [u64; 2], told: &dyn Fn() -> String) {
    let expected = if is_explained { "holds" } else { "violated" };
    let is_vacuous = match verdict {
        Verdict::Unknown(why) => why.starts_with("vacuous") && is_explained,
        Verdict::Holds(_) | Verdict::Violated(_) => false,
    };
    assert!(
        is_vacuous || verdict.word() == expected,
        "expected {expected}: {} {verdict:?}",
        told()
    );
    seen[usize::from(is_explained)] += 1;
}

fn are_common([refuted, holding]: [u64; 2]) {
    let all = refuted + holding;
    assert!(refuted * 5 >= all && holding * 5 >= all, "{refuted} refuted, {holding} holding");
}

/// A counter that is used for real, and some of whose reads find something else.
fn counts(dice: &mut Dice) -> Vec<Count> {
    let count = 2 + dice.roll(6);
    let spoils = dice.roll(2) == 0;
    let (mut sum, mut told): (i64, Vec<Count>) = (0, Vec::new());
    for (called, returned, _) in spans(dice, count) {
        let amount = [1, 1, 2, 5, 10, -3][dice.roll(6) as usize];
        let is_lost = dice.roll(5) == 0;
        let deed = match dice.roll(2) {
            0 => {
                if !is_lost || dice.roll(2) == 0 {
                    sum += amount;
                }
                Deed::Add(amount)
            }
            _ => {
                let is_spoilt = spoils && dice.roll(3) == 0;
                let found = if is_spoilt { sum + dice.roll(9) as i64 - 4 } else { sum };
                Deed::Read { found, is_final: dice.roll(2) == 0 }
            }
        };
        let is_read = matches!(deed, Deed::Read { .. });
        let returned = (is_read || !is_lost).then_some(at(returned));
        told.push(Count { process: called, called: at(called), returned, deed });
    }
    told.sort_by_key(|count| count.called);
    told
}

/// Whether some choice of what may be in a read sums to it.
fn is_reachable(counts: &[Count], read: &Count, found: i64, is_final: bool) -> bool {
    let ended = read.returned.expect("it came back");
    let adds: Vec<(i64, bool)> = counts
        .iter()
        .filter_map(|count| match count.deed {
            Deed::Add(more) if count.called < ended => {
                let is_owed = is_final && count.returned.is_some_and(|it| it < read.called);
                Some((more, is_owed))
            }
            Deed::Add(_) | Deed::Read { .. } => None,
        })
        .collect();
    (0..1u32 << adds.len()).any(|set| {
        let is_in = |place: usize| set & 1 << place != 0;
        let keeps = adds.iter().enumerate().all(|(place, (_, owed))| is_in(place) || !owed);
        let sum: i64 =
            adds.iter().enumerate().filter(|(place, _)| is_in(*place)).map(|(_, it)| it.0).sum();
        keeps && sum == found
    })
}

#[test]
fn counters_are_judged_as_brute_force_judges_them() {
    let (mut ordered, mut at_rest) = ([0u64; 2], [0u64; 2]);
    for case in 0..cases(10_000) {
        let counts = counts(&mut Dice::of(31_000_000_000 + case));
        let operations: Vec<Operation<objects::Counter>> = counts
            .iter()
            .map(|&Count { process, called, returned, deed }| {
                let deed = match deed {
                    Deed::Add(more) => objects::Counter::Add(more),
                    Deed::Read { found, .. } => objects::Counter::Read(found),
                };
                Operation { process, called, returned, deed }
            })
            .collect();
        let told = || format!("{counts:#?}");
        let verdict = counter::judge(&counts, Contract::Linearizable, AMPLE);
        let order = brute::order(&CounterSpec, &operations);
        compare(&verdict, order.is_some(), &mut ordered, &told);
        let is_explained = counts.iter().all(|count| match count.deed {
            Deed::Read { found, is_final } => is_reachable(&counts, count, found, is_final),
            Deed::Add(_) => true,
        });
        let verdict = counter::judge(&counts, Contract::Eventual, AMPLE);
        compare(&verdict, is_explained, &mut at_rest, &told);
    }
    are_common(ordered);
    are_common(at_rest);
}

/// A bank that is used for real; what some reads find is what was there before, or what a transfer
/// that failed would have left.
fn bank(dice: &mut Dice, accounts: usize) -> (Vec<Balances>, Vec<Transfer>) {
    let count = 3 + dice.roll(5);
    let spoils = dice.roll(4) > 0;
    let mut now: Vec<i64> = (0..accounts).map(|_| dice.roll(3) as i64).collect();
    let mut past = vec![now.clone()];
    let (mut reads, mut transfers): (Vec<Balances>, Vec<Transfer>) = Default::default();
    for (called, returned, _) in spans(dice, count) {
        let (called, returned) = (at(called), at(returned));
        if dice.roll(2) == 0 {
            let (from, amount) = (dice.roll(accounts as u64) as usize, 1 + dice.roll(3) as i64);
            let to = (from + 1) % accounts;
            let mut next = now.clone();
            next[from] -= amount;
            next[to] += amount;
            past.push(next.clone());
            let is_possible = next[from] >= 0 || dice.roll(9) == 0;
            let is_lost = dice.roll(4) == 0;
            if is_possible && (!is_lost || dice.roll(2) == 0) {
                now = next;
            }
            if is_possible && dice.roll(9) > 0 {
                transfers.push(Transfer {
                    process: called.ordinal,
                    called,
                    returned: (!is_lost).then_some(returned),
                    from: from as u64,
                    to: to as u64,
                    amount,
                });
            }
        } else {
            let is_spoilt = spoils && dice.roll(2) == 0;
            let found = match is_spoilt {
                true => past[dice.roll(past.len() as u64) as usize].clone(),
                false => now.clone(),
            };
            let mut accounts: Vec<(u64, Option<i64>)> =
                (0..).zip(found.into_iter().map(Some)).collect();
            if dice.roll(40) == 0 {
                accounts[0].1 = Some(9);
            }
            let is_final = dice.roll(2) == 0;
            reads.push(Balances { process: called.ordinal, called, returned, accounts, is_final });
        }
    }
    reads.sort_by_key(|read| read.called);
    transfers.sort_by_key(|transfer| transfer.called);
    (reads, transfers)
}

/// Every way to hold so much on so many accounts, none more than `most` away from nothing.
fn splits(total: i64, accounts: usize, least: i64, most: i64) -> Vec<Vec<i64>> {
    if accounts == 1 {
        return if (least..=most).contains(&total) { vec![vec![total]] } else { Vec::new() };
    }
    (least..=most)
        .flat_map(|first| {
            splits(total - first, accounts - 1, least, most).into_iter().map(move |mut rest| {
                rest.push(first);
                rest
            })
        })
        .collect()
}

/// Whether some choice of transfers leads from a beginning to a final read.
fn is_left(initial: &[i64], transfers: &[Transfer], read: &Balances) -> bool {
    let begun: Vec<&Transfer> =
        transfers.iter().filter(|transfer| transfer.called < read.returned).collect();
    (0..1u32 << begun.len()).any(|set| {
        let mut state = initial.to_vec();
        let mut keeps = true;
        for (place, transfer) in begun.iter().enumerate() {
            if set & 1 << place != 0 {
                state[transfer.from as usize] -= transfer.amount;
                state[transfer.to as usize] += transfer.amount;
            } else {
                keeps &= transfer.returned.is_none_or(|returned| returned > read.called);
            }
        }
        keeps && read.accounts.iter().all(|(it, found)| Some(state[*it as usize]) == *found)
    })
}

#[test]
fn banks_are_judged_as_brute_force_judges_them() {
    let (mut ordered, mut at_rest) = ([0u64; 2], [0u64; 2]);
    for case in 0..cases(5_000) {
        let mut dice = Dice::of(53_000_000_000 + case);
        let permits_negative = dice.roll(3) == 0;
        let accounts = if permits_negative { 2 } else { 2 + dice.roll(2) as usize };
        let (reads, transfers) = bank(&mut dice, accounts);
        let Some(first) = reads.first() else { continue };
        let total = |read: &Balances| read.accounts.iter().filter_map(|it| it.1).sum::<i64>();
        let is_whole = reads.iter().all(|read| {
            let is_sound = read.accounts.iter().all(|it| permits_negative || it.1 >= Some(0));
            total(read) == total(first) && is_sound
        });
        let (least, most) = if permits_negative { (-32, 32) } else { (0, total(first)) };
        let starts = splits(total(first), accounts, least, most.max(0));
        let operations: Vec<Operation<objects::Bank>> = transfers
            .iter()
            .map(|it| Operation {
                process: it.process,
                called: it.called,
                returned: it.returned,
                deed: objects::Bank::Transfer {
                    from: it.from as usize,
                    to: it.to as usize,
                    amount: it.amount,
                },
            })
            .chain(reads.iter().map(|it| Operation {
                process: it.process,
                called: it.called,
                returned: Some(it.returned),
                deed: objects::Bank::Read(
                    it.accounts.iter().map(|it| (it.0 as usize, it.1.unwrap_or(0))).collect(),
                ),
            }))
            .collect();
        let told = || format!("{reads:#?} {transfers:#?}");
        let judge = |contract| {
            let promise = Promise { contract, permits_negative };
            bank::judge(&reads, &transfers, promise, AMPLE, &|account| account.to_string())
        };
        let is_explained = is_whole
            && starts.iter().any(|initial| {
                let spec = BankSpec { initial: initial.clone(), permits_negative };
                brute::order(&spec, &operations).is_some()
            });
        compare(&judge(Contract::Linearizable), is_explained, &mut ordered, &told);
        let finals: Vec<&Balances> = reads.iter().filter(|read| read.is_final).collect();
        let wide = splits(total(first), accounts, -32, 32);
        let is_explained = is_whole
            && (finals.is_empty()
                || wide
                    .iter()
                    .any(|initial| finals.iter().all(|read| is_left(initial, &transfers, read))));
        compare(&judge(Contract::Eventual), is_explained, &mut at_rest, &told);
    }
    are_common(ordered);
    are_common(at_rest);
}
