//! What clients asked, when, and what came back: the only thing that a client-side judge may look at.
//!
//! A history comes from a run of ours or from a real cluster; nothing here refers to the system. It
//! has no wall time: order is the *ordinal* of an event, and `at_ns` is only for people and bounds. It is
//! long because every word of a client is declared here, asked and answered, as files keep them.

use serde::{Deserialize, Serialize};
use std::num::NonZeroU64;

/// The number of a partition, from 1. Number 0 is the metadata group, which has no messages.
pub type Partition = u32;
pub use crate::message::MessageId;
/// The place of a message in its partition, from 0, without gaps.
pub type Offset = u64;

/// Where in the run something happened. Order is `ordinal`; `at_ns` may repeat.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stamp {
    /// Position among all events of the run, without repetition.
    pub ordinal: u64,
    /// World time in nanoseconds since the run began.
    pub at_ns: u64,
}

/// What the acknowledgement of a produce call must mean (messaging.md 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Acks {
    /// No acknowledgement. Promises nothing; may lose any message at any time.
    None,
    /// The leader flushed it. May be lost by any change of leader before replication.
    Leader,
    /// A write quorum flushed it. Lost by nothing within tolerance.
    Quorum,
    /// A write quorum in at least two regions flushed it: also survives the loss of any one region.
    RegionQuorum,
}

impl Acks {
    /// Every level, weakest first.
    pub const ALL: [Acks; 4] = [Acks::None, Acks::Leader, Acks::Quorum, Acks::RegionQuorum];

    /// The name used in scenarios, JSON and pages.
    pub fn name(self) -> &'static str {
        match self {
            Acks::None => "none",
            Acks::Leader => "leader",
            Acks::Quorum => "quorum",
            Acks::RegionQuorum => "region_quorum",
        }
    }

    /// Whether a message acknowledged at this level may never be lost within tolerance.
    pub fn is_durable(self) -> bool {
        match self {
            Acks::None | Acks::Leader => false,
            Acks::Quorum | Acks::RegionQuorum => true,
        }
    }
}

/// How fresh a read must be (messaging.md 3.3). No level ever shows uncommitted messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadLevel {
    /// Any replica, up to its own commit index: arbitrarily stale, never wrong.
    Eventual,
    /// Misses nothing that was readable so many nanoseconds before the call. It may miss what is
    /// younger.
    Bounded(u64),
    /// Sees what its own session wrote and read. It may miss what others wrote.
    Session,
    /// Read-index at the leader: sees everything acknowledged before the call began.
    Linearizable,
}

/// What a client asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ask {
    /// Append messages, in order, at consecutive offsets. One call spans all attempts of one
    /// producer sequence number.
    Produce {
        /// Where to.
        partition: Partition,
        /// The messages, in order.
        #[serde(with = "crate::message::all_named")]
        messages: Vec<MessageId>,
        /// The promise that was asked for.
        acks: Acks,
        /// What is in each message, in order, as its sender hashed it; empty where nobody did.
        #[serde(default, skip_serializing_if = "Contents::is_empty")]
        contents: Contents,
    },
    /// Read messages from an offset on.
    Fetch {
        /// Where from.
        partition: Partition,
        /// The first offset wanted.
        from: Offset,
        /// How fresh.
        level: ReadLevel,
    },
    /// Take what comes next of the partitions that the client reads. It keeps its positions itself,
    /// as a Kafka consumer does.
    Poll,
    /// Sends and polls that take effect together or not at all.
    Transact {
        /// What to do, in order.
        steps: Vec<Step>,
    },
    /// Read these partitions from now on. Positions start anew.
    Assign {
        /// Which.
        partitions: Vec<Partition>,
        /// Whether a group may take them away again (Kafka's `subscribe`).
        is_managed: bool,
    },
    /// Become a member of a group and own some of its partitions.
    Join {
        /// Which group.
        group: u64,
    },
    /// Say how far the group has come: the next offset to read of each partition.
    CommitOffsets {
        /// Which group.
        group: u64,
        /// The generation that the member believes to be in.
        generation: u64,
        /// Partitions and their next offsets.
        offsets: Vec<(Partition, Offset)>,
    },
    /// Ask how far the group has come.
    FetchOffsets {
        /// Which group.
        group: u64,
        /// Which partitions.
        partitions: Vec<Partition>,
    },
}

