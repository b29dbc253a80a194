//! What zero_loss shows: the worst kind first, and of each kind its first message.

use super::{Message, NOWHERE, ZeroLoss, tally::Tally};
use crate::{
    breach::line,
    facts::EntryId,
    history::{Offset, Partition, Record},
    run::Counts,
    verdict::{Evidence, Line},
};

impl ZeroLoss {
    /// The evidence, if anything is forbidden.
    pub(super) fn evidence(&self, tally: &Tally) -> Option<Evidence> {
        let counts = &tally.counts;
        let corrupted = counts.corrupted.unwrap_or(0);
        let wrong = tally.forbidden_duplicates + counts.reordered;
        let count = counts.lost + counts.phantom + corrupted + wrong;
        let mut evidence = None
            .or_else(|| tally.first_lost.map(|number| self.lost(number, counts)))
            .or_else(|| tally.first_gone.map(|found| self.gone(found, counts)))
            .or_else(|| self.phantom(tally))
            .or_else(|| self.corrupted())
            .or_else(|| tally.first_duplicate.map(|number| self.duplicate(number)))
            .or_else(|| tally.first_reordered.map(|found| self.reordered(found)))?;
        evidence.count = count;
        evidence.lines.sort_by_key(|line| line.ordinal);
        Some(evidence)
    }

    fn lost(&self, number: u32, counts: &Counts) -> Evidence {
        let message = &self.messages[number as usize];
        let (id, stream) = (self.ids.id(number), self.streams.get(message.stream));
        let (client, partition, offset) = (stream.client, stream.partition, message.offset);
        let level = message.acks.name();
        let mut lines = vec![line(
            message.asked,
            format!(
                "c{client} asked to append m{id} to partition {partition} at `{level}`; it was \
                 acknowledged{}",
                at(offset)
            ),
        )];
        lines.extend(self.drained_line(partition, offset));
        let Counts { lost, lost_head, lost_middle, lost_tail, .. } = counts;
        Evidence {
            summary: format!(
                "lost {lost} of the messages acknowledged at `quorum` or above ({lost_head} head, \
                 {lost_middle} middle, {lost_tail} tail); the first is m{id}, acknowledged to \
                 c{client}{} of partition {partition}",
                at(offset)
            ),
            lines,
            partition: Some(partition),
            offset: (offset != NOWHERE).then_some(offset),
            message: Some(id),
            ..Evidence::default()
        }
    }

    fn gone(&self, (number, entry): (u32, EntryId), counts: &Counts) -> Evidence {
        let message = &self.messages[number as usize];
        let (id, stream) = (self.ids.id(number), self.streams.get(message.stream));
        let (client, partition, offset) = (stream.client, stream.partition, message.offset);
        let level = message.acks.name();
        let gone = format!(
            "no disk holds the entry of m{id} (index {}, term {}), and no process has it to flush",
            entry.index, entry.term
        );
        Evidence {
            summary: format!(
                "lost {} of the messages acknowledged at `quorum` or above, before any drain; the \
                 first is m{id}, acknowledged to c{client}{} of partition {partition}: {gone}",
                counts.lost,
                at(offset)
            ),
            lines: vec![
                line(
                    message.asked,
                    format!(
                        "c{client} asked to append m{id} to partition {partition} at `{level}`; it \
                         was acknowledged{}",
                        at(offset)
                    ),
                ),
                line(self.now, gone),
            ],
            partition: Some(partition),
            offset: (offset != NOWHERE).then_some(offset),
            message: Some(id),
            ..Evidence::default()
        }
    }

    /// What the drain found where the lost message ought to stand.
    fn drained_line(&self, partition: Partition, offset: Offset) -> Option<Line> {
        let shelf = self.shelves.get(partition as usize)?;
        let (drained, end) = shelf.drained?;
        let found = match shelf.read.get(offset).checked_sub(1) {
            Some(number) => format!("m{} stands", self.ids.id(number)),
            None => "nothing stands".to_owned(),
        };
        let text =
            format!("the drain read partition {partition} from 0 to {end}: {found}{}", at(offset));
        Some(line(drained, text))
    }

