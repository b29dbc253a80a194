//! The laws, one for each file, and their catalogue: what a plan may name and `list` shows.
//!
//! A name is the field's word in snake_case and never changes its meaning. What a law does not look
//! at stands in its own file; that a node must not panic is seen by whoever runs it.

mod aborted_read;
mod ack_witness;
mod claim_witness;
mod committed_stays;
mod convergence;
mod existence;
mod leader_completeness;
mod linearizable_log;
mod liveness;
mod looks;
mod lost_for_some;
mod lost_write;
mod nonmonotonic_poll;
mod nonmonotonic_send;
mod offset_agreement;
mod one_leader_per_term;
mod open_transactions;
mod phantom;
mod poll_skip;
#[cfg(feature = "porcupine")]
mod porcupine;
mod positions;
mod precommitted_read;
mod producer_order;
mod send_skip;
mod stale_poll;
mod told;
mod unseen;
mod words;
mod zero_loss;

use crate::checker::Checker;

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
    #[cfg(feature = "porcupine")]
    Law {
        name: "porcupine",
        law: "a second, independent search agrees that short histories of a partition are \
              linearizable",
        source: "Wing & Gong 1993; Lowe 2017",
        make: || Box::<porcupine::Porcupine>::default(),
    },
];

/// The laws that every simulated run exercises. Of the others, `porcupine` is only for short runs, and
/// the rest look at polls, transactions and whole histories of foreign logs.
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
        let default = CATALOGUE.iter().map(|law| law.name).filter(|name| DEFAULT.contains(name));
        assert_eq!(default.collect::<Vec<_>>(), DEFAULT, "every default law, in this order");
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
