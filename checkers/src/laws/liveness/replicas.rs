//! What every replica looked like last, and since when it has stood still: who is left behind, and who
//! waits for whom. It accuses nobody.

use crate::{
    breach::line,
    by_offset::seat,
    facts::{Group, Node, ReplicaView, Role},
    history::Stamp,
    truth::DiskTruth,
    verdict::Line,
};

/// One replica.
#[derive(Clone, Copy, Debug)]
struct Seen {
    /// None while its process is gone.
    view: Option<ReplicaView>,
    at: Stamp,
    /// When its log last changed, or its process ended.
    moved: Stamp,
}

/// Every replica: by group, then node.
#[derive(Debug, Default)]
pub(super) struct Replicas(Vec<Vec<Option<Seen>>>);

impl Replicas {
    pub(super) fn look(&mut self, at: Stamp, view: &ReplicaView) {
        let seen = seat(seat(&mut self.0, view.group), view.node);
        let log = |view: &ReplicaView| (view.commit, view.last, view.flushed);
        let moved = match seen {
            Some(Seen { view: Some(before), moved, .. }) if log(before) == log(view) => *moved,
            Some(_) | None => at,
        };
        *seen = Some(Seen { view: Some(*view), at, moved });
    }

    pub(super) fn stop(&mut self, at: Stamp, node: Node) {
        for replicas in &mut self.0 {
            if let Some(Some(seen)) = replicas.get_mut(node as usize)
                && seen.view.take().is_some()
            {
                (seen.at, seen.moved) = (at, at);
            }
        }
    }

    /// Voters of a group that are not up, or do not hold and know what the furthest of them does:
    /// who, since when it has stood still, and what it lacks. Nobody, while the world knows no voters.
    pub(super) fn behind(&self, group: Group, truth: &DiskTruth) -> Vec<(Node, Stamp, String)> {
        let Some(configuration) = truth.configuration(group) else { return Vec::new() };
        let replicas = self.0.get(group as usize).map_or(&[][..], Vec::as_slice);
        let commit = replicas.iter().flatten().filter_map(|seen| seen.view).map(|v| v.commit);
        let commit = commit.max().unwrap_or(0);
        let mut behind = Vec::new();
        for voter in &configuration.voters {
            let seen = replicas.get(voter.node as usize).copied().flatten();
            let (since, what) = match seen {
                None => (Stamp::default(), "never came to hold its replica".to_owned()),
                Some(Seen { view: None, moved, .. }) => {
                    (moved, "is not up as a replica".to_owned())
                }
                Some(Seen { view: Some(view), moved, .. }) => {
                    if (view.commit, view.last, view.flushed) == (commit, commit, commit) {
                        continue;
                    }
                    let ReplicaView { last, flushed, commit: known, .. } = view;
                    let of = format!("of {commit} committed entries");
                    (moved, format!("holds {last}, {flushed} flushed, {known} known {of}"))
                }
            };
            behind.push((voter.node, since, what));
        }
        behind
    }

    /// Who waits for whom: each replica of a group as it looked last.
    pub(super) fn told(&self, group: Group, truth: &DiskTruth) -> Vec<Line> {
        let replicas = self.0.get(group as usize).map_or(&[][..], Vec::as_slice);
        let told = (0..).zip(replicas).filter_map(|(node, seen): (Node, _)| {
            let Seen { view, at, .. } = (*seen)?;
            let durable = truth.log(node, group).last().map_or(0, |last| last.index);
            let text = match view {
                None => format!("n{node}: no process; {durable} entries durable"),
                Some(view) => format!(
                    "n{node}: {} of term {}: {} committed, {} held, {durable} durable",
                    word(view.role),
                    view.term,
                    view.commit,
                    view.last
                ),
            };
            Some(line(at, text))
        });
        told.collect()
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Learner => "learns",
        Role::Follower => "follows or waits",
        Role::PreCandidate => "asks whether it could win",
        Role::Candidate => "asks for votes",
        Role::Leader => "leads",
    }
}
