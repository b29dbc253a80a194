//! **membership_safety**: every two quorums that may both be used at one time meet in a voter: the
//! quorum that commits and the one that elects, and two that elect in one term, within a configuration
//! and across all of a partition's configurations that are usable together; an identity is never used
//! again; and a partition never goes back to a life that ended (S1, S3, S30, S44; messaging.md 2.D;
//! Ongaro 4.1-4.3; Howard et al. 2016, Flexible Paxos, for quorums that are no majorities).
//!
//! A configuration is usable from the moment it is first durable anywhere, not from its commit on
//! (S30: it takes effect at append), until a newer one of the same life is told to be settled. That
//! several are under way at once is no breach by itself: quorums that cannot meet are. Quorums are
//! told by their sizes, so the smallest that could be chosen badly are compared:
//!
//! Example, the one-server bug (D1). {1,2,3,4} needs 3; one leader adds n5, {1,2,3,4,5} needs 3,
//! unsettled; another, elected without it, removes n1: {2,3,4} needs 2. Of {1,2,5} and {3,4} no node
//! is in both, so both leaders can commit.
//!
//! A node is known by its number alone. It is another node under an old number if it stands in another
//! region, or if its disk has forgotten its term and it speaks as a voter before a settled
//! configuration without it made it a stranger (D11: a wiped voter forgets what it acknowledged).
//!
//! Systems under test have had one fixed configuration for each group so far: on every disk it stands at
//! index 0, so that no fact tells an index. For more the facts need that index and whose log holds it (a
//! cut takes a configuration back from one log and from no other), joint configurations (two sets, a
//! quorum of each), learners, the incarnation of a node beside its number (S1), and [`Fact::Settled`]
//! from whoever sees a configuration's entry committed.

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{Configuration, Fact, FactKind, Group, Node},
    history::Stamp,
    verdict::{Evidence, Line, Verdict},
};
use std::collections::BTreeMap;

/// A configuration and when it was first told.
#[derive(Clone, Debug)]
struct Usable {
    configuration: Configuration,
    since: Stamp,
}

/// What is known of one group.
#[derive(Debug, Default)]
struct Members {
    /// Of the present life, oldest first.
    usable: Vec<Usable>,
    /// Lives that ended.
    ended: Vec<(u64, Stamp)>,
    /// Nodes whose disk forgot its term, and when.
    wiped: BTreeMap<Node, Stamp>,
    /// By node: the highest term that its disk told.
    terms: Vec<u64>,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct MembershipSafety {
    groups: Vec<Members>,
    /// Where each node stands, and since when.
    regions: BTreeMap<Node, (u32, Stamp)>,
    judged: u64,
    breach: Breach,
}

impl Checker for MembershipSafety {
    fn name(&self) -> &'static str {
        "membership_safety"
    }

