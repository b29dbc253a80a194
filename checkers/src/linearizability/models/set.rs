//! A set. State: its elements, in order.
//!
//! A read says which elements there are, in whatever order; one that shows an element twice shows
//! something that is not a set, and nothing explains it.

use super::{UNKNOWN, list};
use crate::linearizability::{
    engine::{Model, Steps},
    objects::{self, Value},
};

/// A set, empty at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Set {
    /// Elements that some operation found there.
    found: Vec<Value>,
}

impl Model for Set {
    type Deed = objects::Set;
    /// Reads tell their elements in order.
    type Act = objects::Set;
    type State = Vec<Value>;

    fn initial(&self) -> Vec<Value> {
        Vec::new()
    }

    fn informed(&self, told: &mut dyn Iterator<Item = &objects::Set>) -> Set {
        let mut found: Vec<Value> = Vec::new();
        for deed in told {
            match deed {
                objects::Set::Add(_) | objects::Set::Contains(_, false) => {}
                objects::Set::Remove { element, found: is_found } => {
                    found.extend((*is_found == Some(true)).then_some(*element));
                }
                objects::Set::Contains(element, true) => found.push(*element),
                objects::Set::Read(elements) => found.extend(elements),
            }
        }
        found.sort_unstable();
        found.dedup();
        Set { found }
    }

    fn act(&self, deed: &objects::Set) -> Option<objects::Set> {
        Some(match deed {
            objects::Set::Read(elements) => {
                let mut elements = elements.clone();
                elements.sort_unstable();
                objects::Set::Read(elements)
            }
            objects::Set::Add(_) | objects::Set::Remove { .. } | objects::Set::Contains(..) => {
                deed.clone()
            }
        })
    }

    fn step(&self, state: &Vec<Value>, act: &objects::Set) -> Steps<Vec<Value>> {
        match act {
            objects::Set::Add(element) => match state.binary_search(element) {
                Ok(_) => Steps::Same,
                Err(place) => {
                    let mut next = state.clone();
                    next.insert(place, *element);
                    Steps::To(next)
                }
            },
            objects::Set::Remove { element, found } => {
                match (state.binary_search(element), found) {
                    (Ok(place), Some(true) | None) => {
                        let mut next = state.clone();
                        next.remove(place);
                        match found {
                            Some(_) => Steps::To(next),
                            None => Steps::Any(vec![next, state.clone()]),
                        }
                    }
                    (Err(_), Some(false) | None) => Steps::Same,
                    (Ok(_), Some(false)) | (Err(_), Some(true)) => Steps::Never,
                }
            }
            objects::Set::Contains(element, found) => {
                match state.binary_search(element).is_ok() == *found {
                    true => Steps::Same,
                    false => Steps::Never,
                }
            }
            objects::Set::Read(elements) if elements == state => Steps::Same,
            objects::Set::Read(_) => Steps::Never,
        }
    }

    fn is_read_only(&self, act: &objects::Set) -> bool {
        match act {
            objects::Set::Add(_) => false,
            objects::Set::Remove { found, .. } => *found == Some(false),
            objects::Set::Contains(..) | objects::Set::Read(_) => true,
        }
    }

    fn forget(&self, deed: &objects::Set) -> Option<objects::Set> {
        match deed {
            objects::Set::Add(_) => Some(deed.clone()),
            objects::Set::Remove { element, .. } => {
                Some(objects::Set::Remove { element: *element, found: None })
            }
            objects::Set::Contains(..) | objects::Set::Read(_) => None,
        }
    }

    /// An element that no one ever found.
    fn is_unobservable(&self, act: &objects::Set) -> bool {
        match act {
            objects::Set::Add(element) => self.found.binary_search(element).is_err(),
            objects::Set::Remove { .. } | objects::Set::Contains(..) | objects::Set::Read(_) => {
                false
            }
        }
    }

    fn is_costly(&self) -> bool {
        true
    }

    fn heap_bytes(&self, state: &Vec<Value>) -> u64 {
        state.len() as u64 * 8
    }

    fn describe(&self, deed: &objects::Set) -> String {
        match deed {
            objects::Set::Add(element) => format!("added {element}"),
            objects::Set::Remove { element, found: Some(true) } => format!("removed {element}"),
            objects::Set::Remove { element, found: Some(false) } => {
                format!("did not find {element} to remove it")
            }
            objects::Set::Remove { element, found: None } => format!("removed {element} {UNKNOWN}"),
            objects::Set::Contains(element, true) => format!("found {element}"),
            objects::Set::Contains(element, false) => format!("did not find {element}"),
            objects::Set::Read(elements) => format!("read {}", list(elements)),
        }
    }

    fn describe_state(&self, state: &Vec<Value>) -> String {
        format!("the set held {}", list(state))
    }
}
