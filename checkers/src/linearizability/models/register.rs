//! A register that is read, written and compared-and-set. State: what it holds.
//!
//! A compare-and-set that came back without saying whether it succeeded did so where it could, or
//! did nothing.

use super::UNKNOWN;
use crate::linearizability::{
    engine::{Model, Steps},
    objects::{self, Value},
};

/// A register, or one key of a store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Register {
    /// What it holds before anything happened; none for nothing.
    pub initial: Option<Value>,
    /// Values that some operation looked for.
    observed: Vec<Value>,
    /// The first of the values that none did look for, and whether there are more: it stands for
    /// all of them, because no answer tells them apart.
    unseen: Option<(Value, bool)>,
    /// Whether a compare-and-set did not find what it looked for: any write may be the reason.
    has_misses: bool,
}

impl Register {
    /// A register that holds this at first, or nothing.
    pub fn holding(initial: Option<Value>) -> Register {
        Register { initial, ..Register::default() }
    }

    /// A value as far as anyone can tell it from others.
    fn shade(&self, value: Value) -> Value {
        let is_told_apart = self.observed.binary_search(&value).is_ok();
        match self.unseen {
            Some((first, _)) if !is_told_apart => first,
            Some(_) | None => value,
        }
    }
}

impl Model for Register {
    type Deed = objects::Register;
    type Act = objects::Register;
    type State = Option<Value>;

    fn initial(&self) -> Option<Value> {
        self.initial
    }

    fn informed(&self, told: &mut dyn Iterator<Item = &objects::Register>) -> Register {
        let mut informed = Register::holding(self.initial);
        let mut put: Vec<Value> = Vec::new();
        for deed in told {
            match deed {
                objects::Register::Read(Some(value)) => note(&mut informed.observed, *value),
                objects::Register::Read(None) => {}
                objects::Register::Write(value) => note(&mut put, *value),
                objects::Register::Cas { from, to, succeeded } => {
                    note(&mut put, *to);
                    note(&mut informed.observed, *from);
                    informed.has_misses |= *succeeded == Some(false);
                }
            }
        }
        informed.observed.sort_unstable();
        informed.observed.dedup();
        for value in put {
            let is_seen = informed.observed.binary_search(&value).is_ok();
            match &mut informed.unseen {
                _ if is_seen => {}
                None => informed.unseen = Some((value, false)),
                Some((first, has_more)) => *has_more |= *first != value,
            }
        }
        informed
    }

    fn act(&self, deed: &objects::Register) -> Option<objects::Register> {
        Some(match *deed {
            objects::Register::Read(_) => *deed,
            objects::Register::Write(value) => objects::Register::Write(self.shade(value)),
            objects::Register::Cas { from, to, succeeded } => {
                objects::Register::Cas { from, to: self.shade(to), succeeded }
            }
        })
    }

    fn step(&self, state: &Option<Value>, act: &objects::Register) -> Steps<Option<Value>> {
        match act {
            objects::Register::Read(value) if value == state => Steps::Same,
            objects::Register::Read(_) => Steps::Never,
            objects::Register::Write(value) => Steps::To(Some(*value)),
            objects::Register::Cas { from, to, succeeded } => {
                match (*state == Some(*from), succeeded) {
                    (true, Some(true)) => Steps::To(Some(*to)),
                    (true, None) => Steps::Any(vec![Some(*to), *state]),
                    (false, Some(false) | None) => Steps::Same,
                    (true, Some(false)) | (false, Some(true)) => Steps::Never,
                }
            }
        }
    }

    fn is_read_only(&self, act: &objects::Register) -> bool {
        match act {
            objects::Register::Read(_) => true,
            objects::Register::Write(_) => false,
            objects::Register::Cas { succeeded, .. } => *succeeded == Some(false),
        }
    }

    fn forget(&self, deed: &objects::Register) -> Option<objects::Register> {
        match *deed {
            objects::Register::Read(_) => None,
            objects::Register::Write(value) => Some(objects::Register::Write(value)),
            objects::Register::Cas { from, to, .. } => {
                Some(objects::Register::Cas { from, to, succeeded: None })
            }
        }
    }

    fn is_unobservable(&self, act: &objects::Register) -> bool {
        let is_unseen = |value| !self.has_misses && self.observed.binary_search(&value).is_err();
        match act {
            objects::Register::Read(_) => false,
            objects::Register::Write(value) => is_unseen(*value),
            objects::Register::Cas { to, .. } => is_unseen(*to),
        }
    }

    fn describe(&self, deed: &objects::Register) -> String {
        match deed {
            objects::Register::Read(Some(value)) => format!("read {value}"),
            objects::Register::Read(None) => "read nothing".to_owned(),
            objects::Register::Write(value) => format!("wrote {value}"),
            objects::Register::Cas { from, to, succeeded: Some(true) } => {
                format!("changed {from} to {to}")
            }
            objects::Register::Cas { from, to, succeeded: Some(false) } => {
                format!("did not find {from} to change it to {to}")
            }
            objects::Register::Cas { from, to, succeeded: None } => {
                format!("asked to change {from} to {to} {UNKNOWN}")
            }
        }
    }

    fn describe_state(&self, state: &Option<Value>) -> String {
        match state {
            Some(value) if self.unseen == Some((*value, true)) => {
                format!("the register held {value} or another value that nobody read")
            }
            Some(value) => format!("the register held {value}"),
            None => "the register held nothing".to_owned(),
        }
    }
}

/// Notes a value, where most are repetitions of a few.
fn note(values: &mut Vec<Value>, value: Value) {
    let near = values.len().saturating_sub(8);
    if !values[near..].contains(&value) {
        values.push(value);
    }
}
