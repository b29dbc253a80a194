//! **deletion_provenance**: every entry that leaves a durable log is explained (S13, S23; Ongaro 3.5;
//! messaging.md 2.0 PD). Nothing may leave that anybody was told to be committed, or that an
//! acknowledgement at `quorum` or above covers. Anything else leaves only for the log of a leader in a
//! newer term: no retention, compaction or snapshot exists here that could remove an entry.
//!
//! Three answers for what was promised to nobody:
//! 1. It is *explained* when the group has known a newer term than the entry's, and another entry
//!    stands in its place: on some disk when it is cut, or on the node's own disk afterwards. The
//!    other entry may be of an *older* term than the one that leaves, as in Raft's Figure 8: what is
//!    newer is the leader who sent it.
//! 2. It is a *violation* when the group has never known a newer term than that of the last entry that
//!    leaves: then the only leader who could have asked for it wrote that one, and takes nothing back.
//! 3. Else nobody can say: the leader who overruled it may have died before its own disk had anything
//!    to show.
//!
//! What is promised is kept as the highest entry of each kind. Those of one log lie on one chain
//! (`committed_stays` and `ack_witness` see where they do not), so whoever holds the highest tells
//! which entries below it are covered. Where no disk holds it any more, an entry that leaves from below
//! it cannot be explained: no answer, unless another rule finds one.
//!
//! Damage that the world does itself must come with a fact of its own once it can destroy flushed
//! bytes: it would be told here as the node's doing.

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{Claim, EntryId, Fact, FactKind, Group, Node},
    history::{MessageId, Offset, Stamp},
    truth::DiskTruth,
    verdict::{Evidence, Verdict},
};

/// The highest entry that was promised, by whom, when, and the message that it is known by.
#[derive(Clone, Copy, Debug)]
struct Promise {
    entry: EntryId,
    node: Node,
    at: Stamp,
    message: Option<(Offset, MessageId)>,
}

/// What is known of one group.
#[derive(Debug, Default)]
struct Known {
    committed: Option<Promise>,
    acknowledged: Option<Promise>,
    /// The newest term that anything told of.
    term: u64,
}

