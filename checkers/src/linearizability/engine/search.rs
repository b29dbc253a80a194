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
    Model, Stage, Steps,
    mask::Mask,
    table::{Configuration, Memo, Numbered, Seen, Step, grow_slowly},
    timeline::{NOTHING, Window, optional},
};
use crate::linearizability::Budget;

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
}

/// A configuration that is being explored.
struct Frame<K> {
    at: Configuration<K>,
    /// Which of the operations in flight is tried next, by their returns.
    position: u32,
    /// Which of its outcomes.
    branch: u32,
    /// How long the order was.
    order: u32,
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
    /// Operations in the order in which they took effect.
    order: Vec<u32>,
    /// For each act, the walk that met it last, so that none is tried twice in one.
    tried: Vec<u64>,
    walk: u64,
    budget: Budget,
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
            order: Vec::new(),
            walk: 0,
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
            let state = self.number(state)?;
            if self.enter(mask, state, true)? {
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

    /// How far it came, in words.
    pub(crate) fn how_far(&self, shortage: Shortage) -> String {
        let (what, budget) = match shortage {
            Shortage::Steps => ("steps", self.budget.steps),
            Shortage::Bytes => ("bytes", self.budget.bytes),
        };
        format!(
            "the search ran out of its {budget} {what} after {} configurations, with {} of {} \
             returns explained",
            self.seen.len(),
            self.deepest,
            self.stage.timeline.end()
        )
    }

    /// Bytes held now.
    pub(crate) fn bytes(&self) -> u64 {
        let masks = self.frames.len() as u64 * self.bytes_mask;
        let frames = self.frames.capacity() * size_of::<Frame<K>>();
        let lists = (self.order.capacity() + self.outcomes.capacity()) * 4;
        let tables = self.seen.bytes() + self.states.bytes() + self.memo.bytes();
        self.bytes_fixed + self.bytes_states + tables + masks + (frames + lists) as u64
    }

    /// One move of the configuration on top: into the next one, or back. Whether the end is reached.
    fn advance(&mut self) -> Result<bool, Shortage> {
        let top = self.frames.last_mut().expect("a configuration");
        let Frame { at: Configuration { ref mask, level, state }, position, branch, order } = *top;
        let mask = mask.clone();
        self.window.rewind(level);
        self.order.truncate(order as usize);
        let next = self.stage.timeline.ops[self.window.next() as usize];
        if next.act == NOTHING || mask.has(next.slot) {
            // It halted here and only has to go on.
            if position > 0 {
                self.frames.pop();
                return Ok(false);
            }
            top.position = 1;
            return self.pass(mask, state);
        }
        self.walk += 1;
        let mut here = 0;
        while let Some(number) = self.window.nth(here as usize) {
            let op = self.stage.timeline.ops[number as usize];
            here += 1;
            // What is read-only and could happen has happened.
            if op.act == NOTHING || mask.has(op.slot) || self.is_read_only[op.act as usize] {
                continue;
            }
            let tried = &mut self.tried[op.act as usize];
            if *tried == self.walk {
                continue;
            }
            *tried = self.walk;
            if here - 1 < position {
                continue;
            }
            let branch = if here - 1 == position { branch } else { 0 };
            let (next, is_last) = match self.step(state, op.act)? {
                Step::Never => continue,
                Step::To(next) => (next, true),
                Step::Any { len: 0, .. } => continue,
                Step::Any { from, len } => {
                    (self.outcomes[(from + branch) as usize], branch + 1 == len)
                }
            };
            let top = self.frames.last_mut().expect("a configuration");
            (top.position, top.branch) = if is_last { (here, 0) } else { (here - 1, branch + 1) };
            let mut mask = mask.clone();
            mask.insert(op.slot);
            self.take(number)?;
            return self.enter(mask, next, next != state);
        }
        // What may happen or not may return without having happened.
        if self.stage.timeline.is_optional(self.window.next()) && position <= here {
            let top = self.frames.last_mut().expect("a configuration");
            top.position = here + 1;
            return self.pass(mask, state);
        }
        self.frames.pop();
        Ok(false)
    }

    /// Past a return, and to rest behind it.
    fn pass(&mut self, mut mask: K, state: u32) -> Result<bool, Shortage> {
        self.forward(&mut mask, state)?;
        self.enter(mask, state, false)
    }

    /// Brings a configuration at the window's level to rest, and explores it if it is new. Whether
    /// the end is reached.
    fn enter(&mut self, mut mask: K, state: u32, is_changed: bool) -> Result<bool, Shortage> {
        let timeline = self.window.timeline;
        let came_from = self.window.level();
        if is_changed {
            for position in 0.. {
                let Some(op) = self.window.nth(position) else { break };
                self.hurry(&mut mask, state, op)?;
            }
        }
        while self.window.level() < timeline.end() {
            let next = timeline.ops[self.window.next() as usize];
            let is_behind = next.act == NOTHING || mask.has(next.slot);
            let halts = self.window.level() % HALT == 0 && self.window.level() > came_from;
            if !is_behind || halts {
                break;
            }
            self.forward(&mut mask, state)?;
        }
        let level = self.window.level();
        self.deepest = self.deepest.max(level);
        if level == timeline.end() && !self.is_thorough {
            return Ok(true);
        }
        let at = Configuration { mask, level, state };
        let spare = self.budget.bytes.saturating_sub(self.bytes() - self.seen.bytes());
        let is_new = self.seen.insert(&at, spare).ok_or(Shortage::Bytes)?;
        if is_new && level < timeline.end() {
            self.room(&self.frames)?;
            grow_slowly(&mut self.frames);
            let order = self.order.len() as u32;
            self.frames.push(Frame { at, position: 0, branch: 0, order });
        }
        Ok(false)
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

    fn take(&mut self, op: u32) -> Result<(), Shortage> {
        self.room(&self.order)?;
        grow_slowly(&mut self.order);
        self.order.push(op);
        Ok(())
    }

    /// Asks the model, or remembers what it said. A list of outcomes lasts until the next question.
    fn step(&mut self, state: u32, act: u32) -> Result<Step, Shortage> {
        if self.steps >= self.budget.steps {
            return Err(Shortage::Steps);
        }
        self.steps += 1;
        if self.is_costly {
            if let Some(step) = self.memo.find(state, act) {
                return Ok(step);
            }
        } else {
            self.outcomes.clear();
        }
        let steps = self.stage.model.step(self.states.get(state), &self.stage.acts[act as usize]);
        let step = match steps {
            Steps::Never => Step::Never,
            Steps::Same => Step::To(state),
            Steps::To(next) => Step::To(self.number(next)?),
            Steps::Any(any) => {
                let from = self.outcomes.len() as u32;
                for next in any {
                    let next = self.number(next)?;
                    if !self.outcomes[from as usize..].contains(&next) {
                        self.outcomes.push(next);
                    }
                }
                Step::Any { from, len: self.outcomes.len() as u32 - from }
            }
        };
        if self.is_costly {
            self.afford(self.memo.growth() + self.outcomes.len() as u64 / 64)?;
            self.memo.keep(state, act, step);
        }
        Ok(step)
    }

    fn number(&mut self, state: M::State) -> Result<u32, Shortage> {
        let heap = self.stage.model.heap_bytes(&state);
        self.afford(self.states.growth() + heap)?;
        let (number, is_new) = self.states.number(state);
        self.bytes_states += if is_new { heap } else { 0 };
        Ok(number)
    }

    /// Whether a list can grow.
    fn room<T>(&self, list: &Vec<T>) -> Result<(), Shortage> {
        match list.len() == list.capacity() {
            true => self.afford(((list.len() / 8 + 16) * size_of::<T>()) as u64 + self.bytes_mask),
            false => Ok(()),
        }
    }

    fn afford(&self, more: u64) -> Result<(), Shortage> {
        match more > 0 && self.bytes() + more > self.budget.bytes {
            true => Err(Shortage::Bytes),
            false => Ok(()),
        }
    }
}
