//! What processes were handed: heartbeats, requests for votes, linearizable reads. Kept as an aggregate
//! for each replica, so that a decision of a voter can be told together with what it had heard, and no
//! heartbeat needs a fact of its own.
//!
//! Everything here is about turns: a frame that waits before a paused process was not handed to it. It
//! reads frames by docs/FORMAT.md, trusts no node, and where one turn was handed several things that
//! may explain a decision it says that nothing was heard.

use super::frames::{Raw, for_each_message, sender};
use checkers::{Ballot, Fact, Heard};

/// A heartbeat as it was handed over: the leader's term, and what the node's clock showed.
type Beat = (u64, u64);

/// A request for a vote that was handed over and is not answered yet.
#[derive(Clone, Copy, Debug)]
struct Asked {
    from: u32,
    term: u64,
    ballot: Ballot,
    own: u64,
    heard: Option<Heard>,
}

/// One replica's.
#[derive(Clone, Debug, Default)]
struct Ear {
    /// Whether the replica answers in this life: before that it takes part in nothing (S30).
    is_awake: bool,
    heard: Option<Beat>,
    /// What was heard before the turn of `heard`.
    before: Option<Beat>,
    asked: Vec<Asked>,
    /// The newest term for which pre-votes were granted to it, and by whom.
    consents: (u64, Vec<u32>),
    /// The highest term of other messages of this turn, and the turn.
    newest: (u64, u64),
}

/// One process's.
#[derive(Clone, Debug, Default)]
struct Process {
    is_alive: bool,
    /// What its clock showed when it began, and in this turn.
    began_ns: u64,
    now_ns: u64,
    turn: u64,
    rounds: u64,
    reads: u64,
    elections: u64,
    ears: Vec<Ear>,
}

/// What each process was handed.
#[derive(Clone, Debug)]
pub(crate) struct Ears {
    n_groups: usize,
    processes: Vec<Process>,
}

impl Ears {
    pub(crate) fn new(n_nodes: usize, n_groups: usize) -> Ears {
        Ears { n_groups, processes: vec![Process::default(); n_nodes] }
    }

    /// A process begins: it has heard nothing.
    pub(crate) fn begin(&mut self, place: usize, clock_ns: u64) {
        let ears = vec![Ear::default(); self.n_groups];
        let (is_alive, began_ns, now_ns) = (true, clock_ns, clock_ns);
        self.processes[place] = Process { is_alive, began_ns, now_ns, ears, ..Process::default() };
    }

    /// Its life is over, or the run is: what it did in it.
    pub(crate) fn end(&mut self, place: usize, clock_ns: u64) -> Option<Fact> {
        let process = &mut self.processes[place];
        if !std::mem::take(&mut process.is_alive) {
            return None;
        }
        let elapsed_ns = clock_ns - process.began_ns;
        let Process { rounds, reads, elections, .. } = *process;
        Some(Fact::Rounds { node: place as u32 + 1, rounds, elapsed_ns, reads, elections })
    }

    /// A turn begins.
    pub(crate) fn turn(&mut self, place: usize, clock_ns: u64) {
        let process = &mut self.processes[place];
        process.now_ns = clock_ns;
        process.turn += 1;
    }

    /// A frame is handed over in this turn. `own` tells the term that a replica was last seen in.
    pub(crate) fn hand(&mut self, place: usize, head: &[u8], own: impl Fn(u32) -> u64) {
        let process = &mut self.processes[place];
        let Some(from) = sender(head) else { return };
        for_each_word(head, |word| match word {
            Word::Read => process.reads += 1,
            Word::Beat { group, term, .. } => process.beat(group, term),
            // It says that its leader lives, as a heartbeat does.
            Word::Append { group, term } => {
                process.beat(group, term);
                process.hear(group, term);
            }
            Word::Ask { group, term, ballot } => {
                process.ask(from, group, (term, ballot), own(group));
                // Whoever asks for a vote tells of a term in which there is no leader yet.
                if ballot == Ballot::Vote {
                    process.hear(group, term);
                }
            }
            Word::Other { group, term } => process.hear(group, term),
            Word::Granted { group, term, ballot } => {
                process.hear(group, term);
                process.consent(from, group, (term, ballot));
            }
            Word::BeatOk { group, term } => process.hear(group, term),
        });
    }

