//! What a workload is: the operations of one model, heard one by one and judged at the end.

use super::{Findings, Terms, names::Names};
use crate::{formats::value::Value, history::Stamp};

/// One line of a history, as a workload hears it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    /// Where it stands in the order of the history.
    pub(super) at: Stamp,
    /// Who.
    pub(super) process: u64,
    /// A small number for the process, the same for all its lines.
    pub(super) seat: usize,
    /// The operation's name.
    pub(super) f: &'a str,
    /// The object it is about, where operations name one.
    pub(super) key: Option<Value<'a>>,
    /// What was asked, or what came back.
    pub(super) value: Value<'a>,
    /// The line's other fields.
    pub(super) extra: Value<'a>,
}

/// What each process has under way, by its seat.
#[derive(Debug)]
pub(super) struct UnderWay<T>(Vec<Option<T>>);

impl<T> Default for UnderWay<T> {
    fn default() -> UnderWay<T> {
        UnderWay(Vec::new())
    }
}

impl<T> UnderWay<T> {
    /// It asked.
    pub(super) fn begin(&mut self, heard: &Heard<'_>, what: T) {
        if self.0.len() <= heard.seat {
            self.0.resize_with(heard.seat + 1, || None);
        }
        self.0[heard.seat] = Some(what);
    }

    /// It is answered: what it asked, if that was kept here.
    pub(super) fn end(&mut self, heard: &Heard<'_>) -> Option<T> {
        self.0.get_mut(heard.seat)?.take()
    }
}

/// What an answer says of what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// It happened.
    Ok,
    /// It did not.
    Failed,
    /// No one can say.
    Unknown,
}

/// The operations of one model. Errors are sentences about the line that is being heard.
pub(super) trait Workload {
    /// Somebody asked.
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String>;
    /// The answer to what this process asked last.
    fn answer(&mut self, how: Answered, heard: &Heard<'_>, names: &mut Names)
    -> Result<(), String>;
    /// The history is complete. What was asked and never answered stays open.
    fn judge(self: Box<Self>, terms: &Terms<'_>, names: &Names) -> Result<Findings, String>;
}
