//! What must be true in every state, said once more in the test's own words: no rule of the system is asked.
//! Some laws need only one node and what leaves it, others look at all nodes and at what was promised.

use crate::local::{Local, Sent};
use system::{
    Acks, EntryId, Message, NodeId, Refusal, Term, batch,
    entry::Kind,
    wire::{
        Answer, Peer,
        answer::{Produced, Refused},
        peer::{AppendOk, BeatOk, VoteReply},
    },
};

/// A law that does not hold, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub(crate) law: &'static str,
    pub(crate) why: String,
}

/// An entry, and the message that it holds; 0 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    pub(crate) id: EntryId,
    pub(crate) message: u8,
}

/// What laws see of a node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// Its log, and how far it believes it to be committed.
    pub(crate) log: Vec<Item>,
    pub(crate) commit: usize,
    /// The term that it leads.
    pub(crate) leads: Option<Term>,
    /// What a power loss would leave: log, term and vote.
    pub(crate) durable: Vec<Item>,
    pub(crate) term: Term,
    pub(crate) vote: Option<NodeId>,
}

/// What was promised and seen so far, which no node can take back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Promised {
    /// The longest log that any node has committed.
    pub(crate) committed: Vec<Item>,
    /// Messages that were refused for certain.
    pub(crate) refused: Vec<u8>,
}

fn items(log: &system::Log) -> Vec<Item> {
    let entries = (1..=log.last_index()).filter_map(|index| log.get(index));
    let message = |entry: &system::Entry| match entry.kind() {
        Kind::Messages => batch::first(entry.body()).expect("a message") as u8,
        Kind::Noop | Kind::Command => 0,
    };
    entries.map(|entry| Item { id: entry.id(), message: message(entry) }).collect()
}

impl Look {
    /// What laws see of this node. The error says why it would not start again.
    pub(crate) fn at(local: &Local) -> Result<Look, String> {
        let view = local.replica.view();
        let durable = local.disk.read_durable(local.node)?;
        Ok(Look {
            log: items(local.replica.log()),
            commit: view.commit as usize,
            leads: local.is_leader().then_some(view.term),
            durable: items(&durable.log),
            term: durable.hard.term,
            vote: durable.hard.vote,
        })
    }

    pub(crate) fn committed(&self) -> &[Item] {
        &self.log[..self.commit]
    }
}

/// The laws of one node that went from one state to another and sent this.
pub(crate) fn judge_turn(node: NodeId, from: &Look, to: &Look, sent: &Sent) -> Option<Broken> {
    let (before, after) = ((from.term, from.vote), (to.term, to.vote));
    let is_kept = after.0 > before.0
        || (after.0 == before.0 && before.1.is_none_or(|vote| Some(vote) == after.1));
    if !is_kept {
        let why = format!("n{node} had durably voted {before:?}, and has now {after:?}");
        return Some(Broken { law: "one_vote_a_term", why });
    }
    if let Some(term) = to.leads
        && (to.term < term || (to.term == term && to.vote != Some(node)))
    {
        let why = format!("n{node} leads term {term}, and its disk knows only {after:?}");
        return Some(Broken { law: "one_vote_a_term", why });
    }
    let mut said =
        sent.frames.iter().flat_map(|(to, _, said)| said.iter().map(move |it| (*to, it)));
    said.find_map(|(receiver, message)| judge_claim((node, receiver), to, message))
}

/// Whatever a node claims to be durable is: entries, the term under which it speaks, and votes (S4, S9).
fn judge_claim(
    (node, receiver): (NodeId, NodeId),
    look: &Look,
    message: &Message,
) -> Option<Broken> {
    let (term, matched) = match message {
        Message::Peer(Peer::VoteReply(VoteReply { term, granted: true })) => {
            let is_past = look.term > *term;
            let is_kept = is_past || (look.term == *term && look.vote == Some(receiver));
            return (!is_kept).then(|| Broken {
                law: "claims_are_durable",
                why: format!(
                    "n{node} gives n{receiver} its vote of term {term}, and its disk knows term {} \
                     and vote {:?}",
                    look.term, look.vote
                ),
            });
        }
        Message::Peer(Peer::AppendOk(AppendOk { term, matched, .. })) => (*term, *matched),
        Message::Peer(Peer::BeatOk(BeatOk { term, matched, .. })) => (*term, *matched),
        Message::Peer(
            Peer::VoteReply(_)
            | Peer::PreVote(_)
            | Peer::PreVoteReply(_)
            | Peer::Vote(_)
            | Peer::Append(_)
            | Peer::AppendReject(_)
            | Peer::Beat(_)
            | Peer::Over(_),
        )
        | Message::Ask { .. }
        | Message::Answer { .. } => return None,
    };
    let place = matched.index as usize;
    let holds = place == 0 || look.durable.get(place - 1).is_some_and(|item| item.id == matched);
    let is_claim = place > 0;
    let why = if !holds {
        format!("n{node} claims {} to n{receiver}, and its disk does not hold it", name(matched))
    } else if is_claim && look.term < term {
        format!(
            "n{node} claims {} to n{receiver} under term {term}, and its disk knows term {}",
            name(matched),
            look.term
        )
    } else {
        return None;
    };
    Some(Broken { law: "claims_are_durable", why })
}

/// One leader a term, whoever it was first.
pub(crate) fn judge_leader(leaders: &mut [u8], node: NodeId, look: &Look) -> Result<(), Broken> {
    let Some(term) = look.leads else { return Ok(()) };
    let first = &mut leaders[term as usize];
    if *first == 0 {
        *first = node as u8;
    }
    if u32::from(*first) == node {
        return Ok(());
    }
    let why = format!("n{node} leads term {term}, which n{first} led");
    Err(Broken { law: "one_leader_a_term", why })
}

