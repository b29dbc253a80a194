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

#[cfg(test)]
mod tests {
    use super::*;
    use system::{Frame, Receipt};

    /// The entry at an index, of a term; it holds the message of its index, if it is not the first.
    fn item(index: u64, term: Term) -> Item {
        let id = EntryId { index, term, hash: 100 * term + index };
        Item { id, message: (index - 1) as u8 }
    }

    fn log(terms: &[Term]) -> Vec<Item> {
        (1..).zip(terms).map(|(index, term)| item(index, *term)).collect()
    }

    /// A follower whose log is durable, in the term of its end.
    fn look(terms: &[Term]) -> Look {
        let (log, term) = (log(terms), terms.last().copied().unwrap_or(0));
        Look { durable: log.clone(), log, commit: 0, leads: None, term, vote: None }
    }

    fn told(result: Result<(), Broken>) -> String {
        result.map_or_else(|broken| format!("{}: {}", broken.law, broken.why), |()| "holds".into())
    }

    fn told_of(broken: Option<Broken>) -> String {
        told(broken.map_or(Ok(()), Err))
    }

    fn says(message: impl Into<Message>) -> Sent {
        let frame = Frame { head: Vec::new(), bodies: Vec::new() };
        Sent { frames: vec![(1, frame, vec![message.into()])], ..Sent::default() }
    }

    #[test]
    fn a_vote_that_changes_or_was_never_durable_is_seen() {
        let voted = |term, vote| Look { term, vote, ..look(&[1]) };
        let judge = |from, to| told_of(judge_turn(2, &from, &to, &Sent::default()));
        assert_eq!(judge(voted(2, None), voted(2, Some(1))), "holds");
        assert_eq!(judge(voted(2, Some(3)), voted(3, Some(1))), "holds");
        let changed = judge(voted(2, Some(3)), voted(2, Some(1)));
        assert!(changed.starts_with("one_vote_a_term: n2 had durably voted"), "{changed}");
        assert!(judge(voted(3, None), voted(2, None)).starts_with("one_vote_a_term"));
        let leads = |term, vote| Look { leads: Some(2), ..voted(term, vote) };
        assert_eq!(judge(voted(1, None), leads(2, Some(2))), "holds");
        for unkept in [leads(1, None), leads(2, None)] {
            let told = judge(voted(1, None), unkept);
            assert!(told.starts_with("one_vote_a_term: n2 leads term 2"), "{told}");
        }
    }

    #[test]
    fn a_claim_that_the_disk_does_not_cover_is_seen() {
        let judge = |look: &Look, sent| told_of(judge_turn(2, look, look, &sent));
        let own = Look { vote: Some(1), ..look(&[1, 1]) };
        let granted = |term| says(VoteReply { term, granted: true });
        assert_eq!(judge(&own, granted(1)), "holds");
        assert!(judge(&own, granted(2)).starts_with("claims_are_durable: n2 gives n1 its vote"));
        let other = Look { vote: Some(3), ..own.clone() };
        assert!(judge(&other, granted(1)).starts_with("claims_are_durable"));
        assert_eq!(judge(&own, says(VoteReply { term: 9, granted: false })), "holds");
        let ok = |term, matched| says(AppendOk { term, generation: 0, matched });
        assert_eq!(judge(&own, ok(1, item(2, 1).id)), "holds");
        let ends = judge(&own, ok(1, item(3, 1).id));
        assert_eq!(ends, "claims_are_durable: n2 claims 3@1 to n1, and its disk does not hold it");
        assert!(judge(&own, ok(2, item(2, 2).id)).contains("does not hold it"));
        let (sequence, sent, generation, verified) = (1, 2, 0, 2);
        let beat =
            |term, matched| says(BeatOk { term, sequence, sent, generation, verified, matched });
        assert!(judge(&own, beat(2, item(2, 1).id)).ends_with("its disk knows term 1"));
        assert_eq!(judge(&own, beat(2, EntryId::default())), "holds");
    }

