//! The oracle of calm: told what the world does to links, processes, disks and clocks, it answers for
//! every group (the metadata group too) since when nothing is wrong with it, which of its voters are
//! live, intact and reach one another, and whether it owes progress. One room, so that every law that
//! excuses trouble means the same trouble.
//!
//! It is pure and asks nobody: it knows what was done, never what a node believes. A process that
//! stopped by itself is live here, for nothing holds it down. A wall clock that is off is no trouble:
//! nothing that the system promises hangs on one.

use crate::network::Endpoint;
use scenarios::{Harm, Plan, seat_of};
use std::collections::{BTreeMap, BTreeSet};

/// A replication group's voters and quorums.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Who counts, by number.
    pub voters: Vec<u32>,
    /// Flushed copies that commit an entry.
    pub write_quorum: u32,
    /// Votes that elect a leader.
    pub election_quorum: u32,
}

/// Whether a node under a harm takes no part, or may stop at any time.
fn is_absence(harm: Harm) -> bool {
    match harm {
        Harm::Down | Harm::Paused | Harm::FailingDisk => true,
        Harm::SlowDisk | Harm::BentClock => false,
    }
}

/// Groups and clients with which something is wrong since now, or with which nothing is any more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Groups that became calm.
    pub calm_groups: Vec<u32>,
    /// Clients that reach every node again, by number.
    pub calm_clients: Vec<u32>,
    /// Groups that are calm no more.
    pub troubled_groups: Vec<u32>,
    /// Clients that do not reach some node.
    pub troubled_clients: Vec<u32>,
}

/// Knows what is wrong.
#[derive(Clone, Debug)]
pub struct Oracle {
    n_nodes: u32,
    n_clients: u32,
    groups: Vec<Group>,
    /// How often each harm holds each node, by (node, harm).
    harms: BTreeMap<(u32, Harm), u32>,
    /// How often each direction is cut.
    cuts: BTreeMap<(Endpoint, Endpoint), u32>,
    /// How often the network as a whole was made worse.
    raised: u32,
    /// Groups whose flushed bytes are gone or wrong on a disk: (node, group).
    damaged: BTreeSet<(u32, u32)>,
    /// Since when each group is calm, as was last told.
    calm: Vec<Option<u64>>,
    calm_clients: Vec<bool>,
}

impl Oracle {
    /// The oracle of a plan in which nothing is wrong yet and nothing was told.
    pub fn new(plan: &Plan) -> Oracle {
        let placement = &plan.placement;
        let majority = placement.metadata.len() as u32 / 2 + 1;
        let group = |voters: &Vec<u32>, write_quorum, election_quorum| Group {
            voters: voters.clone(),
            write_quorum,
            election_quorum,
        };
        let (write, elect) = (placement.write_quorum, placement.election_quorum);
        let mut groups = vec![group(&placement.metadata, majority, majority)];
        groups.extend(placement.partitions.iter().map(|voters| group(voters, write, elect)));
        // The harness's own client is the last.
        Oracle::of(plan.nodes.len() as u32, plan.workload.clients.len() as u32 + 1, groups)
    }

    /// The oracle of these groups, the first of them the metadata group.
    pub fn of(n_nodes: u32, n_clients: u32, groups: Vec<Group>) -> Oracle {
        Oracle {
            n_nodes,
            n_clients,
            calm: vec![None; groups.len()],
            calm_clients: vec![false; n_clients as usize],
            groups,
            harms: BTreeMap::new(),
            cuts: BTreeMap::new(),
            raised: 0,
            damaged: BTreeSet::new(),
        }
    }

    /// Frames of this direction vanish once more.
    pub fn cut(&mut self, from: Endpoint, to: Endpoint) {
        *self.cuts.entry((from, to)).or_insert(0) += 1;
    }

    /// One cut of this direction is taken back.
    pub fn mend(&mut self, from: Endpoint, to: Endpoint) {
        lower(&mut self.cuts, (from, to));
    }

    /// The network as a whole loses, doubles, reorders or delays more than it does by itself.
    pub fn raise(&mut self) {
        self.raised += 1;
    }

    /// One such raise is taken back.
    pub fn settle(&mut self) {
        assert!(self.raised > 0, "the network is settled more often than it was raised");
        self.raised -= 1;
    }

    /// A node is harmed once more.
    pub fn harm(&mut self, node: u32, harm: Harm) {
        *self.harms.entry((node, harm)).or_insert(0) += 1;
    }

