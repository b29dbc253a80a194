//! Sets and queues of which no order is asked, as Jepsen writes them: what went in comes out, or is
//! there when everything is read.

use super::{
    Findings, Permit, Terms, is_final,
    names::Names,
    operations::{ONLY, Operations},
    workload::{Answered, Heard, UnderWay, Workload},
};
use crate::{
    formats::value::Value,
    history::Stamp,
    invariants::Contract,
    linearizability::{
        Operation,
        objects::{Queue, Set, Taken},
        set::{SetCounts, judge_final_set, judge_last_read, judge_set_full},
        total_queue::{self, Drain, Promise},
    },
    verdict::{Judgement, Verdict},
};
use std::collections::BTreeSet;

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

#[derive(Debug, Default)]
struct Sets {
    is_full: bool,
    sets: Operations<Set>,
    /// When reads came back that were their reader's last word.
    finals: BTreeSet<Stamp>,
}

impl Workload for Sets {
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String> {
        let deed = match heard.f {
            "add" => Set::Add(names.number(heard.value)),
            "read" => Set::Read(Vec::new()),
            other => return Err(format!("expected `add` or `read`, found operation `{other}`")),
        };
        let key = heard.key.map_or(ONLY, |key| names.number(key));
        self.sets.ask(heard, key, deed);
        Ok(())
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<(), String> {
        let Some(kept) = self.sets.answered(heard) else { return Ok(()) };
        match how {
            Answered::Unknown => return Ok(()),
            Answered::Failed => {
                *kept = None;
                return Ok(());
            }
            Answered::Ok => {}
        }
        let Some(operation) = kept else { return Ok(()) };
        if let Set::Read(elements) = &mut operation.deed {
            if !heard.value.is_seq() {
                return Err(format!(
                    "expected elements such as `#{{1 2}}`, found `{}`",
                    heard.value
                ));
            }
            elements.extend(heard.value.items().map(|element| names.number(element)));
            if is_final(heard) {
                self.finals.insert(heard.at);
            }
        }
        operation.returned = Some(heard.at);
        Ok(())
    }

    fn judge(self: Box<Self>, terms: &Terms<'_>, names: &Names) -> Result<Findings, String> {
        let mut told = Vec::new();
        let name = |number: u64| names.name(number);
        let contract = terms.owed(!self.finals.is_empty(), &mut told);
        let is_at_rest = contract == Contract::Eventual;
        if !is_at_rest {
            // Neither set has ever been asked for an order of everything.
            told.clear();
        }
        let is_full = self.is_full;
        let permits_stale = is_full && terms.permits(Permit::StaleReads, true, &mut told);
        let (mut verdict, mut permitted, mut stale) = (None::<Verdict>, Vec::new(), 0);
        let objects = self.sets.object_count();
        let Sets { sets, finals, .. } = *self;
        for (key, mut operations) in sets.by_object() {
            let is_read = |operation: &Operation<Set>| matches!(operation.deed, Set::Read(_));
            operations.retain(|operation| operation.returned.is_some() || !is_read(operation));
            let (mut answer, counts) = match is_full {
                _ if is_at_rest => at_rest(&operations, &finals, &name),
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

/// Every final read holds whatever had been added before it began; the others owe nothing, but that
/// somebody added what they hold.
fn at_rest(
    operations: &[Operation<Set>],
    finals: &BTreeSet<Stamp>,
    name: &dyn Fn(u64) -> String,
) -> (Verdict, SetCounts) {
    let is_read = |operation: &Operation<Set>| matches!(operation.deed, Set::Read(_));
    let is_last = |operation: &&Operation<Set>| {
        is_read(operation) && operation.returned.is_some_and(|at| finals.contains(&at))
    };
    let nothing = || {
        let why = "vacuous: no final read came back, and only those owe anything";
        (Verdict::Unknown(why.to_owned()), SetCounts::default())
    };
    let answers = operations.iter().filter(is_last).map(|last| {
        let others = operations.iter().filter(|operation| !is_read(operation)).cloned();
        judge_last_read(&others.chain([last.clone()]).collect::<Vec<_>>(), true, name)
    });
    let all = answers.reduce(|(first, counts), (next, _)| (first.and(next), counts));
    let (verdict, counts) = all.unwrap_or_else(nothing);
    let (every, _) = judge_set_full(operations, true, name);
    match every {
        // Of the others only what nobody added, or what stands there twice, is wrong.
        Verdict::Violated(evidence) if !evidence.summary.starts_with("lost") => {
            (verdict.and(Verdict::Violated(evidence)), counts)
        }
        Verdict::Violated(_) | Verdict::Holds(_) | Verdict::Unknown(_) => (verdict, counts),
    }
}

/// A queue whose order nobody asks for.
#[derive(Debug, Default)]
struct TotalQueue {
    operations: Vec<Option<Operation<Queue>>>,
    /// Where the operation under way stands.
    open: UnderWay<usize>,
    /// Who emptied it on purpose, and who is about to.
    drains: Vec<Option<Drain>>,
    draining: UnderWay<usize>,
}

impl TotalQueue {
    /// A drain is as many dequeues as messages came out, even if no one knows whether these are all.
    fn end(&mut self, drain: usize, how: Answered, heard: &Heard<'_>, names: &mut Names) {
        let Some(told) = &mut self.drains[drain] else { return };
        let called = told.called;
        match how {
            Answered::Ok => told.returned = Some(heard.at),
            Answered::Failed => {
                self.drains[drain] = None;
                return;
            }
            Answered::Unknown => {}
        }
        if heard.value.is_seq() {
            for element in heard.value.items() {
                self.drained(heard, called, element, names);
            }
        }
    }

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
            "dequeue" => Queue::Dequeue(Taken::Unknown),
            "drain" => {
                self.draining.begin(heard, self.drains.len());
                self.drains.push(Some(Drain { called: heard.at, returned: None }));
                return Ok(());
            }
            other => {
                return Err(format!(
                    "expected `enqueue`, `dequeue` or `drain`, found operation `{other}`"
                ));
            }
        };
        self.open.begin(heard, self.operations.len());
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
        if let Some(drain) = self.draining.end(heard) {
            self.end(drain, how, heard, names);
            return Ok(());
        }
        let Some(place) = self.open.end(heard) else { return Ok(()) };
        match how {
            Answered::Unknown => return Ok(()),
            Answered::Failed => {
                self.operations[place] = None;
                return Ok(());
            }
            Answered::Ok => {}
        }
        let operation = self.operations[place].as_mut().expect("an open operation is kept");
        operation.returned = Some(heard.at);
        match &mut operation.deed {
            Queue::Enqueue(_) => {}
            Queue::Dequeue(taken) => {
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
        let drains: Vec<Drain> = self.drains.into_iter().flatten().collect();
        let is_drained = drains.iter().any(|drain| drain.returned.is_some());
        told.push(match is_drained {
            true => "what was enqueued must have come out by a drain that began later".to_owned(),
            false => "nothing counts as lost: the history has no drain that ended".to_owned(),
        });
        let promise = Promise { permits_duplicates };
        let operations: Vec<_> = self.operations.into_iter().flatten().collect();
        let (verdict, counts) =
            total_queue::judge(&operations, &drains, promise, &|value| names.name(value));
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
