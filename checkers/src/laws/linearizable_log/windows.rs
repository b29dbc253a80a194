//! The walk up the offsets: the earliest moment that each can have come to be, or two operations
//! that leave it none.

use super::{
    Kind, LinearizableLog, NOWHERE,
    certificate::{Deed, Step, is_impossible},
};
use crate::{
    breach::line,
    history::{Offset, Partition, Stamp},
    verdict::{Evidence, Line},
};

/// The appends of one partition that may stand at offsets that nobody named.
#[derive(Default)]
pub(super) struct Fillers {
    /// When those were asked that may have happened once and were never seen, in order.
    once: Vec<Stamp>,
    /// When the first was asked whose producer is not idempotent: its retries can fill any number.
    endless: Option<Stamp>,
}

/// Two operations that clash: one proves that `late` did not exist yet, the other that `early`, at
/// or above it, existed before.
struct Clash {
    partition: Partition,
    late: (Offset, u32),
    early: (Offset, u32),
}

/// Why no moments fit.
enum Misfit {
    Clash(Clash),
    /// An offset that nobody can have filled, and the operation that proves that it exists.
    Gap(Offset, u32),
}

impl LinearizableLog {
    pub(super) fn fit_windows(&mut self, permits_gaps: bool) {
        for (partition, fillers) in (0..).zip(self.fillers()) {
            match self.misfit(partition, &fillers, permits_gaps) {
                None => self.replay(partition),
                Some(Misfit::Clash(clash)) => self.report_clash(&clash),
                Some(Misfit::Gap(offset, proof)) => {
                    self.report_gap(partition, offset, proof, &fillers);
                }
            }
        }
    }

    /// For each partition, the appends that may stand where nobody looked.
    fn fillers(&self) -> Vec<Fillers> {
        let mut all: Vec<Fillers> = Vec::new();
        all.resize_with(self.logs.len(), Fillers::default);
        for message in &self.messages {
            let append = &self.operations[message.append as usize];
            let fillers = all.get_mut(append.partition as usize);
            let Some(fillers) = fillers.filter(|_| append.kind == Kind::Append) else { continue };
            if !append.is_idempotent {
                let first = fillers.endless.get_or_insert(append.called);
                *first = (*first).min(append.called);
            } else if message.offset == NOWHERE {
                fillers.once.push(append.called);
            }
        }
        all.iter_mut().for_each(|fillers| fillers.once.sort_unstable());
        all
    }

    fn misfit(
        &self,
        partition: Partition,
        fillers: &Fillers,
        permits_gaps: bool,
    ) -> Option<Misfit> {
        let log = &self.logs[partition as usize];
        let known = log.iter().filter(|(_, place)| place.message != 0 || place.upper != 0);
        let (last, _) = known.last()?;
        // The latest lower bound so far: its moment, its offset, and the operation that set it, or
        // none where it was an append that may have filled an offset without a name.
        let mut floor: Option<(Stamp, Offset, Option<u32>)> = None;
        let mut raise = |called: Stamp, offset, by| {
            if floor.is_none_or(|(at, ..)| at < called) {
                floor = Some((called, offset, by));
            }
            floor
        };
        let mut fillers_used = 0;
        // Where gaps are permitted, only those offsets count of which anything is known.
        let all = (!permits_gaps).then_some(0..=last).into_iter().flatten();
        let known = permits_gaps.then(|| log.iter().map(|(offset, _)| offset));
        for offset in all.chain(known.into_iter().flatten()) {
            let place = log.get(offset);
            let mut floor = raise(Stamp::default(), offset, None);
            if let Some(lower) = place.lower.checked_sub(1) {
                floor = raise(self.operations[lower as usize].called, offset, Some(lower));
            }
            if place.message == 0 && !permits_gaps {
                // Nobody named it, yet something above exists: an append must stand here. The
                // earliest asked is the best choice, for any other could be exchanged with it.
                let once = fillers.once.get(fillers_used).copied();
                let Some(asked) = once.into_iter().chain(fillers.endless).min() else {
                    let proof = self.first_proof(partition, offset);
                    return Some(Misfit::Gap(offset, proof));
                };
                fillers_used += usize::from(once == Some(asked));
                floor = raise(asked, offset, None);
            }
            let Some(upper) = place.upper.checked_sub(1) else { continue };
            let Some((at, late, by)) = floor else { continue };
            if at <= self.operations[upper as usize].returned {
                continue;
            }
            return Some(match by {
                Some(by) => {
                    Misfit::Clash(Clash { partition, late: (late, by), early: (offset, upper) })
                }
                None => Misfit::Gap(late, upper),
            });
        }
        None
    }

    /// Goes down the offsets by the latest moment that is left to each: what the walk up explained,
    /// this must explain as well, though it shares none of its arithmetic (checkers.md 4.11).
    fn replay(&self, partition: Partition) {
        let log = &self.logs[partition as usize];
        let places: Vec<_> = log.iter().collect();
        let mut latest = super::NEVER;
        for (offset, place) in places.into_iter().rev() {
            if let Some(upper) = place.upper.checked_sub(1) {
                latest = latest.min(self.operations[upper as usize].returned);
            }
            let lower = place.lower.checked_sub(1).map(|lower| self.operations[lower as usize]);
            let earliest = lower.map_or(Stamp::default(), |lower| lower.called);
            assert!(
                earliest <= latest,
                "the monitor explains offset {offset} of partition {partition}, which had to be there \
                 by {latest:?} and was not before {earliest:?}"
            );
        }
    }

