//! The few operations that show that a set is impossible, as far as they tell of a few elements.

use super::{
    super::{
        Answer, Impossible, Operation,
        brute::{self, specs},
        objects::Set,
    },
    Flaw, History,
    elements::NOBODY,
};

/// The answer that this flaw makes, confirmed.
pub(super) fn show(history: &History<'_>, flaw: Flaw) -> Answer {
    let Flaw { rule, why, mut operations, elements } = flaw;
    operations.retain(|operation| *operation != NOBODY);
    operations.sort_unstable_by_key(|operation| history.timeline.span(*operation).called);
    operations.dedup();
    let names: Vec<u64> = elements.iter().map(|one| history.elements.name(*one)).collect();
    let tell = |operation: &u32| {
        let Operation { process, called, returned, deed } =
            &history.operations[*operation as usize];
        let deed = match deed {
            Set::Read(held) => {
                Set::Read(held.iter().copied().filter(|name| names.contains(name)).collect())
            }
            Set::Add(_) | Set::Remove { .. } | Set::Contains(..) => deed.clone(),
        };
        Operation { process: *process, called: *called, returned: *returned, deed }
    };
    let told: Vec<Operation<Set>> = operations.iter().map(tell).collect();
    let operations = operations.into_iter().map(|operation| operation as usize).collect();
    let why = format!("{rule}: {why}");
    brute::impossible(&specs::Set, &told, Impossible { rule, why, operations })
}
