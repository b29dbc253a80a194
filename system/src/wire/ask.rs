//! What clients ask. Each question carries the client's number, which its answer repeats.

use super::words::words;
use crate::{
    levels::{Acks, ReadLevel},
    place::Place,
    types::{Offset, Term},
};
use bytes::Bytes;

words! {
    /// From a client to a node.
    Ask {
        /// Append messages.
        20 Produce {
            /// The promise asked for.
            acks: Acks,
            /// The term in which the client believes the receiver to lead; 0 to ask. Only the leader of
            /// exactly this term takes the request, so nobody takes it later, when the network delivers
            /// the frame again and the term is over (S16, S40).
            term: Term,
            /// Who produces; 0 for a producer that is not idempotent.
            producer: u64,
            /// Rises when the producer gave an unknown outcome up.
            epoch: u32,
            /// Of the first message, from 0 in each epoch.
            sequence: u32,
            /// How many messages.
            count: u32,
            /// CRC-32C of the messages.
            crc: u32,
            /// The messages, encoded (see `batch.rs`).
            messages: Bytes,
        }
        /// Read messages.
        21 Fetch {
            /// From this offset on.
            from: Offset,
            /// How fresh.
            level: ReadLevel,
            /// About so many bytes, at least one entry.
            bytes_max: u32,
        }
        /// Where do partitions stand?
        22 WhereIs {}
        /// Create partitions.
        23 Create {
            /// Where they shall stand.
            places: Vec<Place>,
        }
    }
}
