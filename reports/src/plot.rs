//! Numbers over time as pictures: lines in an SVG that stretches with the page, and words beside it
//! as HTML, so that a narrow screen makes the picture narrower and no letter smaller.
//!
//! A plot has at most [`POINTS_MAX`] points a line and at most that many marks of faults, whatever
//! the length of the run. Times are counted from the begin of trouble, as everywhere on the page.
//! Titles and descriptions are for those who do not see the picture.

use crate::words::{clean, count, plural, span};
use checkers::Series;
use std::fmt::Write;

pub(crate) use axis::Tick;
pub(crate) use lanes::{Lane, lanes};

mod axis;
mod lanes;

/// Most points of one line.
pub(crate) const POINTS_MAX: usize = 300;
/// Most lines of one plot.
pub(crate) const LINES_MAX: usize = 24;
/// Colours that the style sheet has.
pub(crate) const COLOURS: usize = 8;
/// The picture's own units; the page stretches them.
const WIDTH: f64 = 1_000.0;
const HEIGHT: f64 = 200.0;

/// A picture and the words beside it.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    /// What a point stands for.
    pub(crate) caption: String,
    /// SVG, complete and escaped.
    pub(crate) svg: String,
    pub(crate) legend: Vec<Key>,
    /// Labels of the heights, from the top in percent.
    pub(crate) heights: Vec<Tick>,
    /// Labels of the times, from the left in percent.
    pub(crate) times: Vec<Tick>,
}

/// One line of a legend: colour, name, and the number that sums the line up.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    /// Place in the palette, as the style sheet counts it.
    pub(crate) colour: usize,
    pub(crate) is_thin: bool,
    pub(crate) name: String,
    pub(crate) sum: String,
}

/// When a run began and ended, around the begin of trouble, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Span {
    pub(crate) zero: f64,
    pub(crate) end: f64,
}

impl Span {
    pub(crate) fn new(zero_ns: u64, sim_ns: u64) -> Span {
        Span { zero: zero_ns as f64 / 1e9, end: sim_ns.max(1) as f64 / 1e9 }
    }