    fn phantom(&self, tally: &Tally) -> Option<Evidence> {
        let of = |partition, message, offset, text: String, at| Evidence {
            summary: format!("phantom: {text}"),
            lines: vec![line(at, text)],
            partition: Some(partition),
            offset,
            message: Some(message),
            ..Evidence::default()
        };
        if let Some((at, client, record)) = self.stranger {
            let number = self.ids.find(record.message)?;
            let partition = self.streams.get(self.messages[number as usize].stream).partition;
            let text = format!(
                "c{client} read m{} at offset {} of partition {partition}, and nobody had sent it",
                record.message, record.offset
            );
            return Some(of(partition, record.message, Some(record.offset), text, at));
        }
        let number = tally.first_refused?;
        let message = &self.messages[number as usize];
        let (id, stream) = (self.ids.id(number), self.streams.get(message.stream));
        let offset = self.first_offset(number);
        let text = format!(
            "m{id} was read{}, though its call by c{} was refused for certain",
            offset.map_or(String::new(), at),
            stream.client
        );
        Some(of(stream.partition, id, offset, text, message.asked))
    }

    fn corrupted(&self) -> Option<Evidence> {
        let (at, client, partition, record) = self.corrupt?;
        let Record { offset, message: id, content } = record;
        let (found, message) = (content?, &self.messages[self.ids.find(id)? as usize]);
        let sent = message.content?;
        let sender = self.streams.get(message.stream).client;
        // A scan: only evidence pays for it.
        let origin = (0..).zip(&self.messages).find(|(_, other)| other.content == Some(found));
        let whose = match origin {
            Some((number, _)) => format!("which is what m{} was sent with", self.ids.id(number)),
            None => "which nobody sent".to_owned(),
        };
        Some(Evidence {
            summary: format!(
                "corrupted: c{client} read m{id} at offset {offset} of partition {partition} with \
                 content {found}, {whose}; it was sent with content {sent}"
            ),
            lines: vec![
                line(message.asked, format!("c{sender} sent m{id} with content {sent}")),
                line(at, format!("c{client} read m{id}{} with content {found}", self::at(offset))),
            ],
            partition: Some(partition),
            offset: Some(offset),
            message: Some(id),
            ..Evidence::default()
        })
    }

    fn duplicate(&self, number: u32) -> Evidence {
        let message = &self.messages[number as usize];
        let (id, partition) = (self.ids.id(number), self.streams.get(message.stream).partition);
        let offsets: Vec<String> =
            self.offsets(number).take(3).map(|(_, offset)| offset.to_string()).collect();
        let text = format!("m{id} was read at offsets {}", offsets.join(" and "));
        Evidence {
            summary: format!("duplicated: {text}, and its producer is idempotent"),
            lines: vec![line(message.asked, asked(id, message, partition)), line(self.now, text)],
            partition: Some(partition),
            offset: self.first_offset(number),
            message: Some(id),
            ..Evidence::default()
        }
    }

    fn reordered(&self, (number, offset, before): (u32, Offset, Offset)) -> Evidence {
        let message = &self.messages[number as usize];
        let (id, partition) = (self.ids.id(number), self.streams.get(message.stream).partition);
        let text = format!(
            "m{id} was read at offset {offset} of partition {partition}, above offset {before}, \
             which holds a later message of its producer"
        );
        Evidence {
            summary: format!("reordered: {text}"),
            lines: vec![line(message.asked, asked(id, message, partition)), line(self.now, text)],
            partition: Some(partition),
            offset: Some(offset),
            message: Some(id),
            ..Evidence::default()
        }
    }

    /// Every place where the drain read this message. A scan: only evidence pays for it.
    fn offsets(&self, number: u32) -> impl Iterator<Item = (usize, Offset)> + '_ {
        self.shelves.iter().enumerate().flat_map(move |(partition, shelf)| {
            let here = shelf.read.iter().filter(move |(_, read)| *read == number + 1);
            here.map(move |(offset, _)| (partition, offset))
        })
    }

    fn first_offset(&self, number: u32) -> Option<Offset> {
        self.offsets(number).map(|(_, offset)| offset).next()
    }
}

fn asked(id: u64, message: &Message, partition: Partition) -> String {
    format!("m{id} was sent to partition {partition} as sequence {}", message.sequence)
}

fn at(offset: Offset) -> String {
    match offset {
        NOWHERE => " without an offset".to_owned(),
        _ => format!(" at offset {offset}"),
    }
}
