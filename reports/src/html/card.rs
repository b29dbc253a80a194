//! One run as a card: what is broken and why, the way back, faults and numbers over time, recovery,
//! and what every judge saw.

use super::ROWS_MAX;
use crate::{
    names::moment,
    plot::{Lane, Plot, Span, lanes, plots},
    report::{Replay, RunReport},
    screen::world,
    story::Story,
    suite::scenario_name,
    words::{clean, count, lost, measured, overlap_words, plural, span_up},
};
use checkers::{Judgement, Verdict};

pub(super) struct Card {
    pub(super) id: usize,
    pub(super) is_open: bool,
    pub(super) name: String,
    pub(super) seed: u64,
    pub(super) word: &'static str,
    pub(super) headline: String,
    pub(super) world: String,
    pub(super) broken: Vec<Broken>,
    pub(super) doubts: Vec<(String, String)>,
    pub(super) replay: String,
    pub(super) again: Option<String>,
    pub(super) trace_hash: String,
    pub(super) plots: Vec<Plot>,
    pub(super) has_plots_left_out: bool,
    pub(super) lanes: Vec<Lane>,
    pub(super) lanes_left_out: usize,
    pub(super) refused: Vec<String>,
    pub(super) recovery: Vec<Vec<String>>,
    pub(super) recovery_left_out: usize,
    pub(super) checkers: Vec<(String, String, &'static str)>,
    pub(super) counts: Vec<(&'static str, String)>,
    pub(super) hits: Vec<(String, String)>,
    pub(super) accidents: Vec<(String, String)>,
    pub(super) marks: Vec<(String, String)>,
    pub(super) plan: String,
}

/// A broken law, with every string ready to be shown.
pub(super) struct Broken {
    pub(super) story: Story,
    pub(super) left_out: usize,
}

impl Card {
    pub(super) fn new(
        id: usize,
        report: &RunReport,
        is_open: bool,
        plot_bytes_left: &mut usize,
    ) -> Card {
        let run = &report.run;
        let time = Span::new(report.zero_ns, run.sim_ns);
        let mut plots = plots(&run.series, time, report.plan.nodes.len() as u32);
        let bytes: usize = plots.iter().map(|plot| plot.svg.len()).sum();
        let has_plots_left_out = bytes > *plot_bytes_left;
        if has_plots_left_out {
            plots.clear();
        } else {
            *plot_bytes_left -= bytes;
        }
        let pairs = |map: &std::collections::BTreeMap<String, u64>| -> Vec<(String, String)> {
            map.iter().take(ROWS_MAX).map(|(name, hits)| (clean(name), count(*hits))).collect()
        };
        let (lanes, lanes_left_out) = lanes(&run.series, time);
        Card {
            id,
            is_open,
            name: clean(&scenario_name(report)),
            seed: report.plan.seed,
            word: report.verdict.word(),
            headline: clean(&report.headline),
            world: world(report),
            broken: report.stories.iter().map(broken).collect(),
            doubts: run.judgements.iter().filter_map(doubt).collect(),
            replay: report.replay_line(),
            again: again(report),
            trace_hash: clean(&run.trace_hash),
            plots,
            has_plots_left_out,
            lanes,
            lanes_left_out,
            refused: run.refused_faults.iter().take(ROWS_MAX).map(|fault| clean(fault)).collect(),
            recovery: run.recovery.iter().take(ROWS_MAX).map(|one| recovery(report, one)).collect(),
            recovery_left_out: run.recovery.len().saturating_sub(ROWS_MAX),
            checkers: run.judgements.iter().map(checker_cell).collect(),
            counts: counts(report),
            hits: pairs(&run.faults),
            accidents: pairs(&run.accidents),
            marks: pairs(&run.marks),
            plan: report.effective.to_string().lines().map(clean).collect::<Vec<_>>().join("\n"),
        }
    }
}

fn broken(story: &Story) -> Broken {
    let pair = |(at, text): &(String, String)| (at.clone(), clean(text));
    let story = Story {
        law: clean(&story.law),
        asks: clean(&story.asks),
        summary: clean(&story.summary),
        who: clean(&story.who),
        promised: story.promised.as_deref().map(clean),
        lines: story.lines.iter().map(pair).collect(),
        faults: story.faults.iter().map(pair).collect(),
        faults_left_out: story.faults_left_out,
        therefore: story.therefore.as_deref().map(clean),
    };
    let left_out = story.lines.len().saturating_sub(ROWS_MAX);
    let lines = story.lines.iter().take(ROWS_MAX).cloned().collect();
    Broken { story: Story { lines, ..story }, left_out }
}

fn doubt(judgement: &Judgement) -> Option<(String, String)> {
    match &judgement.verdict {
        Verdict::Unknown(why) => Some((clean(&judgement.name), clean(why))),
        Verdict::Holds(_) | Verdict::Violated(_) => None,
    }
}

fn again(report: &RunReport) -> Option<String> {
    report.replayed.as_ref().map(|replay| match replay {
        Replay::Same => "the same again in a fresh process".to_owned(),
        Replay::Different { first_difference } => {
            format!("another in a fresh process: {}", clean(first_difference))
        }
    })
}

fn recovery(report: &RunReport, recovery: &checkers::Recovery) -> Vec<String> {
    vec![
        clean(&recovery.fault),
        moment(recovery.at_ns, report.zero_ns),
        format!("p{}", recovery.partition),
        recovery.rto_ns.map_or("no later ack".to_owned(), span_up),
        recovery.rpo_messages.map_or("not counted: no drain".to_owned(), |n| plural(n, "message")),
        recovery.catch_up_ns.map_or("–".to_owned(), span_up),
    ]
}

fn counts(report: &RunReport) -> Vec<(&'static str, String)> {
    let counts = &report.run.counts;
    let of = |n| measured(counts, n);
    let lost = lost(counts).unwrap_or_else(|| "not counted: no drain".to_owned());
    vec![
        ("attempted", count(counts.attempted)),
        ("acknowledged", count(counts.acknowledged)),
        ("while a fault was at work", overlap_words(report.run.overlap).unwrap_or_default()),
        ("read", of(counts.read)),
        ("lost", lost),
        ("displaced", count(counts.displaced)),
        ("allowed lost", of(counts.allowed_lost)),
        ("recovered", of(counts.recovered)),
        ("phantom", of(counts.phantom)),
        ("duplicated", of(counts.duplicated)),
        ("reordered", of(counts.reordered)),
        ("corrupted", counts.corrupted.map_or("not counted".to_owned(), count)),
        ("unknown", count(counts.unknown)),
    ]
}

fn checker_cell(judgement: &Judgement) -> (String, String, &'static str) {
    let saw = match &judgement.verdict {
        Verdict::Holds(coverage) => plural(coverage.get(), "case"),
        Verdict::Violated(evidence) => plural(evidence.count, "violation"),
        Verdict::Unknown(why) => clean(why),
    };
    (clean(&judgement.name), saw, judgement.verdict.word())
}
