//! A lock. State: whether it is held. Who holds it is not asked: a release by anyone frees it.

use crate::linearizability::{
    engine::{Model, Steps},
    objects,
};

/// A lock, free at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mutex;

impl Model for Mutex {
    type Deed = objects::Mutex;
    type Act = objects::Mutex;
    type State = bool;

    fn initial(&self) -> bool {
        false
    }

    fn act(&self, deed: &objects::Mutex) -> Option<objects::Mutex> {
        Some(*deed)
    }

    fn step(&self, is_held: &bool, act: &objects::Mutex) -> Steps<bool> {
        match (act, is_held) {
            (objects::Mutex::Acquire, false) => Steps::To(true),
            (objects::Mutex::Release, true) => Steps::To(false),
            (objects::Mutex::Acquire, true) | (objects::Mutex::Release, false) => Steps::Never,
        }
    }

    fn is_read_only(&self, _act: &objects::Mutex) -> bool {
        false
    }

    fn forget(&self, deed: &objects::Mutex) -> Option<objects::Mutex> {
        Some(*deed)
    }

    fn describe(&self, deed: &objects::Mutex) -> String {
        match deed {
            objects::Mutex::Acquire => "acquired the lock".to_owned(),
            objects::Mutex::Release => "released the lock".to_owned(),
        }
    }

    fn describe_state(&self, is_held: &bool) -> String {
        match is_held {
            true => "the lock was held".to_owned(),
            false => "the lock was free".to_owned(),
        }
    }
}
