//! **bank**: transfers move money and never make or destroy it, so every read of all accounts sums
//! to the same total (Jepsen's `bank` workload; messaging.md 2.0 DC). A read that does not saw half
//! of a transfer: *wrong_total*. A transfer that overdraws an account is *negative_balance*, unless
//! the bank permits it.
//!
//! Transfers and reads are linearizable: a stale snapshot and a transfer that failed and shows have
//! the right total, and no order explains them. What was in the accounts before anything happened
//! stands nowhere; whatever the read that ended first leaves possible is tried. Where a bank promises
//! less, *eventual*, every read still has the right total, and each final read shows every transfer
//! that had come back before it began.
//!
//! The first read tells which accounts there are and what they sum to; it cannot be wrong, only
//! unlike the others.

use super::{Contract, Sums, orderly};
use crate::{
    breach::{Breach, line},
    history::Stamp,
    linearizability::{Budget, Operation, models, objects},
    verdict::{Evidence, Verdict},
};
use std::collections::{BTreeMap, BTreeSet};

/// One read of all accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balances {
    /// Who read.
    pub process: u64,
    /// When it was asked.
    pub called: Stamp,
    /// When it came back.
    pub returned: Stamp,
    /// Account and what was in it; none where the read says that there is no such account.
    pub accounts: Vec<(u64, Option<i64>)>,
    /// Whether it was the reader's last word, after everything had come to rest.
    pub is_final: bool,
}

/// One transfer that did not certainly fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Who asked.
    pub process: u64,
    /// When it was asked.
    pub called: Stamp,
    /// When it came back; none if it never did, and then it may have happened or not.
    pub returned: Option<Stamp>,
    /// Out of this account.
    pub from: u64,
    /// Into this one.
    pub to: u64,
    /// So much.
    pub amount: i64,
}

/// What a bank promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promise {
    /// What reads owe.
    pub contract: Contract,
    /// Whether an account may be overdrawn.
    pub permits_negative: bool,
}

/// Balances before the first read that are tried.
const STARTS_MAX: usize = 4096;

/// Judges one bank. `name` tells the file's own name of an account.
pub fn judge(
    reads: &[Balances],
    transfers: &[Transfer],
    promise: Promise,
    budget: Budget,
    name: &dyn Fn(u64) -> String,
) -> Verdict {
    let Some(first) = reads.first() else {
        return Verdict::Unknown("vacuous: nobody read the accounts".to_owned());
    };
    let mut breach = Breach::default();
    for read in reads {
        if let Some(summary) = flaw(first, read, promise.permits_negative, name) {
            breach.add(|| Evidence {
                summary,
                lines: if read == first {
                    vec![told(read, name)]
                } else {
                    vec![told(first, name), told(read, name)]
                },
                ..Evidence::default()
            });
        }
    }
    if breach.is_some() {
        return breach.verdict_or(|| Verdict::Unknown(String::new()));
    }
    let books = Books::of(reads, transfers);
    match promise.contract {
        Contract::Linearizable => books.in_order(promise, budget, name),
        Contract::Eventual => books.at_rest(name),
    }
}

/// Reads and transfers over accounts that are numbered by place.
struct Books<'a> {
    reads: &'a [Balances],
    transfers: &'a [Transfer],
    places: BTreeMap<u64, usize>,
    names: Vec<u64>,
}

