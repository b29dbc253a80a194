//! **long_fork**: keys that are each written once are learned in one order: if one read saw `x` and
//! not yet `y`, no read sees `y` and not `x` (Jepsen's `long-fork` workload; the anomaly that
//! parallel snapshot isolation permits and snapshot isolation does not; Sovran et al., SOSP 2011).
//!
//! Reads of the same keys, taken as the sets of keys that they found written, must therefore be
//! ordered by inclusion: sorted by size, each contains the one before.

use crate::{
    breach::{Breach, line},
    history::Stamp,
    verdict::{Evidence, Line, Verdict},
};
use std::collections::BTreeMap;

/// One read of several keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glance {
    /// Who read.
    pub process: u64,
    /// When it was asked.
    pub called: Stamp,
    /// When it came back.
    pub returned: Stamp,
    /// Keys and whether they were found written.
    pub keys: Vec<(u64, bool)>,
}

/// Judges reads of keys that are written once. `name` tells the file's own name of a key.
pub fn judge(glances: &[Glance], name: &dyn Fn(u64) -> String) -> Verdict {
    let mut groups: BTreeMap<Vec<u64>, Vec<(Vec<u64>, usize)>> = BTreeMap::new();
    for (number, glance) in glances.iter().enumerate() {
        let mut keys: Vec<u64> = glance.keys.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        let written = glance.keys.iter().filter(|(_, is_written)| *is_written);
        let mut written: Vec<u64> = written.map(|(key, _)| *key).collect();
        written.sort_unstable();
        groups.entry(keys).or_default().push((written, number));
    }
    let (mut breach, mut covered) = (Breach::default(), 0);
    for reads in groups.values_mut() {
        reads.sort_unstable_by_key(|(written, number)| (written.len(), *number));
        for pair in reads.windows(2) {
            let [(less, first), (more, second)] = pair else { continue };
            covered += 1;
            let missing = less.iter().find(|key| more.binary_search(key).is_err());
            let added = more.iter().find(|key| less.binary_search(key).is_err());
            if let (Some(x), Some(y)) = (missing, added) {
                breach.add(|| fork((&glances[*first], &glances[*second]), (*x, *y), name));
            }
        }
    }
    breach.verdict_or(|| Verdict::holds_if_covered(covered, "no two reads of the same keys"))
}

fn fork(
    (first, second): (&Glance, &Glance),
    (x, y): (u64, u64),
    name: &dyn Fn(u64) -> String,
) -> Evidence {
    let (x_name, y_name) = (name(x), name(y));
    let told = |glance: &Glance, seen: &str, unseen: &str| -> Line {
        let text = format!("process {} saw {seen} and not {unseen}", glance.process);
        line(glance.returned, text)
    };
    Evidence {
        summary: format!(
            "long_fork: one read saw {x_name} without {y_name}, another {y_name} without {x_name}, \
             and each is written once"
        ),
        lines: vec![told(first, &x_name, &y_name), told(second, &y_name, &x_name)],
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{evidence, holds, unknown};

    fn glance(ordinal: u64, keys: &[(u64, bool)]) -> Glance {
        let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
        let keys = keys.to_vec();
        Glance { process: ordinal, called: at(ordinal), returned: at(ordinal + 1), keys }
    }

    fn told(glances: &[Glance]) -> Verdict {
        judge(glances, &|key| format!("key {key}"))
    }

    #[test]
    fn everybody_learns_in_one_order() {
        let glances = [
            glance(0, &[(1, false), (2, false)]),
            glance(2, &[(2, false), (1, true)]),
            glance(4, &[(1, true), (2, true)]),
            glance(6, &[(1, false), (2, false)]),
            glance(8, &[(7, true), (2, true)]),
        ];
        assert_eq!(holds(&told(&glances)), 3);
    }

    #[test]
    fn two_orders_are_a_fork() {
        let glances = [glance(0, &[(1, true), (2, false)]), glance(2, &[(2, true), (1, false)])];
        let evidence = evidence(told(&glances));
        assert_eq!(
            evidence.summary,
            "long_fork: one read saw key 1 without key 2, another key 2 without key 1, and each is \
             written once"
        );
        assert_eq!(evidence.lines[1].text, "process 2 saw key 2 and not key 1");
    }

    #[test]
    fn reads_of_different_keys_say_nothing() {
        let glances = [glance(0, &[(1, true), (2, false)]), glance(2, &[(2, true), (3, false)])];
        assert!(unknown(told(&glances)).starts_with("vacuous"));
    }
}
