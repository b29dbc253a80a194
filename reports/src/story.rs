//! One broken law as one story: what was promised, who is meant, what happened in order, which
//! faults were at work meanwhile, and what it comes to. Nothing is guessed: the promise is the one
//! that the client asked for, the faults are those of the world, and what it comes to is what the
//! law is there for.

use crate::{
    levels,
    names::{self, moment},
    words::plural,
};
use checkers::{Ask, Evidence, Judgement, Outcome, Run};
use scenarios::Plan;

/// Faults that are told of one law.
const FAULTS_MAX: usize = 8;

/// A broken law, ready to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Story {
    /// The law's name.
    pub law: String,
    /// What it asks for, and where it comes from.
    pub asks: String,
    /// How it was broken, in a sentence.
    pub summary: String,
    /// Nodes, offset and message, each resolved once.
    pub who: String,
    /// What was promised of the message, by which level, and when.
    pub promised: Option<String>,
    /// What happened: moments from the begin of trouble, and words.
    pub lines: Vec<(String, String)>,
    /// Faults at work between the first and the last line, and how many more there were.
    pub faults: Vec<(String, String)>,
    /// How many more there were.
    pub faults_left_out: usize,
    /// What it comes to.
    pub therefore: Option<String>,
}

impl Story {
    /// The story of a law that was broken.
    pub(crate) fn of(plan: &Plan, run: &Run, judgement: &Judgement, evidence: &Evidence) -> Story {
        let zero = names::zero_ns(run);
        let law = checkers::CATALOGUE.iter().find(|law| law.name == judgement.name);
        let (faults, faults_left_out) = faults(run, evidence, zero);
        Story {
            law: judgement.name.clone(),
            asks: law.map_or(String::new(), |law| format!("{} ({})", law.law, law.source)),
            summary: evidence.summary.clone(),
            who: who(plan, run, evidence),
            promised: promised(run, evidence, zero),
            lines: evidence
                .lines
                .iter()
                .map(|line| (moment(line.at_ns, zero), line.text.clone()))
                .collect(),
            faults,
            faults_left_out,
            therefore: therefore(&judgement.name, evidence),
        }
    }
}

/// Every node that the evidence names, then offset, message and how many there were.
fn who(plan: &Plan, run: &Run, evidence: &Evidence) -> String {
    let at_ns = evidence.lines.last().map_or(run.sim_ns, |line| line.at_ns);
    let texts = evidence.lines.iter().map(|line| line.text.as_str());
    let mut nodes: Vec<u32> = evidence.node.into_iter().collect();
    for text in [evidence.summary.as_str()].into_iter().chain(texts) {
        for node in names::nodes_in(text) {
            if !nodes.contains(&node) && (node as usize) <= plan.nodes.len() {
                nodes.push(node);
            }
        }
    }
    let mut parts: Vec<String> =
        nodes.iter().map(|node| names::node(plan, run, *node, evidence.partition, at_ns)).collect();
    if nodes.is_empty() {
        parts.extend(evidence.partition.map(|partition| format!("p{partition}")));
    }
    parts.extend(evidence.offset.map(|offset| format!("offset {offset}")));
    parts.extend(evidence.message.map(checkers::message::name));
    if evidence.count > 1 {
        parts.push(format!("the first of {}", plural(evidence.count, "violation")));
    }
    parts.join(" · ")
}

/// What the client of the message asked for and was told.
fn promised(run: &Run, evidence: &Evidence, zero: u64) -> Option<String> {
    let message = evidence.message?;
    let (call, acks) = run.history.calls.iter().find_map(|call| {
        let Ask::Produce { messages, acks, .. } = &call.ask else { return None };
        messages.contains(&message).then_some((call, acks))
    })?;
    let level = levels::acks(acks.name())?;
    let asked = moment(call.called.at_ns, zero);
    let client = call.client;
    let told = match (&call.outcome, call.returned) {
        (Outcome::Ok(_), Some(at)) => format!(
            "c{client} was told at {} that it is acknowledged at {}, {}: {}; it may lose {}",
            moment(at.at_ns, zero),
            level.name,
            level.answered,
            level.promises,
            level.may_lose
        ),
        (Outcome::Refused(_), Some(at)) => format!(
            "c{client} was told at {} that it is refused: it never appears",
            moment(at.at_ns, zero)
        ),
        (Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_), _) => {
            format!("c{client} was never told what became of it: nothing is promised")
        }
    };
    Some(format!("{} was asked for at {asked}; {told}", checkers::message::name(message)))
}

