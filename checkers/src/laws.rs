//! The laws, one for each file, and their catalogue: what a plan may name and `list` shows.
//!
//! A name is the field's word in snake_case and never changes its meaning. What a law does not look
//! at stands in its own file; that a node must not panic is seen by whoever runs it.

mod aborted_read;
mod ack_witness;
mod availability;
mod blast_radius;
mod bounded_staleness;
mod call_deadlines;
mod causal_order;
mod claim_witness;
mod committed_offsets;
mod committed_stays;
mod convergence;
mod deletion_provenance;
mod election_safety;
mod existence;
mod group_fencing;
mod leader_acks;
mod leader_completeness;
mod leader_stability;
mod linearizable_log;
mod liveness;
mod log_matching;
mod looks;
mod lost_for_some;
mod lost_write;
mod membership_safety;
mod monotonic_reads;
mod monotonic_writes;
mod nonmonotonic_poll;
mod nonmonotonic_send;
mod offset_agreement;
mod open_transactions;
mod phantom;
mod poll_skip;
#[cfg(feature = "porcupine")]
mod porcupine;
mod positions;
mod precommitted_read;
mod producer_order;
mod read_your_writes;
mod reads_reach;
mod send_skip;
mod sends_above;
mod stale_poll;
mod told;
mod torn_transactions;
mod trace_completeness;
mod transaction_cycles;
mod unseen;
mod words;
mod writes_follow_reads;
mod zero_loss;

use crate::{
    checker::{Checker, Topic},
    nearest::did_you_mean,
};

/// One law, for people.
#[derive(Clone, Copy, Debug)]
pub struct Law {
    /// Its checker's name.
    pub name: &'static str,
    /// What must hold, in one sentence.
    pub law: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    make: fn() -> Box<dyn Checker>,
}

impl Law {
    /// Its judge.
    pub fn judge(&self) -> Box<dyn Checker> {
        (self.make)()
    }

    /// Whether its judge looks at what clients saw.
    pub fn is_for_clients(&self) -> bool {
        let judge = self.judge();
        judge
            .topics()
            .iter()
            .any(|topic| matches!(topic, Topic::Clients | Topic::Ledger | Topic::Sessions))
    }
}

