//! Objects as a child would write them, and random histories of them: the dumb twins of the models.
//!
//! Nothing here is shared with the models: states hold everything (a log its whole contents), and
//! every result is compared with what the object would have said.

use crate::linearizability::{
    Operation,
    engine::Model,
    models,
    objects::{self, Access, Taken},
};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Debug;

/// A small generator of random numbers (Marsaglia's xorshift).
#[derive(Clone, Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Dice {
        Dice(super::super::table::mix(seed, 0x5eed) | 1)
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

pub(crate) struct Register;

impl Toy for Register {
    type Model = models::Register;
    type Deed = objects::Register;
    type State = Option<u64>;

    fn model() -> models::Register {
        models::Register::default()
    }

    fn start() -> Option<u64> {
        None
    }

    fn ask(state: &Option<u64>, dice: &mut Dice) -> (objects::Register, Option<u64>) {
        match dice.below(5) {
            0 | 1 => (objects::Register::Read(*state), *state),
            2 => {
                let value = dice.below(4);
                (objects::Register::Write(value), Some(value))
            }
            _ => {
                let (from, to) = (dice.below(4), dice.below(4));
                let succeeded = *state == Some(from);
                let next = if succeeded { Some(to) } else { *state };
                (objects::Register::Cas { from, to, succeeded: Some(succeeded) }, next)
            }
        }
    }

    fn garble(deed: objects::Register, dice: &mut Dice) -> objects::Register {
        match deed {
            objects::Register::Read(_) => objects::Register::Read(dice.below(5).checked_sub(1)),
            objects::Register::Write(value) => objects::Register::Write(value),
            objects::Register::Cas { from, to, succeeded } => {
                let succeeded = if dice.one_in(3) { None } else { succeeded.map(|is| !is) };
                objects::Register::Cas { from, to, succeeded }
            }
        }
    }

    fn apply(state: &Option<u64>, deed: &objects::Register, is_pending: bool) -> Vec<Option<u64>> {
        match deed {
            objects::Register::Read(value) => when(is_pending || state == value, *state),
            objects::Register::Write(value) => vec![Some(*value)],
            objects::Register::Cas { from, to, succeeded } => {
                let could = *state == Some(*from);
                match succeeded {
                    Some(true) if !is_pending => when(could, Some(*to)),
                    Some(false) if !is_pending => when(!could, *state),
                    _ => [when(could, Some(*to)), vec![*state]].concat(),
                }
            }
        }
    }
}

pub(crate) struct Mutex;

impl Toy for Mutex {
    type Model = models::Mutex;
    type Deed = objects::Mutex;
    type State = bool;

    fn model() -> models::Mutex {
        models::Mutex
    }

    fn start() -> bool {
        false
    }

    fn ask(state: &bool, _dice: &mut Dice) -> (objects::Mutex, bool) {
        (if *state { objects::Mutex::Release } else { objects::Mutex::Acquire }, !state)
    }

    fn garble(deed: objects::Mutex, _dice: &mut Dice) -> objects::Mutex {
        match deed {
            objects::Mutex::Acquire => objects::Mutex::Release,
            objects::Mutex::Release => objects::Mutex::Acquire,
        }
    }

    fn apply(state: &bool, deed: &objects::Mutex, _is_pending: bool) -> Vec<bool> {
        when((*deed == objects::Mutex::Acquire) != *state, !state)
    }
}

pub(crate) struct Text;

impl Toy for Text {
    type Model = models::Text;
    type Deed = objects::Text;
    type State = String;

    fn model() -> models::Text {
        models::Text::default()
    }

    fn start() -> String {
        String::new()
    }

    fn ask(state: &String, dice: &mut Dice) -> (objects::Text, String) {
        let text = ["a", "b"][dice.below(2) as usize].to_owned();
        match dice.below(5) {
            0 | 1 => (objects::Text::Get(state.clone()), state.clone()),
            2 => (objects::Text::Put(text.clone()), text),
            _ => (objects::Text::Append(text.clone()), format!("{state}{text}")),
        }
    }

