//! Sentences that the laws over the ledger share: what became of a message, who saw it.

use crate::{
    breach::line,
    history::{Offset, Partition, Stamp},
    ledger::{Fate, Ledger, Number},
    verdict::{Line, Verdict},
};

/// One client saw one message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sighting {
    pub(crate) at: Stamp,
    pub(crate) client: u32,
    pub(crate) partition: Partition,
    pub(crate) offset: Offset,
}

impl Sighting {
    /// The sighting in words.
    pub(crate) fn line(&self, ledger: &Ledger, message: Number) -> Line {
        let Sighting { at, client, partition, offset } = *self;
        let id = ledger.id(message);
        line(at, format!("c{client} read m{id} at offset {offset} of partition {partition}"))
    }
}

/// How a message was sent and what its client was told; nothing if nobody sent it.
pub(crate) fn sent(ledger: &Ledger, message: Number) -> Vec<Line> {
    let Some(send) = ledger.send_of(message) else { return Vec::new() };
    let (client, id, partition) = (send.client, ledger.id(message), ledger.partition_of(message));
    let asked = match send.is_transaction {
        true => format!("c{client} began a transaction that sends m{id} to partition {partition}"),
        false => format!("c{client} asked to append m{id} to partition {partition}"),
    };
    let answer = match (send.fate, send.is_transaction) {
        (Fate::Acknowledged, true) => format!("c{client}'s transaction with m{id} was committed"),
        (Fate::Acknowledged, false) => match ledger.offset_of(message) {
            Some(offset) if send.acks.is_durable() => {
                format!("c{client} was told that m{id} is appended; it stands at offset {offset}")
            }
            Some(_) | None => format!("c{client} was told that m{id} is appended"),
        },
        (Fate::Refused, true) => format!("c{client}'s transaction with m{id} was aborted"),
        (Fate::Refused, false) => format!("c{client} was told that m{id} is refused for certain"),
        (Fate::Unknown, _) => match ledger.offset_of(message) {
            Some(offset) => {
                format!("c{client} gave up on m{id}; somebody read it at offset {offset}")
            }
            None => format!("c{client} gave up on m{id}: no one can say"),
        },
    };
    let mut lines = vec![line(send.called, asked)];
    lines.extend(send.returned.map(|returned| line(returned, answer)));
    lines
}

/// No answer, where two calls sent one message: then no one can say what became of which.
pub(crate) fn malformed(ledger: &Ledger) -> Option<Verdict> {
    let message = ledger.ambiguous()?;
    Some(Verdict::Unknown(format!("malformed history: m{message} was asked for by two calls")))
}

/// `1 message`, `2 messages`.
pub(crate) fn count(number: u64, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}
