//! **availability**: while nothing is wrong, no honest call fails (DESIGN 5). A
//! system that is safe because it refuses half of what it is asked breaks no law of safety.
//!
//! A group *owes* an answer to a call that was asked, and that ended, within one window in which
//! nothing was wrong with the group and the client (the world says so, [`Fact::Calm`]), after the
//! group has settled: it has been calm for a while and kept one leader for a while, whose term is the
//! newest that any of its voters has. How many calls must end well the plan says ([`Fact::Due`]): all,
//! if its load is below what it carries; all but one in twenty where the base network may cost a call
//! that is short of time; none if the load is more than it carries. How long one may take counts only
//! where the base network neither loses nor delays.
//!
//! Two calls are excused. Where a call has no time to wait for an election, one that saw its leader
//! change; and a producer's first call to a new leader after one that only the old leader had
//! acknowledged, at `leader`: what may be lost leaves a gap in its sequence.

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{Dues, Fact, FactKind, Group, Node, Owed, ReplicaView, Role, Service},
    history::{Acks, Ask, Asked, Call, Outcome, Partition, Stamp},
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// Of so many calls one may fail where a plan says *most*, and this many more.
const ONE_IN: u64 = 20;
const FEW: u64 = 3;

/// A group: since when nothing is wrong with it, and who leads it since when.
#[derive(Clone, Copy, Debug, Default)]
struct Seen {
    calm: Option<Stamp>,
    /// The newest term of any voter, and who leads it.
    term: u64,
    leader: Option<(Node, Stamp)>,
}

/// A call that is under way and owed an answer if its window lasts.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// When the windows of its group and its client began.
    windows: (Stamp, Stamp),
    leader: Stamp,
}

/// Calls of one kind.
#[derive(Debug, Default)]
struct Kind {
    judged: u64,
    failed: u64,
    /// The first that failed, composed when it did.
    breach: Breach,
    late: Breach,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct Availability {
    dues: Option<Dues>,
    groups: Vec<Seen>,
    /// Clients that something is wrong with have none.
    clients: BTreeMap<u32, Stamp>,
    open: BTreeMap<u64, Open>,
    /// Whose last acknowledgement from a partition was the leader's alone, and when it came.
    alone: BTreeMap<(u32, Partition), Stamp>,
    produce: Kind,
    fetch: Kind,
}

impl Checker for Availability {
    fn name(&self) -> &'static str {
        "availability"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Replicas]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Stopped, FactKind::Due, FactKind::Calm, FactKind::Troubled]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Called(call) => self.begin(at, call),
            Event::Returned(call) => self.end(at, call),
            Event::Seen(seen) => self.look(at, seen),
            Event::Fact(Fact::Due(dues)) => self.dues = Some(dues.clone()),
            Event::Fact(Fact::Calm { groups, clients }) => {
                groups.iter().for_each(|group| self.group(*group).calm = Some(at));
                self.clients.extend(clients.iter().map(|client| (*client, at)));
            }
            Event::Fact(Fact::Troubled { groups, clients, .. }) => {
                groups.iter().for_each(|group| self.group(*group).calm = None);
                self.clients.retain(|client, _| !clients.contains(client));
            }
            Event::Fact(Fact::Stopped { node }) => {
                let led = |seen: &&mut Seen| seen.leader.is_some_and(|(leader, _)| leader == *node);
                self.groups.iter_mut().filter(led).for_each(|seen| seen.leader = None);
            }
            Event::Numbered(..) | Event::Fact(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let Some(dues) = self.dues else {
            return Verdict::Unknown("vacuous: what the plan carries is not known".to_owned());
        };
        let judged = self.produce.judged + self.fetch.judged;
        let produced = self.produce.verdict(&dues.produce.owed);
        let verdict = produced.and(self.fetch.verdict(&dues.fetch.owed));
        match (verdict, dues.unfit, &dues.produce.owed, &dues.fetch.owed) {
            (violated @ Verdict::Violated(_), ..) => violated,
            (_, Some(unfit), ..) => Verdict::Unknown(format!("vacuous: {unfit}")),
            (_, None, Owed::Nothing(why), Owed::Nothing(_)) => {
                Verdict::Unknown(format!("vacuous: {why}"))
            }
            (_, None, ..) => Verdict::holds_if_covered(
                judged,
                "no call was asked and ended while nothing was wrong",
            ),
        }
    }
}

impl Availability {
    fn group(&mut self, group: Group) -> &mut Seen {
        seat(&mut self.groups, group)
    }

    fn look(&mut self, at: Stamp, replica: &ReplicaView) {
        let seen = self.group(replica.group);
        let leads = seen.leader.is_some_and(|(leader, _)| leader == replica.node);
        if replica.term > seen.term {
            (seen.term, seen.leader) = (replica.term, None);
        }
        match (replica.role, replica.term == seen.term) {
            (Role::Leader, true) if seen.leader.is_none() => seen.leader = Some((replica.node, at)),
            (Role::Leader, _) => {}
            (Role::Learner | Role::Follower | Role::PreCandidate | Role::Candidate, _) if leads => {
                seen.leader = None;
            }
            (Role::Learner | Role::Follower | Role::PreCandidate | Role::Candidate, _) => {}
        }
    }

