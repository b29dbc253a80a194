//! What a history says of each value: who put it, who found it, and who swapped it away.

use super::{
    super::{
        Operation,
        objects::{self, Register},
        timeline::{NEVER, Timeline},
    },
    Flaw, Halt,
};
use crate::intern::Interner;

/// No operation, or no value.
pub(super) const NOBODY: u32 = u32::MAX;

/// The number of the value that the register begins with. It may be nothing.
pub(super) const INITIAL: u32 = 0;

/// What an operation is about, in numbers of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Put this value.
    Puts(u32),
    /// Found this value.
    Finds(u32),
    /// Found one and put the other.
    Swaps(u32, u32),
    /// Found something else than this value, or did something that nobody saw.
    Spares(u32),
    /// Found nothing in a register that always holds something.
    FindsNothing,
    /// It need not have happened.
    Nothing,
}

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    /// Who put it, or `NOBODY`.
    pub(super) put_by: u32,
    /// Who found it and returned, or `NOBODY`: one of them.
    pub(super) found_by: u32,
    /// Who swapped it away, or `NOBODY`.
    pub(super) swapped_by: u32,
    is_seen: bool,
}

/// Every value of a history.
#[derive(Debug, Default)]
pub(super) struct Values {
    names: Interner,
    initial: Option<objects::Value>,
    pub(super) values: Vec<Value>,
    /// By operation.
    pub(super) parts: Vec<Part>,
    /// Swaps that succeeded if someone saw what they put.
    doubtful: Vec<u32>,
    /// Two swaps of one value that both succeeded.
    swapped_twice: Option<(u32, u32)>,
}

impl Values {
    /// Reads a history. An error says why it is beyond this monitor.
    pub(super) fn of(
        operations: &[Operation<Register>],
        timeline: &Timeline,
        initial: Option<objects::Value>,
    ) -> Result<Values, String> {
        let parts = vec![Part::Nothing; operations.len()];
        let mut values = Values { initial, parts, ..Values::default() };
        values.values.push(Value { put_by: NOBODY, ..UNTOLD });
        for operation in timeline.calls() {
            let is_pending = timeline.span(operation).returned == NEVER;
            let part = values.read(operation, operations[operation as usize].deed, is_pending)?;
            values.parts[operation as usize] = part;
        }
        values.settle(timeline);
        Ok(values)
    }

    fn read(&mut self, operation: u32, deed: Register, is_pending: bool) -> Result<Part, String> {
        Ok(match (deed, is_pending) {
            (Register::Read(_), true) => Part::Nothing,
            (Register::Read(None), false) if self.initial.is_some() => Part::FindsNothing,
            (Register::Read(found), false) => {
                let value = found.map_or(INITIAL, |name| self.number(name));
                let told = &mut self.values[value as usize];
                (told.found_by, told.is_seen) = (operation, true);
                Part::Finds(value)
            }
            (Register::Write(name), _) => Part::Puts(self.put(operation, name)?),
            (Register::Cas { succeeded: Some(false), .. }, true) => Part::Nothing,
            (Register::Cas { from, succeeded: Some(false), .. }, false) => {
                Part::Spares(self.number(from))
            }
            (Register::Cas { from, to, succeeded }, _) => {
                let (from, to) = (self.number(from), self.put(operation, to)?);
                if is_pending || succeeded.is_none() {
                    self.doubtful.push(operation);
                } else {
                    self.swap(operation, from);
                    self.values[from as usize].found_by = operation;
                }
                Part::Swaps(from, to)
            }
        })
    }

    fn put(&mut self, operation: u32, name: objects::Value) -> Result<u32, String> {
        let value = self.number(name);
        let told = &mut self.values[value as usize];
        if value == INITIAL || told.put_by != NOBODY {
            return Err(format!("value {name} is put twice"));
        }
        told.put_by = operation;
        Ok(value)
    }