/// Every law there is. Those that name an anomaly most closely come before those that it also breaks.
pub const CATALOGUE: &[Law] = &[
    Law {
        name: "claim_witness",
        law: "what a frame claims to be durable is durable on its sender's disk when it leaves",
        source: "S4, S9; Ongaro 3.8",
        make: || Box::<claim_witness::ClaimWitness>::default(),
    },
    Law {
        name: "ack_witness",
        law: "once an entry is acknowledged, nobody who lacks it can be elected",
        source: "S1-S3, S10, S11; Ongaro 3.6, Figure 8",
        make: || Box::<ack_witness::AckWitness>::default(),
    },
    Law {
        name: "leader_acks",
        law: "what was acknowledged at `leader` vanishes only when a leader of a newer term, whose \
              log lacked it, overrules it",
        source: "S13; Ongaro 3.5; messaging.md 3.3",
        make: || Box::<leader_acks::LeaderAcks>::default(),
    },
    Law {
        name: "phantom",
        law: "whatever is read was sent, to that partition, before it was read",
        source: "Jepsen kafka workload, no-writer-of-value; checkers.md 4.2",
        make: || Box::<phantom::Phantom>::default(),
    },
    Law {
        name: "aborted_read",
        law: "nobody reads what certainly failed",
        source: "Adya 1999, G1a; Jepsen kafka workload",
        make: || Box::<aborted_read::AbortedRead>::default(),
    },
    Law {
        name: "precommitted_read",
        law: "a transaction does not read what it sent itself",
        source: "Jepsen kafka workload, precommitted-read; KIP-98",
        make: || Box::<precommitted_read::PrecommittedRead>::default(),
    },
    Law {
        name: "zero_loss",
        law: "every message acknowledged at quorum or above is read after heal and drain, once and \
              in its producer's order, and nothing else is read",
        source: "Jepsen set and kafka workloads; messaging.md 2.0 AD, PH, DU, OR",
        make: || Box::<zero_loss::ZeroLoss>::default(),
    },
    Law {
        name: "offset_agreement",
        law: "a committed offset holds one message for every read and acknowledgement, for ever",
        source: "Jepsen inconsistent-offsets; messaging.md 2.0 OA",
        make: || Box::<offset_agreement::OffsetAgreement>::default(),
    },
    Law {
        name: "lost_write",
        law: "what was acknowledged and lies below something that was read, was read by somebody",
        source: "Jepsen kafka workload, lost-write; checkers.md 5",
        make: || Box::<lost_write::LostWrite>::default(),
    },
    Law {
        name: "unseen",
        law: "what was acknowledged is seen by somebody, if anybody looks for it afterwards",
        source: "Jepsen kafka workload, unseen; checkers.md 5",
        make: || Box::<unseen::Unseen>::default(),
    },
    Law {
        name: "lost_for_some",
        law: "what one client was shown, every client that comes by is shown",
        source: "Hadzilacos & Toueg 1993, agreement; checkers.md 2.3",
        make: || Box::<lost_for_some::LostForSome>::default(),
    },
    Law {
        name: "nonmonotonic_poll",
        law: "a client's polls never go back",
        source: "Jepsen kafka workload, nonmonotonic-poll; Terry et al. 1994",
        make: || Box::<nonmonotonic_poll::NonmonotonicPoll>::default(),
    },
    Law {
        name: "poll_skip",
        law: "a client's polls pass over nothing that is known to stand there",
        source: "Jepsen kafka workload, poll-skip and int-poll-skip",
        make: || Box::<poll_skip::PollSkip>::default(),
    },
    Law {
        name: "nonmonotonic_send",
        law: "a client's sends to a partition stand in the order in which they were sent",
        source: "Jepsen kafka workload, nonmonotonic-send; Terry et al. 1994",
        make: || Box::<nonmonotonic_send::NonmonotonicSend>::default(),
    },
    Law {
        name: "send_skip",
        law: "the messages of one produce call stand side by side",
        source: "Jepsen kafka workload, int-send-skip",
        make: || Box::<send_skip::SendSkip>::default(),
    },
    Law {
        name: "producer_order",
        law: "along the offsets of a partition each producer's epoch and sequence rise",
        source: "S36-S38; KIP-98; Terry et al. 1994, monotonic writes",
        make: || Box::<producer_order::ProducerOrder>::default(),
    },
    Law {
        name: "linearizable_log",
        law: "each partition behaves like one log whose appends and reads take effect at moments",
        source: "Herlihy & Wing 1990; checkers.md 4.2",
        make: || Box::<linearizable_log::LinearizableLog>::default(),
    },
    Law {
        name: "stale_poll",
        law: "a poll that brings nothing has shown everything that existed before it",
        source: "Herlihy & Wing 1990; checkers.md 4.9",
        make: || Box::<stale_poll::StalePoll>::default(),
    },
    Law {
        name: "election_safety",
        law: "each term of a group has at most one leader, elected by a quorum, and each node one \
              vote, for ever",
        source: "Ongaro 3.4, 3.8; S4, S5",
        make: || Box::<election_safety::ElectionSafety>::default(),
    },
    Law {
        name: "log_matching",
        law: "two logs that hold an entry of one index and term hold the same log up to there",
        source: "Ongaro 3.5; S8, S9",
        make: || Box::<log_matching::LogMatching>::default(),
    },
    Law {
        name: "leader_completeness",
        law: "when an entry is first told to be committed, nobody who lacks it can be elected",
        source: "Ongaro 3.6.3, Figure 8; S11",
        make: || Box::<leader_completeness::LeaderCompleteness>::default(),
    },
    Law {
        name: "committed_stays",
        law: "what one node held to be committed, every node holds at that index, for ever",
        source: "Ongaro 3.6.3; S11-S13",
        make: || Box::<committed_stays::CommittedStays>::default(),
    },
    Law {
        name: "deletion_provenance",
        law: "no promised entry ever leaves a durable log, and whatever leaves was overruled by a \
              leader in a newer term",
        source: "S13, S23; messaging.md 2.0 PD",
        make: || Box::<deletion_provenance::DeletionProvenance>::default(),
    },
    Law {
        name: "membership_safety",
        law: "every two quorums that may be used at one time meet, and no identity or life of a \
              partition is used again",
        source: "S1, S3, S30, S44; Ongaro 4.1-4.3; Howard et al. 2016",
        make: || Box::<membership_safety::MembershipSafety>::default(),
    },
    Law {
        name: "trace_completeness",
        law: "each message reaches exactly one end, with the events of nodes that prove it",
        source: "messaging.md 2.0 TR, 3.6; S40",
        make: || Box::<trace_completeness::TraceCompleteness>::default(),
    },
    Law {
        name: "convergence",
        law: "after heal and drain all replicas hold identical bytes",
        source: "messaging.md 2.0 CV; checkers.md 4.10",
        make: || Box::<convergence::Convergence>::default(),
    },
    Law {
        name: "liveness",
        law: "after heal every group with its quorums acknowledges within the bound, its replicas \
              become even and the drain is served",
        source: "DESIGN 4; messaging.md 2.0 LV",
        make: || Box::<liveness::Liveness>::default(),
    },
    Law {
        name: "availability",
        law: "while nothing is wrong with a group and a client, its calls end well",
        source: "DESIGN 5; messaging.md 2.0 LV",
        make: || Box::<availability::Availability>::default(),
    },
    Law {
        name: "leader_stability",
        law: "who hears its leader keeps to it, no term begins without consent, and a leader beats no \
              more often than it must",
        source: "S31-S33; Ongaro 4.2.3, 6.4, 9.6",
        make: || Box::<leader_stability::LeaderStability>::default(),
    },
    Law {
        name: "call_deadlines",
        law: "a client says by the deadline of a call what became of it, if only that nobody knows",
        source: "S40",
        make: || Box::<call_deadlines::CallDeadlines>::default(),
    },
    Law {
        name: "read_your_writes",
        law: "a read shows every message that its own session had acknowledged before it asked",
        source: "Terry et al. 1994; Viotti & Vukolic 2016; checkers.md 4.7",
        make: || reads_reach::judge(&read_your_writes::LAW),
    },
    Law {
        name: "monotonic_reads",
        law: "a read shows whatever an earlier read of its session showed",
        source: "Terry et al. 1994; Viotti & Vukolic 2016; checkers.md 4.7",
        make: || reads_reach::judge(&monotonic_reads::LAW),
    },
    Law {
        name: "monotonic_writes",
        law: "what a session sent after an acknowledgement stands above what had been acknowledged",
        source: "Terry et al. 1994; Viotti & Vukolic 2016; Jepsen nonmonotonic-send",
        make: || sends_above::judge(&monotonic_writes::LAW),
    },
    Law {
        name: "writes_follow_reads",
        law: "what a session sent after a read stands above everything that the read showed",
        source: "Terry et al. 1994; Viotti & Vukolic 2016; checkers.md 4.7",
        make: || sends_above::judge(&writes_follow_reads::LAW),
    },
    Law {
        name: "causal_order",
        law: "who saw an effect sees its causes in every other partition from then on",
        source: "Lamport 1978; Viotti & Vukolic 2016; checkers.md 4.7",
        make: || Box::<causal_order::CausalOrder>::default(),
    },
    Law {
        name: "bounded_staleness",
        law: "a read at `bounded` misses nothing that was readable so long before it was asked",
        source: "Golab, Li & Shah 2011; Jepsen realtime-lag; checkers.md 4.9",
        make: || Box::<bounded_staleness::BoundedStaleness>::default(),
    },
    Law {
        name: "group_fencing",
        law: "a group has one owner for each partition in a generation, and turns away whatever \
              belongs to an earlier one",
        source: "S41; messaging.md 2.0 GF; checkers.md 4.8",
        make: || Box::<group_fencing::GroupFencing>::default(),
    },
    Law {
        name: "committed_offsets",
        law: "a committed offset is a register that only rises, never ahead of what its member was \
              given, and whoever takes a partition over goes on from it",
        source: "S41, I2, I3, I5; Jepsen redpanda abort; checkers.md 4.8",
        make: || Box::<committed_offsets::CommittedOffsets>::default(),
    },
    Law {
        name: "torn_transactions",
        law: "a reader of committed data sees all of a transaction or nothing as far as it reads, and \
              a group processes an input once",
        source: "KIP-98; Adya G1a; checkers.md 4.6; messaging.md 2.0 TX",
        make: || Box::<torn_transactions::TornTransactions>::default(),
    },
    Law {
        name: "transaction_cycles",
        law: "transactions can be put into one order that explains what each saw, as far as their \
              isolation promises it",
        source: "Adya, Liskov & O'Neil 2000; Kingsbury & Alvaro 2020",
        make: || Box::<transaction_cycles::TransactionCycles>::default(),
    },
    Law {
        name: "blast_radius",
        law: "a fault that touches no voter of a partition does not stop it beyond the bound",
        source: "messaging.md 2.0 BR, 3.8; DESIGN 4",
        make: || Box::<blast_radius::BlastRadius>::default(),
    },
    #[cfg(feature = "porcupine")]
    Law {
        name: "porcupine",
        law: "a second, independent search agrees that short histories of a partition are \
              linearizable",
        source: "Wing & Gong 1993; Lowe 2017",
        make: || Box::<porcupine::Porcupine>::default(),
    },
];

