//! **leader_acks**: what was acknowledged at `leader` vanishes only when a leader of a newer term,
//! whose log lacked it, overrules it (messaging.md 3.3; S13; Ongaro 3.5). `ack_witness` asks at the
//! moment of the acknowledgement whether the leader's own disk holds the entry; this law asks what
//! becomes of it afterwards. It is the weakest promise that is one: no crash, no power loss, no pause
//! and no restart may take such a message, only a change of leader may.
//!
//! 1. The entry leaves the disk of the node that acknowledged it: then some node leads a term above
//!    that of the acknowledgement, the node that gives the entry up has heard of that term, and the log
//!    of its leader lacked the entry when it came to lead. Such a loss is *permitted*, and told with
//!    this arithmetic. Anything else is a violation.
//! 2. The entry still stands on that disk and lies below what its group had committed when the drain
//!    began: then a complete drain reads it.
//!
//! An entry is known by the first message of the call that it answers. Who leads a term is the node's
//! own word, told when it changes; what logs hold is the truth of disks. Copies elsewhere are nobody's
//! promise at this level.

use super::told::{Told, told};
use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{EntryId, Fact, FactKind, Group, Node, ReplicaView, Role},
    history::{Acks, Call, Mark, MessageId, Offset, Partition, Stamp},
    truth::DiskTruth,
    verdict::{Evidence, Verdict},
};
use std::collections::{BTreeMap, BTreeSet};

/// An acknowledgement at `leader`.
#[derive(Clone, Copy, Debug)]
struct Kept {
    at: Stamp,
    node: Node,
    group: Group,
    /// The term in which the node led when it acknowledged.
    term: u64,
    entry: EntryId,
    offset: Offset,
    message: MessageId,
    is_read: bool,
}

/// Who led a term, and where its durable log ended when it came to lead.
#[derive(Clone, Copy, Debug)]
struct Leader {
    node: Node,
    at: Stamp,
    last: u64,
}

/// One group.
#[derive(Debug, Default)]
struct Known {
    /// By index and node: acknowledgements whose entry stands on that node's disk.
    standing: BTreeMap<(u64, Node), Vec<usize>>,
    /// By term.
    leaders: BTreeMap<u64, Leader>,
    /// The newest term that each node was seen in, by node.
    terms: BTreeMap<Node, u64>,
    /// How far anybody held it to be committed; and as it was when the drain began.
    committed: u64,
    committed_at_drain: u64,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct LeaderAcks {
    groups: Vec<Known>,
    kept: Vec<Kept>,
    messages: BTreeMap<MessageId, usize>,
    draining: Option<Stamp>,
    drained: BTreeSet<Partition>,
    /// The first loss that was permitted, in words, and how many there were.
    permitted: Option<(String, u64)>,
    breach: Breach,
}

impl Checker for LeaderAcks {
    fn name(&self) -> &'static str {
        "leader_acks"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Replicas]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Acked, FactKind::DurableCut, FactKind::Committed]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Fact(Fact::Acked {
                node,
                group,
                acks: Acks::Leader,
                entry,
                offset,
                message,
            }) => {
                self.keep(at, (*node, *group), *entry, (*offset, *message));
            }
            Event::Fact(Fact::DurableCut { node, group, .. }) => {
                self.judge_cut(at, *node, *group, &shared.disks);
            }
            Event::Fact(Fact::Committed { group, entries, .. }) => {
                let known = seat(&mut self.groups, *group);
                let last = entries.last().map_or(0, |entry| entry.index);
                known.committed = known.committed.max(last);
            }
            Event::Fact(_) => {}
            Event::Seen(seen) => self.know(at, seen, &shared.disks),
            Event::Returned(call) if !self.messages.is_empty() => self.note_reads(call),
            Event::Mark(Mark::Draining) => self.begin_drain(at),
            Event::Mark(Mark::Drained { partition, .. }) => {
                self.drained.insert(*partition);
            }
            Event::Returned(_)
            | Event::Called(_)
            | Event::Numbered(..)
            | Event::Mark(Mark::Booted | Mark::Healed { .. } | Mark::Ended) => {}
        }
    }

    fn finish(mut self: Box<Self>, shared: &Shared) -> Verdict {
        self.judge_reads(&shared.disks);
        let covered = self.kept.len() as u64;
        self.breach.verdict_or(|| {
            Verdict::holds_if_covered(covered, "no acknowledgement at `leader` left any node")
        })
    }

    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        let words = |(first, count): &(String, u64)| {
            format!("{count} acknowledged at `leader` were overruled; the first: {first}")
        };
        self.permitted.iter().map(words).collect()
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl LeaderAcks {
    fn keep(
        &mut self,
        at: Stamp,
        (node, group): (Node, Group),
        entry: EntryId,
        (offset, message): (Offset, MessageId),
    ) {
        let place = self.kept.len();
        let known = seat(&mut self.groups, group);
        let term = known.terms.get(&node).copied().unwrap_or(0).max(entry.term);
        known.standing.entry((entry.index, node)).or_default().push(place);
        self.messages.insert(message, place);
        self.kept.push(Kept { at, node, group, term, entry, offset, message, is_read: false });
    }

    fn know(&mut self, at: Stamp, seen: &ReplicaView, truth: &DiskTruth) {
        let known = seat(&mut self.groups, seen.group);
        let term = known.terms.entry(seen.node).or_default();
        *term = (*term).max(seen.term);
        if seen.role == Role::Leader {
            let last = truth.log(seen.node, seen.group).last().map_or(0, |last| last.index);
            known.leaders.entry(seen.term).or_insert(Leader { node: seen.node, at, last });
        }
    }

    /// Entries left a disk: each that its own node had acknowledged must have been overruled.
    fn judge_cut(&mut self, at: Stamp, node: Node, group: Group, truth: &DiskTruth) {
        let Some(known) = self.groups.get_mut(group as usize) else { return };
        for gone in truth.removed() {
            for place in known.standing.remove(&(gone.index, node)).unwrap_or_default() {
                let kept = self.kept[place];
                if kept.entry != gone {
                    continue;
                }
                match known.overruled(&kept, truth) {
                    Some((term, leader)) => {
                        let (_, count) = self
                            .permitted
                            .get_or_insert_with(|| (overruled(&kept, term, &leader), 0));
                        *count += 1;
                    }
                    None => self.breach.add(|| vanished(at, &kept, known)),
                }
            }
        }
    }

    fn note_reads(&mut self, call: &Call) {
        if self.draining.is_none_or(|since| call.called <= since) {
            return;
        }
        told(call, |told| match told {
            Told::Fetched { records, .. } | Told::Polled { records, .. } => {
                for record in records {
                    if let Some(place) = self.messages.get(&record.message) {
                        self.kept[*place].is_read = true;
                    }
                }
            }
            Told::Wrote(..) => {}
        });
    }

    fn begin_drain(&mut self, at: Stamp) {
        self.draining = Some(at);
        for known in &mut self.groups {
            known.committed_at_drain = known.committed;
        }
    }

    /// What stands and was committed when the drain began was read by it.
    fn judge_reads(&mut self, truth: &DiskTruth) {
        let Some(since) = self.draining else { return };
        for kept in &self.kept {
            let was_read = self.messages.get(&kept.message).map(|place| self.kept[*place].is_read);
            let committed = self.groups[kept.group as usize].committed_at_drain;
            let is_owed = kept.entry.index <= committed && self.drained.contains(&kept.group);
            let stands = truth.log(kept.node, kept.group).has(kept.entry);
            if is_owed && stands && was_read == Some(false) {
                self.breach.add(|| unread(since, kept));
            }
        }
    }
}