/// One part of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// Append a message.
    Send {
        /// Where to.
        partition: Partition,
        /// The message.
        #[serde(with = "crate::message::named")]
        message: MessageId,
    },
    /// Take what comes next.
    Poll,
}

/// The place of a call in its producer's order for one partition (S36).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Sequence {
    /// Producer id.
    pub producer: u64,
    /// Rises when the producer gives an unknown outcome up.
    pub epoch: u32,
    /// From 0 in each epoch.
    pub sequence: u32,
}

/// When a call was given its number, and which. A client queues its calls, so the number need not
/// exist when a call is made: it is an event of its own, with its own ordinal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbered {
    /// After the call was made, and before it returned.
    pub at: Stamp,
    /// Producer identity, epoch, and sequence of the first message.
    pub sequence: Sequence,
}

/// What is in a message: a 64-bit hash of its payload, as whoever held the payload computed it. Equal
/// payloads have equal hashes; which hash it is says nothing. Never 0, so that none costs nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Content(NonZeroU64);

impl Content {
    /// The content of this hash.
    pub fn of(hash: u64) -> Content {
        Content(NonZeroU64::new(hash).unwrap_or(NonZeroU64::MAX))
    }

    /// The hash; never 0.
    pub fn hash(self) -> u64 {
        self.0.get()
    }
}

impl std::fmt::Display for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The contents of a call's messages, in order; a list that costs no memory of its own for one message,
/// because a history of a million calls holds a million of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<Content>", into = "Vec<Content>")]
pub struct Contents(Held);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum Held {
    #[default]
    None,
    One(Content),
    /// Boxed twice, so that a call is no larger for it.
    Many(Box<Box<[Content]>>),
}

impl Contents {
    /// Whether nobody hashed any.
    pub fn is_empty(&self) -> bool {
        self.as_slice().is_empty()
    }

    /// Each, in order of the messages.
    pub fn as_slice(&self) -> &[Content] {
        match &self.0 {
            Held::None => &[],
            Held::One(content) => std::slice::from_ref(content),
            Held::Many(contents) => contents,
        }
    }
}

impl From<Vec<Content>> for Contents {
    fn from(contents: Vec<Content>) -> Contents {
        Contents(match contents[..] {
            [] => Held::None,
            [one] => Held::One(one),
            [_, _, ..] => Held::Many(Box::new(contents.into())),
        })
    }
}

impl From<Contents> for Vec<Content> {
    fn from(contents: Contents) -> Vec<Content> {
        contents.as_slice().to_vec()
    }
}

/// One message as a fetch saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place.
    pub offset: Offset,
    /// Its identity.
    #[serde(with = "crate::message::named")]
    pub message: MessageId,
    /// What was in it; none where nobody hashed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
}

impl Record {
    /// A record of which nobody hashed the content.
    pub fn new(offset: Offset, message: MessageId) -> Record {
        Record { offset, message, content: None }
    }
}

