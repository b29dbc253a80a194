//! A handful of operations that cannot all be true, refuted by brute force (checkers.md 4.11).
//!
//! The log monitor is fast and clever; this is slow and plain, and knows nothing of windows. No
//! violation is reported before this has tried every order of its operations and failed.

use crate::history::{MessageId, Offset};

/// What one operation says about the log at the moment when it took effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// It put this message at this offset, which was the log's end.
    Append(Offset, MessageId),
    /// The message stood at the offset.
    Saw(Offset, MessageId),
    /// The log was longer than this offset.
    Reached(Offset),
    /// The log was exactly this long.
    EndedAt(Offset),
    /// Takes effect at most once: the message has one offset.
    Once(MessageId),
    /// Never took effect: the message has no offset.
    Never(MessageId),
}

/// One operation: it took effect between these ordinals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) called: u64,
    pub(super) returned: u64,
    pub(super) deed: Deed,
}

/// Whether no order of the steps explains them, though others may append anything at any time.
pub(super) fn is_impossible(steps: &[Step]) -> bool {
    assert!(steps.len() <= 6, "a certificate of {} operations is no certificate", steps.len());
    !explains(steps, &mut Vec::new(), &Log::default())
}

/// What is known of the log: at least so long, and these messages at these offsets.
#[derive(Clone, Default)]
struct Log {
    length: Offset,
    names: Vec<(Offset, MessageId)>,
}

fn explains(steps: &[Step], done: &mut Vec<usize>, log: &Log) -> bool {
    if done.len() == steps.len() {
        return steps.iter().all(|step| allows(step.deed, log));
    }
    for (number, step) in steps.iter().enumerate() {
        let is_open = |other: usize| !done.contains(&other) && other != number;
        let must_wait =
            (0..steps.len()).any(|other| is_open(other) && steps[other].returned < step.called);
        if done.contains(&number) || must_wait {
            continue;
        }
        let Some(next) = apply(step.deed, log) else { continue };
        done.push(number);
        let is_explained = explains(steps, done, &next);
        done.pop();
        if is_explained {
            return true;
        }
    }
    false
}

/// The log after the deed, if it can take effect now. Others may have made the log longer before.
fn apply(deed: Deed, log: &Log) -> Option<Log> {
    let mut next = log.clone();
    match deed {
        Deed::Append(offset, message) => {
            if log.length > offset {
                return None;
            }
            next.length = offset + 1;
            next.names.push((offset, message));
        }
        Deed::Saw(offset, message) => {
            next.length = next.length.max(offset + 1);
            match next.names.iter().find(|(named, _)| *named == offset) {
                Some((_, named)) if *named != message => return None,
                Some(_) => {}
                None => next.names.push((offset, message)),
            }
        }
        Deed::Reached(offset) => next.length = next.length.max(offset + 1),
        Deed::EndedAt(end) => {
            if log.length > end {
                return None;
            }
            next.length = end;
        }
        Deed::Once(_) | Deed::Never(_) => {}
    }
    Some(next)
}

/// Whether the finished log keeps what the deed says about all time.
fn allows(deed: Deed, log: &Log) -> bool {
    let count = |message| log.names.iter().filter(|(_, named)| *named == message).count();
    match deed {
        Deed::Once(message) => count(message) <= 1,
        Deed::Never(message) => count(message) == 0,
        Deed::Append(..) | Deed::Saw(..) | Deed::Reached(_) | Deed::EndedAt(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(called: u64, returned: u64, deed: Deed) -> Step {
        Step { called, returned, deed }
    }

    #[test]
    fn overlapping_operations_find_their_order() {
        let steps = [
            step(3, 9, Deed::Append(0, 1)),
            step(1, 5, Deed::Append(1, 2)),
            step(0, 4, Deed::EndedAt(1)),
            step(2, 8, Deed::Saw(0, 1)),
        ];
        assert!(!is_impossible(&steps));
    }

    #[test]
    fn what_cannot_be_is_refuted() {
        for steps in [
            [step(1, 2, Deed::Append(1, 2)), step(3, 4, Deed::Append(0, 1))],
            [step(1, 2, Deed::Reached(4)), step(3, 4, Deed::EndedAt(4))],
            [step(1, 2, Deed::Saw(4, 1)), step(3, 4, Deed::Append(4, 1))],
            [step(1, 9, Deed::Saw(4, 1)), step(1, 9, Deed::Saw(4, 2))],
            [step(1, 9, Deed::Saw(4, 1)), step(0, 9, Deed::Never(1))],
        ] {
            assert!(is_impossible(&steps), "{steps:?}");
        }
        let twice = [
            step(1, 9, Deed::Saw(4, 1)),
            step(1, 9, Deed::Append(5, 1)),
            step(0, 9, Deed::Once(1)),
        ];
        assert!(is_impossible(&twice));
        assert!(!is_impossible(&twice[..2]));
    }
}
