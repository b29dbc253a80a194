//! The few operations that show that a register is impossible, and the sentence that says so.
//!
//! They are a history of their own if a swap is taken for what matters of it: where nothing else is
//! told of the value that it found, it is a write of the value that it put.

use super::{
    super::{
        Answer, Impossible, Operation,
        brute::{self, specs},
        objects::Register,
        timeline::Time,
    },
    Flaw, History,
    links::{Chain, Chains},
    values::{INITIAL, NOBODY, Part},
};

/// The answer that this flaw makes, confirmed.
pub(super) fn show(history: &History<'_>, flaw: Flaw) -> Answer {
    let Flaw { rule, why, mut operations } = flaw;
    operations.retain(|operation| *operation != NOBODY);
    witness(history, &mut operations);
    operations.sort_unstable_by_key(|operation| history.timeline.span(*operation).called);
    operations.dedup();
    let is_told = |value: u32| {
        let put_by = history.put_by(value);
        put_by == NOBODY || operations.contains(&put_by)
    };
    let tell = |operation: &u32| {
        let Operation { process, called, returned, deed } = history.operations[*operation as usize];
        let deed = match (history.values.parts[*operation as usize], deed) {
            (Part::Swaps(from, _), Register::Cas { to, .. }) if !is_told(from) => {
                Register::Write(to)
            }
            (Part::Swaps(..), Register::Cas { from, to, .. }) => {
                Register::Cas { from, to, succeeded: Some(true) }
            }
            (_, deed) => deed,
        };
        Operation { process, called, returned, deed }
    };
    let told: Vec<Operation<Register>> = operations.iter().map(tell).collect();
    let operations = operations.into_iter().map(|operation| operation as usize).collect();
    let why = format!("{rule}: {why}");
    let spec = specs::Register { initial: history.initial };
    brute::impossible(&spec, &told, Impossible { rule, why, operations })
}

/// Adds for each operation that never returned one that saw what it put, as it would have to have
/// happened.
fn witness(history: &History<'_>, operations: &mut Vec<u32>) {
    let parts = &history.values.parts;
    let mut place = 0;
    while let Some(operation) = operations.get(place).copied() {
        place += 1;
        let is_seen = |value: u32| {
            operations.iter().any(|other| match parts[*other as usize] {
                Part::Finds(found) | Part::Swaps(found, _) => found == value,
                Part::Puts(_) | Part::Spares(_) | Part::FindsNothing | Part::Nothing => false,
            })
        };
        if history.operations[operation as usize].returned.is_none()
            && let Part::Puts(value) | Part::Swaps(_, value) = parts[operation as usize]
            && !is_seen(value)
        {
            operations.push(history.values.seen_by(value));
        }
    }
}

/// The values of one chain from the one of `one` to the one of `other`, whichever is first.
fn path(history: &History<'_>, root: u32, one: u32, other: u32) -> Vec<u32> {
    let (one, other) = (history.value_of(one), history.value_of(other));
    let mut path = Vec::new();
    let mut ends = 0;
    for value in history.chain(root) {
        ends += u32::from(value == one) + u32::from(value == other);
        if ends > 0 {
            path.push(value);
        }
        if ends == 2 {
            break;
        }
    }
    path
}

/// The swaps along a path, in order.
fn links(history: &History<'_>, path: &[u32]) -> Vec<u32> {
    path.iter().skip(1).map(|value| history.put_by(*value)).collect()
}

/// `late` has its place in the chain after `early`, and returned before it was called.
pub(super) fn backward(history: &History<'_>, root: u32, early: u32, late: u32) -> Flaw {
    let span = |operation: u32| history.timeline.span(operation);
    let (mut early, mut late) = (early, late);
    if history.value_of(early) == history.value_of(late) {
        let name = history.values.name(history.value_of(late));
        let why = format!("{name} was found before the call that put it");
        return Flaw { rule: "future_read", why, operations: vec![early, late] };
    }
    // The links between the two may show it already: take the nearest ones that do.
    let between = links(history, &path(history, root, early, late));
    if let Some(link) = between.iter().find(|link| span(**link).returned < span(early).called) {
        late = *link;
    }
    let between = links(history, &path(history, root, early, late));
    let is_behind = |link: &&u32| **link != late && span(**link).called > span(late).returned;
    if let Some(link) = between.iter().rev().find(is_behind) {
        early = *link;
    }
    let name = |operation: u32| history.values.name(history.value_of(operation));
    let why = format!(
        "{1} came of {0} by swaps, and an operation on {1} returned before one on {0} was called",
        name(early),
        name(late)
    );
    let mut operations = links(history, &path(history, root, early, late));
    operations.extend([early, late, history.put_by(history.value_of(early))]);
    Flaw { rule: "stale_read", why, operations }
}

