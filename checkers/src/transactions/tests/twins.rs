//! Every model by its definition: which of the transactions in doubt took effect, in which order all
//! committed, and what each had seen by then, all tried. Models of visibility are told as Cerone,
//! Bernardi & Gotsman tell them (CONCUR 2015), the others by what each read may find. None of it
//! knows of a graph, but for consistent view, which has no other definition than Adya's.

mod histories;
mod search;

use super::{brute::Dice, *};
use crate::{
    linearizability::fuzz::cases,
    transactions::{Inference, Model, judge_list_append, judge_rw_register},
};
use histories::generate;
use search::is_explained;

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
    for _ in 0..cases(5_000) {
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
    let mut is_common = tell("read-uncommitted", free, cases(5_000));
    is_common &= tell("cut-isolation", cut, cases(5_000));
    for (seen, (name, ..)) in seen.iter().zip(DEFINED).take(19) {
        is_common &= tell(name, *seen, plain);
    }
    assert!(is_common, "one-sided: {free:?}, {cut:?} of {}; {seen:?} of {plain}", cases(5_000));
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
    for _ in 0..cases(5_000) {
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
