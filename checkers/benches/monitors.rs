//! The exact monitors at scale: object, clients, operations, a clean history and one with a single
//! violation planted after nine tenths of it.
//!
//! `cargo bench -p zeroloss-checkers --bench monitors [-- part of a case's name]`. Clients are
//! always busy. Peak memory is that of the whole process, the history that is judged included.

mod measure;

use checkers::{
    Stamp,
    linearizability::{
        Answer, Operation,
        objects::{Queue, Register, Set, Taken, Value},
        queue, register, set,
    },
};
use measure::{Case, case};
use std::collections::VecDeque;

/// A small generator: the same histories every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 20) % sides
    }
}

/// How a history is made.
#[derive(Clone, Copy)]
struct Load {
    clients: u64,
    count: usize,
    /// Whether one answer is a lie.
    is_planted: bool,
    /// How many of a thousand operations happen and never return.
    lost_permille: u64,
}

/// An object that is used, and that can lie about it.
trait Object: Default {
    type Deed: Clone;

    /// Does something. If it is time to lie and this is an occasion, lies and takes the order back.
    fn act(&mut self, dice: &mut Dice, number: usize, is_lie: &mut bool) -> Self::Deed;

    /// What is left of a deed whose answer was lost.
    fn forget(deed: Self::Deed) -> Self::Deed {
        deed
    }
}

/// A history by clients who are always busy: each operation happens at some moment of its interval.
fn history<O: Object>(load: Load, idle: O::Deed) -> Vec<Operation<O::Deed>> {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    let mut object = O::default();
    let mut operations: Vec<Operation<O::Deed>> = Vec::with_capacity(load.count);
    let mut now = Stamp::default();
    let mut tick = || {
        now = Stamp { ordinal: now.ordinal + 1, at_ns: now.at_ns + 1_000 };
        now
    };
    // Who is under way, by client: the operation, and whether it has happened.
    let mut busy: Vec<Option<(usize, bool)>> = vec![None; load.clients as usize];
    let (mut is_lie, mut open) = (false, 0);
    while operations.len() < load.count || open > 0 {
        let client = dice.roll(load.clients) as usize;
        match busy[client] {
            None if operations.len() < load.count => {
                // What it does is known once it happens.
                let (process, called, deed) = (client as u64, tick(), idle.clone());
                operations.push(Operation { process, called, returned: None, deed });
                is_lie |= load.is_planted && operations.len() == load.count / 10 * 9;
                busy[client] = Some((operations.len() - 1, false));
                open += 1;
            }
            None => {}
            Some((number, false)) => {
                operations[number].deed = object.act(&mut dice, number, &mut is_lie);
                busy[client] = Some((number, true));
            }
            Some((number, true)) => {
                let operation = &mut operations[number];
                if dice.roll(1000) < load.lost_permille {
                    operation.deed = O::forget(operation.deed.clone());
                } else {
                    operation.returned = Some(tick());
                }
                busy[client] = None;
                open -= 1;
            }
        }
    }
    assert!(!is_lie, "there was no occasion to lie");
    operations
}

/// How far a lie is from the truth, so that it is one whatever was under way beside it.
const FAR: usize = 400;

#[derive(Default)]
struct Fifo {
    queue: VecDeque<Value>,
}

impl Object for Fifo {
    type Deed = Queue;

    fn act(&mut self, dice: &mut Dice, number: usize, is_lie: &mut bool) -> Queue {
        if dice.roll(2) == 0 || (self.queue.len() < FAR * 2 && dice.roll(10) != 0) {
            self.queue.push_back(number as Value);
            return Queue::Enqueue(number as Value);
        }
        let taken = if *is_lie && self.queue.len() > FAR {
            *is_lie = false;
            self.queue.remove(FAR)
        } else {
            self.queue.pop_front()
        };
        Queue::Dequeue(taken.map_or(Taken::Empty, Taken::Value))
    }

    fn forget(deed: Queue) -> Queue {
        match deed {
            Queue::Dequeue(_) => Queue::Dequeue(Taken::Unknown),
            Queue::Enqueue(value) => Queue::Enqueue(value),
        }
    }
}

/// A queue that is empty most of the time.
#[derive(Default)]
struct ShortFifo(Fifo);

impl Object for ShortFifo {
    type Deed = Queue;

    fn act(&mut self, dice: &mut Dice, number: usize, is_lie: &mut bool) -> Queue {
        if dice.roll(9) < 4 {
            self.0.queue.push_back(number as Value);
            return Queue::Enqueue(number as Value);
        }
        if *is_lie {
            *is_lie = false;
            return Queue::Dequeue(Taken::Value(0));
        }
        Queue::Dequeue(self.0.queue.pop_front().map_or(Taken::Empty, Taken::Value))
    }
}

#[derive(Default)]
struct Cell {
    value: Option<Value>,
    written: VecDeque<Value>,
}

impl Cell {
    fn put(&mut self, value: Value) {
        self.value = Some(value);
        self.written.push_back(value);
        if self.written.len() > FAR {
            self.written.pop_front();
        }
    }

    fn read(&mut self, is_lie: &mut bool) -> Register {
        if *is_lie && self.written.len() == FAR {
            *is_lie = false;
            return Register::Read(self.written.front().copied());
        }
        Register::Read(self.value)
    }
}

