//! Objects as a child would write them, and random histories of them: the dumb twins of the models.
//!
//! Nothing here is shared with the models: states hold everything (a log its whole contents), and
//! every result is compared with what the object would have said.

mod logs;
mod queues;
mod registers;

pub(crate) use logs::{Log, Stream};
pub(crate) use queues::{Bag, Queue, Set};
pub(crate) use registers::{MultiRegister, Mutex, Register, Text};

use crate::{
    Stamp,
    linearizability::{Operation, engine::Model},
};
use std::fmt::Debug;

/// A small generator of random numbers (Marsaglia's xorshift).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(super::super::mask::mix(seed, 0x5eed) | 1)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }
}

/// An object, written twice: as a model and as a child would.
pub(crate) trait Toy {
    type Model: Model<Deed = Self::Deed>;
    type Deed: Clone + Debug;
    type State: Clone + PartialEq;
    /// Whether the model of it knows early what is only told later.
    const LOOKS_AHEAD: bool = false;
    fn model() -> Self::Model;
    fn start() -> Self::State;
    /// A question, with the answer that this state gives, and what it leaves.
    fn ask(state: &Self::State, dice: &mut Dice) -> (Self::Deed, Self::State);
    /// The same question with some other answer.
    fn garble(deed: Self::Deed, dice: &mut Dice) -> Self::Deed;
    /// All that can become of a state if this happens and says what it says. For an operation
    /// without a return it is asked with whatever result, which must not be looked at.
    fn apply(state: &Self::State, deed: &Self::Deed, is_pending: bool) -> Vec<Self::State>;
}

fn when<T>(is: bool, then: T) -> Vec<T> {
    if is { vec![then] } else { Vec::new() }
}

/// A random history: the object works, and then perhaps some answers are garbled. Some operations
/// never return.
pub(crate) fn history<T: Toy>(dice: &mut Dice, len: u64) -> Vec<Operation<T::Deed>> {
    let processes = 1 + dice.below(4) as usize;
    let mut state = T::start();
    let mut operations: Vec<Operation<T::Deed>> = Vec::new();
    // What each process is at: an operation, and whether it has happened.
    let mut at: Vec<Option<(usize, bool)>> = vec![None; processes];
    let mut ordinal = 0;
    let mut now = || {
        ordinal += 1;
        Stamp { ordinal, at_ns: ordinal * 10 }
    };
    while operations.len() < len as usize || at.iter().any(Option::is_some) {
        let process = dice.below(processes as u64) as usize;
        match at[process] {
            None if operations.len() as u64 == len => {}
            None => {
                at[process] = Some((operations.len(), false));
                let (deed, _) = T::ask(&state, dice);
                let called = now();
                let process = process as u64;
                operations.push(Operation { process, called, returned: None, deed });
            }
            Some(_) if dice.one_in(12) => at[process] = None,
            Some((number, false)) => {
                let (deed, next) = T::ask(&state, dice);
                (operations[number].deed, state) = (deed, next);
                at[process] = Some((number, true));
            }
            Some((number, true)) => {
                operations[number].returned = Some(now());
                at[process] = None;
            }
        }
    }
    for _ in 0..dice.below(3) {
        let number = dice.below(len) as usize;
        operations[number].deed = T::garble(operations[number].deed.clone(), dice);
    }
    operations
}
