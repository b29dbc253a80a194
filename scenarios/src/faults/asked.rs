//! A fault as it was asked for, against its cluster: whoever is meant must be there in every layout that a
//! seed may draw, and sides of a cut may not touch.

use crate::{
    cluster::Cluster,
    layout::Layout,
    names,
    occasion::Occasion,
    place::place,
    problem::{self, Checked, Problem},
    target::Node,
    who::Who,
};
use problem::ensure;
use std::collections::BTreeSet;

/// Who was written for a side of a cut, and under which key.
type Side<'a> = (&'a [Who], &'a str);

/// What a fault is checked against, and where it stands.
pub(crate) struct Asked<'a> {
    pub(crate) cluster: &'a Cluster,
    /// The fewest clients that a seed may draw.
    pub(crate) clients_min: i64,
    /// Whether it was written how long it lasts.
    pub(crate) lasts: bool,
    /// At which it may strike; none: by the clock.
    pub(crate) when: &'a [Occasion],
    /// The place of its line: `fault.2`.
    pub(crate) place: &'a str,
    /// Its kind, which is a step of the place of its keys.
    pub(crate) kind: &'static str,
}

impl Asked<'_> {
    fn at(&self, key: &str) -> String {
        format!("{}.do.{}.{key}", self.place, self.kind)
    }

    /// Refuses at a key of the fault.
    pub(super) fn ensure(&self, holds: bool, key: &str, what: impl FnOnce() -> String) -> Checked {
        ensure(holds, self.at(key), what)
    }

    /// Refuses to last.
    pub(super) fn lasts_not(&self, why: &str) -> Checked {
        ensure(!self.lasts, format!("{}.for", self.place), || why.to_owned())
    }

    /// The fewest clients that a seed may draw.
    pub(super) fn clients_min(&self) -> i64 {
        self.clients_min
    }

    /// Whoever stands under `who` must be there.
    pub(super) fn who(&self, who: &Who) -> Checked {
        self.check_who(who, self.at("who"))
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
            Who::Region(name) => {
                let regions: Vec<&str> = self.cluster.regions.iter().map(String::as_str).collect();
                ensure(regions.contains(&name.as_str()), place, || {
                    names::unknown("region", name, &regions)
                })
            }
            Who::There => {
                let at_a_node = self.when.iter().all(|occasion| occasion.is_at_a_node());
                ensure(!self.when.is_empty() && at_a_node, place, || {
                    "\"there\" is where something happened: expected `when`, and nothing that happens to no \
                     node"
                        .to_owned()
                })
            }
            Who::AnyNode | Who::AnyLeader | Who::AnyRegion | Who::All => Ok(()),
        }
    }

    fn check_followers(&self, rank: u32, place: String) -> Checked {
        let cluster = self.cluster;
        let layouts = cluster.layout.all().iter();
        let voters = layouts.map(|layout| Layout::known(cluster.voters.as_ref().unwrap_or(layout)));
        let n = voters.map(|voters| voters.sum()).min().unwrap_or(0).saturating_sub(1);
        ensure(rank < n, place, || {
            format!("follower {rank}, counted from 0, is beyond the {n} followers of a partition")
        })
    }

    /// Sides are nodes of the plan, so roles may not stand there; and in no layout may they touch.
    pub(super) fn sides(&self, (a, at_a): Side<'_>, (b, at_b): Side<'_>) -> Checked {
        let (at_a, at_b) = (&self.at(at_a), &self.at(at_b));
        ensure(!a.is_empty() || b.is_empty(), at_b.as_str(), || {
            "expected the first side, too".to_owned()
        })?;
        for layout in self.cluster.layout.all() {
            let layout = Layout::known(layout);
            let a = self.check_side(a, &layout, at_a)?;
            let b = self.check_side(b, &layout, at_b)?;
            if let Some(node) = a.intersection(&b).next() {
                let what = format!("n{node} is on both sides in layout `{layout}`");
                return Err(Problem { place: at_b.clone(), what });
            }
            let others = a.len() < layout.sum() as usize;
            ensure(others, at_a.as_str(), || {
                format!("nobody is on the other side in layout `{layout}`")
            })?;
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
                | Who::All
                | Who::There => {
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

fn place_nodes(layout: &Layout) -> Vec<u32> {
    place(layout, None, 1, None, None).nodes
}