impl Object for Cell {
    type Deed = Register;

    fn act(&mut self, dice: &mut Dice, number: usize, is_lie: &mut bool) -> Register {
        if dice.roll(2) == 0 {
            return self.read(is_lie);
        }
        self.put(number as Value);
        Register::Write(number as Value)
    }
}

/// A register that is swapped, too.
#[derive(Default)]
struct SwapCell(Cell);

impl Object for SwapCell {
    type Deed = Register;

    fn act(&mut self, dice: &mut Dice, number: usize, is_lie: &mut bool) -> Register {
        let to = number as Value;
        let old = self.0.written.front().copied();
        match (dice.roll(4), self.0.value, old) {
            (0, ..) => self.0.read(is_lie),
            (1, Some(from), _) => {
                self.0.put(to);
                Register::Cas { from, to, succeeded: Some(true) }
            }
            (2, Some(held), Some(from)) if held != from => {
                Register::Cas { from, to, succeeded: Some(false) }
            }
            _ => {
                self.0.put(to);
                Register::Write(to)
            }
        }
    }
}

/// A set whose elements come and go, and of which single ones are looked for.
#[derive(Default)]
struct Bag {
    held: Vec<Value>,
    gone: Vec<Value>,
}

impl Object for Bag {
    type Deed = Set;

    fn act(&mut self, dice: &mut Dice, number: usize, is_lie: &mut bool) -> Set {
        let some = |dice: &mut Dice, values: &[Value]| dice.roll(values.len() as u64 | 1) as usize;
        match dice.roll(10) {
            0..2 if !self.held.is_empty() => {
                let element = self.held.swap_remove(dice.roll(self.held.len() as u64) as usize);
                self.gone.push(element);
                Set::Remove { element, found: Some(true) }
            }
            2..6 if !self.held.is_empty() => {
                let element = self.held[dice.roll(self.held.len() as u64) as usize];
                if *is_lie && (element as usize) < number / 2 {
                    *is_lie = false;
                    // It stays long enough to be seen by the end: nobody removes it from here on.
                    self.held.retain(|held| *held != element);
                    return Set::Contains(element, false);
                }
                Set::Contains(element, true)
            }
            6 if !self.gone.is_empty() => {
                let place = some(dice, &self.gone).min(self.gone.len() - 1);
                Set::Contains(self.gone[place], false)
            }
            _ => {
                self.held.push(number as Value);
                Set::Add(number as Value)
            }
        }
    }
}

/// A set that only grows and is read as a whole now and then.
#[derive(Default)]
struct Heap {
    held: Vec<Value>,
}

impl Object for Heap {
    type Deed = Set;

    fn act(&mut self, dice: &mut Dice, number: usize, is_lie: &mut bool) -> Set {
        if number > 0 && number.is_multiple_of(50_000) {
            return Set::Read(self.held.clone());
        }
        if dice.roll(2) == 0 || self.held.is_empty() {
            self.held.push(number as Value);
            return Set::Add(number as Value);
        }
        let element = self.held[dice.roll(self.held.len() as u64) as usize];
        let is_found = !(*is_lie && (element as usize) < number / 2);
        *is_lie &= is_found;
        Set::Contains(element, is_found)
    }
}

fn word(answer: Answer) -> String {
    match answer {
        Answer::Linearizable(_) => "linearizable".to_owned(),
        Answer::Impossible(impossible) => {
            format!("{}({})", impossible.rule, impossible.operations.len())
        }
        Answer::Exhausted(why) => panic!("a monitor of its own object gave up: {why}"),
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for count in [10_000, 100_000, 1_000_000] {
        for clients in [10, 30, 100] {
            for is_planted in [false, true] {
                let load = Load { clients, count, is_planted, lost_permille: 0 };
                let lossy = Load { lost_permille: 10, ..load };
                let what = if is_planted { "planted" } else { "clean" };
                let name = |object: &str| format!("{object}/{clients}/{count}/{what}");
                let idle = Queue::Dequeue(Taken::Unknown);
                let made = move || history::<Fifo>(load, idle);
                cases.push(case(name("queue"), made, |input| word(queue::check(input))));
                let made = move || history::<Fifo>(lossy, idle);
                cases.push(case(name("lossy_queue"), made, |input| word(queue::check(input))));
                let made = move || history::<ShortFifo>(load, idle);
                cases.push(case(name("short_queue"), made, |input| word(queue::check(input))));
                let idle = Register::Read(None);
                let made = move || history::<Cell>(load, idle);
                cases
                    .push(case(name("register"), made, |input| word(register::check(input, None))));
                let made = move || history::<SwapCell>(load, idle);
                cases.push(case(name("swaps"), made, |input| word(register::check(input, None))));
                let made = move || history::<Bag>(load, Set::Contains(0, false));
                cases.push(case(name("set"), made, |input| word(set::check(input))));
                let made = move || history::<Heap>(load, Set::Contains(0, false));
                cases.push(case(name("growing_set"), made, |input| word(set::check(input))));
            }
        }
    }
    cases
}

fn main() {
    measure::run(&cases());
}
