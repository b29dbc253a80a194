//! Locks: `acquire` and `release`.

use super::{Dialect, Objects, unknown};
use crate::{
    court::{Terms, names::Names, workload::Workload},
    formats::value::Value,
    linearizability::{Answer, Operation, engine, models, objects::Mutex},
};

/// `acquire` and `release`.
pub(in crate::court) fn locks() -> Box<dyn Workload> {
    Box::new(Objects::of(Locks))
}

/// `acquire` and `release`.
struct Locks;

impl Dialect for Locks {
    type Deed = Mutex;

    fn judge_name(&self) -> &'static str {
        "linearizable_mutex"
    }

    fn ask(&self, f: &str, _value: Value<'_>, _names: &mut Names) -> Result<Mutex, String> {
        match f {
            "acquire" => Ok(Mutex::Acquire),
            "release" => Ok(Mutex::Release),
            other => Err(unknown(other, "`acquire` or `release`")),
        }
    }

    fn answer(&self, _: &mut Mutex, _: Value<'_>, _: &mut Names) -> Result<bool, String> {
        Ok(true)
    }

    fn fail(&self, _deed: &mut Mutex, _reason: Value<'_>) -> bool {
        false
    }

    fn may_matter(&self, _deed: &Mutex) -> bool {
        true
    }

    fn tell(&self, deed: &Mutex, _names: &Names) -> (String, String) {
        match deed {
            Mutex::Acquire => ("acquire the lock".to_owned(), "it has the lock".to_owned()),
            Mutex::Release => ("release the lock".to_owned(), "it gave the lock back".to_owned()),
        }
    }

    fn judge(&self, operations: &[Operation<Mutex>], terms: &Terms<'_>) -> Answer {
        engine::check(&models::Mutex, operations, terms.budget())
    }

    fn terms(&self, _terms: &Terms<'_>) -> Vec<String> {
        Vec::new()
    }
}