/// What one node has committed is what every other has, as far as both go, for ever; says if it is more
/// than anyone had.
pub(crate) fn judge_commit(committed: &[Item], node: NodeId, look: &Look) -> Result<bool, Broken> {
    let own = look.committed();
    let differs = committed.iter().zip(own).find(|(before, now)| before.id != now.id);
    match differs {
        Some((before, now)) => Err(Broken {
            law: "committed_stays",
            why: format!(
                "{} was committed, and n{node} commits {} in its place",
                name(before.id),
                name(now.id)
            ),
        }),
        None => Ok(own.len() > committed.len()),
    }
}

/// What a client is told to be safe is: committed, and on the disks of a quorum, in two regions if that is
/// what it asked for (S9, J4).
pub(crate) fn judge_answers(
    committed: &[Item],
    (looks, regions): (&[&Look], &[u32]),
    answers: &[(u64, Answer)],
) -> Result<(), Broken> {
    for (message, answer) in answers {
        let (acks, entry) = match answer {
            Answer::Produced(Produced { acks, receipt }) => (*acks, receipt.entry),
            Answer::Refused(_) | Answer::Fetched(_) | Answer::Directory(_) => continue,
        };
        let holds = |log: &[Item]| log.iter().any(|item| item.id == entry);
        let copies = looks.iter().zip(regions).filter(|(look, _)| holds(&look.durable));
        let mut regions: Vec<u32> = copies.map(|(_, region)| *region).collect();
        let n_copies = regions.len();
        regions.dedup();
        let is_spread = acks != Acks::RegionQuorum || regions.len() > 1;
        if !holds(committed) || n_copies <= looks.len() / 2 || !is_spread {
            let (entry, n_regions) = (name(entry), regions.len());
            let why = format!(
                "m{message} is acknowledged at {entry} ({acks:?}), with {n_copies} durable copies \
                 in {n_regions} regions"
            );
            return Err(Broken { law: "acknowledged_is_safe", why });
        }
    }
    Ok(())
}

/// A message that was refused for certain is never committed (S40), and none is committed twice (S36).
pub(crate) fn judge_messages(promised: &Promised) -> Option<Broken> {
    let Promised { committed, refused } = promised;
    let messages = || committed.iter().filter(|item| item.message > 0);
    if let Some(Item { id, message }) = messages().find(|item| refused.contains(&item.message)) {
        let why = format!("m{message} was refused for certain, and is committed at {}", name(*id));
        return Some(Broken { law: "refused_stays_out", why });
    }
    let same = |one: &&Item| messages().any(|it| it.message == one.message && it.id != one.id);
    let Item { id, message } = messages().find(same)?;
    let why = format!("m{message} is committed at {}, and once more", name(*id));
    Some(Broken { law: "messages_stand_once", why })
}

/// The message that an answer refuses for certain, if it does: its client will call it a failure.
pub(crate) fn refuses(message: u64, answer: &Answer) -> Option<u8> {
    match answer {
        Answer::Refused(Refused { why, .. }) => match why {
            Refusal::NotTaken | Refusal::Fenced | Refusal::Malformed => Some(message as u8),
            Refusal::NotLeader
            | Refusal::NotReady
            | Refusal::UnknownPartition
            | Refusal::OutOfOrder
            | Refusal::LeadershipLost
            | Refusal::Unconfirmed => None,
        },
        Answer::Produced(_) | Answer::Fetched(_) | Answer::Directory(_) => None,
    }
}

/// Two logs that hold an entry of the same term at an index are the same up to there (Ongaro 3.5), in memory
/// and on disks.
pub(crate) fn judge_logs(looks: &[&Look]) -> Option<Broken> {
    let logs = || {
        looks
            .iter()
            .enumerate()
            .flat_map(|(place, look)| [(place, &look.log), (place, &look.durable)])
    };
    for (one, log) in logs() {
        for (other, twin) in logs().filter(|(other, _)| *other > one) {
            let last = log.iter().zip(twin).rposition(|(a, b)| a.id.term == b.id.term);
            let Some(last) = last else { continue };
            if let Some(place) = (0..=last).find(|place| log[*place].id != twin[*place].id) {
                let (one, other) = (one + 1, other + 1);
                let why = format!("n{one} and n{other} hold different entries at {}", place + 1);
                return Some(Broken { law: "log_matching", why });
            }
        }
    }
    None
}

/// Nobody who lacks what is committed could be elected, whoever loses power now (Ongaro 3.6.3, S14): any
/// voter may stand with its log as it is, or as its disk knows it, and every other may vote by either.
pub(crate) fn judge_electable(
    committed: &[Item],
    looks: &[&Look],
    quorum: usize,
) -> Option<Broken> {
    let last = committed.last()?;
    let holds = |log: &[Item]| log.get(committed.len() - 1) == Some(last);
    let end = |log: &[Item]| log.last().map_or((0, 0), |item| (item.id.term, item.id.index));
    for (place, look) in looks.iter().enumerate() {
        for log in [&look.log, &look.durable] {
            if holds(log) {
                continue;
            }
            let votes =
                |voter: &&Look| end(log) >= end(&voter.log) || end(log) >= end(&voter.durable);
            let others = looks.iter().enumerate().filter(|(other, _)| *other != place);
            let granted = 1 + others.filter(|(_, voter)| votes(voter)).count();
            if granted >= quorum {
                let (node, entry) = (place + 1, name(last.id));
                let why = format!("{entry} is committed, and n{node} could win without it");
                return Some(Broken { law: "leaders_are_complete", why });
            }
        }
    }
    None
}

/// `index@term`.
pub(crate) fn name(id: EntryId) -> String {
    format!("{}@{}", id.index, id.term)
}
