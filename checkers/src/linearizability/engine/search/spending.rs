//! What a search spends: steps of the model, and bytes. It looks before it takes more of either.

use super::{Frame, Search, Shortage};
use crate::linearizability::{
    Operation,
    engine::{
        Model, Steps,
        mask::Mask,
        table::{Step, grow_slowly},
        timeline::NEVER,
    },
};

/// Operations under way that are told one by one.
const TOLD_MAX: usize = 6;
/// Steps after which it is asked whether somebody has had enough.
const STEPS_BETWEEN_LOOKS: u64 = 1 << 16;

impl<M: Model, K: Mask> Search<'_, M, K> {
    /// How far it came, in words: the longest beginning of the history that some order explains, and
    /// what was under way there.
    pub(crate) fn how_far(&self, shortage: Shortage, operations: &[Operation<M::Deed>]) -> String {
        let ran_out = match shortage {
            Shortage::Steps => format!("ran out of its {} steps", self.budget.steps),
            Shortage::Bytes => format!("ran out of its {} bytes", self.budget.bytes),
            Shortage::Patience => "was stopped".to_owned(),
        };
        let (timeline, level) = (self.stage.timeline, self.deepest);
        let tell = |op: u32| {
            let operation = &operations[timeline.ops[op as usize].index as usize];
            let lost = if operation.returned.is_none() { ", without an answer" } else { "" };
            let deed = self.stage.model.describe(&operation.deed);
            format!("process {} {deed}{lost}", operation.process)
        };
        let mut told = format!(
            "the search {ran_out} after {} configurations, with {level} of {} \
             returns explained",
            self.seen.len(),
            timeline.end()
        );
        if let Some(last) = level.checked_sub(1) {
            told += &format!(" up to where {}", tell(timeline.returns[last as usize]));
        }
        let open: Vec<u32> = (0..timeline.ops.len() as u32)
            .filter(|op| level < timeline.end() && timeline.in_flight(*op, level))
            .collect();
        let lost = open.iter().filter(|op| timeline.ops[**op as usize].returned == NEVER).count();
        let shown: Vec<String> = open.iter().take(TOLD_MAX).map(|op| tell(*op)).collect();
        if !open.is_empty() {
            let more = match open.len() - shown.len() {
                0 => String::new(),
                more => format!("; and {more} more"),
            };
            told += &format!(
                "; {} operations were under way there, {lost} of them without an answer: {}{more}",
                open.len(),
                shown.join("; ")
            );
        }
        told
    }

    /// Bytes held now.
    pub(crate) fn bytes(&self) -> u64 {
        let masks = self.frames.len() as u64 * self.bytes_mask;
        let frames = self.frames.capacity() * size_of::<Frame<K>>();
        let lists = self.order.capacity() + self.outcomes.capacity() + self.promised.capacity() * 2;
        let tables = self.seen.bytes() + self.states.bytes() + self.memo.bytes();
        self.bytes_fixed + self.bytes_states + tables + masks + (frames + lists * 4) as u64
    }

    pub(super) fn take(&mut self, op: u32) -> Result<(), Shortage> {
        self.room(&self.order)?;
        grow_slowly(&mut self.order);
        self.order.push(op);
        Ok(())
    }

    /// Asks the model, or remembers what it said. A list of outcomes lasts until the next question.
    pub(super) fn step(&mut self, state: u32, act: u32) -> Result<Step, Shortage> {
        if self.steps >= self.budget.steps {
            return Err(Shortage::Steps);
        }
        self.steps += 1;
        if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS) && self.budget.stop.is_over() {
            return Err(Shortage::Patience);
        }
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

    pub(super) fn number(&mut self, state: M::State) -> Result<u32, Shortage> {
        let heap = self.stage.model.heap_bytes(&state);
        self.afford(self.states.growth() + heap)?;
        let (number, is_new) = self.states.number(state);
        self.bytes_states += if is_new { heap } else { 0 };
        Ok(number)
    }

    /// Whether a list can grow.
    pub(super) fn room<T>(&self, list: &Vec<T>) -> Result<(), Shortage> {
        match list.len() == list.capacity() {
            true => self.afford(((list.len() / 8 + 16) * size_of::<T>()) as u64 + self.bytes_mask),
            false => Ok(()),
        }
    }

    fn afford(&self, more: u64) -> Result<(), Shortage> {
        match more > 0 && self.bytes() + more > self.bytes_max {
            true => Err(Shortage::Bytes),
            false => Ok(()),
        }
    }
}
