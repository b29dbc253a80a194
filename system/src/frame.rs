//! Frames: what travels between two endpoints, and the messages in it. All messages for one peer
//! that come out of one turn share a frame (so heartbeats of many groups are one frame a node pair).
//! Every word of the system is declared here, and a third of the room is tests; `codec.rs` lays them out.
//!
//! A frame is a small checksummed head and the encoded entries it carries, which are shared with logs
//! and disks and never copied (docs/FORMAT.md). Over a real socket head and entries follow one another
//! ([`Frame::to_bytes`]); in the simulation the very same parts are handed over.

mod codec;

use crate::{
    quorum::Config,
    types::{Endpoint, EntryId, GroupId, Index, NodeId, Offset, Term},
};
use bytes::{Bytes, BytesMut};
use codec::{Reader, Writer};
pub(crate) use codec::{get_places, put_place};

/// What the acknowledgement of a produce call must mean (messaging.md 3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Acks {
    /// No acknowledgement; may lose any message.
    None,
    /// The leader flushed it. Lost if the log of a later leader lacks it, though it may stand on some
    /// replicas; nothing else takes it.
    Leader,
    /// A write quorum flushed it.
    Quorum,
    /// A write quorum in at least two regions flushed it.
    RegionQuorum,
}

/// How fresh a fetch must be. No level shows uncommitted messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadLevel {
    /// Any replica, up to its own commit index.
    Eventual,
    /// Read-index at the leader.
    Linearizable,
}

/// Why a request was not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Another node leads, or nobody does.
    NotLeader,
    /// The leader's first entry of its term has not committed yet (S15).
    NotReady,
    /// This node does not hold the partition.
    UnknownPartition,
    /// The producer's epoch is older than one that was seen.
    Fenced,
    /// The sequence does not follow the producer's last one.
    OutOfOrder,
    /// Leadership ended while the entry was in flight: it may yet commit.
    LeadershipLost,
    /// A read could not be confirmed.
    Unconfirmed,
    /// The request itself is wrong.
    Malformed,
    /// Another node leads, or nobody does, and whoever refuses can prove that it took no copy of the
    /// request and never will (S40).
    NotTaken,
}

impl Refusal {
    const ALL: [Refusal; 9] = [
        Refusal::NotLeader,
        Refusal::NotReady,
        Refusal::UnknownPartition,
        Refusal::Fenced,
        Refusal::OutOfOrder,
        Refusal::LeadershipLost,
        Refusal::Unconfirmed,
        Refusal::Malformed,
        Refusal::NotTaken,
    ];

    /// Whether whoever was taken for the leader is none, or does not hold the partition.
    pub fn is_of_no_leader(self) -> bool {
        match self {
            Refusal::NotLeader | Refusal::NotTaken | Refusal::UnknownPartition => true,
            Refusal::NotReady
            | Refusal::Fenced
            | Refusal::OutOfOrder
            | Refusal::LeadershipLost
            | Refusal::Unconfirmed
            | Refusal::Malformed => false,
        }
    }

    /// Whether the attempt that carried `asked` certainly had no effect and never will (S40). The network
    /// may deliver a frame twice, so a refusal of one copy says nothing of the other: it may have been
    /// taken before, or be taken later. A term of 0 asks who leads, and nobody takes such a request.
    pub fn is_definite(self, asked: Term) -> bool {
        match self {
            Refusal::NotLeader | Refusal::UnknownPartition => asked == 0,
            Refusal::Fenced | Refusal::Malformed | Refusal::NotTaken => true,
            Refusal::NotReady
            | Refusal::OutOfOrder
            | Refusal::LeadershipLost
            | Refusal::Unconfirmed => false,
        }
    }
}

/// A produce request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Produce {
    /// The client's number for this attempt.
    pub request: u64,
    /// The promise asked for.
    pub acks: Acks,
    /// The term in which the client believes the receiver to lead; 0 to ask. Only the leader of
    /// exactly this term takes the request, so nobody takes it later, when the network delivers the
    /// frame again and the term is over (S16, S40).
    pub term: Term,
    /// Who produces; 0 for a producer that is not idempotent.
    pub producer: u64,
    /// Rises when the producer gave an unknown outcome up.
    pub epoch: u32,
    /// Of the first message, from 0 in each epoch.
    pub sequence: u32,
    /// How many messages.
    pub count: u32,
    /// CRC-32C of the messages.
    pub crc: u32,
    /// The messages, encoded (see `batch.rs`).
    pub messages: Bytes,
}

