//! **liveness**: after heal, every partition that owes progress acknowledges a produce call that was
//! asked after the heal, within the bound (DESIGN 4, *progress is owed*; messaging.md 2.0 LV).
//!
//! Who owes is decided by the disk truth and told with the mark. Nobody owes an answer to a question
//! that was not asked, or asked too late: then no one can say.

use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    history::{Acks, Ask, Asked, Call, Mark, Outcome, Partition, Stamp},
    verdict::{Evidence, Verdict},
};

/// One partition that owes an acknowledgement.
#[derive(Clone, Copy, Debug)]
struct Debt {
    partition: Partition,
    healed: Stamp,
    bound_ns: u64,
    /// The first call after the heal, and how many there were in the first half of the bound.
    asked: Option<Stamp>,
    asks: u64,
    /// The first acknowledgement that came, too late.
    late: Option<Stamp>,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct Liveness {
    debts: Vec<Debt>,
    paid: u64,
    healed: u64,
    now: Stamp,
}

impl Checker for Liveness {
    fn name(&self) -> &'static str {
        "liveness"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        self.now = at;
        match event {
            Event::Mark(Mark::Healed { owed, bound_ns }) => {
                self.healed += 1;
                self.debts.extend(owed.iter().map(|partition| Debt {
                    partition: *partition,
                    healed: at,
                    bound_ns: *bound_ns,
                    asked: None,
                    asks: 0,
                    late: None,
                }));
            }
            Event::Called(call) if !self.debts.is_empty() => self.ask(call),
            Event::Returned(call) if !self.debts.is_empty() => self.pay(at, call),
            Event::Mark(_)
            | Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Fact(_)
            | Event::Seen(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let (mut breach, mut excuse) = (Breach::default(), None);
        for debt in &self.debts {
            let Debt { partition, healed, bound_ns, .. } = *debt;
            if debt.late.is_none() && self.now.at_ns < healed.at_ns.saturating_add(bound_ns) {
                excuse.get_or_insert(format!(
                    "the run ended before partition {partition} had its time to recover"
                ));
            } else if debt.asks == 0 {
                excuse.get_or_insert(format!(
                    "nobody produced to partition {partition} soon after the heal"
                ));
            } else {
                breach.add(|| unpaid(debt, self.now));
            }
        }
        breach.verdict_or(|| match excuse {
            Some(excuse) => Verdict::Unknown(excuse),
            None if self.healed == 0 => Verdict::Unknown("the run never healed".to_owned()),
            None => Verdict::holds_if_covered(self.paid, "no partition owed progress"),
        })
    }
}

impl Liveness {
    fn ask(&mut self, call: Asked<'_>) {
        let Some(partition) = wanted(&call.ask) else { return };
        for debt in self.debts.iter_mut().filter(|debt| debt.partition == partition) {
            let age = call.called.at_ns.saturating_sub(debt.healed.at_ns);
            if call.called.ordinal > debt.healed.ordinal && age <= debt.bound_ns / 2 {
                debt.asked.get_or_insert(call.called);
                debt.asks += 1;
            }
        }
    }

    fn pay(&mut self, at: Stamp, call: &Call) {
        let Some(partition) = wanted(&call.ask) else { return };
        if !matches!(call.outcome, Outcome::Ok(_)) {
            return;
        }
        let before = self.debts.len();
        self.debts.retain_mut(|debt| {
            if debt.partition != partition || call.called.ordinal < debt.healed.ordinal {
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
}

/// The partition of a produce call whose success proves progress.
fn wanted(ask: &Ask) -> Option<Partition> {
    match ask {
        Ask::Produce { partition, acks, .. } => (*acks != Acks::None).then_some(*partition),
        Ask::Fetch { .. }
        | Ask::Poll
        | Ask::Transact { .. }
        | Ask::Assign { .. }
        | Ask::Join { .. }
        | Ask::CommitOffsets { .. }
        | Ask::FetchOffsets { .. } => None,
    }
}

fn unpaid(debt: &Debt, now: Stamp) -> Evidence {
    let Debt { partition, healed, bound_ns, asked, asks, late } = *debt;
    let bound = bound_ns / 1_000_000;
    let mut lines =
        vec![line(healed, format!("healed: partition {partition} owes progress in {bound} ms"))];
    lines.extend(asked.map(|asked| {
        line(asked, format!("partition {partition}: first of {asks} produce calls after the heal"))
    }));
    lines.push(match late {
        Some(late) => line(late, format!("partition {partition}: first acknowledgement, too late")),
        None => line(now, format!("partition {partition}: no acknowledgement until the end")),
    });
    Evidence {
        summary: format!(
            "partition {partition} acknowledged nothing within {bound} ms of the heal, though its \
             quorums stood on intact voters that could reach one another"
        ),
        lines,
        partition: Some(partition),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{evidence, holds, judge, unknown};

    const HEALED: &str = "-- healed owed=p1,p2 within=1.000 @5.000\n";

    fn after_heal(lines: &str) -> Verdict {
        judge("liveness", &format!("{HEALED}{lines}-- ended @9.000"))
    }

    #[test]
    fn an_acknowledgement_in_time_pays() {
        let verdict = after_heal(
            "c1 produce p1 m1 @5.100..5.200 ok offset=0\n\
             c1 produce p2 m2 leader @5.300..5.400 ok offset=0\n",
        );
        assert_eq!(holds(&verdict), 2);
    }

    #[test]
    fn silence_is_a_violation_of_the_partition_that_is_silent() {
        let evidence = evidence(after_heal(
            "c1 produce p1 m1 @5.100..5.200 ok offset=0\n\
             c1 produce p2 m2 @5.300..5.900 unknown (timeout)\n",
        ));
        assert_eq!((evidence.partition, evidence.count), (Some(2), 1));
        assert!(evidence.lines[1].text.contains("first of 1 produce calls"));
    }

    #[test]
    fn neither_late_nor_older_nor_unacknowledged_calls_pay() {
        for call in [
            "c1 produce p2 m2 @5.300..5.400 refused (full)\nc2 produce p2 m3 @6.500..6.600 ok offset=0\n",
            "c1 produce p2 m2 @4.900..5.400 ok offset=0\nc2 produce p2 m3 @5.400..5.500 unknown\n",
            "c1 produce p2 m2 none @5.300..5.400 ok\nc2 produce p2 m3 @5.400..5.500 unknown\n",
        ] {
            let paid = "c1 produce p1 m1 @5.100..5.200 ok offset=0\n";
            let evidence = evidence(after_heal(&format!("{paid}{call}")));
            assert_eq!(evidence.partition, Some(2), "{call}");
        }
    }

    #[test]
    fn nobody_owes_an_answer_to_a_question_not_asked_in_time() {
        let paid = "c1 produce p1 m1 @5.100..5.200 ok offset=0\n";
        let why = unknown(after_heal(&format!("{paid}c1 produce p2 m2 @5.900..7.000 unknown\n")));
        assert!(why.contains("nobody produced to partition 2"), "{why}");
    }

    #[test]
    fn a_run_that_ended_early_or_never_healed_has_no_answer() {
        let why =
            unknown(judge("liveness", &format!("{HEALED}c1 produce p1 m1 @5.1..5.2 unknown")));
        assert!(why.contains("ended before partition 1"), "{why}");
        assert_eq!(unknown(judge("liveness", "-- ended @9.000")), "the run never healed");
        let why = unknown(judge("liveness", "-- healed owed= within=1.000 @5.000"));
        assert!(why.starts_with("vacuous"), "{why}");
    }
}