    #[test]
    fn a_second_leader_and_a_second_truth_are_seen() {
        let leads = |term| Look { leads: Some(term), ..look(&[1]) };
        let mut leaders = [0; 4];
        assert_eq!(told(judge_leader(&mut leaders, 1, &leads(2))), "holds");
        assert_eq!(told(judge_leader(&mut leaders, 1, &leads(2))), "holds");
        let second = told(judge_leader(&mut leaders, 3, &leads(2)));
        assert_eq!(second, "one_leader_a_term: n3 leads term 2, which n1 led");
        let commits = |terms| Look { commit: 2, ..look(terms) };
        assert_eq!(judge_commit(&log(&[1]), 2, &commits(&[1, 1])), Ok(true));
        assert_eq!(judge_commit(&log(&[1, 1, 1]), 2, &commits(&[1, 1])), Ok(false));
        let other = judge_commit(&log(&[1, 1]), 2, &commits(&[1, 2])).expect_err("another entry");
        assert_eq!(other.why, "2@1 was committed, and n2 commits 2@2 in its place");
        assert_eq!(other.law, "committed_stays");
    }

    #[test]
    fn logs_that_part_and_meet_again_are_seen_in_memory_and_on_disk() {
        let (one, other) = (look(&[1, 1, 3]), look(&[1, 2, 2]));
        assert_eq!(told_of(judge_logs(&[&one, &other])), "holds");
        let met = look(&[1, 2, 3]);
        let told = told_of(judge_logs(&[&one, &met]));
        assert_eq!(told, "log_matching: n1 and n2 hold different entries at 2");
        let durable = Look { durable: met.durable, ..look(&[1]) };
        assert!(told_of(judge_logs(&[&one, &durable])).starts_with("log_matching"));
    }

    #[test]
    fn whoever_could_win_without_what_is_committed_is_seen() {
        let judge = |looks: [&Look; 3]| told_of(judge_electable(&log(&[1, 1]), &looks, 2));
        let (has, lacks) = (look(&[1, 1]), look(&[1]));
        assert_eq!(judge([&has, &has, &lacks]), "holds");
        let could = "leaders_are_complete: 2@1 is committed, and n3 could win without it";
        assert_eq!(judge([&has, &look(&[1, 2]), &look(&[1, 2])]).replace("n2", "n3"), could);
        // A newer last entry beats it, and so does a power loss that takes it from the second copy.
        assert_eq!(judge([&has, &has, &look(&[1, 2])]), could);
        let volatile = Look { durable: lacks.durable.clone(), ..has.clone() };
        assert!(judge([&has, &volatile, &lacks]).starts_with("leaders_are_complete"));
    }

    #[test]
    fn an_answer_that_promises_too_much_is_seen() {
        let produced = |acks| {
            let receipt = Receipt { incarnation: 1, entry: item(2, 1).id, offset: 0 };
            [(1, Answer::Produced(Produced { acks, receipt }))]
        };
        let (has, lacks) = (look(&[1, 1]), look(&[1]));
        let judge = |committed: &[Item], looks: &[&Look], acks| {
            told(judge_answers(committed, (looks, &[0, 0, 1]), &produced(acks)))
        };
        let (all, two) = (log(&[1, 1]), [&has, &has, &lacks]);
        assert_eq!(judge(&all, &two, Acks::Quorum), "holds");
        assert_eq!(judge(&all, &[&has, &lacks, &has], Acks::RegionQuorum), "holds");
        let near = judge(&all, &two, Acks::RegionQuorum);
        assert!(near.ends_with("with 2 durable copies in 1 regions"), "{near}");
        let open = judge(&log(&[1]), &two, Acks::Quorum);
        assert!(open.starts_with("acknowledged_is_safe: m1 is acknowledged at 2@1"), "{open}");
        let few = judge(&all, &[&has, &lacks, &lacks], Acks::Quorum);
        assert!(few.starts_with("acknowledged_is_safe"), "{few}");
    }

    #[test]
    fn a_message_that_was_refused_or_stands_twice_is_seen() {
        let promised = |refused| Promised { committed: log(&[1, 1, 1]), refused };
        assert_eq!(told_of(judge_messages(&promised(vec![]))), "holds");
        assert_eq!(told_of(judge_messages(&promised(vec![7]))), "holds");
        let refused = told_of(judge_messages(&promised(vec![2])));
        assert!(refused.starts_with("refused_stays_out: m2 was refused"), "{refused}");
        let mut twice = promised(vec![]);
        twice.committed[2].message = 1;
        let told = told_of(judge_messages(&twice));
        assert_eq!(told, "messages_stand_once: m1 is committed at 2@1, and once more");
        let refused = |why| Answer::Refused(Refused { why, term: 1, leader: 0 });
        assert_eq!(refuses(2, &refused(Refusal::NotTaken)), Some(2));
        assert_eq!(refuses(2, &refused(Refusal::NotLeader)), None);
    }
}
