//! What the world saw, whatever the nodes believe: claims leaving a node, the truth of its disk.
//!
//! Facts are written by the simulated world, from frames and disk bytes that it decodes itself; the
//! system's own opinions arrive as [`ReplicaView`] and [`Fact::Committed`] and are marked as such.

use crate::history::{Acks, MessageId, Offset};
use serde::{Deserialize, Serialize};

/// A replication group: group 0 is metadata, group `p` is partition `p`.
pub type Group = u32;
/// A node's number, from 1.
pub type Node = u32;

/// One entry of a replicated log. `hash` covers content, place and, through the previous entry's
/// hash, the whole log before it: equal hashes at one index mean equal logs up to there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EntryId {
    /// Place in the log, from 1.
    pub index: u64,
    /// The leader's term that wrote it.
    pub term: u64,
    /// Chained hash.
    pub hash: u64,
}

/// A voter and the region it stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Voter {
    /// Which node.
    pub node: Node,
    /// Which region.
    pub region: u32,
}

/// A group's configuration, decoded from disks; regions from the plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Configuration {
    /// Which group.
    pub group: Group,
    /// Which life of the partition.
    pub incarnation: u64,
    /// Who counts.
    pub voters: Vec<Voter>,
    /// Flushed copies that commit an entry.
    pub write_quorum: u32,
    /// Votes that elect a leader.
    pub election_quorum: u32,
}

/// What a frame claims to be durable on its sender (S4, S9).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// My log holds the leader's log up to this entry, flushed, and so is the term.
    Append {
        /// The leader's term under which it is claimed.
        term: u64,
        /// The last entry claimed: index and chained hash.
        index: u64,
        /// Chained hash of that entry; 0 with index 0.
        hash: u64,
    },
    /// I gave my vote of this term to that candidate, and will remember it.
    Vote {
        /// The term.
        term: u64,
        /// Who got it.
        candidate: Node,
    },
}