/// What is known of an acknowledged produce: where the messages stand, and in which entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// Which life of the partition.
    pub incarnation: u64,
    /// The entry that holds them.
    pub entry: EntryId,
    /// Offset of the first message.
    pub offset: Offset,
}

/// A partition and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its group.
    pub group: GroupId,
    /// Which life of it.
    pub incarnation: u64,
    /// Who holds it.
    pub config: Config,
}

/// Every word that nodes and clients say to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Would you vote for me, if I asked? Changes nothing (S4).
    PreVote { term: Term, last: EntryId },
    /// The answer.
    PreVoteReply { term: Term, granted: bool },
    /// Vote for me.
    Vote { term: Term, last: EntryId },
    /// The answer. A granted vote is durable before it leaves (S4).
    VoteReply { term: Term, granted: bool },
    /// Entries that follow `previous`, and how far the log is committed.
    Append { term: Term, previous: EntryId, commit: Index, entries: Vec<Bytes> },
    /// My log equals yours up to this entry, flushed (S9).
    AppendOk { term: Term, generation: u64, matched: EntryId },
    /// My log does not hold `previous` as you do; we may agree at `hint` at the latest.
    AppendReject { term: Term, tried: Index, hint: Index, hint_term: Term },
    /// I lead, and have sent you entries up to `sent`. One for each group, one frame for each pair of
    /// nodes.
    Beat { term: Term, sequence: u64, commit: Index, sent: Index },
    /// I follow; this much of your log has reached me (`verified`), this much is flushed. `sequence` and
    /// `sent` are those of the heartbeat, so that the leader need not remember it.
    BeatOk {
        term: Term,
        sequence: u64,
        sent: Index,
        generation: u64,
        verified: Index,
        matched: EntryId,
    },
    /// Append messages.
    Produce(Produce),
    /// Read messages from an offset on.
    Fetch { request: u64, from: Offset, level: ReadLevel, bytes_max: u32 },
    /// Where do partitions stand?
    WhereIs { request: u64 },
    /// Create partitions.
    Create { request: u64, places: Vec<Place> },
    /// Acknowledged.
    Produced { request: u64, acks: Acks, receipt: Receipt },
    /// Read: the entries that hold the offsets from `from` on, and one past the last readable one.
    Fetched { request: u64, from: Offset, end: Offset, entries: Vec<Bytes> },
    /// Not served.
    Refused { request: u64, why: Refusal, term: Term, leader: NodeId },
    /// Where partitions stand.
    Directory { request: u64, places: Vec<Place> },
}

impl Message {
    /// The number of a client's question, if it is one.
    pub fn request(&self) -> Option<u64> {
        match self {
            Message::Produce(produce) => Some(produce.request),
            Message::Fetch { request, .. }
            | Message::WhereIs { request }
            | Message::Create { request, .. } => Some(*request),
            Message::PreVote { .. }
            | Message::PreVoteReply { .. }
            | Message::Vote { .. }
            | Message::VoteReply { .. }
            | Message::Append { .. }
            | Message::AppendOk { .. }
            | Message::AppendReject { .. }
            | Message::Beat { .. }
            | Message::BeatOk { .. }
            | Message::Produced { .. }
            | Message::Fetched { .. }
            | Message::Refused { .. }
            | Message::Directory { .. } => None,
        }
    }

    /// The same question with this number; an answer or a word between replicas stays as it is.
    pub(crate) fn numbered(mut self, number: u64) -> Message {
        match &mut self {
            Message::Produce(produce) => produce.request = number,
            Message::Fetch { request, .. }
            | Message::WhereIs { request }
            | Message::Create { request, .. } => *request = number,
            Message::PreVote { .. }
            | Message::PreVoteReply { .. }
            | Message::Vote { .. }
            | Message::VoteReply { .. }
            | Message::Append { .. }
            | Message::AppendOk { .. }
            | Message::AppendReject { .. }
            | Message::Beat { .. }
            | Message::BeatOk { .. }
            | Message::Produced { .. }
            | Message::Fetched { .. }
            | Message::Refused { .. }
            | Message::Directory { .. } => {}
        }
        self
    }

