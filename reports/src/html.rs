//! The page that is handed on: one HTML file, no network, no script, readable in any browser and in
//! print. Prepared here, laid out by `templates/report.html`, which escapes every string.
//!
//! Violated runs, then doubtful ones, then a few passing ones of every scenario get a section with
//! plots; the others stay in the table of seeds, and the page says how many. It stays near 2 MB.

use crate::{
    exit::ExitCode,
    plot::{Plot, plots},
    report::{Replay, Report, RunReport},
    screen::{overlapping, place, world},
    suite::{Checker, Suite, scenario_name},
    words::{clean, count, plural, seconds, seeds, span, span_up, wall},
};
use askama::Template;
use checkers::{Judgement, Verdict};

/// Failing runs with a section of their own.
const FAILING_MAX: usize = 16;
/// Passing runs with a section of their own.
const PASSING_MAX: usize = 12;
/// Bytes of all plots together; a run whose plots would pass it is told without them.
const PLOT_BYTES_MAX: usize = 1_200_000;
/// Rows of the table of runs without a section.
const OTHERS_MAX: usize = 2_000;
/// Rows of any table inside a section.
const ROWS_MAX: usize = 60;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    word: &'static str,
    exit: String,
    command: String,
    is_interrupted: bool,
    figures: Vec<(&'static str, String)>,
    risk: Option<String>,
    scenarios: Vec<Vec<String>>,
    checkers: Vec<(String, String, &'static str)>,
    sections: Vec<Section>,
    others: Vec<(String, String, &'static str, String)>,
    left_out: String,
}

struct Section {
    id: usize,
    is_open: bool,
    name: String,
    seed: u64,
    word: &'static str,
    headline: String,
    world: String,
    broken: Vec<Broken>,
    doubts: Vec<(String, String)>,
    replay: String,
    again: Option<String>,
    trace_hash: String,
    plots: Vec<Plot>,
    has_plots_left_out: bool,
    faults: Vec<(String, String, String)>,
    refused: Vec<String>,
    recovery: Vec<Vec<String>>,
    checkers: Vec<(String, String, &'static str)>,
    counts: Vec<(&'static str, String)>,
    hits: Vec<(String, String)>,
    marks: Vec<(String, String)>,
    plan: String,
}

struct Broken {
    name: String,
    summary: String,
    place: String,
    lines: Vec<(String, String)>,
    left_out: usize,
}

/// One self-contained HTML page of an invocation. The same report is always the same bytes.
pub fn html(report: &Report) -> String {
    page(report).render().expect("rendering into memory does not fail")
}

fn page(report: &Report) -> Page {
    let suite = Suite::of(report);
    let exit = ExitCode::of(report);
    let told = chosen(&suite, report);
    let others: Vec<&RunReport> =
        report.runs.iter().enumerate().filter(|(i, _)| !told.contains(i)).map(|(_, r)| r).collect();
    let unshown = others.len().saturating_sub(OTHERS_MAX);
    let mut plot_bytes_left = PLOT_BYTES_MAX;
    let sections =
        told.iter().map(|i| section(*i, &report.runs[*i], &mut plot_bytes_left)).collect();
    let mut left_out = String::new();
    if !others.is_empty() {
        let runs = plural(others.len() as u64, "run");
        left_out =
            format!("{runs} without a section and plots of their own; replay any by its token.");
    }
    if unshown > 0 {
        left_out
            .push_str(&format!(" {} are not listed here, but in the JSON.", count(unshown as u64)));
    }
    Page {
        title: title(&suite),
        word: suite.word(),
        exit: format!("exit {}: {}", exit.code(), exit.meaning()),
        command: clean(&report.command),
        is_interrupted: report.interrupted,
        figures: vec![
            ("acknowledged", count(suite.counts.acknowledged)),
            ("lost", count(suite.counts.lost)),
            ("duplicated", count(suite.counts.duplicated)),
            ("unknown outcome", count(suite.counts.unknown)),
            ("fault hits", count(suite.fault_hits)),
            ("simulated", span(suite.sim_ns)),
            ("wall time", wall(report.wall_ms)),
        ],
        risk: None,
        scenarios: suite.scenarios.iter().map(scenario_row).collect(),
        checkers: suite.checkers.iter().map(|checker| checker_row(checker, &suite)).collect(),
        sections,
        others: others
            .iter()
            .take(OTHERS_MAX)
            .map(|run| {
                let name = clean(&scenario_name(run));
                (name, run.plan.seed.to_string(), run.verdict.word(), clean(&run.token))
            })
            .collect(),
        left_out,
    }
}

fn title(suite: &Suite<'_>) -> String {
    let tally = suite.tally;
    let runs = plural(tally.runs(), "run");
    match (tally.runs(), tally.violated, tally.unknown) {
        (0, _, _) => "Nothing was selected".to_owned(),
        (_, 0, 0) => format!("All {runs} hold"),
        (_, 0, unknown) => format!("{} of {runs} cannot be judged", count(unknown)),
        (_, violated, _) => format!("{} of {runs} violated", count(violated)),
    }
}

/// Which runs get a section, in order: violated, unknown, then passing ones in turn of scenarios.
fn chosen(suite: &Suite<'_>, report: &Report) -> Vec<usize> {
    let of = |word: &'static str| {
        let is = move |(_, run): &(usize, &RunReport)| run.verdict.word() == word;
        report.runs.iter().enumerate().filter(is).map(|(i, _)| i)
    };
    let mut told: Vec<usize> = of("violated").chain(of("unknown")).take(FAILING_MAX).collect();
    let mut passing: Vec<(usize, usize)> = Vec::new();
    for scenario in &suite.scenarios {
        let of_scenario = of("holds").filter(|i| scenario_name(&report.runs[*i]) == scenario.name);
        passing.extend(of_scenario.take(PASSING_MAX).enumerate());
    }
    // A stable sort: the first seed of every scenario, then the second of every scenario.
    passing.sort_by_key(|(turn, _)| *turn);
    told.extend(passing.into_iter().take(PASSING_MAX).map(|(_, i)| i));
    told
}

fn scenario_row(scenario: &crate::suite::Scenario<'_>) -> Vec<String> {
    let run: Vec<u64> = scenario.runs.iter().map(|run| run.plan.seed).collect();
    let (tally, counts) = (scenario.tally, &scenario.counts);
    vec![
        clean(&scenario.name),
        seeds(&run),
        count(counts.acknowledged),
        count(counts.lost),
        count(counts.allowed_lost),
        count(counts.duplicated),
        count(counts.unknown),
        count(scenario.fault_hits),
        tally.word().to_owned(),
    ]
}

fn checker_row(checker: &Checker, suite: &Suite<'_>) -> (String, String, &'static str) {
    let name = clean(&checker.name);
    if checker.is_never_covered() {
        return (
            name,
            format!("never covered in {}", plural(checker.tally.runs(), "run")),
            "unknown",
        );
    }
    let mut saw = Vec::new();
    if checker.tally.holds > 0 {
        let cases = plural(checker.coverage, "case");
        let runs = plural(suite.tally.runs(), "run");
        saw.push(format!("{cases} in {} of {runs}", count(checker.tally.holds)));
    }
    for (what, n) in [("violated", checker.tally.violated), ("unknown", checker.tally.unknown)] {
        if n > 0 {
            saw.push(format!("{what} in {}", count(n)));
        }
    }
    (name, saw.join(", "), checker.tally.word())
}

fn section(id: usize, report: &RunReport, plot_bytes_left: &mut usize) -> Section {
    let run = &report.run;
    let mut plots = plots(&run.series, run.sim_ns);
    let bytes: usize = plots.iter().map(|plot| plot.svg.len()).sum();
    let has_plots_left_out = bytes > *plot_bytes_left;
    if has_plots_left_out {
        plots.clear();
    } else {
        *plot_bytes_left -= bytes;
    }
    let is_failing = !matches!(report.verdict, Verdict::Holds(_));
    let pairs = |map: &std::collections::BTreeMap<String, u64>| -> Vec<(String, String)> {
        map.iter().take(ROWS_MAX).map(|(name, hits)| (clean(name), count(*hits))).collect()
    };
    let counts = &run.counts;
    let lost = format!(
        "{} ({} head, {} middle, {} tail)",
        count(counts.lost),
        count(counts.lost_head),
        count(counts.lost_middle),
        count(counts.lost_tail)
    );
    let faults = if is_failing { overlapping(run) } else { run.series.faults.iter().collect() };
    Section {
        id,
        is_open: is_failing,
        name: clean(&scenario_name(report)),
        seed: report.plan.seed,
        word: report.verdict.word(),
        headline: clean(&report.headline),
        world: world(report),
        broken: run.judgements.iter().filter_map(broken).collect(),
        doubts: run
            .judgements
            .iter()
            .filter_map(|judgement| match &judgement.verdict {
                Verdict::Unknown(why) => Some((clean(&judgement.name), clean(why))),
                Verdict::Holds(_) | Verdict::Violated(_) => None,
            })
            .collect(),
        replay: report.replay_line(),
        again: report.replayed.as_ref().map(|replay| match replay {
            Replay::Same => "the same again in a fresh process".to_owned(),
            Replay::Different { first_difference } => {
                format!("another in a fresh process: {}", clean(first_difference))
            }
        }),
        trace_hash: clean(&run.trace_hash),
        plots,
        has_plots_left_out,
        faults: faults
            .into_iter()
            .take(ROWS_MAX)
            .map(|(what, from, to)| (seconds(*from), seconds(*to), clean(what)))
            .collect(),
        refused: run.refused_faults.iter().take(ROWS_MAX).map(|fault| clean(fault)).collect(),
        recovery: run
            .recovery
            .iter()
            .take(ROWS_MAX)
            .map(|recovery| {
                vec![
                    clean(&recovery.fault),
                    seconds(recovery.at_ns),
                    format!("p{}", recovery.partition),
                    recovery.rto_ns.map_or("no later ack".to_owned(), span_up),
                    plural(recovery.rpo_messages, "message"),
                ]
            })
            .collect(),
        checkers: run.judgements.iter().map(checker_cell).collect(),
        counts: vec![
            ("attempted", count(counts.attempted)),
            ("acknowledged", count(counts.acknowledged)),
            ("read", count(counts.read)),
            ("lost", lost),
            ("allowed lost", count(counts.allowed_lost)),
            ("recovered", count(counts.recovered)),
            ("phantom", count(counts.phantom)),
            ("duplicated", count(counts.duplicated)),
            ("reordered", count(counts.reordered)),
            ("unknown", count(counts.unknown)),
        ],
        hits: pairs(&run.faults),
        marks: pairs(&run.marks),
        plan: report.effective.to_string().lines().map(clean).collect::<Vec<_>>().join("\n"),
    }
}

fn broken(judgement: &Judgement) -> Option<Broken> {
    let Verdict::Violated(evidence) = &judgement.verdict else { return None };
    let line = |line: &checkers::Line| (seconds(line.at_ns), clean(&line.text));
    Some(Broken {
        name: clean(&judgement.name),
        summary: clean(&evidence.summary),
        place: place(evidence),
        lines: evidence.lines.iter().take(ROWS_MAX).map(line).collect(),
        left_out: evidence.lines.len().saturating_sub(ROWS_MAX),
    })
}

fn checker_cell(judgement: &Judgement) -> (String, String, &'static str) {
    let saw = match &judgement.verdict {
        Verdict::Holds(coverage) => plural(coverage.get(), "case"),
        Verdict::Violated(evidence) => plural(evidence.count, "violation"),
        Verdict::Unknown(why) => clean(why),
    };
    (clean(&judgement.name), saw, judgement.verdict.word())
}
