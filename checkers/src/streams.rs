//! Who produces where: one small number for each client, partition and producer epoch, so that a
//! message carries four bytes of it instead of its whole origin.

use crate::history::{Partition, Sequence};
use std::collections::BTreeMap;

/// One client that produces to one partition under one producer epoch, or without one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Stream {
    pub(crate) client: u32,
    pub(crate) partition: Partition,
    /// Producer id and epoch, where the producer is idempotent.
    pub(crate) producer: Option<(u64, u32)>,
}

/// Every stream, in the order of its first call.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    numbers: BTreeMap<Stream, u32>,
    all: Vec<Stream>,
}

impl Streams {
    /// The number of the stream that this call belongs to.
    pub(crate) fn number(
        &mut self,
        client: u32,
        partition: Partition,
        producer: Option<Sequence>,
    ) -> u32 {
        let producer = producer.map(|sequence| (sequence.producer, sequence.epoch));
        let stream = Stream { client, partition, producer };
        let next = self.all.len() as u32;
        let number = *self.numbers.entry(stream).or_insert(next);
        if number == next {
            self.all.push(stream);
        }
        number
    }

    /// The stream behind a number.
    pub(crate) fn get(&self, number: u32) -> Stream {
        self.all[number as usize]
    }
}

/// The place of one message in its producer's order: epoch, sequence of its call, place in the call.
pub(crate) type Place = (u32, u32, u32);

/// The last place of each producer, along the offsets of one partition.
#[derive(Debug, Default)]
pub(crate) struct Lasts(BTreeMap<u64, (Place, u64)>);

impl Lasts {
    /// Moves on to this place at this offset. Where the order does not rise, answers the higher or
    /// equal place that came before, and its offset.
    pub(crate) fn advance(
        &mut self,
        producer: u64,
        place: Place,
        offset: u64,
    ) -> Result<bool, (Place, u64)> {
        match self.0.get_mut(&producer) {
            Some(last) if last.0 >= place => Err(*last),
            Some(last) => {
                *last = (place, offset);
                Ok(true)
            }
            None => {
                self.0.insert(producer, (place, offset));
                Ok(false)
            }
        }
    }
}
