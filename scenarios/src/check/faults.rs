//! Faults of a scenario against its cluster: whoever is meant must be there in every layout that a
//! seed may draw, and sides of a cut may not touch.

use super::{Checked, Problem, at_least, ensure};
use crate::{
    layout::Layout,
    place::place,
    plan::Node,
    scenario::Scenario,
    sound::FACTOR_MAX,
    units::{Millis, Range, write},
    who::Who,
    written::Written,
};
use std::collections::BTreeSet;

impl Scenario {
    pub(super) fn check_script(&self) -> Checked {
        for (i, scripted) in self.faults.iter().enumerate() {
            let place = format!("fault.{i}");
            let (at, end) = (scripted.at.high, self.phases.trouble.low);
            ensure(at < end, format!("{place}.at"), || {
                format!(
                    "begins at {}, but trouble ends at {}",
                    write::<Millis>(at),
                    write::<Millis>(end)
                )
            })?;
            if let Some(every) = &scripted.every {
                ensure(every.low > 0, format!("{place}.every"), || {
                    "expected some time between repetitions".to_owned()
                })?;
                let n = self.phases.trouble.high / every.low;
                let n = n.min(scripted.times.map_or(i64::MAX, |times| times.high));
                check_number(n, format!("{place}.every"))?;
            }
            self.check_fault(&scripted.what, scripted.lasts.as_ref(), &place)?;
        }
        Ok(())
    }

    pub(super) fn check_menu(&self) -> Checked {
        let Some(menu) = &self.menu else { return Ok(()) };
        let some = menu.faults.iter().any(|dish| dish.weight.low > 0);
        ensure(some, "menu.faults", || "expected some fault whose weight is never 0".to_owned())?;
        ensure(menu.rate.low > 0, "menu.rate", || {
            "expected a rate above 0; leave the menu out for no faults".to_owned()
        })?;
        // A rate counts in 1,000 seconds, trouble in milliseconds.
        let n = i128::from(menu.rate.high) * i128::from(self.phases.trouble.high) / 1_000_000;
        check_number(i64::try_from(n).unwrap_or(i64::MAX), "menu.rate".to_owned())?;
        for (i, dish) in menu.faults.iter().enumerate() {
            self.check_fault(&dish.what, dish.lasts.as_ref(), &format!("menu.faults.{i}"))?;
        }
        Ok(())
    }

    fn check_fault(&self, what: &Written, lasts: Option<&Range<Millis>>, place: &str) -> Checked {
        let at = |key: &str| format!("{place}.do.{}.{key}", what.kind());
        match what {
            Written::Partition { a, b } => self.check_sides(a, b, &at("a"), &at("b")),
            Written::OneWay { from, to } => self.check_sides(from, to, &at("from"), &at("to")),
            Written::CutClient { client: Some(client) } => {
                let n = self.workload.clients.low;
                ensure((1..=n).contains(&client.low) && client.high <= n, at("client"), || {
                    format!("client {} is not within 1 and {n}", client.high)
                })
            }
            Written::CutClient { client: None }
            | Written::Loss { .. }
            | Written::Duplicate { .. }
            | Written::Reorder { .. }
            | Written::Tail { .. } => Ok(()),
            Written::RestartStorm { who, up, down } => {
                self.check_who(who, at("who"))?;
                ensure(up.low > 0, at("up"), || at_least("1ms"))?;
                ensure(down.low > 0, at("down"), || at_least("1ms"))
            }
            Written::SlowDisk { who, factor } => {
                self.check_who(who, at("who"))?;
                ensure(factor.low > 0, at("factor"), || at_least("1"))?;
                ensure(factor.high <= FACTOR_MAX, at("factor"), || {
                    format!("{} times slower is more than {FACTOR_MAX} times", factor.high)
                })
            }
            Written::ClockJump { who, .. } => {
                self.check_who(who, at("who"))?;
                ensure(lasts.is_none(), format!("{place}.for"), || {
                    "a clock jumps once and does not last".to_owned()
                })
            }
            Written::Isolate { who, .. }
            | Written::Crash { who }
            | Written::PowerLoss { who }
            | Written::Pause { who }
            | Written::FsyncError { who }
            | Written::ClockOffset { who, .. }
            | Written::ClockDrift { who, .. } => self.check_who(who, at("who")),
        }
    }

