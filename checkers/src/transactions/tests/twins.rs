//! Every model by its definition: which of the transactions in doubt took effect, in which order all
//! committed, and what each had seen by then, all tried. Models of visibility are told as Cerone,
//! Bernardi & Gotsman tell them (CONCUR 2015), the others by what each read may find. None of it
//! knows of a graph, but for consistent view, which has no other definition than Adya's.

use super::{brute::Dice, *};
use crate::transactions::{Inference, Model, judge_list_append, judge_rw_register};

/// What a transaction must have seen, and what of that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sees {
    /// Nothing in particular: each read finds something committed.
    Anything,
    /// The same, and nothing older than what it has seen of whoever wrote there.
    AnythingMonotonic,
    /// The same as `Anything`, and nobody writes between what it read and what it wrote there.
    AnythingButForUpdates,
    /// Adya's consistent view.
    Consistent,
    /// Every read finds what was committed last.
    EachLast,
    /// Some of those that committed before.
    Some { transitive: bool, conflicts: bool },
    /// All that committed up to some moment.
    Beginning { conflicts: bool },
    /// All that committed before.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Time {
    Free,
    Process,
    Real,
}

const SOME: Sees = Sees::Some { transitive: false, conflicts: true };
const CAUSAL: Sees = Sees::Some { transitive: true, conflicts: true };

/// Every model that is decided, by its definition.
const DEFINED: [(&str, Sees, Time); 21] = [
    ("read-committed", Sees::Anything, Time::Free),
    ("strong-session-read-committed", Sees::Anything, Time::Process),
    ("strong-read-committed", Sees::Anything, Time::Real),
    ("monotonic-atomic-view", Sees::AnythingMonotonic, Time::Free),
    ("cursor-stability", Sees::AnythingButForUpdates, Time::Free),
    ("read-atomic", SOME, Time::Process),
    ("causal", CAUSAL, Time::Process),
    ("causal-cerone", CAUSAL, Time::Free),
    ("prefix", Sees::Beginning { conflicts: true }, Time::Free),
    ("update-atomic", Sees::Some { transitive: false, conflicts: false }, Time::Free),
    ("parallel-snapshot-isolation", Sees::Some { transitive: true, conflicts: false }, Time::Free),
    ("consistent-view", Sees::Consistent, Time::Free),
    ("snapshot-isolation", Sees::Beginning { conflicts: false }, Time::Free),
    ("strong-session-snapshot-isolation", Sees::Beginning { conflicts: false }, Time::Process),
    ("strong-snapshot-isolation", Sees::Beginning { conflicts: false }, Time::Real),
    ("repeatable-read", Sees::EachLast, Time::Free),
    ("serializable", Sees::All, Time::Free),
    ("strong-session-serializable", Sees::All, Time::Process),
    ("strict-serializable", Sees::All, Time::Real),
    ("monotonic-view", Sees::Anything, Time::Free),
    ("update-serializable", Sees::Consistent, Time::Free),
];

/// Models that are known only to lie between two: what they include, and what includes them.
const BETWEEN: [(&str, usize, usize); 4] = [
    ("monotonic-view", 0, 11),
    ("monotonic-snapshot-read", 0, 12),
    ("forward-consistent-view", 11, 12),
    ("update-serializable", 11, 16),
];

fn find(name: &str) -> &'static Model {
    Model::find(name).expect("a model")
}

struct Search<'a> {
    history: &'a [Transaction],
    keys: u64,
    sees: Sees,
    time: Time,
    /// In order of commits: the transaction, and the places of those that it has seen.
    order: Vec<(usize, Vec<bool>)>,
}

