//! Random histories of a few transactions, and what spoils them.

use crate::{
    history::Stamp,
    transactions::{Fate, Step, Transaction, tests::brute::Dice},
};

/// Up to five transactions of up to three processes on two or three keys: what one after another
/// they find, of which some is spoilt. In `phantom` somebody reads what nobody wrote.
pub(super) fn generate(dice: &mut Dice, keys: u64, is_list: bool) -> (Vec<Transaction>, bool) {
    let (count, processes) = (2 + dice.below(4), 1 + dice.below(4));
    let spoils = if is_list { [2, 6, 12, 12] } else { [0, 0, 1, 8] }[dice.below(4) as usize];
    let reach = [1, 15, 60][dice.below(3) as usize];
    let mut state: Vec<Vec<u64>> = vec![Vec::new(); keys as usize];
    let mut past: Vec<Vec<Vec<u64>>> = state.iter().map(|_| vec![Vec::new()]).collect();
    let (mut fresh, mut free) = (0, vec![0; processes as usize]);
    let mut history: Vec<Transaction> = Vec::new();
    for number in 0..count {
        let fate = match dice.below(9) {
            0 => Fate::Aborted,
            1 | 2 => Fate::Unknown,
            _ => Fate::Committed,
        };
        let takes_effect = fate == Fate::Committed || fate == Fate::Unknown && dice.below(2) == 0;
        let mut own = state.clone();
        let mut steps = Vec::new();
        for _ in 0..1 + dice.below(4) {
            let key = dice.below(keys);
            if dice.below(5) < 2 {
                fresh += 1;
                own[key as usize].push(fresh);
                past[key as usize].push(own[key as usize].clone());
                steps.push(match is_list {
                    true => Step::Append { key, value: fresh },
                    false => Step::Write { key, value: fresh },
                });
                continue;
            }
            let mut found = own[key as usize].clone();
            if dice.below(12) < spoils {
                let past = &past[key as usize];
                found = past[dice.below(past.len() as u64) as usize].clone();
            }
            let is_told = fate == Fate::Committed && dice.below(15) > 0;
            steps.push(match is_list {
                true => Step::ReadList { key, values: is_told.then_some(found) },
                false => Step::Read { key, value: is_told.then(|| found.last().copied()) },
            });
        }
        if takes_effect {
            state = own;
        }
        let process = dice.below(processes);
        let moment = 100 + 20 * number;
        let called = (moment - dice.below(reach)).max(free[process as usize]);
        let returned = called.max(moment) + dice.below(reach);
        free[process as usize] = returned + 1;
        let at = |time: u64, side: u64| Stamp { ordinal: time * 16 + 2 * number + side, at_ns: 0 };
        history.push(Transaction {
            process,
            called: at(called, 0),
            returned: Some(at(returned, 1)),
            fate,
            steps,
        });
    }
    // Or reads find anything that was ever written there: half of a transaction, one that failed,
    // what came later.
    if !is_list && dice.below(5) < 3 {
        let written: Vec<Step> =
            history.iter().flat_map(|transaction| transaction.steps.clone()).collect();
        let committed = history.iter_mut().filter(|one| one.fate == Fate::Committed);
        for step in committed.flat_map(|transaction| &mut transaction.steps) {
            let Step::Read { key, value: Some(found) } = step else { continue };
            let there: Vec<u64> = written
                .iter()
                .filter_map(|step| match step {
                    Step::Write { key: to, value } => (to == key).then_some(*value),
                    Step::Read { .. } | Step::ReadList { .. } | Step::Append { .. } => None,
                })
                .collect();
            if !there.is_empty() && dice.below(4) > 0 {
                *found = Some(there[dice.below(there.len() as u64) as usize]);
            }
        }
    }
    let mut reads: Vec<&mut Step> = history
        .iter_mut()
        .filter(|transaction| transaction.fate == Fate::Committed)
        .flat_map(|transaction| &mut transaction.steps)
        .filter(|step| matches!(step, Step::Read { .. } | Step::ReadList { .. }))
        .collect();
    let is_phantom = dice.below(4) == 0 && !reads.is_empty();
    if is_phantom {
        let place = dice.below(reads.len() as u64) as usize;
        match &mut *reads[place] {
            Step::Read { value, .. } => *value = Some(Some(999)),
            Step::ReadList { values, .. } => *values = Some(vec![999]),
            Step::Write { .. } | Step::Append { .. } => unreachable!("only reads"),
        }
    }
    (history, is_phantom)
}
