//! The thing under test: a replicated log for messages, written as if it were going to production. It
//! does not know that it is watched.
//!
//! # The picture
//! ```text
//! client ──frame──▶ node ──message──▶ replica of a group ──entries──▶ broker: what they make of the group
//!    ▲               │ ▲                 │   ▲    │
//!    └──answer───────┘ │                 │   │    └─records─▶ disk: blocks, flushes
//!                      └─frames of peers─┘   └─what is durable────────┘
//! ```
//! A *topic* is cut into *partitions*; a partition is a replication *group* of a few nodes, and the log of
//! the group is the partition: an entry of it holds the messages of one produce call. Group 0 is metadata:
//! its entries say which partitions there are. A node holds one *replica* of each group that names it, and
//! lets all of them act in *turns*: everything that has arrived goes in, everything that follows comes
//! out, and nothing waits in between. So the code is a function of what it is handed, and a simulator can
//! hand it whatever could happen. A turn writes one block for each group and asks for one flush; frames to
//! one peer are one frame. Under load both grow by themselves: that is all the batching there is.
//!
//! # How to read it
//! 1. [`types`], [`quorum`], [`configurations`], [`place`] and [`levels`]: who counts, and when, where a
//!    group stands, what may be promised.
//! 2. [`entry`] and [`log`]: what is replicated. [`batch`]: messages in an entry. [`broker`]: what
//!    committed entries make of a group (producers, the directory).
//! 3. [`disk`]: how logs stand on a disk and how far they are to be trusted. [`wire`]: what travels. Both
//!    formats: docs/FORMAT.md.
//! 4. [`replica`]: Raft as a pure step, one group each; `rules/`: what it asks before anything counts.
//! 5. [`node`]: the shell, one turn of all replicas of a node, over the [`host`] seam. [`client`]: the
//!    other end.
//! 6. [`planted`] and [`marks`]: bugs and coverage that a harness may look at.
//!
//! # A call, followed
//! A client's produce call of message m7 for partition 3, at level `quorum`:
//! 1. The client gives it a sequence number, looks up who leads, and sends `Produce`, with the term in
//!    which it believes that node to lead. Without an answer it asks again, here or elsewhere: the number
//!    makes the repeat harmless (S36), the term makes a late copy harmless (S16, S40).
//! 2. The leader asks the producer table whether it is new, appends entry (9, term 4), and the turn's end
//!    writes a block, begins a flush, and sends `Append` to its peers.
//! 3. A follower that holds entry 8 takes entry 9, and its block is flushed before `AppendOk` leaves (S9).
//! 4. The leader's own flush ends, or another follower's answer comes: a quorum has flushed entry 9, of
//!    its own term, so it and everything before it is committed (S11), and `Produced` leaves.
//! 5. Power fails everywhere. Whoever opens its disk finds entry 9, or finds that what was durable is not
//!    there and refuses to take part (S21). A candidate without entry 9 finds no quorum (S14).
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
pub mod broker;
pub mod client;
mod codec;
pub mod configurations;
pub mod disk;
pub mod entry;
pub mod host;
pub mod levels;
pub mod log;
pub mod marks;
pub mod node;
pub mod place;
pub mod planted;
pub mod quorum;
pub mod replica;
mod rules;
pub mod settings;
pub mod types;
pub mod wire;

pub use batch::{content, encode, payload};
pub use client::{Client, ClientSettings, Done, Fetched, Sequenced};
pub use codec::Malformed;
pub use entry::Entry;
pub use host::{FileId, Host};
pub use levels::{Acks, ReadLevel};
pub use log::Log;
pub use marks::{Mark, Marks};
pub use node::{Input, Node, Stop};
pub use place::Place;
pub use planted::{Plant, Planted};
pub use quorum::{Config, Voter};
pub use replica::{Part, Replica, View};
pub use settings::{Limits, Settings, Timing};
pub use types::{
    Endpoint, EntryId, GroupId, Index, METADATA, Nanos, NodeId, Offset, RegionId, Term,
};
pub use wire::{Frame, FrameBuilder, Message, Receipt, Refusal, Sender};