    /// Whether replicas say this to each other, and clients never do.
    pub fn is_between_replicas(&self) -> bool {
        match self {
            Message::PreVote { .. }
            | Message::PreVoteReply { .. }
            | Message::Vote { .. }
            | Message::VoteReply { .. }
            | Message::Append { .. }
            | Message::AppendOk { .. }
            | Message::AppendReject { .. }
            | Message::Beat { .. }
            | Message::BeatOk { .. } => true,
            Message::Produce(_)
            | Message::Fetch { .. }
            | Message::WhereIs { .. }
            | Message::Create { .. }
            | Message::Produced { .. }
            | Message::Fetched { .. }
            | Message::Refused { .. }
            | Message::Directory { .. } => false,
        }
    }
}

/// A frame that could not be read, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// What travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Header, messages, checksum.
    pub head: Vec<u8>,
    /// The entries that the messages carry, in order.
    pub bodies: Vec<Bytes>,
}

/// Bytes before the first message: mark, length of head, cluster, sender, its incarnation, messages.
const PREFIX: usize = 36;
const MARK: u32 = u32::from_le_bytes(*b"ZFRM");

/// Gathers the messages of one frame.
#[derive(Debug)]
pub struct FrameBuilder {
    head: Vec<u8>,
    bodies: Vec<Bytes>,
    count: u32,
}

/// Who sends: stands in every frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Which cluster.
    pub cluster: u64,
    /// Which endpoint.
    pub endpoint: Endpoint,
    /// The identity of its disk (S1); 0 for clients.
    pub incarnation: u64,
}

impl FrameBuilder {
    /// An empty frame from this sender.
    pub fn new(sender: Sender) -> FrameBuilder {
        let mut head = Vec::with_capacity(128);
        head.extend_from_slice(&MARK.to_le_bytes());
        head.extend_from_slice(&[0; 4]);
        head.extend_from_slice(&sender.cluster.to_le_bytes());
        head.extend_from_slice(&sender.endpoint.to_le_bytes());
        head.extend_from_slice(&sender.incarnation.to_le_bytes());
        head.extend_from_slice(&[0; 8]);
        FrameBuilder { head, bodies: Vec::new(), count: 0 }
    }

    /// Adds a message of a group.
    pub fn push(&mut self, group: GroupId, message: Message) {
        self.count += 1;
        let mut out = Writer { head: &mut self.head, bodies: &mut self.bodies };
        out.u32(group);
        out.message(message);
    }

    /// The frame.
    pub fn finish(mut self) -> Frame {
        let length = (self.head.len() + 4) as u32;
        self.head[4..8].copy_from_slice(&length.to_le_bytes());
        self.head[28..32].copy_from_slice(&self.count.to_le_bytes());
        let crc = crc32c::crc32c(&self.head);
        self.head.extend_from_slice(&crc.to_le_bytes());
        Frame { head: self.head, bodies: self.bodies }
    }
}

impl Frame {
    /// A frame of one message.
    pub fn of(sender: Sender, group: GroupId, message: Message) -> Frame {
        let mut builder = FrameBuilder::new(sender);
        builder.push(group, message);
        builder.finish()
    }

    /// Bytes on a wire.
    pub fn size(&self) -> usize {
        self.head.len() + self.bodies.iter().map(Bytes::len).sum::<usize>()
    }

    /// Head and entries one after another, as a socket carries them.
    pub fn to_bytes(&self) -> Bytes {
        let mut bytes = BytesMut::with_capacity(self.size());
        bytes.extend_from_slice(&self.head);
        for body in &self.bodies {
            bytes.extend_from_slice(body);
        }
        bytes.freeze()
    }

