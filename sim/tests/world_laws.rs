//! The judges of what the world saw, at the end of the whole chain: real runs of the simulation, and
//! a lie told to one judge on its way. An honest run holds; the lie is found out under its name.

mod common;

use checkers::{
    Acks, Checker, Claim, Event, Evidence, Fact, FactKind, Shared, Stamp, Topic, Verdict,
};
use common::{assert_holds, drawn, run, run_watched, with};
use scenarios::{
    Fault, Plan, Planned, Target,
    faults::{Crash, CutClient, Loss, OneWay, PowerLoss},
};
use sim::{Options, Simulated};

/// What a judge is told instead of a fact; none for nothing at all.
type Lie = fn(&Fact) -> Option<Fact>;

/// A judge that is lied to.
struct Deceived {
    judge: Box<dyn Checker>,
    lie: Lie,
}

impl Checker for Deceived {
    fn name(&self) -> &'static str {
        self.judge.name()
    }

    fn topics(&self) -> &'static [Topic] {
        self.judge.topics()
    }

    fn facts(&self) -> &'static [FactKind] {
        FactKind::ALL
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Fact(fact) => {
                if let Some(told) = (self.lie)(fact)
                    && self.judge.facts().contains(&told.kind())
                {
                    self.judge.observe(at, Event::Fact(&told), shared);
                }
            }
            Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Seen(_)
            | Event::Mark(_) => {
                self.judge.observe(at, event, shared);
            }
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        self.judge.finish(shared)
    }
}

/// What a judge that is lied to says of a plan's run.
fn deceived(plan: &Plan, law: &str, lie: Lie) -> Verdict {
    let judge = checkers::checkers(&[law.to_owned()]).expect("a known name").remove(0);
    let bench = checkers::Bench::new(vec![Box::new(Deceived { judge, lie })]);
    sim::run(plan, bench, &Options::default()).run.judgements.remove(0).verdict
}

/// The judge holds when nobody lies, and finds the lie out.
fn found_out(plan: &Plan, law: &str, lie: Lie) -> Evidence {
    let honest = deceived(plan, law, |fact| Some(fact.clone()));
    assert!(matches!(honest, Verdict::Holds(_)), "{law}: {honest:#?}");
    match deceived(plan, law, lie) {
        Verdict::Violated(evidence) => *evidence,
        Verdict::Holds(_) | Verdict::Unknown(_) => panic!("{law} believed a lie"),
    }
}

#[test]
fn a_vote_that_goes_to_another_in_the_frame_than_on_the_disk_is_seen() {
    let evidence = found_out(&drawn("leader_crash", 1), "election_safety", |fact| {
        let mut told = fact.clone();
        if let Fact::Claimed { node, group: 1, claim: Claim::Vote { candidate, .. }, .. } =
            &mut told
            && *node == 3
        {
            *candidate = candidate.wrapping_add(1);
        }
        Some(told)
    });
    assert!(evidence.summary.starts_with("double_vote: n3"), "{evidence:#?}");
}

#[test]
fn a_leader_whose_votes_nobody_saw_is_seen() {
    let evidence = found_out(&drawn("leader_crash", 1), "election_safety", |fact| {
        let is_vote = matches!(fact, Fact::Claimed { claim: Claim::Vote { .. }, .. })
            || matches!(fact, Fact::DurableVote { .. });
        (!is_vote).then(|| fact.clone())
    });
    assert!(evidence.summary.starts_with("unelected_leader"), "{evidence:#?}");
}

#[test]
fn an_entry_that_differs_on_one_disk_is_seen() {
    let evidence = found_out(&drawn("smoke", 1), "log_matching", |fact| {
        let mut told = fact.clone();
        if let Fact::Durable { node: 2, group: 1, entry } = &mut told
            && entry.index == 40
        {
            entry.hash ^= 1;
        }
        Some(told)
    });
    assert!(evidence.summary.starts_with("log_mismatch: n2"), "{evidence:#?}");
}

#[test]
fn quorums_that_need_not_meet_are_seen() {
    let evidence = found_out(&drawn("smoke", 1), "membership_safety", |fact| {
        let mut told = fact.clone();
        if let Fact::Configured(configuration) = &mut told {
            configuration.write_quorum -= 1;
        }
        Some(told)
    });
    assert!(evidence.summary.starts_with("quorums_apart"), "{evidence:#?}");
}

#[test]
fn an_acknowledgement_that_no_node_gave_is_seen() {
    let evidence = found_out(&drawn("smoke", 1), "trace_completeness", |fact| {
        let is_dropped =
            matches!(fact, Fact::Acked { acks: Acks::Quorum, message, .. } if message % 100 == 7);
        (!is_dropped).then(|| fact.clone())
    });
    assert!(evidence.summary.starts_with("unanswered_ok"), "{evidence:#?}");
    assert_eq!(evidence.message.map(|message| message % 100), Some(7));
}

