//! Our system as a subject: [`system::Node`]s, its clients ([`caller`]) and a second decoder of its
//! disks and frames ([`witness`]).

pub mod caller;
pub mod witness;

use super::{Caller, Endpoint, Frame, Host, Input, Process, Stop, Subject, Witness};
use bytes::Bytes;
use checkers::{EntryId, MessageId, ReplicaView, Role};
use scenarios::{Plan, seat_of};
use std::sync::Arc;
use system::{Config, Limits, METADATA, Node, Part, Place, Plant, Settings, Timing, Voter};

/// The one cluster of a run.
const CLUSTER: u64 = 0x7a65_726f_6c6f_7373;

/// Our system under a plan.
#[derive(Debug)]
pub struct Ours {
    plan: Arc<Plan>,
    settings: Vec<Settings>,
}

impl Ours {
    /// The system that this plan asks for.
    ///
    /// # Panics
    /// If the plan plants what the system does not have, or more than one bug: a plan that was checked
    /// does neither, and a run without its bug would be taken for a bug that survived.
    pub fn of(plan: &Plan) -> Ours {
        let nodes = 1..=plan.nodes.len() as u32;
        let settings = nodes.map(|node| settings_of(plan, node)).collect();
        Ours { plan: Arc::new(plan.clone()), settings }
    }

    fn settings(&self, node: u32) -> Settings {
        self.settings[seat_of(node)].clone()
    }
}

impl Subject for Ours {
    fn format(&self, node: u32, mut host: &mut dyn Host) -> Result<(), Stop> {
        Node::format(&mut host, &self.settings(node))
    }

    fn open(&self, node: u32, mut host: &mut dyn Host) -> Result<Box<dyn Process>, Stop> {
        let opened = Node::open(&mut host, self.settings(node))?;
        Ok(Box::new(Running { number: node, node: opened }))
    }

    fn caller(&self, client: u32, endpoint: Endpoint) -> Box<dyn Caller> {
        Box::new(caller::OurCaller::new(self.plan.clone(), client, endpoint))
    }

    fn witness(&self) -> Option<Box<dyn Witness>> {
        Some(Box::new(witness::OurWitness::new(&self.plan)))
    }

    /// The checksum of its head, which covers the hashes of what it carries only through the entries;
    /// those are traced when they are written.
    fn name_frame(&self, frame: &Frame) -> u64 {
        u64::from(witness::checksum(&frame.head))
    }

    fn name_part(&self, part: &Bytes) -> u64 {
        witness::name(part)
    }
}

/// What a node is told when it starts.
fn settings_of(plan: &Plan, node: u32) -> Settings {
    assert!(plan.plants.len() <= 1, "one bug at a time, not {:?}", plan.plants);
    let known = |name: &String| {
        Plant::named(name).unwrap_or_else(|| panic!("the system has no planted bug `{name}`"))
    };
    Settings {
        cluster: CLUSTER,
        node,
        metadata: metadata_place(plan),
        timing: Timing {
            heartbeat: plan.timing.heartbeat_ms * 1_000_000,
            election_min: plan.timing.election_min_ms * 1_000_000,
            election_max: plan.timing.election_max_ms * 1_000_000,
        },
        limits: Limits {
            segment_bytes: plan.limits.segment_bytes,
            append_entries: plan.limits.append_entries as usize,
            append_bytes: plan.limits.append_bytes as usize,
            window: plan.limits.window,
        },
        plant: plan.plants.first().map(known),
    }
}

/// Where a plan puts a partition. Nodes that do not vote do not hold it.
fn place(
    plan: &Plan,
    group: u32,
    voters: &[u32],
    learners: Vec<u32>,
    quorums: (u32, u32),
) -> Place {
    let voters = voters
        .iter()
        .map(|node| Voter { node: *node, region: plan.nodes[seat_of(*node)] })
        .collect();
    let (write_quorum, election_quorum) = quorums;
    let config = Config { voters, learners, write_quorum, election_quorum };
    Place { group, incarnation: CLUSTER ^ u64::from(group).rotate_left(32), config }
}

/// Where a plan puts the metadata group: its voters decide, every other node learns.
fn metadata_place(plan: &Plan) -> Place {
    let voters = &plan.placement.metadata;
    let learners = (1..=plan.nodes.len() as u32).filter(|node| !voters.contains(node)).collect();
    let majority = voters.len() as u32 / 2 + 1;
    place(plan, METADATA, voters, learners, (majority, majority))
}

fn partition_place(plan: &Plan, group: u32) -> Place {
    let quorums = (plan.placement.write_quorum, plan.placement.election_quorum);
    let voters = &plan.placement.partitions[seat_of(group)];
    place(plan, group, voters, vec![], quorums)
}

/// A node that runs.
#[derive(Debug)]
struct Running {
    number: u32,
    node: Node,
}

impl Process for Running {
    fn turn(&mut self, mut host: &mut dyn Host, inputs: &mut Vec<Input>) -> Result<(), Stop> {
        self.node.turn(&mut host, inputs)
    }

    fn look(&self, each: &mut dyn FnMut(ReplicaView)) {
        for replica in self.node.touched() {
            let view = replica.view();
            let role = match view.part {
                Part::Learner => Role::Learner,
                Part::Follower => Role::Follower,
                Part::PreCandidate => Role::PreCandidate,
                Part::Candidate => Role::Candidate,
                Part::Leader => Role::Leader,
            };
            each(ReplicaView {
                node: self.number,
                group: replica.group(),
                role,
                term: view.term,
                commit: view.commit,
                last: view.last,
                flushed: view.flushed,
            });
        }
    }

    fn entries(&self, group: u32, first: u64, last: u64, into: &mut Vec<EntryId>) {
        let Some(replica) = self.node.replica(group) else { return };
        into.extend((first..=last).map(|index| {
            let id = replica.log().id(index);
            EntryId { index: id.index, term: id.term, hash: id.hash }
        }));
    }

    fn message(&self, group: u32, index: u64) -> Option<(u64, MessageId)> {
        let entry = self.node.replica(group)?.log().get(index)?;
        let id = system::batch::first(entry.body())?;
        (entry.count() > 0).then(|| (entry.base(), id))
    }

    fn notes(&self) -> Vec<String> {
        let told = |(group, why)| format!("n{}: p{group} is blocked: {why}", self.number);
        self.node.blocked().iter().map(told).collect()
    }

    fn marks(&self, each: &mut dyn FnMut(&str, u64)) {
        self.node.marks().iter().for_each(|(name, count)| each(name, count));
    }

    fn plants(&self, each: &mut dyn FnMut(&str, u64)) {
        self.node.plant().into_iter().for_each(|(plant, hits)| each(plant.name(), hits));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_with_the_usual_limits_runs_what_production_runs() {
        let smoke = scenarios::load("smoke").expect("a scenario of the catalogue");
        let settings = settings_of(&scenarios::draw(&smoke, 1), 1);
        assert_eq!(settings.limits, Limits::default());
    }
}
