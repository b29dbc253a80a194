//! Numbers over time as SVG, drawn with `plotters`; no other file knows that library.
//!
//! A plot has at most [`POINTS_MAX`] points a line and at most that many fault bands, whatever the
//! length of the run. Colours are named here as literal codes and repainted by the page's style sheet
//! for dark mode, by attribute. Titles and descriptions are for those who do not see the picture.

use crate::words::{clean, clip, span};
use checkers::Series;
use plotters::{
    coord::{Shift, ranged1d::ValueFormatter},
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use std::fmt::Write;

/// Most points of one line.
pub(crate) const POINTS_MAX: usize = 300;
/// Most lines of one plot.
pub(crate) const LINES_MAX: usize = 24;
const SIZE: (u32, u32) = (860, 200);
const BAND: RGBColor = RGBColor(0xd9, 0x7a, 0x06);
const AXIS: RGBColor = RGBColor(0x8a, 0x8f, 0x98);
const INK: RGBColor = RGBColor(0x5b, 0x61, 0x6b);
/// Colours of lines, in order; the style sheet knows them.
const PALETTE: [RGBColor; 8] = [
    RGBColor(0x2f, 0x5d, 0x9f),
    RGBColor(0x0f, 0x7b, 0x6c),
    RGBColor(0x8a, 0x3f, 0xa0),
    RGBColor(0xa6, 0x4b, 0x12),
    RGBColor(0x3b, 0x6e, 0x1f),
    RGBColor(0xa3, 0x2a, 0x5c),
    RGBColor(0x4a, 0x4f, 0xb5),
    RGBColor(0x6b, 0x5d, 0x0a),
];

/// A picture and the words beside it.
#[derive(Clone, Debug)]
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    /// What a point stands for.
    pub(crate) caption: String,
    /// SVG, complete and escaped.
    pub(crate) svg: String,
    pub(crate) legend: Vec<Key>,
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Linear,
    Log,
    /// A row for each node.
    Nodes,
}

struct Drawn {
    colour: usize,
    is_thin: bool,
    /// (seconds of world time, value); a gap in the data ends one stretch and begins another.
    stretches: Vec<Vec<(f64, f64)>>,
}

/// Every plot of a run that has something to show.
pub(crate) fn plots(series: &Series, sim_ns: u64) -> Vec<Plot> {
    let all = [acknowledged, latency, lag, leaders];
    all.into_iter().filter_map(|plot| plot(series, sim_ns.max(1))).collect()
}

fn acknowledged(series: &Series, sim_ns: u64) -> Option<Plot> {
    let (step, bucket) = steps(series, series.acknowledged.values().map(Vec::len).max()?)?;
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    for (i, (level, buckets)) in series.acknowledged.iter().take(LINES_MAX).enumerate() {
        let rates = buckets.chunks(step).enumerate().map(|(at, chunk)| {
            let covered = chunk.len() as f64 * series.bucket_ns as f64 / 1e9;
            ((at as f64 + 0.5) * bucket, chunk.iter().sum::<u64>() as f64 / covered)
        });
        drawn.push(Drawn { colour: i, is_thin: false, stretches: vec![rates.collect()] });
        let total = crate::words::plural(buckets.iter().sum(), "message");
        legend.push(key(i, false, level, total));
    }
    let title = "Acknowledged per second";
    let caption = format!("mean over {}, by acknowledgement level", bucket_words(bucket));
    chart(title, caption, legend, drawn, series, sim_ns, Scale::Linear)
}

fn latency(series: &Series, sim_ns: u64) -> Option<Plot> {
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
    chart("Latency of produce calls", caption, legend, drawn, series, sim_ns, Scale::Log)
}

fn lag(series: &Series, sim_ns: u64) -> Option<Plot> {
    let (step, bucket) = steps(series, series.lag.values().map(Vec::len).max()?)?;
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    for (i, (node, buckets)) in series.lag.iter().take(LINES_MAX).enumerate() {
        let points = buckets.chunks(step).enumerate().map(|(at, chunk)| {
            let highest = chunk.iter().max().copied().unwrap_or(0);
            ((at as f64 + 0.5) * bucket, highest as f64)
        });
        drawn.push(Drawn { colour: i, is_thin: false, stretches: vec![points.collect()] });
        let highest = crate::words::count(buckets.iter().max().copied().unwrap_or(0));
        legend.push(key(i, false, &format!("n{node}"), format!("at most {highest}")));
    }
    let caption =
        format!("entries behind the furthest commit; highest within {}", bucket_words(bucket));
    chart("Replica lag", caption, legend, drawn, series, sim_ns, Scale::Linear)
}

