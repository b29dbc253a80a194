//! The page that is handed on: one HTML file, no network, no script, readable in any browser, on a
//! telephone and in print. Prepared here, laid out by `templates/report.html`, which escapes every
//! string.
//!
//! Whoever opens it after a failure sees the failure first. Then each scenario: what it is for, what
//! its seeds came to together, and a card for the few that are worth a look (the longest recovery,
//! the most unknown outcomes). The page says how many it left out. It stays near 2 MB.

use crate::{
    exit::ExitCode,
    levels::{self, Level},
    report::{Report, RunReport},
    rules::{Rule, cited},
    suite::{Checker, Suite, scenario_name},
    words::{clean, count, measured, overlap_share, plural, span, wall},
};
use askama::Template;
use card::Card;
use scenario::Part;
use std::collections::BTreeMap;

mod card;
mod scenario;

/// Failing runs with a card.
const FAILING_MAX: usize = 16;
/// Failing cards that are open.
const OPEN_MAX: usize = 3;
/// Passing runs with a card.
const PASSING_MAX: usize = 24;
/// Bytes of all plots together; a run whose plots would pass it is told without them.
const PLOT_BYTES_MAX: usize = 1_200_000;
/// Rows of the table of runs without a card.
const OTHERS_MAX: usize = 2_000;
/// Rows of any table inside a card.
const ROWS_MAX: usize = 60;

