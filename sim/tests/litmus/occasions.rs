//! A fault that waits for an occasion strikes at it, and at nothing else: at the instant at which it
//! strikes, the run's own record says that the thing happened, to the node that is meant, for the n-th
//! time since the fault waits.

use super::common::{Line, Seen, begin_ns, leader, lines, quiet, run, run_watched, with};
use checkers::{Fact, Outcome, Role};
use scenarios::{
    Fault, Occasion, Plan, Planned, Target, When,
    faults::{Crash, Isolate, Pause},
    seat_of,
};
use sim::Simulated;

/// The fault waits from here on, in milliseconds of trouble.
const ARMED_MS: u64 = 1_500;

/// A run in which this happens.
fn stage(what: Occasion) -> Plan {
    let mut plan = quiet(8_000);
    let crash = Fault::Crash(Crash { target: leader() });
    let isolate = Fault::Isolate(Isolate { target: leader(), clients: false });
    plan.limits.queue = 2;
    plan.limits.segment_bytes = 4 << 10;
    match what {
        Occasion::Candidate | Occasion::Elected | Occasion::Started | Occasion::Refused => {
            with(&with(&plan, 2_000, 1_500, crash.clone()), 4_500, 1_500, crash)
        }
        Occasion::Deposed | Occasion::Truncated => with(&plan, 2_000, 4_000, isolate),
        Occasion::Committed | Occasion::FlushBegun | Occasion::FlushEnded | Occasion::FileBegun => {
            plan
        }
    }
}

/// With a fault that waits.
fn waiting(what: Occasion, nth: u32) -> Plan {
    let mut plan = stage(what);
    let target = if what.is_at_a_node() { Target::There } else { Target::Node(1) };
    let fault = Fault::Pause(Pause { target });
    let when = Some(When { what, nth });
    plan.timeline.insert(0, Planned { at_ms: ARMED_MS, for_ms: Some(200), when, fault });
    plan.check().expect("a plan that makes sense");
    plan
}

/// When it happened to whom, as the run's own record tells it.
fn happened(what: Occasion, ended: &Simulated, seen: &Seen) -> Vec<(u64, u32)> {
    let of_trace = |is: &dyn Fn(&Line) -> bool| -> Vec<(u64, u32)> {
        let lines = lines(ended).into_iter();
        lines.filter(|line| is(line)).map(|line| (line.at_ns, line.who.0)).collect()
    };
    match what {
        Occasion::Started => of_trace(&|line| line.kind == "Start"),
        Occasion::FlushBegun => of_trace(&|line| line.kind == "Flush"),
        Occasion::FlushEnded => of_trace(&|line| line.kind == "Flushed" && line.what[1] == 1),
        // Nothing is written again at the begin of a file in these runs: no node starts in them.
        Occasion::FileBegun => of_trace(&|line| line.kind == "Write" && line.what[0] == 0),
        Occasion::Refused => {
            let calls = ended.run.history.calls.iter();
            let refused = calls.filter(|call| matches!(call.outcome, Outcome::Refused(_)));
            refused.filter_map(|call| Some((call.returned?.at_ns, 0))).collect()
        }
        Occasion::Candidate | Occasion::Elected | Occasion::Deposed | Occasion::Committed => {
            changes(what, seen)
        }
        Occasion::Truncated => {
            let cut = |(at_ns, fact): &(u64, Fact)| {
                let Fact::DurableCut { node, .. } = fact else { return None };
                Some((*at_ns, *node))
            };
            seen.facts.iter().filter_map(cut).collect()
        }
    }
}

/// The same for what shows on replicas.
fn changes(what: Occasion, seen: &Seen) -> Vec<(u64, u32)> {
    let mut before = std::collections::BTreeMap::new();
    let mut found = Vec::new();
    for (at_ns, now) in &seen.replicas {
        let was = before.insert((now.node, now.group), *now);
        let was_role = |role| was.is_some_and(|was: checkers::ReplicaView| was.role == role);
        let happened = match what {
            Occasion::Candidate => now.role == Role::Candidate && !was_role(Role::Candidate),
            Occasion::Elected => now.role == Role::Leader && !was_role(Role::Leader),
            Occasion::Deposed => now.role != Role::Leader && was_role(Role::Leader),
            Occasion::Committed => now.commit > was.map_or(0, |was| was.commit),
            Occasion::FlushBegun
            | Occasion::FlushEnded
            | Occasion::FileBegun
            | Occasion::Started
            | Occasion::Truncated
            | Occasion::Refused => unreachable!("{what} does not show on replicas"),
        };
        if happened {
            found.push((*at_ns, now.node));
        }
    }
    found
}

#[test]
fn a_fault_strikes_at_each_occasion_and_where_it_happened() {
    for what in Occasion::ALL {
        for nth in [1, 2] {
            let plan = waiting(what, nth);
            let (ended, seen) = run_watched(&plan);
            let armed_ns = begin_ns(&ended) + ARMED_MS * 1_000_000;
            let struck = seen.facts.iter().find_map(|(at_ns, fact)| {
                let Fact::Struck { fault: 0, nodes, .. } = fact else { return None };
                Some((*at_ns, nodes.clone()))
            });
            let (at_ns, nodes) = struck.unwrap_or_else(|| panic!("{what}: it never struck"));
            let times = happened(what, &ended, &seen);
            let since: Vec<_> = times.iter().filter(|(at, _)| *at >= armed_ns).collect();
            let expected = since.get(seat_of(nth)).unwrap_or_else(|| panic!("{what}: {times:?}"));
            assert_eq!(at_ns, expected.0, "{what} {nth}: {since:?}");
            if what.is_at_a_node() {
                assert_eq!(nodes, [expected.1], "{what} {nth}");
            }
        }
    }
}

#[test]
fn what_never_happens_is_never_struck_and_stays_in_the_effective_plan() {
    let plan = waiting(Occasion::Truncated, 99);
    let ended = run(&plan);
    assert_eq!(ended.effective.timeline.len(), plan.timeline.len());
    assert_eq!(ended.effective.timeline[0], plan.timeline[0]);
    assert!(!ended.run.faults.contains_key("pause"), "{:?}", ended.run.faults);
    assert_eq!(run(&ended.effective).run.trace_hash, ended.run.trace_hash);
}