/// Something that is so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fact {
    /// This group runs under this configuration from now on.
    Configured(Configuration),
    /// A frame with a claim left this node. Judged at this very moment against its disk.
    Claimed {
        /// The sender.
        node: Node,
        /// Whom it tells, if that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<Node>,
        /// The group it is about.
        group: Group,
        /// What it claims.
        claim: Claim,
    },
    /// A produce acknowledgement left this node for a client.
    Acked {
        /// The sender.
        node: Node,
        /// The partition's group.
        group: Group,
        /// The level promised.
        acks: Acks,
        /// The entry that holds the messages.
        entry: EntryId,
        /// Offset of the first message.
        offset: Offset,
        /// Its identity.
        message: MessageId,
    },
    /// This entry is now durable and intact on the node's disk, right after the one before it.
    Durable {
        /// Whose disk.
        node: Node,
        /// Which log.
        group: Group,
        /// Which entry.
        entry: EntryId,
    },
    /// The node's durable log now ends here: later entries are gone from it.
    DurableCut {
        /// Whose disk.
        node: Node,
        /// Which log.
        group: Group,
        /// The last index that is left; 0 for an empty log.
        last: u64,
    },
    /// This term and vote are now durable on the node's disk.
    DurableVote {
        /// Whose disk.
        node: Node,
        /// Which log.
        group: Group,
        /// The term.
        term: u64,
        /// Who has the vote of that term, if anyone.
        vote: Option<Node>,
    },
    /// The node itself holds these entries to be committed (its opinion). They follow one another
    /// and start right after the last that this process told.
    Committed {
        /// Whose opinion.
        node: Node,
        /// Which log.
        group: Group,
        /// The newly committed entries, in order.
        entries: Vec<EntryId>,
        /// Offset and identity of the first message of the last of them, if it holds messages.
        message: Option<(Offset, MessageId)>,
    },
    /// The node's process ended (crash, power loss, fail-stop): what it told of commits starts anew.
    Stopped {
        /// Which.
        node: Node,
    },
    /// After heal and drain: the encoded bytes of all entries on this disk up to `last`, as a digest that
    /// their hashes make, each proven over its bytes.
    Replica {
        /// Whose disk.
        node: Node,
        /// Which log.
        group: Group,
        /// The index up to which the digest goes: the group's highest commit index, or less if the
        /// disk holds less.
        last: u64,
        /// The index up to which it ought to go.
        expected: u64,
        /// Equal where the bytes are.
        digest: u64,
    },
    /// Some node holds this group's newest configuration to be committed (its opinion): none that
    /// came before it can be used any more.
    Settled {
        /// Which group.
        group: Group,
    },
    /// The world began to do harm, and to these only. What it does to the network as a whole
    /// touches every node.
    Struck {
        /// Which fault: a number that is its own while it lasts.
        fault: u32,
        /// What it is, in words.
        what: String,
        /// Nodes that it touches.
        nodes: Vec<Node>,
        /// Clients that it cuts off.
        clients: Vec<u32>,
    },
    /// That harm is over. What it left behind may take time to mend.
    Lifted {
        /// Which fault.
        fault: u32,
    },
    /// What this plan's network, disks and load let anyone expect; told once, before anything else.
    Due(Dues),
    /// From now on nothing is wrong with these groups and clients: every voter is live, intact, as
    /// fast as its disk is by itself, on a straight clock, and reaches every other; no link is worse
    /// than the base network. Where nothing was ever wrong this is told at the beginning.
    Calm {
        /// Which groups.
        groups: Vec<Group>,
        /// Clients that reach every node again, by number.
        clients: Vec<u32>,
    },
    /// From now on something is wrong with these groups and clients.
    Troubled {
        /// Which groups.
        groups: Vec<Group>,
        /// Clients that do not reach some node, by number.
        clients: Vec<u32>,
        /// What it is, in words.
        what: String,
    },
    /// A voter began a term or granted a vote or a pre-vote. With it comes what the world had handed
    /// to its process: an aggregate, so that no beat needs a fact of its own.
    Balloted {
        /// The voter.
        node: Node,
        /// The group.
        group: Group,
        /// What it did.
        ballot: Ballot,
        /// The term that is begun, or for which a vote is asked.
        term: u64,
        /// The term in which it was itself when it decided.
        own: u64,
        /// The last heartbeat that its process was handed before it decided, if any in this life.
        heard: Option<Heard>,
        /// Who granted it a pre-vote for the term that it begins, as far as its process was handed that.
        /// Empty for votes and pre-votes.
        consents: Vec<Node>,
    },
    /// How many rounds of heartbeats a process began in its life, and what may have caused them. Told
    /// when the process ends, and at the end of the run.
    Rounds {
        /// Which node.
        node: Node,
        /// Rounds begun.
        rounds: u64,
        /// How long it lived, on its own clock.
        elapsed_ns: u64,
        /// Linearizable fetches that it was handed: each may ask for a round.
        reads: u64,
        /// How often it came to lead some group.
        elections: u64,
    },
    /// The harness asked this group to make progress, though no client of the history did: the
    /// metadata group, of which clients ask nothing.
    Knocked {
        /// Which group.
        group: Group,
    },
    /// The group answered that knock from a write quorum.
    Opened {
        /// Which group.
        group: Group,
    },
}

/// What kind of thing is so: what a judge asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[expect(missing_docs, reason = "each is the fact of its name")]
pub enum FactKind {
    Configured,
    Claimed,
    Acked,
    Durable,
    DurableCut,
    DurableVote,
    Committed,
    Stopped,
    Replica,
    Settled,
    Struck,
    Lifted,
    Due,
    Calm,
    Troubled,
    Balloted,
    Rounds,
    Knocked,
    Opened,
}

