//! The laws, one for each file, and their catalogue: what a plan may name and `list` shows.
//!
//! A name is the field's word in snake_case and never changes its meaning. What a law does not look
//! at stands in its own file; that a node must not panic is seen by whoever runs it.

mod ack_witness;
mod bounded_staleness;
mod causal_order;
mod claim_witness;
mod committed_offsets;
mod committed_stays;
mod convergence;
mod group_fencing;
mod leader_completeness;
mod linearizable_log;
mod liveness;
mod monotonic_reads;
mod monotonic_writes;
mod offset_agreement;
mod one_leader_per_term;
#[cfg(feature = "porcupine")]
mod porcupine;
mod producer_order;
mod read_your_writes;
mod torn_transactions;
mod transaction_cycles;
mod writes_follow_reads;
mod zero_loss;

use crate::checker::{Checker, Topic};

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
        judge.topics().iter().any(|topic| matches!(topic, Topic::Clients | Topic::Ledger))
    }
}

/// Every law there is.
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
        name: "one_leader_per_term",
        law: "each term of a group has at most one leader, for ever",
        source: "Ongaro 3.4; S4, S5",
        make: || Box::<one_leader_per_term::OneLeaderPerTerm>::default(),
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
        name: "convergence",
        law: "after heal and drain all replicas hold identical bytes",
        source: "messaging.md 2.0 CV; checkers.md 4.10",
        make: || Box::<convergence::Convergence>::default(),
    },
    Law {
        name: "liveness",
        law: "after heal every partition with its quorums acknowledges within the bound",
        source: "DESIGN 4; messaging.md 2.0 LV",
        make: || Box::<liveness::Liveness>::default(),
    },
    Law {
        name: "read_your_writes",
        law: "a read shows every message that its own session had acknowledged before it asked",
        source: "Terry et al. 1994; Viotti & Vukolic 2016; checkers.md 4.7",
        make: || Box::<read_your_writes::ReadYourWrites>::default(),
    },
    Law {
        name: "monotonic_reads",
        law: "a read shows whatever an earlier read of its session showed",
        source: "Terry et al. 1994; Viotti & Vukolic 2016; checkers.md 4.7",
        make: || Box::<monotonic_reads::MonotonicReads>::default(),
    },
    Law {
        name: "monotonic_writes",
        law: "what a session sent after an acknowledgement stands above what had been acknowledged",
        source: "Terry et al. 1994; Viotti & Vukolic 2016; Jepsen nonmonotonic-send",
        make: || Box::<monotonic_writes::MonotonicWrites>::default(),
    },
    Law {
        name: "writes_follow_reads",
        law: "what a session sent after a read stands above everything that the read showed",
        source: "Terry et al. 1994; Viotti & Vukolic 2016; checkers.md 4.7",
        make: || Box::<writes_follow_reads::WritesFollowReads>::default(),
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
    #[cfg(feature = "porcupine")]
    Law {
        name: "porcupine",
        law: "a second, independent search agrees that short histories of a partition are \
              linearizable",
        source: "Wing & Gong 1993; Lowe 2017",
        make: || Box::<porcupine::Porcupine>::default(),
    },
];

/// The laws that every simulated run can exercise; the others judge what only some histories have.
pub const DEFAULT: &[&str] = &[
    "claim_witness",
    "ack_witness",
    "zero_loss",
    "offset_agreement",
    "producer_order",
    "linearizable_log",
    "one_leader_per_term",
    "leader_completeness",
    "committed_stays",
    "convergence",
    "liveness",
];

/// The judges of these names, in this order; for an unknown name, the nearest valid ones.
pub fn checkers(names: &[String]) -> Result<Vec<Box<dyn Checker>>, String> {
    let find = |name: &String| match CATALOGUE.iter().find(|law| law.name == name) {
        Some(law) => Ok((law.make)()),
        None => Err(unknown(name)),
    };
    names.iter().map(find).collect()
}

fn unknown(name: &str) -> String {
    let mut near: Vec<(usize, &str)> = CATALOGUE
        .iter()
        .map(|law| (strsim::damerau_levenshtein(name, law.name), law.name))
        .collect();
    near.sort_unstable();
    let near: Vec<String> = near
        .iter()
        .enumerate()
        .filter(|(place, (distance, _))| *place == 0 || *distance <= 2)
        .map(|(_, (_, name))| format!("`{name}`"))
        .collect();
    format!("unknown checker `{name}` (did you mean {}?)", near.join(" or "))
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
        let all = CATALOGUE.iter().map(|law| law.name);
        let default: Vec<&str> = all.filter(|name| DEFAULT.contains(name)).collect();
        assert_eq!(DEFAULT, default, "every default law is in the catalogue, in its order");
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
