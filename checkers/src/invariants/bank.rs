//! **bank**: transfers move money and never make or destroy it, so every read of all accounts sums
//! to the same total (Jepsen's `bank` workload; messaging.md 2.0 DC). A read that does not saw half
//! of a transfer: *wrong_total*.
//!
//! The first read tells which accounts there are and what they sum to; it cannot be wrong, only
//! unlike the others. A transfer that overdraws an account is *negative_balance*, unless the bank
//! permits it.

use crate::{
    breach::{Breach, line},
    history::Stamp,
    verdict::{Evidence, Verdict},
};

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
}

/// Judges the reads of one bank. `name` tells the file's own name of an account.
pub fn judge(reads: &[Balances], permits_negative: bool, name: &dyn Fn(u64) -> String) -> Verdict {
    let Some(first) = reads.first() else {
        return Verdict::Unknown("vacuous: nobody read the accounts".to_owned());
    };
    let mut breach = Breach::default();
    for read in reads {
        if let Some(summary) = flaw(first, read, permits_negative, name) {
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
    let covered = reads.len() as u64;
    breach.verdict_or(|| Verdict::holds_if_covered(covered, "nobody read the accounts"))
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
mod tests {
    use super::*;
    use crate::testing::{evidence, holds, unknown};

    fn read(ordinal: u64, balances: &[Option<i64>]) -> Balances {
        let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
        let accounts = (0..).zip(balances.iter().copied()).collect();
        Balances { process: 1, called: at(ordinal), returned: at(ordinal + 1), accounts }
    }

    fn summary(reads: &[Balances]) -> String {
        evidence(judge(reads, false, &|account| account.to_string())).summary
    }

    #[test]
    fn money_that_only_moves_is_fine() {
        let reads = [read(0, &[Some(10), Some(0)]), read(2, &[Some(3), Some(7)])];
        assert_eq!(holds(&judge(&reads, false, &|_| String::new())), 2);
        let overdrawn = [read(0, &[Some(10), Some(0)]), read(2, &[Some(-1), Some(11)])];
        assert_eq!(holds(&judge(&overdrawn, true, &|_| String::new())), 2);
        assert!(summary(&overdrawn).starts_with("negative_balance: account 0 was read to hold -1"));
    }

    #[test]
    fn half_a_transfer_is_seen() {
        let reads = [read(0, &[Some(10), Some(0)]), read(2, &[Some(3), Some(0)])];
        let evidence = evidence(judge(&reads, false, &|account| account.to_string()));
        assert_eq!(
            evidence.summary,
            "wrong_total: the accounts were read to hold 3 in all, and hold 10"
        );
        assert_eq!(evidence.lines[1].text, "process 1 read 3 in all (0: 3, 1: 0)");
    }

    #[test]
    fn accounts_do_not_come_and_go() {
        let first = read(0, &[Some(10)]);
        assert!(summary(&[first.clone(), read(2, &[Some(10), Some(0)])]).starts_with("unexpected"));
        assert!(summary(&[first, read(2, &[None])]).starts_with("nil_balance"));
        assert!(unknown(judge(&[], false, &|_| String::new())).starts_with("vacuous"));
    }
}
