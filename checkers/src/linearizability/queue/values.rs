//! What a history says of each value: who enqueued it, who dequeued it, and when.

use super::{
    super::{
        Operation,
        objects::{Queue, Taken},
        timeline::{NEVER, Time, Timeline},
    },
    Flaw,
};
use crate::intern::Interner;

/// No operation, or no value.
pub(super) const NOBODY: u32 = u32::MAX;

/// When a value came and went, as far as the calls tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Life {
    /// The call of its enqueue.
    pub(super) enqueuing: Time,
    /// Its return.
    pub(super) enqueued: Time,
    /// The call of its dequeue; `NEVER` if nobody is known to have dequeued it.
    pub(super) taking: Time,
    /// Its return.
    pub(super) taken: Time,
}

impl Life {
    const UNTOLD: Life = Life { enqueuing: NEVER, enqueued: NEVER, taking: NEVER, taken: NEVER };

    /// Whether a known dequeue took it.
    pub(super) fn is_taken(&self) -> bool {
        self.taking != NEVER
    }

    fn is_enqueued(&self) -> bool {
        self.enqueuing != NEVER
    }
}

/// What an operation is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// It enqueued this value.
    In(u32),
    /// It dequeued this value.
    Out(u32),
    /// It found nothing.
    Empty,
    /// It never returned and may have taken something.
    Taker,
    /// It need not have happened.
    Nothing,
}

/// Every value of a history. Values are numbered by their first mention.
#[derive(Debug, Default)]
pub(super) struct Values {
    names: Interner,
    pub(super) lives: Vec<Life>,
    /// By value: who enqueued it and who dequeued it, or `NOBODY`.
    pub(super) doers: Vec<(u32, u32)>,
    /// By operation.
    pub(super) parts: Vec<Part>,
    /// Dequeues that never returned: when they were called, in order, and which.
    pub(super) takers: Vec<(Time, u32)>,
    /// How many dequeues found nothing.
    pub(super) empties: usize,
    /// A value that was dequeued twice, and by whom again.
    again: Option<(u32, u32)>,
}

impl Values {
    /// Reads a history. An error says why it is beyond this monitor.
    pub(super) fn of(
        operations: &[Operation<Queue>],
        timeline: &Timeline,
    ) -> Result<Values, String> {
        let mut values =
            Values { parts: vec![Part::Nothing; operations.len()], ..Values::default() };
        for operation in timeline.calls() {
            let span = timeline.span(operation);
            let is_pending = span.returned == NEVER;
            let part = match operations[operation as usize].deed {
                Queue::Enqueue(name) => {
                    let value = values.number(name);
                    let life = &mut values.lives[value as usize];
                    if life.is_enqueued() {
                        return Err(format!("value {name} is enqueued twice"));
                    }
                    (life.enqueuing, life.enqueued) = (span.called, span.returned);
                    values.doers[value as usize].0 = operation;
                    Part::In(value)
                }
                Queue::Dequeue(taken) => match (taken, is_pending) {
                    (Taken::Value(name), false) => {
                        let value = values.number(name);
                        let life = &mut values.lives[value as usize];
                        if life.is_taken() {
                            values.again.get_or_insert((value, operation));
                            continue;
                        }
                        (life.taking, life.taken) = (span.called, span.returned);
                        values.doers[value as usize].1 = operation;
                        Part::Out(value)
                    }
                    (Taken::Empty, false) => {
                        values.empties += 1;
                        Part::Empty
                    }
                    (Taken::Unknown, true) => {
                        values.takers.push((span.called, operation));
                        Part::Taker
                    }
                    // It found nothing, at some time or never: that says nothing.
                    (Taken::Empty, true) => Part::Nothing,
                    (Taken::Unknown, false) => {
                        return Err("a dequeue returned, and no one knows what".to_owned());
                    }
                    (Taken::Value(name), true) => {
                        return Err(format!("a dequeue of {name} never returned"));
                    }
                },
            };
            values.parts[operation as usize] = part;
        }
        values.forget_unseen();
        Ok(values)
    }

    fn number(&mut self, name: u64) -> u32 {
        let (number, is_new) = self.names.intern(name);
        if is_new {
            self.lives.push(Life::UNTOLD);
            self.doers.push((NOBODY, NOBODY));
        }
        number
    }

    /// An enqueue that never returned and whose value nobody saw need not have happened.
    fn forget_unseen(&mut self) {
        for (life, (enqueue, _)) in self.lives.iter().zip(&self.doers) {
            if *enqueue != NOBODY && life.enqueued == NEVER && !life.is_taken() {
                self.parts[*enqueue as usize] = Part::Nothing;
            }
        }
    }

    /// What is wrong with a single value: patterns 1 to 3.
    pub(super) fn flaw(&self) -> Option<Flaw> {
        let lives = || (0..).zip(&self.lives);
        let phantom = lives().find(|(_, life)| !life.is_enqueued());
        let future = lives().find(|(_, life)| life.taken < life.enqueuing);
        let again = self.again.map(|(value, again)| Flaw::Duplicate { value, again });
        let phantom = phantom.map(|(value, _)| Flaw::Phantom { value });
        phantom.or(future.map(|(value, _)| Flaw::Future { value })).or(again)
    }

    /// The value itself.
    pub(super) fn name(&self, value: u32) -> u64 {
        self.names.id(value)
    }

    /// The values that no known dequeue took and that were certainly in, by when they were.
    pub(super) fn untaken(&self) -> Vec<(Time, u32)> {
        let stays = |life: &Life| !life.is_taken() && life.enqueued != NEVER;
        let mut untaken: Vec<(Time, u32)> = (0..)
            .zip(&self.lives)
            .filter(|(_, life)| stays(life))
            .map(|(value, life)| (life.enqueued, value))
            .collect();
        untaken.sort_unstable();
        untaken
    }
}
