//! What is searched: how many nodes, which calls, how much may go wrong, and how deep.

use system::{
    Acks, Config, Frame, GroupId, Limits, Message, NodeId, Place, Plant, Sender, Settings, Timing,
    Voter, encode, payload, wire::ask::Produce,
};

/// The one group.
pub(crate) const GROUP: GroupId = 1;
/// The cluster's number.
pub(crate) const CLUSTER: u64 = 1;
/// Clients stand behind this endpoint: the one that sent message `m` is `CLIENTS + m`.
pub(crate) const CLIENTS: u32 = 100;

/// What may still go wrong.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Budget {
    /// Times that somebody loses patience: a follower stands for election, a leader steps down.
    pub(crate) ticks: u8,
    /// Rounds of heartbeats.
    pub(crate) beats: u8,
    /// Processes that end and start again.
    pub(crate) crashes: u8,
    /// Machines that lose power and start again.
    pub(crate) losses: u8,
    /// Frames that arrive twice.
    pub(crate) doubles: u8,
}

/// One search.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    pub(crate) name: &'static str,
    /// The region of each voter.
    pub(crate) regions: &'static [u32],
    /// Calls that are under way when it begins: `m1`, `m2`, ..., each sent to n1 in the belief that it leads
    /// term 1.
    pub(crate) calls: u8,
    /// What each of them asks for.
    pub(crate) acks: Acks,
    pub(crate) budget: Budget,
    /// Moves that are made at most.
    pub(crate) depth: u32,
    /// Marks that the system's code must reach in it: without them it has not been where bugs are.
    pub(crate) marks: &'static [&'static str],
    pub(crate) plant: Option<Plant>,
}

/// Nothing goes wrong, in the simplest cluster.
const CALM: Scope = Scope {
    name: "calm",
    regions: &[0, 1, 2],
    calls: 1,
    acks: Acks::Quorum,
    budget: Budget { ticks: 0, beats: 0, crashes: 0, losses: 0, doubles: 0 },
    depth: 0,
    marks: &[],
    plant: None,
};

/// Every search.
pub(crate) const ALL: [&Scope; 6] =
    [&ELECTIONS, &BEATS, &REFUSALS, &RESTARTS, &EVERYTHING, &REGIONS];

/// Two elections around one message: Raft's Figure 8, and all that lies around it.
pub(crate) const ELECTIONS: Scope = Scope {
    name: "elections",
    budget: Budget { ticks: 2, ..CALM.budget },
    depth: 20,
    marks: &["elected", "old_term_waited", "truncated", "append_rejected", "old_log_refusal"],
    ..CALM
};

/// One election, and heartbeats that ask what is durable meanwhile; power may fail.
pub(crate) const BEATS: Scope = Scope {
    name: "beats",
    budget: Budget { ticks: 1, beats: 1, losses: 1, ..CALM.budget },
    depth: 14,
    marks: &["elected", "beat_unflushed", "resent", "truncated"],
    ..CALM
};

/// Calls that arrive twice, while those who took or refused them come and go.
pub(crate) const REFUSALS: Scope = Scope {
    name: "refusals",
    calls: 2,
    budget: Budget { ticks: 2, doubles: 1, ..CALM.budget },
    depth: 13,
    marks: &["not_taken", "repeat_waits", "repeat_committed"],
    ..CALM
};

/// Nodes that start again, from what they wrote or from what they flushed.
pub(crate) const RESTARTS: Scope = Scope {
    name: "restarts",
    budget: Budget { ticks: 2, crashes: 1, losses: 1, ..CALM.budget },
    depth: 12,
    marks: &["elected", "truncated"],
    ..CALM
};

/// A little of all at once.
pub(crate) const EVERYTHING: Scope = Scope {
    name: "everything",
    calls: 2,
    budget: Budget { ticks: 2, beats: 1, crashes: 1, losses: 1, doubles: 1 },
    depth: 8,
    marks: &["elected", "repeat_waits", "not_taken"],
    ..CALM
};

/// Five voters in three regions, and a message that must be in two of them.
pub(crate) const REGIONS: Scope = Scope {
    name: "regions",
    regions: &[0, 0, 0, 1, 2],
    acks: Acks::RegionQuorum,
    budget: Budget { ticks: 1, beats: 1, ..CALM.budget },
    depth: 11,
    marks: &["spread_waited"],
    ..CALM
};

impl Scope {
    /// The same with a bug in it.
    pub(crate) fn with(&self, plant: Plant) -> Scope {
        Scope { plant: Some(plant), ..self.clone() }
    }

    /// What it is, in words.
    pub(crate) fn describe(&self) -> String {
        let Budget { ticks, beats, crashes, losses, doubles } = self.budget;
        let plant = self.plant.map_or(String::new(), |plant| format!(" with {}", plant.name()));
        let parts = [
            (self.calls, "call"),
            (ticks, "tick"),
            (beats, "beat"),
            (crashes, "crash"),
            (losses, "power loss"),
            (doubles, "double"),
        ];
        let parts = parts.iter().filter(|(count, _)| *count > 0);
        let parts: Vec<String> = parts.map(|(count, what)| format!("{what} {count}")).collect();
        format!("{}{plant}: {} voters, {}", self.name, self.regions.len(), parts.join(", "))
    }

    /// The same, so many moves deep.
    pub(crate) fn to(&self, depth: u32) -> Scope {
        Scope { depth, ..self.clone() }
    }

    pub(crate) fn nodes(&self) -> std::ops::RangeInclusive<NodeId> {
        1..=self.regions.len() as NodeId
    }

    /// Voters that elect a leader, and copies that commit.
    pub(crate) fn quorum(&self) -> usize {
        self.regions.len() / 2 + 1
    }

    pub(crate) fn place(&self) -> Place {
        let voters = (1..).zip(self.regions).map(|(node, region)| Voter { node, region: *region });
        let quorum = self.quorum() as u32;
        let config = Config {
            voters: voters.collect(),
            learners: Vec::new(),
            write_quorum: quorum,
            election_quorum: quorum,
        };
        Place { group: GROUP, incarnation: 1, config }
    }

    /// There is no time: patience is over whenever the search says so, and no leader was heard lately. So
    /// whatever some timing brings about is among what is searched. One entry is under way at once, so that
    /// entries which could arrive together may arrive alone.
    pub(crate) fn settings(&self, node: NodeId) -> Settings {
        Settings {
            cluster: CLUSTER,
            node,
            metadata: self.place(),
            timing: Timing { heartbeat: 1, election_min: 0, election_max: 0 },
            limits: Limits { append_entries: 1, window: 1, ..Limits::default() },
            plant: self.plant,
        }
    }
}

/// The frame that carries call `m` to n1.
pub(crate) fn call(message: u8, acks: Acks) -> Frame {
    let id = u64::from(message);
    let messages = encode(&[(id, payload(id, 8))]);
    let produce = Produce {
        acks,
        term: 1,
        producer: id,
        epoch: 0,
        sequence: 0,
        count: 1,
        crc: crc32c::crc32c(&messages),
        messages,
    };
    let endpoint = CLIENTS + u32::from(message);
    let sender = Sender { cluster: CLUSTER, endpoint, incarnation: 0 };
    Frame::of(sender, GROUP, Message::ask(id, produce))
}
