//! One scenario on the page: why it is run, what its seeds came to together, and the few of them
//! that are worth a look.

use super::{PASSING_MAX, ROWS_MAX, card::Card};
use crate::{
    report::{Report, RunReport},
    suite::{Scenario, Suite, scenario_name},
    words::{clean, count, measured, measured_cell, percent, plural, seeds, span, span_up},
};
use std::collections::{BTreeMap, BTreeSet};

/// Passing seeds of one scenario that get a card.
const CARDS_MAX: usize = 3;

pub(super) struct Part {
    pub(super) name: String,
    pub(super) word: &'static str,
    pub(super) why: String,
    pub(super) figures: Vec<(&'static str, String)>,
    pub(super) recovery: Option<String>,
    pub(super) risk: Option<String>,
    /// Kind of fault, hits, and in how many runs.
    pub(super) hits: Vec<(String, String, String)>,
    pub(super) marks: Vec<(String, String, String)>,
    /// Failing seeds with a card elsewhere on the page: place and seed.
    pub(super) failing: Vec<(usize, u64)>,
    pub(super) seeds: Vec<Row>,
    pub(super) cards: Vec<Card>,
}

/// One seed with a card.
pub(super) struct Row {
    pub(super) id: usize,
    pub(super) seed: u64,
    pub(super) why: String,
    pub(super) cells: Vec<String>,
    pub(super) word: &'static str,
}

/// Passing runs that get a card, with what makes them worth it: of every scenario the most
/// interesting first, then the second of every scenario.
pub(super) fn chosen(suite: &Suite<'_>, report: &Report) -> Vec<(usize, String)> {
    let mut of_scenario: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (i, run) in report.runs.iter().enumerate() {
        let is_passing = run.verdict.word() == "holds" || run.is_violated_as_expected();
        if is_passing {
            of_scenario.entry(scenario_name(run)).or_default().push(i);
        }
    }
    let mut turns: Vec<(usize, usize, String)> = Vec::new();
    for scenario in &suite.scenarios {
        let places = of_scenario.get(&scenario.name).map_or(&[][..], Vec::as_slice);
        let interesting = interesting(places, report);
        turns.extend(interesting.into_iter().enumerate().map(|(turn, (i, why))| (turn, i, why)));
    }
    turns.sort_by_key(|(turn, ..)| *turn);
    let mut chosen: Vec<(usize, String)> =
        turns.into_iter().take(PASSING_MAX).map(|(_, i, why)| (i, why)).collect();
    chosen.sort_by_key(|(i, _)| *i);
    chosen
}

fn interesting(places: &[usize], report: &Report) -> Vec<(usize, String)> {
    let longest = |i: &usize| report.runs[*i].run.recovery.iter().filter_map(|r| r.rto_ns).max();
    let unknown = |i: &usize| report.runs[*i].run.counts.unknown;
    // The first of equals: `max_by_key` would take the last.
    let by_rto = places.iter().rev().max_by_key(|i| longest(i)).filter(|i| longest(i).is_some());
    let by_unknown = places.iter().rev().max_by_key(|i| unknown(i)).filter(|i| unknown(i) > 0);
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut add = |i: Option<&usize>, why: String| {
        let Some(i) = i else { return };
        match found.iter_mut().find(|(known, _)| known == i) {
            Some((_, reasons)) => reasons.push_str(&format!("; {why}")),
            None => found.push((*i, why)),
        }
    };
    let rto = by_rto.and_then(longest).map_or(String::new(), span_up);
    add(by_rto, format!("longest RTO, {rto}"));
    let n = by_unknown.map_or(0, unknown);
    add(by_unknown, format!("most unknown outcomes, {}", count(n)));
    add(places.first(), "first seed".to_owned());
    found.truncate(CARDS_MAX);
    found
}

/// Every scenario, with its cards.
pub(super) fn parts(
    suite: &Suite<'_>,
    report: &Report,
    has_card: &[usize],
    mut cards: BTreeMap<usize, (Card, String)>,
) -> Vec<Part> {
    let mut parts = Vec::new();
    for scenario in &suite.scenarios {
        let mine = |i: &usize| scenario_name(&report.runs[*i]) == scenario.name;
        let places: Vec<usize> = cards.keys().copied().filter(mine).collect();
        let failing = has_card.iter().filter(|i| !cards.contains_key(i) && mine(i));
        let failing = failing.map(|i| (*i, report.runs[*i].plan.seed)).collect();
        let mut rows = Vec::new();
        let mut own = Vec::new();
        for i in places {
            let (card, why) = cards.remove(&i).expect("its place was just found");
            rows.push(row(i, &report.runs[i], why));
            own.push(card);
        }
        parts.push(part(scenario, failing, rows, own));
    }
    parts
}

fn row(id: usize, run: &RunReport, why: String) -> Row {
    let counts = &run.run.counts;
    let rto = run.run.recovery.iter().filter_map(|recovery| recovery.rto_ns).max();
    let cells = vec![
        count(counts.acknowledged),
        measured_cell(counts, counts.lost),
        count(counts.unknown),
        rto.map_or("–".to_owned(), span_up),
    ];
    Row { id, seed: run.plan.seed, why, cells, word: run.verdict.word() }
}

fn part(
    scenario: &Scenario<'_>,
    failing: Vec<(usize, u64)>,
    seeds: Vec<Row>,
    cards: Vec<Card>,
) -> Part {
    let first = scenario.runs.first();
    Part {
        name: clean(&scenario.name),
        word: scenario.tally.word(),
        why: first.map_or(String::new(), |run| clean(&run.plan.why)),
        figures: figures(scenario),
        recovery: recovery(scenario),
        risk: scenario.residual_risk().map(|(n, bound)| {
            let held = plural(n, "random seed");
            format!(
                "{held} held: a further one fails with a probability below {}, at 95 % confidence",
                percent(bound)
            )
        }),
        hits: table(scenario, |run| &run.run.faults),
        marks: table(scenario, |run| &run.run.marks),
        failing,
        seeds,
        cards,
    }
}

fn figures(scenario: &Scenario<'_>) -> Vec<(&'static str, String)> {
    let ran: Vec<u64> = scenario.runs.iter().map(|run| run.plan.seed).collect();
    let counts = &scenario.counts;
    let sim_ns = scenario.runs.iter().map(|run| run.run.sim_ns).sum();
    vec![
        ("seeds", seeds(&ran)),
        ("acknowledged", count(counts.acknowledged)),
        ("lost", measured(counts, counts.lost)),
        ("allowed lost", measured(counts, counts.allowed_lost)),
        ("duplicated", measured(counts, counts.duplicated)),
        ("unknown", count(counts.unknown)),
        ("fault hits", count(scenario.fault_hits)),
        ("simulated", span(sim_ns)),
    ]
}

/// How soon partitions came back, over all seeds.
fn recovery(scenario: &Scenario<'_>) -> Option<String> {
    let all = || scenario.runs.iter().flat_map(|run| &run.run.recovery);
    let mut rto: Vec<u64> = all().filter_map(|recovery| recovery.rto_ns).collect();
    rto.sort_unstable();
    let none = all().count() - rto.len();
    let without = match none {
        0 => String::new(),
        n => format!("; {} without a later acknowledgement", count(n as u64)),
    };
    let (first, last) = (rto.first()?, rto.last()?);
    Some(format!(
        "RTO over {}: {} to {}, median {}{without}",
        plural(rto.len() as u64, "recovery").replace("recoverys", "recoveries"),
        span_up(*first),
        span_up(*last),
        span_up(rto[rto.len() / 2]),
    ))
}

/// Names with their sums, and in how many runs they were above zero.
fn table<'a>(
    scenario: &Scenario<'a>,
    of: impl Fn(&'a RunReport) -> &'a BTreeMap<String, u64>,
) -> Vec<(String, String, String)> {
    let maps: Vec<&BTreeMap<String, u64>> = scenario.runs.iter().map(|run| of(run)).collect();
    let names: BTreeSet<&String> = maps.iter().flat_map(|map| map.keys()).collect();
    let row = |name: &String| {
        let hits = maps.iter().filter_map(|map| map.get(name));
        let runs = hits.clone().filter(|hits| **hits > 0).count() as u64;
        let all = plural(maps.len() as u64, "run");
        (clean(name), count(hits.sum()), format!("in {} of {all}", count(runs)))
    };
    names.into_iter().take(ROWS_MAX).map(row).collect()
}
