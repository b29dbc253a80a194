//! An order that was found, done again one operation after the other: nothing is called
//! linearizable before this has agreed.
//!
//! It costs one pass, knows nothing of how the order was found, and its machines are not those of
//! any search.

use super::{Answer, Operation, objects};
use crate::intern::Interner;
use objects::{Taken, Value};
use std::collections::VecDeque;

/// An object that does operations in place.
pub(crate) trait Machine {
    /// What an operation did.
    type Deed: std::fmt::Debug;

    /// Does the deed; false if the object would have answered otherwise.
    fn step(&mut self, deed: &Self::Deed) -> bool;
}

/// The answer *linearizable*, after the order was done again. A monitor that found a wrong order is
/// broken, so this panics.
pub(crate) fn linearizable<M: Machine>(
    machine: M,
    operations: &[Operation<M::Deed>],
    order: Vec<usize>,
) -> Answer {
    if let Err(why) = replay(machine, operations, &order) {
        panic!("an order that was found does not hold: {why}");
    }
    Answer::Linearizable(order)
}

/// Whether the order holds every operation that returned, none twice, keeps real time, and the
/// machine answers as the operations say; if not, why.
pub(crate) fn replay<M: Machine>(
    mut machine: M,
    operations: &[Operation<M::Deed>],
    order: &[usize],
) -> Result<(), String> {
    let mut is_done = vec![false; operations.len()];
    let mut called_last = 0;
    for number in order {
        let operation = operations.get(*number);
        let operation = operation.ok_or_else(|| format!("there is no operation {number}"))?;
        if std::mem::replace(&mut is_done[*number], true) {
            return Err(format!("operation {number} is done twice"));
        }
        if operation.returned.is_some_and(|at| at.ordinal < called_last) {
            return Err(format!("operation {number} returned before one that is done earlier"));
        }
        called_last = called_last.max(operation.called.ordinal);
        if !machine.step(&operation.deed) {
            return Err(format!("operation {number} cannot do {:?}", operation.deed));
        }
    }
    let is_owed = |number: &usize| operations[*number].returned.is_some() && !is_done[*number];
    match (0..operations.len()).find(is_owed) {
        Some(number) => Err(format!("operation {number} returned and is not done")),
        None => Ok(()),
    }
}

/// A register.
#[derive(Debug, Default)]
pub(crate) struct Register(pub(crate) Option<Value>);

impl Machine for Register {
    type Deed = objects::Register;

    fn step(&mut self, deed: &objects::Register) -> bool {
        match *deed {
            objects::Register::Read(found) => self.0 == found,
            objects::Register::Write(value) => {
                self.0 = Some(value);
                true
            }
            objects::Register::Cas { from, to, succeeded } => {
                let is_there = self.0 == Some(from);
                if is_there {
                    self.0 = Some(to);
                }
                succeeded.is_none_or(|succeeded| succeeded == is_there)
            }
        }
    }
}

/// A queue.
#[derive(Debug, Default)]
pub(crate) struct Queue(VecDeque<Value>);

impl Machine for Queue {
    type Deed = objects::Queue;

    fn step(&mut self, deed: &objects::Queue) -> bool {
        match deed {
            objects::Queue::Enqueue(value) => {
                self.0.push_back(*value);
                true
            }
            objects::Queue::Dequeue(taken) => {
                let head = self.0.pop_front();
                match taken {
                    Taken::Value(value) => head == Some(*value),
                    Taken::Empty => head.is_none(),
                    Taken::Unknown => true,
                }
            }
        }
    }
}

/// A set: for each element ever named whether it is in, and by which read it was last counted.
#[derive(Debug, Default)]
pub(crate) struct Set {
    names: Interner,
    is_in: Vec<bool>,
    counted_by: Vec<u64>,
    size: usize,
    reads: u64,
}

impl Set {
    fn number(&mut self, element: Value) -> usize {
        let (number, is_new) = self.names.intern(element);
        if is_new {
            self.is_in.push(false);
            self.counted_by.push(0);
        }
        number as usize
    }

    fn put(&mut self, element: Value, is_in: bool) -> bool {
        let number = self.number(element);
        let was_in = std::mem::replace(&mut self.is_in[number], is_in);
        self.size = self.size + usize::from(is_in) - usize::from(was_in);
        was_in
    }
}

impl Machine for Set {
    type Deed = objects::Set;

    fn step(&mut self, deed: &objects::Set) -> bool {
        match deed {
            objects::Set::Add(element) => {
                self.put(*element, true);
                true
            }
            objects::Set::Remove { element, found } => {
                let was_in = self.put(*element, false);
                found.is_none_or(|found| found == was_in)
            }
            objects::Set::Contains(element, found) => {
                let number = self.number(*element);
                self.is_in[number] == *found
            }
            objects::Set::Read(elements) => {
                self.reads += 1;
                elements.len() == self.size
                    && elements.iter().all(|element| {
                        let number = self.number(*element);
                        let counted = std::mem::replace(&mut self.counted_by[number], self.reads);
                        self.is_in[number] && counted != self.reads
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Stamp;
    use objects::Queue::{Dequeue, Enqueue};

    fn history() -> Vec<Operation<objects::Queue>> {
        let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
        let operation = |called, returned: Option<u64>, deed| Operation {
            process: called,
            called: at(called),
            returned: returned.map(at),
            deed,
        };
        vec![
            operation(1, Some(2), Enqueue(1)),
            operation(3, Some(6), Enqueue(2)),
            operation(4, Some(5), Dequeue(Taken::Value(1))),
            operation(7, None, Dequeue(Taken::Unknown)),
            operation(8, Some(9), Dequeue(Taken::Empty)),
        ]
    }

    fn why(order: &[usize]) -> String {
        replay(Queue::default(), &history(), order).expect_err("a wrong order")
    }

    #[test]
    fn a_right_order_is_agreed_to() {
        replay(Queue::default(), &history(), &[0, 1, 2, 3, 4]).expect("it holds");
        replay(Queue::default(), &history(), &[0, 2, 1, 3, 4]).expect("this one too");
    }

    #[test]
    fn every_way_to_be_wrong_is_seen() {
        assert_eq!(why(&[0, 1, 2, 4]), "operation 4 cannot do Dequeue(Empty)");
        assert_eq!(why(&[0, 1, 2, 3]), "operation 4 returned and is not done");
        assert_eq!(why(&[0, 1, 2, 3, 4, 0]), "operation 0 is done twice");
        assert_eq!(why(&[1, 0]), "operation 0 returned before one that is done earlier");
        assert_eq!(why(&[9]), "there is no operation 9");
    }

    #[test]
    fn a_set_is_read_whole_and_once() {
        use objects::Set::{Add, Read};
        let mut set = Set::default();
        assert!(set.step(&Add(1)) && set.step(&Add(2)) && set.step(&Read(vec![2, 1])));
        assert!(!set.step(&Read(vec![1])) && !set.step(&Read(vec![1, 1])));
        assert!(!set.step(&Read(vec![1, 3])) && !set.step(&Read(vec![1, 2, 3])));
    }
}
