//! What the second decoder hears in frames: every claim, nothing else, and no gibberish.

use super::{GROUP, NODE, place, told};
use bytes::Bytes;
use checkers::Claim;
use sim::subject::ours::witness::{Told, for_each_told};
use system::{
    FrameBuilder, Message, Receipt, Sender,
    wire::{
        answer::{Directory, Fetched, Produced, Refused},
        peer::{
            Append, AppendOk, AppendReject, Beat, BeatOk, Over, PreVote, PreVoteReply, Vote,
            VoteReply,
        },
    },
};

fn id(index: u64) -> system::EntryId {
    system::EntryId { index, term: 4, hash: index * 1_000 }
}

/// A frame with every word that replicas say, and an acknowledgement.
fn talkative() -> Vec<u8> {
    let mut frame = FrameBuilder::new(Sender { cluster: 5, endpoint: NODE, incarnation: 6 });
    let entries = vec![Bytes::from_static(b"one"), Bytes::from_static(b"another")];
    let receipt = Receipt { incarnation: 77, entry: id(12), offset: 40 };
    let (term, request, group) = (4, 99, GROUP);
    for message in [
        PreVote { term, last: id(1) }.into(),
        PreVoteReply { term, granted: true }.into(),
        Vote { term, last: id(2) }.into(),
        VoteReply { term, granted: false }.into(),
        VoteReply { term, granted: true }.into(),
        Append { term, previous: id(3), commit: 2, entries: entries.clone() }.into(),
        AppendOk { term, generation: 1, matched: id(5) }.into(),
        AppendReject { term, tried: 9, hint: 8, hint_term: 3 }.into(),
        Beat { term, sequence: 7, sent: 0, commit: 5 }.into(),
        BeatOk { term, sequence: 7, sent: 0, generation: 1, verified: 8, matched: id(6) }.into(),
        BeatOk { term, sequence: 7, sent: 0, generation: 1, verified: 0, matched: id(0) }.into(),
        Over { term }.into(),
        Message::answer(request, Fetched { from: 1, end: 3, entries }),
        Message::answer(request, Refused { why: system::Refusal::NotReady, term, leader: 2 }),
        Message::answer(request, Directory { places: vec![place()] }),
        Message::answer(request, Produced { acks: system::Acks::Quorum, receipt }),
    ] {
        frame.push(group, message);
    }
    frame.finish().head
}

#[test]
fn every_claim_in_a_frame_is_heard_and_nothing_else() {
    let append = |index: u64| Claim::Append { term: 4, index, hash: index * 1_000 };
    let claim = |claim| Told::Claim { group: GROUP, claim };
    let mut heard = Vec::new();
    let whole = for_each_told(&talkative(), 2, |told| heard.push(told));
    assert_eq!(whole, Some(()), "something in it could not be read");
    let entry = told(id(12));
    let acks = checkers::Acks::Quorum;
    assert_eq!(
        heard,
        [
            claim(Claim::Vote { term: 4, candidate: 2 }),
            claim(append(5)),
            claim(append(6)),
            Told::Acked { group: GROUP, request: 99, acks, entry, offset: 40 },
        ]
    );
}

#[test]
fn gibberish_is_not_understood_and_does_no_harm() {
    let frame = talkative();
    for length in 0..frame.len() {
        let _ = for_each_told(&frame[..length], 2, |_| {});
        let mut damaged = frame.clone();
        for value in [0, 1, 0x7f, 0xff] {
            damaged[length] = value;
            let _ = for_each_told(&damaged, 2, |_| {});
        }
    }
}

/// A kind that the witness does not know may be a claim: it stops there, wherever it stands.
#[test]
fn a_message_of_an_unknown_kind_is_not_passed_over() {
    let frame = talkative();
    let mut at = 36;
    let mut seen = 0;
    while at < frame.len() - 4 {
        let mut unknown = frame.clone();
        unknown[at + 4] = 99;
        assert_eq!(for_each_told(&unknown, 2, |_| {}), None, "message {seen}");
        let length = u32::from_le_bytes(frame[at + 5..at + 9].try_into().expect("four bytes"));
        (at, seen) = (at + 13 + length as usize, seen + 1);
    }
    let told = u32::from_le_bytes(frame[28..32].try_into().expect("four bytes"));
    assert!(seen == told && told > 9, "{seen} messages of {told}");
}