/// Who led each partition; a gap is a time without a leader.
fn leaders(series: &Series, sim_ns: u64) -> Option<Plot> {
    if series.leaders.is_empty() {
        return None;
    }
    let shown = series.leaders.len().min(LINES_MAX);
    let (mut drawn, mut legend) = (Vec::new(), Vec::new());
    for (i, (partition, changes)) in series.leaders.iter().take(LINES_MAX).enumerate() {
        // Partitions led by one node would hide one another: each has its own height in the row.
        let lift = if shown > 1 { 0.5 * i as f64 / (shown - 1) as f64 - 0.25 } else { 0.0 };
        let mut lines = Vec::new();
        let every = changes.len().div_ceil(POINTS_MAX).max(1);
        let kept: Vec<(u64, u32)> = changes.iter().step_by(every).copied().collect();
        for (n, (from, node)) in kept.iter().enumerate() {
            let to = kept.get(n + 1).map_or(sim_ns, |(at, _)| *at);
            let height = f64::from(*node) + lift;
            if *node > 0 {
                lines.push(vec![(*from as f64 / 1e9, height), (to as f64 / 1e9, height)]);
            }
        }
        drawn.push(Drawn { colour: i, is_thin: false, stretches: lines });
        let led = changes.iter().filter(|(_, node)| *node > 0).count() as u64;
        let last = match changes.last() {
            Some((_, node @ 1..)) => format!(", last n{node}"),
            Some((_, 0)) | None => ", last nobody".to_owned(),
        };
        let sum = format!("{}{last}", crate::words::plural(led, "leader"));
        legend.push(key(i, false, &format!("p{partition}"), sum));
    }
    let caption = "node that leads each partition; a gap is a time without a leader".to_owned();
    chart("Leaders", caption, legend, drawn, series, sim_ns, Scale::Nodes)
}

fn key(colour: usize, is_thin: bool, name: &str, sum: String) -> Key {
    Key { colour: colour % PALETTE.len(), is_thin, name: clean(name), sum }
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

/// Times with a fault, merged where they touch or are too close to tell apart, with their first name.
fn bands(series: &Series, sim_ns: u64) -> Vec<(f64, f64, String)> {
    let mut sorted: Vec<&(String, u64, u64)> = series.faults.iter().collect();
    sorted.sort_by_key(|(_, from, to)| (*from, *to));
    let close = sim_ns as f64 / 1e9 / POINTS_MAX as f64;
    let mut merged: Vec<(f64, f64, String)> = Vec::new();
    for (what, from, to) in sorted {
        let from = *from as f64 / 1e9;
        // A fault of an instant still has a width that can be seen.
        let to = ((*to).min(sim_ns) as f64 / 1e9).max(from + close / 2.0);
        match merged.last_mut() {
            Some((_, end, name)) if from < *end + close / 4.0 => {
                *end = end.max(to);
                if !name.ends_with('…') {
                    name.push_str(" …");
                }
            }
            Some(_) | None => merged.push((from, to, clean(what))),
        }
    }
    merged
}

fn chart(
    title: &'static str,
    caption: String,
    legend: Vec<Key>,
    drawn: Vec<Drawn>,
    series: &Series,
    sim_ns: u64,
    scale: Scale,
) -> Option<Plot> {
    let points = || drawn.iter().flat_map(|line| line.stretches.iter().flatten());
    let highest = points().map(|(_, y)| *y).fold(0.0, f64::max);
    let lowest = points().map(|(_, y)| *y).fold(f64::INFINITY, f64::min);
    if !lowest.is_finite() {
        return None;
    }
    let end = sim_ns as f64 / 1e9;
    let mut svg = String::new();
    {
        let root = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        let bands = bands(series, sim_ns);
        match scale {
            Scale::Linear => {
                draw(&root, end, 0.0..(highest * 1.18).max(1.0), &bands, &drawn, &number);
            }
            Scale::Log => {
                let y = (lowest * 0.7).max(0.001)..(highest * 2.0).max(0.002);
                draw(&root, end, y.log_scale(), &bands, &drawn, &number);
            }
            Scale::Nodes => draw(&root, end, 0.5..highest + 0.9, &bands, &drawn, &node),
        }
        root.present().expect("drawing into memory does not fail");
    }
    let said: Vec<String> = legend.iter().map(|key| format!("{}: {}", key.name, key.sum)).collect();
    let svg = describe(&svg, title, &format!("{caption}. {}.", said.join("; ")));
    Some(Plot { title, caption, svg, legend })
}

fn draw<Y>(
    root: &DrawingArea<SVGBackend<'_>, Shift>,
    end: f64,
    y: Y,
    bands: &[(f64, f64, String)],
    drawn: &[Drawn],
    name_of: &dyn Fn(f64) -> String,
) where
    Y: plotters::coord::ranged1d::AsRangedCoord<Value = f64>,
    Y::CoordDescType: ValueFormatter<f64> + Ranged<ValueType = f64>,
{
    let (second, unit) = unit(end);
    let end = end / second;
    let y: Y::CoordDescType = y.into();
    let std::ops::Range { start: bottom, end: top } = y.range();
    let mut chart = ChartBuilder::on(root)
        .margin_top(8)
        .margin_right(10)
        .x_label_area_size(26)
        .y_label_area_size(58)
        .build_cartesian_2d(0.0..end, y)
        .expect("drawing into memory does not fail");
    let label = ("sans-serif", 13).into_font().color(&INK);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(AXIS.mix(0.25))
        .axis_style(AXIS.mix(0.6))
        .x_labels(9)
        .y_labels(5)
        .label_style(label.clone())
        .x_label_formatter(&|at| format!("{} {unit}", number(*at)))
        .y_label_formatter(&|value| name_of(*value))
        .draw()
        .expect("drawing into memory does not fail");
    let name = label.pos(Pos::new(HPos::Left, VPos::Top));
    for (from, to, what) in bands {
        let (from, to) = (from / second, to / second);
        let shape = Rectangle::new([(from, bottom), (to.min(end), top)], BAND.mix(0.16).filled());
        chart.draw_series([shape]).expect("drawing into memory does not fail");
        let room = ((to - from) / end * f64::from(SIZE.0 - 68) / 7.0) as usize;
        if room >= 8 {
            let text =
                EmptyElement::at((from, top)) + Text::new(clip(what, room), (5, 5), name.clone());
            chart.draw_series([text]).expect("drawing into memory does not fail");
        }
    }
    for line in drawn {
        let colour = PALETTE[line.colour % PALETTE.len()];
        let style = match line.is_thin {
            true => colour.mix(0.85).stroke_width(1),
            false => colour.stroke_width(2),
        };
        for stretch in &line.stretches {
            let mut stretch: Vec<_> = stretch.iter().map(|(x, y)| (x / second, *y)).collect();
            if let [(x, y)] = stretch[..] {
                // A line of one point would be invisible.
                stretch = vec![(x - end / 600.0, y), (x + end / 600.0, y)];
            }
            let path = PathElement::new(stretch, style);
            chart.draw_series([path]).expect("drawing into memory does not fail");
        }
    }
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
        1_000.0.. => crate::words::count(value.round() as u64),
        _ => format!("{}", (value * 100.0).round() / 100.0),
    }
}