impl<'a> Books<'a> {
    fn of(reads: &'a [Balances], transfers: &'a [Transfer]) -> Books<'a> {
        let read = reads.iter().flat_map(|read| &read.accounts).map(|(account, _)| *account);
        let moved = transfers.iter().flat_map(|transfer| [transfer.from, transfer.to]);
        let names: BTreeSet<u64> = read.chain(moved).collect();
        let names: Vec<u64> = names.into_iter().collect();
        let places = names.iter().enumerate().map(|(place, name)| (*name, place)).collect();
        Books { reads, transfers, places, names }
    }

    fn effect(&self, transfer: &Transfer) -> Vec<i128> {
        let mut effect = vec![0; self.names.len()];
        effect[self.places[&transfer.from]] -= i128::from(transfer.amount);
        effect[self.places[&transfer.to]] += i128::from(transfer.amount);
        effect
    }

    /// What a read found; 0 where it names no balance.
    fn found(&self, read: &Balances) -> Vec<i128> {
        let mut found = vec![0; self.names.len()];
        for (account, balance) in &read.accounts {
            found[self.places[account]] = i128::from(balance.unwrap_or_default());
        }
        found
    }

    /// What certainly happened before a read, and what all that may have happened can add to it.
    fn before(&self, read: &Balances) -> (Vec<i128>, Sums) {
        let mut certain = vec![0; self.names.len()];
        let mut perhaps = Sums::new(certain.clone());
        for transfer in self.transfers.iter().filter(|one| one.called < read.returned) {
            let effect = self.effect(transfer);
            match transfer.returned.is_some_and(|returned| returned < read.called) {
                true => certain.iter_mut().zip(&effect).for_each(|(sum, more)| *sum += more),
                false => perhaps.may_add(&effect),
            }
        }
        (certain, perhaps)
    }

    /// What the accounts can have held at first, as a read leaves it possible; none if that is more
    /// than what is tried.
    fn starts(&self, read: &Balances) -> Option<BTreeSet<Vec<i128>>> {
        let (found, (certain, perhaps)) = (self.found(read), self.before(read));
        let is_few = perhaps.is_whole && perhaps.reached.len() <= STARTS_MAX;
        let start = |sum: &Vec<i128>| {
            let parts = found.iter().zip(&certain).zip(sum);
            parts.map(|((found, certain), sum)| found - certain - sum).collect()
        };
        is_few.then(|| perhaps.reached.iter().map(start).collect())
    }

    fn in_order(&self, promise: Promise, budget: Budget, name: &dyn Fn(u64) -> String) -> Verdict {
        let first = self.reads.iter().min_by_key(|read| read.returned).expect("a read");
        let Some(starts) = self.starts(first) else { return too_many() };
        let is_sound =
            |start: &Vec<i128>| promise.permits_negative || start.iter().all(|it| *it >= 0);
        let open = starts.into_iter().filter(is_sound).filter_map(|start| {
            start.into_iter().map(|balance| i64::try_from(balance).ok()).collect()
        });
        // Room for one operation before all others.
        let at = |stamp: Stamp| Stamp { ordinal: stamp.ordinal + 2, ..stamp };
        let beginning = |ordinal| Stamp { ordinal, at_ns: 0 };
        let mut operations = vec![Operation {
            process: 0,
            called: beginning(0),
            returned: Some(beginning(1)),
            deed: objects::Bank::Open(open.collect()),
        }];
        operations.extend(self.transfers.iter().map(|transfer| Operation {
            process: transfer.process,
            called: at(transfer.called),
            returned: transfer.returned.map(at),
            deed: objects::Bank::Transfer {
                from: self.places[&transfer.from],
                to: self.places[&transfer.to],
                amount: transfer.amount,
            },
        }));
        operations.extend(self.reads.iter().map(|read| {
            Operation {
                process: read.process,
                called: at(read.called),
                returned: Some(at(read.returned)),
                deed: objects::Bank::Read(
                    read.accounts
                        .iter()
                        .map(|(account, balance)| {
                            (self.places[account], balance.unwrap_or_default())
                        })
                        .collect(),
                ),
            }
        }));
        let (accounts, permits_negative) = (self.names.len(), promise.permits_negative);
        let words = |deed: &objects::Bank| self.words(deed, name);
        let covered = self.reads.len() as u64;
        let model = models::Bank { accounts, permits_negative };
        let mut verdict = orderly(&model, &operations, budget, covered, &words);
        if let Verdict::Violated(evidence) = &mut verdict {
            evidence
                .lines
                .iter_mut()
                .for_each(|line| line.ordinal = line.ordinal.saturating_sub(2));
            evidence.summary = "not_linearizable: every read has the right total, and no order of \
                                transfers and reads explains these"
                .to_owned();
        }
        verdict
    }

    fn words(&self, deed: &objects::Bank, name: &dyn Fn(u64) -> String) -> (String, String) {
        let named = |place: usize| name(self.names[place]);
        match deed {
            objects::Bank::Open(_) => (String::new(), String::new()),
            objects::Bank::Transfer { from, to, amount } => (
                format!("move {amount} from {} to {}", named(*from), named(*to)),
                "it was moved".to_owned(),
            ),
            objects::Bank::Read(found) => {
                let found: Vec<String> = found
                    .iter()
                    .map(|(at, balance)| format!("{}: {balance}", named(*at)))
                    .collect();
                ("read".to_owned(), format!("found {}", found.join(", ")))
            }
        }
    }

    /// Final reads, each for itself, from some balances that all of them leave possible.
    fn at_rest(&self, name: &dyn Fn(u64) -> String) -> Verdict {
        let finals: Vec<&Balances> = self.reads.iter().filter(|read| read.is_final).collect();
        let Some(first) = finals.first() else {
            return Verdict::Unknown(
                "vacuous: no final read came back, and only those owe anything".to_owned(),
            );
        };
        let Some(mut starts) = self.starts(first) else { return too_many() };
        for read in &finals[1..] {
            let Some(others) = self.starts(read) else { return too_many() };
            starts.retain(|start| others.contains(start));
            if starts.is_empty() {
                let mut breach = Breach::default();
                breach.add(|| Evidence {
                    summary:
                        "missing_transfer: these final reads have the right total, and no choice \
                              of the transfers that had not come back explains both"
                            .to_owned(),
                    lines: vec![told(first, name), told(read, name)],
                    ..Evidence::default()
                });
                return breach.verdict_or(|| Verdict::Unknown(String::new()));
            }
        }
        Verdict::holds_if_covered(finals.len() as u64, "no final read came back")
    }
}

