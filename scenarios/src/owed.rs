//! What a run of a plan must exercise by itself. A law that found nothing to judge proves nothing, so a
//! run in which one slept is no green run; but a load of one message a minute has no two messages of
//! one producer, a plan that never asks for `leader` has no such promise, and under faults nobody can say
//! beforehand whether there will be calm for long enough to owe a call its answer. What a plan is too small
//! for is asked of the suite it belongs to, where every law must have been exercised by some run.

use crate::{carry::Owed, plan::Plan};

/// Two messages of one producer in one partition have an order.
const PRODUCER_ORDER: &str = "producer_order";
/// Acknowledgements at `leader` have a promise of their own.
const LEADER_ACKS: &str = "leader_acks";
/// Progress is owed where network and disks carry the timers.
const LIVENESS: &str = "liveness";
/// Answers are owed in calm only, and where the load is not more than the plan carries.
const AVAILABILITY: &str = "availability";
/// Fewer cases than this may well come to nothing under faults: a plan that expects no more is not
/// taken at its word.
const CASES_MIN: u64 = 20;

impl Plan {
    /// Whether a run of this plan must exercise this law; if not, the law judges it all the same, and
    /// that it had nothing to judge is no doubt about the run.
    pub fn must_exercise(&self, law: &str) -> bool {
        let [_, leader, quorum, region_quorum] = self.workload.acks.map(u64::from);
        match law {
            LEADER_ACKS => self.calls_of(leader) >= CASES_MIN,
            PRODUCER_ORDER => {
                let producers = self.workload.clients.len() * self.placement.partitions.len();
                let numbered = self.calls_of(leader + quorum + region_quorum);
                numbered >= CASES_MIN + 2 * producers as u64
            }
            LIVENESS => self.carried().unfit().is_none(),
            AVAILABILITY => {
                let kinds = [self.produce_service(), self.fetch_service()];
                let is_owed = kinds.iter().any(|kind| !matches!(kind.owed, Owed::Nothing(_)));
                is_owed && self.timeline.is_empty() && self.carried().unfit().is_none()
            }
            _ => true,
        }
    }

    /// Produce calls of this weight that the plan expects until heal.
    fn calls_of(&self, weight: u64) -> u64 {
        let all: u64 = self.workload.acks.map(u64::from).iter().sum();
        let calls = self.workload.produce_per_ks * self.phases.trouble_ms / 1_000_000;
        if self.workload.clients.is_empty() { 0 } else { calls * weight / all.max(1) }
    }
}

#[cfg(test)]
mod tests {
    use crate::{draw, find};

    #[test]
    fn a_busy_plan_owes_every_law_that_it_asks_for() {
        let mut plan = draw(&find("smoke").expect("it is there").scenario(), 1);
        plan.workload.acks = [0, 1, 1, 0];
        assert!(plan.must_exercise("producer_order") && plan.must_exercise("leader_acks"));
        assert!(plan.must_exercise("zero_loss") && plan.must_exercise("availability"));
        plan.workload.acks = [0, 0, 1, 0];
        assert!(plan.must_exercise("producer_order") && !plan.must_exercise("leader_acks"));
    }

    #[test]
    fn a_quiet_plan_owes_no_order_of_its_producers_and_still_everything_else() {
        let mut plan = draw(&find("smoke").expect("it is there").scenario(), 1);
        plan.workload.produce_per_ks = 100;
        assert!(!plan.must_exercise("producer_order"));
        assert!(plan.must_exercise("zero_loss") && plan.must_exercise("liveness"));
        plan.workload.produce_per_ks = 0;
        assert!(!plan.must_exercise("producer_order"));
    }
}
