use super::*;
use crate::history::{
    Acks, Ask, Batch, Content, Polled, ReadLevel, Record, Reply, Sequence, Step, StepReply,
};
use proptest::prelude::*;

fn error_of(text: &str) -> String {
    parse(text).expect_err("this text is no history").to_string()
}

#[test]
fn every_kind_of_line_survives_reading_and_printing() {
    let text = "\
-- booted @0.000
c1 produce p1 m1,m2 quorum producer=7/0/0 @0.010..0.014 ok offset=0
-- note cut n1 from n2 @0.015
c2 produce p2 m3 none @0.020..0.0200005 ok
c2 produce p1 m4 region_quorum @0.030.. unknown (no reply)
c2 produce p1 m5 leader @0.040..0.041 refused (not a leader)
-- healed owed=p1,p2 within=5.000 @1.000
-- draining @3.000
c3 fetch p1 from=0 linearizable @3.100..3.104 ok [0:m1 1:m2] end=2
c3 fetch p1 from=2 eventual @3.105..3.106 ok [] end=2
c3 fetch p1 from=2 bounded=0.100 @3.107..3.108 ok [] end=2
c3 fetch p1 from=2 session @3.109..3.110 ok [] end=2
c4 subscribe p1,p2 @3.120..3.121 ok
c4 poll @3.130..3.140 ok p1[0:m1] p2[7:m9] rebalanced=p2
c4 poll @3.141..3.142 ok
c4 transact p1:m10 poll p2:m11 @3.150..3.151 ok 2; p1[1:m2]; -
c5 join g1 @3.160..3.161 ok generation=3 p1,p2
c5 commit g1 generation=3 p1=2,p2=8 @3.162..3.163 ok
c5 offsets g1 p1,p2 @3.164..3.165 ok p1=2,p2=-
-- drained p1 end=2 @3.200
-- ended @3.300
---
zero_loss HOLDS
liveness VIOLATED partition 2
";
    let parsed = parse(text).expect("a history");
    assert_eq!(print(&parsed), text);
    assert_eq!(parsed.history.calls.len(), 15);
    assert_eq!(parsed.history.calls[0].called, Stamp { ordinal: 1, at_ns: 10_000_000 });
}

#[test]
fn at_equal_times_calls_come_before_returns() {
    let text = "c1 produce p1 m1 @1..2 ok offset=0\nc2 produce p1 m2 @2..3 ok offset=1\n";
    let history = parse(text).expect("a history").history;
    assert!(history.calls[1].called < history.calls[0].returned.expect("a return"));
}

#[test]
fn an_error_names_its_line_and_what_was_expected() {
    let cases = [
        ("c1 produce p1 m1", "line 1: expected a time such as `@0.010..0.014` in a call"),
        (
            "\n# fine\nx1 produce p1 m1 @1..2 ok",
            "line 3: expected a client such as `c1`, found `x1`",
        ),
        (
            "c1 eat p1 @1..2 ok",
            "line 1: expected `produce`, `fetch`, `poll`, `transact`, `assign`, `subscribe`, `join`, `commit` or `offsets`, found `eat`",
        ),
        (
            "c1 transact p1:m1 poll @1..2 ok 0",
            "line 1: expected 2 results with `;` between them, such as `0; p1[0:m1]; -`",
        ),
        ("c1 poll @1..2 ok p1[0]", "line 1: expected records such as `p1[0:m1 1:m2] p2[4:m5]`"),
        ("c1 commit g1 generation=2 p1 @1..2 ok", "line 1: expected `p1=5`, found `p1`"),
        ("c1 produce p1 m1 @2..1 ok", "line 1: a call cannot return before it was asked: `@2..1`"),
        ("c1 produce p1 m1 @1.. ok", "line 1: a call without a return can only be `unknown`"),
        (
            "c1 produce p1 m1 most @1..2 ok",
            "line 1: expected one of none, leader, quorum, region_quorum or `producer=`, found `most`",
        ),
        ("-- drained p1 @1", "line 1: expected `end=`, found the end of the line"),
        (
            "-- healing @1",
            "line 1: expected `booted`, `healed`, `draining`, `drained`, `ended` or `note`, found `healing`",
        ),
        ("c1 fetch p1 from=x @1..2 ok [] end=0", "line 1: expected a number, found `x`"),
        (
            "c1 fetch p1 from=0 @1..2 ok 0:m1",
            "line 1: expected records and end such as `[0:m1 1:m2] end=2`",
        ),
        (
            "c1 fetch p1 from=0 @1.0000000001..2 ok [] end=0",
            "line 1: expected seconds such as `0.010`, found `1.0000000001`",
        ),
        (
            "-- booted @1#7\n-- ended @2",
            "line 2: an ordinal such as `@0.010#7` is due here, as in line 1",
        ),
        ("-- booted @1#7\n-- ended @2#7", "line 2: ordinal 7 stands twice"),
        (
            "c1 fetch p1 from=0 @1#7..1#6 ok [] end=0",
            "line 1: a call cannot return before it was asked: `@1#7..1#6`",
        ),
        ("---\nzero_loss MAYBE", "line 2: expected HOLDS, VIOLATED or UNKNOWN after `zero_loss`"),
    ];
    for (text, expected) in cases {
        assert_eq!(error_of(text), expected);
    }
}

