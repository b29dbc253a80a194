//! One node: the replica that production runs, over a disk on which nothing happens by itself. It is handed
//! one thing, and says what came of it. Around it is what the shell around replicas does (`node.rs`): it ends
//! the turn, writes its block, begins a flush, and gathers what goes to one peer into one frame.
//!
//! Whether pre-votes are granted is not asked: they change nothing at whoever is asked, and nothing that is
//! safe rests on them. Each campaign's are.

use crate::{
    disk::Disk,
    scope::{CLUSTER, GROUP, Scope},
};
use std::fmt::Write as _;
use system::{
    Endpoint, Frame, FrameBuilder, Marks, Message, NodeId, Part, Planted, Replica, Sender,
    replica::{Context, Effects},
    wire::{
        Answer, Peer,
        peer::{PreVote, PreVoteReply},
    },
};

/// What a node is handed.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Input<'a> {
    Frame(&'a Frame),
    Flushed,
    Tick,
    Beat,
    Crash,
    /// The power fails and is back; so many blocks that were not durable are left nevertheless.
    PowerLoss(usize),
}

/// One node.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    pub(crate) node: NodeId,
    pub(crate) replica: Replica,
    pub(crate) disk: Disk,
    /// Rounds of heartbeats in this life.
    beat: u64,
}

/// What leaves a node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sent {
    /// One frame for each peer, and what it says.
    pub(crate) frames: Vec<(NodeId, Frame, Vec<Message>)>,
    /// What clients are told, by the numbers of their calls.
    pub(crate) answers: Vec<(u64, Answer)>,
    /// Places that the system's code reached.
    pub(crate) marks: Marks,
}

/// What a turn has made.
struct Made {
    effects: Effects,
    marks: Marks,
}

impl Local {
    /// A node that holds a new group.
    pub(crate) fn create(scope: &Scope, node: NodeId) -> Local {
        let replica = Replica::create(&scope.settings(node), scope.place(), 0);
        let mut local = Local { node, replica, disk: Disk::default(), beat: 0 };
        local.write(&mut Planted::default());
        local
    }

    /// What becomes of it, and what leaves it. The error says why it does not start.
    ///
    /// # Panics
    /// If the replica finds that one of its own laws does not hold.
    pub(crate) fn act(&mut self, scope: &Scope, input: Input<'_>) -> Result<Sent, String> {
        let quorum = scope.quorum();
        let made = match input {
            Input::Frame(frame) => {
                let from = frame.sender().expect("a sound frame").endpoint;
                self.turn(scope, |replica, ctx| {
                    let frame = frame.clone();
                    let read = frame.for_each(|_, message| replica.step(ctx, from, message));
                    assert_eq!(read, Ok(0), "a frame that was just made");
                })
            }
            Input::Flushed => {
                self.disk.end_flush();
                self.turn(scope, Replica::on_flushed)
            }
            Input::Tick => self.turn(scope, |replica, ctx| tick(replica, ctx, quorum)),
            Input::Beat => {
                self.beat += 1;
                self.turn(scope, Replica::beat)
            }
            Input::Crash => {
                self.disk.crash();
                self.start(scope)?
            }
            Input::PowerLoss(kept) => {
                self.disk.lose_power(kept);
                self.start(scope)?
            }
        };
        Ok(self.send(made))
    }

    fn start(&mut self, scope: &Scope) -> Result<Made, String> {
        let recovered = self.disk.read(self.node)?;
        assert!(recovered.truncate.is_empty(), "n{} has torn blocks", self.node);
        recovered.rewrite.iter().for_each(|write| self.disk.write(write));
        self.beat = 0;
        let settings = scope.settings(self.node);
        Ok(self.turn(scope, |replica, ctx| *replica = Replica::open(&settings, recovered, ctx)))
    }

    /// One turn of the replica. No time passes, and the dice show nothing.
    fn turn(&mut self, scope: &Scope, act: impl FnOnce(&mut Replica, &mut Context<'_>)) -> Made {
        let (mut effects, mut marks) = (Effects::default(), Marks::default());
        let mut planted = scope.plant.map(Planted::with).unwrap_or_default();
        let mut context = Context {
            now: 0,
            // Stamps tell apart what two leaders of one term would write.
            wall: u64::from(self.node),
            beat: self.beat,
            dice: &mut || 0,
            effects: &mut effects,
            planted: &mut planted,
            marks: &mut marks,
        };
        act(&mut self.replica, &mut context);
        self.replica.end_turn(&mut context);
        self.write(&mut planted);
        Made { effects, marks }
    }

    fn write(&mut self, planted: &mut Planted) {
        if let Some(write) = self.replica.next_write(planted) {
            self.disk.write(&write);
        }
        if self.replica.begin_flush().is_some() {
            self.disk.begin_flush();
        }
        self.replica.keep_written_laws();
    }

    fn send(&self, made: Made) -> Sent {
        let mut sent = Sent { marks: made.marks, ..Sent::default() };
        let mut messages = made.effects.sends;
        messages.sort_by_key(|(to, _, _)| *to);
        for (to, _, message) in messages {
            match message {
                Message::Answer { request, answer } => sent.answers.push((request, answer)),
                Message::Peer(_) | Message::Ask { .. } => match sent.frames.last_mut() {
                    Some((last, _, said)) if *last == to => said.push(message),
                    Some(_) | None => {
                        let frame = Frame { head: Vec::new(), bodies: Vec::new() };
                        sent.frames.push((to, frame, vec![message]));
                    }
                },
            }
        }
        for (_, frame, said) in &mut sent.frames {
            *frame = self.frame(said);
        }
        sent
    }

    fn frame(&self, messages: &[Message]) -> Frame {
        let (cluster, endpoint): (u64, Endpoint) = (CLUSTER, self.node);
        let mut frame = FrameBuilder::new(Sender { cluster, endpoint, incarnation: 0 });
        messages.iter().for_each(|message| frame.push(GROUP, message.clone()));
        frame.finish()
    }

    pub(crate) fn is_leader(&self) -> bool {
        self.replica.view().part == Part::Leader
    }

    /// Everything that tells it from another state of this node: each field of the replica, as it shows
    /// itself to whoever debugs it, and each byte of the disk. A field that comes later is in it, too.
    pub(crate) fn hash(&self, buffer: &mut String, bytes: &mut Vec<u8>) -> u64 {
        buffer.clear();
        bytes.clear();
        write!(buffer, "{:?}", self.replica).expect("a string takes all");
        bytes.extend_from_slice(buffer.as_bytes());
        bytes.extend_from_slice(&self.node.to_le_bytes());
        bytes.extend_from_slice(&self.beat.to_le_bytes());
        self.disk.put_to(bytes);
        xxhash_rust::xxh3::xxh3_64(bytes)
    }
}

/// Patience is over. Pre-votes are answered at once.
fn tick(replica: &mut Replica, ctx: &mut Context<'_>, quorum: usize) {
    let before = ctx.effects.sends.len();
    replica.tick(ctx);
    let asked: Vec<_> = ctx.effects.sends.drain(before..).collect();
    let mut granted = 1;
    for (to, group, message) in asked {
        if let Message::Peer(Peer::PreVote(PreVote { term, .. })) = message {
            if granted < quorum {
                granted += 1;
                replica.step(ctx, to, PreVoteReply { term, granted: true }.into());
            }
        } else {
            ctx.effects.sends.push((to, group, message));
        }
    }
}
