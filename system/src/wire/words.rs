//! Kinds of messages, as rows: [`words`] makes a family of them, and [`Message`] is one of any family.

use super::{Answer, Ask, Peer};
use crate::codec::{Field, Malformed, Reader, Writer};
use bytes::Bytes;

/// A family: an enum with a struct for each kind, and how each is written and read.
macro_rules! words {
    ($(#[$about:meta])* $family:ident {
        $($(#[$doc:meta])* $kind:literal $word:ident { $($(#[$what:meta])* $field:ident: $type:ty,)* })*
    }) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub struct $word { $($(#[$what])* pub $field: $type,)* }

            impl From<$word> for $family {
                fn from(word: $word) -> $family {
                    $family::$word(word)
                }
            }
        )*

        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum $family { $($(#[$doc])* $word($word),)* }

        impl $family {
            /// The number of its kind, which stands before its fields.
            pub fn kind(&self) -> u8 {
                match self { $($family::$word(_) => $kind,)* }
            }

            /// Whether it has a message of this kind.
            pub fn has(kind: u8) -> bool {
                [$($kind),*].contains(&kind)
            }

            pub(super) fn put(self, out: &mut crate::codec::Writer<'_>) {
                match self { $($family::$word($word { $($field,)* }) => {
                    $(crate::codec::Field::put($field, out);)*
                })* }
            }

            /// The message of this kind whose fields stand next; none if the family has no such kind.
            pub(super) fn get(
                kind: u8,
                from: &mut crate::codec::Reader<'_>,
            ) -> Result<Option<$family>, crate::codec::Malformed> {
                Ok(match kind {
                    $($kind => {
                        $(let $field = crate::codec::Field::get(from)?;)*
                        Some($family::$word($word { $($field,)* }))
                    })*
                    _ => None,
                })
            }
        }
    };
}

pub(super) use words;

/// Every word that nodes and clients say to each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// From a replica to another replica of its group.
    Peer(Peer),
    /// From a client, who gave it a number.
    Ask {
        /// The client's number for this attempt.
        request: u64,
        /// What it asks.
        ask: Ask,
    },
    /// To a client.
    Answer {
        /// The number of what is answered.
        request: u64,
        /// What it is told.
        answer: Answer,
    },
}

impl Message {
    /// A question with this number.
    pub fn ask(request: u64, ask: impl Into<Ask>) -> Message {
        Message::Ask { request, ask: ask.into() }
    }

    /// The answer to the question with this number.
    pub fn answer(request: u64, answer: impl Into<Answer>) -> Message {
        Message::Answer { request, answer: answer.into() }
    }

    /// Lays it down: kind, length of the fields, length of the bodies, fields.
    pub(super) fn put(self, out: &mut Writer<'_>) {
        out.head.push(match &self {
            Message::Peer(peer) => peer.kind(),
            Message::Ask { ask, .. } => ask.kind(),
            Message::Answer { answer, .. } => answer.kind(),
        });
        let (lengths, bodies) = (out.head.len(), out.bodies.len());
        out.head.extend_from_slice(&[0; 8]);
        match self {
            Message::Peer(peer) => peer.put(out),
            Message::Ask { request, ask } => {
                request.put(out);
                ask.put(out);
            }
            Message::Answer { request, answer } => {
                request.put(out);
                answer.put(out);
            }
        }
        let fields = (out.head.len() - lengths - 8) as u32;
        let carried: usize = out.bodies[bodies..].iter().map(Bytes::len).sum();
        out.head[lengths..lengths + 4].copy_from_slice(&fields.to_le_bytes());
        out.head[lengths + 4..lengths + 8].copy_from_slice(&(carried as u32).to_le_bytes());
    }

    /// Reads the next message; none if it is of a kind that is not known here, and was passed over.
    pub(super) fn get(from: &mut Reader<'_>) -> Result<Option<Message>, Malformed> {
        let (kind, length, carried) = (from.u8()?, u32::get(from)?, u32::get(from)?);
        let end = from.at + length as usize;
        let Some(message) = Message::of_kind(kind, from)? else {
            from.skip_to(end, carried as usize)?;
            return Ok(None);
        };
        if from.at != end {
            return Err(Malformed("a message is not as long as its kind is"));
        }
        Ok(Some(message))
    }

    fn of_kind(kind: u8, from: &mut Reader<'_>) -> Result<Option<Message>, Malformed> {
        if let Some(peer) = Peer::get(kind, from)? {
            return Ok(Some(Message::Peer(peer)));
        }
        if Ask::has(kind) {
            let request = u64::get(from)?;
            return Ok(Ask::get(kind, from)?.map(|ask| Message::Ask { request, ask }));
        }
        if Answer::has(kind) {
            let request = u64::get(from)?;
            return Ok(Answer::get(kind, from)?.map(|answer| Message::Answer { request, answer }));
        }
        Ok(None)
    }
}

impl<T: Into<Peer>> From<T> for Message {
    fn from(word: T) -> Message {
        Message::Peer(word.into())
    }
}
