//! What faults did to those who asked: how soon each partition acknowledged again, what was lost by
//! then, and how many acknowledgements had a fault at work beside them. Computed from the history
//! once the run is over; it judges nothing.

use super::{catch_up::CatchUp, struck::Struck};
use checkers::{Acks, Ask, Call, History, Mark, Outcome, Overlap, Recovery, Reply};
use scenarios::{Plan, seat_of};
use std::collections::{BTreeMap, BTreeSet};

/// A run that is over.
pub(crate) struct Aftermath<'a> {
    pub(crate) struck: &'a [Struck],
    pub(crate) history: &'a History,
    pub(crate) plan: &'a Plan,
    /// Whether anything was lost at all: where nothing was, nobody need look for it.
    pub(crate) is_lost: bool,
}

/// A partition's produce calls that were acknowledged, in order of their beginning.
#[derive(Default)]
struct Acked {
    /// When the call began, and the first return among it and all later ones: at the level that
    /// recovery is counted to.
    calls: Vec<(u64, u64)>,
    /// Returns of messages that were promised to last and that the drain did not read.
    missed: Vec<u64>,
    is_drained: bool,
}

impl Aftermath<'_> {
    /// Recovery of each partition from each fault that took replicas away: to the first
    /// acknowledgement of a call that was made after the fault began, at the plan's most asked level.
    pub(crate) fn recovery(&self, catch_up: &CatchUp) -> Vec<Recovery> {
        let acked = self.acked();
        let faults = self.struck.iter().filter(|struck| struck.takes_replicas);
        let of_fault = |struck: &Struck| {
            let one = |(partition, acked): (u32, &Acked)| Recovery {
                fault: struck.what.clone(),
                partition,
                at_ns: struck.at_ns,
                rto_ns: acked.first_after(struck.at_ns),
                rpo_messages: acked.missed_before(struck.at_ns),
                catch_up_ns: catch_up.time_ns(struck.place, partition),
            };
            (1..).zip(&acked).map(one).collect::<Vec<_>>()
        };
        faults.flat_map(of_fault).collect()
    }

    /// Acknowledgements, and those with a fault at work beside them.
    pub(crate) fn overlap(&self, end_ns: u64) -> Overlap {
        let partitions: Vec<Spans> = (self.plan.placement.partitions.iter())
            .map(|voters| {
                self.spans(end_ns, |struck| struck.nodes.iter().any(|node| voters.contains(node)))
            })
            .collect();
        let mut clients: BTreeMap<u32, Spans> = BTreeMap::new();
        let mut overlap = Overlap::default();
        for call in &self.history.calls {
            let Some((partition, returned)) = acknowledged(call) else { continue };
            let of_client = clients.entry(call.client).or_insert_with(|| {
                self.spans(end_ns, |struck| struck.clients.contains(&call.client))
            });
            let (from, to) = (call.called.at_ns, returned);
            let place = (partition as usize).wrapping_sub(1);
            let is_under = of_client.meet(from, to)
                || partitions.get(place).is_some_and(|spans| spans.meet(from, to));
            overlap.acknowledged += 1;
            overlap.under_fault += u64::from(is_under);
        }
        overlap
    }

    fn spans(&self, end_ns: u64, is_meant: impl Fn(&Struck) -> bool) -> Spans {
        let meant = self.struck.iter().filter(|struck| is_meant(struck));
        Spans::of(meant.map(|struck| (struck.at_ns, struck.lifted_ns.unwrap_or(end_ns))))
    }

    fn acked(&self) -> Vec<Acked> {
        let weights = &self.plan.workload.acks;
        let heaviest = weights.iter().max().copied().unwrap_or(0);
        let level = weights.iter().rposition(|weight| *weight == heaviest);
        let level = Acks::ALL[level.unwrap_or(2)];
        let mut acked: Vec<Acked> =
            self.plan.placement.partitions.iter().map(|_| Acked::default()).collect();
        for (_, mark) in &self.history.marks {
            if let Mark::Drained { partition, .. } = mark {
                acked[seat_of(*partition)].is_drained = true;
            }
        }
        let read = if self.is_lost { self.drained() } else { BTreeSet::new() };
        for call in &self.history.calls {
            let Some((partition, returned)) = acknowledged(call) else { continue };
            let Ask::Produce { messages, acks, .. } = &call.ask else { continue };
            let acked = &mut acked[seat_of(partition)];
            if *acks == level {
                acked.calls.push((call.called.at_ns, returned));
            }
            if self.is_lost && acks.is_durable() && acked.is_drained {
                let missed = messages.iter().filter(|message| !read.contains(message));
                acked.missed.extend(missed.map(|_| returned));
            }
        }
        acked.iter_mut().for_each(Acked::finish);
        acked
    }

    /// Every message that was read after the drain began.
    fn drained(&self) -> BTreeSet<u64> {
        let begin = self.history.marks.iter().find(|(_, mark)| *mark == Mark::Draining);
        let begin = begin.map_or(u64::MAX, |(stamp, _)| stamp.ordinal);
        let drain = self.history.calls.iter().filter(|call| call.called.ordinal > begin);
        let records = drain.filter_map(|call| match &call.outcome {
            Outcome::Ok(Reply::Fetched { records, .. }) => Some(records),
            Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_) => None,
        });
        records.flatten().map(|record| record.message).collect()
    }
}

