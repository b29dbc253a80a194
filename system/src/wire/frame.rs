//! Frames. All messages for one peer that come out of one turn share a frame (so heartbeats of many
//! groups are one frame a node pair).
//!
//! A frame is a small checksummed head and the encoded entries it carries, which are shared with logs
//! and disks and never copied (docs/FORMAT.md). Over a real socket head and entries follow one another
//! ([`Frame::to_bytes`]); in the simulation the very same parts are handed over.

use super::Message;
use crate::{
    codec::{Field, Malformed, Reader, Writer},
    types::{Endpoint, GroupId},
};
use bytes::{Bytes, BytesMut};

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
        group.put(&mut out);
        message.put(&mut out);
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
        let frame = Frame { head, bodies: Vec::new() };
        frame.sender()?;
        // One contiguous body: cut it where the messages say that entries end.
        let mut reader = frame.reader(vec![bytes]);
        reader.cut = Some(Vec::new());
        for _ in 0..frame.count() {
            u32::get(&mut reader)?;
            Message::get(&mut reader)?;
        }
        if !reader.bodies.iter().all(Bytes::is_empty) {
            return Err(Malformed("a frame carries more than its messages say"));
        }
        let bodies = reader.cut.unwrap_or_default();
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
        let mut reader = Reader::of(head);
        if u32::get(&mut reader)? != MARK || u32::get(&mut reader)? as usize != head.len() {
            return Err(Malformed("a frame does not begin with its mark and length"));
        }
        let (cluster, endpoint) = (u64::get(&mut reader)?, u32::get(&mut reader)?);
        Ok(Sender { cluster, endpoint, incarnation: u64::get(&mut reader)? })
    }

    /// Hands every message to `each`, and says how many were of kinds that are not known here: a newer
    /// peer may say them, and they are passed over. Call [`Frame::sender`] first: it checks the checksum.
    pub fn for_each(mut self, mut each: impl FnMut(GroupId, Message)) -> Result<u64, Malformed> {
        let mut bodies = std::mem::take(&mut self.bodies);
        bodies.reverse();
        let (mut reader, mut unknown) = (self.reader(bodies), 0);
        for _ in 0..self.count() {
            let group = u32::get(&mut reader)?;
            match Message::get(&mut reader)? {
                Some(message) => each(group, message),
                None => unknown += 1,
            }
        }
        Ok(unknown)
    }

    /// Reads the messages; `bodies` last first.
    fn reader(&self, bodies: Vec<Bytes>) -> Reader<'_> {
        let messages = &self.head[..self.head.len() - 4];
        Reader { head: messages, at: PREFIX, bodies, cut: None }
    }

    fn count(&self) -> u32 {
        u32::from_le_bytes(self.head[28..32].try_into().expect("four bytes"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        levels::{Acks, ReadLevel},
        place::Place,
        quorum::{Config, Voter},
        types::EntryId,
        wire::{
            Answer, Ask, Peer, Receipt, Refusal,
            answer::{Directory, Fetched, Produced, Refused},
            ask::{Create, Fetch, Produce, WhereIs},
            peer::{
                Append, AppendOk, AppendReject, Beat, BeatOk, Over, PreVote, PreVoteReply, Vote,
                VoteReply,
            },
        },
    };
    use proptest::prelude::*;

    fn bodies() -> impl Strategy<Value = Vec<Bytes>> {
        let body = proptest::collection::vec(any::<u8>(), 1..40).prop_map(Bytes::from);
        proptest::collection::vec(body, 0..4)
    }

    fn places() -> impl Strategy<Value = Vec<Place>> {
        let voters = proptest::collection::vec(any::<(u32, u32)>(), 0..4);
        let place = (any::<u32>(), any::<u64>(), voters, any::<Vec<u32>>(), any::<(u32, u32)>());
        let place = place.prop_map(|(group, incarnation, voters, learners, quorums)| {
            let voters = voters.into_iter().map(|(node, region)| Voter { node, region }).collect();
            let (write_quorum, election_quorum) = quorums;
            let config = Config { voters, learners, write_quorum, election_quorum };
            Place { group, incarnation, config }
        });
        proptest::collection::vec(place, 0..3)
    }

    /// Numbers for the fields of a message of any kind.
    type Numbers = (u64, u64, u64, u64, u64, u32);

    /// One message of each kind.
    fn every((a, b, c, d, e, f): Numbers, bodies: &[Bytes], places: &[Place]) -> Vec<Message> {
        let id = EntryId { index: a, term: b, hash: c };
        let (entries, places) = (bodies.to_vec(), places.to_vec());
        vec![
            PreVote { term: a, last: id }.into(),
            PreVoteReply { term: a, granted: b % 2 == 0 }.into(),
            Vote { term: d, last: id }.into(),
            VoteReply { term: a, granted: b % 2 == 0 }.into(),
            Append { term: d, previous: id, commit: e, entries: entries.clone() }.into(),
            AppendOk { term: d, generation: e, matched: id }.into(),
            AppendReject { term: a, tried: b, hint: c, hint_term: d }.into(),
            Beat { term: a, sequence: b, commit: c, sent: d }.into(),
            BeatOk { term: d, sequence: e, sent: a, generation: b, verified: c, matched: id }
                .into(),
            Over { term: d }.into(),
            Message::ask(
                e,
                Produce {
                    acks: Acks::RegionQuorum,
                    term: a,
                    producer: b,
                    epoch: f,
                    sequence: f ^ 1,
                    count: f ^ 2,
                    crc: f ^ 3,
                    messages: bodies.first().cloned().unwrap_or(Bytes::from_static(b"one")),
                },
            ),
            Message::ask(e, Fetch { from: a, level: ReadLevel::Linearizable, bytes_max: f }),
            Message::ask(e, WhereIs {}),
            Message::ask(e, Create { places: places.clone() }),
            Message::answer(
                e,
                Produced {
                    acks: Acks::Leader,
                    receipt: Receipt { incarnation: d, entry: id, offset: e },
                },
            ),
            Message::answer(e, Fetched { from: a, end: b, entries }),
            Message::answer(
                e,
                Refused { why: Refusal::ALL[f as usize % Refusal::ALL.len()], term: a, leader: f },
            ),
            Message::answer(e, Directory { places }),
        ]
    }

    fn is_known(kind: u8) -> bool {
        Peer::has(kind) || Ask::has(kind) || Answer::has(kind)
    }

    fn read(frame: &Frame) -> Vec<(GroupId, Message)> {
        let mut read = Vec::new();
        frame.clone().for_each(|group, message| read.push((group, message))).unwrap();
        read
    }

    proptest! {
        #[test]
        fn a_frame_reads_back_in_parts_and_over_a_socket(
            numbers in any::<Numbers>(),
            bodies in bodies(),
            places in places(),
            picks in proptest::collection::vec(any::<(u32, usize)>(), 0..6),
        ) {
            let every = every(numbers, &bodies, &places);
            let picks = picks.into_iter();
            let messages: Vec<(GroupId, Message)> =
                picks.map(|(group, pick)| (group, every[pick % every.len()].clone())).collect();
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

        /// Whoever does not know a kind reads everything before and behind it, over a socket and in parts.
        #[test]
        fn a_message_of_an_unknown_kind_is_counted_and_passed_over(
            numbers in any::<Numbers>(),
            bodies in bodies(),
            places in places(),
            (pick, kind) in (any::<usize>(), any::<u8>().prop_filter("ours", |kind| !is_known(*kind))),
        ) {
            let every = every(numbers, &bodies, &places);
            let sender = Sender { cluster: 5, endpoint: 3, incarnation: 8 };
            let mut builder = FrameBuilder::new(sender);
            builder.push(1, every[4].clone());
            let at = builder.head.len() + 4;
            builder.push(2, every[pick % every.len()].clone());
            builder.head[at] = kind;
            builder.push(3, every[4].clone());
            let frame = builder.finish();
            let carried = Frame::from_bytes(frame.to_bytes()).unwrap();
            for frame in [frame, carried] {
                let mut read = Vec::new();
                let unknown = frame.for_each(|group, message| read.push((group, message)));
                prop_assert_eq!(unknown, Ok(1));
                prop_assert_eq!(&read, &[(1, every[4].clone()), (3, every[4].clone())]);
            }
        }

        #[test]
        fn a_message_that_is_longer_than_its_kind_is_malformed(numbers in any::<Numbers>()) {
            let every = every(numbers, &[], &[]);
            let mut builder = FrameBuilder::new(Sender { cluster: 5, endpoint: 3, incarnation: 8 });
            builder.push(1, every[0].clone());
            builder.head.push(0);
            builder.head[PREFIX + 5] += 1;
            let read = builder.finish().for_each(|_, _| {});
            prop_assert_eq!(read, Err(Malformed("a message is not as long as its kind is")));
        }

        #[test]
        fn no_bytes_make_a_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Frame::from_bytes(bytes.into());
        }
    }
}
