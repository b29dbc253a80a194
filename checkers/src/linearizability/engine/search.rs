//! The search itself: depth first over configurations, on a stack of its own.
//!
//! A configuration is brought to rest before it is noted: whatever is read-only and can happen does,
//! and returns of operations that have taken effect are walked past. Reads are safe to hurry: all
//! that must come before a read is behind already, for it is in flight; it changes nothing here and
//! would change nothing later; so an order with it at this point is as good as the one that has it
//! at a later one. What comes to rest stands before the return of an operation that has yet to
//! happen, and tries everything in flight, that one first.
//!
//! Of operations in flight with equal acts only the one that returns first is tried: were another
//! one put here and this one later, the two could change places, for both are in flight at both.

use super::{
    Model, Stage,
    mask::Mask,
    table::{Configuration, Memo, Numbered, Seen, Step, grow_slowly},
    timeline::{NOTHING, Window, optional},
};
use crate::linearizability::Budget;

mod spending;

/// Configurations halt at every such level, so that all that pass it can be found there again.
pub(crate) const HALT: u32 = if cfg!(test) { 4 } else { 256 };

/// How a search ended that had enough to spend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Every return can be explained.
    Reached,
    /// No order explains all returns.
    Dead,
}

/// What ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shortage {
    Steps,
    Bytes,
    /// Somebody had enough.
    Patience,
}

/// A configuration that is being explored.
struct Frame<K> {
    at: Configuration<K>,
    turn: Turn,
    /// How long the order was.
    order: u32,
}

/// What is tried next.
#[derive(Clone, Copy)]
enum Turn {
    /// An operation in flight that has to happen, by its place among all returns to come, in one of
    /// the ways that it can.
    Owed { position: u32, branch: u32 },
    /// What was promised of those that may happen or not, down to this one.
    Optional { first: u32 },
    /// Nothing more.
    Over,
}

/// A search, and afterwards what it saw.
pub(crate) struct Search<'a, M: Model, K> {
    pub(crate) stage: Stage<'a, M>,
    pub(crate) seen: Seen<K>,
    pub(crate) states: Numbered<M::State>,
    /// The highest level that any order survived to.
    pub(crate) deepest: u32,
    pub(crate) steps: u64,
    window: Window<'a>,
    is_read_only: Vec<bool>,
    is_costly: bool,
    /// Whether to find every configuration that reaches the end, and not only one.
    is_thorough: bool,
    memo: Memo,
    /// States by number, for steps with several outcomes.
    outcomes: Vec<u32>,
    frames: Vec<Frame<K>>,
    /// Operations that may happen or not, and states that they leave: noted, and yet to be explored.
    promised: Vec<(u32, u32)>,
    /// Operations in the order in which they took effect.
    order: Vec<u32>,
    /// For each act, the walk that met it last, so that none is tried twice in one.
    tried: Vec<u64>,
    walk: u64,
    budget: Budget,
    bytes_max: u64,
    /// Bytes that do not change, and those behind states.
    bytes_fixed: u64,
    bytes_states: u64,
    /// Bytes behind each mask.
    bytes_mask: u64,
}

