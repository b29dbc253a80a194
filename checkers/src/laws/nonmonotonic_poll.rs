//! **nonmonotonic_poll**: a client's polls never go back: what comes next stands at a higher offset
//! than what came before (Jepsen's kafka workload, `nonmonotonic-poll`, and `int-nonmonotonic-poll`
//! within one call; Terry et al. 1994, monotonic reads).
//!
//! A poll that shows an offset again is a step back as well. After an assignment a client starts
//! anew, and a group may move it: [`super::positions`] says when. A fetch says itself where it
//! starts, and must only rise within.

use super::{
    positions::{Positions, Step},
    words::{count, malformed},
};
use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    history::Stamp,
    ledger::{Act, Ledger},
    verdict::{Evidence, Verdict},
};

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct NonmonotonicPoll {
    positions: Positions,
    read: u64,
    permitted: u64,
    breach: Breach,
}

impl Checker for NonmonotonicPoll {
    fn name(&self) -> &'static str {
        "nonmonotonic_poll"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, _at: Stamp, event: Event<'_>, shared: &Shared) {
        let (breach, permitted) = (&mut self.breach, &mut self.permitted);
        self.positions.observe(event, shared, |step| match step.to < step.due {
            true if step.is_permitted => *permitted += 1,
            true => breach.add(|| evidence(&shared.ledger, step)),
            false => {}
        });
        if let Event::Returned(_) = event {
            let acts = shared.ledger.acts().iter();
            self.read += acts.filter(|act| matches!(act, Act::Read(_))).count() as u64;
        }
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        if let Some(unknown) = malformed(&shared.ledger) {
            return unknown;
        }
        let read = self.read;
        self.breach.verdict_or(|| Verdict::holds_if_covered(read, "nobody read anything"))
    }

    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        let steps = count(self.permitted, "poll");
        let text = format!("permitted by `rebalance_skips`: {steps} went back after a rebalance");
        if self.permitted > 0 { vec![text] } else { Vec::new() }
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

fn evidence(ledger: &Ledger, step: Step) -> Evidence {
    let Step { client, partition, due, to, since, at, is_within, .. } = step;
    let last = due.saturating_sub(1);
    let name = if is_within { "int_nonmonotonic_poll" } else { "nonmonotonic_poll" };
    let id = |offset| ledger.at(partition, offset).map(|message| ledger.id(message));
    let read = |offset| match id(offset) {
        Some(id) => format!("c{client} read m{id} at offset {offset} of partition {partition}"),
        None => format!("c{client} had read partition {partition} up to offset {offset}"),
    };
    let again = if to == last { "the same offset again" } else { "a lower offset" };
    Evidence {
        summary: format!(
            "{name}: c{client} had read partition {partition} up to offset {last}, and {} showed it \
             offset {to}, {again}",
            if is_within { "the same call then" } else { "its next poll" }
        ),
        lines: vec![line(since, read(last)), line(at, format!("then {}", read(to)))],
        partition: Some(partition),
        offset: Some(to),
        message: id(to),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Contract, Judgement,
        testing::{evidence, holds, judge, judgement, unknown},
    };

    const BACK: &str = "c2 poll @1..2 ok p1[1:m1 2:m2]
                        c2 poll @5..6 ok p1[2:m2 3:m3]";

    fn between(calls: &str) -> String {
        BACK.replace('\n', &format!("\n{calls}\n"))
    }

    #[test]
    fn polls_that_rise_hold_over_gaps_and_partitions() {
        let verdict = judge(
            "nonmonotonic_poll",
            "c2 poll @1..2 ok p1[1:m1 2:m2] p2[0:m5]
             c2 transact poll p1:m9 poll @3..4 ok p1[4:m4]; -; p1[5:m6] p2[1:m7]
             c3 poll @5..6 ok p1[0:m0]",
        );
        assert_eq!(holds(&verdict), 6);
    }

    #[test]
    fn a_poll_that_shows_again_what_came_before_is_a_violation() {
        let evidence = evidence(judge("nonmonotonic_poll", BACK));
        assert!(evidence.summary.starts_with("nonmonotonic_poll: c2 had read partition 1 up to"));
        assert_eq!((evidence.partition, evidence.offset), (Some(1), Some(2)));
        assert!(evidence.summary.ends_with("the same offset again"), "{evidence:?}");
    }

    #[test]
    fn a_fall_within_one_call_has_a_name_of_its_own() {
        for history in [
            "c2 poll @1..2 ok p1[3:m3 1:m1]",
            "c2 poll @1..2 ok p1[3:m3] p1[3:m3]",
            "c2 transact poll poll @1..2 ok p1[2:m2 3:m3]; p1[3:m3]",
            "c2 fetch p1 from=0 @1..2 ok [0:m1 2:m3 1:m2] end=3",
        ] {
            let evidence = evidence(judge("nonmonotonic_poll", history));
            assert!(evidence.summary.starts_with("int_nonmonotonic_poll"), "{evidence:?}");
        }
    }

    #[test]
    fn an_assignment_starts_anew_unless_positions_are_kept() {
        let elsewhere = between("c2 assign p2 @3..4 ok");
        let again = between("c2 assign p1,p2 @3..4 ok");
        let perhaps = between("c2 assign p2 @3..4 unknown");
        for history in [&elsewhere, &again, &perhaps] {
            assert_eq!(holds(&judge("nonmonotonic_poll", history)), 2);
        }
        let of = |history| judgement("nonmonotonic_poll", history, Contract::kafka()).verdict;
        assert_eq!(holds(&of(&elsewhere)), 2);
        assert!(evidence(of(&again)).summary.starts_with("nonmonotonic_poll"));
    }

    #[test]
    fn a_group_may_move_its_members_and_that_is_told() {
        let rebalanced = BACK.replace("3:m3]", "3:m3] rebalanced=p1");
        let managed = format!("c2 subscribe p1 @0.1..0.2 ok\n{BACK}");
        let strict = Contract { permits_rebalance_skips: false, ..Contract::default() };
        for history in [&rebalanced, &managed] {
            let Judgement { verdict, permitted, .. } =
                judgement("nonmonotonic_poll", history, Contract::default());
            assert_eq!(holds(&verdict), 2);
            assert_eq!(
                permitted,
                ["permitted by `rebalance_skips`: 1 poll went back after a rebalance"]
            );
            let verdict = judgement("nonmonotonic_poll", history, strict).verdict;
            assert!(evidence(verdict).summary.starts_with("nonmonotonic_poll"));
        }
    }

    #[test]
    fn a_poll_without_an_answer_excuses_no_step_back() {
        let history = between("c2 poll @3..4 unknown");
        assert!(evidence(judge("nonmonotonic_poll", &history)).summary.contains("offset 2"));
    }

    #[test]
    fn without_a_read_it_is_vacuous() {
        let history = "c1 produce p1 m1 @1..2 ok offset=0\nc2 poll @3..4 ok";
        assert!(unknown(judge("nonmonotonic_poll", history)).starts_with("vacuous"));
    }
}