fn node(value: f64) -> String {
    if value.fract() == 0.0 { format!("n{value}") } else { String::new() }
}

/// Adds title and description for those who hear the page, and lets it scale.
fn describe(svg: &str, title: &str, description: &str) -> String {
    let (head, body) = svg.split_once(">\n").expect("plotters opens the svg with one tag");
    let head =
        head.replacen(&format!("width=\"{}\" height=\"{}\" ", SIZE.0, SIZE.1), "role=\"img\" ", 1);
    let mut out = String::with_capacity(svg.len() + 400);
    let (title, description) = (escape(title), escape(description));
    write!(out, "{head}>\n<title>{title}</title>\n<desc>{description}</desc>\n{body}")
        .expect("writing to a string does not fail");
    out
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
        let plots = plots(&series(100_000), 100_000_000_000_000);
        let points_of = |line: &str| Some(line.split_once("points=\"")?.1.matches(',').count());
        let points = plots[0].svg.lines().filter_map(points_of).max().expect("a line");
        assert!((200..=POINTS_MAX).contains(&points), "{points} points");
        assert_eq!(plots[0].legend[0].sum, "4,999,950,000 messages");
    }

    #[test]
    fn nothing_to_show_is_no_plot() {
        assert!(plots(&Series::default(), 0).is_empty());
        assert!(plots(&series(0), 1).is_empty());
    }

    #[test]
    fn faults_too_close_to_tell_apart_are_one_band() {
        let faults = (0..10_000).map(|i| ("cut".to_owned(), i * 1_000_000, i * 1_000_000 + 1));
        let many = Series { faults: faults.collect(), ..series(10) };
        assert_eq!(bands(&many, 10_000_000_000).len(), 1);
        let far = Series {
            faults: vec![("a".to_owned(), 0, 1), ("b".to_owned(), 5_000_000_000, 6_000_000_000)],
            ..series(10)
        };
        assert_eq!(bands(&far, 10_000_000_000).len(), 2);
    }

    #[test]
    fn a_second_without_a_sample_is_a_gap_and_not_a_zero() {
        let found = stretches([Some(1.0), None, Some(2.0), Some(3.0)].into_iter(), 1.0);
        assert_eq!(found, [vec![(0.5, 1.0)], vec![(2.5, 2.0), (3.5, 3.0)]]);
    }
}
