//! The terminal page of an invocation: a table with one line for each scenario, a screen for each
//! failing run, what each checker saw, totals, and one last line that says it all.
//!
//! The last lines are the ones that stay in view, so the verdict stands there. Not a stable format:
//! scripts read the JSON. At most 100 columns, except where a token must stay in one piece.

use crate::{
    exit::ExitCode,
    ink::{Ink, WIDTH, ink_of, paint},
    report::{Report, RunReport},
    screen::{tell_recovery, text_run},
    suite::{Checker, Scenario, Suite},
    words::{
        clean, clip, count, lost, measured, measured_cell, overlap_words, percent, plural, seeds,
        span, wall, wrap,
    },
};
use checkers::Drain;
use std::fmt::Write;

const SCREENS_MAX: usize = 5;
const ONE_LINERS_MAX: usize = 20;
const NAME_WIDTH: usize = 34;

/// The terminal page of an invocation; `colour` adds ANSI colours to the verdicts.
pub fn text(report: &Report, colour: bool) -> String {
    let suite = Suite::of(report);
    let mut out = String::new();
    if report.runs.is_empty() {
        let exit = ExitCode::of(report);
        line(&mut out, &wrap(&clean(&report.command), WIDTH, "no run came of: ", "  "));
        line(&mut out, &format!("exit {}: {}", exit.code(), exit.meaning()));
        return out;
    }
    tell_scenarios(&mut out, &suite, colour);
    tell_only_run(&mut out, report);
    tell_failures(&mut out, report, colour);
    tell_checkers(&mut out, &suite.checkers, suite.tally.runs(), colour);
    tell_totals(&mut out, report, &suite, colour);
    out
}

fn line(out: &mut String, text: &str) {
    writeln!(out, "{}", text.trim_end()).expect("writing to a string does not fail");
}

/// A single run that holds has room for how soon it recovered; one that does not tells it on its screen.
fn tell_only_run(out: &mut String, report: &Report) {
    if let [run] = &report.runs[..]
        && matches!(run.verdict, checkers::Verdict::Holds(_))
        && !run.run.recovery.is_empty()
    {
        out.truncate(out.trim_end().len());
        line(out, "");
        tell_recovery(out, run);
        line(out, "");
    }
}

fn tell_scenarios(out: &mut String, suite: &Suite<'_>, colour: bool) {
    let head = format!(
        "{:<NAME_WIDTH$} {:>9} {:>9} {:>5} {:>5} {:>7} {:>8}  {}",
        "scenario", "seeds", "acked", "lost", "dup", "unknown", "faults", "verdict"
    );
    line(out, &paint(&head, Ink::Dim, colour));
    for scenario in &suite.scenarios {
        let seeds_run: Vec<u64> = scenario.runs.iter().map(|run| run.plan.seed).collect();
        let row = format!(
            "{:<NAME_WIDTH$} {:>9} {:>9} {:>5} {:>5} {:>7} {:>8}  ",
            clip(&clean(&scenario.name), NAME_WIDTH),
            clip(&short_seeds(&seeds_run), 9),
            count(scenario.counts.acknowledged),
            measured_cell(&scenario.counts, scenario.counts.lost),
            measured_cell(&scenario.counts, scenario.counts.duplicated),
            count(scenario.counts.unknown),
            count(scenario.fault_hits),
        );
        line(out, &format!("{row}{}", verdict_cell(scenario, colour)));
    }
    line(out, "");
}

/// Seeds in a cell nine wide: `1..20`, `8812`, `3 seeds`.
fn short_seeds(run: &[u64]) -> String {
    let told = seeds(run);
    if told.len() <= 9 { told } else { plural(run.len() as u64, "seed") }
}

fn verdict_cell(scenario: &Scenario<'_>, colour: bool) -> String {
    let (tally, word) = (scenario.tally, scenario.tally.word());
    let how_many = match word {
        "violated" => tally.violated,
        "unknown" => tally.unknown,
        _ => tally.holds,
    };
    let told = paint(word, ink_of(word), colour);
    if how_many == tally.runs() { told } else { format!("{told} {how_many}/{}", tally.runs()) }
}

fn tell_failures(out: &mut String, report: &Report, colour: bool) {
    let of = |word: &'static str| report.runs.iter().filter(move |run| run.verdict.word() == word);
    let failing: Vec<&RunReport> = of("violated").chain(of("unknown")).collect();
    for run in failing.iter().take(SCREENS_MAX) {
        line(out, &"─".repeat(WIDTH));
        out.push_str(&text_run(run, colour));
        line(out, "");
    }
    let rest = failing.get(SCREENS_MAX..).unwrap_or_default();
    if !rest.is_empty() {
        line(
            out,
            &format!("{} without a screen here", plural(rest.len() as u64, "more failing run")),
        );
    }
    for run in rest.iter().take(ONE_LINERS_MAX) {
        let said = format!("{}  {}", clean(&run.token), clean(&run.headline));
        line(out, &format!("  {}", clip(&said, WIDTH - 2)));
    }
    if rest.len() > ONE_LINERS_MAX {
        line(out, &format!("  … and {} more", count((rest.len() - ONE_LINERS_MAX) as u64)));
    }
    if !rest.is_empty() {
        line(out, "");
    }
}

fn tell_checkers(out: &mut String, checkers: &[Checker], runs: u64, colour: bool) {
    if checkers.is_empty() {
        return;
    }
    line(out, &paint("checkers", Ink::Dim, colour));
    for checker in checkers {
        let name = clip(&clean(&checker.name), 24);
        line(out, &format!("  {name:<24} {}", what_it_saw(checker, runs, colour)));
    }
    line(out, "");
}

