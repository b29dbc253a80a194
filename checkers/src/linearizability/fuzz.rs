//! Random small histories for the differential tests of the monitors: a true object that is used by
//! a few clients, some of whose calls never return and some of whose answers are changed.

use super::{Answer, Operation, brute};
use crate::history::Stamp;
use brute::Spec;

/// A small generator of our own: the same seed gives the same histories for ever.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn of(seed: u64) -> Dice {
        Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % sides
    }
}

/// How many histories a differential test tries: `ZEROLOSS_CASES` of each kind, or as many as are
/// quick.
pub(crate) fn cases(quick: u64) -> u64 {
    let told = std::env::var("ZEROLOSS_CASES").ok();
    told.map_or(quick, |cases| cases.parse().expect("ZEROLOSS_CASES is a number"))
}

/// Intervals of a few operations: by operation its call, return and the moment that it happens at,
/// all different, in order of these moments.
pub(crate) fn spans(dice: &mut Dice, count: u64) -> Vec<(u64, u64, u64)> {
    let width = 1 + dice.roll(40);
    let mut spans: Vec<(u64, u64, u64)> = (0..count)
        .map(|number| {
            let at = dice.roll(8 * count);
            let called = at.saturating_sub(dice.roll(width));
            let key = |time: u64, kind: u64| (time * 4 + kind) * 16 + number;
            (key(called, 0), key(at + dice.roll(width), 2), key(at, 1))
        })
        .collect();
    spans.sort_unstable_by_key(|span| span.2);
    spans
}

pub(crate) fn operation<D>((called, returned, _): (u64, u64, u64), deed: D) -> Operation<D> {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    Operation { process: called, called: at(called), returned: Some(at(returned)), deed }
}

/// How often a monitor and brute force said what.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    possible: u64,
    impossible: u64,
    exhausted: u64,
}

impl Tally {
    /// Compares an answer with brute force.
    pub(crate) fn compare<S: Spec>(
        &mut self,
        spec: &S,
        operations: &[Operation<S::Deed>],
        answer: &Answer,
    ) where
        S::Deed: std::fmt::Debug,
    {
        let order = brute::order(spec, operations);
        match answer {
            Answer::Linearizable(_) => self.possible += 1,
            Answer::Impossible(_) => self.impossible += 1,
            Answer::Exhausted(_) => self.exhausted += 1,
        }
        let is_possible = order.is_some();
        let agrees = match answer {
            Answer::Linearizable(_) => is_possible,
            Answer::Impossible(_) => !is_possible,
            Answer::Exhausted(_) => true,
        };
        assert!(agrees, "{answer:?} and {order:?} of {operations:#?}");
    }

    /// Both answers must have been given often.
    pub(crate) fn is_common(&self) {
        let all = self.possible + self.impossible;
        assert!(self.impossible * 50 >= all && self.possible * 10 >= all, "one-sided: {self:?}");
        assert_eq!(self.exhausted, 0, "doubtful: {self:?}");
    }

    /// Both answers must have been common, and doubt rare: at most so many in a thousand.
    pub(crate) fn is_telling(&self, exhausted_permille_max: u64) {
        let all = self.possible + self.impossible + self.exhausted;
        if std::env::var("ZEROLOSS_CASES").is_ok() {
            let mut told = std::io::stderr();
            std::io::Write::write_all(&mut told, format!("{self:?}\n").as_bytes()).expect("told");
        }
        assert!(self.impossible * 10 >= all && self.impossible * 2 <= all, "one-sided: {self:?}");
        assert!(self.exhausted * 1000 <= all * exhausted_permille_max, "doubtful: {self:?}");
    }
}
