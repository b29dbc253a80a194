//! Whether a plan makes sense by itself. A drawn plan always does; one that came from a file may
//! have been edited by hand, and the world that runs it asserts and does not ask.

use crate::{
    BLAST_RADIUS, CHECKERS, PORCUPINE,
    faults::Known,
    limits::{LONGEST_MS, LONGEST_US, check_ppm, ensure},
    names,
    plan::{Node, Plan, Planned},
    planted::Planted as Bug,
    scenario::Acks,
    target::Target,
};
use std::collections::BTreeSet;

/// The most nodes of a cluster.
const NODES_MAX: usize = 10_000;
/// The most messages of a produce call.
pub(crate) const MESSAGES_MAX: i64 = 1_000;
/// The largest payload of a message.
pub(crate) const BYTES_MAX: i64 = 1 << 20;

impl Plan {
    /// Whether the plan makes sense by itself; the error says what does not.
    pub fn check(&self) -> Result<(), String> {
        self.check_places()?;
        self.check_load()?;
        self.check_times()?;
        self.check_limits()?;
        for (i, planned) in self.timeline.iter().enumerate() {
            self.check_planned(planned).map_err(|why| format!("timeline line {}: {why}", i + 1))?;
        }
        let sorted = self.timeline.is_sorted_by_key(|planned| planned.at_ms);
        ensure(sorted, || "timeline is not in order of time".to_owned())?;
        self.check_names()
    }

    fn check_places(&self) -> Result<(), String> {
        let placement = &self.placement;
        let n_regions = self.regions.len();
        ensure(!self.nodes.is_empty(), || "there are no nodes".to_owned())?;
        let n = self.nodes.len();
        ensure(n <= NODES_MAX, || format!("{n} nodes are more than {NODES_MAX}"))?;
        for (node, region) in (1..).zip(&self.nodes) {
            let node: Node = node;
            ensure((*region as usize) < n_regions, || format!("n{node} is in no known region"))?;
        }
        self.check_group("the metadata group", &placement.metadata)?;
        ensure(!placement.partitions.is_empty(), || "there are no partitions".to_owned())?;
        for (p, voters) in (1..).zip(&placement.partitions) {
            let p: u32 = p;
            self.check_group(&format!("p{p}"), voters)?;
            check_quorums(placement.write_quorum, placement.election_quorum, voters.len() as u32)
                .map_err(|why| format!("p{p}: {why}"))?;
        }
        let (n, late) = (placement.partitions.len(), &placement.late_ms);
        ensure(late.len() < n, || format!("no partition of {n} stands at boot"))?;
        ensure(late.is_sorted(), || "late partitions are not in order of time".to_owned())?;
        let trouble_ms = self.phases.trouble_ms;
        ensure(late.iter().all(|at| *at < trouble_ms), || {
            "a partition is created after the end of trouble".to_owned()
        })?;
        let square = self.network.latency_us.len() == n_regions
            && self.network.latency_us.iter().all(|row| row.len() == n_regions);
        ensure(square, || format!("latency is not {n_regions} by {n_regions}"))
    }

    fn check_group(&self, name: &str, voters: &[Node]) -> Result<(), String> {
        ensure(!voters.is_empty(), || format!("{name} has no voters"))?;
        let distinct: BTreeSet<&Node> = voters.iter().collect();
        ensure(distinct.len() == voters.len(), || format!("{name} has one voter twice"))?;
        voters.iter().try_for_each(|node| self.check_node(*node))
    }

    fn known(&self) -> Known {
        Known { nodes: self.nodes.len(), clients: self.workload.clients.len() }
    }

    fn check_node(&self, node: Node) -> Result<(), String> {
        self.known().node(node)
    }

    fn check_load(&self) -> Result<(), String> {
        let workload = &self.workload;
        ensure(!workload.clients.is_empty(), || "there are no clients".to_owned())?;
        for region in &workload.clients {
            let known = (*region as usize) < self.regions.len();
            ensure(known, || format!("a client stands in no known region ({region})"))?;
        }
        let calls = workload.produce_per_ks.saturating_add(workload.fetch_per_ks);
        ensure(calls > 0, || "there is neither produce nor fetch".to_owned())?;
        let asked = workload.produce_per_ks == 0 || workload.acks.iter().any(|n| *n > 0);
        ensure(asked, || "produce has no weight on any acknowledgement level".to_owned())?;
        let asked = workload.fetch_per_ks == 0 || workload.reads.iter().any(|n| *n > 0);
        ensure(asked, || "fetch has no weight on any read level".to_owned())?;
        ensure(workload.messages_per_call > 0, || "produce calls are empty".to_owned())?;
        let fits = i64::from(workload.messages_per_call) <= MESSAGES_MAX
            && i64::from(workload.message_bytes) <= BYTES_MAX;
        ensure(fits, || {
            format!("produce calls are beyond {MESSAGES_MAX} messages of {BYTES_MAX} bytes")
        })?;
        let rates = [
            self.network.loss_ppm,
            self.network.duplicate_ppm,
            self.network.reorder_ppm,
            self.network.tail_ppm,
            self.disk.tail_ppm,
            workload.skew_ppm,
            workload.reread_ppm,
        ];
        rates.into_iter().try_for_each(check_ppm)?;
        ensure(self.disk.bytes_per_us > 0, || "disks write nothing".to_owned())
    }

