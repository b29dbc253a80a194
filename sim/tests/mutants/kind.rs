//! A kind of change, and who must see it.

use crate::stream::Stream;

/// One thing that is changed in a stream.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// Its name.
    pub name: &'static str,
    /// What is changed, in words.
    pub what: &'static str,
    /// Laws that turn in every run in which they had something to judge.
    pub laws: &'static [&'static str],
    /// Changes it; none where the stream has nothing of the kind.
    pub change: fn(&mut Stream) -> Option<()>,
}