    fn topics(&self) -> &'static [Topic] {
        &[]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Configured, FactKind::Claimed, FactKind::DurableVote, FactKind::Settled]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Fact(Fact::Configured(configuration)) => self.judge(at, configuration),
            Event::Fact(Fact::Settled { group }) => seat(&mut self.groups, *group).settle(),
            Event::Fact(Fact::DurableVote { node, group, term, .. }) => {
                seat(&mut self.groups, *group).remember(at, *node, *term);
            }
            Event::Fact(Fact::Claimed { node, group, .. }) => self.judge_voice(at, *node, *group),
            Event::Fact(_)
            | Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Seen(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let judged = self.judged;
        self.breach
            .verdict_or(|| Verdict::holds_if_covered(judged, "no configuration was ever known"))
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl Members {
    /// The newest is committed: whatever came before is over, and who is not in it is a stranger.
    fn settle(&mut self) {
        self.usable.drain(..self.usable.len().saturating_sub(1));
        if let Some(Usable { configuration, .. }) = self.usable.last() {
            self.wiped.retain(|node, _| is_voter(configuration, *node));
        }
    }

    fn remember(&mut self, at: Stamp, node: Node, term: u64) {
        let highest = seat(&mut self.terms, node);
        if term == 0 && *highest > 0 {
            self.wiped.insert(node, at);
        }
        *highest = term;
    }
}

impl MembershipSafety {
    fn judge(&mut self, at: Stamp, new: &Configuration) {
        let group = new.group;
        let members = seat(&mut self.groups, group);
        if let Some(Usable { configuration, since }) = members.usable.last()
            && configuration.incarnation != new.incarnation
        {
            members.ended.push((configuration.incarnation, *since));
            members.usable.clear();
            members.wiped.clear();
        }
        // The same words on another disk are the same configuration.
        if members.usable.iter().any(|known| known.configuration == *new) {
            return;
        }
        let ended = members.ended.iter().find(|(life, _)| *life == new.incarnation).copied();
        members.usable.push(Usable { configuration: new.clone(), since: at });
        let usable = std::mem::take(&mut members.usable);
        self.judged += 1;
        let mut seen: Vec<Node> = new.voters.iter().map(|voter| voter.node).collect();
        seen.sort_unstable();
        if let Some(pair) = seen.windows(2).find(|pair| pair[0] == pair[1]) {
            self.add(group, Some(pair[0]), vec![told(at, new)], || {
                format!("voter_twice: n{} counts twice in partition {group}", pair[0])
            });
        }
        for (older, Usable { configuration: old, since }) in usable.iter().enumerate() {
            let is_itself = older + 1 == usable.len();
            self.judged += u64::from(!is_itself);
            let Some(what) = apart(old, new) else { continue };
            let mut lines = vec![told(at, new)];
            if !is_itself {
                lines.insert(0, told(*since, old));
            }
            self.add(group, None, lines, || match is_itself {
                true => format!("quorums_apart: in partition {group} {what} need not meet"),
                false => format!(
                    "quorums_apart: in partition {group} {what} of two configurations that can be \
                     used at one time need not meet (S30)"
                ),
            });
        }
        seat(&mut self.groups, group).usable = usable;
        if let Some((life, since)) = ended {
            let before = format!("partition {group}: life {life:x} began before this");
            self.add(group, None, vec![line(since, before), told(at, new)], || {
                format!("life_again: partition {group} goes back to a life that had ended (S44)")
            });
        }
        self.judge_regions(at, new);
    }

    fn judge_regions(&mut self, at: Stamp, new: &Configuration) {
        for voter in &new.voters {
            let node = voter.node;
            let (region, since) = *self.regions.entry(node).or_insert((voter.region, at));
            if region == voter.region {
                continue;
            }
            let before = line(since, format!("n{node}: stands in region {region}"));
            self.add(new.group, Some(node), vec![before, told(at, new)], || {
                format!(
                    "identity_reused: n{node} stood in region {region} and now counts in region {}",
                    voter.region
                )
            });
        }
    }

    /// A node speaks as a voter. It must be the one that once made the promises of this number.
    fn judge_voice(&mut self, at: Stamp, node: Node, group: Group) {
        let members = seat(&mut self.groups, group);
        if members.wiped.is_empty() {
            return;
        }
        let is_member = members.usable.iter().any(|known| is_voter(&known.configuration, node));
        let Some(since) = members.wiped.get(&node).copied().filter(|_| is_member) else { return };
        let lines = vec![
            line(since, format!("n{node}: disk: its term and vote in partition {group} are gone")),
            line(at, format!("n{node}: claims something in partition {group} as before")),
        ];
        self.add(group, Some(node), lines, || {
            format!(
                "identity_reused: n{node} speaks as a voter of partition {group}, and its disk has \
                 forgotten what that voter promised (S3)"
            )
        });
    }

    fn add(
        &mut self,
        group: Group,
        node: Option<Node>,
        lines: Vec<Line>,
        summary: impl FnOnce() -> String,
    ) {
        self.breach.add(|| Evidence {
            summary: summary(),
            lines,
            node,
            partition: Some(group),
            ..Evidence::default()
        });
    }
}

fn is_voter(configuration: &Configuration, node: Node) -> bool {
    configuration.voters.iter().any(|voter| voter.node == node)
}

/// Which quorums of two configurations can miss each other; of one, if both are the same.
fn apart(old: &Configuration, new: &Configuration) -> Option<&'static str> {
    let meets = |one: &Configuration, few: u32, other: &Configuration, many: u32| {
        let common = one.voters.iter().filter(|voter| is_voter(other, voter.node)).count();
        // Each side first takes whom the other does not know; the rest must be more than there are.
        let forced = |quorum: u32, voters: usize| {
            (quorum as usize).saturating_sub(voters.saturating_sub(common))
        };
        forced(few, one.voters.len()) + forced(many, other.voters.len()) > common
    };
    let (write, election) =
        (|c: &Configuration| c.write_quorum, |c: &Configuration| c.election_quorum);
    if !meets(old, write(old), new, election(new)) || !meets(new, write(new), old, election(old)) {
        return Some("a quorum that commits and one that elects");
    }
    (!meets(old, election(old), new, election(new))).then_some("two quorums that elect in one term")
}

fn told(at: Stamp, configuration: &Configuration) -> Line {
    let Configuration { group, incarnation, voters, write_quorum, election_quorum } = configuration;
    let voters: Vec<String> = voters.iter().map(|voter| format!("n{}", voter.node)).collect();
    line(
        at,
        format!(
            "partition {group}: life {incarnation:x}: voters {}, {write_quorum} commit, \
             {election_quorum} elect",
            voters.join(" ")
        ),
    )
}

#[cfg(test)]
mod tests;
