//! A plan in at most twenty lines, for people. Long lists are elided here and nowhere else: the
//! plan's JSON is complete.

use crate::{
    CHECKERS,
    faults::Fault,
    plan::{Limits, Node, Plan, Planned},
    scenario::Acks,
    target::Target,
    words::{Bytes, Nodes, Share, Span},
};
use std::fmt;

/// Lines of the timeline that are shown. With nine lines above them and one below: twenty.
const FAULTS_SHOWN: usize = 10;
/// Values that were clamped, of which so many are shown.
const CLAMPED_SHOWN: usize = 4;

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "plan {} of {}, seed {}", self.hash(), self.scenario, self.seed)?;
        if !self.plants.is_empty() {
            write!(f, ", planted: {}", self.plants.join(", "))?;
        }
        self.show_cluster(f)?;
        self.show_machines(f)?;
        self.show_workload(f)?;
        self.show_times(f)?;
        self.show_clamped(f)?;
        self.show_checkers(f)?;
        self.show_timeline(f)
    }
}

impl Plan {
    fn show_cluster(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\ncluster     {} nodes:", self.nodes.len())?;
        for (region, name) in (0_u32..).zip(&self.regions).take(4) {
            let nodes: Vec<Node> = (1..)
                .zip(&self.nodes)
                .filter(|(_, stands)| **stands == region)
                .map(|(node, _)| node)
                .collect();
            write!(f, "{} {name} {}", if region == 0 { "" } else { "," }, Nodes(&nodes))?;
        }
        if self.regions.len() > 4 {
            write!(f, " and {} more regions", self.regions.len() - 4)?;
        }
        let placement = &self.placement;
        write!(
            f,
            "\npartitions  {} of voters {}, {} write, {} elect; p1 on {}",
            placement.partitions.len(),
            placement.layout,
            placement.write_quorum,
            placement.election_quorum,
            Nodes(&placement.partitions[0]),
        )?;
        match placement.late_ms.as_slice() {
            [] => Ok(()),
            [first, ..] => {
                let n_late = placement.late_ms.len();
                write!(f, "; {n_late} created in trouble, from {} on", Span(first * 1_000))
            }
        }
    }

    fn show_machines(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let network = &self.network;
        let latencies = network.latency_us.iter().flatten();
        let least = latencies.clone().min().copied().unwrap_or(0);
        let most = latencies.max().copied().unwrap_or(0);
        write!(
            f,
            "\nnetwork     {} to {} + {}%, lost {}, twice {}, overtaking {}, tail {} to {}",
            Span(least),
            Span(most),
            network.jitter_percent,
            Share(network.loss_ppm),
            Share(network.duplicate_ppm),
            Share(network.reorder_ppm),
            Share(network.tail_ppm),
            Span(network.tail_us),
        )?;
        let disk = &self.disk;
        write!(
            f,
            "\ndisk        flush {} + {}, {} MB/s, tail {} to {}, segments of {}",
            Span(disk.flush_us),
            Span(disk.flush_jitter_us),
            disk.bytes_per_us,
            Share(disk.tail_ppm),
            Span(disk.tail_us),
            Bytes(self.limits.segment_bytes),
        )
    }

    fn show_workload(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workload = &self.workload;
        write!(
            f,
            "\nworkload    {} clients, {}/s produce of {} x {} bytes (",
            workload.clients.len(),
            PerSecond(workload.produce_per_ks),
            workload.messages_per_call,
            workload.message_bytes,
        )?;
        show_weights(f, &Acks::NAMES, &workload.acks)?;
        write!(f, "), {}/s fetch (", PerSecond(workload.fetch_per_ks))?;
        show_weights(f, &["eventual", "linearizable"], &workload.reads)?;
        f.write_str(")")?;
        if workload.skew_ppm > 0 {
            write!(f, ", {} of them to p1", Share(workload.skew_ppm))?;
        }
        if workload.reread_ppm > 0 {
            write!(f, ", {} of fetches again", Share(workload.reread_ppm))?;
        }
        Ok(())
    }