/// Entries that left a disk and wait for what takes their place.
#[derive(Clone, Copy, Debug)]
struct Gap {
    node: Node,
    group: Group,
    first: EntryId,
    count: u64,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct DeletionProvenance {
    groups: Vec<Known>,
    /// Durable entries that were watched, each of which might have left.
    watched: u64,
    gaps: Vec<Gap>,
    /// The first that was never explained, and how many entries.
    unexplained: Option<(Gap, &'static str)>,
    unexplained_count: u64,
    breach: Breach,
}

impl Checker for DeletionProvenance {
    fn name(&self) -> &'static str {
        "deletion_provenance"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Replicas]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[
            FactKind::Claimed,
            FactKind::Acked,
            FactKind::Durable,
            FactKind::DurableCut,
            FactKind::DurableVote,
            FactKind::Committed,
        ]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Fact(Fact::Durable { node, group, entry }) => {
                self.watched += 1;
                self.know_term(*group, entry.term);
                if !self.gaps.is_empty() {
                    self.fill(*node, *group, *entry);
                }
            }
            Event::Fact(Fact::DurableCut { node, group, .. }) => {
                self.judge(at, *node, *group, &shared.disks);
            }
            Event::Fact(
                Fact::DurableVote { group, term, .. }
                | Fact::Claimed { group, claim: Claim::Vote { term, .. }, .. }
                | Fact::Claimed { group, claim: Claim::Append { term, .. }, .. },
            ) => self.know_term(*group, *term),
            Event::Fact(Fact::Acked { node, group, acks, entry, offset, message }) => {
                if acks.is_durable() {
                    let message = Some((*offset, *message));
                    let promise = Promise { entry: *entry, node: *node, at, message };
                    raise(&mut seat(&mut self.groups, *group).acknowledged, promise);
                }
            }
            Event::Fact(Fact::Committed { node, group, entries, message }) => {
                let Some(entry) = entries.last() else { return };
                let promise = Promise { entry: *entry, node: *node, at, message: *message };
                raise(&mut seat(&mut self.groups, *group).committed, promise);
            }
            Event::Seen(seen) => self.know_term(seen.group, seen.term),
            Event::Fact(_)
            | Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, _shared: &Shared) -> Verdict {
        for gap in std::mem::take(&mut self.gaps) {
            self.leave_open(gap, "nothing was seen in its place");
        }
        let DeletionProvenance { watched, unexplained, unexplained_count, breach, .. } = *self;
        breach.verdict_or(|| match unexplained {
            Some((Gap { node, group, first, .. }, why)) => Verdict::Unknown(format!(
                "{unexplained_count} entries left a disk and nobody can say why; the first was index \
                 {} of term {} in partition {group} on n{node}: {why}",
                first.index, first.term
            )),
            None => Verdict::holds_if_covered(watched, "nothing was ever durable"),
        })
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl DeletionProvenance {
    fn know_term(&mut self, group: Group, term: u64) {
        let known = seat(&mut self.groups, group);
        known.term = known.term.max(term);
    }

    fn judge(&mut self, at: Stamp, node: Node, group: Group, truth: &DiskTruth) {
        let Some(first) = truth.removed().next() else { return };
        let count = truth.removed().len() as u64;
        let known = seat(&mut self.groups, group);
        let mut is_doubtful = false;
        let promises = [("committed", known.committed), ("acknowledged", known.acknowledged)];
        for (word, promise) in promises {
            let Some(promise) = promise.filter(|promise| promise.entry.index >= first.index) else {
                continue;
            };
            match covered(&promise, node, group, truth) {
                Some(0) => {}
                Some(covered) => {
                    let last = first.index + covered - 1;
                    return self.breach.add_many(covered, || {
                        promised(at, (node, group), (first, last), (word, &promise), truth)
                    });
                }
                None => is_doubtful = true,
            }
        }
        let gap = Gap { node, group, first, count };
        let newest = truth.removed().last().map_or(0, |last| last.term);
        if known.term <= newest {
            return self.breach.add_many(count, || unasked(at, &gap, newest));
        }
        if is_doubtful {
            return self.leave_open(gap, "what was promised there is on no disk any more");
        }
        let is_other = |held: Option<EntryId>| {
            held.is_some_and(|held| held.index == first.index && held != first)
        };
        let nodes = 1..=truth.node_max(group);
        if !nodes.into_iter().any(|other| is_other(truth.log(other, group).get(first.index))) {
            self.gaps.push(gap);
        }
    }

    /// Something became durable where an entry had left.
    fn fill(&mut self, node: Node, group: Group, entry: EntryId) {
        let is_here =
            |gap: &Gap| gap.node == node && gap.group == group && gap.first.index == entry.index;
        let Some(place) = self.gaps.iter().position(is_here) else { return };
        let gap = self.gaps.swap_remove(place);
        if gap.first == entry {
            self.leave_open(gap, "the same entry came back in its place");
        }
    }

    fn leave_open(&mut self, gap: Gap, why: &'static str) {
        self.unexplained_count += gap.count;
        self.unexplained.get_or_insert((gap, why));
    }
}

fn raise(highest: &mut Option<Promise>, promise: Promise) {
    if highest.is_none_or(|known| known.entry.index < promise.entry.index) {
        *highest = Some(promise);
    }
}

/// How many of the removed entries, from the first on, a promise covers; none if nobody can say.
fn covered(promise: &Promise, node: Node, group: Group, truth: &DiskTruth) -> Option<u64> {
    let promised = promise.entry;
    let mut removed = truth.removed();
    let first = removed.next().expect("something was removed");
    let below = |gone: &EntryId| gone.index <= promised.index;
    // The log that was cut may have held the promised entry itself, and then the rest of its chain.
    if first == promised || truth.removed().any(|gone| gone == promised) {
        return Some(truth.removed().take_while(below).count() as u64);
    }
    let holds = |other: &Node| *other != node && truth.log(*other, group).has(promised);
    let holder = truth.log((1..=truth.node_max(group)).find(holds)?, group);
    Some(truth.removed().take_while(|gone| below(gone) && holder.has(*gone)).count() as u64)
}

fn promised(
    at: Stamp,
    (node, group): (Node, Group),
    (first, last): (EntryId, u64),
    (word, promise): (&str, &Promise),
    truth: &DiskTruth,
) -> Evidence {
    let Promise { entry, message, .. } = *promise;
    let what = match message {
        Some((offset, message)) => format!("m{message} at offset {offset} (entry {})", entry.index),
        None => format!("entry {}", entry.index),
    };
    let kept = truth.log(node, group).last().map_or(0, |last| last.index);
    let gone = match last - first.index {
        0 => format!("entry {last}"),
        _ => format!("entries {} to {last}", first.index),
    };
    let left = truth.removed().len();
    let holders: Vec<String> = (1..=truth.node_max(group))
        .filter(|other| truth.log(*other, group).has(first))
        .map(|other| format!("n{other}"))
        .collect();
    let holders = if holders.is_empty() { "no disk".to_owned() } else { holders.join(", ") };
    Evidence {
        summary: format!(
            "{word}_removed: {gone} of partition {group} left the disk of n{node}, and {what}, which \
             was {word}, covers that (S13)"
        ),
        lines: vec![
            line(promise.at, format!("n{}: {word}: {what} of partition {group}", promise.node)),
            line(at, format!("n{node}: disk: cut to index {kept}, {left} entries left it")),
            line(at, format!("index {} of term {} still is on {holders}", first.index, first.term)),
        ],
        node: Some(node),
        partition: Some(group),
        offset: message.map(|(offset, _)| offset),
        message: message.map(|(_, message)| message),
        count: 1,
    }
}

fn unasked(at: Stamp, gap: &Gap, newest: u64) -> Evidence {
    let Gap { node, group, first, count } = *gap;
    Evidence {
        summary: format!(
            "unasked_removal: {count} entries of partition {group} from index {} on left the disk of \
             n{node}, and no term newer than theirs exists, {newest}, whose leader could have \
             overruled them",
            first.index
        ),
        lines: vec![line(at, format!("n{node}: disk: cut to index {}", first.index - 1))],
        node: Some(node),
        partition: Some(group),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests;