    /// A frame as a socket carried it; entries are slices of it, not copies.
    pub fn from_bytes(mut bytes: Bytes) -> Result<Frame, Malformed> {
        if bytes.len() < PREFIX + 4 {
            return Err(Malformed("a frame is shorter than its prefix"));
        }
        let length = u32::from_le_bytes(bytes[4..8].try_into().expect("four bytes")) as usize;
        if !(PREFIX + 4..=bytes.len()).contains(&length) {
            return Err(Malformed("a frame's head is longer than the frame"));
        }
        let head = bytes.split_to(length).to_vec();
        let frame = Frame { head, bodies: vec![bytes] };
        frame.sender()?;
        // One contiguous body: cut it where the messages say that entries end.
        let mut reader = Reader::of(&frame.head, vec![frame.bodies[0].clone()]);
        let mut bodies = Vec::new();
        for _ in 0..frame.count() {
            reader.u32()?;
            match reader.message()? {
                Message::Append { entries, .. } | Message::Fetched { entries, .. } => {
                    bodies.extend(entries);
                }
                Message::PreVote { .. }
                | Message::PreVoteReply { .. }
                | Message::Vote { .. }
                | Message::VoteReply { .. }
                | Message::AppendOk { .. }
                | Message::AppendReject { .. }
                | Message::Beat { .. }
                | Message::BeatOk { .. }
                | Message::Fetch { .. }
                | Message::WhereIs { .. }
                | Message::Create { .. }
                | Message::Produced { .. }
                | Message::Refused { .. }
                | Message::Directory { .. } => {}
                Message::Produce(produce) => bodies.push(produce.messages),
            }
        }
        if !reader.bodies.iter().all(Bytes::is_empty) {
            return Err(Malformed("a frame carries more than its messages say"));
        }
        Ok(Frame { head: frame.head, bodies })
    }

    /// Who sent it. Checks mark, length and checksum.
    pub fn sender(&self) -> Result<Sender, Malformed> {
        let head = &self.head[..];
        if head.len() < PREFIX + 4 {
            return Err(Malformed("a frame is shorter than its prefix"));
        }
        let (content, crc) = head.split_at(head.len() - 4);
        if crc32c::crc32c(content).to_le_bytes() != crc {
            return Err(Malformed("a frame's head does not match its checksum"));
        }
        let mut reader = Reader { head, at: 0, bodies: Vec::new() };
        if reader.u32()? != MARK || reader.u32()? as usize != head.len() {
            return Err(Malformed("a frame does not begin with its mark and length"));
        }
        Ok(Sender { cluster: reader.u64()?, endpoint: reader.u32()?, incarnation: reader.u64()? })
    }

    /// Hands every message to `each`. Call [`Frame::sender`] first: it checks the checksum.
    pub fn for_each(self, mut each: impl FnMut(GroupId, Message)) -> Result<(), Malformed> {
        let count = self.count();
        let mut bodies = self.bodies;
        bodies.reverse();
        let mut reader = Reader::of(&self.head, bodies);
        for _ in 0..count {
            let group = reader.u32()?;
            each(group, reader.message()?);
        }
        Ok(())
    }