    /// Where a moment of world time stands, from 0 to 1.
    pub(crate) fn share(self, seconds: f64) -> f64 {
        (seconds / self.end).clamp(0.0, 1.0)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
    /// A row for each of so many nodes.
    Nodes(u32),
}

struct Drawn {
    colour: usize,
    is_thin: bool,
    /// (seconds of world time, value); a gap in the data ends one stretch and begins another.
    stretches: Vec<Vec<(f64, f64)>>,
}

/// Every plot of a run that has something to show.
pub(crate) fn plots(series: &Series, span: Span, n_nodes: u32) -> Vec<Plot> {
    let all = [
        acknowledged(series, span),
        latency(series, span),
        lag(series, span),
        leaders(series, span, n_nodes),
    ];
    all.into_iter().flatten().collect()
}

fn acknowledged(series: &Series, time: Span) -> Option<Plot> {
    let (step, bucket) = steps(series, series.acknowledged.values().map(Vec::len).max()?)?;
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    for (i, (level, buckets)) in series.acknowledged.iter().take(LINES_MAX).enumerate() {
        let rates = buckets.chunks(step).enumerate().map(|(at, chunk)| {
            let covered = chunk.len() as f64 * series.bucket_ns as f64 / 1e9;
            ((at as f64 + 0.5) * bucket, chunk.iter().sum::<u64>() as f64 / covered)
        });
        drawn.push(Drawn { colour: i, is_thin: false, stretches: vec![rates.collect()] });
        legend.push(key(i, false, level, plural(buckets.iter().sum(), "message")));
    }
    let caption = format!("mean over {}, by acknowledgement level", bucket_words(bucket));
    chart("Acknowledged per second", caption, legend, drawn, series, time, Scale::Linear)
}

fn latency(series: &Series, time: Span) -> Option<Plot> {
    let (step, bucket) = steps(series, series.latency_us.values().map(Vec::len).max()?)?;
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    for (i, (level, buckets)) in series.latency_us.iter().take(LINES_MAX / 2).enumerate() {
        for (is_thin, what) in [(false, "median"), (true, "p99")] {
            let pick = |(median, p99): &(u64, u64)| if is_thin { *p99 } else { *median };
            let worst = |chunk: &[(u64, u64)]| chunk.iter().map(pick).max().unwrap_or(0);
            let values = buckets.chunks(step).map(|chunk| match worst(chunk) {
                0 => None,
                us => Some(us as f64 / 1e3),
            });
            drawn.push(Drawn { colour: i, is_thin, stretches: stretches(values, bucket) });
            let highest = format!("at most {} ms", worst(buckets).div_ceil(1_000));
            legend.push(key(i, is_thin, &format!("{level}, {what}"), highest));
        }
    }
    let caption = format!("milliseconds, logarithmic; highest within {}", bucket_words(bucket));
    chart("Latency of produce calls", caption, legend, drawn, series, time, Scale::Log)
}

fn lag(series: &Series, time: Span) -> Option<Plot> {
    let (step, bucket) = steps(series, series.lag.values().map(Vec::len).max()?)?;
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    for (i, (node, buckets)) in series.lag.iter().take(LINES_MAX).enumerate() {
        let highest = |chunk: &[u64]| chunk.iter().max().copied().unwrap_or(0);
        let values = buckets.chunks(step).map(|chunk| Some(highest(chunk) as f64));
        drawn.push(Drawn { colour: i, is_thin: false, stretches: stretches(values, bucket) });
        let sum = format!("at most {}", count(highest(buckets)));
        legend.push(key(i, false, &format!("n{node}"), sum));
    }
    let caption =
        format!("entries behind the furthest commit; highest within {}", bucket_words(bucket));
    chart("Replica lag", caption, legend, drawn, series, time, Scale::Linear)
}

/// Who led each partition; a gap is a time without a leader.
fn leaders(series: &Series, time: Span, n_nodes: u32) -> Option<Plot> {
    let shown = series.leaders.len().min(LINES_MAX);
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    for (i, (partition, changes)) in series.leaders.iter().take(LINES_MAX).enumerate() {
        // Partitions led by one node would hide one another: each has its own height in the row.
        let lift = if shown > 1 { 0.5 * i as f64 / (shown - 1) as f64 - 0.25 } else { 0.0 };
        let mut lines = Vec::new();
        let every = changes.len().div_ceil(POINTS_MAX).max(1);
        let kept: Vec<(u64, u32)> = changes.iter().step_by(every).copied().collect();
        for (n, (from, node)) in kept.iter().enumerate() {
            let to = kept.get(n + 1).map_or(time.end, |(at, _)| *at as f64 / 1e9);
            let height = f64::from(*node) + lift;
            if *node > 0 {
                lines.push(vec![(*from as f64 / 1e9, height), (to, height)]);
            }
        }
        drawn.push(Drawn { colour: i, is_thin: false, stretches: lines });
        let led = changes.iter().filter(|(_, node)| *node > 0).count() as u64;
        let last = match changes.last() {
            Some((_, node @ 1..)) => format!(", last n{node}"),
            Some((_, 0)) | None => ", last nobody".to_owned(),
        };
        let sum = format!("{}{last}", plural(led, "leader"));
        // Group 0 is the cluster's own.
        let name = if *partition == 0 { "metadata".to_owned() } else { format!("p{partition}") };
        legend.push(key(i, false, &name, sum));
    }
    let caption = "node that leads each partition; a gap is a time without a leader".to_owned();
    chart("Leaders", caption, legend, drawn, series, time, Scale::Nodes(n_nodes))
}

fn key(colour: usize, is_thin: bool, name: &str, sum: String) -> Key {
    Key { colour: colour % COLOURS, is_thin, name: clean(name), sum }
}

/// Buckets that make one point, and the seconds that they cover.
fn steps(series: &Series, buckets: usize) -> Option<(usize, f64)> {
    if buckets == 0 || series.bucket_ns == 0 {
        return None;
    }
    let step = buckets.div_ceil(POINTS_MAX);
    Some((step, step as f64 * series.bucket_ns as f64 / 1e9))
}

fn bucket_words(seconds: f64) -> String {
    span((seconds * 1e9) as u64)
}

fn stretches(values: impl Iterator<Item = Option<f64>>, bucket: f64) -> Vec<Vec<(f64, f64)>> {
    let mut found = vec![Vec::new()];
    for (at, value) in values.enumerate() {
        match value {
            Some(value) => {
                let stretch = found.last_mut().expect("there is always a stretch");
                stretch.push(((at as f64 + 0.5) * bucket, value));
            }
            None => found.push(Vec::new()),
        }
    }
    found.retain(|stretch| !stretch.is_empty());
    found
}

fn chart(
    title: &'static str,
    caption: String,
    legend: Vec<Key>,
    drawn: Vec<Drawn>,
    series: &Series,
    time: Span,
    scale: Scale,
) -> Option<Plot> {
    let points = || drawn.iter().flat_map(|line| line.stretches.iter().flatten());
    let highest = points().map(|(_, y)| *y).fold(0.0, f64::max);
    let lowest = points().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    if !lowest.is_finite() {
        return None;
    }
    let height = match scale {
        Scale::Linear => axis::linear(highest),
        Scale::Log => axis::logarithmic(lowest, highest),
        Scale::Nodes(n) => axis::nodes(n.max(highest as u32)),
    };
    let said: Vec<String> = legend.iter().map(|key| format!("{}: {}", key.name, key.sum)).collect();
    let description = format!("{caption}. {}.", said.join("; "));
    let svg = draw(title, &description, &height, &drawn, series, time);
    let times = axis::times(time);
    Some(Plot { title, caption, svg, legend, heights: height.ticks(), times })
}

fn draw(
    title: &str,
    description: &str,
    height: &axis::Height,
    drawn: &[Drawn],
    series: &Series,
    time: Span,
) -> String {
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\">\
         <title>{}</title><desc>{}</desc>",
        escape(title),
        escape(description)
    );
    let mut add = |text: std::fmt::Arguments<'_>| {
        svg.write_fmt(text).expect("writing to a string does not fail");
    };
    for (from, to) in lanes::worked(series, time) {
        let (x, width) = (from * WIDTH, (to - from) * WIDTH);
        add(format_args!(
            "<rect class=\"band\" x=\"{x:.1}\" y=\"0\" width=\"{width:.1}\" height=\"{HEIGHT}\"/>"
        ));
    }
    for tick in height.ticks() {
        let y = tick.percent / 100.0 * HEIGHT;
        add(format_args!("<path class=\"grid\" d=\"M0 {y:.1}H{WIDTH}\"/>"));
    }
    for line in drawn {
        let (colour, thin) = (line.colour % COLOURS, if line.is_thin { " thin" } else { "" });
        for stretch in &line.stretches {
            add(format_args!("<polyline class=\"l k{colour}{thin}\" points=\""));
            for (i, (x, y)) in spread(stretch, time).into_iter().enumerate() {
                let gap = if i == 0 { "" } else { " " };
                let (x, y) = (time.share(x) * WIDTH, (1.0 - height.share(y)) * HEIGHT);
                add(format_args!("{gap}{x:.1},{y:.1}"));
            }
            add(format_args!("\"/>"));
        }
    }
    svg.push_str("</svg>");
    svg
}