    /// The operation that first proved that this offset existed.
    fn first_proof(&self, partition: Partition, offset: Offset) -> u32 {
        let above = self.logs[partition as usize].from(offset);
        let proofs = above.flat_map(|(_, place)| [place.upper, place.named_by]);
        let proofs = proofs.filter_map(|number| number.checked_sub(1));
        proofs.min_by_key(|number| self.operations[*number as usize].returned).unwrap_or_default()
    }

    fn report_clash(&mut self, clash: &Clash) {
        let Clash { partition, late, early } = *clash;
        let log = &self.logs[partition as usize];
        let (late_place, early_place) = (log.get(late.0), log.get(early.0));
        let (late_op, early_op) =
            (self.operations[late.1 as usize], self.operations[early.1 as usize]);
        let late_deed = match late_op.kind {
            Kind::Read => Deed::EndedAt(late.0),
            Kind::Append | Kind::Refused => self.deed(late.1, late.0, late_place),
        };
        let early_deed = self.deed(early.1, early.0, early_place);
        let steps = [
            Step {
                called: early_op.called.ordinal,
                returned: early_op.returned.ordinal,
                deed: early_deed,
            },
            Step {
                called: late_op.called.ordinal,
                returned: late_op.returned.ordinal,
                deed: late_deed,
            },
        ];
        assert!(is_impossible(&steps), "the monitor refutes what brute force explains: {steps:?}");
        let kind = match (late_op.kind, early_op.kind) {
            (Kind::Read, _) => "stale_read",
            (Kind::Append | Kind::Refused, Kind::Read) => "future_read",
            (Kind::Append | Kind::Refused, Kind::Append | Kind::Refused) => "realtime_order",
        };
        let subject = match late_op.kind {
            Kind::Read => early_place,
            Kind::Append | Kind::Refused => late_place,
        };
        let message = subject.message.checked_sub(1).map(|message| self.ids.id(message));
        let mut lines = self.lines(early.1, early_deed);
        lines.extend(self.lines(late.1, late_deed));
        self.breach.add(|| Evidence {
            summary: format!(
                "{kind}: in partition {partition}, offset {} existed before offset {} could have \
                 come to be",
                early.0, late.0
            ),
            lines,
            partition: Some(partition),
            offset: Some(late.0),
            message,
            ..Evidence::default()
        });
    }

    /// More offsets without a name than there are appends that could stand there.
    fn report_gap(&mut self, partition: Partition, offset: Offset, proof: u32, fillers: &Fillers) {
        let log = &self.logs[partition as usize];
        let until = self.operations[proof as usize].returned;
        let unnamed = (0..=offset).filter(|offset| log.get(*offset).message == 0).count();
        let available = fillers.once.iter().filter(|asked| **asked <= until).count();
        let is_endless = fillers.endless.is_some_and(|asked| asked <= until);
        assert!(
            unnamed > available && !is_endless,
            "the monitor misses an append that could fill offset {offset} of partition {partition}"
        );
        let above = log.from(offset).find_map(|(above, place)| {
            let proves = place.upper == proof + 1 || place.named_by == proof + 1;
            proves.then_some(above)
        });
        let lines = self.lines(proof, Deed::Reached(above.unwrap_or(offset)));
        self.breach.add(|| Evidence {
            summary: format!(
                "offset_gap: partition {partition} reaches past offset {offset}, where no message \
                 was ever seen; {unnamed} offsets up to there have no name, and only {available} \
                 appends without a known outcome could stand there"
            ),
            lines,
            partition: Some(partition),
            offset: Some(offset),
            ..Evidence::default()
        });
    }

    /// The call and the return of one operation, in words.
    pub(super) fn lines(&self, number: u32, deed: Deed) -> Vec<Line> {
        let operation = &self.operations[number as usize];
        let (client, partition) = (operation.client, operation.partition);
        let asked = match operation.kind {
            Kind::Append | Kind::Refused => match deed {
                Deed::Append(_, message) | Deed::Saw(_, message) => {
                    format!("c{client} asked to append m{message} to partition {partition}")
                }
                Deed::Reached(_) | Deed::EndedAt(_) | Deed::Once(_) | Deed::Never(_) => {
                    format!("c{client} asked to append to partition {partition}")
                }
            },
            Kind::Read => format!("c{client} asked to read partition {partition}"),
        };
        let told = match deed {
            Deed::Append(offset, message) | Deed::Saw(offset, message) => match operation.kind {
                Kind::Append | Kind::Refused => {
                    format!("c{client} was told that m{message} is at offset {offset}")
                }
                Kind::Read => format!("c{client} read m{message} at offset {offset}"),
            },
            Deed::Reached(offset) => {
                format!("c{client} saw that partition {partition} reaches offset {offset}")
            }
            Deed::EndedAt(end) => {
                format!("c{client} was told that partition {partition} ends at {end}")
            }
            Deed::Once(_) | Deed::Never(_) => format!("c{client} had its answer"),
        };
        let mut lines = vec![line(operation.called, asked)];
        if operation.returned != super::NEVER {
            lines.push(line(operation.returned, told));
        }
        lines
    }
}
