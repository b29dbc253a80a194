//! Kinds of messages, as rows: [`words`] makes a family of them, and [`Message`] is one of any family.

use super::{Answer, Ask, Peer};
use crate::codec::{Field, Malformed, Reader, Writer};

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

    pub(super) fn put(self, out: &mut Writer<'_>) {
        match self {
            Message::Peer(peer) => {
                out.head.push(peer.kind());
                peer.put(out);
            }
            Message::Ask { request, ask } => {
                out.head.push(ask.kind());
                request.put(out);
                ask.put(out);
            }
            Message::Answer { request, answer } => {
                out.head.push(answer.kind());
                request.put(out);
                answer.put(out);
            }
        }
    }

    pub(super) fn get(from: &mut Reader<'_>) -> Result<Message, Malformed> {
        let kind = from.u8()?;
        if let Some(peer) = Peer::get(kind, from)? {
            return Ok(Message::Peer(peer));
        }
        let request = u64::get(from)?;
        if let Some(ask) = Ask::get(kind, from)? {
            return Ok(Message::Ask { request, ask });
        }
        let answer = Answer::get(kind, from)?.ok_or(Malformed("an unknown message"))?;
        Ok(Message::Answer { request, answer })
    }
}

impl<T: Into<Peer>> From<T> for Message {
    fn from(word: T) -> Message {
        Message::Peer(word.into())
    }
}
