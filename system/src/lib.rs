//! The thing under test: a replicated log for messages, written as if it were going to production. It
//! does not know that it is watched.
//!
//! Read it in this order. [`quorum`] says who counts; [`entry`] and [`log`] what is replicated;
//! [`persist`] and [`registry`] how it stands on a disk, [`rope`] how it is read, [`durable`] how far that is
//! to be trusted; [`wire`] and [`batch`] how it travels (both formats:
//! docs/FORMAT.md). [`replica`] is Raft as a pure step, one group each, and `rules.rs` what it asks before
//! anything counts; [`dedup`] makes producers idempotent. [`node`] is the shell: one turn of all replicas of a node, over the
//! [`host`] seam. [`client`] is the other end. [`planted`] and [`marks`] are bugs and coverage that a
//! harness may look at.
//!
//! Rules cited as S1 to S48, and incidents cited by letter and number, are those of the project's
//! catalogue of messaging failures; each stands where it is kept.
//!
//! # Caveats
//! Membership of a group is fixed at its creation. There are no snapshots and no retention: logs only
//! grow, and a replica that lags is brought up by replay. Bytes that rot below a proven position are
//! refused, not repaired: the group is *blocked* on that node and says so. Reads while opening are
//! synchronous.

pub mod batch;
pub mod client;
mod codec;
pub mod dedup;
pub mod durable;
pub mod entry;
pub mod host;
pub mod levels;
pub mod log;
pub mod marks;
pub mod node;
pub mod persist;
pub mod place;
pub mod planted;
pub mod quorum;
pub mod registry;
pub mod replica;
pub mod rope;
mod rules;
pub mod types;
mod wakes;
pub mod wire;

pub use batch::{content, encode, payload};
pub use client::{Client, ClientSettings, Done, Fetched, Sequenced};
pub use codec::Malformed;
pub use entry::Entry;
pub use host::{FileId, Host};
pub use levels::{Acks, ReadLevel};
pub use log::Log;
pub use marks::{Mark, Marks};
pub use node::{Input, Node, Settings, Stop};
pub use place::Place;
pub use planted::{Plant, Planted};
pub use quorum::{Config, Voter};
pub use replica::{Part, Replica, Timing, View};
pub use types::{
    Endpoint, EntryId, GroupId, Index, METADATA, Nanos, NodeId, Offset, RegionId, Term,
};
pub use wire::{Frame, FrameBuilder, Message, Receipt, Refusal, Sender};
