//! What a scenario as a whole must obey, where no single number can know: quorums against voters,
//! names against who there is, faults against the end of trouble. Whatever passes here draws a
//! sound plan from every seed.

use crate::{
    carry::spans,
    catalogue::SUITES,
    draw::clamp::Drawn,
    layout::Layout,
    names,
    place::place,
    problem::{Checked, Problem, at_least, ensure},
    scenario::{Acks, Expected, Scenario},
    sound::{BYTES_MAX, MESSAGES_MAX, check_checker, check_quorums},
    units::{Count, Millis, Range},
};
use std::collections::BTreeSet;

mod faults;

impl Scenario {
    /// Whether it makes sense as a whole; the errors say at which keys it does not, the first of
    /// each section.
    pub fn check(&self) -> Result<(), Vec<Problem>> {
        let why = ensure(!self.why.trim().is_empty(), "why", || "expected a sentence".to_owned());
        let mut checked = vec![why, self.check_names(), self.check_cluster()];
        // Without a cluster that makes sense nothing can be said of who does what in it.
        if checked.iter().all(Result::is_ok) {
            checked.extend([self.check_workload(), self.check_script(), self.check_menu()]);
        }
        checked.extend([self.check_times(), self.check_limits()]);
        if checked.iter().all(Result::is_ok) {
            checked.push(self.check_carried());
        }
        let problems: Vec<Problem> = checked.into_iter().filter_map(Result::err).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    fn check_names(&self) -> Checked {
        let suites: Vec<&str> = SUITES.iter().map(|suite| suite.name).collect();
        for (i, name) in self.suites.iter().enumerate() {
            let is_known = suites.contains(&name.as_str());
            ensure(is_known, format!("suites.{i}"), || names::unknown("suite", name, &suites))?;
        }
        let expect = &self.expect;
        for (key, named) in [("by", Some(&expect.by)), ("checkers", expect.checkers.as_ref())] {
            for (i, name) in named.into_iter().flatten().enumerate() {
                check_checker(name)
                    .map_err(|what| Problem { place: format!("expect.{key}.{i}"), what })?;
            }
        }
        let some = expect.checkers.as_ref().is_none_or(|named| !named.is_empty());
        ensure(some, "expect.checkers", || "expected at least one checker".to_owned())?;
        let sensible = expect.verdict == Expected::Violated || expect.by.is_empty();
        ensure(sensible, "expect.by", || "only a violated verdict is seen `by` someone".to_owned())
    }

    fn check_cluster(&self) -> Checked {
        let cluster = &self.cluster;
        let n = cluster.regions.len();
        let distinct: BTreeSet<&String> = cluster.regions.iter().collect();
        ensure(distinct.len() == n, "cluster.regions", || "a region is named twice".to_owned())?;
        for (i, name) in cluster.regions.iter().enumerate() {
            let fit = !name.is_empty() && !name.contains(char::is_whitespace);
            ensure(fit, format!("cluster.regions.{i}"), || "expected a word".to_owned())?;
        }
        let layouts = cluster.layout.all();
        ensure(!layouts.is_empty(), "cluster.layout", || "expected a layout".to_owned())?;
        for layout in layouts.iter().chain(&cluster.voters) {
            let place = if Some(layout) == cluster.voters.as_ref() { "voters" } else { "layout" };
            let place = format!("cluster.{place}");
            let read: Layout =
                layout.parse().map_err(|what| Problem { place: place.clone(), what })?;
            ensure(read.0.len() == n, place, || {
                format!("layout `{layout}` has {} regions, expected {n}", read.0.len())
            })?;
        }
        for layout in layouts {
            self.check_layout(&Layout::known(layout))?;
        }
        ensure(cluster.partitions.low > 0, "cluster.partitions", || at_least("1 partition"))?;
        ensure(cluster.partitions.high <= 1_000, "cluster.partitions", || {
            format!("{} partitions are more than 1,000", cluster.partitions.high)
        })?;
        ensure(cluster.spare.high <= 100, "cluster.spare", || {
            format!("{} spare nodes are more than 100", cluster.spare.high)
        })?;
        self.check_late()?;
        let square = cluster
            .latency
            .as_ref()
            .is_none_or(|rows| rows.len() == n && rows.iter().all(|row| row.len() == n));
        ensure(square, "cluster.latency", || {
            format!("expected {n} rows of {n} durations, one for each pair of regions")
        })
    }

    fn check_late(&self) -> Checked {
        let (cluster, trouble) = (&self.cluster, self.phases.trouble.low);
        ensure(cluster.late.low < cluster.partitions.low, "cluster.late", || {
            format!("{} late partitions leave none that stands at boot", cluster.late.low)
        })?;
        let Some(at) = cluster.late_at else { return Ok(()) };
        ensure(at.high < trouble, "cluster.late_at", || {
            format!("{} ms may be after the end of trouble ({trouble} ms)", at.high)
        })
    }

    fn check_layout(&self, layout: &Layout) -> Checked {
        let cluster = &self.cluster;
        let voters = cluster.voters.as_ref().map_or_else(|| layout.clone(), Layout::known);
        for (region, (want, have)) in voters.0.iter().zip(&layout.0).enumerate() {
            ensure(want <= have, "cluster.voters", || {
                let name = &cluster.regions[region];
                format!("{want} voters in {name} are more than its {have} nodes")
            })?;
        }
        let n = i64::from(voters.sum());
        let majority = Range::one(n / 2 + 1);
        let write = cluster.write_quorum.unwrap_or(majority);
        let election = cluster.election_quorum.unwrap_or(majority);
        for (write, election) in [(write.low, election.low), (write.high, election.high)] {
            // Who wrote none of the two has majorities, which are sound.
            let place = match cluster.write_quorum {
                Some(quorum) if quorum.high > n || cluster.election_quorum.is_none() => {
                    "write_quorum"
                }
                Some(_) | None => "election_quorum",
            };
            check_quorums(write as u32, election as u32, voters.sum())
                .map_err(|what| Problem { place: format!("cluster.{place}"), what })?;
        }
        Ok(())
    }

    fn check_workload(&self) -> Checked {
        let workload = &self.workload;
        let clients = workload.clients;
        ensure(clients.low > 0, "workload.clients", || at_least("1 client"))?;
        ensure(clients.high <= 10_000, "workload.clients", || {
            format!("{} clients are more than 10,000", clients.high)
        })?;
        for (i, name) in workload.clients_in.iter().enumerate() {
            self.check_region(name, format!("workload.clients_in.{i}"))?;
        }
        ensure(workload.messages.low > 0, "workload.messages", || at_least("1 message"))?;
        for (key, most, value) in
            [("messages", MESSAGES_MAX, workload.messages), ("bytes", BYTES_MAX, workload.bytes)]
        {
            ensure(value.high <= most, format!("workload.{key}"), || {
                format!("{} {key} are more than {most}", value.high)
            })?;
        }
        ensure(workload.produce.low + workload.fetch.low > 0, "workload", || {
            "produce and fetch may both be 0: nothing would be asked".to_owned()
        })?;
        let some = |weights: &[Range<Count>]| weights.iter().any(|weight| weight.low > 0);
        let acks = workload.acks.weights();
        ensure(workload.produce.high == 0 || some(&acks), "workload.acks", || {
            "expected some level whose weight is never 0".to_owned()
        })?;
        let reads = workload.reads.weights();
        ensure(workload.fetch.high == 0 || some(&reads), "workload.reads", || {
            "expected some level whose weight is never 0".to_owned()
        })?;
        if workload.acks.region_quorum.high > 0 {
            for layout in self.cluster.layout.all() {
                let voters = Layout::known(self.cluster.voters.as_ref().unwrap_or(layout));
                let regions = voters.0.iter().filter(|n| **n > 0).count();
                ensure(regions > 1, "workload.acks.region_quorum", || {
                    format!("voters `{voters}` stand in one region, region_quorum needs two")
                })?;
            }
        }
        for (i, level) in self.expect.acks.iter().flatten().enumerate() {
            let place = format!("expect.acks.{i}");
            let Some(weight) = Acks::NAMES.iter().position(|name| name == level) else {
                let what = names::unknown("acknowledgement level", level, &Acks::NAMES);
                return Err(Problem { place, what });
            };
            ensure(acks[weight].high > 0, place, || {
                format!("nobody asks for `{level}`: it has no weight in workload.acks")
            })?;
        }
        Ok(())
    }

    fn check_limits(&self) -> Checked {
        let limits = &self.limits;
        for (key, least, what) in [
            ("append_entries", limits.append_entries.low, "1 entry"),
            ("window", limits.window.low, "1 entry"),
            ("queue", limits.queue.low, "1 call"),
        ] {
            ensure(least > 0, format!("limits.{key}"), || at_least(what))?;
        }
        Ok(())
    }

    fn check_region(&self, name: &str, place: String) -> Checked {
        let known: Vec<&str> = self.cluster.regions.iter().map(String::as_str).collect();
        ensure(known.contains(&name), place, || names::unknown("region", name, &known))
    }

    fn check_times(&self) -> Checked {
        let (timing, phases) = (&self.timing, &self.phases);
        let rises = |low: &Range<Millis>, high: &Range<Millis>| low.high <= high.low;
        ensure(timing.heartbeat.low > 0, "timing.heartbeat", || at_least("1ms"))?;
        let sooner = timing.heartbeat.high < timing.election_min.low;
        ensure(sooner, "timing.heartbeat", || {
            "expected less than `election_min`, or no leader stays".to_owned()
        })?;
        ensure(rises(&timing.election_min, &timing.election_max), "timing.election_max", || {
            "expected at least `election_min`".to_owned()
        })?;
        ensure(timing.attempt.low > 0, "timing.attempt", || at_least("1ms"))?;
        ensure(rises(&timing.attempt, &timing.call), "timing.call", || {
            "expected at least `attempt`".to_owned()
        })?;
        ensure(self.disk.mb_per_s.low > 0, "disk.mb_per_s", || at_least("1"))?;
        for (key, ms) in [
            ("boot_max", phases.boot_max),
            ("trouble", phases.trouble),
            ("heal_max", phases.heal_max),
            ("drain_max", phases.drain_max),
        ] {
            ensure(ms.low > 0, format!("phases.{key}"), || at_least("1ms"))?;
        }
        Ok(())
    }

    /// Draw clamps to what network and disks carry; a scenario is refused only if no value would do.
    fn check_carried(&self) -> Checked {
        let voters = self.cluster.voters.as_deref().map(Layout::known);
        let partitions = self.cluster.partitions.high as u32;
        let unfit = |layout: &String| {
            let shape = place(&Layout::known(layout), voters.as_ref(), partitions, None, None);
            let spans = spans(&shape.nodes, &shape.placement);
            Drawn::kindest(self, spans).carried().unfit()
        };
        let unfit: Option<Vec<String>> = self.cluster.layout.all().iter().map(unfit).collect();
        ensure(unfit.is_none(), "timing.election_min", || {
            let first = unfit.unwrap_or_default().swap_remove(0);
            format!("{first}; no value within what is written would do")
        })
    }
}