    fn swap(&mut self, operation: u32, from: u32) {
        let told = &mut self.values[from as usize];
        told.is_seen = true;
        if told.swapped_by != NOBODY {
            self.swapped_twice.get_or_insert((told.swapped_by, operation));
        }
        told.swapped_by = operation;
    }

    fn number(&mut self, name: objects::Value) -> u32 {
        if self.initial == Some(name) {
            return INITIAL;
        }
        let (number, is_new) = self.names.intern(name);
        if is_new {
            self.values.push(UNTOLD);
        }
        number + 1
    }

    /// Decides which operations without an answer happened: those whose value was seen, by whoever
    /// happened.
    fn settle(&mut self, timeline: &Timeline) {
        let doubtful = std::mem::take(&mut self.doubtful);
        let mut seen: Vec<u32> = doubtful.clone();
        while let Some(operation) = seen.pop() {
            let Part::Swaps(from, to) = self.parts[operation as usize] else { continue };
            let is_settled = self.values[from as usize].swapped_by == operation;
            if !self.values[to as usize].is_seen || is_settled {
                continue;
            }
            let was_seen = self.values[from as usize].is_seen;
            self.swap(operation, from);
            if !was_seen {
                let put_by = self.values[from as usize].put_by;
                seen.extend((put_by != NOBODY).then_some(put_by));
            }
        }
        for operation in doubtful {
            let Part::Swaps(from, to) = self.parts[operation as usize] else { continue };
            if self.values[to as usize].is_seen {
                continue;
            }
            self.values[to as usize].put_by = NOBODY;
            let is_pending = timeline.span(operation).returned == NEVER;
            self.parts[operation as usize] =
                if is_pending { Part::Nothing } else { Part::Spares(from) };
        }
        for (operation, part) in (0..).zip(&mut self.parts) {
            if let Part::Puts(value) = *part
                && !self.values[value as usize].is_seen
                && timeline.span(operation).returned == NEVER
            {
                self.values[value as usize].put_by = NOBODY;
                *part = Part::Nothing;
            }
        }
    }

    /// Whether the value was ever in the register.
    pub(super) fn is_there(&self, value: u32) -> bool {
        value == INITIAL || self.values[value as usize].put_by != NOBODY
    }

    /// The value for people.
    pub(super) fn name(&self, value: u32) -> String {
        match (value.checked_sub(1), self.initial) {
            (Some(number), _) => self.names.id(number).to_string(),
            (None, Some(initial)) => initial.to_string(),
            (None, None) => "nothing".to_owned(),
        }
    }

    /// An operation that saw the value, if any did.
    pub(super) fn seen_by(&self, value: u32) -> u32 {
        let Value { found_by, swapped_by, .. } = self.values[value as usize];
        if found_by == NOBODY { swapped_by } else { found_by }
    }

    /// What is wrong with a single value: rules 1 and 3.
    pub(super) fn flaw(&self) -> Option<Halt> {
        if let Some(operation) = self.parts.iter().position(|part| *part == Part::FindsNothing) {
            let operations = vec![operation as u32];
            let why = "nothing was found, and the register held something from the beginning";
            return Some(Halt::Flaw(Flaw { rule: "phantom", why: why.to_owned(), operations }));
        }
        let is_phantom =
            |value: &u32| !self.is_there(*value) && self.values[*value as usize].is_seen;
        if let Some(value) = (0..self.values.len() as u32).find(is_phantom) {
            let why = format!("{} was found, and nobody put it", self.name(value));
            let operations = vec![self.seen_by(value)];
            return Some(Halt::Flaw(Flaw { rule: "phantom", why, operations }));
        }
        let (first, second) = self.swapped_twice?;
        let Part::Swaps(from, _) = self.parts[first as usize] else { return None };
        let operations = vec![self.values[from as usize].put_by, first, second];
        let why = format!("two swaps of {} succeeded, and it was put once", self.name(from));
        Some(Halt::Flaw(Flaw { rule: "lost_update", why, operations }))
    }
}

const UNTOLD: Value =
    Value { put_by: NOBODY, found_by: NOBODY, swapped_by: NOBODY, is_seen: false };
