//! Sets and queues of which no order is asked, as Jepsen writes them: what went in comes out, or is
//! there when everything is read.

use super::{
    Findings, Permit, Terms,
    docket::{Answered, Heard, Workload},
    names::Names,
};
use crate::{
    checker::Judgement,
    formats::value::Value,
    history::Stamp,
    linearizability::{
        Operation,
        objects::{Queue, Set, Taken},
        set::{judge_final_set, judge_set_full},
        total_queue::{self, Promise},
    },
    verdict::Verdict,
};
use std::collections::BTreeMap;

/// A set of which the last read counts.
pub(super) fn final_set() -> Box<dyn Workload> {
    Box::<Sets>::default()
}

/// A set of which every read counts.
pub(super) fn set_full() -> Box<dyn Workload> {
    Box::new(Sets { is_full: true, ..Sets::default() })
}

/// A queue whose order nobody asks for.
pub(super) fn total_queue() -> Box<dyn Workload> {
    Box::<TotalQueue>::default()
}

/// The set of operations that name none.
const ONLY: u64 = u64::MAX;

#[derive(Debug, Default)]
struct Sets {
    is_full: bool,
    sets: BTreeMap<u64, Vec<Option<Operation<Set>>>>,
    /// By seat: where the operation under way stands.
    open: Vec<Option<(u64, usize)>>,
}

