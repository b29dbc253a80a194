//! What came back, as words: the part of a line after its time.

use super::{
    ask::{message, pair, partitions},
    number, numbered,
};
use crate::history::{Ask, Batch, Offset, Outcome, Polled, Record, Reply, Step, StepReply};

/// Reads what came back of this question.
pub(super) fn read(text: &str, ask: &Ask) -> Result<Outcome, String> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    let bare = rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(rest);
    let reason = || bare.to_owned();
    match word {
        "ok" => reply(rest, ask).map(Outcome::Ok),
        "refused" => Ok(Outcome::Refused(reason())),
        "unknown" => Ok(Outcome::Unknown(reason())),
        other => Err(format!("expected `ok`, `refused` or `unknown`, found `{other}`")),
    }
}

fn reply(text: &str, ask: &Ask) -> Result<Reply, String> {
    match ask {
        Ask::Produce { .. } if text.is_empty() => Ok(Reply::Produced { first: None }),
        Ask::Produce { .. } => {
            let first = text.strip_prefix("offset=").ok_or("expected `offset=` after `ok`")?;
            Ok(Reply::Produced { first: Some(number(first)?) })
        }
        Ask::Fetch { .. } => fetched(text),
        Ask::Poll => polled(text).map(|polled| Reply::Polled(Box::new(polled))),
        Ask::Transact { steps } => transacted(text, steps),
        Ask::Assign { .. } => nothing(text, Reply::Assigned),
        Ask::CommitOffsets { .. } => nothing(text, Reply::OffsetsCommitted),
        Ask::Join { .. } => {
            let expected = "expected `generation=3 p1,p2` after `ok`";
            let (generation, owned) = text.split_once(' ').ok_or(expected)?;
            let generation = generation.strip_prefix("generation=").ok_or(expected)?;
            let (generation, partitions) = (number(generation)?, partitions(owned.trim())?);
            Ok(Reply::Joined { generation, partitions })
        }
        Ask::FetchOffsets { .. } => {
            let offsets = text.split(',').filter(|pair| !pair.is_empty()).map(|text| {
                let (partition, offset) = pair(text)?;
                let offset = (offset != "-").then(|| number(offset)).transpose()?;
                Ok((partition, offset))
            });
            Ok(Reply::Offsets { offsets: offsets.collect::<Result<_, String>>()? })
        }
    }
}

fn nothing(text: &str, reply: Reply) -> Result<Reply, String> {
    match text {
        "" => Ok(reply),
        more => Err(format!("nothing more was expected after `ok`, found `{more}`")),
    }
}

fn fetched(text: &str) -> Result<Reply, String> {
    let expected = "expected records and end such as `[0:m1 1:m2] end=2`";
    let (records, end) =
        text.strip_prefix('[').and_then(|text| text.split_once(']')).ok_or(expected)?;
    let end: Offset = number(end.trim().strip_prefix("end=").ok_or(expected)?)?;
    Ok(Reply::Fetched { records: self::records(records, expected)?, end })
}

/// `p1[0:m1 1:m2] p2[4:m5] rebalanced=p1`; nothing for an empty poll.
fn polled(text: &str) -> Result<Polled, String> {
    let expected = "expected records such as `p1[0:m1 1:m2] p2[4:m5]`";
    let mut polled = Polled::default();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(rebalanced) = rest.strip_prefix("rebalanced=") {
            polled.rebalanced = partitions(rebalanced.trim())?;
            break;
        }
        let (partition, records) = rest.split_once('[').ok_or(expected)?;
        let (records, more) = records.split_once(']').ok_or(expected)?;
        let partition = numbered(partition.trim(), 'p', "a partition such as `p1`")?;
        let records = self::records(records, expected)?;
        polled.batches.push(Batch { partition, records });
        rest = more.trim();
    }
    Ok(polled)
}

fn transacted(text: &str, steps: &[Step]) -> Result<Reply, String> {
    let texts: Vec<&str> = if steps.is_empty() { Vec::new() } else { text.split(';').collect() };
    if texts.len() != steps.len() || (steps.is_empty() && !text.is_empty()) {
        return Err(format!(
            "expected {} results with `;` between them, such as `0; p1[0:m1]; -`",
            steps.len()
        ));
    }
    let results = steps.iter().zip(texts).map(|(step, text)| match (step, text.trim()) {
        (Step::Send { .. }, "-") => Ok(StepReply::Sent { offset: None }),
        (Step::Send { .. }, offset) => Ok(StepReply::Sent { offset: Some(number(offset)?) }),
        (Step::Poll, "-") => Ok(StepReply::Polled(Polled::default())),
        (Step::Poll, records) => Ok(StepReply::Polled(polled(records)?)),
    });
    Ok(Reply::Transacted { results: results.collect::<Result<_, String>>()? })
}

fn records(text: &str, expected: &str) -> Result<Vec<Record>, String> {
    let records = text.split_whitespace().map(|record| {
        let (offset, message) = record.split_once(':').ok_or(expected)?;
        let (message, content) = self::message(message)?;
        Ok(Record { offset: number(offset)?, message, content })
    });
    records.collect()
}
