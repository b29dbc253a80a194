use crate::{
    Acks, Ask, Bench, Call, Counts, Drain, Event, Fact, Mark, Node, Outcome, ReplicaView, Reply,
    Role, Stamp, Verdict, checkers, events,
    testing::{World, entry, evidence, holds, judge, unknown},
    text,
};

const DRAIN: &str = "-- draining @50\n-- drained p1 end=3 @60\n";

fn drained() -> Counts {
    Counts { drain: Drain::Fully, ..Counts::default() }
}

fn counts(history: &str) -> Counts {
    let history = text::parse(history).expect("a history").history;
    let mut bench = Bench::new(checkers(&["zero_loss".to_owned()]).expect("a known name"));
    events(&history).into_iter().for_each(|(at, event)| bench.observe(at, event));
    bench.counts()
}

#[test]
fn everything_acknowledged_and_read_holds() {
    let history = format!(
        "c1 produce p1 m1,m2 @1..2 ok offset=0
         c1 produce p1 m3 region_quorum @1..2 ok offset=2
         {DRAIN}
         c9 fetch p1 from=0 @51..52 ok [0:m1 1:m2] end=3
         c9 fetch p1 from=2 @53..54 ok [2:m3] end=3"
    );
    assert_eq!(holds(&judge("zero_loss", &history)), 3);
    let expected = Counts { attempted: 3, acknowledged: 3, read: 3, ..drained() };
    assert_eq!(counts(&history), expected);
}

#[test]
fn a_lost_message_is_shown_with_what_stands_in_its_place() {
    let history = format!(
        "c1 produce p1 m1,m2 @1..2 ok offset=0
         c2 produce p1 m3 @3..4 unknown
         c1 produce p1 m4 @3..4 ok offset=2
         {DRAIN}
         c9 fetch p1 from=0 @51..52 ok [0:m1 1:m3 2:m4] end=3"
    );
    let evidence = evidence(judge("zero_loss", &history));
    assert_eq!((evidence.partition, evidence.offset), (Some(1), Some(1)));
    assert_eq!((evidence.message, evidence.count), (Some(2), 1));
    assert!(evidence.lines[0].text.ends_with("it was acknowledged at offset 1"), "{evidence:?}");
    assert!(evidence.lines[1].text.ends_with("from 0 to 3: m3 stands at offset 1"));
    let counts = counts(&history);
    assert_eq!((counts.lost, counts.lost_middle, counts.recovered, counts.unknown), (1, 1, 1, 1));
}

#[test]
fn losses_are_split_by_where_they_lie() {
    let calls: String =
        (0..7).map(|m| format!("c1 produce p1 m{m} @1.{m}..2.{m} ok offset={m}\n")).collect();
    let history = format!(
        "{calls}-- draining @50\n-- drained p1 end=7 @60
         c9 fetch p1 from=0 @51..52 ok [2:m2 4:m4] end=7"
    );
    let counts = counts(&history);
    assert_eq!((counts.lost_head, counts.lost_middle, counts.lost_tail), (2, 1, 2));
    assert_eq!(counts.lost, 5);
    assert!(evidence(judge("zero_loss", &history)).summary.contains("2 head, 1 middle, 2 tail"));
}

/// Overwritten at the lowest or the highest offset that was read: neither below nor above all.
#[test]
fn an_overwritten_message_is_lost_in_the_middle() {
    let history = format!(
        "c1 produce p1 m1 @1..2 ok offset=0
         c1 produce p1 m2 @3..4 ok offset=1
         c2 produce p1 m3,m4 @3..4 unknown
         {DRAIN}
         c9 fetch p1 from=0 @51..52 ok [0:m3 1:m4] end=2"
    );
    let counts = counts(&history);
    assert_eq!((counts.lost_head, counts.lost_middle, counts.lost_tail), (0, 2, 0));
}

#[test]
fn what_a_level_permits_to_lose_is_counted_apart() {
    let history = format!(
        "c1 produce p1 m1 leader @1..2 ok offset=0
         c1 produce p1 m2 none @1..2 ok
         c1 produce p1 m3 @3..4 ok offset=0
         {DRAIN}
         c9 fetch p1 from=0 @51..52 ok [0:m3] end=1"
    );
    assert_eq!(holds(&judge("zero_loss", &history)), 1);
    let counts = counts(&history);
    assert_eq!((counts.acknowledged, counts.lost, counts.allowed_lost), (2, 0, 2));
}