/// Partition and return of a produce call that was acknowledged above `none`.
fn acknowledged(call: &Call) -> Option<(u32, u64)> {
    match (&call.ask, &call.outcome, call.returned) {
        (Ask::Produce { partition, acks, .. }, Outcome::Ok(_), Some(returned)) => {
            (*acks != Acks::None).then_some((*partition, returned.at_ns))
        }
        (_, Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_), _) => None,
    }
}

impl Acked {
    /// Turns each return into the first of it and all later ones.
    fn finish(&mut self) {
        let mut first = u64::MAX;
        for (_, returned) in self.calls.iter_mut().rev() {
            first = first.min(*returned);
            *returned = first;
        }
        self.missed.sort_unstable();
    }

    fn first_after(&self, at_ns: u64) -> Option<u64> {
        let later = self.calls.partition_point(|(called, _)| *called < at_ns);
        self.calls.get(later).map(|(_, returned)| returned - at_ns)
    }

    fn missed_before(&self, at_ns: u64) -> Option<u64> {
        let before = self.missed.partition_point(|returned| *returned <= at_ns);
        self.is_drained.then_some(before as u64)
    }
}

/// Times that do not meet, in order.
#[derive(Debug, Default)]
struct Spans(Vec<(u64, u64)>);

impl Spans {
    fn of(spans: impl Iterator<Item = (u64, u64)>) -> Spans {
        let mut sorted: Vec<(u64, u64)> = spans.collect();
        sorted.sort_unstable();
        let mut merged: Vec<(u64, u64)> = Vec::new();
        for (from, to) in sorted {
            match merged.last_mut() {
                Some((_, end)) if from <= *end => *end = to.max(*end),
                Some(_) | None => merged.push((from, to)),
            }
        }
        Spans(merged)
    }

    /// Whether one of them meets `[from, to]`.
    fn meet(&self, from: u64, to: u64) -> bool {
        let later = self.0.partition_point(|(_, end)| *end < from);
        self.0.get(later).is_some_and(|(begin, _)| *begin <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_that_overlap_are_one_and_ends_belong_to_them() {
        let spans = Spans::of([(50, 60), (10, 20), (15, 30)].into_iter());
        assert_eq!(spans.0, [(10, 30), (50, 60)]);
        for (from, to, meets) in [(0, 9, false), (0, 10, true), (30, 40, true), (31, 49, false)] {
            assert_eq!(spans.meet(from, to), meets, "{from} to {to}");
        }
    }

    #[test]
    fn recovery_is_to_the_first_return_of_any_later_call() {
        let mut acked = Acked { calls: vec![(10, 90), (20, 40), (30, 80)], ..Acked::default() };
        acked.finish();
        assert_eq!(acked.first_after(5), Some(35));
        assert_eq!(acked.first_after(25), Some(55));
        assert_eq!(acked.first_after(31), None);
        assert_eq!(acked.missed_before(100), None, "nobody drained: not measured");
    }
}
