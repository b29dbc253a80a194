//! The moments of a history in order, as small dense numbers: what every monitor walks.
//!
//! A moment is a call or a return. The first one has time 1; time 0 is before everything and
//! [`NEVER`] after. Whatever has to be *sorted by call* or *by return* is then a walk over this,
//! and a monitor sorts nothing. Histories that were numbered densely are put in order without a
//! sort.

use super::Operation;

/// A place in the order of moments, from 1.
pub(super) type Time = u32;

/// The time of what did not happen.
pub(super) const NEVER: Time = Time::MAX;

/// The most operations that fit: less than 2^28 moments, so that eighths of them are 32 bits.
const MOST: usize = (1 << 27) - 1;

/// When an operation ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) called: Time,
    /// `NEVER` if it did not return.
    pub(super) returned: Time,
}

/// All moments of a history.
#[derive(Debug)]
pub(super) struct Timeline {
    /// Operation twice, plus one for a return, in order of time.
    moments: Vec<u32>,
    /// By operation.
    spans: Vec<Span>,
}

impl Timeline {
    /// Puts a history in order. An error says what is wrong with the history.
    pub(super) fn of<D>(operations: &[Operation<D>]) -> Result<Timeline, String> {
        if operations.len() > MOST {
            return Err(format!("more than {MOST} operations on one object"));
        }
        let is_backward = |operation: &Operation<D>| {
            operation.returned.is_some_and(|at| at.ordinal < operation.called.ordinal)
        };
        if let Some(number) = operations.iter().position(is_backward) {
            return Err(format!("malformed history: operation {number} returned before its call"));
        }
        let moments = placed(operations).unwrap_or_else(|| sorted(operations));
        let mut spans = vec![Span { called: NEVER, returned: NEVER }; operations.len()];
        for (time, moment) in (1..).zip(&moments) {
            let span = &mut spans[*moment as usize / 2];
            match moment % 2 {
                0 => span.called = time,
                _ => span.returned = time,
            }
        }
        Ok(Timeline { moments, spans })
    }

    /// When this operation ran.
    pub(super) fn span(&self, operation: u32) -> Span {
        self.spans[operation as usize]
    }

    /// Every moment: its time, the operation, and whether it is its return.
    pub(super) fn moments(&self) -> impl Iterator<Item = (Time, u32, bool)> + '_ {
        (1..).zip(&self.moments).map(|(time, moment)| (time, moment / 2, moment % 2 == 1))
    }

    /// Every operation in order of its call.
    pub(super) fn calls(&self) -> impl Iterator<Item = u32> + '_ {
        self.moments().filter(|(_, _, is_return)| !is_return).map(|(_, operation, _)| operation)
    }
}

fn moments<D>(operations: &[Operation<D>]) -> impl Iterator<Item = (u64, u32)> + '_ {
    operations.iter().zip((0u32..).step_by(2)).flat_map(|(operation, moment)| {
        let returned = operation.returned.map(|at| (at.ordinal, moment + 1));
        std::iter::once((operation.called.ordinal, moment)).chain(returned)
    })
}

/// By putting each moment where its ordinal says, if ordinals are dense and do not repeat.
fn placed<D>(operations: &[Operation<D>]) -> Option<Vec<u32>> {
    let last = moments(operations).map(|(ordinal, _)| ordinal).max()?;
    if last > operations.len() as u64 * 4 {
        return None;
    }
    let mut places = vec![u32::MAX; last as usize + 1];
    for (ordinal, moment) in moments(operations) {
        let place = &mut places[ordinal as usize];
        if *place != u32::MAX {
            return None;
        }
        *place = moment;
    }
    places.retain(|moment| *moment != u32::MAX);
    Some(places)
}

/// By sorting. Of moments with one ordinal calls come first: intervals are closed.
fn sorted<D>(operations: &[Operation<D>]) -> Vec<u32> {
    let mut all: Vec<(u64, u32)> = moments(operations).collect();
    all.sort_unstable_by_key(|(ordinal, moment)| (*ordinal, moment % 2, *moment));
    all.into_iter().map(|(_, moment)| moment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Stamp;

    fn timeline(spans: &[(u64, Option<u64>)]) -> Result<Timeline, String> {
        let at = |ordinal| Stamp { ordinal, at_ns: 0 };
        let operations: Vec<Operation<()>> = spans
            .iter()
            .map(|(called, returned)| Operation {
                process: 0,
                called: at(*called),
                returned: returned.map(at),
                deed: (),
            })
            .collect();
        Timeline::of(&operations)
    }

    #[test]
    fn dense_and_sparse_ordinals_give_one_order() {
        for scale in [1, 1_000_000] {
            let spans = [(3 * scale, Some(4 * scale)), (scale, None), (2 * scale, Some(7 * scale))];
            let timeline = timeline(&spans).expect("a history");
            assert_eq!(timeline.calls().collect::<Vec<_>>(), [1, 2, 0]);
            assert_eq!(timeline.span(0), Span { called: 3, returned: 4 });
            assert_eq!(timeline.span(1), Span { called: 1, returned: NEVER });
            assert_eq!(timeline.span(2), Span { called: 2, returned: 5 });
        }
    }

    #[test]
    fn at_one_ordinal_calls_come_before_returns() {
        let timeline = timeline(&[(1, Some(2)), (2, Some(2))]).expect("a history");
        assert_eq!(timeline.span(0), Span { called: 1, returned: 3 });
        assert_eq!(timeline.span(1), Span { called: 2, returned: 4 });
    }

    #[test]
    fn a_return_before_its_call_is_malformed() {
        assert!(timeline(&[(2, Some(1))]).expect_err("an error").starts_with("malformed"));
    }
}