fn is_explained(history: &[Transaction], keys: u64, sees: Sees, time: Time) -> bool {
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
            return self.sees != Sees::Consistent || self.is_consistent();
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

/// Up to five transactions of up to three processes on two or three keys: what one after another
/// they find, of which some is spoilt. In `phantom` somebody reads what nobody wrote.
fn generate(dice: &mut Dice, keys: u64, is_list: bool) -> (Vec<Transaction>, bool) {
    let (count, processes) = (2 + dice.below(4), 1 + dice.below(4));
    let spoils = if is_list { [0, 2, 6, 12] } else { [0, 0, 1, 8] }[dice.below(4) as usize];
    let reach = [1, 15, 60][dice.below(3) as usize];
    let mut state: Vec<Vec<u64>> = vec![Vec::new(); keys as usize];
    let mut past: Vec<Vec<Vec<u64>>> = state.iter().map(|_| vec![Vec::new()]).collect();
    let (mut fresh, mut free) = (0, vec![0; processes as usize]);
    let mut history: Vec<Transaction> = Vec::new();
    for number in 0..count {
        let fate = match dice.below(9) {
            0 => Fate::Aborted,
            1 | 2 => Fate::Unknown,
            _ => Fate::Committed,
        };
        let takes_effect = fate == Fate::Committed || fate == Fate::Unknown && dice.below(2) == 0;
        let mut own = state.clone();
        let mut steps = Vec::new();
        for _ in 0..1 + dice.below(4) {
            let key = dice.below(keys);
            if dice.below(5) < 2 {
                fresh += 1;
                own[key as usize].push(fresh);
                past[key as usize].push(own[key as usize].clone());
                steps.push(match is_list {
                    true => Step::Append { key, value: fresh },
                    false => Step::Write { key, value: fresh },
                });
                continue;
            }
            let mut found = own[key as usize].clone();
            if dice.below(12) < spoils {
                let past = &past[key as usize];
                found = past[dice.below(past.len() as u64) as usize].clone();
            }
            let is_told = fate == Fate::Committed && dice.below(15) > 0;
            steps.push(match is_list {
                true => Step::ReadList { key, values: is_told.then_some(found) },
                false => Step::Read { key, value: is_told.then(|| found.last().copied()) },
            });
        }
        if takes_effect {
            state = own;
        }
        let process = dice.below(processes);
        let moment = 100 + 20 * number;
        let called = (moment - dice.below(reach)).max(free[process as usize]);
        let returned = called.max(moment) + dice.below(reach);
        free[process as usize] = returned + 1;
        let at = |time: u64, side: u64| Stamp { ordinal: time * 16 + 2 * number + side, at_ns: 0 };
        history.push(Transaction {
            process,
            called: at(called, 0),
            returned: Some(at(returned, 1)),
            fate,
            steps,
        });
    }
    // Or reads find anything that was ever written there: half of a transaction, one that failed,
    // what came later.
    if !is_list && dice.below(5) < 3 {
        let written: Vec<Step> =
            history.iter().flat_map(|transaction| transaction.steps.clone()).collect();
        let committed = history.iter_mut().filter(|one| one.fate == Fate::Committed);
        for step in committed.flat_map(|transaction| &mut transaction.steps) {
            let Step::Read { key, value: Some(found) } = step else { continue };
            let there: Vec<u64> = written
                .iter()
                .filter_map(|step| match step {
                    Step::Write { key: to, value } => (to == key).then_some(*value),
                    Step::Read { .. } | Step::ReadList { .. } | Step::Append { .. } => None,
                })
                .collect();
            if !there.is_empty() && dice.below(4) > 0 {
                *found = Some(there[dice.below(there.len() as u64) as usize]);
            }
        }
    }
    let mut reads: Vec<&mut Step> = history
        .iter_mut()
        .filter(|transaction| transaction.fate == Fate::Committed)
        .flat_map(|transaction| &mut transaction.steps)
        .filter(|step| matches!(step, Step::Read { .. } | Step::ReadList { .. }))
        .collect();
    let is_phantom = dice.below(4) == 0 && !reads.is_empty();
    if is_phantom {
        let place = dice.below(reads.len() as u64) as usize;
        match &mut *reads[place] {
            Step::Read { value, .. } => *value = Some(Some(999)),
            Step::ReadList { values, .. } => *values = Some(vec![999]),
            Step::Write { .. } | Step::Append { .. } => unreachable!("only reads"),
        }
    }
    (history, is_phantom)
}

/// Twenty thousand, or as many as `ZEROLOSS_CASES` says.
fn cases() -> u64 {
    let cases = std::env::var("ZEROLOSS_CASES").ok();
    cases.map_or(5_000, |cases| cases.parse().expect("ZEROLOSS_CASES is a number"))
}

/// Whether each transaction finds its own writes, and one thing in a key.
fn agrees_with_itself(history: &[Transaction]) -> bool {
    history.iter().filter(|one| one.fate == Fate::Committed).all(|transaction| {
        let mut known: [Option<Option<u64>>; 3] = [None; 3];
        transaction.steps.iter().all(|step| match step {
            Step::Write { key, value } => {
                known[*key as usize] = Some(Some(*value));
                true
            }
            Step::Read { key, value: Some(value) } => {
                *known[*key as usize].get_or_insert(*value) == *value
            }
            Step::Read { value: None, .. } => true,
            Step::Append { .. } | Step::ReadList { .. } => true,
        })
    })
}

/// Compares the answer under one model; counts refuted and holding ones.
fn compare(
    (history, is_list): (&[Transaction], bool),
    name: &str,
    is_explained: bool,
    seen: &mut [u64; 2],
) {
    let ruling = match is_list {
        true => judge_list_append(history, find(name), &Numbers, AMPLE),
        false => judge_rw_register(history, find(name), Inference::default(), &Numbers, AMPLE),
    };
    let expected = if is_explained { "holds" } else { "violated" };
    let is_vacuous = match &ruling.verdict {
        Verdict::Unknown(why) => why.starts_with("vacuous") && is_explained,
        Verdict::Holds(_) | Verdict::Violated(_) => false,
    };
    assert!(
        is_vacuous || ruling.verdict.word() == expected,
        "{name}: expected {expected}: {history:#?} {ruling:#?}"
    );
    seen[usize::from(is_explained)] += 1;
}

#[test]
fn registers_are_judged_under_every_model_as_its_definition_judges_them() {
    let mut dice = Dice(0x51a7_0c5e_93d1_f00d);
    let mut seen = [[0u64; 2]; DEFINED.len()];
    let (mut free, mut cut, mut plain) = ([0u64; 2], [0u64; 2], 0);
    for _ in 0..cases() {
        let keys = 2 + dice.below(2);
        let (history, is_phantom) = generate(&mut dice, keys, false);
        let agrees = !is_phantom && agrees_with_itself(&history);
        compare((&history, false), "cut-isolation", agrees, &mut cut);
        compare((&history, false), "read-uncommitted", !is_phantom, &mut free);
        if is_phantom {
            continue;
        }
        plain += 1;
        let answers = DEFINED.map(|(_, sees, time)| is_explained(&history, keys, sees, time));
        for (number, (name, ..)) in DEFINED.iter().enumerate().take(19) {
            compare((&history, false), name, answers[number], &mut seen[number]);
        }
        for (name, includes, included) in BETWEEN {
            let model = find(name);
            let ruling = judge_rw_register(&history, model, Inference::default(), &Numbers, AMPLE);
            let is_sound = match ruling.verdict.word() {
                "violated" => !answers[includes],
                "holds" => answers[included] || !agrees_with_itself(&history),
                _ => true,
            };
            assert!(is_sound, "{name}: {history:#?} {ruling:#?}");
        }
    }
    let tell = |name: &str, [refuted, holding]: [u64; 2], all: u64| {
        if std::env::var("ZEROLOSS_CASES").is_ok() {
            let told = format!("{name}: {refuted} refuted, {holding} holding\n");
            std::io::Write::write_all(&mut std::io::stderr(), told.as_bytes()).expect("told");
        }
        refuted * 5 >= all && holding * 5 >= all
    };
    let mut is_common = tell("read-uncommitted", free, cases());
    is_common &= tell("cut-isolation", cut, cases());
    for (seen, (name, ..)) in seen.iter().zip(DEFINED).take(19) {
        is_common &= tell(name, *seen, plain);
    }
    assert!(is_common, "one-sided: {free:?}, {cut:?} of {}; {seen:?} of {plain}", cases());
}

#[test]
fn lists_are_judged_under_every_model_as_its_definition_judges_them() {
    let mut dice = Dice(0x0dd0_f00d_5eed_1157);
    let mut seen = [[0u64; 2]; DEFINED.len()];
    let is_by_sight = |sees: Sees| match sees {
        Sees::Some { .. } | Sees::Beginning { .. } | Sees::All => true,
        Sees::Anything | Sees::AnythingMonotonic | Sees::AnythingButForUpdates => false,
        Sees::Consistent | Sees::EachLast => false,
    };
    let mut plain = 0;
    for _ in 0..cases() {
        let keys = 2 + dice.below(2);
        let (history, is_phantom) = generate(&mut dice, keys, true);
        if is_phantom {
            continue;
        }
        plain += 1;
        for (number, (name, sees, time)) in DEFINED.into_iter().enumerate() {
            if is_by_sight(sees) {
                let answer = is_explained(&history, keys, sees, time);
                compare((&history, true), name, answer, &mut seen[number]);
            }
        }
    }
    let is_common = seen.into_iter().zip(DEFINED).all(|([refuted, holding], (_, sees, _))| {
        !is_by_sight(sees) || refuted * 5 >= plain && holding * 5 >= plain
    });
    assert!(is_common, "one-sided: {seen:?} of {plain}");
}
