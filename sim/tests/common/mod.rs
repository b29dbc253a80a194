//! What the tests of this room share: small plans, the run of one under its judges, and words for
//! what is looked up in a run. Decides nothing.
#![allow(dead_code, reason = "each test binary uses its own part of it")]
#![allow(unreachable_pub, reason = "a module of test binaries has no outside")]

use checkers::{
    Acks, Ask, Bench, Call, Checker, Ending, Event, Fact, FactKind, Outcome, ReplicaView, Shared,
    Stamp, Verdict,
};
use scenarios::{Fault, PORCUPINE, Plan, Planned, Target};
use sim::{Options, Simulated};
use std::sync::{Arc, Mutex};

/// A second of world time.
pub const SECOND: u64 = 1_000_000_000;

/// A plan of the catalogue.
pub fn drawn(scenario: &str, seed: u64) -> Plan {
    let scenario = scenarios::load(scenario).expect("a scenario of the catalogue");
    scenarios::draw(&scenario, seed)
}

/// Five nodes in three regions under a steady load for this long, and nothing goes wrong.
pub fn quiet(trouble_ms: u64) -> Plan {
    let mut plan = drawn("smoke", 1);
    plan.phases.trouble_ms = trouble_ms;
    plan.network.tail_ppm = 0;
    plan.disk.tail_ppm = 0;
    plan.timing.timer_jitter_us = 0;
    plan
}

/// The same plan, whose trouble is over after this long.
pub fn shortened(mut plan: Plan, trouble_ms: u64) -> Plan {
    plan.phases.trouble_ms = plan.phases.trouble_ms.min(trouble_ms);
    let end_ms = plan.phases.trouble_ms;
    // What would come after the end of trouble is there at its begin.
    plan.placement.late_ms.retain(|late_ms| *late_ms < end_ms);
    plan.timeline.retain(|planned| planned.at_ms < end_ms);
    for planned in &mut plan.timeline {
        // What would outlast trouble is lifted by heal.
        planned.for_ms = planned.for_ms.filter(|for_ms| planned.at_ms + for_ms <= end_ms);
    }
    plan.check().expect("a plan that makes sense");
    plan
}

/// The same plan with one fault more.
pub fn with(plan: &Plan, at_ms: u64, for_ms: u64, fault: Fault) -> Plan {
    let mut plan = plan.clone();
    plan.timeline.push(Planned { at_ms, for_ms: Some(for_ms), when: None, fault });
    plan.check().expect("a plan that makes sense");
    plan
}

/// Whoever leads partition 1.
pub fn leader() -> Target {
    Target::Leader(1)
}

/// Runs a plan under its judges, but for the search that needs a thread outside of the run.
pub fn run(plan: &Plan) -> Simulated {
    run_with(plan, &Options::default())
}

/// The same with options.
pub fn run_with(plan: &Plan, options: &Options) -> Simulated {
    sim::run(plan, bench(plan), options)
}

/// The judges of a plan.
pub fn bench(plan: &Plan) -> Bench {
    let names: Vec<String> =
        plan.checkers.iter().filter(|name| *name != PORCUPINE).cloned().collect();
    Bench::new(checkers::checkers(&names).expect("judges that exist"))
}

/// Whatever the run did, it came to its end and every judge holds, but for one that the plan is too
/// small to exercise.
pub fn assert_holds(ended: &Simulated) {
    let plan = &ended.effective;
    let who = format!("{} seed {}", plan.scenario, plan.seed);
    assert_eq!(ended.run.ending, Ending::Finished, "{who}");
    assert!(!ended.run.judgements.is_empty(), "{who}: nobody judged");
    for judgement in &ended.run.judgements {
        // What the plan is too small to exercise is asked of the suite.
        let is_excused = judgement.verdict.is_vacuous() && !plan.must_exercise(&judgement.name);
        let holds = is_excused || matches!(judgement.verdict, Verdict::Holds(_));
        assert!(holds, "{who}: {}: {:#?}", judgement.name, judgement.verdict);
    }
}

/// How often faults of this kind bit.
pub fn hits(ended: &Simulated, kind: &str) -> u64 {
    ended.run.faults.get(kind).copied().unwrap_or(0)
}

/// When trouble began.
pub fn begin_ns(ended: &Simulated) -> u64 {
    let marks = &ended.run.history.marks;
    let booted = marks.iter().find(|(_, mark)| *mark == checkers::Mark::Booted);
    booted.expect("the cluster booted").0.at_ns
}

/// Calls made from `from_ms` until `to_ms` of trouble.
pub fn calls_in(
    ended: &Simulated,
    from_ms: u64,
    to_ms: u64,
) -> impl Iterator<Item = &Call> + use<'_> {
    let begin = begin_ns(ended);
    let window = begin + from_ms * 1_000_000..begin + to_ms * 1_000_000;
    ended.run.history.calls.iter().filter(move |call| window.contains(&call.called.at_ns))
}