    fn garble(deed: objects::Text, dice: &mut Dice) -> objects::Text {
        match deed {
            objects::Text::Get(text) => match dice.below(3) {
                0 => objects::Text::Get(text.chars().rev().collect()),
                1 => objects::Text::Get(text.chars().skip(1).collect()),
                _ => objects::Text::Get(format!("{text}a")),
            },
            objects::Text::Put(text) => objects::Text::Put(format!("{text}b")),
            objects::Text::Append(text) => objects::Text::Append(format!("{text}b")),
        }
    }

    fn apply(state: &String, deed: &objects::Text, is_pending: bool) -> Vec<String> {
        match deed {
            objects::Text::Get(text) => when(is_pending || text == state, state.clone()),
            objects::Text::Put(text) => vec![text.clone()],
            objects::Text::Append(text) => vec![state.clone() + text],
        }
    }
}

pub(crate) struct Queue;

fn ask_queue(
    state: &VecDeque<u64>,
    taken: Option<usize>,
    dice: &mut Dice,
) -> (objects::Queue, VecDeque<u64>) {
    let mut next = state.clone();
    if dice.one_in(2) {
        let value = dice.below(6);
        next.push_back(value);
        return (objects::Queue::Enqueue(value), next);
    }
    let taken = taken.and_then(|place| next.remove(place));
    (objects::Queue::Dequeue(taken.map_or(Taken::Empty, Taken::Value)), next)
}

fn garble_queue(deed: objects::Queue, dice: &mut Dice) -> objects::Queue {
    match deed {
        objects::Queue::Enqueue(value) => objects::Queue::Enqueue(value),
        objects::Queue::Dequeue(_) => objects::Queue::Dequeue(match dice.below(6) {
            0 => Taken::Empty,
            1 => Taken::Unknown,
            value => Taken::Value(value),
        }),
    }
}

fn take(state: &VecDeque<u64>, place: usize) -> VecDeque<u64> {
    let mut next = state.clone();
    next.remove(place);
    next
}

fn apply_queue(
    state: &VecDeque<u64>,
    places: std::ops::Range<usize>,
    deed: &objects::Queue,
    is_pending: bool,
) -> Vec<VecDeque<u64>> {
    match deed {
        objects::Queue::Enqueue(value) => {
            let mut next = state.clone();
            next.push_back(*value);
            vec![next]
        }
        objects::Queue::Dequeue(taken) => match taken {
            Taken::Value(value) if !is_pending => {
                let found = places.filter(|place| state[*place] == *value);
                found.map(|place| take(state, place)).collect()
            }
            Taken::Empty if !is_pending => when(state.is_empty(), state.clone()),
            _ => places.map(|place| take(state, place)).chain([state.clone()]).collect(),
        },
    }
}

impl Toy for Queue {
    type Model = models::Queue;
    type Deed = objects::Queue;
    type State = VecDeque<u64>;

    fn model() -> models::Queue {
        models::Queue::default()
    }

    fn start() -> VecDeque<u64> {
        VecDeque::new()
    }

    fn ask(state: &VecDeque<u64>, dice: &mut Dice) -> (objects::Queue, VecDeque<u64>) {
        ask_queue(state, Some(0), dice)
    }

    fn garble(deed: objects::Queue, dice: &mut Dice) -> objects::Queue {
        garble_queue(deed, dice)
    }

    fn apply(state: &VecDeque<u64>, deed: &objects::Queue, is_pending: bool) -> Vec<VecDeque<u64>> {
        apply_queue(state, 0..state.len().min(1), deed, is_pending)
    }
}

pub(crate) struct Bag;

impl Toy for Bag {
    type Model = models::Bag;
    type Deed = objects::Queue;
    type State = VecDeque<u64>;

    fn model() -> models::Bag {
        models::Bag::default()
    }

    fn start() -> VecDeque<u64> {
        VecDeque::new()
    }

