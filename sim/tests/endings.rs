//! How a run can end other than by its plan: each kind of failure is found and told for what it is,
//! and none is taken for another. A node that fails is a violation, a phase that does not end is
//! stuck, a run that somebody ends is interrupted, and the harness's own mistakes panic.

mod common;

use checkers::{Drain, Ending, EntryId, MessageId, ReplicaView, Verdict};
use common::{SECOND, bench, drawn, quiet, run, run_with};
use sim::{
    Options, Simulated,
    subject::{
        Answer, Call, Caller, Endpoint, Frame, Host, Input, Process, Stop, Subject, Witness,
        ours::Ours,
    },
};
use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

const STRUCK_NS: u64 = 3 * SECOND;

/// What goes wrong in a node's turn.
#[derive(Clone, Copy, Debug)]
enum Sabotage {
    /// The node panics, as it does when one of its assertions fails.
    Panic,
    /// The node asks its host for ever.
    EndlessTurn,
    /// The node wants to be woken at once, again and again: world time stands still.
    EndlessEvents,
}

/// Our system, but node 2 is broken from three seconds on.
#[derive(Debug)]
struct Sabotaged {
    ours: Ours,
    how: Sabotage,
}

#[derive(Debug)]
struct Broken {
    process: Box<dyn Process>,
    how: Sabotage,
}

impl Subject for Sabotaged {
    fn format(&self, node: u32, host: &mut dyn Host) -> Result<(), Stop> {
        self.ours.format(node, host)
    }
    fn open(&self, node: u32, host: &mut dyn Host) -> Result<Box<dyn Process>, Stop> {
        let process = self.ours.open(node, host)?;
        Ok(if node == 2 { Box::new(Broken { process, how: self.how }) } else { process })
    }
    fn caller(&self, client: u32, endpoint: Endpoint) -> Box<dyn Caller> {
        self.ours.caller(client, endpoint)
    }
    fn witness(&self) -> Option<Box<dyn Witness>> {
        self.ours.witness()
    }
    fn name_frame(&self, frame: &Frame) -> u64 {
        self.ours.name_frame(frame)
    }
}

impl Process for Broken {
    fn turn(&mut self, host: &mut dyn Host, inputs: &mut Vec<Input>) -> Result<(), Stop> {
        self.process.turn(host, inputs)?;
        if host.monotonic() < STRUCK_NS {
            return Ok(());
        }
        match self.how {
            Sabotage::Panic => panic!("a node that was told to panic"),
            Sabotage::EndlessTurn => loop {
                host.random();
            },
            Sabotage::EndlessEvents => host.wake_at(0),
        }
        Ok(())
    }
    fn look(&self, each: &mut dyn FnMut(ReplicaView)) {
        self.process.look(each);
    }
    fn entries(&self, group: u32, first: u64, last: u64, into: &mut Vec<EntryId>) {
        self.process.entries(group, first, last, into);
    }
    fn message(&self, group: u32, index: u64) -> Option<(u64, MessageId)> {
        self.process.message(group, index)
    }
}

/// A short run in which node 2 is broken from three seconds on.
fn sabotaged(how: Sabotage) -> Simulated {
    let plan = quiet(2_000);
    let subject: Arc<dyn Subject> = Arc::new(Sabotaged { ours: Ours::of(&plan), how });
    sim::run_subject(&subject, &plan, bench(&plan), &Options::default())
}

/// Our system, but the first client keeps the answers to its calls to itself.
#[derive(Debug)]
struct Mute(Ours);

#[derive(Debug)]
struct Keeps(Box<dyn Caller>);

impl Subject for Mute {
    fn format(&self, node: u32, host: &mut dyn Host) -> Result<(), Stop> {
        self.0.format(node, host)
    }
    fn open(&self, node: u32, host: &mut dyn Host) -> Result<Box<dyn Process>, Stop> {
        self.0.open(node, host)
    }
    fn caller(&self, client: u32, endpoint: Endpoint) -> Box<dyn Caller> {
        let caller = self.0.caller(client, endpoint);
        if client == 1 { Box::new(Keeps(caller)) } else { caller }
    }
    fn witness(&self) -> Option<Box<dyn Witness>> {
        self.0.witness()
    }
}

impl Caller for Keeps {
    fn tick(&mut self, now: u64) {
        self.0.tick(now);
    }
    fn receive(&mut self, now: u64, frame: Frame) {
        self.0.receive(now, frame);
    }
    fn deadline(&self) -> u64 {
        self.0.deadline()
    }
    fn call(&mut self, now: u64, call: Call<'_>) {
        self.0.call(now, call);
    }
    fn create(&mut self, now: u64, id: u64, partitions: &[u32]) {
        self.0.create(now, id, partitions);
    }
    fn is_ready(&self) -> bool {
        self.0.is_ready()
    }
    fn knows(&self, partition: u32) -> bool {
        self.0.knows(partition)
    }
    fn take_frames(&mut self, into: &mut Vec<(Endpoint, Frame)>) {
        self.0.take_frames(into);
    }
    fn take_answers(&mut self, into: &mut Vec<(u64, Answer)>) {
        self.0.take_answers(into);
        into.clear();
    }
}