/// Pieces of lines, so that random texts come near to histories.
const WORDS: &[&str] = &[
    "c1 ",
    "produce ",
    "fetch ",
    "p1 ",
    "m1 ",
    "m1,m2 ",
    "from=",
    "end=",
    "0 ",
    "quorum ",
    "@",
    "1.5",
    "..",
    "#",
    "3 ",
    "ok ",
    "unknown ",
    "(",
    ")",
    "[",
    "0:m1",
    "] ",
    "offset=",
    "-- ",
    "drained ",
    "healed ",
    "owed=",
    "within=",
    "note ",
    "\n",
    "---\n",
    "zero_loss HOLDS",
    "18446744073709551615",
    "producer=1/2/3 ",
    "producer=1/2/3@0.1#3 ",
    "m1=ff ",
    "é",
];

fn call() -> impl Strategy<Value = (Call, u64, Option<u64>)> {
    let produce = (1u32..4, prop::collection::vec(0u64..9, 0..3), 0usize..4, any::<bool>());
    let produce = produce.prop_map(|(partition, messages, acks, is_hashed)| Ask::Produce {
        partition,
        contents: messages
            .iter()
            .filter(|_| is_hashed)
            .map(|id| Content::of(*id))
            .collect::<Vec<_>>()
            .into(),
        messages,
        acks: Acks::ALL[acks],
    });
    let fetch = (1u32..4, 0u64..9, any::<bool>()).prop_map(|(partition, from, is_eventual)| {
        let level = if is_eventual { ReadLevel::Eventual } else { ReadLevel::Linearizable };
        Ask::Fetch { partition, from, level }
    });
    let step = (0u32..4, 0u64..9).prop_map(|(partition, message)| match partition {
        0 => Step::Poll,
        _ => Step::Send { partition, message },
    });
    let transact = prop::collection::vec(step, 0..4).prop_map(|steps| Ask::Transact { steps });
    let partitions = prop::collection::vec(1u32..4, 0..3);
    let assign = (partitions, any::<bool>())
        .prop_map(|(partitions, is_managed)| Ask::Assign { partitions, is_managed });
    let group = (1u64..3, prop::collection::vec((1u32..4, 0u64..9), 1..3), 0u8..3).prop_map(
        |(group, offsets, kind)| match kind {
            0 => Ask::Join { group },
            1 => Ask::CommitOffsets { group, generation: 7, offsets },
            _ => Ask::FetchOffsets { group, partitions: vec![offsets[0].0] },
        },
    );
    let records = prop::collection::vec((0u64..9, 0u64..9), 0..3);
    let number = (0u64..3, 0u32..3, 0u32..9).prop_map(|(producer, epoch, sequence)| Sequence {
        producer,
        epoch,
        sequence,
    });
    (
        0u32..4,
        prop_oneof![produce, fetch, transact, assign, group, Just(Ask::Poll)],
        0u64..5,
        0u64..5,
        0u8..4,
        records,
        (prop::option::of(0u64..9), prop::option::of(number)),
    )
        .prop_map(|(client, ask, called, lasts, kind, records, (first, number))| {
            let outcome = match (kind, &ask) {
                (0, _) => Outcome::Refused("full (of 3)".to_owned()),
                (1, _) => Outcome::Unknown(String::new()),
                (_, ask) => Outcome::Ok(reply(ask, &records, first)),
            };
            let returned = (kind != 1 || lasts > 2).then_some(called + lasts);
            let stamp = Stamp::default();
            let numbered = number.filter(|_| matches!(ask, Ask::Produce { .. }));
            let numbered = numbered.map(|sequence| Numbered { at: stamp, sequence });
            let call =
                Call { id: 0, client, ask, called: stamp, numbered, returned: None, outcome };
            (call, called, returned)
        })
}

