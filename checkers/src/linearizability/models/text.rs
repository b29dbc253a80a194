//! One key whose value is a text (Porcupine's key-value model). State: the text.

use crate::linearizability::{
    engine::{Model, Steps},
    objects,
};

/// A text, empty at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Text;

/// Characters of a text that are told.
const TOLD: usize = 40;

impl Model for Text {
    type Deed = objects::Text;
    type Act = objects::Text;
    type State = String;

    fn initial(&self) -> String {
        String::new()
    }

    fn act(&self, deed: &objects::Text) -> Option<objects::Text> {
        Some(deed.clone())
    }

    fn step(&self, state: &String, act: &objects::Text) -> Steps<String> {
        match act {
            objects::Text::Get(text) if text == state => Steps::Same,
            objects::Text::Get(_) => Steps::Never,
            objects::Text::Put(text) => Steps::To(text.clone()),
            objects::Text::Append(text) => Steps::To(format!("{state}{text}")),
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

    fn heap_bytes(&self, state: &String) -> u64 {
        state.len() as u64
    }

    fn describe(&self, deed: &objects::Text) -> String {
        match deed {
            objects::Text::Get(text) => format!("got {}", told(text)),
            objects::Text::Put(text) => format!("put {}", told(text)),
            objects::Text::Append(text) => format!("appended {}", told(text)),
        }
    }

    fn describe_state(&self, state: &String) -> String {
        format!("the text was {}", told(state))
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
