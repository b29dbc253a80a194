//! **leader_stability**: who hears its leader keeps to it, and a leader says no more than it must
//! (Ongaro 4.2.3, 6.4, 9.6; S31-S33). A system that is always electing loses nothing and serves
//! nobody; the laws of safety do not see it.
//!
//! Three rules. A voter to which a heartbeat of the leader of its own term was handed within the
//! shortest election timeout, on its own clock and in this life of its process, begins no term and
//! grants neither vote nor pre-vote. A voter begins a term only with the consent of an election quorum:
//! a term that none can win deposes a leader all the same, once the node that raised it is heard again.
//! And a process begins no more rounds of heartbeats than its clock had time for, one more for each
//! linearizable read that it was handed and each election that it won.
//!
//! What was handed to whom the world knows; no node is asked. That someone else heard a leader
//! excuses nobody, and entries are no heartbeats here: what they keep from campaigning keeps still.

use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    facts::{Ballot, Configuration, Dues, Fact, FactKind, Group, Heard, Node},
    history::Stamp,
    verdict::{Evidence, Verdict},
};

/// Rounds that nothing has to explain: the first, and one for a beat that begins as its life ends.
const ROUNDS_FREE: u64 = 2;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct LeaderStability {
    dues: Option<Dues>,
    breach: Breach,
    judged: u64,
}

/// One decision of a voter.
#[derive(Clone, Copy)]
struct Decision {
    at: Stamp,
    node: Node,
    group: Group,
    ballot: Ballot,
    term: u64,
}

