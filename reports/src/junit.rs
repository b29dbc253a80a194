//! JUnit XML, as every CI reads it: a suite is a scenario, a case is one checker over all its seeds,
//! and each failing seed is a case of its own that carries its token.
//!
//! JUnit has no third answer, so a doubt is an *error* and never a skip: CI systems paint skips
//! green. No time stamps and no random ids: the same report is the same bytes.

use crate::{
    report::{Report, RunReport},
    screen,
    suite::{Scenario, Suite, Tally, checkers_of},
    words::{clean, count, plural},
};
use checkers::Verdict;
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite, XmlString};
use std::time::Duration;

/// Seeds of a scenario that are told with their whole screen; the others have headline and token.
const SCREENS_MAX: usize = 500;

/// JUnit XML of an invocation.
pub fn junit(report: &Report) -> String {
    let mut root = quick_junit::Report::new("zeroloss");
    root.set_time(Duration::from_millis(report.wall_ms));
    for scenario in &Suite::of(report).scenarios {
        root.add_test_suite(suite(scenario, &report.command));
    }
    root.add_test_suites(absent(report));
    root.to_string().expect("XML into memory does not fail")
}

/// Runs that were asked for and are absent, as an error: a list of green cases would hide them.
fn absent(report: &Report) -> Option<TestSuite> {
    let finished = report.runs.len() as u64;
    if !report.interrupted && finished >= report.requested {
        return None;
    }
    let said =
        format!("interrupted: {} of {} ran", count(finished), plural(report.requested, "run"));
    let mut suite = TestSuite::new("invocation");
    let mut case = TestCase::new("every run that was asked for ran", doubt(&said));
    case.set_classname("invocation");
    suite.add_test_case(case);
    Some(suite)
}

fn suite(scenario: &Scenario<'_>, command: &str) -> TestSuite {
    let mut suite = TestSuite::new(xml(&scenario.name));
    let wall_ms = scenario.runs.iter().map(|run| run.wall_ms).sum();
    suite.set_time(Duration::from_millis(wall_ms));
    suite.add_property(Property::new("command", xml(command)));
    // What is violated as its scenario expects fails nothing; it is a case of its own below.
    let judged: Vec<&RunReport> =
        scenario.runs.iter().copied().filter(|run| !run.is_violated_as_expected()).collect();
    for checker in checkers_of(&judged) {
        let runs = checker.tally.runs();
        let status = match checker.tally {
            Tally { violated: 1.., .. } => {
                let violated = checker.tally.violated;
                failure(&format!("violated in {} of {}", count(violated), plural(runs, "run")))
            }
            Tally { unknown: 1.., .. } => {
                let unknown = checker.tally.unknown;
                doubt(&format!("unknown in {} of {}", count(unknown), plural(runs, "run")))
            }
            Tally { .. } => TestCaseStatus::success(),
        };
        let mut case = TestCase::new(xml(&checker.name), status);
        case.set_classname(xml(&scenario.name));
        case.add_property(Property::new("coverage", checker.coverage.to_string()));
        case.add_property(Property::new("runs", runs.to_string()));
        suite.add_test_case(case);
    }
    for (place, run) in scenario.runs.iter().enumerate() {
        suite.add_test_cases(one_seed(run, &scenario.name, place < SCREENS_MAX));
    }
    suite
}

/// A seed that is to be told: one that fails, or is violated as it ought to be.
fn one_seed(run: &RunReport, scenario: &str, has_screen: bool) -> Option<TestCase> {
    let headline = clean(&run.headline);
    let mut status = match (&run.verdict, run.met()) {
        (Verdict::Holds(_), Ok(())) => return None,
        (Verdict::Holds(_), Err(why)) => failure(&why),
        (Verdict::Violated(_), Ok(())) if run.plant.is_none() => TestCaseStatus::success(),
        (Verdict::Violated(_), _) => failure(&headline),
        (Verdict::Unknown(_), _) => doubt(&headline),
    };
    if has_screen {
        status.set_description(screen::text_run(run, false));
    }
    let mut case = TestCase::new(format!("seed {}", run.plan.seed), status);
    case.set_classname(xml(scenario));
    case.set_time(Duration::from_millis(run.wall_ms));
    case.add_property(Property::new("token", xml(&run.token)));
    case.add_property(Property::new("trace_hash", xml(&run.run.trace_hash)));
    case.add_property(Property::new("replay", xml(&run.replay_line())));
    Some(case)
}

fn failure(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type("violated").set_message(xml(message));
    status
}

fn doubt(message: &str) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
    status.set_type("unknown").set_message(xml(message));
    status
}

/// A string that is valid in XML 1.0, whatever it was.
fn xml(text: &str) -> XmlString {
    XmlString::new(clean(text))
}
