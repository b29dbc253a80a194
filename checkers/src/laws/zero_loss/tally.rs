//! The arithmetic of zero_loss: every message is put into its columns, once, at the end.

use super::{Fate, Message, NOWHERE, Shelf, Sight, ZeroLoss};
use crate::{
    by_offset::seat,
    facts::EntryId,
    history::{Acks, Offset, Partition},
    run::{Counts, Drain},
    streams::{Lasts, Place},
    truth::DiskTruth,
};

/// The columns, and the first message of each that is a violation.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counts: Counts,
    /// Acknowledged at a durable level and read.
    pub(super) kept: u64,
    /// The first partition that was not drained and has unread messages, and how many.
    pub(super) undrained: Option<(Partition, u64)>,
    /// The first message that is gone from every log: its number, and the entry that it was in.
    pub(super) first_gone: Option<(u32, EntryId)>,
    /// Message numbers.
    pub(super) first_lost: Option<u32>,
    pub(super) first_refused: Option<u32>,
    pub(super) first_duplicate: Option<u32>,
    /// Messages of idempotent producers that stand at two offsets: the only forbidden duplicates.
    pub(super) forbidden_duplicates: u64,
    /// Message number, its offset, and the offset of the later place that it stands above.
    pub(super) first_reordered: Option<(u32, Offset, Offset)>,
}

/// Where a lost message lies against what was read.
enum Where {
    Head,
    Middle,
    Tail,
}

impl ZeroLoss {
    pub(super) fn tally(&self, truth: &DiskTruth) -> Tally {
        let mut tally = Tally::default();
        tally.counts.corrupted = self.is_content_measured.then_some(0);
        for (number, message) in (0..).zip(&self.messages) {
            self.count(&mut tally, number, message);
        }
        self.count_gone(&mut tally, truth);
        for shelf in &self.shelves {
            self.count_order(&mut tally, shelf);
            tally.counts.displaced += shelf.displaced + shelf.replaced();
        }
        tally.counts.drain = self.drain();
        tally
    }

    /// How many of the partitions that anything was sent to were drained.
    fn drain(&self) -> Drain {
        let mut sent = vec![false; self.shelves.len()];
        for message in self.messages.iter().filter(|message| message.fate != Fate::NeverAsked) {
            *seat(&mut sent, self.streams.get(message.stream).partition) = true;
        }
        let is_drained =
            |place: usize| self.shelves.get(place).is_some_and(|shelf| shelf.drained.is_some());
        let partitions = (0..sent.len()).filter(|place| sent[*place]);
        let all =
            partitions.map(|place| if is_drained(place) { Drain::Fully } else { Drain::None });
        // Where nothing was sent, nothing can be missing, but somebody must have looked.
        all.reduce(Drain::and).unwrap_or(match self.shelves.iter().any(|s| s.drained.is_some()) {
            true => Drain::Fully,
            false => Drain::None,
        })
    }

    fn count(&self, tally: &mut Tally, number: u32, message: &Message) {
        let counts = &mut tally.counts;
        let is_seen = message.sight != Sight::Unseen;
        let is_read = message.sight >= Sight::Drained;
        counts.read += u64::from(is_read);
        if let Some(corrupted) = &mut counts.corrupted {
            *corrupted += u64::from(message.is_corrupt);
        }
        match message.fate {
            Fate::NeverAsked => counts.phantom += 1,
            Fate::Refused => {
                counts.attempted += 1;
                if is_seen {
                    counts.phantom += 1;
                    tally.first_refused.get_or_insert(number);
                }
            }
            Fate::Unknown => {
                counts.attempted += 1;
                counts.unknown += 1;
                counts.recovered += u64::from(is_read);
            }
            Fate::Acknowledged => {
                counts.attempted += 1;
                counts.acknowledged += u64::from(message.acks != Acks::None);
                match (is_read, message.acks.is_durable()) {
                    (true, true) => tally.kept += 1,
                    (true, false) => {}
                    (false, is_durable) => self.count_missing(tally, number, message, is_durable),
                }
            }
        }
        if message.sight == Sight::DrainedTwice {
            tally.counts.duplicated += 1;
            if self.streams.get(message.stream).producer.is_some() {
                tally.forbidden_duplicates += 1;
                tally.first_duplicate.get_or_insert(number);
            }
        }
    }

    fn count_missing(&self, tally: &mut Tally, number: u32, message: &Message, is_durable: bool) {
        let partition = self.streams.get(message.stream).partition;
        let shelf = self.shelves.get(partition as usize).filter(|shelf| shelf.drained.is_some());
        let Some(shelf) = shelf else {
            if is_durable {
                let (first, count) = tally.undrained.unwrap_or((partition, 0));
                tally.undrained = Some((first, count + u64::from(first == partition)));
            }
            return;
        };
        let counts = &mut tally.counts;
        if !is_durable {
            counts.allowed_lost += 1;
            return;
        }
        counts.lost += 1;
        tally.first_lost.get_or_insert(number);
        match shelf.side_of(message.offset) {
            Where::Head => counts.lost_head += 1,
            Where::Middle => counts.lost_middle += 1,
            Where::Tail => counts.lost_tail += 1,
        }
    }

    /// What no log holds, of messages that their clients were told to be safe.
    fn count_gone(&self, tally: &mut Tally, truth: &DiskTruth) {
        for (first, entry) in self.gone.broken(truth) {
            let Some(first) = self.ids.find(first) else { continue };
            for number in self.together(first) {
                if self.messages[number as usize].fate == Fate::Acknowledged {
                    tally.counts.lost += 1;
                    tally.counts.lost_gone += 1;
                    tally.first_gone.get_or_insert((number, entry));
                }
            }
        }
    }

    /// The messages of one call to one partition, of which this is the first: they have one entry.
    fn together(&self, first: u32) -> impl Iterator<Item = u32> + '_ {
        let Message { stream, sequence, .. } = self.messages[first as usize];
        let rest = (0..).zip(&self.messages[first as usize..]);
        let together = rest.take_while(move |(position, message)| {
            (message.stream, message.sequence, message.position) == (stream, sequence, *position)
        });
        together.map(move |(position, _)| first + position)
    }

    fn count_order(&self, tally: &mut Tally, shelf: &Shelf) {
        let mut lasts = Lasts::default();
        for (offset, number) in shelf.read.iter() {
            let Some(number) = number.checked_sub(1) else { continue };
            let message = &self.messages[number as usize];
            let Some((producer, epoch)) = self.streams.get(message.stream).producer else {
                continue;
            };
            let place: Place = (epoch, message.sequence, message.position);
            match lasts.advance(producer, place, offset) {
                // The same place once more is a duplicate, which has its own column.
                Err((before, before_offset)) if before > place => {
                    let is_repeat = message.sight == Sight::DrainedTwice;
                    if !is_repeat {
                        tally.counts.reordered += 1;
                        tally.first_reordered.get_or_insert((number, offset, before_offset));
                    }
                }
                Err(_) | Ok(_) => {}
            }
        }
    }
}

impl Shelf {
    /// Offsets that were promised to one message and read as another.
    fn replaced(&self) -> u64 {
        let differs = |(offset, promised): (Offset, u32)| {
            let read = self.read.get(offset);
            promised != 0 && read != 0 && read != promised
        };
        self.promised.iter().filter(|pair| differs(*pair)).count() as u64
    }

    fn side_of(&self, offset: Offset) -> Where {
        match self.span {
            Some((low, _)) if offset < low => Where::Head,
            Some((_, high)) if offset <= high && offset != NOWHERE => Where::Middle,
            Some(_) | None => Where::Tail,
        }
    }
}
