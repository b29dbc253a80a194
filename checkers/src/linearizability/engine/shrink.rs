//! From a history that no order explains to the few operations that show it.
//!
//! What may be left out, so that what remains is still true of the whole history? Not simply any
//! operation: without the write that a read observed, the read is impossible, and that says nothing.
//! So an operation that is left out is not deleted but *forgotten*: it may have happened at some
//! moment between its call and its return, with any result, or not at all. Every order of the whole
//! history is also an order of the one with some operations forgotten (its order, without those
//! that only told a result); so if that one has no order, the whole has none. And as each forgotten
//! operation may not have happened at all, the operations that were kept have no order among
//! themselves either: they are a certificate that can be checked without the rest.
//!
//! Three things make it quick:
//!
//! - *The end.* What is called after the first return that no order survives is cut off, and what
//!   was called before and returned later may happen or not. Linearizability is prefix-closed: of an
//!   order of the whole, the part up to the last operation that returned before the cut holds all of
//!   those, some of the spanning ones with the results they came to have, and nothing later.
//! - *The beginning.* A window of a few returns is judged from all the configurations in which the
//!   exact search entered it, which stand for everything before. That too only forgets. The window
//!   is widened as long as the certificate stays short; if it reaches the beginning of the history,
//!   the certificate needs nothing else, and else what is told says which states came before.
//! - *A budget of its own*, small and in steps, so that evidence never costs more than the verdict.
//!   What is not shown to be superfluous within it is kept.

use super::{
    super::{Budget, Impossible, Operation},
    Cast, Model, Stage, Told,
    mask::{Mask, Words},
    search::{End, HALT, Search},
    table::Configuration,
    timeline::{NEVER, Part, Timeline},
};
use std::collections::BTreeMap;

/// Steps for all of it.
const STEPS: u64 = 1_500_000;
/// Steps for one question.
const STEPS_ONCE: u64 = 150_000;
/// More lines than that nobody reads: a wider window must not make it longer.
const OPERATIONS_MAX: usize = 12;
/// Returns in a window, from narrow to wide.
const WINDOWS: [u32; 7] = [1, 4, 16, 64, 256, 1024, 4096];
/// More configurations than that are no place to begin.
const STARTS_MAX: usize = 20_000;
/// How many returns behind the last are looked at, where a model has looked ahead.
const AHEAD_MAX: u32 = 4096;
/// States that are told one by one.
const STATES_TOLD: usize = 3;

/// The evidence of a search that found no order.
pub(super) fn shrink<M: Model, K: Mask>(
    search: &Search<'_, M, K>,
    operations: &[Operation<M::Deed>],
    budget: Budget,
) -> Impossible {
    let Stage { model, timeline, .. } = search.stage;
    let level = search.deepest;
    let last = timeline.returns[level as usize];
    let spare = budget.bytes.saturating_sub(search.bytes()).max(budget.bytes / 32);
    let mut shrinking = Shrinking { search, operations, until: level, bytes: spare, steps: STEPS };
    let mut kept: Option<Vec<u32>> = None;
    let mut since = level;
    for width in WINDOWS {
        let from = (level + 1).saturating_sub(width);
        let found = match (shrinking.within(from, kept.as_deref()), &kept) {
            (Some(found), _) => found,
            // What a model that looked ahead holds against it may lie further back.
            (None, None) if from > 0 => continue,
            (None, _) => break,
        };
        if kept.as_ref().is_some_and(|kept| found.len() > kept.len().max(OPERATIONS_MAX)) {
            break;
        }
        (kept, since) = (Some(found), from);
        if from == 0 {
            break;
        }
    }
    let index = |op: u32| timeline.ops[op as usize].index as usize;
    let mut shown: Vec<usize> = kept.unwrap_or(vec![last]).into_iter().map(index).collect();
    shown.sort_unstable_by_key(|index| operations[*index].called.ordinal);
    let operation = &operations[index(last)];
    let mut why = format!(
        "not_linearizable: no order explains that process {} {}: {}",
        operation.process,
        model.describe(&operation.deed),
        states_at(search, level)
    );
    if since > 0 {
        why += &format!(" (given the {since} operations that had returned before)");
    }
    Impossible { rule: "not_linearizable", why, operations: shown }
}

/// In which states the object can have been when the last return came.
fn states_at<M: Model, K: Mask>(search: &Search<'_, M, K>, level: u32) -> String {
    let mut states: Vec<u32> = search.seen.at(level).map(|there| there.state).collect();
    states.sort_unstable();
    states.dedup();
    let told: Vec<String> = states
        .iter()
        .take(STATES_TOLD)
        .map(|state| search.stage.model.describe_state(search.states.get(*state)))
        .collect();
    let more = match states.len() - told.len() {
        0 => String::new(),
        more => format!(", or was in one of {more} other states"),
    };
    format!("until it returned, {}{more}", told.join(", or "))
}