#[derive(Template)]
#[template(path = "report.html")]
struct Page {
    title: String,
    word: &'static str,
    exit: String,
    command: String,
    made: String,
    incomplete: Option<String>,
    notes: Vec<(&'static str, String)>,
    figures: Vec<(&'static str, String)>,
    failing: Vec<Card>,
    parts: Vec<Part>,
    checkers: Vec<Judge>,
    acks: Vec<Level>,
    reads: Vec<Level>,
    rules: Vec<&'static Rule>,
    others: Vec<(String, String, &'static str, String)>,
    left_out: String,
}

/// A law over all runs.
struct Judge {
    name: String,
    asks: String,
    saw: String,
    verdict: &'static str,
}

/// One self-contained HTML page of an invocation. The same report is always the same bytes.
pub fn html(report: &Report) -> String {
    page(report).render().expect("rendering into memory does not fail")
}

fn page(report: &Report) -> Page {
    let suite = Suite::of(report);
    let exit = ExitCode::of(report);
    let failing = failing(report);
    let chosen = scenario::chosen(&suite, report);
    let has_card: Vec<usize> =
        failing.iter().copied().chain(chosen.iter().map(|(i, _)| *i)).collect();
    let mut plot_bytes_left = PLOT_BYTES_MAX;
    let is_alone = report.runs.len() == 1;
    let failing: Vec<Card> = (0..)
        .zip(&failing)
        .map(|(n, i)| Card::new(*i, &report.runs[*i], n < OPEN_MAX, &mut plot_bytes_left))
        .collect();
    let cards: BTreeMap<usize, (Card, String)> = chosen
        .into_iter()
        .map(|(i, why)| (i, (Card::new(i, &report.runs[i], is_alone, &mut plot_bytes_left), why)))
        .collect();
    let others: Vec<&RunReport> = report
        .runs
        .iter()
        .enumerate()
        .filter(|(i, _)| !has_card.contains(i))
        .map(|(_, r)| r)
        .collect();
    let checkers: Vec<Judge> =
        suite.checkers.iter().map(|checker| judge(checker, &suite)).collect();
    let told: String = checkers
        .iter()
        .map(|judge| judge.asks.as_str())
        .chain(report.runs.iter().flat_map(|run| &run.stories).map(|story| story.summary.as_str()))
        .collect::<Vec<_>>()
        .join(" ");
    Page {
        title: title(&suite, report),
        word: suite.word(),
        exit: format!("exit {}: {}", exit.code(), exit.meaning()),
        command: clean(&report.command),
        made: made(report),
        incomplete: suite.is_incomplete.then(|| {
            let finished = count(report.runs.len() as u64);
            let asked = plural(report.requested, "run");
            format!(
                "{finished} of {asked} ended: what stands here is complete, the rest is unknown"
            )
        }),
        notes: notes(&suite),
        figures: vec![
            ("acknowledged", count(suite.counts.acknowledged)),
            ("lost", measured(&suite.counts, suite.counts.lost)),
            ("duplicated", measured(&suite.counts, suite.counts.duplicated)),
            ("unknown outcome", count(suite.counts.unknown)),
            ("fault hits", count(suite.fault_hits)),
            ("under a fault", overlap_share(suite.overlap)),
            ("simulated", span(suite.sim_ns)),
            ("wall time", wall(report.wall_ms)),
        ],
        failing,
        parts: scenario::parts(&suite, report, &has_card, cards),
        checkers,
        acks: used(&levels::ACKS, report, |run, i| run.plan.workload.acks[i]),
        reads: used(&levels::READS, report, |run, i| run.plan.workload.reads[i]),
        rules: cited(&told),
        left_out: left_out(others.len()),
        others: others.into_iter().take(OTHERS_MAX).map(other).collect(),
    }
}

/// What made the page, and when.
fn made(report: &Report) -> String {
    let origin = &report.origin;
    let parts = [
        ("", origin.started.replace('T', " ").replace('Z', " UTC")),
        ("zeroloss ", origin.version.clone()),
        ("commit ", origin.git.clone()),
        ("build ", origin.build.clone()),
    ];
    let parts = parts.into_iter().filter(|(_, value)| !value.is_empty());
    parts.map(|(what, value)| clean(&format!("{what}{value}"))).collect::<Vec<_>>().join(" · ")
}

fn other(run: &RunReport) -> (String, String, &'static str, String) {
    let name = clean(&scenario_name(run));
    (name, run.plan.seed.to_string(), run.verdict.word(), clean(&run.token))
}

fn left_out(others: usize) -> String {
    if others == 0 {
        return String::new();
    }
    let runs = plural(others as u64, "run");
    let unlisted = match others.saturating_sub(OTHERS_MAX) {
        0 => String::new(),
        n => format!(" {} are not listed here, but in the JSON.", count(n as u64)),
    };
    format!("{runs} without a card; replay any by its token.{unlisted}")
}

fn title(suite: &Suite<'_>, report: &Report) -> String {
    let tally = suite.tally;
    let expected = suite.as_expected().len() as u64;
    let title = match (tally.runs(), tally.violated, tally.unknown) {
        (0, _, _) => "Nothing was run".to_owned(),
        (1, 0, 0) => "The run holds".to_owned(),
        (1, 0, _) => "The run cannot be judged".to_owned(),
        (1, _, _) => "The run is violated".to_owned(),
        (2, 0, 0) => "Both runs hold".to_owned(),
        (runs, 0, 0) => format!("All {} runs hold", count(runs)),
        (runs, 0, unknown) => {
            format!("{} of {} runs cannot be judged", count(unknown), count(runs))
        }
        (runs, violated, _) => format!("{} of {} runs violated", count(violated), count(runs)),
    };
    match (suite.is_incomplete, expected > 0 && expected == tally.violated) {
        (true, _) => format!("{title}, of {} that were asked for", count(report.requested)),
        (false, true) => format!("{title}, as expected"),
        (false, false) => title,
    }
}

/// What became of planted bugs and of expectations.
fn notes(suite: &Suite<'_>) -> Vec<(&'static str, String)> {
    let planted = suite.planted();
    let planted = planted.iter().map(|planted| {
        (if planted.has_escaped() { "violated" } else { "unknown" }, clean(&planted.said()))
    });
    let short = suite.short();
    let short =
        short.iter().filter(|(run, _)| run.plant.is_none()).take(ROWS_MAX).map(|(run, why)| {
            ("violated", format!("{}: not as expected: {}", clean(&run.token), clean(why)))
        });
    let asleep = (!suite.asleep.is_empty())
        .then(|| ("unknown", format!("no run of the suite exercised {}", suite.asleep.join(", "))));
    planted.chain(short).chain(asleep).collect()
}

/// Failing runs that get a card: the first of each law that broke first, then the others.
fn failing(report: &Report) -> Vec<usize> {
    let of = |word: &'static str| {
        let is = move |(_, run): &(usize, &RunReport)| {
            run.verdict.word() == word && !run.is_violated_as_expected()
        };
        report.runs.iter().enumerate().filter(is).map(|(i, _)| i)
    };
    let mut told: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failing: Vec<(usize, usize)> = of("violated")
        .chain(of("unknown"))
        .map(|i| {
            let law = report.runs[i].stories.first().map_or("", |story| story.law.as_str());
            let turn = told.entry(law).or_insert(0);
            *turn += 1;
            (*turn, i)
        })
        .collect();
    // A stable sort: the first of every law, then the second of every law.
    failing.sort_by_key(|(turn, _)| *turn);
    failing.into_iter().take(FAILING_MAX).map(|(_, i)| i).collect()
}

fn used<const N: usize>(
    levels: &[Level; N],
    report: &Report,
    weight: impl Fn(&RunReport, usize) -> u32,
) -> Vec<Level> {
    let is_used = |(i, _): &(usize, &Level)| report.runs.iter().any(|run| weight(run, *i) > 0);
    levels.iter().enumerate().filter(is_used).map(|(_, level)| *level).collect()
}

fn judge(checker: &Checker, suite: &Suite<'_>) -> Judge {
    let law = checkers::CATALOGUE.iter().find(|law| law.name == checker.name);
    let asks = law.map_or(String::new(), |law| format!("{} ({})", law.law, law.source));
    let (saw, verdict) = saw(checker, suite);
    Judge { name: clean(&checker.name), asks, saw, verdict }
}

fn saw(checker: &Checker, suite: &Suite<'_>) -> (String, &'static str) {
    if checker.is_never_covered() {
        return (format!("never covered in {}", plural(checker.tally.runs(), "run")), "unknown");
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
    (saw.join(", "), checker.tally.word())
}