fn reply(ask: &Ask, records: &[(u64, u64)], first: Option<u64>) -> Reply {
    let polled = || {
        let records = records.iter();
        let records = records.map(|(offset, message)| Record {
            offset: *offset,
            message: *message,
            content: (message % 2 == 0).then_some(Content::of(*offset)),
        });
        let records: Vec<Record> = records.collect();
        let rebalanced = first.map(|first| first as u32).into_iter().collect();
        Polled { batches: vec![Batch { partition: 1, records }], rebalanced }
    };
    match ask {
        Ask::Produce { .. } => Reply::Produced { first },
        Ask::Fetch { .. } => Reply::Fetched { records: polled().batches.remove(0).records, end: 9 },
        Ask::Poll => Reply::Polled(Box::new(polled())),
        Ask::Transact { steps } => {
            let results = steps.iter().map(|step| match step {
                Step::Send { .. } => StepReply::Sent { offset: first },
                Step::Poll => StepReply::Polled(polled()),
            });
            Reply::Transacted { results: results.collect() }
        }
        Ask::Assign { .. } => Reply::Assigned,
        Ask::Join { .. } => Reply::Joined { generation: 7, partitions: vec![1, 2] },
        Ask::CommitOffsets { .. } => Reply::OffsetsCommitted,
        Ask::FetchOffsets { partitions, .. } => {
            Reply::Offsets { offsets: partitions.iter().map(|p| (*p, first)).collect() }
        }
    }
}

proptest! {
    /// Whatever a file contains, reading it is an answer and never a panic.
    #[test]
    fn no_text_makes_the_reader_panic(
        words in prop::collection::vec(prop::sample::select(WORDS), 0..24),
        noise in ".{0,12}",
    ) {
        let text = words.concat();
        let _ = parse(&text);
        let _ = parse(&format!("{text}{noise}"));
        let _ = parse(&format!("c1 fetch p1 from=0 @1..2 ok {noise}\n-- {noise}@1"));
    }

    /// Times repeat and ordinals are shuffled against them: printing must notice, and write them.
    #[test]
    fn any_history_survives_printing_and_reading(
        calls in prop::collection::vec((call(), 0u64..9), 0..8),
        by_time in any::<bool>(),
    ) {
        let mut moments = Vec::new();
        for (position, ((call, called, returned), waits)) in calls.iter().enumerate() {
            moments.push((*called, position, 0));
            if call.numbered.is_some() {
                moments.push((returned.unwrap_or(u64::MAX).min(called + waits), position, 1));
            }
            moments.extend(returned.map(|returned| (returned, position, 2)));
        }
        if by_time {
            moments.sort_by_key(|(at, position, kind)| (*at, *kind == 2, *position, *kind));
        }
        let mut history = History::default();
        history.calls.extend(calls.into_iter().map(|((call, ..), _)| call));
        for (ordinal, (at_ns, position, kind)) in moments.into_iter().enumerate() {
            let stamp = Stamp { ordinal: ordinal as u64, at_ns };
            let call = &mut history.calls[position];
            match kind {
                0 => call.called = stamp,
                1 => call.numbered = call.numbered.map(|own| Numbered { at: stamp, ..own }),
                _ => call.returned = Some(stamp),
            }
        }
        history.calls.sort_by_key(|call| call.called.ordinal);
        for (id, call) in history.calls.iter_mut().enumerate() {
            call.id = id as u64;
        }
        let text = print(&Text { history: history.clone(), expected: Vec::new() });
        let read = parse(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?;
        prop_assert_eq!(read.history, history, "{}", text);
    }
}