/// One configuration in which a window begins: who had taken effect of those in flight, and the
/// state that they left.
struct Start<S> {
    taken: Vec<u32>,
    state: S,
}

/// A stretch of the history, from a level up to the last return.
struct Stretch<D> {
    /// Operations in flight at its beginning or called in it.
    ops: Vec<u32>,
    /// Those that returned.
    all: Vec<u32>,
    /// What they tell if their answers are forgotten.
    forgotten: BTreeMap<u32, D>,
}

struct Shrinking<'a, 'b, M: Model, K> {
    search: &'a Search<'b, M, K>,
    operations: &'a [Operation<M::Deed>],
    /// The last return that is looked at.
    until: u32,
    bytes: u64,
    /// What is left to spend.
    steps: u64,
}

impl<M: Model, K: Mask> Shrinking<'_, '_, M, K> {
    /// The fewest operations from this level on that have no order, given whatever came before.
    /// Those in `hint` are likely among them. None if that is too much to ask.
    fn within(&mut self, from: u32, hint: Option<&[u32]>) -> Option<Vec<u32>> {
        let starts = self.starts(from)?;
        let mut stretch = self.stretch(from);
        let mut kept = match hint {
            Some(hint) if self.is_dead(&stretch, &starts, hint) == Some(true) => hint.to_vec(),
            Some(_) | None => loop {
                let all = stretch.all.clone();
                if self.is_dead(&stretch, &starts, &all)? {
                    break all;
                }
                // A model that has looked ahead knew of something that returned later.
                let last = self.search.stage.timeline.end() - 1;
                let ahead = self.until - self.search.deepest;
                if self.until == last || ahead > AHEAD_MAX {
                    return None;
                }
                self.until = (self.search.deepest + ahead * 4 + 1).min(last);
                stretch = self.stretch(from);
            },
        };
        // The latest are the likeliest to matter, so the earliest are tried first.
        let mut portion = kept.len().div_ceil(2).max(1);
        loop {
            let mut place = 0;
            while place < kept.len() {
                let until = (place + portion).min(kept.len());
                let without = [&kept[..place], &kept[until..]].concat();
                match self.is_dead(&stretch, &starts, &without) {
                    Some(true) => kept = without,
                    Some(false) | None => place = until,
                }
            }
            if portion == 1 {
                return Some(kept);
            }
            portion = portion.div_ceil(2);
        }
    }

    /// What is in flight at this level or called from there on.
    fn stretch(&self, from: u32) -> Stretch<M::Deed> {
        let Stage { model, timeline, .. } = self.search.stage;
        let ops: Vec<u32> = timeline.between(from, self.until).collect();
        let forget = |op: &u32| {
            let index = timeline.ops[*op as usize].index as usize;
            Some((*op, model.forget(&self.operations[index].deed)?))
        };
        let forgotten = ops.iter().filter_map(forget).collect();
        let returned = |op: &u32| timeline.ops[*op as usize].returned != NEVER;
        let all = ops.iter().copied().filter(returned).collect();
        Stretch { ops, all, forgotten }
    }

    /// Every configuration in which the search entered this level.
    fn starts(&mut self, from: u32) -> Option<Vec<Start<M::State>>> {
        let Stage { model, acts, timeline } = self.search.stage;
        let halt = from / HALT * HALT;
        let starts = match halt {
            0 => vec![Start { taken: Vec::new(), state: model.initial() }],
            halt => taken(self.search, halt, |op| timeline.in_flight(op, halt)),
        };
        if halt == from || starts.len() > STARTS_MAX {
            return (starts.len() <= STARTS_MAX).then_some(starts);
        }
        // From the halt on by an exact search of its own, which forgets nothing. What returns later
        // is owed later, so it is not optional although it does not return here.
        let part = |number: u32| {
            let op = timeline.ops[number as usize];
            let operation = &self.operations[op.index as usize];
            Part {
                index: number,
                called: operation.called.ordinal,
                returned: operation.returned.map(|at| at.ordinal).filter(|_| op.returned < from),
                act: op.act,
                is_optional: timeline.is_optional(number),
            }
        };
        let parts: Vec<Part> = timeline.between(halt, from).map(part).collect();
        let exact = Timeline::new(&parts);
        let stage = Stage { model, acts, timeline: &exact };
        match exact.slots {
            0..=64 => self.arrived::<u64>(stage, starts),
            65..=128 => self.arrived::<u128>(stage, starts),
            129.. => self.arrived::<Words>(stage, starts),
        }
    }

