//! What is true of a replica at the end of every turn, whatever it was handed in it. Asserted in release,
//! too: a replica that broke one of these is stopped before what it believes leaves the node.

use super::{Replica, Role};

impl Replica {
    /// Asserts every law.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self) {
        self.keep_log_laws();
        self.keep_waiting_laws();
        match &self.role {
            Role::Follower(follower) => {
                let (verified, last) = (follower.verified, self.log.last_index());
                assert!(verified <= last, "{verified} is verified, the log ends at {last} (S12)");
                let led_by = follower.leader;
                assert!(led_by != Some(self.node), "n{} follows itself", self.node);
            }
            Role::PreCandidate(ballot) => {
                let (asked, own) = (ballot.term, self.hard.term);
                assert!(asked == own + 1, "a pre-vote asks for term {asked} in term {own}");
            }
            Role::Candidate(ballot) => {
                let (asked, own) = (ballot.term, self.hard.term);
                assert!(asked == own, "a candidate of term {asked} is in term {own} (S4)");
                self.keep_own_vote();
            }
            Role::Leader(_) => {
                self.keep_own_vote();
                self.keep_leader_laws();
            }
        }
    }

    fn keep_log_laws(&self) {
        let last = self.log.last();
        let (commit, flushed) = (self.commit, self.flushed);
        assert!(commit <= last.index, "commit {commit} is past the log's end {} (S13)", last.index);
        assert!(flushed <= last.index, "{flushed} are flushed of {} (S9)", last.index);
        let (term, durable) = (self.hard.term, self.term_flushed);
        assert!(last.term <= term, "an entry of term {} in term {term} (S16)", last.term);
        assert!(durable <= term, "term {durable} is durable, {term} is the newest (S4)");
        let (newest, durable) = (self.generation, self.generation_flushed);
        assert!(durable <= newest, "cut {durable} is durable, {newest} were made (S9)");
    }

    fn keep_waiting_laws(&self) {
        // What is held leaves with its block: nothing waits for one that is durable.
        let block = self.persist.flushed();
        if let Some((mark, _)) = self.held.front() {
            assert!(*mark > block, "held for block {mark}, and {block} is durable (S9)");
        }
        let newest = |marks: [Option<u64>; 2]| marks[0] <= marks[1];
        let held = [self.held.len().wrapping_sub(2), self.held.len().wrapping_sub(1)];
        let held = held.map(|place| self.held.get(place).map(|(mark, _)| *mark));
        assert!(newest(held), "held out of order: {held:?}");
        let tails = [self.flushing.len().wrapping_sub(2), self.flushing.len().wrapping_sub(1)];
        let tails = tails.map(|place| self.flushing.get(place).map(|(mark, _)| *mark));
        assert!(newest(tails), "blocks under way out of order: {tails:?}");
        if let Some((mark, tail)) = self.flushing.back() {
            let last = self.log.last_index();
            assert!(tail.index <= last, "block {mark} goes to {}, the log to {last}", tail.index);
        }
    }

    fn keep_own_vote(&self) {
        let (own, vote) = (self.node, self.hard.vote);
        assert!(vote == Some(own), "n{own} stands for election and voted for {vote:?} (S4)");
    }
}

#[cfg(test)]
mod tests {
    use super::super::*;
    use crate::quorum::Voter;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    const TIMING: Timing = Timing { heartbeat: 10, election_min: 100, election_max: 200 };

    /// n1 of three voters, which has flushed its creation, in term 3 with one entry of it.
    fn replica() -> Replica {
        let voter = |node| Voter { node, region: 0 };
        let voters = [1, 2, 3].map(voter).to_vec();
        let config = Config { voters, learners: vec![], write_quorum: 2, election_quorum: 2 };
        let place = Place { group: 1, incarnation: 7, config };
        let mut replica = Replica::create(1, 9, place, TIMING, 0);
        replica.hard = HardState { term: 3, vote: Some(1) };
        replica
    }

