//! Faults over time: a lane for each, named, so that faults that overlap can be told apart; and the
//! times at which any was at work, as bands behind every plot.

use super::{COLOURS, POINTS_MAX, Span};
use crate::words::{clean, plural};
use checkers::Series;

/// Lanes of one run; the rest is counted.
const LANES_MAX: usize = 24;
/// The least width that can be seen.
const WIDTH_MIN: f64 = 0.004;

/// One fault and when it was at work.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lane {
    pub(crate) name: String,
    pub(crate) colour: usize,
    /// How often.
    pub(crate) times: String,
    /// From and width, in percent.
    pub(crate) pieces: Vec<(f64, f64)>,
}

/// A lane for each fault that is told in other words, in order of their first time; and how many
/// faults have none.
pub(crate) fn lanes(series: &Series, time: Span) -> (Vec<Lane>, usize) {
    let mut lanes: Vec<(Lane, Vec<(f64, f64)>)> = Vec::new();
    let mut sorted: Vec<&(String, u64, u64)> = series.faults.iter().collect();
    sorted.sort_by_key(|(_, from, to)| (*from, *to));
    let mut left_out = 0;
    for (what, from, to) in sorted {
        let name = clean(what);
        let place = lanes.iter().position(|(lane, _)| lane.name == name);
        let place = match place {
            Some(place) => place,
            None if lanes.len() == LANES_MAX => {
                left_out += 1;
                continue;
            }
            None => {
                let colour = colour_of(&name);
                let lane = Lane { name, colour, times: String::new(), pieces: Vec::new() };
                lanes.push((lane, Vec::new()));
                lanes.len() - 1
            }
        };
        lanes[place].1.push(shares(*from, *to, time));
    }
    let budget = POINTS_MAX / lanes.len().max(1);
    let finished = lanes.into_iter().map(|(mut lane, pieces)| {
        lane.times = match pieces.len() {
            1 => String::new(),
            n => plural(n as u64, "time"),
        };
        lane.pieces = merged(pieces, 1.0 / budget.max(8) as f64 / 4.0)
            .into_iter()
            .map(|(from, to)| (from * 100.0, (to - from).max(WIDTH_MIN) * 100.0))
            .collect();
        lane
    });
    (finished.collect(), left_out)
}

/// Times with any fault, merged where they touch or are too close to tell apart, from 0 to 1.
pub(crate) fn worked(series: &Series, time: Span) -> Vec<(f64, f64)> {
    let mut pieces: Vec<(f64, f64)> =
        series.faults.iter().map(|(_, from, to)| shares(*from, *to, time)).collect();
    pieces.sort_by(|a, b| a.0.total_cmp(&b.0));
    merged(pieces, 1.0 / POINTS_MAX as f64 / 4.0)
}

fn shares(from: u64, to: u64, time: Span) -> (f64, f64) {
    let from = time.share(from as f64 / 1e9);
    // A fault of an instant still has a width that can be seen.
    let to = time.share(to as f64 / 1e9).max((from + WIDTH_MIN).min(1.0));
    (from.min(1.0 - WIDTH_MIN), to)
}

fn merged(pieces: Vec<(f64, f64)>, close: f64) -> Vec<(f64, f64)> {
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (from, to) in pieces {
        match merged.last_mut() {
            Some((_, end)) if from < *end + close => *end = end.max(to),
            Some(_) | None => merged.push((from, to)),
        }
    }
    merged
}

/// One colour for each kind of fault: by the first word of what it does.
fn colour_of(name: &str) -> usize {
    let first = name.split(' ').next().unwrap_or_default();
    first.bytes().fold(0, |sum: usize, byte| sum.wrapping_mul(31) + usize::from(byte)) % COLOURS
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Span = Span { zero: 0.0, end: 10.0 };

    fn told(faults: &[(&str, u64, u64)]) -> Series {
        let ms = |ms: u64| ms * 1_000_000;
        let faults = faults.iter().map(|(what, from, to)| ((*what).to_owned(), ms(*from), ms(*to)));
        Series { faults: faults.collect(), ..Series::default() }
    }

    #[test]
    fn faults_that_overlap_have_a_lane_each() {
        let (lanes, left_out) =
            lanes(&told(&[("crash n1", 0, 5_000), ("pause n2", 1_000, 2_000)]), TIME);
        let names: Vec<&str> = lanes.iter().map(|lane| lane.name.as_str()).collect();
        assert_eq!((names, left_out), (vec!["crash n1", "pause n2"], 0));
        assert_eq!(lanes[1].pieces, [(10.0, 10.0)]);
    }

    #[test]
    fn a_fault_that_comes_again_stays_in_its_lane() {
        let (lanes, _) = lanes(&told(&[("crash n1", 0, 100), ("crash n1", 5_000, 5_100)]), TIME);
        assert_eq!((lanes.len(), lanes[0].pieces.len()), (1, 2));
        assert_eq!(lanes[0].times, "2 times");
    }

    #[test]
    fn too_many_kinds_are_counted() {
        let names: Vec<String> = (0..30).map(|i| format!("crash n{i}")).collect();
        let faults: Vec<(&str, u64, u64)> =
            names.iter().map(|name| (name.as_str(), 0, 1)).collect();
        let (lanes, left_out) = lanes(&told(&faults), TIME);
        assert_eq!((lanes.len(), left_out), (LANES_MAX, 6));
    }

    #[test]
    fn faults_too_close_to_tell_apart_are_one_band() {
        let many: Vec<(&str, u64, u64)> = (0..10_000).map(|i| ("cut", i, i)).collect();
        assert_eq!(worked(&told(&many), TIME).len(), 1);
        assert_eq!(worked(&told(&[("a", 0, 1), ("b", 5_000, 6_000)]), TIME).len(), 2);
    }
}
