//! Money that moves, half of a transfer, stale snapshots and what a bank owes at rest.

use super::*;
use crate::testing::{evidence, holds, unknown};

fn read(ordinal: u64, balances: &[Option<i64>]) -> Balances {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    let accounts = (0..).zip(balances.iter().copied()).collect();
    let (called, returned) = (at(ordinal), at(ordinal + 1));
    Balances { process: 1, called, returned, accounts, is_final: false }
}

const AMPLE: Budget = Budget::of(1_000_000, 64 << 20);

/// A transfer of one from account 0 to account 1, `returned` 0 if it never came back.
fn transfer(called: u64, returned: u64, amount: i64) -> Transfer {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    let returned = (returned > 0).then(|| at(returned));
    Transfer { process: 2, called: at(called), returned, from: 0, to: 1, amount }
}

fn judge(reads: &[Balances], transfers: &[Transfer], contract: Contract) -> Verdict {
    let promise = Promise { contract, permits_negative: false };
    super::judge(reads, transfers, promise, AMPLE, &|account| account.to_string())
}

fn summary(reads: &[Balances]) -> String {
    evidence(judge(reads, &[], Contract::Linearizable)).summary
}

#[test]
fn money_that_only_moves_is_fine() {
    let reads = [read(0, &[Some(10), Some(0)]), read(6, &[Some(3), Some(7)])];
    let moved = [transfer(3, 4, 7)];
    assert_eq!(holds(&judge(&reads, &moved, Contract::Linearizable)), 2);
    let overdrawn = [read(0, &[Some(10), Some(0)]), read(6, &[Some(-1), Some(11)])];
    assert!(summary(&overdrawn).starts_with("negative_balance: account 0 was read to hold -1"));
    let permits = Promise { permits_negative: true, ..Promise::default() };
    let moved = [transfer(3, 4, 11)];
    let name = |account: u64| account.to_string();
    assert_eq!(holds(&super::judge(&overdrawn, &moved, permits, AMPLE, &name)), 2);
}

#[test]
fn half_a_transfer_is_seen() {
    let reads = [read(0, &[Some(10), Some(0)]), read(2, &[Some(3), Some(0)])];
    let evidence = evidence(judge(&reads, &[], Contract::Linearizable));
    assert_eq!(
        evidence.summary,
        "wrong_total: the accounts were read to hold 3 in all, and hold 10"
    );
    assert_eq!(evidence.lines[1].text, "process 1 read 3 in all (0: 3, 1: 0)");
}

#[test]
fn a_stale_snapshot_and_a_transfer_that_never_was_are_seen() {
    let stale = [read(0, &[Some(10), Some(0)]), read(6, &[Some(10), Some(0)])];
    let moved = [transfer(3, 4, 7)];
    let told = evidence(judge(&stale, &moved, Contract::Linearizable));
    assert!(told.summary.starts_with("not_linearizable: every read has the right total"));
    let texts: Vec<&str> = told.lines.iter().map(|line| line.text.as_str()).collect();
    assert!(texts.contains(&"process 2 asked to move 7 from 0 to 1"), "{texts:?}");
    assert!(texts.contains(&"process 1: found 0: 10, 1: 0"), "{texts:?}");
    // It may be under way, or never have come back.
    assert_eq!(holds(&judge(&stale, &[transfer(3, 9, 7)], Contract::Linearizable)), 2);
    assert_eq!(holds(&judge(&stale, &[transfer(3, 0, 7)], Contract::Linearizable)), 2);
    let shown = [read(0, &[Some(10), Some(0)]), read(6, &[Some(5), Some(5)])];
    assert!(summary(&shown).starts_with("not_linearizable"));
    // It may have come before the first read, which then tells nothing of it.
    let beside = [transfer(0, 5, 7)];
    let stale = [read(0, &[Some(10), Some(7)]), read(6, &[Some(10), Some(7)])];
    assert_eq!(holds(&judge(&stale, &beside, Contract::Linearizable)), 2);
}

#[test]
fn at_rest_only_final_reads_owe_what_had_come_back() {
    let mut reads = [read(0, &[Some(10), Some(0)]), read(6, &[Some(10), Some(0)])];
    let moved = [transfer(3, 4, 7)];
    assert!(unknown(judge(&reads, &moved, Contract::Eventual)).starts_with("vacuous"));
    reads[1].is_final = true;
    assert_eq!(holds(&judge(&reads, &moved, Contract::Eventual)), 1);
    let more = [&reads[..], &[Balances { is_final: true, ..read(8, &[Some(3), Some(7)]) }]];
    let told = evidence(judge(&more.concat(), &moved, Contract::Eventual)).summary;
    assert!(told.starts_with("missing_transfer"), "{told}");
}

#[test]
fn accounts_do_not_come_and_go() {
    let first = read(0, &[Some(10)]);
    assert!(summary(&[first.clone(), read(2, &[Some(10), Some(0)])]).starts_with("unexpected"));
    assert!(summary(&[first, read(2, &[None])]).starts_with("nil_balance"));
    assert!(unknown(judge(&[], &[], Contract::Linearizable)).starts_with("vacuous"));
}