    /// A frame leaves: what it grants, with what its sender had heard when it was asked.
    pub(crate) fn send(&mut self, place: usize, to: u32, head: &[u8], facts: &mut Vec<Fact>) {
        let process = &mut self.processes[place];
        let node = place as u32 + 1;
        for_each_word(head, |word| match word {
            Word::Beat { sequence, .. } => process.rounds = process.rounds.max(sequence),
            Word::BeatOk { group, .. } => {
                if let Some(ear) = process.ears.get_mut(group as usize) {
                    ear.is_awake = true;
                }
            }
            Word::Granted { group, term, ballot } => {
                let asked = process.answer(to, group, (term, ballot));
                facts.extend(asked.map(|Asked { own, heard, .. }| Fact::Balloted {
                    node,
                    group,
                    ballot,
                    term,
                    own,
                    heard,
                    consents: Vec::new(),
                }));
            }
            Word::Append { .. } | Word::Ask { .. } | Word::Other { .. } | Word::Read => {}
        });
    }

    /// A replica stands for election since this turn; it was in term `own` before.
    pub(crate) fn began(&self, place: usize, group: u32, term: u64, own: u64) -> Fact {
        let process = &self.processes[place];
        let ear = &process.ears[group as usize];
        // Whatever was handed over in this very turn may have come after the decision.
        let last = match ear.heard {
            Some((_, at_ns)) if at_ns == process.now_ns => ear.before,
            heard => heard,
        };
        let heard = process.heard(ear, last);
        let (node, ballot) = (place as u32 + 1, Ballot::Begun);
        let (granted, by) = &ear.consents;
        let consents = if *granted == term { by.clone() } else { Vec::new() };
        Fact::Balloted { node, group, ballot, term, own, heard, consents }
    }

    /// A replica came to lead.
    pub(crate) fn elected(&mut self, place: usize) {
        self.processes[place].elections += 1;
    }
}

impl Process {
    fn beat(&mut self, group: u32, term: u64) {
        let now_ns = self.now_ns;
        let Some(ear) = self.ears.get_mut(group as usize) else { return };
        // One of an older leader says nothing of the newer.
        if ear.heard.is_some_and(|(heard, _)| heard > term) {
            return;
        }
        if ear.heard.is_none_or(|(_, at_ns)| at_ns != now_ns) {
            ear.before = ear.heard;
        }
        ear.heard = Some((term, now_ns));
    }

    /// Someone would vote for it.
    fn consent(&mut self, from: u32, group: u32, (term, ballot): (u64, Ballot)) {
        let Some(ear) = self.ears.get_mut(group as usize) else { return };
        if ballot != Ballot::PreVote || term < ear.consents.0 {
            return;
        }
        if term > ear.consents.0 {
            ear.consents = (term, Vec::new());
        }
        if !ear.consents.1.contains(&from) {
            ear.consents.1.push(from);
        }
    }

    /// Some other message told a term: a newer one ends what was heard before.
    fn hear(&mut self, group: u32, term: u64) {
        let turn = self.turn;
        let Some(ear) = self.ears.get_mut(group as usize) else { return };
        let newest = if ear.newest.1 == turn { ear.newest.0.max(term) } else { term };
        ear.newest = (newest, turn);
    }

