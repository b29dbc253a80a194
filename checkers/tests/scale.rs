//! A long healthy run through the whole bench: every law holds, every law is covered, and the
//! counts come out to the message. Large enough to notice a law that is not linear.

use checkers::{
    Acks, Ask, Bench, Call, Claim, Configuration, Counts, DEFAULT, EntryId, Event, Fact, Mark,
    Outcome, ReadLevel, Record, Reply, Role, Sequence, Snapshot, Stamp, Verdict, Voter, checkers,
};

const MESSAGES: u64 = 200_000;
const PARTITIONS: u64 = 4;
const CLIENTS: u64 = 8;
const BATCH: u64 = 500;

struct World {
    bench: Bench,
    now: Stamp,
}

impl World {
    fn tick(&mut self) -> Stamp {
        self.now.ordinal += 1;
        self.now.at_ns += 1_000;
        self.now
    }

    fn tell(&mut self, event: Event<'_>) {
        let at = self.tick();
        self.bench.observe(at, event);
    }

    fn begin(&mut self, call: &mut Call) {
        call.called = self.tick();
        self.bench.observe(call.called, Event::Called(call));
    }

    fn end(&mut self, call: &mut Call) {
        let returned = self.tick();
        call.returned = Some(returned);
        self.bench.observe(returned, Event::Returned(call));
    }
}

fn entry(index: u64) -> EntryId {
    EntryId { index, term: 1, hash: index * 31 + 7 }
}

fn call(id: u64, client: u64, ask: Ask, reply: Reply) -> Call {
    let called = Stamp::default();
    Call { id, client: client as u32, ask, called, returned: None, outcome: Outcome::Ok(reply) }
}

fn produce(world: &mut World, message: u64) {
    let client = message % CLIENTS;
    let partition = (client % PARTITIONS) as u32 + 1;
    // Clients take turns, so the offset of a message follows from its number.
    let offset = message / CLIENTS * (CLIENTS / PARTITIONS) + client / PARTITIONS;
    let sequence = (message / CLIENTS) as u32;
    let producer = Some(Sequence { producer: client, epoch: 0, sequence });
    let acks = Acks::Quorum;
    let ask = Ask::Produce { partition, messages: vec![message], acks, producer };
    let mut call = call(message, client, ask, Reply::Produced { first: Some(offset) });
    world.begin(&mut call);
    let entry = entry(offset + 1);
    for node in 1..=3 {
        world.tell(Event::Fact(&Fact::Durable { node, group: partition, entry }));
        if node > 1 {
            let claim = Claim::Append { term: 1, index: entry.index, hash: entry.hash };
            world.tell(Event::Fact(&Fact::Claimed { node, group: partition, claim }));
        }
    }
    for node in [1, 2] {
        let entries = vec![entry];
        world.tell(Event::Fact(&Fact::Committed {
            node,
            group: partition,
            entries,
            message: None,
        }));
    }
    let (role, term, last) = (Role::Leader, 1, entry.index);
    let seen =
        Snapshot { node: 1, group: partition, role, term, commit: last, last, flushed: last };
    world.tell(Event::Seen(&seen));
    world.tell(Event::Fact(&Fact::Acked {
        node: 1,
        group: partition,
        acks,
        entry,
        offset,
        message,
    }));
    world.end(&mut call);
}

fn drain(world: &mut World, partition: u64, end: u64) {
    let message_at = |offset: u64| {
        let (turn, place) = (offset / (CLIENTS / PARTITIONS), offset % (CLIENTS / PARTITIONS));
        turn * CLIENTS + place * PARTITIONS + partition
    };
    for from in (0..end).step_by(BATCH as usize) {
        let offsets = from..end.min(from + BATCH);
        let records = offsets.map(|offset| Record { offset, message: message_at(offset) });
        let reply = Reply::Fetched { records: records.collect(), end };
        let partition = partition as u32 + 1;
        let ask = Ask::Fetch { partition, from, level: ReadLevel::Linearizable };
        let mut call = call(MESSAGES * 2 + from, 99, ask, reply);
        world.begin(&mut call);
        world.end(&mut call);
    }
    world.tell(Event::Mark(&Mark::Drained { partition: partition as u32 + 1, end }));
}

#[test]
fn a_long_healthy_run_holds_by_every_law() {
    let names: Vec<String> = DEFAULT.iter().map(|name| (*name).to_owned()).collect();
    let bench = Bench::new(checkers(&names).expect("the default laws"));
    let mut world = World { bench, now: Stamp::default() };
    for group in 1..=PARTITIONS as u32 {
        let voters = (1..=5).map(|node| Voter { node, region: node }).collect();
        let (write_quorum, election_quorum) = (3, 3);
        let configuration =
            Configuration { group, incarnation: 1, voters, write_quorum, election_quorum };
        world.tell(Event::Fact(&Fact::Configured(configuration)));
        for node in 1..=3 {
            let (term, vote) = (1, Some(1));
            world.tell(Event::Fact(&Fact::DurableVote { node, group, term, vote }));
        }
    }
    let owed: Vec<u32> = (1..=PARTITIONS as u32).collect();
    for message in 0..MESSAGES {
        if message == MESSAGES / 2 {
            world.tell(Event::Mark(&Mark::Healed { owed: Vec::clone(&owed), bound_ns: 1_000_000 }));
        }
        produce(&mut world, message);
    }
    world.tell(Event::Mark(&Mark::Draining));
    let end = MESSAGES / PARTITIONS;
    for partition in 0..PARTITIONS {
        drain(&mut world, partition, end);
        for node in [1, 2, 3] {
            let (group, last, expected, digest) = (partition as u32 + 1, end, end, 42);
            world.tell(Event::Fact(&Fact::Replica { node, group, last, expected, digest }));
        }
    }
    let counts = world.bench.counts();
    let expected =
        Counts { attempted: MESSAGES, acknowledged: MESSAGES, read: MESSAGES, ..Counts::default() };
    assert_eq!(counts, expected);
    for judgement in world.bench.finish() {
        assert!(matches!(judgement.verdict, Verdict::Holds(_)), "{judgement:?}");
    }
}
