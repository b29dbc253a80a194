//! An order of operations that explains a queue in which no pattern shows.
//!
//! The order of values is the order of both their enqueues and their dequeues: a value goes first
//! if it was certainly in, or certainly out, before the other one came or went. Given that order,
//! each operation happens as early as the ones before it allow. Times are counted in quarters
//! here, so that a gap has room for a dequeue that finds nothing, and for what is done right
//! before it and right after.

use super::{
    super::timeline::{NEVER, Time},
    History,
    values::{Life, NOBODY},
};
use std::collections::VecDeque;

/// Later than every moment, and yet it happened.
const LAST: Time = NEVER - 1;

/// One value, its operations, and when they may happen, in quarters.
#[derive(Clone, Copy, Debug)]
struct Stay {
    life: Life,
    enqueue: u32,
    dequeue: u32,
}

/// The order. `gaps` are dequeues that found nothing and the gaps they are in.
pub(super) fn of(history: &History<'_>, gaps: &[(Time, u32)]) -> Vec<usize> {
    let mut stays = stays(history, gaps);
    narrow(&mut stays, gaps);
    let order = arrange(&stays);
    assert_eq!(order.len(), stays.len(), "values that go before one another: no order of them");
    merge(&stays, &order, gaps, history.operations.len())
}

/// The values that count. The first of the untaken ones go to dequeues that never returned, as many
/// as something after them needs.
fn stays(history: &History<'_>, gaps: &[(Time, u32)]) -> Vec<Stay> {
    let values = &history.values;
    let untaken = values.untaken();
    let known = values.lives.iter().filter(|life| life.is_taken());
    let needed_by = known.map(|life| life.enqueuing).chain(gaps.iter().map(|gap| gap.0 + 1)).max();
    let needed = untaken.partition_point(|(enqueued, _)| Some(*enqueued) < needed_by);
    let mut stays: Vec<Stay> = Vec::with_capacity(values.lives.len());
    for (life, (enqueue, dequeue)) in values.lives.iter().zip(&values.doers) {
        if *dequeue != NOBODY {
            let life = Life {
                enqueuing: life.enqueuing * 4,
                enqueued: quartered(life.enqueued),
                taking: life.taking * 4,
                taken: life.taken * 4,
            };
            stays.push(Stay { life, enqueue: *enqueue, dequeue: *dequeue });
        }
    }
    for (place, (enqueued, value)) in untaken.iter().enumerate() {
        let taker = values.takers.get(place).filter(|_| place < needed);
        let life = Life {
            enqueuing: values.lives[*value as usize].enqueuing * 4,
            enqueued: enqueued * 4,
            taking: taker.map_or(NEVER, |taker| taker.0 * 4),
            taken: taker.map_or(NEVER, |_| LAST),
        };
        let enqueue = values.doers[*value as usize].0;
        stays.push(Stay { life, enqueue, dequeue: taker.map_or(NOBODY, |taker| taker.1) });
    }
    stays
}

fn quartered(time: Time) -> Time {
    if time == NEVER { LAST } else { time * 4 }
}

/// Lets the gaps and each value's own two operations bound its times.
fn narrow(stays: &mut [Stay], gaps: &[(Time, u32)]) {
    for Stay { life, .. } in stays {
        if !gaps.is_empty() {
            // Who is still to be taken after a gap comes in after it.
            let before = gaps.partition_point(|gap| gap.0 * 4 + 2 < life.taking);
            if let Some((gap, _)) = before.checked_sub(1).map(|before| gaps[before]) {
                life.enqueuing = life.enqueuing.max(gap * 4 + 3);
            }
            // Who was in before a gap is out before it.
            if let Some((gap, _)) =
                gaps.get(gaps.partition_point(|gap| gap.0 * 4 + 2 < life.enqueued))
            {
                life.taken = life.taken.min(gap * 4 + 1);
            }
        }
        life.taking = life.taking.max(life.enqueuing);
        life.enqueued = life.enqueued.min(life.taken);
    }
}