    fn ask(&mut self, from: u32, group: u32, (term, ballot): (u64, Ballot), own: u64) {
        let Some(ear) = self.ears.get(group as usize) else { return };
        let is_told_more =
            ear.newest.1 == self.turn && ear.heard.is_some_and(|(heard, _)| ear.newest.0 > heard);
        let heard = if is_told_more { None } else { self.heard(ear, ear.heard) };
        let own = own.max(heard.map_or(0, |heard| heard.term));
        let asked = Asked { from, term, ballot, own, heard };
        let ear = &mut self.ears[group as usize];
        let same =
            |other: &&mut Asked| (other.from, other.term, other.ballot) == (from, term, ballot);
        match ear.asked.iter_mut().find(same) {
            // Asked twice, it may have decided at either time: what excuses it stays.
            Some(before) => {
                let is_free = |asked: &Asked| asked.heard.is_none_or(|h| h.term != asked.own);
                let is_later = before.heard.map(|h| h.ago_ns) < asked.heard.map(|h| h.ago_ns);
                if !is_free(before) && (is_free(&asked) || is_later) {
                    *before = asked;
                }
            }
            None => {
                // What was asked in older terms is not answered any more.
                ear.asked.retain(|other| other.term >= term);
                ear.asked.push(asked);
            }
        }
    }

    fn answer(&mut self, to: u32, group: u32, (term, ballot): (u64, Ballot)) -> Option<Asked> {
        let ear = self.ears.get_mut(group as usize)?;
        let is_it = |asked: &Asked| (asked.from, asked.term, asked.ballot) == (to, term, ballot);
        let place = ear.asked.iter().position(is_it)?;
        Some(ear.asked.swap_remove(place))
    }

    fn heard(&self, ear: &Ear, beat: Option<Beat>) -> Option<Heard> {
        let (term, at_ns) = beat.filter(|_| ear.is_awake)?;
        Some(Heard { term, ago_ns: self.now_ns - at_ns })
    }
}

/// A message, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Beat {
        group: u32,
        term: u64,
        sequence: u64,
    },
    Append {
        group: u32,
        term: u64,
    },
    BeatOk {
        group: u32,
        term: u64,
    },
    Ask {
        group: u32,
        term: u64,
        ballot: Ballot,
    },
    Granted {
        group: u32,
        term: u64,
        ballot: Ballot,
    },
    /// Any other word between replicas.
    Other {
        group: u32,
        term: u64,
    },
    /// A linearizable fetch.
    Read,
}

/// Hands every such word of a frame's head to `each`.
fn for_each_word(head: &[u8], mut each: impl FnMut(Word)) -> Option<()> {
    for_each_message(head, |message| {
        let Raw { group, kind, .. } = message;
        let term = || message.u64(0);
        let granted = |ballot| {
            let (term, is_granted) = (message.u64(0)?, message.u8(8)? == 1);
            let (granted, other) =
                (Word::Granted { group, term, ballot }, Word::Other { group, term });
            Some(if is_granted { granted } else { other })
        };
        each(match kind {
            1 => Word::Ask { group, term: term()?, ballot: Ballot::PreVote },
            2 => granted(Ballot::PreVote)?,
            3 => Word::Ask { group, term: term()?, ballot: Ballot::Vote },
            4 => granted(Ballot::Vote)?,
            5 => Word::Append { group, term: term()? },
            6 | 7 | 10 => Word::Other { group, term: term()? },
            8 => Word::Beat { group, term: term()?, sequence: message.u64(8)? },
            9 => Word::BeatOk { group, term: term()? },
            21 if message.u8(16)? == 1 => Word::Read,
            _ => return Some(()),
        });
        Some(())
    })
}

#[cfg(test)]
mod tests {
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
            match facts.pop()? {
                Fact::Balloted { heard, own, .. } => Some(heard.filter(|heard| heard.term == own)),
                other => panic!("{other:?}"),
            }
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
        assert_eq!(
            (heard, own, ballot),
            (Some(Heard { term: 7, ago_ns: 400 * MS }), 7, Ballot::Begun)
        );
    }

    #[test]
    fn who_stands_for_election_is_told_with_whoever_granted_it_that_term() {
        let mut node = Node::new();
        let reply = |term, granted| PreVoteReply { term, granted }.into();
        node.turn(100, 5, &[reply(7, true)]);
        node.turn(200, 3, &[reply(8, true)]);
        node.turn(300, 4, &[reply(8, false)]);
        node.turn(400, 3, &[reply(8, true)]);
        let consents = |fact| match fact {
            Fact::Balloted { consents, .. } => consents,
            other => panic!("{other:?}"),
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
}
