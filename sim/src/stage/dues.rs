//! What a plan lets anyone expect, in the words of the judges: told once, before anything happens, so
//! that whoever judges a recording knows it too.

use checkers::{Dues, Owed, Service};
use scenarios::Plan;

/// Progress is owed within so many of the longest election timeouts (DESIGN 4).
const BOUND_ELECTIONS: u64 = 25;
/// What a group may take to settle beside an election and the longest tail: a round trip and a flush.
const SETTLE_NS: u64 = 500_000_000;

/// How long progress may take where it is owed.
pub(crate) fn bound_ns(plan: &Plan) -> u64 {
    plan.timing.election_max_ms * 1_000_000 * BOUND_ELECTIONS
}

/// What may be expected under this plan.
pub(crate) fn dues(plan: &Plan) -> Dues {
    Dues {
        election_min_ns: plan.timing.election_min_ms * 1_000_000,
        heartbeat_ns: plan.timing.heartbeat_ms * 1_000_000,
        bound_ns: bound_ns(plan),
        settle_ns: plan.timing.election_max_ms * 1_000_000 + longest_tail_ns(plan) + SETTLE_NS,
        call_ns: Some(plan.timing.call_ms * 1_000_000),
        unfit: plan.carried().unfit(),
        produce: service(plan.produce_service()),
        fetch: service(plan.fetch_service()),
    }
}

fn service(of: scenarios::Service) -> Service {
    Service {
        owed: match of.owed {
            scenarios::Owed::All => Owed::All,
            scenarios::Owed::Most => Owed::Most,
            scenarios::Owed::Nothing(why) => Owed::Nothing(why),
        },
        latency_ns: of.latency_us.map(|us| us * 1_000),
    }
}

/// What was sent in trouble arrives this much later at most.
fn longest_tail_ns(plan: &Plan) -> u64 {
    let rates = plan.timeline.iter().filter_map(|planned| planned.fault.effect().rates());
    let tails = rates.map(|rates| rates.tail_us);
    let base = if plan.network.tail_ppm > 0 { plan.network.tail_us } else { 0 };
    tails.chain([base]).max().unwrap_or(0) * 1_000
}