    /// Every configuration in which a search from these ends.
    fn arrived<L: Mask>(
        &mut self,
        stage: Stage<'_, M>,
        starts: Vec<Start<M::State>>,
    ) -> Option<Vec<Start<M::State>>> {
        let mut search: Search<'_, M, L> = Search::thorough(stage, self.budget());
        let end = search.run(masked(stage.timeline, &starts));
        self.steps -= search.steps;
        end.ok()?;
        let end = stage.timeline.end();
        let arrived = taken(&search, end, |op| stage.timeline.in_flight(op, end));
        let number = |op: u32| stage.timeline.ops[op as usize].index;
        let arrived = arrived
            .into_iter()
            .map(|start| Start { taken: start.taken.into_iter().map(number).collect(), ..start });
        Some(arrived.collect())
    }

    /// Whether a stretch has no order from any of these if all but some operations, in order of their
    /// numbers, are forgotten.
    /// None if that is too much to ask.
    fn is_dead(
        &mut self,
        stretch: &Stretch<M::Deed>,
        starts: &[Start<M::State>],
        kept: &[u32],
    ) -> Option<bool> {
        let Stage { model, timeline, .. } = self.search.stage;
        // Making a stretch ready costs something too.
        self.steps = self.steps.checked_sub((stretch.ops.len() + starts.len()) as u64 * 4)?;
        let told = |number: &u32| {
            let op = timeline.ops[*number as usize];
            let operation = &self.operations[op.index as usize];
            let is_kept = kept.binary_search(number).is_ok();
            let deed = match is_kept {
                true => &operation.deed,
                false => stretch.forgotten.get(number)?,
            };
            let is_over = op.returned <= self.until;
            let returned = operation.returned.map(|at| at.ordinal).filter(|_| is_over);
            let is_optional = !is_kept || returned.is_none();
            Some(Told {
                index: *number,
                deed,
                called: operation.called.ordinal,
                returned,
                is_optional,
            })
        };
        let cast = Cast::new(model, stretch.ops.iter().filter_map(told));
        let stage = cast.stage();
        match cast.timeline.slots {
            0..=64 => self.is_dead_from::<u64>(stage, starts),
            65..=128 => self.is_dead_from::<u128>(stage, starts),
            129.. => self.is_dead_from::<Words>(stage, starts),
        }
    }

    fn is_dead_from<L: Mask>(
        &mut self,
        stage: Stage<'_, M>,
        starts: &[Start<M::State>],
    ) -> Option<bool> {
        let mut search: Search<'_, M, L> = Search::new(stage, self.budget());
        let end = search.run(masked(stage.timeline, starts));
        self.steps -= search.steps;
        match end {
            Ok(End::Dead) => Some(true),
            Ok(End::Reached) => Some(false),
            Err(_) => None,
        }
    }

    fn budget(&self) -> Budget {
        Budget::of(STEPS_ONCE.min(self.steps), self.bytes)
    }
}

/// The configurations of a search at one level, with those who had taken effect by number.
fn taken<M: Model, K: Mask>(
    search: &Search<'_, M, K>,
    level: u32,
    is_in_flight: impl Fn(u32) -> bool,
) -> Vec<Start<M::State>> {
    let timeline = search.stage.timeline;
    let called = timeline.called[level as usize];
    let in_flight: Vec<u32> = (0..called).filter(|op| is_in_flight(*op)).collect();
    let has = |mask: &K, op: &u32| mask.has(timeline.ops[*op as usize].slot);
    let start = |there: &Configuration<K>| Start {
        taken: in_flight.iter().filter(|op| has(&there.mask, op)).copied().collect(),
        state: search.states.get(there.state).clone(),
    };
    search.seen.at(level).map(start).collect()
}

/// The same, as masks of a timeline whose operations are numbered by those of the other.
fn masked<'a, S: Clone, L: Mask>(
    timeline: &'a Timeline,
    starts: &'a [Start<S>],
) -> impl Iterator<Item = (L, S)> + 'a {
    starts.iter().map(|start| {
        let mut mask = L::empty(timeline.slots);
        for op in &timeline.ops[..timeline.called[0] as usize] {
            if start.taken.binary_search(&op.index).is_ok() {
                mask.insert(op.slot);
            }
        }
        (mask, start.state.clone())
    })
}

#[cfg(test)]
mod tests;