/// A line of one point would be invisible: it is made a little wider.
fn spread(stretch: &[(f64, f64)], time: Span) -> Vec<(f64, f64)> {
    match stretch {
        [(x, y)] => vec![(x - time.end / 600.0, *y), (x + time.end / 600.0, *y)],
        many => many.to_vec(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn series(buckets: u64) -> Series {
        Series {
            bucket_ns: 1_000_000_000,
            acknowledged: BTreeMap::from([("quorum".to_owned(), (0..buckets).collect())]),
            ..Series::default()
        }
    }

    #[test]
    fn a_long_run_has_no_more_points_than_a_screen_can_show() {
        let plots = plots(&series(100_000), Span { zero: 0.0, end: 100_000.0 }, 3);
        let points_of = |line: &str| Some(line.split_once("points=\"")?.1.matches(',').count());
        let points = plots[0].svg.split("<polyline").filter_map(points_of).max().expect("a line");
        assert!((200..=POINTS_MAX).contains(&points), "{points} points");
        assert_eq!(plots[0].legend[0].sum, "4,999,950,000 messages");
    }

    #[test]
    fn nothing_to_show_is_no_plot() {
        let time = Span { zero: 0.0, end: 1.0 };
        assert!(plots(&Series::default(), time, 3).is_empty());
        assert!(plots(&series(0), time, 3).is_empty());
    }

    #[test]
    fn leaders_stand_at_nodes_that_exist_and_at_no_others() {
        let led = BTreeMap::from([(1, vec![(0, 2)]), (2, vec![(0, 1), (5, 3)])]);
        let told = Series { leaders: led, ..series(10) };
        let plots = plots(&told, Span { zero: 2.0, end: 10.0 }, 5);
        let leaders = plots.iter().find(|plot| plot.title == "Leaders").expect("it has leaders");
        let labels: Vec<&str> = leaders.heights.iter().map(|tick| tick.label.as_str()).collect();
        assert_eq!(labels, ["n1", "n2", "n3", "n4", "n5"]);
    }

    #[test]
    fn a_second_without_a_sample_is_a_gap_and_not_a_zero() {
        let found = stretches([Some(1.0), None, Some(2.0), Some(3.0)].into_iter(), 1.0);
        assert_eq!(found, [vec![(0.5, 1.0)], vec![(2.5, 2.0), (3.5, 3.0)]]);
    }
}