    fn ask(state: &VecDeque<u64>, dice: &mut Dice) -> (objects::Queue, VecDeque<u64>) {
        let place = (!state.is_empty()).then(|| dice.below(state.len() as u64) as usize);
        ask_queue(state, place, dice)
    }

    fn garble(deed: objects::Queue, dice: &mut Dice) -> objects::Queue {
        garble_queue(deed, dice)
    }

    fn apply(state: &VecDeque<u64>, deed: &objects::Queue, is_pending: bool) -> Vec<VecDeque<u64>> {
        apply_queue(state, 0..state.len(), deed, is_pending)
    }
}

pub(crate) struct Set;

impl Toy for Set {
    type Model = models::Set;
    type Deed = objects::Set;
    type State = BTreeSet<u64>;

    fn model() -> models::Set {
        models::Set::default()
    }

    fn start() -> BTreeSet<u64> {
        BTreeSet::new()
    }

    fn ask(state: &BTreeSet<u64>, dice: &mut Dice) -> (objects::Set, BTreeSet<u64>) {
        let (element, mut next) = (dice.below(4), state.clone());
        match dice.below(6) {
            0 | 1 => {
                next.insert(element);
                (objects::Set::Add(element), next)
            }
            2 => {
                let found = Some(next.remove(&element));
                (objects::Set::Remove { element, found }, next)
            }
            3 => (objects::Set::Contains(element, state.contains(&element)), next),
            _ => (objects::Set::Read(state.iter().rev().copied().collect()), next),
        }
    }

    fn garble(deed: objects::Set, dice: &mut Dice) -> objects::Set {
        match deed {
            objects::Set::Add(element) => objects::Set::Add(element),
            objects::Set::Remove { element, found } => {
                let found = if dice.one_in(2) { None } else { found.map(|is| !is) };
                objects::Set::Remove { element, found }
            }
            objects::Set::Contains(element, found) => objects::Set::Contains(element, !found),
            objects::Set::Read(mut elements) => {
                match dice.below(3) {
                    0 => elements.push(dice.below(4)),
                    1 => elements.extend(elements.first().copied()),
                    _ => drop(elements.pop()),
                }
                objects::Set::Read(elements)
            }
        }
    }

    fn apply(state: &BTreeSet<u64>, deed: &objects::Set, is_pending: bool) -> Vec<BTreeSet<u64>> {
        match deed {
            objects::Set::Add(element) => vec![state.iter().copied().chain([*element]).collect()],
            objects::Set::Remove { element, found } => {
                let mut without = state.clone();
                let is_there = without.remove(element);
                match found {
                    Some(found) if !is_pending => when(is_there == *found, without),
                    _ => vec![without, state.clone()],
                }
            }
            objects::Set::Contains(element, found) => {
                when(is_pending || state.contains(element) == *found, state.clone())
            }
            objects::Set::Read(elements) => {
                let is_same = elements.len() == state.len()
                    && elements.iter().copied().collect::<BTreeSet<u64>>() == *state;
                when(is_pending || is_same, state.clone())
            }
        }
    }
}

pub(crate) struct Log;

impl Toy for Log {
    const LOOKS_AHEAD: bool = true;
    type Model = models::Log;
    type Deed = objects::Log;
    type State = Vec<u64>;

    fn model() -> models::Log {
        models::Log::default()
    }

    fn start() -> Vec<u64> {
        Vec::new()
    }

    fn ask(state: &Vec<u64>, dice: &mut Dice) -> (objects::Log, Vec<u64>) {
        let values: Vec<u64> = (0..1 + dice.below(2)).map(|_| dice.below(9)).collect();
        let longer = [state.clone(), values.clone()].concat();
        let end = state.len() as u64;
        match dice.below(7) {
            0..=2 => (objects::Log::Append(values, (!dice.one_in(6)).then_some(end)), longer),
            3 => {
                let expected = dice.below(3).max(end.saturating_sub(1));
                let succeeded = expected == end;
                let next = if succeeded { longer } else { state.clone() };
                (objects::Log::AppendAt { values, expected, succeeded: Some(succeeded) }, next)
            }
            4 => (objects::Log::Tail(end), state.clone()),
            _ => {
                let from = dice.below(end + 2);
                let until = from.max(end - dice.below(2).min(end));
                let values = state.iter().skip(from as usize);
                let values: Vec<u64> = values.take((until - from) as usize).copied().collect();
                let is_end = from + values.len() as u64 >= end;
                (objects::Log::Read { from, values, is_end }, state.clone())
            }
        }
    }

