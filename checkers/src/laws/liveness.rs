//! **liveness**: after heal, whoever owes progress makes it, within the bound (DESIGN 4, *progress is
//! owed*; messaging.md 2.0 LV). Four debts, and what is owed is told by the world:
//! - a partition *acknowledges* a produce call at `quorum` or above, asked after the heal: what its
//!   leader alone has flushed proves nothing of the others;
//! - the metadata group *answers* the harness's knock, for no client asks it anything;
//! - replicas become *even*: where heal had its time, no replica is left behind that has stood still
//!   for the bound;
//! - the drain is *served*: no partition leaves it without a read for the bound.
//!
//! Who owes is decided by the disk truth and told with the mark. Nobody owes an answer to a question
//! that was not asked, or asked too late, or under a plan whose network and disks do not carry its
//! timers: then no one can say. A run that is stuck for any other reason is no concern of this law.

use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    facts::{Dues, Fact, FactKind, Group},
    history::{Ask, Asked, Call, Mark, Outcome, Partition, ReadLevel, Stamp},
    truth::DiskTruth,
    verdict::{Evidence, Line, Verdict},
};
use replicas::Replicas;
use std::collections::BTreeMap;

mod replicas;

/// One group that owes an acknowledgement.
#[derive(Clone, Copy, Debug)]
struct Debt {
    group: Group,
    healed: Stamp,
    bound_ns: u64,
    /// The first call after the heal, and how many there were in the first half of the bound.
    asked: Option<Stamp>,
    asks: u64,
    /// The first acknowledgement that came, too late.
    late: Option<Stamp>,
}

impl Debt {
    fn new(group: Group, healed: Stamp, bound_ns: u64) -> Debt {
        Debt { group, healed, bound_ns, asked: None, asks: 0, late: None }
    }
}

/// The last heal: when, who owed, and how long progress might take.
#[derive(Clone, Debug)]
struct Heal {
    at: Stamp,
    owed: Vec<Group>,
    bound_ns: u64,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    dues: Option<Dues>,
    healed: Option<Heal>,
    debts: Vec<Debt>,
    paid: u64,
    replicas: Replicas,
    /// Partitions that are being drained, and when each was last served.
    draining: BTreeMap<Partition, Stamp>,
    is_draining: bool,
    ended: Option<Stamp>,
    now: Stamp,
}

impl Checker for Liveness {
    fn name(&self) -> &'static str {
        "liveness"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Replicas]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Stopped, FactKind::Due, FactKind::Knocked, FactKind::Opened]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        self.now = at;
        match event {
            Event::Mark(mark) => self.turn(at, mark),
            Event::Called(call) if !self.debts.is_empty() => self.ask(call),
            Event::Returned(call) if self.healed.is_some() => self.pay(at, call),
            Event::Fact(Fact::Due(dues)) => self.dues = Some(dues.clone()),
            Event::Fact(Fact::Knocked { group }) => self.knock(at, *group),
            Event::Fact(Fact::Opened { group }) => self.settle(at, *group, None),
            Event::Fact(Fact::Stopped { node }) => self.replicas.stop(at, *node),
            Event::Seen(seen) => self.replicas.look(at, seen),
            Event::Called(_) | Event::Numbered(..) | Event::Returned(_) | Event::Fact(_) => {}
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        let mut breach = Breach::default();
        let excuse = self.unpaid(&mut breach, &shared.disks);
        self.uneven(&mut breach, &shared.disks);
        self.undrained(&mut breach, &shared.disks);
        let unfit = self.dues.as_ref().and_then(|dues| dues.unfit.clone());
        if let Some(unfit) = unfit {
            return Verdict::Unknown(format!("vacuous: {unfit}"));
        }
        breach.verdict_or(|| match excuse {
            Some(excuse) => Verdict::Unknown(excuse),
            None if self.healed.is_none() => Verdict::Unknown("the run never healed".to_owned()),
            None => Verdict::holds_if_covered(self.paid, "no partition owed progress"),
        })
    }
}

impl Liveness {
    fn turn(&mut self, at: Stamp, mark: &Mark) {
        match mark {
            Mark::Healed { owed, bound_ns } => {
                let bound_ns = *bound_ns;
                self.debts.extend(owed.iter().map(|group| Debt::new(*group, at, bound_ns)));
                self.healed = Some(Heal { at, owed: owed.clone(), bound_ns });
            }
            Mark::Draining => {
                self.is_draining = true;
                let owed = self.healed.iter().flat_map(|healed| &healed.owed);
                self.draining = owed.map(|partition| (*partition, at)).collect();
            }
            Mark::Drained { partition, .. } => {
                self.draining.remove(partition);
            }
            Mark::Ended => self.ended = Some(at),
            Mark::Booted => {}
        }
    }

    fn ask(&mut self, call: Asked<'_>) {
        let Some(partition) = wanted(call.ask) else { return };
        for debt in self.debts.iter_mut().filter(|debt| debt.group == partition) {
            let age = call.called.at_ns.saturating_sub(debt.healed.at_ns);
            if call.called.ordinal > debt.healed.ordinal && age <= debt.bound_ns / 2 {
                debt.asked.get_or_insert(call.called);
                debt.asks += 1;
            }
        }
    }

