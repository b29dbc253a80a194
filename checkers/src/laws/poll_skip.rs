//! **poll_skip**: a client's polls pass over nothing: no message that is known to stand in between
//! is left out, between two polls or (`int_poll_skip`) within one call (Jepsen's kafka workload).
//!
//! Offsets that nobody ever named may be markers, and are skipped for free; so it is judged at the
//! end, when all is known that ever will be. Where a client starts anew, what lies below is not its
//! business; [`super::positions`] says when. Within a fetch the same holds from where it was asked.

use super::{
    positions::{Positions, Step},
    words::{count, malformed, sent},
};
use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    history::Stamp,
    ledger::{Act, Ledger, Number},
    verdict::{Evidence, Verdict},
};

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct PollSkip {
    positions: Positions,
    /// Every step over something. In a log without gaps there are none.
    skips: Vec<Step>,
    read: u64,
}

impl Checker for PollSkip {
    fn name(&self) -> &'static str {
        "poll_skip"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, _at: Stamp, event: Event<'_>, shared: &Shared) {
        let skips = &mut self.skips;
        self.positions.observe(event, shared, |step| {
            if step.to > step.due {
                skips.push(step);
            }
        });
        if let Event::Returned(_) = event {
            let acts = shared.ledger.acts().iter();
            self.read += acts.filter(|act| matches!(act, Act::Read(_))).count() as u64;
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        let ledger = &shared.ledger;
        if let Some(unknown) = malformed(ledger) {
            return unknown;
        }
        let mut breach = Breach::default();
        for step in self.skips.iter().filter(|step| !step.is_permitted) {
            if let Some(skipped) = skipped(ledger, step) {
                breach.add(|| evidence(ledger, step, skipped));
            }
        }
        breach.verdict_or(|| Verdict::holds_if_covered(self.read, "nobody read anything"))
    }

    fn permitted(&self, shared: &Shared) -> Vec<String> {
        let permitted = self.skips.iter().filter(|step| step.is_permitted);
        let skips = permitted.filter(|step| skipped(&shared.ledger, step).is_some()).count() as u64;
        let text = format!(
            "permitted by `rebalance_skips`: {} passed over something after a rebalance",
            count(skips, "poll")
        );
        if skips > 0 { vec![text] } else { Vec::new() }
    }
}

/// The first message that the step passed over, if any is known.
fn skipped(ledger: &Ledger, step: &Step) -> Option<Number> {
    let (offset, message) = ledger.standing(step.partition, step.due).next()?;
    (offset < step.to).then_some(message)
}