/// Faults at work between the first and the last line.
fn faults(run: &Run, evidence: &Evidence, zero: u64) -> (Vec<(String, String)>, usize) {
    let first = evidence.lines.iter().map(|line| line.at_ns).min().unwrap_or(0);
    let last = evidence.lines.iter().map(|line| line.at_ns).max().unwrap_or(u64::MAX);
    let mut told: Vec<(String, String)> = run
        .series
        .faults
        .iter()
        .filter(|(_, from, to)| *from <= last && *to >= first)
        .map(|(what, from, to)| {
            let until =
                if to > from { format!(", until {}", moment(*to, zero)) } else { String::new() };
            (moment(*from, zero), format!("{what}{until}"))
        })
        .collect();
    let left_out = told.len().saturating_sub(FAULTS_MAX);
    told.truncate(FAULTS_MAX);
    (told, left_out)
}

/// What a broken law comes to.
fn therefore(law: &str, evidence: &Evidence) -> Option<String> {
    let node = evidence.node.map_or("that node".to_owned(), |node| format!("n{node}"));
    let message = evidence.message.map_or("the message".to_owned(), checkers::message::name);
    Some(match law {
        "claim_witness" => format!(
            "whoever heard the claim counts {node} among the copies that commit. Until its flush \
             ends, a power cut of {node} takes the entry away, and the quorum that was counted was \
             never there"
        ),
        "ack_witness" => format!(
            "a node that lacks {message} can be elected, and would cut it from every other log: it \
             is acknowledged, and it can be lost without any further fault of a disk"
        ),
        "zero_loss" => "a client relies on what the system no longer has, or reads what it never \
                        wrote"
            .to_owned(),
        "leader_acks" => format!(
            "{message} was acknowledged by its leader's disk alone, and vanished without the one thing \
             that may take it: a leader of a newer term that never had it"
        ),
        "offset_agreement" => {
            "two readers of one offset were shown two messages: whoever acted on the first acted on \
             what never was"
                .to_owned()
        }
        "linearizable_log" => "no single order of the log explains what clients saw".to_owned(),
        "producer_order" => "an idempotent producer's messages do not stand once each, in the order \
                             in which it sent them"
            .to_owned(),
        "election_safety" => "two nodes may lead one term, and both may commit: logs part ways for \
                              ever"
            .to_owned(),
        "log_matching" => "two logs agree on an entry and differ before it: whatever is committed \
                           there is two things"
            .to_owned(),
        "leader_completeness" => format!(
            "an entry that {node} held to be committed is not in the log of a leader of a later \
             term. Elections compare the term of the last entry, not how many hold it: whoever has a \
             later last term wins and overwrites it (Raft's Figure 8)"
        ),
        "committed_stays" => {
            "what was committed was taken back: reads and acknowledgements of it were wrong".to_owned()
        }
        "deletion_provenance" => "entries vanished from a disk that nothing had a right to remove"
            .to_owned(),
        "membership_safety" => "two quorums that need not meet decide for one group".to_owned(),
        "trace_completeness" => "a client was told what the logs do not say".to_owned(),
        "convergence" => {
            "nothing is wrong any more, and replicas still differ: which of them is read decides \
             what is seen"
                .to_owned()
        }
        "liveness" => "nothing is wrong any more, and the system does not come back".to_owned(),
        "availability" => "nothing was wrong, and an honest call failed or was late".to_owned(),
        "leader_stability" => "a leader that was heard was deposed all the same".to_owned(),
        "call_deadlines" => "whoever waited for an answer still waits".to_owned(),
        "blast_radius" => "a fault stopped partitions that it did not touch".to_owned(),
        "porcupine" => "an independent implementation finds no order that explains the history"
            .to_owned(),
        "no_panic" => format!("{node} gave itself up: an assertion of its own did not hold"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_law_of_runs_says_what_it_comes_to() {
        let evidence = Evidence::default();
        for law in scenarios::CHECKERS.iter().chain(&["no_panic", "blast_radius", "porcupine"]) {
            assert!(therefore(law, &evidence).is_some(), "{law}");
        }
    }
}
