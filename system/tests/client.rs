//! What a client promises, whatever it is answered: every call ends once, in bounded time and tries;
//! *refused* means that every attempt was refused for certain; a sequence is never used for two calls.

use proptest::prelude::*;
use std::collections::BTreeMap;
use system::{
    Acks, Client, ClientSettings, Config, Done, Endpoint, EntryId, Frame, Message, Nanos, NodeId,
    Place, ReadLevel, Receipt, Refusal, Sender, Term, Voter, encode, payload,
    wire::{
        Ask,
        answer::{Directory, Produced, Refused},
        ask::Produce,
    },
};

const MS: Nanos = 1_000_000;
const CLIENT: Endpoint = 100;
const GROUP: u32 = 1;

fn place(group: u32) -> Place {
    let voters = (1..=3).map(|node| Voter { node, region: node }).collect();
    let config = Config { voters, learners: vec![], write_quorum: 2, election_quorum: 2 };
    Place { group, incarnation: 1, config }
}

fn answer(client: &mut Client, now: Nanos, group: u32, message: Message) {
    let sender = Sender { cluster: 1, endpoint: 1, incarnation: 0 };
    client.receive(now, Frame::of(sender, group, message));
}

/// A client that knows one partition.
fn client() -> Client {
    let mut client = Client::new(ClientSettings {
        cluster: 1,
        endpoint: CLIENT,
        nodes: vec![1, 2, 3],
        attempt: 400 * MS,
        call: 2_000 * MS,
        queue_max: 4,
    });
    answer(&mut client, 0, 0, Message::answer(0, Directory { places: vec![place(GROUP)] }));
    client
}

fn produce(client: &mut Client, id: u64) {
    client.produce(0, id, GROUP, Acks::Quorum, 1, encode(&[(id, payload(id, 8))]));
}

/// The questions that the client has sent since the last time, and to whom.
fn questions(client: &mut Client) -> Vec<(NodeId, Message)> {
    let frames: Vec<(NodeId, Frame)> = client.take_frames().collect();
    let mut questions = Vec::new();
    for (node, frame) in frames {
        frame.for_each(|_, message| questions.push((node, message))).expect("a sound frame");
    }
    questions
}

/// What the other side does with an attempt.
#[derive(Clone, Copy, Debug)]
enum Reply {
    Silence,
    Produced,
    Refused(Refusal, Term, NodeId),
}

/// What a run of the client came to, as whoever answers has seen it.
#[derive(Debug, Default)]
struct Seen {
    /// For each call: whether each attempt was refused for certain.
    attempts: BTreeMap<u64, Vec<bool>>,
    /// For each call: epoch and sequence of its attempts.
    sequences: BTreeMap<u64, (u32, u32)>,
    done: Vec<(u64, Done)>,
}

/// Runs the client by its own timer until it has nothing left to do, answering at once.
fn run_down(client: &mut Client, mut replies: impl Iterator<Item = Reply>) -> Seen {
    let (mut now, mut seen) = (0, Seen::default());
    for _ in 0..10_000 {
        assert!(now <= 2_000 * MS, "a call outlives its deadline: {now}");
        let asked = questions(client);
        let is_quiet = asked.is_empty();
        for (_, question) in asked {
            let Message::Ask { request, ask: Ask::Produce(produce) } = question else {
                panic!("{question:?}")
            };
            let reply = replies.next().unwrap_or(Reply::Silence);
            seen.note(&produce, reply);
            match reply {
                Reply::Silence => {}
                Reply::Refused(why, term, leader) => {
                    let refused = Refused { why, term, leader };
                    answer(client, now, GROUP, Message::answer(request, refused));
                }
                Reply::Produced => {
                    let receipt = Receipt { incarnation: 1, entry: EntryId::default(), offset: 0 };
                    let acks = Acks::Quorum;
                    answer(
                        client,
                        now,
                        GROUP,
                        Message::answer(request, Produced { acks, receipt }),
                    );
                }
            }
        }
        seen.done.extend(client.take_done());
        if client.deadline() == Nanos::MAX {
            return seen;
        }
        if is_quiet {
            now = now.max(client.deadline());
            client.tick(now);
        }
    }
    panic!("a client that never comes to an end");
}

impl Seen {
    fn note(&mut self, produce: &Produce, reply: Reply) {
        let mut id = 0;
        system::batch::for_each(&produce.messages, |_, own, _| id = own);
        // Said once more, in the test's own words: it was a question only, the request itself is wrong,
        // or whoever refused it has the proof. A copy may have been taken, whatever the term.
        let is_definite = match reply {
            Reply::Silence | Reply::Produced => false,
            Reply::Refused(Refusal::NotLeader | Refusal::UnknownPartition, _, _) => {
                produce.term == 0
            }
            Reply::Refused(why, _, _) => {
                matches!(why, Refusal::Fenced | Refusal::Malformed | Refusal::NotTaken)
            }
        };
        self.attempts.entry(id).or_default().push(is_definite);
        let own = (produce.epoch, produce.sequence);
        assert_eq!(*self.sequences.entry(id).or_insert(own), own, "a retry keeps its sequence");
    }
}

