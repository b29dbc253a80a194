//! Histories whose answer anyone can see, one or two for each object.

use super::specs::{Log, Mutex, Queue, Register, Set, Text};
use super::*;
use crate::{
    history::Stamp,
    linearizability::objects::{self, Taken},
};

fn histories<D: Clone>(spans: &[(u64, Option<u64>, D)]) -> Vec<Operation<D>> {
    let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
    let operation = |(called, returned, deed): &(u64, Option<u64>, D)| Operation {
        process: *called,
        called: at(*called),
        returned: returned.map(at),
        deed: deed.clone(),
    };
    spans.iter().map(operation).collect()
}

fn explains<S: Spec>(spec: &S, spans: &[(u64, Option<u64>, S::Deed)]) -> bool
where
    S::Deed: Clone,
{
    order(spec, &histories(spans)).is_some()
}

#[test]
fn what_never_returned_may_have_happened_or_not() {
    use objects::Register::{Read, Write};
    let read = |found| [(1, None, Write(7)), (2, Some(3), Read(found))];
    assert!(explains(&Register::default(), &read(None)));
    assert!(explains(&Register::default(), &read(Some(7))));
    assert!(!explains(&Register::default(), &read(Some(8))));
    let late = [
        (1, None, Write(7)),
        (2, Some(3), Read(None)),
        (4, Some(5), Read(Some(7))),
        (6, Some(8), Read(None)),
    ];
    assert!(!explains(&Register::default(), &late));
    assert!(!explains(&Register { initial: Some(3) }, &read(None)));
}

#[test]
fn a_swap_without_an_answer_did_what_it_found() {
    use objects::Register::{Cas, Read, Write};
    let swap = |found| {
        [
            (1, Some(2), Write(1)),
            (3, Some(4), Cas { from: 1, to: 2, succeeded: None }),
            (5, Some(6), Read(Some(found))),
        ]
    };
    assert!(explains(&Register::default(), &swap(2)));
    assert!(!explains(&Register::default(), &swap(1)));
}

#[test]
fn a_queue_gives_back_in_order() {
    use objects::Queue::{Dequeue, Enqueue};
    let taken = |first, second| {
        [
            (1, Some(2), Enqueue(1)),
            (3, Some(4), Enqueue(2)),
            (5, Some(6), Dequeue(Taken::Value(first))),
            (7, Some(8), Dequeue(second)),
        ]
    };
    assert!(explains(&Queue, &taken(1, Taken::Value(2))));
    assert!(explains(&Queue, &taken(1, Taken::Unknown)));
    assert!(!explains(&Queue, &taken(2, Taken::Value(1))));
    assert!(!explains(&Queue, &taken(1, Taken::Empty)));
}

#[test]
fn a_set_holds_each_element_once() {
    use objects::Set::{Add, Read, Remove};
    let read = |elements| {
        [
            (1, Some(2), Add(2)),
            (3, Some(4), Add(1)),
            (5, Some(6), Remove { element: 2, found: Some(true) }),
            (7, Some(8), Read(elements)),
        ]
    };
    assert!(explains(&Set, &read(vec![1])));
    assert!(!explains(&Set, &read(vec![1, 1])));
    assert!(!explains(&Set, &read(vec![1, 2])));
}

#[test]
fn a_lock_has_one_holder() {
    use objects::Mutex::{Acquire, Release};
    let spans = |is_released: bool| {
        let release = (3, Some(4), Release);
        let mut spans = vec![(1, Some(2), Acquire), (5, Some(6), Acquire)];
        spans.extend(is_released.then_some(release));
        spans
    };
    assert!(explains(&Mutex, &spans(true)));
    assert!(!explains(&Mutex, &spans(false)));
}

#[test]
fn a_text_grows_at_its_end() {
    use objects::Text::{Append, Get, Put};
    let get = |text: &str| {
        [
            (1, Some(2), Put("a".into())),
            (3, Some(6), Append("b".into())),
            (4, Some(5), Append("c".into())),
            (7, Some(8), Get(text.into())),
        ]
    };
    assert!(explains(&Text, &get("abc")) && explains(&Text, &get("acb")));
    assert!(!explains(&Text, &get("bca")));
}

#[test]
fn a_log_keeps_its_offsets() {
    use objects::Log::{Append, AppendAt, Read, Tail};
    let rest = |last| {
        [
            (1, Some(2), Append(vec![5, 6], Some(0))),
            (3, Some(4), AppendAt { values: vec![7], expected: 1, succeeded: Some(false) }),
            (5, Some(6), AppendAt { values: vec![8], expected: 2, succeeded: None }),
            (7, Some(8), last),
        ]
    };
    assert!(explains(&Log, &rest(Tail(3))));
    assert!(explains(&Log, &rest(Read { from: 1, values: vec![6, 8], is_end: true })));
    assert!(explains(&Log, &rest(Read { from: 9, values: vec![], is_end: true })));
    assert!(!explains(&Log, &rest(Read { from: 1, values: vec![6], is_end: true })));
    assert!(!explains(&Log, &rest(Tail(2))));
}