/// What came back from a call that succeeded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reply {
    /// Acknowledged. `first` is the offset of the first message, unknown at level `none`.
    Produced {
        /// Offset of the first message of the call.
        first: Option<Offset>,
    },
    /// Read. Offsets rise without gaps from the offset asked for.
    Fetched {
        /// What was there.
        records: Vec<Record>,
        /// One past the last readable offset when the read took effect.
        end: Offset,
    },
    /// Polled. Boxed, so that the many calls that are no polls stay small.
    Polled(Box<Polled>),
    /// Committed. One result for each step, in order.
    Transacted {
        /// What came back of each step.
        results: Vec<StepReply>,
    },
    /// Reads the partitions that it asked for.
    Assigned,
    /// A member of the group.
    Joined {
        /// Which generation of the group.
        generation: u64,
        /// The partitions that the member owns in it.
        partitions: Vec<Partition>,
    },
    /// The group's offsets are kept.
    OffsetsCommitted,
    /// How far the group has come.
    Offsets {
        /// The next offset of each partition; none where nothing was ever committed.
        offsets: Vec<(Partition, Option<Offset>)>,
    },
}

/// What a poll brought.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Polled {
    /// Records by partition, in the order in which they came.
    pub batches: Vec<Batch>,
    /// Partitions that were taken away or given anew while the poll ran.
    pub rebalanced: Vec<Partition>,
}

/// Records of one partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// Which.
    pub partition: Partition,
    /// What was there.
    pub records: Vec<Record>,
}

/// What came back of one step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepReply {
    /// Appended, at this offset if the client was told.
    Sent {
        /// Where.
        offset: Option<Offset>,
    },
    /// Polled.
    Polled(Polled),
}

/// What became of a call. The middle ground is the point: a call that timed out may have happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It happened, and this is what the client saw.
    Ok(Reply),
    /// It certainly did not happen and never will (S40). The reason, for people.
    Refused(String),
    /// No one can say. Every checker allows both worlds, for ever. The reason, for people.
    Unknown(String),
}

/// One call by one client. `called..=returned` is a closed interval of ordinals. A call without a
/// return may take effect at any later moment; its outcome is `Unknown`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Unique in a history, in order of `called`.
    pub id: u64,
    /// Who asked.
    pub client: u32,
    /// What for.
    pub ask: Ask,
    /// When the client asked.
    pub called: Stamp,
    /// Its number in the order of an idempotent producer; none while it waits for one, and for
    /// calls that are never given any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbered: Option<Numbered>,
    /// When the client had its answer or gave up; none while the call is pending.
    pub returned: Option<Stamp>,
    /// What became of it.
    pub outcome: Outcome,
}

/// What may be known of a call while it is under way: not its number, not its outcome.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// As in [`Call`].
    pub id: u64,
    /// Who asked.
    pub client: u32,
    /// What for.
    pub ask: &'a Ask,
    /// When the client asked.
    pub called: Stamp,
}

impl Call {
    /// The call as it was made.
    pub fn asked(&self) -> Asked<'_> {
        Asked { id: self.id, client: self.client, ask: &self.ask, called: self.called }
    }

    /// The partition that the call is about, where it is about one.
    pub fn partition(&self) -> Option<Partition> {
        self.ask.partition()
    }

    /// Its number in its producer's order, if it was given one.
    pub fn sequence(&self) -> Option<Sequence> {
        self.numbered.map(|numbered| numbered.sequence)
    }

    /// Whether its moments follow one another: made, numbered, returned.
    pub fn is_in_order(&self) -> bool {
        let numbered = self.numbered.map(|numbered| numbered.at.ordinal);
        let moments = [Some(self.called.ordinal), numbered, self.returned.map(|at| at.ordinal)];
        let moments: Vec<u64> = moments.into_iter().flatten().collect();
        moments.is_sorted_by(|one, next| one < next)
    }
}

/// The highest partition of a history that is read: judges keep a shelf for each up to the highest.
const PARTITION_MAX: Partition = 65_535;

/// Refuses partitions that no judge has room for.
pub(crate) fn check_partitions(mut all: impl Iterator<Item = Partition>) -> Result<(), String> {
    match all.find(|partition| *partition > PARTITION_MAX) {
        Some(partition) => {
            Err(format!("expected a partition up to {PARTITION_MAX}, found {partition}"))
        }
        None => Ok(()),
    }
}