impl Known {
    /// Who overruled this acknowledgement: a leader of a newer term, of which the node had heard, whose
    /// log lacked the entry.
    fn overruled(&self, kept: &Kept, truth: &DiskTruth) -> Option<(u64, Leader)> {
        let heard = self.terms.get(&kept.node).copied().unwrap_or(0);
        let lacked = |leader: &Leader| {
            let holds = truth.log(leader.node, kept.group).has(kept.entry);
            leader.node != kept.node && (leader.last < kept.entry.index || !holds)
        };
        let newer = self.leaders.range(kept.term + 1..=heard.max(kept.term + 1));
        newer
            .map(|(term, leader)| (*term, *leader))
            .find(|(term, leader)| *term <= heard && lacked(leader))
    }
}

fn named(kept: &Kept) -> String {
    let Kept { node, group, term, entry, offset, message, .. } = kept;
    format!(
        "m{message} at offset {offset} of partition {group} (entry {} of term {}), acknowledged by \
         n{node} in term {term}",
        entry.index, entry.term
    )
}

fn overruled(kept: &Kept, term: u64, leader: &Leader) -> String {
    format!(
        "{}, was cut from its disk under term {term} > {}, whose leader n{} came to lead with a log \
         that ended at index {}",
        named(kept),
        kept.term,
        leader.node,
        leader.last
    )
}

fn vanished(at: Stamp, kept: &Kept, known: &Known) -> Evidence {
    let heard = known.terms.get(&kept.node).copied().unwrap_or(0);
    let mut lines = vec![
        line(kept.at, format!("n{}: acknowledged m{} at `leader`", kept.node, kept.message)),
        line(at, format!("n{}: disk: the entry is gone; it is in term {heard}", kept.node)),
    ];
    let newer = known.leaders.range(kept.term + 1..).take(8);
    lines.extend(newer.map(|(term, leader)| {
        let Leader { node, at, last } = leader;
        line(*at, format!("n{node}: leads term {term}, its log ends at index {last}"))
    }));
    of(
        kept,
        format!(
            "vanished: {}, left its disk, and no leader of a newer term that it had heard of lacked it",
            named(kept)
        ),
        lines,
    )
}

fn unread(since: Stamp, kept: &Kept) -> Evidence {
    let lines = vec![
        line(kept.at, format!("n{}: acknowledged m{} at `leader`", kept.node, kept.message)),
        line(since, format!("the drain begins; entry {} is committed", kept.entry.index)),
    ];
    let text = "still stands on its disk below what is committed, and no drain read it";
    of(kept, format!("unread: {}, {text}", named(kept)), lines)
}

fn of(kept: &Kept, summary: String, lines: Vec<crate::verdict::Line>) -> Evidence {
    Evidence {
        summary,
        lines,
        node: Some(kept.node),
        partition: Some(kept.group),
        offset: Some(kept.offset),
        message: Some(kept.message),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests;
