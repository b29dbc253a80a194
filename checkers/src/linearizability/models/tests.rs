//! What each model accepts, what it rejects and in which words, and what it says of nothing.

use super::*;
use crate::{
    Stamp,
    linearizability::{
        Answer, Budget, Operation,
        engine::{Model, check},
        objects::{self, Access, Taken},
    },
};

const BUDGET: Budget = Budget::of(100_000, 1 << 24);

/// One operation after another by process 1; what is said to be open never returns.
fn judge<M: Model>(model: M, deeds: Vec<(bool, M::Deed)>) -> Answer {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    let operations = (0..).zip(deeds).map(|(place, (is_open, deed))| Operation {
        process: 1,
        called: at(place * 2),
        returned: (!is_open).then(|| at(place * 2 + 1)),
        deed,
    });
    check(&model, &operations.collect::<Vec<_>>(), BUDGET)
}

/// The first deeds have an order, and none once the last is added, for this reason.
fn rejects<M: Model>(model: M, deeds: Vec<M::Deed>, why: &str) {
    assert_eq!(judge(model.clone(), Vec::new()), Answer::Linearizable(Vec::new()));
    let closed: Vec<(bool, M::Deed)> = deeds.into_iter().map(|deed| (false, deed)).collect();
    let good = closed.len() - 1;
    let answer = judge(model.clone(), closed[..good].to_vec());
    assert_eq!(answer, Answer::Linearizable((0..good).collect()));
    let answer = judge(model, closed);
    let Answer::Impossible(impossible) = answer else { panic!("{why}: {answer:?}") };
    assert_eq!(impossible.rule, "not_linearizable");
    let why = format!("not_linearizable: no order explains that process 1 {why}");
    assert_eq!(impossible.why, why);
    assert_eq!(impossible.operations.last(), Some(&good));
}

#[test]
fn a_register_holds_what_was_written_last() {
    use objects::Register::{Cas, Read, Write};
    let cas = |succeeded| Cas { from: 1, to: 2, succeeded: Some(succeeded) };
    let told = vec![Read(None), Write(1), cas(true), cas(false), Read(Some(2)), Read(Some(1))];
    rejects(Register::default(), told, "read 1: until it returned, the register held 2");
    let told = vec![Read(Some(1)), Read(None)];
    rejects(
        Register::holding(Some(1)),
        told,
        "read nothing: until it returned, the register held 1",
    );
    let why = "did not find 1 to change it to 2: until it returned, the register held 1";
    rejects(Register::default(), vec![Write(1), cas(false)], why);
}

#[test]
fn a_write_without_an_answer_may_be_why_a_comparison_failed() {
    use objects::Register::{Cas, Write};
    let failed = Cas { from: 1, to: 2, succeeded: Some(false) };
    let answer =
        judge(Register::default(), vec![(false, Write(1)), (true, Write(9)), (false, failed)]);
    assert_eq!(answer, Answer::Linearizable(vec![0, 1, 2]));
}

#[test]
fn several_registers_change_at_one_moment() {
    let write = |key, value| Access::Write { key, value };
    let read = |key, value| Access::Read { key, value };
    let told = vec![
        vec![write(1, 5), write(2, 6), read(1, Some(5))],
        vec![],
        vec![read(1, Some(5)), read(2, None)],
    ];
    let why = "read 5 at 1 and read nothing at 2: until it returned, the registers held \
               [(1, 5), (2, 6)]";
    rejects(MultiRegister::default(), told, why);
}

#[test]
fn a_lock_is_held_by_one_at_a_time() {
    use objects::Mutex::{Acquire, Release};
    let why = "acquired the lock: until it returned, the lock was held";
    rejects(Mutex, vec![Acquire, Release, Acquire, Acquire], why);
    rejects(Mutex, vec![Release], "released the lock: until it returned, the lock was free");
}

#[test]
fn a_text_is_what_was_put_and_appended() {
    use objects::Text::{Append, Get, Put};
    let text = |text: &str| text.to_owned();
    let told =
        vec![Get(text("")), Put(text("a")), Append(text("b")), Get(text("ab")), Get(text("a"))];
    rejects(Text::default(), told, "got \"a\": until it returned, the text was \"ab\"");
}

#[test]
fn a_queue_gives_back_in_order_and_a_bag_in_any() {
    use objects::Queue::{Dequeue, Enqueue};
    let taken = |value| Dequeue(Taken::Value(value));
    let why = "dequeued 2: until it returned, the queue held [1, 2]";
    rejects(Queue::default(), vec![Dequeue(Taken::Empty), Enqueue(1), Enqueue(2), taken(2)], why);
    let why = "found the queue empty: until it returned, the queue held [1], in any order";
    let told = vec![Enqueue(1), Enqueue(2), taken(2), Dequeue(Taken::Empty)];
    rejects(Bag::default(), told, why);
    let unknown = vec![Enqueue(1), Dequeue(Taken::Unknown), Dequeue(Taken::Empty), taken(1)];
    let why = "dequeued 1: until it returned, the queue held []";
    rejects(Queue::default(), unknown, why);
}

#[test]
fn a_set_shows_each_element_once_and_in_any_order() {
    use objects::Set::{Add, Contains, Read, Remove};
    let remove = Remove { element: 1, found: Some(true) };
    let told = vec![Add(2), Add(1), Read(vec![2, 1]), remove, Contains(1, false), Read(vec![2, 2])];
    let why = "read [2, 2]: until it returned, the set held [2]";
    rejects(Set::default(), told, why);
}

#[test]
fn a_log_never_changes_what_it_holds() {
    use objects::Log::{Append, AppendAt, Read, Tail};
    let read = |from, values, is_end| Read { from, values, is_end };
    let told = vec![
        read(0, vec![], true),
        Append(vec![5, 6], Some(0)),
        AppendAt { values: vec![7], expected: 1, succeeded: Some(false) },
        AppendAt { values: vec![7], expected: 2, succeeded: Some(true) },
        Append(vec![8], None),
        read(1, vec![6, 7], false),
        Tail(4),
        read(2, vec![7], true),
    ];
    let why = "read [7] from offset 2 on and then the end: until it returned, the log was 4 long";
    rejects(Log::default(), told, why);
    let told = vec![Append(vec![5], Some(0)), read(0, vec![6], false)];
    let why = "read [6] from offset 0 on: until it returned, the log was 1 long";
    rejects(Log::default(), told, why);
}

#[test]
fn a_stream_is_told_by_its_end_its_hash_and_its_token() {
    let append = |hashes: &[u64], fencing_token, set_fencing_token, tail| objects::Stream::Append {
        record_hashes: hashes.to_vec(),
        match_seq_num: None,
        fencing_token,
        set_fencing_token,
        tail,
    };
    let hash = stream::chain(stream::chain(0, 7), 8);
    let told = vec![
        append(&[7], None, Some(1), Some(1)),
        append(&[8], Some(1), None, Some(2)),
        objects::Stream::Read { tail: 2, stream_hash: Some(hash) },
        objects::Stream::CheckTail(2),
        append(&[9], Some(2), None, Some(3)),
    ];
    let why = "appended 1 records, expecting the fencing token 2, up to an end at 3: until it \
               returned, the stream ended at 2 with the hash ";
    rejects(Stream, told, &format!("{why}{hash:016x} and the fencing token 1"));
}
