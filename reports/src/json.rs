//! `--format json`: one document, schema 1, exactly the fields of the command line's contract.
//!
//! The wire structs are written out here and nowhere else: a renamed field inside the project must
//! not rename it for a script. A field is only ever added; removing one makes schema 2.

use crate::{
    exit::ExitCode,
    report::{Report, RunReport},
    suite::{PlantedSum, Suite},
};
use checkers::{Counts, Drain, Ending, Judgement, Verdict};
use serde::Serialize;
use std::collections::BTreeMap;

pub(crate) const SCHEMA: u32 = 1;

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    verdict: &'static str,
    exit_code: u8,
    /// Whether all runs that were asked for ran and came to what their scenarios expect.
    met: bool,
    interrupted: bool,
    requested: u64,
    finished: u64,
    runs: Vec<OneRun<'a>>,
    totals: Messages,
    /// What became of planted bugs, for each scenario.
    planted: Vec<OnePlanted>,
    version: &'a str,
    git: &'a str,
    build: &'a str,
    started: &'a str,
    argv: &'a [String],
}

#[derive(Serialize)]
struct OnePlanted {
    name: String,
    scenario: String,
    runs: u64,
    bit: u64,
    caught: u64,
    by: Vec<String>,
    escaped: bool,
}

#[derive(Serialize)]
struct Messages {
    attempted: u64,
    acknowledged: u64,
    /// From here on null where it was not measured: nothing, or not everything, was drained.
    read: Option<u64>,
    lost: Option<u64>,
    lost_where: LostWhere,
    allowed_lost: Option<u64>,
    recovered: Option<u64>,
    phantom: Option<u64>,
    duplicated: Option<u64>,
    reordered: Option<u64>,
    /// Acknowledged where another message stands: known without a drain.
    displaced: u64,
    drained: &'static str,
    /// Null where no read could be compared with what was sent.
    corrupted: Option<u64>,
    unknown: u64,
}

#[derive(Serialize)]
struct LostWhere {
    head: Option<u64>,
    middle: Option<u64>,
    tail: Option<u64>,
    /// Of partitions that nobody drained: no log holds the entry any more.
    gone: Option<u64>,
}

#[derive(Serialize)]
struct OneRun<'a> {
    scenario: &'a str,
    seed: u64,
    token: &'a str,
    plant: Option<&'a str>,
    verdict: &'static str,
    /// Whether it came to what its scenario expects; under a planted bug, whether that was caught.
    met: bool,
    /// Why not.
    not_met: Option<String>,
    expected: &'a scenarios::Expectation,
    /// The command that runs it again.
    replay: String,
    ending: &'static str,
    trace_hash: &'a str,
    sim_ms: u64,
    wall_ms: u64,
    #[serde(flatten)]
    messages: Messages,
    checkers: Vec<OneChecker<'a>>,
    /// World time at which trouble began, the zero of every page; null if it never did.
    trouble_began_ms: Option<u64>,
    overlap: OneOverlap,
    faults: &'a BTreeMap<String, u64>,
    /// What the base world does by itself.
    accidents: &'a BTreeMap<String, u64>,
    refused_faults: &'a [String],
    marks: &'a BTreeMap<String, u64>,
    plants: &'a BTreeMap<String, u64>,
    recovery: Vec<OneRecovery<'a>>,
}

/// `coverage` only where the law holds; `evidence` only where it does not.
#[derive(Serialize)]
struct OneChecker<'a> {
    name: &'a str,
    verdict: &'static str,
    coverage: Option<u64>,
    evidence: Option<OneEvidence<'a>>,
    /// What the contract or a level permitted, and happened.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    permitted: &'a [String],
}

/// Of a doubt, `summary` says why; it has no lines.
#[derive(Serialize)]
struct OneEvidence<'a> {
    summary: &'a str,
    count: u64,
    node: Option<u32>,
    partition: Option<u32>,
    offset: Option<u64>,
    message: Option<u64>,
    /// The message as pages and sentences call it: its client and number.
    message_name: Option<String>,
    lines: Vec<OneLine<'a>>,
}

