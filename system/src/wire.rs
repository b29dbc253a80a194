//! What travels. A [`Frame`] goes from one endpoint to another; in it stand [`Message`]s, each of one of
//! three families: what replicas say to each other ([`peer`]), what clients ask ([`ask`]), what they are
//! answered ([`answer`]). A kind of message is one row of its family: its number, its name and its
//! fields, from which type, writer and reader are made (`words.rs`).

pub mod answer;
pub mod ask;
mod frame;
pub mod peer;
mod words;

pub use answer::{Answer, Receipt, Refusal};
pub use ask::{Ask, Produce};
pub use frame::{Frame, FrameBuilder, Sender};
pub use peer::Peer;
pub use words::Message;
