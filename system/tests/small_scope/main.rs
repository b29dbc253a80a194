//! Small scope: whatever can happen to a few nodes within so many moves, happens. A message arrives, or is
//! lost, or arrives twice; a flush ends; a process ends or the power fails, and the node starts again; somebody
//! loses patience. Every order of these is tried, where the random search of the simulator draws some.
//!
//! The nodes are the replicas that production runs ([`local`]), over disks of the bytes that production writes
//! ([`disk`]); the laws are the test's own ([`laws`]). What a scope has and how deep it goes stands in
//! [`scope`]; docs/SMALL-SCOPE.md says what all this sees and what it cannot.
//!
//! `ZEROLOSS_DEPTH=2 cargo test --release -p zeroloss-system --test small_scope` goes two moves deeper in
//! every scope. `UPDATE_GOLDEN=1` writes the stories of the planted bugs anew.

mod disk;
mod laws;
mod local;
mod nodes;
mod scope;
mod search;
mod state;
mod story;
mod table;
mod twin;
#[expect(dead_code, reason = "what only scripts say: names of commands")]
#[path = "../scripts/words.rs"]
mod words;

use nodes::Nodes;
use scope::{BEATS, ELECTIONS, EVERYTHING, REFUSALS, REGIONS, RESTARTS, Scope};
use search::{Found, Search};
use std::{fs, io::Write, path::Path};
use system::Plant;

/// Searches, and tells what was searched: past the capture of tests, so that a CI log has it.
fn search(scope: &Scope) -> (Found, Nodes) {
    let (found, nodes) = Search::new(scope).run();
    let Found { states, moves, depth, is_all, broken } = &found;
    let (known, runs) = nodes.counts();
    let outcome = match broken {
        Some((broken, path)) => format!("{} is broken after {} moves", broken.law, path.len()),
        None if *is_all => "no law is broken, and nothing is left".into(),
        None => "no law is broken".into(),
    };
    let line = format!(
        "{}; depth {depth}: {states} states by {moves} moves ({known} states of single nodes, {runs} runs \
         of the system's code); {outcome}\n",
        scope.describe()
    );
    std::io::stdout().write_all(line.as_bytes()).expect("stdout");
    (found, nodes)
}

/// No law is broken in a scope, and the system's code has been where it matters.
fn holds(scope: &Scope) {
    let deeper = std::env::var("ZEROLOSS_DEPTH").map(|more| more.parse::<u32>().expect("a depth"));
    let scope = scope.to(scope.depth + deeper.unwrap_or(0));
    let (found, nodes) = search(&scope);
    if let Some(broken) = &found.broken {
        panic!("{}\n{}", scope.describe(), story::tell(&scope, &nodes, broken));
    }
    for mark in scope.marks {
        let reached: Vec<&str> = nodes.marks().collect();
        assert!(reached.contains(mark), "{} never reaches {mark}, but {reached:?}", scope.name);
    }
}

/// A planted bug breaks this law, within the depth to which the same scope holds without it.
fn finds(scope: &Scope, plant: Plant, law: &str) -> String {
    let scope = scope.with(plant);
    let (found, nodes) = search(&scope);
    let broken = found.broken.unwrap_or_else(|| panic!("{} is not found", plant.name()));
    assert_eq!(broken.0.law, law, "{}", story::tell(&scope, &nodes, &broken));
    story::tell(&scope, &nodes, &broken)
}

/// The same, and its story is the one that is kept.
fn finds_as_told(scope: &Scope, plant: Plant, law: &str) {
    let story = format!("# {}\n{}", scope.with(plant).describe(), finds(scope, plant, law));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/small_scope/stories");
    let path = folder.join(format!("{}.txt", plant.name()));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        return fs::write(&path, story).expect("a folder that can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == story, "{} tells another story:\n{story}", path.display());
}

#[test]
fn no_order_of_two_elections_breaks_a_law() {
    holds(&ELECTIONS);
}

#[test]
fn no_order_of_heartbeats_and_a_power_loss_breaks_a_law() {
    holds(&BEATS);
}

#[test]
fn no_order_of_doubled_calls_breaks_a_law() {
    holds(&REFUSALS);
}

#[test]
fn no_order_of_restarts_breaks_a_law() {
    holds(&RESTARTS);
}

#[test]
fn no_order_of_a_little_of_all_breaks_a_law() {
    holds(&EVERYTHING);
}

#[test]
fn no_order_among_five_voters_breaks_a_law() {
    holds(&REGIONS);
}

#[test]
fn an_entry_of_an_old_term_that_is_counted_is_found() {
    finds_as_told(&ELECTIONS, Plant::CommitPreviousTerm, "leaders_are_complete");
}

#[test]
fn a_heartbeat_that_claims_under_an_unflushed_term_is_found() {
    finds_as_told(&BEATS, Plant::BeatClaimsUnflushedTerm, "claims_are_durable");
}

#[test]
fn a_refusal_that_only_sounds_definite_is_found() {
    finds_as_told(&REFUSALS, Plant::DefiniteNotLeader, "refused_stays_out");
}

#[test]
fn a_log_that_a_restart_cuts_is_found() {
    finds_as_told(&RESTARTS, Plant::TruncateToCommitOnRestart, "leaders_are_complete");
}

#[test]
fn a_repeat_that_is_appended_again_is_found() {
    finds_as_told(&REFUSALS, Plant::NoDedup, "messages_stand_once");
}

#[test]
fn an_answer_that_leaves_before_its_flush_is_found_before_any_move() {
    let story = finds(&RESTARTS, Plant::AckBeforeFlush, "claims_are_durable");
    assert!(story.starts_with("before it begins"), "{story}");
}