#[derive(Serialize)]
struct OneLine<'a> {
    ordinal: u64,
    at_ns: u64,
    text: &'a str,
}

/// `rto_ms` is null where no acknowledgement followed, `rpo_messages` where nothing was drained,
/// `catch_up_ms` where no replica was touched or one never caught up. Times are rounded up.
#[derive(Serialize)]
struct OneRecovery<'a> {
    fault: &'a str,
    /// World time at which the fault began.
    at_ms: u64,
    partition: u32,
    rto_ms: Option<u64>,
    rpo_messages: Option<u64>,
    catch_up_ms: Option<u64>,
}

/// Acknowledged calls, and those of them with a fault at work beside them.
#[derive(Serialize)]
struct OneOverlap {
    acknowledged_calls: u64,
    under_fault: u64,
}

/// The document of `--format json`, with the exit code that the runs tell.
pub fn json(report: &Report) -> serde_json::Value {
    json_with(report, ExitCode::of(report))
}

/// The document of `--format json`, with an exit code that the front door knows better (74, 143).
pub fn json_with(report: &Report, exit_code: ExitCode) -> serde_json::Value {
    let suite = Suite::of(report);
    let document = Document {
        schema: SCHEMA,
        verdict: suite.word(),
        exit_code: exit_code.code(),
        met: !suite.is_incomplete && report.runs.iter().all(|run| run.met().is_ok()),
        interrupted: report.interrupted,
        requested: report.requested,
        finished: report.runs.len() as u64,
        runs: report.runs.iter().map(one_run).collect(),
        totals: messages(&suite.counts),
        planted: suite.planted().into_iter().map(one_planted).collect(),
        version: &report.origin.version,
        git: &report.origin.git,
        build: &report.origin.build,
        started: &report.origin.started,
        argv: &report.origin.argv,
    };
    serde_json::to_value(document).expect("wire structs have string keys and finite numbers")
}

/// The document of `--format json` when there is no report: an error and its exit code.
pub fn json_error(error: &str, exit_code: ExitCode) -> serde_json::Value {
    serde_json::json!({ "schema": SCHEMA, "error": error, "exit_code": exit_code.code() })
}

/// One run alone, as it stands in `runs[]`: for whoever writes runs down as they end.
pub fn json_run(run: &RunReport) -> serde_json::Value {
    serde_json::to_value(one_run(run)).expect("wire structs have string keys and finite numbers")
}

fn one_planted(planted: PlantedSum) -> OnePlanted {
    let escaped = planted.has_escaped();
    let PlantedSum { plant: name, scenario, runs, bit, caught, by } = planted;
    OnePlanted { name, scenario, runs, bit, caught, by, escaped }
}

/// How a run ended, in a word.
fn ending(ending: &Ending) -> &'static str {
    match ending {
        Ending::Finished => "finished",
        Ending::Breached { .. } => "breached",
        Ending::Interrupted { .. } => "interrupted",
        Ending::Stuck { .. } => "stuck",
        Ending::Panicked { .. } => "panicked",
    }
}