#[test]
fn reads_before_the_drain_began_do_not_count() {
    let history = format!(
        "c1 produce p1 m1 @1..2 ok offset=0
         c9 fetch p1 from=0 @49..52 ok [0:m1] end=1
         {DRAIN}"
    );
    assert_eq!(evidence(judge("zero_loss", &history)).message, Some(1));
}

#[test]
fn without_a_complete_drain_no_one_can_say() {
    let history = "c1 produce p1 m1 @1..2 ok offset=0
                   c1 produce p2 m2 @1..2 ok offset=0
                   -- draining @50
                   c9 fetch p1 from=0 @51..52 ok [0:m1] end=1
                   -- drained p1 end=1 @60";
    let why = unknown(judge("zero_loss", history));
    assert!(why.starts_with("partition 2 was not drained to its end, and 1 of"), "{why}");
    assert_eq!(counts(history).lost, 0);
}

#[test]
fn a_message_that_nobody_sent_is_a_phantom_at_once() {
    let history = "c9 fetch p1 from=0 eventual @1..2 ok [0:m9] end=1";
    let evidence = evidence(judge("zero_loss", history));
    assert!(evidence.summary.starts_with("phantom: c9 read m9 at offset 0"), "{evidence:?}");
    assert_eq!(counts(history).phantom, 1);
}

#[test]
fn a_refused_message_that_is_read_is_a_phantom() {
    let history = format!(
        "c1 produce p1 m1 @1..2 refused (not a leader)
         {DRAIN}
         c9 fetch p1 from=0 @51..52 ok [0:m1] end=1"
    );
    let evidence = evidence(judge("zero_loss", &history));
    assert_eq!((evidence.message, evidence.offset), (Some(1), Some(0)));
    assert_eq!(counts(&history).phantom, 1);
}

#[test]
fn duplicates_are_counted_and_forbidden_to_idempotent_producers() {
    let history = |producer| {
        format!(
            "c1 produce p1 m1 {producer} @1..2 ok offset=0
             {DRAIN}
             c9 fetch p1 from=0 @51..52 ok [0:m1 1:m1] end=2
             c9 fetch p1 from=0 @53..54 ok [0:m1 1:m1] end=2"
        )
    };
    assert_eq!(counts(&history("")).duplicated, 1);
    assert_eq!(holds(&judge("zero_loss", &history(""))), 1);
    let evidence = evidence(judge("zero_loss", &history("producer=1/0/0")));
    assert!(evidence.summary.contains("m1 was read at offsets 0 and 1"), "{evidence:?}");
    assert_eq!(counts(&history("producer=1/0/0")).reordered, 0);
}

#[test]
fn a_drain_out_of_producer_order_is_reordered() {
    let history = format!(
        "c1 produce p1 m1 producer=1/0/0 @1..2 ok offset=1
         c1 produce p1 m2 producer=1/0/1 @1..2 ok offset=0
         c2 produce p1 m3 producer=2/0/0 @1..2 ok offset=2
         {DRAIN}
         c9 fetch p1 from=0 @51..52 ok [0:m2 1:m1 2:m3] end=3"
    );
    assert_eq!(counts(&history).reordered, 1);
    let evidence = evidence(judge("zero_loss", &history));
    assert_eq!((evidence.message, evidence.offset), (Some(1), Some(1)));
}

#[test]
fn one_message_asked_for_twice_is_malformed_and_not_a_violation() {
    let history = "c1 produce p1 m1 @1..2 ok offset=0\nc1 produce p1 m1 @3..4 ok offset=1";
    assert!(unknown(judge("zero_loss", history)).starts_with("malformed history"));
}

#[test]
fn without_a_kept_promise_it_is_vacuous() {
    let history = format!("c1 produce p1 m1 leader @1..2 ok offset=0\n{DRAIN}");
    let Verdict::Unknown(why) = judge("zero_loss", &history) else { panic!("vacuous") };
    assert!(why.starts_with("vacuous"));
}

