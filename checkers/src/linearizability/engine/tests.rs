//! The search against a dumber one, its budgets, wide histories, and its evidence.

pub(crate) mod toys;

use super::*;
use crate::{
    Stamp,
    linearizability::{
        fuzz::cases,
        models,
        objects::{Log, Register},
    },
};
use toys::{Dice, Toy, history};

const PLENTY: Budget = Budget::of(50_000_000, 1 << 30);

/// How an operation takes part in what brute force tries.
#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// It has to happen, and says what it says.
    Kept,
    /// It may happen in its time, with any result.
    Forgotten,
    Absent,
}

/// Whether some order explains everything: all orders are tried, one operation after another.
fn is_explained<T: Toy>(operations: &[Operation<T::Deed>], parts: &[Part]) -> bool {
    fn go<T: Toy>(
        operations: &[Operation<T::Deed>],
        parts: &[Part],
        state: &T::State,
        done: u32,
    ) -> bool {
        let left = |number: &usize| done >> number & 1 == 0 && parts[*number] != Part::Absent;
        let owed =
            |number: &usize| operations[*number].returned.is_some() && parts[*number] == Part::Kept;
        let open: Vec<usize> = (0..operations.len()).filter(left).collect();
        if !open.iter().any(owed) {
            return true;
        }
        let returned = open.iter().filter(|number| owed(number));
        let first = returned.filter_map(|number| operations[*number].returned).min();
        let nobody_is_later = |number: &usize| {
            let operation = &operations[*number];
            first.is_none_or(|first| operation.called < first)
        };
        open.iter().copied().filter(nobody_is_later).any(|number| {
            let is_lost = operations[number].returned.is_none() || parts[number] != Part::Kept;
            // What is forgotten has its time all the same: nothing that was called behind its
            // return may have happened.
            let is_over = |at: Stamp| {
                (0..operations.len())
                    .any(|other| done >> other & 1 == 1 && operations[other].called > at)
            };
            if is_lost && operations[number].returned.is_some_and(is_over) {
                return false;
            }
            let next = T::apply(state, &operations[number].deed, is_lost);
            next.iter().any(|next| go::<T>(operations, parts, next, done | 1 << number))
        })
    }
    go::<T>(operations, parts, &T::start(), 0)
}

fn agree<T>()
where
    T: Toy<Model: Send + Sync + 'static>,
    <T::Model as Model>::Act: Send + Sync + 'static,
    <T::Model as Model>::State: std::fmt::Debug + Send + Sync + 'static,
{
    let (mut bad, mut pending, mut given_up, mut lines) = (0, 0, 0, Vec::new());
    let cases = cases(20_000);
    for seed in 0..cases {
        let mut dice = Dice::new(seed);
        let len = 2 + dice.below(6);
        let operations = history::<T>(&mut dice, len);
        pending += operations.iter().filter(|operation| operation.returned.is_none()).count();
        let kept = vec![Part::Kept; operations.len()];
        let is_explained_by_force = is_explained::<T>(&operations, &kept);
        match check(&T::model(), &operations, PLENTY) {
            Answer::Linearizable(_) => {
                assert!(is_explained_by_force, "seed {seed}: {operations:#?}");
            }
            Answer::Impossible(impossible) => {
                assert!(!is_explained_by_force, "seed {seed}: {operations:#?}");
                bad += 1;
                lines.push(impossible.operations.len());
                let told = |rest| {
                    let part = |number| match impossible.operations.contains(&number) {
                        true => Part::Kept,
                        false => rest,
                    };
                    (0..operations.len()).map(part).collect::<Vec<Part>>()
                };
                let is_shown = !is_explained::<T>(&operations, &told(Part::Forgotten))
                    && !is_explained::<T>(&operations, &told(Part::Absent));
                assert!(is_shown, "seed {seed}: {impossible:?} of {operations:#?}");
            }
            Answer::Exhausted(why) => panic!("seed {seed}: {why}"),
        }
        match check(&T::model(), &operations, Budget { steps: dice.below(40), ..PLENTY }) {
            Answer::Linearizable(_) => assert!(is_explained_by_force),
            Answer::Impossible(_) => assert!(!is_explained_by_force),
            Answer::Exhausted(_) => given_up += 1,
        }
        // It starts a thread for each.
        #[cfg(feature = "porcupine")]
        if seed % 8 == 0 {
            use crate::linearizability::second_opinion::{Limits, Opinion, ask};
            let limits = Limits { operations: 8, pending: 8, steps: 1_000_000 };
            let opinion = match is_explained_by_force {
                true => Opinion::Linearizable,
                false => Opinion::Impossible,
            };
            assert_eq!(ask(&T::model(), &operations, limits), opinion, "seed {seed}");
        }
    }
    assert!(given_up > 0, "no search ran out of forty steps");
    lines.sort_unstable();
    let (median, most) = (lines[lines.len() / 2], lines[lines.len() - 1]);
    assert!(bad * 20 > cases && bad * 10 < cases * 9, "{bad} of {cases} are bad");
    assert!(pending as u64 * 20 > cases, "only {pending} operations are pending");
    assert!(median <= 6 && most <= 7, "evidence of {median} operations, at most {most}");
}