/// The planted bug of KIP-101: a follower cuts its log to what it remembers of commits.
#[test]
fn a_promise_that_a_restart_removes_is_seen() {
    let plan = drawn("stale_hint", 1).with_plant("truncate_to_commit_on_restart");
    let judge = checkers::checkers(&["deletion_provenance".to_owned()]).expect("a known name");
    let ended = sim::run(&plan, checkers::Bench::new(judge), &Options::default());
    let verdict = &ended.run.judgements[0].verdict;
    let Verdict::Violated(evidence) = verdict else { panic!("not seen: {verdict:#?}") };
    assert!(evidence.summary.starts_with("committed_removed"), "{evidence:#?}");
    // What the metadata group commits holds no messages.
    let names_it = evidence.message.is_some() || evidence.partition == Some(0);
    assert!(evidence.node.is_some() && names_it, "{evidence:#?}");
}

/// The region of p3 and p6 and a node of another are dark for longer than the bound.
fn two_faults() -> Plan {
    let mut plan = drawn("blast_radius", 1);
    plan.timeline.clear();
    let plan = with(&plan, 2_000, 25_000, Fault::Crash(Crash { target: Target::Node(1) }));
    with(&plan, 4_000, 20_000, Fault::PowerLoss(PowerLoss { target: Target::Region(1) }))
}

#[test]
fn a_partition_that_stops_without_a_fault_of_its_own_is_seen() {
    let evidence = found_out(&two_faults(), "blast_radius", |fact| {
        let is_hidden = matches!(fact, Fact::Struck { what, .. } if what.contains("the power of"));
        (!is_hidden).then(|| fact.clone())
    });
    assert!(evidence.summary.starts_with("bystander_stopped: partition"), "{evidence:#?}");
    assert!(matches!(evidence.partition, Some(3 | 6)), "{evidence:#?}");
    assert_eq!(evidence.lines[0].text, "fault: crash n1");
}

#[test]
fn faults_are_told_when_they_strike_and_when_they_are_lifted() {
    let (ended, seen) = run_watched(&two_faults());
    let begin = common::begin_ns(&ended) / 1_000_000;
    let told: Vec<(u64, &Fact)> = seen
        .facts
        .iter()
        .filter(|(_, fact)| matches!(fact, Fact::Struck { .. } | Fact::Lifted { .. }))
        .map(|(at, fact)| (at / 1_000_000 - begin, fact))
        .collect();
    let struck = |fault, what: &str, nodes: &[u32]| Fact::Struck {
        fault,
        what: what.to_owned(),
        nodes: nodes.to_vec(),
        clients: Vec::new(),
    };
    let expected = [
        (2_000, &struck(0, "crash n1", &[1])),
        (4_000, &struck(1, "cut the power of region eu-west", &[4, 5, 6])),
        (24_000, &Fact::Lifted { fault: 1 }),
        (27_000, &Fact::Lifted { fault: 0 }),
    ];
    assert_eq!(told, expected);
}

/// Without cuts the law about them would be judged by what never happens.
#[test]
fn logs_are_really_cut_and_every_cut_is_explained() {
    let mut cuts = 0;
    for seed in 1..=3 {
        let plan = drawn("old_term", seed);
        let (_, seen) = run_watched(&plan);
        cuts += seen.facts.iter().filter(|(_, f)| matches!(f, Fact::DurableCut { .. })).count();
        let ended: Simulated = run(&plan);
        assert_holds(&ended);
    }
    assert!(cuts >= 3, "only {cuts} logs were cut");
}

#[test]
fn what_touches_the_network_touches_every_node_and_a_cut_client_none() {
    let mut plan = drawn("blast_radius", 1);
    plan.phases.trouble_ms = 5_000;
    plan.timeline = vec![
        Planned {
            at_ms: 100,
            for_ms: Some(500),
            when: None,
            fault: Fault::Loss(Loss { ppm: 1_000 }),
        },
        Planned {
            at_ms: 200,
            for_ms: Some(500),
            when: None,
            fault: Fault::CutClient(CutClient { client: 2 }),
        },
        Planned {
            at_ms: 300,
            for_ms: Some(500),
            when: None,
            fault: Fault::OneWay(OneWay { from: vec![7, 2], to: vec![3] }),
        },
    ];
    let (_, seen) = run_watched(&plan);
    let touched: Vec<(Vec<u32>, Vec<u32>)> = seen
        .facts
        .iter()
        .filter_map(|(_, fact)| {
            let Fact::Struck { nodes, clients, .. } = fact else { return None };
            Some((nodes.clone(), clients.clone()))
        })
        .collect();
    let everyone = (1..=9).collect();
    assert_eq!(touched, [(everyone, vec![]), (vec![], vec![2]), (vec![2, 3, 7], vec![])]);
}
