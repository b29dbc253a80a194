//! Axes: where a value stands, and which round numbers are written beside it.

use super::Span;
use crate::words::count;

/// A label and where it stands, in percent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tick {
    pub(crate) percent: f64,
    pub(crate) label: String,
    /// Whether a narrow screen leaves it out.
    pub(crate) is_minor: bool,
}

/// An axis of heights.
#[derive(Clone, Debug)]
pub(crate) struct Height {
    bottom: f64,
    top: f64,
    is_logarithmic: bool,
    marks: Vec<(f64, String)>,
}

impl Height {
    /// Where a value stands, from 0 at the bottom to 1 at the top.
    pub(crate) fn share(&self, value: f64) -> f64 {
        let (value, bottom, top) = match self.is_logarithmic {
            true => (value.max(self.bottom).log10(), self.bottom.log10(), self.top.log10()),
            false => (value, self.bottom, self.top),
        };
        ((value - bottom) / (top - bottom)).clamp(0.0, 1.0)
    }

    /// Labels, from the top in percent.
    pub(crate) fn ticks(&self) -> Vec<Tick> {
        let tick = |(value, label): &(f64, String)| Tick {
            percent: (1.0 - self.share(*value)) * 100.0,
            label: label.clone(),
            is_minor: false,
        };
        self.marks.iter().map(tick).collect()
    }
}

/// From zero to a little above the highest value.
pub(crate) fn linear(highest: f64) -> Height {
    let top = (highest * 1.1).max(1.0);
    let marks = rounds(0.0, top, 4.0);
    Height { bottom: 0.0, top, is_logarithmic: false, marks }
}

/// Powers of ten around the values; between few of them twos and fives, too.
pub(crate) fn logarithmic(lowest: f64, highest: f64) -> Height {
    let bottom = (lowest * 0.7).max(0.001);
    let top = (highest * 1.5).max(bottom * 2.0);
    let decades = (top / bottom).log10();
    let steps: &[f64] = if decades < 2.0 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    let (first, last) = (bottom.log10().floor() as i32, top.log10().ceil() as i32);
    let every = ((last - first) / 5).max(1);
    let marks = (first..=last)
        .filter(|decade| (decade - first) % every == 0)
        .flat_map(|decade| steps.iter().map(move |step| step * 10_f64.powi(decade)))
        .filter(|value| (bottom..=top).contains(value))
        .map(|value| (value, number(value)))
        .collect();
    Height { bottom, top, is_logarithmic: true, marks }
}

/// A row for each node.
pub(crate) fn nodes(n: u32) -> Height {
    let every = n.div_ceil(12).max(1) as usize;
    let marks = (1..=n).step_by(every).map(|node| (f64::from(node), format!("n{node}"))).collect();
    Height { bottom: 0.4, top: f64::from(n) + 0.6, is_logarithmic: false, marks }
}

/// Labels of the times, counted from the begin of trouble.
pub(crate) fn times(time: Span) -> Vec<Tick> {
    let (second, unit) = unit(time.end);
    let from = -time.zero / second;
    let to = (time.end - time.zero) / second;
    let marks = rounds(from, to, 10.0);
    let tick = |(i, (value, label)): (usize, (f64, String))| Tick {
        percent: time.share(value * second + time.zero) * 100.0,
        label: format!("{label} {unit}"),
        is_minor: i % 2 == 1,
    };
    // A label at the very end would hang over the edge.
    marks.into_iter().enumerate().map(tick).filter(|tick| tick.percent < 97.0).collect()
}

/// Round numbers from one to another, about so many.
fn rounds(from: f64, to: f64, about: f64) -> Vec<(f64, String)> {
    let raw = ((to - from) / about).max(1e-9);
    let power = 10_f64.powi(raw.log10().floor() as i32);
    let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * power).into_iter().find(|step| *step >= raw);
    let step = step.unwrap_or(power * 10.0);
    let (first, last) = ((from / step).ceil() as i64, (to / step).floor() as i64);
    (first..=last).map(|n| n as f64 * step).map(|value| (value, number(value))).collect()
}

/// The unit in which a time axis of so many seconds has round numbers: seconds in it, and its name.
fn unit(end: f64) -> (f64, &'static str) {
    match end {
        ..180.0 => (1.0, "s"),
        ..10_800.0 => (60.0, "min"),
        _ => (3_600.0, "h"),
    }
}

fn number(value: f64) -> String {
    match value {
        1_000.0.. => count(value.round() as u64),
        // Minus zero is no number for people.
        _ => format!("{}", (value * 1_000.0).round() / 1_000.0 + 0.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(ticks: &[Tick]) -> Vec<&str> {
        ticks.iter().map(|tick| tick.label.as_str()).collect()
    }

    #[test]
    fn round_numbers_stand_beside_a_linear_axis() {
        assert_eq!(labels(&linear(70.0).ticks()), ["0", "20", "40", "60"]);
        assert_eq!(labels(&linear(0.0).ticks()), ["0", "0.5", "1"]);
        assert_eq!(labels(&linear(260_000.0).ticks()), ["0", "100,000", "200,000"]);
    }

    #[test]
    fn a_logarithmic_axis_has_ticks_whatever_its_range() {
        assert_eq!(labels(&logarithmic(3.0, 4_000.0).ticks()), ["10", "100", "1,000"]);
        assert_eq!(labels(&logarithmic(30.0, 90.0).ticks()), ["50", "100"]);
        assert!(!logarithmic(0.02, 0.021).ticks().is_empty());
        for (low, high) in [(0.001, 1e9), (5.0, 5.0), (999.0, 1_001.0)] {
            let ticks = logarithmic(low, high).ticks();
            assert!((1..=8).contains(&ticks.len()), "{low} to {high}: {ticks:?}");
        }
    }

    #[test]
    fn zero_is_the_begin_of_trouble() {
        let ticks = times(Span { zero: 3.0, end: 43.0 });
        assert_eq!(labels(&ticks), ["0 s", "5 s", "10 s", "15 s", "20 s", "25 s", "30 s", "35 s"]);
        let zero = &ticks[0];
        assert!((zero.percent - 3.0 / 43.0 * 100.0).abs() < 0.01, "{zero:?}");
        assert_eq!(labels(&times(Span { zero: 0.0, end: 14_760.0 }))[2], "1 h");
    }
}
