//! What happened, one thing after another, as judges hear it: live from a run, or from its files.

use crate::{
    facts::{Fact, ReplicaView},
    history::{Asked, Call, History, Mark, Numbered, Sequence, Stamp},
};

/// One thing that happened, as judges see it, in order of ordinals.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A client asked.
    Called(Asked<'a>),
    /// A call that is under way was given its place in the order of an idempotent producer.
    Numbered(Asked<'a>, Sequence),
    /// A client had its answer, or gave up. The call is complete.
    Returned(&'a Call),
    /// The world saw something.
    Fact(&'a Fact),
    /// A replica changed.
    Seen(&'a ReplicaView),
    /// The run turned a corner.
    Mark(&'a Mark),
}

/// A finished history as events: calls, their numbers and returns, and marks, in order of their ordinals.
pub fn events(history: &History) -> Vec<(Stamp, Event<'_>)> {
    let mut events: Vec<(Stamp, Event<'_>)> = Vec::with_capacity(history.calls.len() * 2);
    for call in &history.calls {
        events.push((call.called, Event::Called(call.asked())));
        if let Some(Numbered { at, sequence }) = call.numbered {
            events.push((at, Event::Numbered(call.asked(), sequence)));
        }
        if let Some(returned) = call.returned {
            events.push((returned, Event::Returned(call)));
        }
    }
    events.extend(history.marks.iter().map(|(at, mark)| (*at, Event::Mark(mark))));
    events.sort_by_key(|(at, _)| at.ordinal);
    events
}
