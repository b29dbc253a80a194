//! How messages are laid into the head of a frame and read out of it, field by field (docs/FORMAT.md).
//! A number is little-endian; a list begins with its length; an entry stands beside the head, which
//! tells its length only. Nothing that is read here is believed before it was seen to fit.

use super::{Acks, Malformed, Message, PREFIX, Place, Produce, ReadLevel, Receipt, Refusal};
use crate::{
    quorum::{Config, Voter},
    types::EntryId,
};
use bytes::Bytes;

pub(super) struct Writer<'a> {
    pub(super) head: &'a mut Vec<u8>,
    pub(super) bodies: &'a mut Vec<Bytes>,
}

impl Writer<'_> {
    fn u8(&mut self, value: u8) {
        self.head.push(value);
    }
    pub(super) fn u32(&mut self, value: u32) {
        self.head.extend_from_slice(&value.to_le_bytes());
    }
    pub(super) fn u64(&mut self, value: u64) {
        self.head.extend_from_slice(&value.to_le_bytes());
    }
    fn id(&mut self, id: EntryId) {
        self.u64(id.index);
        self.u64(id.term);
        self.u64(id.hash);
    }
    fn body(&mut self, body: Bytes) {
        self.u32(body.len() as u32);
        self.bodies.push(body);
    }
    fn bodies(&mut self, bodies: Vec<Bytes>) {
        self.u32(bodies.len() as u32);
        for body in bodies {
            self.body(body);
        }
    }
    fn places(&mut self, places: &[Place]) {
        self.u32(places.len() as u32);
        for place in places {
            put_place(self.head, place);
        }
    }

    pub(super) fn message(&mut self, message: Message) {
        match message {
            Message::PreVote { term, last } => {
                self.u8(1);
                self.u64(term);
                self.id(last);
            }
            Message::PreVoteReply { term, granted } => {
                self.u8(2);
                self.u64(term);
                self.u8(u8::from(granted));
            }
            Message::Vote { term, last } => {
                self.u8(3);
                self.u64(term);
                self.id(last);
            }
            Message::VoteReply { term, granted } => {
                self.u8(4);
                self.u64(term);
                self.u8(u8::from(granted));
            }
            Message::Append { term, previous, commit, entries } => {
                self.u8(5);
                self.u64(term);
                self.id(previous);
                self.u64(commit);
                self.bodies(entries);
            }
            Message::AppendOk { term, generation, matched } => {
                self.u8(6);
                self.u64(term);
                self.u64(generation);
                self.id(matched);
            }
            Message::AppendReject { term, tried, hint, hint_term } => {
                self.u8(7);
                self.u64(term);
                self.u64(tried);
                self.u64(hint);
                self.u64(hint_term);
            }
            Message::Beat { term, sequence, commit, sent } => {
                self.u8(8);
                self.u64(term);
                self.u64(sequence);
                self.u64(commit);
                self.u64(sent);
            }
            Message::BeatOk { term, sequence, sent, generation, verified, matched } => {
                self.u8(9);
                self.u64(term);
                self.u64(sequence);
                self.u64(sent);
                self.u64(generation);
                self.u64(verified);
                self.id(matched);
            }
            Message::Produce(produce) => {
                self.u8(20);
                self.u64(produce.request);
                self.u8(produce.acks as u8);
                self.u64(produce.term);
                self.u64(produce.producer);
                self.u32(produce.epoch);
                self.u32(produce.sequence);
                self.u32(produce.count);
                self.u32(produce.crc);
                self.body(produce.messages);
            }
            Message::Fetch { request, from, level, bytes_max } => {
                self.u8(21);
                self.u64(request);
                self.u64(from);
                self.u8(level as u8);
                self.u32(bytes_max);
            }
            Message::WhereIs { request } => {
                self.u8(22);
                self.u64(request);
            }
            Message::Create { request, places } => {
                self.u8(23);
                self.u64(request);
                self.places(&places);
            }
            Message::Produced { request, acks, receipt } => {
                self.u8(30);
                self.u64(request);
                self.u8(acks as u8);
                self.u64(receipt.incarnation);
                self.id(receipt.entry);
                self.u64(receipt.offset);
            }
            Message::Fetched { request, from, end, entries } => {
                self.u8(31);
                self.u64(request);
                self.u64(from);
                self.u64(end);
                self.bodies(entries);
            }
            Message::Refused { request, why, term, leader } => {
                self.u8(32);
                self.u64(request);
                self.u8(why as u8);
                self.u64(term);
                self.u32(leader);
            }
            Message::Directory { request, places } => {
                self.u8(33);
                self.u64(request);
                self.places(&places);
            }
        }
    }
}