#[test]
fn it_agrees_with_brute_force_on_registers() {
    agree::<toys::Register>();
}

#[test]
fn it_agrees_with_brute_force_on_locks() {
    agree::<toys::Mutex>();
}

#[test]
fn it_agrees_with_brute_force_on_texts() {
    agree::<toys::Text>();
}

#[test]
fn it_agrees_with_brute_force_on_queues() {
    agree::<toys::Queue>();
}

#[test]
fn it_agrees_with_brute_force_on_bags() {
    agree::<toys::Bag>();
}

#[test]
fn it_agrees_with_brute_force_on_sets() {
    agree::<toys::Set>();
}

#[test]
fn it_agrees_with_brute_force_on_logs() {
    agree::<toys::Log>();
}

#[test]
fn it_agrees_with_brute_force_on_streams() {
    agree::<toys::Stream>();
}

#[test]
fn it_agrees_with_brute_force_on_several_registers() {
    agree::<toys::MultiRegister>();
}

/// Longer histories than brute force can take.
#[cfg(feature = "porcupine")]
fn agree_at_length<T>()
where
    T: Toy<Model: Send + Sync + 'static>,
    <T::Model as Model>::Act: Send + Sync + 'static,
    <T::Model as Model>::State: std::fmt::Debug + Send + Sync + 'static,
{
    use crate::linearizability::second_opinion::{Limits, Opinion, ask};
    let (mut bad, mut asked, cases) = (0, 0, cases(2_000));
    for seed in 0..cases {
        let mut dice = Dice::new(seed);
        let len = 8 + dice.below(24);
        let operations = history::<T>(&mut dice, len);
        let limits = Limits { operations: 40, pending: 6, steps: 200_000 };
        let is_impossible = match ask(&T::model(), &operations, limits) {
            Opinion::Linearizable => false,
            Opinion::Impossible => true,
            Opinion::Unknown(_) => continue,
        };
        asked += 1;
        bad += u64::from(is_impossible);
        let answer = check(&T::model(), &operations, PLENTY);
        let is_agreed = match &answer {
            Answer::Linearizable(_) => !is_impossible,
            Answer::Impossible(_) => is_impossible,
            Answer::Exhausted(why) => panic!("seed {seed}: {why}"),
        };
        assert!(is_agreed, "seed {seed}: {answer:?} of {operations:#?}");
    }
    assert!(asked * 2 > cases && bad * 10 > asked && bad * 20 < asked * 19, "{bad} of {asked}");
}

#[cfg(feature = "porcupine")]
#[test]
fn it_agrees_with_the_second_opinion_on_longer_histories() {
    agree_at_length::<toys::Register>();
    agree_at_length::<toys::Mutex>();
    agree_at_length::<toys::Text>();
    agree_at_length::<toys::Queue>();
    agree_at_length::<toys::Set>();
    agree_at_length::<toys::Log>();
    agree_at_length::<toys::Stream>();
}

fn at(ordinal: u64) -> Stamp {
    Stamp { ordinal, at_ns: ordinal }
}

fn operation<D>(process: u64, called: u64, returned: Option<u64>, deed: D) -> Operation<D> {
    Operation { process, called: at(called), returned: returned.map(at), deed }
}

