//! What is true of a replica at the end of every turn, whatever it was handed in it. Asserted in release,
//! too: a replica that broke one of these is stopped before what it believes leaves the node. Each of its
//! parts keeps its own laws (`keep_laws`); here stands what binds its role to its core.

use super::{Replica, Role};

impl Replica {
    /// Asserts every law, after the node's round `beat` of heartbeats.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, beat: u64) {
        let core = &self.core;
        core.keep_laws();
        let (own, term) = (core.node, core.hard.term);
        match &self.role {
            Role::Follower(follower) => follower.keep_laws(core),
            Role::PreCandidate(ballot) => {
                let asked = ballot.term;
                assert!(asked == term + 1, "a pre-vote asks for term {asked} in term {term}");
            }
            Role::Candidate(ballot) => {
                let asked = ballot.term;
                assert!(asked == term, "a candidate of term {asked} is in term {term} (S4)");
                self.keep_own_vote();
            }
            Role::Leader(leader) => {
                self.keep_own_vote();
                leader.keep_laws(core, beat);
            }
        }
        let is_voter = core.config().is_voter(own);
        let waits = matches!(&self.role, Role::Follower(_));
        assert!(is_voter || waits, "n{own} has no vote and does not follow (S31)");
    }

    fn keep_own_vote(&self) {
        let (own, vote) = (self.core.node, self.core.hard.vote);
        assert!(vote == Some(own), "n{own} stands for election and voted for {vote:?} (S4)");
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::{
        disk::HardState,
        entry::{Entry, Kind, Stamp},
        quorum::{Config, Voter},
        settings::{Limits, Timing},
    };
    use std::panic::{AssertUnwindSafe, catch_unwind};

    const TIMING: Timing = Timing { heartbeat: 10, election_min: 100, election_max: 200 };

    /// n1 of three voters, which has flushed its creation, in term 3.
    fn replica() -> Replica {
        let voter = |node| Voter { node, region: 0 };
        let voters = [1, 2, 3].map(voter).to_vec();
        let config = Config { voters, learners: vec![4], write_quorum: 2, election_quorum: 2 };
        let place = Place { group: 1, incarnation: 7, config };
        let settings = Settings {
            cluster: 9,
            node: 1,
            metadata: place.clone(),
            timing: TIMING,
            limits: Limits::default(),
            plant: None,
        };
        let mut replica = Replica::create(&settings, place, 0);
        replica.core.hard = HardState { term: 3, vote: Some(1) };
        replica
    }

    fn acting(act: impl FnOnce(&mut Replica, &mut Context<'_>)) -> Replica {
        let mut replica = replica();
        let (mut effects, mut planted, mut marks) =
            (Effects::default(), Planted::default(), Marks::default());
        let mut context = Context {
            now: 5,
            wall: 5,
            beat: 0,
            dice: &mut || 0,
            effects: &mut effects,
            planted: &mut planted,
            marks: &mut marks,
        };
        act(&mut replica, &mut context);
        replica
    }

    fn leader() -> Replica {
        acting(|replica, ctx| {
            replica.role = Role::Candidate(Ballot { term: 3, granted: vec![1, 2] });
            replica.become_leader(ctx);
        })
    }

    /// What the spoilt replica says at the end of its turn.
    fn said(mut replica: Replica, spoil: impl FnOnce(&mut Replica)) -> String {
        replica.keep_laws(0);
        spoil(&mut replica);
        let panic =
            catch_unwind(AssertUnwindSafe(|| replica.keep_laws(0))).expect_err("no law held");
        panic.downcast_ref::<String>().expect("words").clone()
    }

    #[test]
    fn each_law_of_a_core_fires() {
        let commit = said(leader(), |replica| replica.core.commit = 2);
        assert_eq!(commit, "commit 2 is past the log's end 1 (S13)");
        let entry = said(leader(), |replica| replica.core.hard.term = 2);
        assert_eq!(entry, "an entry of term 3 in term 2 (S16)");
        let since = said(leader(), |replica| {
            let config = replica.core.config().clone();
            replica.core.configurations.change(2, config);
        });
        assert_eq!(since, "a configuration of 2, the log ends at 1");
        let open = said(leader(), |replica| {
            let body = crate::batch::body(5, 0, 0, b"");
            let stamp = Stamp { cluster: 9, incarnation: 7, group: 1, term: 3, wall: 0 };
            let last = replica.core.log.last();
            let entry = Entry::after(last, stamp, Kind::Messages, 0, 1, &body);
            replica.core.broker.append(&entry);
            replica.core.commit = 1;
        });
        let told = "calls of 1 producers are open, 0 entries are not committed (H1)";
        assert_eq!(open, told);
    }

    #[test]
    fn each_law_of_a_role_fires() {
        let follow = |leader, verified| Role::Follower(Follower { leader, heard: 0, verified });
        let verified = said(replica(), |replica| replica.role = follow(Some(2), 1));
        assert_eq!(verified, "1 is verified, the log ends at 0 (S12)");
        let itself = said(replica(), |replica| replica.role = follow(Some(1), 0));
        assert_eq!(itself, "n1 follows itself");
        let ballot = |term| Ballot { term, granted: vec![1] };
        let asked = said(replica(), |replica| replica.role = Role::PreCandidate(ballot(3)));
        assert_eq!(asked, "a pre-vote asks for term 3 in term 3");
        let stands = said(replica(), |replica| replica.role = Role::Candidate(ballot(2)));
        assert_eq!(stands, "a candidate of term 2 is in term 3 (S4)");
        let vote = said(leader(), |replica| replica.core.hard.vote = Some(2));
        assert_eq!(vote, "n1 stands for election and voted for Some(2) (S4)");
        let learner = said(leader(), |replica| {
            (replica.core.node, replica.core.hard.vote) = (4, Some(4));
        });
        assert_eq!(learner, "n4 has no vote and does not follow (S31)");
    }

    #[test]
    fn each_law_of_a_leader_fires() {
        let leading = |spoil: fn(&mut Leader, &mut Core)| {
            said(leader(), |replica| {
                let Role::Leader(leader) = &mut replica.role else { panic!("it leads") };
                spoil(leader, &mut replica.core);
            })
        };
        let first = leading(|leader, _| leader.spoil_first(2));
        assert_eq!(first, "the first entry of term 3 is 2, the log ends at 1 (S15)");
        let read = leading(|leader, _| leader.spoil_reads(1));
        assert_eq!(read, "a read waits for rounds after 1, and 0 is the newest (S33)");
    }
}
