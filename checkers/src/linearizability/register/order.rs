//! An order of operations that explains a register: chain after chain, and swaps that failed where
//! something else was there.

use super::{
    Flaw, Halt, History,
    links::Chains,
    values::{INITIAL, NOBODY, Part},
};

/// The order, if swaps that failed find their places in it.
pub(super) fn of(history: &History<'_>, chains: &Chains) -> Result<Vec<usize>, Halt> {
    let mut order: Vec<u32> = Vec::with_capacity(history.operations.len());
    // By value: the slots at which it is there. Slot n is before the operation in place n.
    let mut stays = vec![(0u32, 0u32); history.values.values.len()];
    for chain in &chains.chains {
        for value in history.chain(chain.root) {
            let begins = order.len() as u32 + u32::from(value != INITIAL);
            order.extend(chains.members(value));
            stays[value as usize] = (begins, order.len() as u32 + 1);
        }
    }
    let spares = |part: &Part| matches!(part, Part::Spares(_));
    if !history.values.parts.iter().any(spares) {
        return Ok(order.into_iter().map(|operation| operation as usize).collect());
    }
    let spared = seats(history, chains, &order, &stays)?;
    let mut spared = spared.into_iter().peekable();
    let mut whole = Vec::with_capacity(history.operations.len());
    for (place, operation) in (0..).zip(order.iter().map(Some).chain([None])) {
        while let Some((_, operation)) = spared.next_if(|(slot, _)| *slot <= place) {
            whole.push(operation as usize);
        }
        whole.extend(operation.map(|operation| *operation as usize));
    }
    Ok(whole)
}

/// For each swap that failed a slot, as early as may be. In order of slots.
fn seats(
    history: &History<'_>,
    chains: &Chains,
    order: &[u32],
    stays: &[(u32, u32)],
) -> Result<Vec<(u32, u32)>, Halt> {
    let span = |operation: u32| history.timeline.span(operation);
    // Up to each slot the latest call, and from it on the earliest return.
    let mut calls = Vec::with_capacity(order.len());
    order.iter().fold(0, |latest, operation| {
        calls.push(span(*operation).called.max(latest));
        span(*operation).called.max(latest)
    });
    let mut returns: Vec<u32> = order.iter().map(|operation| span(*operation).returned).collect();
    for place in (1..returns.len()).rev() {
        returns[place - 1] = returns[place - 1].min(returns[place]);
    }
    let mut seats: Vec<(u32, u32)> = Vec::new();
    let mut seat_of = std::collections::BTreeMap::new();
    let (mut floor, mut doubt) = (0, None);
    for (_, operation, is_return) in history.timeline.moments() {
        let Part::Spares(from) = history.values.parts[operation as usize] else { continue };
        if is_return {
            floor = floor.max(seat_of.remove(&operation).unwrap_or(0));
            continue;
        }
        let (called, returned) = (span(operation).called, span(operation).returned);
        let mut slot = floor.max(returns.partition_point(|time| *time < called) as u32);
        let (begins, ends) = stays[from as usize];
        if (begins..ends).contains(&slot) {
            slot = ends;
        }
        if slot as usize <= calls.partition_point(|time| *time < returned)
            && slot as usize <= order.len()
        {
            seats.push((slot, operation));
            seat_of.insert(operation, slot);
        } else if let Some(flaw) = refuted(history, chains, operation, from) {
            return Err(Halt::Flaw(flaw));
        } else {
            doubt = Some(from);
        }
    }
    match doubt {
        Some(from) => Err(Halt::Doubt(format!(
            "a swap of {} that failed, or may have, does not fit into the one order that was tried",
            history.values.name(from)
        ))),
        None => {
            seats.sort_by_key(|(slot, _)| *slot);
            Ok(seats)
        }
    }
}

/// Whether the value was there all the time that the swap took.
fn refuted(history: &History<'_>, chains: &Chains, swap: u32, value: u32) -> Option<Flaw> {
    let span = |operation: &u32| history.timeline.span(*operation);
    let swapped_by = history.values.values[value as usize].swapped_by;
    let about = || {
        chains.members(value).iter().copied().chain((swapped_by != NOBODY).then_some(swapped_by))
    };
    let early = about().min_by_key(|operation| span(operation).returned);
    let late = about().max_by_key(|operation| span(operation).called)?;
    let is_early = early.is_some_and(|early| span(&early).returned < span(&swap).called);
    if (!is_early && value != INITIAL) || span(&late).called < span(&swap).returned {
        return None;
    }
    let name = history.values.name(value);
    let why = format!(
        "a swap did not find {name}, and it was there before its call and after its return"
    );
    let mut operations = vec![swap, late, history.values.values[value as usize].put_by];
    operations.extend(early.filter(|_| is_early));
    Some(Flaw { rule: "wrong_refusal", why, operations })
}
