//! Bounds, sums that cannot be reached, reads that disagree, and what is owed at rest.

use super::*;
use crate::testing::{evidence, holds, unknown};

const AMPLE: Budget = Budget::of(1_000_000, 64 << 20);

fn read(found: i64) -> Deed {
    Deed::Read { found, is_final: false }
}

fn judge(counts: &[Count]) -> Verdict {
    super::judge(counts, Contract::Linearizable, AMPLE)
}

fn count(called: u64, returned: Option<u64>, deed: Deed) -> Count {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    Count { process: 1, called: at(called), returned: returned.map(at), deed }
}

#[test]
fn a_read_may_see_any_part_of_what_is_added_beside_it() {
    for found in [1, 4, 6, 9] {
        let counts = [
            count(0, Some(1), Deed::Add(1)),
            count(2, Some(9), Deed::Add(5)),
            count(3, None, Deed::Add(3)),
            count(4, Some(5), read(found)),
        ];
        assert_eq!(holds(&judge(&counts)), 1, "{found}");
    }
}

#[test]
fn between_the_bounds_not_every_sum_can_be_reached() {
    let counts = |found| [count(0, Some(3), Deed::Add(10)), count(1, Some(2), read(found))];
    assert_eq!(holds(&judge(&counts(10))), 1);
    assert!(evidence(judge(&counts(5))).summary.starts_with("not_linearizable"));
    // Each read alone is fine, and they do not agree.
    let back =
        [count(0, Some(9), Deed::Add(1)), count(1, Some(2), read(1)), count(3, Some(4), read(0))];
    assert!(evidence(judge(&back)).summary.starts_with("not_linearizable"));
}

#[test]
fn at_rest_only_a_final_read_owes_what_had_come_back() {
    let judge = |found, is_final| {
        let counts = [
            count(0, Some(1), Deed::Add(-4)),
            count(2, Some(3), Deed::Read { found: 0, is_final: false }),
            count(4, Some(5), Deed::Read { found, is_final }),
        ];
        super::judge(&counts, Contract::Eventual, AMPLE)
    };
    assert_eq!(holds(&judge(-4, true)), 1);
    let summary = evidence(judge(0, true)).summary;
    assert!(summary.starts_with("unreachable_sum: the counter was read as 0, and with -4"));
    assert!(evidence(judge(-3, false)).summary.starts_with("unreachable_sum"));
    assert!(unknown(judge(-4, false)).starts_with("vacuous"));
}

#[test]
fn what_came_back_must_be_in_and_what_was_never_asked_must_not() {
    let counts = |found| [count(0, Some(1), Deed::Add(2)), count(2, Some(3), read(found))];
    assert!(evidence(judge(&counts(1))).summary.starts_with("missing_additions"));
    let evidence = evidence(judge(&counts(3)));
    assert_eq!(
        evidence.summary,
        "phantom_additions: the counter was read as 3, and lay between 2 and 2 all that time"
    );
    assert_eq!(evidence.lines.len(), 2);
}

#[test]
fn subtractions_bound_from_below() {
    let counts = |found| [count(0, None, Deed::Add(-2)), count(2, Some(3), read(found))];
    assert_eq!(holds(&judge(&counts(-2))), 1);
    assert_eq!(holds(&judge(&counts(0))), 1);
    assert!(evidence(judge(&counts(-3))).summary.starts_with("missing"));
}

#[test]
fn without_a_read_no_one_can_say() {
    assert!(unknown(judge(&[count(0, None, Deed::Add(1))])).starts_with("vacuous"));
}