impl<'a, M: Model, K: Mask> Search<'a, M, K> {
    pub(crate) fn new(stage: Stage<'a, M>, budget: Budget) -> Search<'a, M, K> {
        let is_read_only: Vec<bool> =
            stage.acts.iter().map(|act| stage.model.is_read_only(act)).collect();
        let bytes_acts = stage.acts.len() * (size_of::<M::Act>() + 9);
        Search {
            stage,
            seen: Seen::new(optional(stage.timeline)),
            states: Numbered::new(),
            deepest: 0,
            steps: 0,
            window: Window::new(stage.timeline),
            tried: vec![0; is_read_only.len()],
            is_read_only,
            is_costly: stage.model.is_costly(),
            is_thorough: false,
            memo: Memo::new(),
            outcomes: Vec::new(),
            frames: Vec::new(),
            promised: Vec::new(),
            order: Vec::new(),
            walk: 0,
            // Allocators hold more than they are asked for.
            bytes_max: budget.bytes - budget.bytes / 16,
            budget,
            bytes_fixed: stage.timeline.bytes() + bytes_acts as u64,
            bytes_states: 0,
            bytes_mask: K::empty(stage.timeline.slots).heap_bytes(),
        }
    }

    /// The same, but it goes on until it has seen every configuration that reaches the end.
    pub(crate) fn thorough(stage: Stage<'a, M>, budget: Budget) -> Search<'a, M, K> {
        Search { is_thorough: true, ..Search::new(stage, budget) }
    }

    /// Searches from these configurations at the first level.
    pub(crate) fn run(
        &mut self,
        starts: impl IntoIterator<Item = (K, M::State)>,
    ) -> Result<End, Shortage> {
        for (mask, state) in starts {
            self.window.rewind(0);
            self.order.clear();
            let state = self.number(state)?;
            let at = self.settle(mask, state, true)?;
            if self.explore(at)? {
                return Ok(End::Reached);
            }
            while !self.frames.is_empty() {
                if self.advance()? {
                    return Ok(End::Reached);
                }
            }
        }
        Ok(End::Dead)
    }

    /// The order that was found, as indices into the history.
    pub(crate) fn order(&self) -> Vec<usize> {
        let index = |op: &u32| self.stage.timeline.ops[*op as usize].index as usize;
        self.order.iter().map(index).collect()
    }

    /// One move of the configuration on top: into the next one, or back. Whether the end is reached.
    fn advance(&mut self) -> Result<bool, Shortage> {
        let top = self.frames.last().expect("a configuration");
        let (mask, state, order) = (top.at.mask.clone(), top.at.state, top.order);
        self.window.rewind(top.at.level);
        self.order.truncate(order as usize);
        let next = self.window.next();
        let is_halted = self.is_behind(next, &mask);
        loop {
            let top = self.frames.last_mut().expect("a configuration");
            match top.turn {
                // It halted here and only has to go on.
                Turn::Owed { .. } if is_halted => {
                    top.turn = Turn::Over;
                    return self.pass(mask, state);
                }
                Turn::Owed { position, branch } => {
                    if let Some(is_reached) = self.try_owed(&mask, state, position, branch)? {
                        return Ok(is_reached);
                    }
                    if self.promise(&mask, state)? {
                        return Ok(true);
                    }
                }
                Turn::Optional { first } if self.promised.len() > first as usize => {
                    let (op, next) = self.promised.pop().expect("more than the first");
                    let at = self.child(&mask, op, next, true)?;
                    self.push(at)?;
                    return Ok(false);
                }
                // What may happen or not may also return without having happened.
                Turn::Optional { .. } => {
                    top.turn = Turn::Over;
                    if self.stage.timeline.is_optional(next) {
                        return self.pass(mask, state);
                    }
                }
                Turn::Over => {
                    self.frames.pop();
                    return Ok(false);
                }
            }
        }
    }

    /// Tries the next operation that has to happen, by returns, from this position on: whether the
    /// end is reached, or none if there is no other.
    fn try_owed(
        &mut self,
        mask: &K,
        state: u32,
        position: u32,
        branch: u32,
    ) -> Result<Option<bool>, Shortage> {
        self.walk += 1;
        for here in 0.. {
            let Some(op) = self.window.nth(here as usize) else { break };
            if self.stage.timeline.is_optional(op) || !self.is_tried_first(op, mask) {
                continue;
            }
            if here < position {
                continue;
            }
            let branch = if here == position { branch } else { 0 };
            let act = self.stage.timeline.ops[op as usize].act;
            let (next, is_last) = match self.step(state, act)? {
                Step::Never | Step::Any { len: 0, .. } => continue,
                Step::To(next) => (next, true),
                Step::Any { from, len } => {
                    (self.outcomes[(from + branch) as usize], branch + 1 == len)
                }
            };
            let top = self.frames.last_mut().expect("a configuration");
            top.turn = match is_last {
                true => Turn::Owed { position: here + 1, branch: 0 },
                false => Turn::Owed { position: here, branch: branch + 1 },
            };
            let at = self.child(mask, op, next, next != state)?;
            return self.explore(at).map(Some);
        }
        Ok(None)
    }

    /// Notes all that can come of operations that may happen or not, before any of it is explored.
    /// So what uses two of them finds itself covered by what uses one, and not the other way round.
    /// Whether the end is reached.
    fn promise(&mut self, mask: &K, state: u32) -> Result<bool, Shortage> {
        let (level, order) = (self.window.level(), self.order.len());
        let first = self.promised.len();
        self.walk += 1;
        for position in 0.. {
            let Some(op) = self.window.nth(position) else { break };
            if !self.is_tried_first(op, mask) || !self.stage.timeline.is_optional(op) {
                continue;
            }
            let act = self.stage.timeline.ops[op as usize].act;
            let outcomes = match self.step(state, act)? {
                Step::Never => continue,
                Step::To(next) => vec![next],
                Step::Any { from, len } => {
                    self.outcomes[from as usize..(from + len) as usize].to_vec()
                }
            };
            // What changes nothing is covered by what is here already.
            for next in outcomes.into_iter().filter(|next| *next != state) {
                let at = self.child(mask, op, next, true)?;
                if self.is_end(&at) && !self.is_thorough {
                    return Ok(true);
                }
                if self.note(&at)? && !self.is_end(&at) {
                    self.room(&self.promised)?;
                    grow_slowly(&mut self.promised);
                    self.promised.push((op, next));
                }
                self.window.rewind(level);
                self.order.truncate(order);
            }
        }
        self.promised[first..].reverse();
        let top = self.frames.last_mut().expect("a configuration");
        top.turn = Turn::Optional { first: first as u32 };
        Ok(false)
    }

    /// Whether an operation in flight is one to try, and none that does the same returns earlier.
    /// What is read-only and could happen has happened.
    fn is_tried_first(&mut self, op: u32, mask: &K) -> bool {
        let op = self.stage.timeline.ops[op as usize];
        if op.act == NOTHING || mask.has(op.slot) || self.is_read_only[op.act as usize] {
            return false;
        }
        let tried = &mut self.tried[op.act as usize];
        std::mem::replace(tried, self.walk) != self.walk
    }

    /// Whether this operation is over in a configuration, so that its return can be walked past.
    fn is_behind(&self, op: u32, mask: &K) -> bool {
        let op = self.stage.timeline.ops[op as usize];
        op.act == NOTHING || mask.has(op.slot)
    }

    /// What comes of one more operation taking effect and leaving this state.
    fn child(
        &mut self,
        mask: &K,
        op: u32,
        next: u32,
        is_changed: bool,
    ) -> Result<Configuration<K>, Shortage> {
        let mut mask = mask.clone();
        mask.insert(self.stage.timeline.ops[op as usize].slot);
        self.take(op)?;
        self.settle(mask, next, is_changed)
    }

    /// Past a return, and to rest behind it.
    fn pass(&mut self, mut mask: K, state: u32) -> Result<bool, Shortage> {
        self.forward(&mut mask, state)?;
        let at = self.settle(mask, state, false)?;
        self.explore(at)
    }

    /// Brings a configuration at the window's level to rest, and the window with it.
    fn settle(
        &mut self,
        mut mask: K,
        state: u32,
        is_changed: bool,
    ) -> Result<Configuration<K>, Shortage> {
        let came_from = self.window.level();
        if is_changed {
            for position in 0.. {
                let Some(op) = self.window.nth(position) else { break };
                self.hurry(&mut mask, state, op)?;
            }
        }
        while self.window.level() < self.stage.timeline.end() {
            let level = self.window.level();
            let halts = level.is_multiple_of(HALT) && level > came_from;
            if halts || !self.is_behind(self.window.next(), &mask) {
                break;
            }
            self.forward(&mut mask, state)?;
        }
        let level = self.window.level();
        self.deepest = self.deepest.max(level);
        Ok(Configuration { mask, level, state })
    }

    /// Explores a configuration at rest if it is new. Whether the end is reached.
    fn explore(&mut self, at: Configuration<K>) -> Result<bool, Shortage> {
        if self.is_end(&at) && !self.is_thorough {
            return Ok(true);
        }
        if self.note(&at)? && !self.is_end(&at) {
            self.push(at)?;
        }
        Ok(false)
    }

    fn is_end(&self, at: &Configuration<K>) -> bool {
        at.level == self.stage.timeline.end()
    }

    /// Whether a configuration is new.
    fn note(&mut self, at: &Configuration<K>) -> Result<bool, Shortage> {
        let spare = self.bytes_max.saturating_sub(self.bytes() - self.seen.bytes());
        self.seen.insert(at, spare).ok_or(Shortage::Bytes)
    }

    fn push(&mut self, at: Configuration<K>) -> Result<(), Shortage> {
        self.room(&self.frames)?;
        grow_slowly(&mut self.frames);
        let order = self.order.len() as u32;
        self.frames.push(Frame { at, turn: Turn::Owed { position: 0, branch: 0 }, order });
        Ok(())
    }

    /// Past one return; who is called behind it and can only read does so.
    fn forward(&mut self, mask: &mut K, state: u32) -> Result<(), Shortage> {
        let number = self.window.next();
        let next = self.stage.timeline.ops[number as usize];
        mask.remove(next.slot);
        if next.act == NOTHING {
            self.take(number)?;
        }
        for op in self.window.forward() {
            self.hurry(mask, state, op)?;
        }
        Ok(())
    }

    /// Lets an operation take effect that changes nothing and can happen.
    fn hurry(&mut self, mask: &mut K, state: u32, number: u32) -> Result<(), Shortage> {
        let op = self.stage.timeline.ops[number as usize];
        if op.act == NOTHING || !self.is_read_only[op.act as usize] || mask.has(op.slot) {
            return Ok(());
        }
        match self.step(state, op.act)? {
            Step::Never => {}
            Step::To(same) => {
                assert_eq!(same, state, "an act is said to be read-only and changes the state");
                mask.insert(op.slot);
                self.take(number)?;
            }
            Step::Any { .. } => panic!("an act is said to be read-only and changes the state"),
        }
        Ok(())
    }
}