/// Whether a call is a produce call that asked for a durable acknowledgement.
pub fn is_durable_produce(call: &Call) -> bool {
    matches!(call.ask, Ask::Produce { acks: Acks::Quorum | Acks::RegionQuorum, .. })
}

/// How long a call took; none while it is pending.
pub fn took_ns(call: &Call) -> Option<u64> {
    Some(call.returned?.at_ns - call.called.at_ns)
}

/// The longest time in which nothing was acknowledged on a partition, within trouble.
pub fn gap_ns(ended: &Simulated, partition: u32) -> u64 {
    let begin = begin_ns(ended);
    let end = begin + ended.effective.end_of_trouble_ns();
    let calls = ended.run.history.calls.iter();
    let mut times: Vec<u64> = calls
        .filter(|call| call.partition() == Some(partition) && is_durable_produce(call))
        .filter(|call| matches!(call.outcome, Outcome::Ok(_)))
        .filter_map(|call| Some(call.returned?.at_ns))
        .filter(|at| (begin..end).contains(at))
        .chain([begin, end])
        .collect();
    times.sort_unstable();
    times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0)
}

/// How often a partition was led by someone new after trouble began.
pub fn elections(ended: &Simulated, partition: u32) -> usize {
    let begin = begin_ns(ended);
    let leaders = ended.run.series.leaders.get(&partition);
    let changes = leaders.into_iter().flatten();
    changes.filter(|(at, node)| *at > begin && *node != 0).count()
}

/// Who led a partition when trouble began.
pub fn first_leader(ended: &Simulated, partition: u32) -> u32 {
    let begin = begin_ns(ended);
    let line = &ended.run.series.leaders[&partition];
    line.iter().rfind(|(at, _)| *at <= begin).expect("it was led").1
}

/// Notes that contain these words.
pub fn notes<'a>(ended: &'a Simulated, words: &'a str) -> impl Iterator<Item = &'a str> {
    let notes = ended.run.history.notes.iter().map(|(_, text)| text.as_str());
    notes.filter(move |text| text.contains(words))
}

/// One record of a kept trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// World time.
    pub at_ns: u64,
    /// What kind of record.
    pub kind: String,
    /// Who it is about: a node, or sender and receiver.
    pub who: (u32, u32),
    /// Two numbers that tell its content.
    pub what: [u64; 2],
}

/// A kept trace, read back.
pub fn lines(ended: &Simulated) -> Vec<Line> {
    assert!(!ended.trace.is_empty(), "the trace was not kept");
    ended.trace.iter().map(|text| line(text).unwrap_or_else(|| panic!("{text}"))).collect()
}

fn line(text: &str) -> Option<Line> {
    let (stamp, rest) = text.strip_prefix('[')?.split_once("s #")?;
    let (seconds, nanos) = stamp.split_once('.')?;
    let (kind, rest) = rest.split_once("] ")?.1.split_once(' ')?;
    let (who, what) = rest.split_once(": ")?;
    let (from, to) = who.split_once(" -> ")?;
    let (one, other) = what.split_once(' ')?;
    Some(Line {
        at_ns: seconds.parse::<u64>().ok()? * SECOND + nanos.parse::<u64>().ok()?,
        kind: kind.to_owned(),
        who: (from.parse().ok()?, to.parse().ok()?),
        what: [u64::from_str_radix(one, 16).ok()?, u64::from_str_radix(other, 16).ok()?],
    })
}

/// What a judge was shown in a run, kept as it came.
#[derive(Debug, Default)]
pub struct Seen {
    /// Replicas that changed, by world time.
    pub replicas: Vec<(u64, ReplicaView)>,
    /// What the world saw, by world time.
    pub facts: Vec<(u64, Fact)>,
}

/// A judge that only remembers.
struct Remembers(Arc<Mutex<Seen>>);

impl Checker for Remembers {
    fn name(&self) -> &'static str {
        "remembers"
    }

    fn facts(&self) -> &'static [FactKind] {
        FactKind::ALL
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _: &Shared) {
        let mut seen = self.0.lock().expect("nobody panics with it");
        match event {
            Event::Seen(replica) => seen.replicas.push((at.at_ns, *replica)),
            Event::Fact(fact) => seen.facts.push((at.at_ns, fact.clone())),
            Event::Called(_) | Event::Numbered(..) | Event::Returned(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _: &Shared) -> Verdict {
        Verdict::Unknown("it only remembers".into())
    }
}

/// Runs a plan before a judge that remembers, with its trace.
pub fn run_watched(plan: &Plan) -> (Simulated, Seen) {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let bench = Bench::new(vec![Box::new(Remembers(seen.clone()))]);
    let options = Options { keep_trace: true, ..Options::default() };
    let ended = sim::run(plan, bench, &options);
    let seen = std::mem::take(&mut *seen.lock().expect("nobody panics with it"));
    (ended, seen)
}
