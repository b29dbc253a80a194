//! Where in an operation's value its key and its own value stand.
//!
//! Jepsen's `independent` puts a key before every value; etcd's registers put a version before it,
//! which the one who asks leaves empty and the system fills. Both are told as terms of the ruling,
//! and an operation that does not keep to them is an error.

use super::sights::{Shapes, Sights};
use crate::formats::{Happening, Kind, value::Value};

/// How values are laid out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    /// Every value is a pair of a key and the rest, or the format has a place for the key.
    pub(super) is_keyed: bool,
    /// Every value, behind its key, is a pair of a version and the value itself.
    pub(super) is_versioned: bool,
}

impl Layout {
    /// What these operations look like. `is_keyed` if somebody said it.
    pub(super) fn of(sights: &Sights, is_keyed: Option<bool>) -> Layout {
        let is_keyed = is_keyed.unwrap_or_else(|| sights.is_keyed());
        let (writes, cas) = (sights.asked(&["write"], is_keyed), sights.asked(&["cas"], is_keyed));
        let reads = sights.told(&["read"], is_keyed);
        // `cas [nil 1]` puts 1 where nothing was, `cas [nil [1 2]]` leaves a version open.
        let is_blank_cas = cas.is_all_blank_pairs() && cas.items.has(Shapes::LIST);
        let is_versioned = writes.is_all_blank_pairs()
            && (cas.shapes.is_empty() || is_blank_cas)
            && sights.has_only(&["read", "write", "cas"])
            && reads.lengths.is_none_or(|lengths| lengths == (2, 2));
        Layout { is_keyed, is_versioned }
    }

    /// The key and the value of one line.
    ///
    /// # Errors
    ///
    /// The line is not laid out so.
    pub(super) fn apart<'a>(
        self,
        happening: &Happening<'a>,
    ) -> Result<(Option<Value<'a>>, Value<'a>), String> {
        let (key, value) = self.behind_key(happening)?;
        // What became of a write tells its version, and is not looked at.
        if !self.is_versioned || value.is_nil() {
            return Ok((key, value));
        }
        match value.is_seq() && value.len() == Some(2) {
            true => Ok((key, value.item(1))),
            false if happening.kind == Kind::Ok || happening.kind == Kind::Invoke => {
                Err(format!("expected a version and a value such as `[3 7]`, found `{value}`"))
            }
            false => Ok((key, Value::nil())),
        }
    }

    fn behind_key<'a>(
        self,
        happening: &Happening<'a>,
    ) -> Result<(Option<Value<'a>>, Value<'a>), String> {
        let value = happening.value;
        // What is asked names its key; an answer may say nothing at all.
        let says_nothing = value.is_nil() && happening.kind != Kind::Invoke;
        if happening.key.is_some() || !self.is_keyed || says_nothing {
            return Ok((happening.key, value));
        }
        match value.is_seq() && value.len() == Some(2) {
            true => Ok((Some(value.item(0)), value.item(1))),
            false => Err(format!("expected a key and a value such as `[1 2]`, found `{value}`")),
        }
    }

    /// The choices that were made, in words.
    pub(super) fn terms(self) -> Option<String> {
        self.is_versioned.then(|| {
            "values are pairs of a version and a value; versions are not judged".to_owned()
        })
    }
}