fn what_it_saw(checker: &Checker, runs: u64, colour: bool) -> String {
    let tally = checker.tally;
    if checker.is_never_covered() {
        let word = paint(&format!("{:>20}", "NEVER COVERED"), Ink::Doubt, colour);
        return format!("{word} in {}", plural(tally.runs(), "run"));
    }
    let mut said = match tally.holds {
        0 => format!("{:>20}", "·"),
        holds => {
            let cases = plural(checker.coverage, "case");
            format!("{cases:>20} in {} of {}", count(holds), plural(runs, "run"))
        }
    };
    let others = [("VIOLATED", Ink::Bad, tally.violated), ("UNKNOWN", Ink::Doubt, tally.unknown)];
    for (word, ink, n) in others.into_iter().filter(|(_, _, n)| *n > 0) {
        said = format!("{said}, {} in {}", paint(word, ink, colour), count(n));
    }
    said.replacen("·,", " ", 1)
}

/// Runs that came as their scenario expects though they are violated, and runs that hold and did not.
fn tell_expectations(out: &mut String, suite: &Suite<'_>) {
    let expected = suite.as_expected();
    if let [first, ..] = expected.as_slice() {
        let runs = plural(expected.len() as u64, "run");
        let said = format!("{runs} violated as expected, the first {}", clean(&first.token));
        line(out, &wrap(&said, WIDTH, "expected  ", "          "));
    }
    let short = suite.short();
    for (run, why) in short.iter().filter(|(run, _)| run.plant.is_none()).take(ONE_LINERS_MAX) {
        let said = format!("{}: {}", clean(&run.token), clean(why));
        line(out, &wrap(&said, WIDTH, "not met   ", "          "));
    }
}

/// What a further seed of each scenario may still fail with; scenarios with one answer in one line.
fn risks(suite: &Suite<'_>) -> Vec<String> {
    let mut by_bound: Vec<((u64, u64), Vec<&str>)> = Vec::new();
    for scenario in &suite.scenarios {
        let Some(bound) = scenario.residual_risk() else { continue };
        match by_bound.iter_mut().find(|(known, _)| *known == bound) {
            Some((_, names)) => names.push(&scenario.name),
            None => by_bound.push((bound, vec![&scenario.name])),
        }
    }
    let told = by_bound.into_iter().map(|((n, bound), names)| {
        let of = match names.as_slice() {
            [one] => (*one).to_owned(),
            some => format!("each of {} scenarios", count(some.len() as u64)),
        };
        format!(
            "a further seed of {of} fails with a probability below {} ({} held, 95 % confidence)",
            percent(bound),
            plural(n, "seed")
        )
    });
    told.collect()
}

fn tell_totals(out: &mut String, report: &Report, suite: &Suite<'_>, colour: bool) {
    let counts = &suite.counts;
    let of = |n| measured(counts, n);
    let place = match lost(counts) {
        Some(lost) => lost,
        None if counts.drain == Drain::None => "not counted: no drain".to_owned(),
        None => "not counted: not every run was drained".to_owned(),
    };
    let displaced = match counts.displaced {
        0 => String::new(),
        n => format!("displaced {} · ", count(n)),
    };
    let said = format!(
        "attempted {} · acknowledged {} · read {} · lost {place} · {displaced}allowed lost {} · \
         recovered {} · phantom {} · duplicated {} · reordered {} · corrupted {} · unknown {} · \
         fault hits {}",
        count(counts.attempted),
        count(counts.acknowledged),
        of(counts.read),
        of(counts.allowed_lost),
        of(counts.recovered),
        of(counts.phantom),
        of(counts.duplicated),
        of(counts.reordered),
        counts.corrupted.map_or("not counted".to_owned(), count),
        count(counts.unknown),
        count(suite.fault_hits),
    );
    line(out, &wrap(&said, WIDTH, "messages  ", "          "));
    if let Some(overlap) = overlap_words(suite.overlap) {
        let said = format!("acknowledged while a fault was at work: {overlap}");
        line(out, &wrap(&said, WIDTH, "overlap   ", "          "));
    }
    for planted in suite.planted() {
        line(out, &wrap(&clean(&planted.said()), WIDTH, "planted   ", "          "));
    }
    tell_expectations(out, suite);
    if !suite.asleep.is_empty() {
        let said = format!("no run of the suite exercised {}", suite.asleep.join(", "));
        line(out, &wrap(&said, WIDTH, "asleep    ", "          "));
    }
    for risk in risks(suite) {
        line(out, &wrap(&clean(&risk), WIDTH, "risk      ", "          "));
    }
    line(out, &wrap(&clean(&report.command), WIDTH, "repeat    ", "          "));
    if suite.is_incomplete {
        let (finished, asked) = (count(suite.tally.runs()), plural(report.requested, "run"));
        line(out, &format!("interrupted: {finished} of {asked} ran; what stands here is complete"));
    }
    line(out, "");
    let word = suite.word();
    let tally = suite.tally;
    let exit = ExitCode::of(report);
    line(
        out,
        &format!(
            "{}  {}: {} hold, {} violated, {} unknown; {} simulated in {}",
            paint(&word.to_uppercase(), ink_of(word), colour),
            match suite.is_incomplete {
                true => format!("{} of {}", count(tally.runs()), plural(report.requested, "run")),
                false => plural(tally.runs(), "run"),
            },
            count(tally.holds),
            count(tally.violated),
            count(tally.unknown),
            span(suite.sim_ns),
            wall(report.wall_ms),
        ),
    );
    line(out, &format!("exit {}: {}", exit.code(), exit.meaning()));
}