/// The laws that every simulated run exercises.
pub const DEFAULT: &[&str] = &[
    "claim_witness",
    "ack_witness",
    "leader_acks",
    "zero_loss",
    "offset_agreement",
    "producer_order",
    "linearizable_log",
    "election_safety",
    "log_matching",
    "leader_completeness",
    "committed_stays",
    "deletion_provenance",
    "membership_safety",
    "trace_completeness",
    "convergence",
    "liveness",
    "availability",
    "leader_stability",
    "call_deadlines",
];

/// The laws that some simulated runs exercise, and for which a scenario must ask: a bystander of a
/// fault needs a larger cluster, and the second opinion short runs.
pub const ON_DEMAND: &[&str] = &["blast_radius", "porcupine"];

impl Law {
    /// Whether simulated runs exercise it. The others judge what no system under test does yet:
    /// histories from elsewhere.
    pub fn is_for_runs(&self) -> bool {
        DEFAULT.contains(&self.name) || ON_DEMAND.contains(&self.name)
    }
}

/// The judges of these names, in this order; for an unknown name, the nearest valid ones.
pub fn checkers(names: &[String]) -> Result<Vec<Box<dyn Checker>>, String> {
    let find = |name: &String| match CATALOGUE.iter().find(|law| law.name == name) {
        Some(law) => Ok((law.make)()),
        None => Err(unknown(name)),
    };
    names.iter().map(find).collect()
}

