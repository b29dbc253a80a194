//! One key whose value is a text (Porcupine's key-value model). State: the text, as far as anyone
//! may see it.
//!
//! A text that nothing that was found begins with is never found, nor is anything appended to it:
//! until the next put all such texts are one state. So appends whose order nobody saw do not
//! multiply.

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

/// The text, or none if it is one that nobody finds before the next put.
pub type State = Option<String>;

impl Text {
    /// The state of a text.
    fn state(&self, text: String) -> State {
        let first = self.found.partition_point(|found| *found < text);
        self.found.get(first).filter(|found| found.starts_with(&text))?;
        Some(text)
    }
}

/// Characters of a text that are told.
const TOLD: usize = 40;

impl Model for Text {
    type Deed = objects::Text;
    type Act = objects::Text;
    type State = State;

    fn initial(&self) -> State {
        self.state(String::new())
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
                Some(state) if state == text => Steps::Same,
                Some(_) | None => Steps::Never,
            },
            objects::Text::Put(text) => Steps::To(self.state(text.clone())),
            objects::Text::Append(more) => {
                Steps::To(state.as_ref().and_then(|state| self.state(format!("{state}{more}"))))
            }
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

    fn heap_bytes(&self, state: &State) -> u64 {
        state.as_ref().map_or(0, |text| text.len() as u64)
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
            Some(text) => format!("the text was {}", told(text)),
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
