//! What was heard, when, and what excuses whom.

use super::*;
use bytes::Bytes;
use system::{
    EntryId, FrameBuilder, Message, Sender,
    wire::{
        ask::Fetch,
        peer::{Append, AppendReject, Beat, BeatOk, PreVote, PreVoteReply, Vote, VoteReply},
    },
};

const MS: u64 = 1_000_000;

fn frame(from: u32, messages: &[Message]) -> Vec<u8> {
    let mut frame = FrameBuilder::new(Sender { cluster: 1, endpoint: from, incarnation: 1 });
    messages.iter().for_each(|message| frame.push(1, message.clone()));
    frame.finish().head
}

fn beat(term: u64) -> Message {
    Beat { term, sequence: 3, commit: 0, sent: 0 }.into()
}

fn beat_ok(term: u64) -> Message {
    let matched = EntryId::default();
    BeatOk { term, sequence: 3, sent: 0, generation: 0, verified: 0, matched }.into()
}

fn pre_vote(term: u64) -> Message {
    PreVote { term, last: EntryId::default() }.into()
}

/// One node that follows n2 in term 7, and answers.
struct Node(Ears);

impl Node {
    fn new() -> Node {
        let mut ears = Ears::new(1, 2);
        ears.begin(0, 0);
        Node(ears)
    }

    fn turn(&mut self, ms: u64, from: u32, messages: &[Message]) {
        self.0.turn(0, ms * MS);
        self.0.hand(0, &frame(from, messages), |_| 7);
    }

    fn say(&mut self, to: u32, message: Message) -> Option<Option<Heard>> {
        let mut facts = Vec::new();
        self.0.send(0, to, &frame(1, &[message]), &mut facts);
        let fact = facts.pop()?;
        let Fact::Balloted { heard, own, .. } = fact else { panic!("{fact:?}") };
        Some(heard.filter(|heard| heard.term == own))
    }

    fn follow(&mut self, ms: u64) {
        self.turn(ms, 2, &[beat(7)]);
        assert_eq!(self.say(2, beat_ok(7)), None);
    }

    fn grant(&mut self) -> Option<Heard> {
        self.say(3, PreVoteReply { term: 8, granted: true }.into()).expect("a grant")
    }
}

#[test]
fn a_grant_is_told_with_the_heartbeat_that_was_handed_over_before_it() {
    let mut node = Node::new();
    node.follow(100);
    node.turn(150, 3, &[pre_vote(8)]);
    assert_eq!(node.grant(), Some(Heard { term: 7, ago_ns: 50 * MS }));
}

#[test]
fn an_append_is_heard_as_a_heartbeat_is() {
    let mut node = Node::new();
    node.follow(100);
    let (previous, entries) = (EntryId::default(), Vec::new());
    node.turn(300, 2, &[Append { term: 7, previous, commit: 0, entries }.into()]);
    node.turn(350, 3, &[pre_vote(8)]);
    assert_eq!(node.grant(), Some(Heard { term: 7, ago_ns: 50 * MS }));
}

#[test]
fn an_older_leader_or_an_older_life_was_not_heard() {
    let mut node = Node::new();
    node.turn(100, 2, &[beat(6)]);
    node.say(2, beat_ok(7));
    node.turn(150, 3, &[pre_vote(8)]);
    assert_eq!(node.grant(), None, "n2 does not lead its term any more");
    node.follow(200);
    node.0.begin(0, 250 * MS);
    node.turn(260, 3, &[pre_vote(8)]);
    assert_eq!(node.grant(), None);
}

#[test]
fn a_replica_that_answers_nobody_takes_part_in_nothing() {
    let mut node = Node::new();
    node.turn(100, 2, &[beat(7)]);
    node.turn(150, 3, &[pre_vote(8)]);
    assert_eq!(node.grant(), None);
}

#[test]
fn who_was_asked_twice_may_have_decided_at_either_time() {
    let mut node = Node::new();
    node.follow(100);
    node.turn(1_500, 3, &[pre_vote(8)]);
    node.follow(1_600);
    node.turn(1_601, 3, &[pre_vote(8)]);
    assert_eq!(node.grant().map(|heard| heard.ago_ns), Some(1_400 * MS));
}

