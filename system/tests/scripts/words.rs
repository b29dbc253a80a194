//! What the scripts print: messages, entries and replicas as short words. An entry is
//! `index@term`, with the messages that it holds.

use bytes::Bytes;
use system::{
    Acks, Done, Endpoint, Entry, EntryId, Message, Part, ReadLevel, Replica, batch,
    entry::Kind,
    wire::{
        Answer, Ask, Peer,
        answer::{Fetched, Produced, Refused},
        ask::{Fetch, Produce},
        peer::{
            Append, AppendOk, AppendReject, Beat, BeatOk, Over, PreVote, PreVoteReply, Vote,
            VoteReply,
        },
    },
};

/// Clients begin after this endpoint; this one is nobody's client: its answers are only printed.
pub(crate) const ASKER: Endpoint = 100;

/// `n1` for a node, `c1` for a client.
pub(crate) fn name(endpoint: Endpoint) -> String {
    match endpoint {
        ASKER => "asker".into(),
        client if client > ASKER => format!("c{}", client - ASKER),
        node => format!("n{node}"),
    }
}

/// The endpoint of a name.
pub(crate) fn endpoint(name: &str) -> Endpoint {
    let number = || name[1..].parse::<Endpoint>().ok();
    match name.as_bytes().first() {
        Some(b'n') => number(),
        Some(b'c') => number().map(|number| ASKER + number),
        _ => None,
    }
    .unwrap_or_else(|| panic!("`{name}` is neither a node nor a client"))
}

/// The number of a message: `m7`.
pub(crate) fn message_id(word: &str) -> u64 {
    let number = word.strip_prefix('m').and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("`{word}` is no message"))
}

/// The level of this name.
pub(crate) fn acks(word: &str) -> Acks {
    match word {
        "none" => Acks::None,
        "leader" => Acks::Leader,
        "quorum" => Acks::Quorum,
        "region_quorum" => Acks::RegionQuorum,
        _ => panic!("`{word}` is no acknowledgement level"),
    }
}

/// The level of this name.
pub(crate) fn read_level(word: &str) -> ReadLevel {
    match word {
        "eventual" => ReadLevel::Eventual,
        "linearizable" => ReadLevel::Linearizable,
        _ => panic!("`{word}` is no read level"),
    }
}

fn id(entry: EntryId) -> String {
    if entry.index == 0 { "nothing".into() } else { format!("{}@{}", entry.index, entry.term) }
}

fn messages(bytes: &[u8]) -> String {
    let mut names = Vec::new();
    batch::for_each(bytes, |_, id, _| names.push(format!("m{id}")));
    names.join("+")
}

/// An entry: where it stands and what it holds.
pub(crate) fn entry(entry: &Entry) -> String {
    let content = match entry.kind() {
        Kind::Noop => "noop".into(),
        Kind::Messages => messages(&entry.body()[batch::PREFIX..]),
        Kind::Command => "command".into(),
    };
    format!("{} {content}", id(entry.id()))
}

fn entries(list: &[Bytes]) -> String {
    let each = list.iter().map(|bytes| match Entry::decode(bytes.clone()) {
        Ok(known) => entry(&known),
        Err(_) => "damaged".into(),
    });
    format!("[{}]", each.collect::<Vec<_>>().join(", "))
}

/// A replica from outside.
pub(crate) fn replica(replica: &Replica) -> String {
    let view = replica.view();
    let part = match view.part {
        Part::Learner => "learner",
        Part::Follower => "follower",
        Part::PreCandidate => "pre-candidate",
        Part::Candidate => "candidate",
        Part::Leader => "LEADER",
    };
    format!(
        "{part} in term {}, last {}, flushed {}, committed {}",
        view.term,
        id(replica.log().last()),
        view.flushed,
        view.commit
    )
}

/// A message.
pub(crate) fn message(message: &Message) -> String {
    match message {
        Message::Peer(peer) => self::peer(peer),
        Message::Ask { ask, .. } => self::ask(ask),
        Message::Answer { answer, .. } => self::answer(answer),
    }
}

fn peer(peer: &Peer) -> String {
    let verdict = |granted: bool| if granted { "granted" } else { "refused" };
    match peer {
        Peer::PreVote(PreVote { term, last }) => {
            format!("pre-vote? term {term}, log ends {}", id(*last))
        }
        Peer::PreVoteReply(PreVoteReply { term, granted }) => {
            format!("pre-vote {}, term {term}", verdict(*granted))
        }
        Peer::Vote(Vote { term, last }) => format!("vote? term {term}, log ends {}", id(*last)),
        Peer::VoteReply(VoteReply { term, granted }) => {
            format!("vote {}, term {term}", verdict(*granted))
        }
        Peer::Append(Append { term, previous, commit, entries: list }) => format!(
            "append term {term}, after {}: {}, commit {commit}",
            id(*previous),
            entries(list)
        ),
        Peer::AppendOk(AppendOk { term, generation, matched }) => {
            format!("appended term {term}, up to {}, generation {generation}", id(*matched))
        }
        Peer::AppendReject(AppendReject { term, tried, hint, hint_term }) => {
            format!("differs term {term}, at {tried}, try {hint}@{hint_term}")
        }
        Peer::Beat(Beat { term, sequence, commit, .. }) => {
            format!("beat {sequence} term {term}, commit {commit}")
        }
        Peer::BeatOk(BeatOk { term, sequence, generation, verified, matched, .. }) => format!(
            "beat {sequence} heard term {term}, verified {verified}, flushed {}, generation \
             {generation}",
            id(*matched)
        ),
        Peer::Over(Over { term }) => format!("over, it is term {term}"),
    }
}

fn ask(ask: &Ask) -> String {
    match ask {
        Ask::Produce(Produce { acks, term, epoch, sequence, messages: bytes, .. }) => format!(
            "produce {} {acks:?}, term {term}, epoch {epoch} sequence {sequence}",
            messages(bytes)
        ),
        Ask::Fetch(Fetch { from, level, .. }) => format!("fetch {level:?} from offset {from}"),
        Ask::WhereIs(_) => "where is?".into(),
        Ask::Create(_) => "create".into(),
    }
}

fn answer(answer: &Answer) -> String {
    match answer {
        Answer::Produced(Produced { acks, receipt }) => {
            format!("produced {acks:?}: {} offset {}", id(receipt.entry), receipt.offset)
        }
        Answer::Fetched(Fetched { end, entries: list, .. }) => {
            format!("fetched {} up to offset {end}", entries(list))
        }
        Answer::Refused(Refused { why, term, leader }) => {
            let leader = if *leader == 0 { "nobody".into() } else { name(*leader) };
            format!("refused {why:?}, term {term}, leader {leader}")
        }
        Answer::Directory(_) => "directory".into(),
    }
}

/// What became of a call.
pub(crate) fn done(done: &Done) -> String {
    match done {
        Done::Produced(Some(receipt)) => {
            format!("acknowledged: {} offset {}", id(receipt.entry), receipt.offset)
        }
        Done::Produced(None) => "sent, without acknowledgement".into(),
        Done::Fetched(records, end) => {
            let names: Vec<String> =
                records.iter().map(|read| format!("m{}", read.message)).collect();
            format!("read: [{}] up to offset {end}", names.join(", "))
        }
        Done::Created => "created".into(),
        Done::Refused(why) => format!("REFUSED: {why}"),
        Done::Unknown(why) => format!("UNKNOWN: {why}"),
    }
}