impl Call {
    /// Every partition that it names, as often as it does.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> {
        let (mut asked, mut told) = (Vec::new(), Vec::new());
        match &self.ask {
            Ask::Produce { partition, .. } | Ask::Fetch { partition, .. } => asked.push(*partition),
            Ask::Transact { steps } => {
                asked.extend(steps.iter().filter_map(|step| match step {
                    Step::Send { partition, .. } => Some(*partition),
                    Step::Poll => None,
                }));
            }
            Ask::Assign { partitions, .. } | Ask::FetchOffsets { partitions, .. } => {
                asked.clone_from(partitions);
            }
            Ask::CommitOffsets { offsets, .. } => asked.extend(offsets.iter().map(|(it, _)| *it)),
            Ask::Poll | Ask::Join { .. } => {}
        }
        let mut polled = |polled: &Polled| {
            told.extend(polled.batches.iter().map(|batch| batch.partition));
            told.extend(&polled.rebalanced);
        };
        match &self.outcome {
            Outcome::Ok(Reply::Polled(all)) => polled(all),
            Outcome::Ok(Reply::Transacted { results }) => {
                results.iter().for_each(|result| match result {
                    StepReply::Polled(all) => polled(all),
                    StepReply::Sent { .. } => {}
                });
            }
            Outcome::Ok(Reply::Joined { partitions, .. }) => told.extend(partitions),
            Outcome::Ok(Reply::Offsets { offsets }) => {
                told.extend(offsets.iter().map(|(it, _)| *it))
            }
            Outcome::Ok(
                Reply::Produced { .. }
                | Reply::Fetched { .. }
                | Reply::Assigned
                | Reply::OffsetsCommitted,
            )
            | Outcome::Refused(_)
            | Outcome::Unknown(_) => {}
        }
        asked.into_iter().chain(told)
    }
}

impl Mark {
    /// Every partition that it names.
    pub(crate) fn partitions(&self) -> impl Iterator<Item = Partition> {
        match self {
            Mark::Healed { owed, .. } => owed.clone(),
            Mark::Drained { partition, .. } => vec![*partition],
            Mark::Booted | Mark::Draining | Mark::Ended => Vec::new(),
        }
        .into_iter()
    }
}

impl Ask {
    /// A produce call of messages of which nobody hashed the content.
    pub fn produce(partition: Partition, messages: Vec<MessageId>, acks: Acks) -> Ask {
        Ask::Produce { partition, messages, acks, contents: Contents::default() }
    }

    /// The partition that it is about, where it is about one.
    pub fn partition(&self) -> Option<Partition> {
        match self {
            Ask::Produce { partition, .. } | Ask::Fetch { partition, .. } => Some(*partition),
            Ask::Poll
            | Ask::Transact { .. }
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => None,
        }
    }
}

/// A turning point of a run that judges must know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// The cluster is up and healthy; trouble begins.
    Booted,
    /// Every fault has been lifted. Each partition in `owed` owes an acknowledgement within `bound_ns`.
    Healed {
        /// Partitions that have their quorums on intact, mutually reachable voters.
        owed: Vec<Partition>,
        /// How long progress may take (DESIGN 4).
        bound_ns: u64,
    },
    /// The final read of everything begins: fetches called from here on are the drain.
    Draining,
    /// The drain read this partition completely, from offset 0 to `end` (exclusive).
    Drained {
        /// Which.
        partition: Partition,
        /// One past the last offset.
        end: Offset,
    },
    /// The run is over.
    Ended,
}

/// A run as clients saw it: calls in order of `called`, marks in order of their ordinals.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct History {
    /// Every call.
    pub calls: Vec<Call>,
    /// Every turning point.
    pub marks: Vec<(Stamp, Mark)>,
    /// What happened around it (faults, leaders, crashes): shown to people, never judged.
    pub notes: Vec<(Stamp, String)>,
}