/// Two chains that must each go before the other.
pub(super) fn torn(history: &History<'_>, one: &Chain, other: &Chain) -> Flaw {
    let first = Stretch::of(history, one, (other.first, other.last));
    let second = Stretch::of(history, other, first.ends(history));
    let name = |stretch: &Stretch| history.values.name(stretch.path[0]);
    let why = format!(
        "{0} was there before {1} was, and {1} before {0} was, and each was put once",
        name(&first),
        name(&second)
    );
    let operations = [first.operations(history), second.operations(history)].concat();
    Flaw { rule: "stale_read", why, operations }
}

/// Part of a chain, from an operation that returned before another chain's last call to one that
/// was called after the other chain's first return. Either may be the earlier one in the chain.
struct Stretch {
    old: u32,
    new: u32,
    /// The values from one to the other.
    path: Vec<u32>,
}

impl Stretch {
    /// The shortest that is easily found.
    fn of(history: &History<'_>, chain: &Chain, (first, last): (Time, Time)) -> Stretch {
        let span = |operation: u32| history.timeline.span(operation);
        let is_old = |link: &u32| span(*link).returned < last;
        let is_new = |link: &u32| span(*link).called > first;
        let between = |old: u32, new: u32| path(history, chain.root, old, new);
        let (mut old, mut new) = (chain.first_by, chain.last_by);
        // Links may do the duty of the ends: take those that are nearest to each other.
        if between(old, new).first() == Some(&history.value_of(old)) {
            let swaps = links(history, &between(old, new));
            old = swaps.into_iter().rev().find(is_old).unwrap_or(old);
            new = links(history, &between(old, new)).into_iter().find(is_new).unwrap_or(new);
        } else {
            let swaps = links(history, &between(old, new));
            new = swaps.into_iter().rev().find(is_new).unwrap_or(new);
            old = links(history, &between(old, new)).into_iter().find(is_old).unwrap_or(old);
        }
        // Who put the first value is needed anyway, and may do for either.
        let path = between(old, new);
        let put_by = history.put_by(path[0]);
        if put_by != NOBODY && path.len() == 1 {
            old = if is_old(&put_by) { put_by } else { old };
            new = if is_new(&put_by) { put_by } else { new };
        }
        Stretch { old, new, path }
    }

    /// What another chain must lie between: a return and a call.
    fn ends(&self, history: &History<'_>) -> (Time, Time) {
        let span = |operation: u32| history.timeline.span(operation);
        let first = if self.old == NOBODY { 0 } else { span(self.old).returned };
        (first, span(self.new).called)
    }

    fn operations(&self, history: &History<'_>) -> Vec<u32> {
        let mut operations = links(history, &self.path);
        operations.extend([self.old, self.new, history.put_by(self.path[0])]);
        operations
    }
}

/// Swaps that each need what another one puts.
pub(super) fn circle(history: &History<'_>, chains: &Chains) -> Flaw {
    let values = &history.values;
    let mut is_reached = vec![false; values.values.len()];
    for chain in &chains.chains {
        history.chain(chain.root).for_each(|value| is_reached[value as usize] = true);
    }
    let is_lost = |value: &u32| values.is_there(*value) && !is_reached[*value as usize];
    let start = (0..values.values.len() as u32).find(is_lost).unwrap_or(INITIAL);
    let (mut operations, mut finder) = (Vec::new(), None);
    for value in history.chain(start) {
        operations.push(history.put_by(value));
        // One that returned shows that all of them happened.
        finder = finder.or(Some(values.values[value as usize].found_by).filter(|by| *by != NOBODY));
        if history.next(value) == Some(start) {
            break;
        }
    }
    operations.extend(finder);
    let name = values.name(start);
    let why = format!("swaps made {name} of one value after another that was made of {name}");
    Flaw { rule: "future_read", why, operations }
}
