//! Registers, locks and texts.

use super::{Dice, Toy, when};
use crate::linearizability::{
    models,
    objects::{self, Access},
};
use std::collections::BTreeMap;

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

pub(crate) struct MultiRegister;

impl Toy for MultiRegister {
    type Model = models::MultiRegister;
    type Deed = objects::MultiRegister;
    type State = BTreeMap<u64, u64>;

    fn model() -> models::MultiRegister {
        models::MultiRegister::holding(MultiRegister::start())
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