    fn check_who(&self, who: &Who, place: String) -> Checked {
        let sums = self.cluster.layout.all().iter().map(|layout| Layout::known(layout).sum());
        let n_nodes = sums.min().unwrap_or(0);
        let n_partitions = self.cluster.partitions.low;
        let known = |partition: u32, place: String| {
            ensure((1..=n_partitions).contains(&i64::from(partition)), place, || {
                format!("p{partition} is not within p1 and p{n_partitions}")
            })
        };
        match who {
            Who::Node(node) => ensure((1..=n_nodes).contains(node), place, || {
                format!("n{node} is beyond the cluster's {n_nodes} nodes")
            }),
            Who::Leader(partition) => known(*partition, place),
            Who::Follower { partition, rank } => {
                known(*partition, place.clone())?;
                self.check_followers(rank.unwrap_or(0), place)
            }
            Who::AnyFollower => self.check_followers(0, place),
            Who::Region(name) => self.check_region(name, place),
            Who::AnyNode | Who::AnyLeader | Who::AnyRegion | Who::All => Ok(()),
        }
    }

    fn check_followers(&self, rank: u32, place: String) -> Checked {
        let cluster = &self.cluster;
        let layouts = cluster.layout.all().iter();
        let voters = layouts.map(|layout| Layout::known(cluster.voters.as_ref().unwrap_or(layout)));
        let n = voters.map(|voters| voters.sum()).min().unwrap_or(0).saturating_sub(1);
        ensure(rank < n, place, || {
            format!("follower {rank}, counted from 0, is beyond the {n} followers of a partition")
        })
    }

    /// Sides are nodes of the plan, so roles may not stand there; and in no layout may they touch.
    fn check_sides(&self, a: &[Who], b: &[Who], at_a: &str, at_b: &str) -> Checked {
        ensure(!a.is_empty() || b.is_empty(), at_b, || "expected the first side, too".to_owned())?;
        for layout in self.cluster.layout.all() {
            let layout = Layout::known(layout);
            let a = self.check_side(a, &layout, at_a)?;
            let b = self.check_side(b, &layout, at_b)?;
            if let Some(node) = a.intersection(&b).next() {
                let what = format!("n{node} is on both sides in layout `{layout}`");
                return Err(Problem { place: at_b.to_owned(), what });
            }
            let others = a.len() < layout.sum() as usize;
            ensure(others, at_a, || format!("nobody is on the other side in layout `{layout}`"))?;
        }
        Ok(())
    }

    fn check_side(
        &self,
        side: &[Who],
        layout: &Layout,
        place: &str,
    ) -> Result<BTreeSet<Node>, Problem> {
        let shape = place_nodes(layout);
        let mut nodes = BTreeSet::new();
        for (i, who) in side.iter().enumerate() {
            let at = format!("{place}.{i}");
            self.check_who(who, at.clone())?;
            match who {
                Who::Node(node) => {
                    nodes.insert(*node);
                }
                Who::Region(name) => {
                    let region = self.cluster.regions.iter().position(|region| region == name);
                    let here = (1..).zip(&shape).filter(|(_, r)| Some(**r as usize) == region);
                    let before = nodes.len();
                    nodes.extend(here.map(|(node, _)| node));
                    ensure(nodes.len() > before, at, || {
                        format!("region {name} has no nodes in layout `{layout}`")
                    })?;
                }
                Who::AnyNode | Who::AnyRegion if side.len() == 1 => {}
                Who::AnyNode
                | Who::AnyRegion
                | Who::Leader(_)
                | Who::AnyLeader
                | Who::Follower { .. }
                | Who::AnyFollower
                | Who::All => {
                    let what = format!(
                        "\"{who}\" cannot stand here: expected nodes and regions, or one \
                         \"any node\" or \"any region\" against everyone else"
                    );
                    return Err(Problem { place: at, what });
                }
            }
        }
        Ok(nodes)
    }
}

/// More faults than this are a slip of the pen; a day of one every ten seconds is less.
const FAULTS_MAX: i64 = 10_000;

fn check_number(n: i64, place: String) -> Checked {
    ensure(n <= FAULTS_MAX, place, || {
        format!("would strike {n} times, expected at most {FAULTS_MAX}")
    })
}

fn place_nodes(layout: &Layout) -> Vec<u32> {
    place(layout, None, 1, None, None).nodes
}
