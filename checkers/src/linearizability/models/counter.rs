//! A counter that is added to and read. State: its sum.

use crate::linearizability::{
    engine::{Model, Steps},
    objects,
};

/// A counter, 0 at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counter;

impl Model for Counter {
    type Deed = objects::Counter;
    type Act = objects::Counter;
    type State = i128;

    fn initial(&self) -> i128 {
        0
    }

    fn act(&self, deed: &objects::Counter) -> Option<objects::Counter> {
        Some(*deed).filter(|deed| *deed != objects::Counter::Add(0))
    }

    fn step(&self, sum: &i128, act: &objects::Counter) -> Steps<i128> {
        match act {
            objects::Counter::Add(more) => Steps::To(sum + i128::from(*more)),
            objects::Counter::Read(found) if i128::from(*found) == *sum => Steps::Same,
            objects::Counter::Read(_) => Steps::Never,
        }
    }

    fn is_read_only(&self, act: &objects::Counter) -> bool {
        match act {
            objects::Counter::Add(_) => false,
            objects::Counter::Read(_) => true,
        }
    }

    fn forget(&self, deed: &objects::Counter) -> Option<objects::Counter> {
        match deed {
            objects::Counter::Add(_) => Some(*deed),
            objects::Counter::Read(_) => None,
        }
    }

    fn describe(&self, deed: &objects::Counter) -> String {
        match deed {
            objects::Counter::Add(more) => format!("added {more}"),
            objects::Counter::Read(found) => format!("read {found}"),
        }
    }

    fn describe_state(&self, sum: &i128) -> String {
        format!("the counter was {sum}")
    }
}