fn evidence(ledger: &Ledger, step: &Step, skipped: Number) -> Evidence {
    let Step { client, partition, due, to, since, at, is_within, .. } = *step;
    let name = if is_within { "int_poll_skip" } else { "poll_skip" };
    let id = ledger.id(skipped);
    let offset = ledger.standing(partition, due).next().map(|(offset, _)| offset);
    let before = match due.checked_sub(1) {
        Some(last) => format!("c{client} had read partition {partition} up to offset {last}"),
        None => format!("c{client} read partition {partition} from its beginning"),
    };
    let mut lines = sent(ledger, skipped);
    lines.push(line(since, before));
    lines.push(line(at, format!("c{client} was shown offset {to} of partition {partition} next")));
    Evidence {
        summary: format!(
            "{name}: {} c{client} offset {to} of partition {partition} where offset {due} was due, \
             and passed over m{id} at offset {}, which {}",
            if is_within { "one call showed" } else { "a poll showed" },
            offset.unwrap_or(due),
            if ledger.is_read(skipped) { "was read by others" } else { "was acknowledged" }
        ),
        lines,
        partition: Some(partition),
        offset,
        message: Some(id),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Contract, Judgement,
        testing::{evidence, holds, judge, judgement, unknown},
    };

    const SENT: &str = "c1 produce p1 m1,m2,m3 @0.1..0.2 ok offset=0\n";

    fn history(calls: &str) -> String {
        format!("{SENT}{calls}")
    }

    #[test]
    fn offsets_that_nobody_named_are_skipped_for_free() {
        let verdict = judge(
            "poll_skip",
            "c1 produce p1 m1 @0.1..0.2 ok offset=0
             c1 produce p1 m2 leader @0.3..0.4 ok offset=2
             c1 produce p1 m3 @0.5..0.6 ok offset=4
             c2 poll @1..2 ok p1[0:m1 4:m3]
             c2 poll @3..4 ok p1[7:m9]",
        );
        assert_eq!(holds(&verdict), 2);
    }

    #[test]
    fn a_message_between_two_polls_is_a_violation() {
        let text = history("c2 poll @1..2 ok p1[0:m1]\nc2 poll @3..4 ok p1[2:m3]");
        let evidence = evidence(judge("poll_skip", &text));
        assert!(evidence.summary.starts_with("poll_skip: a poll showed c2 offset 2"));
        assert_eq!((evidence.offset, evidence.message), (Some(1), Some(2)));
        assert_eq!(evidence.lines.len(), 4, "{evidence:?}");
    }

    #[test]
    fn what_another_client_reads_later_counts_as_well() {
        let text = "c1 produce p1 m2 @0.1..0.2 unknown
                    c2 poll @1..2 ok p1[0:m1]\nc2 poll @3..4 ok p1[2:m3]
                    c3 poll @5..6 ok p1[1:m2]";
        assert!(evidence(judge("poll_skip", text)).summary.contains("m2 at offset 1"));
    }

    #[test]
    fn a_skip_within_one_call_has_a_name_of_its_own() {
        for calls in [
            "c2 poll @1..2 ok p1[0:m1 2:m3]",
            "c2 transact poll poll @1..2 ok p1[0:m1]; p1[2:m3]",
            "c2 fetch p1 from=0 @1..2 ok [0:m1 2:m3] end=3",
            "c2 fetch p1 from=1 @1..2 ok [2:m3] end=3",
        ] {
            let evidence = evidence(judge("poll_skip", &history(calls)));
            assert!(evidence.summary.starts_with("int_poll_skip"), "{evidence:?}");
        }
    }

    #[test]
    fn a_client_that_may_have_moved_skips_nothing() {
        for between in [
            "c2 assign p1 @2.1..2.2 ok",
            "c2 assign p1 @2.1..2.2 unknown",
            "c2 poll @2.1..2.2 unknown",
            "c2 poll @2.1.. unknown",
            "c2 transact poll @2.1..2.2 unknown",
        ] {
            let calls = format!("c2 poll @1..2 ok p1[0:m1]\n{between}\nc2 poll @3..4 ok p1[2:m3]");
            assert_eq!(holds(&judge("poll_skip", &history(&calls))), 2, "{between}");
        }
        let refused = "c2 poll @1..2 ok p1[0:m1]\nc2 transact poll @2.1..2.2 refused
                       c2 poll @3..4 ok p1[2:m3]";
        assert!(evidence(judge("poll_skip", &history(refused))).summary.contains("m2"));
    }

    #[test]
    fn a_group_may_move_its_members_and_that_is_told() {
        let calls = "c2 join g1 @0.3..0.4 ok generation=1 p1
                     c2 poll @1..2 ok p1[0:m1]\nc2 poll @3..4 ok p1[2:m3]";
        let Judgement { verdict, permitted, .. } =
            judgement("poll_skip", &history(calls), Contract::default());
        assert_eq!(holds(&verdict), 2);
        assert!(permitted[0].starts_with("permitted by `rebalance_skips`: 1 poll passed over"));
    }

    #[test]
    fn without_a_read_it_is_vacuous() {
        assert!(unknown(judge("poll_skip", SENT)).starts_with("vacuous"));
    }
}