    fn garble(deed: objects::Log, dice: &mut Dice) -> objects::Log {
        match deed {
            objects::Log::Append(values, _) => {
                objects::Log::Append(values, dice.below(5).checked_sub(1))
            }
            objects::Log::AppendAt { values, expected, succeeded } => {
                let succeeded = if dice.one_in(2) { None } else { succeeded.map(|is| !is) };
                objects::Log::AppendAt { values, expected, succeeded }
            }
            objects::Log::Read { from, mut values, is_end } => {
                match dice.below(3) {
                    0 => values.push(dice.below(9)),
                    1 => drop(values.pop()),
                    _ => values.reverse(),
                }
                objects::Log::Read { from, values, is_end: is_end != dice.one_in(4) }
            }
            objects::Log::Tail(_) => objects::Log::Tail(dice.below(5)),
        }
    }

    fn apply(state: &Vec<u64>, deed: &objects::Log, is_pending: bool) -> Vec<Vec<u64>> {
        let end = state.len() as u64;
        let longer = |values: &Vec<u64>| [state.clone(), values.clone()].concat();
        match deed {
            objects::Log::Append(values, Some(offset)) if !is_pending => {
                when(*offset == end, longer(values))
            }
            objects::Log::Append(values, _) => vec![longer(values)],
            objects::Log::AppendAt { values, expected, succeeded } => match succeeded {
                Some(true) if !is_pending => when(*expected == end, longer(values)),
                Some(false) if !is_pending => when(*expected != end, state.clone()),
                _ => [when(*expected == end, longer(values)), vec![state.clone()]].concat(),
            },
            objects::Log::Read { from, values, is_end } => {
                let stands = (0..)
                    .zip(values)
                    .all(|(place, value)| state.get(*from as usize + place) == Some(value));
                let behind = from + values.len() as u64;
                when(is_pending || (stands && (!is_end || behind >= end)), state.clone())
            }
            objects::Log::Tail(length) => when(is_pending || *length == end, state.clone()),
        }
    }
}

pub(crate) struct Stream;

/// Every record, and the fencing token.
pub(crate) type Records = (Vec<u64>, Option<u64>);

fn stream_hash(records: &[u64]) -> u64 {
    records.iter().fold(0, |hash, record| models::stream::chain(hash, *record))
}

impl Toy for Stream {
    type Model = models::Stream;
    type Deed = objects::Stream;
    type State = Records;

    fn model() -> models::Stream {
        models::Stream
    }

    fn start() -> Records {
        (Vec::new(), None)
    }

    fn ask(state: &Records, dice: &mut Dice) -> (objects::Stream, Records) {
        let (records, token) = state;
        let tail = records.len() as u64;
        match dice.below(6) {
            0 => (objects::Stream::CheckTail(tail), state.clone()),
            1 | 2 => {
                let stream_hash = (!dice.one_in(4)).then(|| stream_hash(records));
                (objects::Stream::Read { tail, stream_hash }, state.clone())
            }
            _ => {
                let record_hashes: Vec<u64> =
                    (0..1 + dice.below(2)).map(|_| dice.below(3)).collect();
                let set_fencing_token = dice.one_in(3).then(|| dice.below(2));
                let next = [records.clone(), record_hashes.clone()].concat();
                let deed = objects::Stream::Append {
                    match_seq_num: dice.one_in(3).then_some(tail),
                    fencing_token: token.filter(|_| dice.one_in(2)),
                    set_fencing_token,
                    tail: Some(next.len() as u64),
                    record_hashes,
                };
                (deed, (next, set_fencing_token.or(*token)))
            }
        }
    }