#[test]
fn a_newer_term_in_the_same_turn_ends_what_was_heard() {
    let mut node = Node::new();
    node.follow(100);
    let newer = AppendReject { term: 9, tried: 1, hint: 0, hint_term: 0 }.into();
    node.turn(150, 3, &[newer, pre_vote(8)]);
    assert_eq!(node.grant(), None);
}

/// Swarm seed 3986: n1 woke from a pause to a request for its vote, to beats of the leader before, and
/// to a request for a pre-vote, all in one turn. The vote came first.
#[test]
fn a_request_for_a_vote_in_the_same_turn_ends_what_was_heard() {
    let mut node = Node::new();
    node.follow(100);
    let vote = Vote { term: 8, last: EntryId::default() }.into();
    node.turn(2_000, 3, &[vote, beat(7), pre_vote(9)]);
    let granted = PreVoteReply { term: 9, granted: true }.into();
    assert_eq!(node.say(3, granted), Some(None));
    node.follow(2_100);
    node.turn(2_150, 3, &[Vote { term: 8, last: EntryId::default() }.into()]);
    let granted = VoteReply { term: 8, granted: true }.into();
    assert_eq!(node.say(3, granted), Some(Some(Heard { term: 7, ago_ns: 50 * MS })));
}

#[test]
fn who_stands_for_election_is_told_with_what_it_heard_in_turns_before() {
    let mut node = Node::new();
    node.follow(100);
    node.turn(500, 2, &[beat(7)]);
    let Fact::Balloted { heard, own, ballot, .. } = node.0.began(0, 1, 8, 7) else {
        panic!("a ballot")
    };
    assert_eq!((heard, own, ballot), (Some(Heard { term: 7, ago_ns: 400 * MS }), 7, Ballot::Begun));
}

#[test]
fn who_stands_for_election_is_told_with_whoever_granted_it_that_term() {
    let mut node = Node::new();
    let reply = |term, granted| PreVoteReply { term, granted }.into();
    node.turn(100, 5, &[reply(7, true)]);
    node.turn(200, 3, &[reply(8, true)]);
    node.turn(300, 4, &[reply(8, false)]);
    node.turn(400, 3, &[reply(8, true)]);
    let consents = |fact| {
        let Fact::Balloted { consents, .. } = fact else { panic!("{fact:?}") };
        consents
    };
    assert_eq!(consents(node.0.began(0, 1, 8, 7)), [3]);
    assert!(consents(node.0.began(0, 1, 9, 8)).is_empty(), "that was another term");
}

#[test]
fn rounds_reads_and_elections_of_a_life_are_counted() {
    let mut node = Node::new();
    let level = system::ReadLevel::Linearizable;
    let read = Message::ask(1, Fetch { from: 0, level, bytes_max: 1 });
    node.turn(100, 9, &[read]);
    node.say(2, beat(7));
    node.0.elected(0);
    let (rounds, reads, elections) = (3, 1, 1);
    let told = Fact::Rounds { node: 1, rounds, elapsed_ns: 400 * MS, reads, elections };
    assert_eq!(node.0.end(0, 400 * MS), Some(told));
    assert_eq!(node.0.end(0, 500 * MS), None, "a life ends once");
}

#[test]
fn gibberish_is_not_heard_and_does_no_harm() {
    let entries = vec![Bytes::from_static(b"one")];
    let append = Append { term: 7, previous: EntryId::default(), commit: 0, entries }.into();
    let whole = frame(2, &[beat(7), append, pre_vote(8)]);
    for at in 0..whole.len() {
        let _ = for_each_word(&whole[..at], |_| {});
        for value in [0, 1, 0xff] {
            let mut damaged = whole.clone();
            damaged[at] = value;
            let _ = for_each_word(&damaged, |_| {});
        }
    }
    let mut words = Vec::new();
    assert_eq!(for_each_word(&whole, |word| words.push(word)), Some(()));
    assert_eq!(words.len(), 3);
}
