//! A node that is handed what it cannot read: words of a newer version, and frames that break off. It
//! counts them and takes the rest.

use crate::machine::Machine;
use system::{
    Config, Frame, FrameBuilder, Input, Limits, Message, Node, Place, Sender, Settings, Timing,
    Voter,
    wire::{ask::WhereIs, peer::Beat},
};

const ASKER: u32 = 9;

fn node(machine: &mut Machine) -> Node {
    let voters = vec![Voter { node: 1, region: 0 }];
    let config = Config { voters, learners: vec![], write_quorum: 1, election_quorum: 1 };
    let metadata = Place { group: 0, incarnation: 1, config };
    let timing = Timing { heartbeat: 10, election_min: 100, election_max: 200 };
    let settings =
        Settings { cluster: 1, node: 1, metadata, timing, limits: Limits::default(), plant: None };
    Node::format(machine, &settings).expect("an empty disk");
    machine.end_flush();
    Node::open(machine, settings).expect("a disk of its own")
}

/// The sound frame of two questions, changed at a byte of its second message, and whole again.
fn changed(at: usize, value: u8) -> Frame {
    let mut frame = FrameBuilder::new(Sender { cluster: 1, endpoint: ASKER, incarnation: 0 });
    frame.push(0, Message::ask(1, WhereIs {}));
    frame.push(0, Message::ask(2, WhereIs {}));
    let mut frame = frame.finish();
    let message = (frame.head.len() - 36 - 4) / 2;
    frame.head[36 + message + at] = value;
    let end = frame.head.len() - 4;
    let crc = crc32c::crc32c(&frame.head[..end]);
    frame.head[end..].copy_from_slice(&crc.to_le_bytes());
    frame
}

/// What a node answers to a frame, and how often it reached a mark.
fn answers(frame: Frame, mark: &str) -> (usize, u64) {
    let mut machine = Machine::default();
    let mut node = node(&mut machine);
    machine.sent.clear();
    node.turn(&mut machine, &mut vec![Input::Frame(frame)]).expect("it goes on");
    let mut told = 0;
    for (to, frame) in machine.sent.drain(..).filter(|(to, _)| *to == ASKER) {
        frame.for_each(|_, _| told += 1).unwrap_or_else(|why| panic!("to {to}: {why:?}"));
    }
    let hits = node.marks().iter().find(|(name, _)| *name == mark);
    (told, hits.expect("a mark of this name").1)
}

#[test]
fn a_word_that_a_node_does_not_know_is_counted_and_the_others_are_answered() {
    // The kind stands behind the group, the length of its fields behind the kind.
    let (kind, length) = (4, 5);
    assert_eq!(answers(changed(kind, 22), "unknown_message"), (2, 0));
    assert_eq!(answers(changed(kind, 99), "unknown_message"), (1, 1));
    assert_eq!(answers(changed(length, 7), "malformed_frame"), (1, 1));
}

/// Another disk may hold a copy of this node's identity (S1): what it says is not heard, whatever it is.
#[test]
fn whoever_goes_by_the_nodes_own_name_is_not_heard() {
    let mut machine = Machine::default();
    let mut node = node(&mut machine);
    machine.sent.clear();
    let mut frame = FrameBuilder::new(Sender { cluster: 1, endpoint: 1, incarnation: 0 });
    frame.push(0, Message::ask(1, WhereIs {}));
    frame.push(0, Beat { term: 9, sequence: 1, commit: 0, sent: 0 }.into());
    node.turn(&mut machine, &mut vec![Input::Frame(frame.finish())]).expect("it goes on");
    assert!(machine.sent.is_empty(), "{:?}", machine.sent);
}