    fn pay(&mut self, at: Stamp, call: &Call) {
        let is_ok = matches!(call.outcome, Outcome::Ok(_));
        if let (true, Ask::Fetch { partition, level: ReadLevel::Linearizable, .. }) =
            (is_ok && self.is_draining, &call.ask)
            && let Some(served) = self.draining.get_mut(partition)
        {
            *served = at;
        }
        if let (true, Some(partition)) = (is_ok, wanted(&call.ask)) {
            self.settle(at, partition, Some(call.called));
        }
    }

    /// A group that no client asks is asked by the harness.
    fn knock(&mut self, at: Stamp, group: Group) {
        let Some(Heal { at: healed, bound_ns, .. }) = self.healed else { return };
        let mut debt = Debt::new(group, healed, bound_ns);
        (debt.asked, debt.asks) = (Some(at), 1);
        self.debts.push(debt);
        if let Some(healed) = &mut self.healed {
            healed.owed.push(group);
        }
    }

    fn settle(&mut self, at: Stamp, group: Group, called: Option<Stamp>) {
        let before = self.debts.len();
        self.debts.retain_mut(|debt| {
            let is_old = called.is_some_and(|called| called.ordinal < debt.healed.ordinal);
            if debt.group != group || is_old {
                return true;
            }
            let is_late = at.at_ns.saturating_sub(debt.healed.at_ns) > debt.bound_ns;
            if is_late {
                debt.late.get_or_insert(at);
            }
            is_late
        });
        self.paid += (before - self.debts.len()) as u64;
    }

    /// Whoever did not acknowledge in time; returns why no one can say of some, if so.
    fn unpaid(&self, breach: &mut Breach, truth: &DiskTruth) -> Option<String> {
        let mut excuse = None;
        for debt in &self.debts {
            let Debt { group, healed, bound_ns, .. } = *debt;
            if debt.late.is_none() && self.now.at_ns < healed.at_ns.saturating_add(bound_ns) {
                excuse.get_or_insert(format!(
                    "the run ended before partition {group} had its time to recover"
                ));
            } else if debt.asks == 0 {
                excuse.get_or_insert(format!(
                    "nobody produced to partition {group} at a level that needs replicas soon after \
                     the heal"
                ));
            } else {
                breach.add(|| unpaid(debt, self.now, self.replicas.told(group, truth)));
            }
        }
        excuse
    }

    /// Replicas that stayed behind, where heal had its time and they stood still for the bound.
    fn uneven(&self, breach: &mut Breach, truth: &DiskTruth) {
        let (Some(healed), true) = (&self.healed, self.is_draining) else { return };
        for group in &healed.owed {
            let behind = self.replicas.behind(*group, truth);
            for (node, since, what) in behind {
                let since_ns = since.at_ns.max(healed.at.at_ns);
                if self.now.at_ns.saturating_sub(since_ns) <= healed.bound_ns {
                    continue;
                }
                let summary = format!(
                    "n{node} {what} of partition {group} and has not moved for {} ms, though \
                     nothing was wrong with its voters any more",
                    (self.now.at_ns - since_ns) / 1_000_000
                );
                breach.add(|| Evidence {
                    node: Some(node),
                    ..waits(*group, healed.at, summary, self.replicas.told(*group, truth))
                });
            }
        }
    }

    /// Partitions that the drain was not served by.
    fn undrained(&self, breach: &mut Breach, truth: &DiskTruth) {
        let (Some(healed), Some(ended)) = (&self.healed, self.ended) else { return };
        for (partition, served) in &self.draining {
            let silent_ns = ended.at_ns.saturating_sub(served.at_ns);
            if silent_ns <= healed.bound_ns {
                continue;
            }
            let summary = format!(
                "partition {partition} served no read of the drain for {} ms",
                silent_ns / 1_000_000
            );
            breach.add(|| {
                let mut told = self.replicas.told(*partition, truth);
                told.push(line(*served, format!("partition {partition}: last served the drain")));
                waits(*partition, healed.at, summary, told)
            });
        }
    }
}

/// The partition of a produce call whose success proves that a quorum works.
fn wanted(ask: &Ask) -> Option<Partition> {
    match ask {
        Ask::Produce { partition, acks, .. } => acks.is_durable().then_some(*partition),
        Ask::Fetch { .. }
        | Ask::Poll
        | Ask::Transact { .. }
        | Ask::Assign { .. }
        | Ask::Join { .. }
        | Ask::CommitOffsets { .. }
        | Ask::FetchOffsets { .. } => None,
    }
}

fn waits(group: Group, healed: Stamp, summary: String, mut lines: Vec<Line>) -> Evidence {
    lines.push(line(healed, "healed: nothing is wrong any more"));
    Evidence { summary, lines, partition: Some(group), ..Evidence::default() }
}

fn unpaid(debt: &Debt, now: Stamp, replicas: Vec<Line>) -> Evidence {
    let Debt { group, healed, bound_ns, asked, asks, late } = *debt;
    let bound = bound_ns / 1_000_000;
    let mut lines =
        vec![line(healed, format!("healed: partition {group} owes progress in {bound} ms"))];
    lines.extend(asked.map(|asked| {
        line(asked, format!("partition {group}: first of {asks} produce calls after the heal"))
    }));
    lines.push(match late {
        Some(late) => line(late, format!("partition {group}: first acknowledgement, too late")),
        None => line(now, format!("partition {group}: no acknowledgement until the end")),
    });
    lines.extend(replicas);
    Evidence {
        summary: format!(
            "partition {group} acknowledged nothing within {bound} ms of the heal, though its \
             quorums stood on intact voters that could reach one another"
        ),
        lines,
        partition: Some(group),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests;
