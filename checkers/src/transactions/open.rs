//! Where the order of versions is open, whether there is one that a model accepts.
//!
//! Two transactions that write one key must be put one before the other, and that decides who
//! missed whom. All that is known goes into relations over all pairs; a pair of which one side
//! would close a forbidden circle goes the other way, until nothing moves. Then an order that
//! follows all that is known is tried as a whole; in histories of real systems it mostly fits. Where
//! it does not, one pair is decided both ways, one after the other. What ends without an order has
//! none: every pair was decided each way. What is found is looked at as a whole before it counts.
//!
//! Deciding serializability is NP-complete (Papadimitriou 1979), snapshot isolation and prefix
//! consistency too (Biswas & Enea, OOPSLA 2019), so there is a budget, and out of it no answer. For
//! *read atomic* and *causal* nothing is ever tried twice: what must be missed depends on no choice,
//! and any order that follows what is known fits. That is their polynomial form.

mod look;

use super::{
    bits::{Bits, Spent},
    graph::{Edge, Edges, Links},
    models::{Order, Rule},
    order,
    view::{Read, Seen, View},
};
use crate::linearizability::{Budget, Stop};

/// What became of the question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// There is an order.
    Holds,
    /// There is none.
    Refuted,
    /// No one can say: why, in words.
    Open(String),
}

/// Whether some order of versions is accepted by a rule in this order of time.
pub(crate) fn decide(view: &View, rule: Rule, time: Order, budget: Budget) -> Answer {
    if rule == Rule::Free {
        return Answer::Holds;
    }
    if rule == Rule::Committed {
        return commit(view, time, budget);
    }
    let n = view.live.len();
    let mut steps = budget.steps;
    // Two relations for each choice that is open, and six to look with.
    let room = (budget.bytes / Bits::bytes(n).max(1)) as usize;
    if room < 16 {
        return Answer::Open(format!(
            "the order of versions is open, and {n} transactions are too many for {} MiB",
            budget.bytes >> 20
        ));
    }
    let Some(puzzle) = Puzzle::new(view, rule, time) else { return Answer::Refuted };
    match puzzle.search((room / 2 - 6, budget.stop), &mut steps) {
        Ok(true) => Answer::Holds,
        Ok(false) => Answer::Refuted,
        Err(Spent) => Answer::Open(format!(
            "the order of versions is open: {} pairs of {n} transactions write a key that another \
             writes, and the search {}",
            puzzle.pairs.len(),
            match budget.stop.is_over() {
                true => "was stopped".to_owned(),
                false => format!("ran out of its {} steps", budget.steps),
            }
        )),
    }
}

/// Whether reads and known orders go in no circle: then any order that follows them will do. That is
/// asked of histories of any size, so it has its own way.
fn commit(view: &View, time: Order, budget: Budget) -> Answer {
    let mut links = Links::new(view.live.len(), budget.bytes);
    for (reader, reads) in (0..).zip(&view.reads) {
        for Read { from, also, .. } in reads {
            also.iter().for_each(|writer| links.link(*writer, reader, Edge::Wr));
            if let Seen::By(writer) = from {
                links.link(*writer, reader, Edge::Wr);
            }
        }
    }
    view.fixed.iter().for_each(|(before, after)| links.link(*before, *after, Edge::Ww));
    order::link(&mut links, &view.spans);
    let kinds = match time {
        Order::Data => Edges::of(&[Edge::Ww, Edge::Wr]),
        Order::Process => Edges::of(&[Edge::Ww, Edge::Wr, Edge::Process]),
        Order::Realtime => Edges::of(&[Edge::Ww, Edge::Wr, Edge::Process, Edge::Realtime]),
    };
    match links.finish() {
        Some(graph) if graph.components(kinds).large().is_empty() => Answer::Holds,
        Some(_) => Answer::Refuted,
        None => Answer::Open("out of bytes: the dependencies did not fit".to_owned()),
    }
}

/// Two that write a key, and who read it from them there.
#[derive(Debug)]
struct Pair {
    sides: [u32; 2],
    /// Who read what each of them wrote where the other wrote as well.
    readers: [Vec<u32>; 2],
}

/// Someone read a version and wrote the next; a third wrote there too.
#[derive(Clone, Copy, Debug)]
struct Third {
    read: u32,
    wrote: u32,
    other: u32,
}

#[derive(Debug)]
struct Puzzle<'a> {
    view: &'a View,
    rule: Rule,
    /// Who must be seen: time, and who was read from.
    seen: Bits,
    pairs: Vec<Pair>,
    thirds: Vec<Third>,
    first: State,
}

/// What is decided so far.
#[derive(Clone, Debug)]
struct State {
    /// Who comes before whom: `seen`, and writes over writes.
    before: Bits,
    /// Who missed what whom wrote.
    missed: Bits,
    /// Pairs that are undecided.
    open: Vec<u32>,
}