#[test]
fn transactions_and_polls_count_as_well() {
    let history = |last: &str| {
        format!(
            "c1 transact p1:m1 p1:m2 @1..2 ok 0; -
             c1 transact p1:m3 @3..4 refused (aborted)
             c9 poll @5..6 ok p1[0:m1]
             {DRAIN}
             c9 assign p1 @50.1..50.2 ok
             c9 poll @51..52 ok p1[0:m1]
             c9 poll @53..54 ok {last}"
        )
    };
    assert_eq!(holds(&judge("zero_loss", &history("p1[1:m2]"))), 2);
    let expected = Counts { attempted: 3, acknowledged: 2, read: 2, ..drained() };
    assert_eq!(counts(&history("p1[1:m2]")), expected);
    assert_eq!(evidence(judge("zero_loss", &history(""))).message, Some(2));
    let aborted = evidence(judge("zero_loss", &history("p1[1:m2 2:m3]")));
    assert!(aborted.summary.starts_with("phantom: m3 was read at offset 2"), "{aborted:?}");
}

#[test]
fn another_content_than_was_sent_is_corrupted_whoever_reads_it() {
    let history = |read: &str, drained: &str| {
        format!(
            "c1 produce p1 m1=a1,m2=b2 @1..2 ok offset=0
             c2 fetch p1 from=0 @3..4 ok [0:{read} 1:m2=b2] end=2
             {DRAIN}
             c9 fetch p1 from=0 @51..52 ok [0:{drained} 1:m2=b2] end=2"
        )
    };
    assert_eq!(holds(&judge("zero_loss", &history("m1=a1", "m1=a1"))), 2);
    assert_eq!(counts(&history("m1=a1", "m1=a1")).corrupted, Some(0));
    for (read, drained) in [("m1=c3", "m1=a1"), ("m1=a1", "m1=c3"), ("m1=c3", "m1=c3")] {
        let evidence = evidence(judge("zero_loss", &history(read, drained)));
        assert!(evidence.summary.starts_with("corrupted: c"), "{evidence:?}");
        assert!(evidence.summary.contains("which nobody sent"), "{evidence:?}");
        assert_eq!((evidence.message, evidence.offset, evidence.count), (Some(1), Some(0), 1));
        assert_eq!(counts(&history(read, drained)).corrupted, Some(1));
    }
}

#[test]
fn swapped_contents_are_two_corrupted_messages_and_tell_whose_they_were() {
    let history = format!(
        "c1 produce p1 m1=a1,m2=b2 @1..2 ok offset=0
         {DRAIN}
         c9 fetch p1 from=0 @51..52 ok [0:m1=b2 1:m2=a1] end=2"
    );
    let evidence = evidence(judge("zero_loss", &history));
    assert!(evidence.summary.contains("which is what m2 was sent with"), "{evidence:?}");
    assert_eq!((evidence.count, counts(&history).corrupted), (2, Some(2)));
}

#[test]
fn where_sender_or_reader_hashed_nothing_corruption_is_not_measured() {
    for (sent, read) in [("m1", "m1=a1"), ("m1=a1", "m1"), ("m1", "m1")] {
        let history = format!(
            "c1 produce p1 {sent} @1..2 ok offset=0
             {DRAIN}
             c9 fetch p1 from=0 @51..52 ok [0:{read}] end=1"
        );
        assert_eq!(holds(&judge("zero_loss", &history)), 1);
        assert_eq!(counts(&history).corrupted, None);
    }
}

/// The number comes when the call's turn comes, and forbids repeats from then on.
#[test]
fn a_number_that_comes_late_still_forbids_the_duplicate() {
    let history = |number: &str| {
        format!(
            "c1 produce p1 m1 {number} @1..4 ok offset=0
             {DRAIN}
             c9 fetch p1 from=0 @51..52 ok [0:m1 1:m1] end=2"
        )
    };
    assert_eq!(holds(&judge("zero_loss", &history(""))), 1);
    let evidence = evidence(judge("zero_loss", &history("producer=1/0/0@3")));
    assert!(evidence.summary.starts_with("duplicated"), "{evidence:?}");
}

