//! What the world showed to the judges of a run, beside what its clients saw: with the history it is
//! every event that a judge was told, so that the run can be judged again, or judged with one thing
//! changed. A run keeps it only when asked to: it tells several facts for each message.

use crate::{
    checker::{Bench, Event, events},
    facts::{Fact, ReplicaView},
    history::{History, Stamp},
    verdict::Judgement,
};
use serde::{Deserialize, Serialize};

/// One thing that the world showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sight {
    /// It saw this happen.
    Fact(Fact),
    /// It saw a replica that had changed.
    Replica(ReplicaView),
}

/// Everything that the world showed, in order of ordinals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recording {
    /// When, and what.
    pub sights: Vec<(Stamp, Sight)>,
}

impl Recording {
    /// The events of a run as its judges were told them. Order is that of ordinals.
    pub fn events<'a>(&'a self, history: &'a History) -> Vec<(Stamp, Event<'a>)> {
        let mut all = events(history);
        all.extend(self.sights.iter().map(|(at, sight)| (*at, sight.event())));
        all.sort_by_key(|(at, _)| at.ordinal);
        all
    }
}

impl Sight {
    /// It, as judges are told.
    pub fn event(&self) -> Event<'_> {
        match self {
            Sight::Fact(fact) => Event::Fact(fact),
            Sight::Replica(replica) => Event::Seen(replica),
        }
    }
}

impl Bench {
    /// Judges a finished run again, from what was written and recorded of it.
    pub fn judge_recorded(mut self, history: &History, recording: &Recording) -> Vec<Judgement> {
        for (at, event) in recording.events(history) {
            self.observe(at, event);
        }
        self.finish()
    }
}
