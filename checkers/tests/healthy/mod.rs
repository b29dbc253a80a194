//! A healthy run as the judges are told it, of any length, by a few clients who take turns: what the
//! world saw and what clients saw. One thing may be wrong with it.

use checkers::{
    Acks, Ask, Bench, Call, Claim, Configuration, Dues, EntryId, Event, Fact, Mark, Numbered,
    Outcome, ReadLevel, Record, ReplicaView, Reply, Role, Sequence, Stamp, Voter,
};

pub(crate) const PARTITIONS: u64 = 4;
const BATCH: u64 = 500;

/// What is wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plant {
    /// A follower says that it holds an entry before its disk does.
    EarlyClaim,
    /// A message is acknowledged when only the leader holds it.
    EarlyAck,
    /// A second node leads the same term.
    TwoLeaders,
    /// A follower holds another entry of the same index and term.
    OtherEntry,
    /// An entry is told to be committed when only the leader holds it.
    EarlyCommit,
    /// Two nodes hold different entries to be committed at one index.
    OtherCommit,
    /// What was acknowledged leaves a disk.
    Cut,
    /// Quorums of one configuration that need not meet.
    QuorumsApart,
    /// A client has an answer that no node gave.
    SilentAnswer,
    /// One replica ends up with other bytes.
    OtherBytes,
}

impl Plant {
    pub(crate) const ALL: [Plant; 10] = [
        Plant::EarlyClaim,
        Plant::EarlyAck,
        Plant::TwoLeaders,
        Plant::OtherEntry,
        Plant::EarlyCommit,
        Plant::OtherCommit,
        Plant::Cut,
        Plant::QuorumsApart,
        Plant::SilentAnswer,
        Plant::OtherBytes,
    ];

    /// The law that must see it.
    pub(crate) fn law(self) -> &'static str {
        match self {
            Plant::EarlyClaim => "claim_witness",
            Plant::EarlyAck => "ack_witness",
            Plant::TwoLeaders => "election_safety",
            Plant::OtherEntry => "log_matching",
            Plant::EarlyCommit => "leader_completeness",
            Plant::OtherCommit => "committed_stays",
            Plant::Cut => "deletion_provenance",
            Plant::QuorumsApart => "membership_safety",
            Plant::SilentAnswer => "trace_completeness",
            Plant::OtherBytes => "convergence",
        }
    }
}

/// A run of so many messages, with what is wrong with it at nine tenths.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Healthy {
    pub(crate) messages: u64,
    pub(crate) clients: u64,
    pub(crate) plant: Option<Plant>,
}

struct World<'b> {
    bench: &'b mut Bench,
    now: Stamp,
    run: Healthy,
}

impl Healthy {
    /// Tells the bench of the whole run.
    pub(crate) fn tell(self, bench: &mut Bench) {
        assert_eq!(self.clients % PARTITIONS, 0, "each partition has as many clients");
        assert_eq!(self.messages % self.clients, 0, "each client has as many turns");
        let mut world = World { bench, now: Stamp::default(), run: self };
        for group in 1..=PARTITIONS as u32 {
            world.configure(group, (3, 3));
            for node in 1..=3 {
                let (term, vote) = (1, Some(1));
                world.tell(Event::Fact(&Fact::DurableVote { node, group, term, vote }));
            }
        }
        let owed: Vec<u32> = (1..=PARTITIONS as u32).collect();
        let call_ns = Some(15_000_000_000);
        world.fact(Fact::Due(Dues { heartbeat_ns: 1_000_000, call_ns, ..Dues::default() }));
        let clients = (0..self.clients as u32).collect();
        world.fact(Fact::Calm { groups: owed.clone(), clients });
        for message in 0..self.messages {
            if message == self.messages / 2 {
                let mark = Mark::Healed { owed: Vec::clone(&owed), bound_ns: 1_000_000 };
                world.tell(Event::Mark(&mark));
            }
            let is_time = message == self.messages * 9 / 10;
            world.produce(message, self.plant.filter(|_| is_time));
        }
        for node in 2..=5 {
            owed.iter().for_each(|group| world.follow(node, *group, self.messages / PARTITIONS));
        }
        world.tell(Event::Mark(&Mark::Draining));
        for partition in 0..PARTITIONS {
            world.drain(partition, self.messages / PARTITIONS);
        }
        let elapsed_ns = world.now.at_ns;
        let (node, rounds, reads, elections) = (1, elapsed_ns / 1_000_000, 0, 0);
        world.fact(Fact::Rounds { node, rounds, elapsed_ns, reads, elections });
    }
}

fn entry(index: u64) -> EntryId {
    EntryId { index, term: 1, hash: index * 31 + 7 }
}

fn call(id: u64, client: u64, ask: Ask, reply: Reply) -> Call {
    let called = Stamp::default();
    let (client, outcome) = (client as u32, Outcome::Ok(reply));
    Call { id, client, ask, called, numbered: None, returned: None, outcome }
}