fn one_run(report: &RunReport) -> OneRun<'_> {
    let run = &report.run;
    OneRun {
        scenario: &report.plan.scenario,
        seed: report.plan.seed,
        token: &report.token,
        plant: report.plant.as_deref(),
        verdict: report.verdict.word(),
        met: report.met().is_ok(),
        not_met: report.met().err(),
        expected: &report.plan.expect,
        replay: report.replay_line(),
        ending: ending(&run.ending),
        trace_hash: &run.trace_hash,
        sim_ms: run.sim_ns / 1_000_000,
        wall_ms: report.wall_ms,
        messages: messages(&run.counts),
        checkers: run.judgements.iter().map(one_checker).collect(),
        trouble_began_ms: (report.zero_ns > 0).then_some(report.zero_ns / 1_000_000),
        overlap: OneOverlap {
            acknowledged_calls: run.overlap.acknowledged,
            under_fault: run.overlap.under_fault,
        },
        faults: &run.faults,
        accidents: &run.accidents,
        refused_faults: &run.refused_faults,
        marks: &run.marks,
        plants: &run.plants,
        recovery: run
            .recovery
            .iter()
            .map(|recovery| OneRecovery {
                fault: &recovery.fault,
                at_ms: recovery.at_ns / 1_000_000,
                partition: recovery.partition,
                rto_ms: recovery.rto_ns.map(|ns| ns.div_ceil(1_000_000)),
                rpo_messages: recovery.rpo_messages,
                catch_up_ms: recovery.catch_up_ns.map(|ns| ns.div_ceil(1_000_000)),
            })
            .collect(),
    }
}

/// What judges said, outside of a run.
pub(crate) fn checkers(judgements: &[Judgement]) -> serde_json::Value {
    serde_json::to_value(judgements.iter().map(one_checker).collect::<Vec<_>>())
        .expect("wire structs have string keys and finite numbers")
}

/// Messages, counted, outside of a run.
pub(crate) fn totals(counts: &Counts) -> serde_json::Value {
    serde_json::to_value(messages(counts)).expect("wire structs have string keys")
}

fn one_checker(judgement: &Judgement) -> OneChecker<'_> {
    OneChecker {
        name: &judgement.name,
        verdict: judgement.verdict.word(),
        coverage: match &judgement.verdict {
            Verdict::Holds(coverage) => Some(coverage.get()),
            Verdict::Violated(_) | Verdict::Unknown(_) => None,
        },
        evidence: evidence(&judgement.verdict),
        permitted: &judgement.permitted,
    }
}

fn evidence(verdict: &Verdict) -> Option<OneEvidence<'_>> {
    match verdict {
        Verdict::Holds(_) => None,
        Verdict::Violated(evidence) => Some(OneEvidence {
            summary: &evidence.summary,
            count: evidence.count,
            node: evidence.node,
            partition: evidence.partition,
            offset: evidence.offset,
            message: evidence.message,
            message_name: evidence.message.map(checkers::message::name),
            lines: evidence
                .lines
                .iter()
                .map(|line| OneLine { ordinal: line.ordinal, at_ns: line.at_ns, text: &line.text })
                .collect(),
        }),
        Verdict::Unknown(why) => Some(OneEvidence {
            summary: why,
            count: 0,
            node: None,
            partition: None,
            offset: None,
            message: None,
            message_name: None,
            lines: Vec::new(),
        }),
    }
}

fn messages(counts: &Counts) -> Messages {
    let measured = |count| counts.measured(count);
    // Where something is missing, where it is missing was measured, too, by whoever found it.
    let found = counts.measured(counts.lost);
    let place = |count| found.filter(|_| counts.drain != Drain::None).map(|_| count);
    Messages {
        attempted: counts.attempted,
        acknowledged: counts.acknowledged,
        read: measured(counts.read),
        lost: measured(counts.lost),
        lost_where: LostWhere {
            head: place(counts.lost_head),
            middle: place(counts.lost_middle),
            tail: place(counts.lost_tail),
            gone: found.map(|_| counts.lost_gone),
        },
        allowed_lost: measured(counts.allowed_lost),
        recovered: measured(counts.recovered),
        phantom: measured(counts.phantom),
        duplicated: measured(counts.duplicated),
        reordered: measured(counts.reordered),
        displaced: counts.displaced,
        drained: match counts.drain {
            Drain::None => "none",
            Drain::Partly => "partly",
            Drain::Fully => "fully",
        },
        corrupted: counts.corrupted,
        unknown: counts.unknown,
    }
}