#[test]
fn a_client_that_never_answers_is_no_fault_of_the_harness_and_its_law_says_so() {
    let plan = quiet(2_000);
    let subject: Arc<dyn Subject> = Arc::new(Mute(Ours::of(&plan)));
    let ended = sim::run_subject(&subject, &plan, bench(&plan), &Options::default());
    let (_, waiting) = stuck(&ended);
    assert!(waiting.starts_with("heal: the cluster does not recover"), "{waiting}");
    let judged = ended.run.judgements.iter().find(|judged| judged.name == "call_deadlines");
    let Some(Verdict::Violated(evidence)) = judged.map(|judged| &judged.verdict) else {
        panic!("{judged:?}")
    };
    assert!(evidence.summary.contains("of c1 was open for"), "{}", evidence.summary);
}

fn stuck(ended: &Simulated) -> (u64, &str) {
    let ending = &ended.run.ending;
    let Ending::Stuck { at_ns, waiting } = ending else { panic!("not stuck: {ending:?}") };
    (*at_ns, waiting)
}

#[test]
fn a_nodes_panic_is_an_ending_with_its_place_in_the_source() {
    let ended = sabotaged(Sabotage::Panic);
    let Ending::Panicked { at_ns, node, place, message } = &ended.run.ending else {
        panic!("{:?}", ended.run.ending)
    };
    assert_eq!((*node, message.as_str()), (2, "a node that was told to panic"));
    assert!((STRUCK_NS..STRUCK_NS + SECOND).contains(at_ns), "at {at_ns}");
    let (file, line) = place.rsplit_once(':').expect("file and line");
    assert!(file.ends_with(".rs") && line.parse::<u32>().is_ok_and(|line| line > 0), "{place}");
    assert_eq!(ended.run.sim_ns, *at_ns, "nothing happens after it");
}

#[test]
fn a_turn_that_never_ends_is_found_by_counting_its_steps() {
    let ended = sabotaged(Sabotage::EndlessTurn);
    let Ending::Panicked { node, message, .. } = &ended.run.ending else {
        panic!("{:?}", ended.run.ending)
    };
    assert_eq!(*node, 2);
    assert!(message.contains("a turn of n2 does not end"), "{message}");
}

/// What the harness says of itself: a panic, which is no verdict.
fn fault_of_the_harness(how: Sabotage) -> String {
    let ended = std::panic::catch_unwind(|| sabotaged(how));
    let panic = ended.expect_err("a fault of the harness is no ending of a run");
    panic.downcast_ref::<String>().expect("words").clone()
}

#[test]
fn a_world_whose_time_stands_still_is_a_fault_of_the_harness() {
    let why = fault_of_the_harness(Sabotage::EndlessEvents);
    assert!(why.contains("the harness failed in smoke seed 1: time stands still"), "{why}");
}

/// A failure replays like any other run.
#[test]
fn a_broken_run_breaks_twice_in_the_same_way() {
    let (one, other) = (sabotaged(Sabotage::Panic), sabotaged(Sabotage::Panic));
    assert_eq!(one.run.ending, other.run.ending);
    assert_eq!(one.run.trace_hash, other.run.trace_hash);
    let why = fault_of_the_harness(Sabotage::EndlessEvents);
    assert_eq!(why, fault_of_the_harness(Sabotage::EndlessEvents));
}

#[test]
fn a_cluster_that_cannot_boot_says_what_it_waits_for() {
    let mut plan = quiet(2_000);
    plan.phases.boot_ms_max = 200;
    let ended = run(&plan);
    let (at_ns, waiting) = stuck(&ended);
    assert_eq!(at_ns, SECOND / 5);
    assert!(waiting.starts_with("boot: the cluster does not become healthy"), "{waiting}");
    assert!(waiting.contains("no leader for p1, p2"), "{waiting}");
    let judgements = &ended.run.judgements;
    let holds = judgements.iter().filter(|j| matches!(j.verdict, Verdict::Holds(_))).count();
    assert!(judgements.len() > holds, "a run that never began is not green: {judgements:?}");
}

#[test]
fn a_cluster_too_far_apart_never_boots() {
    let mut plan = quiet(2_000);
    // An answer takes longer than any election timeout.
    for row in &mut plan.network.latency_us {
        row.fill(5_000_000);
    }
    let ended = run(&plan);
    let (at_ns, waiting) = stuck(&ended);
    assert_eq!(at_ns, plan.phases.boot_ms_max * 1_000_000);
    assert!(waiting.contains("does not become healthy"), "{waiting}");
}

#[test]
fn a_drain_that_takes_too_long_is_stuck_in_the_drain() {
    let mut plan = quiet(2_000);
    plan.phases.drain_ms_max = 1;
    let ended = run(&plan);
    assert!(stuck(&ended).1.starts_with("drain: not everything can be read"));
}

