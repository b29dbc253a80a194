//! What a client asked, as words: the part of a line before its time.

use super::{Moment, Words, moment, number, numbered, seconds};
use crate::history::{Acks, Ask, Content, MessageId, Offset, Partition, ReadLevel, Sequence, Step};

/// The number that a call was given, and when if that is told.
pub(super) type Given = (Sequence, Option<Moment>);

const VERBS: &str = "`produce`, `fetch`, `poll`, `transact`, `assign`, `subscribe`, `join`, \
                     `commit` or `offsets`";

/// Reads the words after the client.
pub(super) fn read(words: &mut Words<'_>) -> Result<(Ask, Option<Given>), String> {
    let ask = match words.next(VERBS)? {
        "produce" => return produce(words),
        "fetch" => fetch(words)?,
        "poll" => Ask::Poll,
        "transact" => transact(words)?,
        verb @ ("assign" | "subscribe") => {
            let partitions = partitions(words.next("partitions such as `p1,p2`, or `-`")?)?;
            Ask::Assign { partitions, is_managed: verb == "subscribe" }
        }
        "join" => Ask::Join { group: group(words)? },
        "commit" => {
            let (group, generation) = (group(words)?, number(words.keyed("generation")?)?);
            let offsets = words.next("offsets such as `p1=5,p2=7`")?.split(',');
            let offsets = offsets.map(|pair| {
                let (partition, offset) = self::pair(pair)?;
                Ok((partition, number(offset)?))
            });
            Ask::CommitOffsets {
                group,
                generation,
                offsets: offsets.collect::<Result<_, String>>()?,
            }
        }
        "offsets" => {
            let group = group(words)?;
            Ask::FetchOffsets { group, partitions: partitions(words.next("partitions")?)? }
        }
        other => return Err(format!("expected {VERBS}, found `{other}`")),
    };
    words.end()?;
    Ok((ask, None))
}

fn produce(words: &mut Words<'_>) -> Result<(Ask, Option<Given>), String> {
    let partition = words.numbered('p', "a partition such as `p1`")?;
    let messages = words.next("messages such as `m1,m2`, or `-` for none")?;
    let listed = messages.split(',').filter(|message| *message != "-");
    let listed = listed.map(message).collect::<Result<Vec<_>, _>>()?;
    let contents: Vec<Content> = listed.iter().filter_map(|(_, content)| *content).collect();
    let messages: Vec<MessageId> = listed.iter().map(|(message, _)| *message).collect();
    if !contents.is_empty() && contents.len() < messages.len() {
        return Err("the content of some messages is told, and of others not".to_owned());
    }
    let (mut acks, mut producer) = (Acks::Quorum, None);
    while let Some(word) = words.more() {
        match word.strip_prefix("producer=") {
            Some(given) => producer = Some(self::given(given)?),
            None => {
                let names = Acks::ALL.map(Acks::name).join(", ");
                acks = Acks::ALL
                    .into_iter()
                    .find(|acks| acks.name() == word)
                    .ok_or(format!("expected one of {names} or `producer=`, found `{word}`"))?;
            }
        }
    }
    words.end()?;
    let contents = contents.into();
    Ok((Ask::Produce { partition, messages, acks, contents }, producer))
}

fn fetch(words: &mut Words<'_>) -> Result<Ask, String> {
    let partition = words.numbered('p', "a partition such as `p1`")?;
    let from: Offset = number(words.keyed("from")?)?;
    let level = match words.more() {
        None | Some("linearizable") => ReadLevel::Linearizable,
        Some("eventual") => ReadLevel::Eventual,
        Some("session") => ReadLevel::Session,
        Some(other) => match other.strip_prefix("bounded=") {
            Some(bound) => ReadLevel::Bounded(seconds(bound)?),
            None => {
                return Err(format!(
                    "expected `eventual`, `bounded=`, `session` or `linearizable`, found `{other}`"
                ));
            }
        },
    };
    Ok(Ask::Fetch { partition, from, level })
}

fn transact(words: &mut Words<'_>) -> Result<Ask, String> {
    let mut steps = Vec::new();
    while let Some(word) = words.more() {
        let send = |word: &str| {
            let (partition, message) = word.split_once(':')?;
            let message: MessageId = numbered(message, 'm', "").ok()?;
            Some(Step::Send { partition: numbered(partition, 'p', "").ok()?, message })
        };
        let step = if word == "poll" { Some(Step::Poll) } else { send(word) };
        steps.push(step.ok_or(format!("expected `p1:m1` or `poll`, found `{word}`"))?);
    }
    Ok(Ask::Transact { steps })
}

fn group(words: &mut Words<'_>) -> Result<u64, String> {
    numbered(words.next("a group such as `g1`")?, 'g', "a group such as `g1`")
}

/// Partitions side by side, or `-` for none.
pub(super) fn partitions(text: &str) -> Result<Vec<Partition>, String> {
    let partitions = text.split(',').filter(|partition| *partition != "-");
    partitions.map(|partition| numbered(partition, 'p', "a partition such as `p1`")).collect()
}

/// A partition and what is said of it.
pub(super) fn pair(text: &str) -> Result<(Partition, &str), String> {
    let (partition, rest) =
        text.split_once('=').ok_or(format!("expected `p1=5`, found `{text}`"))?;
    Ok((numbered(partition, 'p', "a partition such as `p1`")?, rest))
}

/// `7/0/0`, or with its moment `7/0/0@0.012`.
fn given(text: &str) -> Result<Given, String> {
    match text.split_once('@') {
        Some((sequence, at)) => Ok((self::sequence(sequence)?, Some(moment(at)?))),
        None => Ok((sequence(text)?, None)),
    }
}

/// `m1`, or with a hash of its content `m1=00000000000000ff`.
pub(super) fn message(text: &str) -> Result<(MessageId, Option<Content>), String> {
    let what = "a message such as `m1`";
    let Some((message, content)) = text.split_once('=') else {
        return Ok((numbered(text, 'm', what)?, None));
    };
    match u64::from_str_radix(content, 16) {
        Ok(hash @ 1..) => Ok((numbered(message, 'm', what)?, Some(Content::of(hash)))),
        Ok(0) | Err(_) => Err(format!("expected a hash in hex and above 0, found `{content}`")),
    }
}

fn sequence(text: &str) -> Result<Sequence, String> {
    let parts: Vec<&str> = text.split('/').collect();
    let [producer, epoch, sequence] = parts[..] else {
        return Err(format!("expected `producer=ID/EPOCH/SEQUENCE`, found `{text}`"));
    };
    Ok(Sequence { producer: number(producer)?, epoch: number(epoch)?, sequence: number(sequence)? })
}