    fn count(&self) -> u32 {
        u32::from_le_bytes(self.head[28..32].try_into().expect("four bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quorum::Voter;
    use proptest::prelude::*;

    fn id() -> impl Strategy<Value = EntryId> {
        any::<(u64, u64, u64)>().prop_map(|(index, term, hash)| EntryId { index, term, hash })
    }

    fn bodies() -> impl Strategy<Value = Vec<Bytes>> {
        proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 1..40).prop_map(Bytes::from),
            0..4,
        )
    }

    fn places() -> impl Strategy<Value = Vec<Place>> {
        let voters = proptest::collection::vec(any::<(u32, u32)>(), 0..4);
        let place = (any::<u32>(), any::<u64>(), voters, any::<Vec<u32>>(), any::<(u32, u32)>());
        proptest::collection::vec(
            place.prop_map(|(group, incarnation, voters, learners, quorums)| Place {
                group,
                incarnation,
                config: Config {
                    voters: voters
                        .into_iter()
                        .map(|(node, region)| Voter { node, region })
                        .collect(),
                    learners,
                    write_quorum: quorums.0,
                    election_quorum: quorums.1,
                },
            }),
            0..3,
        )
    }

    fn message() -> impl Strategy<Value = Message> {
        prop_oneof![
            (any::<u64>(), id()).prop_map(|(term, last)| Message::PreVote { term, last }),
            (any::<u64>(), any::<bool>())
                .prop_map(|(term, granted)| Message::PreVoteReply { term, granted }),
            (any::<u64>(), id()).prop_map(|(term, last)| Message::Vote { term, last }),
            (any::<u64>(), any::<bool>())
                .prop_map(|(term, granted)| Message::VoteReply { term, granted }),
            (any::<u64>(), id(), any::<u64>(), bodies()).prop_map(
                |(term, previous, commit, entries)| Message::Append {
                    term,
                    previous,
                    commit,
                    entries
                }
            ),
            (any::<u64>(), any::<u64>(), id()).prop_map(|(term, generation, matched)| {
                Message::AppendOk { term, generation, matched }
            }),
            any::<(u64, u64, u64, u64)>().prop_map(|(term, tried, hint, hint_term)| {
                Message::AppendReject { term, tried, hint, hint_term }
            }),
            any::<(u64, u64, u64, u64)>().prop_map(|(term, sequence, commit, sent)| {
                Message::Beat { term, sequence, commit, sent }
            }),
            (any::<(u64, u64, u64, u64, u64)>(), id()).prop_map(
                |((term, sequence, sent, generation, verified), matched)| Message::BeatOk {
                    term,
                    sequence,
                    sent,
                    generation,
                    verified,
                    matched
                }
            ),
            (any::<(u64, u64, u32, u32, u32)>(), proptest::collection::vec(any::<u8>(), 1..40))
                .prop_map(|((request, producer, epoch, sequence, count), messages)| {
                    Message::Produce(Produce {
                        request,
                        acks: Acks::RegionQuorum,
                        term: producer ^ 1,
                        producer,
                        epoch,
                        sequence,
                        count,
                        crc: sequence ^ 7,
                        messages: messages.into(),
                    })
                }),
            any::<(u64, u64, u32)>().prop_map(|(request, from, bytes_max)| Message::Fetch {
                request,
                from,
                level: ReadLevel::Linearizable,
                bytes_max
            }),
            any::<u64>().prop_map(|request| Message::WhereIs { request }),
            (any::<u64>(), places())
                .prop_map(|(request, places)| Message::Create { request, places }),
            (any::<(u64, u64, u64)>(), id()).prop_map(|((request, incarnation, offset), entry)| {
                Message::Produced {
                    request,
                    acks: Acks::Leader,
                    receipt: Receipt { incarnation, entry, offset },
                }
            }),
            (any::<(u64, u64, u64)>(), bodies()).prop_map(|((request, from, end), entries)| {
                Message::Fetched { request, from, end, entries }
            }),
            (any::<(u64, u64)>(), 0usize..8, any::<u32>()).prop_map(
                |((request, term), why, leader)| Message::Refused {
                    request,
                    why: Refusal::ALL[why],
                    term,
                    leader
                }
            ),
            (any::<u64>(), places())
                .prop_map(|(request, places)| Message::Directory { request, places }),
        ]
    }

    fn read(frame: &Frame) -> Vec<(GroupId, Message)> {
        let mut read = Vec::new();
        frame.clone().for_each(|group, message| read.push((group, message))).unwrap();
        read
    }

    proptest! {
        #[test]
        fn a_frame_reads_back_in_parts_and_over_a_socket(
            messages in proptest::collection::vec((any::<u32>(), message()), 0..5),
        ) {
            let sender = Sender { cluster: 5, endpoint: 3, incarnation: 8 };
            let mut builder = FrameBuilder::new(sender);
            for (group, message) in &messages {
                builder.push(*group, message.clone());
            }
            let frame = builder.finish();
            prop_assert_eq!(frame.sender(), Ok(sender));
            prop_assert_eq!(&read(&frame), &messages);
            let carried = Frame::from_bytes(frame.to_bytes()).unwrap();
            prop_assert_eq!(&carried, &frame);
        }

        #[test]
        fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::from_bytes(bytes.into());
        }
    }
}