#[test]
fn an_interrupted_run_ends_soon_and_says_so() {
    let mut plan = quiet(2_000);
    plan.phases.trouble_ms = 3_600_000;
    let cancelled = Arc::new(AtomicBool::new(true));
    let options = Options { cancelled: Some(cancelled), ..Options::default() };
    let ended = run_with(&plan, &options);
    let Ending::Interrupted { at_ns } = ended.run.ending else { panic!("{:?}", ended.run.ending) };
    assert!(at_ns <= 60 * SECOND, "only at {at_ns}");
}

#[test]
fn progress_is_told_while_it_goes_on() {
    let progress = Arc::new(AtomicU64::new(0));
    let options = Options { progress_ms: Some(progress.clone()), ..Options::default() };
    let ended = run_with(&quiet(2_000), &options);
    let told = progress.load(Ordering::Relaxed);
    let end_ms = ended.run.sim_ns / 1_000_000;
    assert!(told > 0 && told <= end_ms && end_ms - told < 1_000, "{told} of {end_ms}");
}

#[test]
fn a_breach_stops_the_run_only_if_it_is_asked_to() {
    let plan = drawn("early_ack", 1).with_plant("ack_before_flush");
    let stopped = run_with(&plan, &Options { stop_on_breach: true, ..Options::default() });
    let Ending::Breached { at_ns } = stopped.run.ending else { panic!("{:?}", stopped.run.ending) };
    let whole = run(&plan);
    assert_eq!(whole.run.ending, Ending::Finished);
    assert!(at_ns < whole.run.sim_ns);
    for ended in [&stopped, &whole] {
        let claims = ended.run.judgements.iter().find(|j| j.name == "claim_witness");
        let claims = &claims.expect("it judges").verdict;
        assert!(matches!(claims, Verdict::Violated(_)), "{claims:?}");
    }
}

/// What a process had counted is told when it ends, also by the end of the run.
#[test]
fn every_process_says_farewell() {
    let ended = run(&quiet(2_000));
    let partitions = ended.effective.placement.partitions.len() as u64;
    assert!(ended.run.marks["elected"] > partitions, "{:?}", ended.run.marks);
    assert!(ended.run.marks["read_confirmed"] > 0, "{:?}", ended.run.marks);
    assert!(ended.run.plants.is_empty(), "nothing is planted");
    let planted = run(&quiet(2_000).with_plant("ack_before_flush"));
    assert!(planted.run.plants["ack_before_flush"] > 0, "{:?}", planted.run.plants);
}

/// Claims run ahead of disks that stand still, and power goes everywhere at once. A run that nobody
/// drains says that as much is gone as its twin says that its drain does not find.
#[test]
fn what_is_lost_without_a_drain_is_what_a_drain_would_have_missed() {
    let text = "why = \"Acknowledged, not flushed, and power lost everywhere.\"\n\
                disk.flush = [\"2ms\", \"8ms\"]\n\
                phases.trouble = \"12s\"\n\
                workload.acks = { quorum = 1 }\n\
                [[fault]]\n\
                at = \"3s\"\n\
                for = \"4s\"\n\
                do.slow_disk = { who = \"all\", factor = 1000 }\n\
                [[fault]]\n\
                at = \"4s\"\n\
                for = \"2s\"\n\
                do.power_loss.who = \"all\"\n";
    let scenario = scenarios::parse("gone.toml", "gone", text).expect("a scenario");
    let mut compared = 0;
    let mut ran = 0;
    for seed in 1..=12 {
        let drained = scenarios::draw(&scenario, seed).with_plant("ack_before_flush");
        let mut undrained = drained.clone();
        undrained.phases.drain_ms_max = 1;
        let [drained, undrained] = [drained, undrained].map(|plan| run(&plan).run);
        // What the bug makes of a node may be seen by an assertion of its own: then nobody drains.
        if let Ending::Panicked { place, message, .. } = &drained.ending {
            assert!(place.contains("system/src/"), "{place}: {message}");
            continue;
        }
        ran += 1;
        assert_eq!(drained.counts.drain, Drain::Fully, "seed {seed}: {:?}", drained.ending);
        assert_eq!(undrained.counts.drain, Drain::None);
        assert_eq!(undrained.counts.lost_gone, undrained.counts.lost, "seed {seed}");
        assert_eq!(undrained.counts.lost, drained.counts.lost, "seed {seed}");
        let judged = undrained.judgements.iter().find(|judged| judged.name == "zero_loss");
        let verdict = &judged.expect("it is judged").verdict;
        assert!(matches!(verdict, Verdict::Violated(_)), "seed {seed}: {verdict:?}");
        compared += drained.counts.lost;
    }
    assert!(ran >= 3 && compared > 20, "{compared} messages were lost in {ran} runs");
    let honest = scenarios::draw(&scenario, 1);
    assert_eq!(run(&honest).run.counts.lost, 0);
}
