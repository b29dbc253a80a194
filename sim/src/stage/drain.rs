//! The drain: reads every partition from its first offset to its end. Once its first answer has told
//! how long a partition is, the rest is read in several lanes at once, so that a large log takes a few
//! round trips and not one for each of its megabytes.

use super::{load::DRAIN_BYTES, theatre::Theatre};
use checkers::{Ask, Mark, Outcome, ReadLevel, Reply};

/// Fetches under way to one partition.
const LANES: u64 = 4;

/// One stretch of a partition; the last is read to whatever the end is by then.
#[derive(Clone, Copy, Debug)]
struct Lane {
    from: u64,
    /// One past its last offset; none for the last lane.
    to: Option<u64>,
    call: Option<u64>,
    is_done: bool,
}

/// One partition.
#[derive(Debug)]
pub(super) struct Drain {
    partition: u32,
    lanes: Vec<Lane>,
    end: u64,
    is_split: bool,
    is_done: bool,
}

impl Lane {
    fn new(from: u64, to: Option<u64>) -> Lane {
        Lane { from, to, call: None, is_done: false }
    }
}

impl Drain {
    pub(super) fn new(partition: u32) -> Drain {
        let lanes = vec![Lane::new(0, None)];
        Drain { partition, lanes, end: 0, is_split: false, is_done: false }
    }

    /// Takes what came back and asks for more. Says whether the partition is read.
    pub(super) fn step(&mut self, theatre: &mut dyn Theatre) -> bool {
        if self.is_done {
            return true;
        }
        for place in 0..self.lanes.len() {
            self.hear(place, theatre);
        }
        if self.lanes.iter().all(|lane| lane.is_done) {
            self.is_done = true;
            let mark = Mark::Drained { partition: self.partition, end: self.end };
            let now = theatre.now_ns();
            theatre.books_mut().mark(now, mark);
            return true;
        }
        for lane in &mut self.lanes {
            if !lane.is_done && lane.call.is_none() {
                lane.call = Some(ask(theatre, self.partition, lane.from));
            }
        }
        false
    }

    /// What the fetch of a lane brought, if it is back. One that failed is asked again.
    fn hear(&mut self, place: usize, theatre: &dyn Theatre) {
        let lane = &mut self.lanes[place];
        let Some(call) = lane.call else { return };
        let call = &theatre.books().history.calls[call as usize];
        if call.returned.is_none() {
            return;
        }
        lane.call = None;
        let Outcome::Ok(Reply::Fetched { records, end }) = &call.outcome else { return };
        let before = lane.from;
        lane.from = records.last().map_or(lane.from, |last| last.offset + 1);
        lane.is_done = lane.from >= lane.to.unwrap_or(*end);
        if lane.to.is_none() {
            self.end = *end;
        }
        let (from, got) = (lane.from, lane.from - before);
        if !self.is_split && got > 0 {
            self.split(from, *end, got);
        }
    }

    /// Splits what is left into lanes of about the same length.
    fn split(&mut self, from: u64, end: u64, got: u64) {
        self.is_split = true;
        let left = end.saturating_sub(from);
        let lanes = left.div_ceil(got).clamp(1, LANES);
        if lanes > 1 {
            let border = |lane: u64| from + left * lane / lanes;
            let to = |lane: u64| (lane + 1 < lanes).then(|| border(lane + 1));
            self.lanes = (0..lanes).map(|lane| Lane::new(border(lane), to(lane))).collect();
        }
    }
}

fn ask(theatre: &mut dyn Theatre, partition: u32, from: u64) -> u64 {
    let own = theatre.load().own();
    let ask = Ask::Fetch { partition, from, level: ReadLevel::Linearizable };
    theatre.call(own, ask, DRAIN_BYTES)
}