    fn garble(deed: objects::Stream, dice: &mut Dice) -> objects::Stream {
        match deed {
            objects::Stream::CheckTail(tail) => objects::Stream::CheckTail(tail + dice.below(3)),
            objects::Stream::Read { tail, stream_hash } => {
                let stream_hash = if dice.one_in(2) { Some(dice.below(3)) } else { stream_hash };
                objects::Stream::Read { tail: tail + dice.below(2), stream_hash }
            }
            objects::Stream::Append { record_hashes, set_fencing_token, tail, .. } => {
                objects::Stream::Append {
                    record_hashes,
                    match_seq_num: dice.one_in(2).then(|| dice.below(4)),
                    fencing_token: dice.one_in(2).then(|| dice.below(2)),
                    set_fencing_token,
                    tail: tail.filter(|_| !dice.one_in(3)),
                }
            }
        }
    }

    fn apply(state: &Records, deed: &objects::Stream, is_pending: bool) -> Vec<Records> {
        let (records, token) = state;
        let end = records.len() as u64;
        match deed {
            objects::Stream::CheckTail(tail) => when(is_pending || *tail == end, state.clone()),
            objects::Stream::Read { tail, stream_hash: hash } => {
                let is_so = *tail == end && hash.is_none_or(|hash| hash == stream_hash(records));
                when(is_pending || is_so, state.clone())
            }
            objects::Stream::Append {
                record_hashes,
                match_seq_num,
                fencing_token,
                set_fencing_token,
                tail,
            } => {
                let next = [records.clone(), record_hashes.clone()].concat();
                let may = match_seq_num.is_none_or(|at| at == end)
                    && (fencing_token.is_none() || fencing_token == token);
                let is_told = !is_pending && tail.is_some();
                let is_so = may && (!is_told || *tail == Some(next.len() as u64));
                let mut all = when(is_so, (next, set_fencing_token.or(*token)));
                all.extend(when(!is_told, state.clone()));
                all
            }
        }
    }
}

pub(crate) struct MultiRegister;

impl Toy for MultiRegister {
    type Model = models::MultiRegister;
    type Deed = objects::MultiRegister;
    type State = BTreeMap<u64, u64>;

    fn model() -> models::MultiRegister {
        models::MultiRegister { initial: MultiRegister::start() }
    }

    fn start() -> BTreeMap<u64, u64> {
        BTreeMap::from([(0, 0)])
    }

    fn ask(state: &BTreeMap<u64, u64>, dice: &mut Dice) -> (Vec<Access>, BTreeMap<u64, u64>) {
        let mut next = state.clone();
        let deed = (0..1 + dice.below(2)).map(|_| {
            let key = dice.below(2);
            if dice.one_in(2) {
                return Access::Read { key, value: next.get(&key).copied() };
            }
            let value = dice.below(3);
            next.insert(key, value);
            Access::Write { key, value }
        });
        (deed.collect(), next)
    }

    fn garble(deed: Vec<Access>, dice: &mut Dice) -> Vec<Access> {
        let garble = |access| match access {
            Access::Read { key, .. } => Access::Read { key, value: dice.below(4).checked_sub(1) },
            Access::Write { .. } => access,
        };
        deed.into_iter().map(garble).collect()
    }

    fn apply(
        state: &BTreeMap<u64, u64>,
        deed: &Vec<Access>,
        is_pending: bool,
    ) -> Vec<BTreeMap<u64, u64>> {
        let mut next = state.clone();
        for access in deed {
            match access {
                Access::Read { key, value } => {
                    if !is_pending && next.get(key).copied() != *value {
                        return Vec::new();
                    }
                }
                Access::Write { key, value } => drop(next.insert(*key, *value)),
            }
        }
        vec![next]
    }
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
        crate::Stamp { ordinal, at_ns: ordinal * 10 }
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