impl FactKind {
    /// Every kind.
    pub const ALL: &[FactKind] = &[
        FactKind::Configured,
        FactKind::Claimed,
        FactKind::Acked,
        FactKind::Durable,
        FactKind::DurableCut,
        FactKind::DurableVote,
        FactKind::Committed,
        FactKind::Stopped,
        FactKind::Replica,
        FactKind::Settled,
        FactKind::Struck,
        FactKind::Lifted,
        FactKind::Due,
        FactKind::Calm,
        FactKind::Troubled,
        FactKind::Balloted,
        FactKind::Rounds,
        FactKind::Knocked,
        FactKind::Opened,
    ];
}

impl Fact {
    /// What kind of fact this is.
    pub fn kind(&self) -> FactKind {
        match self {
            Fact::Configured(_) => FactKind::Configured,
            Fact::Claimed { .. } => FactKind::Claimed,
            Fact::Acked { .. } => FactKind::Acked,
            Fact::Durable { .. } => FactKind::Durable,
            Fact::DurableCut { .. } => FactKind::DurableCut,
            Fact::DurableVote { .. } => FactKind::DurableVote,
            Fact::Committed { .. } => FactKind::Committed,
            Fact::Stopped { .. } => FactKind::Stopped,
            Fact::Replica { .. } => FactKind::Replica,
            Fact::Settled { .. } => FactKind::Settled,
            Fact::Struck { .. } => FactKind::Struck,
            Fact::Lifted { .. } => FactKind::Lifted,
            Fact::Due(_) => FactKind::Due,
            Fact::Calm { .. } => FactKind::Calm,
            Fact::Troubled { .. } => FactKind::Troubled,
            Fact::Balloted { .. } => FactKind::Balloted,
            Fact::Rounds { .. } => FactKind::Rounds,
            Fact::Knocked { .. } => FactKind::Knocked,
            Fact::Opened { .. } => FactKind::Opened,
        }
    }
}

/// What a voter did for a new leader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ballot {
    /// It raised its term and stands for election.
    Begun,
    /// It granted a vote.
    Vote,
    /// It granted a pre-vote.
    PreVote,
}

/// A heartbeat that a process was handed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Heard {
    /// The leader's term.
    pub term: u64,
    /// How long ago, on the node's own clock.
    pub ago_ns: u64,
}

/// What may be expected under a plan: its timers, and what its network and disks carry.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dues {
    /// The shortest election timeout: for so long a voter that heard its leader keeps to it.
    pub election_min_ns: u64,
    /// Between two heartbeats.
    pub heartbeat_ns: u64,
    /// How long progress may take where it is owed (DESIGN 4).
    pub bound_ns: u64,
    /// A group that was calm and kept its leader for so long owes an answer to every call.
    pub settle_ns: u64,
    /// How long a call may be open before its client must have said what became of it; none if nobody said.
    #[serde(default)]
    pub call_ns: Option<u64>,
    /// Why nothing is owed at all: the arithmetic by which network and disks do not carry the timers.
    pub unfit: Option<String>,
    /// What produce calls above `none` are owed.
    pub produce: Service,
    /// What fetches are owed.
    pub fetch: Service,
}

/// What calls of one kind are owed while nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// How many of them end well.
    pub owed: Owed,
    /// How long one takes at most; only where the base network neither loses nor delays.
    pub latency_ns: Option<u64>,
}

/// How many calls end well while nothing is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owed {
    /// Each.
    #[default]
    All,
    /// All but one in twenty: the base network may cost a call that is short of time.
    Most,
    /// Nobody can say; why.
    Nothing(String),
}

/// A replica's part in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Receives, never votes.
    Learner,
    /// Follows a leader or waits for one.
    Follower,
    /// Asks whether it could win, without raising its term.
    PreCandidate,
    /// Asks for votes.
    Candidate,
    /// Leads its term.
    Leader,
}

/// One replica from outside, as numbers; told whenever one of them changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplicaView {
    /// Which node.
    pub node: Node,
    /// Which group.
    pub group: Group,
    /// Its part.
    pub role: Role,
    /// Its term.
    pub term: u64,
    /// Its commit index.
    pub commit: u64,
    /// Its last index, flushed or not.
    pub last: u64,
    /// Its flushed index.
    pub flushed: u64,
}