impl World<'_> {
    fn tick(&mut self) -> Stamp {
        self.now.ordinal += 1;
        self.now.at_ns += 1_000;
        self.now
    }

    fn tell(&mut self, event: Event<'_>) {
        let at = self.tick();
        self.bench.observe(at, event);
    }

    fn fact(&mut self, fact: Fact) {
        self.tell(Event::Fact(&fact));
    }

    fn begin(&mut self, call: &mut Call) {
        call.called = self.tick();
        self.bench.observe(call.called, Event::Called(call.asked()));
        if let Some(numbered) = &mut call.numbered {
            numbered.at = self.tick();
            let Numbered { at, sequence } = *numbered;
            self.bench.observe(at, Event::Numbered(call.asked(), sequence));
        }
    }

    fn end(&mut self, call: &mut Call) {
        let returned = self.tick();
        call.returned = Some(returned);
        self.bench.observe(returned, Event::Returned(call));
    }

    fn configure(&mut self, group: u32, (write_quorum, election_quorum): (u32, u32)) {
        let voters = (1..=5).map(|node| Voter { node, region: node }).collect();
        let incarnation = 1;
        self.fact(Fact::Configured(Configuration {
            group,
            incarnation,
            voters,
            write_quorum,
            election_quorum,
        }));
    }

    fn lead(&mut self, node: u32, group: u32, last: u64) {
        let (role, term) = (Role::Leader, 1);
        let seen = ReplicaView { node, group, role, term, commit: last, last, flushed: last };
        self.tell(Event::Seen(&seen));
    }

    fn follow(&mut self, node: u32, group: u32, last: u64) {
        let (role, term) = (Role::Follower, 1);
        let seen = ReplicaView { node, group, role, term, commit: last, last, flushed: last };
        self.tell(Event::Seen(&seen));
    }

    fn commit(&mut self, node: u32, group: u32, entry: EntryId) {
        self.fact(Fact::Committed { node, group, entries: vec![entry], message: None });
    }

    /// One message, from its producer to three disks and back.
    fn produce(&mut self, message: u64, plant: Option<Plant>) {
        let clients = self.run.clients;
        let client = message % clients;
        let group = (client % PARTITIONS) as u32 + 1;
        // Clients take turns, so the offset of a message follows from its number.
        let offset = message / clients * (clients / PARTITIONS) + client / PARTITIONS;
        let sequence = (message / clients) as u32;
        let sequence = Sequence { producer: client, epoch: 0, sequence };
        // Now and then one that asks for less; where something is wrong, none that excuses it.
        let acks = match (plant, message % 16) {
            (None, 5) => Acks::Leader,
            (None | Some(_), _) => Acks::Quorum,
        };
        let ask = Ask::produce(group, vec![message], acks);
        let mut call = call(message, client, ask, Reply::Produced { first: Some(offset) });
        call.numbered = Some(Numbered { at: Stamp::default(), sequence });
        self.begin(&mut call);
        let entry = entry(offset + 1);
        let other = EntryId { hash: entry.hash + 1, ..entry };
        let ack = Fact::Acked { node: 1, group, acks, entry, offset, message };
        for node in 1..=3 {
            let claim = Claim::Append { term: 1, index: entry.index, hash: entry.hash };
            let claim = Fact::Claimed { node, to: None, group, claim };
            if node == 2 {
                match plant {
                    Some(Plant::EarlyClaim) => self.fact(claim.clone()),
                    Some(Plant::EarlyAck) => self.fact(ack.clone()),
                    Some(Plant::EarlyCommit) => self.commit(1, group, entry),
                    Some(_) | None => {}
                }
            }
            let is_other = node == 3 && plant == Some(Plant::OtherEntry);
            let entry = if is_other { other } else { entry };
            self.fact(Fact::Durable { node, group, entry });
            if node > 1 && !is_other {
                self.fact(claim);
            }
        }
        if plant != Some(Plant::EarlyCommit) {
            self.commit(1, group, entry);
        }
        let is_other = plant == Some(Plant::OtherCommit);
        self.commit(2, group, if is_other { other } else { entry });
        self.lead(1, group, entry.index);
        if !matches!(plant, Some(Plant::EarlyAck | Plant::SilentAnswer)) {
            self.fact(ack);
        }
        self.end(&mut call);
        match plant {
            Some(Plant::TwoLeaders) => self.lead(2, group, entry.index),
            Some(Plant::Cut) => {
                self.fact(Fact::DurableCut { node: 3, group, last: offset });
                self.fact(Fact::Durable { node: 3, group, entry });
            }
            Some(Plant::QuorumsApart) => self.configure(PARTITIONS as u32 + 1, (2, 2)),
            Some(_) | None => {}
        }
    }

    /// Everything is read, and the replicas are compared.
    fn drain(&mut self, partition: u64, end: u64) {
        let Healthy { messages, clients, plant } = self.run;
        let each = clients / PARTITIONS;
        let message_at =
            |offset: u64| offset / each * clients + offset % each * PARTITIONS + partition;
        let group = partition as u32 + 1;
        for from in (0..end).step_by(BATCH as usize) {
            let offsets = from..end.min(from + BATCH);
            let records = offsets.map(|offset| Record::new(offset, message_at(offset)));
            let reply = Reply::Fetched { records: records.collect(), end };
            let ask = Ask::Fetch { partition: group, from, level: ReadLevel::Linearizable };
            let mut call = call(messages * 2 + from, 99, ask, reply);
            self.begin(&mut call);
            self.end(&mut call);
        }
        self.tell(Event::Mark(&Mark::Drained { partition: group, end }));
        for node in [1, 2, 3] {
            let is_other = plant == Some(Plant::OtherBytes) && (group, node) == (1, 3);
            let (last, expected, digest) = (end, end, if is_other { 43 } else { 42 });
            self.fact(Fact::Replica { node, group, last, expected, digest });
        }
    }
}