impl Workload for Sets {
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String> {
        let deed = match heard.f {
            "add" => Set::Add(names.number(heard.value)),
            "read" => Set::Read(Vec::new()),
            other => return Err(format!("expected `add` or `read`, found operation `{other}`")),
        };
        let key = heard.key.map_or(ONLY, |key| names.number(key));
        let set = self.sets.entry(key).or_default();
        if self.open.len() <= heard.seat {
            self.open.resize(heard.seat + 1, None);
        }
        self.open[heard.seat] = Some((key, set.len()));
        let (process, called) = (heard.process, heard.at);
        set.push(Some(Operation { process, called, returned: None, deed }));
        Ok(())
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<(), String> {
        let Some((key, place)) = self.open[heard.seat].take() else { return Ok(()) };
        let set = self.sets.get_mut(&key).expect("an open operation's set is known");
        match how {
            Answered::Unknown => return Ok(()),
            Answered::Failed => {
                set[place] = None;
                return Ok(());
            }
            Answered::Ok => {}
        }
        let operation = set[place].as_mut().expect("an open operation stands in its set");
        if let Set::Read(elements) = &mut operation.deed {
            if !heard.value.is_seq() {
                return Err(format!(
                    "expected elements such as `#{{1 2}}`, found `{}`",
                    heard.value
                ));
            }
            elements.extend(heard.value.items().map(|element| names.number(element)));
        }
        operation.returned = Some(heard.at);
        Ok(())
    }

    fn judge(self: Box<Self>, terms: &Terms<'_>, names: &Names) -> Result<Findings, String> {
        let mut told = Vec::new();
        let name = |number: u64| names.name(number);
        let permits_stale = self.is_full && terms.permits(Permit::StaleReads, true, &mut told);
        let (mut verdict, mut permitted, mut stale) = (None::<Verdict>, Vec::new(), 0);
        let objects = self.sets.len() as u64;
        for (key, set) in self.sets {
            let is_read = |operation: &Operation<Set>| matches!(operation.deed, Set::Read(_));
            let operations: Vec<_> = set
                .into_iter()
                .flatten()
                .filter(|operation| operation.returned.is_some() || !is_read(operation))
                .collect();
            let (mut answer, counts) = match self.is_full {
                true => judge_set_full(&operations, permits_stale, &name),
                false => judge_final_set(&operations, &name),
            };
            stale += counts.stale;
            if let (Verdict::Violated(evidence), true) = (&mut answer, key != ONLY) {
                evidence.summary.push_str(&format!(", in set {}", name(key)));
            }
            verdict = Some(match verdict {
                Some(before) => before.and(answer),
                None => answer,
            });
        }
        if permits_stale && stale > 0 {
            permitted.push(format!("{stale} elements were missed by a read after they were known"));
        }
        let nothing = || Verdict::Unknown("vacuous: no set was ever touched".to_owned());
        let judgement = Judgement {
            name: if self.is_full { "set_full" } else { "set" }.to_owned(),
            verdict: verdict.unwrap_or_else(nothing),
            permitted,
        };
        Ok(Findings { judgements: vec![judgement], terms: told, objects, ..Findings::default() })
    }
}

/// A queue whose order nobody asks for.
#[derive(Debug, Default)]
struct TotalQueue {
    operations: Vec<Option<Operation<Queue>>>,
    /// By seat: where the operation under way stands.
    open: Vec<Option<usize>>,
    /// Whether somebody emptied it on purpose.
    is_drained: bool,
}

impl TotalQueue {
    /// One message of a drain came out.
    fn drained(&mut self, heard: &Heard<'_>, called: Stamp, element: Value<'_>, names: &mut Names) {
        let deed = Queue::Dequeue(Taken::Value(names.number(element)));
        let (process, returned) = (heard.process, Some(heard.at));
        self.operations.push(Some(Operation { process, called, returned, deed }));
    }
}

impl Workload for TotalQueue {
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String> {
        let deed = match heard.f {
            "enqueue" | "send" => Queue::Enqueue(names.number(heard.value)),
            "dequeue" | "drain" => Queue::Dequeue(Taken::Unknown),
            other => {
                return Err(format!(
                    "expected `enqueue`, `dequeue` or `drain`, found operation `{other}`"
                ));
            }
        };
        if self.open.len() <= heard.seat {
            self.open.resize(heard.seat + 1, None);
        }
        self.open[heard.seat] = Some(self.operations.len());
        let (process, called) = (heard.process, heard.at);
        self.operations.push(Some(Operation { process, called, returned: None, deed }));
        Ok(())
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<(), String> {
        let Some(place) = self.open[heard.seat].take() else { return Ok(()) };
        match how {
            Answered::Unknown => return Ok(()),
            Answered::Failed => {
                self.operations[place] = None;
                return Ok(());
            }
            Answered::Ok => {}
        }
        let operation = self.operations[place].as_mut().expect("an open operation is kept");
        let called = operation.called;
        operation.returned = Some(heard.at);
        match (&mut operation.deed, heard.f) {
            (Queue::Enqueue(_), _) => {}
            (Queue::Dequeue(_), "drain") => {
                // A drain is as many dequeues as messages came out.
                self.is_drained = true;
                self.operations[place] = None;
                for element in heard.value.items() {
                    self.drained(heard, called, element, names);
                }
            }
            (Queue::Dequeue(taken), _) => {
                *taken = match heard.value.is_nil() {
                    true => Taken::Empty,
                    false => Taken::Value(names.number(heard.value)),
                };
            }
        }
        Ok(())
    }

    fn judge(self: Box<Self>, terms: &Terms<'_>, names: &Names) -> Result<Findings, String> {
        let mut told = Vec::new();
        let permits_duplicates = terms.permits(Permit::Duplicates, true, &mut told);
        told.push(match self.is_drained {
            true => "what was enqueued must have come out by the drain".to_owned(),
            false => "nothing counts as lost: the history ends without a drain".to_owned(),
        });
        let promise =
            Promise { permits_duplicates, is_drained: self.is_drained, ..Promise::default() };
        let operations: Vec<_> = self.operations.into_iter().flatten().collect();
        let (verdict, counts) =
            total_queue::judge(&operations, promise, &|value| names.name(value));
        let mut permitted = Vec::new();
        if permits_duplicates && counts.duplicated > 0 {
            permitted.push(format!("{} messages came out twice", counts.duplicated));
        }
        if counts.recovered > 0 {
            permitted.push(format!(
                "{} messages came out although nobody knows whether they were enqueued",
                counts.recovered
            ));
        }
        let judgement = Judgement { name: "total_queue".to_owned(), verdict, permitted };
        Ok(Findings {
            judgements: vec![judgement],
            counts: Some(counts),
            terms: told,
            objects: 1,
            ..Findings::default()
        })
    }
}