fn reply() -> impl Strategy<Value = Reply> {
    let refused = (0usize..9, 0u64..6, 0u32..4).prop_map(|(why, term, leader)| {
        let all = [
            Refusal::NotLeader,
            Refusal::NotReady,
            Refusal::UnknownPartition,
            Refusal::Fenced,
            Refusal::OutOfOrder,
            Refusal::LeadershipLost,
            Refusal::Unconfirmed,
            Refusal::Malformed,
            Refusal::NotTaken,
        ];
        Reply::Refused(all[why], term, leader)
    });
    let redirect = (1u64..6, 1u32..4)
        .prop_map(|(term, leader)| Reply::Refused(Refusal::NotLeader, term, leader));
    prop_oneof![1 => Just(Reply::Silence), 2 => Just(Reply::Produced), 3 => refused, 4 => redirect]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_call_ends_once_and_refused_means_that_every_attempt_was(
        replies in proptest::collection::vec(reply(), 0..24),
    ) {
        let mut client = client();
        (1..=3).for_each(|id| produce(&mut client, id));
        let seen = run_down(&mut client, replies.into_iter());
        let order: Vec<u64> = seen.done.iter().map(|(id, _)| *id).collect();
        prop_assert_eq!(order, vec![1, 2, 3]);
        let mut next = (0, 0);
        for (id, done) in &seen.done {
            let attempts = seen.attempts.get(id).cloned().unwrap_or_default();
            let is_definite = attempts.iter().all(|definite| *definite);
            match done {
                Done::Refused(_) => prop_assert!(is_definite, "m{}: {:?}", id, attempts),
                Done::Unknown(_) => prop_assert!(!is_definite, "m{}: {:?}", id, attempts),
                Done::Produced(Some(_)) => {}
                Done::Produced(None) | Done::Fetched(..) | Done::Created => {
                    prop_assert!(false, "m{} cannot end as {:?}", id, done);
                }
            }
            let Some(own) = seen.sequences.get(id) else { continue };
            prop_assert_eq!(*own, next, "m{} has a sequence of its own", id);
            let is_acknowledged = matches!(done, Done::Produced(_));
            next = if is_acknowledged { (own.0, own.1 + 1) } else { (own.0 + 1, 0) };
        }
    }
}

#[test]
fn silence_ends_a_call_as_unknown_after_one_attempt_in_each_timeout() {
    let mut client = client();
    produce(&mut client, 1);
    let seen = run_down(&mut client, std::iter::empty());
    assert_eq!(seen.attempts[&1].len(), 5);
    assert!(matches!(&seen.done[..], [(1, Done::Unknown(_))]), "{:?}", seen.done);
}

#[test]
fn tries_grow_rarer_while_nobody_leads() {
    let mut client = client();
    produce(&mut client, 1);
    let nobody = Reply::Refused(Refusal::NotLeader, 3, 0);
    let seen = run_down(&mut client, std::iter::repeat(nobody));
    assert!((5..20).contains(&seen.attempts[&1].len()), "{:?}", seen.attempts);
    assert!(matches!(&seen.done[..], [(1, Done::Refused(_))]), "{:?}", seen.done);
}

#[test]
fn a_call_behind_too_many_others_is_refused_at_once() {
    let mut client = client();
    (1..=6).for_each(|id| produce(&mut client, id));
    let done: Vec<_> = client.take_done().collect();
    assert!(matches!(&done[..], [(6, Done::Refused(_))]), "{done:?}");
}

#[test]
fn to_create_without_an_answer_may_have_happened_and_to_read_has_not() {
    let mut client = client();
    client.create(0, 1, vec![place(2)]);
    client.fetch(0, 2, GROUP, 0, ReadLevel::Linearizable, 1 << 20);
    while client.deadline() != Nanos::MAX {
        client.tick(client.deadline());
    }
    let done: BTreeMap<u64, Done> = client.take_done().collect();
    assert!(matches!(done[&1], Done::Unknown(_)), "{done:?}");
    assert!(matches!(done[&2], Done::Refused(_)), "{done:?}");
}

#[test]
fn to_create_may_have_happened_even_if_every_attempt_found_no_leader() {
    let mut client = client();
    client.create(0, 1, vec![place(2)]);
    let mut now = 0;
    while client.deadline() != Nanos::MAX {
        for (_, question) in questions(&mut client) {
            // It carries no term: the network may deliver it again to a node that leads by then.
            let Message::Ask { request, .. } = question else { panic!("{question:?}") };
            let (why, term, leader) = (Refusal::NotLeader, 3, 0);
            let refused = Refused { why, term, leader };
            answer(&mut client, now, 0, Message::answer(request, refused));
        }
        now = client.deadline();
        client.tick(now);
    }
    let done: Vec<_> = client.take_done().collect();
    assert!(matches!(&done[..], [(1, Done::Unknown(_))]), "{done:?}");
}
