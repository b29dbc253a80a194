//! How a transaction was torn, in words.

use super::Tear;
use crate::{
    breach::line,
    checker::Shared,
    history::{MessageId, Offset, Partition, Stamp},
    ledger::{Fate, Number, Send},
    verdict::{Evidence, Line},
};

/// Messages of a transaction that are named.
const NAMED_MAX: usize = 6;

/// Someone was shown a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sight {
    pub(super) client: u32,
    pub(super) at: Stamp,
    pub(super) partition: Partition,
    pub(super) offset: Offset,
}

/// Someone went past offsets up to `end` without being shown what stands there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pass {
    pub(super) client: u32,
    pub(super) called: Stamp,
    pub(super) at: Stamp,
    pub(super) end: Offset,
}

/// A committed transaction that read inputs and sent something.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) client: u32,
    pub(super) called: Stamp,
    pub(super) at: Stamp,
    /// The first message that it sent.
    pub(super) output: Number,
}

fn transaction(send: &Send, shared: &Shared) -> Vec<Line> {
    let ledger = &shared.ledger;
    let messages = ledger.messages_of(send);
    let named = messages.iter().take(NAMED_MAX);
    let named =
        named.map(|number| format!("m{} to p{}", ledger.id(*number), ledger.partition_of(*number)));
    let mut named = named.collect::<Vec<_>>().join(", ");
    if messages.len() > NAMED_MAX {
        named.push_str(&format!(" and {} more", messages.len() - NAMED_MAX));
    }
    let client = send.client;
    let mut lines = vec![line(send.called, format!("c{client} began a transaction: {named}"))];
    if let Some(returned) = send.returned {
        let fate = match send.fate {
            Fate::Acknowledged => "was told that it is committed",
            Fate::Refused => "was told that it did not happen",
            Fate::Unknown => "gave it up, not knowing what became of it",
        };
        lines.push(line(returned, format!("c{client} {fate}")));
    }
    lines
}

fn about(partition: Partition, offset: Offset, message: MessageId) -> Evidence {
    Evidence {
        partition: Some(partition),
        offset: Some(offset),
        message: Some(message),
        ..Evidence::default()
    }
}

pub(super) fn aborted(send: &Send, message: Number, sight: Sight, shared: &Shared) -> Evidence {
    let id = shared.ledger.id(message);
    let Sight { client, at, partition, offset } = sight;
    let mut lines = transaction(send, shared);
    lines.push(line(
        at,
        format!("c{client} read m{id} at offset {offset} of partition {partition}"),
    ));
    Evidence {
        summary: format!(
            "aborted_read: c{client} read m{id} at offset {offset} of partition {partition}, and the \
             transaction that sent it was aborted"
        ),
        lines,
        ..about(partition, offset, id)
    }
}

pub(super) fn torn(
    tear: Tear,
    send: &Send,
    (message, sibling): (Number, Option<(Number, Sight)>),
    pass: &Pass,
    shared: &Shared,
) -> Evidence {
    let ledger = &shared.ledger;
    let id = ledger.id(message);
    let partition = ledger.partition_of(message);
    let offset = ledger.offset_of(message).unwrap_or_default();
    let Pass { client, called, at, end } = *pass;
    let mut lines = transaction(send, shared);
    if let Some((other, sight)) = sibling {
        let Sight { client, at, partition, offset } = sight;
        let other = ledger.id(other);
        let text =
            format!("c{client} read m{other} of it, at offset {offset} of partition {partition}");
        lines.push(line(at, text));
    }
    lines.push(line(called, format!("c{client} asked to read on")));
    let text =
        format!("c{client} was shown offset {end} of partition {partition} and not m{id} below it");
    lines.push(line(at, text));
    let summary = match tear {
        Tear::LsoPassed => format!(
            "lso_passed: c{client} read on to offset {end} of partition {partition} past m{id} at \
             offset {offset}, whose transaction was under way and was committed"
        ),
        Tear::Fractured => format!(
            "fractured_read: c{client} read on to offset {end} of partition {partition} and was not \
             shown m{id} at offset {offset}, though its transaction was committed"
        ),
    };
    Evidence { summary, lines, ..about(partition, offset, id) }
}

pub(super) fn used_twice(
    group: u64,
    (partition, offset, message): (Partition, Offset, Number),
    first: Use,
    second: Use,
    shared: &Shared,
) -> Evidence {
    let id = shared.ledger.id(message);
    let mut lines = Vec::new();
    for Use { client, called, at, output } in [first, second] {
        let output = shared.ledger.id(output);
        lines.push(line(called, format!("c{client} began a transaction that sends m{output}")));
        lines.push(line(at, format!("c{client} was told that it read m{id} and is committed")));
    }
    Evidence {
        summary: format!(
            "double_processing: two committed transactions of g{group} read m{id} at offset {offset} \
             of partition {partition}: c{} answered it with m{}, c{} with m{}",
            first.client,
            shared.ledger.id(first.output),
            second.client,
            shared.ledger.id(second.output)
        ),
        lines,
        ..about(partition, offset, id)
    }
}