fn too_many() -> Verdict {
    Verdict::Unknown(format!(
        "which balances the accounts began with is beyond {STARTS_MAX} possibilities"
    ))
}

/// What is wrong with a read.
fn flaw(
    first: &Balances,
    read: &Balances,
    permits_negative: bool,
    name: &dyn Fn(u64) -> String,
) -> Option<String> {
    let knows = |account: u64| first.accounts.iter().any(|(known, _)| *known == account);
    if let Some((account, _)) = read.accounts.iter().find(|(account, _)| !knows(*account)) {
        return Some(format!("unexpected_account: {} was never there before", name(*account)));
    }
    if let Some((account, _)) = read.accounts.iter().find(|(_, balance)| balance.is_none()) {
        return Some(format!("nil_balance: account {} was read without a balance", name(*account)));
    }
    let (expected, total) = (total(first), total(read));
    if total != expected {
        return Some(format!(
            "wrong_total: the accounts were read to hold {total} in all, and hold {expected}"
        ));
    }
    let overdrawn = read.accounts.iter().find(|(_, balance)| balance.is_some_and(|b| b < 0));
    let (account, balance) = overdrawn.filter(|_| !permits_negative)?;
    let balance = balance.unwrap_or_default();
    Some(format!("negative_balance: account {} was read to hold {balance}", name(*account)))
}

fn total(read: &Balances) -> i128 {
    read.accounts.iter().map(|(_, balance)| i128::from(balance.unwrap_or_default())).sum()
}

fn told(read: &Balances, name: &dyn Fn(u64) -> String) -> crate::verdict::Line {
    let accounts = read.accounts.iter().map(|(account, balance)| {
        let balance = balance.map_or("nothing".to_owned(), |balance| balance.to_string());
        format!("{}: {balance}", name(*account))
    });
    let accounts: Vec<String> = accounts.collect();
    line(
        read.returned,
        format!("process {} read {} in all ({})", read.process, total(read), accounts.join(", ")),
    )
}

#[cfg(test)]
mod tests;
