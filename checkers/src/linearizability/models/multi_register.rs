//! Several registers; an operation reads and writes some of them at one moment (Knossos'
//! `multi-register`). State: what each holds.

use super::list;
use crate::linearizability::{
    engine::{Model, Steps},
    objects::{self, Access, Value},
};
use std::collections::{BTreeMap, BTreeSet};

/// Registers by key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MultiRegister {
    /// What they hold before anything happened; those that are not named hold nothing.
    pub initial: BTreeMap<u64, Value>,
    /// Keys and values that some operation found.
    observed: BTreeSet<(u64, Value)>,
    /// By key: the first value put there that none did find; it stands for all of them.
    unseen: BTreeMap<u64, Value>,
}

impl MultiRegister {
    /// Registers that hold this at first.
    pub fn holding(initial: BTreeMap<u64, Value>) -> MultiRegister {
        MultiRegister { initial, ..MultiRegister::default() }
    }
}

impl Model for MultiRegister {
    type Deed = objects::MultiRegister;
    type Act = objects::MultiRegister;
    type State = BTreeMap<u64, Value>;

    fn initial(&self) -> BTreeMap<u64, Value> {
        self.initial.clone()
    }

    fn informed(&self, told: &mut dyn Iterator<Item = &Vec<Access>>) -> MultiRegister {
        let mut informed = MultiRegister::holding(self.initial.clone());
        let mut put: Vec<(u64, Value)> = Vec::new();
        for access in told.flatten() {
            match *access {
                Access::Read { key, value } => {
                    informed.observed.extend(value.map(|value| (key, value)));
                }
                Access::Write { key, value } => put.push((key, value)),
            }
        }
        for (key, value) in put {
            if !informed.observed.contains(&(key, value)) {
                informed.unseen.entry(key).or_insert(value);
            }
        }
        informed
    }

    /// What no operation finds is not told apart.
    fn act(&self, deed: &Vec<Access>) -> Option<Vec<Access>> {
        let shade = |access: &Access| match *access {
            Access::Write { key, value } if !self.observed.contains(&(key, value)) => {
                Access::Write { key, value: self.unseen.get(&key).copied().unwrap_or(value) }
            }
            Access::Read { .. } | Access::Write { .. } => *access,
        };
        (!deed.is_empty()).then(|| deed.iter().map(shade).collect())
    }

    fn step(&self, state: &BTreeMap<u64, Value>, act: &Vec<Access>) -> Steps<BTreeMap<u64, Value>> {
        let mut next: Option<BTreeMap<u64, Value>> = None;
        for access in act {
            match access {
                Access::Read { key, value } => {
                    if next.as_ref().unwrap_or(state).get(key) != value.as_ref() {
                        return Steps::Never;
                    }
                }
                Access::Write { key, value } => {
                    next.get_or_insert_with(|| state.clone()).insert(*key, *value);
                }
            }
        }
        next.map_or(Steps::Same, Steps::To)
    }

    fn is_read_only(&self, act: &Vec<Access>) -> bool {
        act.iter().all(|access| match access {
            Access::Read { .. } => true,
            Access::Write { .. } => false,
        })
    }

    /// What its reads found is forgotten too, and with it that they constrain its writes.
    fn forget(&self, deed: &Vec<Access>) -> Option<Vec<Access>> {
        let is_write = |access: &&Access| match access {
            Access::Read { .. } => false,
            Access::Write { .. } => true,
        };
        let writes: Vec<Access> = deed.iter().filter(is_write).copied().collect();
        Some(writes).filter(|writes| !writes.is_empty())
    }

    fn is_costly(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &BTreeMap<u64, Value>) -> u64 {
        state.len() as u64 * 24
    }

    fn describe(&self, deed: &Vec<Access>) -> String {
        let told = deed.iter().map(|access| match access {
            Access::Read { key, value: Some(value) } => format!("read {value} at {key}"),
            Access::Read { key, value: None } => format!("read nothing at {key}"),
            Access::Write { key, value } => format!("wrote {value} at {key}"),
        });
        told.collect::<Vec<_>>().join(" and ")
    }

    fn describe_state(&self, state: &BTreeMap<u64, Value>) -> String {
        let held: Vec<(u64, Value)> = state.iter().map(|(key, value)| (*key, *value)).collect();
        format!("the registers held {}", list(&held))
    }
}