    /// One such harm is over.
    pub fn relieve(&mut self, node: u32, harm: Harm) {
        lower(&mut self.harms, (node, harm));
    }

    /// Flushed bytes of a group are gone or wrong on this node's disk.
    pub fn damage(&mut self, node: u32, group: u32) {
        self.damaged.insert((node, group));
    }

    /// The disk truth shows that they are right again.
    pub fn repair(&mut self, node: u32, group: u32) {
        self.damaged.remove(&(node, group));
    }

    /// What changed since it was last asked. Groups that are calm from now on are calm since `now_ns`.
    pub fn look(&mut self, now_ns: u64) -> Change {
        let mut change = Change::default();
        for group in 0..self.groups.len() {
            match (self.is_calm(group), self.calm[group]) {
                (true, None) => {
                    self.calm[group] = Some(now_ns);
                    change.calm_groups.push(group as u32);
                }
                (false, Some(_)) => {
                    self.calm[group] = None;
                    change.troubled_groups.push(group as u32);
                }
                (true, Some(_)) | (false, None) => {}
            }
        }
        for client in 1..=self.n_clients {
            let reaches = self.reaches_all(self.n_nodes + client);
            let told = &mut self.calm_clients[seat_of(client)];
            if std::mem::replace(told, reaches) != reaches {
                let changed =
                    if reaches { &mut change.calm_clients } else { &mut change.troubled_clients };
                changed.push(client);
            }
        }
        change
    }

    /// Since when nothing is wrong with a group, as of the last look; none while something is.
    pub fn calm_since(&self, group: u32) -> Option<u64> {
        self.calm[group as usize]
    }

    /// The most voters of a group that are live, intact and reach one another, in order.
    pub fn quorum(&self, group: u32) -> Vec<u32> {
        let voters = &self.groups[group as usize].voters;
        let able = voters.iter().copied().filter(|node| self.is_able(*node, group));
        let able: Vec<u32> = able.collect();
        assert!(able.len() <= 16, "p{group} has too many voters to try every set of them");
        let members = |set: u32| {
            let member =
                move |(place, node): (usize, &u32)| (set >> place & 1 == 1).then_some(*node);
            able.iter().enumerate().filter_map(member).collect::<Vec<u32>>()
        };
        // Of sets of one size the one of the lowest nodes.
        let best = (0..1u32 << able.len())
            .map(members)
            .filter(|set| self.reach_one_another(set))
            .max_by(|a, b| (a.len(), b).cmp(&(b.len(), a)));
        best.unwrap_or_default()
    }

    /// Whether a group owes progress: enough of its voters to write and to elect are live, intact and
    /// reach one another.
    pub fn owes(&self, group: u32) -> bool {
        let Group { write_quorum, election_quorum, .. } = self.groups[group as usize];
        self.quorum(group).len() as u32 >= write_quorum.max(election_quorum)
    }

    fn is_calm(&self, group: usize) -> bool {
        let voters = &self.groups[group].voters;
        let is_sound = |node: &u32| {
            let harmed = self.harms.range((*node, Harm::Down)..=(*node, Harm::BentClock)).next();
            harmed.is_none() && !self.damaged.contains(&(*node, group as u32))
        };
        self.raised == 0 && voters.iter().all(is_sound) && self.reach_one_another(voters)
    }

    fn is_able(&self, node: u32, group: u32) -> bool {
        let harms = self.harms.range((node, Harm::Down)..=(node, Harm::BentClock));
        !harms.map(|((_, harm), _)| *harm).any(is_absence) && !self.damaged.contains(&(node, group))
    }

    fn reach_one_another(&self, nodes: &[u32]) -> bool {
        self.cuts.is_empty()
            || nodes.iter().all(|a| nodes.iter().all(|b| !self.cuts.contains_key(&(*a, *b))))
    }

    fn reaches_all(&self, client: Endpoint) -> bool {
        self.cuts.is_empty()
            || (1..=self.n_nodes).all(|node| {
                !self.cuts.contains_key(&(client, node)) && !self.cuts.contains_key(&(node, client))
            })
    }
}

/// Takes one of what is counted back, and forgets what is counted no more.
fn lower<K: Ord + std::fmt::Debug>(counts: &mut BTreeMap<K, u32>, key: K) {
    let count = counts.get_mut(&key).unwrap_or_else(|| panic!("{key:?} is taken back unasked"));
    *count -= 1;
    if *count == 0 {
        counts.remove(&key);
    }
}

#[cfg(test)]
mod tests;
