//! Windows forget, and never invent.

use super::*;
use crate::linearizability::engine::tests::toys::{self, Dice, Toy, history};

const PLENTY: Budget = Budget::of(5_000_000, 1 << 28);

fn windows_forget_only<T: Toy>() {
    let (mut bad, mut asked) = (0, 0);
    for seed in 0..400 {
        let mut dice = Dice::new(seed);
        let len = 8 + dice.below(14);
        let operations = history::<T>(&mut dice, len);
        let mut forgotten = BTreeMap::new();
        for (operation, index) in operations.iter().zip(0u32..) {
            if operation.returned.is_none() {
                let deed = T::model().forget(&operation.deed);
                forgotten.extend(deed.map(|deed| (index, deed)));
            }
        }
        let told = operations.iter().zip(0u32..).filter_map(|(operation, index)| {
            let returned = operation.returned.map(|at| at.ordinal);
            let deed = match returned {
                Some(_) => &operation.deed,
                None => forgotten.get(&index)?,
            };
            let (called, is_optional) = (operation.called.ordinal, returned.is_none());
            Some(Told { index, deed, called, returned, is_optional })
        });
        let cast = Cast::new(&T::model(), told);
        let mut search: Search<'_, T::Model, u64> = Search::thorough(cast.stage(), PLENTY);
        let start = (0, cast.model.initial());
        if search.run([start]).is_err() {
            continue;
        }
        let end = cast.timeline.end();
        let is_bad = search.deepest < end;
        bad += u32::from(is_bad);
        // Up to its deepest return every history has an order, and each window of it too.
        let good = search.deepest.saturating_sub(1);
        for from in 0..=good {
            let is_dead = |until| {
                let (search, operations) = (&search, operations.as_slice());
                let bytes = PLENTY.bytes;
                let mut all = Shrinking { search, operations, until, bytes, steps: STEPS };
                let (starts, stretch) = (all.starts(from)?, all.stretch(from));
                all.is_dead(&stretch, &starts, &stretch.all)
            };
            if is_bad && good < search.deepest {
                assert_ne!(is_dead(good), Some(true), "seed {seed} from {from}");
                asked += 1;
            }
            if is_bad && !T::LOOKS_AHEAD {
                assert_ne!(is_dead(search.deepest), Some(false), "seed {seed} from {from}");
            }
        }
    }
    assert!(bad > 40 && asked > 100, "only {asked} windows of {bad} histories");
}

#[test]
fn a_window_of_what_has_an_order_is_never_without_one() {
    windows_forget_only::<toys::Register>();
    windows_forget_only::<toys::Queue>();
    windows_forget_only::<toys::Log>();
    windows_forget_only::<toys::Set>();
}