    fn check_limits(&self) -> Result<(), String> {
        let limits = &self.limits;
        let some = limits.append_entries > 0 && limits.window > 0 && limits.queue > 0;
        ensure(some, || "a limit lets nothing through".to_owned())
    }

    fn check_times(&self) -> Result<(), String> {
        let timing = &self.timing;
        let (heartbeat, least) = (timing.heartbeat_ms, timing.election_min_ms);
        ensure(heartbeat > 0, || "heartbeats have no time between them".to_owned())?;
        ensure(heartbeat < least, || "heartbeats come no sooner than elections".to_owned())?;
        let rising = least <= timing.election_max_ms && timing.attempt_ms <= timing.call_ms;
        ensure(rising, || "election or attempt timeouts fall".to_owned())?;
        ensure(timing.attempt_ms > 0, || "attempts have no time".to_owned())?;
        let (network, disk) = (&self.network, &self.disk);
        let others = [network.tail_us, disk.flush_us, disk.flush_jitter_us, disk.tail_us];
        for us in
            network.latency_us.iter().flatten().chain(&others).chain([&timing.timer_jitter_us])
        {
            ensure(*us <= LONGEST_US, || format!("a delay of {us} us is longer than an hour"))?;
        }
        ensure(network.jitter_percent <= 100, || "jitter is more than 100%".to_owned())?;
        for ms in [timing.election_max_ms, timing.call_ms] {
            ensure(ms <= LONGEST_MS, || format!("a timer of {ms} ms is longer than 31 days"))?;
        }
        let phases = &self.phases;
        let times =
            [phases.boot_ms_max, phases.trouble_ms, phases.heal_ms_max, phases.drain_ms_max];
        for ms in times {
            let fits = (1..=LONGEST_MS).contains(&ms);
            ensure(fits, || format!("a phase of {ms} ms is not within 1 ms and 31 days"))?;
        }
        Ok(())
    }

    fn check_planned(&self, planned: &Planned) -> Result<(), String> {
        let trouble_ms = self.phases.trouble_ms;
        ensure(planned.at_ms < trouble_ms, || "begins after the end of trouble".to_owned())?;
        let ends = planned.end_ms().is_none_or(|end| end <= trouble_ms);
        ensure(ends, || "outlasts trouble (say null to last until heal)".to_owned())?;
        if let Some(when) = planned.when {
            ensure(when.nth > 0, || "strikes at what never happened".to_owned())?;
        }
        if let Some(target) = planned.fault.target() {
            self.check_target(target)?;
            let is_somewhere = planned.when.is_some_and(|when| when.what.is_at_a_node());
            ensure(*target != Target::There || is_somewhere, || {
                "strikes where something happened, and waits for nothing".to_owned()
            })?;
        }
        planned.fault.check(&self.known())
    }

    fn check_target(&self, target: &Target) -> Result<(), String> {
        let voters = |partition: u32| {
            let place = (partition as usize).checked_sub(1);
            place
                .and_then(|place| self.placement.partitions.get(place))
                .ok_or_else(|| format!("p{partition} is no partition"))
        };
        match target {
            Target::Node(node) => self.check_node(*node),
            Target::Leader(partition) => voters(*partition).map(|_| ()),
            Target::Follower { partition, rank } => {
                let n = voters(*partition)?.len();
                let known = (*rank as usize) + 1 < n;
                ensure(known, || format!("p{partition} has no follower {rank} (counted from 0)"))
            }
            Target::Region(region) => {
                let known = (*region as usize) < self.regions.len();
                ensure(known, || format!("region {region} is unknown"))
            }
            Target::All | Target::There => Ok(()),
        }
    }

    fn check_names(&self) -> Result<(), String> {
        self.plants.iter().try_for_each(|plant| Bug::find(plant).map(drop))?;
        ensure(self.plants.len() <= 1, || {
            format!("more than one bug is planted: {}", self.plants.join(", "))
        })?;
        ensure(!self.checkers.is_empty(), || "no checker applies".to_owned())?;
        self.checkers.iter().chain(&self.expect.by).try_for_each(|name| check_checker(name))?;
        self.expect.acks.iter().try_for_each(|level| {
            let is_known = Acks::NAMES.contains(&level.as_str());
            ensure(is_known, || names::unknown("acknowledgement level", level, &Acks::NAMES))
        })
    }
}

/// Quorums that keep the log safe (flexible Raft: every write quorum meets every election quorum,
/// and two election quorums of one term meet each other).
pub(crate) fn check_quorums(write: u32, election: u32, voters: u32) -> Result<(), String> {
    for (name, quorum) in [("write", write), ("election", election)] {
        let fits = (1..=voters).contains(&quorum);
        ensure(fits, || format!("{name} quorum {quorum} is not within 1 and {voters} voters"))?;
    }
    ensure(write + election > voters, || {
        format!(
            "write quorum {write} and election quorum {election} of {voters} voters need not meet: \
             together they must be more than {voters}"
        )
    })?;
    ensure(2 * election > voters, || {
        format!("election quorum {election} of {voters} voters lets two leaders win one term")
    })
}

pub(crate) fn check_checker(name: &str) -> Result<(), String> {
    let known: Vec<&str> = CHECKERS.into_iter().chain([BLAST_RADIUS, PORCUPINE]).collect();
    ensure(known.contains(&name), || names::unknown("checker", name, &known))
}