impl<'a> Puzzle<'a> {
    /// None if what is known contradicts itself at sight.
    fn new(view: &'a View, rule: Rule, time: Order) -> Option<Puzzle<'a>> {
        let (n, count) = (view.live.len(), view.len());
        let (mut seen, mut missed) = (Bits::new(n), Bits::new(n));
        for before in 0..count {
            for after in 0..count {
                if view.is_before(time, before, after) {
                    seen.set(before, after);
                }
            }
        }
        // By key: who read what.
        let mut readers: Vec<Vec<(Seen, u32)>> = vec![Vec::new(); view.writers.len()];
        for (reader, reads) in (0..count).zip(&view.reads) {
            for Read { key, from, also } in reads {
                readers[*key as usize].push((*from, reader));
                also.iter().for_each(|writer| seen.set(*writer, reader));
                match from {
                    Seen::By(writer) => seen.set(*writer, reader),
                    Seen::Beginning => {
                        let writers = view.writers[*key as usize].iter();
                        writers.filter(|writer| **writer != reader).for_each(|writer| {
                            missed.set(reader, *writer);
                        });
                    }
                }
            }
        }
        let mut puzzle = Puzzle {
            view,
            rule,
            first: State { before: seen.clone(), missed, open: Vec::new() },
            seen,
            pairs: pairs(view, &readers),
            thirds: Vec::new(),
        };
        let mut known = view.fixed.clone();
        match rule {
            Rule::MonotonicAtomic => puzzle.follow_observed(&mut known)?,
            Rule::Cursor => puzzle.follow_updates(&mut known),
            Rule::Free | Rule::Committed | Rule::ReadAtomic | Rule::UpdateAtomic => {}
            Rule::Causal | Rule::Prefix | Rule::Consistent | Rule::Snapshot | Rule::Serial => {}
        }
        known.sort_unstable();
        for number in 0..puzzle.pairs.len() as u32 {
            let [a, b] = puzzle.pairs[number as usize].sides;
            let is_known = |pair: (u32, u32)| known.binary_search(&pair).is_ok();
            match (is_known((a, b)), is_known((b, a))) {
                (false, false) => puzzle.first.open.push(number),
                (true, true) => return None,
                (is_first, _) => put(&puzzle.pairs, &mut puzzle.first, number, !is_first),
            }
        }
        Some(puzzle)
    }

    /// Who read from a transaction reads later nothing older than what that one wrote. None if it
    /// found a key as it was at the beginning.
    fn follow_observed(&self, known: &mut Vec<(u32, u32)>) -> Option<()> {
        for reads in &self.view.reads {
            let mut observed: Vec<u32> = Vec::new();
            for Read { key, from, also } in reads {
                let wrote_here = |one: &&u32| self.view.writes[**one as usize].contains(key);
                match from {
                    Seen::Beginning if observed.iter().any(|one| wrote_here(&one)) => return None,
                    Seen::Beginning => {}
                    Seen::By(writer) => {
                        let others = observed.iter().filter(|one| *one != writer);
                        known.extend(others.filter(wrote_here).map(|one| (*one, *writer)));
                        observed.extend([*writer].iter().chain(also));
                    }
                }
            }
        }
        Some(())
    }

    /// Nobody comes between what a transaction read and what it wrote there.
    fn follow_updates(&mut self, known: &mut Vec<(u32, u32)>) {
        for (wrote, reads) in (0..).zip(&self.view.reads) {
            for Read { key, from, .. } in reads {
                if !self.view.writes[wrote as usize].contains(key) {
                    continue;
                }
                let others = self.view.writers[*key as usize].iter().copied();
                let others = others.filter(|other| *other != wrote && Seen::By(*other) != *from);
                match *from {
                    Seen::Beginning => known.extend(others.map(|other| (wrote, other))),
                    Seen::By(read) => {
                        self.thirds.extend(others.map(|other| Third { read, wrote, other }));
                    }
                }
            }
        }
    }

    /// Whether there is an order. At most so many states wait at a time.
    fn search(&self, (waiting_max, stop): (usize, Stop), steps: &mut u64) -> Result<bool, Spent> {
        let mut waiting = vec![self.first.clone()];
        while let Some(mut state) = waiting.pop() {
            if stop.is_over() {
                return Err(Spent);
            }
            let Some(order) = self.settle(&mut state, steps)? else { continue };
            if state.open.is_empty() {
                return Ok(true);
            }
            let places = self.line_up(&order);
            let is_swapped = |number: u32| {
                let [a, b] = self.pairs[number as usize].sides;
                places[a as usize] > places[b as usize]
            };
            let mut whole = state.clone();
            for number in std::mem::take(&mut whole.open) {
                put(&self.pairs, &mut whole, number, is_swapped(number));
            }
            if self.settle(&mut whole, steps)?.is_some() {
                return Ok(true);
            }
            let readers = |number: &u32| {
                let [a, b] = &self.pairs[*number as usize].readers;
                a.len() + b.len()
            };
            let most = (0..state.open.len()).max_by_key(|place| readers(&state.open[*place]));
            let number = state.open.swap_remove(most.expect("an open pair"));
            let mut other = state.clone();
            put(&self.pairs, &mut other, number, !is_swapped(number));
            put(&self.pairs, &mut state, number, is_swapped(number));
            if waiting.len() + 2 > waiting_max {
                return Err(Spent);
            }
            waiting.extend([other, state]);
        }
        Ok(false)
    }

    /// Decides what can only be decided one way, until nothing moves. The order that follows; none
    /// if there is a contradiction.
    fn settle(&self, state: &mut State, steps: &mut u64) -> Result<Option<Bits>, Spent> {
        loop {
            let Some(look) = self.look(state, steps)? else { return Ok(None) };
            let mut is_moved = false;
            for number in std::mem::take(&mut state.open) {
                let pair = &self.pairs[number as usize];
                *steps = steps
                    .checked_sub(2 + (pair.readers[0].len() + pair.readers[1].len()) as u64)
                    .ok_or(Spent)?;
                let can = |is_swapped: bool| {
                    let (first, second) = pair.told(is_swapped);
                    let misses = |reader: &u32| {
                        let never = look.never_missed.as_ref();
                        *reader != second && never.is_some_and(|never| never.has(second, *reader))
                    };
                    !look.never_before.has(second, first)
                        && !pair.readers[usize::from(is_swapped)].iter().any(misses)
                };
                match (can(false), can(true)) {
                    (false, false) => return Ok(None),
                    (true, true) => state.open.push(number),
                    (is_first, _) => {
                        put(&self.pairs, state, number, !is_first);
                        is_moved = true;
                    }
                }
            }
            if !is_moved {
                return Ok(Some(look.order));
            }
        }
    }

    /// A place for each that follows an order; where that leaves a choice, who ended earlier.
    fn line_up(&self, order: &Bits) -> Vec<u32> {
        let count = self.view.len();
        let ended = |one: &u32| {
            let span = self.view.spans[*one as usize];
            span.map_or((u64::MAX, 0), |span| (span.returned.unwrap_or(span.called), span.called))
        };
        let mut waits: Vec<u32> = (0..count)
            .map(|one| (0..count).filter(|other| order.has(*other, one)).count() as u32)
            .collect();
        let mut left: Vec<u32> = (0..count).collect();
        let mut places = vec![0; count as usize];
        for place in 0..count {
            let free = left.iter().copied().filter(|one| waits[*one as usize] == 0);
            let next = free.min_by_key(ended).expect("the order has no circle");
            places[next as usize] = place;
            left.retain(|one| *one != next);
            let later = left.iter().filter(|one| order.has(next, **one));
            later.for_each(|one| waits[*one as usize] -= 1);
        }
        places
    }
}

impl Pair {
    /// Who is first and who is second, if the pair is taken so.
    fn told(&self, is_swapped: bool) -> (u32, u32) {
        let [a, b] = self.sides;
        if is_swapped { (b, a) } else { (a, b) }
    }
}

/// Decides a pair.
fn put(pairs: &[Pair], state: &mut State, number: u32, is_swapped: bool) {
    let pair = &pairs[number as usize];
    let (first, second) = pair.told(is_swapped);
    state.before.set(first, second);
    let readers = pair.readers[usize::from(is_swapped)].iter();
    readers.filter(|reader| **reader != second).for_each(|reader| {
        state.missed.set(*reader, second);
    });
}

/// All who write a key that another writes, in pairs.
fn pairs(view: &View, readers: &[Vec<(Seen, u32)>]) -> Vec<Pair> {
    let mut found: Vec<(u32, u32, u32)> = Vec::new();
    for (key, writers) in (0..).zip(&view.writers) {
        for (place, a) in writers.iter().enumerate() {
            let later = writers[place + 1..].iter();
            found.extend(later.map(|b| (*a.min(b), *a.max(b), key)));
        }
    }
    found.sort_unstable();
    let groups = found.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
    groups
        .map(|group| {
            let sides = [group[0].0, group[0].1];
            let readers = sides.map(|side| {
                let keys = group.iter().flat_map(|(_, _, key)| &readers[*key as usize]);
                let own = keys.filter(|(from, _)| *from == Seen::By(side));
                let mut own: Vec<u32> = own.map(|(_, reader)| *reader).collect();
                own.sort_unstable();
                own.dedup();
                own
            });
            Pair { sides, readers }
        })
        .collect()
}