/// Values in an order that both their comings and their goings allow: always one that no other
/// value must go before.
fn arrange(stays: &[Stay]) -> Vec<u32> {
    let [by_enqueuing, by_enqueued, by_taking, by_taken] = [
        sorted(stays, |life| life.enqueuing),
        sorted(stays, |life| life.enqueued),
        sorted(stays, |life| life.taking),
        sorted(stays, |life| life.taken),
    ];
    let (mut enqueuing, mut enqueued, mut taking, mut taken) = (0, 0, 0, 0);
    let mut is_arranged = vec![false; stays.len()];
    // Whether a value was passed as to its coming, or as to its going; both make it ready.
    let mut is_passed = vec![false; stays.len()];
    let mut ready: VecDeque<u32> = VecDeque::new();
    let mut order = Vec::with_capacity(stays.len());
    let life = |value: u32| &stays[value as usize].life;
    loop {
        while by_enqueued.get(enqueued).is_some_and(|value| is_arranged[*value as usize]) {
            enqueued += 1;
        }
        while by_taken.get(taken).is_some_and(|value| is_arranged[*value as usize]) {
            taken += 1;
        }
        let (Some(first_in), Some(first_out)) = (by_enqueued.get(enqueued), by_taken.get(taken))
        else {
            return order;
        };
        let mut pass = |value: u32| {
            if std::mem::replace(&mut is_passed[value as usize], true) {
                ready.push_back(value);
            }
        };
        let bound = life(*first_in).enqueued;
        while let Some(value) =
            by_enqueuing.get(enqueuing).filter(|value| life(**value).enqueuing <= bound)
        {
            pass(*value);
            enqueuing += 1;
        }
        let bound = life(*first_out).taken;
        while let Some(value) = by_taking.get(taking).filter(|value| life(**value).taking <= bound)
        {
            pass(*value);
            taking += 1;
        }
        let Some(next) = ready.pop_front() else { return order };
        is_arranged[next as usize] = true;
        order.push(next);
    }
}

fn sorted(stays: &[Stay], time: impl Fn(&Life) -> Time) -> Vec<u32> {
    let keys = (0u64..).zip(stays).map(|(value, stay)| u64::from(time(&stay.life)) << 32 | value);
    let mut keys: Vec<u64> = keys.collect();
    keys.sort_unstable();
    keys.into_iter().map(|key| key as u32).collect()
}

/// Operations in order: each as early as it may happen after those before it. At one time what
/// comes in goes first.
fn merge(stays: &[Stay], order: &[u32], gaps: &[(Time, u32)], count: usize) -> Vec<usize> {
    let mut merged: Vec<usize> = Vec::with_capacity(count);
    let (mut going, mut gone) = (0, 0);
    let mut gaps = gaps.iter().peekable();
    let (mut in_at, mut out_at) = (0, 0);
    // When each value comes in, in their order; dequeues run behind.
    let comings: Vec<Time> = order
        .iter()
        .map(|value| {
            in_at = in_at.max(stays[*value as usize].life.enqueuing);
            in_at
        })
        .collect();
    loop {
        let coming = comings.get(going).copied();
        let leaving = order.get(gone).map(|value| &stays[*value as usize]);
        let leaving = leaving.filter(|stay| stay.dequeue != NOBODY);
        let leaving_at = leaving.map(|stay| out_at.max(stay.life.taking).max(comings[gone]));
        let next = coming.into_iter().chain(leaving_at).min();
        if let Some((gap, operation)) = gaps.peek().copied()
            && next.is_none_or(|next| gap * 4 + 2 < next)
        {
            merged.push(*operation as usize);
            gaps.next();
        } else if coming.is_some() && coming == next {
            merged.push(stays[order[going] as usize].enqueue as usize);
            going += 1;
        } else if let (Some(stay), Some(at)) = (leaving, leaving_at) {
            merged.push(stay.dequeue as usize);
            (out_at, gone) = (at, gone + 1);
        } else {
            return merged;
        }
    }
}