    /// The usual ones are told by their number; what differs, by name.
    fn show_checkers(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_usual = |name: &String| CHECKERS.contains(&name.as_str());
        let usual = self.checkers.iter().filter(|name| is_usual(name)).count();
        if usual < CHECKERS.len() {
            return write!(f, "\ncheckers    {}", self.checkers.join(" "));
        }
        write!(f, "\ncheckers    the usual {usual}")?;
        self.checkers
            .iter()
            .filter(|name| !is_usual(name))
            .try_for_each(|name| write!(f, ", {name}"))
    }

    fn show_times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = Span::of_ms;
        let timing = &self.timing;
        write!(
            f,
            "\ntiming      heartbeat {}, election {} to {}, attempt {}, call {}",
            ms(timing.heartbeat_ms),
            ms(timing.election_min_ms),
            ms(timing.election_max_ms),
            ms(timing.attempt_ms),
            ms(timing.call_ms),
        )?;
        if self.limits != Limits::default() {
            let Limits { append_entries, append_bytes, window, queue, .. } = self.limits;
            let bytes = Bytes(append_bytes);
            write!(f, "; appends {append_entries} or {bytes}, window {window}, queue {queue}")?;
        }
        let phases = &self.phases;
        write!(
            f,
            "\nphases      boot within {}, trouble {}, heal within {}, drain within {}",
            ms(phases.boot_ms_max),
            ms(phases.trouble_ms),
            ms(phases.heal_ms_max),
            ms(phases.drain_ms_max),
        )
    }

    /// What draw moved, so that network and disks carry the timers, and how much of it.
    fn show_clamped(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.clamped.is_empty() {
            return Ok(());
        }
        let (n, shown) = (self.clamped.len(), self.clamped.len().min(CLAMPED_SHOWN));
        write!(f, "\nclamped     {n} of its values: {}", self.clamped[..shown].join(", "))?;
        if n > shown { write!(f, " and {} more", n - shown) } else { Ok(()) }
    }

    fn show_timeline(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = FAULTS_SHOWN - usize::from(!self.clamped.is_empty());
        for planned in self.timeline.iter().take(shown) {
            write!(f, "\n  {}: {}", When(planned), self.words(&planned.fault))?;
        }
        match self.timeline.len() {
            0 => write!(f, "\nno faults"),
            n if n > shown => write!(f, "\n  and {} more faults", n - shown),
            _ => Ok(()),
        }
    }
}

fn show_weights(f: &mut fmt::Formatter<'_>, names: &[&str], weights: &[u32]) -> fmt::Result {
    let some: Vec<String> = names
        .iter()
        .zip(weights)
        .filter(|(_, weight)| **weight > 0)
        .map(|(name, weight)| format!("{name} {weight}"))
        .collect();
    f.write_str(&some.join(", "))
}

/// `12.340 s for 3 s: crash leader of p1`. A region has its number; [`Plan::words`] knows its name.
impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", When(self), self.fault)
    }
}

impl Plan {
    /// A fault in words, with its region by name: `cut the power of region us-east`.
    pub fn words(&self, fault: &Fault) -> String {
        let words = fault.to_string();
        match fault.target() {
            Some(target @ Target::Region(region)) => match self.regions.get(*region as usize) {
                Some(name) => words.replacen(&target.to_string(), &format!("region {name}"), 1),
                None => words,
            },
            Some(
                Target::Node(_)
                | Target::Leader(_)
                | Target::Follower { .. }
                | Target::All
                | Target::There,
            )
            | None => words,
        }
    }
}

/// When a fault begins and how long it lasts.
struct When<'a>(&'a Planned);

impl fmt::Display for When<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Planned { at_ms, for_ms, when, fault } = self.0;
        write!(f, "{}.{:03} s", at_ms / 1_000, at_ms % 1_000)?;
        if let Some(when) = when {
            write!(f, ", once {when},")?;
        }
        match (for_ms, fault) {
            (Some(for_ms), _) => write!(f, " for {}", Span::of_ms(*for_ms)),
            (None, fault) if fault.effect().is_momentary() => Ok(()),
            (None, _) => write!(f, " until heal"),
        }
    }
}

/// Calls in 1,000 seconds as calls in one.
struct PerSecond(u64);

impl fmt::Display for PerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 % 1_000 {
            0 => write!(f, "{}", self.0 / 1_000),
            rest => write!(f, "{}.{rest:03}", self.0 / 1_000),
        }
    }
}