/// Writes a place as frames and metadata entries carry it.
pub(crate) fn put_place(out: &mut Vec<u8>, place: &Place) {
    let config = &place.config;
    out.extend_from_slice(&place.group.to_le_bytes());
    out.extend_from_slice(&place.incarnation.to_le_bytes());
    out.extend_from_slice(&config.write_quorum.to_le_bytes());
    out.extend_from_slice(&config.election_quorum.to_le_bytes());
    out.extend_from_slice(&(config.voters.len() as u32).to_le_bytes());
    out.extend_from_slice(&(config.learners.len() as u32).to_le_bytes());
    for voter in &config.voters {
        out.extend_from_slice(&voter.node.to_le_bytes());
        out.extend_from_slice(&voter.region.to_le_bytes());
    }
    for learner in &config.learners {
        out.extend_from_slice(&learner.to_le_bytes());
    }
}

/// Reads places that [`put_place`] wrote, one after another to the end.
pub(crate) fn get_places(bytes: &[u8]) -> Result<Vec<Place>, Malformed> {
    let mut reader = Reader { head: bytes, at: 0, bodies: Vec::new() };
    let mut places = Vec::new();
    while reader.at < bytes.len() {
        places.push(reader.place()?);
    }
    Ok(places)
}

pub(super) struct Reader<'a> {
    pub(super) head: &'a [u8],
    pub(super) at: usize,
    /// What is left of the bodies, last first.
    pub(super) bodies: Vec<Bytes>,
}

