//! **call_deadlines**: a client says by the deadline of a call what became of it, if only that nobody knows
//! (S40). A call that stays open tells its caller nothing, and whoever waits for it stands still.
//!
//! The deadline is the plan's ([`Dues::call_ns`](crate::facts::Dues)), on the clock of the world: a client has
//! no clock of its own. A call that is open when the run ends is late if its deadline has passed.

use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    facts::{Fact, FactKind},
    history::{Mark, Stamp},
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct CallDeadlines {
    call_ns: Option<u64>,
    /// Calls that are open: when they were made, and by whom.
    open: BTreeMap<u64, (Stamp, u32)>,
    judged: u64,
    breach: Breach,
}

impl Checker for CallDeadlines {
    fn name(&self) -> &'static str {
        "call_deadlines"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Due]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Fact(Fact::Due(dues)) => self.call_ns = dues.call_ns,
            Event::Called(call) => {
                self.open.insert(call.id, (at, call.client));
            }
            Event::Returned(call) => {
                if let Some((called, client)) = self.open.remove(&call.id) {
                    self.judge(call.id, client, called, at, "it was answered");
                }
            }
            Event::Mark(Mark::Ended) => {
                for (id, (called, client)) in std::mem::take(&mut self.open) {
                    self.judge(id, client, called, at, "the run ended without an answer");
                }
            }
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let judged = if self.call_ns.is_some() { self.judged } else { 0 };
        self.breach.verdict_or(|| Verdict::holds_if_covered(judged, "no call had a deadline"))
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl CallDeadlines {
    fn judge(&mut self, id: u64, client: u32, called: Stamp, ended: Stamp, how: &str) {
        let Some(call_ns) = self.call_ns else { return };
        self.judged += 1;
        let (took_ns, ms) = (ended.at_ns - called.at_ns, |ns: u64| ns / 1_000_000);
        if took_ns <= call_ns {
            return;
        }
        self.breach.add(|| Evidence {
            summary: format!(
                "call {id} of c{client} was open for {} ms, and its deadline was {} ms after it was made",
                ms(took_ns),
                ms(call_ns)
            ),
            lines: vec![line(called, format!("c{client} made call {id}")), line(ended, how)],
            ..Evidence::default()
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::Dues,
        history::{Ask, Call, Outcome, ReadLevel},
        testing::{World, evidence, holds, unknown},
    };

    const MS: u64 = 1_000_000;

    /// A call that is open for so many milliseconds, and whether it is answered then.
    fn call(call_ns: Option<u64>, open_ms: u64, is_answered: bool) -> Verdict {
        let mut world = World::of("call_deadlines");
        world.fact(Fact::Due(Dues { call_ns, ..Dues::default() }));
        let mut call = Call {
            id: 3,
            client: 7,
            ask: Ask::Fetch { partition: 1, from: 0, level: ReadLevel::Eventual },
            called: Stamp::default(),
            numbered: None,
            returned: None,
            outcome: Outcome::Unknown("no answer".into()),
        };
        world.tell(Event::Called(call.asked()));
        // Whatever is told takes a millisecond.
        (1..open_ms).for_each(|_| world.fact(Fact::Stopped { node: 1 }));
        if is_answered {
            call.returned = Some(Stamp::default());
            world.tell(Event::Returned(&call));
        }
        world.tell(Event::Mark(&Mark::Ended));
        world.verdict()
    }

    #[test]
    fn an_answer_by_the_deadline_is_in_time_whatever_it_says() {
        assert_eq!(holds(&call(Some(5 * MS), 5, true)), 1);
        assert_eq!(holds(&call(Some(6 * MS), 6, false)), 1, "the run ended before");
    }

    #[test]
    fn an_answer_behind_the_deadline_or_none_at_all_is_late() {
        let late = evidence(call(Some(5 * MS), 6, true));
        let told = "call 3 of c7 was open for 6 ms, and its deadline was 5 ms after it was made";
        assert_eq!((late.summary.as_str(), late.lines.len()), (told, 2));
        let open = evidence(call(Some(5 * MS), 6, false));
        assert_eq!(open.lines[1].text, "the run ended without an answer");
    }

    #[test]
    fn where_no_deadline_is_known_nothing_is_late() {
        assert!(unknown(call(None, 6, true)).starts_with("vacuous"));
        assert!(unknown(World::of("call_deadlines").verdict()).starts_with("vacuous"));
    }
}