#[test]
fn what_nobody_drained_is_not_measured_and_displaced_is_known_at_once() {
    let history = "c1 produce p1 m1 @1..2 ok offset=0
                   c1 produce p1 m2 @3..4 ok offset=1
                   c2 produce p1 m3 @5..6 ok offset=1";
    let told = counts(history);
    assert_eq!((told.displaced, told.drain, told.measured(told.lost)), (1, Drain::None, None));
    let Verdict::Unknown(why) = judge("zero_loss", history) else { panic!("nobody looked") };
    assert!(why.contains("1 are displaced: their offsets hold other messages"), "{why}");
    let read = format!("{history}\n{DRAIN}\nc9 fetch p1 from=0 @51..52 ok [0:m1 1:m3] end=2");
    let told = counts(&read);
    assert_eq!((told.displaced, told.measured(told.lost)), (1, Some(1)), "{told:?}");
    let other = format!("{history}\n{DRAIN}\nc9 fetch p1 from=0 @51..52 ok [0:m2 1:m3] end=2");
    assert_eq!(counts(&other).displaced, 2, "m1 was promised what m2 holds");
}

/// c1 sent m1 and m2 in one call, n1 flushed their entry and acknowledged it; nobody drains.
fn undrained() -> World {
    let mut world = World::of("zero_loss");
    let called = Stamp { ordinal: 1, at_ns: 1_000_000 };
    let returned = Stamp { ordinal: 5, at_ns: 5_000_000 };
    let call = Call {
        id: 1,
        client: 1,
        ask: Ask::produce(1, vec![1, 2], Acks::Quorum),
        called,
        numbered: None,
        returned: Some(returned),
        outcome: Outcome::Ok(Reply::Produced { first: Some(0) }),
    };
    world.tell(Event::Called(call.asked()));
    world.durable(1, entry(1, 1));
    world.acked(1, entry(1, 1), 0, 1);
    world.tell(Event::Returned(&call));
    world
}

fn see(world: &mut World, node: Node, last: u64, flushed: u64) {
    let (group, role) = (1, Role::Follower);
    let seen = ReplicaView { node, group, role, term: 1, commit: 0, last, flushed };
    world.tell(Event::Seen(&seen));
}

fn gone(world: &World) -> (u64, u64) {
    let counts = world.bench.counts();
    (counts.lost, counts.lost_gone)
}

#[test]
fn what_no_log_holds_is_lost_before_any_drain() {
    let mut world = undrained();
    assert_eq!(gone(&world), (0, 0));
    assert!(unknown(undrained().verdict()).contains("was not drained"));
    world.cut(1, 0);
    world.durable(1, entry(1, 2));
    assert_eq!(gone(&world), (2, 2), "both messages of the entry");
    let evidence = evidence(world.verdict());
    assert_eq!((evidence.partition, evidence.offset, evidence.count), (Some(1), Some(0), 2));
    assert!(
        evidence.summary.ends_with(
            "the first is m1, acknowledged to c1 at offset 0 of partition 1: no disk holds the entry \
             of m1 (index 1, term 1), and no process has it to flush"
        ),
        "{evidence:?}"
    );
}

/// What a process may still flush is not gone: its own word that it did is not believed.
#[test]
fn what_a_process_may_still_flush_is_not_gone() {
    let mut world = undrained();
    see(&mut world, 2, 1, 1);
    world.cut(1, 0);
    assert_eq!(gone(&world), (0, 0), "n2 says that it has flushed what its disk does not hold");
    world.durable(2, entry(1, 2));
    assert_eq!(gone(&world), (2, 2), "n2 flushed another entry there");
    see(&mut world, 2, 1, 0);
    assert_eq!(gone(&world), (0, 0), "n2 has rewritten it since");
    world.fact(Fact::Stopped { node: 2 });
    assert_eq!(gone(&world), (2, 2));
}

#[test]
fn what_was_acknowledged_in_two_entries_is_gone_with_both() {
    let mut world = undrained();
    world.durable(1, entry(2, 1));
    world.acked(1, entry(2, 1), 1, 1);
    world.durable(2, entry(1, 1));
    world.cut(1, 0);
    assert_eq!(gone(&world), (0, 0));
    world.cut(2, 0);
    assert_eq!(gone(&world), (2, 2), "and is counted once");
}

/// The drain knows better than disks: what it read, it read.
#[test]
fn a_partition_that_was_drained_counts_what_was_read() {
    let mut world = undrained();
    world.cut(1, 0);
    world.tell(Event::Mark(&Mark::Draining));
    world.tell(Event::Mark(&Mark::Drained { partition: 1, end: 0 }));
    assert_eq!(gone(&world), (2, 0));
}