    /// When the leader of a group took over, if the group has settled.
    fn settled(&self, at: Stamp, group: Group) -> Option<(Stamp, Stamp)> {
        let settle_ns = self.dues.as_ref()?.settle_ns;
        let seen = self.groups.get(group as usize)?;
        let ((_, leads), calm) = (seen.leader?, seen.calm?);
        let since_ns = leads.at_ns.max(calm.at_ns);
        (at.at_ns >= since_ns.saturating_add(settle_ns)).then_some((calm, leads))
    }

    fn begin(&mut self, at: Stamp, call: Asked<'_>) {
        let (Some((partition, _)), Some(client)) =
            (asked(call.ask), self.clients.get(&call.client))
        else {
            return;
        };
        if let Some((calm, leader)) = self.settled(at, partition) {
            self.open.insert(call.id, Open { windows: (calm, *client), leader });
        }
    }

    fn end(&mut self, at: Stamp, call: &Call) {
        let Some((partition, is_fetch)) = asked(&call.ask) else { return };
        let is_ok = matches!(call.outcome, Outcome::Ok(_));
        let alone = self.alone.get(&(call.client, partition)).copied();
        if let (Ask::Produce { acks, .. }, true) = (&call.ask, is_ok) {
            match acks {
                Acks::Leader => {
                    self.alone.insert((call.client, partition), at);
                }
                Acks::None => {}
                Acks::Quorum | Acks::RegionQuorum => {
                    self.alone.remove(&(call.client, partition));
                }
            }
        }
        let Some(open) = self.open.remove(&call.id) else { return };
        let seen = self.groups[partition as usize];
        let lasts = seen.calm == Some(open.windows.0)
            && self.clients.get(&call.client) == Some(&open.windows.1);
        let has_gap = alone.is_some_and(|acked| acked.ordinal < open.leader.ordinal);
        if !is_ok && has_gap {
            self.alone.remove(&(call.client, partition));
        }
        let dues = self.dues.as_ref().expect("a call was opened under them");
        let service = if is_fetch { &dues.fetch } else { &dues.produce };
        let changed = seen.leader.is_none_or(|(_, since)| since != open.leader);
        let is_excused = !is_ok && (has_gap || (changed && service.owed != Owed::All));
        if !lasts || is_excused || matches!(service.owed, Owed::Nothing(_)) {
            return;
        }
        let kind = if is_fetch { &mut self.fetch } else { &mut self.produce };
        kind.judge(at, call, (partition, open.windows.0), service);
    }
}

impl Kind {
    fn judge(&mut self, at: Stamp, call: &Call, window: (Partition, Stamp), service: &Service) {
        self.judged += 1;
        match &call.outcome {
            Outcome::Ok(_) => {
                let took_ns = at.at_ns - call.called.at_ns;
                if let Some(most_ns) = service.latency_ns.filter(|most_ns| took_ns > *most_ns) {
                    let (took, most) = (took_ns / 1_000_000, most_ns / 1_000_000);
                    let what = format!("took {took} ms, more than {most} ms");
                    self.late.add(|| told(at, call, window, what));
                }
            }
            Outcome::Refused(why) | Outcome::Unknown(why) => {
                self.failed += 1;
                let word = match &call.outcome {
                    Outcome::Refused(_) => "refused",
                    Outcome::Unknown(_) | Outcome::Ok(_) => "unknown",
                };
                self.breach.add(|| told(at, call, window, format!("ended {word} ({why})")));
            }
        }
    }

    fn verdict(self, owed: &Owed) -> Verdict {
        let may_fail = match owed {
            Owed::All => 0,
            Owed::Most => self.judged / ONE_IN + FEW,
            Owed::Nothing(_) => u64::MAX,
        };
        let (judged, failed) = (self.judged, self.failed);
        let mut breach = if failed > may_fail { self.breach } else { self.late };
        if let Some(evidence) = breach.evidence_mut().filter(|_| failed > may_fail) {
            evidence.summary +=
                &format!("; {failed} of {judged} such calls failed, and {may_fail} may");
        }
        breach.verdict_or(|| Verdict::holds_if_covered(judged, "no such call"))
    }
}

/// The partition that a call is about, and whether it is a fetch; none where nothing is promised.
fn asked(ask: &Ask) -> Option<(Partition, bool)> {
    match ask {
        Ask::Produce { partition, acks, .. } => {
            (*acks != Acks::None).then_some((*partition, false))
        }
        Ask::Fetch { partition, .. } => Some((*partition, true)),
        Ask::Poll
        | Ask::Transact { .. }
        | Ask::Assign { .. }
        | Ask::Join { .. }
        | Ask::CommitOffsets { .. }
        | Ask::FetchOffsets { .. } => None,
    }
}

fn told(at: Stamp, call: &Call, (partition, calm): (Partition, Stamp), what: String) -> Evidence {
    let Call { id, client, called, .. } = call;
    let name = match &call.ask {
        Ask::Fetch { .. } => "fetch",
        Ask::Produce { .. }
        | Ask::Poll
        | Ask::Transact { .. }
        | Ask::Assign { .. }
        | Ask::Join { .. }
        | Ask::CommitOffsets { .. }
        | Ask::FetchOffsets { .. } => "produce",
    };
    Evidence {
        summary: format!(
            "a {name} call of client {client} to partition {partition} {what} though nothing was \
             wrong with either"
        ),
        lines: vec![
            line(calm, format!("partition {partition}: nothing is wrong from now on")),
            line(*called, format!("client {client}: {name} to partition {partition} (call {id})")),
            line(at, format!("client {client}: call {id} {what}")),
        ],
        partition: Some(partition),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests;