/// So many writes that never returned, then reads that need one after the other of them.
fn wide(writes: u64, reads: &[u64]) -> Vec<Operation<Register>> {
    let write = |value| operation(value, value, None, Register::Write(value));
    let mut operations: Vec<Operation<Register>> = (1..=writes).map(write).collect();
    for (place, value) in (0..).zip(reads) {
        let called = writes + 1 + place * 2;
        let deed = Register::Read(Some(*value));
        operations.push(operation(writes + 1, called, Some(called + 1), deed));
    }
    operations
}

#[test]
fn more_writes_than_a_word_has_bits_may_be_pending() {
    for writes in [63, 64, 65, 130] {
        let mut reads: Vec<u64> = (1..=writes).rev().collect();
        let answer = check(&models::Register::default(), &wide(writes, &reads), PLENTY);
        let Answer::Linearizable(order) = answer else { panic!("{writes} writes: {answer:?}") };
        assert_eq!(order.len() as u64, writes * 2);
        // The write of 7 has happened once; nothing brings its value back.
        reads.insert(writes as usize - 7 + 2, 7);
        let answer = check(&models::Register::default(), &wide(writes, &reads), PLENTY);
        let Answer::Impossible(impossible) = answer else { panic!("{writes} writes: {answer:?}") };
        let values = impossible.operations.iter().map(|number| reads[number - writes as usize]);
        assert_eq!(values.collect::<Vec<u64>>(), [7, 6, 7], "{}", impossible.why);
    }
}

#[test]
fn a_hundred_and_fifty_operations_may_be_in_flight_at_once() {
    let add = |process| {
        operation(
            process,
            process,
            Some(1_000 + process),
            Log::Append(vec![process], Some(149 - process)),
        )
    };
    let mut operations: Vec<Operation<Log>> = (0..150).map(add).collect();
    operations.push(operation(150, 2_000, Some(2_001), Log::Tail(150)));
    assert!(matches!(check(&models::Log::default(), &operations, PLENTY), Answer::Linearizable(_)));
    operations[150].deed = Log::Tail(149);
    let answer = check(&models::Log::default(), &operations, PLENTY);
    assert!(matches!(answer, Answer::Impossible(_)), "{answer:?}");
}

#[test]
fn a_search_out_of_steps_or_bytes_says_so_and_how_far_it_came() {
    // Twelve different writes at once, over and over, and reads that fit at last only.
    let mut operations: Vec<Operation<Register>> = Vec::new();
    for round in 0..40 {
        for process in 0..12 {
            let called = round * 100 + process;
            let deed = Register::Write(round * 12 + process);
            operations.push(operation(process, called, Some(called + 50), deed));
        }
    }
    operations.push(operation(1, 5_000, Some(5_001), Register::Read(Some(7_777))));
    // Later somebody looks for each of the values, so that they are told apart.
    for value in 0..480 {
        let called = 6_000 + 2 * value;
        operations.push(operation(1, called, Some(called + 1), Register::Read(Some(value))));
    }
    let ask =
        |steps, bytes| check(&models::Register::default(), &operations, Budget::of(steps, bytes));
    for (steps, bytes) in [(0, 1 << 30), (1_000, 1 << 30), (1 << 40, 0), (1 << 40, 100_000)] {
        let answer = ask(steps, bytes);
        let Answer::Exhausted(why) = answer else { panic!("{steps}, {bytes}: {answer:?}") };
        assert!(why.contains("of 961 returns explained"), "{why}");
    }
    assert!(matches!(ask(1 << 40, 1 << 30), Answer::Impossible(_)));
    assert_eq!(ask(1_000, 1 << 30), ask(1_000, 1 << 30), "the same search ends the same way");
}

#[test]
fn a_file_that_is_no_history_has_no_answer() {
    let backward = operation(1, 5, Some(4), Register::Write(1));
    let answer = check(&models::Register::default(), &[backward], PLENTY);
    assert_eq!(answer, Answer::Exhausted("operation 0 returned before it was called".to_owned()));
    assert_eq!(check(&models::Mutex, &[], PLENTY), Answer::Linearizable(Vec::new()));
}
