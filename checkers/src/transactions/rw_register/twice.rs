//! Keys of which no one can say whom a read saw, because a value was written there twice.
//!
//! They are left out and told of. What is then wrong with the others is wrong with all: whoever
//! explains a history explains a part of its keys.

use super::Initial;
use crate::transactions::{Fate, Names, Step, Transaction};
use std::collections::BTreeSet;

/// A history without such keys, and why the first of them is left out.
pub(super) struct Parted {
    pub(super) transactions: Vec<Transaction>,
    pub(super) doubt: Option<String>,
}

/// Leaves out keys on which a value was written twice, or which begin with a value that was also
/// written. A write that had no effect is only left out itself if another wrote the same.
pub(super) fn part(
    transactions: &[Transaction],
    initial: Initial,
    names: &dyn Names,
) -> Option<Parted> {
    let mut writes: Vec<(u64, u64, bool)> = Vec::new();
    for transaction in transactions {
        let is_aborted = transaction.fate == Fate::Aborted;
        for step in &transaction.steps {
            if let Step::Write { key, value } = step {
                writes.push((*key, *value, is_aborted));
            }
        }
    }
    writes.sort_unstable();
    let initial = match initial {
        Initial::Value(value) => Some(value),
        Initial::Nothing | Initial::Unknown => None,
    };
    let mut keys: BTreeSet<u64> = BTreeSet::new();
    let mut spared: BTreeSet<(u64, u64)> = BTreeSet::new();
    let mut first: Option<(u64, u64)> = None;
    for group in writes.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
        let (key, value, _) = group[0];
        let effective = group.iter().filter(|(.., is_aborted)| !is_aborted).count();
        let is_initial = initial == Some(value) && effective > 0;
        if effective > 1 || is_initial {
            keys.insert(key);
            first.get_or_insert((key, value));
        } else if group.len() > 1 || initial == Some(value) {
            spared.insert((key, value));
        }
    }
    if keys.is_empty() && spared.is_empty() {
        return None;
    }
    let mut left = transactions.to_vec();
    let mut kept: BTreeSet<(u64, u64)> = BTreeSet::new();
    for transaction in &mut left {
        let is_aborted = transaction.fate == Fate::Aborted;
        transaction.steps.retain(|step| match step {
            Step::Write { key, value } if is_aborted && spared.contains(&(*key, *value)) => {
                // Of several that had no effect one stays, to say so.
                !is_effective(&writes, *key, *value)
                    && initial != Some(*value)
                    && kept.insert((*key, *value))
            }
            Step::Write { .. } | Step::Read { .. } => !keys.contains(&step.key()),
            Step::Append { .. } | Step::ReadList { .. } => true,
        });
    }
    let doubt = first.map(|(key, value)| {
        let count = keys.len();
        let more = if count > 1 { format!(" (so with {count} keys)") } else { String::new() };
        format!(
            "{} was written to key {} more than once, so that no one can say whom a read of it \
             saw{more}; nothing is wrong with the other keys",
            names.value(value),
            names.key(key)
        )
    });
    Some(Parted { transactions: left, doubt })
}

fn is_effective(writes: &[(u64, u64, bool)], key: u64, value: u64) -> bool {
    writes.binary_search(&(key, value, false)).is_ok()
}