    fn with_entry(act: impl FnOnce(&mut Replica, &mut Context<'_>)) -> Replica {
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
        with_entry(|replica, ctx| {
            replica.role = Role::Candidate(Ballot { term: 3, granted: vec![1, 2] });
            replica.become_leader(ctx);
        })
    }

    /// What the spoilt replica says at the end of its turn.
    fn said(mut replica: Replica, spoil: impl FnOnce(&mut Replica)) -> String {
        replica.keep_laws();
        spoil(&mut replica);
        let panic =
            catch_unwind(AssertUnwindSafe(|| replica.keep_laws())).expect_err("no law held");
        panic.downcast_ref::<String>().expect("words").clone()
    }

    fn leading(replica: &mut Replica, spoil: impl FnOnce(&mut Leader)) {
        let Role::Leader(leader) = &mut replica.role else { panic!("it leads") };
        spoil(leader);
    }

    #[test]
    fn each_law_of_a_log_fires() {
        let commit = said(leader(), |replica| replica.commit = 2);
        assert_eq!(commit, "commit 2 is past the log's end 1 (S13)");
        let flushed = said(leader(), |replica| replica.flushed = 2);
        assert_eq!(flushed, "2 are flushed of 1 (S9)");
        let entry = said(leader(), |replica| replica.hard.term = 2);
        assert_eq!(entry, "an entry of term 3 in term 2 (S16)");
        let term = said(replica(), |replica| replica.term_flushed = 4);
        assert_eq!(term, "term 4 is durable, 3 is the newest (S4)");
        let cut = said(replica(), |replica| replica.generation_flushed = 1);
        assert_eq!(cut, "cut 1 is durable, 0 were made (S9)");
    }

    #[test]
    fn each_law_of_what_waits_fires() {
        let due = said(replica(), |replica| replica.held.push_back((0, Held::OwnVote(3))));
        assert_eq!(due, "held for block 0, and 0 is durable (S9)");
        let held = said(replica(), |replica| {
            replica.held.push_back((2, Held::OwnVote(3)));
            replica.held.push_back((1, Held::OwnVote(3)));
        });
        assert_eq!(held, "held out of order: [Some(2), Some(1)]");
        let tail = |index| Tail { index, generation: 0, term: 3 };
        let tails = said(replica(), |replica| {
            replica.flushing.extend([(2, tail(0)), (1, tail(0))]);
        });
        assert_eq!(tails, "blocks under way out of order: [Some(2), Some(1)]");
        let beyond = said(replica(), |replica| replica.flushing.push_back((9, tail(7))));
        assert_eq!(beyond, "block 9 goes to 7, the log to 0");
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
        let vote = said(leader(), |replica| replica.hard.vote = Some(2));
        assert_eq!(vote, "n1 stands for election and voted for Some(2) (S4)");
    }

    #[test]
    fn each_law_of_a_leader_fires() {
        let peer = |spoil: fn(&mut Leader)| said(leader(), |replica| leading(replica, spoil));
        let matched = peer(|leader| leader.spoil_peer(1, 1, 1));
        assert_eq!(matched, "n2 has 1, and 1 is sent to it next (S10)");
        let next = peer(|leader| leader.spoil_peer(0, 1, 3));
        assert_eq!(next, "3 is sent to n2 next, the log ends at 1");
        let base = peer(|leader| leader.spoil_peer(0, 3, 1));
        assert_eq!(base, "sending to n2 begins at 3, the log ends at 1");
        let first = peer(|leader| leader.spoil_first(2));
        assert_eq!(first, "the first entry of term 3 is 2, the log ends at 1 (S15)");
        let waiting = peer(|leader| leader.spoil_waiting(&[1, 0]));
        assert_eq!(waiting, "calls wait out of order: 1 before 0");
        let beyond = peer(|leader| leader.spoil_waiting(&[1, 2]));
        assert_eq!(beyond, "a call waits for 2, the log ends at 1");
    }
}