impl Reader<'_> {
    /// Reads the messages of a head whose checksum was seen to match.
    pub(super) fn of(head: &[u8], bodies: Vec<Bytes>) -> Reader<'_> {
        Reader { head: &head[..head.len() - 4], at: PREFIX, bodies }
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let bytes = self.head.get(self.at..self.at + N);
        self.at += N;
        Ok(bytes.ok_or(Malformed("a message ends early"))?.try_into().expect("N bytes"))
    }
    fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.take::<1>()?[0])
    }
    pub(super) fn u32(&mut self) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(self.take()?))
    }
    pub(super) fn u64(&mut self) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(self.take()?))
    }
    fn id(&mut self) -> Result<EntryId, Malformed> {
        Ok(EntryId { index: self.u64()?, term: self.u64()?, hash: self.u64()? })
    }

    fn body(&mut self) -> Result<Bytes, Malformed> {
        let length = self.u32()? as usize;
        let Some(body) = self.bodies.last_mut() else {
            return Err(Malformed("a frame carries fewer entries than it says"));
        };
        if body.len() < length {
            return Err(Malformed("an entry is longer than the frame"));
        }
        if body.len() == length {
            return Ok(self.bodies.pop().expect("a body is left"));
        }
        Ok(body.split_to(length))
    }

    fn bodies(&mut self) -> Result<Vec<Bytes>, Malformed> {
        let count = self.u32()? as usize;
        if count > self.head.len() {
            return Err(Malformed("a message says that it carries more entries than fit"));
        }
        (0..count).map(|_| self.body()).collect()
    }

    fn acks(&mut self) -> Result<Acks, Malformed> {
        match self.u8()? {
            0 => Ok(Acks::None),
            1 => Ok(Acks::Leader),
            2 => Ok(Acks::Quorum),
            3 => Ok(Acks::RegionQuorum),
            4.. => Err(Malformed("an unknown acknowledgement level")),
        }
    }

    fn place(&mut self) -> Result<Place, Malformed> {
        let (group, incarnation) = (self.u32()?, self.u64()?);
        let (write_quorum, election_quorum) = (self.u32()?, self.u32()?);
        let (voters, learners) = (self.u32()? as usize, self.u32()? as usize);
        if voters.max(learners) > self.head.len() {
            return Err(Malformed("a place has more replicas than fit"));
        }
        let voters = (0..voters)
            .map(|_| Ok(Voter { node: self.u32()?, region: self.u32()? }))
            .collect::<Result<_, Malformed>>()?;
        let learners = (0..learners).map(|_| self.u32()).collect::<Result<_, _>>()?;
        let config = Config { voters, learners, write_quorum, election_quorum };
        Ok(Place { group, incarnation, config })
    }

    fn places(&mut self) -> Result<Vec<Place>, Malformed> {
        let count = self.u32()? as usize;
        if count > self.head.len() {
            return Err(Malformed("a message says that it carries more places than fit"));
        }
        (0..count).map(|_| self.place()).collect()
    }

    pub(super) fn message(&mut self) -> Result<Message, Malformed> {
        Ok(match self.u8()? {
            1 => Message::PreVote { term: self.u64()?, last: self.id()? },
            2 => Message::PreVoteReply { term: self.u64()?, granted: self.u8()? != 0 },
            3 => Message::Vote { term: self.u64()?, last: self.id()? },
            4 => Message::VoteReply { term: self.u64()?, granted: self.u8()? != 0 },
            5 => Message::Append {
                term: self.u64()?,
                previous: self.id()?,
                commit: self.u64()?,
                entries: self.bodies()?,
            },
            6 => Message::AppendOk {
                term: self.u64()?,
                generation: self.u64()?,
                matched: self.id()?,
            },
            7 => Message::AppendReject {
                term: self.u64()?,
                tried: self.u64()?,
                hint: self.u64()?,
                hint_term: self.u64()?,
            },
            8 => Message::Beat {
                term: self.u64()?,
                sequence: self.u64()?,
                commit: self.u64()?,
                sent: self.u64()?,
            },
            9 => Message::BeatOk {
                term: self.u64()?,
                sequence: self.u64()?,
                sent: self.u64()?,
                generation: self.u64()?,
                verified: self.u64()?,
                matched: self.id()?,
            },
            20 => Message::Produce(Produce {
                request: self.u64()?,
                acks: self.acks()?,
                term: self.u64()?,
                producer: self.u64()?,
                epoch: self.u32()?,
                sequence: self.u32()?,
                count: self.u32()?,
                crc: self.u32()?,
                messages: self.body()?,
            }),
            21 => Message::Fetch {
                request: self.u64()?,
                from: self.u64()?,
                level: match self.u8()? {
                    0 => ReadLevel::Eventual,
                    1 => ReadLevel::Linearizable,
                    2.. => return Err(Malformed("an unknown read level")),
                },
                bytes_max: self.u32()?,
            },
            22 => Message::WhereIs { request: self.u64()? },
            23 => Message::Create { request: self.u64()?, places: self.places()? },
            30 => Message::Produced {
                request: self.u64()?,
                acks: self.acks()?,
                receipt: Receipt {
                    incarnation: self.u64()?,
                    entry: self.id()?,
                    offset: self.u64()?,
                },
            },
            31 => Message::Fetched {
                request: self.u64()?,
                from: self.u64()?,
                end: self.u64()?,
                entries: self.bodies()?,
            },
            32 => Message::Refused {
                request: self.u64()?,
                why: *Refusal::ALL
                    .get(usize::from(self.u8()?))
                    .ok_or(Malformed("an unknown refusal"))?,
                term: self.u64()?,
                leader: self.u32()?,
            },
            33 => Message::Directory { request: self.u64()?, places: self.places()? },
            _ => return Err(Malformed("an unknown message")),
        })
    }
}