fn unknown(name: &str) -> String {
    let names = CATALOGUE.iter().map(|law| law.name);
    format!("unknown checker `{name}` ({})", did_you_mean(name, names))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_judges_under_its_own_name_and_is_told_in_words() {
        for law in CATALOGUE {
            assert_eq!((law.make)().name(), law.name);
            assert!(!law.law.is_empty() && !law.source.is_empty());
        }
    }

    #[test]
    fn the_laws_for_runs_stand_in_the_catalogue_in_its_order() {
        let named = |name: &&&str| CATALOGUE.iter().any(|law| law.name == **name);
        let is_there = |name: &&&str| named(name) || **name == "porcupine";
        let for_runs: Vec<&str> =
            DEFAULT.iter().chain(ON_DEMAND).filter(is_there).copied().collect();
        assert_eq!(for_runs.len(), DEFAULT.len() + ON_DEMAND.len(), "a name without a law");
        let told: Vec<&str> =
            CATALOGUE.iter().filter(|law| law.is_for_runs()).map(|law| law.name).collect();
        assert_eq!(told, for_runs.into_iter().filter(|name| named(&name)).collect::<Vec<_>>());
    }

    #[test]
    fn judges_come_in_the_order_of_their_names() {
        let names = ["zero_loss".to_owned(), "ack_witness".to_owned()];
        let judges = checkers(&names).expect("known names");
        assert_eq!(judges.iter().map(|judge| judge.name()).collect::<Vec<_>>(), names);
    }

    #[test]
    fn an_unknown_name_is_an_error_with_the_nearest_one() {
        let error = checkers(&["zero_los".to_owned()]).err().expect("an error");
        assert_eq!(error, "unknown checker `zero_los` (did you mean `zero_loss`?)");
    }
}
