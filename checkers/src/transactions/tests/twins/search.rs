//! The search by definition: who took effect, in which order all committed, and what each had seen.

use super::{Sees, Time};
use crate::transactions::{Fate, Step, Transaction};

struct Search<'a> {
    history: &'a [Transaction],
    keys: u64,
    sees: Sees,
    time: Time,
    /// In order of commits: the transaction, and the places of those that it has seen.
    order: Vec<(usize, Vec<bool>)>,
}

/// Whether some order explains a history.
pub(super) fn is_explained(history: &[Transaction], keys: u64, sees: Sees, time: Time) -> bool {
    let mut search = Search { history, keys, sees, time, order: Vec::new() };
    search.extend()
}

fn writes(transaction: &Transaction, key: u64) -> impl Iterator<Item = u64> + '_ {
    transaction.steps.iter().filter_map(move |step| match step {
        Step::Append { key: to, value } | Step::Write { key: to, value } => {
            (*to == key).then_some(*value)
        }
        Step::ReadList { .. } | Step::Read { .. } => None,
    })
}

impl Search<'_> {
    fn writes(&self, one: usize, key: u64) -> impl Iterator<Item = u64> + '_ {
        writes(&self.history[one], key)
    }

    /// Whether one had ended before the other began.
    fn precedes(&self, before: usize, after: usize) -> bool {
        let (before, after) = (&self.history[before], &self.history[after]);
        let is_over = before.fate == Fate::Committed
            && before.returned.is_some_and(|returned| returned < after.called);
        match self.time {
            Time::Free => false,
            Time::Process => is_over && before.process == after.process,
            Time::Real => is_over,
        }
    }

    fn extend(&mut self) -> bool {
        let is_left = |one: &usize| !self.order.iter().any(|(placed, _)| placed == one);
        let left: Vec<usize> = (0..self.history.len()).filter(is_left).collect();
        let fate = |one: usize| self.history[one].fate;
        if left.iter().all(|one| fate(*one) != Fate::Committed) {
            return self.lists_grow() && (self.sees != Sees::Consistent || self.is_consistent());
        }
        for next in left.iter().copied().filter(|one| fate(*one) != Fate::Aborted) {
            if left.iter().any(|other| *other != next && self.precedes(*other, next)) {
                continue;
            }
            for seen in self.sights(next) {
                if self.fits(next, &seen) {
                    self.order.push((next, seen));
                    if self.extend() {
                        return true;
                    }
                    self.order.pop();
                }
            }
        }
        false
    }

    /// What the next one may have seen of those before it.
    fn sights(&self, next: usize) -> Vec<Vec<bool>> {
        let count = self.order.len();
        let must = |place: usize, conflicts: bool| {
            let placed = self.order[place].0;
            let meets = (0..self.keys).any(|key| {
                self.writes(placed, key).next().is_some() && self.writes(next, key).next().is_some()
            });
            self.precedes(placed, next) || !conflicts && meets
        };
        let prefixes = |conflicts: bool| {
            let least =
                (0..count).rev().find(|place| must(*place, conflicts)).map_or(0, |it| it + 1);
            let lens = (least..=count).rev();
            lens.map(|len| (0..count).map(|place| place < len).collect()).collect()
        };
        match self.sees {
            Sees::All => vec![vec![true; count]],
            Sees::Beginning { conflicts } => prefixes(conflicts),
            Sees::Some { transitive, conflicts } => (0..1u32 << count)
                .map(|set| (0..count).map(|place| set & 1 << place != 0).collect())
                .filter(|seen: &Vec<bool>| {
                    let is_complete =
                        (0..count).all(|place| seen[place] || !must(place, conflicts));
                    let is_closed = (0..count).filter(|place| seen[*place]).all(|place| {
                        self.order[place].1.iter().zip(seen).all(|(theirs, mine)| !theirs || *mine)
                    });
                    is_complete && (!transitive || is_closed)
                })
                .collect(),
            Sees::Anything | Sees::AnythingMonotonic | Sees::AnythingButForUpdates => {
                vec![vec![true; count]]
            }
            Sees::Consistent | Sees::EachLast => vec![vec![true; count]],
        }
    }

    fn fits(&self, next: usize, seen: &[bool]) -> bool {
        match self.sees {
            Sees::All | Sees::Beginning { .. } | Sees::Some { .. } => self.runs(next, seen),
            Sees::Anything | Sees::Consistent => self.sources(next).is_some(),
            Sees::EachLast => self.sources(next).is_some_and(|sources| {
                sources.iter().all(|(key, source)| *source == self.last(*key, self.order.len()))
            }),
            Sees::AnythingMonotonic => self.sources(next).is_some_and(|sources| {
                (0..sources.len()).all(|later| {
                    let (key, source) = sources[later];
                    sources[..later].iter().filter_map(|(_, earlier)| *earlier).all(|earlier| {
                        let writes_here = self.writes(self.order[earlier].0, key).next().is_some();
                        !writes_here || source >= Some(earlier)
                    })
                })
            }),
            Sees::AnythingButForUpdates => self.sources(next).is_some_and(|sources| {
                let updates =
                    sources.iter().filter(|(key, _)| self.writes(next, *key).next().is_some());
                { updates }.all(|(key, source)| *source == self.last(*key, self.order.len()))
            }),
        }
    }

    /// The last one of the first `count` that wrote a key.
    fn last(&self, key: u64, count: usize) -> Option<usize> {
        (0..count).rev().find(|place| self.writes(self.order[*place].0, key).next().is_some())
    }

    /// Where each read of something that is not its own comes from: the place of the writer, none
    /// for the beginning. None if some read comes from nowhere.
    fn sources(&self, next: usize) -> Option<Vec<(u64, Option<usize>)>> {
        let transaction = &self.history[next];
        let mut found = Vec::new();
        for (place, step) in transaction.steps.iter().enumerate() {
            let Step::Read { key, value: Some(value) } = step else { continue };
            let Some(value) = value else {
                found.push((*key, None));
                continue;
            };
            let own = |step: &Step| *step == Step::Write { key: *key, value: *value };
            if transaction.steps[..place].iter().any(own) {
                continue;
            }
            let is_final =
                |place: &usize| self.writes(self.order[*place].0, *key).last() == Some(*value);
            found.push((*key, Some((0..self.order.len()).find(is_final)?)));
        }
        Some(found)
    }

    /// Whether all that it read is explained by what it has seen and by itself.
    fn runs(&self, next: usize, seen: &[bool]) -> bool {
        let count = self.order.len();
        let wrote =
            |place: &usize, key: u64| self.writes(self.order[*place].0, key).next().is_some();
        // A key's version is that of the last one seen who wrote there. A list grows out of all that
        // wrote there before, and shows them.
        let version = |key: u64| (0..count).rev().find(|place| seen[*place] && wrote(place, key));
        let mut state: Vec<Vec<u64>> = Vec::new();
        for key in 0..self.keys {
            let grown = 0..version(key).map_or(0, |last| last + 1);
            let is_read = self.history[next].steps.iter().any(
                |step| matches!(step, Step::ReadList { key: read, values: Some(_) } if *read == key),
            );
            if is_read && grown.clone().any(|place| !seen[place] && wrote(&place, key)) {
                return false;
            }
            state.push(grown.flat_map(|place| self.writes(self.order[place].0, key)).collect());
        }
        self.history[next].steps.iter().all(|step| match step {
            Step::Append { key, value } | Step::Write { key, value } => {
                state[*key as usize].push(*value);
                true
            }
            Step::ReadList { key, values } => {
                values.as_ref().is_none_or(|values| *values == state[*key as usize])
            }
            Step::Read { key, value } => {
                value.is_none_or(|value| value == state[*key as usize].last().copied())
            }
        })
    }

    /// Whether whatever anyone read of a list is a beginning of what it came to be: that is what makes
    /// it a list that grows, also for who had just appended to it himself.
    fn lists_grow(&self) -> bool {
        let lists: Vec<Vec<u64>> = (0..self.keys)
            .map(|key| self.order.iter().flat_map(|(one, _)| self.writes(*one, key)).collect())
            .collect();
        let steps = self.order.iter().flat_map(|(one, _)| &self.history[*one].steps);
        { steps }.all(|step| match step {
            Step::ReadList { key, values: Some(values) } => {
                lists[*key as usize].starts_with(values)
            }
            Step::ReadList { values: None, .. } | Step::Append { .. } => true,
            Step::Read { .. } | Step::Write { .. } => true,
        })
    }

    /// Adya's consistent view, over the whole order: nobody missed what he depends on.
    fn is_consistent(&self) -> bool {
        let count = self.order.len();
        let sources: Vec<_> = (0..count)
            .map(|place| {
                // A read may come from any place: the order is complete.
                self.sources(self.order[place].0).expect("it was placed")
            })
            .collect();
        let wrote = |place: usize, key: u64| self.writes(self.order[place].0, key).next().is_some();
        let depends = |on: usize, by: usize| {
            sources[by].iter().any(|(_, source)| *source == Some(on))
                || on < by && (0..self.keys).any(|key| wrote(on, key) && wrote(by, key))
        };
        let reaches = |from: usize, to: usize| {
            let mut open = vec![from];
            let mut known = vec![false; count];
            while let Some(at) = open.pop() {
                for next in (0..count).filter(|next| depends(at, *next)) {
                    if !std::mem::replace(&mut known[next], true) {
                        open.push(next);
                    }
                }
            }
            known[to]
        };
        (0..count).all(|reader| {
            sources[reader].iter().all(|(key, source)| {
                let first = source.map_or(0, |source| source + 1);
                let missed = (first..count).filter(|place| *place != reader && wrote(*place, *key));
                { missed }.all(|missed| !reaches(missed, reader))
            })
        })
    }
}
