//! One key whose value is a text (Porcupine's key-value model). State: the text, as far as anyone
//! may see it.
//!
//! A text that nothing that was found begins with is never found, nor is anything appended to it:
//! until the next put all such texts are one state. So appends whose order nobody saw do not
//! multiply, and what is left is a place in one of the texts that were found.

use crate::linearizability::{
    engine::{Model, Steps},
    objects,
};
use std::sync::Arc;

/// A text, empty at first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// What was found, in order and once each.
    found: Arc<[String]>,
}

/// What there is of a text: the beginning of the first text that was found and begins with it, and
/// how many bytes of that; none if none does.
pub type State = Option<(u32, u32)>;

impl Text {
    /// The state of a text.
    fn state(&self, text: &str) -> State {
        let first = self.found.partition_point(|found| found.as_str() < text);
        let found = self.found.get(first).filter(|found| found.starts_with(text))?;
        assert!(text.len() <= found.len(), "a text begins with a longer one");
        Some((u32::try_from(first).ok()?, u32::try_from(text.len()).ok()?))
    }

    fn text(&self, state: (u32, u32)) -> &str {
        &self.found[state.0 as usize][..state.1 as usize]
    }
}

/// Characters of a text that are told.
const TOLD: usize = 40;

impl Model for Text {
    type Deed = objects::Text;
    type Act = objects::Text;
    type State = State;

    fn initial(&self) -> State {
        self.state("")
    }

    fn informed(&self, told: &mut dyn Iterator<Item = &objects::Text>) -> Text {
        let mut found: Vec<String> = told
            .filter_map(|deed| match deed {
                objects::Text::Get(text) => Some(text.clone()),
                objects::Text::Put(_) | objects::Text::Append(_) => None,
            })
            .collect();
        found.sort_unstable();
        found.dedup();
        Text { found: found.into() }
    }

    fn act(&self, deed: &objects::Text) -> Option<objects::Text> {
        Some(deed.clone())
    }

    fn step(&self, state: &State, act: &objects::Text) -> Steps<State> {
        match act {
            objects::Text::Get(text) => match state {
                Some(state) if self.text(*state) == text => Steps::Same,
                Some(_) | None => Steps::Never,
            },
            objects::Text::Put(text) => Steps::To(self.state(text)),
            objects::Text::Append(more) => Steps::To(
                state.and_then(|state| self.state(&format!("{}{more}", self.text(state)))),
            ),
        }
    }

    fn is_read_only(&self, act: &objects::Text) -> bool {
        match act {
            objects::Text::Get(_) => true,
            objects::Text::Put(_) | objects::Text::Append(_) => false,
        }
    }

    fn forget(&self, deed: &objects::Text) -> Option<objects::Text> {
        (!self.is_read_only(deed)).then(|| deed.clone())
    }

    fn is_costly(&self) -> bool {
        true
    }

    fn describe(&self, deed: &objects::Text) -> String {
        match deed {
            objects::Text::Get(text) => format!("got {}", told(text)),
            objects::Text::Put(text) => format!("put {}", told(text)),
            objects::Text::Append(text) => format!("appended {}", told(text)),
        }
    }

    fn describe_state(&self, state: &State) -> String {
        match state {
            Some(state) => format!("the text was {}", told(self.text(*state))),
            None => "the text was one that nobody ever found".to_owned(),
        }
    }
}

/// A text between quotes; of a long one the end, where appends differ.
fn told(text: &str) -> String {
    let len = text.chars().count();
    match len.checked_sub(TOLD) {
        None | Some(0) => format!("\"{text}\""),
        Some(more) => format!("\"..{}\"", text.chars().skip(more).collect::<String>()),
    }
}
