//! Each fault bites: one small plan, with the fault and without it, and something in the system that
//! only the fault can have caused. A fault that does nothing makes its test fail, and so does one
//! that happens without being asked for.

#[path = "../common/mod.rs"]
mod common;

mod clock;
mod disk;
mod network;
mod occasions;
mod process;

use checkers::Fact;
use common::{Line, Seen, assert_holds, begin_ns, hits, lines, quiet, run, run_watched, with};
use scenarios::{FAULTS, Fault, Plan};
use sim::Simulated;
use std::ops::Range;

/// When a litmus fault strikes and how long it lasts, in milliseconds of trouble.
const AT_MS: u64 = 2_000;
const FOR_MS: u64 = 3_000;
const END_MS: u64 = AT_MS + FOR_MS;
const TROUBLE_MS: u64 = 8_000;

/// One plan, with a fault and without it.
struct Litmus {
    bare: Simulated,
    struck: Simulated,
    /// What was seen with the fault.
    seen: Seen,
    /// The same without it.
    bare_seen: Seen,
}

/// The plan that most faults strike.
fn calm() -> Plan {
    quiet(TROUBLE_MS)
}

/// Strikes a plan with a fault of which the counter must tell, and nothing must be lost by.
fn strike(plan: &Plan, fault: Fault) -> Litmus {
    let kind = fault.kind();
    let struck = with(plan, AT_MS, FOR_MS, fault);
    assert_holds(&run(&struck));
    let (bare, bare_seen) = run_watched(plan);
    let (struck, seen) = run_watched(&struck);
    assert_eq!(hits(&bare, kind), 0, "{kind} is counted where there is none");
    assert!(hits(&struck, kind) > 0, "{kind} never bit: {:?}", struck.run.faults);
    // A cut is what partitions, isolation and the like have in common.
    let mut counted = struck.run.faults.keys().filter(|other| *other != kind && *other != "cut");
    assert_eq!(counted.next(), None, "{kind} is taken for something else");
    let before = begin_ns(&bare) + AT_MS * 1_000_000;
    let early = |ended: &Simulated| -> Vec<Line> {
        lines(ended).into_iter().filter(|line| line.at_ns < before).collect()
    };
    assert!(early(&bare) == early(&struck), "{kind} changed what was before it");
    assert_calm(&struck, &seen, kind);
    Litmus { bare, struck, seen, bare_seen }
}

/// The fault ends the calm of what it strikes, and its end begins it again; but for a wall clock, on
/// which nothing hangs.
fn assert_calm(struck: &Simulated, seen: &Seen, kind: &str) {
    let lasts = while_it_lasts(struck);
    let told = |at: u64| -> Vec<&Fact> {
        let is_it = |fact: &&Fact| matches!(fact, Fact::Calm { .. } | Fact::Troubled { .. });
        let now = seen.facts.iter().filter(|(when, _)| *when == at);
        now.map(|(_, fact)| fact).filter(is_it).collect()
    };
    let begun = told(lasts.start);
    if ["clock_offset", "clock_jump"].contains(&kind) {
        return assert!(begun.is_empty(), "{kind} is no trouble: {begun:?}");
    }
    let [Fact::Troubled { groups, clients, .. }] = begun[..] else {
        panic!("{kind} ends nobody's calm: {begun:?}")
    };
    assert!(!groups.is_empty() || !clients.is_empty(), "{kind}: {begun:?}");
    let calm = Fact::Calm { groups: groups.clone(), clients: clients.clone() };
    assert_eq!(told(lasts.end), [&calm], "{kind} is over");
}

/// World time of a window that is given in milliseconds of trouble.
fn window(ended: &Simulated, ms: Range<u64>) -> Range<u64> {
    let begin = begin_ns(ended);
    begin + ms.start * 1_000_000..begin + ms.end * 1_000_000
}

/// World time while the fault lasts.
fn while_it_lasts(ended: &Simulated) -> Range<u64> {
    window(ended, AT_MS..END_MS)
}

/// Records of this kind in a window of world time.
fn records<'a>(
    lines: &'a [Line],
    kind: &'a str,
    window: Range<u64>,
) -> impl Iterator<Item = &'a Line> {
    lines.iter().filter(move |line| line.kind == kind && window.contains(&line.at_ns))
}

/// How far a replica's commit index went in a window of world time.
fn commits(seen: &Seen, node: u32, group: u32, window: Range<u64>) -> u64 {
    let own = seen.replicas.iter().filter(|(_, s)| (s.node, s.group) == (node, group));
    let mut commits: Vec<u64> =
        own.filter(|(at, _)| window.contains(at)).map(|(_, s)| s.commit).collect();
    commits.sort_unstable();
    commits.last().map_or(0, |last| last - commits[0])
}

/// A kind that nobody struck here may do nothing, and nobody would know.
#[test]
fn every_kind_of_fault_has_its_litmus() {
    let struck = [
        include_str!("clock.rs"),
        include_str!("disk.rs"),
        include_str!("network.rs"),
        include_str!("process.rs"),
    ]
    .concat();
    for fault in FAULTS {
        let words = fault.kind.split('_');
        let name: String = words.map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        assert!(struck.contains(&format!("Fault::{name}(")), "{} has no litmus", fault.kind);
    }
}