impl Checker for LeaderStability {
    fn name(&self) -> &'static str {
        "leader_stability"
    }

    fn topics(&self) -> &'static [Topic] {
        &[]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Due, FactKind::Balloted, FactKind::Rounds]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Fact(Fact::Due(dues)) => self.dues = Some(dues.clone()),
            Event::Fact(Fact::Balloted { node, group, ballot, term, own, heard, consents }) => {
                let (node, group, ballot, term) = (*node, *group, *ballot, *term);
                let decision = Decision { at, node, group, ballot, term };
                self.judge(decision, heard.filter(|heard| heard.term == *own));
                self.judge_consent(decision, consents, shared.disks.configuration(group));
            }
            Event::Fact(Fact::Rounds { node, rounds, elapsed_ns, reads, elections }) => {
                self.count(at, *node, *rounds, [*elapsed_ns, *reads, *elections]);
            }
            Event::Fact(_)
            | Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Seen(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        if self.dues.is_none() && self.judged == 0 {
            return Verdict::Unknown("vacuous: the timers of the system are not known".to_owned());
        }
        self.breach
            .verdict_or(|| Verdict::holds_if_covered(self.judged, "nobody voted and nobody led"))
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl LeaderStability {
    fn judge(&mut self, decision: Decision, heard: Option<Heard>) {
        let Some(dues) = &self.dues else { return };
        self.judged += 1;
        if let Some(heard) = heard.filter(|heard| heard.ago_ns < dues.election_min_ns) {
            let patience_ns = dues.election_min_ns;
            self.breach.add(|| faithless(decision, heard, patience_ns));
        }
    }

    /// Whoever begins a term consents itself; nobody else is asked for a vote or a pre-vote.
    fn judge_consent(
        &mut self,
        decision: Decision,
        consents: &[Node],
        configuration: Option<&Configuration>,
    ) {
        let Some(configuration) = configuration.filter(|_| decision.ballot == Ballot::Begun) else {
            return;
        };
        let is_other = |node: &Node| *node != decision.node;
        let voters = configuration.voters.iter().map(|voter| voter.node).filter(is_other);
        let consenting = 1 + voters.filter(|voter| consents.contains(voter)).count();
        let needed = configuration.election_quorum as usize;
        if consenting < needed {
            self.breach.add(|| unasked(decision, consenting, needed));
        }
    }

    fn count(&mut self, at: Stamp, node: Node, rounds: u64, causes: [u64; 3]) {
        let Some(dues) = &self.dues else { return };
        if rounds == 0 {
            return;
        }
        self.judged += 1;
        let [elapsed_ns, reads, elections] = causes;
        let due = elapsed_ns / dues.heartbeat_ns.max(1);
        if rounds > due + reads + elections + ROUNDS_FREE {
            self.breach.add(|| Evidence {
                summary: format!(
                    "n{node} began {rounds} rounds of heartbeats, but its life of {} ms explains \
                     {due}, reads {reads} and elections {elections}",
                    elapsed_ns / 1_000_000
                ),
                lines: vec![line(at, format!("n{node}: {rounds} rounds of heartbeats by now"))],
                node: Some(node),
                ..Evidence::default()
            });
        }
    }
}

fn unasked(decision: Decision, consenting: usize, needed: usize) -> Evidence {
    let Decision { at, node, group, term, .. } = decision;
    Evidence {
        summary: format!(
            "n{node} began term {term} of partition {group} with the consent of {consenting} voters, \
             itself included, and to win it needs {needed} (S32)"
        ),
        lines: vec![line(at, format!("n{node}: began term {term} of partition {group}"))],
        node: Some(node),
        partition: Some(group),
        ..Evidence::default()
    }
}

fn faithless(decision: Decision, heard: Heard, patience_ns: u64) -> Evidence {
    let Decision { at, node, group, ballot, term } = decision;
    let did = match ballot {
        Ballot::Begun => "began",
        Ballot::Vote => "granted a vote for",
        Ballot::PreVote => "granted a pre-vote for",
    };
    let (ago, patience) = (heard.ago_ns / 1_000_000, patience_ns / 1_000_000);
    let heard_at = Stamp { ordinal: at.ordinal, at_ns: at.at_ns.saturating_sub(heard.ago_ns) };
    Evidence {
        summary: format!(
            "n{node} {did} term {term} of partition {group} though it had heard the leader of its \
             own term {} {ago} ms before, and {patience} ms must pass in silence",
            heard.term
        ),
        lines: vec![
            line(heard_at, format!("n{node}: heard the leader of term {}", heard.term)),
            line(at, format!("n{node}: {did} term {term} of partition {group}")),
        ],
        node: Some(node),
        partition: Some(group),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{World, evidence, holds, unknown};

    const MS: u64 = 1_000_000;

    fn world() -> World {
        let mut world = World::of("leader_stability");
        let dues = Dues { election_min_ns: 900 * MS, heartbeat_ns: 150 * MS, ..Dues::default() };
        world.fact(Fact::Due(dues));
        world
    }

    fn balloted(ballot: Ballot, heard: Option<(u64, u64)>) -> Verdict {
        let mut world = world();
        let heard = heard.map(|(term, ms)| Heard { term, ago_ns: ms * MS });
        let consents = Vec::new();
        world.fact(Fact::Balloted { node: 2, group: 1, ballot, term: 8, own: 7, heard, consents });
        world.verdict()
    }

    fn beaten(rounds: u64, ms: u64, reads: u64, elections: u64) -> Verdict {
        let mut world = world();
        let elapsed_ns = ms * MS;
        world.fact(Fact::Rounds { node: 1, rounds, elapsed_ns, reads, elections });
        world.verdict()
    }

    #[test]
    fn who_heard_nothing_for_long_enough_may_do_anything() {
        for ballot in [Ballot::Begun, Ballot::Vote, Ballot::PreVote] {
            assert_eq!(holds(&balloted(ballot, None)), 1, "in this life it heard nobody");
            assert_eq!(holds(&balloted(ballot, Some((7, 900)))), 1, "the timeout is over");
            assert_eq!(holds(&balloted(ballot, Some((6, 1)))), 1, "its own term is newer");
        }
    }

    #[test]
    fn who_hears_its_leader_neither_begins_a_term_nor_helps_another() {
        for (ballot, did) in [
            (Ballot::Begun, "n2 began term 8"),
            (Ballot::Vote, "n2 granted a vote for term 8"),
            (Ballot::PreVote, "n2 granted a pre-vote for term 8"),
        ] {
            let evidence = evidence(balloted(ballot, Some((7, 899))));
            assert!(evidence.summary.starts_with(did), "{evidence:#?}");
            assert_eq!((evidence.node, evidence.partition), (Some(2), Some(1)));
        }
    }

    /// One of five voters begins a term, and these have granted it their pre-vote.
    fn begun(consents: &[Node]) -> Verdict {
        let mut world = world();
        world.configure(&[(1, 0), (2, 0), (3, 1), (4, 1), (5, 2)], 3);
        let (node, group, ballot, consents) = (2, 1, Ballot::Begun, consents.to_vec());
        world.fact(Fact::Balloted { node, group, ballot, term: 8, own: 7, heard: None, consents });
        world.verdict()
    }

    #[test]
    fn a_term_is_begun_with_the_consent_of_an_election_quorum() {
        assert_eq!(holds(&begun(&[4, 5])), 1);
        for too_few in [&[][..], &[5], &[5, 5], &[2, 5], &[5, 9]] {
            let evidence = evidence(begun(too_few));
            assert!(evidence.summary.starts_with("n2 began term 8"), "{too_few:?}: {evidence:#?}");
            assert!(evidence.summary.contains("it needs 3"), "{too_few:?}: {evidence:#?}");
        }
    }

    #[test]
    fn rounds_of_heartbeats_need_time_reads_or_elections() {
        assert_eq!(holds(&beaten(12, 1_500, 0, 0)), 1);
        assert_eq!(holds(&beaten(18, 1_500, 5, 1)), 1);
        let evidence = evidence(beaten(19, 1_500, 5, 1));
        assert!(evidence.summary.contains("explains 10, reads 5 and elections 1"), "{evidence:#?}");
    }

    #[test]
    fn a_run_without_votes_or_without_timers_proves_nothing() {
        assert!(unknown(world().verdict()).starts_with("vacuous"));
        assert!(unknown(beaten(0, 1_500, 0, 0)).starts_with("vacuous"), "it never led");
        let mut timeless = World::of("leader_stability");
        let (ballot, heard) = (Ballot::Begun, Some(Heard { term: 7, ago_ns: 1 }));
        let consents = Vec::new();
        timeless.fact(Fact::Balloted {
            node: 2,
            group: 1,
            ballot,
            term: 8,
            own: 7,
            heard,
            consents,
        });
        assert!(unknown(timeless.verdict()).starts_with("vacuous"));
    }
}
